#!/usr/bin/python3
"""Kills the broker over and over in mid-turn and judges from outside what became of its promises.

    tests/fault/kill_checker.py [--kills N] [--verify-every N] [--seed S] [--build DIR] [--shim FILE]

Some 128 journeys live at once, each with one command in flight, from a dozen peers. The process is
killed by a preloaded shim in the very call that syncs or writes, or at a random moment. After each
kill it is started again on the same state; every command that was not answered is asked again, and
everything that was answered has to be as it was answered. Every so many kills, and at the end, the
broker verifies its own ledger, and has to find it whole. Prints its seed; ends with status 0 when
nothing was lost, nothing happened twice, everybody was held by one organisation and one begeleider
all the time, and at least half of the kills cut a turn between its write and its answer.
"""

import argparse
import dataclasses
import itertools
import os
import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import time

import zmq

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from kill_model import (InboxJudge, Journey, NETWORK, Verdict, judge_answer, judge_history,  # noqa: E402
                        judge_status)
from network import Network  # noqa: E402
from peer import Deadline, Peer  # noqa: E402
from shimmed import Broker, Link  # noqa: E402

JOURNEYS = 128
IN_FLIGHT_LEAST = 64
INSTANCES = 2  # endpoints of each organisation
ANSWER_S = 30.0
VERIFY_S = 120.0
LIFE_S = 30.0
DEATH_S = 5.0

AFTER_SYNC, BEFORE_SYNC, MID_WRITE, AFTER_WRITE = 1, 2, 3, 4
# How a life ends: weight, name, the shim's order, and from how many calls one is picked.
ENDINGS = [
    (70, "after a sync", AFTER_SYNC, 4),
    (8, "before a sync", BEFORE_SYNC, 4),
    (6, "in the middle of a write", MID_WRITE, 60),
    (6, "after a write", AFTER_WRITE, 60),
    (10, "at a random moment", None, 0),
]


@dataclasses.dataclass
class Tally:
    kills: int = 0  # with enough commands in flight; the others are made up for
    thin: int = 0
    cut: int = 0
    asked: int = 0
    repeated: int = 0
    anew: int = 0
    answered: int = 0
    acknowledged: int = 0
    redelivered: int = 0
    in_flight_least: int = 10**9
    in_flight_sum: int = 0
    retired: int = 0
    verified: int = 0
    verified_events: int = 0


