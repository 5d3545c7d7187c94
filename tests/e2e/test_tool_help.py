"""What the tool says of itself: --help and the manual pages, which agree."""

import re

import pytest

from daemon import ROOT
from tool import CONFIGURATION, INTERNAL, LATER, NO_ANSWER, NO_SESSION, PROGRAM, REFUSED, USAGE, run

SUBCOMMANDS = """open reassign close settle offer receive pickup introduce confirm decline withdraw fetch supplement
wait note urgency contest claim absent status history list watch map stats reload clock-accept verify listen ping keygen
network""".split()


def test_help_lists_every_subcommand():
    text = run(PROGRAM, "--help").stdout
    for name in SUBCOMMANDS:
        assert re.search(rf"^  {name} +\S.*$", text, re.MULTILINE), f"--help does not list {name}"
    assert "Houvast" in text and "houvast" in run(PROGRAM, "--version").stdout


@pytest.mark.parametrize("name", [name for name in SUBCOMMANDS if name not in ("keygen", "network")])
def test_every_subcommand_has_help(name):
    text = run(PROGRAM, name, "--help").stdout
    assert f"Usage: houvast {name}" in text and "--config" in text


def test_the_man_page_is_complete():
    """Every subcommand, every option of listen and every exit status has its place in houvast(1)."""
    page = (ROOT / "clients/houvast/houvast.1.scd").read_text()
    for name in SUBCOMMANDS:
        assert re.search(rf"^\*{name}\*|houvast {name}\*", page, re.MULTILINE), f"houvast(1) lacks {name}"
    for option in re.findall(r"--[a-z-]+", run(PROGRAM, "listen", "--help").stdout):
        assert f"*{option}*" in page, f"houvast(1) lacks {option}"
    for status in (0, REFUSED, USAGE, NO_ANSWER, INTERNAL, LATER, NO_SESSION, CONFIGURATION):
        assert f" *{status}*\n" in page, f"houvast(1) lacks status {status}"


def options_of(*words):
    said = run(PROGRAM, *words, "--help", env={"ARGP_HELP_FMT": "rmargin=9999"}).stdout
    return set(re.findall(r"^ +(?:-., )?(--[a-z0-9-]+)", said, re.MULTILINE))


def test_every_option_is_in_a_manual_page():
    """And every option in a manual page is one."""
    pages = [ROOT / "clients" / "houvast" / name for name in ("houvast.1.scd", "houvast-network.5.scd")]
    written = set(re.findall(r"--[a-z][a-z0-9-]*", " ".join(page.read_text() for page in pages).replace("\\", "")))
    listed = re.findall(r"^  ([a-z-]+) ", run(PROGRAM, "--help").stdout.split("Subcommands:")[1], re.MULTILINE)
    inner = [("network", word) for word in ("init", "check", "show", "ladders")] + [
        ("receipt", word) for word in ("verify", "show")]
    options = options_of().union(*(options_of(word) for word in listed), *(options_of(*words) for words in inner))
    assert options - written == set(), "no manual page has these"
    assert written - options == set(), "the tool has none of these"
