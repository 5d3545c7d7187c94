"""The dossier and the pseudonym: when they go over, in which order, and when they are gone (P1)."""

import pytest

import contract
from peer import Deadline, fresh_resident, fresh_uuid
from world import HOLDER, RECEIVER, THIRD

SHORT_DAYS = pytest.mark.network(policies={"keep_dossier_days": "1"}, testing={"day_length": "1s"})
GONE_S = 10.0


def offered(world, *, dossier=None, **keys):
    """A journey with a known resident, and its offer. (resident, journey, handover)."""
    resident = fresh_resident()
    journey = world.open(resident=resident)
    _, handover = world.offer(journey, dossier=dossier, **keys)
    return resident, journey, handover


def disclosing(world, handover, how):
    keys = dict(handover=handover, begeleider="eva")
    if how == "receive":
        world.receiver.fresh("receive", **keys)
    elif how == "pickup":
        world.receiver.fresh("pickup", **keys)
    else:
        world.confirm(handover)


def assert_knows_nothing(peers, resident, marker):
    for peer in peers:
        assert not peer.saw(resident.encode()), f"{peer} was told the pseudonym"
        assert not peer.saw(marker), f"{peer} was sent the dossier"
        assert not peer.saw(resident[3:].encode()), f"{peer} was told the pseudonym in part"


def look_around(world, peer, journey, handover):
    """Everything that a receiver may ask."""
    peer.done("status", handover=handover)
    peer.done("status", journey=journey)
    peer.done("history", journey=journey)
    peer.ask("fetch", handover=handover)
    peer.done("map")


# ---- when ----


@pytest.mark.parametrize("disclose, before, by", [
    (None, ["receive"], "pickup"),
    (None, ["receive"], "confirm"),
    (None, [], "confirm"),
    ("picked-up", ["receive"], "pickup"),
    ("received", [], "receive"),
    ("received", [], "pickup"),
    ("received", [], "confirm"),
])
def test_disclosure(world, disclose, before, by):
    """Before it neither pseudonym nor dossier is in any frame that the receiver gets; with it both are."""
    dossier, marker = world.secret_dossier()
    keys = {"disclose": disclose} if disclose else {}
    resident, journey, handover = offered(world, dossier=dossier, kind="cold", **keys)
    inbox, coordinator = world.inbox(RECEIVER), world.peer(RECEIVER, "coordinator")
    receivers = [world.receiver, inbox, coordinator]
    inbox.take("offered", handover=handover)
    for step in before:
        disclosing(world, handover, step)
    look_around(world, world.receiver, journey, handover)
    coordinator.done("history", journey=journey)
    coordinator.done("status", handover=handover)
    inbox.expect_no_item()
    assert_knows_nothing(receivers, resident, marker)

    disclosing(world, handover, by)
    item = inbox.next_item()
    if by == "confirm" and item["event"] == "confirmed":  # which of the two comes first is not said
        inbox.ack(item)
        item = inbox.next_item()
    wanted = {"event": "dossier", "handover": handover, "journey": journey, "resident": resident, "number": 0,
              "dossier_hash": contract.hash_of(dossier)}
    assert {key: item.get(key) for key in wanted} == wanted
    assert item.dossier == dossier


def test_the_third_never_learns(world):
    """Through a whole handover, whatever it asks."""
    dossier, marker = world.secret_dossier()
    resident, journey, handover = offered(world, dossier=dossier)
    third, inbox = world.third, world.inbox(THIRD)
    disclosing(world, handover, "pickup")
    world.confirm(handover)
    for kind, keys in (("status", {"handover": handover}), ("status", {"journey": journey}),
                       ("history", {"journey": journey}), ("fetch", {"handover": handover})):
        third.refused("unknown", kind, **keys)
    inbox.expect_no_item()
    assert_knows_nothing([third, inbox], resident, marker)


