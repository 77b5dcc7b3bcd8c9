"""Real LangGraph from PyPI."""

import asyncio
import json
import operator
import sys
from typing import Annotated, TypedDict

import pytest

langgraph = pytest.importorskip("langgraph", reason="LangGraph is not installed")

from langchain_core.messages import AIMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langgraph.checkpoint.memory import InMemorySaver  # noqa: E402
from langgraph.errors import GraphRecursionError  # noqa: E402
from langgraph.graph import END, START, MessagesState, StateGraph  # noqa: E402
from langgraph.prebuilt import ToolNode  # noqa: E402
from langgraph.types import Command, RetryPolicy, interrupt  # noqa: E402

import faultline  # noqa: E402


class State(TypedDict, total=False):
    order: str
    total: int
    seen: Annotated[list[str], operator.add]


@pytest.fixture(autouse=True)
def instrumented():
    faultline.instrument()
    yield
    faultline.uninstrument()


FAST = {"initial_interval": 0.001, "jitter": False}


def linear(parse, **options):
    builder = StateGraph(State)
    builder.add_node("fetch", lambda state: {"total": 3})
    builder.add_node("parse", parse, **options)
    builder.add_edge(START, "fetch")
    builder.add_edge("fetch", "parse")
    builder.add_edge("parse", END)
    return builder.compile(name="orders", checkpointer=InMemorySaver())


def raises(state):
    raise KeyError(f"no total in {state['order']}")


CONFIG = {"configurable": {"thread_id": "thread-7"}}


def drive(graph, way, given, config=CONFIG):
    if way == "invoke":
        return graph.invoke(given, config)
    if way == "stream":
        return list(graph.stream(given, config, stream_mode="updates"))
    if way == "ainvoke":
        return asyncio.run(graph.ainvoke(given, config))

    async def read():
        return [item async for item in graph.astream(given, config)]

    return asyncio.run(read())


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
def test_a_failing_node(receiver, way):
    graph = linear(raises)
    with pytest.raises(KeyError):
        drive(graph, way, {"order": "A-17"})
    receiver.flush()
    good, failed = receiver.nodes
    assert (good["graph.node.id"], failed["graph.node.id"]) == ("fetch", "parse")
    assert not good.failed
    assert json.loads(failed["failure.input"]) == {"order": "A-17", "total": 3, "seen": []}
    assert failed["failure.disposition"] == "terminal" and failed["failure.site"] == "node.raise"
    assert failed["graph.node.type"] == "function"
    assert "in raises" in failed["exception.stacktrace"]
    assert json.loads(failed["failure.state"])["state_keys"] == ["order", "seen", "total"]
    run = receiver.run
    assert run["graph.run.outcome"] == "failure" and run["failure.root.span_id"] == failed.span_id
    assert run["gen_ai.agent.id"] == "orders" and run["gen_ai.conversation.id"] == "thread-7"
    assert receiver.failures == [failed]
    (start,) = receiver.named("start_graph")
    body = json.loads(start.events[0][1]["graph.snapshot.body"])
    assert [node["id"] for node in body["nodes"]] == ["fetch", "parse"]
    assert {"source": "fetch", "target": "parse"} in body["edges"] and body["entry"] == "fetch"
    assert all("code" in node for node in body["nodes"])


@pytest.mark.parametrize("way", ["invoke", "astream"])
def test_retries_that_succeed_and_that_do_not(receiver, way):
    tries = []

    def flaky(state):
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("reset")
        return {"total": 1}

    graph = linear(flaky, retry_policy=RetryPolicy(max_attempts=3, **FAST))
    drive(graph, way, {"order": "A"})
    receiver.flush()
    first, second, third = [span for span in receiver.nodes if span["graph.node.id"] == "parse"]
    assert [span.failed for span in (first, second, third)] == [True, True, False]
    assert first["failure.disposition"] == second["failure.disposition"] == "retried"
    assert [span["graph.node.attempt"] for span in (first, second, third)] == [1, 2, 3]
    assert {span["graph.node.visit"] for span in (first, second, third)} == {1}
    assert second.links == [first.span_id] and third["graph.node.max_attempts"] == 3
    assert receiver.run["graph.run.outcome"] == "success"


def test_retries_spent(receiver):
    def down(state):
        raise ConnectionError("reset")

    graph = linear(down, retry_policy=RetryPolicy(max_attempts=2, **FAST))
    with pytest.raises(ConnectionError):
        graph.invoke({"order": "A"}, CONFIG)
    receiver.flush()
    assert [span["failure.disposition"] for span in receiver.failures] == ["retried", "terminal"]


def test_an_apps_own_retry_function_is_called_as_often_as_without_us(receiver):
    asked = []

    def retry_on(error):
        asked.append(error)
        return len(asked) < 2

    graph = linear(raises, retry_policy=RetryPolicy(max_attempts=5, retry_on=retry_on, **FAST))
    with pytest.raises(KeyError):
        graph.invoke({"order": "A"}, CONFIG)
    receiver.flush()
    assert len(asked) == 2
    assert [span["failure.disposition"] for span in receiver.failures] == ["retried", "terminal"]


