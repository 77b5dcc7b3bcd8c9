"""Where LangGraph is wrapped: the two functions that run a task with its retries, the two methods through which every
run of a graph goes, and the two by which every tool is called."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from faultline.core.guard import say_once
from faultline.frameworks.langgraph.loops import note_loop, record_astream, record_stream
from faultline.frameworks.langgraph.tasks import record_task, record_task_async
from faultline.frameworks.langgraph.tools import record_tool, record_tool_async
from faultline.frameworks.patching import replace

_TESTED = "1."


def _patch_main(module: types.ModuleType) -> None:
    _check_version()
    pregel: Any = module.Pregel

    def stream(original: Any) -> Any:
        @functools.wraps(original)
        def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
            return record_stream(self, original(self, *args, **kwargs), args, kwargs)

        return recorded

    def astream(original: Any) -> Any:
        @functools.wraps(original)
        def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
            return record_astream(self, original(self, *args, **kwargs), args, kwargs)

        return recorded

    replace(pregel, "stream", stream)
    replace(pregel, "astream", astream)
    replace(module.SyncPregelLoop, "__enter__", _entered)
    replace(module.AsyncPregelLoop, "__aenter__", _entered_async)


def _entered(original: Any) -> Any:
    @functools.wraps(original)
    def enter(self: Any) -> Any:
        note_loop(self)
        return original(self)

    return enter


def _entered_async(original: Any) -> Any:
    @functools.wraps(original)
    async def enter(self: Any) -> Any:
        note_loop(self)
        return await original(self)

    return enter


def _patch_runner(module: types.ModuleType) -> None:
    def sync(original: Any) -> Any:
        @functools.wraps(original)
        def run_with_retry(task: Any, *args: Any, **kwargs: Any) -> Any:
            return record_task(original, task, args, kwargs)

        return run_with_retry

    def asynchronous(original: Any) -> Any:
        @functools.wraps(original)
        async def arun_with_retry(task: Any, *args: Any, **kwargs: Any) -> Any:
            return await record_task_async(original, task, args, kwargs)

        return arun_with_retry

    replace(module, "run_with_retry", sync)
    replace(module, "arun_with_retry", asynchronous)


def _patch_tools(module: types.ModuleType) -> None:
    def run(original: Any) -> Any:
        @functools.wraps(original)
        def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
            return record_tool(original, self, args, kwargs)

        return recorded

    def arun(original: Any) -> Any:
        @functools.wraps(original)
        async def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await record_tool_async(original, self, args, kwargs)

        return recorded

    replace(module.BaseTool, "run", run)
    replace(module.BaseTool, "arun", arun)


def _check_version() -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("langgraph")
    except PackageNotFoundError:
        return
    if not found.startswith(_TESTED):
        say_once(
            "langgraph version", f"langgraph {found} is outside of the tested range 1.x; it is recorded as it can be"
        )


PATCHES: dict[str, Callable[[types.ModuleType], None]] = {
    "langgraph.pregel.main": _patch_main,
    "langgraph.pregel._runner": _patch_runner,
    "langchain_core.tools.base": _patch_tools,
}
