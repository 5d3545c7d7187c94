"""The same again is `repeated` and changes nothing; what differs is another fact or a conflict."""

import pytest

import contract
from peer import fresh_resident, fresh_uuid, now_ms, pack, pack_wide, turned_round
from world import DAY_MS, HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD

WHEN = 1_700_000_000_000


def contact():
    return {"on": now_ms(), "how": "visited", "with": "resident"}


class Case:
    """A changing command, ready to be sent: by whom, its keys, its dossier."""

    def __init__(self, world, kind):
        self.world, self.kind, self.dossier = world, kind, None
        self.who = (HOLDER, "endpoint")
        self.journey = self.handover = None
        getattr(self, "make_" + kind.replace("-", "_"))()

    def make_open(self):
        self.journey = fresh_uuid()
        self.keys = dict(journey=self.journey, resident=fresh_resident(), begeleider="anna", basis="consent",
                         urgency="routine", domains=["money", "work"], on=WHEN)

    def make_reassign(self):
        self.journey = self.world.open()
        self.keys = dict(journey=self.journey, begeleider="bob", instead_of="anna", reason="ill", on=WHEN)

    def make_close(self):
        self.journey = self.world.open()
        self.keys = dict(journey=self.journey, begeleider="anna", outcome="helped",
                         talked={"on": WHEN, "begeleider": "anna"})

    def make_close_as_deceased(self):
        self.kind = "close"
        self.journey, self.handover = self.world.offer()
        self.keys = dict(journey=self.journey, begeleider="anna", outcome="deceased")

    def make_settle(self):
        self.who = (NETWORK, "coordinator")
        self.journey = self.world.journey_in("closing")
        self.keys = dict(journey=self.journey, person="nora", agree=True, reason="seen", on=WHEN)

    def make_offer(self):
        self.journey = self.world.open()
        self.dossier = self.world.network.dossier(RECEIVER, b"sealed")
        self.keys = dict(journey=self.journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine",
                         begeleider="anna", age=70)

    def handover_command(self, state, by, **keys):
        self.who = (by, "endpoint")
        self.journey, self.handover = self.world.handover_in(state)
        self.keys = dict(handover=self.handover, **keys)

    def make_receive(self):
        self.handover_command("offered", RECEIVER, begeleider="eva")

    def make_pickup(self):
        self.handover_command("received", RECEIVER, begeleider="eva", planned=WHEN)

    def make_introduce(self):
        self.handover_command("picked-up", RECEIVER, on=WHEN, how="accompanied", resident=True,
                              present=[{"organisation": HOLDER, "person": "anna"}])

    def make_confirm(self):
        self.handover_command("picked-up", RECEIVER, begeleider="eva", contact=contact())

    def make_decline(self):
        self.handover_command("received", RECEIVER, reason="full", decided="receiver")

    def make_withdraw(self):
        self.handover_command("received", HOLDER, reason="consent-withdrawn")

    def make_supplement(self):
        self.handover_command("offered", HOLDER, number=1)
        self.dossier = self.world.network.dossier(RECEIVER, b"further")

    def make_wait(self):
        self.handover_command("received", RECEIVER, begeleider="eva", reason="full", expected=now_ms() + DAY_MS)

    def make_note(self):
        self.handover_command("picked-up", RECEIVER, code="question", on=WHEN)
        self.keys["journey"] = self.journey

    def make_note_of_a_journey(self):
        self.kind = "note"
        self.journey = self.world.open()
        self.keys = dict(journey=self.journey, code="in-touch", next=14, on=WHEN)

    def make_urgency(self):
        self.who = (RECEIVER, "coordinator")
        self.journey, self.handover = self.world.handover_in("received")
        self.keys = dict(journey=self.journey, to="urgent", reason="worse", on=WHEN)

    def make_contest(self):
        self.handover_command("confirmed", HOLDER, reason="not-there")

    def make_claim(self):
        self.who = (RECEIVER, "coordinator")
        self.journey, self.handover = self.world.handover_in("received")
        self.keys = dict(handover=self.handover, person="rita", until=now_ms() + HOUR_MS, on=WHEN)

    def make_claim_of_a_journey(self):
        self.kind, self.who = "claim", (NETWORK, "coordinator")
        self.journey = self.world.open()
        self.keys = dict(journey=self.journey, person="nora", until=now_ms() + HOUR_MS, on=WHEN)

    def make_absent(self):
        self.keys = {"begeleider": f"away-{fresh_uuid()[-12:]}", "from": WHEN, "until": WHEN + 1, "deputy": "bob",
                     "on": WHEN}

    @property
    def peer(self):
        return self.world.peer(*self.who)

    def events(self):
        return self.world.event_names(self.journey) if self.journey else []


