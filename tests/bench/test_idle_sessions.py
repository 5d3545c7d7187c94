"""What sessions cost the broker in memory: at first, and when they have said `ping` for hours.

libzmq keeps the room that a connection's messages once took: two pieces of 16 KiB for each direction
after some hundred messages. So a session that only says `ping` grows for about three hours of
20-second heartbeats, and then no more; this test makes those hours pass in seconds.
"""

import os
import pathlib
import resource
import sys

import pytest
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from conftest import make_world, scratch, world, world_at_rest  # noqa: E402, F401
from daemon import SANITISED  # noqa: E402
from peer import Peer, pack  # noqa: E402
from world import HOLDER  # noqa: E402

SESSIONS = int(os.environ.get("HOUVAST_SESSIONS", "1000"))
PINGS = 600
AT_FIRST_MIB_MAX = 64 * SESSIONS / 1000
IN_THE_LONG_RUN_MIB_MAX = 112 * SESSIONS / 1000


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


@pytest.fixture
def peers(world):  # noqa: F811
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Peer.context = zmq.Context()
    Peer.context.max_sockets = 4 * SESSIONS
    yield [world.connect(HOLDER) for _ in range(SESSIONS)]
    world.forget_peers()
    Peer.context.destroy(0)
    Peer.context = None
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(SANITISED, reason="the sanitizers keep memory of their own")
def test_idle_sessions(world, peers, capsys):  # noqa: F811
    """Prints the resident memory and holds it to its limits."""
    alone = resident_mib(world.daemon.pid)
    for number, peer in enumerate(peers):
        peer.send({"type": "hello", "request": "q", "version": 1, "role": "endpoint",
                   "instance": f"i{number}", "credit": 10})
    for peer in peers:
        assert peer.answer("q").type == "welcome"
    at_first = resident_mib(world.daemon.pid)

    ping = pack({"type": "ping", "request": "p"})
    for _ in range(PINGS):
        for peer in peers:
            peer.socket.send(ping)
        for peer in peers:
            assert peer.socket.poll(20000)
            peer.socket.recv_multipart()
    in_the_long_run = resident_mib(world.daemon.pid)

    with capsys.disabled():
        print(f"\nmemory of houvastd: {alone:.1f} MiB alone; with {SESSIONS} sessions {at_first:.1f} MiB at first, "
              f"{in_the_long_run:.1f} MiB after {PINGS} pings each "
              f"({(in_the_long_run - alone) * 1024 / SESSIONS:.0f} KiB a session)")
    assert at_first < AT_FIRST_MIB_MAX
    assert in_the_long_run < IN_THE_LONG_RUN_MIB_MAX
