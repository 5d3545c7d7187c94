"""What the kill checker expects: a small model of journeys, written from the contract, and the judges.

The model walks each journey one command at a time. It knows, after every answer, who holds, what
the history must say and what each inbox is owed. The judges compare that with what the broker
shows from outside, and say in one sentence what is wrong.
"""

import dataclasses
import hashlib

from peer import fresh_resident, fresh_uuid, now_ms

NETWORK = "kcc"
# What history shows beside the facts that peers state: keeping house, reading, delivering.
QUIET_EVENTS = {"read", "acknowledged", "fetched", "deleted", "delivered", "dossier"}
DELIVERY = {"offered", "delivered"}


class Verdict(AssertionError):
    """The broker broke a guarantee."""


@dataclasses.dataclass
class Step:
    """One command, what has to be answered, and what it does to the model once it is done."""

    kind: str
    organisation: str
    keys: dict
    state: set
    effect: object
    role: str = "endpoint"
    dossier: bytes = None
    asked: int = 0  # how often it was sent

    @property
    def is_question(self):
        return self.kind == "fetch"


@dataclasses.dataclass
class Handover:
    id: str
    to: str
    kind: str
    disclose: str
    state: str = "offered"
    person: str = None
    introduced: bool = False
    disclosed: bool = False
    dossiers: list = dataclasses.field(default_factory=list)  # number 0 first; None where there is none


@dataclasses.dataclass
class Owed:
    """Items that one command put into one inbox; their order among themselves is free."""

    entries: list  # of (event, number of the dossier or None)
    optional: bool = False


