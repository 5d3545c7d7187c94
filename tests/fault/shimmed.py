"""A broker with a preloaded shim in it, whatever the shim does to it, and the sessions that it has."""

import mmap
import os
import pathlib
import signal
import struct
import subprocess
import sys

import zmq

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from kill_model import Verdict  # noqa: E402
from peer import Message, Peer, pack  # noqa: E402


class Order:
    """The shim's three numbers, shared with the broker's process."""

    size = 12

    def __init__(self, path):
        path.write_bytes(b"\0" * self.size)
        self.file = open(path, "r+b")
        self.memory = mmap.mmap(self.file.fileno(), self.size)

    def give(self, kind, countdown):
        struct.pack_into("=ii", self.memory, 4, countdown, 0)
        struct.pack_into("=i", self.memory, 0, kind)

    def take_back(self):
        struct.pack_into("=iii", self.memory, 0, 0, 0, 0)


class Broker:
    """The process under test."""

    order_type = Order
    variable = "HOUVAST_KILL_ORDER"
    takes_order_back = True  # each life gets an order of its own

    def __init__(self, program, shim, network, state, directory):
        self.command = [str(program), "--network", str(network.directory), "--state", str(state)]
        self.log = directory / "houvastd.stderr"
        self.order_path = directory / "order"
        self.order = self.order_type(self.order_path)
        self.state = state
        self.shim = shim
        self.process = None

    def more_environment(self):
        return {}

    def start(self):
        if self.takes_order_back:
            self.order.take_back()
        environment = {
            **os.environ,
            **self.more_environment(),
            "LD_PRELOAD": str(self.shim),
            self.variable: str(self.order_path),
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=0:abort_on_error=0:verify_asan_link_order=0",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
        }
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment)

    @property
    def alive(self):
        return self.process.poll() is None

    def wait_dead(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)

    def said(self):
        return self.log.read_text(errors="replace")[-3000:]

    def require_killed(self):
        status = self.process.wait()
        if status != -signal.SIGKILL:
            raise Verdict(f"the broker ended by itself with status {status}:\n{self.said()}")

    def stop(self):
        if self.process is not None and self.alive:
            self.process.terminate()
            try:
                return self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Verdict("the broker does not stop") from None
        return 0


class Link:
    """One session of one organisation, in one life of the broker."""

    def __init__(self, network, organisation, role, number, judge):
        self.organisation, self.role, self.judge = organisation, role, judge
        self.peer = Peer(network.endpoint, network.broker_public, network[organisation].keys[role],
                         name=f"{organisation}/{role}/{number}")
        self.monitor = self.peer.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self.instance = f"desk-{number}"
        self.waiting = {}  # request: what to do with the answer
        self.was_welcomed = False

    def ask(self, envelope, dossier, then):
        request = self.peer.fresh_request()
        self.waiting[request] = then
        self.peer.send(pack({**envelope, "request": request}), dossier)

    def say_hello(self, then):
        self.ask({"type": "hello", "version": 1, "role": self.role, "instance": self.instance, "credit": 200}, None,
                 then)

    def messages(self):
        """Everything that lies there now."""
        while True:
            try:
                frames = self.peer.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            message = Message(frames)
            if message.type == "ping":
                self.peer.send({"type": "pong"})
            else:
                yield message

    def close(self):
        self.peer.socket.disable_monitor()
        self.monitor.close(0)
        self.peer.close()
