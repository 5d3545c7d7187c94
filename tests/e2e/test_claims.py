"""Claims: a coordinator is on it, and steps rest meanwhile; never for good."""

import pytest

from world import HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD

MINUTE_MS = 60_000
STEPS = ("reminded", "escalated", "check-in-due")

pytestmark = pytest.mark.network(limits={"heartbeat": "20s"}, policies={"quiet_after": "31D", "quiet_after_crisis": "31D"})


def steps_of(world, journey):
    return [event for event in world.history(journey) if event["event"] in STEPS]


def claim(world, handover, ms, by=NETWORK, person="nora"):
    """For so long from now."""
    now = world.clock.now_ms
    return world.peer(by, "coordinator").fresh("claim", handover=handover, person=person, until=now + ms, on=now)


def near(moment_ms, expected_ms):
    assert abs(moment_ms - expected_ms) < 20_000, f"{moment_ms}, expected {expected_ms}"


@pytest.fixture
def awaited(timed):
    """A receipt that is awaited in a crisis: steps at 15M, 30M, 60M and every 30M."""
    journey, handover = timed.handover_in("delivered", urgency="crisis", kind="warm")
    return timed, journey, handover


def test_the_networks_claim_rests_the_ladder_and_leaves_the_rest_of_its_time(awaited):
    """Claimed ten minutes into a quarter of an hour: nothing rings for five hours, then five minutes are left."""
    world, journey, handover = awaited
    world.passes(10 * MINUTE_MS)
    until = world.clock.now_ms + 5 * HOUR_MS
    claim(world, handover, 5 * HOUR_MS)
    status = world.status(handover=handover)
    assert (status["claimed"]["person"], status["claimed"]["organisation"]) == ("nora", NETWORK)
    near(status["due"], until + 5 * MINUTE_MS)
    world.passes(5 * HOUR_MS - MINUTE_MS)
    assert steps_of(world, journey) == []
    world.passes(2 * MINUTE_MS)
    assert steps_of(world, journey) == [] and "claimed" not in world.status(handover=handover)
    world.passes_until(until + 5 * MINUTE_MS + 1000)
    assert [step["step"] for step in steps_of(world, journey)] == [1]


def test_both_parties_hear_who_is_on_it(awaited):
    world, journey, handover = awaited
    claim(world, handover, HOUR_MS)
    for organisation in (HOLDER, RECEIVER):
        item = world.inbox(organisation).take("claimed", handover=handover)
        assert (item["person"], item["organisation"]) == ("nora", NETWORK) and item["until"] > world.clock.now_ms
    assert world.event_names(journey).count("claimed") == 1


def test_given_back_it_goes_on_at_once(awaited):
    """`until` now: what was left begins to run now."""
    world, journey, handover = awaited
    world.passes(5 * MINUTE_MS)
    claim(world, handover, 5 * HOUR_MS)
    world.passes(HOUR_MS)
    claim(world, handover, 0)
    assert "claimed" not in world.status(handover=handover)
    near(world.status(handover=handover)["due"], world.clock.now_ms + 10 * MINUTE_MS)
    world.passes(11 * MINUTE_MS)
    assert [step["step"] for step in steps_of(world, journey)] == [1]


@pytest.mark.network(policies={"claim_max": "2H"})
def test_no_claim_silences_a_ladder_for_good(awaited):
    """Two hours in all, however often it is said; then it is refused, and rings whoever has claimed it."""
    world, journey, handover = awaited
    world.network_coordinator.refused("malformed", "claim", field="until", handover=handover, person="nora",
                                      until=world.clock.now_ms + 3 * HOUR_MS, on=world.clock.now_ms)
    began = world.clock.now_ms
    claim(world, handover, 90 * MINUTE_MS)
    world.passes(80 * MINUTE_MS)
    claim(world, handover, 90 * MINUTE_MS)  # of which forty minutes are left
    near(world.status(handover=handover)["due"], began + 135 * MINUTE_MS)
    world.passes(56 * MINUTE_MS)
    assert [step["step"] for step in steps_of(world, journey)] == [1], "it rings under a claim that has no time left"
    near(world.status(handover=handover)["due"], began + 150 * MINUTE_MS)
    world.network_coordinator.refused("conflict", "claim", handover=handover, person="nora",
                                      until=world.clock.now_ms + HOUR_MS, on=world.clock.now_ms)
    world.passes(45 * MINUTE_MS)
    assert [step["step"] for step in steps_of(world, journey)] == [1, 2, 3], "each as long after the other as ever"
    world.restart()
    world.network_coordinator.refused("conflict", "claim", handover=handover, person="nora",
                                      until=world.clock.now_ms + HOUR_MS, on=world.clock.now_ms)


