"""The inbox: durable, at least once, in order per journey, ended by acknowledgement alone."""

import pytest

from peer import Deadline, NoAnswer
from world import HOLDER, RECEIVER, THIRD

SHORT = pytest.mark.network(limits={"redelivery": "300ms", "item_attempts": "2"})


def offers(world, count, to=RECEIVER):
    return [world.offer(to=to) for _ in range(count)]


# ---- what an item says ----


def test_an_offer_tells_routing_facts_only(world):
    """The item `offered` has these keys and says what the holder said."""
    inbox = world.inbox(RECEIVER)
    journey, handover = world.offer(kind="warm", urgency="urgent", age=44, family=True, domains=["work", "money"],
                                    dossier=world.network.dossier(RECEIVER, b"sealed"))
    item = inbox.expect_item("offered")
    wanted = {"type": "item", "item": 1, "attempt": 1, "event": "offered", "handover": handover, "journey": journey,
              "from": HOLDER, "to": RECEIVER, "begeleider": "anna", "kind": "warm", "urgency": "urgent", "age": 44,
              "family": True, "domains": ["work", "money"]}
    assert {key: item.get(key) for key in wanted} == wanted
    assert item.dossier is None
    assert not {"resident", "dossier_hash", "basis", "shield"} & set(item.envelope)


def test_items_count_per_inbox_from_1(world):
    """Every inbox has its own numbers, rising, without a gap."""
    for organisation in (RECEIVER, THIRD):
        offers(world, 3, organisation)
        inbox = world.inbox(organisation)
        assert [inbox.next_item()["item"] for _ in range(3)] == [1, 2, 3]


def test_the_seq_of_an_item_is_the_event(world):
    """An item and the answer to the command that caused it name the same event."""
    journey, handover = world.offer()
    holder = world.inbox(HOLDER)
    done = world.receiver.fresh("receive", handover=handover, begeleider="eva")
    item = holder.expect_item("received", begeleider="eva", journey=journey, handover=handover)
    assert (item["seq"], item["at"]) == (done["seq"], done["at"])


def test_who_hears_what(world):
    """One whole handover: every item goes to the inbox that the contract names, in order."""
    holder, receiver, third = world.inbox(HOLDER), world.inbox(RECEIVER), world.inbox(THIRD)
    journey, handover = world.offer(kind="warm")
    receiver.take("offered", handover=handover)
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    holder.take("received", begeleider="eva")
    world.receiver.fresh("pickup", handover=handover, begeleider="bob", planned=1900000000000)
    holder.take("picked-up", begeleider="bob", planned=1900000000000)
    world.receiver.fresh("pickup", handover=handover, begeleider="bob")
    assert "planned" not in holder.take("picked-up", begeleider="bob")
    receiver.take("dossier", number=0)
    world.introduce(handover)
    receiver.take("introduced", handover=handover)
    world.introduce(handover, by=RECEIVER)
    holder.take("introduced", handover=handover)
    world.confirm(handover, begeleider="bob")
    arrived = {"organisation": RECEIVER, "begeleider": "bob"}
    holder.take("confirmed", holder=arrived)
    receiver.take("confirmed", holder=arrived)
    world.receiver.fresh("reassign", journey=journey, begeleider="eva", instead_of="bob", reason="ill", on=1000)
    receiver.take("reassigned", begeleider="eva", instead_of="bob")
    for inbox in (holder, receiver, third):
        inbox.expect_no_item()


def test_a_declined_offer_is_told_to_the_holder(world):
    """Reason, whose decision, suggestion."""
    holder = world.inbox(HOLDER)
    _, handover = world.offer()
    world.receiver.fresh("decline", handover=handover, reason="full", decided="rule", suggest=THIRD)
    holder.take("declined", handover=handover, reason="full", decided="rule", suggest=THIRD)


def test_a_withdrawn_offer_is_told_to_the_receiver(world):
    """Without `destroy` where nothing was disclosed."""
    receiver = world.inbox(RECEIVER)
    _, handover = world.offer()
    receiver.take("offered")
    world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    item = receiver.take("withdrawn", handover=handover)
    assert not item.get("destroy", False)


def test_within_one_organisation_it_is_told_once(world):
    """confirmed goes to both, once where they are one."""
    _, handover = world.offer(to=HOLDER)
    inbox = world.inbox(HOLDER)
    inbox.take("offered", handover=handover)
    world.confirm(handover, by=HOLDER, begeleider="bob")
    events = []
    inbox.barrier()
    while inbox.items:
        item = inbox.next_item()
        events.append(item["event"])
        inbox.ack(item)
        inbox.barrier()
    assert sorted(events) == ["confirmed", "dossier"], events


# ---- credit ----


def test_credit_0_takes_no_items(world):
    """Such a session asks and acts, and is sent nothing."""
    peer = world.session(RECEIVER, credit=0)
    offers(world, 2)
    peer.expect_no_item()


