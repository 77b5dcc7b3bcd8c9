"""Who owns a folder of the spool, by its name, and whether that owner still lives.

The names are those of the TypeScript side, so that processes of one service may send for each other whatever
language they are in. On Linux a process is known by its boot, its PID namespace, its number and the moment of its
start, which together are never used twice: there is no lock to be left behind.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from typing import NamedTuple

# How often a living owner says so by touching its folder, in seconds.
HEARTBEAT_S = 5.0
# An owner that cannot be looked up counts as dead after so long a silence, in seconds.
SILENCE_S = 60.0

_NAME = re.compile(r"(\d+)-(\d+)-(\d+)-([0-9a-f]{12})-(\d+)-[0-9a-f]{8}\Z", re.A)
_NUMBER = re.compile(r"\d+")


class Owner(NamedTuple):
    """One process on one machine."""

    pid: int
    # Clock ticks between boot and the start of the process; "0" where it cannot be known.
    started: str
    # PID namespace: a container's numbers mean nothing outside of it.
    namespace: str
    machine: str
    # Of a process in Node, which has one folder for each of its threads.
    thread: int


def this_owner() -> Owner:
    """The calling process."""
    return Owner(
        os.getpid(),
        _start_of(os.getpid()) or "0",
        _namespace(),
        hashlib.sha256(_machine().encode()).hexdigest()[:12],
        0,
    )


def name_for(owner: Owner) -> str:
    """A new name for a folder of `owner`; no other folder ever has it."""
    return f"{owner.pid}-{owner.started}-{owner.namespace}-{owner.machine}-{owner.thread}-{secrets.token_hex(4)}"


def owner_of_name(name: str) -> Owner | None:
    """Reads `name_for`; None if it is no such name."""
    found = _NAME.match(name)
    if not found:
        return None
    pid, started, namespace, machine, thread = found.groups()
    return Owner(int(pid), started, namespace, machine, int(thread))


def is_dead(owner: Owner, silent_s: float, me: Owner) -> bool:
    """Whether an owner is gone for good, as seen from this process, which last touched its folder so many
    seconds ago."""
    # Another machine or container: its processes cannot be seen from here.
    if (owner.machine, owner.namespace) != (me.machine, me.namespace):
        return silent_s > SILENCE_S
    started = _start_of(owner.pid)
    if started is not None and owner.started != "0" and started != owner.started:
        return True
    if started is None and not _answers(owner.pid, me):
        return True
    # The process lives, but a worker thread of Node's may be gone, and without a start the number may be reused.
    is_certain = owner.started != "0" and owner.thread == 0
    return not is_certain and silent_s > SILENCE_S


def _start_of(pid: int) -> str | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            # The name of the program may hold spaces and brackets; the fields count from after it.
            fields = stat.read().rpartition(") ")[2].split()
    except OSError:
        return None
    # A zombie has ended; only its parent has not looked yet.
    return None if fields[0] in "ZX" else fields[19]


def _answers(pid: int, me: Owner) -> bool:
    # Where there is /proc and it knows nothing of a running process, there is none.
    if me.started != "0":
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _namespace() -> str:
    try:
        found = _NUMBER.search(os.readlink("/proc/self/ns/pid"))
        return found[0] if found else "0"
    except OSError:
        return "0"


def _machine() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="latin-1") as boot:
            return boot.read().strip()
    except OSError:
        return socket.gethostname()
