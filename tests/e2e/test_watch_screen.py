"""`houvast watch` on a terminal: what a coordinator sees and does there."""

import re
import signal
import subprocess

import pytest

from peer import now_ms
from screen import Screen
from tool import NO_SESSION, REFUSED, Client, environment
from world import HOLDER, NETWORK, RECEIVER, THIRD

HOUR = 3600_000
ENTER, ESCAPE, DOWN, END = "\r", "\x1b", "\x1b[B", "\x1b[4~"


@pytest.fixture
def coordinator(world):
    client = Client(world, NETWORK, "coordinator")
    client.settings["person"] = "nora"
    client.write()
    return client


def watch(client, *arguments, **more):
    return Screen(client.command("watch", *arguments), **more)


def rows(screen):
    """What is listed: the lines between the headings and the rule."""
    lines = screen.lines()
    rule = next((number for number, line in enumerate(lines) if line.startswith("──")), 0)
    return [line for line in lines[3:rule] if line]


def short(journey):
    return journey.replace("-", "")[-4:]


def street(world):
    """Something in each of several phases; their journeys by what they wait for."""
    waiting = world.handover_in("received", by=HOLDER, to=THIRD)
    world.peer(THIRD).fresh("wait", handover=waiting[1], begeleider="mo", reason="full",
                            expected=now_ms() + 60 * 24 * HOUR)
    return {
        "a next place": world.open(THIRD, begeleider="mo"),
        "delivery": world.offer(by=NETWORK, to=HOLDER, urgency="urgent", begeleider="noor")[0],
        "a begeleider": world.handover_in("received", urgency="urgent")[0],
        "first contact": world.handover_in("picked-up", kind="warm", urgency="urgent")[0],
        "a check-in": world.handover_in("confirmed", by=THIRD, to=RECEIVER)[0],
        "a second person": world.journey_in("closing"),
        "its turn": waiting[0],
    }


@pytest.mark.parametrize("columns, lines", [(80, 24), (120, 40), (200, 50)])
def test_what_is_open_at_every_size(world, coordinator, columns, lines):
    """A row for each, most overdue first, within the terminal; more of the one that is selected below."""
    journeys = street(world)
    with watch(coordinator, columns=columns, lines=lines) as screen:
        screen.until("live")
        screen.until(lambda screen: len(rows(screen)) == len(journeys), "seven rows")
        assert screen.lines()[0].startswith(f" Houvast delft-test  {len(journeys)} open  0 late  ")
        for words in journeys:
            assert sum(f" {words} " in row for row in rows(screen)) == 1, f"{words}:\n{screen.text()}"
        first = rows(screen)[0]
        assert first.startswith("!  in ") and " delivery " in first and " urgent " in first, first
        details = screen.lines()[lines - 5]
        assert details.startswith(f" {journeys['delivery']}  urgent, next step due "), details
        assert screen.lines()[lines - 4] == f" Held by noor of {NETWORK}; goes to {HOLDER}, cold."
        if columns >= 96:
            assert first.endswith(short(journeys["delivery"])), first
            assert f"mo of {THIRD}" in screen.row("a next place")
        assert "q quit" in screen.lines()[lines - 1]
        screen.press("q")
        screen.ends()


@pytest.mark.network(testing={"day_length": "60s"})
def test_it_moves_as_things_happen(world, coordinator):
    """What falls due becomes late and goes up, with a sign; what is picked up changes; what is closed goes."""
    late, handover = world.offer(urgency="urgent")
    calm = world.open(THIRD, begeleider="mo")
    with watch(coordinator, columns=120, lines=40) as screen:
        screen.until(lambda screen: rows(screen)[:1] and rows(screen)[0].startswith("!!"), "something late")
        assert rows(screen)[0].endswith(short(late)) and " late " in rows(screen)[0]
        assert rows(screen)[1].endswith(short(calm))
        world.receiver.fresh("pickup", handover=handover, begeleider="eva")
        screen.until(lambda screen: f"eva of {RECEIVER}" in screen.text(), "who picked it up")
        assert " first contact " in screen.row(f"eva of {RECEIVER}")
        new = world.open(RECEIVER, begeleider="eva")
        screen.until(lambda screen: any(row.endswith(short(new)) for row in rows(screen)), "the new one")
        world.peer(THIRD).fresh("close", journey=calm, begeleider="mo", outcome="helped",
                                talked={"on": now_ms(), "begeleider": "mo"})
        screen.until(lambda screen: not any(row.endswith(short(calm)) for row in rows(screen)), "one less")
        screen.press("q")
        screen.ends()


