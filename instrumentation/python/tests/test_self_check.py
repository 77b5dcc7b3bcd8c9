"""Conditions, counts of this process, and advice of a query service."""

import asyncio

import pytest
from receiver import Service

import faultline
from faultline.conditions import (
    constraint_violated,
    cost_budget,
    judge_rejected,
    loop_stalled,
    output_empty,
    output_invalid,
    output_placeholder,
    tool_call_budget,
)
from faultline.self_check import _rest, decide

GRAPH = {"id": "checks", "nodes": [{"id": "work"}], "edges": []}


def one_node(conditions, *outputs, **usage):
    with faultline.run(GRAPH, agent_id="checks", conditions=conditions) as run:
        for output in outputs:
            with run.node("work", {"in": 1}) as node:
                faultline.record_usage(**usage)
                node.output(output)


FIRES = [
    (output_empty(), [{"a": ["", None]}], "output.silent"),
    (output_placeholder(), ["TODO"], "output.silent"),
    (output_invalid(int), ["x"], "output.invalid"),
    (loop_stalled(2), [{"a": 1}, {"a": 1}], "loop.stall"),
    (judge_rejected(lambda context: "too short"), ["x"], "judge.rejected"),
    (constraint_violated("polite", lambda context: False, soft=True), ["x"], "constraint.soft"),
    (cost_budget(0.5), ["x"], "budget.cost"),
    (tool_call_budget(1), ["x"], "loop.max_iterations"),
]


@pytest.mark.parametrize("condition, outputs, kind", FIRES, ids=lambda value: getattr(value, "name", ""))
def test_the_usual_conditions_fire(receiver, condition, outputs, kind):
    one_node([condition], *outputs, cost=1.0, tool_calls=2)
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["failure.condition"] == failure["error.type"] == condition.name
    assert failure["exception.message"] == condition.message and "failure condition" not in condition.message
    assert failure["failure.class"] == kind and failure["failure.disposition"] == "degraded"
    assert receiver.run["graph.run.outcome"] == "degraded"


@pytest.mark.parametrize("condition, outputs, kind", FIRES[:6], ids=lambda value: getattr(value, "name", ""))
def test_they_stay_quiet_about_what_is_fine(receiver, condition, outputs, kind):
    fine = {"output_invalid": "7", "judge_rejected": None, "polite": None}.get(condition.name, "An answer.")
    if fine is not None:
        one_node([condition], fine)
        receiver.flush()
        assert receiver.failures == []


def test_wrong_conditions_are_refused_by_name():
    with pytest.raises(ValueError, match="name must be 1 to 64"):
        faultline.condition("a b", lambda context: True)
    with pytest.raises(ValueError, match="failure_class of x must be one of llm.auth"):
        faultline.condition("x", lambda context: True, failure_class="bad")
    with pytest.raises(TypeError, match="made by faultline.condition"):
        faultline.use_conditions(nodes=[1])


def test_counts_of_this_process(receiver):
    for number in range(3):
        with faultline.run(GRAPH, agent_id="counts") as run:
            try:
                with run.node("fetch", number):
                    raise ConnectionError("reset")
            except ConnectionError as error:
                decision = faultline.should_retry("fetch", error, attempt=1, max_attempts=2)
    state = faultline.failure_state("fetch")
    assert (state.failure_count, state.consecutive_failures, state.source) == (3, 3, "process")
    assert state.last_error_type == "ConnectionError" and state.last_failure_at.startswith("20")
    assert decision.retry and "no query service is named" in decision.reason
    assert not faultline.should_retry("fetch", ConnectionError(), attempt=2, max_attempts=2).retry


def test_decisions_without_a_service():
    assert decide(1, 3, "llm.auth", 1)[0] == "stop"
    assert decide(1, 3, "llm.rate_limit", 1) == ("back_off", "failures of class llm.rate_limit pass with time", 500)
    assert decide(1, None, None, 6)[0] == "back_off"
    assert decide(1, None, "tool.error", 0)[0] == "retry"


def test_advice_of_a_service(receiver, monkeypatch):
    _rest.until = 0.0
    service = Service({"advice": "back_off", "reason": "it passes", "chance": 0.7, "wait_ms": {"median": 250}})
    monkeypatch.setenv("FAULTLINE_QUERY_URL", service.url)
    with faultline.run(GRAPH, agent_id="advised"):
        decision = faultline.should_retry("fetch", ConnectionError("reset"), timeout=5)
        again = asyncio.run(faultline.should_retry_async("fetch", ConnectionError("reset"), timeout=5))
    service.close()
    assert decision == again
    assert (decision.retry, decision.wait_ms, decision.chance, decision.source) == (True, 250, 0.7, "history")
    assert any("agents/advised/retry-advice" in path and "error_type=ConnectionError" in path for path in service.asked)
    gone = faultline.should_retry("fetch", ConnectionError("reset"), agent_id="advised")
    assert gone.source == "process" and "cannot be reached" in gone.reason
