"""Real Hive, where `FAULTLINE_HIVE` names checkouts of it (paths separated by ':'), against what its nodes themselves
say happened. `FAULTLINE_RECORD=folder` writes what was sent as fixtures, which other tests replay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from receiver import Receiver, Service

from faultline.frameworks.hive.ids import ids_of, run_key
from faultline.frameworks.hive.reasons import own_text, reason_of, reason_of_run

CHECKOUTS = [Path(each) for each in os.environ.get("FAULTLINE_HIVE", "").split(":") if each]
APPS = Path(__file__).parent / "apps"
DIRECT = ["clean", "raise", "flaky", "spent", "routed", "pause", "cancel", "branch", "counts"]
STREAMS = ["ok", "auth", "once", "stall", "timeout", "tool"]
EXECUTION = "session_20261130_120000_00000042"


def version_of(checkout: Path) -> str:
    framework = checkout / "core/framework"
    if (framework / "orchestrator").is_dir():
        return "head"
    return "v0.9" if (framework / "graph/worker_agent.py").exists() else "v0.6"


def play(checkout, receiver, folder, app, *arguments):
    """Runs an app with Hive and returns what it says happened."""
    out = play_text(checkout, receiver, folder, app, *arguments)
    record(version_of(checkout), app, arguments[0], receiver)
    return json.loads(out.strip().splitlines()[-1])


def play_text(checkout, receiver, folder, app, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "faultline", APPS / app, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": f"{checkout / 'core'}:{checkout / 'tools/src'}:{APPS}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_SERVICE_NAME": "hive",
            "FAULTLINE_SPOOL_DIR": str(folder / "spool"),
            "HOME": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.stdout.strip(), done.stderr
    return done.stdout


def record(version, app, scenario, receiver):
    folder = os.environ.get("FAULTLINE_RECORD")
    if folder:
        path = Path(folder) / f"{version}-{scenario if 'worker' not in app else 'worker_' + scenario}.bin"
        path.write_bytes(b"".join(receiver.bodies))


@pytest.fixture
def sink():
    started = Receiver()
    yield started
    started.close()


each_checkout = pytest.mark.parametrize("checkout", CHECKOUTS, ids=version_of)


def agrees(told, sink):
    """Every attempt is as the nodes say: which, in which order, failed or not, with what."""
    said = [(each["node"], each["failed"]) for each in told["truth"]]
    assert [(span["graph.node.id"], span.failed) for span in sink.nodes] == said
    for each, span in zip([each for each in told["truth"] if each["failed"]], [s for s in sink.nodes if s.failed]):
        assert span["error.type"].rpartition(".")[2] == each["type"]
        assert span["exception.message"] == each["message"]
        assert span["exception.stacktrace"] and span["failure.input"] != "{}"
        assert span["graph.snapshot.ref"].startswith("sha256:")
    (start,) = sink.named("start_graph")
    body = json.loads(start.events[0][1]["graph.snapshot.body"])
    assert body["nodes"] and "description" in body["nodes"][0]


@each_checkout
@pytest.mark.parametrize("scenario", DIRECT)
def test_an_executor_that_is_used_directly(checkout, sink, tmp_path, scenario):
    version = version_of(checkout)
    told = play(checkout, sink, tmp_path, "hive_app.py", scenario, str(tmp_path))
    agrees(told, sink)
    outcomes = {
        "clean": "success",
        "flaky": "success",
        "routed": "degraded" if version == "v0.6" else "failure",
        "pause": "paused" if version == "v0.6" else "success",
        "cancel": "paused" if version == "v0.6" else "cancelled",
    }
    run = sink.run
    assert run["graph.run.outcome"] == outcomes.get(scenario, "failure")
    assert run["gen_ai.agent.id"] == "orders" and run["graph.run.id"] == EXECUTION
    failed = [span for span in sink.nodes if span.failed]
    assert sink.failures == failed
    last = {"routed": "routed" if version == "v0.6" else "terminal"}.get(scenario, "terminal")
    dispositions = ["retried"] if scenario == "flaky" else ["retried"] * (len(failed) - 1) + [last] if failed else []
    assert [span["failure.disposition"] for span in failed] == dispositions
    ids = ids_of(EXECUTION)
    assert int(run.trace_id, 16) == ids.trace_id and int(run.span_id, 16) == ids.span_id("run")
    counted: dict[str, int] = {}
    for span in sink.nodes:
        node = span["graph.node.id"]
        counted[node] = counted.get(node, 0) + 1
        assert int(span.span_id, 16) == ids.span_id(f"{node}#{counted[node]}")
        assert span["graph.node.attempt"] == counted[node]
    assert (tmp_path / "sessions" / EXECUTION / "faultline.json").exists()
    if scenario == "counts":
        assert [each["seen"] for each in told["truth"]] == [[0, False], [1, True], [2, True]]


@pytest.mark.parametrize("checkout", [each for each in CHECKOUTS if version_of(each) == "v0.6"], ids=version_of)
def test_a_step_budget_that_is_used_up(checkout, sink, tmp_path):
    told = play(checkout, sink, tmp_path, "hive_app.py", "budget", str(tmp_path))
    agrees(told, sink)
    assert sink.run["graph.run.outcome"] == "truncated" and sink.run["failure.class"] == "graph.step_budget"


@each_checkout
@pytest.mark.parametrize("scenario", STREAMS)
def test_a_stream(checkout, sink, tmp_path, scenario):
    version = version_of(checkout)
    if version == "head":
        pytest.skip("streams of graphs are gone")
    told = play(checkout, sink, tmp_path, "hive_app.py", f"stream_{scenario}", str(tmp_path))
    run, nodes = sink.run, sink.nodes
    assert run["gen_ai.agent.id"] == "hello-graph" and run["gen_ai.conversation.id"] == run["graph.run.id"]
    assert sink.failures == [span for span in nodes if span.failed]
    failed = sink.failures
    if scenario in ("auth", "once"):
        (each,) = told["truth"]
        assert failed[0]["error.type"].endswith(each["type"]) and failed[0]["exception.message"] == each["message"]
        assert json.loads(failed[0]["failure.input"]) == {"user_name": "Ann"}
    if scenario == "once":
        assert [span.failed for span in nodes] == [True, False]
        assert failed[0]["failure.disposition"] == "retried" and run["graph.run.outcome"] == "success"
    elif scenario == "auth":
        assert failed[0]["failure.disposition"] == "terminal" and run["graph.run.outcome"] == "failure"
    elif scenario == "stall":
        assert failed[0]["failure.class"] == "loop.stall"
        # v0.9 asks the Queen at that moment, and waits.
        disposition, outcome = ("terminal", "failure") if version == "v0.6" else ("escalated", "cancelled")
        assert failed[0]["failure.disposition"] == disposition and run["graph.run.outcome"] == outcome
        assert "judge" in failed[0]["failure.evidence"] or "escalation" in failed[0]["failure.evidence"]
    elif scenario == "timeout":
        assert [(each["error.type"], each["failure.site"]) for each in failed] == [("TimeoutError", "llm.call")] * 2
    else:
        assert failed == [] and run["graph.run.outcome"] == "success"


@pytest.mark.parametrize("checkout", [each for each in CHECKOUTS if version_of(each) == "head"], ids=version_of)
@pytest.mark.parametrize("scenario", ["ok", "raise", "reports", "result"])
def test_a_worker_of_a_colony(checkout, sink, tmp_path, scenario):
    play(checkout, sink, tmp_path, "hive_worker.py", scenario)
    (attempt,) = sink.nodes
    assert sink.run["gen_ai.agent.id"] == "shipping" and attempt["graph.node.id"] == "worker"
    if scenario == "ok":
        assert sink.failures == [] and sink.run["graph.run.outcome"] == "success"
        return
    (failure,) = sink.failures
    kinds = {"raise": "ConnectionError", "reports": "WorkerFailed", "result": "MaxIterationsReached"}
    assert failure["error.type"] == kinds[scenario]
    assert json.loads(failure["failure.input"]) == {"task": "ship A-17", "order": "A-17"}
    assert sink.run["graph.run.outcome"] == "failure"


def test_ids_are_those_of_the_watcher():
    ids = ids_of(run_key("session_20261129_120000_00000012"))
    assert f"{ids.trace_id:032x}" == "9a1bd3ea253819606caec4a394fbc6b2"
    assert f"{ids.span_id('b#1'):016x}" == "2eb7513418f21b9c"
    assert f"{ids.span_id('run'):016x}" == "60eeef8b253024c1"
    assert run_key("s", "2026-11-29T12:00:00") == "s@2026-11-29T12:00:00"


def test_reasons_are_those_of_the_watcher():
    stalled = reason_of("Node 'A' failed after 0 attempts: Node stalled: 3 similar responses")
    assert stalled == ("Node stalled: similar responses in a row", "NodeStalled", "node.result", "loop.stall")
    assert reason_of("").message == "Hive gave no reason"
    assert reason_of_run("boom").type == "RunFailed"
    assert own_text(
        "b: failed after 2 attempts: HTTP 503; Worker execution ended before terminal nodes completed: ['b']"
    ) == ("HTTP 503")


@each_checkout
def test_a_queen_gets_the_brief_with_the_failure(checkout, sink, tmp_path, monkeypatch):
    service = Service({"markdown": "1 problem: parse raises KeyError"})
    monkeypatch.setenv("FAULTLINE_QUERY_URL", service.url)
    try:
        out = play_text(checkout, sink, tmp_path, "hive_queen.py")
    finally:
        service.close()
    told, other = out.strip().splitlines()[-2:]
    assert "Worker failed." in told and "1 problem: parse raises KeyError" in told and "[FAILURE_HISTORY]" in told
    assert other == "'Another message'"
