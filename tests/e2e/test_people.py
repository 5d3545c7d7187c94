"""Waiting lists, notes, urgency, claims, contesting: what people say of a journey."""

import itertools

import pytest

from peer import now_ms
from world import DAY_MS as DAY
from world import HOLDER
from world import HOUR_MS as HOUR
from world import NETWORK, RECEIVER, THIRD

MINUTE = 60 * 1000
STEPS = ("reminded", "escalated", "check-in-due")
hours_pass = pytest.mark.network(limits={"heartbeat": "20s"},
                                 policies={"quiet_after": "31D", "quiet_after_crisis": "31D"})


MOMENTS = itertools.count()


def note(world, who, journey, code, **keys):
    """A fact of its own: another `on` is another fact."""
    return world.peer(*who).fresh("note", journey=journey, code=code, on=now_ms() - 1000 * next(MOMENTS), **keys)


# ---- wait ----


def test_a_wait_rests_the_receiver_and_the_holder_keeps_in_touch(world):
    journey, handover = world.handover_in("received")
    expected = now_ms() + 30 * DAY
    answer = world.receiver.done("wait", handover=handover, begeleider="eva", reason="full", expected=expected)
    assert answer["state"] == "waiting"
    status = world.status(handover=handover)
    assert status["phase"] == "waiting" and 27 * DAY < status["due"] - now_ms() < 29 * DAY
    world.inbox(HOLDER).take("received", handover=handover)
    assert world.inbox(HOLDER).take("waiting", handover=handover)["expected"] == expected
    answer = world.receiver.done("pickup", handover=handover, begeleider="bob")
    assert answer["state"] == "picked-up"
    assert world.status(handover=handover)["phase"] == "arrival"


def test_nobody_waits_in_a_crisis_and_not_for_ever(shared_world):
    world = shared_world
    _, handover = world.handover_in("received", urgency="crisis")
    keys = dict(handover=handover, begeleider="eva", reason="full")
    world.receiver.refused("conflict", "wait", expected=now_ms() + DAY, **keys)
    _, handover = world.handover_in("received")
    keys["handover"] = handover
    world.receiver.refused("malformed", "wait", field="expected", expected=now_ms() - DAY, **keys)
    world.receiver.refused("malformed", "wait", field="expected", expected=now_ms() + 400 * DAY, **keys)
    world.holder.refused("forbidden", "wait", expected=now_ms() + DAY, **keys)
    world.third.refused("unknown", "wait", expected=now_ms() + DAY, **keys)


def test_crisis_ends_waiting(shared_world):
    world = shared_world
    journey, handover = world.handover_in("picked-up")
    world.receiver.done("wait", handover=handover, begeleider="eva", reason="full", expected=now_ms() + 9 * DAY)
    answer = world.receiver.done("urgency", journey=journey, to="crisis", reason="evicted", on=now_ms())
    assert answer["journey"] == journey
    status = world.status(handover=handover)
    assert (status["state"], status["urgency"], status["phase"]) == ("picked-up", "crisis", "arrival")


@hours_pass
def test_new_dates_of_a_wait_leave_the_check_ins_as_they_were(timed):
    """The receiver may say again and again that it takes longer; the holder is asked all the same."""
    world = timed
    journey, handover = world.handover_in("received", urgency="urgent")
    world.wait(handover, days=10)
    due = world.status(handover=handover)["due"]
    for days in (20, 30):
        world.passes(2 * DAY)
        world.wait(handover, days=days)
        assert world.status(handover=handover)["due"] == due
    world.passes_until(due)
    assert [event["event"] for event in world.history(journey) if event["event"] in STEPS] == ["check-in-due"]


@hours_pass
@pytest.mark.parametrize("command, keys", [
    ("pickup", dict(begeleider="bob")), ("receive", dict(begeleider="bob")),
    ("decline", dict(reason="full", decided="receiver")),
])
def test_leaving_the_waiting_list_ends_its_check_ins(timed, command, keys):
    """Whichever way it is left."""
    world = timed
    journey, handover = world.handover_in("waiting")
    world.receiver.fresh(command, handover=handover, **keys)
    phase = {"pickup": "arrival", "receive": "pick-up", "decline": "unrouted"}[command]
    assert world.status(journey=journey)["phase"] == phase
    world.passes(29 * DAY)
    assert "waiting" not in {event.get("phase") for event in world.history(journey)}


