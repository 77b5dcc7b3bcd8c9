"""Secrets that show by how they begin: keys of cloud and model providers, JWTs, bearer and basic credentials, private
keys. The formats are those of `rules.json`."""

from __future__ import annotations

import re
from typing import NamedTuple

from faultline.redaction.keys import RULES
from faultline.redaction.text import TOKEN, WORD, Match, is_key_start, is_opaque, is_word_start, run_end

_MIN_GLUED = 7
# Signs by which a prefix is noticed wherever they stand behind its first character.
SIGNS = "_-$/."
_OTHERS = "KITQZSBCARVPyk~p"


class _Prefix(NamedTuple):
    text: str
    offset: int
    kind: str
    body: re.Pattern[str]
    least: int
    is_glued: bool
    is_mixed: bool
    before: int


def _offset(prefix: str) -> int:
    """Where the character stands by which a prefix is noticed."""
    last = len(prefix) - 1
    if prefix[-1] in "-_.$" and last > 0:
        return last
    for sign in SIGNS + _OTHERS:
        at = prefix.find(sign, 1)
        if at > 0:
            return at
    return last


def _prefix(entry: dict) -> _Prefix:
    text = entry["prefix"]
    return _Prefix(
        text,
        _offset(text),
        entry.get("kind", "api_key"),
        re.compile(f"[{RULES['bodies'][entry['body']]}]*"),
        entry["least"],
        entry.get("glued", False) or (len(text) >= _MIN_GLUED and re.search("[-_]", text) is not None),
        entry.get("mixed", False),
        entry.get("before", 0),
    )


_ALL = [_prefix(entry) for entry in (*RULES["formats"]["own"], *RULES["formats"]["gitleaks"]["prefixes"])]
# The longest first: it is the one that is meant.
_ALL.sort(key=lambda each: -len(each.text))
# By the last three characters up to the one by which a prefix is noticed; two where it is the second.
_BY_END: dict[str, list[_Prefix]] = {}
for _made in _ALL:
    _BY_END.setdefault(_made.text[max(0, _made.offset - 2) : _made.offset + 1], []).append(_made)

# How prefixes end where they are noticed.
PREFIX_ENDS = frozenset(_BY_END)
for _end in PREFIX_ENDS:
    if len(_end) == 3:
        _BY_END[_end] += _BY_END.get(_end[1:], ())
# Each with the place of the character by which it is noticed.
PREFIXES = tuple((each.text, each.offset) for each in _ALL)
_DIGIT_OR_CAPITAL = re.compile("[0-9A-Z]")
_MIXED = re.compile("(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])[^a-z]*[a-z]")
_MAX_BEFORE = 80
_KEY_BACKWARDS = re.compile("[0-9A-Za-z_.-]*")


def prefixed_key(text: str, index: int) -> Match | None:
    """A key whose prefix has its anchor at `index`."""
    end_of_prefix = text[max(0, index - 2) : index + 1]
    candidates = _BY_END.get(end_of_prefix) or _BY_END.get(end_of_prefix[-2:])
    if candidates is None:
        return None
    for prefix in candidates:
        at = index - prefix.offset
        if at < 0 or not text.startswith(prefix.text, at):
            continue
        start = at
        if prefix.before > 0:
            run = _KEY_BACKWARDS.match(text[max(0, at - _MAX_BEFORE) : at][::-1])
            start = at - run.end() if run else at
            if at - start < prefix.before:
                continue
        elif not prefix.is_glued and not is_key_start(text, start):
            continue
        body = at + len(prefix.text)
        found = prefix.body.match(text, body)
        end = found.end() if found else body
        # What a sentence has put behind it.
        while end > body and text[end - 1] in ".:,":
            end -= 1
        # Words that are joined by hyphens are no key.
        if end - body < prefix.least or not _DIGIT_OR_CAPITAL.search(text, start if prefix.before else body, end):
            continue
        if prefix.is_mixed and not _MIXED.match(text[body:end]):
            continue
        return Match(start, end, prefix.kind)
    return None


_AWS_SECRET = re.compile(
    r"""\\{0,3}["'`]?\s{0,4}[,:;|\s]\s{0,4}\\{0,3}["'`]?([0-9A-Za-z/+]{40})(?![0-9A-Za-z/+=])"""
)