@pytest.mark.parametrize("credit", [1, 3])
def test_credit_bounds_what_is_out(world, credit):
    """At most so many unacknowledged; each acknowledgement lets one more come."""
    peer = world.session(RECEIVER, credit=credit)
    offers(world, credit + 2)
    out = [peer.next_item() for _ in range(credit)]
    peer.expect_no_item()
    peer.ack(out[0])
    out.append(peer.next_item())
    peer.expect_no_item()
    peer.ack(out[1])
    peer.next_item()


def test_two_sessions_compete(world):
    """Each item is out at one session only."""
    one, two = world.session(RECEIVER, credit=5), world.session(RECEIVER, credit=5)
    offers(world, 10)
    one.barrier()
    two.barrier()
    numbers = [item["item"] for peer in (one, two) for item in peer.items]
    assert sorted(numbers) == list(range(1, 11))
    assert len(one.items) == len(two.items) == 5


def test_inboxes_of_roles_are_apart(world):
    """Endpoints' items do not go to coordinators, nor the other way."""
    coordinator = world.session(RECEIVER, "coordinator", credit=10)
    endpoint = world.session(RECEIVER, credit=10)
    world.offer()
    endpoint.expect_item("offered")
    coordinator.expect_no_item()


# ---- order ----


def test_one_item_of_a_journey_at_a_time(world):
    """The next follows the acknowledgement of the one before, over two instances."""
    one, two = world.session(RECEIVER, credit=10), world.session(RECEIVER, credit=10)
    journey, handover = world.handover_in("picked-up", dossier=world.network.dossier(RECEIVER, b"x"))
    world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    for event in ("offered", "dossier", "withdrawn"):
        one.barrier()
        two.barrier()
        out = [(peer, item) for peer in (one, two) for item in peer.items]
        assert [item["event"] for _, item in out] == [event], out
        peer, item = out[0]
        peer.items.clear()
        peer.ack(item)
    one.expect_no_item()
    two.expect_no_item()


def test_other_journeys_do_not_wait(world):
    """One unacknowledged offer holds back its own journey and no other (6.31)."""
    inbox = world.inbox(RECEIVER)
    first = world.offer()
    second = world.offer()
    world.holder.fresh("withdraw", handover=first[1], reason="entered-in-error")
    world.holder.fresh("withdraw", handover=second[1], reason="entered-in-error")
    stuck = inbox.expect_item("offered", handover=first[1])
    inbox.take("offered", handover=second[1])
    inbox.take("withdrawn", handover=second[1])
    inbox.expect_no_item()
    inbox.ack(stuck)
    inbox.take("withdrawn", handover=first[1])


def test_order_holds_across_a_crash(world):
    """What waited behind an unacknowledged item still does."""
    _, handover = world.handover_in("picked-up")
    world.inbox(RECEIVER).expect_item("offered", attempt=1)
    world.restart()
    inbox = world.inbox(RECEIVER)
    item = inbox.expect_item("offered", handover=handover)
    assert item["attempt"] > 1
    inbox.expect_no_item()
    inbox.ack(item)
    inbox.take("dossier", attempt=1)


# ---- acknowledging ----


def test_ack_without_request_is_not_answered(world):
    """It counts all the same."""
    inbox = world.session(RECEIVER, credit=1)
    offers(world, 2)
    inbox.send({"type": "ack", "item": inbox.next_item()["item"]})
    assert inbox.next_item()["item"] == 2
    assert not inbox.others


def test_ack_twice(world):
    """done, then repeated."""
    inbox = world.inbox(RECEIVER)
    world.offer()
    item = inbox.next_item()
    assert not inbox.done("ack", item=item["item"]).repeated
    assert inbox.done("ack", item=item["item"]).repeated


def test_ack_of_what_was_never_sent(world):
    """unknown: a number that is not there, or whose turn has not come."""
    inbox = world.session(RECEIVER, credit=1)
    offers(world, 2)
    inbox.next_item()
    for number in (0, 2, 3, 2**53 - 1):
        inbox.refused("unknown", "ack", item=number)
        inbox.refused("unknown", "nack", item=number, after=0)


def test_ack_by_another_session(world):
    """Any session of the inbox may acknowledge."""
    one, two = world.session(RECEIVER, credit=1), world.session(RECEIVER)
    world.offer()
    item = one.next_item()
    two.ack(item)
    assert one.done("ack", item=item["item"]).repeated
    world.offer()
    one.expect_item("offered", item=2)


def test_ack_by_another_organisation_or_role(world):
    """It is not their inbox."""
    inbox = world.inbox(RECEIVER)
    world.offer()
    item = inbox.next_item()
    for peer in (world.holder, world.third, world.peer(RECEIVER, "coordinator"), world.operator):
        peer.refused("unknown", "ack", item=item["item"])
    inbox.ack(item)


def test_ack_survives_a_crash(world):
    """An acknowledgement that was answered is on disk."""
    inbox = world.inbox(RECEIVER)
    world.offer()
    item = inbox.next_item()
    inbox.ack(item)
    world.restart()
    inbox = world.inbox(RECEIVER)
    inbox.expect_no_item()
    assert inbox.done("ack", item=item["item"]).repeated


# ---- again ----


