"""Making keys and networks: `houvast keygen` and `houvast network init`."""

import json
import re
import shutil
import subprocess
import time
import types

import pytest
import zmq

from daemon import Daemon, SANITISED
from network_tool import PARTNERS, houvast, made, mode, sections, tree, values
from tool import PROGRAM, USAGE

CANTCREAT = 73

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None or SANITISED, reason="needs strace, and a program that it may trace")

# ---- keygen ----


def public_of(secret):
    return zmq.curve_public(secret.encode()).decode()


@pytest.mark.parametrize("option, kind", [((), "curve"), (("--sealing",), "sealing")])
def test_keygen_makes_a_pair(scratch, option, kind):
    """The file is the owner's alone, its halves belong together, and the public one is printed."""
    path = scratch / "own.key"
    said = houvast("keygen", *option, path).stdout
    key = values(path)
    assert mode(path) == 0o600
    assert key["kind"] == kind
    assert key["public_key"] == public_of(key["secret_key"])
    assert f"public_key = {key['public_key']}\n" in said
    assert key["secret_key"] not in said
    assert ("[sealing LABEL]" if kind == "sealing" else "[key LABEL]") in said


def test_keygen_makes_a_secret(scratch):
    """A secret has no public half, and is not printed."""
    path = scratch / "case.secret"
    said = houvast("keygen", "--secret", path).stdout
    key = values(path)
    assert mode(path) == 0o600
    assert set(key) == {"kind", "secret_key"}
    assert key["secret_key"] not in said


def test_keygen_for_machines(scratch):
    path = scratch / "own.key"
    said = json.loads(houvast("keygen", "--json", path).stdout)
    assert said == {"file": str(path), "kind": "curve", "public_key": values(path)["public_key"]}
    assert json.loads(houvast("--json", "keygen", "--secret", scratch / "s").stdout)["kind"] == "secret"


def test_keygen_never_overwrites(scratch):
    path = scratch / "own.key"
    houvast("keygen", path)
    before = path.read_bytes()
    said = houvast("keygen", "--sealing", path, expect=CANTCREAT).stderr
    assert "never overwritten; choose another name" in said
    assert path.read_bytes() == before


@pytest.mark.parametrize("words, status, said", [
    ([], USAGE, "name the FILE"),
    (["a", "b"], USAGE, "only one FILE"),
    (["--sealing", "--secret", "a"], USAGE, "exclude each other"),
    (["/nowhere/a.key"], CANTCREAT, "/nowhere/a.key: No such file or directory; choose a place"),
])
def test_keygen_refuses(words, status, said):
    assert said in houvast("keygen", *words, expect=status).stderr


# ---- init ----


def test_init_makes_the_four_partners(scratch):
    """Each organisation has its keys, secrets and configurations; only the coordinating one operates."""
    folder = made(scratch / "run")
    client = ["case.secret", "coordinator.conf", "coordinator.key", "endpoint.conf", "endpoint.key",
              "network.secret", "sealing.key"]
    for name in PARTNERS:
        expected = sorted(client + ["operator.conf", "operator.key"]) if name == "kcc" else client
        assert tree(folder / "clients" / name) == expected
    assert tree(folder / "network") == sorted(
        ["broker.key", "receipt.key", "network.conf", "organisations", *(f"organisations/{name}.conf" for name in PARTNERS)])


def test_init_keeps_secrets_to_their_owner(scratch):
    folder = made(scratch / "run")
    for path in folder.rglob("*"):
        if path.suffix in (".key", ".secret"):
            assert mode(path) == 0o600, path
    for name in PARTNERS:
        assert mode(folder / "clients" / name) == 0o700
    assert mode(folder / "clients") == 0o700
    assert mode(folder / "network") == 0o755


