"""`houvast listen`: what a program is given for each item, and what its end does to the item."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from network import SealingKey
from tool import INTERNAL, NO_SESSION, Client, environment
from world import HOLDER, NETWORK, RECEIVER


@pytest.fixture
def receiver(world):
    return Client(world, RECEIVER)


@pytest.fixture
def folder(scratch):
    """A folder that the programs write in."""
    path = scratch / "out"
    path.mkdir()
    return path


def script(folder, text):
    """A shell script that works in the folder."""
    path = folder.parent / "program"
    path.write_text(f"#!/bin/sh\nset -eu\ncd {folder}\n{text}\n")
    path.chmod(0o755)
    return path


def wait_for(path, within=30.0):
    """Waits until a program has written the file; what is in it."""
    end = time.monotonic() + within
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} was never written"
        time.sleep(0.01)
    return path.read_text()


def is_gone(pid):
    """Whether no such process runs any more; one that nobody has collected yet does not run."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def wait_gone(pid, within=30.0):
    end = time.monotonic() + within
    while not is_gone(pid):
        assert time.monotonic() < end, f"process {pid} is still there"
        time.sleep(0.01)


def dossier_for(world, text, to=RECEIVER):
    return world.network[to].sealing["first"].seal(text)


# ---- what a program is given ----


def test_the_item_as_json_and_in_the_environment(world, receiver, folder):
    """One line of JSON on standard input, the same words in the environment, nothing on descriptor 3."""
    journey, handover = world.offer(urgency="urgent", domains=["work"])
    program = script(folder, """
        cat > item
        env | grep ^HOUVAST_ > environment
        ls /proc/$$/fd > descriptors
        [ -e /dev/fd/3 ] && echo there > three || echo absent > three
    """)
    receiver.run("listen", "--once", "--exec", program, env={"HOUVAST_DOSSIER": "stale", "HOUVAST_ITEM": "stale"})
    text = (folder / "item").read_text()
    item = json.loads(text)
    assert text.endswith("\n") and text.count("\n") == 1
    assert (item["type"], item["event"], item["item"], item["attempt"]) == ("item", "offered", 1, 1)
    assert (item["from"], item["urgency"], item["domains"]) == (HOLDER, "urgent", ["work"])
    environment = dict(line.split("=", 1) for line in (folder / "environment").read_text().splitlines())
    assert environment == {
        "HOUVAST_ITEM": "1", "HOUVAST_ATTEMPT": "1", "HOUVAST_EVENT": "offered", "HOUVAST_JOURNEY": journey,
        "HOUVAST_HANDOVER": handover, "HOUVAST_CONFIG": str(receiver.config.resolve())}
    assert (folder / "three").read_text() == "absent\n"
    # 10 and above are the shell's own.
    assert [number for number in map(int, (folder / "descriptors").read_text().split()) if number < 10] == [0, 1, 2]
    assert world.status(handover=handover)["state"] == "delivered"


def test_arguments_go_to_the_program(world, receiver):
    world.offer()
    done = receiver.run("listen", "--once", "--quiet", "--exec", "printf", "%s|", "--once", "a b", "")
    assert done.stdout == "--once|a b||" and done.stderr == ""


@pytest.mark.parametrize("text", [b"the whole story \x00\xff", os.urandom(1_000_000)], ids=["short", "long"])
def test_the_dossier_on_descriptor_3(world, receiver, folder, text):
    """Opened, at its beginning, unchangeable, in memory alone; HOUVAST_DOSSIER says where it can be opened."""
    _, handover = world.offer(dossier=dossier_for(world, text))
    world.peer(RECEIVER).fresh("pickup", handover=handover, begeleider="eva")
    program = script(folder, """
        if [ "$HOUVAST_EVENT" = dossier ]; then
            readlink /proc/$$/fd/3 > where
            cat "$HOUVAST_DOSSIER" > by-name
            cat <&3 > by-number
            if ( echo more >&3 ) 2> /dev/null; then echo yes > changed; else echo no > changed; fi
        fi
    """)
    receiver.run("listen", "--count", "2", "--exec", program)
    assert (folder / "by-name").read_bytes() == text
    assert (folder / "by-number").read_bytes() == text
    assert (folder / "changed").read_text() == "no\n"
    assert "memfd" in (folder / "where").read_text()


