"""Starts, watches, kills and judges one houvastd.

READY comes over the sd_notify socket, the end of the process over a pidfd; both are waited for with
a deadline. What the daemon said on stderr is kept and shown with every failure.
"""

import os
import pathlib
import re
import select
import signal
import socket
import struct
import subprocess

from peer import Deadline

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HOUVAST_BUILD", ROOT / "build")).resolve()
PROGRAM = BUILD / "houvastd"
SANITISED = "asan" in BUILD.parts

READY_S = 30.0
END_S = 30.0

COMPLAINT = re.compile(r"ERROR: AddressSanitizer|LeakSanitizer: detected|runtime error:|UndefinedBehavior|"
                       r"Assertion .* failed|stack smashing")


class DaemonFailed(AssertionError):
    """The daemon did what it must not; the text ends with what it said."""


class Daemon:
    """One network directory and one state directory, and the process that serves them now and then."""

    def __init__(self, network, state, scratch, *, program=PROGRAM, arguments=()):
        self.network = network
        self.state = pathlib.Path(state)
        self.state.mkdir(parents=True, exist_ok=True)
        self.scratch = pathlib.Path(scratch)
        self.program = pathlib.Path(program)
        self.arguments = list(arguments)
        self.process = None
        self.pid = None
        self.expected_to_run = False
        self.variables = {}  # of every start
        self.stderr_path = self.scratch / "houvastd.stderr"
        self.notify_path = self.scratch / "n"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.notify.bind(str(self.notify_path))

    # ---- start ----

    def command(self, wrapper=()):
        return [*wrapper, str(self.program), "--network", str(self.network.directory), "--state", str(self.state),
                *self.arguments]

    def environment(self, more):
        """The process's environment; a variable set to None is taken out. A leak check cannot be traced."""
        leaks = 0 if more.pop("traced", False) else 1
        variables = {
            **os.environ,
            "JOURNAL_STREAM": None,
            "NOTIFY_SOCKET": str(self.notify_path),
            "ASAN_OPTIONS": f"exitcode=99:detect_leaks={leaks}:abort_on_error=0:verify_asan_link_order=0",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
            **self.variables,
            **more,
        }
        return {key: value for key, value in variables.items() if value is not None}

    def launch(self, wrapper=(), **environment):
        """Starts the process and does not wait for it."""
        assert self.process is None, "the daemon runs already"
        with open(self.stderr_path, "ab") as stderr:
            self.process = subprocess.Popen(
                self.command(wrapper), stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                env=self.environment(environment))
        self.pid = self.process.pid
        return self

    def start(self, wrapper=(), **environment):
        """Starts the process and waits for READY."""
        self.launch(wrapper, **environment)
        self.wait_ready()
        self.expected_to_run = True
        return self

    def wait_ready(self, within=READY_S):
        deadline = Deadline(within)
        ended = os.pidfd_open(self.process.pid)
        try:
            poller = select.poll()
            poller.register(self.notify, select.POLLIN)
            poller.register(ended, select.POLLIN)
            while not deadline.passed:
                ready = {descriptor for descriptor, _ in poller.poll(deadline.left_ms)}
                if self.notify.fileno() in ready and self.read_notice():
                    return
                if ended in ready:
                    status = self.process.wait()
                    self.process = None
                    raise DaemonFailed(f"houvastd ended with status {status} before it was ready\n{self.said()}")
        finally:
            os.close(ended)
        raise DaemonFailed(f"houvastd was not ready within {within} s\n{self.said()}")

    def read_notice(self):
        """True when this notice says READY; its sender is the daemon, whatever wraps it."""
        text, ancillary, _, _ = self.notify.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")))
        if b"READY=1" not in text.split(b"\n"):
            return False
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self.pid = struct.unpack("3i", data[:12])[0] or self.process.pid
        return True

    def drain_notices(self):
        self.notify.setblocking(False)
        try:
            while self.notify.recv(4096):
                pass
        except BlockingIOError:
            pass
        finally:
            self.notify.setblocking(True)

    # ---- while it runs ----

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def hang_up(self):
        os.kill(self.pid, signal.SIGHUP)

    def said(self):
        try:
            return "houvastd said:\n" + self.stderr_path.read_text(errors="replace")[-6000:]
        except FileNotFoundError:
            return "houvastd said nothing"

    def require_running(self):
        """Fails when the daemon should be running and is not."""
        if self.expected_to_run and not self.running:
            status = self.process.returncode if self.process else None
            raise DaemonFailed(f"houvastd ended by itself with status {status}\n{self.said()}")

    def check(self):
        """Fails when the daemon is not as it should be."""
        self.require_running()
        if COMPLAINT.search(self.stderr_path.read_text(errors="replace") if self.stderr_path.exists() else ""):
            raise DaemonFailed(f"a sanitizer or an assertion complains\n{self.said()}")

    # ---- end ----

    def wait(self, within=END_S):
        """Waits for the process to end by itself; its exit status, negative for a signal."""
        self.expected_to_run = False
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise DaemonFailed(f"houvastd did not end within {within} s\n{self.said()}") from None
        self.process = None
        self.drain_notices()
        return status

    def kill(self):
        """kill -9, and waits until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def stop(self):
        """Asks it to stop in order; the exit status has to be 0."""
        os.kill(self.pid, signal.SIGTERM)
        status = self.wait()
        if status != 0:
            raise DaemonFailed(f"houvastd stopped with status {status}, expected 0\n{self.said()}")

    def restart(self, **environment):
        """kill -9 and a new start on the same state."""
        self.kill()
        return self.start(**environment)

    def run(self, wrapper=(), **environment):
        """Runs it to its end; the exit status."""
        self.launch(wrapper, **environment)
        return self.wait()

    def end(self):
        """For fixtures: checks, stops in order, checks again. Leaves nothing running."""
        try:
            self.check()
            if self.running:
                self.stop()
            self.check()
        finally:
            if self.running:
                self.process.kill()
                self.process.wait()
            self.notify.close()

    # ---- the state directory, from outside ----

    def files(self):
        return [path for path in self.state.rglob("*") if path.is_file()]

    def holds_bytes(self, needle):
        """Names of the files in the state directory that contain these bytes."""
        return [path.name for path in self.files() if needle in read_quietly(path)]


def read_quietly(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
