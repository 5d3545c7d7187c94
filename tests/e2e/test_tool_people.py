"""The tool for those who see to it that nobody waits unseen: what is open, what happens, what is noted."""

import contextlib
import json
import re
import subprocess
import time

import pytest

from peer import Deadline, now_ms
from tool import REFUSED, USAGE, Client, environment
from world import HOLDER, NETWORK, RECEIVER


@pytest.fixture
def clients(world):
    return lambda organisation, role="endpoint", **more: Client(world, organisation, role, **more)


@pytest.fixture
def holder(clients):
    return clients(HOLDER)


@pytest.fixture
def receiver(clients):
    return clients(RECEIVER)


@pytest.fixture
def coordinator(clients):
    return clients(NETWORK, "coordinator")


CASE = "2026-0117"


def offered(holder):
    """A journey that is open, and its offer."""
    journey = holder.json("open", "--ref", CASE, "--anonymous", "--begeleider", "anna", "--basis", "public-task",
                          "--urgency", "urgent")["journey"]
    handover = holder.json("offer", "--ref", CASE, "--to", RECEIVER, "--kind", "callback", "--urgency", "urgent",
                           "--begeleider", "anna")["handover"]
    return journey, handover


@contextlib.contextmanager
def watching(client, *arguments):
    """A `houvast watch` and a function that gives its next line; it is ended at the end."""
    process = subprocess.Popen(client.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment())

    def line():
        read = process.stdout.readline()
        assert read, f"houvast watch ended: {process.stderr.read()}"
        return read.rstrip("\n")

    try:
        yield line
    finally:
        process.terminate()
        process.communicate(timeout=60)


def next_but(line, words):
    """The next line without these words: that somebody watches is itself an event."""
    while words in (said := line()):
        pass
    return said


def test_list(holder, coordinator):
    """A line for each journey that is open; a page of it with --limit and --after, all of it with --all."""
    said = coordinator.run("list").stdout
    assert said == "Nothing is open that you may see.\n"
    journey, _ = offered(holder)
    holder.run("open", "--anonymous", "--begeleider", "anna", "--basis", "public-task", "--urgency", "routine")
    said = coordinator.run("list").stdout
    assert said.split("\n")[0].split() == ["LATE", "WAITS", "FOR", "STEP", "URGENCY", "HELD", "BY", "GOES", "TO", "ON",
                                           "IT", "JOURNEY"]
    row = next(row for row in said.splitlines() if "urgent" in row)
    assert f"anna of {HOLDER}" in row and RECEIVER in row
    short = row.split()[-1]
    assert len(short) >= 4 and journey.replace("-", "").endswith(short)
    assert "2 open: 0 late (!!), " in said
    assert any(row.endswith(journey) for row in coordinator.run("list", "--long").stdout.splitlines())
    page = coordinator.json("list", "--limit", "1")
    assert len(page["journeys"]) == 1
    assert f"More follow; ask on with --after {page['next']}\n" in coordinator.run("list", "--limit", "1").stdout
    rest = coordinator.json("list", "--after", page["next"])
    assert len(rest["journeys"]) == 1 and "next" not in rest
    pages = coordinator.json("list", "--all", "--limit", "1")
    assert [len(page["journeys"]) for page in pages] == [1, 1]
    assert coordinator.json("list", "--organisation", RECEIVER)["journeys"][0]["journey"] == journey
    assert holder.run("list", expect=REFUSED).stderr.startswith("houvast: refused (forbidden)")


def test_a_journey_by_the_end_of_its_id(holder, coordinator):
    """What `list` shows of an id is enough to ask for its history and its status."""
    journey, _ = offered(holder)
    short = coordinator.run("list").stdout.splitlines()[1].split()[-1]
    for name in (short, journey):
        said = coordinator.run("history", name).stdout
        assert said.startswith(f"Journey {journey}\nanna of {HOLDER} holds the resident, who waits for ")
        assert f"First contact: anna of {HOLDER} holds the resident (urgent)." in said
        assert f"{HOLDER} offered it to {RECEIVER}: callback, urgent. Handover 1." in said
        assert "Left out: " in said or name == short, "the reading before is housekeeping"
        assert journey in coordinator.run("status", name).stdout
    assert "looked." in coordinator.run("history", journey, "--all").stdout
    assert "nothing that is open ends with" in coordinator.run("history", "0000", expect=USAGE).stderr
    assert "leave one out" in coordinator.run("history", short, "--journey", journey, expect=USAGE).stderr


