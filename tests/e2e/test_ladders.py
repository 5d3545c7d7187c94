"""Ladders: when nobody acts, somebody hears of it, then somebody else, and it never goes quiet."""

import itertools

import pytest

from clock import moment
from network import Key
from peer import Deadline, fresh_uuid
from world import DAY_MS, HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD

MINUTE_MS = 60_000
STEPS = ("reminded", "escalated", "check-in-due")
NIGHT_MS = 12 * HOUR_MS

# Sessions that were left are over a minute later.
pytestmark = pytest.mark.network(limits={"heartbeat": "20s"})

TELEPHONES = {HOLDER: "015-1111111", RECEIVER: "015-2222222", NETWORK: "14015"}


def steps_of(world, journey):
    """The steps of its ladders, as its history has them."""
    return [event for event in world.history(journey) if event["event"] in STEPS]


def climb(world, journey, phase, count):
    """Lets the time pass to one step after another, until so many of that phase were taken."""
    found = []
    while len(found) < count:
        due = world.status(journey=journey)["due"]
        assert due > world.clock.now_ms - MINUTE_MS, f"it is overdue: {due}"
        world.passes_until(due)
        found = [step for step in steps_of(world, journey) if step["phase"] == phase]
    return found


def waiting(world, organisation, role):
    """The items that its inbox is owed now, acknowledged."""
    inbox = world.inbox(organisation, role)
    inbox.barrier()
    items = []
    while inbox.items:
        items.append(inbox.items.popleft())
        inbox.ack(items[-1])
        inbox.barrier()
    return items


def addressees(step):
    return [(one["organisation"], one["role"]) for one in step.get("addressees", [])]


# ---- whom each phase reaches, and when ----


def opened(world, **keys):
    return world.open(**keys)


def offered(world, **keys):
    return world.offer(**keys)[0]


def handover_in(state):
    return lambda world, **keys: world.handover_in(state, **keys)[0]


def closing(world, **keys):
    journey = world.open(**keys)
    world.holder.fresh("close", journey=journey, begeleider="anna", outcome="no-response", no_talk="not-found")
    return journey


def contested(world, **keys):
    journey, handover = world.handover_in("confirmed", **keys)
    world.holder.fresh("contest", handover=handover, reason="not-there")
    return journey


def asked(world, **keys):
    journey, handover = world.handover_in("received", **keys)
    world.receiver.fresh("note", journey=journey, handover=handover, code="question", on=world.clock.now_ms)
    return journey


def held(world, **keys):
    """Confirmed, and the check-in is due."""
    journey, _ = world.handover_in("confirmed", **keys)
    world.passes_until(world.status(journey=journey)["due"])
    return journey


ENDPOINT, COORDINATOR, OPERATORS = "endpoint", "coordinator", (NETWORK, "operator")
H, M = HOUR_MS, MINUTE_MS
# phase: how it comes about, who must act, whom the first step tells, steps and repeat in a crisis, warm and cold
PHASES = {
    "unrouted": (opened, HOLDER, [(HOLDER, ENDPOINT)], {"warm": (1 * H, 2 * H, 4 * H, 4 * H)}),
    "delivery": (offered, RECEIVER, [(HOLDER, ENDPOINT), OPERATORS], {"warm": (2 * M, 15 * M, 30 * M, 30 * M)}),
    "receipt": (offered, RECEIVER, [(RECEIVER, ENDPOINT)],
                {"warm": (15 * M, 30 * M, 60 * M, 30 * M), "cold": (8 * M, 15 * M, 30 * M, 15 * M)}),
    "pick-up": (handover_in("received"), RECEIVER, [(RECEIVER, ENDPOINT)],
                {"warm": (30 * M, 60 * M, 120 * M, 60 * M), "cold": (15 * M, 30 * M, 60 * M, 30 * M)}),
    "arrival": (handover_in("picked-up"), RECEIVER, [(RECEIVER, ENDPOINT)],
                {"warm": (4 * H, 8 * H, 24 * H, 8 * H), "cold": (4 * H, 8 * H, 24 * H, 8 * H)}),
    "answer": (asked, HOLDER, [(HOLDER, ENDPOINT)],
               {"warm": (15 * M, 30 * M, 60 * M, 30 * M), "cold": (8 * M, 15 * M, 30 * M, 15 * M)}),
}
CRISES = [(phase, kind) for phase, row in PHASES.items() for kind in row[3]]


