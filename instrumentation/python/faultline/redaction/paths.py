"""Redaction by path, besides that by form and key: `input.customer.name`, `input.lines[*].text`, `**.ssn`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from faultline.redaction.elements import kind_of_item
from faultline.redaction.redact import (
    Redactions,
    Redactor,
    add_counts,
    is_json,
    kind_of_member,
    looks_like_json,
    mark,
    name_of_member,
    parsed_json,
    redact_text,
    redact_value,
)
from faultline.redaction.text import mark_of

# What is sent of a failure, and of graphs: a path begins with one of them, or with `**` for each.
FIELDS = ("input", "state", "evidence", "message", "stacktrace", "graph")
_DENIED = "denied"
_MARK = mark_of(_DENIED)


class Step(NamedTuple):
    """One key of a path, and what follows it."""

    # None stands for any key and any place in a list.
    name: str | None
    # Whether it may also lie deeper.
    deep: bool
    next: Step | None
    # What shows that a text quotes the last name from here on; None if only `*` and numbers follow.
    quoted: re.Pattern[str] | None


Steps = tuple[Step, ...]

_TOKEN = re.compile(
    r"""(?:^|\.)(?:(?P<deep>\*\*)|(?P<any>\*)|(?P<name>[^\s.,[\]"'*]+))"""
    r"""|\[(?:(?P<every>\*)|(?P<index>\d+)|(?P<quote>["'])(?P<text>(?:\\["'\\]|(?!(?P=quote))[^\\])*)(?P=quote))\]"""
)
_FRAME = re.compile(r'  File "[^"]*", line \d+, in ')
_ESCAPE = re.compile(r"\\+u([0-9a-f]{4})", re.I)


def parse_paths(paths: Any, option: str) -> Steps:
    """The first steps of a list of paths. Raises ValueError, which names the option."""
    if paths is None:
        return ()
    if isinstance(paths, str) or not isinstance(paths, (list, tuple)):
        raise ValueError(f"{option} must be a list of paths")
    return tuple(_parse_path(path, option) for path in paths)


def _parse_path(path: Any, option: str) -> Step:
    if not isinstance(path, str):
        raise ValueError(f"{option}: {path!r} is no text")
    keys: list[tuple[str | None, bool]] = []
    deep, at = False, 0
    while at < len(path):
        token = _TOKEN.match(path, at)
        if not token:
            break
        at = token.end()
        if token["deep"]:
            deep = True
            continue
        text = re.sub(r"\\(.)", r"\1", token["text"]) if token["text"] is not None else None
        keys.append((token["name"] or token["index"] or text, deep))
        deep = False
    if at < len(path) or deep or not keys:
        raise ValueError(
            f'{option}: {path!r} is no path at {at}; expected keys as in a.b, a[*], a["b c"], *.a and **.a'
        )
    first_name, first_deep = keys[0]
    if not first_deep and first_name not in FIELDS:
        raise ValueError(f"{option}: {path!r} must begin with one of {', '.join(FIELDS)} or **")
    # Behind a `**` in front comes what lies in any of the fields, not the field itself.
    if first_deep:
        keys.insert(0, (None, False))
    step: Step | None = None
    for name, is_deep in reversed(keys):
        is_named = name is not None and re.search(r"\D", name) is not None
        quoted = step.quoted if step and step.quoted else _quoted_key(name) if is_named and name else None
        step = Step(name, is_deep, step, quoted)
    assert step is not None
    return step


def _quoted_key(name: str) -> re.Pattern[str]:
    """The key in quotes before a colon, at any depth of quoting, unless what stands there is removed."""
    key = re.sub(r"(?:\\\\)+", r"\\\\+", re.escape(json.dumps(name, ensure_ascii=False)[1:-1]))
    starts = "|".join(re.escape(_MARK[: end + 1]) for end in range(len(_MARK)))
    removed = rf"""\\*["']{re.escape(_MARK)}\\*["']|(?:\\*(?:["'](?:{starts})?)?)\Z"""
    return re.compile(rf"""["']{key}\\*["']\s*:(?!\s*(?:{removed}))""")


class _Place(NamedTuple):
    """Which paths lead on from a place."""

    deny: Steps
    allow: Steps
    is_denied: bool
    # Whether the built-in redaction stays away from it and from all below.
    is_open: bool

    def at(self, key: str) -> _Place:
        deny, ends = _below(self.deny, key)
        allow, opens = _below(self.allow, key)
        return _Place(deny, allow, self.is_denied or ends, self.is_open or opens)


def _below(steps: Steps, key: str) -> tuple[Steps, bool]:
    rest: list[Step] = []
    ends = False
    for step in steps:
        if step.deep:
            rest.append(step)
        if step.name is not None and step.name != key:
            continue
        if step.next is None:
            ends = True
        else:
            rest.append(step.next)
    return tuple(rest), ends


def redact_paths(
    *, deny: Sequence[str] = (), allow: Sequence[str] | None = None, redact: Redactor | None = None
) -> Redactor:
    """A redactor with lists of paths, for every option that takes one. A path begins with the field (`input`,
    `state`, `evidence`, `message`, `stacktrace`, `graph`) or with `**`, any depth in each of them; `[*]` and `*` are any
    key, `["a.b"]` is one with signs. Raises ValueError if a list or a path is wrong; the message names both."""
    if allow and redact:
        raise ValueError("redact_paths: allow is for the built-in redaction, which redact replaces")
    denied = parse_paths(deny, "redact_paths: deny")
    return redact_steps(denied, parse_paths(allow, "redact_paths: allow"), redact)


def redact_steps(denied: Steps, allow: Steps, redact: Redactor | None = None) -> Redactor:
    """`redact_paths` with paths that are parsed; without `redact` the built-in redaction."""
    of_message = [step for step in denied if step.name == "message"]
    no_message = any(step.next is None for step in of_message)
    root = _Place((*denied, *(each for step in of_message for each in _repetitions(step))), allow, False, bool(redact))

    def redactor(value: Any, path: Sequence[str] = ()) -> tuple[Any, Redactions]:
        counts: Redactions = {}
        place = root
        for key in path:
            place = place.at(key)
        if path and path[0] == "stacktrace" and isinstance(value, str) and not place.is_denied:
            kept = _stack(value, place, no_message, counts)
        else:
            kept = _value(value, place, counts)
        if redact is None:
            return kept, counts
        after, more = redact(kept, path)
        add_counts(counts, more)
        return after, counts

    return redactor


def _repetitions(message: Step) -> list[Step]:
    """Where a message stands too: in its stack, and as a cause of the error around it."""
    cause = message
    for name in (None, "causes", "evidence"):
        cause = message._replace(name=name, next=cause)
    # Of a stack whose whole message goes the frames stay.
    return [cause, message._replace(name="stacktrace")] if message.next else [cause]


def _value(value: Any, place: _Place, counts: Redactions) -> Any:
    if place.is_denied:
        return value if value == _MARK else mark(_DENIED, counts)
    goes_on = place.deny or (place.allow and not place.is_open)
    if not goes_on or not isinstance(value, (dict, list, str)):
        return value if place.is_open else redact_value(value, counts)
    if isinstance(value, str):
        return _text(value, place, counts)
    if isinstance(value, list):
        return [_item(value, index, place.at(str(index)), counts) for index in range(len(value))]
    return {
        key if place.is_open else redact_text(key, counts): _member(
            name_of_member(value, key), member, place.at(key), counts
        )
        for key, member in value.items()
    }


def _item(items: list[Any], index: int, place: _Place, counts: Redactions) -> Any:
    kind = "" if place.is_denied or place.is_open else kind_of_item(items, index)
    return mark(kind, counts) if kind else _value(items[index], place, counts)


def _member(key: str, member: Any, place: _Place, counts: Redactions) -> Any:
    kind = "" if place.is_denied or place.is_open else kind_of_member(key, member)
    return mark(kind, counts) if kind else _value(member, place, counts)


def _text(text: str, place: _Place, counts: Redactions) -> Any:
    """Paths go on inside JSON text. Other text that quotes a key from the deny list goes as a whole."""
    value = parsed_json(text) if looks_like_json(text) else None
    if value is None or not is_json(value):
        if _may_hide(text, place):
            return mark(_DENIED, counts)
        return text if place.is_open else redact_text(text, counts)
    found: Redactions = {}
    result = _value(value, place, found)
    add_counts(counts, found)
    # Of a key that comes twice only the last is seen.
    if not found and not _may_hide(text, place):
        return text
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _stack(stack: str, place: _Place, no_message: bool, counts: Redactions) -> str:
    """The frames of a stack stay when its message goes."""
    is_hidden = any(step.quoted is None for step in place.deny) or _may_hide(stack, place)
    if not no_message and not is_hidden:
        return stack if place.is_open else redact_text(stack, counts)
    frames = "\n".join(line for line in stack.split("\n") if _FRAME.match(line) and not _may_hide(line, place))
    kept = frames if place.is_open else redact_text(frames, counts)
    return f"{mark(_DENIED, counts)}\n{kept}"


def _may_hide(text: str, place: _Place) -> bool:
    """Whether something that the deny list names may stand in a text that is no data."""
    if not place.deny:
        return False
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text
    return any(step.quoted.search(plain) if step.quoted else looks_like_json(text) for step in place.deny)
