"""Mutants: defects that are planted on purpose, so that it shows that a test finds each.

A file NAME.mutant holds one. Its first line is what the table calls it. Then, in paragraphs:

    what it does to a resident or to who helps, in one sentence

    in broker/journey.c
      the lines around it, as they stand
    - a line that goes
    + a line that comes

    try unit test_journey_close
    try e2e test_people.py::test_a_claim
    try simulate 20

Lines of an edit begin with two characters that are not part of them. What stands and what goes has
to be found in the source exactly once: a mutant whose text has changed is a defect of its own. The
tests are tried in that order until one fails.
"""

import dataclasses
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

KINDS = ("unit", "e2e", "simulate", "kill")


class Misfit(Exception):
    """A mutant that cannot be read, or whose text is not in the source (any more)."""


@dataclasses.dataclass(frozen=True)
class Edit:
    path: str
    old: str
    new: str

    def applied(self, text):
        """The text of the file with the edit in it."""
        count = text.count(self.old)
        if count != 1:
            raise Misfit(f"{self.path}: there {count} times, and it has to be there once:\n{self.old}")
        return text.replace(self.old, self.new)


@dataclasses.dataclass(frozen=True)
class Trial:
    kind: str  # of KINDS
    what: str  # a program, a file of tests/e2e with a test in it, a number of seeds or of kills

    def __str__(self):
        return f"{self.kind} {self.what}"


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: pathlib.Path
    name: str
    sentence: str
    edits: tuple
    trials: tuple

    def limited_to(self, kind):
        """The same with tests of one kind alone; of all where that is None."""
        return dataclasses.replace(self, trials=tuple(trial for trial in self.trials if kind in (None, trial.kind)))

    def changed(self, root):
        """The text of each file that it changes, by its path."""
        texts = {}
        for edit in self.edits:
            file = root / edit.path
            if not file.exists():
                raise Misfit(f"{edit.path}: there is no such file")
            texts[edit.path] = edit.applied(texts.get(edit.path) or file.read_text(encoding="utf-8"))
        return texts


def read_edit(path, lines):
    """The paragraphs after `in FILE`: lines that stand, go and come."""
    old, new = [], []
    for line in lines:
        mark, rest = line[:2], line[2:]
        if mark.strip() not in ("", "-", "+"):
            raise Misfit(f"{path}: an edit's line begins with two blanks, `- ` or `+ `: {line}")
        if mark[:1] != "+":
            old.append(rest)
        if mark[:1] != "-":
            new.append(rest)
    if not old or old == new:
        raise Misfit(f"{path}: an edit has nothing to find, or changes nothing")
    return "".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new)


def read_trial(path, words):
    kind, _, what = words.partition(" ")
    if kind not in KINDS or not what:
        raise Misfit(f"{path}: `try` one of {', '.join(KINDS)}, and which: {words}")
    return Trial(kind, what)


def read(path):
    """The mutant of a file."""
    name, _, rest = path.read_text(encoding="utf-8").partition("\n\n")
    sentences, edits, trials = [], [], []
    # A paragraph of an edit may hold empty lines of source: the next one begins with a word.
    for paragraph in re.split(r"\n\n(?=\w)", rest.rstrip("\n")):
        lines = paragraph.splitlines()
        if place := re.fullmatch(r"in (\S+)", lines[0]):
            edits.append(Edit(place[1], *read_edit(path.name, lines[1:])))
        elif lines[0].startswith("try "):
            trials += [read_trial(path.name, line.removeprefix("try ")) for line in lines]
        else:
            sentences.append(" ".join(lines))
    if "\n" in name or len(sentences) != 1 or not edits or not trials:
        raise Misfit(f"{path.name}: a name, a sentence, edits and what to try; one of them is missing")
    return Mutant(path, name, sentences[0], tuple(edits), tuple(trials))


def all_files():
    return sorted(HERE.glob("*.mutant"))
