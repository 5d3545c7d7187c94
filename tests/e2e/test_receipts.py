"""Receipts: signed proof that a resident has arrived, checked here by a second implementation."""

import hashlib
import json

import msgpack
import nacl.exceptions
import nacl.signing
import pytest
import zmq.utils.z85

import contract
from network import DAY_S, Key, ReceiptKey
from peer import fresh_resident, now_ms
from tool import CONFIGURATION, PROGRAM, REFUSED, USAGE, Client, run
from world import HOLDER, RECEIVER

ELEMENTS = ["ledger", "network", "handover", "journey", "resident", "from", "from_begeleider", "to", "to_begeleider",
            "contact", "dossier_hash", "at", "seq", "head"]


def opened(receipt, public):
    """What a receipt says, once its signature is good; raises where it is not."""
    form, payload, signature = msgpack.unpackb(receipt)
    assert form == "houvast-receipt-1"
    nacl.signing.VerifyKey(public).verify(payload, signature)
    elements = msgpack.unpackb(payload)
    assert len(elements) == len(ELEMENTS)
    assert msgpack.packb(elements, use_bin_type=True) == payload, "numbers are not as short as they go"
    return dict(zip(ELEMENTS, elements))


def item_of(inbox, event, handover):
    """The inbox's item of that event; everything before it is acknowledged."""
    while True:
        item = inbox.next_item()
        inbox.ack(item)
        if item["event"] == event and item.get("handover") == handover:
            return item


def arrived(world, **keys):
    """A resident who has arrived: (resident, journey, handover, receipt)."""
    resident = fresh_resident()
    journey = world.open(resident=resident)
    journey, handover = world.offer(journey, **keys)
    world.confirm(handover)
    return resident, journey, handover, item_of(world.inbox(RECEIVER), "confirmed", handover)["receipt"]


def derived(world):
    """The key of a broker whose network lists none."""
    secret = zmq.utils.z85.decode(world.network.broker_secret)
    seed = hashlib.blake2b(b"houvast receipt key", key=secret, digest_size=32).digest()
    return bytes(nacl.signing.SigningKey(seed).verify_key)


def listed(world, label, key):
    world.network.receipt_keys[label] = key
    world.network.write_receipt_key(key)
    world.network.write()


def file_of(world, receipt, name="receipt"):
    path = world.daemon.scratch / name
    path.write_bytes(receipt)
    return path


# ---- what both sides get ----


def test_both_sides_get_the_same_receipt(world):
    """It says who passed whom to whom, when, by which contact, and as which event."""
    dossier, _ = world.secret_dossier()
    resident = fresh_resident()
    journey = world.open(resident=resident, begeleider="anna")
    _, handover = world.offer(journey, dossier=dossier)
    contact = world.contact(how="called")
    done = world.receiver.fresh("confirm", handover=handover, begeleider="eva", contact=contact)
    receipt = item_of(world.inbox(RECEIVER), "confirmed", handover)["receipt"]
    assert item_of(world.inbox(HOLDER), "confirmed", handover)["receipt"] == receipt
    welcome = world.connect(HOLDER).hello()
    said = opened(receipt, welcome["receipt_key"])
    confirmed = next(event for event in world.history(journey) if event["event"] == "confirmed")
    assert said | {"head": None} == {
        "ledger": welcome["ledger"], "network": "delft-test", "handover": handover, "journey": journey,
        "resident": resident, "from": HOLDER, "from_begeleider": "anna", "to": RECEIVER, "to_begeleider": "eva",
        "contact": [contact["on"], "called", "resident"], "dossier_hash": contract.hash_of(dossier),
        "at": done["at"], "seq": confirmed["seq"], "head": None}


def test_the_head_is_that_of_the_event(world):
    """A confirmation that is the last event has the head that the next welcome says."""
    _, _, handover, _ = arrived(world)
    world.offer()
    journey, handover = world.offer(disclose="received")
    world.receiver.fresh("receive", handover=handover, begeleider="eva")
    world.confirm(handover)
    welcome = world.connect(HOLDER).hello()
    receipt = item_of(world.inbox(HOLDER), "confirmed", handover)["receipt"]
    said = opened(receipt, welcome["receipt_key"])
    assert (said["seq"], said["head"]) == (welcome["seq"], welcome["head"])


def test_an_offer_without_a_dossier_has_no_hash(world):
    _, _, _, receipt = arrived(world)
    assert opened(receipt, derived(world))["dossier_hash"] == b""


