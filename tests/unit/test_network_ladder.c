/* The ladders of a network: the defaults, what its files lay over them, and what they refuse. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/network_ladder.h"
#include "network_samples.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NO_KIND      (enum hv_kind)0

#define LADDERS "ladders/own.conf"

/* ---- A ladder as one line of text ---- */

#define TEXT_SIZE 512

static void append(char text[TEXT_SIZE], const char *part) {
    assert_true(strlen(text) + strlen(part) < TEXT_SIZE);
    strcat(text, part);
}

static void append_duration(char text[TEXT_SIZE], struct calendar_duration duration,
                            bool has_no_later, int64_t no_later_ms) {
    char part[CALENDAR_DURATION_SIZE];

    calendar_duration_text(duration, part);
    append(text, part);
    if (!has_no_later)
        return;
    calendar_duration_text((struct calendar_duration){no_later_ms, CALENDAR_WALL_MS}, part);
    append(text, "<=");
    append(text, part);
}

static void append_addressee(char text[TEXT_SIZE], const struct ladder_addressee *addressee) {
    static const char *const names[] = {
        [LADDER_RESPONSIBLE] = " responsible", [LADDER_COORDINATOR] = " coordinator",
        [LADDER_NETWORK] = " network",         [LADDER_HOLDER] = " holder",
        [LADDER_OPERATORS] = " operators",     [LADDER_NAMED] = " @",
    };

    append(text, names[addressee->target]);
    if (addressee->target == LADDER_NAMED) {
        append(text, addressee->organisation);
        append(text, addressee->role == HV_ROLE_COORDINATOR ? "!" : "");
    }
}

/* "15M responsible, 1H network, every 30M"; "nothing" for NULL. */
static void ladder_text(const struct ladder *ladder, char ret_text[TEXT_SIZE]) {
    ret_text[0] = '\0';
    if (!ladder) {
        append(ret_text, "nothing");
        return;
    }
    for (size_t i = 0; i < ladder->step_count; i++) {
        const struct ladder_step *step = &ladder->steps[i];
        append_duration(ret_text, step->after, step->has_no_later, step->no_later_ms);
        for (size_t j = 0; j < step->addressee_count; j++)
            append_addressee(ret_text, &step->addressees[j]);
        append(ret_text, ", ");
    }
    append(ret_text, "every ");
    append_duration(ret_text, ladder->every, ladder->every_has_no_later, ladder->every_no_later_ms);
}

static void assert_ladder(const struct ladders *ladders, enum hv_phase phase,
                          enum hv_urgency urgency, enum hv_kind kind, const char *to,
                          const char *expected) {
    const struct ladder_key key = {phase, urgency, kind, "kcc", to};
    char got[TEXT_SIZE];

    ladder_text(ladder_find(ladders, &key), got);
    if (strcmp(got, expected) != 0)
        fail_msg("phase %d, urgency %d, kind %d: expected `%s`, got `%s`", (int)phase, (int)urgency,
                 (int)kind, expected, got);
}

/* ---- The defaults, cell by cell ---- */

/* One row of the table of phases; the cells are crisis, urgent, routine. */
struct row {
    enum hv_phase phase;
    enum hv_kind kind;
    const char *cells[3];
};

