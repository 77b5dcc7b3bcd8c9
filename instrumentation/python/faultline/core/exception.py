"""What is known about a raised exception: its type, message, stack with causes, and the chain of causes."""

from __future__ import annotations

import linecache
import os
import re
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

_MAX_CAUSES = 16
# Of a deep recursion the ends are shown.
_HEAD_FRAMES, _TAIL_FRAMES = 20, 80
# This package's frames are no part of the app's stack.
_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# A code that names a kind of error: `invalid_api_key`, `ECONNREFUSED`. An HTTP status (litellm) and the anchor of a
# page of help (SQLAlchemy's `e3q8`) do not.
_CODE = re.compile(r"(?=.{3,64}\Z)(?:[A-Za-z]+(?:[_.-][A-Za-z0-9]+)+|[A-Z][A-Z0-9]{2,})\Z")
_CAUSED = "\n\nThe above exception was the direct cause of the following exception:\n\n"
_DURING = "\n\nDuring handling of the above exception, another exception occurred:\n\n"


class ExceptionFacts(NamedTuple):
    """An exception as text, not yet redacted."""

    # `error.type`: the error's code if it has one as text, else its class.
    error_type: str
    # `exception.type`: the class as tracebacks name it.
    type: str
    message: str
    # In the form of Python's own tracebacks, causes first.
    stack: str
    # The errors under this one, nearest first; members of an exception group are among them.
    causes: list[dict[str, str]]


class Reported(NamedTuple):
    """A failure that nobody raised: what a framework or a condition says."""

    type: str
    message: str
    stack: str = ""


def describe_exception(error: Any) -> ExceptionFacts:
    """Describes any exception. Never raises, whatever its class does."""
    if isinstance(error, Reported):
        stack = error.stack or f"{error.type}: {error.message}"
        return ExceptionFacts(error.type, error.type, error.message, stack, [])
    name = type_of(error)
    # An exception without words is known by its class, as in a traceback.
    message = message_of(error) or type(error).__name__
    causes = [{"type": type_of(each), "message": message_of(each)} for each in _under(error)]
    return ExceptionFacts(error_type_of(error), name, message, _stack_of(error, 0, {id(error)}), causes)


def error_type_of(error: Any) -> str:
    """`error.type` of any exception. Never raises."""
    if isinstance(error, Reported):
        return error.type
    code = _read(error, "code")
    return code if isinstance(code, str) and _CODE.match(code) else type_of(error)


def type_of(error: Any) -> str:
    """The class as tracebacks name it: with its module unless that is the program or Python itself."""
    kind = type(error)
    try:
        name = kind.__name__ if "<locals>" in kind.__qualname__ else kind.__qualname__
        module = kind.__module__
    except Exception:
        return "object"
    return name if module in (None, "builtins", "__main__") else f"{module}.{name}"


def message_of(error: Any) -> str:
    try:
        return str(error)
    except Exception:
        return "[unreadable]"


def causes_of(error: Any) -> Iterator[BaseException]:
    """What an exception says itself that it comes from: `raise … from`, and the members of a group."""
    cause = _read(error, "__cause__")
    if isinstance(cause, BaseException):
        yield cause
    members = _read(error, "exceptions")
    if isinstance(members, (tuple, list)):
        for member in members[:_MAX_CAUSES]:
            if isinstance(member, BaseException):
                yield member


def _under(error: Any) -> list[BaseException]:
    found: list[BaseException] = []
    seen = {id(error)}
    waiting = list(causes_of(error)) or _context_of(error)
    while waiting and len(found) < _MAX_CAUSES:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        found.append(each)
        waiting = [*(list(causes_of(each)) or _context_of(each)), *waiting]
    return found


def _context_of(error: Any) -> list[BaseException]:
    context = _read(error, "__context__")
    return [context] if isinstance(context, BaseException) and not _read(error, "__suppress_context__") else []


def _stack_of(error: Any, depth: int, seen: set[int]) -> str:
    before = ""
    if depth < _MAX_CAUSES:
        cause = _read(error, "__cause__")
        context = next(iter(_context_of(error)), None)
        under = cause if isinstance(cause, BaseException) else context
        if under is not None and id(under) not in seen:
            seen.add(id(under))
            before = _stack_of(under, depth + 1, seen) + (_CAUSED if under is cause else _DURING)
    lines = list(_frames(_read(error, "__traceback__")))
    head = "Traceback (most recent call last):\n" if lines else ""
    notes = _read(error, "__notes__")
    after = "".join(f"\n{note}" for note in notes[:8]) if isinstance(notes, list) else ""
    message = message_of(error)
    words = f": {message}" if message else ""
    return f"{before}{head}{''.join(lines)}{type_of(error)}{words}{after}"


def _frames(trace: Any) -> Iterator[str]:
    frames: list[tuple[types.FrameType, int]] = []
    while isinstance(trace, types.TracebackType) and len(frames) < 10_000:
        if not trace.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
            frames.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    skipped = len(frames) - _HEAD_FRAMES - _TAIL_FRAMES
    for number, (frame, line) in enumerate(frames):
        if skipped > 0 and _HEAD_FRAMES <= number < _HEAD_FRAMES + skipped:
            if number == _HEAD_FRAMES:
                yield f"  [{skipped} frames left out]\n"
            continue
        code = frame.f_code
        source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
        yield f'  File "{code.co_filename}", line {line}, in {code.co_name}\n'
        if source:
            yield f"    {source}\n"


def _read(error: Any, name: str) -> Any:
    try:
        return getattr(error, name, None)
    except Exception:
        return None
