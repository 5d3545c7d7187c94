/* The roster: what is open, most overdue first. */
#include "clients/houvast/roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/terms.h"

#define DIGITS_MAX (2 * sizeof(struct hv_uuid))

/* ---- What is open ---- */

void roster_fini(struct roster *roster) {
    struct roster_entry *entry, *next;
    struct roster_want *want, *next_want;
    HASH_ITER(hh, roster->entries, entry, next) {
        HASH_DEL(roster->entries, entry);
        free(entry);
    }
    HASH_ITER(hh, roster->wants, want, next_want) {
        HASH_DEL(roster->wants, want);
        free(want);
    }
    free(roster->view);
    *roster = (struct roster){0};
}

struct roster_entry *roster_find(const struct roster *roster, const struct hv_uuid *journey) {
    struct roster_entry *entry;
    HASH_FIND(hh, roster->entries, journey, sizeof *journey, entry);
    return entry;
}

void roster_remove(struct roster *roster, const struct hv_uuid *journey) {
    struct roster_entry *entry = roster_find(roster, journey);
    if (roster->entries && entry) {
        HASH_DEL(roster->entries, entry);
        free(entry);
        roster->view_count = 0;
    }
}

int roster_set(struct roster *roster, const struct hv_standing *standing) {
    if (strcmp(standing->state, "closed") == 0) {
        roster_remove(roster, &standing->journey);
        return 0;
    }
    struct roster_entry *entry = roster_find(roster, &standing->journey);
    if (!entry) {
        entry = calloc(1, sizeof *entry);
        if (!entry)
            return -ENOMEM;
        entry->journey = standing->journey;
        HASH_ADD(hh, roster->entries, journey, sizeof entry->journey, entry);
    }
    size_t told_count = standing->has_told ? standing->told.count : 0;
    if (told_count > ROSTER_TOLD_MAX)
        told_count = ROSTER_TOLD_MAX; /* newest first */
    if (told_count > 0)
        memcpy(entry->told, standing->told.items, told_count * sizeof *entry->told);
    entry->standing = *standing;
    entry->standing.has_told = told_count > 0;
    entry->standing.told.count = told_count;
    entry->standing.told.items = entry->told;
    entry->seen = true;
    return 0;
}

void roster_begin(struct roster *roster) {
    for (struct roster_entry *entry = roster->entries; entry; entry = entry->hh.next)
        entry->seen = false;
}

void roster_complete(struct roster *roster) {
    struct roster_entry *entry, *next;
    HASH_ITER(hh, roster->entries, entry, next) {
        if (!entry->seen)
            roster_remove(roster, &entry->journey);
    }
}

void roster_standing(const struct hv_done *done, struct hv_standing *ret_standing) {
    struct hv_standing *standing = ret_standing;
    *standing = (struct hv_standing){
        .journey = done->journey,
        .has_handover = done->has_handover,
        .handover = done->handover,
        .holder = done->holder,
        .has_receiver = done->has_receiver,
        .receiver = done->receiver,
        .has_kind = done->has_kind,
        .kind = done->kind,
        .urgency = done->urgency,
        .since = done->since,
        .has_phase = done->has_phase,
        .phase = done->phase,
        .has_step = done->has_step,
        .step = done->step,
        .has_due = done->has_due,
        .due = done->due,
        .has_late = done->has_late,
        .late = done->late,
        .has_claimed = done->has_claimed,
        .claimed = done->claimed,
        .has_stuck = done->has_stuck,
        .stuck = done->stuck,
        .has_told = done->has_told,
        .told = {.count = done->told.count, .items = done->told.items},
    };
    memcpy(standing->state, done->state, sizeof standing->state);
}

int roster_want(struct roster *roster, const struct hv_uuid *journey) {
    struct roster_want *want;
    HASH_FIND(hh, roster->wants, journey, sizeof *journey, want);
    if (want)
        return 0;
    want = calloc(1, sizeof *want);
    if (!want)
        return -ENOMEM;
    want->journey = *journey;
    HASH_ADD(hh, roster->wants, journey, sizeof want->journey, want);
    return 0;
}

bool roster_wanted(struct roster *roster, struct hv_uuid *ret_journey) {
    struct roster_want *want = roster->wants;
    if (!want)
        return false;
    *ret_journey = want->journey;
    HASH_DEL(roster->wants, want);
    free(want);
    return true;
}

