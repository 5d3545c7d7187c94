"""The clocks of the machine on which a broker runs, in a test's hands.

Time passes when a test says so: hours for nothing, and as often as it likes. The broker wakes by
itself in real time only, so that any command is what makes it look: `World.passes`.
"""

import datetime
import mmap
import struct
import time
import uuid
import zoneinfo

from daemon import BUILD

SHIM = next((path for path in (BUILD / "test" / "shift_clock.so", BUILD.parent / "test" / "shift_clock.so")
             if path.exists()), None)


class Clock:
    """Shared with a daemon that is started with `variables`."""

    FIELDS = ("passed", "wall", "boot", "synchronised", "other_boot")

    def __init__(self, path):
        assert SHIM, f"no shift_clock.so below {BUILD}: run `make tests` first"
        path.write_bytes(bytes(8 * len(self.FIELDS)))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.variables = {"HOUVAST_CLOCK": str(path), "LD_PRELOAD": str(SHIM)}

    def get(self, name):
        return struct.unpack_from("q", self.memory, 8 * self.FIELDS.index(name))[0]

    def set(self, name, value):
        struct.pack_into("q", self.memory, 8 * self.FIELDS.index(name), value)

    @property
    def now_ms(self):
        """What the machine's wall clock shows."""
        return int(time.time() * 1000) + self.get("passed") + self.get("wall")

    def runs(self, ms):
        """So much time passes, on every clock; what is past already has passed."""
        self.set("passed", self.get("passed") + max(0, ms))

    def runs_until(self, moment_ms):
        self.runs(moment_ms - self.now_ms)

    def jumps(self, ms):
        """Somebody sets the wall clock: no time passes."""
        self.set("wall", self.get("wall") + ms)

    def jumps_to(self, moment_ms):
        self.jumps(moment_ms - self.now_ms)

    def keeps_time(self, is_kept):
        """Whether a time service keeps the wall clock."""
        self.set("synchronised", int(is_kept))

    def boots(self):
        """The machine starts anew: its clock since boot begins at a second. For before a start."""
        self.set("boot", 1000 - int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000) - self.get("passed"))
        self.set("other_boot", 1)
        self.variables["HOUVAST_BOOT_ID"] = uuid.uuid4().hex


def moment(text):
    """Milliseconds since 1970 of a local time in Amsterdam: 2026-12-24T17:00."""
    local = datetime.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Amsterdam"))
    return int(local.timestamp() * 1000)
