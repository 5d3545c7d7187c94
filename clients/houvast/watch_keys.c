/* The keys of `houvast watch`. */
#include <ctype.h>
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/houvast/until.h"
#include "clients/houvast/watch_desk.h"
#include "clients/houvast/when.h"
#include "wire/wire.h"

#define UNTIL_PROMPT "On it until when? 30m, 2h, 1d, 16:30 [1h]"

#define KEY_ESCAPE    27
#define KEY_RETURN    '\r'
#define KEY_CONTROL_H 8
#define KEY_DELETE    127
/* First bytes of letters beyond ASCII. */
#define UTF8_FIRST 0xc2
#define UTF8_LAST  0xf4

static void say(struct watch_desk *desk, bool badly, const char *text) {
    snprintf(desk->scene.said, sizeof desk->scene.said, "%s", text);
    desk->scene.said_badly = badly;
}

static const struct roster_entry *selected(const struct watch_desk *desk) {
    return desk->scene.selected < desk->roster.view_count ? desk->roster.view[desk->scene.selected]
                                                          : NULL;
}

/* ---- Moving ---- */

static void select_row(struct watch_desk *desk, size_t row) {
    if (desk->roster.view_count == 0)
        return;
    desk->scene.selected = row < desk->roster.view_count ? row : desk->roster.view_count - 1;
    desk->selected = desk->roster.view[desk->scene.selected]->journey;
    desk->has_selected = true;
}

/* Where a key of movement leads from `at`; false for another key. The view keeps it in range. */
static bool move_by_key(int key, size_t at, size_t page, size_t *ret_at) {
    switch (key) {
    case KEY_UP:
    case 'k':
        *ret_at = at ? at - 1 : 0;
        return true;
    case KEY_DOWN:
    case 'j':
        *ret_at = at + 1;
        return true;
    case KEY_PPAGE:
        *ret_at = at > page ? at - page : 0;
        return true;
    case KEY_NPAGE:
    case ' ':
        *ret_at = at + page;
        return true;
    case KEY_HOME:
    case 'g':
        *ret_at = 0;
        return true;
    case KEY_END:
    case 'G':
        *ret_at = SCENE_END;
        return true;
    default:
        return false;
    }
}

/* ---- Claiming ---- */

/* Another moment each time, so that a claim is never taken for one that was said before. */
static void claim_give(struct watch_desk *desk, const struct hv_uuid *journey, const char *person,
                       hv_time until_ms) {
    struct clerk_job job = {.task = CLERK_CLAIM, .journey = *journey};
    job.claim.has_journey = true;
    job.claim.journey = *journey;
    snprintf(job.claim.person, sizeof job.claim.person, "%s", person);
    job.claim.on = when_now() + desk->ahead_ms;
    job.claim.until = until_ms ? until_ms : job.claim.on - 1;
    if (clerk_give(desk->clerk, &job) < 0)
        say(desk, true, "out of memory");
}

static void prompt_begin(struct watch_desk *desk, enum desk_prompt prompt, const char *label) {
    desk->prompt = prompt;
    desk->scene.prompt = label;
    desk->scene.input[0] = '\0';
    desk->scene.said[0] = '\0';
}

static void prompt_end(struct watch_desk *desk) {
    desk->prompt = DESK_NOTHING;
    desk->scene.prompt = NULL;
}

/* What c and u are about: the journey whose history is shown, or the one that is selected. */
static const struct roster_entry *at_hand(const struct watch_desk *desk) {
    return desk->scene.page == SCENE_HISTORY ? roster_find(&desk->roster, &desk->scene.text_about)
                                             : selected(desk);
}

/* The journey that can be claimed or given back now, or NULL, which is said. */
static const struct roster_entry *claimable(struct watch_desk *desk) {
    const struct roster_entry *entry = at_hand(desk);
    if (desk->scene.lost_ms)
        say(desk, true, "No connection: the broker would not hear of it.");
    else if (!entry && desk->scene.page == SCENE_HISTORY)
        say(desk, true, "It is not open any more.");
    return desk->scene.lost_ms ? NULL : entry;
}

/* It is this journey that is claimed, wherever the list moves while somebody types. */
static void claim_begin(struct watch_desk *desk) {
    const struct roster_entry *entry = claimable(desk);
    if (!entry)
        return;
    if (desk->scene.page == SCENE_LIST)
        select_row(desk, desk->scene.selected);
    desk->claiming = entry->journey;
    if (*desk->person)
        prompt_begin(desk, DESK_UNTIL, UNTIL_PROMPT);
    else
        prompt_begin(desk, DESK_PERSON, "Who are you?");
}

static void give_back(struct watch_desk *desk) {
    const struct roster_entry *entry = claimable(desk);
    if (!entry)
        return;
    const struct hv_standing_claim *claim = roster_claim(&entry->standing, desk->scene.now_ms);
    if (!claim)
        say(desk, true, "Nobody has claimed it.");
    else
        claim_give(desk, &entry->journey, *desk->person ? desk->person : claim->person, 0);
}

static void person_typed(struct watch_desk *desk) {
    const char *input = desk->scene.input;
    if (!wire_is_person(input, strlen(input))) {
        prompt_end(desk);
        say(desk, true, "A person is 1 to 64 of a-z, 0-9, ., _ and -.");
        return;
    }
    memcpy(desk->person, input, strlen(input) + 1);
    prompt_begin(desk, DESK_UNTIL, UNTIL_PROMPT);
}

