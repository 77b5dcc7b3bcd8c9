"""How a node does, and whether to try it again: by what this process has counted and what is stored."""

from __future__ import annotations

import asyncio
import datetime
import http.client
import json
import os
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from opentelemetry.context import attach, detach, set_value

from faultline.core.exception import error_type_of
from faultline.core.guard import guarded, say_once
from faultline.core.local import latest_agent, local_facts, on_agent
from faultline.semconv import CLASS_FACTS

_TIMEOUT_S = 0.05
_HISTORY_TIMEOUT_S = 15.0
_FAILURES_READ = 200
_MAX_NODES = 50
_TIRED_AFTER, _REST_S = 3, 5.0
# As many failures in a row mean that the node does not work now.
_DOWN = 5
_FIRST_WAIT_MS, _LONGEST_WAIT_MS, _DEFAULT_WAIT_MS = 500, 30_000, 1000
_MAX_ANSWER = 16 * 1024 * 1024
_SUPPRESS = "suppress_instrumentation"


@dataclass(frozen=True)
class FailureState:
    """How a node of an agent does."""

    agent_id: str
    node_id: str
    failure_count: int
    # Attempts that failed since the last that did not.
    consecutive_failures: int
    # ISO 8601.
    last_failure_at: str | None
    # Known once the failure is stored: None for one of this process.
    last_fingerprint: str | None
    last_error_type: str | None
    last_class: str | None
    last_condition: str | None
    # `history`: stored failures and those of this process; `process`: only the latter.
    source: str


@dataclass(frozen=True)
class RetryDecision:
    """Whether to try a failed node again."""

    retry: bool
    # `retry`, `back_off` or `stop`.
    advice: str
    # How many milliseconds to wait before the next attempt; 0 = none.
    wait_ms: float
    reason: str
    # That the next attempt succeeds; None where the history does not tell.
    chance: float | None
    # `history`: the query service's advice; `process`: what this process knows itself.
    source: str


def failure_state(node_id: str, agent_id: str | None = None) -> FailureState:
    """How a node does, by this process and, where `FAULTLINE_QUERY_URL` names a query service, by the history that
    was stored when the agent's first run started. Without an agent it is the one whose run started last. Answers at
    once and never raises."""
    agent = agent_id or latest_agent() or ""
    local = local_facts(agent, node_id)
    stored = _history.of(agent, node_id)
    facts, newest = stored if stored else ({}, {})
    has_last = local.last_at is not None
    at = _iso(local.last_at) if has_last else facts.get("last_failure_at")
    return FailureState(
        agent_id=agent,
        node_id=node_id,
        failure_count=int(facts.get("failure_count") or 0) + local.failures,
        consecutive_failures=local.consecutive
        + (0 if local.succeeded else int(facts.get("consecutive_failures") or 0)),
        last_failure_at=at,
        last_fingerprint=None if has_last else newest.get("fingerprint") or None,
        last_error_type=(local.last_type if has_last else newest.get("error_type")) or None,
        last_class=(local.last_class if has_last else newest.get("class")) or None,
        last_condition=(local.last_condition if has_last else newest.get("condition")) or None,
        source="history" if _history.is_loaded(agent) else "process",
    )


def should_retry(
    node_id: str,
    error: BaseException,
    *,
    attempt: int = 1,
    max_attempts: int | None = None,
    agent_id: str | None = None,
    failure_class: str | None = None,
    timeout: float = _TIMEOUT_S,
) -> RetryDecision:
    """Whether to try a failed node again. Asks the query service that `FAULTLINE_QUERY_URL` names and waits at most
    `timeout` seconds; else this process decides, and says so in `reason`. Never raises."""
    agent = agent_id or latest_agent() or ""
    question = {"attempt": attempt, "max_attempts": max_attempts, "class": failure_class}
    try:
        if not _service():
            raise _NoAnswer("no query service is named")
        if agent == "":
            raise _NoAnswer("no run has started and no agent is named")
        if time.monotonic() < _rest.until:
            raise _NoAnswer("the query service did not answer of late")
        about = {"node": node_id[:512], "error_type": error_type_of(error)[:512], **question}
        answer = _rest.counted(lambda: _ask(f"agents/{quote(agent, safe='')}/retry-advice", about, timeout))
        return _decision(answer)
    except _NoAnswer as why:
        return _locally(node_id, error, agent, attempt, max_attempts, failure_class, str(why))
    except Exception as fault:
        return _locally(node_id, error, agent, attempt, max_attempts, failure_class, f"of {type(fault).__name__}")


