"""The topology of a compiled graph, with hashes of its functions, so that a changed node is a changed version even where
no edge moved."""

from __future__ import annotations

import hashlib
import inspect
import weakref
from typing import Any

from faultline.core.guard import guarded
from faultline.core.snapshot import Snapshot, snapshot_of

_START, _END = "__start__", "__end__"
_UNNAMED = "LangGraph"
_MAX_NESTING = 8
_known: weakref.WeakKeyDictionary[Any, tuple[str, Snapshot, dict[str, str | None]]] = weakref.WeakKeyDictionary()


def langgraph_snapshot(compiled: Any) -> Snapshot:
    """`{id, nodes: [{id, type, code?, retry_policy?, error_handler?, subgraph?}], edges: [{source, target, condition?,
    code?}], entry, terminals}`. `code` is a hash of the function's source; what the function closes over is no part of
    it. Computed once for a compiled graph."""
    return _of(compiled)[1]


def node_type(compiled: Any, name: str) -> str | None:
    """`subgraph`, `function`, or the class of the runnable, such as `ToolNode`."""
    return _of(compiled)[2].get(name)


def graph_name(compiled: Any) -> str:
    """The name given at `compile(name=…)`, else `LangGraph`."""
    name = getattr(compiled, "name", None)
    return name if isinstance(name, str) and name else _UNNAMED


def is_named(compiled: Any) -> bool:
    return graph_name(compiled) != _UNNAMED


def _of(compiled: Any) -> tuple[str, Snapshot, dict[str, str | None]]:
    name = graph_name(compiled)
    try:
        known = _known.get(compiled)
    except TypeError:
        known = None
    if known is not None and known[0] == name:
        return known
    body = guarded(_body, compiled, 0) or {"id": name, "nodes": [], "edges": []}
    types = {node["id"]: node.get("type") for node in body["nodes"]}
    found = (name, snapshot_of(body), types)
    try:
        _known[compiled] = found
    except TypeError:
        pass
    return found


def _body(compiled: Any, nesting: int) -> dict[str, Any]:
    edges = _edges(compiled)
    nodes = [_node(compiled, name, node, nesting) for name, node in compiled.nodes.items() if name != _START]
    body: dict[str, Any] = {
        "id": graph_name(compiled),
        "nodes": sorted(nodes, key=lambda node: node["id"]),
        "edges": edges,
    }
    entries = [edge["target"] for edge in edges if edge["source"] == _START]
    terminals = sorted({edge["source"] for edge in edges if edge["target"] == _END})
    if entries:
        body["entry"] = entries[0]
    if terminals:
        body["terminals"] = terminals
    return body


def _node(compiled: Any, name: str, node: Any, nesting: int) -> dict[str, Any]:
    spec = (getattr(getattr(compiled, "builder", None), "nodes", None) or {}).get(name)
    runnable = getattr(spec, "runnable", None) or getattr(node, "bound", None)
    inner = runnable if _is_graph(runnable) else next(iter(getattr(node, "subgraphs", None) or ()), None)
    policy = getattr(node, "retry_policy", None) or getattr(spec, "retry_policy", None)
    policies = policy if isinstance(policy, (list, tuple)) and not hasattr(policy, "max_attempts") else [policy]
    described: dict[str, Any] = {
        "id": name,
        "type": "subgraph" if inner is not None else _type(runnable),
        "code": _code(runnable),
        "retry_policy": [_policy(each) for each in policies if each is not None] or None,
        "error_handler": getattr(node, "error_handler_node", None),
        "subgraph": _body(inner, nesting + 1) if inner is not None and nesting < _MAX_NESTING else None,
    }
    return {key: value for key, value in described.items() if value is not None}


def _policy(policy: Any) -> dict[str, Any]:
    names = ("initial_interval", "backoff_factor", "max_interval", "max_attempts", "jitter")
    return {name: getattr(policy, name, None) for name in names}


def _edges(compiled: Any) -> list[dict[str, Any]]:
    builder = getattr(compiled, "builder", None)
    edges: list[dict[str, Any]] = [{"source": a, "target": b} for a, b in getattr(builder, "edges", ())]
    for sources, target in getattr(builder, "waiting_edges", ()):
        edges += [{"source": source, "target": target} for source in sources]
    for source, branches in (getattr(builder, "branches", None) or {}).items():
        for name, branch in branches.items():
            ends = getattr(branch, "ends", None) or {}
            code = _code(getattr(branch, "path", None))
            for condition, target in ends.items() or [(name, "*")]:
                edge = {"source": source, "target": str(target), "condition": str(condition)}
                edges.append({**edge, "code": code} if code else edge)
    return sorted(edges, key=lambda edge: (edge["source"], edge["target"], edge.get("condition", "")))


def _is_graph(runnable: Any) -> bool:
    return any(each.__name__ == "PregelProtocol" for each in type(runnable).__mro__)


def _type(runnable: Any) -> str | None:
    if runnable is None:
        return None
    name = type(runnable).__name__
    return "function" if name in ("RunnableCallable", "RunnableLambda", "function") else name


def _code(runnable: Any) -> str | None:
    """Hash of a function's source, or of all functions in a sequence of runnables."""
    sources = _sources(runnable, 0)
    if not sources:
        return None
    return f"sha256:{hashlib.sha256(chr(10).join(sources).encode('utf-8', 'replace')).hexdigest()[:16]}"


def _sources(runnable: Any, depth: int) -> list[str]:
    if runnable is None or depth > 4:
        return []
    if inspect.isfunction(runnable) or inspect.ismethod(runnable):
        return [_source(inspect.unwrap(runnable))]
    steps = getattr(runnable, "steps", None)
    if isinstance(steps, (list, tuple)):
        return [source for step in steps for source in _sources(step, depth + 1)]
    tools = getattr(runnable, "tools_by_name", None)
    if isinstance(tools, dict):
        return [source for name in sorted(tools) for source in _sources(tools[name], depth + 1)]
    for name in ("func", "afunc", "coroutine", "bound"):
        inner = getattr(runnable, name, None)
        if inner is not None:
            return _sources(getattr(inner, "func", inner), depth + 1)
    return []


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        code = function.__code__
        return f"{code.co_name} {code.co_code.hex()} {code.co_names} {code.co_varnames}"
