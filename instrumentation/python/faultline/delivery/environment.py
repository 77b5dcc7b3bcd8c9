"""Where the private pipeline sends, read from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from faultline.core.guard import say_once

_DEFAULT_BASE = "http://127.0.0.1:4318"
_MAX_SPOOL_MIB = 65_536
_OFF = re.compile(r"(?:false|0|no|off)\Z", re.I)
_ON = re.compile(r"(?:true|1|yes|on)\Z", re.I)
_LOOPBACK = re.compile(r"(?:127(?:\.\d+){3}|localhost|::1)\Z")


class Endpoint(NamedTuple):
    """Address and means of an OTLP/HTTP endpoint for traces."""

    # The full address, `/v1/traces` included.
    url: str
    headers: Mapping[str, str]
    compress: bool
    # Paths of PEM files for TLS.
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    @property
    def address(self) -> str:
        """The address without user, password and query."""
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}{parts.path}"


def is_disabled(env: Mapping[str, str] = os.environ) -> bool:
    """Whether `OTEL_SDK_DISABLED` or `FAULTLINE_DISABLED` turns everything off."""
    return any(_ON.match(env.get(name, "").strip()) for name in ("OTEL_SDK_DISABLED", "FAULTLINE_DISABLED"))


def replay_of(env: Mapping[str, str] = os.environ) -> str:
    """What `FAULTLINE_REPLAY` says: the process runs a case again and is no part of production; '' if not."""
    return env.get("FAULTLINE_REPLAY", "").strip()


def is_off(value: str) -> bool:
    return _OFF.match(value.strip()) is not None


def exports_through_app(env: Mapping[str, str] = os.environ) -> bool:
    """Whether `FAULTLINE_EXPORT=app` asks that everything goes through the app's own exporter only."""
    given = env.get("FAULTLINE_EXPORT", "").strip().lower() or "own"
    if given not in ("app", "own"):
        say_once("FAULTLINE_EXPORT", f"FAULTLINE_EXPORT must be app or own, got {given!r}")
    return given == "app"


def spool_max_bytes(env: Mapping[str, str] = os.environ) -> int:
    """The bound of the spool in bytes: `FAULTLINE_SPOOL_MAX_MIB`, else 64 MiB."""
    given = env.get("FAULTLINE_SPOOL_MAX_MIB", "").strip() or "64"
    try:
        mib = float(given)
    except ValueError:
        mib = 0
    if not 0 < mib <= _MAX_SPOOL_MIB:
        say_once(
            "FAULTLINE_SPOOL_MAX_MIB",
            f"FAULTLINE_SPOOL_MAX_MIB must be a number up to {_MAX_SPOOL_MIB}, got {given!r}; 64 is used",
        )
        mib = 64
    return int(mib * 1024 * 1024)


def endpoint_of(base: str | None = None, env: Mapping[str, str] = os.environ) -> Endpoint:
    """The endpoint at `base` (a base address), else the one that the environment names:
    `FAULTLINE_OTLP_ENDPOINT` (a base address), else `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (used as it is), else
    `OTEL_EXPORTER_OTLP_ENDPOINT` (a base address), else `http://127.0.0.1:4318`.

    Raises ValueError if the address is no http(s) URL; the message names the variable.
    """
    url = _traces_url(base, "endpoint") if base else _url_from(env)
    compression = _pick(env, "COMPRESSION")
    headers = _headers(env.get("OTEL_EXPORTER_OTLP_HEADERS", ""))
    headers.update(_headers(env.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "")))
    is_local = _LOOPBACK.match(urlsplit(url).hostname or "") is not None
    return Endpoint(
        url=url,
        headers=headers,
        compress=compression == "gzip" if compression else not is_local,
        ca=_pick(env, "CERTIFICATE"),
        cert=_pick(env, "CLIENT_CERTIFICATE"),
        key=_pick(env, "CLIENT_KEY"),
    )


def _url_from(env: Mapping[str, str]) -> str:
    own = env.get("FAULTLINE_OTLP_ENDPOINT", "").strip()
    if own:
        return _traces_url(own, "FAULTLINE_OTLP_ENDPOINT")
    traces = env.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
    if traces:
        return _checked(traces, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    base = env.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    return _traces_url(base or _DEFAULT_BASE, "OTEL_EXPORTER_OTLP_ENDPOINT")


def _traces_url(base: str, name: str) -> str:
    parts = urlsplit(_checked(base, name))
    return parts._replace(path=f"{parts.path.rstrip('/')}/v1/traces").geturl()


def _checked(url: str, name: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError(f"{name} must be an address such as {_DEFAULT_BASE}, got {url!r}")
    return url


def _pick(env: Mapping[str, str], name: str) -> str | None:
    return env.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or env.get(f"OTEL_EXPORTER_OTLP_{name}") or None


def _headers(text: str) -> dict[str, str]:
    """Reads `key=value,key=value` with percent-encoded values, as the OTel specification has it."""
    headers = {}
    for part in text.split(","):
        name, separator, value = part.partition("=")
        if separator and name.strip():
            headers[name.strip().lower()] = unquote(value.strip())
    return headers
