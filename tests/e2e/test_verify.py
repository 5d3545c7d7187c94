"""Verifying: the ledger compared with itself while the broker goes on, and what tampering it finds."""

import contextlib
import hashlib
import os
import re
import signal
import sqlite3
import time

import msgpack
import nacl.signing
import pytest
import zmq.utils.z85

from network import ReceiptKey
from peer import Deadline, fresh_uuid
from test_receipts import arrived, derived, item_of, listed, opened
from tool import REFUSED, Client
from world import HOLDER, NETWORK, RECEIVER

WITHIN_S = 60.0


def verify(world, **keys):
    return world.operator.ask("verify", within=WITHIN_S, **keys)


def whole(world):
    answer = verify(world)
    assert answer.type == "done", answer
    return answer


def busy(world, rounds=3):
    """A ledger with some of everything."""
    for _ in range(rounds):
        for state in ("offered", "delivered", "received", "picked-up", "confirmed", "declined", "withdrawn"):
            world.handover_in(state, kind="warm" if state == "confirmed" else "cold")
        for state in ("open", "closing", "closed"):
            world.journey_in(state)
    journey, handover = world.offer()
    world.receiver.fresh("decline", handover=handover, reason="no-room", decided="receiver")
    _, handover = world.offer(journey, to="werkse")
    world.confirm(handover, by="werkse")
    world.history(journey)


def reload(world):
    world.network.write()
    world.operator.done("reload")


def take_all(world, organisation, role="endpoint"):
    """Acknowledges whatever its inbox is owed."""
    inbox = world.inbox(organisation, role)
    inbox.barrier()
    while inbox.items:
        inbox.ack(inbox.items.popleft())
        inbox.barrier()


def ledger(world):
    """The ledger's file, of a daemon that stands still."""
    return sqlite3.connect(world.daemon.state / "ledger.sqlite")


def tamper(world, *statements):
    """Stops the broker, changes its ledger, and starts it again."""
    world.forget_peers()
    world.daemon.stop()
    database = ledger(world)
    database.execute("PRAGMA ignore_check_constraints = ON")
    with database:
        for statement in statements:
            assert database.execute(statement).rowcount > 0, statement
    database.close()
    world.daemon.start()


def number(world, statement):
    """One number out of the ledger; stops and starts the broker for it."""
    world.forget_peers()
    world.daemon.stop()
    database = ledger(world)
    found = database.execute(statement).fetchone()[0]
    database.close()
    world.daemon.start()
    return found


def finds(world, *words):
    """The answer and the journal name what differs."""
    answer = verify(world)
    assert answer.type == "refused" and answer["code"] == "conflict", answer
    assert all(word in answer["reason"] for word in words), answer
    assert answer["reason"] in world.daemon.said()
    world.operator.done("map")  # the broker goes on


# ---- whole ----


def test_a_fresh_ledger_is_whole(world):
    """It has the event by which the network came in force, and nothing else."""
    answer = whole(world)
    assert answer["counts"] == {"events": 1, "journeys": 0, "handovers": 0, "dossiers": 0, "receipts": 0, "items": 0}
    welcome = world.connect(HOLDER).hello()
    assert (answer["seq"], answer["head"]) == (welcome["seq"], welcome["head"])
    assert "the ledger is whole: 1 events" in world.daemon.said()


def test_a_busy_ledger_is_whole(world):
    """Before and after a kill, with everything that the tables can hold."""
    busy(world)
    first = whole(world)
    assert first["counts"]["journeys"] == 31 and first["counts"]["handovers"] == 23
    assert first["counts"]["events"] == first["seq"]
    assert first["counts"]["receipts"] == 4 and first["counts"]["items"] > 50
    world.restart()
    assert whole(world)["counts"] == first["counts"]


