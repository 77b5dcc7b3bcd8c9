"""Gets the last spans out when the process ends, without changing how it ends; keeps forks apart."""

from __future__ import annotations

import atexit
import os
import signal
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

from faultline.core.guard import guarded
from faultline.delivery.queue import SpanQueue

_LAST_CALL_S = 1.5
_queues: weakref.WeakSet[SpanQueue] = weakref.WeakSet()
_before_end: list[Callable[[], None]] = []
_is_set_up = False


def before_the_end(work: Callable[[], None]) -> None:
    """Has `work` run before the last flush of the process: spans that wait for news are ended then."""
    _before_end.append(work)


def flush_at_end(queue: SpanQueue) -> None:
    """Flushes `queue` when the process ends by itself, by `sys.exit`, by an exception that nobody caught, or by
    SIGTERM or SIGHUP where those have their usual meaning. At most 1.5 s; exit code and signal stay as they are."""
    global _is_set_up
    _queues.add(queue)
    if _is_set_up:
        return
    _is_set_up = True
    atexit.register(_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                guarded(signal.signal, number, _on_signal)


def _at_exit() -> None:
    for work in _before_end:
        guarded(work)
    for queue in list(_queues):
        guarded(queue.last_call, _LAST_CALL_S)


def _on_signal(number: int, _frame: types.FrameType | None) -> Any:
    """An app that sets a handler of its own replaces this one, and decides itself when to end."""
    for work in _before_end:
        guarded(work)
    for queue in list(_queues):
        guarded(queue.flush_from_signal, _LAST_CALL_S)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _before_fork() -> None:
    for queue in list(_queues):
        queue.before_fork()


def _in_parent() -> None:
    for queue in list(_queues):
        queue.after_fork_in_parent()


def _in_child() -> None:
    for queue in list(_queues):
        queue.after_fork_in_child()
