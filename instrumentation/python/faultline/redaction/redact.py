"""Texts and JSON values without their secrets.

Each form of a secret is noticed by one character that is rare in other text, and only there its matcher is
asked. Every matcher looks a bounded way around, or at what none will look at again, so the whole takes linear
time whatever the text is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from faultline.redaction import json_text
from faultline.redaction.addresses import card, email, url_password
from faultline.redaction.canonical import canonical_ascii
from faultline.redaction.fields import secret_field
from faultline.redaction.json_text import Walk, canonical_json
from faultline.redaction.keys import LAST_TWO, kind_of_key
from faultline.redaction.text import Match, is_mark, mark_of
from faultline.redaction.tokens import (
    PREFIX_PAIRS,
    jwt,
    prefixed_key,
    private_key,
    scheme_credentials,
)

# How often each kind of secret was removed.
Redactions = dict[str, int]
# Removes secrets from plain JSON; may raise, and then the field is dropped. The second argument is the place:
# `("input",)`, `("evidence", "output")`.
Redactor = Callable[[Any, Sequence[str]], "tuple[Any, Redactions]"]

# How far beyond its bound a text is looked at: a secret that the bound splits shows.
_MARGIN = 4096
# What a match may have before its anchor, at most.
_MAX_BEFORE = 80


def _anchors() -> str:
    """One alternative for each first character, so that the search skips all others at once."""
    befores: dict[str, str] = {}
    for pair in PREFIX_PAIRS:
        befores[pair[1]] = befores.get(pair[1], "") + re.escape(pair[0])
    branches = [rf"{re.escape(sign)}(?<=[{before}]{re.escape(sign)})" for sign, before in befores.items()]
    branches += ["-(?=--)", "=", ":", "@", r"J(?<=yJ)", "b(?=[eE][aA]|[aA][sS])", "B(?=[eE][aA]|[aA][sS])"]
    branches += [rf"{digit}(?<![0-9]{digit})(?=[0-9]{{3}}(?:[0-9]{{9}}|[^0-9][0-9]))" for digit in "23456"]
    return "|".join(branches)


_ANCHOR = re.compile(_anchors())
_KEY_END = re.compile(rf"""[^\x00-.](?:{"|".join(sorted(LAST_TWO))})[ "'\\\]]{{0,12}}\Z""")
# An escape of what needs none.
_ASCII_ESCAPE = re.compile(r"\\u00[2-7]")
_JSON_START = re.compile(r"\s*[\[{]")


def scan(text: str, limit: int) -> list[Match]:
    """The secrets that start in the first `limit` characters, in order, without overlaps."""
    found: list[Match] = []
    floor = 0
    for anchor in _ANCHOR.finditer(text, 0, len(text)):
        index = anchor.start()
        if index < floor:
            continue
        if index >= limit + _MAX_BEFORE:
            break
        match = _ask(text[index], text, index, floor)
        if match is not None and match.start >= floor:
            found.append(match)
            floor = match.end
    return found


def _ask(sign: str, text: str, index: int, floor: int) -> Match | None:
    if sign == ":":
        if text[index + 1 : index + 2] not in ("/", "\\"):
            return secret_field(text, index) if _may_end_key(text, index) else None
        return url_password(text, index) or secret_field(text, index)
    if sign == "=":
        return secret_field(text, index) if _may_end_key(text, index) else None
    if sign == "@":
        return email(text, index, floor)
    if sign in "23456":
        return card(text, index)
    if sign == "J":
        return jwt(text, index)
    if sign in "bB":
        return scheme_credentials(text, index)
    return (private_key(text, index) if sign == "-" else None) or prefixed_key(text, index)


def _may_end_key(text: str, index: int) -> bool:
    """Whether a secret-like key may end before the separator: behind it quotes and spaces."""
    return _KEY_END.search(text[max(0, index - 16) : index]) is not None


def is_suspicious(text: str) -> bool:
    """Whether a matcher finds something to look at; what it says no to has no secret."""
    for anchor in _ANCHOR.finditer(text):
        index = anchor.start()
        if text[index] not in ":=":
            return True
        if text[index + 1 : index + 2] in ("/", "\\") or _may_end_key(text, index):
            return True
    return "\\u00" in text


