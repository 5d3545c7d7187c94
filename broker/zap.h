/* The door's porter: answers libzmq's question, for every new connection, whether to let it in.
 *
 * ZAP is ZeroMQ's authentication protocol (RFC 27). The porter lets in whoever proves by CURVE that
 * it has a key of the network in force, and writes that key on the connection as its User-Id. What
 * the key may do is judged for every message anew (broker.h), so a key that a reload removes loses
 * its say at once although its connection stays. */
#ifndef HOUVAST_ZAP_H
#define HOUVAST_ZAP_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/failure.h"

#define ZAP_DOMAIN   "houvast"
#define ZAP_KEY_SIZE 32

/* Whether a key is one of the network in force. */
typedef bool (*zap_knows_fn)(void *context, const uint8_t key[ZAP_KEY_SIZE]);

struct zap;

/* Binds the porter in `zmq_context`: before any endpoint, since libzmq lets everybody in while
 * there is none. `context` is handed to `knows`, from zap_answer alone. 0 or a negative errno with
 * the sentence. */
int zap_new(void *zmq_context, zap_knows_fn knows, void *context, struct zap **ret_zap,
            struct failure *ret_failure);
void zap_free(struct zap *zap);

/* The descriptor to wait on. It is edge-like: look at zap_waiting before every wait. */
int zap_fd(const struct zap *zap);
bool zap_waiting(const struct zap *zap);

/* Answers some of those who wait, so that a crowd at the door does not keep the turns waiting; look
 * at zap_waiting again. 0, or a negative errno after which nobody can come in any more. Does not
 * block. */
int zap_answer(struct zap *zap);

#endif
