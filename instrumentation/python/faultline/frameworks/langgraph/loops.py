"""Records one execution of a graph. That of a root graph is a run; that of a subgraph adds its nodes to the run around
it, as `parent:child`, the way LangGraph's own drawings do.

The place is set only while LangGraph works, never while the reader of a stream does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from faultline.conditions.checks import Checks
from faultline.core.attempt import NodeAttempt
from faultline.core.cancel import is_cancel
from faultline.core.failure import Details
from faultline.core.guard import guarded
from faultline.core.identity import agent_id_of
from faultline.core.place import Place, current_place
from faultline.core.run import GraphRun
from faultline.frameworks.langgraph.snapshot import graph_name, is_named, langgraph_snapshot


class Notes:
    """What is known of the loops of a run."""

    def __init__(self, compiled: Any) -> None:
        # The innermost loop that was entered where this place is.
        self.compiled = compiled
        self.loop: Any = None
        # Failures inside a node that decides what becomes of them.
        self.held: dict[NodeAttempt, list[NodeAttempt]] = {}


def note_loop(loop: Any) -> None:
    """The loop of the stream that is being read starts."""
    place = current_place.get()
    if place is None or not isinstance(place.notes, Notes):
        return
    place.notes.loop = loop
    if place.inside is None:
        place.run.state_keys = _LoopKeys(loop)


class _LoopKeys:
    """The names of the state's channels, read when a failure asks for them."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop

    def __iter__(self) -> Iterator[str]:
        channels = getattr(self._loop, "channels", None) or {}
        return iter([key for key in channels if not key.startswith(("__", "branch:"))])


def record_stream(compiled: Any, stream: Iterator[Any], args: Any, kwargs: Any) -> Iterator[Any]:
    """Reads `stream`, recorded."""
    place, is_own = guarded(_open, compiled, args, kwargs) or (None, False)
    if place is None:
        yield from stream
        return
    try:
        while True:
            token = current_place.set(place)
            try:
                item = next(stream)
            except StopIteration:
                break
            finally:
                current_place.reset(token)
            yield item
    except BaseException as error:
        if isinstance(error, GeneratorExit):
            guarded(_close, stream)
        if is_own:
            guarded(_end, place, error)
        raise
    if is_own:
        guarded(_end, place, None)


def _close(stream: Any) -> None:
    stream.close()


async def record_astream(compiled: Any, stream: Any, args: Any, kwargs: Any) -> AsyncIterator[Any]:
    """Reads `stream`, recorded."""
    place, is_own = guarded(_open, compiled, args, kwargs) or (None, False)
    if place is None:
        async for item in stream:
            yield item
        return
    try:
        while True:
            token = current_place.set(place)
            try:
                item = await stream.__anext__()
            except StopAsyncIteration:
                break
            finally:
                current_place.reset(token)
            yield item
    except BaseException as error:
        if isinstance(error, GeneratorExit):
            try:
                await stream.aclose()
            except RuntimeError:
                # The event loop is closing.
                pass
        if is_own:
            guarded(_end, place, error)
        raise
    if is_own:
        guarded(_end, place, None)


def _open(compiled: Any, args: Any, kwargs: Any) -> tuple[Place, bool]:
    around = current_place.get()
    if around is not None:
        return around._replace(notes=_nested(around, compiled)), False
    config = args[1] if len(args) > 1 else kwargs.get("config")
    configurable = (config or {}).get("configurable") or {}
    name = graph_name(compiled)
    run_id = (config or {}).get("run_id") or configurable.get("run_id")
    run = GraphRun(
        agent_id=agent_id_of(None, name if is_named(compiled) else None, name),
        agent_name=name if is_named(compiled) else None,
        graph_id=name,
        snapshot=langgraph_snapshot(compiled),
        session_id=_text(configurable.get("thread_id")),
        run_id=_text(run_id),
    )
    return Place(run, None, Checks.of(None, run.agent_id), Notes(compiled)), True


def _nested(around: Place, compiled: Any) -> Notes:
    notes = Notes(compiled)
    if isinstance(around.notes, Notes):
        notes.held = around.notes.held
    return notes


def _text(value: Any) -> str | None:
    return str(value) if value is not None and str(value) else None


def _end(place: Place, error: BaseException | None) -> None:
    run, notes = place.run, place.notes
    for failures in notes.held.values():
        for failed in failures:
            failed.settle("terminal" if error is not None else "recovered")
    notes.held.clear()
    status = str(getattr(notes.loop, "status", ""))
    if error is None:
        is_waiting = run.is_paused or status.startswith("interrupt")
        output = getattr(notes.loop, "output", None)
        if is_waiting:
            run.end("paused")
        elif not (place.checks and place.checks.of_run(run, output, None)):
            run.end()
    elif is_bubble_up(error):
        run.end("paused")
    elif is_cancel(error):
        run.end("cancelled")
    elif type(error).__name__ == "GraphRecursionError":
        run.end("truncated", error, Details(failure_class="graph.step_budget"))
    else:
        run.end("failure", error)


def is_bubble_up(error: BaseException) -> bool:
    """A pause, a drain or a command for the parent graph: the way LangGraph leaves a node, no failure."""
    return any(each.__name__ == "GraphBubbleUp" for each in type(error).__mro__)
