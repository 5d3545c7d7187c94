"""The command line tool as an organisation's people and scripts run it."""

import json
import os
import pathlib
import select
import signal
import subprocess

import zmq.utils.z85

from daemon import BUILD, COMPLAINT
from peer import Deadline

PROGRAM = BUILD / "houvast"
RUN_S = 60.0

DONE, REFUSED, USAGE, NO_ANSWER, INTERNAL, LATER, NO_SESSION, CONFIGURATION = 0, 1, 64, 69, 70, 75, 77, 78


def key_file(path, kind, secret, public=None):
    lines = [f"kind = {kind}"]
    if public is not None:
        lines.append(f"public_key = {public}")
    lines.append(f"secret_key = {secret}")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def z85(value):
    return zmq.utils.z85.encode(value).decode()


class Client:
    """An organisation's files for the tool, in a folder of their own."""

    network_secret = bytes(range(32))

    def __init__(self, world, organisation, role="endpoint", *, endpoint=None, sealing=None):
        self.world = world
        self.organisation = organisation
        self.role = role
        self.folder = pathlib.Path(world.daemon.scratch) / f"client-{organisation}-{role}"
        self.folder.mkdir(exist_ok=True)
        self.config = self.folder / f"{role}.conf"
        key = world.network[organisation].keys[role]
        key_file(self.folder / "own.key", "curve", key.secret.decode(), key.public.decode())
        key_file(self.folder / "network.secret", "secret", z85(self.network_secret))
        key_file(self.folder / "case.secret", "secret", z85(organisation.ljust(32).encode()))
        names = []
        for label, pair in (sealing or world.network[organisation].sealing).items():
            names.append(f"{label}.sealing")
            key_file(self.folder / names[-1], "sealing", z85(bytes(pair.secret)), z85(pair.public))
        self.settings = {
            "endpoint": endpoint or world.network.endpoint,
            "broker_public_key": world.network.broker_public.decode(),
            "organisation": organisation,
            "role": role,
            "key": "own.key",
            "sealing_keys": " ".join(names),
            "network_secret": "network.secret",
            "case_secret": "case.secret",
        }
        self.write()

    def write(self):
        lines = ["[client]", *(f"{key} = {value}" for key, value in self.settings.items())]
        self.config.write_text("\n".join(lines) + "\n")

    def command(self, *arguments):
        return [str(PROGRAM), "--config", str(self.config), *map(str, arguments)]

    def run(self, *arguments, expect=DONE, input=None, **more):
        """Runs the tool to its end, which has to have the expected status."""
        return run(*self.command(*arguments), expect=expect, input=input, **more)

    def json(self, *arguments, **more):
        """Runs the tool with --json; what it printed, one object per line, or the only one."""
        done = run(*self.command("--json", *arguments), **more)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert answers, f"nothing was printed; on standard error: {done.stderr}"
        return answers[0] if len(answers) == 1 else answers

    def listen(self, *arguments, **more):
        return Listener(self, *arguments, **more)


def environment():
    """Ours, without what the caller's own configuration says."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("HOUVAST_")},
        "TZ": "Europe/Amsterdam",
        "ASAN_OPTIONS": "exitcode=99:detect_leaks=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
    }


def run(*command, expect=DONE, input=None, env=None, **more):
    done = subprocess.run(
        [str(word) for word in command], input=input, capture_output=True, text=True, timeout=RUN_S,
        env={**environment(), **(env or {})}, stdin=None if input is not None else subprocess.DEVNULL, **more)
    assert not COMPLAINT.search(done.stderr), done.stderr
    assert done.returncode == expect, (
        f"{' '.join(map(str, command))}: expected status {expect}, got {done.returncode}\n"
        f"standard output: {done.stdout}\nstandard error: {done.stderr}")
    return done


class Listener:
    """A `houvast listen` in the background. Its lines on standard error are read as they come."""

    def __init__(self, client, *arguments, ready=True, env=None):
        self.said = []
        self.process = subprocess.Popen(
            client.command("listen", *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**environment(), **(env or {})})
        os.set_blocking(self.process.stderr.fileno(), False)
        self.rest = ""
        if ready:
            self.until("listening to")

    def lines(self, within):
        """Waits until there is more on standard error; False at its end or when the time is over."""
        if not select.select([self.process.stderr], [], [], within)[0]:
            return False
        text = self.process.stderr.read()
        if not text:
            return False
        *whole, self.rest = (self.rest + text).split("\n")
        self.said += whole
        return True

    def until(self, words, times=1, within=RUN_S):
        """Waits until so many lines have those words; the last of them."""
        deadline = Deadline(within)
        while True:
            found = [line for line in self.said if words in line]
            if len(found) >= times:
                return found[times - 1]
            assert self.lines(deadline.left_s), f"listen never said {words!r}; it said {self.said}"

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def ends(self, expect=DONE, within=RUN_S):
        """Waits for the end; what was printed on standard output."""
        deadline = Deadline(within)
        while self.lines(deadline.left_s):
            pass
        assert not deadline.passed, f"listen has not ended within {within} s; it said {self.said}"
        output = self.process.stdout.read()
        status = self.process.wait(deadline.left_s + 1)
        said = "\n".join(self.said) + self.rest
        assert not COMPLAINT.search(said), said
        assert status == expect, f"listen: expected status {expect}, got {status}; it said {said}"
        return output

    def stop(self, expect=DONE):
        self.signal()
        return self.ends(expect)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