@pytest.mark.parametrize("phase, kind", CRISES)
def test_a_crisis_climbs_to_the_minute(timed, phase, kind):
    """Who must act, their coordinator, the network's, and the network's again and again."""
    world = timed
    make, awaits, first, by_kind = PHASES[phase]
    *after, every = by_kind[kind]
    began = world.clock.now_ms
    journey = make(world, urgency="crisis", **({} if make is opened else {"kind": kind}))
    steps = climb(world, journey, phase, 5)[:5]
    assert [step["step"] for step in steps] == [1, 2, 3, 3, 3]
    assert [step["event"] for step in steps] == ["reminded"] + ["escalated"] * 4
    assert [addressees(step) for step in steps] == [first, [(awaits, COORDINATOR)]] + [[(NETWORK, COORDINATOR)]] * 3
    assert {step["awaits"] for step in steps} == {awaits}
    since = steps[0]["since"]
    assert 0 <= since - began < 30_000
    late = [step["at"] - since - wanted for step, wanted in zip(steps, after)]
    late += [later["at"] - earlier["at"] - every for earlier, later in itertools.pairwise(steps[2:])]
    assert all(0 <= ms < MINUTE_MS for ms in late), f"{phase} {kind}: late by {late} ms"
    assert all(step["due"] > step["at"] for step in steps)


OFFICE = {  # phase: steps and repeat in office time, urgent and routine
    "unrouted": {"urgent": "1d 2d 4d", "routine": "5d 10d 15d"},
    "receipt": {"urgent": "4h 1d 2d", "routine": "2d 4d 6d"},
    "pick-up": {"urgent": "1d 2d 3d", "routine": "3d 5d 8d"},
    "arrival": {"urgent": "2d 4d 6d", "routine": "10d 15d 20d"},
    "answer": {"urgent": "4h 1d 2d", "routine": "2d 4d 6d"},
}


def latest(step):
    """The ceiling of a step on the wall clock."""
    number = int(step[:-1])
    return (2 * number + 4) * DAY_MS if step.endswith("d") else (number + 96) * HOUR_MS


@pytest.mark.parametrize("urgency", ["urgent", "routine"])
@pytest.mark.parametrize("phase", OFFICE)
def test_office_time_has_a_ceiling(timed, phase, urgency):
    """The same steps, and none later than opening hours may make it."""
    world = timed
    make, awaits, first, _ = PHASES[phase]
    journey = make(world, urgency=urgency, **({} if make is opened else {"kind": "warm"}))
    steps = climb(world, journey, phase, 4)[:4]
    assert [step["step"] for step in steps] == [1, 2, 3, 3]
    assert [addressees(step) for step in steps] == [first, [(awaits, COORDINATOR)]] + [[(NETWORK, COORDINATOR)]] * 2
    for step, after in zip(steps, OFFICE[phase][urgency].split()):
        assert HOUR_MS < step["at"] - step["since"] <= latest(after) + MINUTE_MS, f"{after}: {step}"


@pytest.mark.parametrize("make, phase", [(closing, "closing"), (contested, "contested")])
def test_closings_and_contested_ones_are_the_networks(timed, make, phase):
    """Its coordinators hear from the first step on, and again and again."""
    world = timed
    journey = make(world, urgency="crisis")
    steps = climb(world, journey, phase, 3)[:3]
    assert [addressees(step) for step in steps] == [[(NETWORK, COORDINATOR)]] * 3
    assert 0 <= steps[0]["at"] - steps[0]["since"] - HOUR_MS < MINUTE_MS
    assert all(0 <= later["at"] - earlier["at"] - 4 * HOUR_MS < MINUTE_MS
               for earlier, later in itertools.pairwise(steps))


