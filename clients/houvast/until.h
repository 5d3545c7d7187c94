/* Until when a coordinator is on something, as it is typed. */
#ifndef HOUVAST_UNTIL_H
#define HOUVAST_UNTIL_H

#include "houvast/messages.h"

#define UNTIL_FORMS_TEXT "30m, 2h, 1d, or a time of day as 16:30"

/* Reads `30m`, `2h`, `1d`, or `16:30` in local time, the next one after now; "" is an hour. 0, or
 * -EINVAL for any other form and for no time at all. Pure but for the local time zone. */
int until_parse(const char *text, hv_time now_ms, hv_time *ret_until_ms);

#endif
