"""The framework-neutral way in: `with faultline.run(...)`; its nodes are in node.py."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any

from faultline.conditions.checks import Checks
from faultline.core.cancel import is_cancel
from faultline.core.guard import guarded
from faultline.core.identity import agent_id_of
from faultline.core.node import MISSING, node_block
from faultline.core.place import Place, current_place
from faultline.core.run import GraphRun
from faultline.core.snapshot import Snapshot, snapshot_of
from faultline.redaction import Redactor
from faultline.semconv import GRAPH_RUN_OUTCOME_VALUES

_snapshots: dict[int, tuple[Any, Snapshot]] = {}


class run:
    """Records what happens inside as one run of a graph, also with `async with`.

    ```python
    with faultline.run(graph={"id": "invoices", "nodes": nodes, "edges": edges}, session_id=session):
        rates = fetch(order)  # decorated with @faultline.node
    ```

    `graph` is any JSON-like value; `{id, nodes: [{id, type, …}], edges: [{source, target, condition?}]}` is understood
    best. An exception that leaves the block is the failure of the run, unless a node has reported it; it goes on as it
    is. Nothing of the recording raises into the app.
    """

    def __init__(
        self,
        graph: Any = None,
        *,
        agent_id: str | None = None,
        agent_name: str | None = None,
        graph_id: str | None = None,
        session_id: str | None = None,
        run_id: str | None = None,
        conditions: Any = None,
        redact: Redactor | None = None,
        tracer: Any = None,
    ) -> None:
        self._options = (graph, agent_id, agent_name, graph_id, session_id, run_id, conditions, redact, tracer)
        self._recorder: GraphRun | None = None
        self._outcome: str | None = None
        self._token: Any = None
        self._checks: Checks | None = None
        self._output: Any = MISSING

    @property
    def run_id(self) -> str:
        """`graph.run.id`; '' before the run starts and if it is not recorded."""
        return self._recorder.run_id if self._recorder else ""

    def node(self, node_id: str, input: Any = MISSING, **options: Any) -> node_block:
        """Records what happens inside the block as one attempt of a node; takes what `faultline.node` takes and
        `attempt`, `visit` from 1."""
        return node_block(node_id, input, place=self._place(), **options)

    def state_keys(self, keys: Iterable[str]) -> None:
        """Names the shared state's keys for `failure.state`."""
        if self._recorder:
            self._recorder.state_keys = list(keys)

    def outcome(self, outcome: str) -> None:
        """Sets how the run ended: one of `success`, `failure`, `degraded`, `truncated`, `paused`, `cancelled`.
        Raises ValueError for another."""
        if outcome not in GRAPH_RUN_OUTCOME_VALUES:
            raise ValueError(f"outcome must be one of {', '.join(GRAPH_RUN_OUTCOME_VALUES)}, got {outcome!r}")
        self._outcome = outcome

    def output(self, value: Any) -> None:
        """What the run gave, for the conditions of the run."""
        self._output = value

    def __enter__(self) -> run:
        self._recorder = guarded(self._begin)
        if self._recorder is not None:
            self._token = current_place.set(Place(self._recorder, None, self._checks))
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        guarded(self._end, error)

    async def __aenter__(self) -> run:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _begin(self) -> GraphRun:
        graph, agent_id, agent_name, graph_id, session_id, run_id, conditions, redact, tracer = self._options
        snapshot = _snapshot(graph)
        graph_id = graph_id or _id_in(graph) or agent_id or "graph"
        recorder = GraphRun(
            agent_id=agent_id_of(agent_id, _id_in(graph), graph_id),
            agent_name=agent_name,
            graph_id=graph_id,
            snapshot=snapshot,
            session_id=session_id,
            run_id=run_id,
            redactor=redact,
            tracer=tracer,
        )
        self._checks = Checks.of(conditions, recorder.agent_id)
        return recorder

    def _place(self) -> Place | None:
        return Place(self._recorder, None, self._checks) if self._recorder else None

    def _end(self, error: BaseException | None) -> None:
        recorder, token = self._recorder, self._token
        if recorder is None:
            return
        if token is not None:
            try:
                current_place.reset(token)
            except ValueError:
                # An asynchronous generator may end the run in another context than it began in.
                pass
        if error is None:
            if self._checks and self._checks.of_run(recorder, self._output, self._outcome):
                return
            recorder.end(self._outcome)
        elif is_cancel(error):
            recorder.end(self._outcome or "cancelled")
        else:
            recorder.end(self._outcome, error)


def _snapshot(graph: Any) -> Snapshot:
    """The same object is hashed once: a changed graph must be a new object."""
    known = _snapshots.get(id(graph))
    if known is not None and known[0] is graph:
        return known[1]
    snapshot = snapshot_of(graph)
    if len(_snapshots) > 256:
        _snapshots.clear()
    _snapshots[id(graph)] = (graph, snapshot)
    return snapshot


def _id_in(graph: Any) -> str | None:
    found = graph.get("id") if isinstance(graph, dict) else None
    return found if isinstance(found, str) and found else None


def current_run() -> GraphRun | None:
    """The run that the calling code is part of."""
    place = current_place.get()
    return place.run if place else None
