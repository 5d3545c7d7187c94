/* The input of a fuzzer as a row of choices. */
#include "feed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool feed_is_empty(const struct feed *feed) {
    return feed->at == feed->size;
}

uint8_t feed_byte(struct feed *feed) {
    return feed_is_empty(feed) ? 0 : feed->bytes[feed->at++];
}

size_t feed_below(struct feed *feed, size_t most) {
    return feed_byte(feed) % most;
}

size_t feed_take(struct feed *feed, size_t size, const uint8_t **ret_bytes) {
    const size_t left = feed->size - feed->at;
    const size_t taken = size < left ? size : left;

    *ret_bytes = feed->bytes + feed->at;
    feed->at += taken;
    return taken;
}

void fuzz_fail(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    abort();
}
