"""Refusals: every code that a well formed command can get, and the order in which they are judged."""

import time

import pytest

from forms import FULL, ask, kind_of, nested
from network import DAY_S, SealingKey
from peer import expect_refusal, fresh_resident, fresh_uuid, now_ms
from world import HOLDER, NETWORK, RECEIVER, THIRD

# ---- the order ----


def test_too_large_before_malformed(shared_world):
    """Over-deep and not of this contract."""
    expect_refusal(shared_world.holder.raw(nested(9)), "too-large")


def test_malformed_before_no_session(shared_world, stranger):
    """The form is looked at first."""
    stranger.refused("malformed", "map", field="colour", colour="red")


def test_malformed_before_version(stranger):
    """A version that is no number is no version."""
    expect_refusal(stranger.hello(version="2"), "malformed", "version")


def test_no_session_before_unknown_and_forbidden(stranger):
    """Who has said no hello learns nothing else."""
    stranger.refused("no-session", "status", journey=fresh_uuid())
    stranger.refused("no-session", "reload")


@pytest.mark.network(limits={"commands_per_second": "20"})
def test_busy(world):
    """Over its rate an organisation is asked to wait, after the form was judged and before anything else."""
    peer = world.holder
    for number in range(400):
        peer.send({"type": "status", "request": f"b{number}", "journey": fresh_uuid()})
    answers = [peer.answer(f"b{number}") for number in range(400)]
    codes = {answer["code"] for answer in answers}
    assert codes == {"busy", "unknown"}, codes
    busy = next(answer for answer in answers if answer["code"] == "busy")
    assert busy["retry_after"] > 0
    world.third.done("map")
    deadline_answer = None
    for _ in range(100):
        deadline_answer = peer.ask("map")
        if deadline_answer.type == "done":
            break
        peer.receive(deadline_answer["retry_after"] / 1000)
    assert deadline_answer.type == "done", "after retry_after it is taken again"


def test_unknown_before_forbidden(shared_world):
    """`to` naming nobody, by a party that may not offer (6.5)."""
    journey, _ = shared_world.offer()
    keys = dict(journey=journey, handover=fresh_uuid(), kind="cold", urgency="routine", begeleider="eva")
    shared_world.receiver.refused("unknown", "offer", to="nobody", field="to", **keys)
    shared_world.receiver.refused("forbidden", "offer", to=THIRD, **keys)


def test_unknown_before_conflict_and_stale_key(shared_world):
    """`to` naming nobody on a journey that is closing, sealed for nobody."""
    journey = shared_world.journey_in("closing")
    keys = dict(journey=journey, handover=fresh_uuid(), kind="cold", urgency="routine", begeleider="anna")
    shared_world.holder.refused("unknown", "offer", b"k" * 40, to="nobody", field="to", **keys)


def test_suggest_naming_nobody(shared_world):
    """6.5"""
    _, handover = shared_world.offer()
    keys = dict(handover=handover, reason="full", decided="receiver")
    shared_world.receiver.refused("unknown", "decline", suggest="nobody", field="suggest", **keys)
    shared_world.receiver.fresh("decline", suggest=THIRD, **keys)


def test_forbidden_before_conflict(shared_world):
    """The wrong side on a handover that is over."""
    for state in ("confirmed", "declined", "withdrawn"):
        _, handover = shared_world.handover_in(state)
        shared_world.receiver.refused("forbidden", "withdraw", handover=handover, reason="x")
        shared_world.holder.refused("forbidden", "receive", handover=handover, begeleider="x")


def test_forbidden_before_stale_key(shared_world):
    """The receiver may not offer, whatever it is sealed for."""
    journey, _ = shared_world.offer()
    shared_world.receiver.refused("forbidden", "offer", b"k" * 40, journey=journey, handover=fresh_uuid(), to=THIRD,
                                  kind="cold", urgency="routine", begeleider="eva")


