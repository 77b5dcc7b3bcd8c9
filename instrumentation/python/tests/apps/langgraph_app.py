"""A program with a graph that fails; it knows nothing of Faultline."""

from typing import TypedDict

from langgraph.graph import START, StateGraph


class State(TypedDict, total=False):
    order: str
    lines: list


def fetch(state):
    return {"lines": [1, 2]}


def parse(state):
    return {"lines": state["total"]}


builder = StateGraph(State)
builder.add_node("fetch", fetch)
builder.add_node("parse", parse)
builder.add_edge(START, "fetch")
builder.add_edge("fetch", "parse")
builder.compile(name="orders").invoke({"order": "A-17"})
