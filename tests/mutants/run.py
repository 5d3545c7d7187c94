#!/usr/bin/python3
"""Plants defects one by one and shows which test finds each.

    tests/mutants/run.py BUILD [--all] [--only KIND] [--keep-going] [NAME...]

BUILD is the folder with what was built, usually build: the tree and its objects are copied to
BUILD/mutants, and only what a mutant changes is built again there. Without names all mutants of this
folder are planted (mutant.py says how one is written). The tests that mutants name are run on the
tree as it is first: they have to pass there.

A mutant's tests are tried in order until one fails; with --all each of them is, to show all that
find it; `--only simulate` shows at which seed the simulation finds each. The exit status is 1 where a mutant survives, cannot be planted or cannot be built.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import xml.etree.ElementTree as xml

import mutant as mutants

ROOT = mutants.ROOT
# For a test: a defect may be that something never ends. Behind a mutant it has this or ten times what
# it took on the tree as it is, whichever is more, so that a busy machine finds nothing.
TRIAL_SECONDS = 120
FIRST_SECONDS = 600
SENTENCE_LENGTH = 220


class NotBuilt(Exception):
    """What the compiler said."""


# ---- The tree ----


def ours():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


class Tree:
    """A copy of sources and objects, in which mutants are planted."""

    def __init__(self, build):
        self.root = build / "mutants"
        self.build = self.root / "build"
        shutil.rmtree(self.root, ignore_errors=True)
        for name in ours():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.root / name)
        self.build.mkdir()
        for name in ("flags", "gen", "obj"):
            if (build / name).is_dir():
                shutil.copytree(build / name, self.build / name)
            elif (build / name).exists():
                shutil.copy2(build / name, self.build / name)
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.seconds = FIRST_SECONDS  # that a test has
        self.environment |= {
            "HOUVAST_BUILD": str(self.build),
            "PYTHONPYCACHEPREFIX": str(self.build / "pycache"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.build / "hypothesis"),
        }

    def make(self, targets):
        run = subprocess.run(["make", "DEPS=no", *sorted(targets)], cwd=self.root, env=self.environment,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            raise NotBuilt("\n".join(line for line in run.stdout.splitlines() if not line.startswith("  ")))

    def write(self, texts):
        """What is written is newer than what was built of it, before and behind a mutant."""
        for path, text in texts.items():
            (self.root / path).write_text(text, encoding="utf-8")

    def run(self, command):
        """(status, its stdout, its stderr); the status is None where it did not end. Its children end with it."""
        process = subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        try:
            said, complained = process.communicate(timeout=self.seconds)
            return process.returncode, said, complained
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, *process.communicate()


# ---- Trials: each gives None, or the test that failed and the sentence it failed with ----


def how_it_ended(status):
    if status is None:
        return "no end in many times its time"
    return f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def last_line(said):
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def try_unit(tree, trial):
    """By cmocka's Test Anything Protocol; what a test says with fail_msg is on stderr."""
    tree.environment["CMOCKA_MESSAGE_OUTPUT"] = "TAP"
    status, said, complained = tree.run([tree.build / "test/unit" / trial.what])
    if status == 0:
        return None
    failed = re.search(r"^not ok \d+ - (.*)\n((?:(?!ok |not ok ).*\n?)*)", said, re.MULTILINE)
    if not failed:
        return f"{trial.what}: as a whole", f"{how_it_ended(status)}: {last_line(complained) or last_line(said)}"
    lines = [line.removeprefix("#").removesuffix("error: Failure!").strip(" :") for line in failed[2].splitlines()]
    told = re.search(r"^ERROR: (.*)$", complained, re.MULTILINE)
    if told and len(lines) < 2:  # a place alone
        lines.insert(0, told[1])
    return f"{trial.what}: {failed[1]}", ", ".join(line for line in lines if line and not line.startswith("not ok"))


def try_e2e(tree, trial):
    report = tree.build / "e2e.xml"
    report.unlink(missing_ok=True)
    file, _, rest = trial.what.partition(" ")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--color=no", "--no-header", "-p", "no:cacheprovider",
               f"--junitxml={report}", f"--timeout={tree.seconds:.0f}", "--timeout-method=signal",
               "--rootdir", tree.root / "tests", tree.root / "tests/e2e" / file, *rest.split()]
    status, said, _ = tree.run(command)
    if status == 0:
        return None
    for case in xml.parse(report).iter("testcase") if report.exists() else ():
        for failure in [*case.findall("failure"), *case.findall("error")]:
            return f"{file.partition('::')[0]}: {case.get('name')}", failure.get("message", "")
    return f"{file}: as a whole", f"{how_it_ended(status)}: {last_line(said)}"


def try_simulate(tree, trial):
    status, said, complained = tree.run([tree.build / "test/simulation/simulate", "--seeds", trial.what, "--jobs",
                             str(min(16, os.cpu_count() or 1)), "--shrink", "0"])
    if status == 0:
        return None
    found = re.findall(r"seed (\d+), step (\d+): (.*)$", complained, re.MULTILINE)
    if found:
        seed, step, sentence = min(found, key=lambda one: int(one[0]))
        return f"simulate: seed {seed}, step {step}", sentence
    return "simulate: as a whole", f"{how_it_ended(status)}: {last_line(complained)}"


