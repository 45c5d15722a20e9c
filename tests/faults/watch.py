"""Sees what happens in a folder as it happens: inotify(7), through ctypes."""

import ctypes
import fnmatch
import os
import select
import struct
import time

CREATED = 0x100
MOVED_FROM = 0x40
OVERFLOWED = 0x4000

_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Reports what is created in a folder and what is moved out of it."""

    def __init__(self, folder):
        self.descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        path = os.fsencode(folder)
        if (self.descriptor < 0
                or _libc.inotify_add_watch(self.descriptor, path, CREATED | MOVED_FROM) < 0):
            raise OSError(ctypes.get_errno(), "the folder cannot be watched", str(folder))

    def events(self):
        """Those that are waiting, as pairs of a mask and a name."""
        found = []
        while True:
            try:
                data = os.read(self.descriptor, 1 << 16)
            except BlockingIOError:
                return found
            at = 0
            while at < len(data):
                _, mask, _, length = struct.unpack_from("iIII", data, at)
                name = data[at + 16:at + 16 + length].rstrip(b"\0").decode()
                found.append((mask, name))
                at += 16 + length

    def wait_for(self, kind, pattern, count, seconds):
        """Until that has happened to so many names of the pattern; False if not in time."""
        end = time.monotonic() + seconds
        while count > 0:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                return False
            count -= sum(1 for mask, name in self.events()
                         if mask & kind and fnmatch.fnmatch(name, pattern))
        return True

    def close(self):
        os.close(self.descriptor)