@pytest.mark.network(testing={"day_length": "60s"})
def test_the_most_overdue_stands_first(holder, coordinator):
    """With a sign, and for how long."""
    late, _ = offered(holder)
    deadline = Deadline(60)
    while "late" not in coordinator.json("list")["journeys"][0]:
        assert not deadline.passed, "expected a step to be taken"
    new = holder.json("open", "--anonymous", "--begeleider", "anna", "--basis", "public-task", "--urgency",
                      "routine")["journey"]
    rows = [row.split() for row in coordinator.run("list", "--long").stdout.splitlines()[1:3]]
    assert (rows[0][0], rows[0][-1]) == ("!!", late), rows
    assert "late" in rows[0] and rows[1][-1] == new, rows


def test_watch(holder, receiver, coordinator):
    """What is open, then each event; as JSON by its types."""
    journey, handover = offered(holder)
    with watching(coordinator, "watch") as line, watching(coordinator, "--json", "watch") as raw:
        assert re.match(rf"journey {journey}: (  |! |!!) in \d+ \w+; waits for .*; goes to {RECEIVER}$", line())
        assert line().startswith("That is all up to event ")
        first = json.loads(raw())
        assert (first["type"], first["journey"]) == ("journey", journey)
        assert json.loads(raw())["type"] == "live"
        receiver.run("receive", "--handover", handover, "--begeleider", "eva")
        assert line().endswith(f" journey {journey}: eva of {RECEIVER} has it in hand.")
        event = json.loads(next_but(raw, '"event":"read"'))
        assert (event["type"], event["event"], event["journey"]) == ("event", "received", journey)
        assert "runs" not in event


@pytest.mark.network(testing={"day_length": "60s"})
def test_watch_in_lines(world, holder, coordinator):
    """The most overdue stands first; that somebody reads is no news, unless --all asks for it."""
    calm = world.open(RECEIVER, begeleider="eva")
    late, _ = offered(holder)
    deadline = Deadline(60)
    while "late" not in coordinator.json("list")["journeys"][0]:
        assert not deadline.passed, "expected a step to be taken"
    with watching(coordinator, "watch") as line, watching(coordinator, "watch", "--all") as all_of_it:
        assert line().startswith(f"journey {late}: !! ")
        assert line().startswith(f"journey {calm}: ")
        assert line().startswith("That is all up to event ")
        coordinator.run("history", calm)
        world.peer(RECEIVER).fresh("reassign", journey=calm, begeleider="bob", instead_of="eva", reason="holiday",
                                   on=now_ms())
        while "bob of" not in (said := line()):
            assert "looked" not in said and "acknowledged" not in said, said
        assert said.endswith(f" journey {calm}: bob of {RECEIVER} holds the resident now, instead of eva (holiday).")
        while f"journey {calm}: {NETWORK}'s coordinators looked." not in all_of_it():
            pass
    assert "leave them out" in coordinator.run("watch", "--phase", "held", expect=USAGE).stderr


