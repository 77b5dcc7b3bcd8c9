"""The table that executors in all languages share, see `test/vectors/`."""

import hashlib
import json
from pathlib import Path

import pytest

from faultline.core.failure_id import failure_id
from faultline.core.snapshot import snapshot_of
from faultline.redaction import redact
from faultline.redaction.json_text import canonical_json, to_plain
from faultline.redaction.redact import redacted_json

VECTORS = json.loads((Path(__file__).parents[3] / "test/vectors/vectors.json").read_text("utf-8"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("case", VECTORS["canonical"], ids=lambda case: case["source"][:20])
def test_canonical_json(case):
    value = json.loads(case["source"])
    assert canonical_json(value) == case["json"]
    assert canonical_json(to_plain(value)) == case["json"]
    assert digest(case["json"]) == case["digest"]


@pytest.mark.parametrize("case", VECTORS["snapshots"], ids=lambda case: case["source"][:20])
def test_snapshot(case):
    snapshot = snapshot_of(json.loads(case["source"]))
    assert (snapshot.ref, snapshot.body) == (case["ref"], case["body"])


@pytest.mark.parametrize("case", VECTORS["redaction"], ids=lambda case: "".join(case["text"])[:12])
def test_redaction_of_text(case):
    value, counts = redact("".join(case["text"]))
    assert value == "".join(case["result"])
    assert counts == case["counts"]


@pytest.mark.parametrize("case", VECTORS["redaction"], ids=lambda case: "".join(case["text"])[:12])
def test_redaction_of_a_walk_misses_nothing(case):
    counts = {}
    text = redacted_json({"note": "".join(case["text"])}, counts)
    assert json.loads(text) == {"note": "".join(case["result"])}
    assert counts == case["counts"]


@pytest.mark.parametrize("case", VECTORS["members"], ids=lambda case: "".join(case["json"])[:20])
def test_redaction_of_a_value(case):
    counts = {}
    text = redacted_json(json.loads("".join(case["value"])), counts)
    assert text == "".join(case["json"])
    assert counts == case["counts"]
    assert digest(text) == case["digest"]


@pytest.mark.parametrize("case", VECTORS["failure_ids"])
def test_failure_id(case):
    assert failure_id(int(case["trace_id"], 16), int(case["span_id"], 16)) == case["failure_id"]
