"""Mutants do not rot: each can be read, its text is in the source, and what it names to try is there."""

import pathlib
import re
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import mutant as mutants  # noqa: E402

TESTS = HERE.parent


def test_there_are_mutants():
    names = [mutants.read(path).name for path in mutants.all_files()]
    assert len(names) >= 22 and len(set(names)) == len(names)


@pytest.mark.parametrize("path", mutants.all_files(), ids=lambda path: path.stem)
def test_it_can_be_planted(path):
    """Every edit finds its text once, and changes it."""
    planted = mutants.read(path)
    for name, text in planted.changed(mutants.ROOT).items():
        assert text != (mutants.ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", mutants.all_files(), ids=lambda path: path.stem)
def test_what_it_names_is_there(path):
    for trial in mutants.read(path).trials:
        if trial.kind == "unit":
            assert (TESTS / "unit" / f"{trial.what}.c").exists(), trial
        elif trial.kind == "e2e":
            file, _, test = trial.what.partition(" ")[0].partition("::")
            text = (TESTS / "e2e" / file).read_text(encoding="utf-8")
            assert not test or re.search(rf"^def {test.partition('[')[0]}\(", text, re.MULTILINE), trial
        else:
            assert trial.what.isdigit(), trial


@pytest.mark.parametrize("path", mutants.all_files(), ids=lambda path: path.stem)
def test_the_simulation_finds_it_too(path):
    assert mutants.read(path).limited_to("simulate").trials


GOOD = """one thing

Somebody waits unseen.

in a.c
  stands
- goes
+ comes

try unit test_a
"""


def written(directory, text):
    path = directory / "one.mutant"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_is_read_and_planted(tmp_path):
    planted = mutants.read(written(tmp_path, GOOD))
    assert (planted.name, planted.sentence) == ("one thing", "Somebody waits unseen.")
    assert planted.trials == (mutants.Trial("unit", "test_a"),)
    (tmp_path / "a.c").write_text("before\nstands\ngoes\nbehind\n", encoding="utf-8")
    assert planted.changed(tmp_path) == {"a.c": "before\nstands\ncomes\nbehind\n"}


@pytest.mark.parametrize("source", ["", "stands\nwent\n", "stands\ngoes\nstands\ngoes\n"])
def test_a_text_that_is_not_there_once_is_a_misfit(tmp_path, source):
    """Gone, changed, or ambiguous."""
    (tmp_path / "a.c").write_text(source, encoding="utf-8")
    with pytest.raises(mutants.Misfit):
        mutants.read(written(tmp_path, GOOD)).changed(tmp_path)


@pytest.mark.parametrize("gone", ["Somebody waits unseen.\n\n", "\ntry unit test_a\n", "- goes\n+ comes\n"])
def test_one_that_lacks_something_cannot_be_read(tmp_path, gone):
    with pytest.raises(mutants.Misfit):
        mutants.read(written(tmp_path, GOOD.replace(gone, "")))