class Journey:
    """One journey as it has to be."""

    def __init__(self, chance, key_ids):
        self.chance = chance
        self.key_ids = key_ids  # of each organisation's sealing key
        self.organisations = sorted(key_ids)
        self.id, self.resident = fresh_uuid(), fresh_resident()
        self.state = "new"
        self.holder = None
        self.earlier = []
        self.handover = None
        self.ended = {}  # id: Handover
        self.facts = []  # (seq, [names])
        self.owed = {}  # (organisation, role): [Owed]
        self.clock = 1000
        self.closer = None
        self.retired = False
        self.fetches = 0

    # ---- choosing ----

    def person(self):
        return f"p{self.chance.randrange(9)}"

    def other_person(self, present):
        return next(name for name in iter(self.person, None) if name != present)

    def tick(self):
        self.clock += 1
        return self.clock

    def choose(self, *weighted):
        makers = [maker for weight, maker in weighted if weight]
        return self.chance.choices(makers, [weight for weight, _ in weighted if weight])[0]()

    def next_step(self):
        """The next command of this journey, or None when it has come to its end."""
        if self.state == "new":
            return self.open()
        if self.state == "closed":
            if self.chance.random() < 0.3:
                return self.open(reopens=True)
            self.retired = True
            return None
        if self.state == "closing":
            return self.choose((4, lambda: self.settle(True)), (4, lambda: self.settle(False)), (1, self.reassign),
                               (1, self.close_as_helped))
        if self.handover is None:
            return self.choose((14, self.offer), (2, self.reassign), (1, self.close_as_helped),
                               (2, self.close_without_response), (1, self.close_as_deceased))
        return self.next_of_handover()

    def next_of_handover(self):
        handover = self.handover
        early, picked = handover.state == "offered", handover.state == "picked-up"
        gate = handover.kind == "cold" or handover.introduced
        return self.choose(
            (5 if early else 0, self.receive), (1 if handover.state == "received" else 0, self.receive),
            (2 if picked else 5, self.pickup), (3 if handover.kind == "warm" else 1, self.introduce),
            (6 if gate and picked else 1, self.confirm), (2 if len(handover.dossiers) < 4 else 0, self.supplement),
            (2 if handover.disclosed else 0, self.fetch), (1, self.decline), (1, self.withdraw), (1, self.reassign),
            (0.3, self.close_as_deceased))

    # ---- what comes of it ----

    def fact(self, seq, *names):
        self.facts.append((seq, list(names)))

    def owe(self, organisation, *entries, role="endpoint", optional=False):
        entries = [entry if isinstance(entry, tuple) else (entry, None) for entry in entries]
        if not entries:
            return
        self.owed.setdefault((organisation, role), []).append(Owed(entries, optional))

    def holding(self):
        return self.holder[0]

    def dossier_entries(self):
        return [("dossier", number) for number in range(len(self.handover.dossiers))]

    def disclose(self):
        """The dossier items that a disclosure puts into the receiver's inbox, if it is one now."""
        if self.handover.disclosed:
            return []
        self.handover.disclosed = True
        return self.dossier_entries()

    def end_handover(self, state):
        self.handover.state = state
        self.ended[self.handover.id] = self.handover
        self.handover = None

    def expected_holder(self):
        return {"organisation": self.holder[0], "begeleider": self.holder[1]}

    # ---- commands on the journey ----

    def open(self, reopens=False):
        organisation = self.holding() if reopens else self.chance.choice(self.organisations)
        person = self.person()
        keys = dict(journey=self.id, resident=self.resident, begeleider=person, basis="public-task",
                    urgency=self.chance.choice(["routine", "urgent", "crisis"]), on=self.tick())
        if reopens:
            keys["reopens"] = True

        def effect(seq):
            self.state, self.holder = "open", (organisation, person)
            self.fact(seq, "opened")

        return Step("open", organisation, keys, {"open"}, effect)

    def reassign(self):
        person = self.other_person(self.holder[1])
        keys = dict(journey=self.id, begeleider=person, instead_of=self.holder[1], reason="holiday", on=self.tick())

        def effect(seq):
            self.holder = (self.holding(), person)
            self.fact(seq, "reassigned")
            self.owe(self.holding(), "reassigned")

        return Step("reassign", self.holding(), keys, {self.state}, effect)

    def close_as_helped(self):
        keys = dict(journey=self.id, begeleider=self.holder[1], outcome="helped", on=self.tick(),
                    talked={"on": self.clock, "begeleider": self.holder[1]})
        return Step("close", self.holding(), keys, {"closed"}, lambda seq: self.closed(seq))

    def close_as_deceased(self):
        keys = dict(journey=self.id, begeleider=self.holder[1], outcome="deceased", on=self.tick())

        def effect(seq):
            if self.handover is None:
                self.closed(seq)
                return
            self.owe(self.handover.to, "withdrawn")
            self.end_handover("withdrawn")
            self.closed(seq, "withdrawn")

        return Step("close", self.holding(), keys, {"closed"}, effect)

    def closed(self, seq, *also):
        self.state = "closed"
        self.fact(seq, "closed", *also)
        for organisation in sorted({self.holding(), *self.earlier}):
            self.owe(organisation, "closed")

    def close_without_response(self):
        person = self.holder[1]
        keys = dict(journey=self.id, begeleider=person, outcome="no-response", no_talk="no-answer", on=self.tick())

        def effect(seq):
            self.state, self.closer = "closing", person
            self.fact(seq, "closing")
            self.owe(self.holding(), "closing")
            for organisation in sorted({self.holding(), NETWORK}):
                self.owe(organisation, "closing", role="coordinator")

        return Step("close", self.holding(), keys, {"closing"}, effect)

    def settle(self, agree):
        keys = dict(journey=self.id, person="nora", agree=agree, reason="looked-into", on=self.tick())

        def effect(seq):
            if agree:
                self.closed(seq, "settled")
                return
            self.state = "open"
            self.fact(seq, "settled")
            self.owe(self.holding(), "settled")

        return Step("settle", NETWORK, keys, {"closed" if agree else "open"}, effect, role="coordinator")

    # ---- commands on the handover ----

    def offer(self):
        to = self.chance.choice([name for name in self.organisations if name != self.holding()])
        made = Handover(fresh_uuid(), to, self.chance.choice(["warm", "cold"]),
                        self.chance.choice(["picked-up", "received"]))
        dossier = self.frame(to) if self.chance.random() < 0.7 else None
        keys = dict(journey=self.id, handover=made.id, to=to, kind=made.kind, disclose=made.disclose,
                    urgency=self.chance.choice(["routine", "urgent"]), begeleider=self.holder[1])

        def effect(seq):
            made.dossiers.append(dossier)
            self.handover = made
            self.fact(seq, "offered")
            self.owe(to, "offered")

        return Step("offer", self.holding(), keys, DELIVERY, effect, dossier=dossier)

    def frame(self, to):
        return self.key_ids[to] + self.chance.randbytes(self.chance.choice([20, 300, 6000]))

    def on_handover(self, kind, by, keys, state, effect, dossier=None):
        return Step(kind, by, {"handover": self.handover.id, **keys}, state, effect, dossier=dossier)

    def receive(self):
        handover, person = self.handover, self.other_person(self.handover.person)
        keys = dict(begeleider=person, on=self.tick())
        if handover.state == "received":
            keys["instead_of"] = handover.person

        def effect(seq):
            handover.state, handover.person = "received", person
            self.fact(seq, "received")
            self.owe(self.holding(), "received")
            if handover.disclose == "received":
                self.owe(handover.to, *self.disclose())

        return self.on_handover("receive", handover.to, keys, {"received"}, effect)

    def pickup(self):
        handover = self.handover
        picked = handover.state == "picked-up"
        person = handover.person if picked else self.person()
        keys = dict(begeleider=person, planned=1_900_000_000_000 + self.tick())

        def effect(seq):
            handover.state, handover.person = "picked-up", person
            self.fact(seq, "picked-up")
            self.owe(self.holding(), "picked-up")
            self.owe(handover.to, *self.disclose())

        return self.on_handover("pickup", handover.to, keys, {"picked-up"}, effect)

    def state_now(self):
        return DELIVERY if self.handover.state == "offered" else {self.handover.state}

    def introduce(self):
        handover = self.handover
        by = self.chance.choice([self.holding(), handover.to])
        whole = self.chance.random() < 0.7
        present = [{"organisation": self.holding(), "person": "p1"}, {"organisation": handover.to, "person": "p2"}]
        keys = dict(on=self.tick(), how="joint", resident=True, present=present[:2 if whole else 1])

        def effect(seq):
            handover.introduced |= whole
            self.fact(seq, "introduced")
            self.owe(handover.to if by == self.holding() else self.holding(), "introduced")

        return self.on_handover("introduce", by, keys, self.state_now(), effect)

    def confirm(self):
        handover, person = self.handover, self.person()
        keys = {"begeleider": person, "contact": {"on": now_ms(), "how": "with-sender", "with": "resident"}}
        if handover.kind == "warm" and not handover.introduced:
            keys |= {"as": "cold", "reason": "in-a-hurry"}

        def effect(seq):
            self.fact(seq, "confirmed")
            self.owe(self.holding(), "confirmed")
            self.owe(handover.to, *self.disclose(), "confirmed")
            self.earlier.append(self.holding())
            self.holder = (handover.to, person)
            self.end_handover("confirmed")

        return self.on_handover("confirm", handover.to, keys, {"confirmed"}, effect)

    def supplement(self):
        handover = self.handover
        number, dossier = len(handover.dossiers), self.frame(handover.to)

        def effect(seq):
            handover.dossiers.append(dossier)
            self.fact(seq, "supplemented")
            if handover.disclosed:
                self.owe(handover.to, ("dossier", number))

        return self.on_handover("supplement", self.holding(), {"number": number}, self.state_now(), effect, dossier)

    def fetch(self):
        def effect(_):
            pass

        return self.on_handover("fetch", self.handover.to, {}, self.state_now(), effect)

    def fetch_asked(self):
        """Each asking may add the dossiers once more, or none where one waits; counted when it is sent."""
        self.fetches += 1
        self.owe(self.handover.to, *self.dossier_entries(), optional=True)

    def decline(self):
        keys = dict(reason="no-room", decided="receiver")

        def effect(seq):
            self.fact(seq, "declined")
            self.owe(self.holding(), "declined")
            self.end_handover("declined")

        return self.on_handover("decline", self.handover.to, keys, {"declined"}, effect)

    def withdraw(self):
        def effect(seq):
            self.fact(seq, "withdrawn")
            self.owe(self.handover.to, "withdrawn")
            self.end_handover("withdrawn")

        return self.on_handover("withdraw", self.holding(), {"reason": "entered-in-error"}, {"withdrawn"}, effect)

    def any_handover(self, handover_id):
        if self.handover is not None and self.handover.id == handover_id:
            return self.handover
        return self.ended.get(handover_id)


