"""Passwords in URLs, e-mail addresses, and card numbers."""

from __future__ import annotations

import re

from faultline.redaction.text import (
    ALNUM,
    DIGITS,
    MAILBOX,
    Match,
    is_word_start,
    mark_end,
    run_end,
    without_marks,
)

_MAX_USERINFO = 512
# PHP writes `\/` into JSON.
_SEPARATORS = ("://", ":\\/\\/")
_USERINFO = re.compile(r"""[^\s"'<>`\\]{1,512}""")
# What a URL without a user has before its path: a host, and a port or an address in brackets.
_NO_USER = re.compile(r"[^\s/?#@]*(?:\Z|[/?#])")
_PORT_OR_BRACKET = re.compile(r"(?:[\w.-]*:[0-9]{1,5}|\[[0-9a-fA-F:.]+\](?::[0-9]{1,5})?)(?:\Z|[/?#])", re.A)
# A host behind the last `@`.
_HOST = re.compile(r"[\w\[](?:[\w.:\]-]*)(?:\Z|[/?#,;)}&])", re.A)
# A user's name that is a key, such as that of a DSN of Sentry's.
_KEY_AS_USER = re.compile(r"(?=.*[0-9])[0-9A-Za-z_-]{20,}\Z")
_PATH = re.compile("[/?#]")
_STARS = re.compile(r"\*+\Z")


def url_password(text: str, index: int) -> Match | None:
    """The password of `scheme://user:password@host`, whose ':' behind the scheme is at `index`."""
    separator = next((form for form in _SEPARATORS if text.startswith(form, index)), None)
    if separator is None:
        return None
    begin = index + len(separator)
    found = _USERINFO.match(text, begin)
    if not found or _PORT_OR_BRACKET.match(found[0]):
        return None
    info = found[0]
    at = _user_end(info)
    colon = without_marks(info).find(":")
    if _NO_USER.match(info):
        path = _PATH.search(info)
        if colon < 0 or colon > (path.start() if path else len(info)):
            return None
    if mark_end(text, begin) == begin + at:
        return None
    if (colon < 0 or colon > at) and at > 0 and _KEY_AS_USER.match(info[:at]):
        return Match(begin, begin + at, "url_password")
    if colon < 0 or at <= colon + 1:
        # A bound that is reached leaves a password open: it goes with what was seen of it.
        if colon < 0 or len(info) < _MAX_USERINFO:
            return None
        return Match(begin + colon + 1, begin + len(info), "url_password")
    start = begin + colon + 1 if _is_open_user(info[:colon]) else begin
    end = begin + at
    if mark_end(text, start) == end or _STARS.match(text[start:end]):
        return None
    return Match(start, end, "url_password")


def _user_end(info: str) -> int:
    """Where the user's part ends: at the last '@' with a host behind it; -1 when there is none."""
    at = info.rfind("@")
    while at >= 0:
        if _HOST.match(info[at + 1 : at + 256]) or at + 1 == len(info):
            return at
        at = info.rfind("@", 0, at)
    return info.rfind("@")


def _is_open_user(name: str) -> bool:
    """Whether a user's name can stay: it is neither an address nor long enough to be a key."""
    return "@" not in name and (len(name) < 13 or not re.search("[0-9A-Z]", name))


# A user in a URL; another could be the mailbox of an address behind `://`.
_PLAIN_USER = re.compile(r"[\w-]+\Z", re.A)
_LETTERS = "\u00c0-\u1fff"
_MAILBOX = re.compile(f"[{MAILBOX}{_LETTERS}]*\\Z")
_MAILBOX_LEAD = re.compile(rf"[^{ALNUM}_\-{_LETTERS}]*")
_DOMAIN = re.compile(rf"[{ALNUM}.\-{_LETTERS}]{{0,253}}")
_TOP_LEVEL = re.compile(r"(?:[a-z\u00c0-\u1fff]{2,63}|xn--[a-z0-9-]{1,59})\Z", re.I)
_VERSION = re.compile(r"[0-9]+\.[0-9]")
_MAX_MAILBOX = 64


