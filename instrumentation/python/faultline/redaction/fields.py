"""Values under secret-like keys in text: `key=value`, `key: value`, headers, and JSON at any depth of quoting."""

from __future__ import annotations

import re
from typing import NamedTuple

from faultline.redaction.keys import LAST_TWO, kind_of_key
from faultline.redaction.text import ALNUM, NAME, Match, is_opaque, mark_end, mark_of, run_end

_MAX_KEY = 64
# How far a value without quotes is looked at before it is taken for one.
_MAX_LOOK = 128


class _Quote(NamedTuple):
    """A quote with the backslashes before it: `"`, `\\"` inside JSON text, `\\\\\\"` inside that."""

    text: str
    slashes: int


def secret_field(text: str, index: int) -> Match | None:
    """The value behind the '=' or ':' at `index`, when the key before it is that of a secret."""
    key = _key_before(text, index)
    if key is None:
        return None
    kind, key_quote = key
    separator = text[index]
    start = index + 1
    if separator == "=" and text[start : start + 1] == ">":
        start += 1
    if separator == ":" and text[start : start + 1] in (":", "/"):
        return None
    tight = start
    while start < tight + 8 and text[start : start + 1] in (" ", "\t") and start < len(text):
        start += 1
    quote = _quote_at(text, start)
    # Python's b'…' and the like.
    if quote is None and text[start : start + 1].lower() in ("b", "u", "r"):
        quote = _quote_at(text, start + 1)
    if quote:
        return _quoted_value(text, text.index(quote.text, start), quote, kind)
    if key_quote is not None:
        return _json_value(text, start, kind, key_quote)
    if separator == ":" and kind in ("authorization", "cookie"):
        return _header_value(text, start, kind)
    return _bare_value(text, start, kind, separator == "=" and start == tight)


def _key_before(text: str, index: int) -> tuple[str, _Quote | None] | None:
    last = index - 1
    while last > index - 4 and text[last : last + 1] == " ":
        last -= 1
    if last < 1:
        return None
    # `headers["x-api-key"] = …`, and not the mark of a secret.
    if text[last] == "]" and text[last - 1] in "\"'":
        last -= 1
    quote = None
    if text[last] in "\"'":
        slashes = 0
        while slashes < 7 and last - 1 - slashes >= 0 and text[last - 1 - slashes] == "\\":
            slashes += 1
        quote = _Quote(text[last - slashes : last + 1], slashes)
        last -= slashes + 1
    if last < 1 or text[last - 1 : last + 1] not in LAST_TWO:
        return None
    kind = kind_of_key(text[_key_start(text, last) : last + 1])
    return (kind, quote) if kind else None


def _key_start(text: str, last: int) -> int:
    least = max(0, last - _MAX_KEY)
    start = _run_start(text, last + 1, NAME, least)
    # 'API key: …' is two words.
    if last - start == 2 and start > 0 and text[start - 1] == " ":
        word = _run_start(text, start - 1, ALNUM, least)
        if word < start - 1:
            return word
    return start


def _run_start(text: str, end: int, sort: str, least: int) -> int:
    start = end
    while start > least and run_end(text, start - 1, sort, start) == start:
        start -= 1
    return start


def _quote_at(text: str, start: int) -> _Quote | None:
    end = start
    while end < start + 7 and text[end : end + 1] == "\\":
        end += 1
    if text[end : end + 1] not in ('"', "'", "`"):
        return None
    return _Quote(text[start : end + 1], end - start)


def _quoted_value(text: str, at: int, quote: _Quote, kind: str) -> Match | None:
    """A value in quotes; without its end it reaches to the end of the text."""
    start = at + len(quote.text)
    end = _closing_quote(text, start, quote)
    if end == start or mark_end(text, start) == end:
        return None
    return Match(start, end, kind)


def _closing_quote(text: str, begin: int, quote: _Quote) -> int:
    """Where the value that is quoted so ends. Each depth of quoting doubles the backslashes and adds one, so
    their number before a quote shows whether it is inside the value."""
    sign, slashes = quote.text[-1], quote.slashes
    at = text.find(sign, begin)
    while at >= 0:
        before = 0
        while at - before > begin and text[at - before - 1] == "\\":
            before += 1
        if before < slashes:
            return at - before
        if (before - slashes) // (slashes + 1) % 2 == 0:
            return at - slashes
        at = text.find(sign, at + 1)
    return len(text)


