"""How the nodes of this process do, counted as attempts end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from faultline.core.exception import error_type_of

_MAX_NODES = 10_000


class LocalFacts:
    """One node of one agent, since the process started."""

    __slots__ = ("failures", "consecutive", "succeeded", "last_at", "last_type", "last_class", "last_condition")

    def __init__(self) -> None:
        self.failures = 0
        # Failures since the last success, or since the start.
        self.consecutive = 0
        self.succeeded = False
        # Seconds since the epoch.
        self.last_at: float | None = None
        self.last_type = ""
        self.last_class: str | None = None
        self.last_condition: str | None = None


_nodes: dict[tuple[str, str], LocalFacts] = {}
_lock = threading.Lock()
_latest_agent: str | None = None
_listeners: list[Callable[[str], None]] = []


def note_run(agent_id: str) -> None:
    """A run of the agent starts."""
    global _latest_agent
    is_new = agent_id != _latest_agent
    _latest_agent = agent_id
    if is_new:
        for listener in _listeners:
            listener(agent_id)


def note_attempt(agent_id: str, node_id: str, error: Any, details: Any) -> None:
    """An attempt succeeded, or failed with this error."""
    key = (agent_id, node_id)
    with _lock:
        facts = _nodes.get(key)
        if facts is None:
            if len(_nodes) >= _MAX_NODES:
                return
            facts = _nodes[key] = LocalFacts()
        if error is None:
            facts.consecutive = 0
            facts.succeeded = True
            return
        facts.failures += 1
        facts.consecutive += 1
        facts.last_at = time.time()
        facts.last_type = error_type_of(error)
        facts.last_class = details.failure_class if details else None
        facts.last_condition = details.condition if details else None


def local_facts(agent_id: str, node_id: str) -> LocalFacts:
    return _nodes.get((agent_id, node_id)) or LocalFacts()


def latest_agent() -> str | None:
    """The agent whose run started last in this process."""
    return _latest_agent


def on_agent(listener: Callable[[str], None]) -> None:
    """Calls `listener` with each agent whose run starts, the latest one included."""
    _listeners.append(listener)
    if _latest_agent is not None:
        listener(_latest_agent)
