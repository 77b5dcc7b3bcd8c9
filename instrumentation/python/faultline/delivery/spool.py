"""Keeps encoded spans in files until the collector has them, so that they outlive the process.

A process writes into a folder of its own, made at its first frame. A segment is written to, then sealed, then
removed once every frame of it was acknowledged. Folders whose owner is dead are emptied by the process that sees them
first: moving a file is the claim, and only one can move it. Not synced to the disk: a file's pages outlive the
process, not a power cut.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Mapping

from faultline.core.guard import say_once
from faultline.delivery.environment import is_off
from faultline.delivery.owner import HEARTBEAT_S, Owner, is_dead, name_for, owner_of_name, this_owner
from faultline.delivery.segment import Segment

# The bytes after which a new file is begun. A file goes when all of it was acknowledged, so this is also about
# what is sent again after a crash.
_SEGMENT_BYTES = 128 * 1024
# Pause before a folder that could not be written is tried again, in seconds.
_RETRY_S = 30.0
_SUFFIX = ".spool"


def spool_folder(service: str, collector: str, env: Mapping[str, str] = os.environ) -> str | None:
    """The folder of a service's spools for one collector, without making it; None if `FAULTLINE_SPOOL` turns it
    off. Below the base it is `<service>-<digest of the collector's address>`, so that nothing goes to a collector
    that it was not meant for."""
    if is_off(env.get("FAULTLINE_SPOOL", "")):
        return None
    digest = hashlib.sha256(f"{service}\n{collector}".encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "_", service)[:64] or "service"
    return os.path.abspath(os.path.join(_base(env), f"{readable}-{digest}"))


def _base(env: Mapping[str, str]) -> str:
    own = env.get("FAULTLINE_SPOOL_DIR", "").strip()
    if own:
        return own
    state = env.get("XDG_STATE_HOME", "").strip()
    if state:
        return os.path.join(state, "faultline-spool")
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return os.path.join(tempfile.gettempdir(), f"faultline-spool-{user}")


def make_private(folder: str) -> None:
    """Makes a folder with mode 0700, its parents too. Raises OSError if that cannot be done, or if it is a link or
    another user's: then others could read the spool or put something into it."""
    old = os.umask(0o077)
    try:
        os.makedirs(folder, exist_ok=True)
    finally:
        os.umask(old)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(f"{folder} is no folder")
    if hasattr(os, "getuid"):
        if found.st_uid != os.getuid():
            raise OSError(f"{folder} belongs to another user")
        if found.st_mode & 0o077:
            raise OSError(f"{folder} is open to other users")


