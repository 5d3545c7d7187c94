/* One envelope, and how the wire room judges it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_told.h"

void tell_bytes(struct told *told, enum wire_from from, const void *bytes, size_t size) {
    memset(told, 0, sizeof *told);
    assert_true(msgpack_zone_init(&told->zone, 1024));
    told->result =
        wire_decode(bytes, size, from, NULL, &told->zone, &told->message, NULL, &told->error);
}

void tell(struct told *told, enum wire_from from, const char *json) {
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    sample_json(json, &buffer);
    tell_bytes(told, from, buffer.data, buffer.size);
    msgpack_sbuffer_destroy(&buffer);
}

void told_end(struct told *told) {
    msgpack_zone_destroy(&told->zone);
}

void taken(const char *json) {
    struct told told;
    tell(&told, WIRE_FROM_PEER, json);
    if (told.result != 0)
        print_error("%s\nrefused: field `%s`, %s\n", json, told.error.field, told.error.reason);
    assert_int_equal(told.result, 0);
    told_end(&told);
}

void refused_with(enum wire_from from, const char *json, enum hv_refusal code, const char *field,
                  const char *request) {
    struct told told;
    tell(&told, from, json);
    if (told.result == 0)
        print_error("taken: %s\n", json);
    assert_int_equal(told.result, -EBADMSG);
    if (told.error.code != code || strcmp(told.error.field, field) != 0)
        print_error("%s\nsaid: %s\n", json, told.error.reason);
    assert_string_equal(told.error.field, field);
    assert_int_equal(told.error.code, code);
    assert_string_equal(told.error.request, request);
    assert_true(strlen(told.error.reason) > 0);
    assert_int_equal(told.message.type, HV_MESSAGE_none);
    told_end(&told);
}

void malformed(const char *json, const char *field) {
    refused_with(WIRE_FROM_PEER, json, HV_REFUSED_MALFORMED, field, "q");
}

void judge_key(const char *command, const char *key, const char *value, const char *wrong_field) {
    char json[2048];
    snprintf(json, sizeof json, "{%s,'%s':%s}", command, key, value);
    if (wrong_field == NULL)
        taken(json);
    else
        malformed(json, wrong_field);
}