def test_init_gives_keys_that_belong_together(scratch):
    """The public halves in the network's files are those of the key files; none is used twice."""
    folder = made(scratch / "run")
    main = sections(folder / "network" / "network.conf")
    secrets = [values(folder / "network" / "broker.key")["secret_key"]]
    assert main["broker"]["public_key"] == public_of(secrets[0])
    network_secrets = set()
    for name in PARTNERS:
        own = sections(folder / "network" / "organisations" / f"{name}.conf")
        clients = folder / "clients" / name
        network_secrets.add(values(clients / "network.secret")["secret_key"])
        secrets.append(values(clients / "case.secret")["secret_key"])
        files = {"sealing first": "sealing.key"}
        files.update({f"key {role}": f"{role}.key" for role in ("endpoint", "coordinator")})
        if name == "kcc":
            files["key operator"] = "operator.key"
        assert {header for header in own if header != "organisation"} == set(files)
        for header, file in files.items():
            key = values(clients / file)
            assert own[header]["public_key"] == key["public_key"] == public_of(key["secret_key"])
            if header.startswith("key "):
                assert own[header]["roles"] == header.removeprefix("key ")
            secrets.append(key["secret_key"])
    assert len(network_secrets) == 1, "pseudonyms are the same everywhere in the network"
    assert len(set(secrets)) == len(secrets), "no secret is used twice"


def test_init_writes_configurations_that_work(scratch):
    """A broker on the new network welcomes every client that was made, in its role."""
    folder = made(scratch / "r")
    daemon = Daemon(types.SimpleNamespace(directory=folder / "network"), folder / "state", scratch)
    try:
        daemon.start()
        for path in sorted((folder / "clients").glob("*/*.conf")):
            said = json.loads(houvast("--json", "--config", path, "ping").stdout)
            assert said["organisation"] == path.parent.name
            assert said["role"] == path.stem
            assert said["network"] == "delft"
        houvast("--config", folder / "clients" / "kcc" / "operator.conf", "reload")
    finally:
        daemon.end()


def test_init_says_what_it_made_and_what_comes_next(scratch):
    said = houvast("network", "init", scratch / "run", "--example", "delft").stdout
    for name in PARTNERS:
        assert f"{scratch}/run/clients/{name} " in said
    assert f"houvast network check {scratch}/run/network" in said
    assert f"houvastd --network {scratch}/run/network --state {scratch}/run/state" in said
    assert f"houvast --config {scratch}/run/clients/kcc/endpoint.conf ping" in said


def test_init_for_machines(scratch):
    said = json.loads(houvast("network", "init", "--json", scratch / "run", "--example", "delft").stdout)
    assert said == {"name": "delft", "coordinating": "kcc", "network": f"{scratch}/run/network",
                    "clients": f"{scratch}/run/clients", "organisations": PARTNERS}


def test_init_with_organisations_of_ones_own(scratch):
    folder = scratch / "rijswijk"
    houvast("network", "init", f"{folder}/", "--organisation", "wijkteam=Wijkteam Zuid, en Noord,070 123",
            "--organisation", "gemeente", "--coordinating", "gemeente", "--environment", "test",
            "--listen", "tcp://*:5570")
    main = sections(folder / "network" / "network.conf")
    assert main["network"] == {"name": "rijswijk", "coordinating": "gemeente", "time_zone": "Europe/Amsterdam",
                               "environment": "test"}
    assert main["broker"]["listen"] == "tcp://*:5570"
    own = sections(folder / "network" / "organisations" / "wijkteam.conf")
    assert own["organisation"] == {"name": "wijkteam", "display_name": "Wijkteam Zuid, en Noord",
                                   "telephone": "070 123"}
    assert (folder / "clients" / "gemeente" / "operator.key").exists()
    assert not (folder / "clients" / "wijkteam" / "operator.key").exists()
    assert values(folder / "clients" / "wijkteam" / "endpoint.conf")["endpoint"] == "tcp://127.0.0.1:5570"
    houvast("network", "check", folder / "network")


def test_init_seals_from_today_for_two_years(scratch):
    folder = made(scratch / "run")
    today = time.gmtime()
    key = sections(folder / "network" / "organisations" / "kcc.conf")["sealing first"]
    assert key["valid_from"] in (time.strftime("%Y-%m-%d", today), time.strftime("%Y-%m-%d", time.gmtime()))
    assert int(key["valid_until"][:4]) == int(key["valid_from"][:4]) + 2


@pytest.mark.parametrize("there", ["network", "clients"])
def test_init_overwrites_nothing(scratch, there):
    (scratch / "run" / there).mkdir(parents=True)
    (scratch / "run" / there / "precious").write_text("kept")
    said = houvast("network", "init", scratch / "run", "--example", "delft", expect=CANTCREAT).stderr
    assert f"{scratch}/run/{there}: is there already and nothing is overwritten; choose" in said
    assert tree(scratch / "run") == [there, f"{there}/precious"]


