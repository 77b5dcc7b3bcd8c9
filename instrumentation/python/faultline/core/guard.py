"""The line between the app and this package: nothing of ours may raise into the app."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_log = logging.getLogger("faultline")
_log.addHandler(logging.NullHandler())
_said: set[str] = set()


def guarded(work: Callable[..., T], *args: Any, fallback: Any = None) -> T | Any:
    """What `work(*args)` returns, or `fallback` if it raises; that goes to the logger `faultline` at DEBUG."""
    try:
        return work(*args)
    except Exception as error:
        note_fault(error)
        return fallback


def note_fault(error: BaseException) -> None:
    """Logs a fault of this package's own."""
    try:
        _log.debug("instrumentation failed and was skipped: %r", error, exc_info=error)
    except Exception:
        # A broken logger is the app's own; there is nowhere left to report it.
        pass


def say_once(topic: str, line: str) -> None:
    """Writes one line to standard error the first time `topic` comes up, and never again."""
    if topic in _said:
        return
    _said.add(topic)
    try:
        sys.stderr.write(f"faultline: {line}\n")
    except Exception:
        # Standard error may be closed.
        pass