CHANGING = ["open", "reassign", "close", "close-as-deceased", "settle", "offer", "receive", "pickup", "introduce",
            "confirm", "decline", "withdraw", "supplement", "wait", "note", "note-of-a-journey", "urgency", "contest",
            "claim", "claim-of-a-journey", "absent"]


@pytest.mark.parametrize("kind", CHANGING)
def test_the_same_again(shared_world, kind):
    """Repeated, with the first seq and the same state, by any session and after any number of times."""
    case = Case(shared_world, kind)
    first = case.peer.fresh(case.kind, case.dossier, **case.keys)
    events = case.events()
    for peer in (case.peer, case.peer, shared_world.session(*case.who)):
        again = peer.repeat(case.kind, case.dossier, **case.keys)
        for key in ("seq", "ledger", "state", "holder", "journey", "handover", "dossier_hash"):
            assert again.get(key) == first.get(key), f"{key}: first {first}, then {again}"
    assert case.events() == events


@pytest.mark.parametrize("kind", CHANGING)
@pytest.mark.parametrize("form", ["keys in another order", "wide forms"])
def test_content_is_the_decoded_envelope(shared_world, kind, form):
    """The order of keys and the width of numbers are no content; neither is the request."""
    case = Case(shared_world, kind)
    first = case.peer.fresh(case.kind, case.dossier, **case.keys)
    envelope = {"type": case.kind, "request": "another", **case.keys}
    frame = pack(turned_round(envelope)) if form.startswith("keys") else pack_wide(envelope)
    frames = (frame,) if case.dossier is None else (frame, case.dossier)
    again = case.peer.raw(*frames)
    assert again.type == "done" and again.repeated, f"expected repeated, got {again}"
    assert (again["request"], again["seq"]) == ("another", first["seq"])


@pytest.mark.parametrize("kind", CHANGING)
def test_the_same_after_a_restart(world, kind):
    """What was answered done is repeated by a broker that was killed meanwhile."""
    case = Case(world, kind)
    first = case.peer.fresh(case.kind, case.dossier, **case.keys)
    world.restart()
    again = case.peer.repeat(case.kind, case.dossier, **case.keys)
    assert (again["seq"], again.get("state"), again["ledger"]) == (first["seq"], first.get("state"), first["ledger"])


CHANGED = {  # command: (what differs, what comes of it)
    "open": (dict(urgency="crisis"), "conflict"),
    "reassign": (dict(reason="holiday"), "conflict"),
    "close": (dict(outcome="moved"), "conflict"),
    "close-as-deceased": (dict(outcome="entered-in-error"), "conflict"),
    "settle": (dict(reason="other"), "conflict"),
    "offer": (dict(age=71), "conflict"),
    "receive": (dict(begeleider="bob"), "conflict"),
    "pickup": (dict(planned=WHEN + 1), "picked-up"),
    "introduce": (dict(how="joint"), "picked-up"),
    "confirm": (dict(begeleider="bob"), "conflict"),
    "decline": (dict(reason="other"), "conflict"),
    "withdraw": (dict(reason="other"), "conflict"),
    "supplement": (dict(number=3), "conflict"),
    "wait": (dict(expected=now_ms() + 2 * DAY_MS), "waiting"),
    "note": (dict(code="missing"), "picked-up"),
    "note-of-a-journey": (dict(next=15), "open"),
    "urgency": (dict(to="crisis"), "open"),
    "contest": (dict(reason="other"), "confirmed"),
    "claim": (dict(person="sara"), "received"),
    "claim-of-a-journey": (dict(person="sara"), "open"),
    "absent": (dict(deputy="carl"), None),
}