def test_the_dossier_in_a_folder(world, receiver, folder, scratch):
    """With --dossier-dir in a file of our own, only while the program runs; what a killed listener left is removed."""
    dossiers = scratch / "dossiers"
    dossiers.mkdir()
    (dossiers / "houvast-dossier-left-1-1").write_text("left behind")
    (dossiers / "something-else").write_text("not ours")
    _, handover = world.offer(dossier=dossier_for(world, b"on disk"))
    world.peer(RECEIVER).fresh("pickup", handover=handover, begeleider="eva")
    program = script(folder, """
        if [ "$HOUVAST_EVENT" = dossier ]; then
            stat --format '%a %h' "$HOUVAST_DOSSIER" > mode
            echo "$HOUVAST_DOSSIER" > path
            cat "$HOUVAST_DOSSIER" > by-name
            cat <&3 > by-number
        fi
    """)
    receiver.run("listen", "--count", "2", "--dossier-dir", dossiers, "--exec", program)
    path = pathlib.Path((folder / "path").read_text().strip())
    assert path.parent == dossiers and not path.exists()
    assert (folder / "mode").read_text() == "600 1\n"
    assert (folder / "by-name").read_bytes() == (folder / "by-number").read_bytes() == b"on disk"
    assert [entry.name for entry in dossiers.iterdir()] == ["something-else"]


def test_a_dossier_that_nobody_can_open_is_never_passed_on(world, folder):
    """It is said, and the item comes again until a key for it is there."""
    _, handover = world.offer(dossier=dossier_for(world, b"secret"))
    world.peer(RECEIVER).fresh("pickup", handover=handover, begeleider="eva")
    program = script(folder, 'echo "$HOUVAST_EVENT $HOUVAST_ATTEMPT" >> seen')
    stranger = Client(world, RECEIVER, sealing={"other": SealingKey.fresh()})
    with stranger.listen("--exec", program) as listener:
        said = listener.until("opens with none of the sealing_keys")
        assert str(stranger.config) in said and world.network[RECEIVER].sealing["first"].id.hex() in said
        assert "again in 1 s" in said
        listener.until("again in 2 s")
        assert listener.stop() == ""
    assert (folder / "seen").read_text() == "offered 1\n"
    Client(world, RECEIVER).run("listen", "--once", "--exec", program)
    assert re.fullmatch(r"offered 1\ndossier [3-9]\n", (folder / "seen").read_text())


# ---- what its end does ----


def test_only_status_0_acknowledges(world, receiver, folder):
    """Anything else brings the item again, after 1 s, then 2 s, with the next attempt."""
    world.offer()
    program = script(folder, """
        date +%s%N >> times
        [ "$HOUVAST_ATTEMPT" -ge 3 ] || exit "$HOUVAST_ATTEMPT"
    """)
    with receiver.listen("--once", "--exec", program) as listener:
        listener.until("attempt 3: done in")
        listener.ends()
    assert any("item 1 offered" in line and "ended with status 1; again in 1 s" in line for line in listener.said)
    assert any("attempt 2: the program ended with status 2; again in 2 s" in line for line in listener.said)
    first, second, third = (int(line) / 1e9 for line in (folder / "times").read_text().split())
    assert 0.95 <= second - first < 20 and 1.95 <= third - second < 20


def test_a_program_that_a_signal_ends(world, receiver, folder):
    world.offer()
    with receiver.listen("--exec", script(folder, "kill -9 $$")) as listener:
        listener.until("was ended by signal 9; again in 1 s")
        listener.stop()


def test_a_program_that_takes_too_long_is_told_to_end(world, receiver, folder):
    """TERM to all that it started; whatever its status is then, the item comes again."""
    world.offer()
    program = script(folder, """
        sleep 1000 &
        echo $! > child.part; mv child.part child
        trap 'echo told > told; exit 0' TERM
        wait
    """)
    with receiver.listen("--timeout", "500ms", "--exec", program) as listener:
        listener.until("was ended after")
        wait_gone(int((folder / "child").read_text()))
        assert wait_for(folder / "told") == "told\n"
        listener.stop()


def test_a_program_that_does_not_listen_is_killed(world, receiver, folder):
    """KILL to the whole group after 5 s of grace, also to what its first process left behind."""
    world.offer()
    program = script(folder, """
        ( trap '' TERM; sleep 1000 & echo $! > child.part; mv child.part child; wait; sleep 1000 ) &
        wait
    """)
    with receiver.listen("--timeout", "500ms", "--exec", program) as listener:
        began = time.monotonic()
        child = int(wait_for(folder / "child"))
        listener.until("was ended after")
        assert 5.0 <= time.monotonic() - began < 30
        wait_gone(child)
        listener.stop()


# ---- order ----


