"""Where in a run the calling code is. Context variables follow `await`, tasks, and threads that copy their context."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NamedTuple

from faultline.core.attempt import NodeAttempt
from faultline.core.run import GraphRun


class Place(NamedTuple):
    """The run around the calling code, and the attempt that it is part of."""

    run: GraphRun
    inside: NodeAttempt | None = None
    # The conditions of the run, see `faultline.conditions`.
    checks: Any = None
    # The Hive bridge or another framework's own notes.
    notes: Any = None


current_place: ContextVar[Place | None] = ContextVar("faultline.place", default=None)