class Spool:
    """The spool of one process. Nothing of it raises. Its caller holds a lock around every call."""

    def __init__(self, folder: str, max_bytes: int, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._forget_all()

    def _forget_all(self) -> None:
        self._owner: Owner | None = None
        # The process's own folder, once it is made.
        self._home: str | None = None
        self._current: Segment | None = None
        # Segments with frames that lie in files only, oldest first.
        self._unread: list[Segment] = []
        # Everything that has a file.
        self._segments: set[Segment] = set()
        self._bytes = 0
        self._made = 0
        self._beat_at = 0.0
        self._retry_at = 0.0

    def forked(self) -> None:
        """In the child of a fork: the files are the parent's."""
        if self._current is not None:
            self._current.seal()
        self._forget_all()

    @property
    def has_unread(self) -> bool:
        """Whether frames lie in files only."""
        return bool(self._unread)

    def write(self, payload: bytes, also_in_memory: bool) -> Segment | None:
        """Writes a frame before it returns. Returns the frame's segment, or None if the spool is full or its
        folder cannot be written. What is not in memory too comes back from `read_next`."""
        if self._bytes + len(payload) > self._max_bytes or time.monotonic() < self._retry_at:
            return None
        try:
            segment = self._segment_for(also_in_memory)
            before = segment.size
            segment.append(payload, also_in_memory)
        except OSError as error:
            self._failed(error)
            return None
        self._bytes += segment.size - before
        if not also_in_memory and segment not in self._unread:
            self._unread.append(segment)
        return segment

    def acknowledge(self, segment: Segment) -> None:
        """The collector has taken one frame of `segment`, or will never take it."""
        segment.held -= 1
        if segment.is_done and segment in self._segments:
            self._remove(segment)

    def read_next(self) -> tuple[Segment, list[bytes]] | None:
        """The frames of the oldest segment that lie in its file only."""
        if not self._unread:
            return None
        segment = self._unread.pop(0)
        if segment is self._current:
            self._seal()
        payloads = segment.read()
        if segment.is_done:
            self._remove(segment)
        return segment, payloads

    def adopt(self) -> None:
        """Takes over the files of dead processes of the service; says that this one lives."""
        self.beat()
        try:
            names = os.listdir(self._folder)
        except OSError:
            return
        me = self._me()
        for name in names:
            owner = owner_of_name(name)
            path = os.path.join(self._folder, name)
            if owner is None or path == self._home:
                continue
            try:
                silent = time.time() - os.lstat(path).st_mtime
            except OSError:
                continue
            if is_dead(owner, silent, me):
                self._take_over(path)

    def beat(self) -> None:
        """Touches the folder, for those that cannot look this process up."""
        if self._home is not None and time.monotonic() - self._beat_at > HEARTBEAT_S:
            self._beat_at = time.monotonic()
            try:
                os.utime(self._home)
            except OSError:
                pass

    def close(self) -> None:
        """Leaves nothing behind that holds no frames."""
        self._seal()
        for segment in list(self._segments):
            if segment.is_done:
                self._remove(segment)
        if self._home is not None:
            try:
                os.rmdir(self._home)
                self._home = None
            except OSError:
                # Something is in it, for the next process.
                pass

    def _me(self) -> Owner:
        if self._owner is None:
            self._owner = this_owner()
        return self._owner

    def _segment_for(self, also_in_memory: bool) -> Segment:
        """Frames that lie in a file only stand behind those that memory has too."""
        current = self._current
        if current is not None and current.is_writable:
            is_full = current.size >= self._segment_bytes
            if not is_full and not (also_in_memory and current.unread_from is not None):
                return current
            self._seal()
        segment = Segment.create(self._next_path())
        self._segments.add(segment)
        self._bytes += segment.size
        self._current = segment
        return segment

    def _next_path(self) -> str:
        self._made += 1
        return os.path.join(self._own_folder(), f"{self._made:08d}{_SUFFIX}")

    def _own_folder(self) -> str:
        if self._home is None or not os.path.isdir(self._home):
            make_private(self._folder)
            self._home = os.path.join(self._folder, name_for(self._me()))
            os.mkdir(self._home, 0o700)
        return self._home

    def _seal(self) -> None:
        current, self._current = self._current, None
        if current is None:
            return
        current.seal()
        if current.is_done:
            self._remove(current)

    def _remove(self, segment: Segment) -> None:
        self._bytes -= segment.size
        try:
            segment.forget()
        except OSError:
            pass
        if segment.is_writable:
            self._bytes += segment.size
        else:
            self._segments.discard(segment)

    def _take_over(self, folder: str) -> None:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return
        for name in names:
            if not name.endswith(_SUFFIX):
                continue
            source = os.path.join(folder, name)
            try:
                size = os.stat(source).st_size
                if self._bytes + size > self._max_bytes:
                    return
                target = self._next_path()
                os.rename(source, target)
            except OSError:
                # Another process was faster.
                continue
            segment = Segment.found(target, size)
            self._segments.add(segment)
            self._unread.append(segment)
            self._bytes += size
        try:
            os.rmdir(folder)
        except OSError:
            pass

    def _failed(self, error: OSError) -> None:
        self._retry_at = time.monotonic() + _RETRY_S
        self._seal()
        say_once(
            "spool",
            f"cannot keep failures in {self._folder} ({error}), so a crash may lose the last ones; name another "
            "folder with FAULTLINE_SPOOL_DIR or say FAULTLINE_SPOOL=off",
        )
