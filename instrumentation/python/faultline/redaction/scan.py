"""Where secrets may stand in a text, and what is found there.

Each form of a secret is noticed by one character that is rare in other text, and only there its matcher is
asked. Every matcher looks a bounded way around, or at what none will look at again, so the whole takes linear
time whatever the text is.
"""

from __future__ import annotations

import re

from faultline.redaction.addresses import card, email, url_password
from faultline.redaction.elements import element_content, next_element, next_word, option_value
from faultline.redaction.encoded import may_be_encoded
from faultline.redaction.fields import secret_field
from faultline.redaction.names import is_harmless_before
from faultline.redaction.phrases import may_have_phrase, phrases
from faultline.redaction.text import Match, in_order
from faultline.redaction.tokens import (
    PREFIX_ENDS,
    PREFIXES,
    SIGNS,
    aws_secret,
    dotted_key,
    jwt,
    mailchimp_key,
    prefixed_key,
    private_key,
    putty_key,
    scheme_credentials,
    telegram_key,
)

# What a match may have before its anchor, at most.
_MAX_BEFORE = 80


def _anchors() -> str:
    """One alternative for each first character, so that the search skips all others at once."""
    signs = {sign: _behind(sign) for sign in SIGNS}
    dot, hyphen = signs.pop("."), signs.pop("-")
    return "|".join(
        [
            # A URL with a user, or a name.
            r":(?:(?=//[^\s\"'<>`\\@]{0,512}@|//[^\s\"'<>`\\]{512}|\\|AA)|(?!/)(?:(?<=[A-Za-z_\"'\\\] -]:)"
            r"|(?<=[A-Za-z_-][0-9]:)|(?<=[A-Za-z_-][0-9]{2}:)|(?<=[A-Za-z_-][0-9]{3}:)))",
            r"=(?<=[\w\"'\\\] -]=)",
            rf"\.(?:{dot}|(?=[\w-]{{6}}\.[\w-]{{27}}|[0-9a-f]{{64}}))",
            rf"-(?:{hyphen}|(?<![^\s\"'`\[]-)(?=[-aupwP]|.u)|(?=----? ?B|us[0-9]|L))",
            *(f"{re.escape(sign)}(?:{behind})" for sign, behind in signs.items()),
            *_letters(),
            r",(?<=[\"'`\\],)(?=[^\"'`]{0,2}[\"'`\\])",
            r">(?<=[A-Za-z0-9\"]>)(?!<[^!])",
            "@",
            r"J(?<=yJ)",
            "b(?=[eE][aA][rR]|[aA][sS][iI])|B(?=[eE][aA][rR]|[aA][sS][iI])",
            # Not as a set: the search skips to the first characters of all forms as long as each is one.
            *(rf"{digit}(?<![0-9]{digit})(?=[0-9]{{3}}(?:[0-9]{{9}}|[^0-9][0-9]{{4}}))" for digit in "23456"),
        ]
    )


def _behind(sign: str) -> str:
    """The characters before a sign by which prefixes are noticed."""
    befores: dict[str, set[str]] = {}
    for end in PREFIX_ENDS:
        if end[-1] == sign and len(end) == 3:
            befores.setdefault(end[1], set()).add(end[0])
    pairs = {end[0] for end in PREFIX_ENDS if end[-1] == sign and len(end) == 2}
    twos = "|".join(f"{_one_of(befores[second])}{re.escape(second)}" for second in sorted(befores))
    forms = [f"(?<=(?:{twos}){re.escape(sign)})"] if twos else []
    return "|".join([*forms, *([f"(?<={_one_of(pairs)}{re.escape(sign)})"] if pairs else [])])


def _one_of(signs: set[str]) -> str:
    return f"[{''.join(re.escape(sign) for sign in sorted(signs))}]"


def _letters() -> list[str]:
    """Prefixes that are noticed by a letter: whole, since letters are in all texts."""
    branches: dict[str, list[str]] = {}
    for prefix, offset in PREFIXES:
        sign = prefix[offset]
        if sign not in SIGNS:
            after = re.escape(prefix[offset + 1 :])
            form = rf"(?<={re.escape(prefix[: offset + 1])})" + (f"(?={after})" if after else "")
            branches.setdefault(sign, []).append(form)
    return [f"{re.escape(sign)}(?:{'|'.join(forms)})" for sign, forms in branches.items()]


