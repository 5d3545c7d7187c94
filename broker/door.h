/* The door: the one ROUTER socket of the broker, its encryption, and the porter who checks keys.
 *
 * The door knows neither messages nor sessions. It reads frames and says which key proved itself
 * on their connection; it sends frames and says which did not go. It never stops reading to push
 * back: refusing is the broker's work. One thread. */
#ifndef HOUVAST_DOOR_H
#define HOUVAST_DOOR_H

#include "broker/broker.h"
#include "broker/zap.h"

struct door;

/* Called by door_send for a message that did not go; `reason` as for broker_unsent. */
typedef void (*door_unsent_fn)(void *context, const struct outbound *message, int reason);

/* Makes the door, closed: the porter stands, nothing is bound. `secret_key` is the broker's CURVE
 * key and is copied; `knows` as for zap_new. 0 or a negative errno with the sentence. */
int door_new(const uint8_t secret_key[NETWORK_KEY_SIZE], zap_knows_fn knows, void *context,
             struct door **ret_door, struct failure *ret_failure);

/* Opens it at one more address (endpoint.h). 0 or a negative errno with the sentence. */
int door_listen(struct door *door, const char *name, struct failure *ret_failure);

/* Where it is open, apart by blanks, with the port that the kernel chose where it was left to it.
 * Borrowed from the door. */
const char *door_endpoints(const struct door *door);

/* The descriptors to wait on. They are edge-like (sending can use an edge up): look at door_waiting
 * before every wait. */
#define DOOR_FDS 2
void door_fds(const struct door *door, int ret_fds[DOOR_FDS]);
bool door_waiting(const struct door *door);

/* Lets new connections in or turns them away, then takes what is waiting: at most DOOR_BATCH_MAX
 * messages and little more than DOOR_BATCH_BYTES, the rest stays for the next turn. Messages whose
 * connection has no proven key are dropped. The batch is the door's until door_release. 0 or a
 * negative errno after which the door is of no use. Does not block. */
#define DOOR_BATCH_MAX   256
#define DOOR_BATCH_BYTES (8 * 1024 * 1024)
int door_take(struct door *door, const struct inbound **ret_batch, size_t *ret_count);
void door_release(struct door *door);

/* Sends every message, or calls `unsent` for it: its peer is gone or does not read. A message is
 * never waited for. The bytes of those sent are taken out of the outbox. 0; -ENOMEM, or what libzmq
 * says when the door is of no use: the rest was not sent. */
int door_send(struct door *door, struct outbox *outbox, door_unsent_fn unsent, void *context);

/* Closes it; what was sent has `linger_ms` to leave, for which this blocks if need be. Socket files
 * are removed. NULL is fine. */
void door_free(struct door *door, int linger_ms);

#endif
