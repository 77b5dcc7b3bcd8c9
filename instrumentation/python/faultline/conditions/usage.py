"""What an attempt or a run used up, as the app says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from faultline.core.guard import guarded
from faultline.core.place import current_place


@dataclass
class Usage:
    """What was used up so far; what the app does not say is 0."""

    input_tokens: int = 0
    output_tokens: int = 0
    # In the currency of the app.
    cost: float = 0.0
    tool_calls: int = 0


def record_usage(*, input_tokens: int = 0, output_tokens: int = 0, cost: float = 0.0, tool_calls: int = 0) -> None:
    """Adds to what the attempt and the run around the calling code used up; outside of a run it does nothing."""
    guarded(_add, (input_tokens, output_tokens, cost, tool_calls))


def _add(amounts: tuple[Any, ...]) -> None:
    place = current_place.get()
    if place is None:
        return
    for owner in (place.inside, place.run):
        if owner is None:
            continue
        usage = owner.usage = owner.usage or Usage()
        usage.input_tokens += amounts[0]
        usage.output_tokens += amounts[1]
        usage.cost += amounts[2]
        usage.tool_calls += amounts[3]
