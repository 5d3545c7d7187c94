#!/usr/bin/python3
"""Lets each write of a day fail in turn and judges from outside what became of the promises.

    tests/fault/disk_checker.py [--failing KIND]... [--sample N] [--workers N] [--build DIR] [--shim FILE]

The same day is lived over and over: residents are opened, offered, picked up, confirmed, declined,
withdrawn and closed; the network's files are read anew, and the broker stops and starts. In life N a
preloaded shim makes the Nth write, sync or change of length in the state directory fail, for N = 0,
1, 2 … until a day passes in which nothing failed. The broker may answer `unavailable` and go on, or
end with the status for a failed ledger; started again on a whole disk it has to know all that it
answered, each journey has one holder, and whatever was not answered can be asked again.
"""

import argparse
import itertools
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from kill_checker import ANSWER_S, Checker  # noqa: E402
from kill_model import InboxJudge, Journey, NETWORK, Verdict  # noqa: E402
from peer import Deadline  # noqa: E402
from shimmed import Broker, Order  # noqa: E402

HOLDER, RECEIVER = "delft-support", "delft-voor-elkaar"
LEDGER_FAILED, CANNOT_START, STOPPED = 74, 73, 0
AGAIN_S = 0.05

# The shim's numbers, and whether the failing goes on until the shim is told otherwise.
FAILINGS = {
    "eio-once": (1, False),
    "eio-from": (2, True),
    "enospc-once": (3, False),
    "enospc-from": (4, True),
    "short": (5, False),
    "torn": (6, False),
}


class FailOrder(Order):
    """The shim's four numbers, shared with every process of one day."""

    size = 16

    def give(self, failing, at):
        struct.pack_into("=iiii", self.memory, 0, FAILINGS[failing][0] if failing else 0, at, 0, 0)

    def take_back(self):
        struct.pack_into("=i", self.memory, 0, 0)

    calls = property(lambda self: struct.unpack_from("=i", self.memory, 8)[0])
    failed = property(lambda self: struct.unpack_from("=i", self.memory, 12)[0])


class FailingBroker(Broker):
    """The process under test, whose order goes on from one life to the next."""

    order_type = FailOrder
    variable = "HOUVAST_FAIL_ORDER"
    takes_order_back = False

    def more_environment(self):
        return {"HOUVAST_FAIL_DIRECTORY": str(self.state)}


class Died(Exception):
    """The broker ended by itself."""


