"""What coordinators look at: the list of what is open, and the feed of what happens, none of it skipped."""

import pytest

from peer import Deadline, fresh_resident, fresh_uuid, now_ms
from world import DAY_MS, HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD


def watcher(world, organisation=NETWORK, *, start=0, **keys):
    """A session that watches from there. (peer, the answer)."""
    peer = world.session(organisation, "coordinator", name=f"{organisation}/watcher", **keys)
    return peer, peer.done("watch", **{"from": start})


def until_live(peer):
    """What comes before `live`, and the number that it says."""
    came = []
    while True:
        message = peer.receive()
        assert message is not None, f"no live; came: {came[-3:]}"
        if message.type == "live":
            return came, message["seq"]
        came.append(message)


def until(peer, event, within=10.0):
    """The events up to the first of that name."""
    came = []
    deadline = Deadline(within)
    while not came or came[-1]["event"] != event:
        message = peer.receive(deadline.left_s)
        assert message is not None and message.type == "event", f"no {event}: {message}; came {came[-3:]}"
        came.append(message)
    return came


# ---- watch ----


def test_what_is_open_then_live_then_each_change(shared_world):
    """From 0: a `journey` for each that is open, as `list` has it, and then what happens, in order, once each."""
    world = shared_world
    journeys = {world.open(), world.handover_in("picked-up")[0], world.journey_in("closing")}
    closed = world.journey_in("closed")
    peer, answer = watcher(world)
    came, seq = until_live(peer)
    assert seq == answer["seq"]
    standing = {message["journey"]: message for message in came}
    assert {message.type for message in came} == {"journey"} and len(standing) == len(came)
    assert journeys <= set(standing) and closed not in standing
    listed = {}
    page = world.network_coordinator.done("list", limit=1000)
    for entry in page["journeys"]:
        listed[entry["journey"]] = entry
    for journey in journeys:
        shown = {key: value for key, value in standing[journey].envelope.items() if key != "type"}
        assert shown == listed[journey]
    journey, handover = world.offer()
    world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
    events = until(peer, "declined")
    seqs = [event["seq"] for event in events]
    assert seqs == list(range(seq + 1, seq + 1 + len(seqs))), "one is missing, or twice there"
    mine = [event["event"] for event in events if event.get("journey") == journey]
    assert mine == ["opened", "offered", "declined"]


def test_from_a_number_on(shared_world):
    """The events after n, then `live`, then what happens: together all that there is."""
    world = shared_world
    journey, handover = world.offer()
    start = world.history(journey)[0]["seq"] - 1
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    peer, answer = watcher(world, start=start)
    came, seq = until_live(peer)
    assert seq == answer["seq"]
    assert [event["seq"] for event in came] == list(range(start + 1, seq + 1))
    world.receiver.fresh("pickup", handover=handover, begeleider="eva")
    more = until(peer, "picked-up")
    assert [event["seq"] for event in more] == list(range(seq + 1, seq + 1 + len(more)))
    names = [event["event"] for event in came + more if event.get("journey") == journey]
    assert [name for name in names if name not in ("read", "dossier")] == ["opened", "offered", "received", "picked-up"]


def test_watching_is_recorded(shared_world):
    """A1: looking on is reading; the watcher sees itself begin."""
    world = shared_world
    peer, answer = watcher(world)
    until_live(peer)
    world.open()
    first = until(peer, "opened")[0]
    assert (first["event"], first["seq"]) == ("read", answer["seq"] + 1)
    assert (first["organisation"], first["role"]) == (NETWORK, "coordinator") and "journey" not in first


def test_events_are_those_of_the_history(shared_world):
    """Key for key, and nothing of the broker's own."""
    world = shared_world
    peer, _ = watcher(world)
    until_live(peer)
    journey, handover = world.offer(age=70)
    world.confirm(handover)
    seen = [event.envelope for event in until(peer, "confirmed") if event.get("journey") == journey]
    for event in seen:
        del event["type"]
    kept = {event["seq"]: event for event in world.history(journey)}
    assert len(seen) >= 3
    for event in seen:
        assert event == kept[event["seq"]] and "runs" not in event


