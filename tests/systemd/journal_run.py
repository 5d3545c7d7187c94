"""Inside with-journald.sh: one life of houvastd whose stderr is the journal; prints its entries.

    journal_run.py PROGRAM FOLDER

FOLDER has `network` and `network-broken`. Out comes JSON: the two exit statuses and all entries,
oldest first; what the daemon wrote on its stderr instead of sending it has another identifier.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

STREAM = "/run/systemd/journal/stdout"


def journal_stream(identifier):
    """A stream like the one that systemd gives a service as its stderr."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.connect(STREAM)
    # identifier, unit, priority, whether <N> prefixes count, and three times no forwarding
    stream.sendall(f"{identifier}\n\n6\n1\n0\n0\n0\n".encode())
    return stream


def start(program, arguments):
    stream = journal_stream("by-the-stream")
    file = os.fstat(stream.fileno())
    return subprocess.Popen([program, *arguments], stderr=stream,
                            env={**os.environ, "JOURNAL_STREAM": f"{file.st_dev}:{file.st_ino}"})


def entries():
    subprocess.run(["journalctl", "--sync"], check=True)
    said = subprocess.run(["journalctl", "--output=json", "--all", "SYSLOG_IDENTIFIER=houvastd", "+",
                           "SYSLOG_IDENTIFIER=by-the-stream"], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def wait_for(message_id):
    deadline = time.monotonic() + 20
    while not any(entry.get("MESSAGE_ID") == message_id for entry in entries()):
        if time.monotonic() > deadline:
            sys.exit(f"no entry {message_id}: {entries()}")
        time.sleep(0.1)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    prefix = "6f1d0c1e8a0b4a0c9a51d3c0a1b200"
    refused = start(program, ["--network", folder / "network-broken", "--state", folder / "state"])
    refused.wait(20)
    daemon = start(program, ["--network", folder / "network", "--state", folder / "state"])
    wait_for(prefix + "01")
    (folder / "network/network.conf").rename(folder / "away")
    daemon.send_signal(signal.SIGHUP)
    wait_for(prefix + "05")
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(20)
    print(json.dumps({"refused": refused.returncode, "stopped": daemon.returncode, "entries": entries()}))


main()
