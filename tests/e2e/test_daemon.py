"""The process: how it starts or refuses to, what its service manager hears, how it reloads and stops."""

import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest

from daemon import PROGRAM
from network import Key
from peer import Deadline, NoAnswer, fresh_resident, fresh_uuid
from world import HOLDER, RECEIVER, THIRD

USAGE, DATA, INTERNAL, CANNOT_MAKE, CONFIG = 64, 65, 70, 73, 78


# ---- what the service manager hears ----


class Notices:
    """Reads what the daemon tells its service manager, as dicts with the time when each was read."""

    def __init__(self, daemon):
        self.socket = daemon.notify
        self.all = []
        self.looked_at = 0  # how many of them `until` has gone past

    def read(self, seconds):
        """Everything that comes in that time."""
        deadline = Deadline(seconds)
        while select.select([self.socket], [], [], deadline.left_s)[0]:
            text = self.socket.recv(4096).decode()
            self.all.append((time.monotonic(), dict(line.split("=", 1) for line in text.splitlines())))
            if deadline.passed:
                break
        return self.all

    def until(self, name, value=None, within=10.0):
        """The next notice that has that assignment, waited for if need be."""
        deadline = Deadline(within)
        while not deadline.passed:
            for number, (_, notice) in enumerate(self.all[self.looked_at:], self.looked_at + 1):
                if name in notice and value in (None, notice[name]):
                    self.looked_at = number
                    return notice
            self.looked_at = len(self.all)
            self.read(0.05)
        raise AssertionError(f"no {name}={value or ''} within {within} s; came: {[n for _, n in self.all]}")

    def times(self, name):
        return [at for at, notice in self.all if name in notice]


def test_ready_when_peers_can_come(world_at_rest):
    """The first notice is READY=1 with a status, and by then a session can begin."""
    daemon = world_at_rest.daemon
    daemon.launch()
    notices = Notices(daemon)
    notice = notices.until("READY", "1")
    assert notices.all[0][1] is notice
    assert notice["STATUS"]
    assert world_at_rest.connect(HOLDER).hello(within=2).type == "welcome"
    assert "houvastd: ready" in daemon.said()


def test_ready_without_a_service_manager(world_at_rest):
    """It runs from a shell as well, and says that it is ready on stderr."""
    daemon = world_at_rest.daemon
    daemon.launch(NOTIFY_SOCKET="")
    deadline = Deadline(10)
    while "houvastd: ready" not in daemon.said():
        assert not deadline.passed and daemon.running, daemon.said()
        time.sleep(0.05)
    assert re.search(r"^houvastd: ready.* delft-test.*ipc://", daemon.said(), re.MULTILINE)
    daemon.stop()


def test_status_follows_what_happens_once_a_second_at_most(world):
    """The status line has the numbers of now, and a storm of commands does not become one of notices."""
    notices = Notices(world.daemon)
    began = time.monotonic()
    opened = 0
    while time.monotonic() - began < 2.5:
        world.open()
        opened += 1
        notices.read(0)
    notices.read(1.5)
    told = notices.times("STATUS")
    assert 2 <= len(told) <= 4
    assert all(later - earlier > 0.9 for earlier, later in zip(told, told[1:]))
    last = [notice["STATUS"] for _, notice in notices.all if "STATUS" in notice][-1]
    assert str(opened) in re.findall(r"\d+", last), f"{opened} residents are held, and the status says: {last}"


def test_nothing_is_said_while_nothing_happens(world):
    """Nor is the processor used."""
    notices = Notices(world.daemon)
    notices.read(1.5)
    quiet_from = len(notices.all)
    before = processor_s(world.daemon.pid)
    notices.read(2.0)
    assert notices.all[quiet_from:] == []
    assert processor_s(world.daemon.pid) - before < 0.05


