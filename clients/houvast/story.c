/* The story of a journey, event by event. */
#include "clients/houvast/story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/describe.h"
#include "clients/houvast/terms.h"
#include "houvast/houvast.h"

/* What a sentence is written with. */
struct telling {
    struct story *story;
    FILE *out;
    const struct hv_event *event;
};

void story_fini(struct story *story) {
    free(story->steps);
    free(story->handovers);
    *story = (struct story){0};
}

/* ---- What was told before ---- */

/* The handover's number among those of the journey, from 1; 0 where memory is short. */
static size_t handover_number(struct story *story, const struct hv_uuid *handover) {
    for (size_t i = 0; i < story->handover_count; i++)
        if (memcmp(&story->handovers[i], handover, sizeof *handover) == 0)
            return i + 1;
    void *more =
        reallocarray(story->handovers, story->handover_count + 1, sizeof *story->handovers);
    if (!more)
        return 0;
    story->handovers = more;
    story->handovers[story->handover_count++] = *handover;
    return story->handover_count;
}

static void step_note(struct story *story, const struct hv_event *event) {
    if (!event->has_seq || !event->has_step || story->alone)
        return;
    if (story->step_count == story->step_capacity) {
        size_t capacity = 2 * story->step_capacity + 16;
        void *more = reallocarray(story->steps, capacity, sizeof *story->steps);
        if (!more)
            return;
        story->steps = more;
        story->step_capacity = capacity;
    }
    struct story_step *step = &story->steps[story->step_count++];
    *step = (struct story_step){.seq = event->seq, .step = event->step};
    step->addressee_count = event->has_addressees ? event->addressees.count : 0;
    for (size_t i = 0; i < step->addressee_count && i < STORY_ADDRESSEES_MAX; i++)
        step->addressees[i] = event->addressees.items[i];
}

/* They come in the order of seq. */
static const struct story_step *step_of(const struct story *story, int64_t seq) {
    for (size_t i = story->step_count; i > 0; i--)
        if (story->steps[i - 1].seq == seq)
            return &story->steps[i - 1];
    return NULL;
}

/* ---- Parts of sentences ---- */

static const char *by(const struct hv_event *event) {
    return event->has_organisation ? event->organisation : "the broker";
}

/* `eva of werkse`, or the organisation alone. */
static void put_who(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    if (event->has_acted_for) {
        fprintf(telling->out, "%s's coordinators, acting for %s,", by(event), event->acted_for);
    } else if (event->has_begeleider) {
        fprintf(telling->out, "%s of %s", event->begeleider, by(event));
    } else {
        fputs(by(event), telling->out);
    }
}

static void put_moment(const struct telling *telling, const char *before, hv_time at_ms) {
    char text[TERMS_SIZE];
    terms_moment(at_ms, text);
    fprintf(telling->out, "%s%s", before, text);
}

static void put_reason(const struct telling *telling) {
    if (telling->event->has_reason)
        fprintf(telling->out, " (%s)", telling->event->reason);
}

static void put_instead(const struct telling *telling) {
    if (telling->event->has_instead_of)
        fprintf(telling->out, ", instead of %s", telling->event->instead_of);
}

/* ---- Journeys ---- */

static void tell_opened(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fprintf(telling->out,
            "%s: ", event->has_reopens && event->reopens ? "Taken up again" : "First contact");
    put_who(telling);
    fputs(" holds the resident", telling->out);
    if (event->has_urgency)
        fprintf(telling->out, " (%s)", hv_urgency_text(event->urgency));
    putc('.', telling->out);
}

static void tell_reassigned(const struct telling *telling) {
    put_who(telling);
    fputs(" holds the resident now", telling->out);
    put_instead(telling);
    put_reason(telling);
    putc('.', telling->out);
}

static void put_talk(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    if (event->has_talked)
        fprintf(telling->out, ", talked through with the resident by %s", event->talked.begeleider);
    else if (event->has_no_talk)
        fprintf(telling->out, ", not talked through (%s)", event->no_talk);
}

static void tell_closing(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    put_who(telling);
    fprintf(telling->out, " wants to close it: %s",
            event->has_outcome ? hv_outcome_text(event->outcome) : "ended");
    put_talk(telling);
    fputs(". A second person has to agree.", telling->out);
}

static void tell_settled(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fprintf(telling->out, "%s of %s %s to the closing", event->has_person ? event->person : "one",
            by(event), event->has_agree && event->agree ? "agreed" : "did not agree");
    put_reason(telling);
    fputs(event->has_agree && event->agree ? "." : "; the holder goes on.", telling->out);
}

