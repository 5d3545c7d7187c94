"""Measures: what `stats` says of a scripted life is what happened in it."""

import re

import pytest

from peer import fresh_resident, fresh_uuid, now_ms
from world import DAY_MS, HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD

MINUTE_MS = 60_000
WIDTH = 1 / 8  # of a bucket, eight for each doubling

pytestmark = pytest.mark.network(limits={"heartbeat": "20s"}, policies={"quiet_after": "31D", "quiet_after_crisis": "31D"})


def measures(world, peer=None):
    """{name: {labels: value}} of all that is measured per route or organisation; not of the broker itself."""
    found = {}
    for name, value in (peer or world.operator).done("stats")["stats"].items():
        match = re.fullmatch(r"(\w+)\{(.*)\}", name)
        if match and not match[1].endswith(("_bucket", "_listening")):
            labels = frozenset(re.findall(r'(\w+)="([^"]*)"', match[2]))
            assert labels not in found.setdefault(match[1], {}), name
            found[match[1]][labels] = value
    return found


def of(found, name, **labels):
    """The one value of these labels."""
    return found.get(name, {}).get(frozenset(labels.items()))


def route(sender=HOLDER, receiver=RECEIVER):
    return {"from": sender, "to": receiver}


def seconds(found, stage, quantile="0.5", **on):
    return of(found, "houvast_handover_seconds", stage=stage, quantile=quantile, **(on or route()))


def about(got, ms):
    """In the bucket of that time, which ends no more than an eighth later."""
    assert got is not None and ms / 1000 - 1 <= got <= (ms + MINUTE_MS / 6) / 1000 * (1 + WIDTH), f"{got} s, expected {ms} ms"


def test_nothing_is_measured_of_nothing(timed):
    """Opening and asking leave no measure behind."""
    timed.open()
    assert measures(timed) == {}
    timed.holder.refused("forbidden", "stats")
    assert measures(timed, timed.network_coordinator) == {}


def test_how_long_each_stage_took(timed):
    """Delivery, receipt, pick-up and arrival, each from the offer on; of another route nothing."""
    world = timed
    _, handover = world.offer()
    world.passes(2 * MINUTE_MS)
    world.deliver(handover)
    world.passes(HOUR_MS)
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    world.passes(DAY_MS)
    world.receiver.fresh("pickup", handover=handover, begeleider="eva")
    world.receiver.fresh("pickup", handover=handover, begeleider="eva", planned=world.clock.now_ms + DAY_MS)
    world.passes(2 * DAY_MS)
    world.receiver.fresh("pickup", handover=handover, begeleider="eva", planned=world.clock.now_ms + HOUR_MS)
    world.receiver.fresh("confirm", handover=handover, begeleider="eva",
                         contact={"on": world.clock.now_ms, "how": "visited", "with": "resident"})
    found = measures(world)
    after = {"delivery": 2 * MINUTE_MS, "receipt": 62 * MINUTE_MS, "pick-up": 62 * MINUTE_MS + DAY_MS,
             "arrival": 62 * MINUTE_MS + 3 * DAY_MS}
    for stage, ms in after.items():
        for quantile in ("0.5", "0.9", "0.99"):
            about(seconds(found, stage, quantile), ms)
    assert {dict(labels)["to"] for labels in found["houvast_handover_seconds"]} == {RECEIVER}
    assert of(found, "houvast_handovers_ended_total", end="confirmed", reason="", **route()) == 1
    held = of(found, "houvast_held_for_another_seconds_total", **route())
    assert held * 1000 == pytest.approx(62 * MINUTE_MS + 3 * DAY_MS, abs=MINUTE_MS)


def test_median_and_tail(timed):
    """Of twenty, one that took ten times as long is the last percentile and no other."""
    world = timed
    slow = world.offer()[1]
    quick = [world.offer()[1] for _ in range(19)]
    world.passes(HOUR_MS)
    for handover in quick:
        world.receiver.fresh("receive", handover=handover, begeleider="eva")
    world.passes(9 * HOUR_MS)
    world.receiver.fresh("receive", handover=slow, begeleider="eva")
    found = measures(world)
    about(seconds(found, "receipt", "0.5"), HOUR_MS)
    about(seconds(found, "receipt", "0.9"), HOUR_MS)
    about(seconds(found, "receipt", "0.99"), 10 * HOUR_MS)


