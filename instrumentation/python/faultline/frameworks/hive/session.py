"""One execution of Hive's as a run, over its resurrections."""

from __future__ import annotations

import json
import os
from contextvars import ContextVar
from typing import Any

from opentelemetry.context import Context

from faultline.conditions.checks import Checks
from faultline.core.exception import Reported
from faultline.core.failure import Details
from faultline.core.guard import guarded
from faultline.core.identity import agent_id_of
from faultline.core.place import Place
from faultline.core.run import GraphRun
from faultline.core.snapshot import Snapshot, snapshot_of
from faultline.frameworks.hive.ids import ids_of, run_key
from faultline.frameworks.hive.reasons import own_text, reason_of_run

_MARK_FILE = "faultline.json"
_MARK = json.dumps({"reported_by": "faultline-python"})
_snapshots: dict[int, tuple[Any, Snapshot]] = {}

# What runs around the calling code, between the start of an execution and the making of its run.
current_session: ContextVar[Session | None] = ContextVar("faultline.hive.session", default=None)


class Session:
    """An execution: of a stream, over its resurrections, or of an executor that is used directly."""

    def __init__(self, execution_id: str, stream: Any = None, is_resumed: bool = False) -> None:
        self.execution_id = execution_id
        self.stream = stream
        self.is_resumed = is_resumed
        self.run: GraphRun | None = None
        self.place: Place | None = None
        self.graph: Any = None
        self.memory: Any = None
        # As Hive's event of the start has it.
        self.started_at: str | None = None
        self.executions = 0
        self.has_bus = False
        # Failures of each node since the executor began: what Hive counts its retries by.
        self.failures: dict[str, int] = {}
        # The last failure of each node that has not run again since, in the order of the failures.
        self.lost: dict[str, Any] = {}
        self.result: Any = None
        self.error: BaseException | None = None

    def begin(self, graph: Any, executor: Any) -> Place | None:
        """The executor begins; the first time that is the start of the run."""
        self.executions += 1
        self.failures.clear()
        self.has_bus = getattr(executor, "_event_bus", None) is not None
        self.graph = graph
        if self.run is None:
            guarded(self._mark, executor)
            self._open(_graph_id(graph), graph_snapshot(graph))
        return self.place

    def open_worker(self, agent: str, snapshot: Snapshot) -> None:
        """The run of a colony's worker."""
        self._open(agent, snapshot)

    def _open(self, graph_id: str, snapshot: Snapshot) -> None:
        key = run_key(self.execution_id, self.started_at if self.is_resumed else None)
        self.run = GraphRun(
            agent_id=agent_id_of(None, graph_id, "hive"),
            graph_id=graph_id,
            snapshot=snapshot,
            session_id=self.execution_id or None,
            run_id=key or None,
            ids=ids_of(key) if key else None,
            parent=Context(),
        )
        self.run.state_keys = _MemoryKeys(self)
        self.place = Place(self.run, None, Checks.of(None, self.run.agent_id), self)

    def _mark(self, executor: Any) -> None:
        """Keeps `faultline hive watch` away from what is reported here."""
        folder = getattr(executor, "_storage_path", None)
        if folder is None or not self.execution_id:
            return
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, _MARK_FILE), "w", encoding="utf-8") as file:
            file.write(_MARK)

    @property
    def may_resurrect(self) -> bool:
        """Whether the stream would begin again after a failure that is not fatal."""
        most = getattr(getattr(self.stream, "entry_spec", None), "max_resurrections", 0) or 0
        return self.executions <= most

    def is_fatal(self, error: str) -> bool:
        check = getattr(self.stream, "_is_fatal_error", None)
        return bool(guarded(check, error, fallback=False)) if callable(check) else False

    def end(self, is_cancelled: bool = False) -> None:
        """The execution has ended, and no resurrection follows."""
        run, result = self.run, self.result
        if run is None:
            return
        error = getattr(result, "error", None)
        if is_cancelled or error == "Execution cancelled":
            run.end("cancelled")
        elif self.error is not None:
            run.end("failure", self.error)
        elif getattr(result, "paused_at", None):
            run.end("paused")
        elif result is None or not result.success:
            self._end_failed(run, error)
        elif not _is_finished(result, self.graph):
            reason = reason_of_run(_why_unfinished(result, self.graph))
            details = Details(site=reason.site, failure_class=reason.failure_class)
            run.end("truncated", Reported(reason.type, reason.message), details)
        elif not (self.place and self.place.checks and self.place.checks.of_run(run, result.output, None)):
            run.end()

    def _end_failed(self, run: GraphRun, error: str | None) -> None:
        failures = list(self.lost.values())
        about = next((each for each in reversed(failures) if _is_about(error, each)), None)
        if about is not None:
            run.end("failure", about)
            return
        reason = reason_of_run(error)
        details = Details(site=reason.site, failure_class=reason.failure_class)
        run.end("failure", Reported(reason.type, reason.message), details)


class _MemoryKeys:
    """The names of what is in Hive's memory, read when a failure asks for them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __iter__(self) -> Any:
        return iter(list(memory_data(self._session.memory)))


def memory_data(memory: Any) -> dict[str, Any]:
    """What a SharedMemory (until v0.8) or DataBuffer (v0.9) holds, whatever a node may read of it."""
    data = getattr(memory, "_data", None)
    return data if isinstance(data, dict) else {}


def graph_snapshot(graph: Any) -> Snapshot:
    """The GraphSpec without what has its default, so that an upgrade of Hive is no new version of a graph; hashed once
    for an object."""
    known = _snapshots.get(id(graph))
    if known is not None and known[0] is graph:
        return known[1]
    dump = getattr(graph, "model_dump", None)
    body = guarded(lambda: dump(mode="json", exclude_defaults=True)) if callable(dump) else None
    if body is None:
        body = {"id": _graph_id(graph), "nodes": [], "edges": []}
    snapshot = snapshot_of(body)
    if len(_snapshots) > 256:
        _snapshots.clear()
    _snapshots[id(graph)] = (graph, snapshot)
    return snapshot


def _graph_id(graph: Any) -> str:
    return str(getattr(graph, "id", None) or "hive")


def _is_finished(result: Any, graph: Any) -> bool:
    """Hive reports a used-up step budget and, until v0.8, a dead end as success."""
    terminals = list(getattr(graph, "terminal_nodes", None) or ())
    if not terminals or not result.path:
        return True
    if any(node in terminals for node in result.path):
        return True
    last = result.path[-1]
    sources = {getattr(edge, "source", None) for edge in getattr(graph, "edges", ())}
    # A graph whose last node leads nowhere could not have gone on.
    return last not in sources and not terminals


def _why_unfinished(result: Any, graph: Any) -> str:
    last = result.path[-1]
    most = getattr(graph, "max_steps", None)
    steps = getattr(result, "steps_executed", None) or len(result.path)
    if isinstance(most, int) and steps >= most and any(edge.source == last for edge in getattr(graph, "edges", ())):
        return f"Step budget used up: the run ended at node '{last}', though an edge led on"
    return f"Dead end: the run stopped after '{last}', which is no terminal node"


def _is_about(error: str | None, failure: Any) -> bool:
    """Whether the error of a run is what a node failed with."""
    text = own_text(error or "")
    message = failure.message if isinstance(failure, Reported) else str(failure)
    is_layer = text.startswith("Parallel execution failed") or "failed after" in (error or "")
    return not text or is_layer or (message != "" and (message in text or text in message))
