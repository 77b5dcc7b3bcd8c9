"""From a program that knows nothing of us to `faultline brief`, against a real `faultline start`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CLI = ROOT / "dist/deploy/cli/faultline.js"
APPS = Path(__file__).parent / "apps"
SCRIPTS = Path(sysconfig.get_path("scripts"))

pytestmark = pytest.mark.skipif(not CLI.exists(), reason="faultline itself is not built")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on free ports, with its addresses."""
    ports = ["--otlp-http-port", "--otlp-grpc-port", "--query-port", "--embedded-port"]
    process = subprocess.Popen(
        ["node", CLI, "start", "--data-dir", tmp_path_factory.mktemp("data"), "--log-format", "json"]
        + [word for port in ports for word in (port, "0")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            entry = json.loads(line)
            if entry["msg"] == "ready":
                yield entry
                break
        else:
            pytest.fail(f"the server did not start: {lines}")
    finally:
        process.terminate()
        process.wait(30)


def faultline(server, *arguments):
    done = subprocess.run(
        ["node", CLI, *arguments, "--url", server["query"]], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def failures_of(server, agent):
    """Once they are stored, which is after the collector has taken them."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        items = json.loads(faultline(server, "recent", "--agent", agent, "--json"))["items"]
        if items:
            return items
    pytest.fail(f"no failures of {agent}")


def run(server, spool, *command, **env):
    return subprocess.run(
        [str(word) for word in command],
        env={
            **os.environ,
            "OTEL_EXPORTER_OTLP_ENDPOINT": server["otlpHttp"],
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "FAULTLINE_SPOOL_DIR": str(spool),
            "PYTHONWARNINGS": "ignore",
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("how", ["opentelemetry-instrument", "python -m faultline"])
def test_langgraph_to_a_brief(server, tmp_path, how):
    pytest.importorskip("langgraph")
    agent = f"orders-{len(how)}"
    starter = [SCRIPTS / "opentelemetry-instrument", sys.executable]
    if how != "opentelemetry-instrument":
        starter = [sys.executable, "-m", "faultline"]
    done = run(server, tmp_path, *starter, APPS / "langgraph_app.py", FAULTLINE_AGENT_ID=agent)
    assert done.returncode == 1 and "KeyError: 'total'" in done.stderr, done.stderr
    (failure,) = failures_of(server, agent)
    brief = faultline(server, "brief", "--agent", agent)
    assert "parse" in brief and "KeyError" in brief and "A-17" in brief
    assert failure["node_id"] == "parse" and failure["error_type"] == "KeyError"
    assert failure["disposition"] == "terminal" and failure["level"] == "node"
    shown = json.loads(faultline(server, "show", failure["failure_id"], "--json"))
    assert json.loads(shown["input_context"])["order"] == "A-17"
    assert shown["graph_snapshot_ref"].startswith("sha256:")
    statement = f"SELECT outcome FROM graph_runs FINAL WHERE agent_id = '{agent}'"
    assert "failure" in faultline(server, "sql", statement)


def test_anything_else_to_an_evolution(server, tmp_path):
    done = run(server, tmp_path, sys.executable, APPS / "plain_app.py")
    assert done.returncode == 0, done.stderr
    (failure,) = failures_of(server, "plain")
    assert failure["node_id"] == "parse"
    assert "validate the total" in faultline(server, "evolutions", "--agent", "plain")


HIVE = [Path(each) for each in os.environ.get("FAULTLINE_HIVE", "").split(":") if each]


@pytest.mark.skipif(not HIVE, reason="FAULTLINE_HIVE names no checkout of Hive")
def test_hive_to_a_brief_and_an_evolution(server, tmp_path):
    def play(scenario, number):
        folder = tmp_path / str(number)
        return run(
            server,
            tmp_path / "spool",
            SCRIPTS / "opentelemetry-instrument",
            sys.executable,
            APPS / "hive_app.py",
            scenario,
            folder,
            PYTHONPATH=f"{HIVE[0] / 'core'}:{HIVE[0] / 'tools/src'}",
            HOME=str(tmp_path),
            FAULTLINE_AGENT_ID=f"hive-{scenario}",
            FAULTLINE_QUERY_URL=server["query"],
        )

    done = play("raise", 1)
    assert '"KeyError"' in done.stdout, done.stderr
    (failure,) = failures_of(server, "hive-raise")
    assert failure["node_id"] == "parse" and failure["disposition"] == "terminal"
    brief = faultline(server, "brief", "--agent", "hive-raise")
    assert "parse" in brief and "KeyError" in brief
    faultline(server, "record-evolution", "--agent", "hive-raise", "--resolution", "check the total first")
    assert "check the total first" in faultline(server, "evolutions", "--agent", "hive-raise")

    play("counts", 2)
    assert len(failures_of(server, "hive-counts")) == 3
    told = json.loads(play("counts", 3).stdout.strip().splitlines()[-1])
    # The next process begins with what is stored.
    assert told["truth"][0]["seen"] == [3, True]
