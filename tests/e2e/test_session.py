"""Sessions: who may begin one, how it lives, how it ends."""

import socket

import pytest
import zmq

from network import Key
from peer import Deadline, NoAnswer, Peer, expect_refusal, fresh_uuid
from world import HOLDER, NETWORK, RECEIVER, THIRD

WELCOME = {"type", "request", "organisation", "network", "ledger", "heartbeat", "head", "at", "seq", "receipt_key"}


# ---- beginning ----


def test_welcome_says_exactly_what_the_contract_says(shared_world):
    """welcome has these keys and no other, and they say what is so."""
    peer = shared_world.connect(HOLDER)
    answer = peer.hello()
    assert set(answer.envelope) == WELCOME
    assert answer["organisation"] == HOLDER
    assert answer["network"] == "delft-test"
    assert answer["heartbeat"] == 600_000
    assert len(answer["head"]) == 32


def test_head_and_seq_move_with_every_event(shared_world):
    """The chain's head in welcome is another after something happened, the ledger is the same."""
    before = shared_world.connect(HOLDER).hello()
    shared_world.open()
    after = shared_world.connect(HOLDER).hello()
    assert after["ledger"] == before["ledger"]
    assert after["seq"] > before["seq"]
    assert after["head"] != before["head"]


@pytest.mark.parametrize("organisation, role", [
    (HOLDER, "endpoint"), (HOLDER, "coordinator"), (NETWORK, "coordinator"), (NETWORK, "operator"),
])
def test_each_role_that_a_key_has_is_welcome(shared_world, organisation, role):
    """A session has the role that it said."""
    peer = shared_world.connect(organisation, role)
    assert peer.hello(role).type == "welcome"


@pytest.mark.parametrize("key_of, role", [
    ("endpoint", "coordinator"), ("endpoint", "operator"), ("coordinator", "endpoint"), ("coordinator", "operator"),
])
def test_a_role_that_the_key_lacks_is_forbidden(shared_world, key_of, role):
    """What a peer may do follows from its key alone."""
    peer = shared_world.connect(HOLDER, key_of)
    expect_refusal(peer.hello(role), "forbidden")
    peer.refused("no-session", "map")


@pytest.mark.parametrize("version", [0, 2, 7])
def test_another_version_is_refused(shared_world, version):
    """Only version 1 is spoken."""
    expect_refusal(shared_world.connect(HOLDER).hello(version=version), "version")


def test_version_is_looked_at_before_unknown_keys(shared_world):
    """A later version's hello may have keys that are not known here (6.2)."""
    expect_refusal(shared_world.connect(HOLDER).hello(version=2, colour="red"), "version")
    expect_refusal(shared_world.connect(HOLDER).hello(version=1, colour="red"), "malformed", "colour")


def test_a_later_minor_may_bring_unknown_keys(shared_world):
    """They are passed over at the top level, and count as content (6.32)."""
    peer = shared_world.connect(HOLDER)
    assert peer.hello(minor=1, colour="red").type == "welcome"
    keys = dict(journey=fresh_uuid(), resident="r1." + "A" * 43, begeleider="anna", basis="consent", urgency="urgent")
    peer.fresh("open", **keys, colour="red")
    peer.repeat("open", **keys, colour="red")
    peer.refused("conflict", "open", **keys, colour="blue")
    peer.refused("malformed", "close", journey=keys["journey"], begeleider="anna", outcome="helped",
                 talked={"on": 1, "begeleider": "anna", "colour": "red"}, field="talked")


def test_minor_0_brings_no_unknown_keys(shared_world):
    """A peer of this minor knows every key there is."""
    peer = shared_world.connect(HOLDER)
    assert peer.hello(minor=0).type == "welcome"
    peer.refused("malformed", "map", field="colour", colour="red")


# ---- before and after ----


