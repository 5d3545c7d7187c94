/* A claim as people say it. */
#include "clients/houvast/claim.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clients/houvast/until.h"
#include "clients/houvast/when.h"

int claim_until_take(struct claim_words *words, const char *text, hv_time now_ms,
                     hv_time *ret_until_ms) {
    if (strcmp(text, "now") == 0)
        *ret_until_ms = now_ms; /* the very moment of --on, so that it gives back */
    else if (!*text || until_parse(text, now_ms, ret_until_ms) < 0)
        return -EINVAL;
    words->until_is_span = !strchr(text, ':');
    return 0;
}

/* Whether it was left out; from here on it counts as given. */
static bool left_out(struct field_options *options, const char *name) {
    struct field_option *option = field_options_find(options, name);
    assert(option);
    bool left = !option->given;
    option->given = true;
    return left;
}

void claim_complete(struct claim_words *words, struct field_options *options,
                    const struct client_config *config, hv_time now_ms, struct hv_claim *claim) {
    const char *person = config->settings[CLIENT_PERSON].value;
    if (person && left_out(options, "person"))
        snprintf(claim->person, sizeof claim->person, "%s", person);
    if (left_out(options, "on")) {
        words->on_is_now = true;
        claim->on = now_ms;
    }
    if (left_out(options, "until")) {
        words->until_is_span = true;
        (void)until_parse("", now_ms, &claim->until);
    }
}

void claim_by_broker(const struct claim_words *words, struct hv_connection *connection,
                     struct hv_claim *claim) {
    struct hv_welcome welcome;
    hv_welcome_get(connection, &welcome);
    hv_time ahead_ms = welcome.at - when_now();
    if (words->on_is_now)
        claim->on += ahead_ms;
    if (words->until_is_span)
        claim->until += ahead_ms;
}

void claim_show(const struct hv_claim *claim, const struct hv_done *done) {
    char until[WHEN_TEXT_SIZE];
    if (done->has_repeated && done->repeated)
        return;
    when_text(claim->until, until);
    if (claim->until <= claim->on)
        printf("%s has given it back.\n", claim->person);
    else
        printf("%s is on it until %s.\n", claim->person, until);
}
