"""Asks conditions about what a node or a run returned, and reports what they found. A condition that raises is a
failed operation inside the node, never a failure of the node."""

from __future__ import annotations

import inspect
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from faultline.conditions.condition import Condition, Context
from faultline.conditions.usage import Usage
from faultline.core.attempt import NodeAttempt, tell_failure
from faultline.core.exception import Reported
from faultline.core.failure import Details, Lazy
from faultline.core.guard import guarded
from faultline.core.run import GraphRun
from faultline.semconv import FAILURE_SEVERITY_VALUES, SPAN_CHECK_CONDITION

_OUTPUT_BYTES, _FOUND_BYTES, _ALSO_BYTES = 2048, 3072, 1536
_MAX_ALSO = 10
_FAULT_EVERY_S = 60.0
_faults: dict[tuple[str, str], tuple[float, int]] = {}
_of_process: list[Checks] = []


def use_conditions(
    *,
    nodes: Iterable[Condition] = (),
    node: dict[str, Iterable[Condition]] | None = None,
    run: Iterable[Condition] = (),
    agent_id: str | None = None,
) -> None:
    """Looks at all runs of the process, or of one agent, those of frameworks included: `nodes` after every node,
    `node` after the node of that id, `run` after a run. Raises TypeError for what is no condition."""
    checks = Checks({"nodes": nodes, "node": node or {}, "run": run})
    checks.agent_id = agent_id
    _of_process.append(checks)


class Checks:
    """The conditions of a run."""

    def __init__(self, given: Any) -> None:
        if given is None:
            given = {}
        elif not isinstance(given, dict):
            given = {"nodes": given}
        unknown = set(given) - {"nodes", "node", "run"}
        if unknown:
            raise TypeError(f"conditions are given as nodes, node and run, got {', '.join(map(str, unknown))}")
        self.nodes = _conditions(given.get("nodes", ()))
        self.node = {key: _conditions(each) for key, each in dict(given.get("node") or {}).items()}
        self.run = _conditions(given.get("run", ()))
        self.agent_id: str | None = None

    @staticmethod
    def of(given: Any, agent_id: str) -> Checks | None:
        """Those of a run and those of the process; None if there are none."""
        own = Checks(given)
        for each in _of_process:
            if each.agent_id in (None, agent_id):
                own.nodes += each.nodes
                own.run += each.run
                for key, conditions in each.node.items():
                    own.node[key] = own.node.get(key, ()) + conditions
        return own if own.nodes or own.node or own.run else None

    def of_node(self, attempt: NodeAttempt, given: Any, output: Any, more: tuple[Condition, ...] = ()) -> bool:
        """Whether a condition found a failure in what a node returned; that is reported, and the attempt has ended."""
        conditions = self.nodes + self.node.get(attempt.node_id, ()) + more
        if not conditions:
            return False
        run = attempt.run
        context = _context(run, attempt, given, output)
        found = [each for each in (_ask(one, context, run, attempt) for one in conditions) if each]
        _remember(run, attempt.node_id, output, max(one.history for one in conditions))
        if not found:
            return False
        error, details = _failure(found, given, output)
        attempt.conclude(error, details)
        return True

    def of_run(self, run: GraphRun, output: Any, outcome: str | None) -> bool:
        """Whether a condition found a failure in what a run returned; that is reported, and the run has ended."""
        if not self.run:
            return False
        context = _context(run, None, None, output)
        found = [each for each in (_ask(one, context, run, None) for one in self.run) if each]
        if not found:
            return False
        error, details = _failure(found, None, output)
        is_grave = details.severity in ("critical", "major")
        run.end(outcome or ("failure" if is_grave else "degraded"), error, details)
        return True


def _conditions(given: Any) -> tuple[Condition, ...]:
    conditions = tuple(given)
    for each in conditions:
        if not isinstance(each, Condition):
            raise TypeError(f"a condition is made by faultline.condition, got {type(each).__name__}")
    return conditions


def _context(run: GraphRun, attempt: NodeAttempt | None, given: Any, output: Any) -> Context:
    owner: Any = attempt or run
    return Context(
        output=output,
        input=given() if isinstance(given, Lazy) else given,
        agent_id=run.agent_id,
        graph_id=run.graph_id,
        run_id=run.run_id,
        session_id=run.session_id,
        node_id=attempt.node_id if attempt else "",
        attempt=attempt.attempt if attempt else 0,
        visit=attempt.visit if attempt else 0,
        duration_ms=owner.duration_ms,
        usage=owner.usage or Usage(),
        run_usage=run.usage or Usage(),
        steps=run.steps,
        failures=run.failures,
        earlier=tuple(run.earlier.get(attempt.node_id, ())) if attempt else (),
    )


def _ask(one: Condition, context: Context, run: GraphRun, attempt: NodeAttempt | None) -> Any:
    try:
        verdict = one.when(context)
        if inspect.isawaitable(verdict):
            if inspect.iscoroutine(verdict):
                verdict.close()
            raise TypeError("a condition answers at once: its function must not be asynchronous")
        return (one, verdict) if verdict else None
    except Exception as error:
        guarded(_report_fault, one, error, run, attempt)
        return None


def _remember(run: GraphRun, node_id: str, output: Any, history: int) -> None:
    if history:
        run.earlier.setdefault(node_id, deque(maxlen=history)).append(output)


def _failure(found: list[tuple[Condition, Any]], given: Any, output: Any) -> tuple[Reported, Details]:
    """The worst finding as a failure; the others stand in its evidence."""
    found.sort(key=lambda each: FAILURE_SEVERITY_VALUES.index(each[0].severity))
    (first, verdict), others = found[0], found[1:]
    excerpts: dict[str, tuple[Any, int]] = {"output": (output, _OUTPUT_BYTES)}
    if verdict is not True:
        excerpts["found"] = (verdict, _FOUND_BYTES)
    if others:
        also = [
            {
                "condition": one.name,
                "class": one.failure_class,
                "severity": one.severity,
                **({} if what is True else {"found": what}),
            }
            for one, what in others[:_MAX_ALSO]
        ]
        excerpts["also"] = (also, _ALSO_BYTES)
    details = Details(
        evidence={"hint": first.hint} if first.hint else None,
        excerpts=excerpts,
        site=first.site,
        failure_class=first.failure_class,
        severity=first.severity,
        condition=first.name,
    )
    if given is not None:
        details = details._replace(input=given)
    return Reported(first.name, first.message), details


def _report_fault(one: Condition, error: Exception, run: GraphRun, attempt: NodeAttempt | None) -> None:
    """Once a minute for each condition and node, with the count of those in between."""
    key = (one.name, attempt.node_id if attempt else "")
    now = time.monotonic()
    last, missed = _faults.get(key, (-_FAULT_EVERY_S, 0))
    if now - last < _FAULT_EVERY_S:
        _faults[key] = (last, missed + 1)
        return
    _faults[key] = (now, 0)
    span = run.start_span(SPAN_CHECK_CONDITION, one.name, attempt, {})
    details = Details(
        evidence={"condition": one.name, "not_reported_before": missed},
        site=one.site or ("node.result" if attempt else "run"),
        failure_class="code.error",
        severity="warning",
        condition=one.name,
    )
    tell_failure(span, error, details, None, run.redactor)
    span.end()
