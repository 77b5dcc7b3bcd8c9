"""One OTLP/HTTP request.

Not with `requests`: instrumentations of it would make spans of our own sending, and at the end of the process
no thread and no pool may be needed.
"""

from __future__ import annotations

import gzip
import http.client
import ssl
from email.utils import parsedate_to_datetime
from time import time
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from faultline.delivery.environment import Endpoint

_SMALL = 1024
_RETRYABLE = (408, 425, 429, 500, 502, 503, 504)
# A wrong token or path: set right by somebody, some day.
_REFUSED_FOR_NOW = (401, 403, 404, 405, 407)


class SendError(Exception):
    """The receiver did not take a request. `retry_after` in seconds, if it named one."""

    def __init__(self, message: str, is_retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.is_retryable = is_retryable
        self.retry_after = retry_after


class Transport:
    """Sends to one endpoint over one connection that is kept. Not for more than one thread at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes, timeout: float) -> int:
        """How many spans the receiver refused for good. Raises SendError."""
        headers = {"content-type": "application/x-protobuf", "user-agent": "faultline-python", **self._endpoint.headers}
        if self._endpoint.compress and len(body) >= _SMALL:
            body = gzip.compress(body, 1)
            headers["content-encoding"] = "gzip"
        is_kept = self._connection is not None
        try:
            return self._request(body, headers, timeout)
        except (OSError, http.client.HTTPException) as error:
            self.forget()
            # A connection that was kept may have been closed meanwhile.
            if is_kept and isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
                try:
                    return self._request(body, headers, timeout)
                except (OSError, http.client.HTTPException) as again:
                    self.forget()
                    error = again
            raise SendError(str(error) or type(error).__name__, True) from error

    def forget(self) -> None:
        """Closes the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _request(self, body: bytes, headers: dict[str, str], timeout: float) -> int:
        parts = urlsplit(self._endpoint.url)
        if self._connection is None:
            self._connection = self._connect(timeout)
        elif self._connection.sock is not None:
            self._connection.sock.settimeout(timeout)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        answer = response.read(1_000_000)
        if response.status == 200:
            return _refused(answer)
        if response.will_close:
            self.forget()
        raise SendError(
            f"it answered {response.status}",
            response.status in _RETRYABLE or response.status in _REFUSED_FOR_NOW,
            30.0 if response.status in _REFUSED_FOR_NOW else _seconds(response.headers.get("retry-after")),
        )

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        parts = urlsplit(self._endpoint.url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=timeout)
        context = ssl.create_default_context(cafile=self._endpoint.ca)
        if self._endpoint.cert:
            context.load_cert_chain(self._endpoint.cert, self._endpoint.key)
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)


def _refused(answer: bytes) -> int:
    try:
        return ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
    except Exception:
        return 0


def _seconds(retry_after: str | None) -> float | None:
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time()
        except (TypeError, ValueError):
            return None
    return min(300.0, max(0.1, seconds))
