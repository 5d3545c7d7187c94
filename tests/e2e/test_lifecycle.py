"""One warm and one cold journey through three organisations, the broker killed between every two steps."""

import pytest

from peer import fresh_resident, fresh_uuid, now_ms
from world import HOLDER, NETWORK, RECEIVER, THIRD

CRASHES = pytest.mark.parametrize("crashes", [False, True], ids=["in one go", "killed between every two steps"])


class Story:
    """Walks through a journey; after each step the holder is who it has to be, before and after a kill."""

    def __init__(self, world, crashes):
        self.world, self.crashes = world, crashes
        self.journey, self.resident = fresh_uuid(), fresh_resident()
        self.last = None

    def step(self, holder, organisation, kind, dossier=None, /, *, role="endpoint", state=None, **keys):
        """Done once; after a kill the same again is repeated with the same seq."""
        answer = self.world.peer(organisation, role).fresh(kind, dossier, **keys)
        if state:
            assert answer["state"] == state, f"{kind}: expected {state}, got {answer}"
        self.check(holder)
        if self.crashes:
            self.world.restart()
            self.check(holder)
            again = self.world.peer(organisation, role).repeat(kind, dossier, **keys)
            assert again["seq"] == answer["seq"]
            self.check(holder)
        assert self.last is None or answer["seq"] > self.last
        self.last = answer["seq"]
        return answer

    def check(self, holder):
        assert self.world.holder_of(self.journey) == holder

    def item(self, organisation, event, /, **keys):
        """The next item of that inbox is this one; it comes until it is acknowledged."""
        inbox = self.world.inbox(organisation)
        item = inbox.expect_item(event, journey=self.journey, **keys)
        return self.acknowledge(organisation, inbox, item)

    def items(self, organisation, *events, **keys):
        """The next items, in an order that the contract leaves open."""
        came = set()
        for _ in events:
            inbox = self.world.inbox(organisation)
            item = inbox.next_item()
            assert all(item.get(key) == value for key, value in keys.items()), item
            came.add(self.acknowledge(organisation, inbox, item)["event"])
        assert came == set(events), f"{organisation}: expected {events}, got {came}"

    def acknowledge(self, organisation, inbox, item):
        """Once, or after a kill once it has come again."""
        if self.crashes:
            self.world.restart()
            inbox = self.world.inbox(organisation)
            again = inbox.expect_item(item["event"])
            assert again["item"] == item["item"] and again["attempt"] > item["attempt"]
            assert again.dossier == item.dossier
        inbox.ack(item)
        if self.crashes:
            self.world.restart()
        return item

    def nothing_owed(self):
        for name in self.world.network.organisations:
            self.world.inbox(name).expect_no_item()

    def open(self, organisation, begeleider):
        self.step((organisation, begeleider), organisation, "open", state="open", journey=self.journey,
                  resident=self.resident, begeleider=begeleider, basis="public-task", urgency="urgent",
                  domains=["money", "housing"])


@CRASHES
def test_a_warm_journey(world, crashes):
    """KCC → Delft Support → Delft voor Elkaar: introduced, confirmed, passed on, talked through and closed."""
    story = Story(world, crashes)
    story.open(NETWORK, "ina")
    by_ina, by_anna, by_eva = (NETWORK, "ina"), (HOLDER, "anna"), (RECEIVER, "eva")

    first = fresh_uuid()
    dossier = world.network.dossier(HOLDER, b"the story, once")
    story.step(by_ina, NETWORK, "offer", dossier, state="offered", journey=story.journey, handover=first, to=HOLDER,
               kind="warm", urgency="urgent", begeleider="ina", domains=["money"])
    story.item(HOLDER, "offered", handover=first)
    story.step(by_ina, HOLDER, "receive", state="received", handover=first, begeleider="anna")
    story.item(NETWORK, "received", handover=first)
    story.step(by_ina, HOLDER, "pickup", state="picked-up", handover=first, begeleider="anna", planned=now_ms() + 10**8)
    story.item(NETWORK, "picked-up", handover=first, begeleider="anna")
    assert story.item(HOLDER, "dossier", handover=first, resident=story.resident).dossier == dossier
    further = world.network.dossier(HOLDER, b"what was missing")
    story.step(by_ina, NETWORK, "supplement", further, state="picked-up", handover=first, number=1)
    assert story.item(HOLDER, "dossier", handover=first, number=1).dossier == further
    contact = {"on": now_ms(), "how": "with-sender", "with": "resident"}
    world.peer(HOLDER).refused("not-introduced", "confirm", handover=first, begeleider="anna", contact=contact)
    story.step(by_ina, NETWORK, "introduce", state="picked-up", handover=first, on=now_ms(), how="joint", resident=True,
               present=[{"organisation": NETWORK, "person": "ina"}, {"organisation": HOLDER, "person": "anna"}])
    story.item(HOLDER, "introduced", handover=first)
    story.step(by_anna, HOLDER, "confirm", state="confirmed", handover=first, begeleider="anna", contact=contact)
    story.item(NETWORK, "confirmed", handover=first)
    story.item(HOLDER, "confirmed", handover=first)

    story.step((HOLDER, "bob"), HOLDER, "reassign", state="open", journey=story.journey, begeleider="bob",
               instead_of="anna", reason="holiday", on=now_ms())
    story.item(HOLDER, "reassigned", begeleider="bob")

    second = fresh_uuid()
    story.step((HOLDER, "bob"), HOLDER, "offer", state="offered", journey=story.journey, handover=second, to=RECEIVER,
               kind="warm", urgency="routine", begeleider="bob")
    story.item(RECEIVER, "offered", handover=second)
    story.step((HOLDER, "bob"), RECEIVER, "introduce", state="delivered", handover=second, on=now_ms(),
               how="accompanied", resident=True,
               present=[{"organisation": HOLDER, "person": "bob"}, {"organisation": RECEIVER, "person": "eva"}])
    story.item(HOLDER, "introduced", handover=second)
    story.step(by_eva, RECEIVER, "confirm", state="confirmed", handover=second, begeleider="eva",
               contact={"on": now_ms(), "how": "came", "with": "resident"})
    story.item(HOLDER, "confirmed", handover=second)
    story.items(RECEIVER, "dossier", "confirmed", handover=second)

    story.step(by_eva, RECEIVER, "close", state="closed", journey=story.journey, begeleider="eva", outcome="helped",
               talked={"on": now_ms(), "begeleider": "eva"})
    for organisation in (NETWORK, HOLDER, RECEIVER):
        story.item(organisation, "closed", outcome="helped")
    story.nothing_owed()
    assert world.event_names(story.journey) == [
        "opened", "offered", "received", "picked-up", "supplemented", "introduced", "confirmed", "reassigned",
        "offered", "introduced", "confirmed", "closed"]


