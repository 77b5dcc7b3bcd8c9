"""Plain JSON as canonical text, and texts as UTF-8."""

from __future__ import annotations

import decimal
import json
import re
from typing import Any

SURROGATES = re.compile("[\ud800-\udfff]")

_FAST = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def canonical_json(value: Any, is_odd: bool = True) -> str:
    """The canonical JSON text of a plain value: keys sorted by UTF-16 code unit, no insignificant space,
    numbers as JavaScript writes them. `is_odd=False` promises that a walk has made the value and met nothing odd:
    then its keys are sorted already."""
    return _slow(value) if is_odd else _FAST(value)


_SORTING = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, sort_keys=True).encode


def canonical_ascii(value: Any) -> str:
    """`canonical_json` of a plain value whose keys are ASCII and whose numbers are whole and short."""
    return _SORTING(value)


def _slow(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=_code_units)
        return "{" + ",".join(f"{_quoted(key)}:{_slow(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_slow, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return _javascript_number(value)
    return _FAST(value)


def _code_units(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _quoted(text: str) -> str:
    quoted = _FAST(text)
    return quoted if text.isascii() else SURROGATES.sub(lambda lone: f"\\u{ord(lone[0]):x}", quoted)


def _javascript_number(value: float) -> str:
    """ECMA-262, Number::toString: the shortest digits, with an exponent below 1e-6 and from 1e21 on."""
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    point = len(digits) + int(exponent)
    text = "".join(map(str, digits))
    if digits == (0,):
        return "0"
    if len(text) <= point <= 21:
        text += "0" * (point - len(text))
    elif 0 < point <= 21:
        text = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{text}"
    else:
        e = point - 1
        head = text[0] if len(text) == 1 else f"{text[0]}.{text[1:]}"
        text = f"{head}e{'+' if e >= 0 else '-'}{abs(e)}"
    return f"-{text}" if sign else text


def valid_text(text: str) -> str:
    """The text with U+FFFD for what UTF-8 has no place for."""
    return text if text.isascii() else SURROGATES.sub("\ufffd", text)


def cut_to_bytes(text: str, limit: int) -> str:
    """The longest start of `text` that takes at most `limit` bytes of UTF-8."""
    if len(text) * 4 <= limit or (len(text) <= limit and text.isascii()):
        return text
    encoded = text[: limit + 1].encode("utf-8")
    if len(encoded) <= limit:
        return text
    return encoded[:limit].decode("utf-8", "ignore")