@pytest.mark.parametrize("words, said", [
    (["run"], "name the organisations"),
    (["--example", "delft"], "name the DIR"),
    (["run", "run2", "--example", "delft"], "only one DIR"),
    (["run", "--example", "den-haag"], "there is no example den-haag; say --example delft"),
    (["run", "--organisation", "KCC"], "1 to 32 characters"),
    (["run", "--organisation", "kcc", "--organisation", "kcc=KCC"], "kcc is named twice"),
    (["run", "--organisation", "kcc", "--example", "delft"], "kcc is named twice"),
    (["run", "--organisation", "kcc", "--coordinating", "ggd"], "add --organisation ggd"),
    (["run", "--example", "delft", "--environment", "acceptance"], "say test or production"),
    (["run", "--example", "delft", "--name", "Delft"], "1 to 32 characters out of a-z 0-9 -"),
    (["Run", "--organisation", "kcc"], "name the network with --name"),
    (["run", "--organisation", "kcc=KCC,a telephone"], "telephone = a telephone is not valid"),
    (["run", "--organisation", "kcc=A ; b"], "cannot be written so"),
    (["run", "--organisation", "kcc= KCC"], "cannot be written so"),
    (["run", "--organisation", "kcc="], "[organisation] has no display_name"),
    (["run", "--organisation", "kcc=K\nleaving = yes"], "control character"),
    (["run", "--organisation", f"kcc={'k' * 128}"], "longer than 127 bytes"),
    (["run", "--organisation", f"kcc={'k' * 300}"], "is longer than"),
    (["run", "--example", "delft", "--listen", "udp://x"], "udp://x is no endpoint to listen on"),
    (["run", "--example", "delft", "--listen", ""], "one endpoint without blanks"),
    (["run", "--example", "delft", "--listen", "tcp://*:1 tcp://*:2"], "one endpoint without blanks"),
    ([f"{'l' * 100}", "--name", "long", "--example", "delft"], "with --listen ipc:///"),
    (["a folder", "--name", "blank", "--example", "delft"], "with --listen ipc:///"),
])
def test_init_refuses_what_makes_no_network(scratch, words, said):
    """With the mend, and without a trace."""
    assert said in houvast("network", "init", *words, expect=USAGE, cwd=scratch).stderr
    assert tree(scratch) == []


def test_init_where_nothing_can_be_made(scratch):
    said = houvast("network", "init", scratch / "no" / "run", "--example", "delft", expect=CANTCREAT).stderr
    assert f"{scratch}/no/run: No such file or directory; choose a place" in said
    (scratch / "file").write_text("")
    houvast("network", "init", scratch / "file", "--example", "delft", expect=CANTCREAT)
    assert tree(scratch) == ["file"]


def under_strace(log, folder, *options):
    return subprocess.run(
        ["strace", "-f", "-qq", "-o", log, *options, PROGRAM, "network", "init", folder, "--example", "delft",
         "--listen", "ipc:///run/houvast/delft.sock"],
        capture_output=True, text=True, timeout=60)


@needs_strace
@pytest.mark.parametrize("call, error", [("mkdir", "ENOSPC"), ("openat", "EMFILE"), ("write", "ENOSPC"),
                                         ("fsync", "EIO"), ("close", "EIO"), ("rename", "EIO")])
def test_init_leaves_nothing_half_made(scratch, call, error):
    """The n-th such call fails, for every n: all is there, or nothing is and the status says so."""
    log = scratch / "calls"
    under_strace(log, scratch / "whole", "-e", f"trace={call}")
    whole = tree(scratch / "whole")
    refused = 0
    for number in range(1, len(log.read_text().splitlines()) + 1):
        folder = scratch / f"after-{number}"
        done = under_strace("/dev/null", folder, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")
        if done.returncode == CANTCREAT:
            refused += 1
            assert re.fullmatch(r"houvast: .+; .+\n", done.stderr)
        if folder.exists():
            assert done.returncode != CANTCREAT and tree(folder) == whole, f"{call} {number}: {done.stderr}"
        else:
            assert done.returncode != 0, f"{call} {number}: nothing was made, and nothing said"
    assert refused > 0
