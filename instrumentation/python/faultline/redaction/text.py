"""What matchers of secrets have in common: sorts of characters, marks, and what a matcher finds."""

from __future__ import annotations

import re
from typing import NamedTuple


class Match(NamedTuple):
    """A secret in a text: what lies between `start` and `end` is replaced."""

    start: int
    end: int
    kind: str
    # To put around the mark, where a bare JSON value is replaced.
    quote: str = ""


DIGITS = "0-9"
ALNUM = "0-9A-Za-z"
HEX = "0-9a-fA-F"
WORD = r"0-9A-Za-z_\-"
NAME = WORD + "."
TOKEN = NAME + "+/=~"
MAILBOX = NAME + "%+'"

_RUNS: dict[str, re.Pattern[str]] = {}


def run_end(text: str, start: int, sort: str, most: int | None = None) -> int:
    """Where the run of characters of this sort that begins at `start` ends."""
    run = _RUNS.get(sort)
    if run is None:
        run = _RUNS[sort] = re.compile(f"[{sort}]*")
    found = run.match(text, start, len(text) if most is None else most)
    return found.end() if found else start


_ESCAPE_END = re.compile(r"(?:\\[abefnrtv]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|%[0-9a-f]{2})$", re.I)


def is_word_start(text: str, index: int) -> bool:
    """Whether a word can start here: no letter or digit before, unless it ends an escape such as `\\n`."""
    if index == 0 or run_end(text, index - 1, WORD, index) < index:
        return True
    return _ESCAPE_END.search(text[max(0, index - 6) : index]) is not None


# The end of an escape sequence that colours what follows.
_CSI_END = re.compile(r"(?:[\x00-\x1f\x7f-\x9f]|\\x1b|\\u001b|\\e|\\033)\[[0-9;]{0,16}m$", re.I)


def is_key_start(text: str, index: int) -> bool:
    """Whether a key can start here: where a word can, behind an underscore, and behind a colour."""
    if is_word_start(text, index) or text[index - 1] == "_":
        return True
    return text[index - 1] == "m" and _CSI_END.search(text[max(0, index - 24) : index]) is not None


_OPAQUE = re.compile("[0-9A-Z]")


def is_opaque(text: str, start: int, end: int) -> bool:
    """Whether it looks made by a machine: with a digit, or a capital behind the first letter."""
    return _OPAQUE.search(text, start + 1, end) is not None


def mark_of(kind: str) -> str:
    """What stands where a secret was."""
    return f"[redacted:{kind}]"


# The mark of an id is followed by a digest; a dropped field has a mark of its own.
_MARK = re.compile(r"\[redacted:[\w.-]{1,64}\](?:~[0-9a-f]{8})?|\[redaction failed\]", re.A)


def without_marks(text: str) -> str:
    """The same with the marks blanked out, so that their signs are not taken for the text's own."""
    return _MARK.sub(lambda mark: "*" * len(mark[0]), text) if "[redact" in text else text


def mark_end(text: str, start: int) -> int:
    """Where the mark that starts here ends; -1 when none does."""
    found = _MARK.match(text, start)
    return found.end() if found else -1


def is_mark(text: str) -> bool:
    return text != "" and mark_end(text, 0) == len(text)


def in_order(matches: list[Match]) -> list[Match]:
    """Matches by their start without overlaps: of two that start together the longer one."""
    end = 0
    found: list[Match] = []
    for each in sorted(matches, key=lambda each: (each.start, -each.end)):
        if each.start >= end:
            found.append(each)
            end = each.end
    return found
