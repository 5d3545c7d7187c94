"""The machine's clock: doubted, not obeyed. Nothing fires twice, and nothing falls silent."""

import pytest

from clock import moment
from peer import fresh_uuid
from world import DAY_MS, HOLDER, HOUR_MS, NETWORK, RECEIVER

MINUTE_MS = 60_000
YEAR_MS = 365 * DAY_MS
STEPS = ("reminded", "escalated", "check-in-due")

pytestmark = pytest.mark.network(limits={"heartbeat": "20s"})


def steps_of(world, journey):
    return [event for event in world.history(journey) if event["event"] in STEPS]


def once_each(world, journey):
    """The steps of its receipt; none but the last has fired twice."""
    steps = [step["step"] for step in steps_of(world, journey) if step["phase"] == "receipt"]
    assert steps[:3] == sorted(set(steps))[:len(steps[:3])] and all(step == 3 for step in steps[3:]), steps
    return steps


def broker_ms(world):
    """What time the broker says it is."""
    return world.session(NETWORK, "operator").welcomed["at"]


def clocks(world):
    """What operators were told of the clock, acknowledged."""
    inbox = world.inbox(NETWORK, "operator")
    inbox.barrier()
    said = []
    while inbox.items:
        item = inbox.items.popleft()
        inbox.ack(item)
        inbox.barrier()
        if item["event"] == "clock":
            said.append(item["doubted"])
    return said


def doubted(world):
    return world.operator.done("stats")["stats"]["houvast_clock_doubted"] == 1


@pytest.fixture
def ringing(timed):
    """A journey whose receipt is awaited, in a crisis: steps at 15M, 30M, 60M and every 30M."""
    journey, _ = timed.handover_in("delivered", urgency="crisis", kind="warm")
    return timed, journey


def test_forward_ten_years_for_an_hour_and_back(ringing):
    """No ten years of steps: what falls due in that hour falls due by the hour; then all is as before."""
    world, journey = ringing
    before = world.clock.now_ms
    world.clock.jumps(10 * YEAR_MS)
    world.look()
    assert doubted(world) and clocks(world) == [True]
    assert abs(broker_ms(world) - before) < MINUTE_MS
    assert once_each(world, journey) == []
    world.passes(HOUR_MS + MINUTE_MS)
    assert once_each(world, journey) == [1, 2, 3]
    answer = world.holder.fresh("open", journey=fresh_uuid(), resident="r1." + "A" * 43, begeleider="anna",
                                basis="consent", urgency="crisis")
    assert abs(answer["due"] - (before + 2 * HOUR_MS + MINUTE_MS)) < MINUTE_MS, "deadlines are not computed from the lie"
    world.clock.jumps(-10 * YEAR_MS)
    world.look()
    assert not doubted(world) and clocks(world) == [False]
    assert once_each(world, journey) == [1, 2, 3]
    world.passes(30 * MINUTE_MS)
    assert once_each(world, journey) == [1, 2, 3, 3]
    assert all(abs(step["at"] - before) < 2 * HOUR_MS for step in steps_of(world, journey))


def test_backwards_a_day(ringing):
    """Nobody waits for the day to come round again, and nothing fires anew when the clock is set right."""
    world, journey = ringing
    world.passes(16 * MINUTE_MS)
    before = broker_ms(world)
    assert once_each(world, journey) == [1]
    world.clock.jumps(-DAY_MS)
    world.look()
    assert doubted(world) and clocks(world) == [True]
    assert 0 <= broker_ms(world) - before < MINUTE_MS, "time does not go backwards"
    world.passes(15 * MINUTE_MS)
    assert once_each(world, journey) == [1, 2]
    world.clock.jumps(DAY_MS)
    world.look()
    assert not doubted(world) and clocks(world) == [False]
    world.passes(30 * MINUTE_MS)
    assert once_each(world, journey) == [1, 2, 3]


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_small_step_is_obeyed(ringing, minutes):
    """Five minutes are what clocks are set by."""
    world, journey = ringing
    world.clock.jumps(minutes * MINUTE_MS)
    world.look()
    assert not doubted(world) and clocks(world) == []
    assert abs(broker_ms(world) - world.clock.now_ms) < 10_000
    world.passes(20 * MINUTE_MS)
    assert once_each(world, journey) == [1]


