"""The network's files read again while it runs, all or nothing."""

import shutil

import pytest
import zmq

from network import DAY_S, Key, SealingKey
from peer import Deadline, NoAnswer, fresh_uuid
from world import HOLDER, NETWORK, RECEIVER, THIRD


def reload(world):
    world.network.write()
    return world.operator.done("reload")


def reload_refused(world, *words):
    """Refused with a reason that has these words; the files are put back by whoever changed them."""
    answer = world.operator.refused("conflict", "reload")
    for word in words:
        assert word in answer["reason"], f"expected {word!r} in the reason, got {answer['reason']!r}"
    return answer["reason"]


def spoil(world, name, old, new):
    """Writes the file with one text in place of another; the number of the line that it is in."""
    path = world.network.directory / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[:text.index(old)].count("\n") + 1


# ---- what only a start can change ----


def test_another_broker_key_is_refused(world):
    """Every peer knows the broker by it: a reload that would change it says to restart."""
    world.operator.done("map")  # connected before the files change
    world.network.broker_public, _ = zmq.curve_keypair()
    world.network.write()
    reload_refused(world, "public_key", "restart")


def test_another_address_is_refused(world):
    """A reload opens no other address, and says so rather than leaving it without effect."""
    world.operator.done("map")
    world.network.endpoint += "-elsewhere"
    world.network.write()
    reload_refused(world, "listen", "restart")


# ---- good ----


def test_a_new_organisation_is_there_at_once(world):
    """It says hello and is offered a resident, without a restart."""
    world.network.add("de-schakel", "De Schakel")
    with pytest.raises(NoAnswer):
        world.connect("de-schakel").hello(within=0.3)
    reload(world)
    world.session("de-schakel").done("map")
    _, handover = world.offer(to="de-schakel")
    world.session("de-schakel", credit=1).expect_item("offered", handover=handover)


def test_changed_limits_are_in_force(world):
    """The next welcome has the new heartbeat."""
    world.network.limits["heartbeat"] = "7s"
    reload(world)
    assert world.session(HOLDER).welcomed["heartbeat"] == 7000


def test_a_hang_up_reloads(world):
    """SIGHUP reads the files too."""
    world.network[THIRD].display_name = "Werkse Nieuw"
    world.network.write()
    world.daemon.hang_up()
    deadline = Deadline(5)
    while True:
        names = {entry["display_name"] for entry in world.holder.done("map")["organisations"]}
        if "Werkse Nieuw" in names:
            return
        assert not deadline.passed, f"still {names}"


def test_drop_ins(world):
    """A drop-in's assignment replaces the file's."""
    folder = world.network.directory / "organisations" / f"{THIRD}.conf.d"
    folder.mkdir()
    (folder / "10-telephone.conf").write_text("[organisation]\ntelephone = 015-7777777\n")
    world.operator.done("reload")
    entry = next(e for e in world.holder.done("map")["organisations"] if e["organisation"] == THIRD)
    assert entry["telephone"] == "015-7777777"
    folder = world.network.directory / "network.conf.d"
    folder.mkdir()
    (folder / "10-limits.conf").write_text("[limits]\nheartbeat = 9s\n")
    world.operator.done("reload")
    assert world.session(HOLDER).welcomed["heartbeat"] == 9000


def test_sessions_live_on(world):
    """A reload ends no session whose key stays."""
    holder, third = world.holder, world.third
    reload(world)
    holder.done("map")
    third.done("map")


def test_a_reload_is_recorded(world):
    """Other files in force are an event: seq moves."""
    before = world.holder.done("map")["seq"]
    world.network.limits["heartbeat"] = "8s"
    reload(world)
    assert world.holder.done("map")["seq"] > before


# ---- broken ----

