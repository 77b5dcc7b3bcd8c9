"""One run of a graph and its node attempts as spans. Every executor's instrumentation stands on this."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.context import get_current as current_context
from opentelemetry.trace import Link, Span, SpanKind, Tracer

from faultline.core.attempt import NodeAttempt, tell_consequence, tell_failure
from faultline.core.exception import causes_of, describe_exception
from faultline.core.failure import NO_DETAILS, Details
from faultline.core.local import note_run
from faultline.core.redactor import redactor_of
from faultline.core.snapshot import Snapshot, SnapshotAnnouncer
from faultline.delivery.pipeline import chosen_ids, default_tracer, keep_provisionally
from faultline.redaction import Redactor
from faultline.semconv import (
    ATTR_GEN_AI_AGENT_ID,
    ATTR_GEN_AI_AGENT_NAME,
    ATTR_GEN_AI_CONVERSATION_ID,
    ATTR_GRAPH_ID,
    ATTR_GRAPH_NODE_ATTEMPT,
    ATTR_GRAPH_NODE_ID,
    ATTR_GRAPH_NODE_MAX_ATTEMPTS,
    ATTR_GRAPH_NODE_NAME,
    ATTR_GRAPH_NODE_TYPE,
    ATTR_GRAPH_NODE_VISIT,
    ATTR_GRAPH_RUN_ID,
    ATTR_GRAPH_RUN_OUTCOME,
    ATTR_GRAPH_SNAPSHOT_REF,
    SPAN_EXECUTE_GRAPH,
    SPAN_EXECUTE_NODE,
    SPAN_START_GRAPH,
)

_PATH_KEPT = 100
_ERRORS_KEPT = 64
_announcer = SnapshotAnnouncer()


class RunIds(NamedTuple):
    """Ids that are made of a framework's own, so that every reporter of a fact names it alike."""

    trace_id: int
    # The span id of `run`, `start` or `<node id>#<n>`, n counting every attempt of the node in the run from 1.
    span_id: Callable[[str], int]


class _NodeHistory:
    __slots__ = ("visits", "retries", "last", "attempts")

    def __init__(self) -> None:
        self.visits = 0
        self.retries = 0
        self.attempts = 0
        self.last: NodeAttempt | None = None


