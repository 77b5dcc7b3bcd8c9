"""Where Hive is wrapped. Modules moved and were renamed between v0.8, v0.9 and later; what is found is wrapped."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

from faultline.core.guard import guarded
from faultline.core.place import Place, current_place
from faultline.frameworks.hive.nodes import escalated, note_evidence, record_node
from faultline.frameworks.hive.queen import patch_loop
from faultline.frameworks.hive.session import Session, current_session
from faultline.frameworks.hive.workers import patch_worker
from faultline.frameworks.patching import replace

# The Queen and judges are no agents that are evolved.
_NOT_RECORDED = frozenset({"queen", "judge"})
_MAX_ERROR_CHARS = 2000


def _patch_stream(module: types.ModuleType) -> None:
    """Runs across resurrections."""
    kind = getattr(module, "ExecutionStream", None) or module.ExecutionManager

    def make(original: Any) -> Any:
        @functools.wraps(original)
        async def run_execution(self: Any, ctx: Any, *args: Any, **kwargs: Any) -> Any:
            session = guarded(_session_of, self, ctx)
            if session is None:
                return await original(self, ctx, *args, **kwargs)
            token = current_session.set(session)
            try:
                return await original(self, ctx, *args, **kwargs)
            except Exception as error:
                session.error = error
                raise
            finally:
                current_session.reset(token)
                guarded(session.end, getattr(ctx, "status", "") == "cancelled")

        return run_execution

    replace(kind, "_run_execution", make)


def _session_of(stream: Any, ctx: Any) -> Session | None:
    if str(getattr(stream, "stream_id", "")) in _NOT_RECORDED:
        return None
    state = getattr(ctx, "session_state", None)
    return Session(str(ctx.id), stream, bool(state and state.get("resume_session_id")))


def _patch_executor(module: types.ModuleType) -> None:
    """An executor, used by a stream or directly."""
    kind = getattr(module, "GraphExecutor", None) or module.Orchestrator

    def make_execute(original: Any) -> Any:
        signature = inspect.signature(original)

        @functools.wraps(original)
        async def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
            if str(getattr(self, "_stream_id", "")) in _NOT_RECORDED:
                return await original(self, *args, **kwargs)
            given = guarded(lambda: signature.bind(self, *args, **kwargs).arguments.get("graph"))
            around = current_session.get()
            session = around or Session(str(getattr(self, "_execution_id", "") or ""))
            place = guarded(session.begin, given, self)
            if place is None:
                return await original(self, *args, **kwargs)
            inside = current_place.get()
            if inside is not None and inside.run is place.run:
                place = inside
            return await _executed(original(self, *args, **kwargs), session, place, is_direct=around is None)

        return execute

    def make_node(original: Any) -> Any:
        @functools.wraps(original)
        def get_node_implementation(self: Any, *args: Any, **kwargs: Any) -> Any:
            node = original(self, *args, **kwargs)
            return guarded(record_node, node, False, fallback=node)

        return get_node_implementation

    def make_init(original: Any) -> Any:
        @functools.wraps(original)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            guarded(_record_tools, self)

        return init

    replace(kind, "execute", make_execute)
    replace(kind, "__init__", make_init)
    if "_get_node_implementation" in vars(kind):
        replace(kind, "_get_node_implementation", make_node)


async def _executed(work: Any, session: Session, place: Place, *, is_direct: bool) -> Any:
    place_token = current_place.set(place)
    session_token = current_session.set(session)
    try:
        session.result = await work
        return session.result
    except Exception as error:
        session.error = error
        raise
    except BaseException:
        session.result = None
        if is_direct:
            guarded(session.end, True)
        raise
    finally:
        current_session.reset(session_token)
        current_place.reset(place_token)
        if is_direct:
            guarded(session.end)


def _record_tools(executor: Any) -> None:
    """Errors of tools, where there is no bus that reports them."""
    call = getattr(executor, "tool_executor", None)
    if call is None or getattr(executor, "_event_bus", None) is not None or getattr(call, "_faultline", False):
        return

    @functools.wraps(call)
    def recorded(use: Any, *args: Any, **kwargs: Any) -> Any:
        result = call(use, *args, **kwargs)
        if inspect.isawaitable(result):
            return _awaited(use, result)
        guarded(_note_tool, getattr(use, "name", "tool"), result)
        return result

    recorded._faultline = True  # type: ignore[attr-defined]
    executor.tool_executor = recorded


async def _awaited(use: Any, work: Any) -> Any:
    result = await work
    guarded(_note_tool, getattr(use, "name", "tool"), result)
    return result


def _note_tool(name: str, result: Any) -> None:
    if getattr(result, "is_error", False):
        note_evidence("tool_errors", {"tool": str(name), "error": str(result.content)[:_MAX_ERROR_CHARS]})


def _patch_graph_worker(module: types.ModuleType) -> None:
    """Workers of a graph, which try again by themselves (v0.9 and later)."""
    kind = getattr(module, "WorkerAgent", None) or module.NodeWorker

    def make(original: Any) -> Any:
        @functools.wraps(original)
        def get_node_implementation(self: Any, *args: Any, **kwargs: Any) -> Any:
            node = original(self, *args, **kwargs)
            return guarded(record_node, node, True, fallback=node)

        return get_node_implementation

    replace(kind, "_get_node_implementation", make)


def _patch_bus(module: types.ModuleType) -> None:
    """What the node that runs now says on its bus."""

    def make(original: Any) -> Any:
        @functools.wraps(original)
        async def publish(self: Any, event: Any, *args: Any, **kwargs: Any) -> Any:
            guarded(_heard, event)
            return await original(self, event, *args, **kwargs)

        return publish

    replace(module.EventBus, "publish", make)


def _heard(event: Any) -> None:
    kind = str(getattr(event.type, "value", event.type))
    data = event.data if isinstance(event.data, dict) else {}
    if kind == "execution_started":
        session = current_session.get()
        if session is not None and session.started_at is None:
            session.started_at = event.timestamp.isoformat()
    elif kind == "tool_call_completed" and data.get("is_error"):
        error = str(data.get("result"))[:_MAX_ERROR_CHARS]
        note_evidence("tool_errors", {"tool": str(data.get("tool_name")), "error": error})
    elif kind == "judge_verdict" and data.get("action") not in ("ACCEPT", "CONTINUE"):
        note_evidence("judge", {"action": data.get("action"), "feedback": str(data.get("feedback"))[:1000]})
    elif kind in ("node_tool_doom_loop", "tool_doom_loop"):
        note_evidence("doom_loop", str(data.get("description") or data)[:1000])
    elif kind == "escalation_requested":
        escalated(str(data.get("reason") or "The node asked its Queen for help"), str(data.get("context") or ""))


PATCHES: dict[str, Callable[[types.ModuleType], None]] = {
    "framework.runtime.execution_stream": _patch_stream,
    "framework.host.execution_manager": _patch_stream,
    "framework.graph.executor": _patch_executor,
    "framework.orchestrator.orchestrator": _patch_executor,
    "framework.graph.worker_agent": _patch_graph_worker,
    "framework.orchestrator.node_worker": _patch_graph_worker,
    "framework.runtime.event_bus": _patch_bus,
    "framework.host.event_bus": _patch_bus,
    "framework.host.worker": patch_worker,
    "framework.graph.event_loop_node": patch_loop,
    "framework.agent_loop.agent_loop": patch_loop,
}