def test_nack_brings_it_again(world):
    """After so many ms, with the next attempt; meanwhile its journey waits."""
    inbox = world.inbox(RECEIVER)
    _, handover = world.offer()
    world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    item = inbox.expect_item("offered", attempt=1)
    began = Deadline(0.25)
    inbox.send({"type": "nack", "item": item["item"], "after": 250})
    inbox.expect_no_item()
    again = inbox.expect_item("offered", attempt=2, item=item["item"])
    assert began.passed, "it came again too early"
    inbox.ack(again)
    inbox.take("withdrawn")


def test_nack_gives_credit_back(world):
    """A session with credit 1 is sent another journey's item meanwhile."""
    inbox = world.session(RECEIVER, credit=1)
    offers(world, 2)
    item = inbox.next_item()
    inbox.send({"type": "nack", "item": item["item"], "after": 3_600_000})
    assert inbox.next_item()["item"] == 2


def test_an_acknowledgement_after_nack(world):
    """Who changes their mind may still acknowledge."""
    inbox = world.inbox(RECEIVER)
    world.offer()
    item = inbox.next_item()
    inbox.send({"type": "nack", "item": item["item"], "after": 200})
    inbox.ack(item)
    with pytest.raises(NoAnswer):
        inbox.next_item(within=0.4)


@SHORT
def test_redelivery(world):
    """Unacknowledged for longer than configured: sent again with the next attempt."""
    inbox = world.inbox(RECEIVER)
    world.offer()
    item = inbox.expect_item("offered", attempt=1)
    again = inbox.expect_item("offered", attempt=2, item=item["item"])
    inbox.ack(again)


def set_aside(world, inbox, number):
    """Refuses an item until the broker says that it is set aside; the highest attempt seen."""
    attempt = 0
    deadline = Deadline(10)
    while not deadline.passed:
        inbox.barrier()
        mine = [item for item in inbox.items if item["item"] == number]
        inbox.items = type(inbox.items)(item for item in inbox.items if item["item"] != number)
        for item in mine:
            attempt = item["attempt"]
            inbox.send({"type": "nack", "item": number, "after": 0})
        if world.operator.done("stats")["stats"]["houvast_items_aside"] == 1:
            return attempt
    raise AssertionError(f"item {number} was never set aside, attempt {attempt}")


@pytest.mark.network(limits={"item_attempts": "2"})
def test_past_the_limit_it_is_set_aside_and_comes_at_the_next_hello(world):
    """It no longer holds back the next, and no number of attempts drops it."""
    inbox = world.session(RECEIVER, credit=10, instance="one")
    _, handover = world.offer()
    world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    first = inbox.expect_item("offered")
    inbox.items.append(first)
    attempts = set_aside(world, inbox, first["item"])
    assert attempts >= 2
    inbox.take("withdrawn", handover=handover)
    inbox.expect_no_item()
    other = world.session(RECEIVER, credit=10, instance="two")
    other.barrier()
    inbox.barrier()
    again = [*other.items, *inbox.items]
    assert [item["item"] for item in again] == [first["item"]], f"expected it once more, got {again}"
    assert again[0]["attempt"] > attempts
    other.ack(again[0])
    assert inbox.done("ack", item=first["item"]).repeated


@pytest.mark.network(limits={"item_attempts": "2"})
def test_set_aside_survives_a_crash(world):
    """The next hello after the restart brings it."""
    inbox = world.session(RECEIVER, credit=10)
    world.offer()
    first = inbox.expect_item("offered")
    inbox.items.append(first)
    attempts = set_aside(world, inbox, first["item"])
    world.restart()
    again = world.inbox(RECEIVER).expect_item("offered", item=first["item"])
    assert again["attempt"] > attempts


def test_bye_gives_items_back(world):
    """At once, to another session of that inbox."""
    one = world.session(RECEIVER, credit=10, instance="one")
    world.offer()
    item = one.next_item()
    two = world.session(RECEIVER, credit=10, instance="two")
    two.expect_no_item()
    one.done("bye")
    two.expect_item("offered", item=item["item"], attempt=2)


def test_a_repeat_after_a_crash_is_marked(world):
    """What was out when the broker was killed comes again with a higher attempt."""
    attempts = []
    world.offer()
    for _ in range(3):
        attempts.append(world.inbox(RECEIVER).expect_item("offered", item=1)["attempt"])
        world.restart()
    assert attempts[0] == 1 and attempts == sorted(set(attempts)), attempts


def test_what_waited_for_a_session_is_attempt_1(world):
    """Nobody was there: it has never been sent, crash or no crash."""
    world.offer()
    world.restart()
    world.inbox(RECEIVER).expect_item("offered", attempt=1)


def test_a_full_inbox(world):
    """It is emptied in order of item, each once."""
    for _ in range(300):
        world.offer()
    inbox = world.session(RECEIVER, credit=50)
    numbers = []
    for _ in range(300):
        item = inbox.next_item()
        numbers.append(item["item"])
        inbox.send({"type": "ack", "item": item["item"]})
    assert numbers == list(range(1, 301))
    inbox.expect_no_item()
