/* The input of a fuzzer as a row of choices: bytes first to last, and zeroes behind the end. */
#ifndef HOUVAST_TESTS_FEED_H
#define HOUVAST_TESTS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed {
    const uint8_t *bytes;
    size_t size, at;
};

bool feed_is_empty(const struct feed *feed);
uint8_t feed_byte(struct feed *feed);
/* From 0 to most - 1; at most 256 choices. */
size_t feed_below(struct feed *feed, size_t most);
/* At most `size` bytes where they lie; gives how many. */
size_t feed_take(struct feed *feed, size_t size, const uint8_t **ret_bytes);

/* Ends the program, loudly, with what does not hold: a fuzzer takes that for a crash. */
_Noreturn void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What libFuzzer, and replay.c where there is none, calls with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