@pytest.mark.parametrize("kind, keys", [
    ("map", {}),
    ("status", {"journey": fresh_uuid()}),
    ("open", dict(journey=fresh_uuid(), resident="r1." + "A" * 43, begeleider="anna", basis="consent",
                  urgency="urgent")),
    ("reload", {}),
    ("ack", {"item": 1}),
])
def test_a_command_before_hello_is_refused(shared_world, kind, keys):
    """no-session: say hello first."""
    shared_world.connect(HOLDER).refused("no-session", kind, **keys)


def test_a_stranger_key_is_told_nothing(shared_world):
    """A key that no file names gets no answer at all, not even to hello."""
    peer = shared_world.connect(HOLDER, key=Key.fresh("endpoint"))
    with pytest.raises(NoAnswer):
        peer.hello(within=0.5)


@pytest.mark.parametrize("mechanism", ["none", "plain", "wrong broker key"])
def test_only_curve_is_spoken(shared_world, mechanism):
    """NULL, PLAIN and a CURVE handshake for another broker all fail, on ipc too."""
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    dealer.linger = 0
    try:
        if mechanism == "plain":
            dealer.plain_username, dealer.plain_password = b"kcc", b"kcc"
        if mechanism == "wrong broker key":
            key = shared_world.network[HOLDER].keys["endpoint"]
            dealer.curve_serverkey, _ = zmq.curve_keypair()
            dealer.curve_publickey, dealer.curve_secretkey = key.public, key.secret
        dealer.connect(shared_world.network.endpoint)
        dealer.send(b"\x81\xa4type\xa4ping")
        assert not dealer.poll(300), f"answered: {dealer.recv_multipart()}"
    finally:
        dealer.close(0)
    shared_world.peer(HOLDER).done("map")


def test_a_routing_id_is_no_identity(shared_world):
    """The wire has peers set none: who does has no session, and two of one id harm nobody."""
    world = shared_world

    def named_peer(organisation):
        peer = Peer(world.network.endpoint, world.network.broker_public, world.network[organisation].keys["endpoint"],
                    routing_id=b"desk")
        world.extra.append(peer)
        return peer

    first = named_peer(HOLDER)
    assert "routing id" in expect_refusal(first.hello(), "malformed")["reason"]
    second = named_peer(RECEIVER)  # only now, so that the first of the two is the one that is there
    try:
        expect_refusal(second.hello(within=0.5), "malformed")
    except NoAnswer:
        pass  # two connections of one id are not served twice
    first.refused("malformed", "map")
    world.peer(HOLDER).done("map")


def test_over_tcp(world_at_rest):
    """The same, with --listen in the place of the file's endpoints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    world = world_at_rest
    world.network.endpoint = f"tcp://127.0.0.1:{port}"
    world.daemon.arguments = ["--listen", world.network.endpoint]
    world.daemon.start()
    journey, handover = world.offer()
    world.confirm(handover)
    assert world.holder_of(journey) == (RECEIVER, "eva")
    stranger = world.connect(HOLDER, key=Key.fresh("endpoint"))
    with pytest.raises(NoAnswer):
        stranger.hello(within=0.3)


def test_a_second_hello_begins_anew(shared_world):
    """The new session stands in the old one's place, with its own role and credit."""
    key = Key.fresh("endpoint coordinator")
    shared_world.network[HOLDER].keys["both"] = key
    shared_world.network.write()
    shared_world.operator.done("reload")
    journey = shared_world.open()
    peer = shared_world.session(HOLDER, key=key)
    reassign = dict(journey=journey, begeleider="bob", instead_of="anna", reason="ill", on=1000)
    assert peer.hello("coordinator").type == "welcome"
    peer.refused("forbidden", "reassign", **reassign)
    assert peer.hello("endpoint").type == "welcome"
    peer.fresh("reassign", **reassign)


def test_a_refused_second_hello_leaves_the_session(shared_world):
    """Role, version or form: what was refused changed nothing (6.2)."""
    peer = shared_world.session(HOLDER)
    expect_refusal(peer.hello("operator"), "forbidden")
    expect_refusal(peer.hello(version=2), "version")
    expect_refusal(peer.hello(credit=1001), "malformed", "credit")
    peer.done("map")


# ---- ending ----