class Checker:
    """Runs the lives and keeps the books."""

    broker_type = Broker

    def __init__(self, options, directory):
        self.chance = random.Random(options.seed)
        self.options = options
        self.directory = directory
        self.state = directory / "state"
        self.state.mkdir(mode=0o700)
        self.network = Network(directory / "network", f"ipc://{directory}/s")
        self.network.limits["item_attempts"] = "1000"
        self.network.write()
        self.broker = self.broker_type(options.program, options.shim, self.network, self.state, directory)
        key_ids = {name: self.network[name].sealing["first"].id for name in self.network.organisations}
        self.new_journey = lambda: Journey(self.chance, key_ids)
        self.journeys = {}
        self.pending = {}  # journey id: the step that was not answered
        self.pending_acks = {}  # (judge key, item)
        self.judges = {(name, role): InboxJudge(name, role)
                       for name in self.network.organisations for role in ("endpoint", "coordinator")}
        self.links = []
        self.tally = Tally()
        self.ledger = None
        self.running = False  # whether an answer is followed by the journey's next command
        self.outstanding = 0
        self.acking = True
        self.counts = False  # whether the last kill had enough in flight
        self.forgotten = False

    # ---- links ----

    def connect(self):
        self.links = []
        for (name, role), judge in self.judges.items():
            judge.new_life()
            for number in range(self.instances(role)):
                self.links.append(Link(self.network, name, role, number, judge))
        self.poller = zmq.Poller()
        self.by_socket = {}
        for link in self.links:
            self.poller.register(link.peer.socket, zmq.POLLIN)
            self.by_socket[link.peer.socket] = link
        for link in self.links:
            self.outstanding += 1
            link.say_hello(self.welcomed)

    def instances(self, role):
        return INSTANCES if role == "endpoint" else 1

    def welcomed(self, link, answer):
        if answer.type != "welcome":
            raise Verdict(f"{link.peer.name}: hello was answered {answer}")
        link.was_welcomed = True
        self.ledger = self.ledger or answer["ledger"]
        if answer["ledger"] != self.ledger:
            raise Verdict(f"another ledger: {answer}")

    def link_of(self, organisation, role):
        return self.chance.choice([link for link in self.links if (link.organisation, link.role) == (organisation, role)])

    def close_links(self):
        for link in self.links:
            link.close()
        self.links = []

    # ---- pumping ----

    def pump(self, wait_ms):
        """Handles what lies there; waits for something first, as long as that."""
        ready = [self.by_socket[socket] for socket, _ in self.poller.poll(wait_ms)]
        for link in ready:
            for message in link.messages():
                self.handle(link, message)
        return bool(ready)

    def handle(self, link, message):
        if message.type == "item":
            link.judge.sent(message)
            if self.acking:
                self.deal_with(link, message)
            return
        then = link.waiting.pop(message.get("request"), None)
        if then is None:
            raise Verdict(f"{link.peer.name}: an answer that nobody asked for: {message}")
        self.outstanding -= 1
        then(link, message)

    def deal_with(self, link, item):
        """Acknowledges it, most of the time; sometimes wants it later, sometimes does nothing."""
        number = item["item"]
        whim = self.chance.random()
        if whim < 0.85 or not self.running:
            self.ack(link, number)
        elif whim < 0.9:
            link.peer.send({"type": "nack", "item": number, "after": self.chance.randrange(20)})

    def ack(self, link, number):
        link.judge.ack_sent(number)
        self.ask_to_acknowledge(link, number)

    def ask_to_acknowledge(self, link, number):
        self.pending_acks[link.judge.key, number] = True
        self.outstanding += 1

        def then(link, answer):
            link.judge.ack_answered(number, answer)
            self.pending_acks.pop((link.judge.key, number), None)
            self.tally.acknowledged += 1

        link.ask({"type": "ack", "item": number}, None, then)

    def settle_down(self, what):
        """Waits until every question of the moment is answered."""
        deadline = Deadline(ANSWER_S)
        while self.outstanding:
            self.pump(100)
            if not self.broker.alive:
                raise Verdict(f"the broker died while {what}:\n{self.broker.said()}")
            if deadline.passed:
                raise Verdict(f"{self.outstanding} questions without an answer while {what}")

    def ping(self):
        """What was said before comes before the answers."""
        for link in self.links:
            self.outstanding += 1
            link.ask({"type": "ping"}, None, lambda *_: None)

    # ---- commands ----

    def send(self, journey, step):
        step.asked += 1
        self.pending[journey.id] = step
        self.tally.asked += 1
        self.outstanding += 1
        if step.is_question:
            journey.fetch_asked()

        def then(_, answer):
            del self.pending[journey.id]
            self.answered(journey, step, answer)

        self.link_of(step.organisation, step.role).ask({"type": step.kind, **step.keys}, step.dossier, then)

    def answered(self, journey, step, answer):
        if answer.type == "done":
            step.effect(answer["seq"])
        judge_answer(journey, step, answer)
        self.tally.answered += 1
        if answer.repeated:
            self.tally.repeated += 1
        elif step.asked > 1:
            self.tally.anew += 1
        if self.running:
            self.advance(journey)

    def advance(self, journey):
        step = journey.next_step()
        if step is not None:
            self.send(journey, step)
        else:
            self.tally.retired += 1
            self.start_journey()

    def start_journey(self):
        journey = self.new_journey()
        self.journeys[journey.id] = journey
        self.advance(journey)

    # ---- one life ----

    def begin_life(self):
        if self.chance.random() < 0.15:
            self.stillbirth()
        self.broker.start()
        self.outstanding = 0
        self.running, self.acking = False, True
        self.connect()
        self.settle_down("saying hello")

    def stillbirth(self):
        """A kill while it starts and recovers, before anybody is connected."""
        self.broker.start()
        self.broker.wait_dead(self.chance.uniform(0, 0.05))
        if self.broker.alive:
            self.broker.kill()
        self.broker.require_killed()

    def resolve(self):
        """Asks again what was not answered; returns how much of it had taken effect unseen."""
        repeated_before = self.tally.repeated
        for journey_id, step in list(self.pending.items()):
            self.send(self.journeys[journey_id], step)
        for key, number in list(self.pending_acks):
            link = self.link_of(*key)
            link.judge.ack_sent_elsewhere(number)
            self.ask_to_acknowledge(link, number)
        self.settle_down("asking again")
        self.ping()
        self.settle_down("hearing everybody out")
        for judge in self.judges.values():
            judge.all_heard()
        return self.tally.repeated - repeated_before

    def verify_holders(self):
        """H1, now: every journey that is alive has the holder and the state of the model."""
        coordinator = self.link_of(NETWORK, "coordinator")
        for journey in self.journeys.values():
            if journey.state == "new":
                continue
            self.outstanding += 1
            coordinator.ask({"type": "status", "journey": journey.id}, None,
                            lambda _, answer, journey=journey: judge_status(journey, answer))
        self.settle_down("asking who holds")

    def verify_history(self, journeys):
        """A1, D2: each fact once, with the seq that was answered."""
        coordinator = self.link_of(NETWORK, "coordinator")

        def ask(journey, events, after):
            self.outstanding += 1
            coordinator.ask({"type": "history", "journey": journey.id, "after": after, "limit": 1000}, None,
                            lambda _, answer: told(journey, events, answer))

        def told(journey, events, answer):
            if answer.type != "done":
                raise Verdict(f"the history of {journey.id} was answered {answer}")
            events = events + answer["events"]
            if "next" in answer:
                ask(journey, events, answer["next"])
            else:
                judge_history(journey, events)

        for journey in journeys:
            ask(journey, [], 0)
        self.settle_down("reading histories")

    def verify_ledger(self):
        """A1: the broker compares its own ledger with the log, row for row, and finds it whole."""
        operator = Peer(self.network.endpoint, self.network.broker_public, self.network[NETWORK].keys["operator"],
                        name=f"{NETWORK}/operator/verify")
        try:
            for answer in (operator.hello("operator", within=ANSWER_S), operator.ask("verify", within=VERIFY_S)):
                if answer.type not in ("welcome", "done"):
                    raise Verdict(f"the broker finds its own ledger not whole: {answer}")
        finally:
            operator.close()
        self.tally.verified += 1
        self.tally.verified_events = answer["counts"]["events"]

    def verify_items(self, whole=False):
        for judge in self.judges.values():
            judge.judge_dossiers(self.journeys)
            judge.judge_of_no_journey()
            for journey_id in judge.order:
                if journey_id is not None and journey_id not in self.journeys:
                    raise Verdict(f"{judge.name}: an item of a journey that nobody opened: {journey_id}")
            for journey in self.journeys.values():
                judge.judge_order(journey, whole)

    def drop_finished(self):
        """Forgets journeys that are over and whose every item was acknowledged, after a last look."""
        finished = [journey for journey in self.journeys.values() if journey.retired and self.is_settled(journey)]
        self.verify_history(finished)
        for journey in finished:
            for judge in self.judges.values():
                judge.judge_order(journey, True)
                judge.forget(journey)
            del self.journeys[journey.id]

    def is_settled(self, journey):
        for judge in self.judges.values():
            numbers = [number for number, _, _ in judge.order.get(journey.id, [])]
            if not set(numbers) <= judge.acknowledged:
                return False
            owed = sum(len(group.entries) for group in journey.owed.get(judge.key, []) if not group.optional)
            if len(numbers) < owed:
                return False
        return True

    def live_until_killed(self):
        """Gets everything moving, gives the order to die, and goes on until the broker is dead."""
        self.running = True
        for journey in list(self.journeys.values()):
            if not journey.retired and journey.id not in self.pending:
                self.advance(journey)
        while len(self.pending) < JOURNEYS:
            self.start_journey()
        _, name, order, calls = self.chance.choices(ENDINGS, [weight for weight, *_ in ENDINGS])[0]
        deadline = Deadline(LIFE_S)
        die_at = None
        if order is None:
            die_at = Deadline(self.chance.uniform(0, 0.06))
        else:
            self.broker.order.give(order, self.chance.randint(1, calls))
        while self.broker.alive:
            self.pump(1)
            if die_at is not None and die_at.passed:
                self.broker.kill()
                die_at = None
                break
            if deadline.passed:
                raise Verdict(f"the broker should have died {name} and lives on")
        self.broker.require_killed()
        self.running = False
        self.hear_out()

    def hear_out(self):
        """Reads what left the broker before it died: an answer that lies in a socket is an answer."""
        self.acking = False
        deadline = Deadline(DEATH_S)
        for link in self.links:
            if not link.monitor.poll(deadline.left_ms):
                raise Verdict(f"{link.peer.name}: the connection of a dead broker did not end")
            for message in link.messages():
                self.handle(link, message)
        self.close_links()
        self.count_kill(len(self.pending) + len(self.pending_acks))

    def count_kill(self, in_flight):
        """A kill counts when enough was in flight that nobody had been answered."""
        if in_flight < IN_FLIGHT_LEAST:
            self.tally.thin += 1
            self.counts = False
            return
        self.counts = True
        self.tally.kills += 1
        self.tally.in_flight_least = min(self.tally.in_flight_least, in_flight)
        self.tally.in_flight_sum += in_flight

    def life(self, number):
        self.begin_life()
        if self.resolve() and self.counts:
            self.tally.cut += 1
        self.verify_holders()
        self.verify_items()
        if number % self.options.verify_every == self.options.verify_every - 1:
            self.verify_ledger()
        if number % 5 == 4:
            self.drop_finished()
        self.live_until_killed()
        self.sabotage(number)

    def sabotage(self, number):
        """For the test of the checker itself: a later kill loses everything since an earlier one; or the broker
        forgets when dossiers are to be deleted, which nobody who asks it would notice within a week."""
        copy = self.directory / "copy"
        if self.options.sabotage == "rewind" and number == 1:
            shutil.copytree(self.state, copy)
        if self.options.sabotage == "rewind" and number == 2:
            shutil.rmtree(self.state)
            shutil.copytree(copy, self.state)
        if self.options.sabotage == "forget" and not self.forgotten:
            database = sqlite3.connect(self.state / "ledger.sqlite")
            with database:
                self.forgotten = database.execute("DELETE FROM deletion").rowcount > 0
            database.close()

    def last_life(self):
        """Nobody is killed any more: everything owed comes, and every history is whole."""
        self.begin_life()
        if self.resolve() and self.counts:
            self.tally.cut += 1
        self.verify_holders()
        deadline = Deadline(ANSWER_S)
        quiet = 0
        while quiet < 3:
            self.ping()
            before = self.tally.acknowledged
            self.settle_down("taking what is owed")
            quiet = quiet + 1 if self.tally.acknowledged == before else 0
            if deadline.passed:
                raise Verdict("items come without end")
        self.verify_items(whole=True)
        self.verify_history([journey for journey in self.journeys.values() if journey.state != "new"])
        self.verify_ledger()
        self.tally.redelivered = sum(judge.repeats for judge in self.judges.values())
        self.close_links()
        status = self.broker.stop()
        if status != 0:
            raise Verdict(f"the broker stopped with status {status}:\n{self.broker.said()}")

    def run(self):
        began = time.monotonic()
        try:
            for number in itertools.count():
                if self.tally.kills >= self.options.kills:
                    break
                self.life(number)
                if (number + 1) % 100 == 0:
                    print(f"  {self.tally.kills} kills, {self.tally.cut} cut a turn, {len(self.journeys)} journeys "
                          f"alive, {time.monotonic() - began:.0f} s", flush=True)
            self.last_life()
        finally:
            self.close_links()
            if self.broker.process is not None and self.broker.alive:
                self.broker.kill()
                self.broker.process.wait()
        return time.monotonic() - began