int roster_want_unclaimed(struct roster *roster, hv_time now_ms) {
    for (struct roster_entry *entry = roster->entries; entry; entry = entry->hh.next) {
        if (!entry->standing.has_claimed || entry->standing.claimed.until > now_ms)
            continue;
        entry->standing.has_claimed = false;
        if (roster_want(roster, &entry->journey) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* ---- Lateness ---- */

hv_time roster_late_since(const struct hv_standing *standing, hv_time now_ms) {
    if (standing->has_late)
        return standing->late;
    return standing->has_due && standing->due <= now_ms ? standing->due : 0;
}

enum roster_sign roster_sign(const struct hv_standing *standing, hv_time now_ms) {
    if (roster_late_since(standing, now_ms))
        return ROSTER_LATE;
    return standing->has_due && standing->due - now_ms <= ROSTER_SOON_MS ? ROSTER_SOON
                                                                         : ROSTER_IN_TIME;
}

const char *roster_sign_text(enum roster_sign sign) {
    switch (sign) {
    case ROSTER_LATE:
        return "!!";
    case ROSTER_SOON:
        return "! ";
    case ROSTER_IN_TIME:
        break;
    }
    return "  ";
}

void roster_late_text(const struct hv_standing *standing, hv_time now_ms,
                      char ret_text[ROSTER_LATE_SIZE]) {
    hv_time late_ms = roster_late_since(standing, now_ms);
    char span[TERMS_SIZE];
    ret_text[0] = '\0';
    if (late_ms) {
        terms_span(now_ms > late_ms ? now_ms - late_ms : 0, span);
        snprintf(ret_text, ROSTER_LATE_SIZE, "%s late", span);
    } else if (standing->has_due) {
        terms_span(standing->due - now_ms, span);
        snprintf(ret_text, ROSTER_LATE_SIZE, "in %s", span);
    }
}

const struct hv_standing_claim *roster_claim(const struct hv_standing *standing, hv_time now_ms) {
    return standing->has_claimed && standing->claimed.until > now_ms ? &standing->claimed : NULL;
}

/* ---- Looking ---- */

struct roster_counts roster_count(const struct roster *roster, hv_time now_ms) {
    struct roster_counts counts = {0};
    for (struct roster_entry *entry = roster->entries; entry; entry = entry->hh.next) {
        enum roster_sign sign = roster_sign(&entry->standing, now_ms);
        counts.open++;
        counts.late += sign == ROSTER_LATE;
        counts.soon += sign == ROSTER_SOON;
        counts.claimed += roster_claim(&entry->standing, now_ms) != NULL;
    }
    return counts;
}

static bool found_in(const char *text, const char *search) {
    return text && strcasestr(text, search);
}

static bool matches_search(const struct hv_standing *standing, const char *search) {
    char journey[HV_UUID_TEXT_SIZE];
    hv_uuid_text(&standing->journey, journey);
    return found_in(journey, search) || found_in(standing->holder.organisation, search) ||
           found_in(standing->holder.begeleider, search) ||
           found_in(hv_urgency_text(standing->urgency), search) ||
           (standing->has_kind && found_in(hv_kind_text(standing->kind), search)) ||
           (standing->has_phase && (found_in(hv_phase_text(standing->phase), search) ||
                                    found_in(terms_waits(standing->phase), search))) ||
           (standing->has_receiver && (found_in(standing->receiver.organisation, search) ||
                                       (standing->receiver.has_begeleider &&
                                        found_in(standing->receiver.begeleider, search)))) ||
           (standing->has_claimed && found_in(standing->claimed.person, search));
}

static bool concerns(const struct hv_standing *standing, const char *organisation) {
    return strcmp(standing->holder.organisation, organisation) == 0 ||
           (standing->has_receiver && strcmp(standing->receiver.organisation, organisation) == 0);
}

static bool passes(const struct hv_standing *standing, const struct roster_filter *filter) {
    return (!*filter->organisation || concerns(standing, filter->organisation)) &&
           (!filter->phase || (standing->has_phase && standing->phase == filter->phase)) &&
           (!*filter->search || matches_search(standing, filter->search));
}

static int compare_times(hv_time one, hv_time other) {
    return (one > other) - (one < other);
}

static int compare(const void *one_pointer, const void *other_pointer, void *context) {
    const struct hv_standing *one = &(*(struct roster_entry *const *)one_pointer)->standing;
    const struct hv_standing *other = &(*(struct roster_entry *const *)other_pointer)->standing;
    const hv_time now_ms = *(const hv_time *)context;
    const hv_time one_late_ms = roster_late_since(one, now_ms);
    const hv_time other_late_ms = roster_late_since(other, now_ms);
    int order = (one_late_ms == 0) - (other_late_ms == 0);
    if (order == 0 && one_late_ms)
        order = (one->urgency != HV_URGENCY_CRISIS) - (other->urgency != HV_URGENCY_CRISIS);
    if (order == 0)
        order = compare_times(one_late_ms, other_late_ms);
    if (order == 0)
        order = (!one->has_due) - (!other->has_due);
    if (order == 0 && one->has_due)
        order = compare_times(one->due, other->due);
    return order ? order : memcmp(&one->journey, &other->journey, sizeof one->journey);
}

int roster_look(struct roster *roster, const struct roster_filter *filter, hv_time now_ms) {
    size_t count = HASH_COUNT(roster->entries);
    roster->view_count = 0;
    if (count > roster->view_capacity) {
        void *view = reallocarray(roster->view, 2 * count, sizeof(void *));
        if (!view)
            return -ENOMEM;
        roster->view = view;
        roster->view_capacity = 2 * count;
    }
    for (struct roster_entry *entry = roster->entries; entry; entry = entry->hh.next)
        if (passes(&entry->standing, filter))
            roster->view[roster->view_count++] = entry;
    if (roster->view_count > 1)
        qsort_r(roster->view, roster->view_count, sizeof(void *), compare, &now_ms);
    return 0;
}

/* Takes `name` where it lies behind `after` and before what was found so far. */
static void take_next(const char *name, const char *after, char found[HV_CODE_SIZE]) {
    if (strcmp(name, after) > 0 && (!*found || strcmp(name, found) < 0))
        memcpy(found, name, strlen(name) + 1);
}

void roster_next_organisation(const struct roster *roster, const char *after,
                              char ret_organisation[HV_CODE_SIZE]) {
    char found[HV_CODE_SIZE] = "";
    for (struct roster_entry *entry = roster->entries; entry; entry = entry->hh.next) {
        take_next(entry->standing.holder.organisation, after, found);
        if (entry->standing.has_receiver)
            take_next(entry->standing.receiver.organisation, after, found);
    }
    memcpy(ret_organisation, found, sizeof found);
}

enum hv_phase roster_next_phase(const struct roster *roster, enum hv_phase after) {
    enum hv_phase found = 0;
    for (struct roster_entry *entry = roster->entries; entry; entry = entry->hh.next) {
        const struct hv_standing *standing = &entry->standing;
        if (standing->has_phase && standing->phase > after && (!found || standing->phase < found))
            found = standing->phase;
    }
    return found;
}

/* ---- Short ids ---- */

/* Digit number `n` from the end. */
static unsigned digit(const struct hv_uuid *id, size_t n) {
    unsigned byte = id->bytes[sizeof id->bytes - 1 - n / 2];
    return n % 2 ? byte >> 4 : byte & 15;
}

static int compare_from_end(const void *one, const void *other) {
    for (size_t n = 0; n < DIGITS_MAX; n++) {
        unsigned a = digit(one, n), b = digit(other, n);
        if (a != b)
            return a < b ? -1 : 1;
    }
    return 0;
}

static size_t digits_alike(const struct hv_uuid *one, const struct hv_uuid *other) {
    size_t n = 0;
    while (n < DIGITS_MAX && digit(one, n) == digit(other, n))
        n++;
    return n;
}

size_t roster_short_digits(const struct roster *roster) {
    size_t count = HASH_COUNT(roster->entries), most = ROSTER_SHORT_LEAST, at = 0;
    struct hv_uuid *ids = calloc(count ? count : 1, sizeof *ids);
    if (!ids)
        return DIGITS_MAX;
    for (struct roster_entry *entry = roster->entries; entry; entry = entry->hh.next)
        ids[at++] = entry->journey;
    qsort(ids, count, sizeof *ids, compare_from_end);
    for (size_t i = 1; i < count; i++) {
        size_t needed = digits_alike(&ids[i - 1], &ids[i]) + 1;
        most = needed > most ? needed : most;
    }
    free(ids);
    return most < DIGITS_MAX ? most : DIGITS_MAX;
}

void roster_short_text(const struct hv_uuid *journey, size_t digits,
                       char ret_text[HV_UUID_TEXT_SIZE]) {
    for (size_t n = 0; n < digits; n++)
        ret_text[digits - 1 - n] = "0123456789abcdef"[digit(journey, n)];
    ret_text[digits] = '\0';
}

bool roster_ends_with(const struct hv_uuid *journey, const char *text) {
    size_t n = 0;
    for (size_t i = strlen(text); i > 0; i--) {
        if (text[i - 1] == '-')
            continue;
        if (n == DIGITS_MAX || text[i - 1] != "0123456789abcdef"[digit(journey, n)])
            return false;
        n++;
    }
    return n > 0;
}
