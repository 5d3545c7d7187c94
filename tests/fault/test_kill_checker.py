"""The kill checker can fail: every judge finds the lie that it is there to find."""

import collections
import os
import pathlib
import random
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from kill_checker import Tally, judge_run  # noqa: E402
from kill_model import (InboxJudge, Journey, Verdict, judge_answer, judge_history,  # noqa: E402
                        judge_status)

KEY_IDS = {name: bytes([number]) * 8 for number, name in enumerate(["kcc", "delft-support", "werkse"])}
BUILD = pathlib.Path(os.environ.get("HOUVAST_BUILD", HERE.parents[1] / "build"))


class Fake(collections.UserDict):
    """A message from a broker that says what the test wants."""

    def __init__(self, envelope, dossier=None):
        super().__init__(envelope)
        self.envelope, self.dossier = envelope, dossier

    type = property(lambda self: self["type"])
    repeated = property(lambda self: self.get("repeated", False))


def walked(steps=12, seed=7):
    """A journey that went that many steps, and an honest history of it."""
    journey = Journey(random.Random(seed), KEY_IDS)
    events, seq = [], 10
    for _ in range(steps):
        step = journey.next_step()
        if step is None:
            break
        step.effect(seq)
        if not step.is_question:
            seq, names = journey.facts[-1]
            events += [{"seq": seq + number, "event": name} for number, name in enumerate(names)]
        seq += 10
    return journey, events


def status_of(journey):
    return Fake({"type": "done", "state": journey.state, "holder": journey.expected_holder()})


def test_an_honest_history_passes():
    """Many journeys, each with what quiet events may stand between."""
    for seed in range(200):
        journey, events = walked(seed=seed)
        judge_history(journey, events)
        judge_history(journey, [*events, {"seq": 9999, "event": "read"}])
        judge_status(journey, status_of(journey))