def test_coordinators_never_get_a_dossier(world):
    """It is for the begeleider alone; not even the network's coordinators are sent one."""
    dossier, marker = world.secret_dossier()
    resident, journey, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    peers = [world.inbox("kcc", "coordinator"), world.inbox(RECEIVER, "coordinator"), world.inbox(HOLDER, "coordinator")]
    for peer in peers:
        peer.refused("forbidden", "fetch", handover=handover)
        peer.done("history", journey=journey)
        peer.barrier()
        assert not peer.saw(marker)


def test_a_bare_offer_discloses_the_pseudonym(world):
    """Where there is no dossier the item comes for the pseudonym."""
    resident, journey, handover = offered(world)
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    disclosing(world, handover, "pickup")
    item = inbox.take("dossier", resident=resident, number=0)
    assert item.dossier is None and "dossier_hash" not in item
    world.receiver.done("fetch", handover=handover)
    item = inbox.take("dossier", resident=resident)
    assert item.dossier is None, "fetch where only the pseudonym was disclosed sends the bare item (6.30)"


def test_a_real_sealing_is_opened_by_the_receiver(world):
    """What the sender sealed is what the begeleider reads; the broker knew neither."""
    sealing = world.network[RECEIVER].sealing["first"]
    dossier = sealing.seal(b"Mevrouw belt liever dan dat zij schrijft.")
    _, _, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    item = inbox.take("dossier")
    assert sealing.open(item.dossier) == b"Mevrouw belt liever dan dat zij schrijft."
    assert not world.daemon.holds_bytes(b"Mevrouw belt liever")


@pytest.mark.parametrize("size", [9, 4096, 100_000, 2**20])
def test_dossiers_of_all_sizes_arrive_whole(world, size):
    """Byte for byte, up to 1 MiB."""
    dossier = world.network.dossier(RECEIVER, b"d" * (size - 8))
    assert len(dossier) == size
    _, _, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    assert inbox.take("dossier").dossier == dossier


def test_many_large_dossiers(world):
    """Twelve of 1 MiB to one session: the window is bounded, and all of them arrive."""
    dossiers = {}
    for number in range(12):
        dossier = world.network.dossier(RECEIVER, bytes([number]) * (2**20 - 8))
        _, _, handover = offered(world, dossier=dossier, disclose="received")
        dossiers[handover] = dossier
        world.receiver.fresh("receive", handover=handover, begeleider="eva")
    inbox = world.inbox(RECEIVER)
    while dossiers:
        item = inbox.next_item()
        inbox.ack(item)
        if item["event"] == "dossier":
            assert item.dossier == dossiers.pop(item["handover"])


# ---- supplements and order ----


def test_supplements_before_disclosure_wait_for_it(world):
    """And then come in order: 0, 1, 2."""
    frames = [world.network.dossier(RECEIVER, bytes([number]) * 50) for number in range(3)]
    resident, journey, handover = offered(world, dossier=frames[0])
    for number in (1, 2):
        world.holder.fresh("supplement", frames[number], handover=handover, number=number)
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    inbox.expect_no_item()
    disclosing(world, handover, "pickup")
    for number in range(3):
        item = inbox.take("dossier", number=number, resident=resident, dossier_hash=contract.hash_of(frames[number]))
        assert item.dossier == frames[number]
    inbox.expect_no_item()


def test_a_supplement_after_disclosure_goes_over_at_once(world):
    """Also where the offer had no dossier: it starts at 1 (6.32)."""
    resident, journey, handover = offered(world)
    disclosing(world, handover, "pickup")
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    inbox.take("dossier", number=0)
    frame = world.network.dossier(RECEIVER, b"more")
    world.holder.fresh("supplement", frame, handover=handover, number=1)
    assert inbox.take("dossier", number=1, resident=resident).dossier == frame


