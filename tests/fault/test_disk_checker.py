"""Writes that fail: a sample of them each time, and the checker itself can fail. `make faults` tries every one."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("HOUVAST_BUILD", HERE.parents[1] / "build"))
SHIM = HERE.parents[1] / "build/test/fail_nth_write.so"


def run(*arguments):
    return subprocess.run([sys.executable, HERE / "disk_checker.py", "--build", BUILD, "--shim", SHIM, *arguments],
                          capture_output=True, text=True, timeout=500)


def test_a_sample_of_every_way_to_fail():
    """D1, H1: whatever was answered is there, whatever was not can be asked again."""
    checked = run("--sample", "8")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("at", range(2, 12, 3))
@pytest.mark.parametrize("failing", ["enospc-once", "enospc-from", "eio-once", "torn"])
def test_a_ledger_that_cannot_be_made(failing, at):
    """The first writes of all: the start is refused or done with the reserve, and the next one is whole."""
    checked = run("--failing", failing, "--at", str(at))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_disk_that_forgets_is_found():
    """The real broker, whose disk goes back to noon while it is stopped: the checker has to notice."""
    checked = run("--failing", "short", "--at", "1000000", "--sabotage", "rewind")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "journey" in checked.stderr, checked.stderr
