"""Records frameworks by themselves, as soon as the app imports them."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Collection
from typing import Any

import wrapt
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from faultline.core.guard import say_once
from faultline.delivery.environment import is_disabled
from faultline.frameworks import hive, langgraph
from faultline.frameworks.patching import restore_all

_is_on = False
_is_hooked = False


class FaultlineInstrumentor(BaseInstrumentor):
    """What `opentelemetry-instrument` finds. The app's tracer provider stays as it is."""

    def instrumentation_dependencies(self) -> Collection[str]:
        # Frameworks are looked at when they are imported: any of them may be missing.
        return []

    def _instrument(self, **_kwargs: Any) -> None:
        instrument()

    def _uninstrument(self, **_kwargs: Any) -> None:
        uninstrument()


def instrument() -> None:
    """Records every run of LangGraph's and Hive's graphs in this process, also of modules that are imported later.
    Twice is once. Never raises."""
    global _is_on, _is_hooked
    if is_disabled():
        return
    _is_on = True
    for module, patch in _PATCHES.items():
        loaded = sys.modules.get(module)
        if loaded is not None:
            _patch(patch, loaded)
        elif not _is_hooked:
            wrapt.register_post_import_hook(_hook(patch), module)
    _is_hooked = True


def uninstrument() -> None:
    """Takes `instrument` back: runs that start from now on are not recorded."""
    global _is_on
    _is_on = False
    restore_all()


def _hook(patch: Callable[[types.ModuleType], None]) -> Callable[[types.ModuleType], None]:
    return lambda module: _patch(patch, module) if _is_on else None


def _patch(patch: Callable[[types.ModuleType], None], module: types.ModuleType) -> None:
    try:
        patch(module)
    except Exception as error:
        say_once(
            module.__name__,
            f"{module.__name__} has another form than expected ({error}), so its graphs are not recorded by "
            "themselves; faultline.run and @faultline.node work",
        )


_PATCHES: dict[str, Callable[[types.ModuleType], None]] = {**langgraph.PATCHES, **hive.PATCHES}
