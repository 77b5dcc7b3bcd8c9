"""The graphs of LangGraph that are recorded."""
from recording import MODEL_URL, LedgerError
import asyncio
from typing import TypedDict
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langchain.agents import create_agent
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy, interrupt


class State(TypedDict, total=False):
    order: int
    draft: str


def graph(checkpointer=None, **nodes):
    built = StateGraph(State)
    before = START
    for name, work in nodes.items():
        work, policy = work if isinstance(work, tuple) else (work, None)
        built.add_node(name, work, retry_policy=policy)
        built.add_edge(before, name)
        before = name
    built.add_edge(before, END)
    return built.compile(name="order_graph", checkpointer=checkpointer)


def fetch(state: State) -> State:
    return {"order": 7}


def draft(state: State) -> State:
    return {"draft": "done"}


def broken(state: State) -> State:
    raise LedgerError("the ledger refused order 7")


def chat(model):
    def draft(state: State) -> State:
        answer = ChatOpenAI(model=model, base_url=MODEL_URL, max_retries=0).invoke("write")
        return {"draft": answer.content}
    return draft


def good():
    graph(fetch=fetch, draft=chat("text")).invoke({"order": 7})


def node_error():
    graph(fetch=fetch, draft=broken).invoke({"order": 7})


def unauthorized():
    graph(fetch=fetch, draft=chat("no-key")).invoke({"order": 7})


def busy_then_good():
    policy = RetryPolicy(max_attempts=2, initial_interval=0.01, retry_on=Exception)
    graph(fetch=fetch, draft=(chat("busy-once"), policy)).invoke({"order": 7})


def retries_used_up():
    graph(fetch=fetch, draft=(broken, RetryPolicy(max_attempts=3, initial_interval=0.01, retry_on=Exception))).invoke({"order": 7})


def answer_cut_off():
    graph(fetch=fetch, draft=chat("cut")).invoke({"order": 7})


def waits_for_a_person():
    def ask(state: State) -> State:
        return {"draft": interrupt("may I?")}
    graph(InMemorySaver(), fetch=fetch, ask=ask).invoke({"order": 7}, {"configurable": {"thread_id": "t1"}})


def sub_graph():
    inner = graph(check=broken)
    graph(fetch=fetch, review=lambda state: inner.invoke(state)).invoke({"order": 7})


def parallel_branches():
    built = StateGraph(State)
    async def slow(state: State) -> State:
        await asyncio.sleep(5)
        return {}
    async def bad(state: State) -> State:
        await asyncio.sleep(0.05)
        raise LedgerError("the ledger refused order 7")
    for name, work in {"slow": slow, "bad": bad}.items():
        built.add_node(name, work)
        built.add_edge(START, name)
    return built.compile(name="order_graph").ainvoke({"order": 7})


async def cancelled():
    async def slow(state: State) -> State:
        await asyncio.sleep(5)
        return {}
    task = asyncio.create_task(graph(fetch=fetch, slow=slow).ainvoke({"order": 7}))
    await asyncio.sleep(0.1)
    task.cancel()
    await task


async def stream_left():
    async for _ in graph(fetch=fetch, draft=draft).astream({"order": 7}):
        break


@tool
def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def tool_error_recovered():
    from langchain.agents.middleware import wrap_tool_call
    from langchain_core.messages import ToolMessage

    @wrap_tool_call
    def handled(request, handler):
        try:
            return handler(request)
        except LedgerError as error:
            return ToolMessage(content=f"Error: {error}", tool_call_id=request.tool_call["id"], status="error")
    agent = create_agent(ChatOpenAI(model="tool", base_url=MODEL_URL), [lookup], middleware=[handled], name="clerk")
    agent.invoke({"messages": [("user", "where is order 7?")]})


def tool_error():
    agent = create_agent(ChatOpenAI(model="tool", base_url=MODEL_URL), [lookup], name="clerk")
    agent.invoke({"messages": [("user", "where is order 7?")]})


SCENARIOS = [
    good, node_error, unauthorized, busy_then_good, retries_used_up, answer_cut_off, waits_for_a_person, sub_graph,
    parallel_branches, cancelled, stream_left, tool_error_recovered, tool_error,
]