# ---- notes ----


@hours_pass
def test_working_on_it_begins_the_phase_anew(timed):
    """The steps count from the word; twice, then it climbs whatever is said."""
    world = timed
    journey, handover = world.handover_in("received", urgency="crisis", kind="warm")
    for _ in range(2):
        world.passes(20 * MINUTE)
        note(world, (RECEIVER,), journey, "working-on-it", handover=handover)
        assert abs(world.status(handover=handover)["due"] - world.clock.now_ms - 30 * MINUTE) < MINUTE
    world.passes(20 * MINUTE)
    world.receiver.refused("conflict", "note", journey=journey, handover=handover, code="working-on-it", on=1)
    world.passes(11 * MINUTE)
    steps = [event for event in world.history(journey) if event["event"] in STEPS]
    assert [(step["phase"], step["step"]) for step in steps] == [("pick-up", 1)]


@hours_pass
@pytest.mark.parametrize("by", ["holder", "receiver", "resident"])
def test_who_did_not_come(timed, by):
    """The next step falls due at once where it was the receiver, and nowhere else."""
    world = timed
    journey, handover = world.handover_in("picked-up", urgency="crisis")
    due = world.status(handover=handover)["due"]
    note(world, (HOLDER,), journey, "no-show", handover=handover, by=by)
    world.operator.barrier()
    steps = [event for event in world.history(journey) if event["event"] in STEPS]
    if by == "receiver":
        assert [(step["phase"], step["step"]) for step in steps] == [("arrival", 1)]
        assert world.status(handover=handover)["due"] > due
    else:
        assert steps == [] and world.status(handover=handover)["due"] == due


@hours_pass
def test_who_did_not_come_to_take_it_in_hand(timed):
    """The first meeting was missed by the receiver, before anybody there had received it: a step at once."""
    world = timed
    journey, handover = world.handover_in("delivered", kind="warm")
    note(world, (HOLDER,), journey, "no-show", handover=handover, by="receiver")
    step = next(event for event in world.history(journey) if event["event"] in STEPS)
    assert (step["event"], step["phase"], step["step"]) == ("reminded", "receipt", 1)


def test_twice_not_reached_is_heard_without_coordinators_too(world_at_rest):
    """The network's hear of it where the holder has none."""
    world = world_at_rest
    world.network[HOLDER].keys.pop("coordinator")
    world.network.write()
    world.daemon.start()
    journey, _ = world.offer()
    for _ in range(2):
        note(world, (HOLDER,), journey, "not-reached")
    item = world.inbox(NETWORK, "coordinator").take("noted", journey=journey, code="not-reached", count=2)
    assert "addressees" not in item
    world.inbox(NETWORK, "coordinator").expect_no_item()
    assert world.operator.done("verify")["counts"]["journeys"] == 1


def test_each_party_hears_of_what_the_other_notes(world):
    """With the handover named; without it, it is the holder's own business."""
    journey, handover = world.handover_in("picked-up")
    for organisation in (HOLDER, RECEIVER):
        inbox = world.inbox(organisation)
        inbox.barrier()
        while inbox.items:
            inbox.ack(inbox.items.popleft())
            inbox.barrier()
    note(world, (HOLDER,), journey, "informed")
    note(world, (HOLDER,), journey, "no-show", handover=handover, by="resident")
    item = world.inbox(RECEIVER).take("noted", handover=handover)
    assert (item["code"], item["by"]) == ("no-show", "resident")
    note(world, (RECEIVER,), journey, "missing", handover=handover)
    assert world.inbox(HOLDER).take("noted", handover=handover)["code"] == "missing"
    world.inbox(HOLDER).expect_no_item()
    world.inbox(RECEIVER).expect_no_item()


