"""Names whose values are secrets, in JSON, attributes, headers, settings and command lines. Some say it whatever the
value is (`password`), others only of a value that looks like a secret (`SESSION_KEY`, `PASSWORD_PEPPER`), since as many
such names have values that are none. The words are those of `rules.json`, which all languages share."""

from __future__ import annotations

import importlib.resources
import json
import re
from typing import Any, NamedTuple

RULES: dict[str, Any] = json.loads(
    importlib.resources.files("faultline.redaction").joinpath("rules.json").read_text("utf-8")
)


class SecretName(NamedTuple):
    """What a name says of its value."""

    kind: str
    # The least length of a value that looks like a secret; 0 when the value goes whatever it is.
    least: int


_NAMES = RULES["names"]
_ENDINGS = sorted(
    ((ending, kind) for kind, endings in _NAMES["endings"].items() for ending in endings),
    key=lambda pair: -len(pair[0]),
)
_ENDING = re.compile("(?:" + "|".join(re.escape(ending) for ending, _ in _ENDINGS) + r")\Z")
_KINDS = dict(_ENDINGS)
_WHOLE: dict[str, str] = _NAMES["whole"]
_ANYWHERE: dict[str, str] = _NAMES["anywhere"]
_LAST: dict[str, str] = _NAMES["last"]
_IN_QUERY: dict[str, str] = _NAMES["in_query"]
_QUALIFIERS = frozenset(_NAMES["qualifiers"])
_HARMLESS_LAST = frozenset(_NAMES["harmless_last"])
_HARMLESS_BEFORE = frozenset(_NAMES["harmless_key_before"])
_OPEN_TOKEN = re.compile(_NAMES["open_token"])
_HUMP = re.compile(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_VERSION = re.compile(r"v?[0-9]{1,4}\Z")
_MAX_KEY_LENGTH = 128
_MAX_REMEMBERED = 4096
# `key` is in many names: its value has to be long.
_LEAST_OF_KEY = 16
_LEAST = 8
_LEAST_OF_CODE = 24
_remembered: dict[str, SecretName | None] = {}


def secret_name(key: str) -> SecretName | None:
    """What the name says; nothing for most."""
    try:
        return _remembered[key]
    except KeyError:
        pass
    if not 2 <= len(key) <= _MAX_KEY_LENGTH:
        return None
    found = _find(key)
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    _remembered[key] = found
    return found


def secret_in_query(key: str) -> SecretName | None:
    """The same of a name in the query of a URL."""
    kind = _IN_QUERY.get(key)
    return None if kind is None else SecretName(kind, _LEAST_OF_CODE)


def kind_of_key(key: str) -> str:
    """The kind of secret that a name alone makes of any value; '' for other names."""
    name = secret_name(key)
    return name.kind if name is not None and name.least == 0 else ""


def kind_of_value(key: str, value: str) -> str:
    """The kind of secret that a value is under this name; '' if it is none."""
    name = secret_name(key)
    if name is None:
        return ""
    return name.kind if name.least == 0 or looks_secret(value, name.least) else ""


def _humped(match: re.Match[str]) -> str:
    return f"{match[1] or match[3]}_{match[2] or match[4]}"


def _find(key: str) -> SecretName | None:
    snake = _OTHER.sub("_", _HUMP.sub(_humped, key).lower())
    if _OPEN_TOKEN.search(snake):
        return None
    whole = _WHOLE.get(key[key.rfind(".") + 1 :].lower())
    if whole is not None:
        return SecretName(whole, 0)
    ending = _ending_of(snake)
    if ending:
        return SecretName(ending, 0)
    words = [word for word in snake.split("_") if word]
    last = words[-1] if words else ""
    while len(words) > 1 and (words[-1] in _QUALIFIERS or _VERSION.match(words[-1])):
        words.pop()
    bare = _ending_of("".join(words))
    if bare:
        return SecretName(bare, _LEAST)
    kind = _LAST.get(words[-1]) if words else None
    if kind is not None:
        before = words[-2] if len(words) > 1 else ""
        return None if before in _HARMLESS_BEFORE else SecretName(kind, _LEAST_OF_KEY)
    if last in _HARMLESS_LAST:
        return None
    found = next((_ANYWHERE[word] for word in words if word in _ANYWHERE), None)
    return None if found is None else SecretName(found, _LEAST)


def _ending_of(snake: str) -> str:
    found = _ENDING.search(snake.replace("_", ""))
    return _KINDS[found[0]] if found else ""


_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.I)
# Paths, addresses, times, and names with colons: what generators of secrets do not make.
_NO_SECRET = re.compile(r"(?:[./~]|(?!base64:)[a-z][a-z0-9+.-]*:|[\w.-]+(?:/[\w.-]+)+\.[a-z]{1,5}\Z|[0-9]{4}-[0-9]{2}-[0-9]{2}|\[redact)", re.I | re.A)
_NOT_INSIDE = re.compile(r"[\s<>{}()]")
_DIGIT = re.compile("[0-9]")
_LETTER = re.compile("[A-Za-z]")
_MAX_LENGTH = 256


def looks_secret(value: str, least: int) -> bool:
    """Whether a value looks as if a machine had made it: letters and digits mixed, and no text."""
    return (
        least <= len(value) <= _MAX_LENGTH
        and _DIGIT.search(value) is not None
        and _LETTER.search(value) is not None
        and not _NO_SECRET.match(value)
        and not _NOT_INSIDE.search(value)
        and not _UUID.match(value)
    )
