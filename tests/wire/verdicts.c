/* Says of frame after frame whether the decoder takes it: what the tests of tests/wire ask.
 *
 *   stdin    a byte that says from whom (p: a peer, b: the broker), four bytes with the size, most
 *            significant first, and the frame; again and again
 *   stdout   a line each: `taken`, or the code of the refusal and the field, - for none */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/wire.h"

#define FRAME_BYTES_MAX ((size_t)16 << 20)

static bool frame_read(int *ret_whose, uint8_t **ret_bytes, size_t *ret_size) {
    uint8_t head[4];
    size_t size = 0;

    *ret_whose = getchar();
    if (*ret_whose == EOF || fread(head, 1, sizeof head, stdin) != sizeof head)
        return false;
    for (size_t i = 0; i < sizeof head; i++)
        size = size << 8 | head[i];
    if (size > FRAME_BYTES_MAX)
        return false;
    uint8_t *bytes = malloc(size + (size == 0)); /* exact: reading past it is found out */
    if (bytes == NULL || fread(bytes, 1, size, stdin) != size) {
        free(bytes);
        return false;
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return true;
}

static void verdict_print(int whose, const uint8_t *bytes, size_t size) {
    struct hv_message message;
    struct wire_error error;
    msgpack_zone zone;

    if (!msgpack_zone_init(&zone, 8192))
        abort();
    int r = wire_decode(bytes, size, whose == 'b' ? WIRE_FROM_BROKER : WIRE_FROM_PEER, NULL, &zone,
                        &message, NULL, &error);
    msgpack_zone_destroy(&zone);
    if (r == -EBADMSG)
        printf("%s %s\n", wire_word_text(&wire_vocabulary_refusal, (int)error.code),
               error.field[0] != '\0' ? error.field : "-");
    else if (r == 0)
        puts("taken");
    else
        abort();
    fflush(stdout);
}

int main(void) {
    uint8_t *bytes;
    size_t size;
    int whose;

    while (frame_read(&whose, &bytes, &size)) {
        verdict_print(whose, bytes, size);
        free(bytes);
    }
    return EXIT_SUCCESS;
}
