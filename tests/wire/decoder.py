"""The decoder of the broker and the library as a Python object: frames in, verdicts out."""

import os
import pathlib
import struct
import subprocess

BUILD = pathlib.Path(os.environ["HOUVAST_BUILD"])


class Decoder:
    """One program, asked again and again."""

    def __init__(self):
        self.program = subprocess.Popen(
            [BUILD / "test/wire/verdicts"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self):
        self.program.stdin.close()
        assert self.program.wait(timeout=60) == 0

    def judge(self, frame, whose):
        """'taken', or the code of the refusal and the field ('-': none). `whose` is p or b."""
        self.program.stdin.write(whose.encode() + struct.pack(">I", len(frame)) + frame)
        self.program.stdin.flush()
        verdict = self.program.stdout.readline().decode().rstrip("\n")
        assert verdict, f"the decoder ended over {frame!r}"
        return verdict