def test_a_given_back_hour_is_not_spent(awaited):
    """What was not rested counts for nothing."""
    world, _, handover = awaited
    for _ in range(5):  # three days each, given back at once: fifteen days were they counted
        claim(world, handover, 60 * HOUR_MS)
        world.clock.runs(1000)
        claim(world, handover, 0)
    claim(world, handover, 60 * HOUR_MS)
    near(world.status(handover=handover)["due"], world.clock.now_ms + 60 * HOUR_MS + 15 * MINUTE_MS)


def test_an_organisations_claim_rests_what_is_for_its_own(awaited):
    """Its step is recorded and makes no item for them; the others hear, and the next goes on in its time."""
    world, journey, handover = awaited
    due = world.status(handover=handover)["due"]
    claim(world, handover, 2 * HOUR_MS, by=RECEIVER, person="rita")
    status = world.status(handover=handover)
    assert status["due"] == due and status["claimed"]["person"] == "rita"
    world.passes(31 * MINUTE_MS)
    first, second = steps_of(world, journey)
    assert "rested" not in first and (second["step"], second["rested"]) == (2, True)
    assert "addressees" not in second and "reached" not in second
    assert 0 <= second["due"] - second["since"] - HOUR_MS < MINUTE_MS
    world.inbox(RECEIVER, "coordinator").expect_no_item()
    assert world.inbox(HOLDER).expect_item("claimed")["person"] == "rita"
    world.passes(30 * MINUTE_MS)
    third = steps_of(world, journey)[2]
    assert third["step"] == 3 and "rested" not in third
    assert world.inbox(NETWORK, "coordinator").expect_item("escalated", journey=journey)["step"] == 3


def test_the_holders_claim_rests_nothing_of_the_receivers(awaited):
    """It is theirs to be on; the receiver's coordinators are rung all the same."""
    world, journey, handover = awaited
    claim(world, handover, 2 * HOUR_MS, by=HOLDER, person="hans")
    world.passes(31 * MINUTE_MS)
    assert "rested" not in steps_of(world, journey)[1]
    assert world.inbox(RECEIVER, "coordinator").expect_item("escalated", journey=journey)["step"] == 2


def test_a_phase_that_begins_under_a_claim_is_not_claimed(awaited):
    """The claim was about what was waited for then."""
    world, journey, handover = awaited
    claim(world, handover, 10 * HOUR_MS)
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    near(world.status(handover=handover)["due"], world.clock.now_ms + 30 * MINUTE_MS)
    world.passes(31 * MINUTE_MS)
    assert [(step["phase"], step["step"]) for step in steps_of(world, journey)] == [("pick-up", 1)]


def test_a_claim_outlives_a_kill_and_a_night(awaited):
    """It is in the ledger, to the millisecond, and what it rests until is no later for the outage."""
    world, journey, handover = awaited
    claim(world, handover, 8 * HOUR_MS)
    before = world.status(handover=handover)
    world.forget_peers()
    world.daemon.kill()
    world.clock.runs(6 * HOUR_MS)
    world.daemon.start()
    after = world.status(handover=handover)
    assert (after["due"], after["claimed"]) == (before["due"], before["claimed"])
    assert steps_of(world, journey) == []
    world.passes_until(before["due"] + 1000)
    assert [step["step"] for step in steps_of(world, journey)] == [1]


def test_a_claim_of_a_journey(timed):
    """Without a handover: what the holder is waited for."""
    world = timed
    journey = world.open(urgency="crisis")
    now = world.clock.now_ms
    world.network_coordinator.fresh("claim", journey=journey, person="nora", until=now + 3 * HOUR_MS, on=now)
    near(world.status(journey=journey)["due"], now + 4 * HOUR_MS)
    assert world.inbox(HOLDER).take("claimed", journey=journey)["person"] == "nora"
    world.passes(2 * HOUR_MS)
    assert steps_of(world, journey) == []