@pytest.mark.parametrize("kind", CHANGING)
def test_other_content(shared_world, kind):
    """An id or a state that is taken is conflict; a plan or an introduction is another fact."""
    case = Case(shared_world, kind)
    case.peer.fresh(case.kind, case.dossier, **case.keys)
    change, expected = CHANGED[kind]
    answer = case.peer.ask(case.kind, case.dossier, **{**case.keys, **change})
    if expected == "conflict":
        assert answer.get("code") == "conflict", f"expected conflict, got {answer}"
    else:
        assert answer.get("state") == expected and not answer.repeated, f"expected another fact, got {answer}"


def test_another_on_is_another_fact(shared_world):
    """A thing can happen twice: receive, pick-up and introduction of the same content at another time."""
    world = shared_world
    journey, handover = world.handover_in("offered")
    for kind, keys in (
        ("receive", dict(begeleider="eva")),
        ("pickup", dict(begeleider="eva")),
        ("introduce", dict(how="joint", resident=True, present=[{"organisation": RECEIVER, "person": "eva"}])),
    ):
        one = world.receiver.fresh(kind, handover=handover, on=WHEN, **keys)
        two = world.receiver.fresh(kind, handover=handover, on=WHEN + 1, **keys)
        assert two["seq"] > one["seq"]
        assert world.receiver.repeat(kind, handover=handover, on=WHEN, **keys)["seq"] == one["seq"]
        assert world.receiver.repeat(kind, handover=handover, on=WHEN + 1, **keys)["seq"] == two["seq"]


def test_introductions_are_taken_in_any_order(shared_world):
    """Facts: an older one after a newer one is recorded too."""
    world = shared_world
    journey, handover = world.handover_in("picked-up")
    keys = dict(handover=handover, how="joint", resident=True, present=[{"organisation": RECEIVER, "person": "eva"}])
    world.receiver.fresh("introduce", on=WHEN, **keys)
    world.receiver.fresh("introduce", on=WHEN - 1000, **keys)
    assert world.event_names(journey).count("introduced") == 2


def test_an_introduction_without_anybody_there(shared_world):
    """A list may be short."""
    _, handover = shared_world.handover_in("picked-up")
    shared_world.receiver.fresh("introduce", handover=handover, on=WHEN, how="joint", resident=False, present=[])


def test_content_is_compared_per_organisation_and_side(shared_world):
    """The other party's word-for-word same introduction is a fact of its own."""
    world = shared_world
    journey, handover = world.handover_in("picked-up")
    keys = dict(handover=handover, on=WHEN, how="joint", resident=True,
                present=[{"organisation": HOLDER, "person": "anna"}, {"organisation": RECEIVER, "person": "eva"}])
    one = world.receiver.fresh("introduce", **keys)
    two = world.holder.fresh("introduce", **keys)
    assert one["seq"] != two["seq"]


def test_the_first_dossier_stands(shared_world):
    """Sealing twice gives other bytes: the offer is repeated and answered with the first one's hash."""
    world = shared_world
    journey = world.open()
    first, second = (world.network.dossier(RECEIVER, content) for content in (b"first sealing", b"second sealing"))
    keys = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine", begeleider="anna")
    assert world.holder.fresh("offer", first, **keys)["dossier_hash"] == contract.hash_of(first)
    assert world.holder.repeat("offer", second, **keys)["dossier_hash"] == contract.hash_of(first)
    assert world.holder.repeat("offer", **keys)["dossier_hash"] == contract.hash_of(first)


def test_the_first_offer_without_a_dossier_stands(shared_world):
    """A dossier that comes with the repeat is not taken."""
    world = shared_world
    journey = world.open()
    keys = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine", begeleider="anna")
    assert "dossier_hash" not in world.holder.fresh("offer", **keys)
    again = world.holder.repeat("offer", world.network.dossier(RECEIVER, b"late"), **keys)
    assert "dossier_hash" not in again


