"""The rows of the crash table: ways in which a process ends, or its receiver goes away. `python -m tests.crash` prints it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from receiver import Receiver  # noqa: E402

APP = Path(__file__).parent / "apps/crash_app.py"
FAILURES = 100


class Outcome(NamedTuple):
    """Failures by their sessions."""

    recorded: int
    # Before a next process of the service started.
    at_once: int
    arrived: int
    lost: int
    # Of one failure under two ids.
    doubled: int
    # Sent more than once under one id, which is stored once.
    resent: int
    runs_lost: int


class World:
    """A service with a spool, and where it sends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.log.touch()
        self.receiver = Receiver()
        self.agent = f"crash-{random.randrange(10**9)}"

    def start(self, way: str, failures: int = FAILURES) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, APP, way, f"s{random.randrange(10**9)}", str(failures)],
            env={
                **os.environ,
                "CRASH_LOG": str(self.log),
                "CRASH_AGENT": self.agent,
                "OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.url,
                "OTEL_SERVICE_NAME": "crash",
                "FAULTLINE_SPOOL_DIR": str(self.folder / "spool"),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def recorded(self) -> list[str]:
        return self.log.read_text().split()

    def arrived(self) -> Counter[str]:
        """Ids of failed nodes by session."""
        return Counter(
            span["gen_ai.conversation.id"] for span in {span.span_id: span for span in self.failed()}.values()
        )

    def failed(self) -> list[Any]:
        return [span for span in list(self.receiver.spans) if span.failed and span.name.startswith("execute_node")]

    def outcome(self) -> Outcome:
        at_once = len(self.arrived())
        idle = self.start("idle", 0)
        idle.wait(60)
        recorded, arrived = self.recorded(), self.arrived()
        runs = {span["gen_ai.conversation.id"] for span in self.receiver.spans if span.name.startswith("start_graph")}
        failed = self.failed()
        return Outcome(
            recorded=len(recorded),
            at_once=at_once,
            arrived=sum(session in arrived for session in recorded),
            lost=sum(session not in arrived for session in recorded),
            doubled=sum(count - 1 for count in arrived.values()),
            resent=len(failed) - len({span.span_id for span in failed}),
            runs_lost=sum(session not in runs for session in recorded),
        )

    def close(self) -> None:
        self.receiver.close()


def ends(way: str, code: int):
    def row(world: World) -> Outcome:
        process = world.start(way)
        _out, err = process.communicate(timeout=60)
        assert process.returncode == code, (process.returncode, err)
        return world.outcome()

    return row


def killed(number: signal.Signals, way: str = "signal", code: int | None = None):
    def row(world: World) -> Outcome:
        process = world.start(way)
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        # In the middle of its work, with some failures sent and some not.
        enough = len(world.recorded()) + random.randrange(200)
        while len(world.recorded()) < enough:
            time.sleep(0.001)
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == (-number if code is None else code), process.returncode
        return world.outcome()

    return row


def away(number: signal.Signals | None):
    """The receiver refuses for a while; the process is killed meanwhile, or goes on."""

    def row(world: World) -> Outcome:
        world.receiver.status = 503
        process = world.start("steady")
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        if number is not None:
            process.send_signal(number)
            process.communicate(timeout=60)
            world.receiver.status = 200
        else:
            world.receiver.status = 200
            process.communicate("go on", timeout=60)
            assert process.returncode == 0
        return world.outcome()

    return row


ROWS = {
    "natural exit": ends("natural", 0),
    "exception that nobody caught": ends("raise", 1),
    "sys.exit": ends("exit", 3),
    "os._exit": ends("os_exit", 4),
    "threads": ends("thread", 0),
    "fork, the child ends": ends("fork", 0),
    "fork, the child ends by os._exit": ends("fork_os_exit", 0),
    "SIGTERM": killed(signal.SIGTERM),
    "SIGTERM with a handler of the app": killed(signal.SIGTERM, "handler", 5),
    "SIGKILL": killed(signal.SIGKILL),
    "receiver away for a while": away(None),
    "SIGKILL while the receiver is away": away(signal.SIGKILL),
}


def main() -> None:
    print("| | " + " | ".join(name.replace("_", " ") for name in Outcome._fields) + " |")
    print("|---|" + "---|" * len(Outcome._fields))
    for name, row in ROWS.items():
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            try:
                outcome = row(world)
            finally:
                world.close()
        print(f"| {name} | " + " | ".join(f"{count:,}" for count in outcome) + " |", flush=True)


if __name__ == "__main__":
    main()
