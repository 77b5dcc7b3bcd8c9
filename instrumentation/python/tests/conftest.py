from __future__ import annotations

import pytest
from receiver import Receiver

import faultline
from faultline.delivery.pipeline import set_default


@pytest.fixture
def receiver(monkeypatch, tmp_path):
    """A receiver to which the process's own pipeline sends, with a spool of its own."""
    monkeypatch.setenv("FAULTLINE_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("OTEL_SERVICE_NAME", "tests")
    started = Receiver()
    pipeline = faultline.Pipeline(started.url)
    set_default(pipeline)
    started.pipeline = pipeline
    started.flush = pipeline.flush
    yield started
    set_default(None)
    pipeline.queue.close()
    started.close()
