"""Tools that fail inside a node which handles it, as ToolNode does: failures of level operation, tied to the node."""

from __future__ import annotations

from typing import Any

from faultline.core.attempt import NodeAttempt, tell_failure
from faultline.core.cancel import is_cancel
from faultline.core.exception import Reported
from faultline.core.failure import Details
from faultline.core.guard import guarded
from faultline.core.place import current_place
from faultline.frameworks.langgraph.loops import is_bubble_up
from faultline.semconv import (
    ATTR_FAILURE_DISPOSITION,
    ATTR_GRAPH_NODE_ATTEMPT,
    ATTR_GRAPH_NODE_ID,
    ATTR_GRAPH_NODE_VISIT,
)

_MAX_OPERATIONS = 50
_TOOL_NAME = "gen_ai.tool.name"


class FailedTool:
    """A call of a tool that failed; what the node makes of it shows when the node ends."""

    def __init__(self, attempt: NodeAttempt, name: str, call_id: str | None, error: Any, details: Details) -> None:
        self.name = name
        self.call_id = call_id
        self.error = error
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            _TOOL_NAME: name,
            ATTR_GRAPH_NODE_ID: attempt.node_id,
            ATTR_GRAPH_NODE_ATTEMPT: attempt.attempt,
            ATTR_GRAPH_NODE_VISIT: attempt.visit,
        }
        if call_id:
            attributes["gen_ai.tool.call.id"] = call_id
        self._span = attempt.run.start_span("execute_tool", name, attempt, attributes)
        self._run = attempt.run
        self._details = details._replace(site="tool.call")

    def end(self, disposition: str) -> None:
        """The node survived it, or failed for another reason."""
        tell_failure(self._span, self.error, self._details, self._run.state(), self._run.redactor)
        self._span.set_attribute(ATTR_FAILURE_DISPOSITION, disposition)
        self._span.end()


def record_tool(original: Any, tool: Any, args: Any, kwargs: Any) -> Any:
    try:
        result = original(tool, *args, **kwargs)
    except Exception as error:
        guarded(_failed, tool, args, kwargs, error)
        raise
    guarded(_returned, tool, args, kwargs, result)
    return result


async def record_tool_async(original: Any, tool: Any, args: Any, kwargs: Any) -> Any:
    try:
        result = await original(tool, *args, **kwargs)
    except Exception as error:
        guarded(_failed, tool, args, kwargs, error)
        raise
    guarded(_returned, tool, args, kwargs, result)
    return result


def _failed(tool: Any, args: Any, kwargs: Any, error: Exception) -> None:
    if not is_bubble_up(error) and not is_cancel(error):
        _note(str(tool.name), kwargs.get("tool_call_id"), error, args[0] if args else kwargs.get("tool_input"))


def _returned(tool: Any, args: Any, kwargs: Any, result: Any) -> None:
    """A tool may turn its exception into a message itself."""
    if type(result).__name__ == "ToolMessage" and getattr(result, "status", None) == "error":
        given = args[0] if args else kwargs.get("tool_input")
        _note(str(tool.name), kwargs.get("tool_call_id"), Reported("ToolException", str(result.content)), given)


def _note(name: str, call_id: Any, error: Any, given: Any) -> None:
    place = current_place.get()
    attempt = place.inside if place else None
    if attempt is None or not attempt.is_open or len(attempt.operations) >= _MAX_OPERATIONS:
        return
    if any(each.error is error for each in attempt.operations):
        return
    call = str(call_id) if call_id else None
    attempt.operations.append(FailedTool(attempt, name, call, error, Details(input=given)))


def note_tool_messages(attempt: NodeAttempt, writes: list[Any]) -> None:
    """Error messages for the model that no tool was called for: unknown tools."""
    known = {each.call_id for each in attempt.operations}
    for _channel, value in writes:
        messages = value if isinstance(value, list) else [value]
        for message in messages[-_MAX_OPERATIONS:]:
            if type(message).__name__ != "ToolMessage" or getattr(message, "status", None) != "error":
                continue
            call_id = getattr(message, "tool_call_id", None)
            if call_id in known or len(attempt.operations) >= _MAX_OPERATIONS:
                continue
            known.add(call_id)
            text = str(message.content)
            is_unknown = "is not a valid tool" in text
            details = Details(failure_class="tool.not_found" if is_unknown else None)
            name = str(getattr(message, "name", None) or "tool")
            error = Reported("ToolNotFound" if is_unknown else "ToolError", text)
            attempt.operations.append(FailedTool(attempt, name, call_id, error, details))