def test_another_watch_takes_the_place_of_the_one_before(shared_world):
    world = shared_world
    peer, _ = watcher(world)
    until_live(peer)
    journey = world.open()
    until(peer, "opened")
    peer.done("watch", **{"from": 0})
    came, seq = until_live(peer)
    assert journey in {message["journey"] for message in came if message.type == "journey"}
    world.open()
    events = until(peer, "opened")
    assert [event["seq"] for event in events] == list(range(seq + 1, seq + 1 + len(events)))


def test_it_ends_with_the_session(shared_world):
    """After `bye`, or another hello, nothing more is said unasked."""
    world = shared_world
    peer, _ = watcher(world)
    until_live(peer)
    peer.done("bye")
    peer.others.clear()  # what was said before
    world.open()
    assert peer.hello("coordinator").type == "welcome"
    world.open()
    peer.barrier()
    assert not [message for message in peer.others if message.type == "event"], peer.others


def open_many(world, count, peer=None):
    """So many journeys, asked for at once."""
    peer = peer or world.session(THIRD)
    for number in range(count):
        peer.send({"type": "open", "request": f"m{number}", "journey": fresh_uuid(), "resident": fresh_resident(),
                   "begeleider": "anna", "basis": "consent", "urgency": "routine"})
    for number in range(count):
        assert peer.answer(f"m{number}", 60).type == "done"


def test_who_falls_behind_gets_a_gap_and_goes_on_from_it(world):
    """None is skipped: what came, what the gap names, and what comes after watching again are all there is."""
    peer, answer = watcher(world, deaf=True)
    seen, gap, rounds = [answer["seq"]], None, 0
    while gap is None and rounds < 20:
        open_many(world, 1000)
        rounds += 1
        if world.operator.done("stats")["stats"]["houvast_journeys_held"] >= 4000:
            break
    deadline = Deadline(60)
    while gap is None:
        message = peer.receive(deadline.left_s)
        assert message is not None, f"no gap after {len(seen)} messages"
        if message.type == "gap":
            gap = message
        elif message.type == "event":
            assert message["seq"] == seen[-1] + 1, f"{message['seq']} after {seen[-1]}"
            seen.append(message["seq"])
    assert gap["from"] == seen[-1] + 1 and gap["to"] >= gap["from"]
    open_many(world, 10)
    peer.barrier()
    assert not [message for message in peer.others if message.type in ("event", "journey", "live")], "after a gap: nothing"
    last = peer.done("watch", **{"from": gap["from"] - 1})["seq"]
    assert last >= gap["to"]
    came, seq = until_live(peer)
    assert [event["seq"] for event in came] == list(range(gap["from"], seq + 1))
    world.open()
    events = until(peer, "opened")
    assert [event["seq"] for event in events] == list(range(seq + 1, seq + 1 + len(events)))


def test_a_watcher_that_stands_still_holds_up_nobody(world):
    """The others are answered, and hear all, while one of them reads nothing."""
    deaf, _ = watcher(world, deaf=True)
    reader, _ = watcher(world)
    _, seq = until_live(reader)
    open_many(world, 3000)
    events = []
    while len(events) < 3000:
        message = reader.receive()
        assert message is not None and message.type == "event", message
        assert message["seq"] == seq + 1, "the reader missed one"
        seq = message["seq"]
        events += [message["event"]] if message["event"] == "opened" else []
    assert world.holder.done("map")
    deaf.close()


def test_a_long_history_comes_whole(world):
    """From 0 and from 1, with far more than fits into one turn."""
    open_many(world, 2500)
    peer, answer = watcher(world)
    came, _ = until_live(peer)
    assert len({message["journey"] for message in came}) == len(came) == 2500
    peer, answer = watcher(world, start=1)
    came, seq = until_live(peer)
    assert seq == answer["seq"] and [event["seq"] for event in came] == list(range(2, seq + 1))


