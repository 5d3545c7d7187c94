#!/usr/bin/python3
"""Runs what proves Houvast and ends in one line: N passed, N failed, N skipped.

    tests/run_all.py BUILD [SUITE...]

BUILD is the folder with the programs to prove: build, or build/asan for the sanitizers' ones.
A suite is `unit` (the programs in BUILD/test/unit), the source of one of them, `fuzz` (the fuzzers
over the inputs kept for them), `simulation` (its scripts, a fixed number of seeds and a fresh one),
`kill` (the kill checker, HOUVAST_KILLS times, 60 where that is not
set) or a folder of tests/ with pytest files; without any, all run but `bench`.
Tests find the programs through HOUVAST_BUILD, which is BUILD as an absolute path.

The exit status is 0 only when something passed and nothing failed.
"""

import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNIT_SECONDS_MAX = 600
TEST_SECONDS_MAX = 600
SUITE_SECONDS_MAX = 4 * 3600
LONG_SUITES = {"bench"}


class Tally:
    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failed = []

    def fail(self, name, text=""):
        self.failed.append(name)
        print(f"FAILED {name}")
        if text.strip():
            print("    " + text.strip().replace("\n", "\n    "))


def environment_for(build):
    results = ROOT / "build"
    return os.environ | {
        "HOUVAST_BUILD": str(build),
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:" + os.environ.get("ASAN_OPTIONS", ""),
        "UBSAN_OPTIONS": "print_stacktrace=1:" + os.environ.get("UBSAN_OPTIONS", ""),
        "PYTHONPYCACHEPREFIX": str(results / "pycache"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(results / "hypothesis"),
    }


def run_unit_program(program, environment, tally, arguments=()):
    """One program, by cmocka's Test Anything Protocol: its plan says how many must answer."""
    try:
        run = subprocess.run(
            [program, *arguments],
            env=environment | {"CMOCKA_MESSAGE_OUTPUT": "TAP"},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=UNIT_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        tally.fail(program.name, f"no end after {UNIT_SECONDS_MAX} s")
        return
    planned = answered = passed = 0
    failures_before = len(tally.failed)
    lines = run.stdout.splitlines()
    for number, line in enumerate(lines):
        if plan := re.fullmatch(r"1\.\.(\d+)", line):
            planned += int(plan[1])
        elif result := re.fullmatch(r"(not )?ok \d+ (-|# SKIP) (.*)", line):
            answered += 1
            if result[2] == "# SKIP":
                tally.skipped += 1
            elif result[1]:
                said = [text for text in lines[number + 1 :] if not re.match(r"(not )?ok ", text)]
                tally.fail(f"{program.name}: {result[3]}", "\n".join(said[:12]))
            else:
                passed += 1
    tally.passed += passed
    unaccounted = run.returncode != 0 and len(tally.failed) == failures_before
    if answered != planned or planned == 0 or unaccounted:
        tally.fail(
            f"{program.name}: as a whole",
            f"{answered} of {planned} tests answered, exit status {run.returncode}\n"
            + "\n".join(lines[-40:]),
        )
    if len(tally.failed) == failures_before:
        print(f"{program.name}: {passed} passed")


def run_unit(build, environment, tally, sources):
    for source in sources:
        program = build / "test/unit" / source.stem
        if program.exists():
            run_unit_program(program, environment, tally)
        else:
            tally.fail(source.stem, f"{program} was not built")


def run_fuzz(build, environment, tally):
    """Each fuzzer over the inputs that are kept for it, once."""
    for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        corpus = ROOT / "tests/fuzz/corpus" / source.stem.removeprefix("fuzz_")
        program = build / "test/fuzz" / source.stem
        if program.exists():
            run_unit_program(program, environment, tally, [corpus])
        else:
            tally.fail(source.stem, f"{program} was not built")


def run_simulation(build, environment, tally):
    program = build / "test/simulation/simulate"
    if program.exists():
        run_unit_program(program, environment, tally, ["--test", "--seeds", "30"])
    else:
        tally.fail("simulation", f"{program} was not built")


def run_pytest(suite, build, environment, tally):
    report = build / "results" / f"{suite}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "--color=no", "--no-header"]
    command += ["-o", f"cache_dir={ROOT}/build/pytest", f"--junitxml={report}"]
    command += [f"--timeout={TEST_SECONDS_MAX}", "--timeout-method=signal"]
    command += ["--rootdir", str(ROOT / "tests"), str(ROOT / "tests" / suite)]
    print(f"tests/{suite}:", flush=True)
    try:
        status = subprocess.run(
            command, env=environment, cwd=ROOT, timeout=SUITE_SECONDS_MAX
        ).returncode
    except subprocess.TimeoutExpired:
        tally.fail(suite, f"no end after {SUITE_SECONDS_MAX} s")
        return
    failures_before = len(tally.failed)
    if report.exists():
        for case in xml.parse(report).iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                tally.failed.append(name)
            elif case.find("skipped") is not None:
                tally.skipped += 1
            else:
                tally.passed += 1
    if status != 0 and len(tally.failed) == failures_before:
        tally.fail(suite, f"pytest ended with status {status}")


def run_kill(build, environment, tally):
    kills = os.environ.get("HOUVAST_KILLS", "60")
    print(f"kill checker, {kills} kills:", flush=True)
    command = [sys.executable, ROOT / "tests/fault/kill_checker.py", "--kills", kills, "--build", build]
    try:
        status = subprocess.run(
            command, env=environment, cwd=ROOT, timeout=SUITE_SECONDS_MAX
        ).returncode
    except subprocess.TimeoutExpired:
        status = f"none after {SUITE_SECONDS_MAX} s"
    if status == 0:
        tally.passed += 1
    else:
        tally.fail(f"kill checker, {kills} kills", f"exit status {status}")


def suites_there_are():
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    return ["unit", "fuzz", "simulation"] + sorted(folders - LONG_SUITES) + ["kill"]


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 64
    build = pathlib.Path(sys.argv[1]).resolve()
    environment = environment_for(build)
    tally = Tally()
    for suite in sys.argv[2:] or suites_there_are():
        if suite == "unit":
            # By their sources: a program may lie about from before it was renamed.
            run_unit(build, environment, tally, sorted((ROOT / "tests/unit").glob("test_*.c")))
        elif suite.endswith(".c"):
            run_unit(build, environment, tally, [pathlib.Path(suite)])
        elif suite == "fuzz":
            run_fuzz(build, environment, tally)
        elif suite == "simulation":
            run_simulation(build, environment, tally)
        elif suite == "kill":
            run_kill(build, environment, tally)
        else:
            run_pytest(suite, build, environment, tally)
    if tally.failed:
        print("\nFailed:")
        for name in tally.failed:
            print(f"  {name}")
    print(f"\n{tally.passed} passed, {len(tally.failed)} failed, {tally.skipped} skipped")
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main())
