"""Old ledgers, kept as their daemon closed them: today's starts on a copy of one and goes on where it stopped."""

import collections
import pathlib
import shutil
import sqlite3

import nacl.exceptions
import pytest

from clock import Clock
from daemon import Daemon
from kept import KeptNetwork, read_json
from peer import Deadline, fresh_uuid
from test_receipts import opened
from world import DAY_MS, HOLDER, RECEIVER, THIRD, World

MINUTE_MS = 60_000

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
KEPT = sorted(path.parent.name for path in FIXTURES.glob("ledger-*/expected.json"))
COORDINATING = RECEIVER  # since the last reload of the kept network

# What today's broker itself adds to a history by being started and asked.
KEEPING_HOUSE = {"read", "deleted"}
# What an open journey gets once, from a version that knew no timers, and what comes of it: days are short there.
TIMER = "repaired"
STEPS = {"reminded", "escalated", "check-in-due"}
# What may come behind what was owed: a day of the oldest's network takes ten seconds.
BEHIND = STEPS | {"digest", "quiet", "clock"}

# What an open journey waits for, by how it or its open handover stands.
PHASES = {"open": {"unrouted"}, "closing": {"closing"}, "offered": {"delivery", "receipt"}, "delivered": {"receipt"},
          "received": {"pick-up"}, "picked-up": {"arrival"}}


class Kept:
    """A world on a copy of a kept ledger, and what its own daemon had said of it."""

    def __init__(self, name, scratch):
        folder = FIXTURES / name
        self.expected = read_json(folder / "expected.json")
        endpoint = f"ipc://{scratch}/s"
        state = scratch / "state"
        state.mkdir(mode=0o700)
        shutil.copyfile(folder / "ledger.sqlite", state / "ledger.sqlite")
        (state / "ledger.sqlite").chmod(0o600)
        network = KeptNetwork(folder, scratch / "network", endpoint)
        self.world = World(network, Daemon(network, state, scratch, arguments=["--listen", endpoint]))
        if self.has_timers:
            self.wake(scratch)

    @property
    def has_timers(self):
        """Whether its version knew them; then it also knows what time it was left at."""
        return "left_ms" in self.expected

    def wake(self, scratch):
        """The machine is booted a minute after its daemon had stopped."""
        clock = Clock(scratch / "clock")
        clock.boots()
        clock.jumps_to(self.expected["left_ms"] + MINUTE_MS)
        self.world.clock = clock
        self.world.daemon.variables = clock.variables

    def journey(self, name):
        return self.expected["journeys"][name]["id"]

    def handover(self, name):
        return self.expected["handovers"][name]["id"]

    @property
    def coordinator(self):
        return self.world.peer(COORDINATING, "coordinator")

    @property
    def operator(self):
        return self.world.peer(COORDINATING, "operator")

    def verified(self, **keys):
        return self.operator.done("verify", **keys)


@pytest.fixture(params=KEPT)
def kept(request, scratch):
    kept = Kept(request.param, scratch)
    yield kept
    kept.world.end()


@pytest.fixture
def upgraded(kept):
    """The same, and today's daemon is ready on it."""
    kept.world.daemon.start()
    return kept


without_timers = pytest.mark.parametrize("kept", ["ledger-0001"], indirect=True)
with_timers = pytest.mark.parametrize("kept", [name for name in KEPT if name != "ledger-0001"], indirect=True)


def says(answer, expected, what):
    """Everything that was said then is said now; newer keys may have come."""
    got = {key: answer[key] if key in answer else None for key in expected}
    assert got == expected, f"{what}: expected {expected}, got {answer}"


# ---- what stood in it stands ----


def test_there_is_a_kept_ledger():
    assert {"ledger-0001", "ledger-0002"} <= set(KEPT)


def test_its_keys_are_marked_as_those_of_tests():
    """Whoever finds a secret in the tree reads at once what it is worth."""
    for name in KEPT:
        secrets = [path for path in (FIXTURES / name).rglob("*") if path.suffix == ".key" or "keys" in path.name]
        assert secrets
        for path in secrets:
            assert "TEST KEYS ONLY" in path.read_text(encoding="utf-8"), path


