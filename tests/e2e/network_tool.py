"""The tool on keys and on a network's files, and what it made of them."""

import stat

from daemon import ROOT
from tool import PROGRAM, run

EXAMPLE = ROOT / "schemas" / "networks" / "delft"
PARTNERS = ["kcc", "delft-voor-elkaar", "delft-support", "werkse"]


def houvast(*words, **more):
    return run(PROGRAM, *words, **more)


def values(path):
    """A key file or a client configuration as a dictionary."""
    lines = (line.split(" = ", 1) for line in path.read_text().splitlines() if " = " in line)
    return {key: value for key, value in lines}


def sections(path):
    """An INI file as {header: {key: value}}, in its own order."""
    found, current = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), {})
        elif " = " in line:
            key, value = line.split(" = ", 1)
            current[key] = f"{current[key]}\n{value}" if key in current else value
    return found


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def made(folder, *words):
    houvast("network", "init", folder, "--example", "delft", *words)
    return folder
