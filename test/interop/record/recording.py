"""Records what a framework's spans are: one OTLP request (protobuf, gzip) for each scenario."""
import asyncio
import gzip
import inspect
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

import model_server
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

os.environ["OPENAI_API_KEY"] = "sk-none"
os.environ["OPENAI_BASE_URL"] = os.environ["OPENAI_API_BASE"] = MODEL_URL = model_server.start()

class Ledger(Exception):
    """The app's own error."""

class LedgerError(Ledger):
    pass

# Where things lie on the machine that records, and what stands there instead.
_PLACES = {sys.prefix: "/app/.venv", sys.base_prefix: "/usr", str(Path(__file__).parent): "/app"}
_memory = InMemorySpanExporter()
_folder = Path(os.environ.get("RECORDINGS", Path(__file__).parent.parent / "recorded"))


def provider(service: str) -> TracerProvider:
    made = TracerProvider(resource=Resource({"service.name": service, "service.version": "1.4.0"}))
    made.add_span_processor(SimpleSpanProcessor(_memory))
    trace.set_tracer_provider(made)
    return made


def record(framework: str, packages: list[str], scenarios: list) -> None:
    """Runs each scenario, whatever it raises, and writes its spans."""
    _folder.mkdir(parents=True, exist_ok=True)
    only = sys.argv[1:]
    for scenario in scenarios:
        if only and scenario.__name__ not in only:
            continue
        _memory.clear()
        try:
            result = scenario()
            if inspect.isawaitable(result):
                asyncio.run(_awaited(result))
        except BaseException as error:
            print(f"{framework} {scenario.__name__}: {type(error).__name__}: {str(error)[:100]}")
        trace.get_tracer_provider().force_flush()
        spans = _memory.get_finished_spans()
        request = encode_spans(spans)
        _hide_places(request)
        body = request.SerializeToString()
        path = _folder / f"{framework}-{scenario.__name__.replace('_', '-')}.otlp.gz"
        path.write_bytes(gzip.compress(body, 9, mtime=0))
        print(f"{path.name}: {len(spans)} spans")
    (_folder / f"{framework}.versions.json").write_text(
        json.dumps({name: version(name) for name in packages}, indent=2) + "\n"
    )


async def _awaited(result):
    return await result


def _hide_places(message) -> None:
    for field, value in message.ListFields():
        if field.message_type is None:
            if field.type == field.TYPE_STRING and not field.is_repeated:
                for place, name in _PLACES.items():
                    value = value.replace(place, name)
                setattr(message, field.name, value)
        else:
            for each in value if field.is_repeated else [value]:
                _hide_places(each)
