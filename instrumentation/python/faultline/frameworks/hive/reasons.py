"""What Hive's error texts mean. They are the same from v0.6.5 on, but for what is put before them; the same rules as
`faultline hive watch` has."""

from __future__ import annotations

import re
from typing import NamedTuple


class Reason(NamedTuple):
    """What an error text says beyond itself."""

    message: str
    type: str
    site: str
    # None where the collector's rules know better.
    failure_class: str | None = None


_BEFORE = (
    re.compile(r"Node '[^']*' failed after \d+ attempts: "),
    re.compile(r"[\w.-]+: (?=failed after \d+ attempts)"),
    re.compile(r"failed after \d+ attempts: "),
    re.compile(r"LLM call failed: "),
)
# v0.9 ends the error of a run like this, whatever the node's own error was.
_AFTER = re.compile(r"; Worker execution ended before terminal nodes completed: \[.*\]\Z", re.S)
_RULES = tuple(
    (re.compile(pattern, re.S), kind, site, why)
    for pattern, kind, site, why in (
        (r"Node stalled\b", "NodeStalled", "node.result", "loop.stall"),
        (r"Ghost empty stream\b", "GhostEmptyStream", "llm.stream", "llm.empty_response"),
        (r"Max iterations \(\d+\) reached", "MaxIterationsReached", "node.result", "loop.max_iterations"),
        (r"Judge escalated\b", "JudgeEscalated", "judge", "judge.escalated"),
        (r"Output validation failed\b", "OutputValidationFailed", "node.result", "output.invalid"),
        (r"LLM provider not available", "LlmUnavailable", "node.start", "llm.unavailable"),
        (r"Stream error: .*context_length", "StreamError", "llm.stream", "llm.context_overflow"),
        (r"Stream error: ", "StreamError", "llm.stream", None),
        (r"Invalid graph\b", "InvalidGraph", "graph.validate", "graph.invalid"),
        (r"Missing tools\b", "MissingTools", "graph.validate", "tool.not_found"),
        (r"Node not found\b", "NodeNotFound", "graph.route", "graph.node_not_found"),
        (r"Worker execution ended before terminal", "DeadEnd", "graph.route", "graph.dead_end"),
        (r"Parallel execution failed\b", "ParallelExecutionFailed", "branch", "branch.failed"),
        (r"Step budget used up\b", "StepBudgetUsedUp", "graph.route", "graph.step_budget"),
        (r"Dead end\b", "DeadEnd", "graph.route", "graph.dead_end"),
        (r"Worker ended: timeout", "WorkerTimeout", "worker", None),
        (r"Worker ended: ", "WorkerFailed", "worker", None),
        (r".*text-only turns without progress", "TextOnlyStall", "node.result", "loop.stall"),
        (r".*doom loop detected", "ToolDoomLoop", "node.result", "tool.doom_loop"),
    )
)
_NO_REASON = "Hive gave no reason"


def reason_of(error: str | None) -> Reason:
    """The reason of a node's failure."""
    message = own_text(error or "") or _NO_REASON
    for pattern, kind, site, why in _RULES:
        if pattern.match(message):
            # Hive's layers word a stall differently, and it is one problem.
            reported = "Node stalled: similar responses in a row" if kind == "NodeStalled" else message
            return Reason(reported, kind, site, why)
    if (error or "").startswith("LLM call failed: "):
        return Reason(message, "LlmCallFailed", "llm.call")
    return Reason(message, "NodeFailed", "node.result")


def is_of_model(error: BaseException) -> bool:
    """Whether an exception came out of a call of the model: Hive streams its answers by one function."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "_do_stream":
            return True
        trace = trace.tb_next
    return False


def reason_of_run(error: str | None) -> Reason:
    """The reason of a failure that is no node's."""
    reason = reason_of(error)
    return reason._replace(type="RunFailed", site="run") if reason.type == "NodeFailed" else reason


def own_text(error: str) -> str:
    """The error's own text, without what Hive's layers put around it."""
    text = error.strip()
    for pattern in _BEFORE:
        text = pattern.sub("", text, count=1) if pattern.match(text) else text
    return _AFTER.sub("", text).strip()
