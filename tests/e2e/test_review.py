"""What goes wrong only when things meet: a turn's messages, a full disk and a start, a peer and another's address."""

import os
import pathlib
import subprocess

import pytest

from peer import Deadline, NoAnswer, Peer, fresh_resident, fresh_uuid, now_ms
from test_guarantees import needs_root, try_offer
from world import HOLDER, NETWORK, RECEIVER, THIRD


# ---- addresses ----


def named_like(world, organisation, routing_id):
    peer = Peer(world.network.endpoint, world.network.broker_public, world.network[organisation].keys["endpoint"],
                routing_id=routing_id)
    world.extra.append(peer)
    return peer


def test_an_address_left_behind_is_no_session(world):
    """Whoever comes to an address after its session's connection has gone has neither its rights nor its items."""
    first = named_like(world, HOLDER, b"desk")
    try:
        first.hello(credit=10, within=1)
    except NoAnswer:
        pass  # the contract has peers choose no address
    journey = world.open()
    first.close()
    second = named_like(world, THIRD, b"desk")
    deadline = Deadline(5)
    answer = None
    while answer is None and not deadline.passed:  # until the broker has noticed that the first one is gone
        try:
            answer = second.ask("status", journey=journey, within=0.3)
        except NoAnswer:
            second.close()
            second = named_like(world, THIRD, b"desk")
    assert answer is None or answer.get("code") in ("no-session", "malformed"), f"{THIRD} speaks as {HOLDER}: {answer}"
    _, handover = world.offer(by=RECEIVER, to=HOLDER, begeleider="eva")
    try:
        second.ask("ping", within=1)
    except NoAnswer:
        pass
    assert not second.items and not second.saw(handover.encode()), f"{THIRD} hears {HOLDER}'s items: {second.items}"


# ---- reloads ----


def test_who_has_left_is_owed_nothing_more(world):
    """A journey's earlier holder that is off the map does not stop reloads and starts when the journey closes."""
    journey, handover = world.offer(by=THIRD, to=RECEIVER, begeleider="mo")
    world.confirm(handover)
    for organisation in (THIRD, RECEIVER):
        inbox = world.inbox(organisation)
        inbox.barrier()
        while inbox.items:
            inbox.ack(inbox.items.popleft())
            inbox.barrier()
    (world.network.directory / "organisations" / f"{THIRD}.conf").unlink()
    world.operator.done("reload")
    world.receiver.fresh("close", journey=journey, begeleider="eva", outcome="helped",
                         talked={"on": now_ms(), "begeleider": "eva"})
    world.operator.done("reload")
    world.restart()
    assert world.status(journey=journey)["state"] == "closed"


def test_nothing_begins_behind_a_reload(world):
    """Messages that wait behind the reload that takes their organisation off the map are judged by the new map."""
    names = [f"org-{number}" for number in range(8)]
    for name in names:
        world.network.add(name)
    world.network.write()
    operator, busy = world.operator, world.receiver
    operator.done("reload")
    for name in names:  # where they meet in a turn is the network's chance: several times
        leaving = world.peer(name)
        path = world.network.directory / "organisations" / f"{name}.conf"
        text = path.read_text()
        path.unlink()
        for _ in range(200):
            busy.send({"type": "map", "request": "busy"})
        operator.send({"type": "reload", "request": name})
        journeys = [fresh_uuid() for _ in range(12)]
        for journey in journeys:
            leaving.send({"type": "open", "request": journey, "journey": journey, "begeleider": "mo",
                          "resident": fresh_resident(), "basis": "consent", "urgency": "routine"})
        answer = operator.answer(name)
        held = [journey for journey in journeys
                if world.network_coordinator.ask("status", journey=journey).type == "done"]
        assert answer.type == "refused" or not held, f"{len(held)} residents are held by {name}, which is off the map"
        if answer.type == "refused":
            path.write_text(text)


# ---- peers that do not read ----


def test_a_peer_that_never_reads_keeps_nobody_busy(world):
    """What cannot be sent to it is tried again now and then, not turn after turn."""
    deaf = world.session(RECEIVER, credit=10, instance="deaf", deaf=True)
    for number in range(12_000):
        deaf.send({"type": "map", "request": f"d{number}"})
    deadline = Deadline(20)
    while world.operator.done("stats")["stats"]["houvast_messages_total"] < 12_000:
        assert not deadline.passed
    world.offer()
    deadline = Deadline(3)
    before = world.operator.done("stats")["stats"]
    while not deadline.passed:
        world.operator.receive(deadline.left_s)
    after = world.operator.done("stats")["stats"]
    sent = after["houvast_items_sent_total"] - before["houvast_items_sent_total"]
    assert sent <= 10, f"one item was tried {sent} times in three seconds"
    deaf.close()
    world.session(RECEIVER, credit=10, instance="deaf").expect_item("offered")


def test_a_long_history_comes_in_pages(world):
    """However much an organisation has written into a journey, one answer stays small, and nothing is left out."""
    journey, handover = world.offer()
    crowd = [{"organisation": "o" * 32, "person": "p" * 60 + str(number)} for number in range(10, 42)]
    started_ms = now_ms()
    for number in range(200):
        world.holder.send({"type": "introduce", "request": f"i{number}", "handover": handover,
                           "on": started_ms + number, "how": "joint", "resident": False, "present": crowd})
    world.holder.barrier()
    answer = world.holder.done("history", journey=journey, limit=1000)
    assert sum(len(frame) for frame in answer.raw) < 300 * 1024 and "next" in answer
    assert world.event_names(journey, world.holder).count("introduced") == 200


# ---- a full disk ----

DISK_MIB = 64


