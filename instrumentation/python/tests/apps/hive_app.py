"""Real Hive with nodes that say what truly happened: `python hive_app.py SCENARIO FOLDER` prints it as one JSON line.

Run with `<checkout>/core` of Hive on PYTHONPATH and `python -m faultline`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

try:
    from framework.graph.edge import EdgeCondition, EdgeSpec, GraphSpec
    from framework.graph.executor import GraphExecutor
    from framework.graph.goal import Goal
    from framework.graph.node import NodeProtocol, NodeResult, NodeSpec
    from framework.runtime.core import Runtime
    from framework.runtime.event_bus import EventBus
except ImportError:
    from framework.host.event_bus import EventBus
    from framework.orchestrator.edge import EdgeCondition, EdgeSpec, GraphSpec
    from framework.orchestrator.goal import Goal
    from framework.orchestrator.node import NodeProtocol, NodeResult, NodeSpec
    from framework.orchestrator.orchestrator import Orchestrator as GraphExecutor
    from framework.tracker.decision_tracker import DecisionTracker as Runtime

real_sleep = asyncio.sleep


async def short_sleep(seconds: float, result: Any = None) -> Any:
    return await real_sleep(min(seconds, 0.01), result)


asyncio.sleep = short_sleep
truth: list[dict[str, Any]] = []
SCENARIO, FOLDER = sys.argv[1], Path(sys.argv[2])


class Node(NodeProtocol):
    """Does what its function says; notes what came of it."""

    def __init__(self, work: Any) -> None:
        self.work = work
        self.calls = 0

    async def execute(self, ctx: Any) -> Any:
        self.calls += 1
        noted = {"node": ctx.node_spec.id, "failed": False}
        truth.append(noted)
        try:
            result = self.work(self.calls, ctx)
            if asyncio.iscoroutine(result):
                result = await result
        except Exception as error:
            noted.update(failed=True, type=type(error).__name__, message=str(error))
            raise
        if not result.success:
            noted.update(failed=True, type="NodeFailed", message=result.error)
        return result


def good(**output: Any) -> Any:
    return lambda calls, ctx: NodeResult(success=True, output=output)


def raises(calls: int, ctx: Any) -> Any:
    raise KeyError("no total in A-17")


def fails(times: int = 99) -> Any:
    def work(calls: int, ctx: Any) -> Any:
        if calls <= times:
            return NodeResult(success=False, error="HTTP 503 from upstream search API")
        return NodeResult(success=True, output={"result": "ok"})

    return work


def node(name: str, **options: Any) -> Any:
    return NodeSpec(id=name, name=name.title(), description=name, node_type="event_loop", **options)


def edge(source: str, target: str, condition: Any = EdgeCondition.ON_SUCCESS) -> Any:
    return EdgeSpec(id=f"{source}-{target}", source=source, target=target, condition=condition)


def graph(nodes: list[Any], edges: list[Any], terminals: list[str], **options: Any) -> Any:
    return GraphSpec(
        id="orders",
        goal_id="orders",
        entry_node=nodes[0].id,
        terminal_nodes=terminals,
        nodes=nodes,
        edges=edges,
        **options,
    )


def slow(calls: int, ctx: Any) -> Any:
    async def wait() -> Any:
        await real_sleep(30)

    return wait()


def counts(calls: int, ctx: Any) -> Any:
    memory = getattr(ctx, "memory", None) or getattr(ctx, "buffer", None)
    truth[-1]["seen"] = [memory.read("failure_count"), memory.read("last_failure_at") is not None]
    return NodeResult(success=False, error="not yet")


FETCH = node("fetch", input_keys=["order"], output_keys=["lines"])
PARSE = node("parse", input_keys=["lines"], output_keys=["result"], max_retries=1)
TWICE = node("parse", input_keys=["lines"], output_keys=["result"], max_retries=2)
HELP = node("help", input_keys=["lines"], output_keys=["result"], max_retries=1)
SHIP = node("ship", input_keys=["lines"], output_keys=["label"], max_retries=1)
LINEAR = [edge("fetch", "parse")]
fetch = good(lines="1,2")
ok = good(result="ok")

DIRECT: dict[str, Any] = {
    "clean": lambda: (graph([FETCH, PARSE], LINEAR, ["parse"]), {"fetch": fetch, "parse": ok}),
    "budget": lambda: (graph([FETCH, PARSE], LINEAR, ["parse"], max_steps=1), {"fetch": fetch, "parse": ok}),
    "raise": lambda: (graph([FETCH, PARSE], LINEAR, ["parse"]), {"fetch": fetch, "parse": raises}),
    "flaky": lambda: (graph([FETCH, TWICE], LINEAR, ["parse"]), {"fetch": fetch, "parse": fails(1)}),
    "spent": lambda: (graph([FETCH, TWICE], LINEAR, ["parse"]), {"fetch": fetch, "parse": fails()}),
    "routed": lambda: (
        graph([FETCH, PARSE, HELP], [*LINEAR, edge("parse", "help", EdgeCondition.ON_FAILURE)], ["parse", "help"]),
        {"fetch": fetch, "parse": fails(), "help": ok},
    ),
    "pause": lambda: (
        graph([FETCH, PARSE], LINEAR, ["parse"], pause_nodes=["fetch"]),
        {"fetch": fetch, "parse": ok},
    ),
    "cancel": lambda: (graph([FETCH, PARSE], LINEAR, ["parse"]), {"fetch": fetch, "parse": slow}),
    "branch": lambda: (
        graph([FETCH, PARSE, SHIP], [*LINEAR, edge("fetch", "ship")], ["parse", "ship"]),
        {"fetch": fetch, "parse": raises, "ship": good(label="ok")},
    ),
    "counts": lambda: (
        graph([node("parse", input_keys=["order", "failure_count", "last_failure_at"], max_retries=3)], [], ["parse"]),
        {"parse": counts},
    ),
}


async def direct() -> Any:
    spec, works = DIRECT[SCENARIO]()
    executor = GraphExecutor(
        runtime=Runtime(FOLDER / "runtime"),
        node_registry={name: Node(work) for name, work in works.items()},
        event_bus=EventBus(),
        stream_id="default",
        execution_id="session_20261130_120000_00000042",
        storage_path=FOLDER / "sessions" / "session_20261130_120000_00000042",
    )
    goal = Goal(id="orders", name="Orders", description="Orders")
    work = asyncio.ensure_future(executor.execute(graph=spec, goal=goal, input_data={"order": "A-17"}))
    if SCENARIO == "cancel":
        while not any(each["node"] == "parse" for each in truth):
            await real_sleep(0.01)
        work.cancel()
    return await work


async def stream() -> Any:
    from hive_stream import run_stream

    return await run_stream(SCENARIO.removeprefix("stream_"), FOLDER, truth)


async def main() -> None:
    try:
        result = await (stream() if SCENARIO.startswith("stream_") else direct())
        ended = {"success": bool(result.success), "error": result.error}
    except BaseException as error:
        ended = {"raised": type(error).__name__}
    print(json.dumps({"truth": truth, "ended": ended}))


asyncio.run(main())
