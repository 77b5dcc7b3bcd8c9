"""What a failed attempt or run says about itself: exception, input, state and evidence as attributes, redacted
first and cut to their limits last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from faultline.core.exception import describe_exception
from faultline.core.guard import note_fault
from faultline.redaction.canonical import cut_to_bytes, valid_text
from faultline.redaction.json_text import canonical_json, to_plain
from faultline.redaction.redact import (
    Redactions,
    Redactor,
    add_counts,
    looks_like_json,
    redact,
    redact_names,
    redact_text,
    redacted_json,
)
from faultline.semconv import (
    ATTR_ERROR_TYPE,
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACKTRACE,
    ATTR_EXCEPTION_TYPE,
    ATTR_FAILURE_EVIDENCE,
    ATTR_FAILURE_INPUT,
    ATTR_FAILURE_INPUT_DIGEST,
    ATTR_FAILURE_REDACTIONS,
    ATTR_FAILURE_STATE,
    ATTR_FAILURE_TRUNCATED,
    MAX_BYTES,
)

_STATUS_MESSAGE_BYTES = 1024
_UNSET: Any = object()


class Details(NamedTuple):
    """What is known about a failure beyond its exception. Input and evidence may be functions that give them:
    they are called only for a failure."""

    input: Any = _UNSET
    evidence: Any = None
    # Parts of the evidence of which the start is enough: key → (value, bytes).
    excerpts: Mapping[str, tuple[Any, int]] | None = None
    site: str | None = None
    failure_class: str | None = None
    severity: str | None = None
    condition: str | None = None


NO_DETAILS = Details()


class FailureFacts(NamedTuple):
    """Attributes of a failure, and its redacted message, at most 1 KiB, for the span's status."""

    attributes: dict[str, Any]
    message: str

    @property
    def exception_event(self) -> dict[str, Any]:
        """The exception as other backends expect it in an event."""
        names = (ATTR_EXCEPTION_TYPE, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE)
        return {name: self.attributes[name] for name in names if name in self.attributes}


def failure_facts(error: Any, details: Details, state: Any, redactor: Redactor) -> FailureFacts:
    """The attributes of a failure. The input is hashed whole after redaction and then cut, so equal inputs have
    equal digests however long they are."""
    collected = _Collected(redactor)
    facts = describe_exception(error)
    name = collected.text(ATTR_EXCEPTION_TYPE, facts.type)
    if facts.error_type == facts.type and name:
        collected.attributes[ATTR_ERROR_TYPE] = name
    else:
        collected.text(ATTR_ERROR_TYPE, facts.error_type)
    message = collected.text(ATTR_EXCEPTION_MESSAGE, facts.message)
    collected.text(ATTR_EXCEPTION_STACKTRACE, facts.stack)
    if details.input is not _UNSET:
        collected.json(ATTR_FAILURE_INPUT, details.input, ATTR_FAILURE_INPUT_DIGEST)
    if state is not None:
        collected.state(state)
    collected.evidence(details, facts.causes)
    return FailureFacts(collected.finish(), cut_to_bytes(message, _STATUS_MESSAGE_BYTES))


def redacted_message(error: Any, redactor: Redactor) -> str:
    """The redacted message of an error that another span reports in full, for a status."""
    collected = _Collected(redactor)
    text = collected.text(ATTR_EXCEPTION_MESSAGE, describe_exception(error).message)
    return cut_to_bytes(text, _STATUS_MESSAGE_BYTES)