@pytest.mark.network(policies={"keep_dossier_days": 1}, testing={"day_length": "100ms"})
def test_what_was_deleted_and_reopened_is_whole(world):
    """Dossiers that were deleted, supplements, closings that were not agreed to, a journey taken up again."""
    dossier, marker = world.secret_dossier()
    journey, handover = world.offer(dossier=dossier)
    world.holder.fresh("supplement", world.secret_dossier()[0], handover=handover, number=1)
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    world.confirm(handover)
    resident, journey, _, _ = arrived(world)
    closing = world.journey_in("closing")
    world.network_coordinator.fresh("settle", journey=closing, person="cora", agree=False, reason="not-yet", on=1)
    world.receiver.fresh("close", journey=journey, begeleider="eva", outcome="deceased")
    world.receiver.fresh("open", journey=journey, resident=resident, begeleider="finn", basis="public-task",
                         urgency="urgent", reopens=True)
    deadline = Deadline(WITHIN_S)
    while world.daemon.holds_bytes(marker):
        assert not deadline.passed
        world.operator.barrier()
    whole(world)


def test_what_was_owed_under_other_networks_is_whole(world):
    """Another organisation coordinates, and one that held a resident once has left: its inbox is owed nothing."""
    network = world.network
    network.add("stadsteam")
    reload(world)
    journey, handover = world.offer(by="stadsteam", to=HOLDER)
    world.confirm(handover, by=HOLDER, begeleider="anna")
    other, handover = world.offer(by="stadsteam", to=HOLDER)
    world.confirm(handover, by=HOLDER, begeleider="anna")
    world.holder.fresh("close", journey=other, begeleider="anna", outcome="deceased")
    world.journey_in("closing")
    take_all(world, "stadsteam")
    world.peers.pop(("stadsteam", "endpoint")).close()
    del network.organisations["stadsteam"]
    reload(world)
    world.holder.fresh("close", journey=journey, begeleider="anna", outcome="deceased")
    network[RECEIVER].keys["operator"] = network[NETWORK].keys.pop("operator")
    network.settings["coordinating"] = RECEIVER
    reload(world)
    world.peers.pop((NETWORK, "operator")).close()
    world.journey_in("closing")
    operator = world.peer(RECEIVER, "operator")
    answer = operator.ask("verify", within=WITHIN_S)
    assert answer.type == "done", answer
    network.add("stadsteam")  # it comes back, and hears of what closes from now on
    network.write()
    operator.done("reload")
    journey, handover = world.offer(by="stadsteam", to=HOLDER)
    world.confirm(handover, by=HOLDER, begeleider="anna")
    world.holder.fresh("close", journey=journey, begeleider="anna", outcome="deceased")
    world.restart()
    answer = world.peer(RECEIVER, "operator").ask("verify", within=WITHIN_S)
    assert answer.type == "done", answer


def test_receipts_of_several_keys_are_whole(world):
    """The derived one, then one that the network lists, then the next."""
    arrived(world)
    for label in ("first", "second"):
        listed(world, label, ReceiptKey.fresh())
        world.operator.done("reload")
        arrived(world)
    assert whole(world)["counts"]["receipts"] == 3


def test_verify_is_for_operators(world):
    for peer in (world.holder, world.peer(HOLDER, "coordinator"), world.network_coordinator):
        peer.refused("forbidden", "verify")


# ---- tampered ----