_LITERAL = re.compile(r"(?:true|false|null|None|True|False|undefined)(?![\w-])", re.A)
_BARE_JSON = re.compile(r"""[^,}\]\s"'\\]*""")


def _json_value(text: str, start: int, kind: str, quote: _Quote) -> Match | None:
    """A value without quotes under a key with them: number, list or object."""
    first = text[start : start + 1]
    if first == "" or mark_end(text, start) >= 0 or _LITERAL.match(text, start):
        return None
    if first in "{[":
        return Match(start, _closing_bracket(text, start, quote), kind, quote.text)
    found = _BARE_JSON.match(text, start)
    end = found.end() if found else start
    return None if end == start else Match(start, end, kind, quote.text)


def _closing_bracket(text: str, start: int, quote: _Quote) -> int:
    """Where the list or object that starts here ends; the end of the text when it is cut."""
    depth = 0
    at = start
    while at < len(text):
        sign = text[at]
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth == 0:
                return at + 1
        elif text.startswith(quote.text, at):
            at = _closing_quote(text, at + len(quote.text), quote) + quote.slashes
        at += 1
    return len(text)


# Escapes that end a value as the character that they stand for does.
_BARE = re.compile(r"""(?:\\(?![nrtu"']|\Z)[\s\S]|[^ \t\r\n"'`&;,)}\]<>\\])*""")
_NO_VALUES = frozenset("null none nil undefined true false str string bytes required missing invalid expired".split())
_WORD_CHARACTER = re.compile("[0-9A-Za-z]|[^\x00-\x7f]")


def _bare_value(text: str, start: int, kind: str, is_assigned: bool) -> Match | None:
    """A value without quotes. Behind anything but a `key=` it must look like a secret."""
    marked = mark_end(text, start)
    # A URL whose user is called so: what follows is its host.
    if text.startswith(f"{mark_of('url_password')}@", start):
        return None
    if marked >= 0 and _end_of_bare(text, marked, marked + 1) == marked:
        return None
    seen = _end_of_bare(text, start, start + _MAX_LOOK)
    if seen == start or text[start:seen].lower() in _NO_VALUES:
        return None
    if kind != "password":
        if seen - start < (3 if is_assigned and kind != "azure_key" else 8):
            return None
        if not is_assigned and not is_opaque(text, start, seen):
            return None
    elif text[start] == "/" or not _WORD_CHARACTER.search(text, start, seen):
        # PWD is also where a shell works.
        return None
    return Match(start, _end_of_bare(text, seen, len(text)), kind)


def _end_of_bare(text: str, begin: int, most: int) -> int:
    found = _BARE.match(text, begin, min(most, len(text)))
    return found.end() if found else begin


_END_OF_LINE = re.compile(r"""[\r\n"'`]|\\[nr"']""")
_SCHEME = re.compile(r"(?:bearer|basic)[ \t]", re.I)
_COOKIE = re.compile(r"[^\s=;,]{1,128}=")
_HEADER_WORDS = re.compile(r"[\s,=]+")


def _header_value(text: str, start: int, kind: str) -> Match | None:
    """The rest of a header's line; credentials of a known scheme are found by their scheme."""
    if _SCHEME.match(text, start) or mark_end(text, start) >= 0:
        return None
    look = re.split(r"""[\r\n"'`\\]""", text[start : start + _MAX_LOOK], maxsplit=1)[0]
    if not _looks_like_header(look, kind):
        return None
    end = _END_OF_LINE.search(text, start)
    return Match(start, end.start() if end else len(text), kind)


def _looks_like_header(line: str, kind: str) -> bool:
    if kind == "cookie":
        return _COOKIE.match(line) is not None
    words = _HEADER_WORDS.split(line)[:8]
    return any(len(word) >= 8 and is_opaque(word, 0, len(word)) for word in words)
