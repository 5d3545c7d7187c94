/* What an item shows of its event: no more than its reader is a party to. Pure. */
#ifndef HOUVAST_DELIVERY_HIDE_H
#define HOUVAST_DELIVERY_HIDE_H

#include "houvast/messages.h"

/* Takes out of an event what the item that carries it does not show. */
void delivery_hide(struct hv_event *event);

#endif