@pytest.mark.parametrize("statement, words", [
    ("UPDATE payload SET payload = CAST(payload || x'00' AS BLOB) WHERE seq = 7", ("event 7", "payload")),
    ("UPDATE payload SET salt = randomblob(16) WHERE seq = 7", ("event 7", "payload")),
    ("UPDATE event SET hash = randomblob(32) WHERE seq = 7", ("event 7", "hash")),
    ("UPDATE event SET at = at + 1 WHERE seq = 7", ("event 7", "hash")),
    ("UPDATE event SET commitment = randomblob(32) WHERE seq = 7", ("event 7", "payload")),
    ("UPDATE event SET journey = NULL WHERE seq = 7", ("event 7", "journey")),
    ("UPDATE event SET journey = 1 WHERE seq = (SELECT max(seq) FROM event WHERE journey = 3)", ("event", "journey")),
    ("UPDATE event SET handover = 1 WHERE seq = (SELECT max(seq) FROM event WHERE handover = 3)",
     ("event", "handover")),
    ("DELETE FROM payload WHERE seq = 7", ("event 7", "missing")),
    ("DELETE FROM event WHERE seq = 7", ("event 7 is missing",)),
    ("DELETE FROM event WHERE seq = 1", ("event 1 is missing",)),
    ("INSERT INTO payload (seq, salt, payload) VALUES (99999, randomblob(16), x'80')", ("payload 99999",)),
    ("UPDATE journey SET begeleider = 'mallory' WHERE number = 2", ("journey row 2", "holder.begeleider")),
    ("UPDATE journey SET organisation = 'kcc' WHERE number = 2", ("journey row 2", "holder.organisation")),
    ("UPDATE journey SET state = 3 WHERE number = 2", ("journey row 2", "state")),
    ("UPDATE journey SET resident = 'r1.' || substr(resident, 4, 42) || 'A' WHERE number = 2 AND "
     "substr(resident, 46) <> 'A' OR number = 4", ("journey row", "resident")),
    ("UPDATE handover SET receiver = 'kcc' WHERE number = 2", ("handover row 2", "to")),
    ("UPDATE handover SET picked_up_by = 'mallory' WHERE number = 2", ("handover row 2", "picked_up_by")),
    ("UPDATE handover SET offered_at = offered_at + 1 WHERE number = 2", ("handover row 2", "times")),
    ("DELETE FROM journey WHERE number = 2", ("journey, row 2, is missing",)),
    ("DELETE FROM handover WHERE number = 2", ("handover, row 2, is missing",)),
    ("INSERT INTO journey SELECT 999, randomblob(16), state, resident, organisation, begeleider, urgency, basis, "
     "basis9, opened_at, since, held_since, reassigned_on, outcome, closed_by, due, keeping, not_reached, urgency_on "
     "FROM journey WHERE number = 1",
     ("journey row 999", "no event")),
    ("DELETE FROM receipt WHERE handover = (SELECT min(handover) FROM receipt)", ("handover row", "receipt")),
    ("UPDATE receipt SET receipt = randomblob(400) WHERE handover = (SELECT min(handover) FROM receipt)",
     ("handover row", "receipt")),
])
def test_what_was_changed_is_found_and_named(world, statement, words):
    busy(world, rounds=1)
    tamper(world, statement)
    finds(world, *words)


# Of one inbox whose items were in part acknowledged, in part not.
ITEM = "(SELECT min(number) FROM item WHERE inbox = (SELECT max(inbox) FROM acknowledged))"
ACKNOWLEDGED = "(inbox, item) = (SELECT inbox, item FROM acknowledged ORDER BY inbox DESC, item LIMIT 1)"
ITEM_COLUMNS = "journey, handover, event, state, attempts, failures, ready_at"
OPEN = "(SELECT max(handover) FROM dossier WHERE hash IS NOT NULL AND handover IN " \
       "(SELECT number FROM handover WHERE ended_seq = 0))"
CONFIRMED = "(SELECT max(handover) FROM deletion)"
WITHDRAWN = "(SELECT max(number) FROM handover WHERE state = 8)"


