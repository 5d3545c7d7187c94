"""The door from outside: who is let in, what hostile and broken peers achieve, who goes on being served."""

import os
import resource
import socket
import time

import msgpack
import pytest
import zmq

from daemon import SANITISED
from network import Key
from peer import Deadline, NoAnswer, Peer, expect_refusal, pack
from raw_zmtp import COMMAND, RawConnection, Refused, greeting
from world import HOLDER, NETWORK, RECEIVER, THIRD

SILENCE_S = 0.5
DEALER = (b"Socket-Type", b"DEALER")
HELLO = {"type": "hello", "request": "q", "version": 1, "role": "endpoint", "instance": "raw", "credit": 0}


def assert_served(world):
    """Somebody who has nothing to do with it still gets an answer, at once."""
    peer = world.session(THIRD)
    began = time.monotonic()
    assert peer.ask("ping").type == "pong"
    assert time.monotonic() - began < 2


def plain_socket(world, **options):
    """A DEALER with these options and no others: without CURVE unless they say so."""
    handle = zmq.Context.instance().socket(zmq.DEALER)
    handle.linger = 0
    for name, value in options.items():
        setattr(handle, name, value)
    handle.connect(world.network.endpoint)
    return handle


def assert_gets_nothing(handle):
    handle.send(pack(HELLO))
    assert not handle.poll(int(SILENCE_S * 1000)), handle.recv_multipart()
    handle.close()


# ---- who is let in ----


def test_a_key_of_nobody(shared_world):
    """A key that the network does not have gets no answer, not even a refusal."""
    with pytest.raises(NoAnswer):
        shared_world.connect(THIRD, key=Key.fresh("endpoint")).hello(within=SILENCE_S)
    assert_served(shared_world)


def test_the_right_public_key_with_another_secret(shared_world):
    """Knowing somebody's public key is not having it."""
    known, other = shared_world.network[NETWORK].keys["operator"], Key.fresh("operator")
    with pytest.raises(NoAnswer):
        shared_world.connect(NETWORK, key=Key(known.public, other.secret, "operator")).hello(within=SILENCE_S)


def test_another_broker_is_not_spoken_to(shared_world):
    """A peer that expects another broker's key gets nowhere, and tells nothing."""
    key = shared_world.network[HOLDER].keys["endpoint"]
    peer = Peer(shared_world.network.endpoint, zmq.curve_keypair()[0], key)
    shared_world.extra.append(peer)
    with pytest.raises(NoAnswer):
        peer.hello(within=SILENCE_S)


def test_no_encryption(shared_world):
    """The NULL mechanism gets nothing, on ipc either."""
    assert_gets_nothing(plain_socket(shared_world))
    assert_served(shared_world)


def test_a_name_and_a_password(shared_world):
    """Nor does PLAIN."""
    assert_gets_nothing(plain_socket(shared_world, plain_username=b"admin", plain_password=b"admin"))


@pytest.mark.parametrize("mechanism", [b"NULL", b"PLAIN", b"GSSAPI", b"", b"curve", b"CURVE\0X"])
def test_only_curve_is_accepted(shared_world, mechanism):
    """Whoever says something else is hung up on."""
    connection = RawConnection(shared_world.network.endpoint)
    connection.send(greeting(mechanism))
    assert connection.is_closed_within(3)
    connection.close()
    assert_served(shared_world)


# ---- metadata ----


def raw_session(world, key, *metadata):
    connection = RawConnection(world.network.endpoint)
    connection.shake_hands(world.network.broker_public, key, [DEALER, *metadata])
    return connection


def test_by_hand_and_in_order(shared_world):
    """The hand-made peer works at all: else the tests below prove nothing."""
    connection = raw_session(shared_world, shared_world.network[THIRD].keys["endpoint"], (b"Identity", b""))
    connection.send_message(pack(HELLO))
    assert msgpack.unpackb(connection.read_message())["organisation"] == THIRD
    connection.close()


@pytest.mark.parametrize("name", [b"User-Id", b"user-id", b"Role", b"Peer-Address"])
def test_metadata_that_says_to_be_somebody_else(shared_world, name):
    """Who one is follows from the key alone, whatever the handshake says."""
    operator = shared_world.network[NETWORK].keys["operator"].public
    connection = raw_session(shared_world, shared_world.network[THIRD].keys["endpoint"],
                             (name, operator), (b"Identity", b""), (b"User-Id", operator))
    connection.send_message(pack({**HELLO, "role": "operator"}))
    assert msgpack.unpackb(connection.read_message())["code"] == "forbidden"
    connection.send_message(pack(HELLO))
    assert msgpack.unpackb(connection.read_message())["organisation"] == THIRD
    connection.close()


