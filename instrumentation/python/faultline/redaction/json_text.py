"""Writes any value of the app as canonical JSON without trusting it.

Cycles, properties that raise, huge values and objects of classes all give something readable. Nothing of
the app is called but what reading a field calls. Reading and writing are one walk: most of what a failure costs
its node is this.
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
from json.encoder import encode_basestring
from pathlib import PurePath
from typing import Any

from faultline.redaction.canonical import SURROGATES, javascript_number

MAX_DEPTH = 48
MAX_VALUES = 100_000
_LONGEST_INTEGER = 10**21


class Walk:
    """How far a walk has come, and what it met that may hold a secret."""

    __slots__ = ("values", "above", "texts", "keys", "has_pairs")

    def __init__(self) -> None:
        self.values = 0
        self.above: set[int] = set()
        # Texts and long numbers.
        self.texts: list[str] = []
        # Keys that are not known to be clean.
        self.keys: set[str] = set()
        # Whether an element may be a secret because of the one before it, or a member because of the one beside it.
        self.has_pairs = False


def canonical_json(value: Any, walk: Walk | None = None) -> str:
    """The canonical JSON text of any value: keys sorted by UTF-16 code unit, no insignificant space, numbers as
    JavaScript writes them. Never raises.

    Tuples, sets and other collections become lists, dataclasses, models and objects of classes become
    objects of their public fields; what cannot be read becomes a note in square brackets. Stops at a depth of 48
    and at 100,000 values.
    """
    try:
        return _json(value, walk or Walk(), 0)
    except RecursionError:
        return '"[too deep]"'


def to_plain(value: Any) -> Any:
    """A plain JSON copy of `value`, as `canonical_json` writes it. Never raises."""
    return json.loads(canonical_json(value))


def _json(value: Any, walk: Walk, depth: int) -> str:
    walk.values += 1
    if walk.values > MAX_VALUES:
        return '"[too many values]"'
    kind = type(value)
    if kind is str:
        return _text(value, walk)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return _integer(value, walk)
    if kind is float:
        return _number(value, walk)
    if depth >= MAX_DEPTH:
        return '"[too deep]"'
    identity = id(value)
    if identity in walk.above:
        return '"[circular]"'
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
    if value.isascii():
        walk.texts.append(value)
        return encode_basestring(value)
    value = _joined(value)
    walk.texts.append(value)
    return _quoted(value)


def _joined(text: str) -> str:
    """The text with one character for each pair of surrogates."""
    if text.isascii() or not SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _quoted(text: str) -> str:
    quoted = encode_basestring(text)
    return quoted if text.isascii() else SURROGATES.sub(lambda lone: f"\\u{ord(lone[0]):x}", quoted)


def _integer(value: int, walk: Walk) -> str:
    # Beyond that JavaScript needs an exponent, and no other reader keeps the digits.
    if -_LONGEST_INTEGER < value < _LONGEST_INTEGER:
        text = int.__repr__(value)
        if value >= 1_000_000_000_000:
            walk.texts.append(text)
        return text
    if value.bit_length() > 13_000:
        return f'"[integer of {value.bit_length()} bits]"'
    return _text(f"{value}n", walk)


def _number(value: float, walk: Walk) -> str:
    if value.is_integer() and -1e15 < value < 1e15:
        return _integer(int(value), walk)
    if value != value or value in (float("inf"), float("-inf")):
        return '"NaN"' if value != value else '"Infinity"' if value > 0 else '"-Infinity"'
    return javascript_number(value)


class _Shape:
    """The keys of an object: most objects of an input have the keys of one before them."""

    __slots__ = ("members", "is_clean", "is_pair")

    def __init__(self, keys: tuple[Any, ...]) -> None:
        is_plain = all(type(key) is str and key.isascii() and len(key) <= 128 for key in keys)
        # Sorted, each with its text and colon; None for keys that need a closer look each time.
        self.members = (
            tuple((key, f"{encode_basestring(key)}:") for key in sorted(keys))
            if is_plain and len(keys) <= 64
            else None
        )
        self.is_clean = self.members is not None and all(map(is_clean_key, keys))
        self.is_pair = self.members is not None and _is_pair(keys)


_VALUES = frozenset(("value", "Value", "VALUE"))
# What names a value beside it.
PAIR_NAMES = frozenset(("name", "Name", "key", "Key", "header", "path"))


def _is_pair(keys: Any) -> bool:
    return not _VALUES.isdisjoint(keys) and not PAIR_NAMES.isdisjoint(keys)


_MAX_SHAPES = 2048
_shapes: dict[tuple[Any, ...], _Shape] = {}


def is_clean_key(key: str) -> bool:
    """Whether a key is no secret and names none; the redaction says so once it is loaded."""
    return False


def names_next(text: str) -> bool:
    """Whether an element of a list may make a secret of the next one; as above."""
    return True


def _mapping(value: Any, walk: Walk, depth: int) -> str:
    keys = tuple(value)
    shape = _shapes.get(keys)
    if shape is None:
        shape = _Shape(keys)
        if len(_shapes) >= _MAX_SHAPES:
            _shapes.clear()
        if shape.members is not None:
            _shapes[keys] = shape
    if shape.members is None or walk.values + len(keys) > MAX_VALUES:
        return _odd_mapping(value, walk, depth)
    if not shape.is_clean:
        walk.keys.update(keys)
    if shape.is_pair:
        walk.has_pairs = True
    parts: list[str] = []
    add, note = parts.append, walk.texts.append
    walk.values += len(keys)
    for key, start in shape.members:
        member = value[key]
        # What most members are goes without a call.
        kind = type(member)
        if kind is str and member.isascii():
            note(member)
            add(start + encode_basestring(member))
        elif kind is int and -1_000_000 < member < 1_000_000:
            add(start + repr(member))
        elif kind is float and (1e-4 <= member < 1e9 or -1e9 < member <= -1e-4):
            text = repr(member)
            add(start + (text[:-2] if text.endswith(".0") else text))
        else:
            walk.values -= 1
            add(start + _json(member, walk, depth + 1))
    return "{" + ",".join(parts) + "}"


def _odd_mapping(value: Any, walk: Walk, depth: int) -> str:
    result: dict[str, str] = {}
    for key, member in value.items():
        if walk.values > MAX_VALUES:
            break
        name = key if type(key) is str else _key(key)
        if name is None:
            pairs = [f"[{_json(k, walk, depth + 1)},{_json(v, walk, depth + 1)}]" for k, v in value.items()]
            return f"[{','.join(pairs)}]"
        result[_joined(name)] = _json(member, walk, depth + 1)
    walk.keys.update(result)
    walk.has_pairs = walk.has_pairs or _is_pair(result)
    return f"{{{','.join(f'{_quoted(name)}:{result[name]}' for name in sorted(result, key=_code_units))}}}"


def _code_units(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _sequence(value: Any, walk: Walk, depth: int) -> str:
    parts: list[str] = []
    texts = walk.texts
    for item in _bounded(value, walk):
        if type(item) is str and item.isascii():
            walk.values += 1
            texts.append(item)
            parts.append(encode_basestring(item))
            if names_next(item):
                walk.has_pairs = True
        else:
            parts.append(_json(item, walk, depth + 1))
    return f"[{','.join(parts)}]"


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


def _other(value: Any, kind: type, walk: Walk, depth: int) -> str:
    if isinstance(value, enum.Enum):
        return _json(value.value, walk, depth + 1)
    if isinstance(value, str):
        return _text(str.__str__(value), walk)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(int.__int__(value), walk)
    if isinstance(value, float):
        return _number(float.__float__(value), walk)
    if isinstance(value, (bytes, bytearray, memoryview, array.array)):
        return _quoted(f"[{kind.__name__} of {memoryview(value).nbytes} bytes]")
    if isinstance(value, datetime.datetime):
        return _quoted(value.isoformat())
    if isinstance(value, (datetime.date, datetime.time, decimal.Decimal, uuid.UUID, PurePath, datetime.timedelta)):
        return _text(str(value), walk)
    if isinstance(value, _CALLABLES) or isinstance(value, type):
        return _quoted(f"[{'class ' + value.__name__ if isinstance(value, type) else 'function'}]")
    if hasattr(kind, "get_secret_value"):
        return '"[redacted:secret]"'
    fields = _fields(value, kind)
    if fields is not None:
        return _mapping(fields, walk, depth)
    if isinstance(value, collections.abc.Mapping):
        return _mapping(value, walk, depth)
    if isinstance(value, (set, frozenset)):
        return f"[{','.join(sorted(_json(item, walk, depth + 1) for item in value))}]"
    if isinstance(value, (list, tuple, collections.deque, collections.abc.Sequence)):
        return _sequence(list(value), walk, depth)
    if isinstance(value, BaseException):
        return _exception(value, walk, depth)
    own = _attributes(value)
    return _mapping(own, walk, depth) if own else _quoted(f"[{kind.__name__}]")


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


def _exception(error: BaseException, walk: Walk, depth: int) -> str:
    parts = {"name": type(error).__name__, "message": str(error), **_attributes(error)}
    if error.__cause__ is not None:
        parts["cause"] = error.__cause__
    return _mapping(parts, walk, depth)