@pytest.mark.parametrize("statements, words", [
    # items
    ([f"DELETE FROM item WHERE number = {ITEM}"], ("item ", "is missing", "owes")),
    ([f"UPDATE item SET event = 1 WHERE number = {ITEM}"], ("item ", "is not the one that event")),
    ([f"UPDATE item SET journey = 1 WHERE number = {ITEM}"], ("item ", "is not the one that event")),
    ([f"UPDATE item SET handover = NULL WHERE number = {ITEM}"], ("item ", "is not the one that event")),
    ([f"INSERT INTO item SELECT number + 9999, inbox, item + 9999, {ITEM_COLUMNS} FROM item WHERE number = {ITEM}"],
     ("item row", "does not owe it")),
    ([f"INSERT INTO item SELECT number + (1 << 52), inbox + 4096, item, {ITEM_COLUMNS} FROM item "
      f"WHERE number = {ITEM}"], ("item row", "does not owe it")),
    ([f"INSERT INTO item SELECT inbox << 40, inbox, 0, {ITEM_COLUMNS} FROM item WHERE number = {ITEM}"],
     ("item row", "does not owe it")),
    # acknowledgements
    ([f"DELETE FROM acknowledged WHERE {ACKNOWLEDGED}"], ("item ", "is missing")),
    ([f"UPDATE acknowledged SET seq = 2 WHERE {ACKNOWLEDGED}"], ("item ", "event 2 did not acknowledge it")),
    ([f"INSERT INTO acknowledged SELECT inbox, item, event FROM item WHERE number = {ITEM}",
      f"DELETE FROM item WHERE number = {ITEM}"], ("item ", "did not acknowledge it")),
    ([f"INSERT INTO item SELECT (inbox << 40) + item, inbox, item, {ITEM_COLUMNS} FROM (SELECT * FROM acknowledged "
      f"WHERE {ACKNOWLEDGED}) JOIN (SELECT {ITEM_COLUMNS} FROM item WHERE number = {ITEM})"],
     ("item ", "is not the one that event")),
    (["INSERT INTO acknowledged SELECT inbox, item + 9999, seq FROM acknowledged LIMIT 1"],
     ("inbox row", "is acknowledged, and no event owed it")),
    (["INSERT INTO acknowledged SELECT inbox + 4096, item, seq FROM acknowledged LIMIT 1"],
     ("inbox row", "is acknowledged, and no event owed it")),
    (["INSERT INTO acknowledged SELECT inbox, 0, seq FROM acknowledged LIMIT 1"],
     ("inbox row", "is acknowledged, and no event owed it")),
    # inboxes
    ([f"UPDATE inbox SET last = last + 1 WHERE number = {ITEM} >> 40"], ("inbox row", "has counted")),
    ([f"DELETE FROM inbox WHERE number = {ITEM} >> 40"], ("item ", "is missing")),
    (["INSERT INTO inbox VALUES (99, 'nobody', 1, 3)"], ("inbox row 99", "has counted 3")),
    (["INSERT INTO inbox VALUES (1 << 50, 'nobody', 1, 0)"], ("inbox row", "has no place")),
    # dossiers
    ([f"UPDATE dossier SET body = randomblob(100) WHERE handover = {OPEN}"], ("handover row", "bytes of dossier 0")),
    ([f"UPDATE dossier SET body = NULL WHERE handover = {OPEN}"], ("handover row", "bytes of dossier 0")),
    ([f"UPDATE dossier SET hash = NULL, body = NULL WHERE handover = {OPEN}"],
     ("handover row", "hash of dossier 0 is not its event's")),
    ([f"UPDATE dossier SET (hash, body) = (SELECT hash, body FROM dossier WHERE handover = {CONFIRMED}) "
      f"WHERE handover = {OPEN}"], ("handover row", "hash of dossier 0 is not its event's")),
    ([f"DELETE FROM dossier WHERE handover = {OPEN}"], ("handover row", "dossier 0 is missing")),
    ([f"INSERT INTO dossier SELECT place + 7, handover, 7, hash, body FROM dossier WHERE handover = {OPEN}"],
     ("handover row", "dossier 7 belongs to no event")),
    ([f"INSERT INTO dossier SELECT {WITHDRAWN} * 16 + 3, {WITHDRAWN}, 3, hash, body FROM dossier "
      f"WHERE handover = {OPEN}"], ("handover row", "its dossiers were deleted, and 3 is there")),
    ([f"INSERT INTO dossier SELECT 16000, 1000, 0, hash, body FROM dossier WHERE handover = {OPEN}"],
     ("dossier row 16000 belongs to no handover",)),
    # when they go
    ([f"UPDATE deletion SET delete_at = delete_at + 1 WHERE handover = {CONFIRMED}"],
     ("handover row", "when its dossiers are deleted")),
    ([f"DELETE FROM deletion WHERE handover = {CONFIRMED}"], ("handover row", "when its dossiers are deleted")),
    ([f"INSERT INTO deletion SELECT {OPEN}, delete_at FROM deletion WHERE handover = {CONFIRMED}"],
     ("handover row", "when its dossiers are deleted")),
    ([f"INSERT INTO deletion SELECT 1000, delete_at FROM deletion WHERE handover = {CONFIRMED}"],
     ("deletion row 1000 belongs to no handover",)),
    # receipts
    ([f"INSERT INTO receipt SELECT {OPEN}, receipt FROM receipt WHERE handover = {CONFIRMED}"],
     ("receipt row", "belongs to no confirmed handover")),
    ([f"UPDATE receipt SET receipt = (SELECT receipt FROM receipt WHERE handover = {CONFIRMED}) "
      f"WHERE handover <> {CONFIRMED}"], ("handover row", "handover of its receipt")),
    ([f"UPDATE receipt SET receipt = CAST(substr(receipt, 1, length(receipt) - 1) || x'7f' AS BLOB) "
      f"WHERE handover = {CONFIRMED}"], ("handover row", "no receipt key of the network has signed")),
    # networks
    (["UPDATE network SET files = x'90' WHERE number = 1"], ("event 1:", "not those that were recorded")),
    (["DELETE FROM network WHERE number = 1"], ("event 1:", "are missing")),
])
def test_what_was_changed_beside_the_rows_is_found_and_named(world, statements, words):
    """Items, acknowledgements, inboxes, dossiers, receipts, networks: one kind of damage at a time."""
    dossier, _ = world.secret_dossier()
    for state in ("received", "confirmed", "confirmed", "withdrawn", "delivered"):
        world.handover_in(state, dossier=dossier)
        dossier, _ = world.secret_dossier()
    world.network.limits["heartbeat"] = "9m"
    reload(world)
    tamper(world, *statements)
    finds(world, *words)


