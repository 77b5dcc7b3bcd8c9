"""A Queen's node of Hive's that is told of a failed run: prints what it got."""

from __future__ import annotations

import asyncio

try:
    from framework.graph.event_loop_node import EventLoopNode as Node
except ImportError:
    from framework.agent_loop.agent_loop import AgentLoop as Node

import faultline


async def main() -> None:
    queen = Node(event_bus=None)
    with faultline.run({"id": "orders"}, agent_id="orders"):
        pass
    await queen.inject_event("[WORKER_TERMINAL] Worker failed.\nError: boom\n")
    await queen.inject_event("Another message")
    while not queen._injection_queue.empty():
        item = queen._injection_queue.get_nowait()
        print(repr(item if isinstance(item, str) else item[0]))


asyncio.run(main())