def test_both_sides_may_owe_an_answer(shared_world):
    """Each answers for itself; the end of the handover ends both."""
    world = shared_world
    journey, handover = world.handover_in("picked-up")
    note(world, (HOLDER,), journey, "question", handover=handover)
    note(world, (RECEIVER,), journey, "missing", handover=handover)
    note(world, (HOLDER,), journey, "answer", handover=handover)
    world.holder.refused("conflict", "note", journey=journey, handover=handover, code="answer", on=now_ms())
    assert world.status(handover=handover)["phase"] == "answer"
    world.holder.fresh("withdraw", handover=handover, reason="better-place")
    assert world.status(journey=journey)["phase"] == "unrouted"
    assert len(world.network_coordinator.done("list", phase="answer")["journeys"]) == 0


def test_no_more_days_than_the_network_allows(shared_world):
    """`next` up to check_in_max_days."""
    world = shared_world
    journey = world.open()
    for code, keys in (("in-touch", {}), ("not-reached", {}), ("tip", {"to": THIRD})):
        world.holder.refused("malformed", "note", field="next", journey=journey, code=code, next=92, on=now_ms(), **keys)
        note(world, (HOLDER,), journey, code, next=91, **keys)


@hours_pass
def test_a_slow_fire_is_kept(timed):
    """The holder chooses how often, and is asked so often from then on."""
    world = timed
    journey, _ = world.handover_in("confirmed")
    note(world, (RECEIVER,), journey, "in-touch", next=10)
    for _ in range(2):
        world.passes_until(world.status(journey=journey)["due"])
        asked = [event for event in world.history(journey) if event["event"] == "check-in-due"][-1]
        assert abs(asked["at"] - asked["since"] - 10 * DAY) < MINUTE
        note(world, (RECEIVER,), journey, "in-touch")


def test_the_holder_keeps_the_resident_itself(shared_world):
    world = shared_world
    journey = world.open()
    assert world.status(journey=journey)["phase"] == "unrouted"
    note(world, (HOLDER,), journey, "in-touch")
    assert world.status(journey=journey)["phase"] == "unrouted"
    note(world, (HOLDER,), journey, "in-touch", next=14)
    status = world.status(journey=journey)
    assert status["phase"] == "held" and abs(status["due"] - now_ms() - 14 * DAY) < HOUR


def test_working_on_it_is_not_without_end(shared_world):
    world = shared_world
    journey, handover = world.handover_in("received")
    for _ in range(2):
        note(world, (RECEIVER,), journey, "working-on-it", handover=handover)
    world.receiver.refused("conflict", "note", journey=journey, handover=handover, code="working-on-it", on=now_ms())
    world.holder.refused("forbidden", "note", journey=journey, handover=handover, code="working-on-it", on=now_ms())


def test_a_question_owes_an_answer(world):
    journey, handover = world.handover_in("picked-up", urgency="crisis")
    note(world, (RECEIVER,), journey, "question", handover=handover)
    inbox = world.inbox(HOLDER)
    inbox.take("received")
    inbox.take("picked-up")
    assert inbox.take("noted", handover=handover)["code"] == "question"
    assert world.status(handover=handover)["phase"] == "answer"
    world.receiver.refused("conflict", "note", journey=journey, handover=handover, code="answer", on=now_ms())
    note(world, (HOLDER,), journey, "answer", handover=handover)
    assert world.status(handover=handover)["phase"] == "arrival"


def test_the_second_not_reached_tells_the_coordinator(world):
    journey = world.open()
    coordinator = world.inbox(HOLDER, "coordinator")
    note(world, (HOLDER,), journey, "not-reached")
    world.holder.barrier()
    coordinator.expect_no_item()
    note(world, (HOLDER,), journey, "not-reached")
    item = coordinator.take("noted", journey=journey)
    assert item["code"] == "not-reached"


def test_a_tip_lets_nobody_go(shared_world):
    world = shared_world
    journey = world.open()
    world.holder.refused("malformed", "note", journey=journey, code="tip", on=now_ms())
    world.holder.refused("unknown", "note", field="to", journey=journey, code="tip", to="nobody", next=7, on=now_ms())
    note(world, (HOLDER,), journey, "tip", to=THIRD, next=7)
    status = world.status(journey=journey)
    assert status["phase"] == "held" and status["holder"]["organisation"] == HOLDER


