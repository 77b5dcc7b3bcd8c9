"""Hive's own streams (AgentRuntime's inside) with a scripted model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from framework.graph.edge import GraphSpec
from framework.graph.goal import Goal
from framework.graph.node import NodeSpec
from framework.llm.provider import LLMProvider, LLMResponse, Tool, ToolResult
from framework.llm.stream_events import FinishEvent, TextDeltaEvent, ToolCallEvent
from framework.runtime import shared_state
from framework.runtime.event_bus import EventBus
from framework.runtime.execution_stream import EntryPointSpec, ExecutionStream
from framework.runtime.outcome_aggregator import OutcomeAggregator
from framework.storage.concurrent import ConcurrentStorage


class RateLimitError(Exception):
    """As a provider raises it."""


class AuthenticationError(Exception):
    """As a provider raises it."""


class Model(LLMProvider):
    """Does what the scenario says, a turn at a time."""

    model = "scripted"

    def __init__(self, scenario: str, truth: list[dict[str, Any]]) -> None:
        self.scenario = scenario
        self.truth = truth
        self.turns = 0

    def complete(self, messages: Any, **_kwargs: Any) -> Any:
        return LLMResponse(content="Summary.", model="scripted")

    async def acomplete(self, messages: Any, **_kwargs: Any) -> Any:
        return self.complete(messages)

    async def stream(self, messages: Any, system: str = "", tools: Any = None, **_kwargs: Any) -> Any:
        self.turns += 1
        if self.scenario == "auth" or (self.scenario == "once" and self.turns == 1):
            kind = AuthenticationError if self.scenario == "auth" else RateLimitError
            text = "401 authentication failed" if self.scenario == "auth" else "429 rate limited"
            self.truth.append({"node": "hello", "failed": True, "type": kind.__name__, "message": text})
            raise kind(text)
        if self.scenario == "timeout":
            raise asyncio.TimeoutError
        last = messages[-1]["content"] if messages else ""
        if self.scenario == "stall":
            yield TextDeltaEvent(content="Thinking.", snapshot="Thinking.")
            yield FinishEvent(stop_reason="end_turn", input_tokens=1, output_tokens=1)
        elif self.scenario == "tool" and self.turns == 1:
            yield ToolCallEvent(tool_use_id="t1", tool_name="search", tool_input={"q": "A-17"})
            yield FinishEvent(stop_reason="tool_use", input_tokens=1, output_tokens=1)
        elif "set_output" in str(last) or (
            messages and messages[-1].get("role") == "tool" and "t2" in str(messages[-1])
        ):
            yield TextDeltaEvent(content="Done.", snapshot="Done.")
            yield FinishEvent(stop_reason="end_turn", input_tokens=1, output_tokens=1)
        else:
            yield ToolCallEvent(tool_use_id="t2", tool_name="set_output", tool_input={"key": "result", "value": "ok"})
            yield FinishEvent(stop_reason="tool_use", input_tokens=1, output_tokens=1)


def call_tool(use: Any) -> Any:
    return ToolResult(tool_use_id=use.id, content="HTTP 503 from search", is_error=True)


async def run_stream(scenario: str, folder: Path, truth: list[dict[str, Any]]) -> Any:
    goal = Goal(id="hello", name="Hello", description="Hello")
    node = NodeSpec(
        id="hello",
        name="Hello",
        description="Says hello",
        node_type="event_loop",
        input_keys=["user_name"],
        output_keys=["result"],
        tools=["search"] if scenario == "tool" else [],
        system_prompt="Say hello.",
    )
    graph = GraphSpec(
        id="hello-graph",
        goal_id="hello",
        entry_node="hello",
        terminal_nodes=["hello"],
        nodes=[node],
        edges=[],
        loop_config={"max_iterations": 6, "max_stream_retries": 0, "stream_retry_backoff_base": 0.01},
    )
    storage = ConcurrentStorage(folder / "storage")
    await storage.start()
    bus = EventBus()
    manager = getattr(shared_state, "SharedStateManager", None) or shared_state.SharedBufferManager
    stream = ExecutionStream(
        stream_id="start",
        entry_spec=EntryPointSpec(
            id="start",
            name="Start",
            entry_node="hello",
            trigger_type="manual",
            isolation_level="shared",
            max_resurrections=0 if scenario == "stall" else 1,
        ),
        graph=graph,
        goal=goal,
        state_manager=manager(),
        storage=storage,
        outcome_aggregator=OutcomeAggregator(goal, EventBus()),
        event_bus=bus,
        llm=Model(scenario, truth),
        tools=[Tool(name="search", description="Searches", parameters={"type": "object"})],
        tool_executor=call_tool,
    )
    await stream.start()
    execution_id = await stream.execute({"user_name": "Ann"})
    try:
        return await stream.wait_for_completion(execution_id, timeout=25)
    finally:
        await asyncio.wait_for(stream.stop(), 5)