class Day(Checker):
    """One life of a day, with one write that fails."""

    broker_type = FailingBroker

    def __init__(self, options, directory, failing, at):
        super().__init__(options, directory)
        self.failing, self.at = failing, at
        self.broker.order.give(failing, at)
        key_ids = {name: self.network[name].sealing["first"].id for name in (HOLDER, RECEIVER)}
        self.new_journey = lambda: Journey(self.chance, key_ids)
        wanted = [(HOLDER, "endpoint"), (RECEIVER, "endpoint"), (NETWORK, "coordinator"), (HOLDER, "coordinator"),
                  (RECEIVER, "coordinator"), (NETWORK, "operator")]
        self.judges = {who: InboxJudge(*who) for who in wanted}
        self.postponed = []  # what was answered `unavailable` and is asked again
        self.unavailable = self.deaths = 0
        self.running, self.acking = False, True

    # ---- links ----

    def connect(self):
        self.postponed.clear()
        super().connect()

    def instances(self, role):
        return 1

    def welcomed(self, link, answer):
        if is_unavailable(answer):
            self.postpone(lambda: self.hello(link))
        else:
            super().welcomed(link, answer)

    def hello(self, link):
        self.outstanding += 1
        link.say_hello(self.welcomed)

    # ---- asking until it is done ----

    def postpone(self, ask):
        self.unavailable += 1
        self.postponed.append(ask)

    def settle_down(self, what):
        """Waits until everything is done, however often it has to be asked; the broker may end."""
        deadline = Deadline(ANSWER_S)
        while self.outstanding or self.postponed:
            self.pump(10)
            if not self.broker.alive:
                raise Died
            if self.unavailable and self.goes_on_failing:
                return
            if deadline.passed:
                raise Verdict(f"{self.outstanding} questions without an answer while {what}\n{self.broker.said()}")
            if self.postponed and not self.outstanding:
                time.sleep(AGAIN_S)
                again, self.postponed = self.postponed, []
                for ask in again:
                    ask()

    @property
    def goes_on_failing(self):
        return FAILINGS[self.failing][1] and self.broker.order.failed > 0 and not self.mended

    mended = False

    def mend(self):
        """The disk is whole from now on."""
        self.broker.order.take_back()
        self.mended = True

    def answered(self, journey, step, answer):
        if is_unavailable(answer):
            step.asked -= 1  # refused: so nothing may have changed, and the next is not a repeat
            self.pending[journey.id] = step
            self.postpone(lambda: self.send(journey, step))
        else:
            super().answered(journey, step, answer)

    def ack(self, link, number):
        link.judge.ack_sent(number)
        self.pending_acks[link.judge.key, number] = True
        self.outstanding += 1

        def then(link, answer):
            if is_unavailable(answer):
                link.judge.acks_sent[number] -= 1
                self.postpone(lambda: self.ack(link, number))
                return
            link.judge.ack_answered(number, answer)
            self.pending_acks.pop((link.judge.key, number), None)
            self.tally.acknowledged += 1

        link.ask({"type": "ack", "item": number}, None, then)

    # ---- when it fails ----

    def live(self, what, ask):
        """Asks, and sees it done, whatever the disk does meanwhile. `ask` is not asked twice: what was not
        answered is asked again by `resolve`."""
        try:
            ask()
            self.settle_down(what)
            if self.unavailable and self.goes_on_failing:
                self.live_without_writing()
        except Died:
            self.require_honest_end((LEDGER_FAILED,))
            self.revive()

    def live_without_writing(self):
        """There is no room and none comes: questions are still answered, and a stop is in order."""
        for journey in self.journeys.values():
            if journey.state != "new":
                self.verify_status(journey)
        self.broker.process.terminate()
        self.await_end()
        self.require_honest_end((STOPPED, LEDGER_FAILED))
        self.revive()

    def verify_status(self, journey):
        coordinator = self.link_of(NETWORK, "coordinator")
        told = []
        coordinator.ask({"type": "status", "journey": journey.id}, None, lambda _, answer: told.append(answer))
        self.outstanding += 1
        deadline = Deadline(ANSWER_S)
        while not told:
            self.pump(10)
            if not self.broker.alive:
                raise Died
            if deadline.passed:
                raise Verdict(f"no status of {journey.id} while the disk is full\n{self.broker.said()}")
        if told[0].type != "done" and not (told[0].type == "refused" and told[0]["code"] == "no-session"):
            raise Verdict(f"the status of {journey.id} was answered {told[0]}")

    def await_end(self):
        deadline = Deadline(ANSWER_S)
        while self.broker.alive:
            self.pump(10)
            if deadline.passed:
                raise Verdict(f"the broker does not end\n{self.broker.said()}")

    def require_honest_end(self, statuses):
        status = self.broker.process.wait()
        self.deaths += 1
        if status not in statuses:
            raise Verdict(f"the broker ended with status {status}, expected {statuses}:\n{self.broker.said()}")
        self.hear_out()
        self.acking = True

    def revive(self):
        """A start on the disk as it is, which may be refused; then one on a whole disk, which may not."""
        self.outstanding = 0
        if self.goes_on_failing:
            self.broker.start()
            self.broker.wait_dead(0.3)
            if self.broker.alive:
                self.broker.process.terminate()
            self.await_end_unheard()
            if self.broker.process.wait() not in (STOPPED, LEDGER_FAILED, CANNOT_START):
                raise Verdict(f"a start on a failing disk ended with {self.broker.process.returncode}:\n"
                              f"{self.broker.said()}")
        self.mend()
        self.broker.start()
        self.connect()
        self.settle_down("saying hello again")
        self.resolve()

    def await_end_unheard(self):
        self.broker.wait_dead(ANSWER_S)
        if self.broker.alive:
            raise Verdict(f"the broker does not end\n{self.broker.said()}")

    def start(self):
        """A start that the failing may hit: before it is ready it may end, and says which way."""
        self.outstanding = 0
        self.broker.start()
        try:
            self.connect()
            self.settle_down("saying hello")
            if self.unavailable and self.goes_on_failing:
                self.live_without_writing()
        except Died:
            self.require_honest_end((LEDGER_FAILED, CANNOT_START))
            self.revive()

    def hear_out(self):
        """As after a kill; a link that was never welcomed may have no connection that could end."""
        for link in self.links:
            if not link.was_welcomed:
                for message in link.messages():
                    self.handle(link, message)
                link.close()
        self.links = [link for link in self.links if link.was_welcomed]
        super().hear_out()

    def count_kill(self, in_flight):
        pass

    # ---- the day ----

    def do(self, journey, step):
        self.journeys[journey.id] = journey
        self.live(step.kind, lambda: self.send(journey, step))

    def say(self, organisation, role, envelope):
        """A command or question on no journey's state."""

        def ask():
            self.outstanding += 1
            self.link_of(organisation, role).ask(envelope, None, told)

        def told(_, answer):
            if is_unavailable(answer):
                self.postpone(ask)
            elif answer.type != "done":
                raise Verdict(f"{envelope} was answered {answer}")

        self.live(envelope["type"], ask)

    def wanted(self, make, **keys):
        """A step of the model that has these keys, and a dossier where it may have one."""
        while True:
            step = make()
            if all(step.keys.get(key) == value for key, value in keys.items()) and (
                    step.dossier or step.kind != "offer"):
                return step

    def opened(self):
        journey = self.new_journey()
        step = journey.open()
        while step.organisation != HOLDER:
            step = journey.open()
        self.do(journey, step)
        return journey

    def a_warm_handover(self):
        journey = self.opened()
        self.do(journey, self.wanted(journey.offer, kind="warm", disclose="received"))
        for step in (journey.receive, journey.pickup, journey.supplement, journey.introduce, journey.fetch,
                     journey.confirm, journey.reassign):
            self.do(journey, step())
        self.say(NETWORK, "coordinator", {"type": "history", "journey": journey.id})
        self.do(journey, journey.close_as_helped())
        return journey

    def what_comes_back(self):
        journey = self.opened()
        for step in (journey.decline, journey.withdraw):
            self.do(journey, self.wanted(journey.offer, kind="cold"))
            self.do(journey, step())
        for agree in (False, True):
            self.do(journey, journey.close_without_response())
            self.do(journey, journey.settle(agree))
        self.do(journey, journey.open(reopens=True))

    def reload(self):
        self.network.limits["redelivery"] = "9m"
        self.network.write()
        self.say(NETWORK, "operator", {"type": "reload"})

    def stop_and_start(self):
        """In order; what lies in the log is put into the ledger then, and that may fail too."""
        self.broker.process.terminate()
        self.await_end()
        self.require_honest_end((STOPPED, LEDGER_FAILED))
        self.deaths -= 1
        if self.options.sabotage == "rewind":
            shutil.rmtree(self.state)
            shutil.copytree(self.directory / "copy", self.state)
        self.start()

    def what_is_left_over_night(self):
        journey = self.opened()
        self.do(journey, self.wanted(journey.offer, kind="cold"))
        self.do(journey, journey.pickup())

    def live_through(self):
        """The day, and the morning after on a whole disk."""
        try:
            self.start()
            self.a_warm_handover()
            if self.options.sabotage == "rewind":
                shutil.copytree(self.state, self.directory / "copy")
            self.what_comes_back()
            self.reload()
            self.what_is_left_over_night()
            self.stop_and_start()
            self.what_is_left_over_night()
            self.calls, self.failed = self.broker.order.calls, self.broker.order.failed
            self.mend()
            if self.broker.alive:
                self.broker.kill()
            self.broker.process.wait()
            self.hear_out()
            self.last_life()
        except Died:
            raise Verdict(f"the broker died on a whole disk:\n{self.broker.said()}") from None
        finally:
            self.close_links()
            if self.broker.process is not None and self.broker.alive:
                self.broker.kill()
                self.broker.process.wait()

    def begin_life(self):
        self.outstanding = 0
        self.acking = True
        self.broker.start()
        self.connect()
        self.settle_down("saying hello")


