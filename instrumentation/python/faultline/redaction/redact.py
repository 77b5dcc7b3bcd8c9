"""Texts and JSON values without their secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from faultline.redaction import json_text
from faultline.redaction.canonical import canonical_ascii
from faultline.redaction.elements import kind_of_item, names_next
from faultline.redaction.encoded import decoded, may_be_encoded
from faultline.redaction.json_text import Walk, canonical_json
from faultline.redaction.keys import kind_of_key, kind_of_value, secret_name
from faultline.redaction.phrases import may_have_phrase
from faultline.redaction.scan import is_suspicious, places, scan
from faultline.redaction.text import is_mark, mark_of

# How often each kind of secret was removed.
Redactions = dict[str, int]
# Removes secrets from plain JSON; may raise, and then the field is dropped. The second argument is the place:
# `("input",)`, `("evidence", "output")`.
Redactor = Callable[[Any, Sequence[str]], "tuple[Any, Redactions]"]

# How far beyond its bound a text is looked at: a secret that the bound splits shows.
_MARGIN = 4096
# An escape of what needs none.
_ASCII_ESCAPE = re.compile(r"\\u00[2-7]")
_JSON_START = re.compile(r"\s*[\[{]")


def redact_text(text: str, counts: Redactions, limit: int | None = None) -> str:
    """The first `limit` characters of a text, without the secrets that start in them; JSON text stays JSON
    text unless it is cut. `counts` gets what was removed."""
    if limit is not None and len(text) > limit:
        return _flat(text[: limit + _MARGIN], counts, limit)
    lower = text.lower()
    where = places(text, lower)
    has_phrase = may_have_phrase(text, lower)
    if not where and not has_phrase and "\\u00" not in text and not may_be_encoded(text):
        return text
    looks_like_json = _JSON_START.match(text) is not None
    if looks_like_json and _ASCII_ESCAPE.search(text):
        inner = _json(text, counts)
        return _flat(text, counts, None, where, has_phrase) if inner is None else inner
    found: Redactions = {}
    result = _flat(text, found, None, where, has_phrase)
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
        return [redact_item(value, index, counts) for index in range(len(value))]
    if isinstance(value, dict):
        result: dict[str, Any] = {}
        for key, member in value.items():
            if _is_clean_key(key) and key.lower() != "value":
                result[key] = redact_value(member, counts)
            else:
                result[redact_text(key, counts)] = redact_member(name_of_member(value, key), member, counts)
        return result
    if type(value) is int and value >= 1_000_000_000_000:
        text = str(value)
        result = redact_text(text, counts)
        return value if result == text else result
    return value


def redact_item(items: list[Any], index: int, counts: Redactions) -> Any:
    """A copy of an element of a list, which the one before it may make a secret."""
    kind = kind_of_item(items, index)
    return mark(kind, counts) if kind else redact_value(items[index], counts)


def name_of_member(members: dict[str, Any], key: str) -> str:
    """The name that says what a member is: `name` and `value` in one object, as in a HAR file."""
    if key.lower() != "value":
        return key
    names = (members.get(each) for each in ("name", "Name", "key", "Key", "header", "path"))
    name = next((each for each in names if each is not None), None)
    if not isinstance(name, str):
        return key
    last = name[name.rfind("/") + 1 :]
    return key if secret_name(last) is None else last


def redact_member(key: str, member: Any, counts: Redactions) -> Any:
    """A copy of what stands under this key in an object."""
    kind = kind_of_member(key, member)
    return mark(kind, counts) if kind else redact_value(member, counts)


def kind_of_member(key: str, member: Any) -> str:
    """The kind of secret that a member is because of its key; '' when its key tells nothing."""
    if member is None or isinstance(member, bool) or (isinstance(member, str) and (member == "" or is_mark(member))):
        return ""
    if isinstance(member, str):
        return kind_of_value(key, member)
    name = secret_name(key)
    if name is None:
        return ""
    if isinstance(member, list) and any(
        isinstance(item, str) and not is_mark(item) and kind_of_value(key, item) for item in member
    ):
        return name.kind
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
        is_clean = secret_name(key) is None and not is_suspicious(key)
        if len(_clean) >= _MAX_REMEMBERED:
            _clean.clear()
        if len(key) <= 128:
            _clean[key] = is_clean
    return is_clean


json_text.is_clean_key = _is_clean_key
json_text.names_next = names_next


def redacted_json(value: Any, counts: Redactions) -> str:
    """The canonical JSON text of any value, redacted; most values need no closer look."""
    walk = Walk()
    text = canonical_json(value, walk)
    # Characters that no matcher looks across stand between the texts.
    if not walk.has_pairs and all(map(_is_clean_key, walk.keys)) and not is_suspicious("\x00\n\x00".join(walk.texts)):
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


class _Found(NamedTuple):
    """A secret, and what stands in its place with what was removed from that."""

    start: int
    end: int
    kind: str
    quote: str = ""
    instead: tuple[str, Redactions] | None = None


def _matches(text: str, limit: int, where: list[int] | None, has_phrase: bool | None) -> list[_Found]:
    seen = [_Found(*match) for match in scan(text, limit, where, has_phrase)]
    hidden = _hidden(text, seen)
    if not hidden:
        return seen
    end = 0
    found: list[_Found] = []
    for each in sorted([*hidden, *seen], key=lambda each: (each.start, -each.end)):
        if each.start >= end:
            found.append(each)
            end = each.end
    return found


def _hidden(text: str, seen: list[_Found]) -> list[_Found]:
    """Secrets that one level of encoding hides; where what shows without decoding is as much, nothing is decoded."""
    found: list[_Found] = []
    for start, end, plain, is_readable in decoded(text):
        counts: Redactions = {}
        clean = _written(plain, [_Found(*match) for match in scan(plain, len(plain))], counts, len(plain))
        if not counts:
            continue
        inside = [match for match in seen if match.start < end and match.end > start]
        is_around = any(match.start < start or match.end > end for match in inside)
        if sum(counts.values()) <= len(inside) or is_around or (inside and not is_readable):
            continue
        found.append(_Found(start, end, next(iter(counts)), "", (clean, counts) if is_readable else None))
    return found


def _flat(
    text: str,
    counts: Redactions,
    limit: int | None = None,
    where: list[int] | None = None,
    has_phrase: bool | None = None,
) -> str:
    bound = len(text) if limit is None else limit
    found = _matches(text, bound, where, has_phrase)
    return _written(text, found, counts, bound) if found or limit is not None else text


def _written(text: str, found: list[_Found], counts: Redactions, bound: int) -> str:
    parts: list[str] = []
    position = 0
    for start, end, kind, quote, instead in found:
        if start >= bound:
            break
        if instead is None:
            parts += (text[position:start], quote, mark(kind, counts), quote)
        else:
            add_counts(counts, instead[1])
            parts += (text[position:start], instead[0])
        position = end
    if position < bound:
        parts.append(text[position:bound])
    return "".join(parts)


def add_counts(to: Redactions, more: Redactions) -> None:
    """Adds the counts of `more` to `to`."""
    for kind, number in more.items():
        to[kind] = to.get(kind, 0) + number