def nested(inner_node, outer=None, **options):
    inner = StateGraph(State)
    inner.add_node("check", inner_node)
    inner.add_edge(START, "check")
    review = inner.compile(name="review")
    builder = StateGraph(State)
    builder.add_node("review", outer(review) if outer else review, **options)
    builder.add_edge(START, "review")
    return builder.compile(name="orders")


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_subgraph_is_one_failure_at_its_node(receiver, way):
    with pytest.raises(KeyError):
        drive(nested(raises), way, {"order": "A"}, {})
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["graph.node.id"] == "review:check" and failure["failure.disposition"] == "terminal"
    outer = next(span for span in receiver.nodes if span["graph.node.id"] == "review")
    assert outer.failed and outer["failure.root.span_id"] == failure.span_id
    assert failure.parent == outer.span_id
    assert receiver.run["failure.root.span_id"] == failure.span_id


def test_a_subgraph_whose_failure_is_caught(receiver):
    def outer(review):
        def call(state):
            try:
                return review.invoke(state)
            except KeyError:
                return {"total": 0}

        return call

    nested(raises, outer).invoke({"order": "A"})
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["graph.node.id"] == "review:check" and failure["failure.disposition"] == "recovered"
    assert receiver.run["graph.run.outcome"] != "failure"


def test_a_subgraph_that_is_tried_again(receiver):
    tries = []

    def flaky(state):
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("reset")
        return {"total": 1}

    nested(flaky, retry_policy=RetryPolicy(max_attempts=2, **FAST)).invoke({"order": "A"})
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["graph.node.id"] == "review:check" and failure["failure.disposition"] == "retried"
    assert receiver.run["graph.run.outcome"] == "success"


def parallel(left, right):
    builder = StateGraph(State)
    builder.add_node("left", left)
    builder.add_node("right", right)
    builder.add_edge(START, "left")
    builder.add_edge(START, "right")
    return builder.compile(name="branches")


def test_parallel_branches_the_sibling_is_no_failure(receiver):
    async def slow(state):
        await asyncio.sleep(30)

    async def fails(state):
        await asyncio.sleep(0.01)
        raise ValueError("left failed")

    with pytest.raises(ValueError):
        asyncio.run(parallel(fails, slow).ainvoke({}))
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["graph.node.id"] == "left"
    assert {span["graph.node.id"] for span in receiver.nodes} == {"left", "right"}


def test_parallel_branches_in_threads(receiver):
    with pytest.raises(ValueError):
        parallel(
            lambda state: [][1] if state is None else (_ for _ in ()).throw(ValueError("left")), lambda s: {}
        ).invoke({})
    receiver.flush()
    assert [span["graph.node.id"] for span in receiver.failures] == ["left"]


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
def test_an_interrupt_is_a_pause(receiver, way):
    if way.startswith("a") and sys.version_info < (3, 11):
        pytest.skip("interrupt() in coroutines needs Python 3.11")

    def ask(state):
        return {"total": interrupt("how much?")}

    async def ask_async(state):
        return {"total": interrupt("how much?")}

    graph = linear(ask_async if way.startswith("a") else ask)
    drive(graph, way, {"order": "A"})
    receiver.flush()
    assert receiver.failures == []
    assert receiver.run["graph.run.outcome"] == "paused"
    receiver.spans.clear()
    drive(graph, way, Command(resume=5))
    receiver.flush()
    assert receiver.failures == [] and receiver.run["graph.run.outcome"] == "success"


def test_interrupt_before_a_node_is_a_pause(receiver):
    builder = StateGraph(State)
    builder.add_node("fetch", lambda state: {"total": 1})
    builder.add_edge(START, "fetch")
    graph = builder.compile(checkpointer=InMemorySaver(), interrupt_before=["fetch"])
    graph.invoke({"order": "A"}, CONFIG)
    receiver.flush()
    assert receiver.run["graph.run.outcome"] == "paused"


def test_command_to_the_parent_is_no_failure(receiver):
    def hand_off(state):
        return Command(graph=Command.PARENT, goto="after", update={"total": 9})

    inner = StateGraph(State)
    inner.add_node("check", hand_off)
    inner.add_edge(START, "check")
    builder = StateGraph(State)
    builder.add_node("review", inner.compile(), destinations=("after",))
    builder.add_node("after", lambda state: {})
    builder.add_edge(START, "review")
    assert builder.compile().invoke({"order": "A"})["total"] == 9
    receiver.flush()
    assert receiver.failures == [] and receiver.run["graph.run.outcome"] == "success"
    assert [span["graph.node.id"] for span in receiver.nodes] == ["review", "review:check", "after"]