def is_unavailable(answer):
    return answer.type == "refused" and answer["code"] == "unavailable"


# ---- all days ----


def live_day(options, failing, at):
    """One day in a directory of its own; its Day, for what it counted."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hvd"))
    options.seed = 1  # the same day each time
    try:
        day = Day(options, directory, failing, at)
        day.live_through()
        return day
    except Verdict as verdict:
        raise Verdict(f"{failing or 'nothing'} at call {at}: {verdict}") from None
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def calls_of_day(options):
    return live_day(options, None, 0).calls


def numbers(options, failing, calls):
    """Which calls fail: every one until a day passes unharmed, or a sample that differs from kind to kind."""
    if options.sample is None:
        return itertools.count()
    chance = random.Random(f"{options.seed_of_sample} {failing}")
    return sorted(chance.sample(range(calls), min(options.sample, calls)))


def work(options):
    """This worker's share: days in which something failed, of how many, and what came of them."""
    failed = deaths = unavailable = 0
    calls = calls_of_day(options) if options.sample is not None else None
    for failing in options.failing:
        for number, at in enumerate(numbers(options, failing, calls)):
            if number % options.workers != options.worker:
                continue
            day = live_day(options, failing, at)
            if day.failed == 0 and options.sample is None:
                break
            failed += day.failed > 0
            deaths += day.deaths
            unavailable += day.unavailable > 0
        print(f"  {failing}: to call {at}", flush=True)
    print(f"worker {options.worker}: {failed} days with a failure, {deaths} ends, {unavailable} with `unavailable`",
          flush=True)
    return failed


