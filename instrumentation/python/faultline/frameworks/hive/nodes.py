"""Records the attempts of Hive's nodes: the bound `execute` of a node's instance is replaced, so that it stays an
instance of its class."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from faultline.core.attempt import NodeAttempt
from faultline.core.cancel import is_cancel
from faultline.core.exception import Reported, message_of
from faultline.core.failure import Details, Lazy
from faultline.core.guard import guarded, note_fault
from faultline.core.local import local_facts
from faultline.core.place import Place, current_place
from faultline.frameworks.hive.reasons import is_of_model, reason_of
from faultline.frameworks.hive.session import Session, memory_data
from faultline.self_check import failure_state, node_history

_OURS = "_faultline_recorded"
_ASKED = ("failure_count", "last_failure_at")
_HISTORY_TIMEOUT_S = 3.0
_MAX_NOTES = 5


def record_node(node: Any, retries_what_is_raised: bool) -> Any:
    """Records the attempts of a node. `retries_what_is_raised`: whether the executor tries again after an exception,
    and not only after a result that says so."""
    if node is None or getattr(node, _OURS, False):
        return node
    original = getattr(node, "execute", None)
    if not inspect.iscoroutinefunction(original):
        return node

    async def execute(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        place = current_place.get()
        if place is None or not isinstance(place.notes, Session) or place.run.has_ended:
            return await original(ctx, *args, **kwargs)
        await _give_history(place, ctx)
        call = guarded(_Call, node, ctx, place, retries_what_is_raised)
        if call is None:
            return await original(ctx, *args, **kwargs)
        token = current_place.set(place._replace(inside=call.attempt))
        try:
            result = await original(ctx, *args, **kwargs)
        except BaseException as error:
            guarded(call.raised, error)
            raise
        finally:
            current_place.reset(token)
        guarded(call.returned, result)
        return result

    try:
        node.execute = execute
        setattr(node, _OURS, True)
    except AttributeError:
        # An instance without a dictionary cannot be recorded.
        pass
    return node


class _Call:
    """One call of a node's `execute`."""

    def __init__(self, node: Any, ctx: Any, place: Place, retries_what_is_raised: bool) -> None:
        self._ctx = ctx
        self._place = place
        self._session: Session = place.notes
        self._retries_what_is_raised = retries_what_is_raised
        spec = ctx.node_spec
        self._spec = spec
        self._node_id = str(getattr(spec, "id", None) or getattr(ctx, "node_id", "node"))
        self._session.memory = _memory(ctx)
        is_loop = any(each.__name__ in ("EventLoopNode", "AgentLoop") for each in type(node).__mro__)
        # Hive does not try a loop again itself: its judge does.
        self._most = 1 if is_loop else max(1, int(getattr(spec, "max_retries", 1) or 1))
        self.attempt = self._begin()

    def _begin(self) -> NodeAttempt:
        self._session.lost.pop(self._node_id, None)
        return self._place.run.attempt(
            self._node_id,
            name=getattr(self._spec, "name", None) or None,
            node_type=getattr(self._spec, "node_type", None) or None,
            max_attempts=None if self._session.stream is not None else self._most,
            inside=self._place.inside,
        )

    def raised(self, error: BaseException) -> None:
        if is_cancel(error):
            self.attempt.stop()
            return
        failures = self._count()
        is_tried_again = self._retries_what_is_raised and failures < self._most
        text = message_of(error)
        site = "llm.call" if is_of_model(error) else "node.raise"
        details = Details(site=site, failure_class=reason_of(text).failure_class)
        self._fail(error, details, "retried" if is_tried_again else self._at_last(text))

    def returned(self, result: Any) -> None:
        if getattr(result, "success", True):
            if not self.attempt.is_open:
                # A Queen was asked for help, and it helped.
                self.attempt = self._begin()
            checks = self._place.checks
            output = getattr(result, "output", None)
            if not (checks and checks.of_node(self.attempt, self._input(), output)):
                self.attempt.succeed()
            return
        text = getattr(result, "error", None)
        reason = reason_of(text)
        failures = self._count()
        disposition = "retried" if failures < self._most else self._at_last(text or "")
        details = Details(site=reason.site, failure_class=reason.failure_class)
        self._fail(Reported(reason.type, reason.message), details, disposition)

    def _count(self) -> int:
        counted = self._session.failures
        counted[self._node_id] = counted.get(self._node_id, 0) + 1
        return counted[self._node_id]

    def _fail(self, error: Any, details: Details, disposition: str | None) -> None:
        if not self.attempt.is_open:
            self.attempt = self._begin()
        self.attempt.fail(error, details._replace(input=self._input()), disposition)
        self._session.lost[self._node_id] = error

    def _at_last(self, text: str) -> str | None:
        """What happens after the last try: an edge for failures, a resurrection, or the end."""
        conditions = {
            str(getattr(edge.condition, "value", edge.condition)).lower()
            for edge in getattr(self._session.graph, "edges", ())
            if edge.source == self._node_id
        }
        # With a bus, v0.9 ends the run at a worker's failure, whatever its edges say.
        if not (self._retries_what_is_raised and self._session.has_bus):
            if conditions & {"on_failure", "always"}:
                return "routed"
            if conditions - {"on_success"}:
                return None
        if self._session.may_resurrect and not self._session.is_fatal(text):
            return "retried"
        return "terminal"

    def _input(self) -> Lazy:
        ctx, spec = self._ctx, self._spec
        return Lazy(lambda: input_of(ctx, spec))