class _Collected:
    """Collects attributes, counting what was removed and naming what was cut."""

    def __init__(self, redactor: Redactor) -> None:
        self.attributes: dict[str, Any] = {}
        self._redactor = redactor
        self._redactions: Redactions = {}
        self._truncated: list[str] = []

    def text(self, name: str, value: str) -> str:
        """Adds a text; if redaction fails the attribute is dropped and named as cut."""
        limit = MAX_BYTES.get(name, 1 << 30)
        value = valid_text(value)
        if self._redactor is redact:
            # What follows in a long text is not looked at, unless JSON may hide it.
            bound = None if looks_like_json(value) else limit
            if bound is not None and len(value) > bound:
                self._cut(name)
            redacted = self._safely(name, lambda counts: redact_text(value, counts, bound))
        else:
            redacted = self._redacted(name, value)
        if redacted is None:
            return ""
        return self._put(name, redacted if isinstance(redacted, str) else canonical_json(redacted))

    def json(self, name: str, value: Any, digest: str | None = None) -> None:
        """Adds a value as JSON, and the digest of its whole text if `digest` names an attribute."""
        text = self._safely(name, lambda counts: self._json_text(name, value, counts))
        if text is None:
            return
        if digest:
            self.attributes[digest] = hashlib.sha256(text.encode("utf-8")).hexdigest()
        self._put(name, text)

    def state(self, state: dict[str, Any]) -> None:
        """The state of a run is plain already, and its path repeats few names."""
        if self._redactor is not redact:
            self.json(ATTR_FAILURE_STATE, state)
            return
        names = {name for part in state.values() if not isinstance(part, int) for name in part}
        text = self._safely(ATTR_FAILURE_STATE, lambda counts: redact_names(state, names, counts))
        if text is not None:
            self._put(ATTR_FAILURE_STATE, text)

    def evidence(self, details: Details, causes: list[dict[str, str]]) -> None:
        given = _value_of(details.evidence)
        evidence = dict(given) if isinstance(given, Mapping) else {"note": given} if given is not None else {}
        for key, (value, limit) in (details.excerpts or {}).items():
            part = self._excerpt(key, value)
            if part is not None:
                evidence[key] = json.loads(part) if len(part) <= limit else cut_to_bytes(part, limit)
                if len(part) > limit:
                    self._cut(ATTR_FAILURE_EVIDENCE)
        if causes:
            evidence["causes"] = causes
        if evidence:
            self.json(ATTR_FAILURE_EVIDENCE, evidence)

    def _excerpt(self, key: str, value: Any) -> str | None:
        name = ATTR_FAILURE_EVIDENCE
        return self._safely(name, lambda counts: self._json_text(name, value, counts, key))

    def finish(self) -> dict[str, Any]:
        if self._redactions:
            self._put(ATTR_FAILURE_REDACTIONS, canonical_json(self._redactions))
        if self._truncated:
            self.attributes[ATTR_FAILURE_TRUNCATED] = self._truncated
        return self.attributes

    def _json_text(self, name: str, value: Any, counts: Redactions, *keys: str) -> str:
        if self._redactor is redact:
            return redacted_json(_value_of(value), counts)
        redacted, found = self._redactor(to_plain(_value_of(value)), (_field_of(name), *keys))
        add_counts(counts, found)
        return canonical_json(redacted)

    def _redacted(self, name: str, value: Any) -> Any:
        def work(counts: Redactions) -> Any:
            redacted, found = self._redactor(value, (_field_of(name),))
            add_counts(counts, found)
            return redacted

        return self._safely(name, work)

    def _safely(self, name: str, work: Callable[[Redactions], Any]) -> Any:
        counts: Redactions = {}
        try:
            result = work(counts)
        except Exception as error:
            # Fail closed: no redaction, no field.
            note_fault(error)
            add_counts(self._redactions, {"redaction_failed": 1})
            self._cut(name)
            return None
        add_counts(self._redactions, counts)
        return result

    def _put(self, name: str, text: str) -> str:
        limit = MAX_BYTES.get(name)
        cut = text if limit is None else cut_to_bytes(text, limit)
        if len(cut) < len(text):
            self._cut(name)
        self.attributes[name] = cut
        return cut

    def _cut(self, name: str) -> None:
        if name not in self._truncated:
            self._truncated.append(name)


def _value_of(given: Any) -> Any:
    """A function that gives the value is called now; nothing else is."""
    return given() if isinstance(given, Lazy) else given


class Lazy:
    """A value that is read only for a failure."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read

    def __call__(self) -> Any:
        return self._read()


def _field_of(name: str) -> str:
    """`input` of `failure.input`: how a redactor's paths begin."""
    return name.rpartition(".")[2]
