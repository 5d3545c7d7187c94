"""What holds whatever happens: sync before speaking, I/O errors, a full disk, a newer store, the lock (D1, D3)."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

import daemon as daemons
from peer import Deadline, NoAnswer, fresh_resident, fresh_uuid
from world import HOLDER, RECEIVER

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace: apt-get install strace")

ENDED_IO_ERROR, ENDED_NEWER, ENDED_LOCKED, ENDED_CONFIG, ENDED_USAGE = 74, 65, 73, 78, 64


# ---- no answer before its sync ----

CALLS = "recvfrom,recvmsg,read,sendto,sendmsg,write,writev,fsync,fdatasync,pwrite64,pwritev"


class Trace:
    """strace's output, read as it grows: begin and end of each call in the order in which they happened."""

    line = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*))$")

    def __init__(self, path):
        self.path, self.offset, self.pending = path, 0, {}

    def events(self):
        """(when, call, descriptor, result) for every begin (result None) and end since the last look."""
        found = []
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        self.offset += text.rfind(b"\n") + 1
        for line in text[:text.rfind(b"\n") + 1].decode(errors="replace").splitlines():
            match = self.line.match(line)
            if not match:
                continue
            pid, resumed, rest, call, arguments = match.groups()
            if resumed:
                found.append((resumed, self.pending.pop(pid, None), self.result(rest)))
                continue
            descriptor = arguments.split(",")[0].split(")")[0].split(" ")[0]
            found.append((call, descriptor, None))
            if line.endswith("<unfinished ...>"):
                self.pending[pid] = descriptor
            else:
                found.append((call, descriptor, self.result(arguments)))
        return found

    @staticmethod
    def result(text):
        match = re.search(r"\) += (-?\d+)", text)
        return int(match.group(1)) if match else -1


SENDS, READS, SYNCS = {"sendto", "sendmsg", "write", "writev"}, {"recvfrom", "recvmsg", "read"}, {"fsync", "fdatasync"}


def sockets_of(pid):
    """Descriptors of the daemon that are connected stream sockets."""
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            if os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                found.add(name)
        except FileNotFoundError:
            pass
    return found


@needs_strace
def test_no_answer_leaves_before_its_sync(world_at_rest):
    """Under strace: between reading a command and sending its answer lies a sync that succeeded."""
    world = world_at_rest
    path = world.daemon.scratch / "trace"
    world.daemon.start(wrapper=["strace", "-f", "-qq", "-s", "0", "-o", str(path), "-e", f"trace={CALLS}",
                                "-e", "signal=none"], traced=True)
    trace = Trace(path)
    journey, handover = fresh_uuid(), fresh_uuid()
    holder, receiver = world.holder, world.receiver
    dossier = world.network.dossier(RECEIVER, b"d" * 9000)
    steps = [
        (holder, "open", None, dict(journey=journey, resident=fresh_resident(), begeleider="anna", basis="consent",
                                    urgency="routine")),
        (holder, "offer", dossier, dict(journey=journey, handover=handover, to=RECEIVER, kind="cold",
                                        urgency="routine", begeleider="anna")),
        (receiver, "receive", None, dict(handover=handover, begeleider="eva")),
        (receiver, "pickup", None, dict(handover=handover, begeleider="eva")),
        (holder, "supplement", dossier, dict(handover=handover, number=1)),
        (receiver, "confirm", None, dict(handover=handover, begeleider="eva", contact=world.contact())),
        (receiver, "history", None, dict(journey=journey)),
        (receiver, "reassign", None, dict(journey=journey, begeleider="bob", instead_of="eva", reason="ill", on=1)),
    ]
    sockets = sockets_of(world.daemon.pid)
    for peer, kind, frame, keys in steps:
        peer.barrier()
        trace.events()
        answer = peer.ask(kind, frame, **keys)
        assert answer.type == "done", answer
        peer.barrier(1)  # its pong comes after everything that belongs to the step
        judge_order(kind, trace.events(), sockets)
    judge_items(world, trace, sockets)


