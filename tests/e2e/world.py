"""A network with its daemon and its peers, and the short stories that tests begin with."""

import contextlib
import os

from peer import Peer, fresh_resident, fresh_uuid, now_ms

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOLDER, RECEIVER, THIRD, NETWORK = "delft-support", "delft-voor-elkaar", "werkse", "kcc"


class World:
    """Peers are made when first asked for and closed at the end."""

    def __init__(self, network, daemon):
        self.network = network
        self.daemon = daemon
        self.clock = None  # the machine's, where the test has it in its hands
        self.peers = {}
        self.extra = []

    @property
    def now_ms(self):
        """What the clock on the wall shows here."""
        return self.clock.now_ms if self.clock else now_ms()

    # ---- peers ----

    def connect(self, organisation, role="endpoint", *, key=None, name=None, deaf=False):
        """A new connection without a session."""
        pair = key or self.network[organisation].keys[role]
        peer = Peer(self.network.endpoint, self.network.broker_public, pair, name=name or f"{organisation}/{role}",
                    deaf=deaf)
        peer.watch = self.daemon.require_running
        self.extra.append(peer)
        return peer

    def session(self, organisation, role="endpoint", *, credit=0, instance=None, key=None, name=None, deaf=False):
        """A new connection with a session."""
        peer = self.connect(organisation, role, key=key, name=name, deaf=deaf)
        answer = peer.hello(role, credit=credit, instance=instance)
        assert answer.type == "welcome", f"{peer.name}: expected welcome, got {answer}"
        return peer

    def peer(self, organisation, role="endpoint"):
        """The organisation's own session of that role, without credit: it asks and gets no items."""
        if (organisation, role) not in self.peers:
            self.peers[organisation, role] = self.session(organisation, role)
        return self.peers[organisation, role]

    def inbox(self, organisation, role="endpoint"):
        """The organisation's session that takes items."""
        if (organisation, role, "inbox") not in self.peers:
            self.peers[organisation, role, "inbox"] = self.session(
                organisation, role, credit=1000, name=f"{organisation}/{role}/inbox")
        return self.peers[organisation, role, "inbox"]

    @property
    def holder(self):
        return self.peer(HOLDER)

    @property
    def receiver(self):
        return self.peer(RECEIVER)

    @property
    def third(self):
        return self.peer(THIRD)

    @property
    def network_coordinator(self):
        return self.peer(NETWORK, "coordinator")

    @property
    def operator(self):
        return self.peer(NETWORK, "operator")

    def forget_peers(self):
        """Closes every connection, as when everybody's machine went down."""
        for peer in self.extra:
            peer.close()
        self.extra.clear()
        self.peers.clear()

    def restart(self):
        """kill -9, a new start, and new connections for everybody."""
        self.forget_peers()
        self.daemon.restart()

    def passes(self, ms):
        """So much time; then the broker has seen it, and everybody's connection is a new one."""
        self.clock.runs(ms)
        self.look()

    def passes_until(self, moment_ms):
        self.passes(moment_ms - self.clock.now_ms)

    def look(self):
        """The broker takes notice of the clock. Sessions do not outlive hours of silence: they begin anew."""
        self.forget_peers()
        self.network_coordinator.barrier()

    def end(self):
        try:
            self.daemon.end()
        finally:
            self.forget_peers()

    # ---- stories ----

    def open(self, organisation=HOLDER, *, begeleider="anna", urgency="routine", journey=None, resident=None, **keys):
        """First contact. The journey's id."""
        journey = journey or fresh_uuid()
        self.peer(organisation).fresh(
            "open", journey=journey, resident=resident or fresh_resident(), begeleider=begeleider,
            basis="public-task", urgency=urgency, **keys)
        return journey

    def offer(self, journey=None, *, by=HOLDER, to=RECEIVER, kind="cold", dossier=None, handover=None,
              urgency="routine", begeleider="anna", **keys):
        """An offer of a journey, a new one if none is given. (journey, handover)."""
        journey = journey or self.open(by, begeleider=begeleider)
        handover = handover or fresh_uuid()
        self.peer(by).fresh("offer", dossier, journey=journey, handover=handover, to=to, kind=kind,
                            urgency=urgency, begeleider=begeleider, **keys)
        return journey, handover

    def deliver(self, handover, to=RECEIVER):
        """The receiver's system acknowledges the offer; other items of its inbox go along."""
        inbox = self.inbox(to)
        while True:
            item = inbox.next_item()
            inbox.ack(item)
            if item["event"] == "offered" and item.get("handover") == handover:
                return item

    def contact(self, **keys):
        return {"on": self.now_ms, "how": "visited", "with": "resident", **keys}

    def confirm(self, handover, *, by=RECEIVER, begeleider="eva", **keys):
        return self.peer(by).fresh("confirm", handover=handover, begeleider=begeleider, contact=self.contact(), **keys)

    def wait(self, handover, *, by=RECEIVER, begeleider="eva", days=30, **keys):
        """On the receiver's waiting list for so many days."""
        return self.peer(by).fresh("wait", handover=handover, begeleider=begeleider, reason="full",
                                   expected=self.now_ms + days * DAY_MS, **keys)

    def introduce(self, handover, *, by=HOLDER, sides=(HOLDER, RECEIVER), resident=True, **keys):
        return self.peer(by).fresh(
            "introduce", handover=handover, on=self.now_ms, how="joint", resident=resident,
            present=[{"organisation": side, "person": f"someone-{number}"} for number, side in enumerate(sides)],
            **keys)

    def handover_in(self, state, *, kind="cold", by=HOLDER, to=RECEIVER, **keys):
        """A fresh journey whose handover stands in that state. (journey, handover)."""
        journey, handover = self.offer(by=by, to=to, kind=kind, **keys)
        receiver = self.peer(to)
        if state == "delivered":
            self.deliver(handover, to)
        if state in ("received", "picked-up"):
            receiver.fresh("receive", handover=handover, begeleider="eva")
        if state == "picked-up":
            receiver.fresh("pickup", handover=handover, begeleider="eva")
        if state == "waiting":
            self.wait(handover, by=to)
        if state == "confirmed":
            if kind == "warm":
                self.introduce(handover, by=by, sides=(by, to))
            self.confirm(handover, by=to)
        if state == "declined":
            receiver.fresh("decline", handover=handover, reason="no-room", decided="receiver")
        if state == "withdrawn":
            self.peer(by).fresh("withdraw", handover=handover, reason="entered-in-error")
        return journey, handover

    def journey_in(self, state, by=HOLDER):
        """A fresh journey in that state. Its id."""
        journey = self.open(by)
        if state == "closing":
            self.peer(by).fresh("close", journey=journey, begeleider="anna", outcome="no-response", no_talk="not-found")
        if state == "closed":
            self.peer(by).fresh("close", journey=journey, begeleider="anna", outcome="helped",
                                talked={"on": self.now_ms, "begeleider": "anna"})
        return journey

    # ---- looking ----

    def status(self, *, handover=None, journey=None):
        """What the network's coordinator sees."""
        keys = {"handover": handover} if handover else {"journey": journey}
        return self.network_coordinator.done("status", **keys)

    def holder_of(self, journey):
        holder = self.status(journey=journey)["holder"]
        return holder["organisation"], holder["begeleider"]

    def history(self, journey, peer=None, page=1000):
        """All events that the peer may see, however many pages."""
        peer = peer or self.network_coordinator
        events, after = [], 0
        while True:
            answer = peer.done("history", journey=journey, after=after, limit=page)
            events += answer["events"]
            if "next" not in answer:
                return events
            after = answer["next"]

    def event_names(self, journey, peer=None):
        """The names of what happened, without the reading, acknowledging and keeping house."""
        quiet = {"read", "acknowledged", "fetched", "deleted", "delivered", "dossier"}
        return [event["event"] for event in self.history(journey, peer) if event["event"] not in quiet]

    def secret_dossier(self, to=RECEIVER, size=64):
        """A dossier whose content nobody can confuse with anything else: (frame, marker)."""
        marker = os.urandom(32)
        return self.network.dossier(to, (marker * (size // 32 + 1))[:max(size, 32)]), marker


@contextlib.contextmanager
def all_at_once(what):
    """Collects differences and fails with all of them."""
    differences = []
    yield differences
    assert not differences, f"{what}:\n  " + "\n  ".join(differences)
