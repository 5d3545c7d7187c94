"""houvastd@.service under a real systemd, in a container: inside.sh says what is tried there.

Each chapter of it is a test here. Where no container can be booted all of them are skipped, and the
reason is what the machine lacks.
"""

import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("HOUVAST_BUILD", HERE.parents[1] / "build"))
CHAPTERS = re.findall(r"^chapter (\S+)$", (HERE / "inside.sh").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def run():
    """What inside.sh said, whole."""
    assert (BUILD / "stage/usr/sbin/houvastd").exists(), "`make stage` comes first"
    result = subprocess.run(
        [HERE / "supervised.sh", BUILD / "stage", BUILD / "systemd"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=900)
    if result.returncode == 77:
        pytest.skip(result.stdout.strip().splitlines()[-1])
    return result


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter(run, chapter):
    """All that the chapter tries came true, and it tried something."""
    text = re.search(rf"^# chapter {chapter}\n(.*?)(?=^# chapter |\Z)", run.stdout, re.MULTILINE | re.DOTALL)
    assert text, f"the chapter was not reached; the end of what was said:\n{run.stdout[-2000:]}"
    lines = text[1].splitlines()
    assert not [line for line in lines if line.startswith(("not ok", "Bail out"))], text[1]
    assert [line for line in lines if line.startswith("ok ")]


def test_it_came_to_its_end(run):
    """As many results as the plan says, and the status of success."""
    plan = re.search(r"^1\.\.(\d+)$", run.stdout, re.MULTILINE)
    assert plan, run.stdout[-2000:]
    assert len(re.findall(r"^(?:not )?ok ", run.stdout, re.MULTILINE)) == int(plan[1])
    assert run.returncode == 0
