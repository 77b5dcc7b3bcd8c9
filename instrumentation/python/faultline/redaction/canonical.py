"""Numbers and texts as canonical JSON has them, and texts as UTF-8."""

from __future__ import annotations

import decimal
import json
import re

SURROGATES = re.compile("[\ud800-\udfff]")

# Of a plain value whose keys are ASCII and whose numbers are whole and short.
canonical_ascii = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False, sort_keys=True
).encode


def javascript_number(value: float) -> str:
    """ECMA-262, Number::toString, of a finite number: the shortest digits, with an exponent below 1e-6 and from
    1e21 on."""
    # There Python writes the same.
    if 1e-4 <= abs(value) < 1e15 and not value.is_integer():
        return float.__repr__(value)
    sign, digits, exponent = decimal.Decimal(float.__repr__(value)).normalize().as_tuple()
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
