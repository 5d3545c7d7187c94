/* A sentence for each result of the library. */
#include <errno.h>
#include <string.h>

#include "houvast/houvast.h"

/* R(result, "sentence"): ours, and the errno values that mean something of their own here. */
#define RESULTS(R)                                                                               \
    R(0, "done")                                                                                 \
    R(HV_REFUSED, "the broker refused; its answer says why")                                     \
    R(HV_BAD_MESSAGE, "the command is not valid and was not sent; the answer names the field")   \
    R(HV_BAD_KEY, "not a key, or not a key that opens this")                                     \
    R(-ETIMEDOUT, "no answer came in time: nobody knows whether it took effect; ask again with " \
                  "the same content")                                                            \
    R(-EPROTO, "the answer is not one that this version of libhouvast understands")              \
    R(-EAGAIN, "nothing is waiting")                                                             \
    R(-EINTR, "a signal came first")                                                             \
    R(-ENOTCONN, "the broker has refused this key or role; connect anew when that is mended")    \
    R(-ESTALE, "the item is from another ledger than the broker has now; take it anew")          \
    R(-ECONNRESET, "the session was lost, and the watch with it; watch again")                   \
    R(-ENOBUFS, "more was seen than was taken, and the watch has ended; watch again")            \
    R(-EFBIG, "the dossier is over 1 MiB when sealed")                                           \
    R(-EINVAL, "an argument is out of its range")                                                \
    R(-ENOMEM, "out of memory")

const char *hv_result_text(int result) {
#define RESULT_CASE(number, text) \
    case number:                  \
        return text;
    switch (result) {
        RESULTS(RESULT_CASE)
    default:
        break;
    }
#undef RESULT_CASE
    const char *text = result < 0 ? strerrordesc_np(-result) : NULL;
    return text ? text : "an unknown result";
}