_ANCHOR = re.compile(_anchors(), re.A | re.S)
# Words before a secret in a sentence: most texts have none of them.
_WORDS = ("pass", "secret", "token", "key ", "key:", "auth ", "auth:", "pat ", "identified by")
_SENTENCE = re.compile(
    "(?:pass(?:word|wd|phrase|code)?|secret|token|key|auth|pat|identified by)"
    r"(?: is| was| provided|:)?:? (?=[^\s0-9]{0,23}[0-9])",
    re.I,
)


def _has_sentence(lower: str) -> bool:
    return any(word in lower for word in _WORDS)


def places(text: str, lower: str | None = None) -> list[int]:
    """Where a matcher has to run, in order. `lower` is the text in lower case, if that is known."""
    anchors = [anchor.start() for anchor in _ANCHOR.finditer(text)]
    if _has_sentence(text.lower() if lower is None else lower):
        words = [word.end() - 1 for word in _SENTENCE.finditer(text)]
        if words:
            return sorted({*anchors, *words})
    return anchors


# Behind a colon of URLs and keys of Telegram.
_BESIDES_NAMES = frozenset("/\\A")


def scan(text: str, limit: int, where: list[int] | None = None, has_phrase: bool | None = None) -> list[Match]:
    """The secrets that start in the first `limit` characters, in order, without overlaps. `where` are its `places`, and
    `has_phrase` is what `may_have_phrase` says, if they are known."""
    found: list[Match] = []
    floor = 0
    for index in places(text) if where is None else where:
        if index < floor:
            continue
        if index >= limit + _MAX_BEFORE:
            break
        sign = text[index]
        if (
            (sign == "=" or (sign == ":" and text[index + 1 : index + 2] not in _BESIDES_NAMES))
            and is_harmless_before(text, index)
        ):
            continue
        match = _ask(sign, text, index, floor)
        if match is not None and match.start >= floor:
            found.append(match)
            floor = match.end
            second = aws_secret(text, floor) if match.kind == "aws_key" else None
            if second is not None:
                found.append(second)
                floor = second.end
    if not (may_have_phrase(text, text.lower()) if has_phrase is None else has_phrase):
        return found
    more = phrases(text)
    return in_order([*found, *more]) if more else found


def _ask(sign: str, text: str, index: int, floor: int) -> Match | None:
    if sign == ":":
        following = text[index + 1 : index + 2]
        # Behind a name that says something stands no slash.
        if following == "/":
            return url_password(text, index)
        if following == "\\":
            return url_password(text, index) or secret_field(text, index)
        return secret_field(text, index) or telegram_key(text, index)
    if sign == "=":
        return secret_field(text, index)
    if sign == " ":
        return next_word(text, index)
    if sign == "-":
        return _hyphen(text, index)
    if sign == ".":
        return prefixed_key(text, index) or dotted_key(text, index)
    if sign == ",":
        return next_element(text, index)
    if sign == ">":
        return element_content(text, index)
    if sign == "@":
        return email(text, index, floor)
    if sign in "23456":
        return card(text, index)
    if sign == "J":
        return jwt(text, index)
    if sign in "bB":
        return scheme_credentials(text, index) or prefixed_key(text, index)
    return prefixed_key(text, index)


_BEFORE_OPTION = frozenset(" \t\"'`\n[")


def _hyphen(text: str, index: int) -> Match | None:
    if text.startswith("---", index):
        return private_key(text, index)
    found = prefixed_key(text, index)
    if found is None and (index == 0 or text[index - 1] in _BEFORE_OPTION):
        found = option_value(text, index)
    if found is not None:
        return found
    following = text[index + 1 : index + 2]
    if following == "L":
        return putty_key(text, index)
    return mailchimp_key(text, index) if following == "u" else None


def is_suspicious(text: str) -> bool:
    """Whether a matcher finds something to look at; what it says no to has no secret."""
    if _ANCHOR.search(text) is not None or "\\u00" in text or may_be_encoded(text):
        return True
    lower = text.lower()
    return (_has_sentence(lower) and _SENTENCE.search(text) is not None) or may_have_phrase(text, lower)