def test_fetch_brings_all_again_in_order(world):
    """0, 1, 2; to the inbox, where they are acknowledged like any item."""
    frames = [world.network.dossier(RECEIVER, bytes([number]) * 50) for number in range(3)]
    resident, journey, handover = offered(world, dossier=frames[0])
    for number in (1, 2):
        world.holder.fresh("supplement", frames[number], handover=handover, number=number)
    disclosing(world, handover, "pickup")
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    for turn in range(2):
        for number in range(3):
            assert inbox.take("dossier", number=number).dossier == frames[number]
        inbox.expect_no_item()
        if turn == 0:
            world.receiver.done("fetch", handover=handover)


def test_fetch_adds_no_item_while_one_waits(world):
    """Asked ten times before anything was acknowledged, it comes once."""
    dossier, _ = world.secret_dossier()
    resident, journey, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    for _ in range(10):
        world.receiver.done("fetch", handover=handover)
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    inbox.take("dossier")
    inbox.expect_no_item()


def test_fetch_after_the_confirmation(world):
    """From disclosure until they are deleted, so also when the hold has moved."""
    dossier, _ = world.secret_dossier()
    _, _, handover = offered(world, dossier=dossier)
    world.confirm(handover)
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    taken = [inbox.next_item()]
    inbox.ack(taken[0])
    taken.append(inbox.next_item())
    inbox.ack(taken[1])
    assert {item["event"] for item in taken} == {"dossier", "confirmed"}
    world.receiver.done("fetch", handover=handover)
    assert inbox.take("dossier").dossier == dossier


def test_a_dossier_survives_a_crash(world):
    """Sealed before, read after."""
    dossier, _ = world.secret_dossier(size=200_000)
    _, _, handover = offered(world, dossier=dossier)
    world.restart()
    disclosing(world, handover, "pickup")
    world.restart()
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    assert inbox.take("dossier").dossier == dossier


# ---- gone ----


def wait_until_gone(world, marker):
    """The bytes are in no file of the state directory any more, within the deadline."""
    deadline = Deadline(GONE_S)
    while names := world.daemon.holds_bytes(marker):
        assert not deadline.passed, f"after {GONE_S} s the dossier is still in {names}"
        world.network_coordinator.ask("ping")


@pytest.mark.parametrize("size", [64, 30_000])
@pytest.mark.parametrize("end", ["decline", "withdraw", "deceased"])
def test_deleted_at_once_when_it_ends(world, end, size):
    """Declined or withdrawn: fetch is conflict, and the bytes leave the disk."""
    dossier, marker = world.secret_dossier(size=size)
    further, further_marker = world.secret_dossier(size=size)
    resident, journey, handover = offered(world, dossier=dossier)
    world.holder.fresh("supplement", further, handover=handover, number=1)
    disclosing(world, handover, "pickup")
    assert world.daemon.holds_bytes(marker), "the search finds what is there"
    if end == "decline":
        world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
    elif end == "withdraw":
        world.holder.fresh("withdraw", handover=handover, reason="consent-withdrawn")
    else:
        world.holder.fresh("close", journey=journey, begeleider="anna", outcome="deceased")
    world.receiver.refused("conflict", "fetch", handover=handover)
    wait_until_gone(world, marker)
    wait_until_gone(world, further_marker)


@pytest.mark.parametrize("end", ["decline", "withdraw"])
def test_a_pending_item_is_sent_as_deleted(world, end):
    """Neither pseudonym nor dossier, and it still has to be acknowledged."""
    dossier, marker = world.secret_dossier()
    resident, journey, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    if end == "decline":
        world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
    else:
        world.holder.fresh("withdraw", handover=handover, reason="consent-withdrawn")
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    item = inbox.take("dossier", deleted=True)
    assert item.dossier is None and "resident" not in item
    if end == "withdraw":
        inbox.take("withdrawn", destroy=True)
    inbox.expect_no_item()
    assert_knows_nothing([inbox, world.receiver], resident, marker)


def test_withdrawn_after_disclosure_says_destroy(world):
    """The receiver has it already, and is asked to destroy it."""
    dossier, _ = world.secret_dossier()
    _, _, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    inbox.take("dossier")
    world.holder.fresh("withdraw", handover=handover, reason="consent-withdrawn")
    inbox.take("withdrawn", destroy=True)