def test_claiming_with_a_key(world, coordinator):
    """The broker knows, everybody sees it, and it can be given back."""
    journey, handover = world.handover_in("received")
    with watch(coordinator) as screen:
        screen.until("a begeleider")
        screen.press("c")
        screen.until("On it until when? 30m, 2h, 1d, 16:30 [1h]")
        screen.press(ENTER)
        screen.until("Claimed by nora until ")
        claimed = world.status(handover=handover)["claimed"]
        assert (claimed["organisation"], claimed["person"]) == (NETWORK, "nora")
        assert abs(claimed["until"] - now_ms() - HOUR) < 120_000, claimed
        screen.until(lambda screen: rows(screen)[0].endswith(" nora") and "1 claimed" in screen.lines()[0], "the claim")
        screen.press("c2h" + ENTER)
        screen.until(lambda screen: world.status(handover=handover)["claimed"]["until"] - now_ms() > 1.9 * HOUR,
                     "two hours")
        screen.press("u")
        screen.until("Given back.")
        assert "claimed" not in world.status(handover=handover)
        screen.until(lambda screen: "0 claimed" in screen.lines()[0], "nobody on it")
        screen.press("u")
        screen.until("Nobody has claimed it.")
        screen.press("csoon" + ENTER)
        screen.until("Until when is 30m, 2h, 1d, or a time of day as 16:30.")
        screen.press("c40d" + ENTER)
        screen.until("the most that the network allows")
        screen.press("q")
        screen.ends()


def test_who_claims_is_asked_where_nobody_said(world):
    """Once; --person says it beforehand."""
    _, handover = world.handover_in("received")
    client = Client(world, RECEIVER, "coordinator")
    with watch(client) as screen:
        screen.until("a begeleider")
        screen.press("c")
        screen.until("Who are you?")
        screen.press("Not A Name" + ENTER)
        screen.until("A person is 1 to 64 of")
        screen.press("c")
        screen.until("Who are you?")
        screen.press("piet" + ENTER)
        screen.until("On it until when?")
        screen.press(ENTER)
        screen.until("Claimed by piet until ")
        screen.press("q")
        screen.ends()
    with watch(client, "--person", "rosa") as screen:
        screen.until("a begeleider")
        screen.press("c")
        screen.until("On it until when?")
        screen.press(ESCAPE)
        screen.until("q quit")
        screen.press("c" + ENTER)
        screen.until("Claimed by rosa until ")
        screen.press("q")
        screen.ends()
    assert world.status(handover=handover)["claimed"]["person"] == "rosa"


def test_filters_and_search(world, coordinator):
    journeys = street(world)
    with watch(coordinator, columns=120, lines=40) as screen:
        screen.until(lambda screen: len(rows(screen)) == len(journeys), "all")
        screen.press("o")
        screen.until(f"organisation: {HOLDER} ")
        # A screen may come in pieces: what it shows is waited for, never looked at once.
        screen.until(lambda screen: 0 < len(rows(screen)) < len(journeys)
                     and all(HOLDER in row for row in rows(screen))
                     and f"{len(rows(screen))} of {len(journeys)}" in screen.lines()[1], "the holder's alone")
        screen.press("O")
        screen.until(lambda screen: len(rows(screen)) == len(journeys), "all again")
        screen.press("pp")
        screen.until("waits for: delivery")
        screen.until(lambda screen: [row.split()[-1] for row in rows(screen)] == [short(journeys["delivery"])],
                     "the one that waits for delivery")
        screen.press(ESCAPE)
        screen.until(lambda screen: len(rows(screen)) == len(journeys), "all again")
        screen.press("/" + "Turn")
        screen.until(lambda screen: len(rows(screen)) == 1 and "its turn" in rows(screen)[0],
                     "the one that is searched")
        screen.press("\x7f\x7f\x7f\x7fzzz" + ENTER)
        screen.until("Nothing passes the filters")
        screen.press("/" + ESCAPE + ESCAPE)
        screen.until(lambda screen: len(rows(screen)) == len(journeys), "all again")
        screen.press("q")
        screen.ends()
    with watch(coordinator, "--organisation", RECEIVER, "--phase", "held", columns=120, lines=40) as screen:
        screen.until(lambda screen: len(rows(screen)) == 1, "one")
        assert rows(screen)[0].endswith(short(journeys["a check-in"]))
        screen.press("q")
        screen.ends()