def test_how_they_ended(timed):
    """By reason and by whose decision; withdrawn by reason; contested; each on its route."""
    world = timed
    for reason, decided, times in (("full", "receiver", 2), ("full", "resident", 1), ("no-referral", "rule", 1)):
        for _ in range(times):
            _, handover = world.offer()
            world.receiver.fresh("decline", handover=handover, reason=reason, decided=decided)
    world.handover_in("withdrawn")
    journey, _ = world.offer(to=THIRD)
    world.holder.fresh("close", journey=journey, begeleider="anna", outcome="deceased")
    for _ in range(2):
        _, handover = world.handover_in("confirmed")
    world.holder.fresh("contest", handover=handover, reason="not-there")
    world.holder.repeat("contest", handover=handover, reason="not-there")
    found = measures(world)
    ended = {tuple(dict(labels).get(key) for key in ("end", "from", "to", "decided", "reason")): value
             for labels, value in found["houvast_handovers_ended_total"].items()}
    assert ended == {
        ("declined", HOLDER, RECEIVER, "receiver", "full"): 2,
        ("declined", HOLDER, RECEIVER, "resident", "full"): 1,
        ("declined", HOLDER, RECEIVER, "rule", "no-referral"): 1,
        ("withdrawn", HOLDER, RECEIVER, None, "entered-in-error"): 1,
        ("withdrawn", HOLDER, THIRD, None, "deceased"): 1,
        ("confirmed", HOLDER, RECEIVER, None, ""): 2,
    }
    assert of(found, "houvast_handovers_contested_total", **route()) == 1
    world.restart()
    assert measures(world) == found, "a kill forgets none of it"


def test_steps_are_counted_where_they_were_climbed(timed):
    """By phase and by who holds and who is waited for."""
    world = timed
    world.open(urgency="crisis")
    world.handover_in("delivered", urgency="crisis", kind="warm")
    world.passes(HOUR_MS + MINUTE_MS)
    world.passes(HOUR_MS)
    found = measures(world)
    steps = {tuple(dict(labels)[key] for key in ("phase", "from", "to")): value
             for labels, value in found["houvast_ladder_steps_total"].items()}
    # unrouted at 1H and 2H; receipt at 15M, 30M and 60M in one go, then one repeat
    assert steps == {("unrouted", HOLDER, HOLDER): 2, ("receipt", HOLDER, RECEIVER): 4}


def test_hops_of_a_journey(timed):
    """How often the hold moved before it was closed."""
    world = timed
    world.journey_in("closed")
    journey, _ = world.handover_in("confirmed")
    _, handover = world.offer(journey, by=RECEIVER, to=THIRD, begeleider="eva")
    world.confirm(handover, by=THIRD, begeleider="wim")
    world.third.fresh("close", journey=journey, begeleider="wim", outcome="deceased")
    journey, _ = world.handover_in("declined")
    world.holder.fresh("close", journey=journey, begeleider="anna", outcome="deceased")
    found = measures(world)["houvast_journeys_closed_total"]
    assert {(dict(labels)["organisation"], dict(labels)["hops"]): value for labels, value in found.items()} == {
        (HOLDER, "0"): 2, (THIRD, "2"): 1}


def test_days_without_a_deputy(timed):
    """As far as they have passed, of those alone who hold somebody; what is taken back does not count."""
    world = timed
    world.open(begeleider="anna")
    now = world.clock.now_ms
    away = {"from": now, "until": now + 4 * HOUR_MS, "on": now}
    world.holder.fresh("absent", begeleider="anna", **away)
    world.holder.fresh("absent", begeleider="nobody-yet", **away)
    world.holder.fresh("absent", begeleider="bob", deputy="carl", **away)
    name = "houvast_absent_without_deputy_seconds_total"
    assert of(measures(world), name, organisation=HOLDER) == pytest.approx(0, abs=10)
    world.passes(HOUR_MS)
    assert of(measures(world), name, organisation=HOLDER) == pytest.approx(3600, abs=20)
    world.holder.fresh("absent", begeleider="anna", deputy="carl", **{**away, "on": world.clock.now_ms})
    assert of(measures(world), name, organisation=HOLDER) == pytest.approx(3600, abs=20)
    world.passes(HOUR_MS)
    assert of(measures(world), name, organisation=HOLDER) == pytest.approx(3600, abs=20)


def test_who_begins_to_hold_while_away(timed):
    """What did not count is not taken back either: hours never fall below nothing."""
    world = timed
    name = "houvast_absent_without_deputy_seconds_total"
    now = world.clock.now_ms
    world.holder.fresh("absent", begeleider="anna", **{"from": now, "until": now + 40 * HOUR_MS, "on": now})
    world.open(begeleider="anna")
    world.passes(HOUR_MS)
    world.holder.fresh("absent", begeleider="anna",
                       **{"from": now, "until": now + 3 * HOUR_MS, "on": world.clock.now_ms})
    world.passes(5 * HOUR_MS)
    assert of(measures(world), name, organisation=HOLDER) == pytest.approx(2 * 3600, abs=20)