static void tell_closed(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fprintf(telling->out, "Closed: %s",
            event->has_outcome ? hv_outcome_text(event->outcome) : "ended");
    put_talk(telling);
    putc('.', telling->out);
}

static void tell_urgency(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fprintf(telling->out, "It is %s now, says %s",
            event->has_urgency ? hv_urgency_text(event->urgency) : "of another urgency", by(event));
    put_reason(telling);
    putc('.', telling->out);
}

/* ---- Handovers ---- */

static void tell_offered(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    size_t number = event->has_handover && !telling->story->alone
                        ? handover_number(telling->story, &event->handover)
                        : 0;
    if (event->has_acted_for) {
        put_who(telling);
        fputs(" offered it", telling->out);
    } else {
        fprintf(telling->out, "%s offered it", event->has_from ? event->from : by(event));
    }
    fprintf(telling->out, " to %s: %s, %s", event->has_to ? event->to : "another",
            event->has_kind ? hv_kind_text(event->kind) : "cold",
            event->has_urgency ? hv_urgency_text(event->urgency) : "routine");
    if (number)
        fprintf(telling->out, ". Handover %zu", number);
    putc('.', telling->out);
}

static void tell_received(const struct telling *telling) {
    put_who(telling);
    fputs(" has it in hand", telling->out);
    put_instead(telling);
    putc('.', telling->out);
}

static void tell_picked_up(const struct telling *telling) {
    put_who(telling);
    fputs(" takes it on", telling->out);
    put_instead(telling);
    if (telling->event->has_planned)
        put_moment(telling, "; first contact planned for ", telling->event->planned);
    putc('.', telling->out);
}

static void tell_introduced(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fprintf(telling->out,
            "Introduced, %s:", event->has_how ? hv_introduction_text(event->how) : "in some way");
    for (size_t i = 0; event->has_present && i < event->present.count; i++)
        fprintf(telling->out, "%s %s of %s", i ? "," : "", event->present.items[i].person,
                event->present.items[i].organisation);
    fprintf(telling->out, ", %s the resident.",
            event->has_with_resident && event->with_resident ? "with" : "without");
}

static void tell_confirmed(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fputs("Arrived: ", telling->out);
    put_who(telling);
    fputs(" holds the resident from here on", telling->out);
    if (event->has_contact) {
        fprintf(telling->out, " (%s", hv_contact_how_text(event->contact.how));
        put_moment(telling, ", ", event->contact.on);
        putc(')', telling->out);
    }
    if (event->has_as)
        fprintf(telling->out, ". It was warm, and confirmed without an introduction");
    if (event->has_as)
        put_reason(telling);
    putc('.', telling->out);
}

static void tell_declined(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    put_who(telling);
    fputs(" declined", telling->out);
    put_reason(telling);
    if (event->has_decided && event->decided != HV_DECIDED_RECEIVER)
        fprintf(telling->out, ", decided by the %s", hv_decided_text(event->decided));
    if (event->has_suggest)
        fprintf(telling->out, ", and suggests %s", event->suggest);
    fputs("; the holder keeps the resident.", telling->out);
}

static void tell_withdrawn(const struct telling *telling) {
    put_who(telling);
    fputs(" took the offer back", telling->out);
    put_reason(telling);
    putc('.', telling->out);
}

static void tell_waiting(const struct telling *telling) {
    put_who(telling);
    fputs(" put it on the waiting list", telling->out);
    if (telling->event->has_expected)
        put_moment(telling, " until ", telling->event->expected);
    put_reason(telling);
    fputs("; the holder keeps in touch.", telling->out);
}

static void tell_contested(const struct telling *telling) {
    fprintf(telling->out, "%s says: the resident is not there", by(telling->event));
    put_reason(telling);
    putc('.', telling->out);
}

/* ---- People ---- */

static void tell_code(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    FILE *out = telling->out;
    if (event->has_acted_for) {
        put_who(telling);
        fputs(" notes: ", out);
    }
    switch (event->code) {
    case HV_NOTE_IN_TOUCH:
        fprintf(out, "%s was in touch with the resident", by(event));
        break;
    case HV_NOTE_NOT_REACHED:
        fprintf(out, "%s tried and did not reach the resident", by(event));
        break;
    case HV_NOTE_WORKING_ON_IT:
        fprintf(out, "%s is working on it", by(event));
        break;
    case HV_NOTE_NO_SHOW:
        fprintf(out, "the %s did not come, says %s",
                event->has_by ? hv_missed_by_text(event->by) : "other", by(event));
        break;
    case HV_NOTE_MISSING:
        fprintf(out, "%s misses something and waits for it", by(event));
        break;
    case HV_NOTE_QUESTION:
        fprintf(out, "%s has a question", by(event));
        break;
    case HV_NOTE_ANSWER:
        fprintf(out, "%s answered", by(event));
        break;
    case HV_NOTE_INFORMED:
        fprintf(out, "%s told the resident how it stands", by(event));
        break;
    case HV_NOTE_TIP:
        fprintf(out, "%s told the resident to go to %s unaided", by(event),
                event->has_to ? event->to : "another");
        break;
    }
    if (event->has_next)
        fprintf(out, "; next check-in in %" PRId64 " days", event->next);
    putc('.', out);
}

