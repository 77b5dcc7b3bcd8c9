"""What a node costs the thread that runs it, beside a bare span of OpenTelemetry's SDK: `python tests/bench.py`.

The median of 2,000 calls, and the fastest twentieth: what neighbours on a shared core cost is in the first one. The
receiver answers at once, in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

CALLS = 2000


def serve(pipe) -> None:
    from receiver import Receiver

    class Forgetful(Receiver):
        def take(self, request) -> None:
            self.bodies.clear()

    pipe.send(Forgetful().url)
    time.sleep(600)


def times_us(work: Callable[[], None], calls: int) -> list[float]:
    """Microseconds of each call on the calling thread, as CPU time of that thread, the shortest first."""
    times = []
    for _ in range(calls):
        started = time.thread_time_ns()
        work()
        times.append((time.thread_time_ns() - started) / 1000)
    return sorted(times)


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
        names = {"bare span of the SDK": bare, "good node": lambda: good(given), "failing node, 4 kB": failing}
        for work in names.values():
            times_us(work, 200)
        times = {name: times_us(work, CALLS) for name, work in names.items()}
    medians, fastest = ({name: each[len(each) // part] for name, each in times.items()} for part in (2, 20))
    _, good_more, failing_more = (medians[name] - medians["bare span of the SDK"] for name in names)
    for name in names:
        more = [f"{each[name]:6.1f} us, {each[name] - each['bare span of the SDK']:6.1f} more" for each in (medians, fastest)]
        print(f"{name:22} median {more[0]}   fastest twentieth {more[1]}")
    print("aim: 60 more, 600 more")
    process.kill()
    if good_more > 60 or failing_more > 600:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
