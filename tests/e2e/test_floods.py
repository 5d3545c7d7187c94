"""Floods from members with good keys: bounded memory, others served, and a stolen key is noticed."""

import collections
import threading
import time

import pytest

from daemon import SANITISED
from peer import Deadline, expect_refusal, fresh_resident, fresh_uuid, now_ms, pack
from test_door import resident_kib
from world import DAY_MS, HOLDER, NETWORK, RECEIVER, THIRD

GROWTH_MAX_KIB = 64 * 1024
SERVED_S = 1.0  # a pong, whatever others do; some milliseconds where nobody else runs on the machine


class Pace:
    """Somebody who asks all the while, and notes how long each answer takes."""

    def __init__(self, world, organisation=THIRD):
        self.peer = world.session(organisation)
        self.took_s = []

    def ask(self):
        began = time.monotonic()
        assert self.peer.ask("ping", within=10).type == "pong"
        self.took_s.append(time.monotonic() - began)

    def require_served(self):
        assert len(self.took_s) > 10, self.took_s
        print(f"{len(self.took_s)} answers, the slowest after {max(self.took_s) * 1000:.0f} ms")
        assert max(self.took_s) < SERVED_S * (5 if SANITISED else 1)


def drained(peer):
    """How many frames lie there, which are thrown away."""
    count = 0
    while peer.socket.poll(0):
        peer.socket.recv_multipart()
        count += 1
    return count


def stat(world, name):
    return world.network_coordinator.done("stats")["stats"][name]


def grown_kib(world, before):
    grown = resident_kib(world.daemon.pid) - before
    print(f"grown by {grown / 1024:.1f} MiB")
    return grown


def require_bounded(world, before):
    grown = grown_kib(world, before)
    assert SANITISED or grown < GROWTH_MAX_KIB


# ---- sessions ----


@pytest.mark.parametrize("instances", ["one", "always another"])
def test_a_flood_of_hellos(world, instances):
    """One connection says hello again and again: it has one session, and the others are served."""
    pace, flood = Pace(world), world.connect(HOLDER)
    before = resident_kib(world.daemon.pid)
    for number in range(20000):
        instance = "i" if instances == "one" else f"i{number}"
        flood.send({"type": "hello", "request": "q", "version": 1, "role": "endpoint", "instance": instance, "credit": 9})
        if number % 500 == 0:
            pace.ask()
            drained(flood)
    flood.barrier()
    pace.require_served()
    require_bounded(world, before)
    assert stat(world, "houvast_sessions") == 3  # the flood's, the pace's, the coordinator's


def test_a_flood_of_connections_of_one_name(world):
    """Each takes the session over from the one before, which is told once."""
    pace = Pace(world)
    before = resident_kib(world.daemon.pid)
    for number in range(300):
        peer = world.connect(HOLDER)
        assert peer.hello(instance="same", credit=9).type == "welcome"
        if number:
            expect_refusal(older.next_answer(), "no-session")
            older.close()
        older = peer
        pace.ask()
    pace.require_served()
    require_bounded(world, before)
    assert stat(world, "houvast_sessions") == 3


