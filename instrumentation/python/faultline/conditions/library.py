"""The usual conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from faultline.conditions.condition import Condition, Context, Verdict, condition
from faultline.redaction.json_text import canonical_json

_PLACEHOLDER = re.compile(
    r"\W*(?:todo|tbd|fixme|n/?a|none|null|undefined|placeholder|lorem ipsum.*|coming soon|your \w+ here"
    r"|\[(?:insert|your|todo)[^\]]*\]|<(?:insert|your)[^>]*>|\.{3,}|…)\W*\Z",
    re.I | re.S,
)
_MAX_CHARS = 10_000


def output_missing(**options: Any) -> Condition:
    """Fires if there is no output at all: None. Class `output.missing`, major."""
    return _usual("output_missing", lambda context: context.output is None, "output.missing", options)


def output_empty(**options: Any) -> Condition:
    """Fires if there is nothing in the output: None, blank text, or collections of nothing but such values. A number
    or a boolean is something. Class `output.silent`, major."""
    return _usual("output_empty", lambda context: _is_empty(context.output), "output.silent", options)


def output_placeholder(**options: Any) -> Condition:
    """Fires if all texts in the output stand in for one: `TODO`, `N/A`, `[insert name]`, lorem ipsum and the like.
    Class `output.silent`, major."""

    def when(context: Context) -> Verdict:
        texts = [text for text in _texts(context.output) if text.strip()]
        found = [text for text in texts if _PLACEHOLDER.match(text[:_MAX_CHARS])]
        return {"found": found[0][:200]} if texts and len(found) == len(texts) else False

    return _usual("output_placeholder", when, "output.silent", options)


def output_invalid(check: Callable[[Any], Any], **options: Any) -> Condition:
    """Fires if `check` raises for the output, such as a pydantic model's `model_validate`; what it raised is the
    evidence. Class `output.invalid`, major."""

    def when(context: Context) -> Verdict:
        try:
            check(context.output)
        except Exception as error:
            return {"type": type(error).__name__, "message": str(error)[:1000]}
        return False

    return _usual("output_invalid", when, "output.invalid", options)


def loop_stalled(repeats: int = 3, **options: Any) -> Condition:
    """Fires if the last outputs of the node in this run are the same `repeats` times in a row. Class `loop.stall`,
    major."""
    if not isinstance(repeats, int) or not 2 <= repeats <= 50:
        raise ValueError(f"loop_stalled: repeats must be a whole number from 2 to 50, got {repeats!r}")

    def when(context: Context) -> Verdict:
        before = context.earlier[-(repeats - 1) :]
        if len(before) < repeats - 1:
            return False
        mine = canonical_json(context.output)
        return all(canonical_json(each) == mine for each in before) and {"repeats": repeats}

    return _usual("loop_stalled", when, "loop.stall", {"history": repeats - 1, **options})


def judge_rejected(judge: Callable[[Context], Any], **options: Any) -> Condition:
    """Fires if `judge` does not accept the output: if it gives False, or a text or fields that say why, or fields with
    `accepted` False. Class `judge.rejected`, site `judge`, major."""

    def when(context: Context) -> Verdict:
        said = judge(context)
        if isinstance(said, Mapping):
            return False if said.get("accepted") else dict(said)
        if said is None or isinstance(said, bool):
            return said is False
        return str(said)

    return _usual("judge_rejected", when, "judge.rejected", {"site": "judge", **options})


def constraint_violated(name: str, holds: Callable[[Context], Any], *, soft: bool = False, **options: Any) -> Condition:
    """Fires if the output does not hold to a constraint: if `holds` gives False, or says in words what is wrong.
    Class `constraint.hard` or `constraint.soft`, major or minor."""

    def when(context: Context) -> Verdict:
        said = holds(context)
        return said if isinstance(said, str) else said is False

    kind, severity = ("constraint.soft", "minor") if soft else ("constraint.hard", "major")
    return _usual(name, when, kind, {"severity": severity, **options})


def cost_budget(most: float, **options: Any) -> Condition:
    """Fires if more was paid than `most`, in the currency of `record_usage`. Class `budget.cost`, major."""
    return _budget("cost", most, lambda context: context.usage.cost, "budget.cost", options)


def token_budget(most: float, **options: Any) -> Condition:
    """Fires if more tokens were used than `most`. Class `budget.tokens`, major."""

    def used(context: Context) -> float:
        return context.usage.input_tokens + context.usage.output_tokens

    return _budget("token", most, used, "budget.tokens", options)


def time_budget(most_ms: float, **options: Any) -> Condition:
    """Fires if it took longer than `most_ms` milliseconds. Class `budget.time`, major."""
    return _budget("time", most_ms, lambda context: context.duration_ms, "budget.time", options)


def tool_call_budget(most: float, **options: Any) -> Condition:
    """Fires if more tools were called than `most`. Class `loop.max_iterations`, major."""
    return _budget("tool_call", most, lambda context: context.usage.tool_calls, "loop.max_iterations", options)


def _budget(
    kind: str, most: float, used: Callable[[Context], float], failure_class: str, options: dict[str, Any]
) -> Condition:
    if isinstance(most, bool) or not isinstance(most, (int, float)) or not most >= 0:
        raise ValueError(f"{kind}_budget: the most must be a number from 0, got {most!r}")

    def when(context: Context) -> Verdict:
        amount = used(context)
        return amount > most and {"used": round(amount, 6), "most": most}

    return _usual(f"{kind}_budget_exceeded", when, failure_class, {"site": "budget", **options})


# The same texts as the TypeScript side's, so that equal failures are one group.
_MESSAGES = {
    "output_missing": "the output is missing",
    "output_empty": "the output is empty",
    "output_placeholder": "the output is a placeholder",
    "output_invalid": "the output breaks its schema",
    "loop_stalled": "the node gives the same output over and over",
    "judge_rejected": "the judge rejects the output",
    "cost_budget_exceeded": "the cost budget is exceeded",
    "token_budget_exceeded": "the token budget is exceeded",
    "time_budget_exceeded": "the time budget is exceeded",
    "tool_call_budget_exceeded": "the tool call budget is exceeded",
}


def _usual(name: str, when: Callable[[Context], Verdict], failure_class: str, options: dict[str, Any]) -> Condition:
    """Each takes the options of `condition` instead of its own."""
    message = _MESSAGES.get(name, f"constraint {name} is violated")
    return condition(options.pop("name", name), when, **{"failure_class": failure_class, "message": message, **options})


def _is_empty(value: Any, depth: int = 0) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip() == ""
    if depth > 16 or not isinstance(value, (dict, list, tuple, set, frozenset)):
        return False
    members = value.values() if isinstance(value, dict) else value
    return all(_is_empty(each, depth + 1) for each in members)


def _texts(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth > 16 or not isinstance(value, (dict, list, tuple, set, frozenset)):
        return []
    members = value.values() if isinstance(value, dict) else value
    return [text for each in list(members)[:2000] for text in _texts(each, depth + 1)]