def test_the_recursion_limit_truncates(receiver):
    builder = StateGraph(State)
    builder.add_node("again", lambda state: {"seen": ["x"]})
    builder.add_edge(START, "again")
    builder.add_edge("again", "again")
    with pytest.raises(GraphRecursionError):
        builder.compile().invoke({}, {"recursion_limit": 4})
    receiver.flush()
    (failure,) = receiver.failures
    assert failure.name.startswith("execute_graph") and failure["failure.class"] == "graph.step_budget"
    assert failure["graph.run.outcome"] == "truncated"
    assert [span["graph.node.visit"] for span in receiver.nodes] == [1, 2, 3, 4]


def test_a_condition_of_an_edge_that_raises(receiver):
    builder = StateGraph(State)
    builder.add_node("fetch", lambda state: {"total": 1})
    builder.add_edge(START, "fetch")

    def route(state):
        raise LookupError("nowhere")

    builder.add_conditional_edges("fetch", route, {"a": END})
    with pytest.raises(LookupError):
        builder.compile().invoke({})
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["failure.site"] == "graph.route" and failure["graph.node.id"] == "fetch"


@tool
def charge(order: str) -> str:
    """Charges an order."""
    raise TimeoutError(f"the bank did not answer for {order}")


def tools_graph(**options):
    call = {"name": "charge", "args": {"order": "A-17"}, "id": "call-1", "type": "tool_call"}
    unknown = {"name": "refund", "args": {}, "id": "call-2", "type": "tool_call"}
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [AIMessage("", tool_calls=[call, unknown])]})
    builder.add_node("tools", ToolNode([charge], **options))
    builder.add_edge(START, "model")
    builder.add_edge("model", "tools")
    return builder.compile(name="shop")


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_tool_errors_that_the_node_handles(receiver, way):
    drive(tools_graph(handle_tool_errors=True), way, {"messages": []}, {})
    receiver.flush()
    known, unknown = sorted(receiver.failures, key=lambda span: span["gen_ai.tool.name"])
    assert known.name == "execute_tool charge" and known["gen_ai.operation.name"] == "execute_tool"
    assert known["failure.disposition"] == "routed" and known["error.type"] == "TimeoutError"
    assert known["graph.node.id"] == "tools" and known["failure.site"] == "tool.call"
    assert json.loads(known["failure.input"]) == {"order": "A-17"} or "A-17" in known["failure.input"]
    assert unknown["gen_ai.tool.name"] == "refund" and unknown["failure.class"] == "tool.not_found"
    assert receiver.run["graph.run.outcome"] == "success"
    assert not any(span.failed for span in receiver.nodes)


def test_a_tool_error_that_ends_the_node_is_one_failure(receiver):
    with pytest.raises(TimeoutError):
        tools_graph(handle_tool_errors=False).invoke({"messages": []})
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["graph.node.id"] == "tools" and failure.name == "execute_node tools"
    assert json.loads(failure["failure.evidence"])["tool"] == "charge"


def test_a_reader_that_leaves_cancels(receiver):
    stream = linear(lambda state: {"total": 1}).stream({"order": "A"}, CONFIG, stream_mode="updates")
    next(stream)
    stream.close()
    receiver.flush()
    assert receiver.failures == [] and receiver.run["graph.run.outcome"] == "cancelled"


def test_a_cancelled_task_is_no_failure(receiver):
    async def slow(state):
        await asyncio.sleep(30)

    async def main():
        task = asyncio.create_task(linear(slow).ainvoke({"order": "A"}, CONFIG))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    receiver.flush()
    assert receiver.failures == [] and receiver.run["graph.run.outcome"] == "cancelled"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="timeouts of nodes need Python 3.11")
def test_a_time_limit_that_struck_is_a_failure(receiver):
    async def slow(state):
        await asyncio.sleep(30)

    graph = linear(slow, timeout=0.05)
    with pytest.raises(Exception, match="timeout|exceeded"):
        asyncio.run(graph.ainvoke({"order": "A"}, CONFIG))
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["graph.node.id"] == "parse" and "Timeout" in failure["error.type"]


def test_what_the_reader_does_between_items_is_its_own(receiver):
    other = linear(lambda state: {"total": 2})
    for _ in linear(lambda state: {"total": 1}).stream({"order": "A"}, CONFIG, stream_mode="updates"):
        other.invoke({"order": "B"}, {"configurable": {"thread_id": "other"}})
    receiver.flush()
    runs = receiver.named("execute_graph")
    assert len(runs) == 3 and len({run["graph.run.id"] for run in runs}) == 3


def test_conditions_of_the_process_look_at_langgraph(receiver):
    faultline.use_conditions(node={"parse": [faultline.condition("no_total", lambda c: not c.output.get("total"))]})
    try:
        linear(lambda state: {"total": 0}).invoke({"order": "A"}, CONFIG)
    finally:
        from faultline.conditions import checks

        checks._of_process.clear()
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["failure.condition"] == "no_total" and failure["failure.disposition"] == "degraded"
    assert receiver.run["graph.run.outcome"] == "degraded"


def test_an_app_gets_the_same_exception_and_result(receiver):
    error = KeyError("mine")

    def mine(state):
        raise error

    with pytest.raises(KeyError) as caught:
        linear(mine).invoke({"order": "A"}, CONFIG)
    assert caught.value is error