def test_the_history_of_one(world, coordinator):
    """Enter opens it, as sentences; q goes back to the list and the same journey."""
    world.open(THIRD, begeleider="mo")
    journey, _ = world.handover_in("picked-up", kind="warm", urgency="urgent")
    with watch(coordinator) as screen:
        screen.until("first contact")
        screen.until(lambda screen: "first contact" in rows(screen)[0] or "first contact" in rows(screen)[1], "rows")
        if "first contact" not in rows(screen)[0]:
            screen.press(DOWN)
        screen.until(journey)
        screen.press(ENTER)
        screen.until(f"Journey {journey}")
        screen.until(f"First contact: anna of {HOLDER} holds the resident")
        screen.until(f"{HOLDER} offered it to {RECEIVER}: warm, urgent.")
        screen.until(f"eva of {RECEIVER} takes it on.")
        assert all(len(line) <= 80 for line in screen.lines())
        screen.press("q")
        screen.until("WAITS FOR")
        screen.until(journey)
        screen.press("?")
        screen.until("What you see")
        screen.press(ESCAPE)
        screen.until("WAITS FOR")
        screen.press("q")
        screen.ends()
    events = world.history(journey)
    assert any(event["event"] == "read" and event["organisation"] == NETWORK for event in events)


def test_a_broker_that_goes_and_comes_back(world, coordinator):
    """It says that the connection is lost and since when, keeps what was so then, and goes on by itself."""
    journey, handover = world.handover_in("received")
    with watch(coordinator) as screen:
        screen.until("a begeleider")
        world.forget_peers()
        world.daemon.kill()
        screen.until("NO CONNECTION since ")
        assert re.match(r" !! NO CONNECTION since \d\d:\d\d\. What stands here was so then\.", screen.lines()[0])
        assert "a begeleider" in rows(screen)[0]
        world.daemon.start()
        world.receiver.fresh("pickup", handover=handover, begeleider="eva")
        new = world.open(THIRD, begeleider="mo")
        screen.until(lambda screen: " live " in screen.lines()[0], "live")
        screen.until("first contact")
        screen.until("a next place")
        assert len(rows(screen)) == 2 and new
        screen.press("q")
        screen.ends()


def test_another_size(world, coordinator):
    """It is drawn anew, and what is too small says so."""
    street(world)
    with watch(coordinator) as screen:
        screen.until("its turn")
        assert "JOURNEY" not in screen.lines()[2]
        screen.size(120, 40)
        screen.until(lambda screen: screen.lines()[2].endswith("JOURNEY"), "a wider table")
        screen.size(30, 8)
        screen.until("Too small")
        screen.size(60, 12)
        screen.until("WAITS FOR")
        screen.press(END)
        screen.until(lambda screen: "Held by" in screen.text() and " a check-in " in screen.text(), "the last one")
        screen.press("q")
        screen.ends()


def colours(screen):
    return {cell.fg for line in screen.screen.buffer.values() for cell in line.values()} - {"default"}


@pytest.mark.network(testing={"day_length": "60s"})
def test_colour_and_none(world, coordinator):
    """Late is red, besides its sign; NO_COLOR is heeded, and so is a terminal without."""
    world.offer(urgency="urgent")
    for more, expected in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "vt100"}, False)):
        with watch(coordinator, **more) as screen:
            screen.until(lambda screen: rows(screen)[:1] and rows(screen)[0].startswith("!!"), "something late")
            assert ("red" in colours(screen)) == expected and bool(colours(screen)) == expected, (more, colours(screen))
            screen.press("q")
            screen.ends()