def test_an_absence_when_the_clock_is_put_back(timed):
    """More of it is yet to come then than was ever counted; a counter is never below nothing."""
    world = timed
    world.open(begeleider="anna")
    now = world.clock.now_ms
    world.holder.fresh("absent", begeleider="anna", **{"from": now - 10 * HOUR_MS, "until": now + HOUR_MS, "on": now})
    world.clock.jumps(-2 * HOUR_MS)
    world.operator.done("clock-accept")
    name = "houvast_absent_without_deputy_seconds_total"
    assert of(measures(world), name, organisation=HOLDER) == 0
    world.passes(4 * HOUR_MS)
    assert of(measures(world), name, organisation=HOLDER) == pytest.approx(3600, abs=20)


def test_away_for_ever(world):
    """A thousand and more whose end is the last moment that there is: their sum is a figure, and not the broker's end."""
    count, now = 1200, now_ms()
    for kind, keys in (
            ("open", lambda number: dict(journey=fresh_uuid(), resident=fresh_resident(), basis="consent", urgency="routine")),
            ("absent", lambda number: {"from": 0, "until": 2**53 - 1, "on": now})):
        for number in range(count):
            world.holder.send({"type": kind, "request": f"{kind}{number}", "begeleider": f"b{number}", **keys(number)})
        for number in range(count):
            assert world.holder.answer(f"{kind}{number}", within=60).type == "done"
    got = of(measures(world), "houvast_absent_without_deputy_seconds_total", organisation=HOLDER)
    assert got == pytest.approx(0, abs=count * 60), "it counts as far as it has come"
    world.operator.done("verify")


def test_a_stage_is_reached_once(timed):
    """Received again, and picked up again out of waiting, took no other time than the first."""
    world = timed
    _, handover = world.offer()
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    world.receiver.fresh("pickup", handover=handover, begeleider="eva")
    world.passes(HOUR_MS)
    world.receiver.fresh("wait", handover=handover, begeleider="eva", reason="full",
                         expected=world.clock.now_ms + DAY_MS)
    world.passes(9 * HOUR_MS)
    world.receiver.fresh("receive", handover=handover, begeleider="eva", on=world.clock.now_ms)
    world.receiver.fresh("pickup", handover=handover, begeleider="eva", on=world.clock.now_ms)
    found = measures(world)
    for stage in ("receipt", "pick-up"):
        about(seconds(found, stage, "0.99"), 0)


def test_days_held_for_another_count_while_they_last(timed):
    """Who waits for months without an end is what it is about."""
    world = timed
    world.offer()
    world.passes(2 * DAY_MS)
    _, handover = world.offer()
    world.passes(DAY_MS)
    name = "houvast_held_for_another_seconds_total"
    assert of(measures(world), name, **route()) == pytest.approx(4 * 86400, abs=60)
    world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
    assert of(measures(world), name, **route()) == pytest.approx(4 * 86400, abs=60)
    world.passes(DAY_MS)
    assert of(measures(world), name, **route()) == pytest.approx(5 * 86400, abs=60)


@pytest.mark.network(policies={"quiet_after": "1H", "quiet_after_crisis": "1H"})
def test_how_long_it_was_quiet(timed):
    """From when it was told until it was back."""
    world = timed
    world.look()
    world.passes(HOUR_MS + MINUTE_MS)
    assert f"{THIRD} has had no session" in world.daemon.said()
    world.passes(5 * HOUR_MS)
    name = "houvast_quiet_seconds_total"
    assert of(measures(world), name, organisation=THIRD) == pytest.approx(5 * 3600 + 60, abs=30), "it counts while it lasts"
    world.third.barrier()
    assert of(measures(world), name, organisation=THIRD) == pytest.approx(5 * 3600 + 60, abs=30)
    for ms in (2 * MINUTE_MS, HOUR_MS + MINUTE_MS, HOUR_MS + MINUTE_MS):
        world.passes(ms)
    world.restart()
    got = of(measures(world), name, organisation=THIRD)
    assert got == pytest.approx(6 * 3600 + 180, abs=60), "and a kill forgets no more than an hour"


def test_it_is_for_operators_and_the_network(timed):
    world = timed
    world.handover_in("confirmed")
    assert measures(world) == measures(world, world.network_coordinator) != {}
    for peer in (world.holder, world.peer(RECEIVER, "coordinator"), world.peer(NETWORK)):
        peer.refused("forbidden", "stats")
    assert world.operator.done("stats")["stats"]["houvast_measures_left_out"] == 0
