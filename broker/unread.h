/* Unread: long messages that a connection was sent and has not shown to have read.
 *
 * libzmq counts the messages that wait for a peer, not their bytes, and says nothing of what a peer
 * has read. So behind a long message goes a `ping` with a request that nobody can guess: its `pong`
 * shows that all before it was read. Too much of it, and no more long answers are given. */
#ifndef HOUVAST_UNREAD_H
#define HOUVAST_UNREAD_H

#include "broker/request.h"

/* True when it asks for a long answer and was refused as `busy`. */
bool unread_refuse(struct request *request);

/* How much the connection has not shown to have read: what stands against a session that begins on
 * it, whoever had one there before. */
size_t unread_bytes(const struct broker *broker, const struct route *route);

/* A pong: of whatever ping. */
void unread_pong(struct request *request);

/* The turn has committed: counts what leaves, and asks where something has not been asked for. */
void unread_commit(struct turn *turn);

/* This could not be sent: broker_unsent. */
void unread_unsent(struct broker *broker, const struct route *route, int reason);

/* Forgets every connection's. */
void unread_free(struct broker *broker);

#endif