def test_metadata_does_not_let_a_stranger_in(shared_world):
    """Nor does it make a key known."""
    operator = shared_world.network[NETWORK].keys["operator"].public
    with pytest.raises(Refused):
        raw_session(shared_world, Key.fresh("operator"), (b"User-Id", operator))
    assert_served(shared_world)


def test_a_routing_id_gives_nothing(shared_world):
    """A peer that names itself like another connection neither takes it over nor hears it."""
    key = shared_world.network[THIRD].keys["endpoint"]
    first = raw_session(shared_world, key, (b"Identity", b"same"))
    first.send_message(pack({**HELLO, "instance": "first"}))
    assert msgpack.unpackb(first.read_message())["code"] == "malformed"
    second = raw_session(shared_world, shared_world.network[RECEIVER].keys["endpoint"], (b"Identity", b"same"))
    second.send_message(pack(HELLO))
    first.send_message(pack({"type": "ping", "request": "mine"}))
    assert msgpack.unpackb(first.read_message())["request"] == "mine"
    second.socket.settimeout(SILENCE_S)
    with pytest.raises((TimeoutError, Refused)):
        second.read(1)
    for connection in (first, second):
        connection.close()


def test_a_routing_id_that_is_too_long(shared_world):
    """The wire has peers choose none; a long one is simply not answered."""
    key = shared_world.network[THIRD].keys["endpoint"]
    handle = plain_socket(
        shared_world, routing_id=b"x" * 200, curve_serverkey=shared_world.network.broker_public,
        curve_publickey=key.public, curve_secretkey=key.secret)
    assert_gets_nothing(handle)
    assert_served(shared_world)


# ---- frames ----


def test_an_envelope_over_the_limit_is_answered(shared_world):
    """A little too much gets its refusal, and the connection lives on."""
    peer = shared_world.session(HOLDER)
    expect_refusal(peer.raw(b"\x81\xa1x\xc6" + bytes(65536)), "too-large")
    assert peer.ask("ping").type == "pong"


def test_a_dossier_over_the_limit_is_answered(shared_world):
    """The same for frame 2."""
    peer = shared_world.session(HOLDER)
    expect_refusal(peer.raw(pack({"type": "offer", "request": "q"}), bytes(1024 * 1024 + 1)), "too-large")
    assert peer.ask("ping").type == "pong"


def test_a_frame_far_over_the_limit_is_cut(shared_world):
    """Far too much ends the connection at its first bytes; others are served."""
    peer = shared_world.session(HOLDER)
    peer.send_frames(bytes(3 * 1024 * 1024))
    with pytest.raises(NoAnswer):
        peer.next_answer(SILENCE_S)
    assert_served(shared_world)


@pytest.mark.parametrize("frames", [
    [b""], [b"", b""], [b"", b"", b""], [b"\xc0"], [b"\xff" * 1000], [b"\x80", b"", b"", b""], [b"\x80"] * 200,
])
def test_frames_that_make_no_message(shared_world, frames):
    """Empty ones, nonsense, too many: each is malformed, and the next message is read as it is."""
    peer = shared_world.session(HOLDER)
    expect_refusal(peer.raw(*frames), "malformed")
    assert peer.ask("ping").type == "pong"


def test_a_third_frame(shared_world):
    """A good command with a third frame is malformed, and has no effect."""
    peer = shared_world.session(HOLDER)
    answer = peer.raw(pack({"type": "ping", "request": "three"}), b"", b"")
    expect_refusal(answer, "malformed")
    assert peer.ask("ping").type == "pong"


# ---- broken connections ----


@pytest.mark.parametrize("said", [
    b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, bytes(64), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    b"\xff" + bytes(8) + b"\x7f\x03",
])
def test_bytes_that_are_no_greeting(shared_world, said):
    """What is no ZMTP is not answered for long."""
    connection = RawConnection(shared_world.network.endpoint)
    try:
        connection.send(said)
    except Refused:
        pass
    assert connection.is_closed_within(8)
    connection.close()
    assert_served(shared_world)


def test_a_handshake_that_stops_half_way(shared_world):
    """Silence before the end of the handshake is cut after five seconds."""
    connection = RawConnection(shared_world.network.endpoint)
    connection.greet()
    assert not connection.is_closed_within(2)
    assert connection.is_closed_within(6)
    connection.close()


@pytest.mark.parametrize("command", [
    b"\x05HELLO", b"\x05HELLO\x01\x00" + bytes(192), b"\x08INITIATE" + bytes(300), b"\x05READY", b"\x07MESSAGE" + bytes(32),
    b"", b"\xff", b"\x05ERROR\x00",
])
def test_commands_out_of_order(shared_world, command):
    """A handshake that makes no sense ends the connection and nothing else."""
    connection = RawConnection(shared_world.network.endpoint)
    connection.greet()
    connection.send_frame(command, COMMAND)
    assert connection.is_closed_within(8)
    connection.close()
    assert_served(shared_world)


