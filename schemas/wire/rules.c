/* The rules of the contract that hold between fields of one message. */
#include <errno.h>
#include <stddef.h>

#include "wire/room.h"

struct broken {
    const char *field, *reason;
};

static struct broken close_check(const struct hv_close *close) {
    bool needs_neither =
        close->outcome == HV_OUTCOME_DECEASED || close->outcome == HV_OUTCOME_ENTERED_IN_ERROR;
    if (close->has_talked && close->has_no_talk)
        return (struct broken){"talked", "`talked` and `no_talk` are both there; expected one"};
    if (!close->has_talked && !close->has_no_talk && !needs_neither)
        return (struct broken){"talked",
                               "neither `talked` nor `no_talk` is there; this outcome needs one"};
    return (struct broken){0};
}

static struct broken confirm_check(const struct hv_confirm *confirm) {
    if (confirm->has_as && !confirm->has_reason)
        return (struct broken){"reason", "`reason` is missing; it is required beside `as`"};
    if (confirm->has_reason && !confirm->has_as)
        return (struct broken){"as", "`as` is missing; `reason` goes with `as` alone"};
    return (struct broken){0};
}

static struct broken status_check(const struct hv_status *status) {
    if (status->has_handover && status->has_journey)
        return (struct broken){"journey", "`handover` and `journey` are both there; expected one"};
    if (!status->has_handover && !status->has_journey)
        return (struct broken){"handover",
                               "neither `handover` nor `journey` is there; expected one"};
    return (struct broken){0};
}

static struct broken verify_check(const struct hv_verify *verify) {
    if (verify->has_head && !verify->has_at_seq)
        return (struct broken){"at_seq", "`at_seq` is missing; `head` is the hash at an event"};
    if (verify->has_at_seq && !verify->has_head)
        return (struct broken){"head", "`head` is missing; `at_seq` goes with it"};
    return (struct broken){0};
}

int wire_rules_check(const struct hv_message *message, const char **ret_field,
                     const char **ret_reason) {
    struct broken broken = {0};
    if (message->type == HV_MESSAGE_close)
        broken = close_check(&message->close);
    else if (message->type == HV_MESSAGE_confirm)
        broken = confirm_check(&message->confirm);
    else if (message->type == HV_MESSAGE_status)
        broken = status_check(&message->status);
    else if (message->type == HV_MESSAGE_verify)
        broken = verify_check(&message->verify);
    if (broken.field == NULL)
        return 0;
    *ret_field = broken.field;
    *ret_reason = broken.reason;
    return -EBADMSG;
}