# ---- urgency ----


def test_who_raises_and_who_lowers(shared_world):
    world = shared_world
    journey, handover = world.handover_in("delivered")
    on = now_ms()
    world.receiver.done("urgency", journey=journey, to="urgent", reason="worse", on=on)
    world.receiver.refused("forbidden", "urgency", journey=journey, to="routine", reason="better", on=on)
    assert world.holder.done("urgency", journey=journey, to="routine", reason="old", on=on - 5)["repeated"]
    world.holder.done("urgency", journey=journey, to="routine", reason="better", on=on + 1)
    assert world.status(handover=handover)["urgency"] == "routine"
    world.third.refused("unknown", "urgency", journey=journey, to="crisis", reason="x", on=on + 2)


@hours_pass
def test_urgency_begins_what_is_waited_for_anew(timed):
    """From now on, under the ladder of the new urgency; the same urgency changes nothing."""
    world = timed
    journey, handover = world.handover_in("received", urgency="routine", kind="warm")
    world.passes(DAY)
    world.receiver.fresh("urgency", journey=journey, to="crisis", reason="worse", on=world.clock.now_ms)
    due = world.status(handover=handover)["due"]
    assert abs(due - world.clock.now_ms - 30 * MINUTE) < MINUTE
    world.passes(10 * MINUTE)
    world.receiver.fresh("urgency", journey=journey, to="crisis", reason="still", on=world.clock.now_ms)
    assert world.status(handover=handover)["due"] == due
    world.passes_until(due)
    step, = [event for event in world.history(journey) if event["event"] in STEPS]
    assert (step["phase"], step["step"]) == ("pick-up", 1)


def test_crisis_ends_waiting_for_who_had_not_picked_up(shared_world):
    world = shared_world
    journey, handover = world.handover_in("waiting")
    world.peer(HOLDER, "coordinator").fresh("urgency", journey=journey, to="crisis", reason="worse", on=now_ms())
    status = world.status(handover=handover)
    assert (status["state"], status["phase"]) == ("received", "pick-up")
    assert abs(status["due"] - now_ms() - 15 * MINUTE) < MINUTE


# ---- claims ----


def test_a_claim_of_the_network_rests_the_ladder(shared_world):
    world = shared_world
    journey, handover = world.handover_in("delivered", urgency="crisis")
    before = world.status(handover=handover)["due"]
    until = now_ms() + 5 * HOUR
    world.network_coordinator.done("claim", handover=handover, person="nora", until=until, on=now_ms())
    status = world.status(handover=handover)
    assert status["claimed"]["person"] == "nora"
    assert status["due"] >= until
    world.network_coordinator.done("claim", handover=handover, person="nora", until=now_ms(), on=now_ms())
    status = world.status(handover=handover)
    assert "claimed" not in status and abs(status["due"] - before) < 60 * 1000
    world.network_coordinator.refused("malformed", "claim", field="until", journey=journey, person="nora",
                                      until=now_ms() + 40 * DAY, on=now_ms())
    world.holder.refused("forbidden", "claim", journey=journey, person="anna", until=until, on=now_ms())
    world.peer(THIRD, "coordinator").refused("unknown", "claim", journey=journey, person="t", until=until, on=now_ms())


# ---- contest ----


def test_contesting_moves_nothing_and_rings(shared_world):
    world = shared_world
    journey, handover = world.handover_in("confirmed")
    world.receiver.refused("forbidden", "contest", handover=handover, reason="not-there")
    answer = world.holder.done("contest", handover=handover, reason="not-there")
    assert answer["state"] == "confirmed"
    status = world.network_coordinator.done("status", journey=journey)
    assert status["holder"]["organisation"] == RECEIVER and status["phase"] == "contested"
    assert world.holder.done("contest", handover=handover, reason="not-there")["repeated"]
    note(world, (RECEIVER,), journey, "in-touch")
    assert world.network_coordinator.done("status", journey=journey)["phase"] == "held"


