"""Nodes of any executor: `with run.node(...)` and `@faultline.node`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar, overload

from faultline.conditions.checks import Checks
from faultline.core.attempt import NodeAttempt
from faultline.core.cancel import is_cancel
from faultline.core.failure import Details, Lazy
from faultline.core.guard import guarded
from faultline.core.place import Place, current_place
from faultline.semconv import FAILURE_DISPOSITION_VALUES

F = TypeVar("F", bound=Callable[..., Any])
MISSING: Any = object()


class node_block:
    """One attempt of a node as a block; made by `run.node`."""

    def __init__(
        self,
        node_id: str,
        input: Any = MISSING,
        *,
        place: Place | None = None,
        name: str | None = None,
        type: str | None = None,
        attempt: int | None = None,
        max_attempts: int | None = None,
        visit: int | None = None,
        disposition: str | Callable[[BaseException], str | None] | None = None,
        conditions: Iterable[Any] = (),
    ) -> None:
        _check_options(node_id, max_attempts, disposition)
        self._node_id = str(node_id)
        self._input = input
        self._given = place
        self._start = {
            "name": name,
            "node_type": type,
            "attempt": attempt,
            "max_attempts": max_attempts,
            "visit": visit,
        }
        self._disposition = disposition
        self._conditions = tuple(conditions)
        self._output: Any = MISSING
        self._attempt: NodeAttempt | None = None
        self._around: Place | None = None
        self._token: Any = None

    @property
    def attempt(self) -> int:
        """Which try this is, from 1; 0 if it is not recorded."""
        return self._attempt.attempt if self._attempt else 0

    def output(self, value: Any) -> Any:
        """What the node returned, for its conditions. Returns it."""
        self._output = value
        return value

    def __enter__(self) -> node_block:
        guarded(self._begin)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._attempt is not None:
            guarded(self._end, error)

    async def __aenter__(self) -> node_block:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _begin(self) -> None:
        place = current_place.get()
        if self._given is not None and (place is None or place.run is not self._given.run):
            place = self._given
        if place is None:
            return
        self._around = place
        self._attempt = place.run.attempt(self._node_id, inside=place.inside, **self._start)
        self._token = current_place.set(place._replace(inside=self._attempt))

    def _end(self, error: BaseException | None) -> None:
        attempt, place = self._attempt, self._around
        if attempt is None or place is None:
            return
        try:
            current_place.reset(self._token)
        except ValueError:
            # A generator may be closed in another context than it began in.
            pass
        if error is None:
            checks = place.checks
            if self._output is not MISSING and (self._conditions or checks):
                checks = checks or Checks.of(None, place.run.agent_id)
                given = None if self._input is MISSING else self._input
                if checks.of_node(attempt, given, self._output, self._conditions):
                    return
            attempt.succeed()
        elif is_cancel(error):
            attempt.stop()
        else:
            details = Details() if self._input is MISSING else Details(input=self._input)
            attempt.fail(error, details, self._what_next(attempt, error))

    def _what_next(self, attempt: NodeAttempt, error: BaseException) -> str | None:
        if callable(self._disposition):
            named = guarded(self._disposition, error)
            return named if named in FAILURE_DISPOSITION_VALUES else None
        if self._disposition:
            return self._disposition
        if attempt.max_attempts is None:
            return None
        return "retried" if attempt.attempt < attempt.max_attempts else "terminal"


def _check_options(node_id: Any, max_attempts: Any, disposition: Any) -> None:
    if not isinstance(node_id, str) or node_id == "":
        raise ValueError(f"node: the id must be a text that is not empty, got {type(node_id).__name__}")
    if max_attempts is not None and (not isinstance(max_attempts, int) or max_attempts < 1):
        raise ValueError(f"node {node_id}: max_attempts must be a whole number from 1, got {max_attempts!r}")
    if disposition is not None and not callable(disposition) and disposition not in FAILURE_DISPOSITION_VALUES:
        allowed = ", ".join(FAILURE_DISPOSITION_VALUES)
        raise ValueError(f"node {node_id}: disposition must be one of {allowed} or a function, got {disposition!r}")


@overload
def node(function: F, /) -> F: ...
@overload
def node(
    node_id: str | None = None,
    /,
    *,
    name: str | None = None,
    type: str | None = None,
    max_attempts: int | None = None,
    disposition: str | Callable[[BaseException], str | None] | None = None,
    conditions: Iterable[Any] = (),
) -> Callable[[F], F]: ...
def node(function: Any = None, /, **options: Any) -> Any:
    """Makes each call of a function inside a run one attempt of a node; a call outside of any run goes through
    unrecorded. What it returns and raises stays the same; functions, coroutines and generators of both kinds.

    `node("fetch", max_attempts=3)`: the id is the function's name without one; `max_attempts` is how many tries the
    executor allows, without it a failure's disposition stays unknown; `disposition` says what happens after a failure,
    as a word or as a function of the exception; `conditions` are failures of this node that raise nothing.
    Raises ValueError if an option is wrong.
    """
    if callable(function) and not isinstance(function, str):
        return _wrapped(function, getattr(function, "__name__", "node"), options)
    node_id = function
    _check_options("node" if node_id is None else node_id, options.get("max_attempts"), options.get("disposition"))

    def decorate(decorated: F) -> F:
        return _wrapped(decorated, node_id or getattr(decorated, "__name__", "node"), options)

    return decorate


def _wrapped(function: Any, node_id: str, options: dict[str, Any]) -> Any:
    def block(args: tuple[Any, ...], kwargs: dict[str, Any]) -> node_block:
        return node_block(node_id, Lazy(lambda: _arguments(function, args, kwargs)), **options)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            with block(args, kwargs) as attempt:
                return attempt.output(await function(*args, **kwargs))

        return asynchronous
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def asynchronous_generator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            with block(args, kwargs):
                async for item in function(*args, **kwargs):
                    yield item

        return asynchronous_generator
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with block(args, kwargs):
                return (yield from function(*args, **kwargs))

        return generator

    @functools.wraps(function)
    def synchronous(*args: Any, **kwargs: Any) -> Any:
        with block(args, kwargs) as attempt:
            return attempt.output(function(*args, **kwargs))

    return synchronous


_signatures: dict[Any, tuple[inspect.Signature, tuple[str, ...] | None]] = {}


def _arguments(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function received, by the names of its parameters."""
    try:
        known = _signatures.get(function)
        if known is None:
            known = _signatures[function] = _signature(function)
        signature, names = known
        if names is not None and len(args) == len(names) and not kwargs:
            bound = dict(zip(names, args))
        else:
            bound = dict(signature.bind(*args, **kwargs).arguments)
    except (TypeError, ValueError):
        return {"args": list(args), **kwargs}
    first = next(iter(bound), None)
    if first in ("self", "cls"):
        del bound[first]
    return bound


def _signature(function: Any) -> tuple[inspect.Signature, tuple[str, ...] | None]:
    """The signature, and the names of its parameters if each takes one argument by its place."""
    signature = inspect.signature(function)
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    is_plain = all(each.kind in by_place for each in signature.parameters.values())
    return signature, tuple(signature.parameters) if is_plain else None
