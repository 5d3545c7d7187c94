"""With a million timers pending the broker wakes for heartbeats and for the step that is due, and for nothing else."""

import contextlib
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from conftest import make_world, scratch, world, world_at_rest  # noqa: E402, F401
from daemon import SANITISED  # noqa: E402
from peer import Deadline  # noqa: E402
from world import HOLDER  # noqa: E402

PENDING = int(os.environ.get("HOUVAST_PENDING", "1000000"))
WATCH_S = 60
HEARTBEAT_S = 20
# The first step of a delivery falls due while the test watches.
LADDER = "[ladder delivery]\nurgency = crisis\nkind = cold\nstep = 1M responsible\nstep = 1H network\nevery = 1H\n"

# A wait that could have slept (its time is not 0), and has ended. The newest `epoll_wait` has not.
WOKE = re.compile(r"epoll_p?wait\(.*, (?!0\))-?\d+(?:, [^)]*)?\) = \d+")
# The broker beats too, where it has not spoken for so long.
BEATS_MAX = 2 * (WATCH_S // HEARTBEAT_S + 1)
SWEEPS_MAX = 1  # one an hour


def multiply(state, journey, count):
    """That many journeys more like this one, each with its timer."""
    with contextlib.closing(sqlite3.connect(pathlib.Path(state) / "ledger.sqlite")) as ledger, ledger:
        columns = [row[1] for row in ledger.execute("PRAGMA table_info(journey)")]
        names = ", ".join(name for name in columns if name not in ("number", "id"))
        ledger.execute(
            f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO journey "
            f"(id, {names}) SELECT randomblob(16), {names} FROM n CROSS JOIN journey WHERE journey.id = ?",
            (count, uuid.UUID(journey).bytes))


class Watched:
    """The main thread's system calls, while it lasts."""

    def __init__(self, daemon):
        self.calls = daemon.scratch / "calls"
        self.strace = subprocess.Popen(["strace", "-o", str(self.calls), "-e", "trace=epoll_wait,epoll_pwait",
                                        "-p", str(daemon.pid)], stderr=subprocess.PIPE, text=True)
        assert "attached" in self.strace.stderr.readline()

    def end(self):
        """The calls from which it woke."""
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait()
        return [line for line in self.calls.read_text().splitlines() if WOKE.search(line)]


def live(session, seconds):
    """A session that does nothing but live, as long as that."""
    until, said = Deadline(seconds), 0
    while not until.passed:
        session.send({"type": "ping", "request": f"beat-{said}"})
        assert session.answer(f"beat-{said}").type == "pong"
        said += 1
        assert session.receive(min(HEARTBEAT_S, until.left_s)) is None  # but for the broker's own beats
    return said


@pytest.mark.skipif(SANITISED, reason="measures")
def test_idle_timers(world_at_rest, capsys):  # noqa: F811
    """Prints how often the main thread woke in a minute, and holds it to what there was to do."""
    world = world_at_rest  # noqa: F811
    world.network.limits["heartbeat"] = f"{HEARTBEAT_S}s"
    world.network.write()
    ladders = world.network.directory / "ladders"
    ladders.mkdir(exist_ok=True)
    (ladders / "soon.conf").write_text(LADDER)
    world.daemon.start()
    pending = world.open()
    world.daemon.kill()
    world.forget_peers()
    multiply(world.daemon.state, pending, PENDING)
    world.daemon.start()
    due, _ = world.offer(urgency="crisis")
    world.forget_peers()
    session = world.session(HOLDER, instance="lives")
    before = world.history(due, session)

    watched = Watched(world.daemon)
    beats = live(session, WATCH_S)
    woke = watched.end()

    steps = [event for event in world.history(due, session)[len(before):] if event["event"] == "reminded"]
    with capsys.disabled():
        print(f"\nwith {PENDING} timers pending, in {WATCH_S} s: {len(woke)} wake-ups of the main thread, "
              f"{beats} heartbeats heard, {len(steps)} step due")
    assert len(steps) == 1, steps
    assert len(woke) <= BEATS_MAX + SWEEPS_MAX + len(steps), woke
