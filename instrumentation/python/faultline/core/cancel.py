"""What ends a node and is no failure."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError as FutureCancelledError

# `asyncio.CancelledError` and `concurrent.futures.CancelledError` are two classes.
_CANCELS = (asyncio.CancelledError, FutureCancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)


def is_cancel(error: BaseException) -> bool:
    """Whether somebody outside ended the work: a cancelled task, Ctrl-C, `sys.exit`, a reader that left."""
    return isinstance(error, _CANCELS) or not isinstance(error, Exception)