static const struct row table[] = {
    {HV_PHASE_UNROUTED,
     NO_KIND,
     {"1H holder, 2H coordinator, 4H network, every 4H",
      "1d holder, 2d coordinator, 4d network, every 2d",
      "5d holder, 10d coordinator, 15d network, every 5d"}},
    {HV_PHASE_DELIVERY,
     HV_KIND_WARM,
     {"2m holder operators, 15m coordinator, 30m network, every 30m",
      "15m holder operators, 4H coordinator, 1d network, every 1d",
      "1H holder operators, 1d coordinator, 2d network, every 2d"}},
    {HV_PHASE_DELIVERY,
     HV_KIND_COLD,
     {"2m holder operators, 15m coordinator, 30m network, every 30m",
      "15m holder operators, 4H coordinator, 1d network, every 1d",
      "1H holder operators, 1d coordinator, 2d network, every 2d"}},
    {HV_PHASE_RECEIPT,
     HV_KIND_WARM,
     {"15m responsible, 30m coordinator, 1H network, every 30m",
      "4h responsible, 1d coordinator, 2d network, every 1d",
      "2d responsible, 4d coordinator, 6d network, every 2d"}},
    {HV_PHASE_RECEIPT,
     HV_KIND_COLD,
     {"8m responsible, 15m coordinator, 30m network, every 15m",
      "2h responsible, 4h coordinator, 1d network, every 1d",
      "1d responsible, 2d coordinator, 3d network, every 1d"}},
    {HV_PHASE_PICKUP,
     HV_KIND_WARM,
     {"30m responsible, 1H coordinator, 2H network, every 1H",
      "1d responsible, 2d coordinator, 3d network, every 1d",
      "3d responsible, 5d coordinator, 8d network, every 3d"}},
    {HV_PHASE_PICKUP,
     HV_KIND_COLD,
     {"15m responsible, 30m coordinator, 1H network, every 30m",
      "4h responsible, 1d coordinator, 2d network, every 1d",
      "2d responsible, 3d coordinator, 4d network, every 2d"}},
    {HV_PHASE_ARRIVAL,
     HV_KIND_WARM,
     {"4H responsible, 8H coordinator, 1D network, every 8H",
      "2d responsible, 4d coordinator, 6d network, every 2d",
      "10d responsible, 15d coordinator, 20d network, every 5d"}},
    {HV_PHASE_ARRIVAL,
     HV_KIND_COLD,
     {"4H responsible, 8H coordinator, 1D network, every 8H",
      "2d responsible, 4d coordinator, 6d network, every 2d",
      "10d responsible, 15d coordinator, 20d network, every 5d"}},
    {HV_PHASE_WAITING, NO_KIND, {"nothing", "every 7D", "every 28D"}},
    {HV_PHASE_HELD, NO_KIND, {"every 1D", "every 28D", "every 91D"}},
    {HV_PHASE_CLOSING,
     NO_KIND,
     {"1H network, every 4H", "1d network, every 1d", "2d network, every 2d"}},
    {HV_PHASE_CONTESTED,
     HV_KIND_WARM,
     {"1H network, every 4H", "1d network, every 1d", "2d network, every 2d"}},
    {HV_PHASE_ANSWER,
     HV_KIND_WARM,
     {"15m responsible, 30m coordinator, 1H network, every 30m",
      "4h responsible, 1d coordinator, 2d network, every 1d",
      "2d responsible, 4d coordinator, 6d network, every 2d"}},
    {HV_PHASE_ANSWER,
     HV_KIND_COLD,
     {"8m responsible, 15m coordinator, 30m network, every 15m",
      "2h responsible, 4h coordinator, 1d network, every 1d",
      "1d responsible, 2d coordinator, 3d network, every 1d"}},
};

static void assert_row(const struct ladders *ladders, const struct row *row, enum hv_kind kind) {
    static const enum hv_urgency urgencies[] = {HV_URGENCY_CRISIS, HV_URGENCY_URGENT,
                                                HV_URGENCY_ROUTINE};

    for (size_t i = 0; i < COUNT(urgencies); i++)
        assert_ladder(ladders, row->phase, urgencies[i], kind, "", row->cells[i]);
}

static void test_defaults(void **state) {
    struct ladders ladders;

    (void)state;
    assert_int_equal(network_ladders_defaults(&ladders), 0);
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_row(&ladders, &table[i], table[i].kind);
        if (table[i].kind != HV_KIND_COLD)
            continue;
        assert_row(&ladders, &table[i], HV_KIND_CALLBACK);
        assert_row(&ladders, &table[i], HV_KIND_SIGNAL);
    }
    network_ladders_fini(&ladders);
}

/* Each cell stands once, and none is anybody's file. */
static void test_defaults_are_distinct(void **state) {
    struct ladders ladders;

    (void)state;
    assert_int_equal(network_ladders_defaults(&ladders), 0);
    for (size_t i = 0; i < ladders.count; i++) {
        const struct ladder *one = &ladders.items[i];
        assert_null(one->path);
        assert_int_not_equal(one->urgency, 0);
        for (size_t j = 0; j < i; j++) {
            const struct ladder *other = &ladders.items[j];
            assert_false(one->phase == other->phase && one->urgency == other->urgency &&
                         one->kind == other->kind);
        }
    }
    network_ladders_fini(&ladders);
}

/* ---- Files ---- */

/* The sample with files of ladders, parsed; ends with NULL. */
static struct network *network_with(const char *const *paths_and_texts) {
    struct sample_network sample;

    sample_network_init(&sample);
    for (size_t i = 0; paths_and_texts[i]; i += 2)
        sample_network_set(&sample, paths_and_texts[i], paths_and_texts[i + 1]);
    struct network *network = sample_network_parse(&sample);
    sample_network_fini(&sample);
    return network;
}

#define NETWORK_WITH(...) network_with((const char *const[]){__VA_ARGS__, NULL})

static void test_no_files(void **state) {
    struct network *network = NETWORK_WITH(LADDERS, "# nothing yet\n");

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        assert_row(&network->ladders, &table[i], table[i].kind);
    network_free(network);
}

