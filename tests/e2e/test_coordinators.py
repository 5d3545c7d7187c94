"""Coordinators, settling, and who may look at what (A1, H3)."""

import pytest

from peer import fresh_uuid, now_ms
from world import HOLDER, NETWORK, RECEIVER, THIRD

BY_ORGANISATION = pytest.mark.network(policies={"settle": "organisation"})


def closing(world, by=HOLDER, begeleider="anna"):
    journey = world.open(by, begeleider=begeleider)
    world.peer(by).fresh("close", journey=journey, begeleider=begeleider, outcome="no-response", no_talk="no-answer")
    return journey


def settle(journey, person="nora", agree=True, on=1_700_000_000_000):
    return dict(journey=journey, person=person, agree=agree, reason="looked-into", on=on)


# ---- closing and settling ----


def test_who_hears_of_a_closing(world):
    """The holder's endpoints, its coordinators, the network's; nobody else."""
    hear = [world.inbox(HOLDER), world.inbox(HOLDER, "coordinator"), world.inbox(NETWORK, "coordinator")]
    not_hear = [world.inbox(RECEIVER), world.inbox(RECEIVER, "coordinator"), world.inbox(NETWORK),
                world.inbox(NETWORK, "operator")]
    journey = closing(world)
    for inbox in hear:
        inbox.take("closing", journey=journey, outcome="no-response")
    for inbox in hear + not_hear:
        inbox.expect_no_item()
    assert world.status(journey=journey)["holder"] == {"organisation": HOLDER, "begeleider": "anna"}


def test_coordinators_that_are_not_there_are_owed_nothing(world_at_rest):
    """An item that nobody can acknowledge would tie the organisation to the map for good."""
    world = world_at_rest
    world.network[HOLDER].keys.pop("coordinator")
    world.network.write()
    world.daemon.start()
    journey = closing(world)
    for inbox in (world.inbox(HOLDER), world.inbox(NETWORK, "coordinator")):
        inbox.take("closing", journey=journey)
    assert world.operator.done("stats")["stats"]["houvast_items_owed"] == 0
    world.network_coordinator.fresh("settle", **settle(journey))
    world.inbox(HOLDER).take("closed", journey=journey)
    world.operator.done("verify")
    del world.network.organisations[HOLDER]
    world.network.write()
    world.operator.done("reload")
    world.operator.done("verify")


def test_a_closing_that_is_agreed_to(world):
    """closed goes to the holder's endpoints; the last holder goes on being named."""
    inbox = world.inbox(HOLDER)
    journey = closing(world)
    inbox.take("closing")
    answer = world.network_coordinator.fresh("settle", **settle(journey))
    assert (answer["state"], answer["holder"]["organisation"]) == ("closed", HOLDER)
    inbox.take("closed", journey=journey, outcome="no-response")
    inbox.expect_no_item()
    assert world.holder.done("status", journey=journey)["holder"] == {"organisation": HOLDER, "begeleider": "anna"}


def test_a_closing_that_is_not_agreed_to(world):
    """The journey goes on being held, and the holder hears why and from whom."""
    inbox = world.inbox(HOLDER)
    journey = closing(world)
    inbox.take("closing")
    answer = world.network_coordinator.fresh("settle", **settle(journey, agree=False))
    assert (answer["state"], answer["holder"]["organisation"]) == ("open", HOLDER)
    inbox.take("settled", journey=journey, reason="looked-into", person="nora")
    inbox.expect_no_item()


def test_earlier_holders_hear_of_the_end(world):
    """closed goes to every organisation that ever held, once each."""
    journey, first = world.offer()
    world.confirm(first)
    _, second = world.offer(journey, by=RECEIVER, to=HOLDER, begeleider="eva")
    world.confirm(second, by=HOLDER, begeleider="anna")
    _, third = world.offer(journey, by=HOLDER, to=THIRD, begeleider="anna")
    world.confirm(third, by=THIRD, begeleider="tom")
    world.third.fresh("close", journey=journey, begeleider="tom", outcome="helped",
                      talked={"on": now_ms(), "begeleider": "tom"})
    for organisation in (HOLDER, RECEIVER, THIRD):
        inbox = world.inbox(organisation)
        events = []
        inbox.barrier()
        while inbox.items:
            item = inbox.next_item()
            events.append(item["event"])
            inbox.ack(item)
            inbox.barrier()
        assert events.count("closed") == 1, f"{organisation}: {events}"
        assert events[-1] == "closed"
    world.inbox(NETWORK).expect_no_item()


