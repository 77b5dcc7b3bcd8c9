"""Secrets that one level of encoding hides: percent signs, base64, hexadecimal. What holds one goes whole, or, of
percent signs, as what it means without the secret."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes


class Decoded(NamedTuple):
    """A run that is not what it seems, and what it means."""

    start: int
    end: int
    text: str
    # Whether what it means can stand in its place.
    is_readable: bool


_MAX_RUN = 8192
# Shorter ones hold no key.
_LEAST_RUN = 40
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_NO_GAP = re.compile(r"""[^ \t\r\n"'`<>]{0,8192}""")
_MAX_BEFORE = 512
# Not from each of its characters: the longest runs are paths.
_RUN = re.compile(r"(?<![0-9A-Za-z_+/=~-])[0-9A-Za-z_+/=~-]{40,8192}")
# How base64 begins that means ASCII, as far as no other sign stands in it, and how hexadecimal does. Most runs are
# names, paths and hashes, which mean nothing.
_READABLE = re.compile(
    "[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][0-9A-Za-z+/_-][A-Za-f][A-HQ-Xg-nw-z0-3]"
    "|[^=~]{0,5}[=~]|[0-9a-fA-F]{6}"
)
_HEX_ONLY = re.compile("(?:[0-9a-f]{2}){20,}", re.I)
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{12}")
_ESCAPED = re.compile("%([0-7][0-9A-Fa-f])")
_FOREIGN = re.compile("[^0-9A-Za-z+/]")
_URL_SAFE = str.maketrans("-_", "+/")


def may_be_encoded(text: str) -> bool:
    """Whether the text has something that `decoded` would look at."""
    return "%" in text or _RUN.search(text) is not None


def decoded(text: str) -> list[Decoded]:
    """What the encoded runs of a text mean, as far as that is text."""
    found: list[Decoded] = []
    if "%" in text:
        behind = 0
        escape = _ESCAPE.search(text)
        while escape is not None:
            at = escape.start()
            before = text[max(behind, at - _MAX_BEFORE) : at][::-1]
            start = at - _NO_GAP.match(before).end()  # type: ignore[union-attr]
            behind = _NO_GAP.match(text, at).end()  # type: ignore[union-attr]
            run = text[start:behind]
            plain = _percent_decoded(run)
            if plain != run:
                found.append(Decoded(start, behind, plain, True))
            escape = _ESCAPE.search(text, behind)
    for match in _RUN.finditer(text):
        begin = _body_start(match[0])
        if not _READABLE.match(match[0], begin):
            continue
        plain_text = _binary_decoded(match[0][begin:])
        if plain_text is not None:
            found.append(Decoded(match.start() + begin, match.end(), plain_text, False))
    return found


def _body_start(run: str) -> int:
    """Behind what has grown into a run: `data=`, `0x`."""
    if run.startswith("0x"):
        return 2
    at = run.find("=")
    return at + 1 if 0 < at < _LEAST_RUN and at + _LEAST_RUN < len(run) else 0


def _percent_decoded(run: str) -> str:
    try:
        return unquote_to_bytes(run).decode()
    except UnicodeDecodeError:
        return _ESCAPED.sub(lambda sign: chr(int(sign[1], 16)), run)


def _binary_decoded(run: str) -> str | None:
    try:
        if _HEX_ONLY.fullmatch(run):
            whole = bytes.fromhex(run)
            return whole.decode("utf-8", "replace") if _PRINTABLE.match(whole) else None
        # Most runs are names, paths and hashes, which mean nothing: their first bytes show it.
        if not _PRINTABLE.match(base64.b64decode(run[:16].translate(_URL_SAFE))):
            return None
        signs = _FOREIGN.sub("", run.translate(_URL_SAFE))
        return base64.b64decode(signs[: len(signs) - (len(signs) % 4 == 1)] + "==").decode("utf-8", "replace")
    except ValueError:
        return None