def test_a_confirmation_after_the_withdrawal_is_contested(shared_world):
    world = shared_world
    journey, handover = world.handover_in("withdrawn")
    keys = dict(handover=handover, begeleider="eva", contact=world.contact())
    world.receiver.refused("conflict", "confirm", **keys)
    world.receiver.refused("conflict", "confirm", **keys)
    names = world.event_names(journey)
    assert names.count("contested") == 1
    status = world.network_coordinator.done("status", journey=journey)
    assert status["holder"]["organisation"] == HOLDER


@hours_pass
def test_contesting_has_its_time(timed):
    """Two weeks; then the holder is rung, or the network."""
    world = timed
    _, handover = world.handover_in("confirmed")
    _, other = world.handover_in("confirmed")
    world.passes(14 * DAY - HOUR)
    world.holder.fresh("contest", handover=handover, reason="not-there")
    world.passes(2 * HOUR)
    world.holder.refused("conflict", "contest", handover=other, reason="not-there")
    world.holder.repeat("contest", handover=handover, reason="not-there")


def test_both_the_new_holder_and_the_network_hear_of_it(world):
    journey, handover = world.handover_in("confirmed")
    for inbox in (world.inbox(RECEIVER), world.inbox(HOLDER)):
        inbox.barrier()
        while inbox.items:
            inbox.ack(inbox.items.popleft())
            inbox.barrier()
    world.holder.fresh("contest", handover=handover, reason="not-there")
    assert world.inbox(RECEIVER).take("contested", handover=handover)["reason"] == "not-there"
    assert world.inbox(NETWORK, "coordinator").take("contested", handover=handover)["journey"] == journey
    world.inbox(HOLDER).expect_no_item()


def test_offering_on_does_not_end_what_is_contested(shared_world):
    """Only the holder's word that it is in touch does."""
    world = shared_world
    journey, handover = world.handover_in("confirmed")
    world.holder.fresh("contest", handover=handover, reason="not-there")
    world.offer(journey, by=RECEIVER, to=THIRD, begeleider="eva")
    assert journey in {entry["journey"]
                       for entry in world.network_coordinator.done("list", phase="contested")["journeys"]}
    note(world, (RECEIVER,), journey, "in-touch")
    assert journey not in {entry["journey"]
                           for entry in world.network_coordinator.done("list", phase="contested")["journeys"]}


def contested_and_offered_on(world):
    """Contested by the holder, and then held by the third. (journey, the contested handover)."""
    journey, handover = world.handover_in("confirmed", urgency="crisis")
    world.holder.fresh("contest", handover=handover, reason="not-there")
    _, second = world.offer(journey, by=RECEIVER, to=THIRD, begeleider="eva", urgency="crisis")
    world.confirm(second, by=THIRD, begeleider="tom")
    return journey, handover


@hours_pass
def test_what_is_contested_is_for_whoever_holds(timed):
    """The hold has moved on: the new holder is waited for, and the earlier ones hear no more of it."""
    world = timed
    journey, handover = contested_and_offered_on(world)
    before = {who: len(world.history(journey, world.peer(who))) for who in (HOLDER, RECEIVER)}
    world.passes(HOUR + MINUTE)
    step = next(event for event in world.history(journey) if event["event"] in STEPS and event["phase"] == "contested")
    assert step["awaits"] == THIRD and "handover" not in step
    for who, count in before.items():
        seen = world.history(journey, world.peer(who))
        assert len(seen) == count and THIRD not in repr([event for event in seen if event.get("handover") == handover])
    for who in (HOLDER, RECEIVER):
        world.inbox(who, "coordinator").expect_no_item()
    note(world, (THIRD,), journey, "in-touch")
    assert journey not in {entry["journey"]
                           for entry in world.network_coordinator.done("list", phase="contested")["journeys"]}


@hours_pass
def test_contested_after_it_was_handed_on(timed):
    """The earlier holder learns nothing of who holds now, and who holds now is waited for."""
    world = timed
    journey, handover = world.handover_in("confirmed", urgency="crisis")
    _, second = world.offer(journey, by=RECEIVER, to=THIRD, begeleider="eva", urgency="crisis")
    world.confirm(second, by=THIRD, begeleider="tom")
    answer = world.holder.fresh("contest", handover=handover, reason="not-there")
    assert answer["holder"]["organisation"] == RECEIVER
    world.passes(HOUR + MINUTE)
    assert [event["awaits"] for event in world.history(journey)
            if event["event"] in STEPS and event["phase"] == "contested"] == [THIRD]
    assert THIRD not in repr(world.history(journey, world.holder))