def test_the_first_supplement_stands(shared_world):
    """The same number again is repeated whatever it carries; any but the next is conflict."""
    world = shared_world
    _, handover = world.offer()
    first, second = (world.network.dossier(RECEIVER, content) for content in (b"first sealing", b"second sealing"))
    one = world.holder.fresh("supplement", first, handover=handover, number=1)
    again = world.holder.repeat("supplement", second, handover=handover, number=1)
    assert again["seq"] == one["seq"]
    assert again.get("dossier_hash") == one.get("dossier_hash")
    world.holder.refused("conflict", "supplement", second, handover=handover, number=3)
    two = world.holder.fresh("supplement", second, handover=handover, number=2)
    for number, came in ((1, one), (2, two)):
        again = world.holder.repeat("supplement", second, handover=handover, number=number, on=now_ms())
        assert (again["seq"], again["dossier_hash"]) == (came["seq"], came["dossier_hash"])


def test_fifteen_supplements(shared_world):
    """1 to 15, and then no more."""
    world = shared_world
    _, handover = world.offer()
    for number in range(1, 16):
        world.holder.fresh("supplement", world.network.dossier(RECEIVER, b"x"), handover=handover, number=number)
    world.holder.refused("malformed", "supplement", world.network.dossier(RECEIVER, b"x"), handover=handover,
                         number=16, field="number")


# ---- ended handovers ----

ENDING = {
    "confirmed": (RECEIVER, "confirm", lambda: dict(begeleider="eva", contact=contact())),
    "declined": (RECEIVER, "decline", lambda: dict(reason="full", decided="receiver")),
    "withdrawn": (HOLDER, "withdraw", lambda: dict(reason="entered-in-error")),
}


@pytest.mark.parametrize("end", ENDING)
def test_an_ended_handover(shared_world, end):
    """What ended it and its offer are repeated, everything else is conflict: the peer has to learn it."""
    world = shared_world
    journey = world.open()
    offer = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine",
                 begeleider="anna")
    handover = {"handover": offer["handover"]}
    earlier = [("receive", dict(begeleider="eva")), ("pickup", dict(begeleider="eva"))]
    further = world.network.dossier(RECEIVER, b"further")
    world.holder.fresh("offer", **offer)
    world.holder.fresh("supplement", further, number=1, **handover)
    for kind, keys in earlier:
        world.receiver.fresh(kind, **handover, **keys)
    by, kind, make = ENDING[end]
    keys = make()
    first = world.peer(by).fresh(kind, **handover, **keys)

    again = world.peer(by).repeat(kind, **handover, **keys)
    assert (again["seq"], again["state"], again["holder"]) == (first["seq"], end, first["holder"])
    answer = world.holder.repeat("offer", **offer)
    assert answer["state"] == end, f"the offer's answer does not say that it is over: {answer}"
    for kind, keys in earlier:
        world.receiver.refused("conflict", kind, **handover, **keys)
    world.holder.refused("conflict", "supplement", further, number=1, **handover)


def test_the_end_is_not_told_anew_after_the_next_hold(shared_world):
    """For an ended handover `holder` is who held when it ended, whoever holds now."""
    world = shared_world
    journey, handover = world.offer()
    confirm = dict(handover=handover, begeleider="eva", contact=contact())
    world.receiver.fresh("confirm", **confirm)
    world.receiver.fresh("reassign", journey=journey, begeleider="bob", instead_of="eva", reason="ill", on=WHEN)
    again = world.receiver.repeat("confirm", **confirm)
    assert again["holder"] == {"organisation": RECEIVER, "begeleider": "eva"}
    assert world.status(handover=handover)["holder"] == {"organisation": RECEIVER, "begeleider": "eva"}
    assert world.holder_of(journey) == (RECEIVER, "bob")


def test_withdraw_after_a_closing_is_conflict(shared_world):
    """6.30"""
    world = shared_world
    journey, handover = world.offer()
    world.holder.fresh("close", journey=journey, begeleider="anna", outcome="deceased")
    assert world.status(handover=handover)["state"] == "withdrawn"
    world.holder.refused("conflict", "withdraw", handover=handover, reason="deceased")


