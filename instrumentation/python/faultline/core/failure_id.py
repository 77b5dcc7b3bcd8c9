"""The id under which the collector stores a failure."""

import hashlib
import uuid


def failure_id(trace_id: int, span_id: int) -> str:
    """A UUID of version 8 (RFC 9562) from the first 16 bytes of SHA-256 over the ids' bytes."""
    digest = bytearray(hashlib.sha256(trace_id.to_bytes(16, "big") + span_id.to_bytes(8, "big")).digest()[:16])
    digest[6] = 0x80 | (digest[6] & 0x0F)
    digest[8] = 0x80 | (digest[8] & 0x3F)
    return str(uuid.UUID(bytes=bytes(digest)))