def resigned(world, key=None, **changes):
    """A ledger with one receipt, which says something else and is signed again."""
    _, _, _, receipt = arrived(world)
    said = opened(receipt, derived(world))
    said.update(changes)
    payload = msgpack.packb(list(said.values()), use_bin_type=True)
    secret = hashlib.blake2b(b"houvast receipt key", key=zmq.utils.z85.decode(world.network.broker_secret),
                             digest_size=32).digest()
    signature = (key or nacl.signing.SigningKey(secret)).sign(payload).signature
    forged = msgpack.packb(["houvast-receipt-1", payload, signature], use_bin_type=True)
    tamper(world, f"UPDATE receipt SET receipt = x'{forged.hex()}'")


@pytest.mark.parametrize("changes, words", [
    ({"ledger": fresh_uuid()}, "ledger of its receipt"),
    ({"network": "elsewhere"}, "its receipt names another network"),
    ({"journey": fresh_uuid()}, "journey of its receipt"),
    ({"resident": "r1." + "B" * 43}, "resident of its receipt"),
    ({"from_begeleider": "mallory"}, "from.begeleider of its receipt"),
    ({"to": "werkse"}, "to.organisation of its receipt"),
    ({"contact": [1, "visited", "resident"]}, "contact.on of its receipt"),
    ({"dossier_hash": bytes(32)}, "has_dossier_hash of its receipt"),
    ({"at": 1}, "at of its receipt"),
    ({"seq": 1}, "seq of its receipt"),
    ({"head": bytes(32)}, "head of its receipt"),
])
def test_a_receipt_that_says_something_else_is_found(world, changes, words):
    """Signed with the right key all the same."""
    resigned(world, **changes)
    finds(world, "handover row 1", words)


def test_a_receipt_of_another_key_is_found(world):
    resigned(world, key=nacl.signing.SigningKey.generate())
    finds(world, "handover row 1", "no receipt key of the network has signed its receipt")


