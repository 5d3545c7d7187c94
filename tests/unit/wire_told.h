/* One envelope, and how the wire room judges it. Fails the test where it judges otherwise. */
#ifndef HOUVAST_TESTS_WIRE_TOLD_H
#define HOUVAST_TESTS_WIRE_TOLD_H

#include "tests/unit/wire_samples.h"

#define ID_A     "01890a5d-ac96-774b-bcce-b302099a8057"
#define ID_B     "01890a5d-ac96-774b-bcce-b302099a8058"
#define RESIDENT "r1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_"

#define OFFER_OF(kind)                                                                     \
    "'type':'offer','request':'q','journey':'" ID_A "','handover':'" ID_B "','to':'delft'" \
    ",'kind':'" kind "','urgency':'crisis','begeleider':'anna'"
#define OFFER OFFER_OF("warm")
#define OPEN                                                                     \
    "'type':'open','request':'q','journey':'" ID_A "','resident':'" RESIDENT "'" \
    ",'begeleider':'anna','basis':'consent','urgency':'routine'"

/* One envelope and what became of it. */
struct told {
    int result;
    struct hv_message message;
    struct wire_error error;
    msgpack_zone zone;
};

/* Decodes; end with told_end. The JSON is as sample_json takes it. */
void tell_bytes(struct told *told, enum wire_from from, const void *bytes, size_t size);
void tell(struct told *told, enum wire_from from, const char *json);
void told_end(struct told *told);

/* What a peer says and the broker takes. */
void taken(const char *json);

/* What is refused: the code, the field named, and the request echoed. */
void refused_with(enum wire_from from, const char *json, enum hv_refusal code, const char *field,
                  const char *request);

/* What a peer says under the request "q" and the broker calls malformed. */
void malformed(const char *json, const char *field);

/* The peer says a command with one more key; NULL where the key is to be taken. */
void judge_key(const char *command, const char *key, const char *value, const char *wrong_field);

#endif
