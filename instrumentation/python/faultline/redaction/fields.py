"""Values under secret-like keys in text: `key=value`, `key: value`, headers, and JSON at any depth of quoting."""

from __future__ import annotations

import re

from faultline.redaction.keys import SecretName, looks_secret, secret_name
from faultline.redaction.names import MAX_KEY, Key, Quote, key_before, key_of_pair
from faultline.redaction.text import Match, is_opaque, mark_end, mark_of

# How far a value without quotes is looked at before it is taken for one.
_MAX_LOOK = 128
# The longest value that goes because it looks like a secret.
_MAX_SOFT = 256
_BLANKS = re.compile("[ \\t]{0,8}")


def secret_field(text: str, index: int) -> Match | None:
    """The value behind the '=' or ':' at `index`, when the key before it is that of a secret."""
    key = key_before(text, index) or key_of_pair(text, index)
    separator = text[index]
    if key is None:
        return _part_value(text, index) if separator == "=" else None
    start = index + 1
    if separator == "=" and text[start : start + 1] == ">":
        start += 1
    if separator == ":" and text[start : start + 1] in (":", "/") and text[start : start + 1]:
        return None
    tight = start
    start = _BLANKS.match(text, start).end()  # type: ignore[union-attr]
    beyond = _entity_value(text, start, key) if text[start : start + 1] == "&" else _next_line(text, start, key)
    if beyond is not None:
        return beyond
    quote = quote_at(text, start)
    # Python's b'…' and the like.
    if quote is None and text[start : start + 1] in tuple("bBuUrR"):
        quote = quote_at(text, start + 1)
    if quote:
        return quoted_value(text, text.index(quote.text, start), quote, key.kind, key.least)
    if key.quote is not None and not _CALL.match(text, start):
        return _json_value(text, start, key.kind, key.least, key.quote)
    inside = _inside_call(text, start, key)
    if inside is not None:
        return inside if inside.end > inside.start else None
    if key.least == 0 and separator == ":" and key.kind in ("authorization", "cookie"):
        return _header_value(text, start, key.kind)
    return _bare_value(text, start, key, separator == "=" and start == tight)


_LINE = re.compile(
    r"""[ \t]*(?:[|>][-+]?)?[ \t]*(?:\r?\n|\\n)[ \t]{0,40}(?:string\([0-9]{1,6}\) ")?([^\s"'\\]{8,256})"?"""
    r"""[ \t]*(?=\r?\n|\\n|\Z)"""
)


def _next_line(text: str, start: int, key: Key) -> Match | None:
    """The word on the next line, when it looks like a secret."""
    if text[start : start + 1] not in tuple("\r\n|>\\"):
        return None
    found = _LINE.match(text, start)
    if found is None or found[1].endswith(":") or not looks_secret(found[1], max(8, key.least)):
        return None
    return Match(found.start(1), found.end(1), key.kind)


_ENTITY = re.compile(r"(&(?:quot|apos|#34|#39|#x22|#x27);)(.{1,512}?)\1")


def _entity_value(text: str, at: int, key: Key) -> Match | None:
    """A value in quotes that are written as entities."""
    found = _ENTITY.match(text, at)
    if found is None or mark_end(found[2], 0) >= 0:
        return None
    if key.least > 0 and not looks_secret(found[2], key.least):
        return None
    return Match(found.start(2), found.end(2), key.kind)


_CALL = re.compile(r"(?:[A-Za-z_][\w.]{0,40})?\(", re.A)
_STARS = re.compile(r"\*+\Z")


def _inside_call(text: str, start: int, key: Key) -> Match | None:
    """The last text in quotes inside `SecretStr('…')` or `('user', '…')`; an empty match where that was removed."""
    call = _CALL.match(text, start)
    if call is None:
        return None
    at = call.end()
    most = at + _MAX_LOOK * 2
    found: Match | None = None
    while at < most:
        while at < most and text[at : at + 1] in (" ", ","):
            at += 1
        if text[at : at + 1] in tuple("bBuUrR") and quote_at(text, at + 1):
            at += 1
        quote = quote_at(text, at)
        if quote is None:
            break
        inner = at + len(quote.text)
        marked = Match(at, at, key.kind) if mark_end(text, inner) >= 0 else found
        found = quoted_value(text, at, quote, key.kind, key.least) or marked
        at = _closing_quote(text, inner, quote) + len(quote.text)
    return None if found and _STARS.match(text[found.start : found.end]) else found


_QUOTE = re.compile(r"""\\{0,7}["'`]""")


def quote_at(text: str, start: int) -> Quote | None:
    """The quote that opens at `start`."""
    found = _QUOTE.match(text, start)
    return Quote(found[0], len(found[0]) - 1) if found else None


def quoted_value(text: str, at: int, quote: Quote, kind: str, least: int) -> Match | None:
    """A value in quotes; without its end it reaches to the end of the text."""
    start = at + len(quote.text)
    # Three quotes around what may have lines.
    if quote.slashes == 0 and text.startswith(quote.text * 2, start):
        start += 2
    if least > 0:
        value = text[start : start + _MAX_SOFT]
        end = start + _closing_quote(value, 0, quote)
        return Match(start, end, kind) if looks_secret(text[start:end], least) else None
    end = _closing_quote(text, start, quote)
    if end == start or mark_end(text, start) == end or _is_hidden(text, start, end):
        return None
    return Match(start, end, kind)


