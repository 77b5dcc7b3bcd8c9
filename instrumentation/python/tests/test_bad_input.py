"""What an app may hand over, and where it may run: none of it may raise into the app, and no failure may be missing."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json
import os
import stat
import subprocess
import sys
import threading
import types
from decimal import Decimal
from pathlib import Path

import pytest

import faultline
from faultline.core import guard
from faultline.delivery.pipeline import Pipeline, set_default
from faultline.delivery.queue import SpanQueue
from faultline.delivery.spool import make_private
from faultline.delivery.transport import SendError
from faultline.frameworks.patching import replace
from faultline.instrumentor import _patch

GRAPH = {"id": "bad", "nodes": [{"id": "work"}], "edges": []}


class Hostile:
    """Whatever is asked of it raises."""

    @property
    def __dict__(self):
        raise RuntimeError("no")

    def __getattr__(self, name):
        raise RuntimeError("no attributes")

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __hash__(self):
        raise RuntimeError("no hash")

    def __iter__(self):
        raise RuntimeError("no items")

    def __bool__(self):
        raise RuntimeError("no truth")


class HostileDict(dict):
    def items(self):
        raise RuntimeError("no items")


class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@dataclasses.dataclass
class Order:
    number: int
    total: Decimal


class Secret:
    def get_secret_value(self):
        return "hunter2"


def cyclic():
    value = {"name": "a"}
    value["self"] = [value]
    return value


def deep():
    value = "end"
    for _ in range(5000):
        value = [value]
    return value


INPUTS = {
    "hostile": Hostile,
    "hostile dict": lambda: HostileDict(a=1),
    "cyclic": cyclic,
    "deep": deep,
    "huge text": lambda: "x" * 5_000_000,
    "huge list": lambda: list(range(300_000)),
    "bytes": lambda: {"data": b"\x00" * 100},
    "types": lambda: [Order(1, Decimal("1.5")), datetime.datetime(2026, 1, 1), {1, 2}, object(), lambda: 0, int],
    "keys": lambda: {1: "a", None: "b", (1, 2): "c"},
    "surrogates": lambda: {"\ud800": "\udfff", "text": "a\ud83d\ude00b"},
    "numbers": lambda: [float("nan"), float("inf"), 10**30, 2**20_000, -0.0],
    "secret": lambda: {"key": Secret()},
    "generator": lambda: (n for n in range(3)),
}


@pytest.mark.parametrize("what", INPUTS)
def test_inputs_that_are_no_json(receiver, what):
    given = INPUTS[what]()
    with pytest.raises(ValueError, match="mine"):
        with faultline.run(GRAPH) as run, run.node("work", given):
            raise ValueError("mine")
    receiver.flush()
    (failure,) = receiver.failures
    assert failure["error.type"] == "ValueError" and len(failure["failure.input"].encode()) <= 16_384
    assert len(failure["failure.input.digest"]) == 64
    assert "hunter2" not in failure["failure.input"]
    if what not in ("huge text", "huge list", "deep"):
        json.loads(failure["failure.input"])
    if what == "generator":
        assert list(given) == [0, 1, 2]


@pytest.mark.parametrize("what", INPUTS)
def test_graphs_that_are_no_json(receiver, what):
    with faultline.run(INPUTS[what](), agent_id="bad") as run, run.node("work", 1):
        pass
    receiver.flush()
    assert receiver.run["graph.snapshot.ref"].startswith("sha256:") and receiver.run["graph.run.outcome"] == "success"


def test_exceptions_that_cannot_be_read(receiver):
    with pytest.raises(Unreadable):
        with faultline.run(GRAPH) as run, run.node("work", 1):
            raise Unreadable()
    receiver.flush()
    assert receiver.failures[0]["exception.message"] == "[unreadable]"


def test_a_loop_of_causes_and_a_deep_recursion(receiver):
    def recurse(n):
        return recurse(n + 1)

    one, other = ValueError("one"), KeyError("other")
    one.__cause__, other.__cause__ = other, one
    with faultline.run(GRAPH) as run:
        with pytest.raises(ValueError):
            with run.node("work", 1):
                raise one
        with pytest.raises(RecursionError):
            with run.node("deep", 1):
                recurse(0)
    receiver.flush()
    first, second = receiver.failures
    assert "frames left out" in second["exception.stacktrace"] and len(second["exception.stacktrace"]) <= 32_768
    assert json.loads(first["failure.evidence"])["causes"][0]["type"] == "KeyError"


def test_secrets_never_leave(receiver):
    key = "sk-" + "a1B2c3D4" * 6
    with pytest.raises(ValueError):
        with faultline.run(GRAPH) as run, run.node("work", {"note": f"use {key}", "password": "hunter2"}):
            raise ValueError(f"refused {key}")
    receiver.flush()
    body = b"".join(receiver.bodies)
    assert key.encode() not in body and b"hunter2" not in body
    spool = Path(os.environ["FAULTLINE_SPOOL_DIR"])
    assert all(key.encode() not in path.read_bytes() for path in spool.rglob("*") if path.is_file())


def test_paths_that_are_denied(receiver, monkeypatch):
    redact = faultline.redact_paths(deny=["input.customer.name", "message"])
    with pytest.raises(ValueError):
        with faultline.run(GRAPH, redact=redact) as run:
            with run.node("work", {"customer": {"name": "Ann", "city": "Rome"}}):
                raise ValueError("Ann has no total")
    receiver.flush()
    (failure,) = receiver.failures
    assert json.loads(failure["failure.input"]) == {"customer": {"name": "[redacted:denied]", "city": "Rome"}}
    assert failure["exception.message"] == "[redacted:denied]" and "Ann" not in failure["exception.stacktrace"]
    with pytest.raises(ValueError, match="must begin with one of input"):
        faultline.redact_paths(deny=["customer.name"])


def test_a_redactor_that_raises_drops_the_field(receiver):
    def redact(value, path):
        raise RuntimeError("broken")

    with pytest.raises(ValueError):
        with faultline.run(GRAPH, redact=redact) as run, run.node("work", "secret text"):
            raise ValueError("secret message")
    receiver.flush()
    (failure,) = receiver.failures
    assert "failure.input" not in failure.attributes and b"secret" not in b"".join(receiver.bodies)
    assert json.loads(failure["failure.redactions"])["redaction_failed"] > 0


def test_a_condition_that_raises_is_no_failure_of_the_node(receiver):
    broken = faultline.condition("broken", lambda context: context.nothing)
    with faultline.run(GRAPH, conditions=[broken]) as run:
        with run.node("work", 1) as node:
            node.output(2)
    receiver.flush()
    (failure,) = receiver.failures
    assert failure.name == "check_condition broken" and receiver.run["graph.run.outcome"] == "success"


def test_without_a_collector_the_app_goes_on(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("FAULTLINE_SPOOL_DIR", str(tmp_path))
    guard._said.discard("collector")
    pipeline = Pipeline("http://127.0.0.1:9")
    set_default(pipeline)
    try:
        with pytest.raises(ValueError):
            with faultline.run(GRAPH) as run, run.node("work", 1):
                raise ValueError("mine")
        with pytest.raises(SendError):
            faultline.flush(5)
        assert capsys.readouterr().err.count("took no failures") <= 1
    finally:
        set_default(None)
        pipeline.queue.close()
    assert [path for path in tmp_path.rglob("*.spool")]


def test_a_spool_folder_that_cannot_be_written_is_said_once(receiver, monkeypatch, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("no folder")
    monkeypatch.setenv("FAULTLINE_SPOOL_DIR", str(file))
    guard._said.discard("spool")
    pipeline = Pipeline(receiver.url)
    set_default(pipeline)
    for _ in range(3):
        with pytest.raises(ValueError):
            with faultline.run(GRAPH) as run, run.node("work", 1):
                raise ValueError("mine")
    pipeline.flush()
    assert len(receiver.failures) == 3
    assert capsys.readouterr().err.count("cannot keep failures") == 1
    pipeline.queue.close()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes are those of Unix")
def test_a_spool_folder_that_is_open_to_others_is_refused(tmp_path):
    tmp_path.chmod(0o755)
    with pytest.raises(OSError, match="open to other users"):
        make_private(str(tmp_path))
    make_private(str(tmp_path / "new" / "deep"))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_memory_is_bounded_and_failures_stay_in_files(receiver):
    receiver.status = 503
    queue: SpanQueue = receiver.pipeline.queue
    queue._max_bytes = 64 * 1024
    for number in range(100):
        with pytest.raises(ValueError):
            with faultline.run(GRAPH, session_id=str(number)) as run, run.node("work", "x" * 2000):
                raise ValueError("mine")
    assert queue._kept_bytes <= 64 * 1024 and queue.dropped == 0
    receiver.status = 200
    queue._pause_until = 0.0
    receiver.flush()
    assert {span["gen_ai.conversation.id"] for span in receiver.failures} == {str(n) for n in range(100)}


def test_one_span_that_is_refused_holds_back_none_of_the_others(receiver):
    receiver.refuse = lambda request: b"poison" in request.SerializeToString()
    for number in range(8):
        with pytest.raises(ValueError):
            with faultline.run(GRAPH) as run, run.node("work", "poison" if number == 3 else "fine"):
                raise ValueError("mine")
    try:
        receiver.flush()
    except SendError:
        # Unless the queue's own thread has given it up already.
        pass
    assert len(receiver.failures) == 7 and receiver.pipeline.queue.dropped == 1


def test_threads_each_have_their_own_place(receiver):
    def work(number):
        with faultline.run(GRAPH, session_id=str(number)) as run:
            try:
                with run.node("work", number):
                    raise ValueError(str(number))
            except ValueError:
                pass

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    receiver.flush()
    assert len(receiver.failures) == 20
    assert all(span["gen_ai.conversation.id"] == span["exception.message"] for span in receiver.failures)


def test_an_event_loop_that_closes_early(receiver):
    async def slow():
        async with faultline.run(GRAPH) as run, run.node("work", 1):
            await asyncio.sleep(30)

    async def main():
        asyncio.get_running_loop().create_task(slow())
        await asyncio.sleep(0.01)

    asyncio.run(main())
    receiver.flush()
    assert receiver.failures == [] and receiver.run["graph.run.outcome"] == "cancelled"


def test_a_framework_of_another_form_is_said_once(capsys):
    module = types.ModuleType("langgraph.pregel.other")
    guard._said.discard(module.__name__)
    for _ in range(2):
        _patch(lambda each: replace(each, "run_with_retry", lambda original: original), module)
    assert capsys.readouterr().err.count("has another form than expected") == 1


def test_turned_off_it_does_nothing(tmp_path):
    program = (
        "import faultline\nfaultline.instrument()\n"
        "with faultline.run({'id': 'a'}) as run:\n  with run.node('b', 1): pass\nprint('fine', run.run_id != '')"
    )
    for name in ("FAULTLINE_DISABLED", "OTEL_SDK_DISABLED"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, name: "true", "FAULTLINE_SPOOL_DIR": str(tmp_path / "s")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0 and done.stdout.startswith("fine") and done.stderr == ""
    assert not (tmp_path / "s").exists()


def test_a_wrong_address_is_named(tmp_path):
    program = "import faultline\nwith faultline.run({'id': 'a'}): pass\nprint('fine')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FAULTLINE_OTLP_ENDPOINT": "nowhere"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "fine\n" and "FAULTLINE_OTLP_ENDPOINT must be an address" in done.stderr


def test_an_app_keeps_its_own_provider(receiver):
    from opentelemetry import trace

    before = trace.get_tracer_provider()
    faultline.instrument()
    with faultline.run(GRAPH) as run, run.node("work", 1):
        assert trace.get_current_span() is trace.INVALID_SPAN
    faultline.uninstrument()
    assert trace.get_tracer_provider() is before
