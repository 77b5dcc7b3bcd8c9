"""The name before a separator: in JSON, headers and settings, behind quotes, before a type, in the member beside it."""

from __future__ import annotations

import re
from typing import NamedTuple

from faultline.redaction.keys import SecretName, secret_in_query, secret_name

MAX_KEY = 64


class Quote(NamedTuple):
    """A quote with the backslashes before it: `"`, `\\"` inside JSON text, `\\\\\\"` inside that."""

    text: str
    slashes: int


class Key(NamedTuple):
    """The name before a separator, and what it says."""

    kind: str
    least: int
    quote: Quote | None


# A name, quotes and what else may stand before a separator, all read backwards.
_BACKWARDS = re.compile(r""" {0,3}(\]?)(?:(["'])(\\{0,7}))?(\]?)([0-9A-Za-z_.-]{0,64})""")
_QUICKLY = re.compile(r"""[ "'\\\]]{0,12}([0-9A-Za-z_.-]{0,64})""")
_NEAR = 80
_SHORT = 40
# Names, read backwards, that say nothing in any place: most names of a text have come before.
_harmless: set[str] = set()
_MAX_HARMLESS = 4096
_NAME_BEFORE = re.compile(r"""[ "'\\\]]{0,12}([0-9A-Za-z_.-]{1,63})(?![0-9A-Za-z_.?&-])""")
# Names that say something with the member beside them.
_IN_PAIRS = re.compile("(?:name|value|content)\\Z", re.I)
# Of no name, and of the last of two words.
_ODD_LENGTHS = (0, 3)
_WORD = re.compile("[0-9A-Za-z]{1,60}")
_MAX_BEFORE = 160
# A name of Amazon's has no secret behind `secret:`.
_ARN = re.compile(r"arn:aws[\w-]*:secretsmanager:[\w-]*:\d*:\Z", re.A)
# How the names of types end; that of `Optional[str]` in nothing that a name has.
_TYPES = frozenset(("str", "string", "String", "bytes", "None", "undefined", ""))
_TYPED = re.compile(
    r"([\w.-]{2,64})\??: ?(?:str|string|String|bytes|Optional\[str\]|str \| None|string \| undefined) ?\Z", re.A
)


def is_harmless_before(text: str, index: int) -> bool:
    """Whether `key_before` and `key_of_pair` have run on the name before `index`, and found none."""
    before = text[index - 1 : index - _SHORT : -1] if index >= _SHORT else text[:index][::-1]
    found = _NAME_BEFORE.match(before)
    return found is not None and found[1] in _harmless


def key_before(text: str, index: int) -> Key | None:
    """The name that ends before `index`, with its quotes, if it is that of a secret."""
    before = text[max(0, index - _NEAR) : index][::-1]
    near = _QUICKLY.match(before)
    if near is not None and near.end() - near.start(1) not in _ODD_LENGTHS:
        # Most names are known to say nothing.
        key = near[1][::-1]
        if secret_name(key) is None and key not in _TYPES and before[near.end() : near.end() + 1] not in ("?", "&"):
            if not _IN_PAIRS.search(key):
                if len(_harmless) >= _MAX_HARMLESS:
                    _harmless.clear()
                _harmless.add(near[1])
            return None
    before = text[max(0, index - _MAX_BEFORE) : index][::-1]
    found = _BACKWARDS.match(before)
    if found is None:
        return None
    bracket, sign, slashes, inner, reversed_key = found.groups()
    separator = text[index]
    if bracket and not sign and not (separator == "=" and text[index + 1 : index + 2] == ">"):
        reversed_key = ""
    if inner and sign:
        reversed_key = ""
    key = reversed_key[::-1]
    end = found.end()
    # 'API key: …' is two words.
    if len(key) == 3 and before[end : end + 1] == " ":
        word = _WORD.match(before, end + 1)
        if word:
            end = word.end()
            key = before[len(before[:end]) - (end - found.start(5)) : end][::-1]
    name = secret_name(key)
    if name is None and before[end : end + 1] in ("?", "&"):
        name = secret_in_query(key)
    if name is None and separator == "=" and key in _TYPES:
        typed = _TYPED.search(text[max(0, index - 96) : index])
        name = secret_name(typed[1]) if typed else None
    if name is None or _ARN.search(before[end : end + 64][::-1]):
        return None
    quote = Quote(slashes + sign, len(slashes)) if sign else None
    return Key(name.kind, name.least, quote)


# A name in one member and its value in the next: `{"name": "X-Api-Key", "value": "…"}`, `key="ApiKey" value="…"`.
_PAIR = re.compile(
    r"""(?:name|key|header|field|param|path|type)\\{0,7}["']?\s{0,4}[:=]\s{0,4}\\{0,7}["']?/?([\w.-]{2,64})"""
    r"""\\{0,7}["']?,?\s{0,12}\\{0,7}(?:["']?[\w-]{1,24}\\{0,7}["']?\s{0,2}[:=]\s{0,2}\\{0,7}["'][\w.-]{0,40}"""
    r"""\\{0,7}["'],?\s{1,4}|["']?op\\{0,7}["']?:\\{0,7}["']\w{1,10}\\{0,7}["'],)?\\{0,7}["']?(?:value|content)\Z""",
    re.I | re.A,
)
# The name behind the value.
_NAME_BEHIND = re.compile(
    r"""\s{0,4}\\{0,7}["'][^"'\\]{1,512}\\{0,7}["']\s{0,4},\s{0,12}\\{0,7}["'](?:name|key|header)\\{0,7}["']"""
    r"""\s{0,4}:\s{0,4}\\{0,7}["']([\w.-]{2,64})\\{0,7}["']""",
    re.I | re.A,
)
_OF_PAIR = re.compile(r"""(value|content)(?:(\\{0,7})(["']))?[ \\]{0,3}\Z""", re.I)


def key_of_pair(text: str, index: int) -> Key | None:
    """The name of a value that is called `value` or `content`."""
    found = _OF_PAIR.search(text[max(0, index - 24) : index])
    if found is None:
        return None
    end = max(0, index - 24) + found.end(1)
    pair = _PAIR.search(text[max(0, end - _MAX_BEFORE) : end])
    name: SecretName | None = secret_name(pair[1]) if pair else None
    if name is None and found[3] and found[1].lower() == "value":
        behind = _NAME_BEHIND.match(text, index + 1)
        name = secret_name(behind[1]) if behind else None
    if name is None:
        return None
    quote = Quote(found[2] + found[3], len(found[2])) if found[3] else None
    return Key(name.kind, name.least, quote)