def test_members_up_to_the_reserve_of_descriptors(world_at_rest):
    """All that fit are served, and what is kept back is enough to read the network's files."""
    world_at_rest.daemon.start(["prlimit", "--nofile=256:256"])
    # An eighth is kept back, and the broker has some of its own.
    peers = [world_at_rest.session(HOLDER) for _ in range(256 - 256 // 8 - 48)]
    for peer in peers:
        assert peer.ask("ping").type == "pong"
    world_at_rest.network.limits["redelivery"] = "9m"
    world_at_rest.network.write()
    world_at_rest.operator.done("reload")
    assert "nearly all" not in world_at_rest.daemon.said()
    world_at_rest.offer()


# ---- items that nobody acknowledges ----


def offer_large(world, count, size=1024 * 1024):
    """So many handovers picked up, each with a dossier of that size that the receiver is owed."""
    frame = world.network.dossier(RECEIVER, bytes(size - 8))
    for _ in range(count):
        _, handover = world.offer(dossier=frame)
        world.receiver.fresh("pickup", handover=handover, begeleider="eva")


def acknowledge_offers(world, count):
    """The receiver's system acknowledges the offers alone, so that the dossiers behind them can go out."""
    inbox = world.session(RECEIVER, credit=1000)
    offers = set()
    deadline = Deadline(60)
    while len(offers) < count and not deadline.passed:
        item = inbox.next_item()
        if item["event"] == "offered":
            inbox.send({"type": "ack", "item": item["item"]})
            offers.add(item["handover"])
    assert len(offers) == count
    assert inbox.ask("bye").type == "done"


@pytest.mark.parametrize("deaf", [False, True], ids=["reads", "does not read"])
def test_a_peer_that_never_acknowledges(world, deaf):
    """A hundred dossiers of 1 MiB are owed to it and go out by the window; the ledger keeps the rest."""
    pace = Pace(world)
    before = resident_kib(world.daemon.pid)
    offer_large(world, 20)
    acknowledge_offers(world, 20)
    inbox = world.session(RECEIVER, credit=1000, deaf=deaf)
    for _ in range(8):
        offer_large(world, 10)
        pace.ask()
        pace.ask()
    if not deaf:
        inbox.barrier()
        bytes_out = sum(len(item.dossier) for item in inbox.items if item.dossier)
        assert bytes_out == 4 * 1024 * 1024
    pace.require_served()
    require_bounded(world, before)
    assert stat(world, "houvast_items_owed") >= 100


@pytest.mark.parametrize("between", [[], ["bye"]], ids=["hello", "bye and hello"])
def test_a_new_hello_opens_no_new_window(world, between):
    """Who does not read what went out says hello again, and gets no more until it has read."""
    pace = Pace(world)
    offer_large(world, 20)
    acknowledge_offers(world, 20)
    before = resident_kib(world.daemon.pid)
    inbox = world.connect(RECEIVER, deaf=True)
    for number in range(400):
        for kind in between:
            inbox.send({"type": kind})
        inbox.send({"type": "hello", "request": "h", "version": 1, "role": "endpoint", "instance": "i", "credit": 1000})
        if number % 10 == 0:
            pace.ask()
    pace.require_served()
    require_bounded(world, before)


# ---- answers that nobody reads ----


def long_journey(world, events=1000):
    """A journey whose history takes more than a page."""
    journey = world.open(begeleider="b0")
    for number in range(events):
        world.holder.send({"type": "reassign", "request": f"r{number}", "journey": journey, "begeleider": f"b{number + 1}",
                           "instead_of": f"b{number}", "reason": "leave", "on": now_ms() + number})
    for number in range(events):
        assert world.holder.answer(f"r{number}").type == "done"
    return journey


def test_a_peer_that_does_not_read_its_answers(world):
    """It asks for more than 150 MiB; when it does read it is told `busy`, answers the ping, and may ask again."""
    pace, journey = Pace(world), long_journey(world)
    before = resident_kib(world.daemon.pid)
    deaf = world.session(HOLDER, deaf=True)
    for number in range(600):  # fewer than the broker keeps for a peer
        deaf.send({"type": "history", "request": f"h{number}", "journey": journey, "limit": 1000})
        if number % 20 == 0:
            pace.ask()
    for _ in range(20):
        pace.ask()
    pace.require_served()
    require_bounded(world, before)
    answers = [deaf.receive()]
    while answers[-1].type == "done":
        answers.append(deaf.receive())
    expect_refusal(answers[-1], "busy")
    assert answers[-1]["retry_after"] > 0
    deadline = Deadline(30)
    while deaf.ask("history", journey=journey).type != "done":
        assert not deadline.passed
    world.holder.done("history", journey=journey)


def test_a_peer_that_reads_a_long_history_is_not_slowed(world):
    """Page after page, more than may lie unread."""
    journey = long_journey(world)
    for _ in range(40):
        world.holder.done("history", journey=journey, limit=1000)


# ---- looking on, and being away ----


def require_answered(peer, requests):
    for request in requests:
        assert peer.answer(request, within=60).type == "done"


def test_a_crowd_of_watchers(world):
    """A hundred and fifty read all that ever happened; what is looked at for them in a turn is shared among them."""
    for begin in range(0, 6000, 500):
        requests = [f"o{begin + number}" for number in range(500)]
        for request in requests:
            world.holder.send({"type": "open", "request": request, "journey": fresh_uuid(), "resident": fresh_resident(),
                               "begeleider": "anna", "basis": "consent", "urgency": "routine"})
        require_answered(world.holder, requests)
    crowd = [world.session(THIRD, "coordinator", deaf=True) for _ in range(150)]
    pace = Pace(world)
    for start in (1, 0):
        for peer in crowd:
            peer.send({"type": "watch", "request": "w", "from": start})
        for _ in range(20):
            pace.ask()
    pace.require_served()
    reader = world.session(NETWORK, "coordinator")
    reader.done("watch", **{"from": 1})
    seqs = []
    while (message := reader.receive(60)).type == "event":
        seqs.append(message["seq"])
    assert message.type == "live" and seqs == list(range(2, message["seq"] + 1)), "the crowd costs nobody an event"


def test_a_ring_of_deputies(world):
    """Five thousand are away and stand in for one another: who else is left alone is found without holding up the rest."""
    pace, count, now = Pace(world), 5000, now_ms()
    journey = world.open(begeleider="p2500")
    for begin in range(0, count, 500):
        requests = [f"a{number}" for number in range(begin, begin + 500)]
        for number, request in zip(range(begin, begin + 500), requests):
            world.holder.send({"type": "absent", "request": request, "begeleider": f"p{number}", "from": now - 1000,
                               "until": now + 30 * DAY_MS, "deputy": f"p{(number + 1) % count}", "on": now})
        require_answered(world.holder, requests)
        pace.ask()
    world.holder.send({"type": "absent", "request": "alone", "begeleider": "p0", "from": now - 1000,
                       "until": now + DAY_MS, "on": now + 1})
    for _ in range(20):
        pace.ask()
    require_answered(world.holder, ["alone"])
    pace.require_served()
    inbox = world.inbox(HOLDER, "coordinator")
    while (item := inbox.next_item()).get("begeleider") != "p0":
        inbox.ack(item)
    assert item["count"] == 1 and [held["journey"] for held in item["overdue"]] == [journey]


# ---- bad frames ----

BAD = [b"", b"\xc1", b"\xff" * 100, b"\x91" * 1000, b"\xdd\xff\xff\xff\xff", b"\xdf\x10\x00\x00\x00\xa1a",
       pack({"type": "open", "request": "q"})[:-2], pack({"type": "nothing", "request": "q"}), bytes(60000),
       pack({"type": "map", "request": "q"}) + b"\x00", b"\x81\xa4type\xc4\x03map"]
A_SECOND = 10000
SECONDS = 3


def test_ten_thousand_bad_frames_a_second(world):
    """From one member, for some seconds; the others' commands are answered in time all the while."""
    pace, flood = Pace(world), world.session(HOLDER)
    before = resident_kib(world.daemon.pid)
    began, sent, refused = time.monotonic(), 0, collections.Counter()
    while time.monotonic() - began < SECONDS:
        due = int((time.monotonic() - began) * A_SECOND)
        while sent < due:
            flood.send_frames(BAD[sent % len(BAD)])
            sent += 1
        drained_now = drained(flood)
        refused["read"] += drained_now
        pace.ask()
    took_s = time.monotonic() - began
    print(f"{sent / took_s:.0f} bad frames a second")
    pace.require_served()
    deadline = Deadline(30)
    while refused["read"] < sent and not deadline.passed:
        flood.socket.poll(100)
        refused["read"] += drained(flood)
    assert refused["read"] == sent, "each is refused"
    require_bounded(world, before)


# ---- a stolen key ----


def flood_with_closings(world, thief, journeys):
    for number, journey in enumerate(journeys):
        thief.send({"type": "close", "request": f"c{number}", "journey": journey, "begeleider": "anna",
                    "outcome": "helped", "talked": {"on": now_ms(), "begeleider": "anna"}})
    return [thief.answer(f"c{number}", within=30) for number in range(len(journeys))]


@pytest.mark.network(limits={"commands_per_second": "200"})
def test_a_stolen_key_that_closes_all_it_can(world):
    """It is slowed to the organisation's rate, others are not, and the journal and the coordinators hear of it."""
    pace, thief = Pace(world), world.session(HOLDER)
    journeys = []
    for _ in range(400):
        journeys.append(fresh_uuid())
        keys = dict(journey=journeys[-1], resident=fresh_resident(), begeleider="anna", basis="consent", urgency="routine")
        while (answer := thief.ask("open", **keys)).type == "refused":
            expect_refusal(answer, "busy")
            time.sleep(answer["retry_after"] / 1000)
    time.sleep(1.1)  # the bucket is full
    assert stat(world, "houvast_alarms_total") == 0
    began = time.monotonic()
    answers = flood_with_closings(world, thief, journeys)
    took_s = time.monotonic() - began
    closed = [answer for answer in answers if answer.type == "done"]
    assert 200 <= len(closed) <= 200 * (took_s + 1) + 1
    for answer in answers:
        if answer.type == "refused":
            expect_refusal(answer, "busy")
            assert 1 <= answer["retry_after"] <= 1000
    for _ in range(20):
        pace.ask()
    pace.require_served()
    world.third.done("map")
    assert stat(world, "houvast_alarms_total") == 1
    assert stat(world, "houvast_busy_total") >= 400 - len(closed)
    assert f"{HOLDER} has confirmed or closed" in world.daemon.said()
    world.inbox(NETWORK, "coordinator").take("suspected", about=HOLDER, reason="many-endings")
    world.inbox(HOLDER, "coordinator").take("suspected", about=HOLDER, reason="many-endings")
    # The operator takes the key off the map: that is the end of it.
    world.network[HOLDER].keys.pop("endpoint")
    world.network.write()
    world.operator.done("reload")
    expect_refusal(thief.ask("map"), "forbidden")


@pytest.mark.network(limits={"commands_per_second": "200"})
def test_threads_of_one_organisation_share_its_rate(world):
    """Many connections get no more than one."""
    thieves = [world.session(HOLDER) for _ in range(4)]
    done = []

    def ask(thief):
        for number in range(300):
            thief.send({"type": "map", "request": f"m{number}"})
        done.append(sum(thief.answer(f"m{number}", within=30).type == "done" for number in range(300)))

    threads = [threading.Thread(target=ask, args=[thief]) for thief in thieves]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - began
    assert len(done) == 4
    assert 200 <= sum(done) <= 200 * (took_s + 1) + 1


def test_the_default_is_a_rate(world_at_rest):
    """A network that says nothing has one; that it can be waited out is test_busy's."""
    del world_at_rest.network.limits["commands_per_second"]
    world_at_rest.network.write()
    world_at_rest.daemon.start()
    peer = world_at_rest.session(NETWORK)
    for number in range(900):  # fewer than the broker keeps for a peer, with a ping behind them
        peer.send({"type": "map", "request": f"m{number}"})
    answers = [peer.answer(f"m{number}") for number in range(900)]
    assert {"busy"} == {answer["code"] for answer in answers if answer.type == "refused"}
