"""What a node costs the thread that runs it, beside a bare span of OpenTelemetry's SDK: `python tests/bench.py`.

Median of rounds; the receiver answers at once, in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

ROUNDS, CALLS = 15, 200


def serve(pipe) -> None:
    from receiver import Receiver

    class Forgetful(Receiver):
        def take(self, request) -> None:
            self.bodies.clear()

    pipe.send(Forgetful().url)
    time.sleep(600)


def median_us(work: Callable[[], None], calls: int = CALLS) -> float:
    """Microseconds of one call on the calling thread, as CPU time of that thread."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.thread_time_ns()
        for _ in range(calls):
            work()
        rounds.append((time.thread_time_ns() - started) / calls / 1000)
    return statistics.median(rounds)


def main() -> None:
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = here.recv()
    os.environ["FAULTLINE_SPOOL_DIR"] = tempfile.mkdtemp()

    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    import faultline

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("bench")
    lines = [{"sku": f"A-{n}", "count": n, "price": n * 1.25, "text": "a line of an order of ours"} for n in range(55)]
    given = {"order": "A-17", "customer": "Ann", "lines": lines}

    def bare() -> None:
        with tracer.start_as_current_span("node"):
            pass

    @faultline.node
    def good(order):
        return None

    @faultline.node(max_attempts=1)
    def bad(order):
        raise ValueError("no total")

    def failing() -> None:
        try:
            bad(given)
        except ValueError:
            pass

    with faultline.run({"id": "bench"}, agent_id="bench"):
        for work in (bare, lambda: good(given), failing):
            median_us(work, 20)
        bare_us = median_us(bare)
        good_us = median_us(lambda: good(given))
        failing_us = median_us(failing, 50)
    print(f"bare span of the SDK   {bare_us:7.1f} us")
    print(f"good node              {good_us:7.1f} us, {good_us - bare_us:.1f} more (at most 60)")
    print(f"failing node, 4 kB     {failing_us:7.1f} us, {failing_us - bare_us:.1f} more (at most 600)")
    process.kill()
    if good_us - bare_us > 60 or failing_us - bare_us > 600:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