# ---- judges ----


def judge_answer(journey, step, answer):
    """A command that the contract allows is done, with the state and the holder that it leads to.

    To be called after the effect, so that the model's holder is the one that has to be named.
    """
    what = f"{step.kind} on {journey.id}"
    if answer.type != "done":
        raise Verdict(f"{what}: expected done, got {answer}")
    if answer.get("state") not in step.state:
        raise Verdict(f"{what}: expected the state {sorted(step.state)}, got {answer}")
    if answer.get("holder") != journey.expected_holder():
        raise Verdict(f"{what}: expected the holder {journey.expected_holder()}, got {answer}")
    if step.asked == 1 and answer.repeated:
        raise Verdict(f"{what}: asked once and answered repeated: {answer}")
    if step.is_question and answer.repeated:
        raise Verdict(f"{what}: a question is never repeated: {answer}")


def judge_status(journey, answer):
    """H1: the journey has the one holder that the model says, and the same state."""
    if answer.type != "done":
        raise Verdict(f"journey {journey.id} is lost: {answer}")
    wanted = (journey.state, journey.expected_holder())
    got = (answer.get("state"), answer.get("holder"))
    if got != wanted:
        raise Verdict(f"journey {journey.id}: expected {wanted}, got {got}")


def judge_history(journey, events):
    """Each fact stands there once, in order, with the seq that was answered; and no fact besides."""
    numbers = [event["seq"] for event in events]
    if numbers != sorted(set(numbers)):
        raise Verdict(f"journey {journey.id}: the history is not in order or has an event twice: {numbers}")
    shown = [(event["seq"], event["event"]) for event in events if event["event"] not in QUIET_EVENTS]
    disclosures = {event["seq"] for event in events if event["event"] == "dossier"}
    at = 0
    for seq, names in journey.facts:
        group = shown[at:at + len(names)]
        # The first event of the command is the one that was answered; that may be the disclosure.
        begins = group and seq <= group[0][0] and set(range(seq, group[0][0])) <= disclosures
        if not begins or sorted(name for _, name in group) != sorted(names):
            raise Verdict(f"journey {journey.id}: expected {names} at {seq}, history shows {group} in {shown}")
        at += len(names)
    if at != len(shown):
        raise Verdict(f"journey {journey.id}: facts that nobody stated: {shown[at:]}")
    judge_quiet(journey, [event["event"] for event in events])