@SHORT_DAYS
def test_deleted_some_days_after_the_confirmation(world):
    """keep_dossier_days, here one short day: fetch works until then and is conflict after."""
    dossier, marker = world.secret_dossier(size=9000)
    _, journey, handover = offered(world, dossier=dossier)
    world.confirm(handover)
    world.receiver.done("fetch", handover=handover)
    wait_until_gone(world, marker)
    world.receiver.refused("conflict", "fetch", handover=handover)
    assert "deleted" in [event["event"] for event in world.history(journey)]
    assert world.holder_of(journey) == (RECEIVER, "eva")


@pytest.mark.network(policies={"keep_dossier_days": "0"})
def test_kept_for_no_day_at_all(world):
    """A network that keeps nothing after the confirmation."""
    dossier, marker = world.secret_dossier()
    _, _, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    assert inbox.take("dossier").dossier == dossier
    world.confirm(handover)
    wait_until_gone(world, marker)
    world.receiver.refused("conflict", "fetch", handover=handover)


@SHORT_DAYS
def test_a_dossier_that_was_never_taken_is_sent_as_deleted(world):
    """The item waited longer than the dossier was kept."""
    dossier, marker = world.secret_dossier()
    resident, _, handover = offered(world, dossier=dossier)
    world.confirm(handover)
    wait_until_gone(world, marker)
    inbox = world.inbox(RECEIVER)
    inbox.take("offered")
    items = [inbox.next_item()]
    inbox.ack(items[0])
    items.append(inbox.next_item())
    inbox.ack(items[1])
    item = next(item for item in items if item["event"] == "dossier")
    assert item["deleted"] is True and item.dossier is None and "resident" not in item
    # Who has confirmed holds the resident: the receipt says whom. The dossier is gone all the same.
    receipt = next(item for item in items if item["event"] == "confirmed")["receipt"]
    assert resident.encode() in receipt
    assert not inbox.saw(marker)


@SHORT_DAYS
def test_deletion_falls_due_while_the_broker_was_down(world):
    """A day that passed while nothing ran is made good at the next start."""
    dossier, marker = world.secret_dossier()
    _, _, handover = offered(world, dossier=dossier)
    world.confirm(handover)
    world.forget_peers()
    world.daemon.kill()
    pause = Deadline(1.2)
    while not pause.passed:
        world.daemon.notify.settimeout(max(0.01, pause.left_s))
        try:
            world.daemon.notify.recv(64)
        except TimeoutError:
            pass
    world.daemon.notify.settimeout(None)
    world.daemon.start()
    wait_until_gone(world, marker)


def test_a_re_offer_is_sealed_anew(world):
    """After a decline nothing of the first dossier goes to the next receiver."""
    dossier, marker = world.secret_dossier()
    _, journey, handover = offered(world, dossier=dossier)
    world.receiver.fresh("decline", handover=handover, reason="full", decided="receiver")
    _, second = world.offer(journey, to=THIRD)
    world.third.fresh("pickup", handover=second, begeleider="tom")
    inbox = world.inbox(THIRD)
    inbox.take("offered", handover=second)
    assert inbox.take("dossier", handover=second).dossier is None
    assert not inbox.saw(marker)


def test_the_pseudonym_stands_in_opened_alone(world):
    """No event of a handover carries it, whoever reads."""
    dossier, _ = world.secret_dossier()
    resident, journey, handover = offered(world, dossier=dossier)
    disclosing(world, handover, "pickup")
    world.confirm(handover)
    world.receiver.fresh("reassign", journey=journey, begeleider="bob", instead_of="eva", reason="ill", on=1000)
    for peer in (world.network_coordinator, world.receiver):
        events = world.history(journey, peer)
        with_it = [event["event"] for event in events if resident in repr(event)]
        assert with_it == ["opened"], with_it