def test_a_receipt_of_a_key_that_is_not_listed_is_found(world):
    """The derived key is known, and is none of the network's any more."""
    listed(world, "first", ReceiptKey.fresh())
    world.operator.done("reload")
    resigned_by = nacl.signing.SigningKey.generate()
    _, handover = world.offer()
    world.confirm(handover)
    receipt = item_of(world.inbox(RECEIVER), "confirmed", handover)["receipt"]
    _, payload, _ = msgpack.unpackb(receipt)
    forged = msgpack.packb(["houvast-receipt-1", payload, resigned_by.sign(payload).signature], use_bin_type=True)
    tamper(world, f"UPDATE receipt SET receipt = x'{forged.hex()}'")
    finds(world, "handover row 1", "no receipt key of the network has signed its receipt")


def test_an_item_that_came_back_is_found(world):
    """What was acknowledged stands in the inbox again, and would be sent once more."""
    _, handover = world.offer()
    world.deliver(handover)
    tamper(world, "INSERT INTO item SELECT (inbox << 40) + acknowledged.item, inbox, acknowledged.item, 1, 1, "
           "(SELECT seq FROM event WHERE type = 6), 1, 1, 0, 0 FROM acknowledged")
    finds(world, "item 1 of delft-voor-elkaar (endpoint)", "still owed, though acknowledged")


def test_an_acknowledgement_that_was_forgotten_is_found(world):
    """The same, and no row remembers that it was acknowledged."""
    _, handover = world.offer()
    world.deliver(handover)
    tamper(world, "INSERT INTO item SELECT (inbox << 40) + acknowledged.item, inbox, acknowledged.item, 1, 1, "
           "(SELECT seq FROM event WHERE type = 6), 1, 1, 0, 0 FROM acknowledged", "DELETE FROM acknowledged")
    finds(world, "item 1 of delft-voor-elkaar (endpoint)", "acknowledged it, and that is not noted")


def test_a_handover_of_no_journey_is_found(world):
    """A row that nobody's events would ever be compared with."""
    busy(world, rounds=1)
    columns = ("state, sender, receiver, kind, urgency, disclose, received_by, picked_up_by, planned, introduced, "
               "disclosed, deleted, supplements, dossier_hash, taken_as, as_reason, end_organisation, "
               "end_begeleider, ended_seq, offered_at, delivered_at, received_at, picked_up_at, waiting_at, ended_at")
    tamper(world, f"INSERT INTO handover (number, id, journey, {columns}) SELECT 999, randomblob(16), 888, {columns} "
           "FROM handover WHERE number = 1")
    finds(world, "handover row 999", "no journey")


def test_a_chain_that_was_written_anew_does_not_bring_the_broker_down(world):
    """Who recomputes every hash after an event that the tables do not allow is found out all the same."""
    busy(world, rounds=1)
    world.forget_peers()
    world.daemon.stop()
    database = ledger(world)
    journey, = database.execute("SELECT journey FROM event WHERE journey IS NOT NULL ORDER BY seq LIMIT 1").fetchone()
    first, last = database.execute("SELECT min(seq), max(seq) FROM event WHERE journey = ?", (journey,)).fetchone()
    with contextlib.closing(database), database:
        # The journey's first event and a later one change places: what they say and what they are.
        rows = {seq: database.execute("SELECT type, handover, salt, payload FROM event JOIN payload USING (seq) "
                                      "WHERE seq = ?", (seq,)).fetchone() for seq in (first, last)}
        for seq, other in ((first, last), (last, first)):
            kind, handover, salt, payload = rows[other]
            database.execute("UPDATE event SET type = ?, handover = ? WHERE seq = ?", (kind, handover, seq))
            database.execute("UPDATE payload SET salt = ?, payload = ? WHERE seq = ?", (salt, payload, seq))
        head = bytes(32)
        for seq, at, kind, salt, payload in database.execute(
                "SELECT seq, at, type, salt, payload FROM event JOIN payload USING (seq) ORDER BY seq").fetchall():
            commitment = hashlib.blake2b(salt + payload, digest_size=32).digest()
            numbers = b"".join(value.to_bytes(8, "big") for value in (seq, at, kind))
            head = hashlib.blake2b(head + numbers + commitment, digest_size=32).digest()
            database.execute("UPDATE event SET commitment = ?, hash = ? WHERE seq = ?", (commitment, head, seq))
    world.daemon.start()
    finds(world, f"event {first}", "cannot come where it stands")