def test_a_message_that_was_tampered_with(shared_world):
    """A box that does not open, or one that is played again, ends the connection."""
    key = shared_world.network[THIRD].keys["endpoint"]
    for spoil in ("bytes", "replay"):
        connection = raw_session(shared_world, key)
        connection.send_message(pack(HELLO))
        assert msgpack.unpackb(connection.read_message())["type"] == "welcome"
        if spoil == "bytes":
            connection.send_frame(b"\x07MESSAGE" + bytes(7) + b"\x09" + os.urandom(60))
        else:
            connection.sent -= 1
            connection.send_message(pack({"type": "ping", "request": "again"}))
        assert connection.is_closed_within(3)
        connection.close()
    assert_served(shared_world)


def test_an_unfinished_message_holds_up_nobody(shared_world):
    """Frames whose last never comes are nobody else's concern."""
    connection = raw_session(shared_world, shared_world.network[THIRD].keys["endpoint"])
    for _ in range(100):
        connection.send_message(bytes(1000), more=True)
    assert_served(shared_world)
    connection.close()
    assert_served(shared_world)


# ---- slow and many ----


def test_a_peer_that_does_not_read_stops_nobody(shared_world):
    """It asks and asks and never reads; everybody else is answered."""
    slow = raw_session(shared_world, shared_world.network[HOLDER].keys["endpoint"])
    slow.send_message(pack({**HELLO, "instance": "slow"}))
    slow.read_message()
    slow.socket.settimeout(0.5)
    asked = pack({"type": "map", "request": "x" * 64})
    try:
        for _ in range(20000):
            slow.send_message(asked)
    except TimeoutError:
        pass
    assert_served(shared_world)
    slow.close()
    assert_served(shared_world)


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


@pytest.fixture
def crowd():
    """Makes many peers, which takes more sockets and descriptors than usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip(f"needs 4096 descriptors, and the system allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    shared, Peer.context = Peer.context, zmq.Context()
    Peer.context.max_sockets = 4000
    yield
    Peer.context.destroy(0)
    Peer.context = shared
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(SANITISED, reason="the sanitizers keep memory of their own")
def test_a_thousand_idle_sessions(crowd, world):
    """They take less than 64 MiB, and the thousand and first is served like the first."""
    peers = [world.connect(HOLDER) for _ in range(1000)]
    for number, peer in enumerate(peers):
        peer.send({**HELLO, "instance": f"i{number}", "credit": 10})
    for peer in peers:
        assert peer.answer("q").type == "welcome"
    assert_served(world)
    taken = resident_kib(world.daemon.pid)
    print(f"1,000 sessions: {taken / 1024:.1f} MiB")
    assert taken < 64 * 1024
    world.forget_peers()


def test_more_connections_than_descriptors(world_at_rest):
    """Sessions are served all the while, the operator hears of it, and it passes."""
    port = free_port()
    world_at_rest.daemon.arguments += ["--listen", f"tcp://127.0.0.1:{port}"]
    world_at_rest.network.endpoint = f"tcp://127.0.0.1:{port}"
    world_at_rest.daemon.start(["prlimit", "--nofile=100:100"])
    peer = world_at_rest.session(THIRD)
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    wait_until(lambda: "nearly all of 100 descriptors" in asked_and_said(world_at_rest.daemon, peer))
    for connection in crowd:
        connection.close()
    wait_until(lambda: "descriptors for new connections again" in asked_and_said(world_at_rest.daemon, peer))
    world_at_rest.session(HOLDER)


def asked_and_said(daemon, peer):
    assert peer.ask("ping", within=3).type == "pong"
    return daemon.said()


def wait_until(is_so, within=20):
    deadline = Deadline(within)
    while not is_so():
        assert not deadline.passed
        time.sleep(0.1)


def test_tcp_and_ipc_at_once(world_at_rest):
    """--listen takes the place of the file's addresses and may be given several times."""
    port = free_port()
    folder = world_at_rest.daemon.scratch
    world_at_rest.daemon.arguments += ["--listen", f"tcp://127.0.0.1:{port}", "--listen", f"ipc://{folder}/t"]
    world_at_rest.daemon.start()
    for endpoint in (f"tcp://127.0.0.1:{port}", f"ipc://{folder}/t"):
        world_at_rest.network.endpoint = endpoint
        world_at_rest.session(THIRD)
    assert not (folder / "s").exists()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