def test_forbidden_before_repeated(shared_world):
    """A coordinator that says word for word what its endpoint said is not repeated but forbidden (6.3)."""
    _, handover = shared_world.offer()
    keys = dict(handover=handover, begeleider="eva")
    shared_world.receiver.fresh("receive", **keys)
    shared_world.peer(RECEIVER, "coordinator").refused("forbidden", "receive", **keys)


def test_repeated_before_conflict_and_stale_key(shared_world):
    """The same offer again, sealed for a key that is not listed: the first stands."""
    journey = shared_world.open()
    keys = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine", begeleider="anna")
    shared_world.holder.fresh("offer", shared_world.network.dossier(RECEIVER, b"x"), **keys)
    shared_world.holder.repeat("offer", b"k" * 40, **keys)


def test_conflict_before_stale_key(shared_world):
    """A journey that is closing takes no offer, whatever it is sealed for."""
    journey = shared_world.journey_in("closing")
    shared_world.holder.refused("conflict", "offer", b"k" * 40, journey=journey, handover=fresh_uuid(), to=RECEIVER,
                                kind="cold", urgency="routine", begeleider="anna")


def test_for_before_all_that_the_state_decides(shared_world):
    """An organisation that is not there, then who may act for another, then whether that one can act itself."""
    world = shared_world
    _, handover = world.handover_in("withdrawn")
    keys = dict(handover=handover, reason="full", decided="rule")
    for peer in (world.network_coordinator, world.third, world.receiver, world.operator):
        peer.refused("unknown", "decline", field="for", **keys, **{"for": "nobody"})
    for peer in (world.third, world.peer(THIRD, "coordinator"), world.operator):  # no party to it
        peer.refused("unknown", "decline", **keys, **{"for": RECEIVER})
    for peer in (world.holder, world.receiver, world.peer(RECEIVER, "coordinator")):
        peer.refused("forbidden", "decline", field="for", **keys, **{"for": RECEIVER})
    for other in (HOLDER, THIRD):  # who asks knows of it, and it is not for them to decline
        world.network_coordinator.refused("forbidden", "decline", **{**keys, "for": other})
    world.network_coordinator.refused("conflict", "decline", field="for", **{**keys, "for": RECEIVER})


def test_unknown_before_forbidden_among_the_commands_of_people(shared_world):
    """A handover of another journey, a tip to nobody, and only then whose it is."""
    world = shared_world
    journey, handover = world.handover_in("received")
    _, other = world.handover_in("received")
    on = now_ms()
    world.holder.refused("unknown", "note", journey=journey, handover=other, code="working-on-it", on=on)
    world.receiver.refused("unknown", "note", field="to", journey=journey, code="tip", to="nobody", next=7, on=on)
    world.receiver.refused("forbidden", "note", journey=journey, code="tip", to=THIRD, next=7, on=on)
    world.third.refused("unknown", "urgency", journey=journey, to="routine", reason="x", on=on)
    world.peer(THIRD, "coordinator").refused("unknown", "claim", journey=journey, person="t", until=on + 9, on=on)
    world.peer(THIRD, "coordinator").refused("unknown", "list", after=journey)


def test_forbidden_before_what_the_state_decides(shared_world):
    """Whose command it is comes before whether the time is right."""
    world = shared_world
    journey, handover = world.handover_in("received", urgency="crisis")
    far = now_ms() + 900 * 86_400_000
    world.holder.refused("forbidden", "wait", handover=handover, begeleider="eva", reason="full", expected=far)
    world.receiver.refused("forbidden", "contest", handover=handover, reason="not-there")
    world.holder.refused("forbidden", "claim", journey=journey, person="a", until=far, on=far)
    world.receiver.refused("forbidden", "urgency", journey=journey, to="routine", reason="x", on=far)
    world.network_coordinator.refused("forbidden", "absent", **{**FULL["absent"], "on": far})
    world.network_coordinator.refused("malformed", "absent", field="deputy",
                                      **{**FULL["absent"], "on": far, "deputy": FULL["absent"]["begeleider"]})
    world.operator.refused("forbidden", "watch", **{"from": 2**53 - 1})
    world.holder.refused("forbidden", "list", after=fresh_uuid(), organisation="nobody")
    world.holder.refused("malformed", "list", field="state", state="lost")


