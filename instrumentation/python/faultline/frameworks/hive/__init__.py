"""Hive."""

import types
from collections.abc import Callable

PATCHES: dict[str, Callable[[types.ModuleType], None]] = {}