TAMPERED = {
    "a fact is lost": lambda events: events[:-1],
    "the first fact is lost": lambda events: events[1:],
    "everything is lost": lambda events: [],
    "a fact stands twice": lambda events: events + [{**events[-1], "seq": events[-1]["seq"] + 1}],
    "an event is shown twice": lambda events: events + events[-1:],
    "a fact that nobody stated": lambda events: events + [{"seq": 9999, "event": "confirmed"}],
    "another seq than was answered": lambda events: [{**events[0], "seq": events[0]["seq"] - 1}, *events[1:]],
    "another fact": lambda events: [{**events[0], "event": "closed"}, *events[1:]],
    "out of order": lambda events: events[::-1],
    "a delivery of nothing": lambda events: [*events, *({"seq": 9000 + n, "event": "delivered"} for n in range(9))],
    "a fetch that nobody asked": lambda events: [*events, *({"seq": 9000 + n, "event": "fetched"} for n in range(9))],
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_history_is_found(name):
    """Whatever was lost, doubled or made up."""
    for seed in range(20):
        journey, events = walked(seed=seed)
        with pytest.raises(Verdict):
            judge_history(journey, TAMPERED[name](events))


@pytest.mark.parametrize("change", [
    {"holder": {"organisation": "nobody", "begeleider": "p1"}},
    {"holder": {"organisation": "kcc", "begeleider": "somebody-else"}},
    {"holder": None},
    {"state": "lost"},
    {"type": "refused", "code": "unknown"},
])
def test_a_lost_or_moved_holder_is_found(change):
    """H1"""
    journey, _ = walked()
    with pytest.raises(Verdict):
        judge_status(journey, Fake({**status_of(journey), **change}))


@pytest.mark.parametrize("change", [
    {"type": "refused", "code": "conflict", "reason": "no"},
    {"state": "closed"},
    {"holder": {"organisation": "kcc", "begeleider": "somebody-else"}},
    {"repeated": True},
])
def test_a_wrong_answer_is_found(change):
    """Not done, another state, another holder, or repeated though it was asked once."""
    journey = Journey(random.Random(3), KEY_IDS)
    step = journey.next_step()
    step.asked = 1
    step.effect(10)
    honest = {"type": "done", "seq": 10, "state": "open", "holder": journey.expected_holder()}
    judge_answer(journey, step, Fake(honest))
    with pytest.raises(Verdict):
        judge_answer(journey, step, Fake({**honest, **change}))


# ---- items ----


def item(number=1, attempt=1, event="offered", journey="j", dossier=None, **more):
    return Fake({"type": "item", "item": number, "attempt": attempt, "event": event, "journey": journey, "seq": number,
                 **more}, dossier)


DONE = Fake({"type": "done"})
REPEATED = Fake({"type": "done", "repeated": True})
UNKNOWN = Fake({"type": "refused", "code": "unknown"})


def played(*happenings):
    judge = InboxJudge("kcc", "endpoint")
    for what, *rest in happenings:
        getattr(judge, what)(*rest)


HONEST = {
    "sent and acknowledged": [("sent", item()), ("ack_sent", 1), ("ack_answered", 1, DONE), ("sent", item(2))],
    "again and marked": [("sent", item()), ("new_life",), ("sent", item(attempt=2))],
    "the next after an acknowledgement on its way": [("sent", item()), ("ack_sent", 1), ("sent", item(2))],
    "acknowledged twice": [("sent", item()), ("ack_sent", 1), ("new_life",), ("ack_sent", 1),
                           ("ack_answered", 1, REPEATED)],
    "another journey": [("sent", item()), ("sent", item(2, journey="k"))],
    "read after its acknowledgement elsewhere": [
        ("sent", item()), ("ack_sent", 1), ("new_life",), ("ack_sent_elsewhere", 1), ("ack_answered", 1, DONE),
        ("sent", item(2)), ("sent", item(attempt=2)), ("all_heard",)],
}
LIES = {
    "again when everybody was heard": [
        ("sent", item()), ("ack_sent", 1), ("new_life",), ("ack_sent_elsewhere", 1), ("ack_answered", 1, DONE),
        ("all_heard",), ("sent", item(attempt=2))],
    "again in another life": [
        ("sent", item()), ("ack_sent", 1), ("new_life",), ("ack_sent_elsewhere", 1), ("ack_answered", 1, DONE),
        ("new_life",), ("sent", item(attempt=2))],
    "again without a mark": [("sent", item()), ("new_life",), ("sent", item())],
    "again with a lower attempt": [("sent", item(attempt=3)), ("new_life",), ("sent", item(attempt=2))],
    "again after its acknowledgement": [("sent", item()), ("ack_sent", 1), ("ack_answered", 1, DONE), ("new_life",),
                                        ("sent", item(attempt=2))],
    "two of one journey at a time": [("sent", item()), ("sent", item(2))],
    "another content": [("sent", item()), ("new_life",), ("sent", item(attempt=2, event="withdrawn"))],
    "out of order": [("sent", item(5)), ("new_life",), ("sent", item(4))],
    "repeated though acknowledged once": [("sent", item()), ("ack_sent", 1), ("ack_answered", 1, REPEATED)],
    "a lost item": [("sent", item()), ("ack_sent", 1), ("ack_answered", 1, UNKNOWN)],
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_inbox_passes(name):
    """What at-least-once allows."""
    played(*HONEST[name])


@pytest.mark.parametrize("name", LIES)
def test_a_lying_inbox_is_found(name):
    """What it does not."""
    with pytest.raises(Verdict):
        played(*LIES[name])


def came(*entries):
    """An inbox into which these events of one journey came, in this order."""
    judge = InboxJudge("kcc", "endpoint")
    judge.order["j"] = [(number, event, dossier) for number, (event, dossier) in enumerate(entries, 1)]
    return judge


def owing():
    """A journey that owes that inbox an offer, two dossiers with a confirmation, and perhaps a fetch."""
    journey = Journey(random.Random(1), KEY_IDS)
    journey.id = "j"
    journey.owe("kcc", "offered")
    journey.owe("kcc", ("dossier", 0), ("dossier", 1), "confirmed")
    journey.owe("kcc", ("dossier", 0), ("dossier", 1), optional=True)
    journey.owe("kcc", "closed")
    return journey


OFFER, END, CONFIRMED, ZERO, ONE = ("offered", None), ("closed", None), ("confirmed", None), ("dossier", 0), ("dossier", 1)


@pytest.mark.parametrize("entries, whole", [
    ([], False), ([OFFER], False), ([OFFER, ZERO], False), ([OFFER, CONFIRMED, ZERO], False),
    ([OFFER, CONFIRMED, ZERO, ONE, END], True), ([OFFER, ZERO, ONE, CONFIRMED, END], True),
    ([OFFER, ZERO, ONE, CONFIRMED, ZERO, ONE, END], True), ([OFFER, ZERO, ONE, CONFIRMED, ZERO], False),
])
def test_what_was_owed_and_came(entries, whole):
    """A beginning of it on the way, all of it at the end; a fetch may add the dossiers once more."""
    came(*entries).judge_order(owing(), whole)


@pytest.mark.parametrize("entries, whole", [
    ([END], False), ([OFFER, OFFER], False), ([OFFER, END], False),
    ([OFFER, ONE, ZERO, CONFIRMED], False), ([OFFER, CONFIRMED, ZERO, ONE], True), ([], True),
    ([OFFER, ZERO, ONE, CONFIRMED, END, END], True), ([OFFER, ZERO, ONE, CONFIRMED, ZERO, END], True),
])
def test_what_was_not_owed_or_never_came(entries, whole):
    """Left out, doubled, out of order, or missing at the end."""
    with pytest.raises(Verdict):
        came(*entries).judge_order(owing(), whole)


@pytest.mark.parametrize("role, event, honest", [
    ("coordinator", "suspected", True), ("coordinator", "quiet", True),
    ("coordinator", "closing", False), ("endpoint", "suspected", False), ("endpoint", "offered", False),
])
def test_what_is_of_no_journey(role, event, honest):
    """Coordinators hear of the network; all else is of a journey."""
    judge = InboxJudge("kcc", role)
    judge.sent(item(event=event, journey=None))
    if honest:
        judge.judge_of_no_journey()
        return
    with pytest.raises(Verdict):
        judge.judge_of_no_journey()


# ---- the run as a whole ----


@pytest.mark.parametrize("tally", [Tally(kills=60, cut=29), Tally(kills=10, cut=10, thin=11)])
def test_a_run_that_shows_too_little_fails(tally):
    """Too few kills between write and answer, or too few commands in flight."""
    with pytest.raises(Verdict):
        judge_run(tally)
    judge_run(Tally(kills=60, cut=30, thin=3))


def test_a_broker_that_forgets_is_found():
    """The real broker, but its disk goes back to what it was a kill ago: the checker has to notice."""
    run = subprocess.run([sys.executable, HERE / "kill_checker.py", "--kills", "5", "--build", BUILD,
                          "--sabotage", "rewind"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "after 3 kills" in run.stderr, run.stderr


def test_a_ledger_that_differs_is_found():
    """What no peer would notice, the broker's own verification does."""
    run = subprocess.run([sys.executable, HERE / "kill_checker.py", "--kills", "5", "--build", BUILD,
                          "--sabotage", "forget", "--verify-every", "2"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "the broker finds its own ledger not whole" in run.stderr, run.stderr
    assert "when its dossiers are deleted is not what its events give" in run.stderr, run.stderr