_HIDDEN = re.compile(r"(?:\*+|•+|\.{3,}|x{4,}|X{4,})\Z")
# What stands for a value: a variable, a call that reads it, a type.
_STANDS_FOR = re.compile(
    r"(?:\$\{|\$\(|\{\{|\$[A-Z_]+\Z|%[A-Z_]+%\Z|\[[A-Z][A-Z _-]*\Z|(?:process|import\.meta)\.env\b"
    r"|os\.(?:environ|getenv)|ENV\[|System\.getenv|Secret(?:Str|Bytes)\Z|Optional\[)"
)


def _is_hidden(text: str, start: int, end: int) -> bool:
    """Whether somebody has put stars or dots there already."""
    return end - start < 40 and _HIDDEN.match(text[start:end]) is not None


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
_ELEMENT = re.compile(r"""\s*\\{0,7}["']([^"'\\]{8,512})\\{0,7}["']""")


def _json_value(text: str, start: int, kind: str, least: int, quote: Quote) -> Match | None:
    """A value without quotes under a key with them: number, list or object."""
    first = text[start : start + 1]
    if first == "" or mark_end(text, start) >= 0 or _LITERAL.match(text, start):
        return None
    if least > 0:
        # Whether the first text of a list looks like a secret.
        element = _ELEMENT.match(text, start + 1) if first == "[" else None
        if element is None or not looks_secret(element[1], least):
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


# The words of a wallet.
_PHRASE = re.compile(r"(?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8}(?!\w)", re.A)


def _bare_value(text: str, start: int, key: Key, is_assigned: bool) -> Match | None:
    """A value without quotes. Behind anything but a `key=` it must look like a secret."""
    kind, least = key.kind, key.least
    marked = mark_end(text, start)
    # A URL whose user is called so: what follows is its host.
    if text.startswith(f"{mark_of('url_password')}@", start):
        return None
    if marked >= 0 and end_of_bare(text, marked, marked + 1) == marked:
        return None
    seen = end_of_bare(text, start, start + _MAX_LOOK)
    if seen == start or _is_hidden(text, start, seen):
        return None
    value = text[start:seen]
    if value.lower() in _NO_VALUES or _STANDS_FOR.match(value):
        return None
    quote = quote_at(text, start + 1) if kind == "cookie" and value[0] in "{[" else None
    if quote:
        return Match(start, _closing_bracket(text, start, quote), kind)
    phrase = _PHRASE.match(text, start) if kind == "secret" else None
    if phrase:
        return Match(start, phrase.end(), kind)
    if least > 0:
        end = end_of_bare(text, seen, start + _MAX_SOFT)
        return Match(start, end, kind) if looks_secret(text[start:end], least) else None
    if kind != "password":
        if seen - start < (3 if is_assigned and kind != "azure_key" else 8):
            return None
        if not is_assigned and not is_opaque(text, start, seen):
            return None
    elif value[0] == "/" or not _WORD_CHARACTER.search(value):
        # PWD is also where a shell works.
        return None
    return Match(start, end_of_bare(text, seen, len(text)), kind)


def end_of_bare(text: str, begin: int, most: int) -> int:
    """Where a value without quotes ends, at most at `most`."""
    found = _BARE.match(text, begin, min(most, len(text)))
    return found.end() if found else begin


# Behind the name of a field in a form of parts.
_PART = re.compile(r"""(\\{0,7}["'])([0-9A-Za-z_.-]{2,64})\\{0,3}["'](?:\r?\n|\\r\\n|\\n){2}([^\s\\]{3,512})""")


def _part_value(text: str, index: int) -> Match | None:
    """The content of a part of a form whose `name=` is at `index`."""
    found = _PART.match(text, index + 1) if text.startswith("name", max(0, index - 4)) else None
    name = secret_name(found[2]) if found and len(found[2]) <= MAX_KEY else None
    if found is None or name is None or mark_end(found[3], 0) > 0:
        return None
    if name.least > 0 and not looks_secret(found[3], name.least):
        return None
    return Match(found.start(3), found.end(3), name.kind)


_END_OF_LINE = re.compile(r"""[\r\n"'`]|\\[nr"']""")
_SCHEME = re.compile(r"(?:bearer|basic)[ \t]", re.I)
_DIGEST = re.compile(r"digest [^\r\n]{1,2048}", re.I)
_COOKIE = re.compile(r"[^\s=;,]{1,128}=")
_HEADER_WORDS = re.compile(r"[\s,=]+")


def _header_value(text: str, start: int, kind: str) -> Match | None:
    """The rest of a header's line; credentials of a known scheme are found by their scheme."""
    if _SCHEME.match(text, start) or mark_end(text, start) >= 0:
        return None
    digest = _DIGEST.match(text, start)
    if digest:
        return Match(start, digest.end(), kind)
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