def redact_text(text: str, counts: Redactions, limit: int | None = None) -> str:
    """The first `limit` characters of a text, without the secrets that start in them; JSON text stays JSON
    text unless it is cut. `counts` gets what was removed."""
    if limit is not None and len(text) > limit:
        return _flat(text[: limit + _MARGIN], counts, limit)
    if not is_suspicious(text):
        return text
    looks_like_json = _JSON_START.match(text) is not None
    if looks_like_json and _ASCII_ESCAPE.search(text):
        inner = _json(text, counts)
        return _flat(text, counts) if inner is None else inner
    found: Redactions = {}
    result = _flat(text, found)
    if looks_like_json and result != text and parsed_json(result) is _NO_JSON:
        inner = _json(text, counts)
        if inner is not None:
            return inner
    add_counts(counts, found)
    return result


def redact_value(value: Any, counts: Redactions) -> Any:
    """A copy of a plain value; in objects also what stands under a secret-like key is removed."""
    if isinstance(value, str):
        return redact_text(value, counts)
    if isinstance(value, list):
        return [redact_value(item, counts) for item in value]
    if isinstance(value, dict):
        result: dict[str, Any] = {}
        for key, member in value.items():
            if _is_clean_key(key):
                result[key] = redact_value(member, counts)
            else:
                result[redact_text(key, counts)] = redact_member(key, member, counts)
        return result
    if type(value) is int and value >= 1_000_000_000_000:
        text = str(value)
        result = redact_text(text, counts)
        return value if result == text else result
    return value


def redact_member(key: str, member: Any, counts: Redactions) -> Any:
    """A copy of what stands under this key in an object."""
    kind = kind_of_member(key, member)
    return mark(kind, counts) if kind else redact_value(member, counts)


def kind_of_member(key: str, member: Any) -> str:
    """The kind of secret that a member is because of its key; '' when its key tells nothing."""
    if member is None or isinstance(member, bool) or (isinstance(member, str) and (member == "" or is_mark(member))):
        return ""
    return kind_of_key(key)


def mark(kind: str, counts: Redactions) -> str:
    """What stands where a secret of this kind was, which is counted."""
    counts[kind] = counts.get(kind, 0) + 1
    return mark_of(kind)


def redact(value: Any, _path: Sequence[str] = ()) -> tuple[Any, Redactions]:
    """Removes secrets, e-mail addresses and card numbers. The default redactor."""
    counts: Redactions = {}
    return redact_value(value, counts), counts


_MAX_REMEMBERED = 4096
_clean: dict[str, bool] = {}


def _is_clean_key(key: str) -> bool:
    is_clean = _clean.get(key)
    if is_clean is None:
        is_clean = kind_of_key(key) == "" and not is_suspicious(key)
        if len(_clean) >= _MAX_REMEMBERED:
            _clean.clear()
        if len(key) <= 128:
            _clean[key] = is_clean
    return is_clean


json_text.is_clean_key = _is_clean_key


def redacted_json(value: Any, counts: Redactions) -> str:
    """The canonical JSON text of any value, redacted; most values need no closer look."""
    walk = Walk()
    text = canonical_json(value, walk)
    # Characters that no matcher looks across stand between the texts.
    if all(map(_is_clean_key, walk.keys)) and not is_suspicious("\x00\n\x00".join(walk.texts)):
        return text
    return canonical_json(redact_value(json.loads(text), counts))


def redact_names(value: Any, names: set[str], counts: Redactions) -> str:
    """The canonical JSON text of a plain value that holds nothing but these names and whole numbers."""
    if all(name.isascii() and _is_clean_key(name) for name in names):
        return canonical_ascii(value)
    return canonical_json(redact_value(value, counts))


def _json(text: str, counts: Redactions) -> str | None:
    value = parsed_json(text)
    if value is _NO_JSON:
        return None
    found: Redactions = {}
    result = redact_value(value, found)
    add_counts(counts, found)
    return json.dumps(result, ensure_ascii=False, separators=(",", ":")) if found else text


_NO_JSON = object()


def parsed_json(text: str) -> Any:
    """The value of a JSON text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NO_JSON


def is_json(value: Any) -> bool:
    return value is not _NO_JSON


def looks_like_json(text: str) -> bool:
    return _JSON_START.match(text) is not None


def _flat(text: str, counts: Redactions, limit: int | None = None) -> str:
    bound = len(text) if limit is None else limit
    parts: list[str] = []
    position = 0
    for start, end, kind, quote in scan(text, bound):
        if start >= bound:
            break
        parts += (text[position:start], quote, mark(kind, counts), quote)
        position = end
    if position < bound:
        parts.append(text[position:bound])
    return "".join(parts)


def add_counts(to: Redactions, more: Redactions) -> None:
    """Adds the counts of `more` to `to`."""
    for kind, number in more.items():
        to[kind] = to.get(kind, 0) + number
