"""A terminal with a program on it: what is drawn, and keys that are pressed."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios

import pyte

from daemon import COMPLAINT
from peer import Deadline
from tool import environment

DRAWN_S = 60.0


class Screen:
    """Runs a program on a pseudo-terminal and reads what it draws as a person would see it."""

    def __init__(self, command, columns=80, lines=24, **env):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        ours, theirs = pty.openpty()
        self.terminal = ours
        self.size(columns, lines, drawn=False)
        variables = {**environment(), "TERM": "linux", **env}  # as pyte knows it
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={key: value for key, value in variables.items() if value is not None},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)

    def size(self, columns, lines, drawn=True):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if drawn:
            self.screen.resize(lines, columns)

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def text(self):
        return "\n".join(self.lines())

    def read(self, within):
        """Draws what has come; False at the end of the program, or when the time is over."""
        if not select.select([self.terminal], [], [], within)[0]:
            return False
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    def is_whole(self):
        """One drawing may come in several pieces: takes what is on its way."""
        while self.read(0.1):
            pass
        return True

    def until(self, condition, what=None, within=DRAWN_S):
        """Waits until the condition, of this screen, or these words, are to be seen, and the screen is whole."""
        words = condition if isinstance(condition, str) else None
        deadline = Deadline(within)
        while not (self.is_whole() and (words in self.text() if words is not None else condition(self))):
            more = self.read(min(deadline.left_s, 0.5))
            assert more or (self.process.poll() is None and not deadline.passed), (
                f"never saw {what or words or 'it'}; the screen is\n{self.text()}")
        return self

    def row(self, words):
        """The line with those words, which has to be there."""
        self.until(words)
        return next(line for line in self.lines() if words in line)

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def ends(self, expect=0, within=DRAWN_S):
        deadline = Deadline(within)
        while self.process.poll() is None and not deadline.passed:
            self.read(0.1)
        while self.read(0):
            pass
        assert self.process.poll() == expect, (
            f"expected status {expect}, got {self.process.poll()}; the screen is\n{self.text()}")
        assert not COMPLAINT.search(self.raw.decode(errors="replace")), self.raw.decode(errors="replace")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.terminal)
