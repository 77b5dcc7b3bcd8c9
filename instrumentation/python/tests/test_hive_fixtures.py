"""What real Hive emitted through this package, recorded by `test_hive.py`: every span has what the wire contract asks."""

from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from receiver import Receiver

from faultline import semconv

FIXTURES = sorted((Path(__file__).parents[3] / "test/fixtures/hive-python").glob("*.bin"))
ALWAYS = (
    semconv.ATTR_GEN_AI_AGENT_ID,
    semconv.ATTR_GRAPH_ID,
    semconv.ATTR_GRAPH_RUN_ID,
    semconv.ATTR_GRAPH_SNAPSHOT_REF,
)
FAILED = (
    semconv.ATTR_ERROR_TYPE,
    semconv.ATTR_EXCEPTION_MESSAGE,
    semconv.ATTR_EXCEPTION_STACKTRACE,
    semconv.ATTR_FAILURE_SITE,
    semconv.ATTR_FAILURE_STATE,
)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_recorded_run(path):
    receiver = Receiver()
    receiver.take(ExportTraceServiceRequest.FromString(path.read_bytes()))
    receiver.close()
    assert receiver.run["graph.run.outcome"] in semconv.GRAPH_RUN_OUTCOME_VALUES
    for span in receiver.spans:
        assert all(span.get(name) for name in ALWAYS)
    for span in receiver.failures:
        assert all(span.get(name) for name in FAILED)
        assert span["failure.disposition"] in semconv.FAILURE_DISPOSITION_VALUES if span in receiver.nodes else True
    for span in receiver.nodes:
        if span.failed:
            assert span["failure.input"] != "{}" and len(span["failure.input.digest"]) == 64