def test_a_claim_as_people_say_it(world, holder, coordinator):
    """The end of an id and for how long are enough; who says it is in the configuration."""
    journey, _ = offered(holder)
    short = coordinator.run("list").stdout.splitlines()[1].split()[-1]
    assert "--person is missing" in coordinator.run("claim", short, expect=USAGE).stderr
    coordinator.settings["person"] = "carla"
    coordinator.write()
    for more, hours in (([], 1), (["--until", "2h"], 2), (["--until", "1d"], 24)):
        said = coordinator.run("claim", short, *more).stdout
        assert "carla is on it until " in said, said
        claimed = world.status(journey=journey)["claimed"]
        assert claimed["person"] == "carla" and abs(claimed["until"] - now_ms() - hours * 3600_000) < 120_000, claimed
    assert "or 30m, 2h, 1d, or a time of day" in coordinator.run("claim", short, "--until", "2w", expect=USAGE).stderr
    assert "carla has given it back." in coordinator.run("claim", short, "--until", "now").stdout
    assert "claimed" not in world.status(journey=journey)
    assert "which journey is missing" in coordinator.run("claim", expect=USAGE).stderr
    assert "which journey is missing" in coordinator.run("history", expect=USAGE).stderr
    coordinator.run("urgency", short, "--to", "crisis", "--reason", "worse", "--on", "now")
    assert world.status(journey=journey)["urgency"] == "crisis"


def test_what_is_misspelt_is_said(holder, coordinator):
    """An empty list would say that nobody waits."""
    offered(holder)
    for command in (["list"], ["watch", "--lines"]):
        said = coordinator.run(*command, "--organisation", "wrekse", expect=USAGE).stderr
        assert said == "houvast: no organisation is called wrekse on this network; `houvast map` has their names\n"
    assert "--state ofered is not right; it takes offered, " in coordinator.run("list", "--state", "ofered",
                                                                               expect=USAGE).stderr
    said = holder.run("offer", "--ref", CASE, "--attempt", "2", "--to", "wrekse", "--kind", "cold", "--urgency", "urgent",
                      "--begeleider", "anna", expect=REFUSED).stderr
    assert "no organisation is called wrekse" in said and "check the id" not in said, said


def test_watch_goes_on_after_a_restart(world, holder, receiver, coordinator):
    """From the last event that was printed: none is missing, none comes twice."""
    journey, handover = offered(holder)
    with watching(coordinator, "--json", "watch") as line:
        assert json.loads(line())["type"] == "journey"
        live = json.loads(line())
        world.daemon.restart()
        receiver.run("receive", "--handover", handover, "--begeleider", "eva")
        seen = []
        deadline = Deadline(60)
        while not seen or seen[-1].get("event") != "received":
            seen.append(json.loads(line()))
            assert not deadline.passed, f"expected received, got {seen}"
        numbers = [event["seq"] for event in seen if event["type"] == "event"]
        assert numbers == sorted(set(numbers)) and numbers[0] > live["seq"]


def test_status_says_what_it_waits_for(holder, coordinator):
    """The phase in words, when its next step falls due, who is on it."""
    journey, handover = offered(holder)
    said = holder.run("status", "--handover", handover).stdout
    assert "Waits" in said and "due" in said
    assert "Introduced" not in said, "a callback needs no introduction"
    coordinator.run("claim", "--handover", handover, "--person", "carla", "--until", "2099-01-01T00:00Z", "--on", "now",
                    expect=REFUSED)
    until = int(time.time() * 1000) + 3600_000
    coordinator.run("claim", "--journey", journey, "--person", "carla", "--until", until, "--on", "now")
    assert f"carla of {NETWORK}" in holder.run("status", "--handover", handover).stdout
    assert "carla" in coordinator.run("list").stdout.splitlines()[1].split()


def test_notes(holder, receiver):
    """A note says what its code needs, before anything is sent."""
    journey, handover = offered(holder)
    note = ["note", "--journey", journey, "--on", "now"]
    assert "`next` is missing" in holder.run(*note, "--code", "tip", "--to", RECEIVER, expect=USAGE).stderr
    assert "`by` goes with no-show alone" in holder.run(*note, "--code", "in-touch", "--by", "resident",
                                                        expect=USAGE).stderr
    assert holder.json(*note, "--code", "in-touch")["journey"] == journey
    receiver.run("receive", "--handover", handover, "--begeleider", "eva")
    assert receiver.json(*note, "--code", "question", "--handover", handover)["handover"] == handover