def test_it_goes_on_over_a_kill(world):
    """From the last that was seen: nothing between was lost."""
    peer, _ = watcher(world)
    until_live(peer)
    world.open()
    last = until(peer, "opened")[-1]["seq"]
    journey = world.open()
    world.restart()
    peer, _ = watcher(world, start=last)
    came, seq = until_live(peer)
    assert [event["seq"] for event in came] == list(range(last + 1, seq + 1))
    assert journey in {event.get("journey") for event in came}


# ---- who sees what ----


@pytest.mark.parametrize("start", [0, 1])
def test_a_coordinator_sees_what_its_organisation_holds_or_is_party_to(world, start):
    """P1: not one event of a stranger's journey, from 0 or from a number, nor by the list."""
    strange, strange_handover = world.offer(by=THIRD, to=THIRD, begeleider="wim")
    mine, handover = world.offer()
    held = world.open(RECEIVER, begeleider="eva")
    peer, _ = watcher(world, RECEIVER, start=start)
    came, _ = until_live(peer)
    assert strange not in {message.get("journey") for message in came}
    if start == 0:
        assert {message["journey"] for message in came} == {mine, held}
        assert not any("resident" in message for message in came)
    else:
        names = [(event["event"], event["journey"]) for event in came if "journey" in event]
        assert ("offered", mine) in names and ("opened", held) in names
        assert ("opened", mine) not in names, "what happened before it was a party is the holder's"
    # what happens to the stranger's: notes, claims, ladders, absence, all of it
    world.third.fresh("note", journey=strange, handover=strange_handover, code="question", on=now_ms())
    world.third.fresh("urgency", journey=strange, to="crisis", reason="worse", on=now_ms())
    world.peer(THIRD, "coordinator").fresh("claim", journey=strange, person="t", until=now_ms() + HOUR_MS, on=now_ms())
    world.third.fresh("absent", **{"begeleider": "wim", "from": 0, "until": now_ms() + DAY_MS, "on": now_ms()})
    world.history(strange)
    world.holder.fresh("note", journey=mine, code="in-touch", on=now_ms())  # the holder's own business
    world.holder.fresh("note", journey=mine, handover=handover, code="question", on=now_ms())
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    events = until(peer, "received")
    assert strange not in {event.get("journey") for event in events}
    assert {event["event"] for event in events if event.get("journey") == mine} == {"noted", "received"}
    assert [event["code"] for event in events if event["event"] == "noted"] == ["question"]
    assert not any(event.get("about") == THIRD for event in events)
    assert not peer.saw(strange.encode()) and not peer.saw(strange_handover.encode())
    assert {entry["journey"] for entry in world.peer(RECEIVER, "coordinator").done("list")["journeys"]} == {mine, held}


def test_an_end_ends_what_is_seen(world):
    """Once it has declined, what becomes of the journey is none of its business."""
    journey, handover = world.offer()
    peer, _ = watcher(world, RECEIVER)
    until_live(peer)
    world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
    until(peer, "declined")
    _, second = world.offer(journey, to=THIRD)
    world.confirm(second, by=THIRD, begeleider="wim")
    other = world.open(RECEIVER, begeleider="eva")
    events = until(peer, "opened")
    assert {event.get("journey") for event in events} - {None} == {other}
    assert not peer.saw(second.encode())
    watched, _ = watcher(world, RECEIVER)
    came, _ = until_live(watched)
    assert [message["journey"] for message in came] == [other]


def test_the_pseudonym_is_in_what_was_opened_alone(world):
    """The network's coordinators see who it is about there, and nowhere else."""
    resident = fresh_resident()
    peer, _ = watcher(world)
    until_live(peer)
    journey = world.open(resident=resident)
    _, handover = world.offer(journey)
    world.confirm(handover)
    for event in until(peer, "confirmed"):
        assert ("resident" in event) == (event["event"] == "opened"), event
    other, _ = watcher(world, RECEIVER, start=1)
    until_live(other)


# ---- list ----


def test_the_list_leads_on_page_by_page(world):
    """In the order of `due`, each once, however short the pages are."""
    journeys = [world.open(urgency=urgency) for urgency in ("routine", "crisis", "urgent") for _ in range(7)]
    journeys += [world.offer(urgency="crisis")[0] for _ in range(3)]
    found, after = [], {}
    while True:
        page = world.network_coordinator.done("list", limit=4, **after)
        assert len(page["journeys"]) <= 4
        found += page["journeys"]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    assert sorted(entry["journey"] for entry in found) == sorted(journeys)
    assert [entry["due"] for entry in found] == sorted(entry["due"] for entry in found)


