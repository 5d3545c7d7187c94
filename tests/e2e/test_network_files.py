"""A network's files held against the rules: `houvast network check|show|ladders`, the example, the man page."""

import json
import os
import pathlib
import re
import shutil
import time

import nacl.public
import pytest
import zmq
import zmq.utils.z85

from daemon import ROOT
from network_tool import EXAMPLE, PARTNERS, houvast, made, sections
from tool import CONFIGURATION, USAGE, key_file

PAGE = ROOT / "clients" / "houvast" / "houvast-network.5.scd"

# ---- check ----


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_check_counts_and_warns(scratch):
    folder = made(scratch / "run", "--environment", "test") / "network"
    lines = houvast("network", "check", folder).stdout.splitlines()
    assert lines[0] == f"{folder}: the test network delft is in order: organisations 4, keys 9, sealing keys 4."
    assert all(re.fullmatch(r"warning: .+; .+\.", line) for line in lines[1:])
    assert "warning: werkse has no telephone, so that partners cannot ring it; add telephone to its file." in lines
    said = json.loads(houvast("network", "check", "--json", folder).stdout)
    assert (said["network"], said["organisations"], said["keys"], said["sealing_keys"]) == ("delft", 4, 9, 4)
    assert [f"warning: {warning}." for warning in said["warnings"]] == lines[1:]


def test_check_of_a_network_without_a_blemish(scratch):
    folder = made(scratch / "run") / "network"
    for path in (folder / "organisations").iterdir():
        own = "telephone = 015\ntelephone_out_of_hours = 112\n"
        change(path, "\n\n[key endpoint]", "\n" + own + "\n[key endpoint]")
        if path.stem == "kcc":
            change(path, "telephone = 14015\n", "")
    lines = houvast("network", "check", folder).stdout.splitlines()
    assert len(lines) == 1, lines


def test_check_warns_of_calendars(scratch):
    folder = made(scratch / "run") / "network"
    change(folder / "network.conf", "holidays = dutch\n",
           "holidays = dutch\ndecreed = 2020-05-22 Dag na Hemelvaart\ndecreed = 2099-05-22\n")
    change(folder / "organisations" / "kcc.conf", "name = kcc\n",
           "name = kcc\nopening = tue 09:00-12:00\nclosed = 2021-12-24..2022-01-02 Kerst\n")
    lines = houvast("network", "check", folder).stdout.splitlines()
    assert ("warning: network.conf:17: decreed = 2020-05-22 Dag na Hemelvaart lies in the past; take it out."
            in lines), lines
    assert ("warning: organisations/kcc.conf:4: closed = 2021-12-24..2022-01-02 Kerst lies in the past; take it out."
            in lines), lines
    assert any(line.startswith("warning: kcc opens on one day a week") for line in lines), lines
    assert not any("2099" in line for line in lines), lines


DAY_S = 86400


def days_from_now(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * DAY_S))


def sealing(folder, name, *keys):
    """Gives an organisation these sealing keys: (label, days until it begins, days until it ends)."""
    path = folder / "organisations" / f"{name}.conf"
    text = path.read_text().split("[sealing first]")[0]
    for label, begins, ends in keys:
        public = zmq.utils.z85.encode(bytes(nacl.public.PrivateKey.generate().public_key)).decode()
        text += (f"[sealing {label}]\npublic_key = {public}\nvalid_from = {days_from_now(begins)}\n"
                 f"valid_until = {days_from_now(ends)}\n\n")
    path.write_text(text)


@pytest.mark.parametrize("keys, warned", [
    ([("first", -1, 300)], []),
    ([], ["werkse has no sealing key, "]),
    ([("first", -300, -1)], ["werkse has no sealing key that is valid now", "the sealing key first of werkse expired on"]),
    ([("first", 1, 300)], ["werkse has no sealing key that is valid now"]),
    ([("first", -300, 29)], ["the sealing key first of werkse expires on"]),
    ([("first", -300, 31)], []),
    ([("first", -300, 10), ("second", 5, 300)], []),
    ([("first", -300, 10), ("second", 15, 300)], ["the sealing key first of werkse expires on"]),
    ([("first", -300, -1), ("second", -10, 300)], ["the sealing key first of werkse expired on"]),
])
def test_check_warns_of_sealing_keys(scratch, keys, warned):
    """None, none valid now, one that ends before the next begins, one that has ended."""
    folder = made(scratch / "run") / "network"
    sealing(folder, "werkse", *keys)
    warnings = json.loads(houvast("network", "check", "--json", folder).stdout)["warnings"]
    found = [warning for warning in warnings if "sealing key" in warning]
    assert len(found) == len(warned), found
    for warning, words in zip(found, warned):
        assert words in warning


