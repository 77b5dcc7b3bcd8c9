"""Workers of a colony (after v0.9): one run of one node each."""

from __future__ import annotations

import functools
import types
from typing import Any

from faultline.core.cancel import is_cancel
from faultline.core.exception import Reported
from faultline.core.failure import Details, Lazy
from faultline.core.guard import guarded
from faultline.core.place import current_place
from faultline.core.snapshot import snapshot_of
from faultline.frameworks.hive.reasons import reason_of
from faultline.frameworks.hive.session import Session
from faultline.frameworks.patching import replace

_NODE = "worker"


def patch_worker(module: types.ModuleType) -> None:
    """Workers that run once; the overseer, which never ends, is the Queen's."""

    def make(original: Any) -> Any:
        @functools.wraps(original)
        async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            call = guarded(_WorkerCall, self) if not getattr(self, "_persistent", False) else None
            if call is None:
                return await original(self, *args, **kwargs)
            token = current_place.set(call.place)
            try:
                result = await original(self, *args, **kwargs)
            except BaseException as error:
                guarded(call.raised, error)
                raise
            finally:
                current_place.reset(token)
            guarded(call.returned, result)
            return result

        return run

    replace(module.Worker, "run", make)


class _WorkerCall:
    """A worker that runs."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._session = Session(str(worker.id))
        colony = _colony_of(worker)
        body = {"id": colony, "nodes": [{"id": _NODE, "type": "event_loop"}], "edges": []}
        self._session.open_worker(colony, snapshot_of(body))
        place, run = self._session.place, self._session.run
        assert place is not None and run is not None
        self._run = run
        self._attempt = run.attempt(_NODE, node_type="event_loop", max_attempts=1)
        self.place = place._replace(inside=self._attempt)
        self._raised: BaseException | None = None
        guarded(self._watch_loop)

    def _watch_loop(self) -> None:
        """The worker turns an exception of its loop into a text; here it is as it was raised."""
        loop = getattr(self._worker, "_agent_loop", None)
        original = getattr(loop, "execute", None)
        if original is None:
            return
        call = self

        async def execute(*args: Any, **kwargs: Any) -> Any:
            try:
                return await original(*args, **kwargs)
            except Exception as error:
                call._raised = error
                raise

        loop.execute = execute

    def raised(self, error: BaseException) -> None:
        if is_cancel(error):
            self._attempt.stop()
            self._run.end("cancelled")
            return
        self._attempt.fail(error, Details(input=self._input(), site="node.raise"), "terminal")
        self._run.end("failure", error)

    def returned(self, result: Any) -> None:
        status = str(getattr(result, "status", "success"))
        if status == "stopped":
            self._attempt.stop()
            self._run.end("cancelled")
        elif status in ("success", "partial"):
            self._attempt.succeed()
            self._run.end("degraded" if status == "partial" else None)
        else:
            self._failed(result, status)

    def _failed(self, result: Any, status: str) -> None:
        error: Any = self._raised
        details = Details(input=self._input(), site="node.raise")
        if error is None:
            text = getattr(result, "error", None) or getattr(result, "summary", None)
            reason = reason_of(str(text) if text else f"Worker ended: {status}")
            kind = "WorkerFailed" if reason.type == "NodeFailed" else reason.type
            error = Reported(kind, reason.message)
            site = "worker" if reason.type == "NodeFailed" else reason.site
            details = details._replace(site=site, failure_class=reason.failure_class)
        self._attempt.fail(error, details, "terminal")
        self._run.end("failure", error)

    def _input(self) -> Lazy:
        worker = self._worker
        return Lazy(lambda: _input_of(worker))


def _input_of(worker: Any) -> dict[str, Any]:
    given = getattr(getattr(worker, "_context", None), "input_data", None)
    rest = {key: value for key, value in given.items() if key != "binding"} if isinstance(given, dict) else {}
    return {"task": getattr(worker, "task", ""), **rest}


def _colony_of(worker: Any) -> str:
    context = getattr(worker, "_context", None)
    binding = (getattr(context, "input_data", None) or {}).get("binding") or {}
    name = binding.get("name") if isinstance(binding, dict) else getattr(binding, "name", None)
    return str(name or getattr(context, "colony_id", None) or "hive")