def test_the_holders_coordinator_does_not_settle(world):
    """Unless the policy says so."""
    journey = closing(world)
    world.peer(HOLDER, "coordinator").refused("forbidden", "settle", **settle(journey))


@BY_ORGANISATION
def test_the_holders_coordinator_settles_under_the_policy(world):
    """settle = organisation: its own coordinators and the network's, no other."""
    journey = closing(world)
    world.peer(RECEIVER, "coordinator").refused("unknown", "settle", **settle(journey))
    world.holder.refused("forbidden", "settle", **settle(journey))
    assert world.peer(HOLDER, "coordinator").fresh("settle", **settle(journey))["state"] == "closed"
    assert world.network_coordinator.fresh("settle", **settle(closing(world)))["state"] == "closed"


@BY_ORGANISATION
def test_who_closed_does_not_settle(world):
    """Not even as the organisation's coordinator; a second person does."""
    journey = closing(world)
    answer = world.peer(HOLDER, "coordinator").ask("settle", **settle(journey, person="anna"))
    assert answer.get("code") in ("forbidden", "conflict"), f"expected a refusal, got {answer}"
    assert world.status(journey=journey)["state"] == "closing"
    world.peer(HOLDER, "coordinator").fresh("settle", **settle(journey, person="bob"))


def test_who_closed_does_not_settle_at_the_network_either(world):
    """The coordinating organisation holds and closes; the same person as its coordinator is refused."""
    journey = closing(world, NETWORK, "nora")
    answer = world.network_coordinator.ask("settle", **settle(journey, person="nora"))
    assert answer.get("code") in ("forbidden", "conflict"), f"expected a refusal, got {answer}"
    world.network_coordinator.fresh("settle", **settle(journey, person="mona"))


def test_a_namesake_elsewhere_may_settle(world):
    """Persons are named within one organisation."""
    journey = closing(world, HOLDER, "anna")
    world.network_coordinator.fresh("settle", **settle(journey, person="anna"))


def test_a_talk_after_all_ends_a_closing(world):
    """6.16: what would end an open journey ends it, without a second person."""
    journey = closing(world)
    answer = world.holder.fresh("close", journey=journey, begeleider="anna", outcome="helped",
                                talked={"on": now_ms(), "begeleider": "anna"})
    assert answer["state"] == "closed"
    world.network_coordinator.refused("conflict", "settle", **settle(journey))


def test_reassign_goes_on_while_closing(world):
    """6.16"""
    journey = closing(world)
    answer = world.holder.fresh("reassign", journey=journey, begeleider="bob", instead_of="anna", reason="ill", on=1)
    assert (answer["state"], answer["holder"]["begeleider"]) == ("closing", "bob")


# ---- looking: history ----


def two_handovers(world):
    """Declined by the third, confirmed by the receiver. (journey, declined, confirmed)."""
    journey = world.open()
    _, declined = world.offer(journey, to=THIRD)
    world.third.fresh("receive", handover=declined, begeleider="tom")
    world.third.fresh("decline", handover=declined, reason="full", decided="receiver")
    _, confirmed = world.offer(journey, to=RECEIVER)
    world.receiver.fresh("pickup", handover=confirmed, begeleider="eva")
    world.confirm(confirmed)
    return journey, declined, confirmed


ALL = ["opened", "offered", "received", "declined", "offered", "picked-up", "confirmed"]


def test_who_sees_which_events(shared_world):
    """Holder and coordinators in scope all; others those of handovers that they are party to."""
    world = shared_world
    journey, declined, confirmed = two_handovers(world)
    assert world.event_names(journey) == ALL
    for role in ("endpoint", "coordinator"):
        assert world.event_names(journey, world.peer(RECEIVER, role)) == ALL
        assert world.event_names(journey, world.peer(THIRD, role)) == ["offered", "received", "declined"]
        earlier = world.history(journey, world.peer(HOLDER, role))
        assert {event.get("handover") for event in earlier} <= {declined, confirmed}
        assert [e["event"] for e in earlier if e["event"] in ALL] == [name for name in ALL if name != "opened"]