def test_a_check_in_that_nobody_answers_climbs(timed):
    """The holder is asked each day of a crisis, and *unrouted* is climbed from the asking on."""
    world = timed
    journey, _ = world.handover_in("confirmed", urgency="crisis")
    steps = climb(world, journey, "held", 4)[:4]
    assert [(step["event"], step["step"]) for step in steps] == [
        ("check-in-due", 0), ("reminded", 1), ("escalated", 2), ("escalated", 3)]
    assert 0 <= steps[0]["at"] - steps[0]["since"] - DAY_MS < MINUTE_MS
    assert [addressees(step) for step in steps] == [
        [(RECEIVER, ENDPOINT)], [(RECEIVER, ENDPOINT)], [(RECEIVER, COORDINATOR)], [(NETWORK, COORDINATOR)]]
    asked_at = steps[0]["at"]
    assert all(0 <= step["at"] - asked_at - after < MINUTE_MS
               for step, after in zip(steps[1:], (HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS)))
    world.receiver.fresh("note", journey=journey, code="in-touch", next=3, on=world.clock.now_ms)
    status = world.status(journey=journey)
    assert status["phase"] == "held" and 0 <= status["due"] - world.clock.now_ms - 3 * DAY_MS + 1000 < 2000


@pytest.mark.parametrize("urgency, days", [("urgent", 7), ("routine", 28)])
def test_who_waits_is_kept_in_touch_with(timed, urgency, days):
    """The receiver rests until `expected`, the holder is asked meanwhile, and then the receiver climbs pick-up."""
    world = timed
    journey, handover = world.handover_in("received", urgency=urgency)
    expected = world.clock.now_ms + (days + 1) * DAY_MS
    world.receiver.fresh("wait", handover=handover, begeleider="eva", reason="full", expected=expected)
    check_in = climb(world, journey, "waiting", 1)[0]
    assert (check_in["event"], addressees(check_in)) == ("check-in-due", [(HOLDER, ENDPOINT)])
    assert 0 <= check_in["at"] - check_in["since"] - days * DAY_MS < MINUTE_MS
    world.holder.fresh("note", journey=journey, code="in-touch", on=world.clock.now_ms)
    step = climb(world, journey, "pick-up", 1)[0]
    assert step["since"] == expected and addressees(step) == [(RECEIVER, ENDPOINT)]


def test_items_say_whom_to_ring(timed):
    """Who a step is for hears what waits, since when, and the telephone; of one that climbs both parties hear."""
    world = timed
    journey, handover = world.offer(urgency="crisis", kind="warm")
    world.passes(15 * MINUTE_MS + 1000)
    world.passes(15 * MINUTE_MS)
    by_inbox = {(organisation, role): [item for item in waiting(world, organisation, role) if item["event"] in STEPS]
                for organisation, role in [(HOLDER, ENDPOINT), (RECEIVER, ENDPOINT), (RECEIVER, COORDINATOR),
                                           (HOLDER, COORDINATOR), (NETWORK, COORDINATOR), OPERATORS, (THIRD, ENDPOINT)]}
    told = {inbox: sorted((item["phase"], item["step"]) for item in items) for inbox, items in by_inbox.items()}
    assert told == {
        (HOLDER, ENDPOINT): [("delivery", 1), ("delivery", 2), ("delivery", 3), ("receipt", 2)],
        (RECEIVER, ENDPOINT): [("delivery", 2), ("delivery", 3), ("receipt", 1), ("receipt", 2)],
        (RECEIVER, COORDINATOR): [("delivery", 2), ("receipt", 2)],
        (HOLDER, COORDINATOR): [],
        (NETWORK, COORDINATOR): [("delivery", 3)],
        OPERATORS: [("delivery", 1)],
        (THIRD, ENDPOINT): [],
    }
    for items in by_inbox.values():
        for item in items:
            assert (item["journey"], item["handover"], item["awaits"]) == (journey, handover, RECEIVER)
            assert item["telephone"] == TELEPHONES[RECEIVER] and item["since"] < item["due"]
            assert not {"addressees", "reached", "resident"} & set(item.envelope)


# ---- nobody is reached ----