def test_who_held_last_is_named(world):
    """Another begeleider took over before the resident went: they passed on, not who began."""
    journey, handover = world.offer()
    world.holder.fresh("reassign", journey=journey, begeleider="bram", instead_of="anna", reason="leave", on=now_ms())
    world.confirm(handover)
    receipt = item_of(world.inbox(HOLDER), "confirmed", handover)["receipt"]
    assert opened(receipt, derived(world))["from_begeleider"] == "bram"


def test_a_receipt_survives_a_kill(world):
    """It is on disk with the confirmation: what is sent after a kill is the same, byte for byte."""
    _, handover = world.offer()
    world.confirm(handover)
    first = item_of(world.inbox(HOLDER), "confirmed", handover)["receipt"]
    world.restart()
    assert item_of(world.inbox(RECEIVER), "confirmed", handover)["receipt"] == first


def test_one_item_where_both_sides_are_one(world):
    _, handover = world.offer(to=HOLDER)
    world.confirm(handover, by=HOLDER)
    assert opened(item_of(world.inbox(HOLDER), "confirmed", handover)["receipt"], derived(world))["to"] == HOLDER
    world.inbox(HOLDER).expect_no_item()


# ---- keys ----


def test_without_a_list_the_key_follows_from_the_brokers(world):
    """Valid without end: the map has it alone, without times."""
    assert world.connect(HOLDER).hello()["receipt_key"] == derived(world)
    assert world.holder.done("map")["receipt_keys"] == [{"key": derived(world)}]


def test_keys_rotate_without_a_restart(world_at_rest):
    """Both keys are on the map, and each receipt is good with the key of its day."""
    world = world_at_rest
    first = ReceiptKey.fresh()
    listed(world, "first", first)
    world.daemon.start()
    _, _, _, before = arrived(world)
    second = ReceiptKey.fresh(valid_from=first.valid_from + 5)
    listed(world, "second", second)
    world.operator.done("reload")
    _, _, _, after = arrived(world)
    keys = world.holder.done("map")["receipt_keys"]
    assert [key["key"] for key in keys] == [second.public, first.public]
    assert all(key["from"] < now_ms() < key["until"] for key in keys)
    assert world.connect(HOLDER).hello()["receipt_key"] == second.public
    opened(before, first.public)
    opened(after, second.public)
    with pytest.raises(nacl.exceptions.BadSignatureError):
        opened(after, first.public)
    assert "signed with the key second" in world.daemon.said()


def test_the_key_alone_can_change(world_at_rest):
    """A reload reads receipt.key again though no file of the network has changed."""
    world = world_at_rest
    first, second = ReceiptKey.fresh(), ReceiptKey.fresh()
    listed(world, "second", second)
    listed(world, "first", first)
    world.daemon.start()
    world.network.write_receipt_key(second)
    assert world.connect(HOLDER).hello()["receipt_key"] == first.public
    world.operator.done("reload")
    assert world.connect(HOLDER).hello()["receipt_key"] == second.public


@pytest.mark.parametrize("spoil, words", [
    (lambda world, key: world.network.write_receipt_key(ReceiptKey.fresh()),
     ("network.conf:", "receipt.key", "section")),
    (lambda world, key: (world.network.directory / "receipt.key").unlink(), ("receipt.key", "keygen")),
    (lambda world, key: (world.network.directory / "receipt.key").chmod(0o644), ("receipt.key", "chmod 600")),
    (lambda world, key: setattr(key, "valid_until", key.valid_from + 5), ("network.conf:", "expired on")),
    (lambda world, key: setattr(key, "valid_from", key.valid_until - 5), ("network.conf:", "valid only from")),
    (lambda world, key: setattr(key, "valid_until", key.valid_from), ("network.conf:", "valid_until")),
])
def test_a_key_that_is_not_in_order_is_refused_at_a_reload(world_at_rest, spoil, words):
    """With the place and the mend; the old key goes on signing."""
    world = world_at_rest
    key = ReceiptKey.fresh()
    listed(world, "first", key)
    world.daemon.start()
    spoil(world, key)
    world.operator.done("map")
    (world.network.directory / "network.conf").write_text(world.network.text())
    reason = world.operator.refused("conflict", "reload")["reason"]
    assert all(word in reason for word in words), reason
    _, _, _, receipt = arrived(world)
    opened(receipt, key.public)


def test_a_start_with_a_key_that_is_not_listed_is_refused(world_at_rest):
    world = world_at_rest
    listed(world, "first", ReceiptKey.fresh())
    world.network.write_receipt_key(ReceiptKey.fresh())
    assert world.daemon.run() == 78
    assert "network.conf:" in world.daemon.said() and "receipt.key" in world.daemon.said()


