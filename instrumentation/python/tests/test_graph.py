import asyncio
import json

import pytest

import faultline
from faultline.delivery.pipeline import set_default

GRAPH = {
    "id": "invoices",
    "nodes": [{"id": "fetch"}, {"id": "parse"}],
    "edges": [{"source": "fetch", "target": "parse"}],
}


@faultline.node
def fetch(order):
    return {"order": order, "lines": [1, 2]}


@faultline.node("parse", max_attempts=2)
def parse(order, *, strict=True):
    raise KeyError(f"no total in {order['id']}")


def test_a_failing_node_names_everything(receiver):
    with pytest.raises(KeyError):
        with faultline.run(GRAPH, agent_id="invoice-agent", session_id="s-1") as run:
            run.state_keys(["order", "lines"])
            order = fetch({"id": "A-17", "password": "hunter2"})
            try:
                parse(order["order"])
            except KeyError:
                parse(order["order"])
    receiver.flush()
    assert [span.name for span in receiver.nodes] == ["execute_node fetch", "execute_node parse", "execute_node parse"]
    good, first, second = receiver.nodes
    assert not good.failed
    assert first["failure.disposition"] == "retried" and first["graph.node.attempt"] == 1
    assert second["failure.disposition"] == "terminal" and second["graph.node.attempt"] == 2
    assert second.links == [first.span_id]
    assert second["graph.node.visit"] == 1 and second["graph.node.max_attempts"] == 2
    assert second["error.type"] == second["exception.type"] == "KeyError"
    assert second["exception.message"] == "'no total in A-17'"
    assert 'raise KeyError(f"no total in' in second["exception.stacktrace"]
    assert "faultline/core" not in second["exception.stacktrace"]
    assert json.loads(second["failure.input"]) == {"order": {"id": "A-17", "password": "[redacted:password]"}}
    assert json.loads(second["failure.redactions"]) == {"password": 1}
    state = json.loads(second["failure.state"])
    assert state["path"] == ["fetch", "parse", "parse"] and state["retries"] == {"parse": 1}
    assert state["state_keys"] == ["lines", "order"]
    assert second["failure.site"] == "node.raise" and second["failure.severity"] == "major"
    run_span = receiver.run
    assert run_span["graph.run.outcome"] == "failure"
    assert run_span["failure.root.span_id"] == second.span_id
    (start,) = receiver.named("start_graph")
    assert start.events[0][0] == "graph.snapshot"
    assert start.start == start.end
    assert start.parent == run_span.span_id == good.parent
    for span in receiver.spans:
        assert span["gen_ai.agent.id"] == "invoice-agent" and span["gen_ai.conversation.id"] == "s-1"
        assert span["graph.id"] == "invoices" and span["graph.snapshot.ref"].startswith("sha256:")
    assert receiver.failures == [first, second]


def test_async_nodes_and_parallel_ones(receiver):
    @faultline.node
    async def work(number):
        await asyncio.sleep(0)
        if number == 2:
            raise ValueError("two")
        return number

    async def main():
        async with faultline.run(GRAPH):
            return await asyncio.gather(*(work(n) for n in range(4)), return_exceptions=True)

    results = asyncio.run(main())
    assert results[0] == 0 and isinstance(results[2], ValueError)
    receiver.flush()
    (failed,) = receiver.failures
    assert json.loads(failed["failure.input"]) == {"number": 2}
    assert receiver.run["graph.run.outcome"] == "degraded"


def test_outside_of_a_run_nothing_is_recorded(receiver):
    assert fetch(1) == {"order": 1, "lines": [1, 2]}
    receiver.flush()
    assert receiver.spans == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_what_ends_a_node_from_outside_is_no_failure(receiver, error):
    with pytest.raises(error):
        with faultline.run(GRAPH) as run:
            with run.node("fetch", 1):
                raise error()
    receiver.flush()
    assert receiver.failures == []
    assert receiver.run["graph.run.outcome"] == "cancelled"


def test_a_wrapped_error_is_one_failure(receiver):
    class Wrapped(Exception):
        pass

    with pytest.raises(Wrapped):
        with faultline.run(GRAPH) as run:
            with run.node("outer", 1):
                try:
                    with run.node("inner", 2):
                        raise ValueError("inner")
                except ValueError as error:
                    raise Wrapped("outer") from error
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["graph.node.id"] == "inner"
    outer = next(span for span in receiver.nodes if span["graph.node.id"] == "outer")
    assert outer["failure.root.span_id"] == receiver.run["failure.root.span_id"] == failure.span_id


def test_an_exception_without_words_is_known_by_its_class(receiver):
    with pytest.raises(TimeoutError), faultline.run(GRAPH, agent_id="invoice-agent") as run, run.node("fetch"):
        raise TimeoutError
    receiver.flush()
    (failure,) = receiver.nodes
    assert failure["exception.message"] == "TimeoutError"
    assert failure["exception.stacktrace"].endswith("raise TimeoutError\nTimeoutError")


@pytest.mark.parametrize(
    ("code", "type"),
    [
        ("invalid_api_key", "invalid_api_key"),
        ("ECONNREFUSED", "ECONNREFUSED"),
        ("429", "test_graph.Refused"),
        ("e3q8", "test_graph.Refused"),
    ],
)
def test_a_code_that_names_a_kind_of_error_is_its_type(receiver, code, type):
    class Refused(Exception):
        pass

    error = Refused("no")
    error.code = code
    with pytest.raises(Refused), faultline.run(GRAPH, agent_id="invoice-agent") as run, run.node("fetch"):
        raise error
    receiver.flush()
    (failure,) = receiver.nodes
    assert failure["error.type"] == type and failure["exception.type"] == "test_graph.Refused"


def test_generators_are_nodes(receiver):
    @faultline.node
    def numbers(most):
        yield from range(most)
        raise ValueError("no more")

    with faultline.run(GRAPH):
        with pytest.raises(ValueError):
            list(numbers(2))
    receiver.flush()
    assert receiver.failures[0]["graph.node.id"] == "numbers"


def test_wrong_options_are_refused_by_name():
    with pytest.raises(ValueError, match="max_attempts must be a whole number from 1"):
        faultline.node("x", max_attempts=0)
    with pytest.raises(ValueError, match="disposition must be one of retried"):
        faultline.node("x", disposition="gone")
    with faultline.run(GRAPH) as run, pytest.raises(ValueError, match="outcome must be one of"):
        run.outcome("bad")


def test_an_apps_own_trace_goes_on(receiver):
    from opentelemetry.sdk.trace import TracerProvider

    tracer = TracerProvider().get_tracer("app")
    with tracer.start_as_current_span("request") as request:
        with faultline.run(GRAPH):
            fetch(1)
    receiver.flush()
    context = request.get_span_context()
    assert receiver.run.trace_id == f"{context.trace_id:032x}"
    assert receiver.run.parent == f"{context.span_id:016x}"


def test_a_replay_marks_its_spans_and_leaves_no_files(receiver, monkeypatch, tmp_path):
    monkeypatch.setenv("FAULTLINE_REPLAY", "again-1")
    monkeypatch.setenv("FAULTLINE_SPOOL_DIR", str(tmp_path / "replay"))
    pipeline = faultline.Pipeline(receiver.url)
    set_default(pipeline)
    with pytest.raises(KeyError), faultline.run(GRAPH, agent_id="a"):
        parse({"id": "A-18"})
    pipeline.flush()
    pipeline.queue.close()
    assert {span.resource.get("faultline.replay") for span in receiver.spans} == {"again-1"}
    assert not (tmp_path / "replay").exists()