def test_both_parties_hear_of_a_claim_of_the_journey(awaited):
    """Whether the journey is named or its open handover."""
    world, journey, handover = awaited
    now = world.clock.now_ms
    answer = world.network_coordinator.fresh("claim", journey=journey, person="nora", until=now + HOUR_MS, on=now)
    assert "handover" not in answer and answer["state"] == "open"
    for organisation in (HOLDER, RECEIVER):
        assert world.inbox(organisation).take("claimed", handover=handover)["person"] == "nora"


def test_what_was_overtaken_names_a_claim_of_ones_own(awaited):
    """Whom the others have on it is not for everybody, and what one never said is no repeat of it."""
    world, journey, handover = awaited
    now = world.clock.now_ms
    first = claim(world, handover, 2 * HOUR_MS)
    second = claim(world, handover, 2 * HOUR_MS, by=RECEIVER, person="rita")
    late = {"person": "mona", "until": now + HOUR_MS, "on": now - HOUR_MS}
    for peer, seq in ((world.network_coordinator, first["seq"]), (world.peer(RECEIVER, "coordinator"), second["seq"])):
        assert peer.repeat("claim", journey=journey, **late)["seq"] == seq
        answer = peer.repeat("claim", handover=handover, **late)
        assert (answer["seq"], answer["handover"], answer["state"]) == (seq, handover, "delivered")
    assert world.status(handover=handover)["claimed"]["person"] == "nora"


def test_an_organisations_claim_is_of_the_phase_in_which_it_was_said(awaited):
    """What begins under it rings its coordinators too."""
    world, journey, handover = awaited
    claim(world, handover, 20 * HOUR_MS, by=RECEIVER, person="rita")
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    world.passes(HOUR_MS + MINUTE_MS)
    assert [(step["phase"], step["step"], step.get("rested")) for step in steps_of(world, journey)] == [
        ("pick-up", 1, None), ("pick-up", 2, None)]
    world.inbox(RECEIVER, "coordinator").expect_item("escalated", journey=journey, step=2)


@pytest.mark.network(policies={"claim_max": "2H"})
def test_what_was_claimed_before_a_phase_does_not_lengthen_it(awaited):
    """Two hours in all of pick-up, though half an hour less was claimed before it began."""
    world, journey, handover = awaited
    claim(world, handover, 90 * MINUTE_MS, by=RECEIVER, person="rita")
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    claim(world, handover, 110 * MINUTE_MS, by=RECEIVER, person="rita")
    world.passes(105 * MINUTE_MS)
    claim(world, handover, 100 * MINUTE_MS, by=RECEIVER, person="rita")
    with pytest.raises(AssertionError, match="conflict"):
        claim(world, handover, 60 * MINUTE_MS, by=RECEIVER, person="rita")


def test_who_is_no_party_any_more_is_on_nothing(awaited):
    """A receiver that declined is not named to the next one."""
    world, journey, handover = awaited
    claim(world, handover, 20 * HOUR_MS, by=RECEIVER, person="rita")
    world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
    assert "claimed" not in world.status(journey=journey)
    _, second = world.offer(journey, to=THIRD)
    for answer in (world.third.done("status", handover=second), world.third.done("status", journey=journey)):
        assert RECEIVER not in repr(answer), answer
    assert RECEIVER not in repr(world.peer(THIRD, "coordinator").done("list")["journeys"])
    claim(world, second, HOUR_MS, by=THIRD, person="tom")
    assert world.third.done("status", handover=second)["claimed"]["person"] == "tom"


@pytest.mark.network(policies={"claim_max": "2H"})
def test_what_a_new_beginning_cuts_short_is_not_spent(awaited):
    """Ten minutes of the claim were rested when the receiver began the phase anew: the rest may be claimed again."""
    world, journey, handover = awaited
    claim(world, handover, 110 * MINUTE_MS)
    world.passes(10 * MINUTE_MS)
    world.receiver.fresh("note", journey=journey, handover=handover, code="working-on-it", on=world.clock.now_ms)
    near(world.status(handover=handover)["due"], world.clock.now_ms + 15 * MINUTE_MS)
    claim(world, handover, 100 * MINUTE_MS)
    near(world.status(handover=handover)["due"], world.clock.now_ms + 115 * MINUTE_MS)
