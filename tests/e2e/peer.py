"""An organisation's system, coordinator or operator, written from the contract alone.

A DEALER with CURVE that speaks MessagePack. Nothing here sleeps: what is waited for has a deadline,
and that something does *not* come is shown with a ping, whose pong comes after everything that the
broker had to say before.
"""

import collections
import itertools
import os
import time
import uuid

import msgpack
import zmq

import contract

DEADLINE_S = 10.0
WATCH_MS = 250

ITEM, ANSWER = "item", "answer"


class Deadline:
    """Counts down on the monotonic clock."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    @property
    def left_s(self):
        return max(0.0, self.end - time.monotonic())

    @property
    def left_ms(self):
        return int(self.left_s * 1000)

    @property
    def passed(self):
        return time.monotonic() >= self.end


class NoAnswer(AssertionError):
    """The deadline passed without the answer."""


class Message:
    """One message from the broker: the envelope as a dict, and frame 2 if there was one."""

    __slots__ = ("envelope", "dossier", "raw")

    def __init__(self, frames, check=True):
        self.raw = frames
        self.envelope = msgpack.unpackb(
            frames[0], raw=False, strict_map_key=False, object_pairs_hook=contract.unique_pairs
        )
        self.dossier = frames[1] if len(frames) > 1 else None
        if len(frames) > 2:
            raise contract.ContractBroken(f"{len(frames)} frames from the broker")
        if check:
            contract.check_message(self.envelope, self.dossier is not None)

    def __getitem__(self, key):
        return self.envelope[key]

    def __contains__(self, key):
        return key in self.envelope

    def get(self, key, default=None):
        return self.envelope.get(key, default)

    @property
    def type(self):
        return self.envelope["type"]

    @property
    def repeated(self):
        return self.envelope.get("repeated", False)

    def __repr__(self):
        shown = {k: v for k, v in self.envelope.items() if k not in ("ledger",)}
        return f"{shown!r}" + (f" + dossier of {len(self.dossier)} bytes" if self.dossier is not None else "")


def pack(envelope):
    return msgpack.packb(envelope, use_bin_type=True)


def is_done(answer):
    return answer.type == "done"


def outcome_of(answer):
    """One word for tables: the refusal's code, `repeated`, or the state (or `done`)."""
    if answer.type == "refused":
        return answer["code"]
    if answer.repeated:
        return "repeated"
    return answer.get("state", "done")