def test_bye_ends_the_session(shared_world):
    """With a request it is answered; afterwards one has to say hello again."""
    peer = shared_world.session(HOLDER)
    answer = peer.ask("bye")
    assert answer.type == "done"
    peer.refused("no-session", "map")
    assert peer.hello().type == "welcome"
    peer.done("map")


def test_bye_without_request_is_not_answered(shared_world):
    """The next thing said is the answer to the next command."""
    peer = shared_world.session(HOLDER)
    peer.send({"type": "bye"})
    peer.refused("no-session", "map")
    assert not peer.others


def test_ping_is_answered_with_pong(shared_world):
    """With the request where there is one, without where there is none; pong is never answered."""
    peer = shared_world.session(HOLDER)
    assert peer.ask("ping", request="p1").envelope == {"type": "pong", "request": "p1"}
    peer.send({"type": "ping"})
    assert peer.next_answer().envelope == {"type": "pong"}
    peer.send({"type": "pong"})
    peer.send({"type": "pong", "request": "x"})
    peer.barrier()
    assert not peer.others


@pytest.mark.network(limits={"heartbeat": "400ms"})
def test_the_broker_pings_a_silent_peer(world):
    """Each side sends something every heartbeat; answering keeps the session."""
    peer = world.session(HOLDER)
    assert peer.welcomed["heartbeat"] == 400
    deadline = Deadline(2.0)
    while not deadline.passed:
        assert peer.receive(deadline.left_s) is None
    assert peer.pings >= 3
    peer.done("map")


@pytest.mark.network(limits={"heartbeat": "150ms"})
def test_silence_ends_the_session_and_its_items_go_elsewhere(world):
    """After three silent intervals another session of the inbox gets what was out."""
    silent = world.session(RECEIVER, credit=10, instance="silent")
    silent.answers_pings = False
    journey, handover = world.offer()
    first = silent.expect_item("offered", handover=handover, attempt=1)
    other = world.session(RECEIVER, credit=10, instance="other")
    again = other.expect_item("offered", handover=handover)
    assert again["attempt"] == 2 and again["item"] == first["item"]
    other.ack(again)
    expect_refusal(silent.ask("map"), "no-session")


@pytest.mark.network(limits={"heartbeat": "500ms"})
def test_less_than_three_silent_intervals_end_nothing(world):
    """A peer that was busy for two of them goes on where it was."""
    peer = world.session(RECEIVER, credit=1)
    peer.answers_pings = False
    world.offer()
    item = peer.expect_item("offered")
    deadline = Deadline(0.95)
    while not deadline.passed:
        assert peer.receive(deadline.left_s) is None
    peer.ack(item)


@pytest.mark.network(limits={"heartbeat": "300ms"})
def test_a_lost_connection_is_noticed_by_its_silence(world):
    """No sooner, so that a short break costs nothing; then its items go to another session."""
    lost = world.session(RECEIVER, credit=10, instance="lost")
    other = world.session(RECEIVER, credit=0, instance="other")
    world.offer()
    item = lost.expect_item("offered")
    lost.close()
    assert other.hello(credit=10, instance="other").type == "welcome"
    other.expect_no_item()
    other.expect_item("offered", item=item["item"], attempt=2)


def test_a_peer_that_never_reads_holds_up_nobody(world):
    """Its answers are its own loss; the broker goes on reading and answering."""
    deaf = world.session(HOLDER, deaf=True)
    for number in range(20_000):
        deaf.send({"type": "map", "request": f"d{number}"})
    journey, handover = world.offer(by=RECEIVER, to=HOLDER, begeleider="eva")
    assert world.third.done("map")
    world.session(HOLDER, instance="hearing").fresh("receive", handover=handover, begeleider="anna")
    assert world.holder_of(journey) == (RECEIVER, "eva")