def input_of(ctx: Any, spec: Any) -> dict[str, Any]:
    """What a node received: what it reads of the memory, and what was handed over with the call."""
    data = memory_data(_memory(ctx))
    given = {key: data[key] for key in getattr(spec, "input_keys", None) or () if key in data}
    handed = getattr(ctx, "input_data", None)
    # What stands in the memory now is what the node reads.
    return {**handed, **given} if isinstance(handed, dict) else given


def _memory(ctx: Any) -> Any:
    return getattr(ctx, "memory", None) or getattr(ctx, "buffer", None) or getattr(ctx, "data_buffer", None)


def note_evidence(key: str, value: Any) -> None:
    """Adds to the evidence of the attempt that runs now; of each kind the last five are kept."""
    place = current_place.get()
    attempt = place.inside if place else None
    if attempt is None or not attempt.is_open:
        return
    evidence = attempt.evidence = attempt.evidence or {}
    evidence[key] = [*evidence.get(key, []), value][-_MAX_NOTES:]


def escalated(reason: str, context: str) -> None:
    """The node that runs now asks its Queen for help: that is a failure, at this moment."""
    place = current_place.get()
    attempt = place.inside if place else None
    if place is None or attempt is None or not attempt.is_open or not isinstance(place.notes, Session):
        return
    why = reason_of(reason)
    note_evidence("escalation", {"reason": reason, "context": context[:1000]})
    spec = next((each for each in getattr(place.notes.graph, "nodes", ()) if each.id == attempt.node_id), None)
    memory = memory_data(place.notes.memory)
    given = {key: memory[key] for key in getattr(spec, "input_keys", None) or () if key in memory}
    error = Reported("Escalated" if why.type == "NodeFailed" else why.type, why.message)
    details = Details(
        input=given, site="judge" if why.type == "NodeFailed" else why.site, failure_class=why.failure_class
    )
    attempt.fail(error, details, "escalated")
    place.notes.lost[attempt.node_id] = error


async def _give_history(place: Place, ctx: Any) -> None:
    """`failure_count` and `last_failure_at` for nodes that list them among their inputs: the stored history or what
    this process has counted, whichever is more."""
    try:
        spec = ctx.node_spec
        asked = [key for key in _ASKED if key in (getattr(spec, "input_keys", None) or ())]
        if not asked:
            return
        agent, node = place.run.agent_id, str(spec.id)
        own = local_facts(agent, node)
        count, last = own.failures, failure_state(node, agent).last_failure_at
        stored = await asyncio.to_thread(guarded, node_history, agent, node, _HISTORY_TIMEOUT_S, 0, fallback={})
        if int(stored.get("failure_count") or 0) >= count:
            count = int(stored.get("failure_count") or 0)
            last = last or stored.get("last_failure_at")
        known = {"failure_count": count, "last_failure_at": last}
        data = memory_data(_memory(ctx))
        for key in asked:
            data[key] = known[key]
    except Exception as error:
        note_fault(error)