def test_time_alone_keeps_nobody_from_starting(world_at_rest):
    """An expired key goes on signing, and the journal says so once."""
    world = world_at_rest
    key = ReceiptKey.fresh(valid_until=1_700_000_000, valid_from=1_600_000_000)
    listed(world, "first", key)
    world.daemon.start()
    for _ in range(2):
        _, _, _, receipt = arrived(world)
        opened(receipt, key.public)
    assert world.daemon.said().count("the receipt key first has expired") == 1
    assert "put the next key into receipt.key and restart houvastd" in world.daemon.said(), "a reload gives it no other"


def test_a_clock_that_is_behind_keeps_nobody_from_starting(world_at_rest):
    """A machine that begins in another year signs with the key that it has, and says so."""
    world = world_at_rest
    key = ReceiptKey.fresh(valid_from=now_ms() / 1000 + DAY_S)
    listed(world, "first", key)
    world.daemon.start()
    _, _, _, receipt = arrived(world)
    opened(receipt, key.public)
    assert "the key first, whose valid_from has not come: see to this machine's clock" in world.daemon.said()
    said = verify(file_of(world, receipt), "--network", world.network.directory, expect=REFUSED)
    assert "is valid only from" in said.stderr


@pytest.mark.parametrize("validity", [
    {"valid_from": 1_600_000_000, "valid_until": 1_700_000_000}, {"valid_from": 4_000_000_000, "valid_until": 4_100_000_000},
], ids=["expired", "to come"])
def test_time_alone_keeps_no_key_on_the_map(world_at_rest, validity):
    """A key of the wire that may be stolen can be taken away by a reload, whatever the day."""
    world = world_at_rest
    listed(world, "first", ReceiptKey.fresh(**validity))
    world.daemon.start()
    stolen = world.session(RECEIVER)
    world.network[RECEIVER].keys["endpoint"] = Key.fresh("endpoint")
    world.network.write()
    world.operator.done("reload")
    stolen.refused("forbidden", "map")


def test_credentials_come_first(world_at_rest):
    """A receipt.key of the service manager is used in place of the one beside the network."""
    world = world_at_rest
    beside, credential = ReceiptKey.fresh(), ReceiptKey.fresh()
    listed(world, "credential", credential)
    listed(world, "beside", beside)
    folder = world.daemon.scratch / "credentials"
    folder.mkdir()
    world.network.write_receipt_key(credential)
    (world.network.directory / "receipt.key").rename(folder / "receipt.key")
    world.network.write_receipt_key(beside)
    world.daemon.start(CREDENTIALS_DIRECTORY=str(folder))
    assert world.connect(HOLDER).hello()["receipt_key"] == credential.public


# ---- the tool ----


def verify(path, *arguments, **more):
    return run(PROGRAM, "receipt", "verify", path, *arguments, **more)


def z85(key):
    return zmq.utils.z85.encode(key).decode()


def test_verify_says_it_in_a_sentence(world):
    """With the key alone, and nobody asked."""
    resident, journey, handover, receipt = arrived(world)
    said = verify(file_of(world, receipt), "--key", z85(derived(world))).stdout
    assert said.startswith(f"Good: anna of {HOLDER} passed resident {resident} to eva of {RECEIVER}, recorded on ")
    for word in ("network delft-test", "receipt ", journey, handover, "visited", z85(derived(world))):
        assert word in said