static void tell_claimed(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    bool gives_back = event->has_until && event->has_at && event->until <= event->at;
    fprintf(telling->out, "%s of %s %s", event->has_person ? event->person : "somebody", by(event),
            gives_back ? "gave it back" : "is on it");
    if (event->has_until && !gives_back)
        put_moment(telling, " until ", event->until);
    putc('.', telling->out);
}

static void tell_absent(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    put_who(telling);
    fputs(" is away", telling->out);
    if (event->has_until)
        put_moment(telling, " until ", event->until);
    if (event->has_deputy)
        fprintf(telling->out, "; %s stands in", event->deputy);
    else
        fputs(", and nobody stands in", telling->out);
    if (event->has_count)
        fprintf(telling->out, "; holds %" PRId64 " residents", event->count);
    putc('.', telling->out);
}

/* ---- Ladders ---- */

static void put_addressees(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    for (size_t i = 0; i < event->addressees.count; i++) {
        char inbox[HV_CODE_SIZE + 32];
        terms_inbox(event->addressees.items[i].organisation, event->addressees.items[i].role, inbox,
                    sizeof inbox);
        fprintf(telling->out, "%s%s", i ? " and " : "", inbox);
    }
}

static void tell_step(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    const char *awaits = event->has_awaits ? event->awaits : "who must act";
    char undone[HV_CODE_SIZE + 64];
    step_note(telling->story, event);
    terms_undone(event->has_phase ? event->phase : 0, awaits, undone, sizeof undone);
    if (event->event == HV_EVENT_CHECK_IN_DUE)
        fprintf(telling->out, "Check-in: %s is to say whether it is in touch. ", awaits);
    else
        fprintf(telling->out, "Step %" PRId64 ": %s. ", event->has_step ? event->step : 0, undone);
    if (event->has_addressees && event->addressees.count) {
        fputs("Said to ", telling->out);
        put_addressees(telling);
        putc('.', telling->out);
    } else if (event->has_reached && !event->reached) {
        fputs("There is nobody to say it to.", telling->out);
    } else {
        fputs("Not said again: a coordinator is on it.", telling->out);
    }
}

static void tell_told(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    const struct story_step *step = event->has_of ? step_of(telling->story, event->of) : NULL;
    char inbox[HV_CODE_SIZE + 32];
    terms_inbox(by(event), event->has_inbox ? event->inbox : HV_ROLE_ENDPOINT, inbox, sizeof inbox);
    if (step && step->step)
        fprintf(telling->out, "Told: %s took note of step %" PRId64 ".", inbox, step->step);
    else
        fprintf(telling->out, "Told: %s took note of it.", inbox);
}

/* ---- Housekeeping ---- */

/* Of what no journey has, and of what is housekeeping: as it comes. */
static void tell_plainly(const struct telling *telling) {
    static const char *const leave_out[] = {"event", "journey", "handover", "seq",
                                            "at",    "runs",    NULL};
    const char *name = hv_event_name_text(telling->event->event);
    fprintf(telling->out, "%s: ", name ? name : "?");
    describe_event(telling->out, telling->event, leave_out);
    putc('.', telling->out);
}

static void tell_role(const struct telling *telling, enum hv_role role, const char *did) {
    char inbox[HV_CODE_SIZE + 32];
    terms_inbox(by(telling->event), role, inbox, sizeof inbox);
    fprintf(telling->out, "%s %s.", inbox, did);
}

static void tell_delivered(const struct telling *telling) {
    tell_role(telling, HV_ROLE_ENDPOINT, "has it in its system");
}

static void tell_supplemented(const struct telling *telling) {
    tell_role(telling, HV_ROLE_ENDPOINT, "sent a further dossier");
}

static void tell_fetched(const struct telling *telling) {
    tell_role(telling, HV_ROLE_ENDPOINT, "asked for the dossiers again");
}

static void tell_acknowledged(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    tell_role(telling, event->has_inbox ? event->inbox : HV_ROLE_ENDPOINT, "acknowledged an item");
}

