"""Makes a failure condition, checking what is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from faultline.conditions.usage import Usage
from faultline.semconv import FAILURE_CLASS_VALUES, FAILURE_SEVERITY_VALUES, FAILURE_SITE_VALUES

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")
_MAX_TEXT = 500
_MAX_HISTORY = 50

# True or evidence, fields or a sentence: it failed. Anything falsy, an empty text included: it did not.
Verdict = bool | Mapping[str, Any] | str | None


@dataclass(frozen=True)
class Context:
    """What a condition may look at. The values are the app's own objects: read them only."""

    # What the node or the run returned.
    output: Any
    input: Any
    agent_id: str
    graph_id: str
    run_id: str
    session_id: str | None
    # '' for a run.
    node_id: str
    attempt: int
    visit: int
    # Milliseconds that the attempt or the run took.
    duration_ms: float
    # Of the attempt, or of the whole run.
    usage: Usage
    run_usage: Usage
    # Node attempts so far, and how many of them failed.
    steps: int
    failures: int
    # The last outputs of the node in this run before this one, the oldest first.
    earlier: tuple[Any, ...] = field(default=())


@dataclass(frozen=True)
class Condition:
    """A failure that raises nothing; made by `condition`."""

    name: str
    when: Callable[[Context], Verdict]
    failure_class: str
    severity: str
    site: str | None
    hint: str | None
    message: str
    history: int


def condition(
    name: str,
    when: Callable[[Context], Verdict],
    *,
    failure_class: str = "unclassified",
    severity: str = "major",
    site: str | None = None,
    hint: str | None = None,
    message: str | None = None,
    history: int = 5,
) -> Condition:
    """A failure that raises nothing: `when` looks at what a node or a run returned.

    ```python
    placeholder = faultline.condition(
        "answer_is_placeholder",
        lambda context: "TODO" in str(context.output) and {"found": "TODO"},
        failure_class="output.silent",
        hint="The prompt asks for an outline first: ask for the answer itself.",
    )
    ```

    `name` is `failure.condition` and `error.type`; `message` is the failure's, the same each time so that equal failures
    are one group; `history` is how many earlier outputs of the node are kept for `when`, 0 to 50. Raises ValueError if
    an option is wrong; the message names it.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        _refuse("name", "1 to 64 letters, digits, _ . and -, a letter first", name)
    if not callable(when):
        _refuse("when", "a function", when, name)
    _one_of("failure_class", FAILURE_CLASS_VALUES, failure_class, name)
    _one_of("severity", FAILURE_SEVERITY_VALUES, severity, name)
    if site is not None:
        _one_of("site", FAILURE_SITE_VALUES, site, name)
    for what, text in (("hint", hint), ("message", message)):
        if text is not None and (not isinstance(text, str) or not 0 < len(text) <= _MAX_TEXT):
            _refuse(what, f"a text of 1 to {_MAX_TEXT} characters", text, name)
    if not isinstance(history, int) or not 0 <= history <= _MAX_HISTORY:
        _refuse("history", f"a whole number from 0 to {_MAX_HISTORY}", history, name)
    return Condition(
        name, when, failure_class, severity, site, hint, message or f"failure condition {name} is met", history
    )


def _one_of(what: str, allowed: tuple[str, ...], value: Any, name: str) -> None:
    if value not in allowed:
        _refuse(what, f"one of {', '.join(allowed)}", value, name)


def _refuse(what: str, expected: str, given: Any, name: str | None = None) -> None:
    of = f" of {name}" if name else ""
    shown = repr(given[:80]) if isinstance(given, str) else type(given).__name__
    raise ValueError(f"failure condition: {what}{of} must be {expected}, got {shown}")