static void test_override(void **state) {
    struct network *network =
        NETWORK_WITH(LADDERS, "[ladder receipt]\n"
                              "urgency = crisis\n"
                              "kind = cold\n"
                              "to = werkse\n"
                              "step = 5m responsible coordinator@kcc ; all at once\n"
                              "step = 1h operators network no_later=2H\n"
                              "step =\n"
                              "every = 2h no_later=3D\n");

    (void)state;
    assert_ladder(&network->ladders, HV_PHASE_RECEIPT, HV_URGENCY_CRISIS, HV_KIND_COLD, "werkse",
                  "5m responsible @kcc!, 1h<=2H operators network, every 2h<=3D");
    assert_ladder(&network->ladders, HV_PHASE_RECEIPT, HV_URGENCY_CRISIS, HV_KIND_COLD, "kcc",
                  "8m responsible, 15m coordinator, 30m network, every 15m");
    assert_ladder(&network->ladders, HV_PHASE_RECEIPT, HV_URGENCY_CRISIS, HV_KIND_WARM, "werkse",
                  "15m responsible, 30m coordinator, 1H network, every 30m");
    const struct ladder_key key = {HV_PHASE_RECEIPT, HV_URGENCY_CRISIS, HV_KIND_COLD, "kcc",
                                   "werkse"};
    const struct ladder *found = ladder_find(&network->ladders, &key);
    assert_string_equal(found->path, LADDERS);
    assert_int_equal(found->line, 1);
    network_free(network);
}

/* Without urgency and kind a ladder is for all of them. */
static void test_for_all(void **state) {
    struct network *network =
        NETWORK_WITH(LADDERS, "[ladder pick-up]\nstep = 1d network\nevery = 1d\n"
                              "[ladder held]\nevery = 7D\n");

    (void)state;
    for (int urgency = HV_URGENCY_ROUTINE; urgency <= HV_URGENCY_CRISIS; urgency++) {
        assert_ladder(&network->ladders, HV_PHASE_PICKUP, (enum hv_urgency)urgency, HV_KIND_COLD,
                      "werkse", "1d network, every 1d");
        assert_ladder(&network->ladders, HV_PHASE_HELD, (enum hv_urgency)urgency, NO_KIND, "",
                      "every 7D");
    }
    network_free(network);
}

/* A section is a whole: nothing of the one that it replaces is left. */
static void test_drop_in_replaces(void **state) {
    struct network *network =
        NETWORK_WITH(LADDERS,
                     "[ladder receipt]\nurgency = urgent\nstep = 1h responsible\n"
                     "step = 2h coordinator\nevery = 1h no_later=1D\n",
                     LADDERS ".d/10-more.conf",
                     "[ladder receipt]\nurgency = urgent\nstep = 3h network\nevery = 3h\n",
                     "ladders/zz.conf", "[ladder receipt]\nstep = 4h network\nevery = 4h\n");

    (void)state;
    assert_ladder(&network->ladders, HV_PHASE_RECEIPT, HV_URGENCY_URGENT, HV_KIND_WARM, "werkse",
                  "3h network, every 3h");
    assert_ladder(&network->ladders, HV_PHASE_RECEIPT, HV_URGENCY_ROUTINE, HV_KIND_WARM, "werkse",
                  "4h network, every 4h");
    network_free(network);
}

static void test_drop_in_takes_back(void **state) {
    struct network *network =
        NETWORK_WITH(LADDERS,
                     "[ladder closing]\nurgency = urgent\nstep = 1h network\nevery = 1h\n"
                     "[ladder closing]\nurgency = crisis\nstep = 5m network\nevery = 5m\n",
                     LADDERS ".d/10-back.conf", "[ladder closing]\nurgency = urgent\nevery =\n");

    (void)state;
    assert_ladder(&network->ladders, HV_PHASE_CLOSING, HV_URGENCY_URGENT, NO_KIND, "",
                  "1d network, every 1d");
    assert_ladder(&network->ladders, HV_PHASE_CLOSING, HV_URGENCY_CRISIS, NO_KIND, "",
                  "5m network, every 5m");
    network_free(network);
}

/* Steps that are in order though their units differ. */
static void test_orders(void **state) {
    static const char *const orders[] = {
        "step = 0m responsible\nstep = 0m network\n",
        "step = 1d responsible\nstep = 1d network\n",
        "step = 1d responsible\nstep = 6D network\n",
        "step = 4h responsible\nstep = 100H network\n",
        "step = 8h responsible\nstep = 1d network\n",
        "step = 1d responsible\nstep = 48h network\n",
        "step = 5d responsible no_later=2D\nstep = 2D network\n",
        "step = 1D responsible\nstep = 1d network\n",
        "step = 366D responsible\nstep = 366d network\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        char text[TEXT_SIZE];
        snprintf(text, sizeof text, "[ladder receipt]\n%severy = 1d\n", orders[i]);
        network_free(NETWORK_WITH(LADDERS, text));
    }
}