static void tell_read(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    tell_role(telling, event->has_role ? event->role : HV_ROLE_ENDPOINT, "looked");
}

/* A fact that a later broker knows has no sentence here. */
static void tell_noted(const struct telling *telling) {
    if (telling->event->has_code)
        tell_code(telling);
    else
        tell_plainly(telling);
}

/* ---- The broker's own ---- */

static void tell_dossier(const struct telling *telling) {
    fputs("Pseudonym and dossier went over to the receiver.", telling->out);
}

static void tell_deleted(const struct telling *telling) {
    fputs("The broker deleted the dossiers.", telling->out);
}

static void tell_quiet(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fprintf(telling->out, "The system of %s has no connection.",
            event->has_about ? event->about : "an organisation");
}

static void tell_repaired(const struct telling *telling) {
    fputs("The broker found it without a timer and mended that: a defect.", telling->out);
}

static void tell_network(const struct telling *telling) {
    fputs("Other network files are in force.", telling->out);
}

static void tell_clock(const struct telling *telling) {
    const struct hv_event *event = telling->event;
    fputs(event->has_doubted && event->doubted ? "The broker doubts the machine's clock."
                                               : "The broker trusts the machine's clock again.",
          telling->out);
}

/* ---- Which sentence ---- */

typedef void teller(const struct telling *telling);

/* By event; one that is not here, or that a later broker sends, is told plainly. */
static teller *const tellers[] = {
    [HV_EVENT_OPENED] = tell_opened,       [HV_EVENT_REASSIGNED] = tell_reassigned,
    [HV_EVENT_CLOSING] = tell_closing,     [HV_EVENT_SETTLED] = tell_settled,
    [HV_EVENT_CLOSED] = tell_closed,       [HV_EVENT_OFFERED] = tell_offered,
    [HV_EVENT_DELIVERED] = tell_delivered, [HV_EVENT_RECEIVED] = tell_received,
    [HV_EVENT_PICKED_UP] = tell_picked_up, [HV_EVENT_INTRODUCED] = tell_introduced,
    [HV_EVENT_CONFIRMED] = tell_confirmed, [HV_EVENT_DECLINED] = tell_declined,
    [HV_EVENT_WITHDRAWN] = tell_withdrawn, [HV_EVENT_SUPPLEMENTED] = tell_supplemented,
    [HV_EVENT_DOSSIER] = tell_dossier,     [HV_EVENT_FETCHED] = tell_fetched,
    [HV_EVENT_DELETED] = tell_deleted,     [HV_EVENT_ACKNOWLEDGED] = tell_acknowledged,
    [HV_EVENT_READ] = tell_read,           [HV_EVENT_NETWORK] = tell_network,
    [HV_EVENT_REMINDED] = tell_step,       [HV_EVENT_ESCALATED] = tell_step,
    [HV_EVENT_CHECK_IN_DUE] = tell_step,   [HV_EVENT_TOLD] = tell_told,
    [HV_EVENT_WAITING] = tell_waiting,     [HV_EVENT_NOTED] = tell_noted,
    [HV_EVENT_URGENCY] = tell_urgency,     [HV_EVENT_CONTESTED] = tell_contested,
    [HV_EVENT_CLAIMED] = tell_claimed,     [HV_EVENT_ABSENT] = tell_absent,
    [HV_EVENT_QUIET] = tell_quiet,         [HV_EVENT_CLOCK] = tell_clock,
    [HV_EVENT_REPAIRED] = tell_repaired,
};

void story_tell(struct story *story, FILE *out, const struct hv_event *event) {
    const struct telling telling = {story, out, event};
    size_t number = event->event;
    teller *tell = number < sizeof tellers / sizeof *tellers ? tellers[number] : NULL;
    (tell ? tell : tell_plainly)(&telling);
}

/* Whether the step was for that inbox; where that is not known, it was. */
static bool is_meant(const struct story_step *step, const struct hv_event *told) {
    enum hv_role role = told->has_inbox ? told->inbox : HV_ROLE_ENDPOINT;
    if (!step || !step->addressee_count || step->addressee_count > STORY_ADDRESSEES_MAX)
        return true;
    for (size_t i = 0; i < step->addressee_count; i++)
        if (step->addressees[i].role == role &&
            strcmp(step->addressees[i].organisation, by(told)) == 0)
            return true;
    return false;
}

bool story_is_housekeeping(const struct story *story, const struct hv_event *event) {
    if (event->event == HV_EVENT_TOLD && event->has_of)
        return !is_meant(step_of(story, event->of), event);
    return event->event == HV_EVENT_ACKNOWLEDGED || event->event == HV_EVENT_READ;
}