# ---- journeys ----


def test_an_earlier_holder_asks_again(shared_world):
    """6.28: what it was answered then, with state and holder as they stood then, never as they are now."""
    world = shared_world
    journey = world.open()
    reassign = dict(journey=journey, begeleider="bob", instead_of="anna", reason="ill", on=WHEN)
    then = {"organisation": HOLDER, "begeleider": "bob"}
    world.holder.fresh("reassign", **reassign)
    offer = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine",
                 begeleider="anna")
    world.holder.fresh("offer", **offer)
    world.confirm(offer["handover"])
    world.receiver.fresh("reassign", journey=journey, begeleider="gerda", instead_of="eva", reason="ill", on=WHEN)
    again = world.holder.repeat("reassign", **reassign)
    assert (again["state"], again["holder"]) == ("open", then)
    again = world.holder.repeat("offer", **offer)
    assert again["holder"]["begeleider"] != "gerda", f"the earlier holder learns who holds now: {again}"
    world.holder.refused("unknown", "reassign", **{**reassign, "reason": "other"})


def test_an_earlier_holder_asks_its_closing_again(shared_world):
    """close and settle of a time before the hold moved on."""
    world = shared_world
    journey = world.open()
    close = dict(journey=journey, begeleider="anna", outcome="no-response", no_talk="no-answer", on=WHEN)
    settle = dict(journey=journey, person="nora", agree=False, reason="try-again", on=WHEN)
    world.holder.fresh("close", **close)
    world.network_coordinator.fresh("settle", **settle)
    world.offer(journey, handover=(handover := fresh_uuid()))
    world.confirm(handover)
    again = world.holder.repeat("close", **close)
    assert again["state"] == "closing"
    assert again["holder"] == {"organisation": HOLDER, "begeleider": "anna"}
    world.network_coordinator.repeat("settle", **settle)


def test_reassign_by_when_it_happened(shared_world):
    """An `on` older than the newest recorded is repeated and changes nothing."""
    world = shared_world
    journey = world.open()
    world.holder.fresh("reassign", journey=journey, begeleider="bob", instead_of="anna", reason="ill", on=WHEN)
    late = dict(journey=journey, begeleider="carl", reason="ill", on=WHEN - 1)
    world.holder.repeat("reassign", instead_of="anna", **late)
    world.holder.repeat("reassign", instead_of="bob", **late)
    assert world.holder_of(journey) == (HOLDER, "bob")
    world.holder.refused("conflict", "reassign", journey=journey, begeleider="carl", instead_of="anna", reason="ill",
                         on=WHEN + 1)
    world.holder.fresh("reassign", journey=journey, begeleider="carl", instead_of="bob", reason="ill", on=WHEN + 1)
    assert world.holder_of(journey) == (HOLDER, "carl")
    assert world.event_names(journey).count("reassigned") == 2


def test_urgency_by_when_it_was_said(shared_world):
    """Of what sets a present value an older `on` is repeated and changes nothing, whoever says it."""
    world = shared_world
    journey, handover = world.handover_in("received")
    newest = world.receiver.fresh("urgency", journey=journey, to="crisis", reason="worse", on=WHEN)
    for peer in (world.receiver, world.holder, world.network_coordinator):
        again = peer.repeat("urgency", journey=journey, to="crisis", reason="earlier", on=WHEN - 1)
        assert again["seq"] == newest["seq"]
    world.holder.repeat("urgency", journey=journey, to="routine", reason="earlier", on=WHEN - 1)
    assert world.status(handover=handover)["urgency"] == "crisis"
    assert world.event_names(journey).count("urgency") == 1
    world.holder.fresh("urgency", journey=journey, to="routine", reason="better", on=WHEN + 1)
    world.receiver.repeat("urgency", journey=journey, to="crisis", reason="worse", on=WHEN)  # the very same of before
    assert world.status(handover=handover)["urgency"] == "routine"