@pytest.mark.network(limits={"heartbeat": "1s"})
def test_leaving(world, coordinator):
    """Signals leave the terminal as it was; a key that is taken off the map ends it with a sentence."""
    other = Client(world, RECEIVER, "coordinator")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with watch(coordinator, TERM="xterm-256color") as screen:
            screen.until("Nobody waits.")
            screen.signal(number)
            screen.ends()
            assert b"\x1b[?1049l" in screen.raw, "the terminal is given back"
    with watch(other) as screen:
        screen.until("Nobody waits.")
        del world.network[RECEIVER].keys["coordinator"]
        world.network.write()
        world.operator.done("reload")
        world.offer()
        screen.ends(NO_SESSION)
        assert "houvast: " in screen.text()


def test_who_may_not_watch(world):
    """The terminal is given back with the sentence that any other command ends with."""
    with watch(Client(world, HOLDER), columns=200) as screen:
        screen.ends(REFUSED)
        assert "refused (forbidden): this is for a coordinator; another side or role does this (--role" in screen.text()


def test_where_nothing_can_be_drawn(world, coordinator):
    """A terminal of no known kind, --lines and --json get lines."""
    journey = world.open()
    for terminal in ("no-such-terminal", "dumb"):
        with watch(coordinator, TERM=terminal) as screen:
            screen.until("That is all up to event")
            assert b"\x1b" not in screen.raw
    with watch(coordinator, "--lines") as screen:
        screen.until("That is all up to event")
        assert journey in screen.text()
    process = subprocess.Popen(coordinator.command("watch"), stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert process.stdout.readline().startswith(f"journey {journey}: ")
        assert process.stdout.readline().startswith("That is all up to event ")
        world.holder.fresh("reassign", journey=journey, begeleider="bob", instead_of="anna", reason="holiday",
                           on=now_ms())
        line = process.stdout.readline()
        assert f"bob of {HOLDER} holds the resident now, instead of anna (holiday)." in line, line
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_narrow_terminal(world, coordinator):
    """60 by 20: what is late, who holds it and how to leave are there; names are not cut to the same few letters."""
    journey, handover = world.offer(by=HOLDER, to=RECEIVER, urgency="urgent", begeleider="annemarie.bos")
    world.network_coordinator.fresh("claim", journey=journey, person="nora", on=now_ms(), until=now_ms() + HOUR)
    with watch(coordinator, columns=60, lines=20) as screen:
        screen.until(lambda screen: rows(screen)[:1] and "delft-sup" in rows(screen)[0], "the row")
        assert rows(screen)[0].startswith("  *in ") and "delft-voo" in rows(screen)[0], rows(screen)[0]
        assert re.fullmatch(r" delft-test  1 open  0 late  0 soon  1 claimed +live \d\d:\d\d", screen.lines()[0])
        assert screen.lines()[15].startswith(f" {short(journey)}  urgent, next step due "), screen.text()
        assert screen.lines()[16] == f" Held by annemarie.bos of {HOLDER}; goes to"
        assert screen.lines()[17] == f" {RECEIVER}, cold.", "a name is not broken"
        assert screen.lines()[18].startswith(f" Claimed by nora of {NETWORK} until ")
        assert screen.lines()[19].endswith("q quit")
        screen.size(40, 10)
        screen.until(lambda screen: re.match(r" 1 open  0 late .*live \d\d:\d\d", screen.lines()[0]), "what fits")
        screen.press("q")
        screen.ends()


def test_more_than_fit(world, coordinator):
    """How much of it is seen stands above; the keys lead to the end and back."""
    journeys = [world.open(begeleider="anna") for _ in range(40)]
    with watch(coordinator, columns=100) as screen:
        screen.until("1-15 of 40")
        seen = {row.split()[-1] for row in rows(screen)}
        screen.press("G")
        screen.until("26-40 of 40")
        seen |= {row.split()[-1] for row in rows(screen)}
        screen.press("\x1b[5~")
        screen.until(lambda screen: "26-40 of 40" in screen.text() or "25-39 of 40" in screen.text(), "a page up")
        screen.press("\x1b[5~")
        screen.until(lambda screen: any(f"{first}-{first + 14} of 40" in screen.text() for first in range(8, 20)), "two")
        seen |= {row.split()[-1] for row in rows(screen)}
        screen.press("g")
        screen.until("1-15 of 40")
        assert seen == {short(journey) for journey in journeys}
        screen.press("q")
        screen.ends()


def test_a_long_history_and_claiming_from_it(world, coordinator):
    """It opens at its end, says which lines are seen, and c and u are about its journey."""
    journey, handover = world.handover_in("received")
    other = world.open(THIRD, begeleider="mo")
    for number in range(30):
        world.holder.fresh("reassign", journey=journey, begeleider=f"anna-{number + 1}", reason="holiday",
                           instead_of=f"anna-{number}" if number else "anna", on=now_ms())
    with watch(coordinator) as screen:
        screen.until("a begeleider")
        screen.until(lambda screen: len(rows(screen)) == 2, "both")
        if "a begeleider" not in rows(screen)[0]:
            screen.press(DOWN)
        screen.until(f" {journey}")
        screen.press(ENTER)
        screen.until("anna-30 of ")
        screen.until("Handover 1 is ")
        assert re.search(r"lines \d+-(\d+) of \1$", screen.lines()[23]), screen.lines()[23]
        screen.press("g")
        screen.until("First contact: ")
        screen.until(lambda screen: re.search(r"lines 1-21 of \d+$", screen.lines()[23]), "the beginning")
        screen.press("c")
        screen.until("On it until when? 30m, 2h, 1d, 16:30 [1h]")
        screen.press("30m" + ENTER)
        screen.until("Claimed by nora until ")
        assert world.status(journey=journey)["claimed"]["person"] == "nora"
        assert "claimed" not in world.status(journey=other)
        screen.press("u")
        screen.until("Given back.")
        assert "claimed" not in world.status(journey=journey)
        screen.press("qq")
        screen.ends()


def test_without_a_connection(world, coordinator):
    """Why stands there; a claim that nobody would hear of is not taken, and q leaves."""
    world.handover_in("received")
    with watch(coordinator) as screen:
        screen.until("a begeleider")
        world.forget_peers()
        world.daemon.kill()
        screen.until("NO CONNECTION since ")
        screen.until(lambda screen: "lost" in screen.lines()[1] or "broke" in screen.lines()[1], "why")
        for key in "cu":
            screen.press(key)
            screen.until("No connection: the broker would not hear of it.")
            screen.press("k")
            screen.until("q quit")
        screen.press("q")
        screen.ends()


def test_a_name_that_nobody_has(world):
    """Letters are made small; one that no person has is refused, not left out, which would be somebody else."""
    _, handover = world.handover_in("received")
    with watch(Client(world, NETWORK, "coordinator")) as screen:
        screen.until("a begeleider")
        screen.press("c")
        screen.until("Who are you?")
        screen.press("André" + ENTER)
        screen.until("A person is 1 to 64 of")
        screen.press("cNora.B")
        screen.until("Who are you? nora.b")
        screen.press(ENTER + ENTER)
        screen.until("Claimed by nora.b until ")
        screen.press("q")
        screen.ends()
    assert world.status(handover=handover)["claimed"]["person"] == "nora.b"


def test_what_is_said_is_never_cut(world, coordinator):
    """A long refusal takes more lines than one."""
    world.handover_in("received")
    with watch(coordinator, columns=60, lines=20) as screen:
        screen.until("a begeleider")
        screen.press("c40d" + ENTER)
        screen.until("`until` lies more than 72 hours from now, the most that")
        assert screen.lines()[18:] == [" `until` lies more than 72 hours from now, the most that", " the network allows"]
        screen.press("k")
        screen.until("q quit")
        screen.press("q")
        screen.ends()