def test_a_receiver_sees_its_own_handover_only(shared_world):
    """Nothing of what was before, and no pseudonym."""
    world = shared_world
    journey = world.open()
    _, declined = world.offer(journey, to=THIRD)
    world.third.fresh("decline", handover=declined, reason="full", decided="receiver")
    _, handover = world.offer(journey, to=RECEIVER)
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    for role in ("endpoint", "coordinator"):
        events = world.history(journey, world.peer(RECEIVER, role))
        assert {event.get("handover") for event in events} == {handover}
        assert not any("resident" in event for event in events)
        assert THIRD not in repr(events)


def test_history_is_in_order_and_paged(shared_world):
    """Oldest first, `next` where more follow, nothing twice and nothing left out."""
    world = shared_world
    journey, _, _ = two_handovers(world)
    whole = world.history(journey)
    assert [e["seq"] for e in whole] == sorted({e["seq"] for e in whole})
    last = whole[-1]["seq"]
    for limit in (2, 3, 5):
        found, after = [], 0
        while True:
            answer = world.network_coordinator.done("history", journey=journey, after=after, limit=limit)
            assert len(answer["events"]) <= limit
            found += answer["events"]
            if "next" not in answer or found[-1]["seq"] >= last:
                break
            assert answer["next"] == answer["events"][-1]["seq"]
            after = answer["next"]
        assert [e["seq"] for e in found if e["seq"] <= last] == [e["seq"] for e in whole]


def test_paging_counts_what_the_asker_may_see(shared_world):
    """6.32: a page is full of visible events, whatever lies between."""
    world = shared_world
    journey, declined, confirmed = two_handovers(world)
    first = world.third.done("history", journey=journey, limit=2)
    assert [event["event"] for event in first["events"]] == ["offered", "received"]
    assert first["next"] == first["events"][-1]["seq"]
    rest = world.third.done("history", journey=journey, after=first["next"], limit=2)
    assert [event["event"] for event in rest["events"]] == ["declined"]
    assert "next" not in rest


def test_a_long_history(shared_world):
    """A hundred events in one answer unless asked otherwise, a thousand at most; all of them by asking on."""
    world = shared_world
    journey = world.open()
    names = ["anna", "bob"]
    for number in range(1100):
        world.holder.send({"type": "reassign", "request": f"r{number}", "journey": journey, "on": number + 1,
                           "begeleider": names[(number + 1) % 2], "instead_of": names[number % 2], "reason": "shift"})
    for number in range(1100):
        assert world.holder.answer(f"r{number}").type == "done"
    first = world.network_coordinator.done("history", journey=journey)
    assert len(first["events"]) == 100 and first["next"] == first["events"][-1]["seq"]
    assert len(world.network_coordinator.done("history", journey=journey, limit=1000)["events"]) == 1000
    assert world.event_names(journey) == ["opened"] + ["reassigned"] * 1100


def test_reading_is_recorded(shared_world):
    """By whom, and in which role."""
    world = shared_world
    journey = world.open()
    world.holder.done("history", journey=journey)
    world.peer(HOLDER, "coordinator").done("history", journey=journey)
    read = [event for event in world.history(journey) if event["event"] == "read"]
    assert [(e["organisation"], e["role"]) for e in read][:2] == [(HOLDER, "endpoint"), (HOLDER, "coordinator")]


def test_fetching_is_recorded(shared_world):
    """Every reading of a dossier is an event."""
    world = shared_world
    journey, handover = world.handover_in("picked-up")
    before = [event["event"] for event in world.history(journey)]
    world.receiver.done("fetch", handover=handover)
    after = [event["event"] for event in world.history(journey)]
    assert after.count("fetched") == before.count("fetched") + 1


def test_events_say_who_said_so(shared_world):
    """The organisation whose key it was, the person as stated, and when it was recorded."""
    world = shared_world
    journey, _, confirmed = two_handovers(world)
    events = {event["event"]: event for event in world.history(journey)}
    assert (events["opened"]["organisation"], events["opened"]["begeleider"]) == (HOLDER, "anna")
    assert (events["picked-up"]["organisation"], events["picked-up"]["begeleider"]) == (RECEIVER, "eva")
    assert events["confirmed"]["holder"] == {"organisation": RECEIVER, "begeleider": "eva"}
    assert events["opened"]["at"] <= events["confirmed"]["at"]


# ---- looking: status ----