def test_check_warns_of_roles_that_nobody_has(scratch):
    folder = made(scratch / "run") / "network"
    change(folder / "organisations" / "kcc.conf", "roles = operator", "roles = endpoint")
    change(folder / "organisations" / "werkse.conf", "roles = endpoint", "roles = coordinator")
    change(folder / "network.conf", "listen = ", "# listen = ")
    said = houvast("network", "check", folder).stdout
    assert "no key has the role operator" in said
    assert "werkse has no key with the role endpoint" in said
    assert "network.conf names no endpoint; houvastd then needs --listen" in said


def test_check_names_the_mistake(scratch):
    """On standard error, with the file's whole path and its line; nothing on standard output."""
    folder = made(scratch / "run") / "network"
    change(folder / "organisations" / "werkse.conf", "roles = endpoint", "roles = endpoint operator")
    done = houvast("network", "check", folder, expect=CONFIGURATION)
    assert done.stderr == (
        f"houvast: {folder}/organisations/werkse.conf:8: werkse does not coordinate the network, so its keys cannot "
        "have the role operator; take it out, or move the key to kcc\n")
    assert done.stdout == ""
    houvast("network", "show", folder, expect=CONFIGURATION)


def test_check_looks_at_the_brokers_key(scratch):
    """As houvastd will: it has to be secret, and the one of network.conf. Where it is not there, a warning."""
    folder = made(scratch / "run") / "network"
    path = folder / "broker.key"
    path.chmod(0o640)
    assert "chmod 600" in houvast("network", "check", folder, expect=CONFIGURATION).stderr
    path.unlink()
    said = houvast("network", "check", folder).stdout
    assert f"{path} was not looked at" in said
    public, secret = zmq.curve_keypair()
    key_file(path, "curve", secret.decode(), public.decode())
    assert "correct public_key" in houvast("network", "check", folder, expect=CONFIGURATION).stderr


@pytest.mark.parametrize("words, said", [
    ([], "say init, check, show or ladders"),
    (["make"], "there is no `network make`; say init, check, show or ladders"),
    (["check"], "name the DIR"),
    (["show"], "name the DIR"),
    (["check", "a", "b"], "only one DIR"),
    (["ladders", "a", "b"], "only one DIR"),
])
def test_usage(words, said):
    assert said in houvast("network", *words, expect=USAGE).stderr


@pytest.mark.parametrize("words", [["keygen"], ["network"], ["network", "init"], ["network", "check"],
                                   ["network", "show"], ["network", "ladders"]])
def test_help_of_each(words):
    said = houvast(*words, "--help").stdout
    assert said.startswith(f"Usage: houvast {' '.join(words)} ")


# ---- show ----


def test_show_for_people(scratch):
    folder = made(scratch / "run", "--environment", "test") / "network"
    change(folder / "organisations" / "werkse.conf", "name = werkse\n", "name = werkse\nleaving = yes\n")
    (folder / "network.conf.d").mkdir()
    (folder / "network.conf.d" / "limits.conf").write_text(
        "[limits]\nheartbeat = 90s\nredelivery = 2H\ncommands_per_second = 50\n[policies]\nsettle = organisation\n"
        "[testing]\nday_length = 1500ms\n")
    lines = [re.sub(r" +", " ", line).strip() for line in houvast("network", "show", folder).stdout.splitlines()]
    assert lines[0] == "The test network delft, coordinated by kcc, in the time zone Europe/Amsterdam."
    for line in ["kcc KCC 14015 coordinates the network", "werkse Werkse! leaving: takes no new offers",
                 "kcc mon-fri 08:30-17:00 dutch", "delft-voor-elkaar mon-thu 09:00-17:00 dutch", "fri 09:00-12:30",
                 "heartbeat 90s", "redelivery 2H", "item_attempts 10", "commands_per_second 50",
                 "settle organisation", "keep_dossier_days 7", "alarm_endings_per_minute 30", "wait_max 180D",
                 "restarts_max 2", "quiet_after 1h", "quiet_after_crisis 15m", "day_length 1500ms"]:
        assert line in lines
    for name in PARTNERS:
        own = sections(folder / "organisations" / f"{name}.conf")
        assert f"{name} endpoint endpoint {own['key endpoint']['public_key']}" in lines
        assert any(line.startswith(f"{name} first ") and line.endswith(" valid") for line in lines)