def without(world, organisation, *labels):
    for label in labels:
        world.network[organisation].keys.pop(label)
    world.network.write()


def test_a_step_that_reaches_nobody_is_passed_over_at_once(timed_at_rest):
    """It is recorded, and the next falls due in the same moment."""
    world = timed_at_rest
    without(world, RECEIVER, "coordinator")
    world.daemon.start()
    journey = offered(world, urgency="crisis", kind="warm")
    steps = climb(world, journey, "receipt", 3)
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert "reached" not in steps[0]
    assert steps[1]["reached"] is False and "addressees" not in steps[1]
    assert "reached" not in steps[2] and addressees(steps[2]) == [(NETWORK, COORDINATOR)]
    assert steps[1]["at"] == steps[2]["at"] == steps[1]["due"]
    steps = climb(world, journey, "receipt", 4)
    assert 0 <= steps[3]["at"] - steps[2]["at"] - 30 * MINUTE_MS < MINUTE_MS


def ladder(world, text, name="own"):
    folder = world.network.directory / "ladders"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.conf").write_text(text)


def test_the_last_step_to_nobody_is_an_alert_and_rings_on_when_a_key_comes(timed_at_rest):
    """It keeps its interval, whatever it reaches."""
    world = timed_at_rest
    without(world, RECEIVER, "coordinator")
    ladder(world, "[ladder receipt]\nurgency = crisis\nkind = cold\nstep = 10M coordinator\nevery = 20M\n")
    world.daemon.start()
    journey = offered(world, urgency="crisis", kind="cold")
    steps = climb(world, journey, "receipt", 2)
    assert [(step["step"], step["reached"]) for step in steps] == [(1, False)] * 2
    assert 0 <= steps[1]["at"] - steps[0]["at"] - 20 * MINUTE_MS < MINUTE_MS
    assert world.daemon.said().count(f"journey {journey} waits for {RECEIVER} (receipt)") == 2
    world.network[RECEIVER].keys["coordinator"] = Key.fresh("coordinator")
    world.network.write()
    world.operator.done("reload")
    steps = climb(world, journey, "receipt", 3)
    assert addressees(steps[2]) == [(RECEIVER, COORDINATOR)] and "reached" not in steps[2]
    assert world.inbox(RECEIVER, COORDINATOR).expect_item("escalated", journey=journey)["step"] == 1
    assert world.daemon.said().count(f"journey {journey} waits for {RECEIVER} (receipt)") == 2


# ---- told ----


def test_told_is_recorded_when_it_was_acknowledged_and_not_before(timed):
    """Sent is not told: `status` and the history say who knows."""
    world = timed
    journey, handover = world.handover_in("delivered", urgency="crisis", kind="warm")
    world.passes_until(world.status(handover=handover)["due"])
    inbox = world.inbox(RECEIVER)
    item = inbox.expect_item("reminded", journey=journey)
    assert "told" not in world.status(handover=handover)
    assert "told" not in [event["event"] for event in world.history(journey)]
    inbox.ack(item)
    status = world.status(handover=handover)
    assert [(told["organisation"], told["role"]) for told in status["told"]] == [(RECEIVER, ENDPOINT)]
    told = next(event for event in world.history(journey) if event["event"] == "told")
    assert told["of"] == item["seq"] and told["organisation"] == RECEIVER
    assert status["told"][0]["at"] == told["at"]
    world.restart()
    assert world.status(handover=handover)["told"] == status["told"]
    world.inbox(RECEIVER).repeat("ack", item=item["item"])
    assert [event["event"] for event in world.history(journey)].count("told") == 1


# ---- reloads ----

QUICK = "[ladder receipt]\nurgency = crisis\nkind = cold\nstep = 3M coordinator\nstep = 5M network\nevery = 7M\n"
SLOW = QUICK.replace("3M", "40M").replace("5M", "50M").replace("7M", "60M")