def test_the_urgency_that_stands_is_a_fact_without_effect(shared_world):
    """It is recorded, and no ladder begins anew."""
    world = shared_world
    journey, handover = world.handover_in("received")
    due = world.status(handover=handover)["due"]
    world.network_coordinator.fresh("urgency", journey=journey, to="routine", reason="seen", on=WHEN)
    status = world.status(handover=handover)
    assert (status["urgency"], status["due"]) == ("routine", due)
    assert world.event_names(journey).count("urgency") == 1


def test_a_claim_by_when_it_was_said(shared_world):
    """An older one is repeated: who gave it back has given it back. Each organisation has its own order."""
    world = shared_world
    journey, handover = world.handover_in("received")
    coordinator, network = world.peer(RECEIVER, "coordinator"), world.network_coordinator
    until = now_ms() + HOUR_MS
    coordinator.fresh("claim", handover=handover, person="rita", until=until, on=WHEN)
    coordinator.fresh("claim", handover=handover, person="rita", until=0, on=WHEN + 1)
    coordinator.repeat("claim", handover=handover, person="rita", until=until, on=WHEN)
    coordinator.repeat("claim", handover=handover, person="sara", until=until, on=WHEN)
    assert "claimed" not in world.status(handover=handover)
    network.fresh("claim", handover=handover, person="nora", until=until, on=WHEN - 1000)
    assert world.status(handover=handover)["claimed"]["person"] == "nora"
    coordinator.repeat("claim", handover=handover, person="sara", until=until, on=WHEN)
    assert world.status(handover=handover)["claimed"]["person"] == "nora"


def test_an_absence_by_when_it_was_said(shared_world):
    """Each begeleider has an order of its own; the newest that was said stands, however it arrives."""
    world = shared_world
    away = {"begeleider": f"ann-{fresh_uuid()[-12:]}", "from": now_ms(), "until": now_ms() + DAY_MS}
    one = world.holder.fresh("absent", **away, deputy="bob", on=WHEN)
    two = world.holder.fresh("absent", **away, deputy="carl", on=WHEN + 1)
    for deputy, before in (("bob", one), ("dora", two)):  # that very saying, and one that it has overtaken
        again = world.holder.repeat("absent", **away, deputy=deputy, on=WHEN)
        assert again["seq"] == before["seq"]
        assert "warnings" not in again
    world.holder.fresh("absent", **{**away, "until": away["from"]}, on=WHEN + 2)
    world.holder.repeat("absent", **away, deputy="carl", on=WHEN + 1)
    world.receiver.fresh("absent", **away, deputy="bob", on=WHEN)  # of the same name, elsewhere


def test_notes_are_taken_in_any_order(shared_world):
    """Facts: an older one after a newer one is recorded too."""
    world = shared_world
    journey = world.open()
    for on in (WHEN, WHEN - 1000, WHEN + 1000):
        world.holder.fresh("note", journey=journey, code="informed", on=on)
    assert world.event_names(journey).count("noted") == 3


def test_an_earlier_holder_asks_its_note_again(shared_world):
    """It is answered with how things stood when it said so."""
    world = shared_world
    journey = world.open()
    note = dict(journey=journey, code="in-touch", next=14, on=WHEN)
    first = world.holder.fresh("note", **note)
    _, handover = world.offer(journey)
    world.confirm(handover)
    again = world.holder.repeat("note", **note)
    assert (again["seq"], again["holder"]) == (first["seq"], {"organisation": HOLDER, "begeleider": "anna"})
    world.holder.refused("unknown", "note", **{**note, "next": 15})


def test_notes_and_claims_of_a_handover_that_has_ended(shared_world):
    """Conflict even where it took effect before: the peer has to learn that it is over."""
    world = shared_world
    journey, handover = world.handover_in("received")
    note = dict(journey=journey, handover=handover, code="question", on=WHEN)
    claim = dict(handover=handover, person="rita", until=now_ms() + HOUR_MS, on=WHEN)
    wait = dict(handover=handover, begeleider="eva", reason="full", expected=now_ms() + DAY_MS)
    world.receiver.fresh("note", **note)
    world.peer(RECEIVER, "coordinator").fresh("claim", **claim)
    world.receiver.fresh("wait", **wait)
    world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    world.receiver.refused("conflict", "note", **note)
    world.peer(RECEIVER, "coordinator").refused("conflict", "claim", **claim)
    world.receiver.refused("conflict", "wait", **wait)