def test_show_for_machines(scratch):
    folder = made(scratch / "run", "--listen", "tcp://127.0.0.1:5570") / "network"
    said = json.loads(houvast("network", "show", folder, "--json").stdout)
    assert said["name"] == "delft" and said["environment"] == "production" and said["day_ms"] == DAY_S * 1000
    assert said["listen"] == ["tcp://127.0.0.1:5570"]
    assert said["limits"]["heartbeat_ms"] == 20000 and said["policies"]["settle"] == "network"
    assert [organisation["name"] for organisation in said["organisations"]] == sorted(PARTNERS)
    kcc = next(organisation for organisation in said["organisations"] if organisation["name"] == "kcc")
    assert {key["label"]: key["roles"] for key in kcc["keys"]} == {
        "endpoint": ["endpoint"], "coordinator": ["coordinator"], "operator": ["operator"]}
    assert said["hours"] == kcc["hours"] == {"opening": ["mon-fri 08:30-17:00"], "holidays": "dutch", "closed": []}
    own = sections(folder / "organisations" / "kcc.conf")
    assert kcc["sealing_keys"][0]["public_key"] == own["sealing first"]["public_key"]
    assert kcc["sealing_keys"][0]["valid_until"] > time.time() * 1000


# ---- ladders ----


def rows_of(table):
    """Its lines, with one blank between words."""
    return [re.sub(r" +", " ", line).strip() for line in table.splitlines()]


def own_ladders(folder, text):
    (folder / "ladders").mkdir()
    (folder / "ladders" / "own.conf").write_text(text)


def test_ladders_by_default():
    said = houvast("network", "ladders").stdout
    rows = rows_of(said)
    assert rows[0] == "PHASE FOR TOLD AFTER EVERY"
    assert "receipt crisis cold 8m responsible, 15m coordinator, 30m network 15m" in rows
    assert "held routine a check-in 91D" in rows
    assert len([row for row in rows if row.startswith("receipt ")]) == 6
    assert max(map(len, said.splitlines())) <= 80


def test_ladders_of_a_network(scratch):
    """One for all of a phase leaves nothing of its defaults; one for a route stands beside them."""
    folder = made(scratch / "run") / "network"
    own_ladders(folder, "[ladder arrival]\nstep = 1d coordinator@kcc\nevery = 1d no_later=3D\n"
                        "[ladder receipt]\nfrom = kcc\nto = werkse\nstep = 2h network no_later=9H\nevery = 1h\n")
    rows = rows_of(houvast("network", "ladders", folder).stdout)
    assert [row for row in rows if row.startswith("arrival ")] == [
        "arrival any 1d coordinator@kcc 1d (3D at most) ladders/own.conf:1"]
    assert "receipt any from kcc to werkse 2h (9H at most) network 1h ladders/own.conf:4" in rows
    assert len([row for row in rows if row.startswith("receipt ")]) == 7


def test_ladders_for_machines(scratch):
    folder = made(scratch / "run") / "network"
    own_ladders(folder, "[ladder receipt]\nto = werkse\nkind = cold\nstep = 2h network no_later=9H\nevery = 1h\n")
    ladders = json.loads(houvast("network", "ladders", folder, "--json").stdout)["ladders"]
    assert {"phase": "receipt", "kind": "cold", "to": "werkse", "every": "1h", "file": "ladders/own.conf", "line": 1,
            "steps": [{"after": "2h", "no_later": "9H", "told": ["network"]}]} in ladders
    assert {"phase": "held", "urgency": "crisis", "steps": [], "every": "1D"} in ladders


def test_ladders_with_a_mistake(scratch):
    folder = made(scratch / "run") / "network"
    own_ladders(folder, "[ladder receipt]\nstep = 2h network\nstep = 1h network\nevery = 1h\n")
    for command in ("ladders", "check"):
        said = houvast("network", command, folder, expect=CONFIGURATION).stderr
        assert said == (f"houvast: {folder}/ladders/own.conf:3: this step may fall due before the one on line 2; put "
                        "them in order, or set no_later\n")


