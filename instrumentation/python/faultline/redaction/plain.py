"""Turns any value of the app into plain JSON without trusting it.

Cycles, properties that raise, huge values and objects of classes all give something readable. Nothing of
the app is called but what reading a field calls.
"""

from __future__ import annotations

import array
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import json
import types
import uuid
from pathlib import PurePath
from typing import Any

from faultline.redaction.canonical import SURROGATES, canonical_json

MAX_DEPTH = 48
MAX_VALUES = 100_000
_LONGEST_INTEGER = 10**21
_SKIPPED = object()


class Walk:
    """How far a walk has come, and what it met that needs a closer look."""

    __slots__ = ("values", "above", "texts", "keys", "is_odd")

    def __init__(self) -> None:
        self.values = 0
        self.above: set[int] = set()
        # Texts and long numbers: only they may hold a secret.
        self.texts: list[str] = []
        self.keys: set[str] = set()
        # Whether the text has to be written by `canonical_json` and not by the fast encoder.
        self.is_odd = False


def to_plain(value: Any, walk: Walk | None = None) -> Any:
    """A plain JSON copy of `value`. Never raises.

    Tuples, sets and other collections become lists, dataclasses, models and objects of classes become
    objects of their public fields; what cannot be read becomes a note in square brackets. Stops at a depth of 48
    and at 100,000 values.
    """
    try:
        return _plain(value, walk or Walk(), 0)
    except RecursionError:
        return "[too deep]"


def _plain(value: Any, walk: Walk, depth: int) -> Any:
    walk.values += 1
    if walk.values > MAX_VALUES:
        return "[too many values]"
    kind = type(value)
    if kind is str:
        return _text(value, walk)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _integer(value, walk)
    if kind is float:
        return _number(value, walk)
    if depth >= MAX_DEPTH:
        return "[too deep]"
    identity = id(value)
    if identity in walk.above:
        return "[circular]"
    walk.above.add(identity)
    try:
        if kind is dict:
            return _mapping(value, walk, depth)
        if kind is list or kind is tuple:
            return _sequence(value, walk, depth)
        return _other(value, kind, walk, depth)
    except Exception as error:  # the app's own objects may raise anything
        return _text(unreadable(error), walk)
    finally:
        walk.above.discard(identity)


def unreadable(error: BaseException) -> str:
    """What stands for what cannot be read."""
    try:
        return f"[unreadable: {error}]"
    except Exception:
        return "[unreadable]"


def _bounded(items: Any, walk: Walk) -> Any:
    """As many items as the walk has room for, and one more, which says that there were more."""
    room = MAX_VALUES - walk.values
    if len(items) <= room:
        return items
    walk.values = MAX_VALUES - room
    return items[: max(0, room) + 1]


def _text(value: str, walk: Walk) -> str:
    if not value.isascii() and SURROGATES.search(value):
        walk.is_odd = True
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    walk.texts.append(value)
    return value


def _integer(value: int, walk: Walk) -> Any:
    # Beyond that JavaScript needs an exponent, and no other reader keeps the digits.
    if -_LONGEST_INTEGER < value < _LONGEST_INTEGER:
        if value >= 1_000_000_000_000:
            walk.texts.append(str(value))
        return value
    if value.bit_length() > 13_000:
        return "[integer of %d bits]" % value.bit_length()
    return _text(f"{value}n", walk)


def _number(value: float, walk: Walk) -> Any:
    if value.is_integer() and -1e15 < value < 1e15:
        return _integer(int(value), walk)
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    # Python and JavaScript write small and large numbers in different ways.
    if not 1e-4 <= abs(value) < 1e15:
        walk.is_odd = True
    return value


class _Shape:
    """The keys of an object: most objects of an input have the keys of one before them."""

    __slots__ = ("order", "is_clean")

    def __init__(self, keys: tuple[Any, ...]) -> None:
        is_plain = all(type(key) is str and key.isascii() and len(key) <= 128 for key in keys)
        # Sorted; None for keys that need a closer look each time.
        self.order = tuple(sorted(keys)) if is_plain and len(keys) <= 64 else None
        self.is_clean = self.order is not None and all(map(is_clean_key, keys))


_MAX_SHAPES = 2048
_shapes: dict[tuple[Any, ...], _Shape] = {}


def is_clean_key(key: str) -> bool:
    """Whether a key is no secret and names none; the redaction says so once it is loaded."""
    return False


