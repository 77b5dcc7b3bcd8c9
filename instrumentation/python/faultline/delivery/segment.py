"""One file of the spool: a magic line, then frames of length, checksum and payload.

A file ends wherever its process died, so reading stops at the first frame that is not whole. Its frames are
first those that the queue also holds in memory, then those that lie here only and have to be read back.
"""

from __future__ import annotations

import os
import struct
import zlib

# What a spool file begins with; the digit is the version of the form, which the TypeScript side has too.
MAGIC = b"faultline-spool-1\n"
# Before each payload: its length and its CRC-32.
_HEAD = struct.Struct("<II")
# Longer is damage and no frame.
_MAX_PAYLOAD = 64 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    """The payload as it stands in a file."""
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def read_frames(content: bytes, offset: int = len(MAGIC)) -> list[bytes]:
    """The payloads of a file from `offset` on, up to the first torn or damaged frame."""
    payloads: list[bytes] = []
    if not content.startswith(MAGIC):
        return payloads
    at = offset
    while at + _HEAD.size <= len(content):
        length, checksum = _HEAD.unpack_from(content, at)
        start = at + _HEAD.size
        if length > _MAX_PAYLOAD or start + length > len(content):
            break
        payload = content[start : start + length]
        if zlib.crc32(payload) != checksum:
            break
        payloads.append(payload)
        at = start + length
    return payloads


class Segment:
    """A file of the spool; open while it is being written to."""

    def __init__(self, path: str, size: int, fd: int | None = None, unread_from: int | None = None) -> None:
        self.path = path
        # Bytes of the file.
        self.size = size
        # How many of its frames the queue holds unacknowledged.
        self.held = 0
        # Where the frames begin that lie here only.
        self.unread_from = unread_from
        self._fd = fd

    @classmethod
    def create(cls, path: str) -> Segment:
        """Raises OSError if it cannot be made or is there already."""
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        segment = cls(path, 0, fd)
        segment._write(MAGIC)
        return segment

    @classmethod
    def found(cls, path: str, size: int) -> Segment:
        """A file that another process left; nothing is added to it."""
        return cls(path, size, unread_from=len(MAGIC))

    @property
    def is_writable(self) -> bool:
        return self._fd is not None

    @property
    def is_done(self) -> bool:
        """Whether every frame of it was acknowledged."""
        return self.held == 0 and self.unread_from is None

    def append(self, payload: bytes, also_in_memory: bool) -> None:
        """Writes one frame, whole or not at all. Raises OSError."""
        start = self.size
        self._write(frame(payload))
        if also_in_memory:
            self.held += 1
        elif self.unread_from is None:
            self.unread_from = start

    def read(self) -> list[bytes]:
        """The frames that lie here only; from now on the queue holds them."""
        start, self.unread_from = self.unread_from, None
        if start is None:
            return []
        try:
            with open(self.path, "rb") as file:
                payloads = read_frames(file.read(), start)
        except OSError:
            return []
        self.held += len(payloads)
        return payloads

    def seal(self) -> None:
        """Takes no more frames."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def forget(self) -> None:
        """Empties a file that is being written to, and removes any other."""
        if self._fd is None:
            try:
                os.unlink(self.path)
            except OSError:
                pass
        elif self.size > len(MAGIC):
            os.ftruncate(self._fd, len(MAGIC))
            self.size = len(MAGIC)

    def _write(self, content: bytes) -> None:
        if self._fd is None:
            raise OSError("the segment is sealed")
        written = os.write(self._fd, content)
        if written != len(content):
            # Half a frame would hide all that come after it.
            os.ftruncate(self._fd, self.size)
            raise OSError(f"only {written} of {len(content)} bytes could be written")
        self.size += written