static void until_typed(struct watch_desk *desk) {
    hv_time until_ms;
    prompt_end(desk);
    if (until_parse(desk->scene.input, desk->scene.now_ms, &until_ms) < 0) {
        say(desk, true, "Until when is " UNTIL_FORMS_TEXT ".");
        return;
    }
    say(desk, false, "Claiming …");
    claim_give(desk, &desk->claiming, desk->person, until_ms);
}

/* ---- Typing ---- */

static void typed(struct watch_desk *desk) {
    switch (desk->prompt) {
    case DESK_NOTHING:
        return;
    case DESK_PERSON:
        person_typed(desk);
        return;
    case DESK_UNTIL:
        until_typed(desk);
        return;
    case DESK_SEARCH:
        prompt_end(desk);
        return;
    }
}

/* What is searched for is shown while it is typed. */
static void search_follow(struct watch_desk *desk) {
    if (desk->prompt == DESK_SEARCH)
        snprintf(desk->scene.filter.search, sizeof desk->scene.filter.search, "%s",
                 desk->scene.input);
}

/* What a key writes, or '\0'. Persons are in small letters, and a letter that no person has is
 * seen as one that is wrong: left out, it would be somebody else's name. */
static char typed_character(const struct watch_desk *desk, int key) {
    if (key >= UTF8_FIRST && key <= UTF8_LAST)
        return '?';
    if (key < ' ' || key >= KEY_DELETE)
        return '\0';
    return (char)(desk->prompt == DESK_PERSON ? tolower(key) : key);
}

static void prompt_key(struct watch_desk *desk, int key) {
    char *input = desk->scene.input;
    size_t used = strlen(input);
    if (key == '\n' || key == KEY_RETURN || key == KEY_ENTER) {
        typed(desk);
        return;
    }
    if (key == KEY_ESCAPE) {
        if (desk->prompt == DESK_SEARCH)
            memcpy(desk->scene.filter.search, desk->searched, sizeof desk->searched);
        prompt_end(desk);
        return;
    }
    if (key == KEY_BACKSPACE || key == KEY_CONTROL_H || key == KEY_DELETE) {
        if (used)
            input[used - 1] = '\0';
    } else if (used + 1 < sizeof desk->scene.input) {
        input[used] = typed_character(desk, key);
        input[used + 1] = '\0';
    }
    search_follow(desk);
}

/* ---- The list ---- */

static void history_begin(struct watch_desk *desk) {
    const struct roster_entry *entry = selected(desk);
    if (!entry)
        return;
    select_row(desk, desk->scene.selected);
    free(desk->text);
    desk->text = NULL;
    desk->scene.text = NULL;
    desk->scene.text_about = entry->journey;
    desk->scene.page = SCENE_HISTORY;
    desk->scene.scroll = SCENE_END; /* the newest is at the end */
    if (clerk_give(desk->clerk,
                   &(struct clerk_job){.task = CLERK_HISTORY, .journey = entry->journey}) < 0)
        say(desk, true, "out of memory");
}

static void list_key(struct watch_desk *desk, int key) {
    struct roster_filter *filter = &desk->scene.filter;
    size_t row;
    if (move_by_key(key, desk->scene.selected, watch_view_page(&desk->scene), &row)) {
        select_row(desk, row);
        return;
    }
    switch (key) {
    case '\n':
    case KEY_RETURN:
    case KEY_ENTER:
    case 'h':
        history_begin(desk);
        return;
    case 'c':
        claim_begin(desk);
        return;
    case 'u':
        give_back(desk);
        return;
    case 'o':
        roster_next_organisation(&desk->roster, filter->organisation, filter->organisation);
        return;
    case 'O':
        filter->organisation[0] = '\0';
        return;
    case 'p':
        filter->phase = roster_next_phase(&desk->roster, filter->phase);
        return;
    case 'P':
        filter->phase = 0;
        return;
    case '/':
        memcpy(desk->searched, filter->search, sizeof desk->searched);
        prompt_begin(desk, DESK_SEARCH, "Search:");
        search_follow(desk);
        return;
    case KEY_ESCAPE:
        *filter = (struct roster_filter){0};
        return;
    case '?':
        desk->scene.page = SCENE_HELP;
        desk->scene.scroll = 0;
        return;
    case 'q':
        desk->leaving = true;
        return;
    default:
        return;
    }
}

/* ---- Pages of text ---- */

static void page_key(struct watch_desk *desk, int key) {
    if (move_by_key(key, desk->scene.scroll, watch_view_page(&desk->scene), &desk->scene.scroll))
        return;
    if (key == 'q' || key == KEY_ESCAPE || key == KEY_LEFT || key == '?')
        desk->scene.page = SCENE_LIST;
    else if (key == 'c' && desk->scene.page == SCENE_HISTORY)
        claim_begin(desk);
    else if (key == 'u' && desk->scene.page == SCENE_HISTORY)
        give_back(desk);
}

void watch_desk_key(struct watch_desk *desk, int key) {
    if (key == KEY_RESIZE)
        return; /* drawn anew anyway */
    if (desk->prompt) {
        prompt_key(desk, key);
        return;
    }
    desk->scene.said[0] = '\0';
    if (desk->scene.page == SCENE_LIST)
        list_key(desk, key);
    else
        page_key(desk, key);
}
