"""Keys whose values are secrets whatever they look like, in JSON, attributes, headers and settings."""

from __future__ import annotations

import re

# The kind by how a key ends, once it is in lower case without its separators.
_KINDS = {
    "password": "password passwords passwd passphrase passcode pwd",
    "private_key": "privatekey",
    "gcp_key": "privatekeyid",
    "aws_key": "accesskey accesskeyid secretaccesskey xamzsignature",
    "azure_key": "accountkey sharedaccesskey sharedaccesssignature",
    "api_key": "apikey apikeys subscriptionkey",
    "secret": "secret secrets secretkey encryptionkey signingkey masterkey authkey seedphrase",
    "token": "token",
    "authorization": "authorization",
    "cookie": "cookie cookies",
    "credential": "credential credentials",
    "connection_string": "connectionstring connstring",
    "card": "cvv cvc cvv2 cardnumber",
}
# Too short to be known by how a key ends: the whole key, or what stands behind its last dot.
_WHOLE = {"auth": "authorization", "bearer": "bearer", "jwt": "jwt", "sig": "azure_key"}
_ENDINGS = sorted(
    ((ending, kind) for kind, endings in _KINDS.items() for ending in endings.split()),
    key=lambda pair: -len(pair[0]),
)
# Tokens that open nothing: of pagination, and the words of a language model.
_OPEN_TOKEN = re.compile(
    r"(?:^|_)(?:page|next|continuation|sync|cursor|resume|eos|bos|pad|unk|sep|cls|mask|stop|start|end|special"
    r"|first|last|output|input|prompt|completion|cached|reasoning|per|unexpected)_?token$|^next_?page_?token$"
)
_HUMP = re.compile(r"([a-z0-9])([A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_MAX_KEY_LENGTH = 128
_MAX_REMEMBERED = 4096
_remembered: dict[str, str] = {}


def kind_of_key(key: str) -> str:
    """The kind of secret that a key names; '' for other keys."""
    if len(key) > _MAX_KEY_LENGTH:
        return ""
    kind = _remembered.get(key)
    if kind is None:
        kind = _find_kind(key)
        if len(_remembered) >= _MAX_REMEMBERED:
            _remembered.clear()
        _remembered[key] = kind
    return kind


def _find_kind(key: str) -> str:
    snake = _OTHER.sub("_", _HUMP.sub(r"\1_\2", key).lower())
    if _OPEN_TOKEN.search(snake):
        return ""
    last = key[key.rfind(".") + 1 :].lower()
    if last in _WHOLE:
        return _WHOLE[last]
    name = snake.replace("_", "")
    return next((kind for ending, kind in _ENDINGS if name.endswith(ending)), "")


# How such keys end, in either case: distinguishes most other words at once.
LAST_TWO = frozenset(
    first + second
    for ending in [*_WHOLE, *(ending for ending, _ in _ENDINGS)]
    for first in (ending[-2].lower(), ending[-2].upper())
    for second in (ending[-1].lower(), ending[-1].upper())
)