def try_kill(tree, trial):
    status, _, complained = tree.run([sys.executable, tree.root / "tests/fault/kill_checker.py", "--kills", trial.what,
                             "--build", tree.build])
    return None if status == 0 else ("kill checker", last_line(complained) or how_it_ended(status))


TRIALS = {"unit": try_unit, "e2e": try_e2e, "simulate": try_simulate, "kill": try_kill}


def targets_of(trial):
    broker = {"build/houvastd", "build/houvast"} | {
        f"build/test/{path.stem}.so" for path in (ROOT / "tests/fault").glob("*.c")}
    return {
        "unit": {f"build/test/unit/{trial.what}"},
        "e2e": broker,
        "simulate": {"build/test/simulation/simulate"},
        "kill": broker,
    }[trial.kind]


def attempt(tree, trial):
    tree.make(targets_of(trial))
    found = TRIALS[trial.kind](tree, trial)
    if not found:
        return None
    name, sentence = found
    sentence = " ".join(sentence.replace(str(tree.root) + "/", "").split())
    return name, sentence if len(sentence) <= SENTENCE_LENGTH else sentence[:SENTENCE_LENGTH - 1] + "…"


# ---- All ----


def show(name, seconds, lines):
    print(f"{name:<52} {seconds:5.1f} s", flush=True)
    for line in lines:
        print(textwrap.fill(line, 110, initial_indent="    ", subsequent_indent="      "), flush=True)


def baseline(tree, trials):
    """The tests that fail where nothing is planted, and the seconds that each may take from here on."""
    broken, seconds = [], {}
    began = time.monotonic()
    for trial in trials:
        tree.make(targets_of(trial))
        started = time.monotonic()
        found = attempt(tree, trial)
        seconds[trial] = max(TRIAL_SECONDS, 10 * (time.monotonic() - started))
        if found:
            broken.append(trial)
            print(f"{trial} fails on the tree as it is: {found[0]}: {found[1]}", flush=True)
    print(f"{len(trials)} tests of mutants on the tree as it is: {len(trials) - len(broken)} pass, {len(broken)} fail, "
          f"{time.monotonic() - began:.0f} s\n", flush=True)
    return broken, seconds


def plant(tree, planted, trials, all_trials):
    """What finds it, as lines."""
    before = {path: (tree.root / path).read_text(encoding="utf-8") for path in planted.changed(tree.root)}
    found = []
    tree.write(planted.changed(tree.root))
    try:
        for trial, seconds in trials.items():
            tree.seconds = seconds
            hit = attempt(tree, trial)
            if hit:
                found.append(f"{hit[0]}: {hit[1]}")
            elif all_trials:
                found.append(f"({trial} does not find it)")
            if hit and not all_trials:
                break
    finally:
        tree.write(before)
    return [line for line in found if not line.startswith("(")] and found


def select(names):
    paths = {path.stem: path for path in mutants.all_files()}
    for name in names:
        if name not in paths:
            sys.exit(f"no mutant is called {name}; there are {', '.join(paths)}")
    return [mutants.read(paths[name]) for name in names or paths]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true", help="try every test of a mutant, not until one finds it")
    parser.add_argument("--only", choices=mutants.KINDS, help="try tests of that kind alone")
    parser.add_argument("--keep-going", action="store_true", help="plant although tests fail without, and leave those out")
    options = parser.parse_intermixed_args()
    chosen = [planted.limited_to(options.only) for planted in select(options.names)]
    chosen = [planted for planted in chosen if planted.trials]
    tree = Tree(options.build.resolve())
    trials = list(dict.fromkeys(trial for planted in chosen for trial in planted.trials))
    try:
        broken, seconds = baseline(tree, trials)
    except NotBuilt as trouble:
        sys.exit(f"the tree as it is does not build:\n{trouble}")
    if broken and not options.keep_going:
        return 1

    survived = misfits = 0
    for planted in chosen:
        began = time.monotonic()
        try:
            usable = {trial: seconds[trial] for trial in planted.trials if trial not in broken}
            lines = plant(tree, planted, usable, options.all)
            if not lines:
                survived += 1
                lines = [f"SURVIVES {', '.join(str(trial) for trial in planted.trials)}: {planted.sentence}"]
        except (mutants.Misfit, NotBuilt) as trouble:
            misfits += 1
            lines = [f"CANNOT BE PLANTED: {trouble}"]
        show(planted.name, time.monotonic() - began, lines)
    shutil.rmtree(tree.root)
    print(f"\n{len(chosen)} mutants: {len(chosen) - survived - misfits} found, {survived} survived, "
          f"{misfits} could not be planted")
    return 1 if survived or misfits else 0


if __name__ == "__main__":
    sys.exit(main())
