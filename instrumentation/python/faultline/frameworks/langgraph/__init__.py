"""LangGraph 1.x: every attempt of every node of every graph, sync, async and streamed."""

from faultline.frameworks.langgraph.patches import PATCHES

__all__ = ["PATCHES"]
