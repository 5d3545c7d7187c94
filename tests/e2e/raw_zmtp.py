"""A peer that speaks ZMTP 3 and CurveZMQ by hand, to say what no library would let it say."""

import os
import socket
import struct

import nacl.bindings
import nacl.exceptions
import zmq.utils.z85

MORE, LONG, COMMAND = 1, 2, 4


class Refused(Exception):
    """The broker closed the connection, or said ERROR."""


def greeting(mechanism):
    return b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + mechanism.ljust(20, b"\0") + b"\0" + bytes(31)


def properties(pairs):
    return b"".join(bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in pairs)


class RawConnection:
    """A connection to the broker on which every byte is ours."""

    def __init__(self, endpoint, within=5.0):
        if endpoint.startswith("ipc://"):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(within)
            self.socket.connect(endpoint.removeprefix("ipc://"))
        else:
            host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), within)
        self.sent = self.received = 0

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Refused(error) from None

    def read(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionResetError as error:
                raise Refused(error) from None
            if not part:
                raise Refused(f"closed after {len(data)} of {size} bytes")
            data += part
        return data

    def is_closed_within(self, seconds):
        """Whether the broker ends the connection by then; what it says meanwhile is thrown away."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    # ---- frames ----

    def send_frame(self, body, flags=0):
        if len(body) > 255:
            self.send(bytes([flags | LONG]) + struct.pack(">Q", len(body)) + body)
        else:
            self.send(bytes([flags, len(body)]) + body)

    def read_frame(self):
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & LONG else self.read(1)[0]
        return flags, self.read(size)

    def greet(self, mechanism=b"CURVE"):
        self.send(greeting(mechanism))
        return self.read(64)

    # ---- CurveZMQ ----

    def shake_hands(self, broker_public, key, metadata):
        """The whole handshake; `metadata` is a list of names and values, as many and such as we like."""
        self.greet()
        server = zmq.utils.z85.decode(broker_public)
        public, secret = zmq.utils.z85.decode(key.public), zmq.utils.z85.decode(key.secret)
        short_public, self.short_secret = nacl.bindings.crypto_box_keypair()
        hello = nacl.bindings.crypto_box(bytes(64), b"CurveZMQHELLO---" + bytes(7) + b"\x01", server, self.short_secret)
        self.send_frame(b"\x05HELLO\x01\x00" + bytes(72) + short_public + bytes(7) + b"\x01" + hello, COMMAND)

        welcome = self.read_command(b"WELCOME")
        opened = nacl.bindings.crypto_box_open(welcome[16:], b"WELCOME-" + welcome[:16], server, self.short_secret)
        self.short_server, cookie = opened[:32], opened[32:]

        vouch_nonce = os.urandom(16)
        vouch = nacl.bindings.crypto_box(short_public + server, b"VOUCH---" + vouch_nonce, self.short_server, secret)
        initiate = nacl.bindings.crypto_box(
            public + vouch_nonce + vouch + properties(metadata),
            b"CurveZMQINITIATE" + bytes(7) + b"\x02", self.short_server, self.short_secret)
        self.send_frame(b"\x08INITIATE" + cookie + bytes(7) + b"\x02" + initiate, COMMAND)

        ready = self.read_command(b"READY")
        nacl.bindings.crypto_box_open(
            ready[8:], b"CurveZMQREADY---" + ready[:8], self.short_server, self.short_secret)
        self.sent = 2

    def read_command(self, name):
        flags, body = self.read_frame()
        if not flags & COMMAND or body[1:1 + body[0]] != name:
            raise Refused(f"expected {name}, got {body[:20]!r}")
        return body[1 + body[0]:]

    def send_message(self, frame, more=False):
        self.sent += 1
        nonce = struct.pack(">Q", self.sent)
        box = nacl.bindings.crypto_box(
            bytes([1 if more else 0]) + frame, b"CurveZMQMESSAGEC" + nonce, self.short_server, self.short_secret)
        self.send_frame(b"\x07MESSAGE" + nonce + box)

    def read_message(self):
        _, body = self.read_frame()
        assert body.startswith(b"\x07MESSAGE"), body[:20]
        nonce, box = body[8:16], body[16:]
        return nacl.bindings.crypto_box_open(
            box, b"CurveZMQMESSAGES" + nonce, self.short_server, self.short_secret)[1:]