def processor_s(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- the watchdog ----


def test_the_watchdog_is_fed_idle_and_busy(world_at_rest):
    """A sign of life comes at half the interval, whether there is something to do or not.

    It may be late by as much as everything else on the machine is: by the slowest answer.
    """
    world_at_rest.daemon.start(WATCHDOG_USEC="1500000")
    notices = Notices(world_at_rest.daemon)
    notices.read(3.75)
    idle = len(notices.times("WATCHDOG"))
    assert 3 <= idle <= 6
    began, slowest = time.monotonic(), 0
    while (asked := time.monotonic()) - began < 3.75:
        world_at_rest.open()
        notices.read(0)
        slowest = max(slowest, time.monotonic() - asked)
    alive = notices.times("WATCHDOG")
    assert len(alive) > idle + 2
    assert max(later - earlier for earlier, later in zip(alive, alive[1:])) < 1.5 + slowest


def test_the_watchdog_of_another_process_is_not_ours(world_at_rest):
    """WATCHDOG_PID names who has to give the signs."""
    world_at_rest.daemon.start(WATCHDOG_USEC="200000", WATCHDOG_PID="1")
    notices = Notices(world_at_rest.daemon)
    notices.read(0.6)
    assert not notices.times("WATCHDOG")


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_a_turn_that_hangs_in_the_disk_gives_no_sign_of_life(world_at_rest):
    """The signs follow progress: they stop with the sync and go on after it."""
    hang_s = 2.5
    daemon = world_at_rest.daemon
    daemon.start(WATCHDOG_USEC="400000", traced=True)
    peer = world_at_rest.holder
    with slow_syncs(daemon, hang_s):
        notices = Notices(daemon)
        notices.read(0.5)
        assert notices.times("WATCHDOG"), "it lives while there is nothing to do"
        began = time.monotonic()
        peer.send(command_open("slow"))
        notices.read(hang_s - 0.4)
        during = [at for at in notices.times("WATCHDOG") if at > began + 0.3]
        assert during == [], f"signs of life {[at - began for at in during]} s after a sync that hangs"
        assert peer.answer("slow", within=20).type == "done"
        notices.until("WATCHDOG")


class slow_syncs:
    """While it lasts, every sync of the daemon takes so many seconds."""

    def __init__(self, daemon, seconds):
        self.daemon, self.seconds = daemon, seconds

    def __enter__(self):
        self.said = self.daemon.scratch / "strace"
        self.strace = subprocess.Popen(
            ["strace", "-f", "-o", "/dev/null", "-p", str(self.daemon.pid),
             "-e", f"inject=fsync,fdatasync:delay_enter={int(self.seconds * 1e6)}"],
            stderr=self.said.open("w"))
        deadline = Deadline(10)
        while "attached" not in self.said.read_text():
            assert not deadline.passed and self.strace.poll() is None, self.said.read_text()
            time.sleep(0.02)

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait()


def command_open(request, journey=None):
    return {"type": "open", "request": request, "journey": journey or fresh_uuid(), "resident": fresh_resident(),
            "begeleider": "anna", "basis": "public-task", "urgency": "routine"}


def fill(path):
    """Puts notices of ours into a socket until it takes no more; how many."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as filler:
        for count in range(100000):
            try:
                filler.sendto(b"X=1", path)
            except BlockingIOError:
                return count
    raise AssertionError("the socket never fills")


def test_a_manager_that_does_not_read_keeps_nobody_waiting(world_at_rest):
    """Peers are served and files are read all the while; what it was to hear it hears when it reads again."""
    world = world_at_rest
    world.daemon.start(WATCHDOG_USEC="1000000", WATCHDOG_PID=None)
    notices = Notices(world.daemon)
    assert fill(str(world.daemon.notify_path)) > 0
    began = time.monotonic()
    opened = 0
    while time.monotonic() - began < 2.5:  # more than two status lines, and as many signs of life
        world.open()
        opened += 1
    world.network[THIRD].display_name = "Werkse Nieuw"
    world.network.write()
    world.daemon.hang_up()
    deadline = Deadline(10)
    while "Werkse Nieuw" not in str(world.holder.done("map")):
        assert not deadline.passed, world.daemon.said()
    notices.read(0.1)
    status = notices.until("READY", "1")["STATUS"]
    assert str(opened) in re.findall(r"\d+", status), f"{opened} residents are held, and the status says: {status}"
    notices.until("WATCHDOG", "1")


def test_a_manager_at_an_abstract_socket(world_at_rest):
    """A name that begins with @ is one without a file."""
    daemon = world_at_rest.daemon
    name = f"houvast-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(10)
        daemon.launch(NOTIFY_SOCKET=f"@{name}")
        assert manager.recv(4096).startswith(b"READY=1\nSTATUS=")
        daemon.stop()


@pytest.mark.parametrize("name", ["relative", "/nowhere/socket", "/" + "x" * 300, "@", "vsock:2:1234"])
def test_a_manager_that_is_not_there(world_at_rest, name):
    """Nobody hears it, and it serves all the same."""
    world_at_rest.daemon.launch(NOTIFY_SOCKET=name)
    assert world_at_rest.connect(HOLDER).hello().type == "welcome"
    world_at_rest.daemon.stop()


# ---- reloading ----


def test_a_reload_that_is_good(world):
    """The service manager hears when it begins, with the clock's time, and when it has ended."""
    notices = Notices(world.daemon)
    world.network[THIRD].display_name = "Werkse Nieuw"
    world.network.write()
    before_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    world.daemon.hang_up()
    begins = notices.until("RELOADING", "1")
    assert before_us <= int(begins["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    ended = notices.until("READY", "1")
    assert ended["STATUS"] != begins["STATUS"]
    assert "Werkse Nieuw" in {entry["display_name"] for entry in world.holder.done("map")["organisations"]}


def test_a_reload_that_is_refused(world):
    """The old network stays, READY comes all the same, and the journal has file, line and mend."""
    notices = Notices(world.daemon)
    path = world.network.file_of(THIRD)
    path.write_text(path.read_text() + "\nnonsense = 1\n")
    line = path.read_text().splitlines().index("nonsense = 1") + 1
    world.daemon.hang_up()
    notices.until("READY", "1")
    assert re.search(rf"organisations/{THIRD}.conf:{line}: ", world.daemon.said())
    assert "the old ones stay" in world.daemon.said()
    assert world.session(THIRD).done("map")


def test_hang_ups_in_a_storm(world):
    """Signals that come faster than reloads end in one that has the newest files."""
    notices = Notices(world.daemon)
    for number in range(50):
        world.network[THIRD].display_name = f"Werkse {number}"
        world.network.write()
        world.daemon.hang_up()
    notices.until("READY", "1")
    notices.read(0.5)
    assert "Werkse 49" in {entry["display_name"] for entry in world.holder.done("map")["organisations"]}


def test_a_key_that_a_reload_removed_does_not_get_in_again(world):
    """Nor does one that it added have to wait for a restart."""
    old = world.network[THIRD].keys["endpoint"]
    world.session(THIRD)
    world.network[THIRD].keys["endpoint"] = Key.fresh("endpoint")
    world.network.write()
    notices = Notices(world.daemon)
    world.daemon.hang_up()
    notices.until("READY", "1")
    with pytest.raises(NoAnswer):
        world.connect(THIRD, key=old).hello(within=0.5)
    world.session(THIRD)


# ---- stopping ----


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_order(world, how):
    """STOPPING=1, status 0, the socket's file gone, and the reader told why."""
    notices = Notices(world.daemon)
    world.open()
    world.daemon.expected_to_run = False
    os.kill(world.daemon.pid, how)
    notices.until("STOPPING", "1")
    assert world.daemon.process.wait(20) == 0
    assert not (world.daemon.scratch / "s").exists()
    assert "stopped in order" in world.daemon.said()


def test_a_stop_with_commands_in_flight(world):
    """What had arrived is answered, what was answered is kept, and the rest can be asked again."""
    peer = world.holder
    commands = [command_open(f"f{number}") for number in range(200)]
    for command in commands:
        peer.send(command)
    world.daemon.stop()
    answered = set()
    while (message := peer.receive(within=0.5)) is not None:
        assert message.type == "done", message
        answered.add(message["request"])
    assert answered, "nothing was drained"
    world.daemon.start()
    world.forget_peers()
    for command in commands:
        answer = world.holder.done("open", **{k: v for k, v in command.items() if k not in ("type", "request")})
        if command["request"] in answered:
            assert answer.repeated, f"{command['request']} was answered before the stop, and is new now"


def test_a_stop_is_not_held_up(world):
    """By a peer that never stops asking."""
    asking = world.session(RECEIVER)
    began = time.monotonic()
    os.kill(world.daemon.pid, signal.SIGTERM)
    world.daemon.expected_to_run = False
    while world.daemon.process.poll() is None:
        assert time.monotonic() - began < 15
        asking.send({"type": "ping", "request": "x"})
        time.sleep(0.001)
    assert world.daemon.wait() == 0


def test_a_stop_during_the_start(world_at_rest):
    """A signal that comes before it is ready is not lost."""
    daemon = world_at_rest.daemon
    daemon.launch()
    deadline = Deadline(10)
    while not signals_blocked(daemon.process.pid):
        assert not deadline.passed
    os.kill(daemon.process.pid, signal.SIGTERM)
    assert daemon.wait() == 0


def signals_blocked(pid):
    with open(f"/proc/{pid}/status") as status:
        blocked = next(int(line.split()[1], 16) for line in status if line.startswith("SigBlk:"))
    return blocked >> (signal.SIGTERM - 1) & 1


def test_nobody_reads_its_stderr(world_at_rest):
    """A reader that went away does not end the broker."""
    daemon = world_at_rest.daemon
    ours, theirs = os.pipe()
    daemon.process = subprocess.Popen(daemon.command(), stderr=theirs, env=daemon.environment({}))
    os.close(theirs)
    daemon.wait_ready()
    os.close(ours)
    notices = Notices(daemon)
    daemon.hang_up()
    notices.until("READY", "1")
    world_at_rest.open()
    os.kill(daemon.process.pid, signal.SIGTERM)
    assert daemon.wait() == 0


# ---- refusing to start ----


def refused(world, status, *words):
    """It ends with that status and one sentence that has these words."""
    before = len(world.daemon.said())
    assert world.daemon.run() == status, world.daemon.said()
    said = world.daemon.said()[before:]
    for word in words:
        assert str(word) in said, f"expected {word!r} in {said!r}"
    return said


def test_wrong_usage(world_at_rest):
    """EX_USAGE, with a word about what is missing."""
    for arguments, word in [([], "--network is missing"), (["--network", "/x"], "--state is missing"),
                            (["--network", "/x", "--state", "/y", "surplus"], "surplus"), (["--nonsense"], "nonsense")]:
        run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
        assert run.returncode == USAGE
        assert word in run.stderr


def test_help_and_version():
    """They need nothing and end well."""
    for argument, word in [("--help", "--network"), ("--version", "houvastd 0."), ("--usage", "--state")]:
        run = subprocess.run([PROGRAM, argument], capture_output=True, text=True)
        assert (run.returncode, run.stderr) == (0, "")
        assert word in run.stdout


def test_check_says_that_all_is_well_and_makes_nothing(world_at_rest):
    """--check needs no state directory, opens nothing, prints one line."""
    network = world_at_rest.network
    run = subprocess.run([PROGRAM, "--network", network.directory, "--check"], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count("\n") == 1 and "delft-test" in run.stdout
    shutil.rmtree(world_at_rest.daemon.state)
    world_at_rest.daemon.arguments = ["--check"]
    assert world_at_rest.daemon.run() == 0
    assert not world_at_rest.daemon.state.exists()
    assert not (world_at_rest.daemon.scratch / "s").exists()


@pytest.mark.parametrize("check", [False, True])
def test_network_files_that_are_wrong(world_at_rest, check):
    """EX_CONFIG, with file, line and mend; the same for --check."""
    daemon, network = world_at_rest.daemon, world_at_rest.network
    daemon.arguments = ["--check"] if check else []
    refused(world_at_rest, 0) if check else None
    path = network.file_of(THIRD)
    path.write_text("nonsense\n" + path.read_text())
    refused(world_at_rest, CONFIG, f"organisations/{THIRD}.conf:1: ")
    network.write()
    (network.directory / "network.conf").unlink()
    refused(world_at_rest, CONFIG, "network.conf")


@pytest.mark.parametrize("check", [False, True])
def test_keys_that_do_not_fit(world_at_rest, check):
    """No key, another's key, a key that others may read: EX_CONFIG, and never a word of the secret."""
    daemon, network = world_at_rest.daemon, world_at_rest.network
    daemon.arguments = ["--check"] if check else []
    key = network.directory / "broker.key"
    key.chmod(0o644)
    refused(world_at_rest, CONFIG, "broker.key")
    key.unlink()
    refused(world_at_rest, CONFIG, "broker.key")
    other = Key.fresh("")
    network.broker_secret = other.secret
    network.write_broker_key()
    said = refused(world_at_rest, CONFIG, "broker.key")
    assert other.secret.decode() not in said
    ours, network.broker_public = network.broker_public, other.public
    network.write_broker_key()
    refused(world_at_rest, CONFIG, "broker.key", "public_key")
    network.broker_public = ours


def test_the_key_from_the_service_manager(world_at_rest):
    """$CREDENTIALS_DIRECTORY/broker.key takes the place of the file beside the network."""
    daemon, network = world_at_rest.daemon, world_at_rest.network
    credentials = daemon.scratch / "credentials"
    credentials.mkdir()
    shutil.move(network.directory / "broker.key", credentials / "broker.key")
    daemon.start(CREDENTIALS_DIRECTORY=str(credentials))
    world_at_rest.session(THIRD)


def test_state_directories_that_are_not_fit(world_at_rest):
    """No parent, no directory: EX_CANTCREAT, with a mend."""
    daemon = world_at_rest.daemon
    good = daemon.state
    daemon.state = daemon.scratch / "no" / "state"
    refused(world_at_rest, CANNOT_MAKE, "the directory above it does not exist")
    daemon.state = world_at_rest.network.directory / "network.conf"
    refused(world_at_rest, CANNOT_MAKE, "is not a directory")
    daemon.state = good


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to another")
def test_a_state_directory_of_another_user(world_at_rest):
    """It is not taken over."""
    os.chown(world_at_rest.daemon.state, 65534, 65534)
    refused(world_at_rest, CANNOT_MAKE, "belongs to user 65534")


def second(world, state=None, listen=None):
    """A second daemon on the same network; (status, what it said)."""
    command = [PROGRAM, "--network", world.network.directory, "--state", state or world.daemon.state]
    run = subprocess.run(command + (["--listen", listen] if listen else []), capture_output=True, text=True, timeout=30)
    return run.returncode, run.stderr


def test_a_second_daemon_on_the_same_state(world):
    """It is refused and told who has it; the first goes on."""
    status, said = second(world, listen=f"ipc://{world.daemon.scratch}/other")
    assert status == CANNOT_MAKE
    assert f"state directory {world.daemon.state} is in use by houvastd, process {world.daemon.pid};" in said
    assert world.holder.ask("ping").type == "pong"


def test_a_second_daemon_on_the_same_socket(world):
    """The same for the address: the socket is not stolen."""
    status, said = second(world, state=world.daemon.scratch / "other")
    assert status == CANNOT_MAKE
    assert f"houvastd, process {world.daemon.pid}, listens there" in said
    assert world.holder.ask("ping").type == "pong"
    world.session(THIRD)


def test_an_address_that_is_taken(world):
    """By whatever program."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        status, said = second(world, state=world.daemon.scratch / "other", listen=endpoint)
    assert status == CANNOT_MAKE
    assert endpoint in said and "another program does" in said


def test_kill_and_start_again(world):
    """Neither lock nor socket stands in the way of the next start."""
    world.open()
    assert (world.daemon.scratch / "s").exists()
    world.restart()
    world.open()


# ---- what it leaves on the disk, and in memory ----


def test_files_are_for_their_owner_alone(world):
    """Whatever the umask was: the state is nobody else's, the socket is for owner and group."""
    world.open()
    assert stat.S_IMODE(world.daemon.state.stat().st_mode) == 0o700
    for path in world.daemon.files():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((world.daemon.scratch / "s").stat().st_mode) == 0o660


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_its_memory_is_not_for_others(world_at_rest):
    """No core file, and no other process of its own user can look into it."""
    daemon = world_at_rest.daemon
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for path in [daemon.scratch, *daemon.scratch.rglob("*")]:
        os.chown(path, 65534, 65534)
    daemon.start(as_nobody)
    look = subprocess.run([*as_nobody, "cat", f"/proc/{daemon.pid}/environ"], capture_output=True)
    assert look.returncode != 0 and look.stdout == b""
    assert os.stat(f"/proc/{daemon.pid}/mem").st_uid == 0