def test_status_of_a_journey_is_for_who_has_to_do_with_it_now(shared_world):
    """Holder, receiver of the open handover, coordinators in scope; an earlier holder no more."""
    world = shared_world
    journey, declined, confirmed = two_handovers(world)
    for role in ("endpoint", "coordinator"):
        world.peer(RECEIVER, role).done("status", journey=journey)
        world.peer(HOLDER, role).refused("unknown", "status", journey=journey)
        world.peer(THIRD, role).refused("unknown", "status", journey=journey)
        world.peer(HOLDER, role).done("status", handover=confirmed)
        world.peer(THIRD, role).done("status", handover=declined)
        world.peer(THIRD, role).refused("unknown", "status", handover=confirmed)
    world.operator.refused("unknown", "status", journey=journey)
    world.peer(NETWORK).refused("unknown", "status", journey=journey)


def test_status_never_tells_the_pseudonym(shared_world):
    """It is a question about a handover or a journey, not about a person."""
    world = shared_world
    resident = "r1." + "Z" * 43
    journey = world.open(resident=resident)
    _, handover = world.offer(journey)
    for peer in (world.holder, world.receiver, world.network_coordinator):
        for keys in ({"journey": journey}, {"handover": handover}):
            assert resident not in repr(peer.done("status", **keys))


def test_status_is_not_recorded(shared_world):
    """Only the reading of a history or a dossier is."""
    world = shared_world
    journey = world.open()
    before = world.holder.done("status", journey=journey)["seq"]
    world.holder.done("status", journey=journey)
    assert world.holder.done("status", journey=journey)["seq"] == before


# ---- looking: the map and the numbers ----


def test_the_map(shared_world):
    """Every organisation with its name for people, telephone and sealing keys."""
    world = shared_world
    answer = world.third.done("map")
    found = {entry["organisation"]: entry for entry in answer["organisations"]}
    assert set(found) == set(world.network.organisations)
    for name, organisation in world.network.organisations.items():
        entry = found[name]
        assert (entry["display_name"], entry["telephone"]) == (organisation.display_name, organisation.telephone)
        assert [(key["id"], key["key"]) for key in entry["sealing_keys"]] == [
            (sealing.id, sealing.public) for sealing in organisation.sealing.values()]
        assert all(key["until"] > now_ms() for key in entry["sealing_keys"])


def test_the_map_is_the_same_for_everybody(shared_world):
    """Also for operators and coordinators."""
    world = shared_world
    maps = [world.peer(*who).done("map")["organisations"]
            for who in ((HOLDER, "endpoint"), (THIRD, "coordinator"), (NETWORK, "operator"))]
    assert maps[0] == maps[1] == maps[2]


def test_a_large_map(world):
    """Sixty organisations are sixty entries: lists are bounded in what peers send, not in answers."""
    for number in range(56):
        world.network.add(f"partner-{number}")
    world.network.write()
    world.operator.done("reload")
    assert len(world.third.done("map")["organisations"]) == 60


def test_stats(shared_world):
    """Whole numbers by name, some of which move when something happens."""
    world = shared_world
    before = world.operator.done("stats")["stats"]
    assert before and all(isinstance(value, int) and not isinstance(value, bool) for value in before.values())
    world.offer()
    after = world.network_coordinator.done("stats")["stats"]
    assert set(after) == set(before)
    assert after != before
    assert after["houvast_turn_messages_count"] == after["houvast_turns_total"]
    assert after["houvast_turn_messages_sum"] == after["houvast_messages_total"]
    bounds = ["0", "1", "2", "4", "8", "16", "32", "64", "128", "192", "255", "+Inf"]
    turns = [after[f'houvast_turn_messages_bucket{{le="{bound}"}}'] for bound in bounds]
    assert turns == sorted(turns) and turns[-1] == after["houvast_turn_messages_count"]
    assert turns[1] > turns[0], "no turn had one message"


def test_every_answer_names_the_ledger_and_a_seq(shared_world):
    """The seq of a question is the last event that it took into account (6.10)."""
    world = shared_world
    journey = world.open()
    done = world.holder.fresh("reassign", journey=journey, begeleider="bob", instead_of="anna", reason="ill", on=1)
    assert world.third.done("map")["seq"] >= done["seq"]
    assert world.holder.done("status", journey=journey)["seq"] >= done["seq"]