def test_it_is_the_same_ledger(upgraded):
    """Its name, its chain as far as it had come, and the key of its receipts."""
    then = upgraded.expected["ledger"]
    now = upgraded.world.session(HOLDER).welcomed
    assert (now["ledger"], now["receipt_key"]) == (then["ledger"], then["receipt_key"])
    assert now["seq"] >= then["seq"]
    upgraded.verified(head=then["head"], at_seq=then["seq"])


def test_chain_and_tables_agree(upgraded):
    answer = upgraded.verified()
    assert answer["counts"]["journeys"] >= len(upgraded.expected["journeys"])
    assert answer["counts"]["handovers"] >= len(upgraded.expected["handovers"])


def test_every_status_is_what_it_was(upgraded):
    for name, journey in upgraded.expected["journeys"].items():
        says(upgraded.coordinator.done("status", journey=journey["id"]), journey["status"], name)
    for name, handover in upgraded.expected["handovers"].items():
        says(upgraded.coordinator.done("status", handover=handover["id"]), handover["status"], name)


def test_every_history_is_what_it_was(upgraded):
    """Event by event, with number and time; what follows is that it was read, and dossiers that were due."""
    for name, journey in upgraded.expected["journeys"].items():
        events = upgraded.world.history(journey["id"], upgraded.coordinator)
        then = journey["history"]
        assert len(events) >= len(then), f"{name}: {len(events)} events, expected {len(then)}"
        for now, event in zip(events, then):
            says(now, event, name)
        came = [event["event"] for event in events[len(then):] if event["event"] not in KEEPING_HOUSE]
        repaired = not upgraded.has_timers and journey["status"]["state"] != "closed"
        assert came[:1] == [TIMER] * repaired, f"{name}: {events[len(then):]}"
        assert set(came[1:]) <= STEPS, f"{name}: {events[len(then):]}"


LATE_MS = 10_000  # how far a busy machine may lie behind a step that is due


def listed(upgraded):
    """What is open, as a coordinator of the network sees it."""
    answer = upgraded.coordinator.done("list", limit=1000)
    assert "next" not in answer
    return {entry["journey"]: entry for entry in answer["journeys"]}


@without_timers
def test_every_open_journey_has_a_timer(upgraded):
    """T1: what was held under a version without ladders climbs one from today on, each by how it stood."""
    at = upgraded.world.now_ms
    expected = {journey["id"] for journey in upgraded.expected["journeys"].values()
                if journey["status"]["state"] != "closed"}
    entries = listed(upgraded)
    assert set(entries) == expected
    for name, journey in upgraded.expected["journeys"].items():
        status = upgraded.coordinator.done("status", journey=journey["id"])
        if journey["id"] not in expected:
            assert not {"due", "phase", "step"} & set(status.envelope), f"{name}: {status}"
            continue
        entry = entries[journey["id"]]
        assert entry["phase"] in PHASES[entry["state"]], f"{name}: {entry}"
        assert status["phase"] in PHASES[entry["state"]], f"{name}: {status}"
        assert entry["due"] > at - LATE_MS and status["due"] >= entry["due"], f"{name}: {entry}, then {status}"
    assert "had no timer and have one now" in upgraded.world.daemon.said()


@without_timers
def test_a_timer_is_given_once(upgraded):
    """Another start, a kill among them, repairs nothing more."""
    world = upgraded.world
    for _ in range(2):
        world.restart()
        for name, journey in upgraded.expected["journeys"].items():
            names = [event["event"] for event in world.history(journey["id"], upgraded.coordinator)]
            assert names.count(TIMER) == (journey["status"]["state"] != "closed"), f"{name}: {names}"
    assert upgraded.operator.done("stats")["stats"]["houvast_timers_repaired_total"] == 0