@pytest.fixture
def small_disk(world_at_rest):
    """The state directory lies on a small tmpfs that outlives the daemon; `start` starts one there."""
    world = world_at_rest
    script = f'mount -t tmpfs -o size={DISK_MIB}m,mode=0700 tmpfs "$0" && echo ready && exec sleep 600'
    keeper = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script,
                               str(world.daemon.state)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if keeper.stdout.readline() != "ready\n":
            pytest.skip(f"no private mount here: {keeper.stderr.read().strip()}")
        world.disk = pathlib.Path(f"/proc/{keeper.pid}/root{world.daemon.state}")
        world.wrapper = ["nsenter", f"--mount=/proc/{keeper.pid}/ns/mnt"]
        world.daemon.start(wrapper=world.wrapper)
        yield world
    finally:
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()
        keeper.stderr.close()


def fill(world, name="filler"):
    """Takes every last byte of the small disk."""
    with open(world.disk / name, "wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                pass


def fill_to_the_last_byte(world):
    """The reserve is used up too: not even an acknowledgement can be written."""
    fill(world)
    for _ in range(200):
        if try_offer(world) == "unavailable":
            break
    inbox = world.inbox(RECEIVER)
    item = inbox.expect_item("offered")
    for number in range(40):
        fill(world, f"filler{number}")
        answer = inbox.ask("ack", item=item["item"])
        if answer.type == "refused":
            assert answer["code"] == "unavailable"
            return item
        item = inbox.next_item()
    raise AssertionError("the disk never was full to the last byte")


@needs_root
def test_a_new_role_says_hello_on_a_full_disk(small_disk):
    """The first session of an inbox cannot be written, and is told so; the broker lives on."""
    world = small_disk
    for _ in range(25):
        world.offer()
    fill_to_the_last_byte(world)
    operator = world.connect(NETWORK, "operator")
    answer = operator.hello("operator")
    assert answer.type == "welcome" or answer["code"] == "unavailable", answer
    world.holder.done("map")
    for path in world.disk.glob("filler*"):
        path.unlink()
    deadline = Deadline(15)
    while answer.type != "welcome" and not deadline.passed:
        answer = operator.hello("operator")
    assert answer.type == "welcome"


@needs_root
@pytest.mark.network(limits={"item_attempts": 1})
def test_what_was_set_aside_is_recalled_after_a_full_disk(small_disk):
    """A hello on a disk that is full to the last byte calls back what was set aside, as soon as it can be written."""
    world = small_disk
    world.holder.done("map")
    inbox = world.session(HOLDER, "endpoint", credit=10)
    world.offer(by=RECEIVER, to=HOLDER, begeleider="eva")
    item = inbox.expect_item("offered")
    inbox.send({"type": "nack", "item": item["item"], "after": 0})
    inbox.expect_no_item()
    inbox.done("bye")
    for _ in range(25):
        world.offer()
    fill_to_the_last_byte(world)
    again = world.session(HOLDER, "endpoint", credit=10)
    for path in world.disk.glob("filler*"):
        path.unlink()
    again.expect_item("offered", item=item["item"])


@needs_root
def test_a_start_on_a_full_disk(small_disk):
    """The reserve lets a broker start that was ended while the disk was full, and end the duties that it can."""
    world = small_disk
    journey, handover = world.offer()
    world.inbox(RECEIVER).expect_item("offered")
    fill(world)
    world.forget_peers()
    world.daemon.kill()
    world.daemon.start(wrapper=world.wrapper)
    assert try_offer(world) == "unavailable"
    world.confirm(handover)
    assert world.holder_of(journey) == (RECEIVER, "eva")


@needs_root
def test_the_largest_dossiers_are_confirmed_on_a_full_disk(small_disk):
    """The hold moves out of the reserve, however much was sent along."""
    world = small_disk
    journey, handover = world.handover_in("picked-up")
    for number in range(1, 16):
        world.holder.fresh("supplement", world.network.dossier(RECEIVER, b"d" * 1_000_000), handover=handover,
                           number=number)
    fill(world)
    world.confirm(handover)
    assert world.holder_of(journey) == (RECEIVER, "eva")


@needs_root
def test_the_largest_dossiers_are_declined_on_a_full_disk(small_disk):
    """The receiver can say no too: nobody gets the dossiers any more, and they are overwritten once there is room."""
    world = small_disk
    marks = [f"mark-{number}-".encode() * 8 for number in range(1, 16)]
    journey, handover = world.handover_in("picked-up")
    for number, mark in enumerate(marks, 1):
        frame = world.network[RECEIVER].sealing["first"].id + mark + os.urandom(999_000)
        world.holder.fresh("supplement", frame, handover=handover, number=number)
    fill(world)
    world.receiver.fresh("decline", handover=handover, reason="no-capacity", decided="receiver")
    assert world.holder_of(journey)[0] == HOLDER
    for path in world.disk.glob("filler*"):
        path.unlink()

    def left():
        files = [path.read_bytes() for path in world.disk.glob("ledger.sqlite*")]
        return [mark for mark in marks if any(mark in content for content in files)]

    deadline = Deadline(20)
    while left() and not deadline.passed:
        world.holder.done("map")
    assert not left()
    world.receiver.refused("conflict", "fetch", handover=handover)


@needs_root
def test_a_hang_up_on_a_full_disk(small_disk):
    """A reload by signal that cannot be recorded says why, and the old files stay in force."""
    world = small_disk
    for _ in range(25):
        world.offer()
    fill_to_the_last_byte(world)
    world.network.limits["heartbeat"] = "7s"
    world.network.write()
    world.daemon.hang_up()
    deadline = Deadline(5)
    while "were not put in force" not in world.daemon.said():
        assert not deadline.passed, world.daemon.said()
        world.holder.done("map")
    assert "were not put in force, the old ones stay: the ledger cannot be written" in world.daemon.said()
