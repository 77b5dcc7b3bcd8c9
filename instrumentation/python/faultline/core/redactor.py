"""What redacts in this process: the app's redactor or the built-in one, and the lists of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from faultline.core.guard import say_once
from faultline.redaction import Redactions, Redactor, redact
from faultline.redaction.paths import Steps, parse_paths, redact_steps

_DENY = "FAULTLINE_REDACT_DENY"
_ALLOW = "FAULTLINE_REDACT_ALLOW"
# Commas separate paths, except those in quotes.
_PATHS = re.compile(r"""(?:\["(?:\\.|[^"\\])*"\]|\['(?:\\.|[^'\\])*'\]|[^,])+""")

_lists: tuple[Steps, Steps] | None = None
_is_wrong = False


def redactor_of(given: Redactor | None = None) -> Redactor:
    """What redacts instead of `given`, or of the built-in redaction, with the lists of the process. With a path
    that is wrong no field is sent, which is said once."""
    global _lists, _is_wrong
    if _lists is None:
        try:
            _lists = lists_of(os.environ)
        except ValueError as error:
            _is_wrong = True
            _lists = ((), ())
            say_once("redaction", f"{error}; until that is put right, inputs and messages are not sent")
    if _is_wrong:
        return _refuse
    deny, allow = _lists
    if given is not None:
        return redact_steps(deny, (), given) if deny else given
    return redact_steps(deny, allow) if deny or allow else redact


def lists_of(env: Mapping[str, str]) -> tuple[Steps, Steps]:
    """The lists `FAULTLINE_REDACT_DENY` and `FAULTLINE_REDACT_ALLOW`. Raises ValueError."""
    return parse_paths(_paths_of(env.get(_DENY)), _DENY), parse_paths(_paths_of(env.get(_ALLOW)), _ALLOW)


def _paths_of(text: str | None) -> list[str]:
    return [path.strip() for path in _PATHS.findall(text or "") if path.strip()]


def _refuse(_value: Any, _path: Sequence[str]) -> tuple[Any, Redactions]:
    raise ValueError("the lists of what to redact are wrong")