@pytest.mark.parametrize("killed", [False, True], ids=["runs on", "killed"])
def test_a_phase_stays_on_the_ladder_that_it_began_with(timed_at_rest, killed):
    """A reload moves no deadline, across a kill too; what begins afterwards climbs the new one."""
    world = timed_at_rest
    ladder(world, QUICK)
    world.daemon.start()
    old = world.handover_in("delivered", urgency="crisis")[0]
    due = world.status(journey=old)["due"]
    ladder(world, SLOW)
    world.operator.done("reload")
    new = world.handover_in("delivered", urgency="crisis")[0]
    assert world.status(journey=old)["due"] == due
    if killed:
        world.restart()
    steps = climb(world, old, "receipt", 3)
    assert [step["step"] for step in steps] == [1, 2, 2]
    assert 0 <= steps[1]["at"] - steps[1]["since"] - 5 * MINUTE_MS < MINUTE_MS
    assert 0 <= steps[2]["at"] - steps[1]["at"] - 7 * MINUTE_MS < MINUTE_MS
    steps = climb(world, new, "receipt", 2)
    assert [step["at"] - step["since"] for step in steps] == pytest.approx([40 * MINUTE_MS, 50 * MINUTE_MS], abs=60_000)


def test_a_route_has_a_ladder_of_its_own(timed_at_rest):
    """What the files say of a route counts for that route alone."""
    world = timed_at_rest
    ladder(world, QUICK.replace("kind = cold", f"kind = cold\nfrom = {HOLDER}\nto = {RECEIVER}"))
    world.daemon.start()
    on_it = world.handover_in("delivered", urgency="crisis")[0]
    other = world.handover_in("delivered", urgency="crisis", to=THIRD)[0]
    began = world.clock.now_ms
    assert abs(world.status(journey=on_it)["due"] - began - 3 * MINUTE_MS) < MINUTE_MS
    assert abs(world.status(journey=other)["due"] - began - 8 * MINUTE_MS) < MINUTE_MS


# ---- it never goes quiet ----


def test_it_keeps_ringing_across_a_kill_a_night_a_holiday_and_a_doubtful_clock(timed):
    """The one that nobody picks up: it climbs to the network's coordinator, and whatever happens it rings again."""
    world = timed
    journey, handover = world.offer(kind="cold", urgency="crisis")
    climb(world, journey, "receipt", 3)

    def rings(why):
        items = [item for item in waiting(world, NETWORK, COORDINATOR) if item["journey"] == journey]
        assert any(item["phase"] == "receipt" and item["step"] == 3 for item in items), f"quiet {why}: {items}"

    rings("at the last step")
    world.restart()
    world.passes_until(world.status(journey=journey)["due"])
    rings("after a kill")
    world.forget_peers()
    world.daemon.kill()
    world.clock.runs(NIGHT_MS)
    world.daemon.start()
    rings("after a night")
    world.passes_until(moment("2026-12-25T10:00"))
    waiting(world, NETWORK, COORDINATOR)
    world.passes(30 * MINUTE_MS)
    rings("at Christmas")
    world.clock.jumps(-DAY_MS)
    world.look()
    world.passes(30 * MINUTE_MS)
    rings("while the clock is doubted")
    world.clock.jumps(DAY_MS)
    world.look()
    world.passes(30 * MINUTE_MS)
    rings("when it is right again")
    assert world.status(handover=handover)["state"] == "offered"
    assert world.holder_of(journey) == (HOLDER, "anna")


def test_an_offer_that_nobody_takes_climbs_by_itself(world_at_rest):
    """With short days and no hand on the clock: nobody has to say anything for it to ring, over a kill -9."""
    world = world_at_rest
    world.network.testing["day_length"] = "12s"  # an hour is half a second
    world.network.write()
    world.daemon.start()
    _, handover = world.offer(kind="cold", urgency="crisis")
    inbox = world.inbox(RECEIVER, "coordinator")
    first = inbox.expect_item("escalated", handover=handover)
    assert first["step"] == 2 and first["awaits"] == RECEIVER and first["telephone"] == TELEPHONES[RECEIVER]
    network = world.inbox(NETWORK, "coordinator")
    assert [network.take("escalated", handover=handover)["step"] for _ in range(3)] == [3] * 3
    world.restart()
    network = world.inbox(NETWORK, "coordinator")
    assert [network.take("escalated", handover=handover)["step"] for _ in range(2)] == [3] * 2
    told = world.status(handover=handover)["told"]
    assert {"organisation": NETWORK, "role": "coordinator"} == {key: told[0][key] for key in ("organisation", "role")}