def report(tally, seconds):
    print(f"{tally.kills} kills in {seconds:.0f} s; {tally.cut} cut a turn between its write and its answer")
    print(f"commands in flight at a kill: {tally.in_flight_least} at least, "
          f"{tally.in_flight_sum / max(1, tally.kills):.0f} on average; {tally.thin} more kills had fewer "
          f"than {IN_FLIGHT_LEAST} and do not count")
    print(f"{tally.answered} commands answered; asked again: {tally.repeated} had taken effect, {tally.anew} had not")
    print(f"{tally.acknowledged} items acknowledged, {tally.redelivered} came again and were marked; "
          f"{tally.retired} journeys came to their end")
    print(f"the ledger was verified {tally.verified} times and was whole; {tally.verified_events} events at the last")


def judge_run(tally):
    if tally.thin > max(5, tally.kills):
        raise Verdict(f"{tally.thin} kills had fewer than {IN_FLIGHT_LEAST} commands in flight: "
                      "this machine is too slow to show anything")
    if tally.cut * 2 < tally.kills:
        raise Verdict(f"only {tally.cut} of {tally.kills} kills cut a turn between write and answer: "
                      "this run has shown too little")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = HERE.parents[1]
    default = pathlib.Path(os.environ.get("HOUVAST_BUILD", root / "build"))
    parser.add_argument("--kills", type=int, default=60, help="how often (60)")
    parser.add_argument("--verify-every", type=int, default=25, metavar="N", help="lives between verifications (25)")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to choose the same again")
    parser.add_argument("--build", type=pathlib.Path, default=default, help="the folder of houvastd")
    parser.add_argument("--shim", type=pathlib.Path, default=root / "build/test/kill_after_sync.so")
    parser.add_argument("--keep", action="store_true", help="leave the state for looking into")
    parser.add_argument("--sabotage", choices=["rewind", "forget"], default=None,
                        help="break a promise on purpose: this run has to fail")
    options = parser.parse_args(arguments)
    options.program = options.build.resolve() / "houvastd"
    options.shim = options.shim.resolve()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(2**32)
    for path in (options.program, options.shim):
        if not path.exists():
            parser.error(f"{path} is not built: run `make` first")
    return options


def main(arguments=None):
    options = parse(arguments)
    print(f"seed {options.seed}", flush=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hvk"))
    checker = Checker(options, directory)
    try:
        seconds = checker.run()
        report(checker.tally, seconds)
        judge_run(checker.tally)
    except Verdict as verdict:
        print(f"after {checker.tally.kills} kills, seed {options.seed}: {verdict}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
