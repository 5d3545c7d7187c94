"""What operators find in the journal: fields and message ids, through a real systemd-journald."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "e2e"))

from daemon import PROGRAM  # noqa: E402
from network import Network  # noqa: E402

CATALOG = ROOT / "systemd/houvast.catalog"
PREFIX = "6f1d0c1e8a0b4a0c9a51d3c0a1b200"
STARTED, STOPPING, STOPPED, NETWORK_REFUSED, START_REFUSED = (PREFIX + end for end in ("01", "02", "03", "05", "0f"))


@pytest.fixture(scope="module")
def run():
    """One life of a daemon under a journal: refused, started, a bad reload, stopped."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hv"))
    Network(folder / "network", f"ipc://{folder}/s").write()
    (folder / "network-broken").mkdir()
    try:
        result = subprocess.run(
            [HERE / "with-journald.sh", "/usr/bin/python3", HERE / "journal_run.py", PROGRAM, folder],
            capture_output=True, text=True, timeout=120)
        if result.returncode == 77:
            pytest.skip(result.stderr.strip())
        assert result.returncode == 0, result.stderr
        yield json.loads(result.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def entry_of(run, message_id):
    found = [entry for entry in run["entries"] if entry.get("MESSAGE_ID") == message_id]
    assert len(found) == 1, f"{len(found)} entries {message_id} in {run['entries']}"
    return found[0]


def test_it_ended_as_it_should(run):
    assert (run["refused"], run["stopped"]) == (78, 0)


@pytest.mark.parametrize("message_id, priority, words", [
    (START_REFUSED, 3, r"network-broken.*network\.conf"), (STARTED, 5, r"ready: network delft-test.*ipc://"),
    (NETWORK_REFUSED, 4, r"network\.conf.*"), (STOPPING, 5, "stopping"), (STOPPED, 5, "stopped in order"),
])
def test_entries_have_id_priority_and_sentence(run, message_id, priority, words):
    entry = entry_of(run, message_id)
    assert entry["PRIORITY"] == str(priority)
    assert re.search(words, entry["MESSAGE"]), entry["MESSAGE"]
    assert not entry["MESSAGE"].startswith("houvastd:"), "the prefix is for stderr alone"
    assert entry["SYSLOG_IDENTIFIER"] == "houvastd"
    assert entry["_TRANSPORT"] == "journal"
    assert not [name for name in entry if name.startswith("CODE_")]


def test_fields(run):
    entry = entry_of(run, STARTED)
    assert entry["HOUVAST_NETWORK"] == "delft-test"
    assert entry["HOUVAST_ENDPOINTS"].startswith("ipc:///")


def test_nothing_is_said_twice(run):
    """Under the journal nothing goes to stderr as well."""
    assert not [entry for entry in run["entries"] if entry["SYSLOG_IDENTIFIER"] == "by-the-stream"]


@pytest.mark.skipif(not shutil.which("journalctl"), reason="needs journalctl")
def test_systemd_takes_the_catalog(tmp_path):
    """All entries of the catalog, without a complaint."""
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(CATALOG, folder)
    update = subprocess.run(["journalctl", f"--root={tmp_path}", "--update-catalog"], capture_output=True, text=True)
    assert (update.returncode, update.stderr) == (0, "")
    listed = subprocess.run(["journalctl", f"--root={tmp_path}", "--list-catalog"],
                            capture_output=True, text=True, check=True).stdout
    assert len(listed.splitlines()) == CATALOG.read_text().count("\n-- ")
