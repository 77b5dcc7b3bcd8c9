"""Fails on purpose and then ends in the way it is told. What it has recorded it writes to a file, a session a line,
after the failure is recorded and before anything else happens."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import faultline

WAY, SESSIONS, FAILURES = sys.argv[1], sys.argv[2], int(sys.argv[3])
log = os.open(os.environ["CRASH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
GRAPH = {"id": "crash", "nodes": [{"id": "work"}], "edges": []}
made = 0


@faultline.node(max_attempts=1)
def work(order, text):
    raise TypeError("order has no total")


def fail(prefix: str = SESSIONS) -> None:
    global made
    made += 1
    session = f"{prefix}-{made}"
    try:
        with faultline.run(GRAPH, agent_id=os.environ["CRASH_AGENT"], session_id=session):
            work(made, "x" * 500)
    except TypeError:
        pass
    os.write(log, f"{session}\n".encode())


def fail_all(prefix: str = SESSIONS) -> None:
    for _ in range(FAILURES):
        fail(prefix)


def in_child(end) -> None:
    child = os.fork()
    if child == 0:
        fail_all(f"{SESSIONS}-child")
        end()
    fail_all()
    os.waitpid(child, 0)


if WAY == "idle":
    with faultline.run(GRAPH, agent_id=os.environ["CRASH_AGENT"], session_id="idle"):
        time.sleep(1.5)
elif WAY == "natural":
    fail_all()
elif WAY == "raise":
    fail_all()
    raise RuntimeError("nobody caught this")
elif WAY == "exit":
    fail_all()
    sys.exit(3)
elif WAY == "os_exit":
    fail_all()
    os._exit(4)
elif WAY == "thread":
    thread = threading.Thread(target=fail_all, args=(f"{SESSIONS}-thread",))
    thread.start()
    fail_all()
    thread.join()
elif WAY == "fork":
    in_child(lambda: sys.exit(0))
elif WAY == "fork_os_exit":
    in_child(lambda: os._exit(0))
elif WAY == "signal":
    fail_all()
    print("ready", flush=True)
    while True:
        fail()
elif WAY == "handler":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
    fail_all()
    print("ready", flush=True)
    while True:
        fail()
elif WAY == "steady":
    fail_all()
    print("ready", flush=True)
    sys.stdin.read()
    fail_all()