def test_a_start_in_1970(ringing):
    """A machine whose battery is empty: the broker goes on from the last time that it wrote down."""
    world, journey = ringing
    world.passes(16 * MINUTE_MS)
    before = broker_ms(world)
    world.forget_peers()
    world.daemon.kill()
    world.clock.boots()
    world.clock.jumps_to(0)
    world.daemon.start()
    world.look()
    assert doubted(world) and clocks(world) == [True]
    assert 0 <= broker_ms(world) - before < MINUTE_MS
    assert once_each(world, journey) == [1]
    world.passes(16 * MINUTE_MS)
    assert once_each(world, journey) == [1, 2]
    world.clock.jumps_to(before + 3 * HOUR_MS)  # a time service sets it: the machine had been off for hours
    world.clock.keeps_time(True)
    world.look()
    assert not doubted(world) and clocks(world) == [False]
    assert once_each(world, journey) == [1, 2, 3]
    world.passes(30 * MINUTE_MS)
    assert once_each(world, journey) == [1, 2, 3, 3]


@pytest.mark.parametrize("days, is_doubted", [(6, False), (8, True)])
def test_a_start_long_after_the_last_time(ringing, days, is_doubted):
    """A week of standing still is believed; more is asked about, and said yes to."""
    world, journey = ringing
    world.forget_peers()
    world.daemon.stop()
    world.clock.boots()
    world.clock.jumps(days * DAY_MS)
    world.daemon.start()
    world.look()
    assert doubted(world) == is_doubted
    assert once_each(world, journey) == ([] if is_doubted else [1, 2, 3])
    if is_doubted:
        world.operator.done("clock-accept")
        world.look()
        assert not doubted(world) and clocks(world) == [True, False]
        assert once_each(world, journey) == [1, 2, 3]
    assert abs(broker_ms(world) - world.clock.now_ms) < 10_000


def test_a_night_that_the_machine_counted_is_believed(ringing):
    """The broker was down and the machine was not: what it counted since its boot says how long."""
    world, journey = ringing
    world.forget_peers()
    world.daemon.kill()
    world.clock.runs(30 * DAY_MS)
    world.daemon.start()
    world.look()
    assert not doubted(world) and once_each(world, journey) == [1, 2, 3]


def test_a_doubt_outlives_a_kill(ringing):
    """It is in the ledger, told once, and the time goes on where it was."""
    world, journey = ringing
    world.clock.jumps(3 * YEAR_MS)
    world.look()
    before = broker_ms(world)
    world.restart()
    world.look()
    assert doubted(world) and 0 <= broker_ms(world) - before < MINUTE_MS
    assert clocks(world) == [True]
    world.clock.boots()
    world.restart()
    assert doubted(world) and clocks(world) == []
    world.passes(15 * MINUTE_MS + 1000)
    assert once_each(world, journey) == [1]


def test_who_may_accept_the_clock(ringing):
    """An operator, and nobody else; said of a clock that is not doubted it changes nothing."""
    world, journey = ringing
    world.operator.done("clock-accept")
    world.clock.jumps(DAY_MS)
    world.look()
    for peer in (world.holder, world.peer(RECEIVER, "coordinator"), world.network_coordinator, world.peer(NETWORK)):
        peer.refused("forbidden", "clock-accept")
    assert doubted(world)
    world.operator.done("clock-accept")
    world.look()
    assert not doubted(world) and abs(broker_ms(world) - world.clock.now_ms) < 10_000
    assert clocks(world) == [True, False]
    assert once_each(world, journey) == [1, 2, 3], "a day has passed after all"


def test_the_journal_says_what_to_do(ringing):
    """How far it is off, and both ways out."""
    world, _ = ringing
    world.clock.jumps(-2 * HOUR_MS)
    world.look()
    said = world.daemon.said()
    assert "the machine's clock is 120 minutes behind" in said and "houvast clock-accept" in said
    world.clock.jumps(2 * HOUR_MS)
    world.look()
    assert "the machine's clock is obeyed again" in world.daemon.said()


def test_what_is_verified_after_it(ringing):
    """The chain and the tables agree, whatever the clock has done."""
    world, journey = ringing
    for step in (10 * YEAR_MS, -10 * YEAR_MS, -DAY_MS, DAY_MS):
        world.clock.jumps(step)
        world.look()
        world.passes(20 * MINUTE_MS)
    times = [event["at"] for event in world.history(journey)]
    assert times == sorted(times)
    assert world.operator.done("verify")["counts"]["journeys"] == 1
    assert moment("2026-01-01T00:00") < times[0] and world.holder_of(journey) == (HOLDER, "anna")
