"""A secret that stands behind its name with no separator that says so: the next element of a pair, an argument of a
command line, the content of an XML element, the next word of a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from faultline.redaction.fields import end_of_bare, quote_at, quoted_value
from faultline.redaction.keys import RULES, SecretName, looks_secret, secret_name
from faultline.redaction.names import key_before
from faultline.redaction.text import Match, is_opaque, mark_end

_LEAST_OPAQUE = 6


def next_element(text: str, index: int) -> Match | None:
    """`'X-Api-Key', '…'`: the text in quotes behind the comma at `index`."""
    start = index + 1
    while start < index + 4 and text[start : start + 1] == " ":
        start += 1
    if text[start : start + 1] in ("b", "u") and quote_at(text, start + 1):
        start += 1
    quote = quote_at(text, start)
    name = key_before(text, index) if quote else None
    if quote is None or name is None or name.quote is None:
        return None
    found = quoted_value(text, start, quote, name.kind, name.least)
    if found is None:
        return None
    is_secret = found.end - found.start >= _LEAST_OPAQUE and is_opaque(text, found.start, found.end)
    if name.least == 0 and not is_secret:
        return None
    # A key of the next member, not a value.
    behind = found.end + len(quote.text)
    return None if text[behind : behind + 1] == ":" else found


_FLAGS = RULES["flags"]
_USER_FLAGS = frozenset(_FLAGS["user"])
_USER_COMMANDS = frozenset(_FLAGS["user_commands"])
_PASSWORD_COMMANDS = frozenset(_FLAGS["password_commands"])
_AUTH_FLAGS = frozenset(_FLAGS["auth"])
_AUTH_COMMANDS = frozenset(_FLAGS["auth_commands"])
_NAME_OR_OPTION = re.compile(r"-{0,2}[\w.-]{1,64}:?\Z", re.A)
_WITH_PASSWORD = re.compile(r"-p(?=.*[0-9])[^\s=:\[]{4,}\Z")


def kind_of_item(items: Sequence[Any], index: int) -> str:
    """The kind of secret that an element of a list is because of the one before it, which is a name or an option;
    '' if it is none."""
    item = items[index]
    if not isinstance(item, str):
        return ""
    if _WITH_PASSWORD.match(item) and str(items[0]) in _PASSWORD_COMMANDS and mark_end(item, 2) < 0:
        return "password"
    before = items[index - 1] if index > 0 else None
    if not isinstance(before, str) or not _NAME_OR_OPTION.match(before):
        return ""
    if len(item) < 4 or mark_end(item, 0) == len(item):
        return ""
    first, both = str(items[0]), f"{items[0]} {items[1]}"
    if before == "-p" and (first in _PASSWORD_COMMANDS or both in _PASSWORD_COMMANDS):
        return "password"
    if before in _AUTH_FLAGS and first in _AUTH_COMMANDS:
        return "password"
    if before in _USER_FLAGS and (first in _USER_COMMANDS or both in _USER_COMMANDS) and ":" in item:
        return "password"
    name = secret_name(_bare_name(before))
    if name is None:
        return ""
    if name.least > 0:
        return name.kind if looks_secret(item, name.least) else ""
    is_secret = len(item) >= _LEAST_OPAQUE and is_opaque(item, 0, len(item)) and not re.search(r"\s", item)
    return name.kind if is_secret else ""


def _bare_name(before: str) -> str:
    return re.sub(r"^--?", "", before).removesuffix(":")


_OPTIONS = frozenset(("-p", *_USER_FLAGS, *_AUTH_FLAGS))
_MAX_NAME = 67


def names_next(element: str) -> bool:
    """Whether an element of a list may make a secret of the next one."""
    if len(element) > _MAX_NAME or " " in element:
        return False
    if element[:1] == "-" or element[-1:] == ":":
        return element in _OPTIONS or secret_name(_bare_name(element)) is not None
    return secret_name(element) is not None or element in _PASSWORD_COMMANDS


_TAG = re.compile(r"""[<:]([\w.-]{2,64})(?: [^<>]{0,160})?\Z""", re.A)
_PLIST = re.compile(r"<key>([\w.-]{2,64})</key>\s{0,16}<string\Z", re.A)
_CONTENT = re.compile(r"(?:<!\[CDATA\[)?([^<\n\]]+)(?:<|\]\]>)")
_MAX_TAG = 232


def element_content(text: str, index: int) -> Match | None:
    """`<password>…</password>`: what stands behind the '>' at `index`."""
    look = text[max(0, index - _MAX_TAG) : index]
    opens = look.rfind("<")
    tag = _TAG.search(look, opens) if opens >= 0 else None
    if tag is None:
        return None
    key = tag[1]
    if key == "string":
        plist = _PLIST.search(look)
        key = plist[1] if plist else ""
    name = secret_name(key)
    found = _CONTENT.match(text, index + 1) if name else None
    if name is None or found is None or mark_end(text, found.start(1)) == found.end(1):
        return None
    if name.least > 0 and not looks_secret(found[1], name.least):
        return None
    return Match(found.start(1), found.end(1), name.kind)


_COMMAND = re.compile(r"(?:^|[\s'\"`/;&|(])([a-z][\w-]{1,20})(?=\s)", re.A)
_COMMAND_LOOK = 120
_BARE_USER = re.compile(r"""[^\s:"'`]{0,64}:([^\s"'`]{3,256})""")
_FLAG = re.compile(r"--[0-9A-Za-z_-]{0,46}")
_PASSWORD = SecretName("password", 0)


def option_value(text: str, index: int) -> Match | None:
    """The value of an option whose '-' is at `index`: `--token …`, `-u name:…`, `-p…`."""
    if index > 0 and text[index - 1] not in " \t\"'`\n[":
        return None
    long = _FLAG.match(text, index)
    if long is None:
        return _short_option(text, index)
    if long[0] in _USER_FLAGS:
        return _user_option(text, index, long.end())
    name = secret_name(long[0][2:]) if text[long.end() : long.end() + 1] == " " else None
    return _argument(text, long.end() + 1, name, True) if name else None


def _short_option(text: str, index: int) -> Match | None:
    flag = text[index : index + 2]
    if flag in _USER_FLAGS and _is_of(_USER_COMMANDS, text, index):
        return _user_option(text, index, index + 2)
    # `-su`
    if text[index + 1 : index + 2].isalpha() and text[index + 2 : index + 4] == "u ":
        return _user_option(text, index, index + 3)
    behind = text[index + 2 : index + 3]
    if flag in _AUTH_FLAGS and behind == " " and _is_of(_AUTH_COMMANDS, text, index):
        return _argument(text, index + 3, _PASSWORD, True)
    if flag != "-p" or not _is_of(_PASSWORD_COMMANDS, text, index):
        return None
    if behind == " ":
        return _argument(text, index + 3, _PASSWORD, True)
    return _argument(text, index + 2, _PASSWORD, False) if behind.isascii() and behind.isalnum() else None


def _user_option(text: str, index: int, end: int) -> Match | None:
    """`-u name:password`, only behind a command that takes it so."""
    start = end
    while start < end + 2 and text[start : start + 1] in (" ", "="):
        start += 1
    if start == end or not _is_of(_USER_COMMANDS, text, index):
        return None
    found = _BARE_USER.match(text, start + 1 if quote_at(text, start) else start)
    if found is None or found[1].startswith("[redacted"):
        return None
    return Match(found.start(1), found.end(1), "password")


def _is_of(commands: frozenset[str], text: str, index: int) -> bool:
    """Whether one of the commands stands before `index`."""
    words = _COMMAND.findall(text[max(0, index - _COMMAND_LOOK) : index])
    return any(
        word in commands or f"{word} {words[at + 1] if at + 1 < len(words) else ''}" in commands
        for at, word in enumerate(words)
    )


_PLACEHOLDER = re.compile(r"[A-Z_]+\]?\Z")
_DIGIT_OR_CAPITAL = re.compile("[0-9]|(?<=.)[A-Z]", re.S)


def _argument(text: str, start: int, name: SecretName, must_mix: bool) -> Match | None:
    quote = quote_at(text, start)
    if quote:
        found = quoted_value(text, start, quote, name.kind, name.least)
        return found if found and found.end - found.start >= 3 else None
    if text[start : start + 1] == "-" or mark_end(text, start) >= 0:
        return None
    end = end_of_bare(text, start, start + 512)
    value = text[start:end]
    if len(value) < 4 or (must_mix and not _DIGIT_OR_CAPITAL.search(value)):
        return None
    if name.least > 0 and not looks_secret(value, name.least):
        return None
    # `[--password PASSWORD]`
    return None if _PLACEHOLDER.match(value) else Match(start, end, name.kind)


_SENTENCE = re.compile(
    r"(?:^|[^\w-])(password|passwd|passphrase|passcode|secret|token|key|auth|identified by"
    r"|[A-Z][A-Z0-9_]{0,24}_(?:PASSWORD|PASS|SECRET|TOKEN|KEY|PAT))(?: is| was| provided|:)?:? {1,2}\Z",
    re.I | re.A,
)
_LEAST_IN_SENTENCE = {"token": 20, "secret": 16, "key": 24, "auth": 10}
_SENTENCE_LOOK = 40
_OWN_FORM = re.compile("eyJ|[a-z]{2,}[-_]", re.I)


_OWN_BEHIND_PASSWORD = re.compile("eyJ|(?:sk|gh[a-z]|xox[a-z])[-_]")


def next_word(text: str, index: int) -> Match | None:
    """`your password is …`, `invalid token …`: the word behind the space at `index`."""
    sentence = _SENTENCE.search(text[max(0, index - _SENTENCE_LOOK) : index + 1])
    if sentence is None:
        return None
    word = sentence[1].lower()
    start = index + 2 if text[index + 1 : index + 2] in ('"', "'", "`") else index + 1
    end = end_of_bare(text, start, start + 512)
    while end > start and text[end - 1] in ".:!?":
        end -= 1
    value = text[start:end]
    if not looks_secret(value, _LEAST_IN_SENTENCE.get(word, 8)) or "=" in value:
        return None
    is_password = word.startswith("p") or word.endswith("by") or "pass" in word
    # What shows by its own form is of that kind.
    if (_OWN_BEHIND_PASSWORD if word.endswith("by") or "pass" in word else _OWN_FORM).match(value[:12]):
        return None
    return Match(start, end, "password" if is_password else "api_key" if word == "key" else "token")