def test_a_peer_that_never_reads_its_items(world):
    """They stay owed, and another session is not held up by them."""
    deaf = world.session(RECEIVER, credit=1000, instance="deaf", deaf=True)
    dossier = world.network.dossier(RECEIVER, b"d" * 100_000)
    for _ in range(30):
        world.handover_in("picked-up", dossier=dossier)
    hearing = world.session(THIRD, credit=10)
    _, handover = world.offer(to=THIRD)
    hearing.take("offered", handover=handover)
    world.session(RECEIVER, instance="deaf")  # takes over, so that what is out goes elsewhere
    world.session(RECEIVER, credit=1, instance="next").expect_item("offered")


@pytest.mark.network(limits={"heartbeat": "400ms"})
def test_a_peer_that_answers_pings_keeps_its_items(world):
    """A handler that takes long does not lose its session, as long as somebody answers."""
    slow = world.session(RECEIVER, credit=10, instance="slow")
    world.offer()
    item = slow.expect_item("offered", attempt=1)
    deadline = Deadline(1.6)
    while not deadline.passed:
        assert slow.receive(deadline.left_s) is None
    slow.ack(item)


def test_the_same_instance_takes_over(world):
    """The older connection gets one no-session and its items go to the newer."""
    old = world.session(RECEIVER, credit=10, instance="desk-1")
    world.offer()
    first = old.expect_item("offered")
    new = world.session(RECEIVER, credit=10, instance="desk-1")
    again = new.expect_item("offered", item=first["item"])
    assert again["attempt"] > first["attempt"]
    told = old.next_answer()
    expect_refusal(told, "no-session")
    new.ack(again)
    new.barrier()
    assert not old.others and old.receive(0.05) is None, "the older one is told once"


def test_another_instance_does_not_take_over(world):
    """Two instances of an organisation work side by side."""
    one = world.session(RECEIVER, credit=10, instance="desk-1")
    two = world.session(RECEIVER, credit=10, instance="desk-2")
    one.done("map")
    two.done("map")


def test_the_same_instance_of_another_role_does_not_take_over(world):
    """An instance is named within its organisation and role."""
    one = world.session(RECEIVER, "endpoint", instance="desk-1")
    two = world.session(RECEIVER, "coordinator", instance="desk-1")
    three = world.session(HOLDER, "endpoint", instance="desk-1")
    for peer in (one, two, three):
        peer.done("map")


def test_a_removed_key_gets_forbidden_once_and_then_nothing(world):
    """A reload that took the key out ends its session."""
    key = Key.fresh("endpoint")
    world.network[HOLDER].keys["old"] = key
    world.network.write()
    world.operator.done("reload")
    peer = world.session(HOLDER, key=key)
    del world.network[HOLDER].keys["old"]
    world.network.write()
    world.operator.done("reload")
    peer.refused("forbidden", "map")
    peer.send({"type": "map", "request": "again"})
    peer.send({"type": "ping", "request": "still"})
    assert peer.receive(0.3) is None, "nothing more is said to it"
    world.session(HOLDER).done("map")


def test_a_removed_key_gets_no_more_items(world):
    """What it had out goes to a session whose key is still good."""
    key = Key.fresh("endpoint")
    world.network[RECEIVER].keys["old"] = key
    world.network.write()
    world.operator.done("reload")
    old = world.session(RECEIVER, credit=10, key=key, instance="old")
    _, handover = world.offer()
    item = old.expect_item("offered", handover=handover)
    del world.network[RECEIVER].keys["old"]
    world.network.write()
    world.operator.done("reload")
    new = world.session(RECEIVER, credit=10, instance="new")
    new.expect_item("offered", item=item["item"])


def test_after_a_restart_everybody_is_told_no_session_once(world):
    """The same connections go on after a new hello, and nothing was lost."""
    journey = world.open()
    holder, third = world.holder, world.third
    ledger = holder.welcomed["ledger"]
    world.daemon.restart()
    for peer in (holder, third):
        expect_refusal(peer.ask("map"), "no-session")
        assert peer.hello().type == "welcome"
        assert peer.welcomed["ledger"] == ledger
        peer.done("map")
    answer = holder.done("status", journey=journey)
    assert answer["state"] == "open"
    assert answer["holder"] == {"organisation": HOLDER, "begeleider": "anna"}
