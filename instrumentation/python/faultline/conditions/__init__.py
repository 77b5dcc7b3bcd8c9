"""Failures that raise nothing: what a node or a run returned is looked at, and a condition says that it went wrong."""

from faultline.conditions.checks import use_conditions
from faultline.conditions.condition import Condition, Context, condition
from faultline.conditions.library import (
    constraint_violated,
    cost_budget,
    judge_rejected,
    loop_stalled,
    output_empty,
    output_invalid,
    output_missing,
    output_placeholder,
    time_budget,
    token_budget,
    tool_call_budget,
)
from faultline.conditions.usage import record_usage

__all__ = [
    "Condition",
    "Context",
    "condition",
    "constraint_violated",
    "cost_budget",
    "judge_rejected",
    "loop_stalled",
    "output_empty",
    "output_invalid",
    "output_missing",
    "output_placeholder",
    "record_usage",
    "time_budget",
    "token_budget",
    "tool_call_budget",
    "use_conditions",
]