def judge_quiet(journey, names):
    offers = names.count("offered")
    if names.count("delivered") > offers:
        raise Verdict(f"journey {journey.id}: {names.count('delivered')} deliveries of {offers} offers")
    if names.count("fetched") > journey.fetches:
        raise Verdict(f"journey {journey.id}: {names.count('fetched')} fetches, asked {journey.fetches} times")


# Of the network, for coordinators: many endings at once, a system that is not there.
OF_NO_JOURNEY = {"suspected", "quiet"}


def lane_of(item):
    """Items of a journey come one by one, and so do digests, and the others of no journey."""
    return "digest" if item["event"] == "digest" else item.get("journey")


class InboxJudge:
    """What one inbox was sent: numbers, attempts, acknowledgements, order per journey."""

    def __init__(self, organisation, role):
        self.key = (organisation, role)
        self.name = f"{organisation}/{role}"
        self.content = {}  # item: what it said, without what may change
        self.attempts = {}  # item: highest attempt seen
        self.acks_sent = {}  # item: how often
        self.acknowledged = set()  # answered done
        self.asked = set()  # acknowledged in this life, answer not seen
        self.elsewhere = set()  # the same, over another connection than the one that may have the item
        self.out = {}  # lane: item that is out in this life
        self.order = {}  # lane: [(item, event, number)]
        self.dossiers = []  # items to be looked into when the model has caught up
        self.repeats = 0

    def new_life(self):
        self.out.clear()
        self.asked.clear()
        self.elsewhere.clear()

    def sent(self, item):
        """An item arrived."""
        number = item["item"]
        if number in self.acknowledged and number not in self.elsewhere:
            raise Verdict(f"{self.name}: item {number} came again after its acknowledgement was answered: {item}")
        if item["attempt"] <= self.attempts.get(number, 0):
            raise Verdict(f"{self.name}: item {number} came again unmarked: attempt {item['attempt']}, "
                          f"had seen {self.attempts[number]}")
        self.repeats += number in self.attempts
        self.attempts[number] = item["attempt"]
        if number not in self.acknowledged:
            self.judge_one_at_a_time(number, lane_of(item))
        self.judge_content(number, item)
        if item["event"] == "dossier":
            self.dossiers.append(item)

    def judge_one_at_a_time(self, number, lane):
        out = self.out.get(lane)
        if out is not None and out != number and out not in self.acknowledged and out not in self.asked:
            raise Verdict(f"{self.name}: item {number} came while {out} of the same journey was out")
        self.out[lane] = number

    def judge_content(self, number, item):
        may_change = ("attempt", "resident", "deleted", "dossier_hash")
        said = {key: value for key, value in item.envelope.items() if key not in may_change}
        if self.content.setdefault(number, said) != said:
            raise Verdict(f"{self.name}: item {number} said {self.content[number]}, and now {said}")
        seen = self.order.setdefault(lane_of(item), [])
        if all(number != earlier for earlier, _, _ in seen):
            if seen and seen[-1][0] > number:
                raise Verdict(f"{self.name}: item {number} came for the first time after {seen[-1][0]}")
            seen.append((number, item["event"], item.get("number")))

    def ack_sent(self, number):
        self.acks_sent[number] = self.acks_sent.get(number, 0) + 1
        self.asked.add(number)

    def ack_sent_elsewhere(self, number):
        """Until `all_heard` the answer may be read before the item, which lies in another connection."""
        self.elsewhere.add(number)
        self.ack_sent(number)

    def all_heard(self):
        """Every connection was read up to what the broker said after its last answer."""
        self.elsewhere.clear()

    def ack_answered(self, number, answer):
        if answer.type != "done":
            raise Verdict(f"{self.name}: the acknowledgement of item {number} was answered {answer}")
        if answer.repeated and self.acks_sent[number] == 1:
            raise Verdict(f"{self.name}: item {number} was acknowledged once and answered repeated")
        self.acknowledged.add(number)
        self.asked.discard(number)

    def judge_order(self, journey, whole):
        """What came is what was owed, in order: a beginning of it, or at the end all of it."""
        owed = journey.owed.get(self.key, [])
        shown = [(event, number) for _, event, number in self.order.get(journey.id, [])]
        rests = list(rests_of(owed, shown))
        if not rests:
            raise Verdict(f"{self.name}: journey {journey.id}: owed {[o.entries for o in owed]}, came {shown}")
        if whole and not any(all(group.optional for group in rest) for rest in rests):
            raise Verdict(f"{self.name}: journey {journey.id}: owed {[o.entries for o in owed]}, only came {shown}")

    def judge_of_no_journey(self):
        for number, event, _ in self.order.get(None, []):
            if self.key[1] != "coordinator" or event not in OF_NO_JOURNEY:
                raise Verdict(f"{self.name}: item {number} ({event}) is of no journey")

    def judge_dossiers(self, journeys):
        for item in self.dossiers:
            if item["journey"] not in journeys:
                raise Verdict(f"{self.name}: a dossier of a journey that is not there: {item}")
            judge_dossier(self.name, item, journeys[item["journey"]])
        self.dossiers.clear()

    def forget(self, journey):
        """A journey that is over and wholly acknowledged needs no more watching."""
        for number, _, _ in self.order.pop(journey.id, []):
            self.content.pop(number, None)
            self.acks_sent.pop(number, None)


