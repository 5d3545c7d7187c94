/* libsodium, ready for use from any thread, without state of ours. */
#ifndef HOUVAST_SODIUM_READY_H
#define HOUVAST_SODIUM_READY_H

/* Makes libsodium ready; cheap after the first time. Ends the process where the machine gives no
 * randomness: every key and id made after that could be guessed. */
void sodium_ready(void);

#endif
