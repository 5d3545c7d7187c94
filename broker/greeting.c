/* Greetings: a session begins with hello and ends with bye. */
#include "broker/greeting.h"

#include <errno.h>
#include <string.h>

#include "broker/answer.h"
#include "broker/heartbeat.h"
#include "broker/unread.h"
#include "wire/wire.h"

/* The older one of the same name learns that it is not the session any more. */
static void take_over(struct turn *turn, struct session *older) {
    struct hv_message message = {.type = HV_MESSAGE_refused};
    const struct route route = older->route;

    message.refused.code = HV_REFUSED_NO_SESSION;
    message.refused.reason =
        "another connection said hello as this instance and has taken the session over";
    session_over(turn, older);
    answer_send(turn, &route, &message);
}

static void welcome(struct request *request) {
    struct turn *turn = request->turn;
    const struct network *network = turn->broker->network;
    struct hv_message message = {.type = HV_MESSAGE_welcome};
    struct hv_welcome *welcome = &message.welcome;

    copy_text(welcome->request, request->id);
    copy_text(welcome->organisation, request->organisation->name);
    copy_text(welcome->network, network->name);
    welcome->ledger = *ledger_id(turn->ledger);
    welcome->heartbeat = network->limits.heartbeat_ms;
    memcpy(welcome->receipt_key, turn->broker->signer.pair.public_key, sizeof welcome->receipt_key);
    memcpy(welcome->head, ledger_head(turn->ledger), sizeof welcome->head);
    welcome->at = turn->now_ms;
    welcome->seq = ledger_seq(turn->ledger);
    answer_send(turn, &request->inbound->from, &message);
}

/* False when memory is short. */
static bool begin(struct request *request, const struct session_name *name, int64_t inbox) {
    const struct hv_hello *hello = &request->message.hello;
    const struct inbound *inbound = request->inbound;
    struct turn *turn = request->turn;
    struct sessions *sessions = &turn->broker->sessions;
    struct session *session = session_begin(sessions, &inbound->from, name, inbox, turn->boot_ms);

    if (!session) {
        turn->error = -ENOMEM;
        return false;
    }
    memcpy(session->key, inbound->key, sizeof session->key);
    session->begun_turn = turn->broker->counters.turns;
    session->credit = hello->credit;
    session->unread_bytes = unread_bytes(turn->broker, &inbound->from);
    session->inbox->recall = true;
    sessions->recalls = true;
    session->lenient = hello->has_minor && hello->minor > HV_WIRE_MINOR;
    request->session = session;
    return true;
}

void greeting_hello(struct request *request) {
    const struct hv_hello *hello = &request->message.hello;
    struct turn *turn = request->turn;
    struct session_name name;

    if (!network_key_has_role(request->key, hello->role)) {
        answer_refuse(request, HV_REFUSED_FORBIDDEN, "role", "this key of %s has not the role %s",
                      request->organisation->name,
                      wire_word_text(&wire_vocabulary_role, (int)hello->role));
        return;
    }
    memset(&name, 0, sizeof name);
    copy_text(name.organisation, request->organisation->name);
    copy_text(name.instance, hello->instance);
    name.role = hello->role;
    if (turn->mode == TURN_READ_ONLY &&
        !ledger_inbox_find(turn->ledger, name.organisation, name.role)) {
        answer_refuse(request, HV_REFUSED_UNAVAILABLE, NULL,
                      "the broker's disk is full to the last byte; say hello again later");
        return;
    }
    if (request->session)
        session_over(turn, request->session);
    struct session *older = session_named(&turn->broker->sessions, &name);
    if (older)
        take_over(turn, older);
    const int64_t inbox = ledger_inbox(turn->ledger, name.organisation, name.role);
    if (turn->error || ledger_error(turn->ledger))
        return;
    if (begin(request, &name, inbox))
        welcome(request);
}

void greeting_bye(struct request *request) {
    struct hv_message message;

    session_over(request->turn, request->session);
    request->session = NULL;
    if (!request->id[0])
        return;
    (void)answer_begin(request, &message);
    answer_done(request, &message, ledger_seq(request->turn->ledger));
}