def test_one_at_a_time_per_journey_and_many_in_all(world, receiver, folder):
    """Items of different journeys overlap; those of one never do, and they come in order."""
    handovers = []
    for _ in range(3):
        journey, handover = world.offer(disclose="received")
        world.peer(RECEIVER).fresh("receive", handover=handover, begeleider="eva")
        world.peer(HOLDER).fresh("withdraw", handover=handover, reason="entered-in-error")
        handovers.append(journey)
    program = script(folder, """
        echo "begin $HOUVAST_JOURNEY $HOUVAST_ITEM" >> log
        [ "$HOUVAST_EVENT" != offered ] || while [ "$(grep -c begin log)" -lt 3 ]; do sleep 0.02; done
        echo "end $HOUVAST_JOURNEY $HOUVAST_ITEM" >> log
    """)
    receiver.run("listen", "--jobs", "3", "--count", "9", "--exec", program)
    lines = [line.split() for line in (folder / "log").read_text().splitlines()]
    assert [word for word, _, _ in lines[:3]] == ["begin"] * 3, "three journeys were not worked on at the same time"
    for journey in handovers:
        own = [(word, int(item)) for word, named, item in lines if named == journey]
        assert [word for word, _ in own] == ["begin", "end"] * 3
        items = [item for _, item in own]
        assert items == sorted(items)


def test_one_program_at_a_time_unless_said(world, receiver, folder):
    for _ in range(4):
        world.offer()
    program = script(folder, "mkdir running; sleep 0.05; rmdir running")
    receiver.run("listen", "--count", "4", "--exec", program)


# ---- leaving and coming back ----


def test_term_lets_what_runs_finish(world, receiver, folder):
    """No new program; the one that runs ends by itself and its item is acknowledged."""
    _, handover = world.offer()
    world.offer()
    program = script(folder, """
        touch begun
        while [ ! -e go ]; do sleep 0.02; done
        echo "$HOUVAST_ITEM" >> finished
    """)
    with receiver.listen("--exec", program) as listener:
        wait_for(folder / "begun")
        listener.signal(signal.SIGTERM)
        listener.until("leaving when what runs has ended")
        assert listener.process.poll() is None
        (folder / "go").touch()
        listener.ends()
    assert (folder / "finished").read_text() == "1\n"
    assert world.status(handover=handover)["state"] == "delivered"


def test_term_twice_ends_it_now(world, receiver, folder):
    world.offer()
    program = script(folder, "touch begun; exec sleep 1000")
    with receiver.listen("--exec", program) as listener:
        wait_for(folder / "begun")
        listener.signal(signal.SIGINT)
        listener.until("once more ends it now")
        listener.stop()
    assert any("was ended after" in line for line in listener.said)


@pytest.mark.network(limits={"heartbeat": "300ms"})
def test_what_a_killed_listener_had_comes_again(world, receiver, folder):
    """kill -9 loses nothing: the item goes to the next, marked as another attempt."""
    world.offer()
    program = script(folder, """
        echo "$HOUVAST_ITEM $HOUVAST_ATTEMPT" >> seen
        [ "$HOUVAST_ATTEMPT" -gt 1 ] || { touch begun; exec sleep 1000; }
    """)
    with receiver.listen("--exec", program) as listener:
        wait_for(folder / "begun")
        listener.signal(signal.SIGKILL)
        listener.process.wait()
    receiver.run("listen", "--once", "--exec", program)
    assert (folder / "seen").read_text() == "1 1\n1 2\n"


@pytest.mark.network(limits={"heartbeat": "10m"})
def test_an_instance_takes_over_from_its_earlier_self(world, receiver, folder):
    """With --instance the items of the one that was killed come at once, however slow the heartbeat is."""
    world.offer()
    program = script(folder, """
        [ "$HOUVAST_ATTEMPT" -gt 1 ] || { touch begun; exec sleep 1000; }
    """)
    with receiver.listen("--instance", "desk", "--exec", program) as listener:
        wait_for(folder / "begun")
        listener.signal(signal.SIGKILL)
        listener.process.wait()
    receiver.run("listen", "--instance", "desk", "--once", "--exec", program)


@pytest.mark.network(limits={"heartbeat": "100ms"})
def test_a_program_may_take_long(world, receiver, folder):
    """The session lives on while a program runs for many heartbeats: the item is not sent to another."""
    world.offer()
    program = script(folder, 'echo "$HOUVAST_ATTEMPT" >> seen; sleep 1.5')
    receiver.run("listen", "--once", "--exec", program)
    assert (folder / "seen").read_text() == "1\n"


@pytest.mark.network(limits={"redelivery": "300ms"})
def test_what_the_broker_sends_again_meanwhile_is_not_run_twice(world, receiver, folder):
    """A program that takes longer than the broker waits: the item comes again, and nobody begins it again."""
    _, handover = world.offer()
    program = script(folder, 'echo "$HOUVAST_ITEM" >> seen; sleep 1.2')
    receiver.run("listen", "--jobs", "4", "--idle", "2", "--exec", program)
    assert (folder / "seen").read_text() == "1\n"
    assert world.status(handover=handover)["state"] == "delivered"