@with_timers
def test_every_timer_is_what_it_was(upgraded):
    """Nothing is begun anew, and nothing needs repair."""
    entries = listed(upgraded)
    assert set(entries) == set(upgraded.expected["listed"])
    for journey, then in upgraded.expected["listed"].items():
        says(entries[journey], then, journey)
    assert upgraded.operator.done("stats")["stats"]["houvast_timers_repaired_total"] == 0


def rung_since(upgraded, journey):
    """The steps that were taken since it was left."""
    events = upgraded.world.history(journey, upgraded.coordinator)
    return [event for event in events if event["event"] in STEPS and event["seq"] > upgraded.expected["ledger"]["seq"]]


@with_timers
def test_every_timer_rings(upgraded):
    """Whatever it waits for: what was due next comes next, not before its time, and the last step over and over."""
    world = upgraded.world
    for journey, then in sorted(upgraded.expected["listed"].items(), key=lambda pair: pair[1]["due"]):
        if then["due"] > world.now_ms:
            world.passes_until(then["due"] + MINUTE_MS)
        first = next(event for event in rung_since(upgraded, journey) if event["phase"] == then["phase"])
        assert first["at"] >= then["due"] and first["at"] <= then["due"] + 2 * MINUTE_MS, f"{then}: {first}"
        assert first["step"] in (then["step"], then["step"] + 1), f"{then}: {first}"
    before = {journey: len(rung_since(upgraded, journey)) for journey in upgraded.expected["listed"]}
    for _ in range(2):
        world.passes(40 * DAY_MS)
    silent = [journey for journey, count in before.items() if len(rung_since(upgraded, journey)) <= count]
    assert silent == [], "no open journey is ever silent"
    upgraded.verified()


@with_timers
def test_a_clock_that_is_doubted_rings_nothing(kept):
    """Started a year later, nobody knows how long the machine was off; once the clock is accepted all of it is late."""
    world = kept.world
    world.clock.jumps(365 * DAY_MS)
    world.daemon.start()
    stats = kept.operator.done("stats")["stats"]
    assert stats["houvast_clock_doubted"] == 1
    assert not any(rung_since(kept, journey) for journey in kept.expected["listed"])
    kept.operator.done("clock-accept")
    world.look()
    deadline = Deadline(30)
    while any(not rung_since(kept, journey) for journey in kept.expected["listed"]):
        assert not deadline.passed, "a journey that is late for a year has not rung"
    kept.verified()


# ---- what was owed comes ----


def drain(upgraded, organisation, role, wanted):
    """The items of that inbox with those numbers, each acknowledged; behind them what today's broker adds alone."""
    inbox = upgraded.world.session(organisation, role, credit=1000)
    items = {}
    while len(items) < len(wanted) or inbox.items:
        item = inbox.next_item()
        assert item["item"] not in items, f"{inbox}: {item} came again after it was acknowledged"
        if item["item"] in wanted:
            items[item["item"]] = item
        else:
            assert item["event"] in BEHIND and item["item"] > max(wanted), f"{inbox}: nobody owed {item}"
        inbox.ack(item)
        if len(items) == len(wanted):
            inbox.barrier()
            inbox.items = collections.deque(item for item in inbox.items if item["event"] not in BEHIND)
    return items


def test_undelivered_items_arrive(upgraded):
    """Each once, under its number, and nothing else; receipts and dossiers with them, as they were sealed then."""
    owed = collections.defaultdict(dict)
    for item in upgraded.expected["undelivered"]:
        owed[item["organisation"], item["role"]][item["item"]] = item
    events = {event["seq"]: event for journey in upgraded.expected["journeys"].values()
              for event in journey["history"]}
    receipts = dossiers = 0
    for (organisation, role), items in owed.items():
        if role not in roles_of(upgraded, organisation):
            continue  # an older broker owed it to nobody
        came = drain(upgraded, organisation, role, set(items))
        for number, then in items.items():
            now = came[number]
            assert (now["seq"], now.get("journey"), now.get("handover")) == (
                then["seq"], then["journey"], then["handover"])
            if then["journey"]:
                assert now["event"] == events[then["seq"]]["event"], now
            if now["event"] == "confirmed":
                receipts += 1
                assert signed(upgraded, now["receipt"])["seq"] == now["seq"]
            if now.dossier is not None:
                dossiers += 1
                assert_readable(upgraded, now)
    assert receipts > 0 and dossiers > 0
    upgraded.verified()


