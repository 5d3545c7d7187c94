/* The words of the wire by number, and back. */
#include <string.h>

#include "houvast/houvast.h"
#include "wire/wire.h"

#define WORDS_DEFINE(vocabulary)                                                           \
    const char *hv_##vocabulary##_text(enum hv_##vocabulary number) {                      \
        return wire_word_text(&wire_vocabulary_##vocabulary, (int)number);                 \
    }                                                                                      \
    enum hv_##vocabulary hv_##vocabulary##_parse(const char *text) {                       \
        return (enum hv_##vocabulary)wire_word_number(&wire_vocabulary_##vocabulary, text, \
                                                      strlen(text));                       \
    }
HV_VOCABULARIES(WORDS_DEFINE)