def test_contesting_again_after_all_is_over(shared_world):
    """By its own row: the same is repeated while the journey is kept, whatever became of it."""
    world = shared_world
    journey, handover = world.handover_in("confirmed")
    first = world.holder.fresh("contest", handover=handover, reason="not-there")
    world.receiver.fresh("close", journey=journey, begeleider="eva", outcome="deceased")
    assert world.holder.repeat("contest", handover=handover, reason="not-there")["seq"] == first["seq"]
    world.holder.refused("conflict", "contest", handover=handover, reason="still-not-there")


def test_close_again_after_it_was_not_agreed_to(shared_world):
    """The same close is repeated; another `on` makes it another closing."""
    world = shared_world
    journey = world.open()
    close = dict(journey=journey, begeleider="anna", outcome="no-response", no_talk="no-answer")
    world.holder.fresh("close", **close)
    world.network_coordinator.fresh("settle", journey=journey, person="nora", agree=False, reason="try", on=WHEN)
    again = world.holder.repeat("close", **close)
    assert again["state"] == "open"
    assert world.holder.fresh("close", on=WHEN, **close)["state"] == "closing"


def test_reopen_twice(shared_world):
    """Closed, reopened, closed and reopened: each with its own `on`."""
    world = shared_world
    resident = fresh_resident()
    journey = world.open(resident=resident)
    keys = dict(journey=journey, resident=resident, begeleider="bob", basis="consent", urgency="urgent", reopens=True)
    for turn in (1, 2):
        world.holder.fresh("close", journey=journey, begeleider="anna", outcome="deceased", on=WHEN + turn)
        answer = world.holder.fresh("open", on=WHEN + turn, **keys)
        assert (answer["state"], answer["holder"]["begeleider"]) == ("open", "bob")
        assert world.holder.repeat("open", on=WHEN + turn, **keys)["seq"] == answer["seq"]
    assert world.event_names(journey) == ["opened", "closed", "opened", "closed", "opened"]


def test_fetch_is_never_repeated(shared_world):
    """A question: each is recorded, and adds no item while one waits."""
    world = shared_world
    journey, handover = world.handover_in("picked-up", dossier=world.network.dossier(RECEIVER, b"x"))
    assert not world.receiver.done("fetch", handover=handover).repeated
    assert not world.receiver.done("fetch", handover=handover).repeated
    assert [event["event"] for event in world.history(journey)].count("fetched") == 2


def test_questions_and_reload_are_never_repeated(shared_world):
    """6.32"""
    world = shared_world
    journey = world.open()
    for _ in range(2):
        assert not world.holder.done("status", journey=journey).repeated
        assert not world.holder.done("history", journey=journey).repeated
        assert not world.holder.done("map").repeated
        assert not world.operator.done("stats").repeated
        assert not world.operator.done("reload").repeated
        assert not world.operator.done("clock-accept").repeated
        assert not world.network_coordinator.done("list").repeated
    watcher = world.session(NETWORK, "coordinator")
    for _ in range(2):
        assert not watcher.done("watch", **{"from": 0}).repeated


def test_many_at_once(shared_world):
    """One command sent fifty times in one go, by two sessions: done once, repeated else."""
    world = shared_world
    journey, handover = world.offer()
    peers = [world.session(RECEIVER), world.session(RECEIVER)]
    for number in range(50):
        peers[number % 2].send({"type": "receive", "request": f"m{number}", "handover": handover, "begeleider": "eva"})
    answers = [peers[number % 2].answer(f"m{number}") for number in range(50)]
    assert [answer.type for answer in answers] == ["done"] * 50
    assert sum(not answer.repeated for answer in answers) == 1
    assert len({answer["seq"] for answer in answers}) == 1
    assert world.event_names(journey) == ["opened", "offered", "received"]
