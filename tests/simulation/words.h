/* Messages as words, for scripts: `pickup handover=h3 begeleider=anna planned=+1D`.
 *
 * A field is its key and value; one of a map is `contact.on`. Ids are j1, h1; residents r1; times
 * stand against now, +12H or -60000 (ms), or alone, @0; attendees are kcc:anna,werkse:bram.
 * `request` is made up where it is required, and where it is not, `request=yes` asks for one. */
#ifndef HOUVAST_TESTS_SIMULATION_WORDS_H
#define HOUVAST_TESTS_SIMULATION_WORDS_H

#include "wire/wire.h"

#define WORDS_SIZE 640

/* A message that a peer says, as words. */
void words_of_message(const struct hv_message *message, hv_time now_ms, char ret_words[WORDS_SIZE]);
/* And back; lists live in `zone`. False where the words make no sense. */
bool words_to_message(const char *words, hv_time now_ms, const char *request, msgpack_zone *zone,
                      struct hv_message *ret_message);

/* So many ms, as the largest unit that gives a whole number: 2D, 36H, 15M, 10S, or 1500. */
#define WORDS_MS_SIZE 24
void words_of_ms(int64_t ms, char ret_text[WORDS_MS_SIZE]);
int64_t words_to_ms(const char *text);

/* The ids that scripts name: kind 'j' or 'h'. And back: 0 for any other id. */
struct hv_uuid words_id(char kind, unsigned number);
unsigned words_number(const struct hv_uuid *id);
/* The pseudonym of that number. */
void words_resident(unsigned number, char ret_resident[HV_RESIDENT_SIZE]);

#endif
