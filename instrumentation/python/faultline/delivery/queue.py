"""The private pipeline's span processor: a queue bounded in bytes, with one request in flight.

A span that must not be lost is encoded and written to the spool as it ends, before the app goes on; it waits in
memory too, or in its file only while memory is full. Any other waits in memory as it is. A span then is in flight,
then gone: taken by the collector, refused for good, or pushed out because there was no room (good attempts first;
counted). A request that failed for now is tried again after a pause; one that is refused for good is halved until
it is known which span of it is refused.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from faultline.core.guard import guarded, note_fault, say_once
from faultline.delivery.encode import Encoder
from faultline.delivery.environment import Endpoint
from faultline.delivery.kept import Kept, as_ended, is_urgent, must_keep
from faultline.delivery.spool import Spool
from faultline.delivery.transport import SendError, Transport
from faultline.semconv import ATTR_FAULTLINE_DROPPED_SPANS

_DELAY_S = 0.2
_TIMEOUT_S = 10.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_ADOPT_EVERY_S = 30.0
_MAX_BATCH = 512
_MAX_BATCH_BYTES = 4 * 1024 * 1024
# Good attempts that wait, about 2 kB each.
_MAX_GOOD = 4096
# About what a span in memory takes besides its bytes.
_OBJECT_BYTES = 256


class SpanQueue(SpanProcessor):
    """Queues ended spans and sends them to one endpoint from a thread of its own. Nothing of it raises but
    `flush`."""

    def __init__(self, endpoint: Endpoint, spool: Spool | None = None, max_bytes: int = 16 * 1024 * 1024) -> None:
        self._endpoint = endpoint
        self._spool = spool
        self._max_bytes = max_bytes
        self._dropped = 0
        self._encode = Encoder()
        self._start_over()

    def _start_over(self) -> None:
        self._lock = threading.Lock()
        # Held while a request is under way.
        self._sending = threading.Lock()
        self._wake = threading.Event()
        self._transport = Transport(self._endpoint)
        self._kept: deque[Kept] = deque()
        self._kept_bytes = 0
        self._good: deque[ReadableSpan] = deque()
        # Of a batch that was refused as a whole, how many spans the next one may have.
        self._batch = _MAX_BATCH
        self._pause_until = 0.0
        self._pause = 0.0
        self._adopt_at = 0.0
        self._quiet_until = 0.0
        self._thread: threading.Thread | None = None
        self._flush_done: threading.Event | None = None
        self._is_closed = False

    @property
    def waiting(self) -> bool:
        """Whether anything waits, in memory or in files."""
        return bool(self._kept or self._good or (self._spool is not None and self._spool.has_unread))

    @property
    def dropped(self) -> int:
        """How many spans were pushed out or refused."""
        return self._dropped

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if self._dropped:
            span.set_attribute(ATTR_FAULTLINE_DROPPED_SPANS, self._dropped)

    def on_end(self, span: ReadableSpan) -> None:
        if self._is_closed:
            return
        try:
            if must_keep(span):
                self._keep(self._encode([span]))
                if is_urgent(span):
                    self._hurry()
            elif len(self._good) >= _MAX_GOOD:
                self._drop(1)
            else:
                self._good.append(span)
        except Exception as error:
            note_fault(error)
        if self._thread is None:
            self._start_thread()

    def keep_provisionally(self, span: ReadableSpan, end_time: int) -> Callable[[], None]:
        """Has the spool keep a span that has not ended yet, for the case that the process dies; what it returns takes
        it back."""
        if self._spool is None:
            return lambda: None
        payload = self._encode([as_ended(span, end_time)])
        with self._lock:
            segment = self._spool.write(payload, True)
        spool = self._spool

        def release() -> None:
            with self._lock:
                if segment is not None:
                    spool.acknowledge(segment)

        return release

    def flush(self, timeout: float = 30.0) -> None:
        """Sends everything that waits. Raises TimeoutError or SendError; the spans stay queued if a later try may
        help."""
        deadline = time.monotonic() + timeout
        refused: SendError | None = None
        if self._adopt_at == 0.0:
            self._adopt()
        while True:
            rest = deadline - time.monotonic()
            # What is under way belongs to what has to be taken.
            if not self._sending.acquire(timeout=max(0.0, rest)):
                raise TimeoutError(f"{self._endpoint.address} did not take all spans within {timeout} s")
            try:
                if not self.waiting:
                    break
                if rest <= 0:
                    raise TimeoutError(f"{self._endpoint.address} did not take all spans within {timeout} s")
                self._send_next(min(rest, _TIMEOUT_S))
            except SendError as error:
                if error.is_retryable:
                    raise
                refused = error
            finally:
                self._sending.release()
        if refused:
            raise refused

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        try:
            self.flush(timeout_millis / 1000)
        except (SendError, TimeoutError):
            return False
        return True

    def shutdown(self) -> None:
        self.force_flush(1_500)
        self.close()

    def close(self) -> None:
        """Takes no more spans. What was not sent stays in the spool."""
        self._is_closed = True
        self._wake.set()
        if self._spool is not None and self._lock.acquire(timeout=0.1):
            try:
                self._spool.close()
            finally:
                self._lock.release()

    def last_call(self, timeout: float) -> None:
        """At the end of the process: sends what it can within so many seconds, unless the collector is known to
        be out of reach."""
        if self._pause == 0.0:
            try:
                self.flush(timeout)
            except (SendError, TimeoutError):
                pass
        self.close()

    def flush_from_signal(self, timeout: float) -> None:
        """As `last_call`, but by the thread of the queue: the calling thread may hold any lock."""
        if not self.waiting or self._thread is None or self._pause > 0.0:
            return
        done = self._flush_done = threading.Event()
        self._wake.set()
        done.wait(timeout)

    def before_fork(self) -> None:
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """What waits is the parent's to send."""
        if self._spool is not None:
            self._spool.forked()
        is_closed = self._is_closed
        self._start_over()
        self._is_closed = is_closed

    def _keep(self, payload: bytes) -> None:
        size = len(payload) + _OBJECT_BYTES
        with self._lock:
            while self._kept_bytes + size > self._max_bytes and self._good:
                self._good.popleft()
                self._drop(1)
            fits = self._kept_bytes + size <= self._max_bytes
            segment = self._spool.write(payload, fits) if self._spool is not None else None
            if fits:
                self._kept.append(Kept(payload, segment))
                self._kept_bytes += size
            elif segment is None:
                self._drop(1)

    def _hurry(self) -> None:
        now = time.monotonic()
        if now >= self._quiet_until and now >= self._pause_until:
            self._quiet_until = now + _DELAY_S
            self._wake.set()

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="faultline", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is ending: the last call sends.
                return
            self._thread = thread

    def _run(self) -> None:
        wake = self._wake
        while not self._is_closed and wake is self._wake:
            wake.wait(_DELAY_S if self.waiting else 5.0)
            wake.clear()
            guarded(self._turn)
            done, self._flush_done = self._flush_done, None
            if done is not None:
                done.set()

    def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._adopt_at:
            self._adopt()
        if now < self._pause_until and self._flush_done is None:
            return
        while self.waiting and not self._is_closed:
            with self._sending:
                try:
                    self._send_next(_TIMEOUT_S)
                except SendError as error:
                    if error.is_retryable:
                        return

    def _adopt(self) -> None:
        self._adopt_at = time.monotonic() + _ADOPT_EVERY_S
        if self._spool is not None:
            with self._lock:
                self._spool.adopt()

    def _send_next(self, timeout: float) -> None:
        kept, good = self._take()
        if not kept and not good:
            return
        try:
            body = b"".join(item.payload for item in kept) + (Encoder()(good) if good else b"")
            refused = self._transport.send(body, timeout)
        except SendError as error:
            self._not_taken(kept, good, error)
            raise
        except Exception as error:
            # What cannot even be encoded is given up, for all that stands behind it.
            note_fault(error)
            self._gone(kept)
            self._drop(len(kept) + len(good))
            return
        self._pause = 0.0
        self._batch = _MAX_BATCH
        self._gone(kept)
        self._drop(refused)

    def _take(self) -> tuple[list[Kept], list[ReadableSpan]]:
        with self._lock:
            if not self._kept:
                self._refill()
            kept: list[Kept] = []
            size = 0
            while self._kept and len(kept) < self._batch and size < _MAX_BATCH_BYTES:
                item = self._kept.popleft()
                size += len(item.payload)
                kept.append(item)
            good: list[ReadableSpan] = []
            while self._good and len(kept) + len(good) < self._batch:
                good.append(self._good.popleft())
            return kept, good

    def _refill(self) -> None:
        """Reads back what lies in files only, when memory has nothing more urgent."""
        size = 0
        while self._spool is not None and size < 1024 * 1024:
            following = self._spool.read_next()
            if following is None:
                return
            segment, payloads = following
            for payload in payloads:
                size += len(payload)
                self._kept.append(Kept(payload, segment))
                self._kept_bytes += len(payload) + _OBJECT_BYTES

    def _not_taken(self, kept: list[Kept], good: list[ReadableSpan], error: SendError) -> None:
        say_once(
            "collector",
            f"the collector at {self._endpoint.address} took no failures ({error}); the agent goes on, and nothing "
            "more is said about this. Is `faultline start` running there?",
        )
        count = len(kept) + len(good)
        if not error.is_retryable and count == 1:
            self._gone(kept)
            self._drop(1)
            return
        with self._lock:
            self._kept.extendleft(reversed(kept))
            self._good.extendleft(reversed(good))
        if error.is_retryable:
            self._pause = error.retry_after or min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, self._pause * 2))
            self._pause_until = time.monotonic() + self._pause
        else:
            self._batch = max(1, count // 2)

    def _gone(self, kept: list[Kept]) -> None:
        """The collector has them, or never will."""
        with self._lock:
            for item in kept:
                self._kept_bytes -= len(item.payload) + _OBJECT_BYTES
                if item.segment is not None and self._spool is not None:
                    self._spool.acknowledge(item.segment)

    def _drop(self, count: int) -> None:
        if count == 0:
            return
        self._dropped += count
        say_once(
            "dropped",
            "had to drop spans, because too many failed at once or the collector refuses them; how many is counted by "
            f"the attribute {ATTR_FAULTLINE_DROPPED_SPANS} of the spans that follow",
        )
