"""A worker of a colony (Hive after v0.9) with a scripted loop: `python hive_worker.py SCENARIO`."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from framework.agent_loop.types import AgentResult
from framework.host.event_bus import EventBus
from framework.host.worker import Worker

SCENARIO = sys.argv[1]


class Loop:
    """Stands where an AgentLoop stands."""

    _owner_worker: Any = None

    async def execute(self, ctx: Any) -> Any:
        if SCENARIO == "raise":
            raise ConnectionError("the model is away")
        if SCENARIO == "reports":
            self._owner_worker.record_explicit_report("failed", "no total in A-17", {})
        if SCENARIO == "ok":
            self._owner_worker.record_explicit_report("success", "shipped", {})
        if SCENARIO == "result":
            return AgentResult(success=False, error="Max iterations (50) reached without acceptance")
        return AgentResult(success=True, output={"result": "ok"})


class Context:
    """What a worker asks of an AgentContext; the rest is not set."""

    input_data = {"order": "A-17"}
    colony_id = "shipping"
    agent_id = "w"
    session_id = "s"

    def __getattr__(self, name: str) -> None:
        return None


async def main() -> None:
    context = Context()
    worker = Worker(
        worker_id="9b2e9f80-0000-4000-8000-000000000001",
        task="ship A-17",
        agent_loop=Loop(),
        context=context,
        event_bus=EventBus(),
        stream_id="worker:9b2e9f80-0000-4000-8000-000000000001",
    )
    result = await worker.run()
    print(json.dumps({"status": result.status, "error": result.error}))


asyncio.run(main())