def test_repeated_before_what_the_state_decides(shared_world):
    """What took effect is a repeat, though it would be refused now."""
    world = shared_world
    journey, handover = world.handover_in("received")
    wait = dict(handover=handover, begeleider="eva", reason="full", expected=now_ms() + 86_400_000)
    world.receiver.fresh("wait", **wait)
    world.receiver.fresh("urgency", journey=journey, to="crisis", reason="worse", on=now_ms())
    world.receiver.repeat("wait", **wait)
    world.receiver.refused("conflict", "wait", **{**wait, "reason": "ill"})


def test_the_future_is_no_time_to_say_something_of(shared_world):
    """Five minutes are forgiven: an `on` to come would make each later one a repeat."""
    world = shared_world
    journey, handover = world.handover_in("received")
    soon, late = now_ms() + 4 * 60_000, now_ms() + 6 * 60_000
    coordinator = world.network_coordinator
    says = [
        (world.holder, "note", dict(journey=journey, code="informed")),
        (world.receiver, "urgency", dict(journey=journey, to="urgent", reason="worse")),
        (coordinator, "claim", dict(journey=journey, person="nora", until=now_ms() + 3_600_000)),
        (world.holder, "absent", {"begeleider": "away", "from": 0, "until": late, "deputy": "bob"}),
    ]
    for peer, kind, keys in says:
        peer.refused("malformed", kind, field="on", on=late, **keys)
        peer.fresh(kind, on=soon, **keys)


def test_a_deputy_is_somebody_else(shared_world):
    keys = {**FULL["absent"], "deputy": "anna", "on": now_ms()}
    shared_world.holder.refused("malformed", "absent", field="deputy", **keys)


def test_watching_from_what_has_yet_to_happen(shared_world):
    """Of another ledger, then: say so instead of waiting for ever."""
    shared_world.network_coordinator.refused("conflict", "watch", field="from", **{"from": 2**53 - 1})


def test_a_list_goes_on_behind_what_is_open(shared_world):
    world = shared_world
    world.network_coordinator.refused("unknown", "list", after=fresh_uuid())
    world.network_coordinator.refused("conflict", "list", field="after", after=world.journey_in("closed"))


def test_conflict_before_not_introduced(shared_world):
    """A warm one that is over."""
    _, handover = shared_world.handover_in("declined", kind="warm")
    shared_world.receiver.refused("conflict", "confirm", handover=handover, begeleider="eva",
                                  contact=shared_world.contact())


# ---- the dossier's key ----


def test_stale_key(world):
    """Not listed, not yet valid, no longer valid, or a receiver without keys (6.5)."""
    now = time.time()
    partner = world.network[RECEIVER]
    partner.sealing["old"] = SealingKey.fresh(now - 20 * DAY_S, now - DAY_S)
    partner.sealing["coming"] = SealingKey.fresh(now + DAY_S, now + 20 * DAY_S)
    partner.sealing["second"] = SealingKey.fresh(now - 2 * DAY_S, now + 20 * DAY_S)
    world.network[THIRD].sealing.clear()
    world.network.write()
    world.operator.done("reload")
    journey = world.open()
    keys = dict(journey=journey, handover=fresh_uuid(), kind="cold", urgency="routine", begeleider="anna")
    for label in ("old", "coming"):
        world.holder.refused("stale-key", "offer", world.network.dossier(RECEIVER, b"x", label), to=RECEIVER, **keys)
    world.holder.refused("stale-key", "offer", b"k" * 40, to=RECEIVER, **keys)
    world.holder.refused("stale-key", "offer", world.network.dossier(RECEIVER, b"x"), to=THIRD, **keys)
    world.holder.fresh("offer", world.network.dossier(RECEIVER, b"x", "second"), to=RECEIVER, **keys)
    supplement = dict(handover=keys["handover"], number=1)
    world.holder.refused("stale-key", "supplement", world.network.dossier(RECEIVER, b"x", "old"), **supplement)
    world.holder.fresh("supplement", world.network.dossier(RECEIVER, b"x"), **supplement)