def judge_order(kind, events, sockets):
    """The first thing sent on the connection that was read from comes after a finished sync."""
    read_from, synced = None, False
    for call, descriptor, result in events:
        if call in READS and descriptor in sockets and (result or 0) > 0 and read_from is None:
            read_from = descriptor
        elif call in SYNCS and result == 0 and read_from is not None:
            synced = True
        elif call in SENDS and descriptor == read_from and result is None:
            assert synced, f"{kind}: something left before the sync: {events}"
            return
    raise AssertionError(f"{kind}: no answer in the trace: {events}")


def judge_items(world, trace, sockets):
    """An item that leaves was recorded as sent before: its attempt is on disk."""
    inbox = world.session(RECEIVER, credit=10)
    inbox.expect_item("offered")
    events = trace.events()
    assert any(call in SYNCS and result == 0 for call, _, result in events), "an item left without a sync"


# ---- I/O errors at commit ----


def attach(world, *injections):
    """Lets system calls of the running daemon fail from now on."""
    process = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync,pwrite64",
         *(word for injection in injections for word in ("-e", f"inject={injection}")), "-p", str(world.daemon.pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = Deadline(10)
    while not traced(world.daemon.pid):
        assert not deadline.passed and process.poll() is None, "strace could not attach"
    return process


def traced(pid):
    """Whether every thread of the process is being traced."""
    states = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as file:
            states.append(re.search(r"TracerPid:\t(\d+)", file.read()).group(1) != "0")
    return all(states)


@needs_strace
@pytest.mark.parametrize("injection", [
    "fdatasync,fsync:error=EIO:when=1+",
    "pwrite64:error=EIO:when=1+",
    "fdatasync,fsync:error=ENOSPC:when=1+",
])
def test_an_io_error_at_commit_ends_the_process(world_at_rest, injection):
    """Status 74, nobody is answered, and after a restart asking again works."""
    world = world_at_rest
    world.daemon.start(traced=True)
    journey, handover = world.offer()
    keys = dict(handover=handover, begeleider="eva")
    receiver, third = world.receiver, world.third
    strace = attach(world, injection)
    try:
        receiver.send({"type": "receive", "request": "lost", **keys})
        third.send({"type": "open", "request": "lost", "journey": fresh_uuid(), "resident": fresh_resident(),
                    "begeleider": "tom", "basis": "consent", "urgency": "routine"})
        status = world.daemon.wait()
    finally:
        strace.terminate()
        strace.wait()
    assert status == ENDED_IO_ERROR, world.daemon.said()
    for peer in (receiver, third):
        with pytest.raises(NoAnswer):
            peer.answer("lost", within=0.2)
    world.forget_peers()
    world.daemon.start()
    answer = world.receiver.done("receive", **keys)
    assert answer["state"] == "received"
    assert world.holder_of(journey) == (HOLDER, "anna")
    assert world.event_names(journey) == ["opened", "offered", "received"]


# ---- a full disk ----

DISK_MIB = 64


@pytest.fixture
def small_disk(world_at_rest):
    """The state directory lies on a small tmpfs in a mount namespace of the daemon's own."""
    world = world_at_rest
    script = f'mount -t tmpfs -o size={DISK_MIB}m,mode=0700 tmpfs "$0" && exec "$@"'
    wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(world.daemon.state)]
    probe = subprocess.run([*wrapper, "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no private mount here: {probe.stderr.strip()}")
    world.daemon.start(wrapper=wrapper)
    return world


def filler(world):
    return f"/proc/{world.daemon.pid}/root{world.daemon.state}/filler"


def fill(world):
    """Takes every last byte of the small disk."""
    with open(filler(world), "wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                pass


def try_offer(world):
    """Opens a journey and offers it, as far as the broker takes it; the answers' words."""
    journey = fresh_uuid()
    opened = world.holder.ask("open", journey=journey, resident=fresh_resident(), begeleider="anna", basis="consent",
                              urgency="routine")
    return opened["code"] if opened.type == "refused" else "done"


@needs_root
def test_a_full_disk(small_disk):
    """Nothing new is taken, nothing held is lost; what ends a duty goes on, and so does everything once there is room."""
    world = small_disk
    stories = [world.handover_in("received", dossier=world.network.dossier(RECEIVER, b"d" * 5000)) for _ in range(12)]
    inbox = world.inbox(RECEIVER)
    owed = [inbox.expect_item("offered") for _ in stories]
    fill(world)

    journey, handover = stories[0]
    for _ in range(40):
        word = try_offer(world)
        if word == "unavailable":
            break
    assert word == "unavailable", f"a full disk still takes new ones: {word}"
    another = dict(journey=journey, handover=fresh_uuid(), to=RECEIVER, kind="cold", urgency="routine", begeleider="a")
    world.holder.refused("unavailable", "offer", **another)
    world.holder.refused("unavailable", "offer", **{**another, "journey": fresh_uuid()})
    world.holder.refused("malformed", "offer", **{**another, "kind": "lukewarm"}, field="kind")

    for number, (journey, handover) in enumerate(stories):
        if number % 2:
            world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
        else:
            world.confirm(handover)
            assert world.holder_of(journey) == (RECEIVER, "eva")
        inbox.ack(owed[number])
    world.holder.done("map")

    os.unlink(filler(world))
    deadline = Deadline(15)
    while try_offer(world) != "done":
        assert not deadline.passed, f"no recovery without a restart\n{world.daemon.said()}"
    world.offer()
    for number, (journey, handover) in enumerate(stories):
        wanted = "declined" if number % 2 else "confirmed"
        assert world.status(handover=handover)["state"] == wanted
        world.history(journey)


@needs_root
def test_repeats_while_the_disk_is_full(small_disk):
    """6.3: a repeat is answered also while unavailable, and status and map are questions like any day."""
    world = small_disk
    journey = fresh_uuid()
    keys = dict(journey=journey, resident=fresh_resident(), begeleider="anna", basis="consent", urgency="routine")
    first = world.holder.fresh("open", **keys)
    fill(world)
    for _ in range(40):
        if try_offer(world) == "unavailable":
            break
    assert world.holder.repeat("open", **keys)["seq"] == first["seq"]
    assert world.holder.done("status", journey=journey)["state"] == "open"
    world.third.done("map")
    world.operator.done("stats")
    answer = world.holder.ask("history", journey=journey)
    assert answer.type == "done" or answer["code"] == "unavailable", f"a recorded question: {answer}"


# ---- the store ----


def ledger_file(world):
    for path in world.daemon.files():
        if path.read_bytes()[:15] == b"SQLite format 3":
            return path
    raise AssertionError(f"no ledger in {world.daemon.files()}")


def test_a_newer_store_is_refused(world_at_rest):
    """Status 65 and a sentence; the store is left as it was."""
    world = world_at_rest
    world.daemon.start()
    journey = world.open()
    world.forget_peers()
    world.daemon.stop()
    path = ledger_file(world)
    with sqlite3.connect(path) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        assert version > 0, "the store says no version"
        connection.execute(f"PRAGMA user_version = {version + 1000}")
    connection.close()
    assert world.daemon.run() == ENDED_NEWER
    assert "newer" in world.daemon.said()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    world.daemon.start()
    assert world.holder_of(journey) == (HOLDER, "anna")


def test_a_store_that_is_not_ours_is_refused(world_at_rest):
    """Somebody else's database, or no database at all, is not written over."""
    world = world_at_rest
    world.daemon.start()
    world.daemon.stop()
    path = ledger_file(world)
    path.write_bytes(b"this is a letter, not a ledger\n" * 200)
    assert world.daemon.run() == ENDED_NEWER
    assert path.read_bytes().startswith(b"this is a letter")


def test_one_state_directory_one_process(world):
    """The second is told who has the lock, and the first goes on."""
    second = subprocess.run(world.daemon.command(), capture_output=True, text=True, timeout=20,
                            env=world.daemon.environment({"NOTIFY_SOCKET": None}))
    assert second.returncode == ENDED_LOCKED, second.stderr
    assert str(world.daemon.pid) in second.stderr, f"who has it? {second.stderr}"
    world.holder.done("map")


def test_a_killed_process_leaves_no_lock(world):
    """The next start needs no help."""
    world.restart()
    world.holder.done("map")


@pytest.mark.parametrize("arguments, status", [
    ([], ENDED_USAGE),
    (["--network", "/nonexistent", "--state", "{state}"], ENDED_CONFIG),
    (["--network", "{network}", "--state", "/proc/nonexistent"], ENDED_LOCKED),
    (["--network", "{network}", "--state", "{state}", "--colour"], ENDED_USAGE),
    (["--network", "{network}", "--state", "{state}", "--check"], 0),
    (["--help"], 0),
    (["--version"], 0),
])
def test_exit_statuses(world_at_rest, arguments, status):
    """Each with a sentence that names the place."""
    world = world_at_rest
    arguments = [a.format(state=world.daemon.state, network=world.network.directory) for a in arguments]
    result = subprocess.run([str(daemons.PROGRAM), *arguments], capture_output=True, text=True, timeout=20,
                            env=world.daemon.environment({"NOTIFY_SOCKET": None}))
    assert result.returncode == status, f"{arguments}: {result.stdout}{result.stderr}"
    if status:
        assert result.stderr.strip()


def test_a_broken_network_at_the_start(world_at_rest):
    """Status 78, with file and line."""
    world = world_at_rest
    path = world.network.file_of("werkse")
    path.write_text(path.read_text().replace("roles = endpoint", "roles = endpiont"))
    assert world.daemon.run() == ENDED_CONFIG
    assert "werkse.conf:" in world.daemon.said()


def test_a_key_file_that_others_may_read(world_at_rest):
    """The broker's secret is nobody else's."""
    world = world_at_rest
    (world.network.directory / "broker.key").chmod(0o644)
    assert world.daemon.run() == ENDED_CONFIG
    assert "broker.key" in world.daemon.said()


def test_a_broker_key_that_is_not_the_networks(world_at_rest):
    """Its public half has to be the one that peers know."""
    import zmq

    world = world_at_rest
    world.network.broker_public, world.network.broker_secret = zmq.curve_keypair()
    world.network.write_broker_key()
    assert world.daemon.run() == ENDED_CONFIG


def test_ready_is_said(world):
    """One line on stderr, for who starts it by hand."""
    deadline = Deadline(5)
    while "houvastd: ready" not in world.daemon.said():
        assert not deadline.passed, world.daemon.said()
        world.holder.done("map")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_stopping_in_order(world, by):
    """Status 0; what is being asked is answered, or asked again after the next start."""
    journeys = [fresh_uuid() for _ in range(100)]
    resident = fresh_resident()
    for number, journey in enumerate(journeys):
        world.holder.send({"type": "open", "request": f"s{number}", "journey": journey, "resident": resident,
                           "begeleider": "anna", "basis": "consent", "urgency": "routine"})
    os.kill(world.daemon.pid, by)
    assert world.daemon.wait() == 0, world.daemon.said()
    answered = {}
    while (message := world.holder.receive(within=0.2)) is not None:
        answered[message["request"]] = message
    world.forget_peers()
    world.daemon.start()
    for number, journey in enumerate(journeys):
        answer = world.holder.done("open", journey=journey, resident=resident, begeleider="anna", basis="consent",
                                   urgency="routine")
        before = answered.get(f"s{number}")
        if before is not None and before.type == "done":
            assert answer.repeated and answer["seq"] == before["seq"]


def test_items_of_a_stopped_broker_come_again(world):
    """Stopping in order drops no item either."""
    world.offer()
    item = world.inbox(RECEIVER).expect_item("offered")
    world.forget_peers()
    world.daemon.stop()
    world.daemon.start()
    assert world.inbox(RECEIVER).expect_item("offered", item=item["item"])["attempt"] > 1


def test_a_thousand_idle_sessions(world):
    """Under 64 MiB, and still serving."""
    if daemons.SANITISED:
        pytest.skip("a sanitiser needs more memory than what it watches")
    peers = []
    for number in range(1000):
        peer = world.connect(HOLDER, name=f"idle-{number}")
        peer.send({"type": "hello", "request": "h", "version": 1, "role": "endpoint", "instance": f"idle-{number}",
                   "credit": 1})
        peers.append(peer)
    for peer in peers:
        assert peer.answer("h").type == "welcome"
    with open(f"/proc/{world.daemon.pid}/status") as file:
        resident_kib = int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1))
    assert resident_kib < 64 * 1024, f"{resident_kib} KiB"
    world.open()
