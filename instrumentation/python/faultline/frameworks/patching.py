"""Replaces attributes of other people's modules and classes, and puts them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_OURS = "__faultline_wrapped__"
_replaced: list[tuple[Any, str, Any, Any]] = []


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Puts `make(original)` in the place of `owner.name`, once. Raises AttributeError if there is none."""
    original = owner.__dict__.get(name) if isinstance(owner, type) else getattr(owner, name, None)
    if original is None:
        raise AttributeError(f"no {name} in {getattr(owner, '__name__', owner)!r}")
    if getattr(original, _OURS, None) is not None:
        return
    wrapper = make(original)
    setattr(wrapper, _OURS, original)
    setattr(owner, name, wrapper)
    _replaced.append((owner, name, original, wrapper))


def restore_all() -> None:
    """Puts all originals back, unless somebody else has replaced ours meanwhile."""
    while _replaced:
        owner, name, original, wrapper = _replaced.pop()
        if getattr(owner, name, None) is wrapper:
            setattr(owner, name, original)