async def should_retry_async(node_id: str, error: BaseException, **options: Any) -> RetryDecision:
    """`should_retry` in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(should_retry, node_id, error, **options)


class _NoAnswer(Exception):
    """Why the query service had no part in it."""


class _Rest:
    """As many questions in a row without an answer, and for a while none is asked."""

    def __init__(self) -> None:
        self.until = 0.0
        self._unanswered = 0

    def counted(self, ask: Any) -> Any:
        try:
            answer = ask()
        except _NoAnswer:
            self._unanswered += 1
            if self._unanswered >= _TIRED_AFTER:
                self._unanswered = 0
                self.until = time.monotonic() + _REST_S
            raise
        self._unanswered = 0
        return answer


_rest = _Rest()


def _decision(answer: dict[str, Any]) -> RetryDecision:
    advice, reason = answer.get("advice"), answer.get("reason")
    if advice not in ("retry", "back_off", "stop") or not isinstance(reason, str):
        raise _NoAnswer("the query service gave no advice")
    waits = answer.get("wait_ms")
    median = waits.get("median") if isinstance(waits, dict) else None
    wait = (median if isinstance(median, (int, float)) else _DEFAULT_WAIT_MS) if advice == "back_off" else 0
    chance = answer.get("chance")
    return RetryDecision(
        advice != "stop", advice, wait, reason, chance if isinstance(chance, (int, float)) else None, "history"
    )


def _locally(
    node_id: str,
    error: BaseException,
    agent: str,
    attempt: int,
    max_attempts: int | None,
    failure_class: str | None,
    why: str,
) -> RetryDecision:
    state = failure_state(node_id, agent)
    is_alike = state.last_error_type == error_type_of(error)
    kind = failure_class or (state.last_class if is_alike else None)
    advice, reason, wait = decide(attempt, max_attempts, kind, state.consecutive_failures)
    return RetryDecision(advice != "stop", advice, wait, f"{reason}; by local facts, because {why}", None, "process")


def decide(
    attempt: int, max_attempts: int | None, failure_class: str | None, consecutive: int
) -> tuple[str, str, float]:
    """Advice, reason and wait in milliseconds by what this process knows itself."""
    if max_attempts is not None and attempt >= max_attempts:
        return "stop", f"attempt {attempt} of {max_attempts} was the last", 0
    facts = CLASS_FACTS.get(failure_class or "") if failure_class != "unclassified" else None
    if facts and not facts[0]:
        return "stop", f"failures of class {failure_class} are not worth a retry", 0
    if consecutive >= _DOWN:
        return "back_off", f"the node failed {consecutive} times in a row", _wait(consecutive - _DOWN + attempt)
    if facts and not facts[1]:
        return "back_off", f"failures of class {failure_class} pass with time", _wait(attempt)
    if facts:
        return "retry", f"failures of class {failure_class} may be worth a retry", 0
    return "retry", "nothing speaks against another attempt", 0


def _wait(failures: int) -> float:
    """Doubles from half a second to half a minute."""
    return float(min(_LONGEST_WAIT_MS, _FIRST_WAIT_MS * 2 ** min(16, max(0, failures - 1))))


class _History:
    """The stored history of agents, read once when the first run of each starts."""

    def __init__(self) -> None:
        self._stored: dict[str, dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {}
        self._loading: set[str] = set()

    def of(self, agent: str, node: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return self._stored.get(agent, {}).get(node)

    def is_loaded(self, agent: str) -> bool:
        return agent in self._stored

    def load(self, agent: str) -> None:
        """In a thread that the process does not wait for."""
        if agent in self._loading or not agent or not guarded(_service):
            return
        self._loading.add(agent)
        threading.Thread(target=guarded, args=(self._read, agent), name="faultline-history", daemon=True).start()

    def _read(self, agent: str) -> None:
        found = _ask("failures", {"agent": agent, "limit": _FAILURES_READ}, _HISTORY_TIMEOUT_S).get("items")
        newest: dict[str, dict[str, Any]] = {}
        for item in found if isinstance(found, list) else []:
            if item.get("level") == "node" and item.get("node_id"):
                newest.setdefault(item["node_id"], item)
        stored = {}
        for node, item in list(newest.items())[:_MAX_NODES]:
            stored[node] = (node_history(agent, node, _HISTORY_TIMEOUT_S), item)
        self._stored[agent] = stored


def node_history(agent: str, node: str, timeout: float, max_age: int | None = None) -> dict[str, Any]:
    """`failure_count`, `consecutive_failures` and `last_failure_at` as the query service has them, at most `max_age`
    seconds old. Raises an exception if it does not answer."""
    # The facts of the node come with any advice; the class says nothing of them.
    question = {"node": node[:512], "class": "unclassified", "max_age": max_age}
    facts = _ask(f"agents/{quote(agent, safe='')}/retry-advice", question, timeout).get("node")
    return facts if isinstance(facts, dict) else {}


def brief_of(agent: str, timeout: float) -> str:
    """The agent's brief in Markdown, as its Queen gets it; '' if no query service is named. Raises an exception if
    it does not answer."""
    if not _service():
        return ""
    markdown = _ask(f"agents/{quote(agent, safe='')}/brief", {}, timeout).get("markdown")
    if not isinstance(markdown, str) or not markdown.strip():
        return ""
    head = f"[FAILURE_HISTORY] Read this before you change the graph of agent {json.dumps(agent)}."
    return f"{head}\n\n{markdown.strip()}\n"


_history = _History()
on_agent(_history.load)


def _service() -> str:
    url = os.environ.get("FAULTLINE_QUERY_URL", "").strip()
    if url and urlsplit(url).scheme not in ("http", "https"):
        say_once(
            "self-check",
            f"FAULTLINE_QUERY_URL must be an address such as http://127.0.0.1:4320, got {url!r}; no query service is "
            "asked",
        )
        return ""
    return url


def _ask(path: str, query: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Never as part of the app's own trace."""
    parts = urlsplit(_service())
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    given = urlencode({key: value for key, value in query.items() if value is not None})
    token = os.environ.get("FAULTLINE_TOKEN")
    token_headers = {"authorization": f"Bearer {token}"} if token else {}
    context = attach(set_value(_SUPPRESS, True))
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/api/v1/{path}?{given}", headers=token_headers)
        response = connection.getresponse()
        body = response.read(_MAX_ANSWER)
    except TimeoutError as error:
        raise _NoAnswer(f"the query service did not answer within {timeout * 1000:.0f} ms") from error
    except (OSError, http.client.HTTPException) as error:
        raise _NoAnswer("the query service cannot be reached") from error
    finally:
        detach(context)
        connection.close()
    if response.status != 200:
        raise _NoAnswer(f"the query service answered {response.status}")
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise _NoAnswer("the query service answered no JSON") from error
    return answer if isinstance(answer, dict) else {}


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat()