def email(text: str, index: int, floor: int) -> Match | None:
    """An e-mail address around the '@' at `index`, from `floor` on."""
    least = max(floor, index - _MAX_MAILBOX)
    found = _MAILBOX.search(text[least:index])
    start = _after_escape(text, least + found.start() if found else index, index)
    lead = _MAILBOX_LEAD.match(text, start, index)
    start = lead.end() if lead else start
    mailbox = text[start:index]
    if mailbox in ("", "git"):
        return None
    if _PLAIN_USER.match(mailbox) and start >= 3 and text.startswith("://", start - 3):
        return None
    end = _domain_end(text, index + 1)
    return None if end < 0 else Match(start, end, "email")


def _after_escape(text: str, start: int, end: int) -> int:
    """The index after an escape such as the `n` of `\\n`, when a run has swallowed its rest."""
    if start == 0 or text[start - 1] != "\\":
        return start
    return min(start + {"u": 5, "x": 3}.get(text[start : start + 1], 1), end)


def _domain_end(text: str, begin: int) -> int:
    """Where a domain name with a top level that is no number ends; -1 when there is none."""
    # '1.9.0-rc.beta' is a version.
    if _VERSION.match(text[begin : begin + 8]):
        return -1
    found = _DOMAIN.match(text, begin)
    name = found[0] if found else ""
    # What a sentence has put behind the name is no part of it.
    while True:
        name = name.rstrip(".-")
        dot = name.rfind(".")
        if dot <= 0:
            return -1
        if _TOP_LEVEL.match(name[dot + 1 :]):
            return begin + len(name)
        name = name[:dot]


# Beginnings of the numbers of each issuer, and their lengths.
_ISSUERS = re.compile(
    r"(?:4(?:\d{12}|\d{15}|\d{18})"
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:6011|65\d\d|64[4-9]\d)\d{12}"
    r"|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17})\Z",
    re.A,
)
# How cards group their digits; a single group has 13 to 19.
_GROUPS = ((4, 4, 4, 4, 3), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4))


def card(text: str, start: int) -> Match | None:
    """A card number that starts at `start`: digits of a known issuer with a right check digit."""
    # Part of a hex number, a name or a fraction.
    if start > 0 and _is_part_of_more(text, start - 1, -1):
        return None
    end = run_end(text, start, DIGITS, start + 20)
    if end - start >= 13:
        is_whole = end - start <= 19 and not _is_part_of_more(text, end, 1)
        return Match(start, end, "card") if is_whole and _is_card(text[start:end]) else None
    separator = text[end : end + 1]
    if end - start != 4 or separator not in (" ", "-"):
        return None
    for groups in _GROUPS:
        last = _groups_end(text, start, groups, separator)
        if last < 0 or _is_part_of_more(text, last, 1):
            continue
        if _is_card(text[start:last].replace(separator, "")):
            return Match(start, last, "card")
    return None


def _is_part_of_more(text: str, index: int, step: int) -> bool:
    """Whether the digits go on at `index`, as a word or as a fraction does."""
    sign = text[index : index + 1]
    if sign == "_":
        return True
    if sign == ".":
        beyond = index + step
        return 0 <= beyond < len(text) and text[beyond] in "0123456789"
    if sign == "" or run_end(text, index, ALNUM, index + 1) == index:
        return False
    return step > 0 or not is_word_start(text, index + 1)


def _groups_end(text: str, start: int, groups: tuple[int, ...], separator: str) -> int:
    at = start
    for number, size in enumerate(groups):
        if number > 0:
            if text[at : at + 1] != separator:
                return -1
            at += 1
        if run_end(text, at, DIGITS, at + size + 1) != at + size:
            return -1
        at += size
    return at


def _is_card(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B)."""
    if not _ISSUERS.match(digits):
        return False
    total = 0
    for place, sign in enumerate(reversed(digits)):
        weighed = int(sign) * (1 + place % 2)
        total += weighed - 9 if weighed > 9 else weighed
    return total % 10 == 0
