/* Ladders: which one counts. */
#include "broker/ladder.h"

#include <string.h>

static bool kind_fits(enum ladder_kind wanted, enum hv_kind kind) {
    switch (wanted) {
    case LADDER_ANY_KIND:
        return true;
    case LADDER_WARM:
        return kind == HV_KIND_WARM;
    case LADDER_COLD:
        return kind == HV_KIND_COLD || kind == HV_KIND_CALLBACK || kind == HV_KIND_SIGNAL;
    }
    return false;
}

static bool end_fits(const char *wanted, const char *organisation) {
    return *wanted == '\0' || strcmp(wanted, organisation) == 0;
}

static bool ladder_fits(const struct ladder *ladder, enum hv_phase phase,
                        const struct ladder_key *key) {
    return ladder->phase == phase && (ladder->urgency == 0 || ladder->urgency == key->urgency) &&
           kind_fits(ladder->kind, key->kind) && end_fits(ladder->from, key->from) &&
           end_fits(ladder->to, key->to);
}

/* One bit for each thing that it is particular about, the weightier the higher. */
static unsigned weight(const struct ladder *ladder) {
    return (ladder->path ? 16U : 0) | (*ladder->to ? 8U : 0) | (*ladder->from ? 4U : 0) |
           (ladder->kind != LADDER_ANY_KIND ? 2U : 0) | (ladder->urgency != 0 ? 1U : 0);
}

static const struct ladder *best_of(const struct ladders *ladders, enum hv_phase phase,
                                    const struct ladder_key *key) {
    const struct ladder *best = NULL;

    for (size_t i = 0; i < ladders->count; i++) {
        const struct ladder *ladder = &ladders->items[i];
        if (ladder_fits(ladder, phase, key) && (!best || weight(ladder) >= weight(best)))
            best = ladder;
    }
    return best;
}

const struct ladder *ladder_find(const struct ladders *ladders, const struct ladder_key *key) {
    const struct ladder *found = best_of(ladders, key->phase, key);

    return !found && key->phase == HV_PHASE_ANSWER ? best_of(ladders, HV_PHASE_RECEIPT, key)
                                                   : found;
}

bool ladder_is_check_in(enum hv_phase phase) {
    return phase == HV_PHASE_HELD || phase == HV_PHASE_WAITING;
}