def _mapping(value: Any, walk: Walk, depth: int) -> Any:
    keys = tuple(value)
    shape = _shapes.get(keys)
    if shape is None:
        shape = _Shape(keys)
        if len(_shapes) >= _MAX_SHAPES:
            _shapes.clear()
        if shape.order is not None:
            _shapes[keys] = shape
    if shape.order is None:
        return _odd_mapping(value, walk, depth)
    if not shape.is_clean:
        walk.keys.update(keys)
    result: dict[str, Any] = {}
    texts = walk.texts
    for key in shape.order:
        if walk.values > MAX_VALUES:
            break
        member = value[key]
        # What most members are goes without a call.
        kind = type(member)
        if kind is str and member.isascii():
            walk.values += 1
            texts.append(member)
            result[key] = member
        elif member is None or kind is bool or (kind is int and -1_000_000 < member < 1_000_000):
            walk.values += 1
            result[key] = member
        elif kind is float and (1e-4 <= member < 1e9 or -1e9 < member <= -1e-4):
            walk.values += 1
            result[key] = int(member) if member.is_integer() else member
        else:
            result[key] = _plain(member, walk, depth + 1)
    return result


def _odd_mapping(value: Any, walk: Walk, depth: int) -> Any:
    walk.is_odd = True
    result: dict[str, Any] = {}
    for key, member in value.items():
        if walk.values > MAX_VALUES:
            break
        name = key if type(key) is str else _key(key)
        if name is None:
            return [[_plain(k, walk, depth + 1), _plain(v, walk, depth + 1)] for k, v in value.items()]
        if not name.isascii() and SURROGATES.search(name):
            name = name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        result[name] = _plain(member, walk, depth + 1)
    walk.keys.update(result)
    return result


def _sequence(value: Any, walk: Walk, depth: int) -> list[Any]:
    result: list[Any] = []
    texts = walk.texts
    for item in _bounded(value, walk):
        if type(item) is str and item.isascii():
            walk.values += 1
            texts.append(item)
            result.append(item)
        else:
            result.append(_plain(item, walk, depth + 1))
    return result


def _key(key: Any) -> str | None:
    """A key as text; None if it has no usual form as text."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key if not isinstance(key, enum.Enum) else key.value)
    if isinstance(key, enum.Enum) and isinstance(key.value, str):
        return key.value
    return None


_CALLABLES = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.CoroutineType,
    types.GeneratorType,
    types.AsyncGeneratorType,
)


def _other(value: Any, kind: type, walk: Walk, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value, walk, depth + 1)
    if isinstance(value, str):
        return _text(str.__str__(value), walk)
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return _integer(int.__int__(value), walk)
    if isinstance(value, float):
        return _number(float.__float__(value), walk)
    if isinstance(value, (bytes, bytearray, memoryview, array.array)):
        return f"[{kind.__name__} of {memoryview(value).nbytes} bytes]"
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (datetime.date, datetime.time, decimal.Decimal, uuid.UUID, PurePath, datetime.timedelta)):
        return _text(str(value), walk)
    if isinstance(value, _CALLABLES) or isinstance(value, type):
        return f"[{'class ' + value.__name__ if isinstance(value, type) else 'function'}]"
    if hasattr(kind, "get_secret_value"):
        return "[redacted:secret]"
    fields = _fields(value, kind)
    if fields is not None:
        return _mapping(fields, walk, depth)
    if isinstance(value, collections.abc.Mapping):
        return _mapping(value, walk, depth)
    if isinstance(value, (set, frozenset)):
        items = [_plain(item, walk, depth + 1) for item in value]
        return sorted(items, key=canonical_json)
    if isinstance(value, (list, tuple, collections.deque, collections.abc.Sequence)):
        return _sequence(list(value), walk, depth)
    if isinstance(value, BaseException):
        return _exception(value, walk, depth)
    own = _attributes(value)
    return _mapping(own, walk, depth) if own else f"[{kind.__name__}]"


def _fields(value: Any, kind: type) -> dict[str, Any] | None:
    """The fields of a dataclass, a pydantic or attrs model or a named tuple, without calling any code of it."""
    if dataclasses.is_dataclass(kind):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(kind)}
    if hasattr(kind, "model_fields") or hasattr(kind, "__pydantic_fields__"):
        own = dict(object.__getattribute__(value, "__dict__"))
        extra = getattr(value, "__pydantic_extra__", None)
        return {**own, **extra} if isinstance(extra, dict) else own
    if hasattr(kind, "__attrs_attrs__"):
        return {each.name: getattr(value, each.name, None) for each in kind.__attrs_attrs__}
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return dict(zip(kind._fields, value))
    return None


def _attributes(value: Any) -> dict[str, Any]:
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return {key: own[key] for key in own if isinstance(key, str) and not key.startswith("_")}


def _exception(error: BaseException, walk: Walk, depth: int) -> Any:
    told = {"name": type(error).__name__, "message": str(error), **_attributes(error)}
    if error.__cause__ is not None:
        told["cause"] = error.__cause__
    return _mapping(told, walk, depth)
