/* The ledger of a broker that stands still, verified as the broker itself verifies it. */
#include "ledger_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_world.h"

struct ledger_walk_result verify_ledger(struct ledger *ledger, size_t budget) {
    static const struct ledger_walk_known known = {0};
    struct ledger_walk *walk = ledger_walk_new(&known);
    enum ledger_walk_state state = LEDGER_WALK_GOES_ON;

    assert_non_null(walk);
    while (state == LEDGER_WALK_GOES_ON) {
        ledger_begin(ledger);
        state = ledger_walk_step(ledger, walk, budget);
        assert_int_equal(ledger_commit(ledger), 0);
    }
    const struct ledger_walk_result result = *ledger_walk_result(walk);
    ledger_walk_free(walk);
    if (state != LEDGER_WALK_WHOLE)
        fail_msg("the ledger differs: %s", result.finding);
    return result;
}

void verify_folder(const char *folder) {
    struct fake_world fake;
    struct failure failure;
    struct ledger *ledger = NULL;

    fake_world_init(&fake, 1);
    if (ledger_open(folder, &fake.world, &ledger, &failure) < 0)
        fail_msg("%s", failure.text);
    (void)verify_ledger(ledger, 7);
    (void)verify_ledger(ledger, 1000);
    ledger_close(ledger);
}