class Peer:
    """One connection. `hello` makes it a session; until then it is a stranger with a key."""

    context = None
    requests = itertools.count(1)

    def __init__(self, endpoint, broker_public, key, *, name="peer", routing_id=None, deaf=False):
        if Peer.context is None:
            Peer.context = zmq.Context()
        self.name = name
        self.key = key
        self.endpoint = endpoint
        self.socket = Peer.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.reconnect_ivl = 20
        self.socket.reconnect_ivl_max = 100
        self.socket.sndhwm = self.socket.rcvhwm = 0
        self.socket.curve_serverkey = broker_public
        self.socket.curve_publickey = key.public
        self.socket.curve_secretkey = key.secret
        if deaf:  # its queue holds one message, and then the broker's fills
            self.socket.rcvhwm = 1
            self.socket.rcvbuf = 4096
        if routing_id is not None:
            self.socket.routing_id = routing_id
        self.socket.connect(endpoint)
        self.items = collections.deque()
        self.others = collections.deque()
        self.seen = []  # every frame that came, as bytes
        self.pings = 0
        self.answers_pings = True
        self.welcomed = None
        self.watch = None  # called while waiting: raises when there is nothing to wait for any more

    def __repr__(self):
        return f"<{self.name}>"

    def close(self):
        self.socket.close(0)

    # ---- frames ----

    def send_frames(self, *frames):
        self.socket.send_multipart(frames, copy=True)

    def send(self, envelope, dossier=None):
        frames = [pack(envelope)] if isinstance(envelope, dict) else [envelope]
        if dossier is not None:
            frames.append(dossier)
        self.send_frames(*frames)

    def receive(self, within=DEADLINE_S):
        """The next message that is not a ping, or None when the time is over."""
        deadline = Deadline(within)
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                if deadline.passed:
                    return None
                if not self.socket.poll(min(WATCH_MS, max(1, deadline.left_ms))) and self.watch:
                    self.watch()
                continue
            self.seen.extend(frames)
            message = Message(frames)
            if message.type != "ping":
                return message
            self.pings += 1
            if self.answers_pings:
                self.send({"type": "pong", **{k: v for k, v in message.envelope.items() if k == "request"}})

    # ---- answers ----

    def fresh_request(self):
        return f"q{next(Peer.requests)}"

    def keep(self, message):
        (self.items if message.type == "item" else self.others).append(message)

    def answer(self, request, within=DEADLINE_S):
        """The answer to that request; what comes meanwhile is kept for later."""
        for message in self.others:
            if message.get("request") == request:
                self.others.remove(message)
                return message
        deadline = Deadline(within)
        while True:
            message = self.receive(deadline.left_s)
            if message is None:
                raise NoAnswer(f"{self.name}: no answer to {request!r} within {within} s; "
                               f"came meanwhile: {list(self.others)[-3:]}")
            if message.type != "item" and message.get("request") == request:
                return message
            self.keep(message)

    def ask(self, kind, dossier=None, /, *, within=DEADLINE_S, request=None, **keys):
        """Sends a command and gives back what it was answered."""
        request = request or self.fresh_request()
        self.send({"type": kind, "request": request, **keys}, dossier)
        return self.answer(request, within)

    def done(self, kind, dossier=None, /, **keys):
        """The same, and it has to be done."""
        answer = self.ask(kind, dossier, **keys)
        assert answer.type == "done", f"{self.name}: {kind} {keys}: expected done, got {answer}"
        return answer

    def fresh(self, kind, dossier=None, /, **keys):
        """Done, and for the first time."""
        answer = self.done(kind, dossier, **keys)
        assert not answer.repeated, f"{self.name}: {kind} {keys}: expected a first time, got {answer}"
        return answer

    def repeat(self, kind, dossier=None, /, **keys):
        """Done, and not for the first time."""
        answer = self.done(kind, dossier, **keys)
        assert answer.repeated, f"{self.name}: {kind} {keys}: expected repeated, got {answer}"
        return answer

    def refused(self, code, kind, dossier=None, /, *, field=None, **keys):
        """Refused with that code, and with that field if one is given."""
        answer = self.ask(kind, dossier, **keys)
        return expect_refusal(answer, code, field, f"{self.name}: {kind} {keys}")

    def raw(self, *frames, within=DEADLINE_S):
        """Sends frames as they are and gives back the first message that is not an item."""
        self.send_frames(*frames)
        return self.next_answer(within)

    def next_answer(self, within=DEADLINE_S):
        if self.others:
            return self.others.popleft()
        deadline = Deadline(within)
        while True:
            message = self.receive(deadline.left_s)
            if message is None:
                raise NoAnswer(f"{self.name}: no answer within {within} s")
            if message.type != "item":
                return message
            self.items.append(message)

    def hello(self, role="endpoint", *, credit=0, instance=None, version=1, within=DEADLINE_S, **more):
        """Begins a session; the answer is `welcome` or `refused`."""
        self.instance = instance or f"i{uuid.uuid4().hex[:12]}"
        request = self.fresh_request()
        self.send({"type": "hello", "request": request, "version": version, "role": role,
                   "instance": self.instance, "credit": credit, **more})
        answer = self.answer(request, within)
        if answer.type == "welcome":
            self.welcomed = answer
        return answer

    # ---- items ----

    def barrier(self, times=2):
        """Waits until the broker has said everything that it had to say before now."""
        for _ in range(times):
            answer = self.ask("ping")
            assert answer.type == "pong", f"{self.name}: expected pong, got {answer}"

    def next_item(self, within=DEADLINE_S):
        if self.items:
            return self.items.popleft()
        deadline = Deadline(within)
        while True:
            message = self.receive(deadline.left_s)
            if message is None:
                raise NoAnswer(f"{self.name}: no item within {within} s")
            if message.type == "item":
                return message
            self.others.append(message)

    def expect_item(self, event, within=DEADLINE_S, **keys):
        """The next item, which has to be of that event and have those keys."""
        item = self.next_item(within)
        wanted = {"event": event, **keys}
        got = {key: item.get(key) for key in wanted}
        assert got == wanted, f"{self.name}: expected the item {wanted}, got {item}"
        return item

    def expect_no_item(self):
        self.barrier()
        assert not self.items, f"{self.name}: expected no item, got {list(self.items)}"

    def ack(self, item):
        """Acknowledges with a request and has it done."""
        return self.done("ack", item=item["item"])

    def take(self, event, **keys):
        """The next item, checked and acknowledged."""
        item = self.expect_item(event, **keys)
        self.ack(item)
        return item

    def saw(self, needle):
        """Whether these bytes were in any frame that this peer was ever sent."""
        return any(needle in frame for frame in self.seen)


def expect_refusal(answer, code, field=None, what=""):
    assert answer.type == "refused", f"{what}: expected refused {code}, got {answer}"
    assert answer["code"] == code, f"{what}: expected {code}, got {answer}"
    if field is not None:
        assert answer.get("field") == field, f"{what}: expected field {field!r}, got {answer}"
    assert answer["reason"].strip(), f"{what}: the reason is empty: {answer}"
    return answer


# ---- what peers make up ----

def fresh_uuid():
    """A UUID of version 7."""
    number = (int(time.time() * 1000) & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))


def fresh_resident():
    import base64

    return "r1." + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def now_ms():
    return int(time.time() * 1000)


def pack_wide(value):
    """MessagePack with the widest form of everything: the same content in other bytes."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xcf" + value.to_bytes(8, "big") if value >= 0 else b"\xd3" + value.to_bytes(8, "big", signed=True)
    if isinstance(value, str):
        text = value.encode()
        return b"\xdb" + len(text).to_bytes(4, "big") + text
    if isinstance(value, bytes):
        return b"\xc6" + len(value).to_bytes(4, "big") + value
    if isinstance(value, list):
        return b"\xdd" + len(value).to_bytes(4, "big") + b"".join(map(pack_wide, value))
    if isinstance(value, dict):
        return b"\xdf" + len(value).to_bytes(4, "big") + b"".join(
            pack_wide(key) + pack_wide(inner) for key, inner in value.items())
    raise TypeError(value)


def turned_round(value):
    """The same content with its keys in the other order, at every depth."""
    if isinstance(value, dict):
        return {key: turned_round(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [turned_round(inner) for inner in value]
    return value
