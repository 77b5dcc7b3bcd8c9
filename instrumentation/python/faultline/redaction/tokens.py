"""Secrets that show by how they begin: keys of cloud and model providers, JWTs, bearer and basic
credentials, private keys."""

from __future__ import annotations

import re

from faultline.redaction.text import (
    ALNUM,
    HEX,
    TOKEN,
    WORD,
    Match,
    has_digit_or_capital,
    is_opaque,
    is_word_start,
    run_end,
)

# Kind, sort of the characters behind the prefix, the least number of them, prefixes.
_FORMS = (
    ("api_key", WORD, 12, "sk- rk- pk- csk- tvly-"),
    ("api_key", ALNUM, 8, "sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_"),
    ("api_key", ALNUM, 20, "gsk_ hf_ r8_ fw_ jina_ e2b_ lin_api_ whsec_ ntn_ sbp_"),
    ("api_key", ALNUM, 20, "ghp_ gho_ ghu_ ghs_ ghr_ glsa_ dop_v1_ shpat_ NRAK-"),
    ("api_key", ALNUM, 30, "npm_"),
    ("api_key", WORD, 16, "xai- pplx- github_pat_ glpat- gldt- glrt- nvapi- pcsk_ lsv2_"),
    ("api_key", WORD, 16, "pypi- dckr_pat_ tgp_v1_ sntrys_ hvs. ya29."),
    ("api_key", WORD, 10, "xoxa- xoxb- xoxc- xoxd- xoxe- xoxp- xoxr- xoxs- xapp-"),
    ("api_key", WORD + ".", 32, "SG."),
    ("api_key", WORD, 30, "AIza"),
    ("api_key", HEX, 32, "SK dapi key-"),
    ("aws_key", "0-9A-Z", 16, "AKIA ASIA ABIA"),
)
_ANCHORS = "-_.zIK"


def _offset(prefix: str) -> int:
    """Where the character stands by which a prefix is noticed: its rarest."""
    if prefix[-1] in _ANCHORS:
        return len(prefix) - 1
    found = next((index for index, sign in enumerate(prefix) if sign in _ANCHORS), -1)
    # Of 'dapi', which has no rare character, the 'p'.
    return prefix.index("p") if found < 0 else found


_BY_PAIR: dict[str, list[tuple[str, int, str, str, int]]] = {}
for _kind, _sort, _least, _prefixes in _FORMS:
    for _prefix in _prefixes.split():
        _at = _offset(_prefix)
        _BY_PAIR.setdefault(_prefix[_at - 1 : _at + 1], []).append((_prefix, _at, _kind, _sort, _least))

# The two characters by which a prefix is noticed.
PREFIX_PAIRS = frozenset(_BY_PAIR)


def prefixed_key(text: str, index: int) -> Match | None:
    """A key whose prefix has its anchor at `index`."""
    for prefix, offset, kind, sort, least in _BY_PAIR.get(text[max(0, index - 1) : index + 1], ()):
        start = index - offset
        if start < 0 or not text.startswith(prefix, start) or not is_word_start(text, start):
            continue
        body = start + len(prefix)
        end = run_end(text, body, sort)
        # Words that are joined by hyphens are no key.
        if end - body < least or not has_digit_or_capital(text, body, end):
            continue
        return Match(start, end, kind)
    return None


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


_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----")


def private_key(text: str, index: int) -> Match | None:
    """A private key in PEM from `index`; one without its end reaches to the end of the text."""
    begin = _KEY_BEGIN.match(text, index)
    if not begin:
        return None
    end = _KEY_END.search(text, begin.end())
    return Match(index, end.end() if end else len(text), "private_key")