@pytest.mark.parametrize("question, expected", [
    ({"state": "picked-up"}, {"picked-up"}),
    ({"state": "closing"}, {"closing"}),
    ({"state": "open"}, {"open", "other"}),
    ({"phase": "arrival"}, {"picked-up"}),
    ({"phase": "unrouted"}, {"open", "other"}),
    ({"phase": "delivery"}, {"offered"}),
    ({"phase": "pick-up"}, {"waiting"}),
    ({"phase": "waiting"}, {"waiting"}),
    ({"organisation": THIRD}, {"other"}),
    ({"organisation": RECEIVER}, {"picked-up", "offered", "waiting"}),
    ({"organisation": HOLDER, "phase": "receipt"}, {"offered"}),
    ({"state": "confirmed"}, set()),
])
def test_the_list_by_what_is_asked(shared_listing, question, expected):
    world, journeys = shared_listing
    answer = world.network_coordinator.done("list", **question)
    names = {name for name, journey in journeys.items()
             if journey in {entry["journey"] for entry in answer["journeys"]}}
    assert names == expected


@pytest.fixture(scope="module")
def shared_listing(shared_world):
    """Journeys of their own among whatever else the module has opened: asked for by what only these are."""
    world = shared_world
    for entry in world.network_coordinator.done("list", limit=1000)["journeys"]:
        holder = entry["holder"]["organisation"]
        world.peer(holder).done("close", journey=entry["journey"], begeleider="anna", outcome="entered-in-error")
    return world, {
        "open": world.open(),
        "closing": world.journey_in("closing"),
        "offered": world.offer()[0],
        "picked-up": world.handover_in("picked-up")[0],
        "waiting": world.handover_in("waiting")[0],
        "other": world.open(THIRD),
    }


def test_what_a_system_keeps_refusing_shows_as_stuck(world_at_rest):
    """Its items are set aside; the coordinators see of which journey."""
    world = world_at_rest
    world.network.limits["item_attempts"] = "2"
    world.network.write()
    world.daemon.start()
    journey, handover = world.offer()
    inbox = world.inbox(RECEIVER)
    for _ in range(2):
        item = inbox.expect_item("offered", handover=handover)
        inbox.send({"type": "nack", "item": item["item"], "after": 0})
    inbox.barrier()
    entry, = world.network_coordinator.done("list")["journeys"]
    assert entry["journey"] == journey and entry["stuck"] is True
    world.peers.pop((RECEIVER, "endpoint", "inbox")).close()
    world.deliver(handover)
    entry, = world.network_coordinator.done("list")["journeys"]
    assert "stuck" not in entry


def test_the_list_says_how_each_stands(world):
    """Whose it is, for whom, since when, who is on it, and who knows."""
    journey, handover = world.handover_in("received", kind="warm", urgency="urgent")
    until_ms = now_ms() + HOUR_MS
    world.peer(RECEIVER, "coordinator").fresh("claim", handover=handover, person="rita", until=until_ms, on=now_ms())
    entry, = world.network_coordinator.done("list")["journeys"]
    status = world.status(journey=journey)
    assert entry["holder"] == {"organisation": HOLDER, "begeleider": "anna"}
    assert entry["receiver"] == {"organisation": RECEIVER, "begeleider": "eva"}
    assert (entry["handover"], entry["state"], entry["kind"], entry["urgency"]) == (handover, "received", "warm", "urgent")
    assert (entry["phase"], entry["step"], entry["due"]) == (status["phase"], status["step"], status["due"])
    assert entry["claimed"] == status["claimed"]
    assert (entry["claimed"]["organisation"], entry["claimed"]["person"], entry["claimed"]["until"]) == (
        RECEIVER, "rita", until_ms)
    assert "late" not in entry and entry["since"] == world.status(handover=handover)["since"]
