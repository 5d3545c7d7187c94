#!/usr/bin/python3
"""Says where the broker's processor time goes, room by room.

    tests/bench/rooms.py PERF.DATA US_PER_HANDOVER

PERF.DATA is what `load --perf DIR` recorded; US_PER_HANDOVER the figure "broker, turns" of that run.
Record a build with CFLAGS='-O2 -g -fno-optimize-sibling-calls', or what ends in a tail call counts for
its caller. Every sample of the thread of the turns belongs to the innermost of the frames below that is on its
stack.
"""

import collections
import re
import subprocess
import sys

ROOMS = [
    (r"fdatasync|fsync", "sync"),
    (r"crypto_generichash.*|blake2b.*|chain|commit_to", "hashing"),
    (r"randombytes.*|world_random|real_random", "randomness"),
    (r"wire_decode|decode", "decode: messages"),
    (r"wire_decode_struct", "decode: events read back"),
    (r"wire_encode", "encode: answers and items"),
    (r"wire_encode_struct", "encode: events"),
    (r"door_take|message_receive", "libzmq: receive"),
    (r"door_send|message_send", "libzmq: send"),
    (r"door_release|outbox_clear", "libzmq: release"),
    (r"ledger_commit", "ledger: commit"),
    (r"ledger_chain", "hashing"),
    (r"ledger_(?!error|seq|head|id|begin|gauges)\w+", None),
    (r"loop_wait|loop_turns|sd_event_run", "loop"),
    (r"turn_run|turn_try|message_take|command_\w+|delivery_\w+|record_\w+|answer_\w+", "judge, decide, answer"),
]
ROOMS = [(re.compile(pattern), name) for pattern, name in ROOMS]


def room_of(frames):
    for frame in frames:
        for pattern, name in ROOMS:
            if pattern.fullmatch(frame):
                return name or "ledger: " + frame.removeprefix("ledger_")
    return "elsewhere"


def stacks(path):
    """(thread, frames from the innermost outwards) of each sample."""
    text = subprocess.run(
        ["perf", "script", "--no-inline", "-F", "comm,ip,sym", "-i", path],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace", check=True).stdout
    for sample in text.split("\n\n"):
        lines = sample.strip("\n").split("\n")
        if len(lines) > 1:
            frames = [line.split(None, 1)[1].split("@")[0].strip() for line in lines[1:] if len(line.split(None, 1)) > 1]
            yield lines[0].strip(), frames


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 64
    rooms = collections.Counter(
        room_of(frames) for thread, frames in stacks(sys.argv[1]) if thread.startswith("houvastd"))
    total = sum(rooms.values())
    for name, samples in rooms.most_common():
        share = samples / total
        print(f"{share * float(sys.argv[2]):8.2f} µs  {share:6.1%}  {name}")
    print(f"{float(sys.argv[2]):8.2f} µs          of {total} samples")
    return 0


if __name__ == "__main__":
    sys.exit(main())