def test_a_broker_that_goes_away_meanwhile(world, receiver, folder):
    """What was done while the broker was away is acknowledged when it is back, and not done again."""
    _, handover = world.offer()
    program = script(folder, """
        echo "$HOUVAST_ITEM" >> seen
        touch begun
        while [ ! -e go ]; do sleep 0.02; done
    """)
    with receiver.listen("--once", "--exec", program) as listener:
        wait_for(folder / "begun")
        world.forget_peers()
        world.daemon.kill()
        (folder / "go").touch()
        listener.until("done in")
        world.daemon.start()
        listener.ends()
    assert (folder / "seen").read_text() == "1\n"
    assert world.status(handover=handover)["state"] == "delivered"


@pytest.mark.network(limits={"heartbeat": "200ms"})
def test_a_key_that_was_taken_away(world, receiver, folder):
    """The listener leaves with a status of its own when the broker takes no more from its key."""
    with receiver.listen("--exec", script(folder, "true")) as listener:
        key = world.network[RECEIVER].keys.pop("endpoint")
        world.network[RECEIVER].keys["endpoint"] = type(key).fresh("endpoint")
        world.network.write()
        world.operator.done("reload")
        listener.ends(NO_SESSION)


# ---- how long, whose inbox ----


def test_count_takes_no_more_than_that(world, receiver, folder):
    for _ in range(3):
        world.offer()
    program = script(folder, 'echo "$HOUVAST_ITEM" >> seen')
    receiver.run("listen", "--count", "2", "--jobs", "8", "--exec", program)
    assert sorted((folder / "seen").read_text().split()) == ["1", "2"]
    receiver.run("listen", "--once", "--exec", program)
    assert sorted((folder / "seen").read_text().split()) == ["1", "2", "3"]


def test_idle_leaves_when_nothing_comes(world, receiver, folder):
    world.offer()
    program = script(folder, 'echo "$HOUVAST_ITEM" >> seen')
    receiver.run("listen", "--idle", "2", "--exec", program)
    assert (folder / "seen").read_text() == "1\n"


def test_other_inboxes(world, folder):
    """A coordinator's listener gets what its organisation's coordinators are owed."""
    journey = world.journey_in("closing")
    program = script(folder, "cat > item")
    Client(world, NETWORK, "coordinator").run("listen", "--once", "--exec", program)
    item = json.loads((folder / "item").read_text())
    assert (item["event"], item["journey"]) == ("closing", journey)


# ---- without a program ----


def test_a_look_changes_nothing(world, receiver):
    """What was only shown goes back; it is said how to acknowledge."""
    _, handover = world.offer()
    shown = receiver.run("listen", "--once")
    assert re.match(r"item 1 offered, journey \S+: .*from delft-support; to delft-voor-elkaar; kind cold", shown.stdout)
    assert "not acknowledged" in shown.stderr
    assert world.status(handover=handover)["state"] == "offered"
    again = json.loads(receiver.run("listen", "--once", "--json").stdout)
    assert (again["item"], again["event"]) == (1, "offered") and again["attempt"] > 1


def test_print_and_acknowledge(world, receiver):
    for _ in range(2):
        _, handover = world.offer()
    lines = receiver.run("listen", "--json", "--ack", "--count", "2").stdout.splitlines()
    assert [json.loads(line)["item"] for line in lines] == [1, 2]
    assert world.status(handover=handover)["state"] == "delivered"


def test_a_reader_that_went_away(world, receiver):
    """Nobody reads what the listener says any more: the work goes on."""
    _, handover = world.offer()
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(receiver.command("listen", "--once", "--exec", "true"), stderr=theirs, timeout=60,
                          env=environment())
    os.close(theirs)
    assert done.returncode == 0
    assert world.status(handover=handover)["state"] == "delivered"


def test_what_could_not_be_printed_is_not_acknowledged(world, receiver):
    _, handover = world.offer()
    with open("/dev/full", "w") as full:
        done = subprocess.run(receiver.command("listen", "--json", "--ack", "--once"), stdout=full,
                              stderr=subprocess.PIPE, text=True, env=environment(), timeout=60)
    assert done.returncode == INTERNAL and "standard output" in done.stderr
    assert world.status(handover=handover)["state"] == "offered"


def test_the_help_warns_of_repeats(world, receiver):
    assert "may see an item twice" in receiver.run("listen", "--help").stdout.replace("\n", " ")