@CRASHES
def test_a_cold_journey(world, crashes):
    """Declined, withdrawn, taken as cold, closing, not agreed to, agreed to, reopened."""
    story = Story(world, crashes)
    story.open(HOLDER, "anna")
    by_anna, by_tom = (HOLDER, "anna"), (THIRD, "tom")

    first = fresh_uuid()
    story.step(by_anna, HOLDER, "offer", world.network.dossier(RECEIVER, b"x"), state="offered", journey=story.journey,
               handover=first, to=RECEIVER, kind="cold", urgency="urgent", begeleider="anna")
    story.item(RECEIVER, "offered", handover=first)
    story.step(by_anna, RECEIVER, "decline", state="declined", handover=first, reason="waiting-list",
               decided="receiver", suggest=THIRD)
    story.item(HOLDER, "declined", handover=first, suggest=THIRD)

    second = fresh_uuid()
    story.step(by_anna, HOLDER, "offer", state="offered", journey=story.journey, handover=second, to=THIRD,
               kind="cold", urgency="urgent", begeleider="anna", disclose="received")
    story.item(THIRD, "offered", handover=second)
    story.step(by_anna, THIRD, "receive", state="received", handover=second, begeleider="tom")
    story.item(HOLDER, "received", handover=second)
    story.item(THIRD, "dossier", handover=second, resident=story.resident)
    story.step(by_anna, HOLDER, "withdraw", state="withdrawn", handover=second, reason="entered-in-error")
    story.item(THIRD, "withdrawn", handover=second, destroy=True)

    third = fresh_uuid()
    story.step(by_anna, HOLDER, "offer", state="offered", journey=story.journey, handover=third, to=THIRD,
               kind="warm", urgency="routine", begeleider="anna")
    story.item(THIRD, "offered", handover=third)
    story.step(by_tom, THIRD, "confirm", state="confirmed", handover=third, begeleider="tom",
               contact={"on": now_ms(), "how": "called", "with": "representative"}, reason="no-time", **{"as": "cold"})
    story.item(HOLDER, "confirmed", handover=third)
    story.items(THIRD, "dossier", "confirmed", handover=third)

    close = dict(journey=story.journey, begeleider="tom", outcome="no-response", no_talk="no-answer")
    settle = dict(journey=story.journey, person="nora", reason="looked-into")
    story.step(by_tom, THIRD, "close", state="closing", **close)
    story.item(THIRD, "closing")
    story.step(by_tom, NETWORK, "settle", role="coordinator", state="open", agree=False, on=1000, **settle)
    story.item(THIRD, "settled")
    story.step(by_tom, THIRD, "close", state="closing", on=2000, **close)
    story.item(THIRD, "closing")
    story.step(by_tom, NETWORK, "settle", role="coordinator", state="closed", agree=True, on=2000, **settle)
    story.item(THIRD, "closed")
    story.item(HOLDER, "closed")
    story.step((THIRD, "tess"), THIRD, "open", state="open", journey=story.journey, resident=story.resident,
               begeleider="tess", basis="consent", urgency="routine", reopens=True)
    story.nothing_owed()
    assert world.event_names(story.journey) == [
        "opened", "offered", "declined", "offered", "received", "withdrawn", "offered", "confirmed",
        "closing", "settled", "closing", "settled", "closed", "opened"]


def test_a_start_after_a_kill_says_that_it_recovered(world):
    """Whoever reads the journal in the morning sees that the last stop was none, and that nothing is lost."""
    world.open()
    world.forget_peers()
    world.daemon.stop()
    world.daemon.start()
    assert "was taken up" not in world.daemon.said()
    world.open()
    world.forget_peers()
    world.daemon.kill()
    world.daemon.start()
    assert "did not stop in order" in world.daemon.said()