MISTAKES = {
    "a key that is no key": ("organisations/werkse.conf", "public_key = ", "public_key = abc"),
    "an unknown role": ("organisations/werkse.conf", "roles = endpoint", "roles = endpiont"),
    "operator outside the coordinating organisation": ("organisations/werkse.conf", "roles = endpoint", "roles = operator"),
    "an unknown setting": ("organisations/werkse.conf", "telephone = ", "telefoon = "),
    "an unknown section": ("organisations/werkse.conf", "[key endpoint]", "[klant endpoint]"),
    "a name that is no name": ("organisations/werkse.conf", "name = werkse", "name = Werkse!"),
    "no assignment": ("organisations/werkse.conf", "telephone = 015-3333333", "telephone"),
    "a duration without a unit": ("network.conf", "heartbeat = 10m", "heartbeat = 10"),
    "a duration of office time": ("network.conf", "heartbeat = 10m", "heartbeat = 10h"),
    "out of range": ("network.conf", "heartbeat = 10m", "heartbeat = 1ms"),
    "an unknown limit": ("network.conf", "heartbeat = 10m", "heartbeet = 10m"),
    "a coordinating organisation that is not there": ("network.conf", "coordinating = kcc", "coordinating = gemeente"),
    "an environment that is not there": ("network.conf", "environment = test", "environment = staging"),
    "an endpoint that is none": ("network.conf", "listen = ipc:", "listen = pigeon:"),
    "a very long line": ("network.conf", "name = delft-test", "name = delft-test" + "x" * 5000),
    "a date that is none": ("organisations/werkse.conf", "valid_until = 2", "valid_until = soon-2"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_keeps_the_old_network(shared_world, name):
    """Refused with file and line; everything goes on as it was."""
    world = shared_world
    file, old, new = MISTAKES[name]
    before = world.holder.done("map")
    try:
        line = spoil(world, file, old, new)
        reload_refused(world, f"{file}:{line}:")
    finally:
        world.network.write()
    after = world.holder.done("map")
    assert (after["organisations"], after["seq"]) == (before["organisations"], before["seq"])
    world.operator.done("reload")


def test_a_key_that_two_organisations_have(shared_world):
    """What a peer may do follows from its key, so a key has one owner."""
    world = shared_world
    world.network[THIRD].keys["copied"] = world.network[RECEIVER].keys["endpoint"]
    try:
        world.network.write()
        reload_refused(world, "werkse.conf" if THIRD == "werkse" else THIRD)
    finally:
        del world.network[THIRD].keys["copied"]
        world.network.write()


def test_missing_files(shared_world):
    """No network.conf, or a whole directory gone: refused, and the old network goes on."""
    world = shared_world
    kept = world.network.directory / "kept.conf"
    path = world.network.directory / "network.conf"
    path.rename(kept)
    try:
        reload_refused(world, "network.conf")
    finally:
        kept.rename(path)
    folder = world.network.directory / "organisations"
    aside = world.network.directory / "aside"
    folder.rename(aside)
    try:
        reload_refused(world)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    world.operator.done("reload")


def test_day_length_only_in_a_test_environment(world):
    """Short days in production are refused."""
    world.network.settings["environment"] = "production"
    world.network.testing["day_length"] = "1s"
    world.network.write()
    reload_refused(world, "network.conf:", "[testing]")


# ---- organisations that go ----


def test_removing_one_that_holds(world):
    """Refused with the list and the mend; afterwards it still holds."""
    journey = world.open(THIRD, begeleider="tom")
    partner = world.network.organisations.pop(THIRD)
    world.network.write()
    reason = reload_refused(world, THIRD, "leaving")
    assert journey in reason or "1" in reason, f"no list: {reason}"
    assert world.holder_of(journey) == (THIRD, "tom")
    world.network.organisations[THIRD] = partner


def test_removing_one_that_receives(world):
    """A party to an open handover."""
    world.offer(to=THIRD)
    world.inbox(THIRD).take("offered")
    del world.network.organisations[THIRD]
    world.network.write()
    reload_refused(world, THIRD, "leaving")


def test_removing_one_that_has_items_owed(world):
    """The handover is over, and it has not heard so yet."""
    _, handover = world.offer(to=THIRD)
    world.holder.fresh("withdraw", handover=handover, reason="entered-in-error")
    del world.network.organisations[THIRD]
    world.network.write()
    reload_refused(world, THIRD, "leaving")


def test_removing_one_without_duties(world):
    """It is gone at once, with its sessions."""
    third = world.third
    del world.network.organisations[THIRD]
    reload(world)
    third.refused("forbidden", "map")
    assert THIRD not in {entry["organisation"] for entry in world.holder.done("map")["organisations"]}
    journey = world.open()
    world.holder.refused("unknown", "offer", journey=journey, handover=fresh_uuid(), to=THIRD, kind="cold",
                         urgency="routine", begeleider="anna", field="to")


def test_leaving(world):
    """No new offers to it; its duties stay, and the map says so."""
    journey = world.open(THIRD, begeleider="tom")
    _, handover = world.offer(to=THIRD)
    world.network[THIRD].leaving = True
    reload(world)
    entry = next(e for e in world.holder.done("map")["organisations"] if e["organisation"] == THIRD)
    assert entry["leaving"] is True
    world.holder.refused("conflict", "offer", journey=world.open(), handover=fresh_uuid(), to=THIRD, kind="cold",
                         urgency="routine", begeleider="anna", field="to")
    world.third.fresh("receive", handover=handover, begeleider="tom")
    world.third.fresh("decline", handover=handover, reason="we-stop", decided="receiver")
    _, away = world.offer(journey, by=THIRD, to=HOLDER, begeleider="tom")
    world.confirm(away, by=HOLDER, begeleider="anna")
    assert world.holder_of(journey) == (HOLDER, "anna")


def test_at_a_start_a_missing_organisation_is_kept_as_leaving(world):
    """The same finding never stops the city."""
    journey = world.open(THIRD, begeleider="tom")
    partner = world.network.organisations.pop(THIRD)
    world.network.write()
    world.restart()
    entry = next(e for e in world.holder.done("map")["organisations"] if e["organisation"] == THIRD)
    assert entry["leaving"] is True and entry["display_name"] == partner.display_name
    assert world.holder_of(journey) == (THIRD, "tom")
    world.holder.refused("conflict", "offer", journey=world.open(), handover=fresh_uuid(), to=THIRD, kind="cold",
                         urgency="routine", begeleider="anna", field="to")
    third = world.session(THIRD, key=partner.keys["endpoint"])
    third.done("status", journey=journey)
    third.fresh("close", journey=journey, begeleider="tom", outcome="deceased")


def test_at_a_start_one_without_duties_is_gone(world):
    """Nothing is kept for nothing."""
    del world.network.organisations[THIRD]
    world.network.write()
    world.restart()
    assert THIRD not in {entry["organisation"] for entry in world.holder.done("map")["organisations"]}


# ---- keys ----


def test_rotation_without_a_gap(world):
    """Old and new side by side, then the new one alone."""
    new = Key.fresh("endpoint")
    world.network[RECEIVER].keys["2026"] = new
    reload(world)
    old_session = world.session(RECEIVER, credit=10, instance="old")
    new_session = world.session(RECEIVER, credit=10, instance="new", key=new)
    _, handover = world.offer()
    old_session.barrier()
    new_session.barrier()
    assert len(old_session.items) + len(new_session.items) == 1
    world.network[RECEIVER].keys["endpoint"] = new
    del world.network[RECEIVER].keys["2026"]
    reload(world)
    old_session.refused("forbidden", "map")
    new_session.expect_item("offered", handover=handover)
    new_session.fresh("receive", handover=handover, begeleider="eva")


def test_content_is_the_organisations_not_the_keys(world):
    """A rerun with the new key is repeated."""
    journey = fresh_uuid()
    keys = dict(journey=journey, resident="r1." + "B" * 43, begeleider="anna", basis="consent", urgency="routine")
    first = world.holder.fresh("open", **keys)
    new = Key.fresh("endpoint")
    world.network[HOLDER].keys["endpoint"] = new
    reload(world)
    assert world.session(HOLDER, key=new).repeat("open", **keys)["seq"] == first["seq"]


def test_a_role_taken_from_a_key(world):
    """The key stays, the role goes: the next hello in it is forbidden."""
    both = Key.fresh("endpoint coordinator")
    world.network[HOLDER].keys["both"] = both
    reload(world)
    world.session(HOLDER, "coordinator", key=both)
    both.roles = "endpoint"
    reload(world)
    peer = world.connect(HOLDER, key=both)
    assert peer.hello("coordinator")["code"] == "forbidden"
    assert peer.hello("endpoint").type == "welcome"


def test_a_session_whose_role_was_taken_away(world):
    """It acts no more in that role."""
    both = Key.fresh("endpoint coordinator")
    world.network[HOLDER].keys["both"] = both
    reload(world)
    journey = world.open()
    peer = world.session(HOLDER, "endpoint", key=both)
    both.roles = "coordinator"
    reload(world)
    answer = peer.ask("reassign", journey=journey, begeleider="bob", instead_of="anna", reason="ill", on=1)
    assert answer.type == "refused" and answer["code"] in ("forbidden", "no-session"), f"got {answer}"
    assert world.holder_of(journey) == (HOLDER, "anna")


def test_sealing_keys_rotate(world):
    """The map lists what is valid now, newest first; both open until the old one ends."""
    import time

    world.network[RECEIVER].sealing["second"] = SealingKey.fresh(time.time() - 60, time.time() + 100 * DAY_S)
    reload(world)
    sealing = world.network[RECEIVER].sealing
    entry = next(e for e in world.holder.done("map")["organisations"] if e["organisation"] == RECEIVER)
    assert [key["id"] for key in entry["sealing_keys"]] == [sealing["second"].id, sealing["first"].id]
    for label in ("first", "second"):
        world.offer(dossier=world.network.dossier(RECEIVER, b"x", label))
    del sealing["first"]
    reload(world)
    world.holder.refused("stale-key", "offer", b"\x00" * 40, journey=world.open(), handover=fresh_uuid(), to=RECEIVER,
                         kind="cold", urgency="routine", begeleider="anna")


# ---- who ----


@pytest.mark.parametrize("organisation, role", [
    (NETWORK, "coordinator"), (NETWORK, "endpoint"), (HOLDER, "coordinator"), (HOLDER, "endpoint"),
])
def test_only_operators_reload(shared_world, organisation, role):
    """Everybody else is forbidden."""
    shared_world.peer(organisation, role).refused("forbidden", "reload")