/* In a test network a ladder may ring faster than anybody listens. */
static void test_short_intervals(void **state) {
    struct sample_network sample;

    (void)state;
    sample_network_init(&sample);
    sample_network_replace(&sample, "network.conf", "production", "test");
    sample_network_set(&sample, LADDERS, "[ladder held]\nevery = 1ms\n");
    struct network *network = sample_network_parse(&sample);
    assert_ladder(&network->ladders, HV_PHASE_HELD, HV_URGENCY_CRISIS, NO_KIND, "", "every 1ms");
    network_free(network);
    sample_network_fini(&sample);
}

/* ---- The ledger's copy, and the disk ---- */

#define OVERRIDE "[ladder receipt]\nto = werkse\nstep = 2h coordinator@werkse\nevery = 2h\n"

static void assert_override(const struct network *network) {
    assert_ladder(&network->ladders, HV_PHASE_RECEIPT, HV_URGENCY_CRISIS, HV_KIND_WARM, "werkse",
                  "2h @werkse!, every 2h");
}

/* A network comes back from the ledger with its ladders, and they are part of what it is. */
static void test_kept(void **state) {
    struct network *network = NETWORK_WITH(LADDERS, OVERRIDE);
    struct network *without = NETWORK_WITH(LADDERS, NULL);
    struct network *again = NULL;
    struct failure failure = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    (void)state;
    assert_memory_not_equal(network->hash, without->hash, sizeof network->hash);
    assert_int_equal(network_pack(network, &bytes, &size), 0);
    if (network_unpack(bytes, size, &again, &failure) < 0)
        fail_msg("%s", failure.text);
    assert_memory_equal(network->hash, again->hash, sizeof again->hash);
    assert_override(again);
    free(bytes);
    network_free(again);
    network_free(without);
    network_free(network);
}

/* So does one to which an organisation that left is added again. */
static void test_kept_with_leaving(void **state) {
    struct sample_network sample;
    struct network *with = NULL;

    (void)state;
    sample_network_init(&sample);
    struct network *before = sample_network_parse(&sample);
    sample_network_set(&sample, "organisations/werkse.conf", NULL);
    sample_network_set(&sample, LADDERS, "[ladder receipt]\nstep = 2h network\nevery = 2h\n");
    struct network *after = sample_network_parse(&sample);
    assert_int_equal(network_with_leaving(after, network_organisation(before, "werkse"), &with), 0);
    assert_ladder(&with->ladders, HV_PHASE_RECEIPT, HV_URGENCY_CRISIS, HV_KIND_WARM, "werkse",
                  "2h network, every 2h");
    network_free(with);
    network_free(after);
    network_free(before);
    sample_network_fini(&sample);
}

static void test_from_disk(void **state) {
    char scratch[SCRATCH_PATH_SIZE];
    struct sample_network sample;
    struct network *network = NULL;
    struct failure failure = {0};

    (void)state;
    scratch_make(scratch);
    sample_network_init(&sample);
    sample_network_write(&sample, scratch);
    scratch_write(scratch, "ladders/own.conf", "[ladder receipt]\nstep = 9d network\nevery = 9d\n");
    scratch_write(scratch, "ladders/own.conf.d/10-werkse.conf", OVERRIDE);
    scratch_write(scratch, "ladders/own.conf~", "what an editor left behind\n");
    if (network_load(scratch, &network, &failure) < 0)
        fail_msg("%s", failure.text);
    assert_override(network);
    assert_ladder(&network->ladders, HV_PHASE_RECEIPT, HV_URGENCY_CRISIS, HV_KIND_WARM, "kcc",
                  "9d network, every 9d");
    assert_int_equal(network->file_count, 5);
    network_free(network);
    sample_network_fini(&sample);
    scratch_remove(scratch);
}

/* ---- Running ---- */

static int seed_sodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_defaults_are_distinct),
        cmocka_unit_test(test_no_files),
        cmocka_unit_test(test_override),
        cmocka_unit_test(test_for_all),
        cmocka_unit_test(test_drop_in_replaces),
        cmocka_unit_test(test_drop_in_takes_back),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_short_intervals),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_kept_with_leaving),
        cmocka_unit_test(test_from_disk),
    };

    return cmocka_run_group_tests(tests, seed_sodium, NULL);
}