def roles_of(upgraded, organisation):
    return {key.roles for key in upgraded.world.network[organisation].keys.values()}


def signed(upgraded, receipt):
    """What a receipt says, under the one key or the other that this broker had."""
    import test_receipts

    keys = [key.public for key in upgraded.world.network.receipt_keys.values()]
    for key in [*keys, test_receipts.derived(upgraded.world)]:
        try:
            return opened(receipt, key)
        except nacl.exceptions.BadSignatureError:
            continue
    raise AssertionError("a receipt that neither key signed")


def assert_readable(upgraded, item):
    said = next(dossier for dossier in upgraded.expected["dossiers"]
                if (dossier["handover"], dossier["number"]) == (item["handover"], item["number"]))
    key = upgraded.world.network[said["to"]].sealing["first"]
    assert key.open(item.dossier).decode() == said["text"]


def test_what_was_acknowledged_stays_so(upgraded):
    """Asked again it is a repeat, and it does not come again."""
    for item in upgraded.expected["acknowledged"]:
        if item["organisation"] in upgraded.world.network.organisations:
            answer = upgraded.world.peer(item["organisation"], item["role"]).repeat("ack", item=item["item"])
            assert answer["seq"] == item["seq"]


def test_due_dossiers_go(upgraded):
    """They were confirmed long ago: the time to delete them came while nobody ran."""
    database = upgraded.world.daemon.state / "ledger.sqlite"
    confirmed = upgraded.handover("a handover confirmed")
    if upgraded.world.clock:
        upgraded.world.passes(8 * DAY_MS)
    deadline = Deadline(30)
    while upgraded.world.receiver.ask("fetch", handover=confirmed).type == "done":
        assert not deadline.passed, "the dossier of a confirmed handover is still there"
    upgraded.verified()
    upgraded.world.forget_peers()
    upgraded.world.daemon.stop()
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM deletion").fetchone() == (0,)
    connection.close()


# ---- commands go on ----


def test_commands_of_then_are_repeats_now(upgraded):
    """Nothing that took effect under the old program takes effect again (D2)."""
    asked = upgraded.expected["asked"]
    assert len(asked) > 5
    for command in asked:
        peer = upgraded.world.peer(command["organisation"], command["role"])
        answer = peer.repeat(command["type"], command["dossier"], **command["keys"])
        assert answer["seq"] == command["seq"], f"{command}: {answer}"


def test_commands_go_on(upgraded):
    """Every handover that is open comes to its end, every journey too, and new ones begin."""
    world = upgraded.world
    for name in ("a handover offered", "a handover delivered", "a handover received", "a handover picked up",
                 "introduced, not yet arrived"):
        world.confirm(upgraded.handover(name))
        assert upgraded.coordinator.done("status", journey=upgraded.journey(name))["holder"] == {
            "organisation": RECEIVER, "begeleider": "eva"}
    world.confirm(upgraded.handover("arrived cold after all, and offered on"), by=THIRD, begeleider="wim")
    for name in ("a handover declined", "a handover withdrawn"):
        _, handover = world.offer(upgraded.journey(name), dossier=world.network.dossier(RECEIVER, b"anew"))
        world.receiver.fresh("decline", handover=handover, reason="no-room", decided="receiver")
    upgraded.coordinator.fresh("settle", journey=upgraded.journey("a journey closing"), person="cora", agree=True,
                               reason="seen", on=world.now_ms)
    world.holder.fresh("close", journey=upgraded.journey("a journey open"), begeleider="anna", outcome="helped",
                       talked={"on": world.now_ms, "begeleider": "anna"})
    world.offer(to=THIRD, handover=fresh_uuid())
    upgraded.verified()
    world.restart()
    upgraded.verified()