# ---- list and watch ----


def test_the_list_is_in_order_and_in_pages(world):
    journeys = [world.open(urgency=urgency) for urgency in ("routine", "crisis", "urgent")]
    coordinator = world.network_coordinator
    listed = coordinator.done("list")["journeys"]
    assert [entry["journey"] for entry in listed] == [journeys[1], journeys[2], journeys[0]]
    first = coordinator.done("list", limit=2)
    assert len(first["journeys"]) == 2
    rest = coordinator.done("list", limit=2, after=first["next"])
    assert [entry["journey"] for entry in rest["journeys"]] == [journeys[0]] and rest.get("next") is None
    assert coordinator.done("list", phase="receipt")["journeys"] == []
    assert world.peer(THIRD, "coordinator").done("list")["journeys"] == []
    world.holder.refused("forbidden", "list")


def test_a_list_of_what_there_is_not(shared_world):
    """A slip of the pen does not say that nothing is open."""
    coordinator = shared_world.network_coordinator
    coordinator.refused("malformed", "list", field="state", state="openn")
    coordinator.refused("unknown", "list", field="organisation", organisation="delft-suport")
    for state in ("open", "closing", "closed", "offered", "waiting", "withdrawn"):
        coordinator.done("list", state=state, organisation=HOLDER)


def test_a_receiver_that_repeats_hears_how_it_stands_now(shared_world):
    """It is a party; what has changed since is for it too."""
    world = shared_world
    journey, handover = world.handover_in("delivered")
    said = dict(journey=journey, reason="worse", on=now_ms(), to="urgent")
    world.receiver.fresh("urgency", **said)
    world.holder.fresh("reassign", journey=journey, begeleider="bob", instead_of="anna", reason="ill", on=now_ms())
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    answer = world.receiver.repeat("urgency", **said)
    assert answer["holder"]["begeleider"] == "bob"
    assert answer["due"] == world.status(journey=journey)["due"]


def test_a_page_goes_on_from_where_the_last_one_ended(world):
    """What stood at its end has moved, or is over: nothing between is left out."""
    journeys = [world.open(urgency=urgency) for urgency in ("crisis", "crisis", "urgent", "routine")]
    coordinator = world.network_coordinator
    pages = [coordinator.done("list", limit=count) for count in (1, 2)]
    assert [page["next"] for page in pages] == journeys[:2]
    world.holder.fresh("urgency", journey=journeys[1], to="routine", reason="calm", on=now_ms())
    listed = [entry["journey"] for entry in coordinator.done("list", after=journeys[1])["journeys"]]
    assert listed == [journeys[2], journeys[1], journeys[3]]
    world.holder.fresh("close", journey=journeys[0], begeleider="anna", outcome="deceased")
    listed = [entry["journey"] for entry in coordinator.done("list", after=journeys[0])["journeys"]]
    assert listed == [journeys[2], journeys[1], journeys[3]]
    another = world.session(NETWORK, "coordinator", instance="another")
    another.refused("conflict", "list", field="after", after=journeys[0])
    assert [entry["journey"] for entry in another.done("list", after=journeys[1])["journeys"]] == [journeys[3]]
    for after in journeys[1:]:  # many more pages than are remembered
        for _ in range(3):
            coordinator.done("list", limit=1, after=after)


def test_watching_shows_what_is_open_and_then_each_change(world):
    journey = world.open()
    watcher = world.session(NETWORK, "coordinator", instance="watcher")
    watcher.done("watch", **{"from": 0})
    seen = [watcher.receive() for _ in range(2)]
    assert seen[0].type == "journey" and seen[0]["journey"] == journey
    assert seen[1].type == "live"
    world.offer(journey)
    names = []
    while "offered" not in names:
        event = watcher.receive()
        assert event.type == "event"
        names.append(event["event"])
