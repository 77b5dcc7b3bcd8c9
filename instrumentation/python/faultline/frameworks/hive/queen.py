"""Adds an agent's brief to what Hive sends its Queen when a run has failed."""

from __future__ import annotations

import asyncio
import functools
import types
from typing import Any

from faultline.core.guard import guarded
from faultline.core.local import latest_agent
from faultline.delivery.pipeline import flush
from faultline.frameworks.patching import replace
from faultline.self_check import brief_of

# How Hive begins what it sends (v0.6.5 to v0.9).
_FAILED = "[WORKER_TERMINAL] Worker failed"
_TIMEOUT_S = 3.0
_MAX_CHARS = 20_000


def patch_loop(module: types.ModuleType) -> None:
    """The node that a Queen is."""
    kind: Any = getattr(module, "EventLoopNode", None) or module.AgentLoop

    def make(original: Any) -> Any:
        @functools.wraps(original)
        async def inject_event(self: Any, content: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(content, str) and content.startswith(_FAILED):
                content = await _with_brief(content)
            return await original(self, content, *args, **kwargs)

        return inject_event

    replace(kind, "inject_event", make)


async def _with_brief(content: str) -> str:
    """Takes at most some seconds, in a thread; without an answer the Queen gets what she gets without us."""
    agent = latest_agent()
    if not agent:
        return content
    try:
        brief = await asyncio.wait_for(asyncio.to_thread(guarded, _brief, agent, fallback=""), _TIMEOUT_S * 2)
    except asyncio.TimeoutError:
        return content
    return f"{content}\n\n{brief[:_MAX_CHARS]}" if brief else content


def _brief(agent: str) -> str:
    # The failure that the Queen hears of belongs into the brief.
    guarded(flush, _TIMEOUT_S)
    return brief_of(agent, _TIMEOUT_S)