class GraphRun:
    """A run of a graph: sends its start signal when made, its span when ended."""

    def __init__(
        self,
        *,
        agent_id: str,
        graph_id: str,
        snapshot: Snapshot,
        agent_name: str | None = None,
        session_id: str | None = None,
        run_id: str | None = None,
        tracer: Tracer | None = None,
        redactor: Redactor | None = None,
        parent: Context | None = None,
        ids: RunIds | None = None,
    ) -> None:
        self.agent_id = agent_id
        self.graph_id = graph_id
        self.snapshot = snapshot
        self.session_id = session_id
        self.run_id = run_id or str(uuid.uuid4())
        self.redactor = redactor_of(redactor)
        # Names of what the nodes share, for `failure.state`.
        self.state_keys: Iterable[str] | None = None
        # Whether an attempt inside asked a person, or was told to pause.
        self.is_paused = False
        # How many attempts failed.
        self.failures = 0
        self.steps = 0
        self.usage: Any = None
        self.earlier: dict[str, deque[Any]] = {}
        self._tracer = tracer or default_tracer()
        self._parent = current_context() if parent is None else parent
        self._path: deque[str] = deque(maxlen=_PATH_KEPT)
        self._nodes: dict[str, _NodeHistory] = {}
        self._open: set[NodeAttempt] = set()
        # Which span reported an error: by identity, with the error, so that its id is not used again.
        self._reported: OrderedDict[int, tuple[Any, NodeAttempt]] = OrderedDict()
        self._lock = threading.Lock()
        self._ids = ids
        self._lost = False
        self._ended = False
        self._started = time.perf_counter()
        self._shared: dict[str, Any] = {
            ATTR_GEN_AI_AGENT_ID: agent_id,
            ATTR_GRAPH_ID: graph_id,
            ATTR_GRAPH_RUN_ID: self.run_id,
            ATTR_GRAPH_SNAPSHOT_REF: snapshot.ref,
        }
        if agent_name:
            self._shared[ATTR_GEN_AI_AGENT_NAME] = agent_name
        if session_id:
            self._shared[ATTR_GEN_AI_CONVERSATION_ID] = session_id
        note_run(agent_id)
        now = time.time_ns()
        with self._chosen("run"):
            self.span = self._start(SPAN_EXECUTE_GRAPH, graph_id, self._parent, start_time=now)
        self._in_run = trace.set_span_in_context(self.span, self._parent)
        with self._chosen("start"):
            signal = self._start(SPAN_START_GRAPH, graph_id, self._in_run, start_time=now)
        # The signal leaves first, so the graph goes with it.
        _announcer.announce(self._tracer, signal, snapshot)
        signal.end(now)

    @property
    def duration_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    def attempt(
        self,
        node_id: str,
        *,
        name: str | None = None,
        node_type: str | None = None,
        attempt: int | None = None,
        max_attempts: int | None = None,
        visit: int | None = None,
        previous: NodeAttempt | None = None,
        inside: NodeAttempt | None = None,
    ) -> NodeAttempt:
        """Starts the span of one attempt. Without `attempt` it is one more than the failed attempt before it, else 1;
        without `visit` it is counted."""
        with self._lock:
            history = self._nodes.get(node_id)
            if history is None:
                history = self._nodes[node_id] = _NodeHistory()
            last = history.last
            if attempt is None:
                is_spent = last is not None and last.max_attempts is not None and last.attempt >= last.max_attempts
                attempt = last.attempt + 1 if last is not None and last.failed and not is_spent else 1
            if visit is None:
                visit = max(history.visits, 1) if attempt > 1 else history.visits + 1
            history.visits = max(history.visits, visit)
            history.attempts += 1
            key = f"{node_id}#{history.attempts}"
            history.retries += attempt > 1
            self.steps += 1
            self._path.append(node_id)
        attributes = {
            **self._shared,
            ATTR_GRAPH_NODE_ID: node_id,
            ATTR_GRAPH_NODE_ATTEMPT: attempt,
            ATTR_GRAPH_NODE_VISIT: visit,
        }
        if name:
            attributes[ATTR_GRAPH_NODE_NAME] = name
        if node_type:
            attributes[ATTR_GRAPH_NODE_TYPE] = node_type
        if max_attempts:
            attributes[ATTR_GRAPH_NODE_MAX_ATTEMPTS] = max_attempts
        if attempt > 1 and previous is None:
            previous = last
        links = [Link(previous.span.get_span_context())] if previous is not None else None
        with self._chosen(key):
            span = self._tracer.start_span(
                f"{SPAN_EXECUTE_NODE} {node_id}", self.context_of(inside), SpanKind.INTERNAL, attributes, links
            )
        _announcer.announce(self._tracer, span, self.snapshot)
        started = NodeAttempt(self, span, node_id, attempt, visit, max_attempts, inside)
        history.last = started
        self._open.add(started)
        return started

    def context_of(self, inside: NodeAttempt | None) -> Context:
        """The context of spans that start inside an attempt, or in the run."""
        return self._in_run if inside is None else trace.set_span_in_context(inside.span, self._parent)

    def start_span(self, kind: str, name: str, inside: NodeAttempt | None, attributes: dict[str, Any]) -> Span:
        """Starts a span of another kind inside an attempt or the run."""
        span = self._start(kind, name, self.context_of(inside))
        span.set_attributes(attributes)
        return span

    def end(self, outcome: str | None = None, error: Any = None, details: Details = NO_DETAILS) -> None:
        """Ends the run. With an error that no node attempt has reported yet, the run's span reports it; with one that
        was reported, the span says that the run failed and names the failure's span. Without an outcome it is
        `failure` with an error, else `degraded` if a node was lost on the way, else `success`."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            still_open = list(self._open)
        has_error = error is not None
        for attempt in still_open:
            attempt.stop()
        if outcome is None:
            outcome = "failure" if has_error else "degraded" if self._lost else "success"
        self.span.set_attribute(ATTR_GRAPH_RUN_OUTCOME, outcome)
        if has_error:
            root = self.reported_by(error)
            if root is not None:
                tell_consequence(self.span, error, root, self.redactor)
            else:
                details = details if details.site else details._replace(site="run")
                tell_failure(self.span, error, details, self.state(), self.redactor)
        self._reported.clear()
        self.span.end()

    @property
    def has_ended(self) -> bool:
        return self._ended

    def reported_by(self, error: Any, inside: NodeAttempt | None = None) -> str | None:
        """The span id of the attempt that reported the error, its cause, or all members of it as a group; with
        `inside`, only one that ran inside that attempt."""
        found = self._reporter(error, inside, 0)
        return None if found is None else found.root or found.span_id

    def _reporter(self, error: Any, inside: NodeAttempt | None, depth: int) -> NodeAttempt | None:
        known = self._reported.get(id(error))
        if known is not None and known[0] is error and (inside is None or known[1].ran_inside(inside)):
            return known[1]
        if depth > 8:
            return None
        under = list(causes_of(error))
        reporters = [self._reporter(each, inside, depth + 1) for each in under]
        return reporters[0] if reporters and all(reporters) else None

    def remember(self, error: Any, by: NodeAttempt) -> None:
        """Called by the attempt that reports the error."""
        self._reported[id(error)] = (error, by)
        while len(self._reported) > _ERRORS_KEPT:
            self._reported.popitem(last=False)

    def is_same(self, one: Any, other: Any) -> bool:
        """Whether two errors are one: the same object, one the cause of the other, or one quoted by the other."""
        if one is other:
            return True
        seen: list[Any] = [other]
        for each in seen[:]:
            seen.extend(causes_of(each))
        if any(each is one for each in seen):
            return True
        mine = describe_exception(one).message
        return len(mine) > 8 and mine in describe_exception(other).message

    def forget(self, attempt: NodeAttempt, lost: bool) -> None:
        """Called by the attempt when it has ended."""
        self._open.discard(attempt)
        if lost:
            self._lost = True

    def keep_provisionally(self, span: Span, end_time: int) -> Callable[[], None]:
        """Writes a failed span to the spool that still waits for news; what it returns takes it back."""
        return keep_provisionally(span, end_time)

    def recovered(self) -> None:
        """What was lost came back."""
        self._lost = False

    def visits_of(self, node_id: str) -> int:
        history = self._nodes.get(node_id)
        return history.visits if history else 0

    def state(self) -> dict[str, Any]:
        """Path so far, visits, retries and the names of the shared state."""
        nodes = list(self._nodes.items())
        state: dict[str, Any] = {
            "path": list(self._path),
            "path_length": self.steps,
            "visits": {node: history.visits for node, history in nodes if history.visits},
            "retries": {node: history.retries for node, history in nodes if history.retries},
        }
        if self.state_keys is not None:
            state["state_keys"] = sorted(map(str, self.state_keys))
        return state

    def _chosen(self, key: str) -> AbstractContextManager[None]:
        return chosen_ids(self._ids.trace_id, self._ids.span_id(key)) if self._ids else nullcontext()

    def _start(self, kind: str, name: str, parent: Context, start_time: int | None = None) -> Span:
        return self._tracer.start_span(f"{kind} {name}", parent, SpanKind.INTERNAL, self._shared, start_time=start_time)
