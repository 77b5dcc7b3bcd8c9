"""One node attempt as a span.

An attempt is open, then ends: it succeeded, was stopped (paused or cancelled, no failure) or failed. A failed one is
sent at once, whatever comes next, so that nothing is lost if the process dies; only where a node around it decides
what becomes of the failure does its span wait for that, and the spool has it meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span, Status, StatusCode

from faultline.core.exception import describe_exception
from faultline.core.failure import NO_DETAILS, Details, failure_facts, redacted_message
from faultline.core.guard import note_fault
from faultline.core.local import note_attempt
from faultline.redaction import Redactor
from faultline.semconv import (
    ATTR_FAILURE_CLASS,
    ATTR_FAILURE_CONDITION,
    ATTR_FAILURE_DISPOSITION,
    ATTR_FAILURE_ROOT_SPAN_ID,
    ATTR_FAILURE_SEVERITY,
    ATTR_FAILURE_SITE,
)

if TYPE_CHECKING:
    from faultline.core.run import GraphRun

# How bad a failure is when nothing but its disposition is known.
_SEVERITY_OF = {
    "retried": "warning",
    "recovered": "warning",
    "routed": "minor",
    "degraded": "minor",
    "terminal": "major",
}


class NodeAttempt:
    """One try of one node; made by `GraphRun.attempt`."""

    __slots__ = (
        "run", "span", "node_id", "attempt", "visit", "max_attempts", "inside", "failed", "is_open", "root",
        "operations", "evidence", "output", "_started", "_end_time", "_release", "usage",
    )  # fmt: skip

    def __init__(
        self,
        run: GraphRun,
        span: Span,
        node_id: str,
        attempt: int,
        visit: int,
        max_attempts: int | None,
        inside: NodeAttempt | None,
    ) -> None:
        self.run = run
        self.span = span
        self.node_id = node_id
        self.attempt = attempt
        self.visit = visit
        self.max_attempts = max_attempts
        # The attempt around this one.
        self.inside = inside
        # Whether it failed in the eyes of the executor: a condition's verdict does not count.
        self.failed = False
        self.is_open = True
        # The span id of the failure that this one follows from.
        self.root: str | None = None
        # Failed operations inside it that it may survive.
        self.operations: list[Any] = []
        # What frameworks add to the evidence of its failure.
        self.evidence: dict[str, Any] | None = None
        self.usage: Any = None
        self._started = time.perf_counter()
        self._end_time: int | None = None
        self._release: Callable[[], None] | None = None

    @property
    def duration_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    @property
    def span_id(self) -> str:
        return f"{self.span.get_span_context().span_id:016x}"

    def ran_inside(self, other: NodeAttempt) -> bool:
        """Whether it ran inside `other`, at any depth."""
        around = self.inside
        while around is not None:
            if around is other:
                return True
            around = around.inside
        return False

    def succeed(self) -> None:
        """It returned."""
        if not self.is_open:
            return
        self.is_open = False
        note_attempt(self.run.agent_id, self.node_id, None, None)
        # The node handled them, by handing them to a model for example.
        self._end_operations("routed")
        self.run.forget(self, False)
        self.span.end()

    def stop(self) -> None:
        """It was paused or cancelled, or another node's failure stopped it: no failure of its own."""
        if not self.is_open:
            return
        self.is_open = False
        self._end_operations("routed")
        self.run.forget(self, False)
        self.span.end()

    def fail(
        self, error: Any, details: Details = NO_DETAILS, disposition: str | None = None, *, is_undecided: bool = False
    ) -> None:
        """It failed, and `disposition` is what happens next, if known. With `is_undecided` its span waits for
        `settle`, and the spool keeps it as it is now. An error that an attempt inside this one has reported is not
        reported again: this attempt only names that one's span."""
        if not self.is_open:
            return
        self.is_open = False
        self.failed = True
        self._end_time = time.time_ns()
        run = self.run
        root = run.reported_by(error, self)
        if root is not None:
            self.root = root
            tell_consequence(self.span, error, root, run.redactor)
            note_attempt(run.agent_id, self.node_id, error, details)
            self._finish(disposition)
            return
        run.remember(error, self)
        self._take_operations(error)
        if details.site is None:
            details = details._replace(site="node.raise")
        evidence = self._evidence(details.evidence)
        tell_failure(self.span, error, details._replace(evidence=evidence), run.state(), run.redactor)
        note_attempt(run.agent_id, self.node_id, error, details)
        run.failures += 1
        if is_undecided:
            self._describe(disposition)
            self._release = run.keep_provisionally(self.span, self._end_time)
            run.forget(self, False)
            return
        self._finish(disposition, details.severity)

    def conclude(self, error: Any, details: Details) -> None:
        """It returned, and a condition found a failure in what it returned: the executor goes on with that."""
        self.fail(error, details._replace(site=details.site or "node.result"), "degraded")
        self.failed = False

    def settle(self, disposition: str) -> None:
        """Names what happened after a failure that was undecided, and ends the span at the time of the failure."""
        release, self._release = self._release, None
        if release is None:
            return
        self._finish(disposition)
        release()

    @property
    def is_undecided(self) -> bool:
        return self._release is not None

    def _finish(self, disposition: str | None, severity: str | None = None) -> None:
        if self.root is None:
            self._describe(disposition, severity)
        self.run.forget(self, disposition not in ("retried", "recovered"))
        self.span.end(self._end_time)

    def _describe(self, disposition: str | None, severity: str | None = None) -> None:
        if disposition:
            self.span.set_attribute(ATTR_FAILURE_DISPOSITION, disposition)
            if severity is None and disposition in _SEVERITY_OF:
                self.span.set_attribute(ATTR_FAILURE_SEVERITY, _SEVERITY_OF[disposition])

    def _evidence(self, given: Any) -> Any:
        if not self.evidence:
            return given
        return {**self.evidence, **(given if isinstance(given, dict) else {})}

    def _end_operations(self, disposition: str) -> None:
        operations, self.operations = self.operations, []
        for operation in operations:
            operation.end(disposition)

    def _take_operations(self, error: Any) -> None:
        """Operations that failed with the error that ended the node are its evidence, and no failures of their
        own; the others were survived."""
        operations, self.operations = self.operations, []
        for operation in operations:
            if self.run.is_same(operation.error, error):
                self.evidence = {**(self.evidence or {}), "tool": operation.name}
            else:
                operation.end("recovered")


def tell_consequence(span: Span, error: Any, root: str, redactor: Redactor) -> None:
    """Marks a span as failed because of a failure that another span reports."""
    span.set_status(Status(StatusCode.ERROR, redacted_message(error, redactor)))
    span.set_attribute(ATTR_FAILURE_ROOT_SPAN_ID, root)


def tell_failure(span: Span, error: Any, details: Details, state: Any, redactor: Redactor) -> None:
    """Describes a failure on a span and marks the span as failed."""
    try:
        facts = failure_facts(error, details, state, redactor)
    except Exception as fault:
        # A failure stays one even if describing it goes wrong.
        note_fault(fault)
        span.set_status(Status(StatusCode.ERROR))
        span.set_attribute("error.type", describe_exception(error).error_type)
        return
    attributes = facts.attributes
    for name, value in (
        (ATTR_FAILURE_SITE, details.site),
        (ATTR_FAILURE_CLASS, details.failure_class),
        (ATTR_FAILURE_SEVERITY, details.severity),
        (ATTR_FAILURE_CONDITION, details.condition),
    ):
        if value:
            attributes[name] = value
    span.set_attributes(attributes)
    span.add_event("exception", facts.exception_event)
    span.set_status(Status(StatusCode.ERROR, facts.message))