def parse(arguments):
    root = HERE.parents[1]
    default = pathlib.Path(os.environ.get("HOUVAST_BUILD", root / "build"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--failing", action="append", choices=FAILINGS, help="one way to fail (all)")
    parser.add_argument("--sample", type=int, default=None, help="so many calls of each kind, instead of every one")
    parser.add_argument("--seed-of-sample", default="1", help="which ones")
    parser.add_argument("--at", type=int, default=None, help="this call alone")
    parser.add_argument("--workers", type=int, default=4, help="how many processes share the days (4)")
    parser.add_argument("--worker", type=int, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--sabotage", choices=["rewind"], default=None,
                        help="let the disk forget on purpose: this run has to fail")
    parser.add_argument("--build", type=pathlib.Path, default=default, help="the folder of houvastd")
    parser.add_argument("--shim", type=pathlib.Path, default=root / "build/test/fail_nth_write.so")
    options = parser.parse_args(arguments)
    options.failing = options.failing or list(FAILINGS)
    options.program = options.build.resolve() / "houvastd"
    options.shim = options.shim.resolve()
    for path in (options.program, options.shim):
        if not path.exists():
            parser.error(f"{path} is not built: run `make` first")
    return options


def main(arguments):
    options = parse(arguments)
    try:
        if options.at is not None:
            for failing in options.failing:
                day = live_day(options, failing, options.at)
                if day.failed == 0 and options.sabotage is None:
                    raise Verdict(f"{failing} at {options.at}: none of {day.calls} calls failed")
                print(f"{failing} at {options.at}: {day.failed} failed of {day.calls} calls, {day.deaths} ends, "
                      f"{day.unavailable} times `unavailable`")
            return 0
        if options.worker is not None:
            return 0 if work(options) else 1
    except Verdict as verdict:
        print(verdict, file=sys.stderr)
        return 1
    workers = [subprocess.Popen([sys.executable, __file__, *arguments, "--worker", str(number)])
               for number in range(options.workers)]
    statuses = [worker.wait() for worker in workers]
    return max(map(abs, statuses))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
