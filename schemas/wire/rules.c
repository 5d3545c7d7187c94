/* The rules of the contract that hold between fields of one message. */
#include <errno.h>
#include <stddef.h>

#include "wire/room.h"

struct broken {
    const char *field, *reason;
};

/* Who acts for another organisation says why, and nobody else does. */
static struct broken for_check(bool has_for, bool has_reason) {
    if (has_for && !has_reason)
        return (struct broken){"reason", "`reason` is missing; it is required beside `for`"};
    if (has_reason && !has_for)
        return (struct broken){"for", "`for` is missing; `reason` goes with `for` alone"};
    return (struct broken){0};
}

static struct broken close_check(const struct hv_close *close) {
    bool needs_neither =
        close->outcome == HV_OUTCOME_DECEASED || close->outcome == HV_OUTCOME_ENTERED_IN_ERROR;
    if (close->has_talked && close->has_no_talk)
        return (struct broken){"talked", "`talked` and `no_talk` are both there; expected one"};
    if (!close->has_talked && !close->has_no_talk && !needs_neither)
        return (struct broken){"talked",
                               "neither `talked` nor `no_talk` is there; this outcome needs one"};
    return for_check(close->has_for_, close->has_reason);
}

static struct broken confirm_check(const struct hv_confirm *confirm) {
    if (confirm->has_as && !confirm->has_reason)
        return (struct broken){"reason", "`reason` is missing; it is required beside `as`"};
    if (confirm->has_reason && !confirm->has_as)
        return (struct broken){"as", "`as` is missing; `reason` goes with `as` alone"};
    return (struct broken){0};
}

static struct broken one_thing_check(bool has_handover, bool has_journey) {
    if (has_handover && has_journey)
        return (struct broken){"journey", "`handover` and `journey` are both there; expected one"};
    if (!has_handover && !has_journey)
        return (struct broken){"handover",
                               "neither `handover` nor `journey` is there; expected one"};
    return (struct broken){0};
}

/* What it says about a handover means nothing without one. */
static bool needs_handover(enum hv_note_code code) {
    switch (code) {
    case HV_NOTE_WORKING_ON_IT:
    case HV_NOTE_NO_SHOW:
    case HV_NOTE_MISSING:
    case HV_NOTE_QUESTION:
    case HV_NOTE_ANSWER:
        return true;
    case HV_NOTE_IN_TOUCH:
    case HV_NOTE_NOT_REACHED:
    case HV_NOTE_INFORMED:
    case HV_NOTE_TIP:
        break;
    }
    return false;
}

static struct broken note_check(const struct hv_note *note) {
    const bool no_show = note->code == HV_NOTE_NO_SHOW, tip = note->code == HV_NOTE_TIP;
    const bool answers_check_in =
        note->code == HV_NOTE_IN_TOUCH || note->code == HV_NOTE_NOT_REACHED;
    if (needs_handover(note->code) && !note->has_handover)
        return (struct broken){"handover", "`handover` is missing; this code is about one"};
    if (no_show && !note->has_by)
        return (struct broken){"by", "`by` is missing; it is required with no-show"};
    if (note->has_by && !no_show)
        return (struct broken){"by", "`by` goes with no-show alone"};
    if (tip && !note->has_to)
        return (struct broken){"to", "`to` is missing; it is required with tip"};
    if (note->has_to && !tip)
        return (struct broken){"to", "`to` goes with tip alone"};
    if (tip && !note->has_next)
        return (struct broken){"next", "`next` is missing; it is required with tip"};
    if (note->has_next && !tip && !answers_check_in)
        return (struct broken){"next", "`next` goes with in-touch, not-reached and tip alone"};
    return for_check(note->has_for_, note->has_reason);
}

static struct broken verify_check(const struct hv_verify *verify) {
    if (verify->has_head && !verify->has_at_seq)
        return (struct broken){"at_seq", "`at_seq` is missing; `head` is the hash at an event"};
    if (verify->has_at_seq && !verify->has_head)
        return (struct broken){"head", "`head` is missing; `at_seq` goes with it"};
    return (struct broken){0};
}

int wire_rules_check(const struct hv_message *message, const char **ret_field,
                     const char **ret_reason) {
    struct broken broken = {0};
    if (message->type == HV_MESSAGE_close)
        broken = close_check(&message->close);
    else if (message->type == HV_MESSAGE_confirm)
        broken = confirm_check(&message->confirm);
    else if (message->type == HV_MESSAGE_offer)
        broken = for_check(message->offer.has_for_, message->offer.has_reason);
    else if (message->type == HV_MESSAGE_note)
        broken = note_check(&message->note);
    else if (message->type == HV_MESSAGE_claim)
        broken = one_thing_check(message->claim.has_handover, message->claim.has_journey);
    else if (message->type == HV_MESSAGE_status)
        broken = one_thing_check(message->status.has_handover, message->status.has_journey);
    else if (message->type == HV_MESSAGE_verify)
        broken = verify_check(&message->verify);
    if (broken.field == NULL)
        return 0;
    *ret_field = broken.field;
    *ret_reason = broken.reason;
    return -EBADMSG;
}