def test_a_night_without_a_broker(timed):
    """What fell due meanwhile fires once each, oldest first; missed repeats are one."""
    world = timed
    journeys = []
    for urgency, kind in [("crisis", "warm"), ("urgent", "cold"), ("crisis", "cold"), ("routine", "cold")]:
        journeys.append(world.offer(urgency=urgency, kind=kind)[0])
    world.forget_peers()
    world.daemon.stop()
    world.clock.runs(NIGHT_MS)
    world.daemon.start()
    world.look()
    fired = sorted((event for journey in journeys for event in steps_of(world, journey)), key=lambda event: event["seq"])
    counts = {}
    for event in fired:
        key = (event["journey"], event["phase"], event["step"])
        counts[key] = counts.get(key, 0) + 1
    assert set(counts.values()) == {1}, counts
    for journey in (journeys[0], journeys[2]):
        assert {step for of, _, step in counts if of == journey} == {1, 2, 3}
    assert [step for of, phase, step in counts if of == journeys[1] and phase == "delivery"] == [1, 2]
    for journey in journeys:
        assert world.status(journey=journey)["due"] > world.clock.now_ms - MINUTE_MS
    # oldest first: by when each had been due
    crisis = {"delivery": (2, 15, 30), "receipt": {"warm": (15, 30, 60), "cold": (8, 15, 30)}}
    due = []
    for event in fired:
        if event["journey"] not in (journeys[0], journeys[2]):
            continue
        row = crisis[event["phase"]]
        row = row if isinstance(row, tuple) else row["warm" if event["journey"] == journeys[0] else "cold"]
        due.append((event["since"] + row[event["step"] - 1] * MINUTE_MS, event["seq"]))
    assert due == sorted(due), due
    before = len(fired)
    world.restart()
    world.look()
    assert sum(len(steps_of(world, journey)) for journey in journeys) == before


def test_many_due_at_once_leave_the_others_answered(timed):
    """A few thousand steps in one night: all of them fire, and who asks meanwhile is answered in between."""
    world = timed
    peer = world.session(HOLDER)
    journeys = [fresh_uuid() for _ in range(1500)]

    def command(journey):
        return {"type": "open", "request": journey, "journey": journey, "resident": "r1." + "A" * 43,
                "begeleider": "anna", "basis": "public-task", "urgency": "crisis"}

    for journey in journeys:
        peer.send(command(journey))
    for journey in journeys:
        assert peer.answer(journey, 60).type == "done"
    world.forget_peers()
    peer = world.connect(HOLDER)
    assert peer.ask("map").get("code") == "no-session"  # it is connected
    world.clock.runs(5 * HOUR_MS)
    one_more = fresh_uuid()
    peer.hello()  # the first that the broker hears of the time, and the first steps
    peer.send(command(one_more))
    answered = peer.answer(one_more, 60)["seq"]
    deadline, fired = Deadline(60), 0
    while fired < 3 * len(journeys):
        assert not deadline.passed, f"{fired} of {3 * len(journeys)} steps fired"
        fired = world.operator.done("stats")["stats"]["houvast_ladder_steps_fired_total"]
    assert fired == 3 * len(journeys)
    fired_last = max(step["seq"] for step in steps_of(world, journeys[-1]))
    assert answered < fired_last, "all the steps came first"


# ---- office time ----


def test_a_deadline_lies_behind_the_closed_days(timed_at_rest):
    """From Thursday before Christmas, urgent: a day later is the close of Monday, over two holidays and a Sunday."""
    world = timed_at_rest
    world.clock.jumps_to(moment("2026-12-24T15:00"))
    world.daemon.start()
    journey = world.open(urgency="urgent")
    assert world.status(journey=journey)["due"] == moment("2026-12-28T17:00")
    _, handover = world.offer(journey, urgency="urgent", kind="warm")
    answer = world.receiver.fresh("receive", handover=handover, begeleider="eva")
    assert answer["due"] == moment("2026-12-28T17:00")
    world.holder.fresh("withdraw", handover=handover, reason="better-place")
    _, handover = world.offer(journey, urgency="urgent", kind="warm")
    world.deliver(handover)
    # four open hours: two on Thursday, two from half past eight on Monday
    assert world.status(handover=handover)["due"] - moment("2026-12-28T10:30") < MINUTE_MS
    assert world.status(handover=handover)["due"] >= moment("2026-12-28T10:30")