def aws_secret(text: str, end: int) -> Match | None:
    """The secret that stands behind the id of a key of AWS, which ends at `end`."""
    found = _AWS_SECRET.match(text, end)
    if found is None or not _MIXED.match(found[1]):
        return None
    return Match(found.start(1), found.end(1), "aws_key")


_MAILCHIMP = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32}-us[0-9]+")


def mailchimp_key(text: str, index: int) -> Match | None:
    """A key of Mailchimp, the hyphen before whose data centre is at `index`."""
    found = _MAILCHIMP.match(text, index - 32) if index >= 32 else None
    return Match(found.start(), found.end(), "api_key") if found else None


# A Discord bot: the id of the bot, a time and a signature.
_DISCORD = re.compile(r"[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,40}", re.A)
# A personal access token of Airtable.
_AIRTABLE = re.compile(r"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}")
_WORD_BACKWARDS = re.compile("[0-9A-Za-z_-]*")
_DISCORD_ID = 28


def dotted_key(text: str, index: int) -> Match | None:
    """A key of parts, whose first '.' is at `index`."""
    if text[index + 7 : index + 8] == ".":
        run = _WORD_BACKWARDS.match(text[max(0, index - _DISCORD_ID) : index][::-1])
        start = index - (run.end() if run else 0)
        found = _DISCORD.match(text, start)
        if found:
            return Match(start, found.end(), "api_key")
    found = _AIRTABLE.match(text, index - 17) if index >= 17 else None
    return Match(found.start(), found.end(), "api_key") if found else None


_TELEGRAM = re.compile(r"(?<![0-9])[0-9]{8,12}:AA[\w-]{32,40}", re.A)


def telegram_key(text: str, index: int) -> Match | None:
    """The token of a Telegram bot, whose ':' is at `index`."""
    if not text.startswith("AA", index + 1):
        return None
    digits = re.match("[0-9]*", text[max(0, index - 12) : index][::-1])
    start = index - (digits.end() if digits else 0)
    found = _TELEGRAM.match(text, start)
    return Match(start, found.end(), "api_key") if found else None


def jwt(text: str, index: int) -> Match | None:
    """A JWT (or JWE) whose `eyJ` has its last letter at `index`."""
    start = index - 2
    if start < 0 or not text.startswith("eyJ", start) or not is_word_start(text, start):
        return None
    end = run_end(text, index + 1, WORD)
    if end - start < 11 or text[end : end + 1] != ".":
        return None
    second = run_end(text, end + 1, WORD)
    if second - end < 9:
        return None
    end = second
    for _ in range(3):
        if text[end : end + 1] != ".":
            break
        following = run_end(text, end + 1, WORD)
        # The full stop of a sentence.
        if following == end + 1:
            break
        end = following
    return Match(start, end, "jwt")


_SCHEME = re.compile(r"(bearer|basic)[ \t]{1,8}", re.I)


def scheme_credentials(text: str, index: int) -> Match | None:
    """The credentials behind the word `Bearer` or `Basic` at `index`."""
    scheme = _SCHEME.match(text, index)
    if not scheme or not is_word_start(text, index):
        return None
    start = scheme.end()
    end = run_end(text, start, TOKEN)
    if end - start < 8 or not is_opaque(text, start, end):
        return None
    return Match(start, end, "bearer" if scheme[1].lower() == "bearer" else "basic_auth")


_PUTTY = re.compile(r"Private-Lines:[ \t]*[0-9]{1,4}\r?\n")


def putty_key(text: str, index: int) -> Match | None:
    """The lines of a key of PuTTY's, from the '-' of `Private-Lines` at `index`."""
    found = _PUTTY.match(text, index - 7) if index >= 7 else None
    if found is None:
        return None
    mac = text.find("Private-MAC", found.end())
    return Match(found.end(), len(text) if mac < 0 else mac, "private_key")


_KEY_BEGIN = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_KEY_END = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}")


def private_key(text: str, index: int) -> Match | None:
    """A private key in PEM from `index`; one without its end reaches to the end of the text."""
    begin = _KEY_BEGIN.match(text, index)
    if not begin:
        return None
    end = _KEY_END.search(text, begin.end())
    return Match(index, end.end() if end else len(text), "private_key")