# ---- a tail that was cut off ----


def cut_off(world, seq):
    """Takes the events from that one on, and whatever the last of them touched, out of the ledger."""
    tamper(world, f"DELETE FROM payload WHERE seq >= {seq}", f"DELETE FROM event WHERE seq >= {seq}")


def test_a_tail_is_missed_only_by_who_has_kept_a_head(world):
    """Reading a history is an event that no row remembers: without it the ledger is whole in itself."""
    journey = world.open()
    world.history(journey)
    kept = whole(world)
    cut_off(world, kept["seq"])
    assert whole(world)["seq"] == kept["seq"] - 1
    answer = verify(world, head=kept["head"], at_seq=kept["seq"])
    assert answer.type == "refused" and answer["code"] == "conflict" and answer["field"] == "at_seq"
    assert f"event {kept['seq']} is missing" in answer["reason"]
    assert f"at event {kept['seq']}" in world.daemon.said()
    world.history(journey)  # another event of that number: the ledger is as long as before
    answer = verify(world, head=kept["head"], at_seq=kept["seq"])
    assert answer.type == "refused" and answer["field"] == "head"


def test_a_cut_through_what_rows_remember_is_found(world):
    """The last thing that moved a row is gone, and the row is not."""
    busy(world, rounds=1)
    world.open()
    last = number(world, "SELECT max(seq) FROM event")
    cut_off(world, last)
    finds(world, "journey row", "no event")


def test_a_receipt_is_a_head_to_compare_with(world):
    _, _, _, receipt = arrived(world)
    said = opened(receipt, derived(world))
    assert verify(world, head=said["head"], at_seq=said["seq"]).type == "done"
    assert verify(world, head=bytes(32), at_seq=said["seq"])["code"] == "conflict"


def test_head_and_number_go_together(world):
    world.operator.refused("malformed", "verify", field="at_seq", head=bytes(32))
    world.operator.refused("malformed", "verify", field="head", at_seq=1)
    world.operator.refused("malformed", "verify", field="head", at_seq=1, head=bytes(31))
    world.operator.refused("malformed", "verify", field="at_seq", at_seq=0, head=bytes(32))


# ---- while the broker goes on ----


def grow(world, journeys, window=200):
    """Many journeys, so many of them asked for at a time."""
    peer = world.session(HOLDER, name="grower")
    for asked in range(journeys + window):
        if asked < journeys:
            peer.send({"type": "open", "request": peer.fresh_request(), "journey": fresh_uuid(),
                       "resident": "r1." + "A" * 43, "begeleider": "anna", "basis": "public-task",
                       "urgency": "routine"})
        if asked >= window:
            assert peer.next_answer(WITHIN_S).type == "done"
        if asked % 1000 == 0:
            world.daemon.drain_notices()  # nobody else reads the status line


def test_others_are_answered_while_a_walk_goes_on(world):
    """Pings of another peer come back while it walks, and commands are taken; then the answer comes."""
    grow(world, 20_000)
    operator = world.operator
    request = operator.fresh_request()
    began = time.monotonic()
    operator.send({"type": "verify", "request": request})
    longest, opened_meanwhile = 0.0, 0
    while not any(message.get("request") == request for message in operator.others):
        world.daemon.drain_notices()
        before = time.monotonic()
        world.open()
        opened_meanwhile += 1
        longest = max(longest, time.monotonic() - before)
        if operator.socket.poll(0):
            operator.keep(operator.receive())
        assert before - began < WITHIN_S
    answer = operator.answer(request)
    assert answer.type == "done" and answer["counts"]["journeys"] >= 20_000
    assert opened_meanwhile >= 3, "the walk was over before anybody was answered"
    assert longest < 2.0, f"a command waited {longest:.2f} s for a slice"
    whole(world)