# ---- strangers ----


def without_request(answer):
    return {key: value for key, value in answer.envelope.items() if key != "request"}


WITHOUT_OBJECT = ("hello", "open", "map", "stats", "reload", "bye", "ping", "absent", "list", "watch", "clock-accept",
                  "verify")
STRANGER_COMMANDS = [name for name in FULL if kind_of(name) not in WITHOUT_OBJECT]


@pytest.mark.parametrize("command", STRANGER_COMMANDS)
@pytest.mark.parametrize("who", [(THIRD, "endpoint"), (THIRD, "coordinator"), (NETWORK, "operator")], ids=str)
def test_strangers_learn_nothing(shared_world, command, who):
    """Word for word the same answer for what does not exist and for what is somebody else's."""
    world = shared_world
    journey, handover = world.handover_in("picked-up", dossier=world.network.dossier(RECEIVER, b"x"))
    world.inbox(RECEIVER)  # its inbox has items by now
    stranger = world.peer(*who)
    answers = []
    for real in (True, False):
        keys = dict(FULL[command])
        keys.update({"journey": journey if real else fresh_uuid()} if "journey" in keys else {})
        keys.update({"handover": handover if real else fresh_uuid()} if "handover" in keys and command != "offer" else {})
        keys.update({"item": 1 if real else 999_999} if "item" in keys else {})
        if command == "confirm":
            keys["contact"] = world.contact()
        answers.append(without_request(ask(world, stranger, command, **keys)))
    assert answers[0] == answers[1]
    if command not in ("ack", "nack"):
        assert answers[0]["code"] == "unknown"


def test_a_stranger_may_not_close_what_it_cannot_see(shared_world):
    """Unknown for every end, and nothing happened."""
    world = shared_world
    journey = world.open()
    for outcome in ("deceased", "entered-in-error"):
        world.third.refused("unknown", "close", journey=journey, begeleider="x", outcome=outcome)
    assert world.status(journey=journey)["state"] == "open"


def test_an_id_of_a_stranger_is_taken(shared_world):
    """6.19: conflict, and nothing is said about the other one."""
    world = shared_world
    journey, handover = world.offer()
    answer = world.third.refused("conflict", "open", journey=journey, resident=fresh_resident(), begeleider="x",
                                 basis="consent", urgency="routine")
    assert HOLDER not in answer["reason"] and "anna" not in answer["reason"]
    own = world.open(THIRD)
    answer = world.third.refused("conflict", "offer", journey=own, handover=handover, to=RECEIVER, kind="cold",
                                 urgency="routine", begeleider="anna")
    assert HOLDER not in answer["reason"]
    assert world.holder_of(journey) == (HOLDER, "anna")


def test_refusals_change_nothing(shared_world):
    """After all kinds of refusal the history has what it had."""
    world = shared_world
    journey, handover = world.handover_in("received")
    before = world.event_names(journey)
    world.third.refused("unknown", "confirm", handover=handover, begeleider="x", contact=world.contact())
    world.holder.refused("forbidden", "confirm", handover=handover, begeleider="x", contact=world.contact())
    world.receiver.refused("conflict", "receive", handover=handover, begeleider="bob")
    world.receiver.refused("malformed", "receive", handover=handover, begeleider="BOB")
    assert world.event_names(journey) == before


def test_contact_in_the_future(shared_world):
    """Five minutes of skew are forgiven, no more."""
    _, handover = shared_world.offer()
    keys = dict(handover=handover, begeleider="eva")
    shared_world.receiver.refused("malformed", "confirm", field="contact",
                                  contact=shared_world.contact(on=now_ms() + 6 * 60_000), **keys)
    shared_world.receiver.fresh("confirm", contact=shared_world.contact(on=now_ms() + 4 * 60_000), **keys)
