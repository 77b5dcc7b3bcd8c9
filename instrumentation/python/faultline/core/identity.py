"""Which agent a graph belongs to, when the app does not say so in code."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_SERVICE = re.compile(r"(?:^|,)\s*service\.name=([^,]+)")


def agent_id_of(given: str | None, name: str | None, otherwise: str, env: Mapping[str, str] = os.environ) -> str:
    """What is `given`, else `FAULTLINE_AGENT_ID`, else the graph's name if it has one, else the service's name
    (`OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`), else `otherwise`."""
    return given or env.get("FAULTLINE_AGENT_ID") or name or _service(env) or otherwise


def _service(env: Mapping[str, str]) -> str | None:
    own = env.get("OTEL_SERVICE_NAME")
    if own:
        return own
    found = _SERVICE.search(env.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    return found[1].strip() if found else None