def test_who_asks_meanwhile_joins(world):
    """One walk, and as many answers as operators asked; who asks again on a connection gives the first up."""
    grow(world, 5_000)
    operators = [world.session(NETWORK, "operator") for _ in range(3)]
    os.kill(world.daemon.pid, signal.SIGSTOP)
    requests = []
    for operator in operators:
        requests.append(operator.fresh_request())
        operator.send({"type": "verify", "request": requests[-1]})
    again = operators[0].fresh_request()
    operators[0].send({"type": "verify", "request": again})
    os.kill(world.daemon.pid, signal.SIGCONT)
    given_up = operators[0].answer(requests[0], WITHIN_S)
    assert given_up.type == "refused" and given_up["code"] == "busy"
    answers = [operators[0].answer(again, WITHIN_S)] + [
        operator.answer(request, WITHIN_S) for operator, request in zip(operators[1:], requests[1:])]
    assert all(answer.type == "done" for answer in answers)
    assert len({answer["head"] for answer in answers}) == 1
    assert world.daemon.said().count("the ledger is whole") <= 2


def test_no_more_wait_than_may(world):
    """Sixteen connections wait for one walk; others are told so, and nothing of a rate."""
    grow(world, 5_000)
    operators = [world.session(NETWORK, "operator") for _ in range(20)]
    os.kill(world.daemon.pid, signal.SIGSTOP)
    for operator in operators:
        operator.send({"type": "verify", "request": "v"})
    os.kill(world.daemon.pid, signal.SIGCONT)
    answers = [operator.answer("v", WITHIN_S) for operator in operators]
    refused = [answer for answer in answers if answer.type == "refused"]
    assert 1 <= len(refused) <= 4 and {answer["code"] for answer in refused} == {"busy"}, answers
    assert all("wait for a verification" in answer["reason"] and answer["retry_after"] > 0 for answer in refused)
    assert all(answer.type == "done" for answer in answers if answer not in refused)


def test_a_stop_in_the_middle_of_a_walk_is_in_order(world):
    grow(world, 5_000)
    world.operator.send({"type": "verify", "request": "never"})
    world.forget_peers()
    world.daemon.stop()
    world.daemon.start()
    whole(world)


def test_a_journey_longer_than_a_slice(world):
    """Thousands of events in one journey, folded over several slices while it goes on."""
    journey = world.open()
    peer = world.holder
    for _ in range(600):
        peer.send({"type": "history", "request": peer.fresh_request(), "journey": journey, "limit": 1})
    for _ in range(600):
        assert peer.next_answer(WITHIN_S).type == "done"
    for _ in range(300):
        _, handover = world.offer(journey)
        world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    answer = whole(world)
    assert answer["counts"]["journeys"] == 1 and answer["counts"]["handovers"] == 300
    tamper(world, "UPDATE handover SET receiver = 'kcc' WHERE number = 290")
    finds(world, "handover row 290", "to")


# ---- the tool ----


def test_the_tool_says_whether_it_is_whole(world):
    busy(world, rounds=1)
    client = Client(world, NETWORK, "operator")
    said = client.run("verify").stdout
    assert said.startswith("The ledger is whole: events ")
    again = re.search(r"houvast (verify --at-seq \d+ --head [0-9a-f]{64})\n", said)[1].split()
    client.run(*again)
    assert client.json("verify")["counts"]["journeys"] > 0
    head = again[-1]
    said = client.run(*again[:-1], ("0" if head[0] != "0" else "1") + head[1:], expect=REFUSED).stderr
    assert "another hash" in said
    Client(world, RECEIVER).run("verify", expect=REFUSED)
    tamper(world, "UPDATE journey SET begeleider = 'mallory' WHERE number = 2")
    said = client.run("verify", expect=REFUSED).stderr
    assert "the ledger differs: journey row 2" in said and "state directory" in said
