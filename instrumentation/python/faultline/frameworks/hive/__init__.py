"""Hive v0.6.5 to v0.9 (executor, streams, workers of graphs) and later (workers of colonies)."""

from faultline.frameworks.hive.patches import PATCHES

__all__ = ["PATCHES"]
