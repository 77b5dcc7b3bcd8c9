"""Records the attempts of a task. LangGraph calls its runnable once for each, so that one is stood in for."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from typing import Any

from faultline.core.attempt import NodeAttempt
from faultline.core.cancel import is_cancel
from faultline.core.exception import Reported
from faultline.core.failure import Details
from faultline.core.guard import guarded
from faultline.core.place import Place, current_place
from faultline.frameworks.langgraph.loops import Notes, is_bubble_up
from faultline.frameworks.langgraph.snapshot import node_type
from faultline.frameworks.langgraph.tools import note_tool_messages

_HIDDEN = "langsmith:hidden"


def record_task(original: Any, task: Any, args: Any, kwargs: Any) -> Any:
    """Runs a task with its retries, recorded."""
    recorded = guarded(_Recorded.of, task, args, kwargs)
    if recorded is None:
        return original(task, *args, **kwargs)
    try:
        result = original(recorded.stand_in, *args, **kwargs)
    except BaseException as error:
        guarded(recorded.given_up, error)
        raise
    guarded(recorded.done)
    return result


async def record_task_async(original: Any, task: Any, args: Any, kwargs: Any) -> Any:
    """Runs a task with its retries, recorded."""
    recorded = guarded(_Recorded.of, task, args, kwargs)
    if recorded is None:
        return await original(task, *args, **kwargs)
    try:
        result = await original(recorded.stand_in, *args, **kwargs)
    except BaseException as error:
        guarded(recorded.given_up, error)
        raise
    guarded(recorded.done)
    return result


class _Recorded:
    """A task and the attempts made of it."""

    def __init__(self, task: Any, policies: Sequence[Any], place: Place) -> None:
        self._task = task
        self._policies = policies
        self._place = place
        self._is_hidden = _HIDDEN in (task.config.get("tags") or ())
        around = place.inside.node_id if place.inside is not None else None
        self._node_id = f"{around}:{task.name}" if around else str(task.name)
        self._notes = place.notes if isinstance(place.notes, Notes) else None
        self._attempts = 0
        self._visit: int | None = None
        self._last: NodeAttempt | None = None
        self.stand_in = dataclasses.replace(task, proc=_StandIn(task.proc, self))

    @classmethod
    def of(cls, task: Any, args: Any, kwargs: Any) -> _Recorded | None:
        place = current_place.get()
        if place is None or place.run.has_ended:
            return None
        policies = task.retry_policy or (args[0] if args else kwargs.get("retry_policy")) or ()
        return cls(task, policies if isinstance(policies, (list, tuple)) else (policies,), place)

    def begin(self) -> Any:
        """A new attempt starts; returns the token of its place."""
        if self._is_hidden:
            return None
        attempt = self._start()
        return current_place.set(self._place._replace(inside=attempt))

    def _start(self) -> NodeAttempt:
        before = self._last
        if before is not None:
            # One that ran into its time limit never came back to say so.
            if before.is_open:
                before.fail(_timed_out(self._task), Details(input=self._task.input), "retried")
            before.settle("retried")
            self._settle_inside(before, "retried")
        self._attempts += 1
        attempt = self._place.run.attempt(
            self._node_id,
            node_type=node_type(self._notes.compiled, str(self._task.name)) if self._notes else None,
            attempt=self._attempts,
            max_attempts=max((int(each.max_attempts) for each in self._policies), default=1),
            visit=self._visit,
            previous=before,
            inside=self._place.inside,
        )
        self._visit = attempt.visit
        self._last = attempt
        return attempt

    def returned(self, given: Any, output: Any) -> None:
        attempt = self._last
        if attempt is None:
            return
        guarded(note_tool_messages, attempt, list(self._task.writes))
        checks = self._place.checks
        if not (checks and checks.of_node(attempt, given, _update_of(self._task, output))):
            attempt.succeed()
        self._settle_inside(attempt, "recovered")

    def failed(self, error: BaseException, given: Any) -> None:
        if self._is_hidden and not is_bubble_up(error) and not is_cancel(error):
            # `__start__` is no node of the user's, unless a condition of theirs raises in it.
            self._start()
        attempt = self._last
        if attempt is None:
            return
        if is_bubble_up(error):
            if any(each.__name__ == "GraphInterrupt" for each in type(error).__mro__):
                self._place.run.is_paused = True
                attempt.stop()
            else:
                attempt.succeed()
            return
        if is_cancel(error):
            # What LangGraph makes of it shows when the task is given up.
            return
        disposition = self._what_next(error)
        is_undecided = disposition is None
        attempt.fail(error, self._details(error, given), disposition or "terminal", is_undecided=is_undecided)
        if not is_undecided:
            self._settle_inside(attempt, disposition or "terminal")

    def given_up(self, error: BaseException) -> None:
        """The error leaves the task: no more attempts."""
        attempt = self._last
        if attempt is None:
            return
        if attempt.is_open:
            if is_cancel(error) or is_bubble_up(error):
                attempt.stop()
                self._settle_inside(attempt, "terminal")
                return
            is_inner = self._place.inside is not None
            attempt.fail(error, Details(input=self._task.input), self._at_last(), is_undecided=is_inner)
        around = self._place.inside
        if attempt.is_undecided and around is not None and self._at_last() != "routed" and self._notes:
            # The node around the subgraph decides.
            self._notes.held.setdefault(around, []).append(attempt)
            return
        attempt.settle(self._at_last())
        self._settle_inside(attempt, self._at_last())

    def done(self) -> None:
        """The task ended without an error, also by a command that LangGraph handles itself."""
        if self._last is not None and self._last.is_open:
            self._last.succeed()

    def _what_next(self, error: BaseException) -> str | None:
        """What happens after this failure; None if that shows later."""
        for policy in self._policies:
            verdict = _retries(policy, error)
            if verdict is None:
                return None
            if verdict:
                if self._attempts < policy.max_attempts:
                    return "retried"
                break
        if self._place.inside is not None and self._at_last() != "routed":
            return None
        return self._at_last()

    def _at_last(self) -> str:
        nodes = getattr(self._notes.loop if self._notes else None, "nodes", None) or {}
        node = nodes.get(self._task.name)
        return "routed" if getattr(node, "error_handler_node", None) else "terminal"

    def _settle_inside(self, attempt: NodeAttempt, disposition: str) -> None:
        for failed in self._notes.held.pop(attempt, ()) if self._notes else ():
            failed.settle(disposition)

    def _details(self, error: BaseException, given: Any) -> Details:
        if type(error).__name__ == "InvalidUpdateError":
            site = "node.result"
        elif self._is_hidden or self._task.writes or _is_routing(error):
            # A node's own writes are made before the conditions of its edges run.
            site = "graph.route"
        else:
            site = "node.raise"
        is_out_of_steps = type(error).__name__ == "GraphRecursionError"
        return Details(input=given, site=site, failure_class="graph.step_budget" if is_out_of_steps else None)


class _StandIn:
    """The runnable of a task, recorded. LangGraph calls no other method of it."""

    __slots__ = ("_proc", "_recorded")

    def __init__(self, proc: Any, recorded: _Recorded) -> None:
        self._proc = proc
        self._recorded = recorded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proc, name)

    def invoke(self, given: Any, config: Any = None, **kwargs: Any) -> Any:
        token = guarded(self._recorded.begin)
        try:
            result = self._proc.invoke(given, config, **kwargs)
        except BaseException as error:
            guarded(self._recorded.failed, error, given)
            raise
        finally:
            _leave(token)
        guarded(self._recorded.returned, given, result)
        return result

    async def ainvoke(self, given: Any, config: Any = None, **kwargs: Any) -> Any:
        token = guarded(self._recorded.begin)
        try:
            result = await self._proc.ainvoke(given, config, **kwargs)
        except BaseException as error:
            guarded(self._recorded.failed, error, given)
            raise
        finally:
            _leave(token)
        guarded(self._recorded.returned, given, result)
        return result

    async def astream(self, given: Any, config: Any = None, **kwargs: Any) -> AsyncIterator[Any]:
        token = guarded(self._recorded.begin)
        last = None
        try:
            async for item in self._proc.astream(given, config, **kwargs):
                last = item
                yield item
        except BaseException as error:
            guarded(self._recorded.failed, error, given)
            raise
        finally:
            _leave(token)
        guarded(self._recorded.returned, given, last)


def _leave(token: Any) -> None:
    if token is None:
        return
    try:
        current_place.reset(token)
    except ValueError:
        # The generator is closed in another context than it began in.
        pass


def _update_of(task: Any, output: Any) -> Any:
    """What the node returned: its update of the state."""
    if output is not None and not isinstance(output, dict):
        return output
    writes = {key: value for key, value in task.writes if not key.startswith(("__", "branch:"))}
    return writes or output


def _retries(policy: Any, error: BaseException) -> bool | None:
    """Whether a policy tries again after this error; None if only a function of the app's knows."""
    on = policy.retry_on
    if isinstance(on, type):
        return isinstance(error, on)
    if isinstance(on, Sequence):
        return isinstance(error, tuple(on))
    if getattr(on, "__name__", "") == "default_retry_on" and str(getattr(on, "__module__", "")).startswith("langgraph"):
        return bool(on(error))
    return None


def _is_routing(error: BaseException) -> bool:
    """Whether the condition of an edge raised, by the frames of LangGraph's branches."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(("graph/_branch.py", "graph/branch.py")):
            return True
        trace = trace.tb_next
    return False


def _timed_out(task: Any) -> Reported:
    """LangGraph keeps the error of a time limit to itself if the node is tried again."""
    return Reported("langgraph.errors.NodeTimeoutError", f"Node '{task.name}' exceeded its timeout ({task.timeout})")
