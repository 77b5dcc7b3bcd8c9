"""Secrets that a whole phrase says: a statement, a command, a line of a file, a name in letters beyond ASCII, a row under
the name of its column."""

from __future__ import annotations

import re

from faultline.redaction.keys import RULES, SecretName, looks_secret, secret_name
from faultline.redaction.text import Match, mark_end

_Form = tuple[tuple[str, ...], "re.Pattern[str]", str, int]
_FORMS: list[_Form] = [
    (tuple(each["has"]), re.compile(each["form"], re.A), each["kind"], each.get("least", 0)) for each in RULES["phrases"]
]
_ASCII_FORMS = [form for form in _FORMS if form[0][0].isascii()]
_WORDS: tuple[str, ...] = tuple(RULES["phrase_words"])
_INSERT = ("INSERT INTO ", "insert into ")


_SHORTEST = 12


def may_have_phrase(text: str, lower: str) -> bool:
    """Whether `phrases` would look closer. `lower` is the text in lower case."""
    return not text.isascii() or (len(text) >= _SHORTEST and any(word in lower for word in _WORDS))


def phrases(text: str) -> list[Match]:
    """The secrets of phrases in a text, in no order."""
    found: list[Match] = []
    for form in _ASCII_FORMS if text.isascii() else _FORMS:
        if any(part in text for part in form[0]):
            _add_all(found, text, form)
    if any(words in text for words in _INSERT):
        _add_rows(found, text)
    return found


def _add_all(found: list[Match], text: str, form: _Form) -> None:
    _, expression, kind, least = form
    for each in expression.finditer(text):
        if mark_end(text, each.start(1)) < 0 and (least == 0 or looks_secret(each[1], least)):
            found.append(Match(each.start(1), each.end(1), kind))


_COLUMNS = re.compile(
    r"\b(?:INSERT INTO|insert into) [^\s(]{1,128} ?\(([^()]{1,1024})\)\s{0,8}(?:VALUES|values)\s{0,8}", re.A
)
# Values that SQLAlchemy prints behind the statement.
_PARAMETERS = "[parameters: "
_VALUE = re.compile(
    r"""\s{0,8}(?:'((?:[^'\\]|''|\\.){0,1024})'|"([^"]{0,1024})"|([^\s,()'"]{1,256}(?:\(\))?))\s{0,4}([,)])""", re.A
)
_NO_NAME = re.compile(r"""["'`\s]""", re.A)
_MAX_ROWS = 1000
# How far behind a row its parameters are looked for.
_MAX_BETWEEN = 256


def _add_rows(found: list[Match], text: str) -> None:
    """Values in the rows of a statement, under the names of their columns."""
    for columns in _COLUMNS.finditer(text):
        names = [secret_name(_NO_NAME.sub("", name)) for name in columns[1].split(",")]
        if not any(names):
            continue
        at = columns.end()
        for _ in range(_MAX_ROWS):
            if text[at : at + 1] != "(":
                break
            at = _behind_row(text, _add_row(found, text, at + 1, names))


def _add_row(found: list[Match], text: str, start: int, names: list[SecretName | None]) -> int:
    at = start
    for name in names:
        value = _VALUE.match(text, at)
        if value is None:
            return at
        at = value.end()
        group = 1 if value[1] is not None else 2
        if name is not None and value[group] and mark_end(text, value.start(group)) < 0:
            if name.least == 0 or looks_secret(value[group], name.least):
                found.append(Match(value.start(group), value.end(group), name.kind))
        if value[4] == ")":
            return at
    return at


def _behind_row(text: str, start: int) -> int:
    """Where the next row starts: behind a comma, or in the parameters behind the statement."""
    at = start
    while at < start + 8 and text[at : at + 1] in (",", " ", "\n"):
        at += 1
    if text[at : at + 1] == "(":
        return at
    following = text.find(_PARAMETERS, start, start + _MAX_BETWEEN)
    if following < 0 or text[following + len(_PARAMETERS) :][:1] != "(":
        return len(text)
    return following + len(_PARAMETERS)