@pytest.mark.parametrize("last, warned", [
    ("network", False), ("coordinator@kcc", False), ("holder network", False), ("coordinator", True),
    ("coordinator@werkse", True), ("endpoint@kcc", True)])
def test_check_warns_of_a_ladder_that_ends_too_low(scratch, last, warned):
    folder = made(scratch / "run") / "network"
    own_ladders(folder, f"[ladder held]\nevery = 7D\n[ladder receipt]\nstep = 1h network\nstep = 2h {last}\nevery = 1h\n")
    warnings = json.loads(houvast("network", "check", "--json", folder).stdout)["warnings"]
    found = [warning for warning in warnings if "the last step of this ladder" in warning]
    assert [warning.split(": ")[0] for warning in found] == (["ladders/own.conf:3"] if warned else [])


def test_check_warns_of_no_coordinators(scratch):
    folder = made(scratch / "run") / "network"
    change(folder / "organisations" / "werkse.conf", "roles = coordinator", "roles = endpoint")
    said = houvast("network", "check", folder).stdout
    assert said.count("has no key with the role coordinator") == 1
    assert "werkse has no key with the role coordinator" in said


# ---- the example ----


def test_the_example_is_in_order():
    said = houvast("network", "check", EXAMPLE).stdout
    assert said.startswith(f"{EXAMPLE}: the network delft is in order: organisations 4, keys 9, sealing keys 4.\n")


def settings_of(folder):
    """All files' settings but for comments, keys and their validity."""
    taken_out = {"public_key", "valid_from", "valid_until", "listen"}
    return {
        str(path.relative_to(folder)): {
            header: {key: value for key, value in own.items() if key not in taken_out} | dict.fromkeys(
                sorted(taken_out & set(own)))
            for header, own in sections(path).items()}
        for path in sorted(folder.rglob("*.conf"))}


def test_the_example_is_what_init_makes(scratch):
    """But for the keys, so that nobody has to wonder which of the two is right; and for a ladder to look at."""
    example = scratch / "example"
    shutil.copytree(EXAMPLE, example)
    shutil.rmtree(example / "ladders")
    assert settings_of(example) == settings_of(made(scratch / "run") / "network")


def test_the_example_has_no_secrets():
    for path in pathlib.Path(EXAMPLE).rglob("*"):
        assert path.is_dir() or path.suffix == ".conf"
        assert path.is_dir() or "secret_key" not in path.read_text()
    assert os.path.isfile(EXAMPLE / "network.conf")


# ---- the man page ----


@pytest.mark.parametrize("file, section", [
    ("network.conf", "network"), ("network.conf", "broker"), ("network.conf", "limits"), ("network.conf", "policies"),
    ("network.conf", "calendar"), ("network.conf", "testing"), ("network.conf", "receipt first"), ("organisations/kcc.conf", "organisation"),
    ("organisations/kcc.conf", "key endpoint"), ("organisations/kcc.conf", "sealing first"),
    ("ladders/own.conf", "ladder receipt")])
def test_the_page_has_every_key(scratch, file, section):
    """The keys that the broker knows, by its own word, stand in the page under their section, and no others."""
    folder = made(scratch / "run") / "network"
    (folder / "ladders").mkdir()
    (folder / "ladders" / "own.conf").touch()
    (folder / f"{file}.d").mkdir()
    (folder / f"{file}.d" / "a.conf").write_text(f"[{section}]\nnonsense = 1\n")
    said = houvast("network", "check", folder, expect=CONFIGURATION).stderr
    known = re.search(r"nonsense is no key of \[\w+\]; it has (.+)\n", said)[1].split(", ")
    title = "ladder phase" if section.startswith("ladder") else re.sub(r" \w+$", " label", section)
    under = re.search(rf"^## \[{title}\]\n(.*?)^#", PAGE.read_text(), re.DOTALL | re.MULTILINE)[1]
    assert re.findall(r"^\*(\w+)\* = ", under, re.MULTILINE) == known


def test_the_pages_example_is_a_network(scratch):
    """What a newcomer copies from the page is in order."""
    blocks = PAGE.read_text().split("\n# EXAMPLE\n")[1].split("```\n")[1::2]
    (scratch / "organisations").mkdir()
    for path, block in zip(["network.conf", "organisations/kcc.conf", "organisations/werkse.conf"], blocks):
        (scratch / path).write_text(block)
    said = houvast("network", "check", scratch).stdout
    assert "the network delft is in order: organisations 2, keys 3, sealing keys 1." in said