def rests_of(owed, shown):
    """Every reading of what came as a beginning of what is owed, as the groups that are still to come."""
    if not shown:
        yield owed
        return
    if not owed:
        return
    group, size = owed[0], len(owed[0].entries)
    if group.optional:
        yield from rests_of(owed[1:], shown)
    if len(shown) < size:
        if is_within(shown, group.entries):
            yield owed
    elif is_within(shown[:size], group.entries):
        yield from rests_of(owed[1:], shown[size:])


def is_within(some, entries):
    """All of them are among the entries, each as often as it stands there, dossiers in rising order."""
    left = list(entries)
    for entry in some:
        if entry not in left:
            return False
        left.remove(entry)
    numbers = [number for event, number in some if event == "dossier"]
    return numbers == sorted(numbers)


def judge_dossier(name, item, journey):
    """The bytes that were sealed, for the resident that it is about, or deleted after an end."""
    handover = journey.any_handover(item["handover"])
    if handover is None:
        raise Verdict(f"{name}: a dossier of a handover that is not there: {item}")
    if item.get("deleted"):
        if handover.state not in ("declined", "withdrawn"):
            raise Verdict(f"{name}: a dossier was deleted while its handover is {handover.state}: {item}")
        return
    number = item["number"]
    wanted = handover.dossiers[number] if number < len(handover.dossiers) else None
    if item.dossier != wanted:
        raise Verdict(f"{name}: dossier {number} of {handover.id} is not what was sealed: {item}")
    if item.get("resident") != journey.resident:
        raise Verdict(f"{name}: dossier {number} of {handover.id} names another resident: {item}")
    if wanted is not None and item.get("dossier_hash") != hashlib.blake2b(wanted, digest_size=32).digest():
        raise Verdict(f"{name}: dossier {number} of {handover.id} has another hash: {item}")