def test_office_time_is_that_of_whom_the_step_addresses(timed_at_rest):
    """A team that opens on Wednesdays alone is reminded on a Wednesday; its ceiling holds where that is too late."""
    world = timed_at_rest
    world.network[RECEIVER].hours["opening"] = "wed 09:00-12:00"
    world.network.write()
    world.clock.jumps_to(moment("2026-11-27T10:00"))  # a Friday
    world.daemon.start()
    journey, handover = world.handover_in("received", urgency="urgent", kind="warm")
    assert world.status(handover=handover)["due"] == moment("2026-12-02T12:00")  # 1d, on the next open day
    steps = climb(world, journey, "pick-up", 2)
    assert addressees(steps[1]) == [(RECEIVER, COORDINATOR)]
    # 2d would be the Wednesday after: 2 * 2 + 4 days after it began is sooner
    assert abs(steps[1]["at"] - steps[1]["since"] - 8 * DAY_MS) < MINUTE_MS
    assert world.status(handover=handover)["due"] < moment("2026-12-09T12:00")


def test_who_never_opens_is_refused(timed):
    """A calendar that would park residents for ever does not come in force."""
    world = timed
    world.network[RECEIVER].hours["closed"] = "2020-01-01..2100-01-01"
    world.network.write()
    answer = world.operator.refused("conflict", "reload")
    assert f"{RECEIVER}.conf:" in answer["reason"], answer


@pytest.mark.parametrize("text, line, words", [
    ("[ladder receipt]\nstep = 2H responsible\nstep = 1H network\nevery = 1H\n", 3, "put them in order"),
    ("[ladder receipt]\nstep = 2H responsible\n", 1, "does not repeat"),
    ("[ladder receipt]\nevery = 2H\n", 1, "has no step"),
    ("[ladder receipt]\nstep = 2H nobody\nevery = 1H\n", 2, "nobody that a step tells"),
    ("[ladder receipt]\nstep = 2H coordinator@elsewhere\nevery = 1H\n", 2, "elsewhere"),
    ("[ladder receipt]\nstep = 2H operator@werkse\nevery = 1H\n", 2, "no key of werkse has that role"),
    ("[ladder receipt]\nto = elsewhere\nstep = 2H network\nevery = 1H\n", 2, "there is no such organisation"),
    ("[ladder waiting]\nurgency = crisis\nevery = 1D\n", 2, "nobody in crisis waits"),
    ("[ladder reception]\nstep = 2H network\nevery = 1H\n", 1, "names no phase"),
])
def test_a_ladder_that_would_fall_silent_is_refused(shared_world, text, line, words):
    """With file, line and mend; the old ones stay in force, for those who climb and those who begin."""
    world = shared_world
    before = world.open(urgency="crisis")
    due = world.status(journey=before)["due"]
    ladder(world, text)
    try:
        answer = world.operator.refused("conflict", "reload")
        assert f"ladders/own.conf:{line}: " in answer["reason"] and words in answer["reason"], answer
    finally:
        (world.network.directory / "ladders" / "own.conf").unlink()
    world.operator.done("reload")
    assert world.status(journey=before)["due"] == due


def test_an_offer_says_by_when(timed):
    """`due` of the item is that of the answer to the offer: when the first step of its ladders falls."""
    world = timed
    journey, handover = world.open(), fresh_uuid()
    answer = world.holder.fresh("offer", journey=journey, handover=handover, to=RECEIVER, kind="cold", urgency="urgent",
                                begeleider="anna")
    assert world.deliver(handover)["due"] == answer["due"] > world.clock.now_ms