def test_verify_asks_files_or_broker_for_the_keys(world_at_rest):
    """The three ways give the same answer; JSON has all of it."""
    world = world_at_rest
    key = ReceiptKey.fresh()
    listed(world, "first", key)
    world.daemon.start()
    resident, journey, handover, receipt = arrived(world)
    path = file_of(world, receipt)
    client = Client(world, HOLDER)
    answers = [
        json.loads(run(PROGRAM, "--json", "receipt", "verify", path, "--key", z85(key.public)).stdout),
        json.loads(verify(path, "--json", "--network", world.network.directory).stdout),
        client.json("receipt", "verify", path),
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["good"] is True and answers[0]["key"] == z85(key.public)
    said = answers[0]["receipt"]
    assert (said["resident"], said["journey"], said["handover"]) == (resident, journey, handover)
    assert said["from"] == {"organisation": HOLDER, "begeleider": "anna"}
    assert said["to"] == {"organisation": RECEIVER, "begeleider": "eva"}
    assert said == client.json("receipt", "show", path)


def test_a_network_without_a_list_is_enough_beside_its_key(world):
    _, _, _, receipt = arrived(world)
    path = file_of(world, receipt)
    verify(path, "--network", world.network.directory)
    (world.network.directory / "broker.key").rename(world.daemon.scratch / "away")
    said = verify(path, "--network", world.network.directory, expect=CONFIGURATION).stderr
    assert "--key" in said


def test_every_changed_byte_is_found_out(world):
    """Whichever byte it is: damaged, or signed by nobody."""
    _, _, _, receipt = arrived(world)
    key = z85(derived(world))
    for at in range(0, len(receipt), 41):
        changed = bytearray(receipt)
        changed[at] ^= 1
        verify(file_of(world, bytes(changed)), "--key", key, expect=REFUSED)
    for cut in (b"", receipt[:-1], receipt + b"\0", b"\xc1", b"x" * 5000):
        verify(file_of(world, cut), "--key", key, expect=REFUSED)
    said = verify(file_of(world, receipt), "--key", z85(ReceiptKey.fresh().public), expect=REFUSED).stderr
    assert "do not believe it" in said


def test_a_receipt_after_its_keys_time_is_not_good(world_at_rest):
    """Until the date in the network's files is put right."""
    world = world_at_rest
    key = ReceiptKey.fresh(valid_from=1_600_000_000, valid_until=1_700_000_000)
    listed(world, "first", key)
    world.daemon.start()
    _, _, _, receipt = arrived(world)
    path = file_of(world, receipt)
    said = verify(path, "--network", world.network.directory, expect=REFUSED)
    assert "had expired on" in said.stderr
    answer = verify(path, "--json", "--network", world.network.directory, expect=REFUSED).stdout
    assert json.loads(answer)["good"] is False
    key.valid_until = now_ms() / 1000 + DAY_S
    world.network.write()
    verify(path, "--network", world.network.directory)


def test_the_tool_takes_what_listen_prints(world):
    """The digits of `listen --json`, from a pipe, with the quotes of a lazy script."""
    _, handover = world.offer()
    world.confirm(handover)
    item = Client(world, HOLDER).json("listen", "--count", "1")
    assert item["event"] == "confirmed"
    receipt = item["receipt"]
    said = run(PROGRAM, "receipt", "verify", "-", "--key", z85(derived(world)), input=f'"{receipt}"\n').stdout
    assert said.startswith("Good: ")
    assert run(PROGRAM, "receipt", "show", "-", input=receipt).stdout.startswith("Not checked: ")


def test_usage_of_receipt(world):
    for arguments in (["receipt"], ["receipt", "verify"], ["receipt", "burn", "x"], ["receipt", "show", "/nowhere"],
                      ["receipt", "verify", "/nowhere", "--key", "x"]):
        run(PROGRAM, *arguments, expect=USAGE)
    path = file_of(world, b"x")
    run(PROGRAM, "receipt", "verify", path, "--key", "x", expect=USAGE)
    run(PROGRAM, "receipt", "verify", path, "--key", "x", "--network", "y", expect=USAGE)
    run(PROGRAM, "receipt", "verify", path, "--network", "/nowhere", expect=CONFIGURATION)
    run(PROGRAM, "receipt", "verify", path, expect=CONFIGURATION)
    run(PROGRAM, "receipt", "show", path, expect=REFUSED)


def test_check_looks_at_receipt_keys(world_at_rest):
    """A list without its key, another's key, and one that ends soon."""
    world = world_at_rest
    directory = world.network.directory
    check = [PROGRAM, "network", "check", directory]
    assert "lists no receipt key" in run(*check).stdout
    soon = ReceiptKey.fresh(valid_until=now_ms() / 1000 + 3 * DAY_S)
    listed(world, "first", soon)
    assert "the last receipt key expires on" in run(*check).stdout
    listed(world, "second", ReceiptKey.fresh())
    assert "receipt key" not in run(*check).stdout
    world.network.write_receipt_key(ReceiptKey.fresh())
    assert "[receipt …]" in run(*check, expect=CONFIGURATION).stderr
    (directory / "receipt.key").unlink()
    assert "receipt.key was not looked at" in run(*check).stdout
    shown = run(PROGRAM, "network", "show", directory).stdout
    assert z85(soon.public) in shown


def test_ids_are_of_this_handover(world):
    """Two arrivals have two receipts, each its own."""
    first, second = arrived(world), arrived(world)
    for _, journey, handover, receipt in (first, second):
        said = opened(receipt, derived(world))
        assert (said["journey"], said["handover"]) == (journey, handover)
    assert first[3] != second[3]
