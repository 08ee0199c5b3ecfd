"""How far a dialect is trusted: it is somebody's code, so what comes of it is looked at.

Three doors. ``check_dialect`` looks at its shape before there is a session; ``rehearsing``
lets it say each of its messages once, so what can be wrong from the start is told at the
start. On a live session ``encode_checked`` holds what it says to text or bytes; where it can't be
said there is nothing to go on with, so that raises. ``decode_or_malformed`` is the other way round.
What arrives is the backend's doing, and a backend must not be able to end a session with
what its dialect chokes on: that is ``Malformed``, like all that nobody can read, counted and
told once. ``decode_strict`` is the same for a kit that is looking for such faults, and raises.

What a dialect *has* is its author's, and is quoted where it is wrong. What it was to send, and
what arrived, is somebody's speech or secret: of that an error tells kinds and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from openline.dialects.protocol import (
    Dialect,
    FinalMessage,
    Heard,
    Insight,
    Malformed,
    Message,
    Metrics,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.reconnect.verdicts import Rule

#: Nothing, where None is something.
_ABSENT: Final = object()
_METHODS: Final = ("start", "audio", "stop", "decode")
_WORD: Final = (str, type(None))
#: Close codes (RFC 6455 §7.4.2): no close frame has any other.
_CODES: Final = range(1000, 5000)
#: Characters of a value that are quoted, and digits of a number.
_QUOTED: Final = 60
_FIGURE: Final = 10**15


class DialectError(TypeError):
    """A dialect that cannot be used, in one line: which, what of it is wrong, what to do."""


def check_dialect(dialect: object) -> None:
    """Raise DialectError unless ``dialect`` has all that a dialect has, of the right kinds."""
    if isinstance(dialect, type):
        raise DialectError(f"dialect: give an object, {dialect.__name__}(), not the class")
    if isinstance(dialect, str):
        raise DialectError("dialect: give an object, not str")
    for name, wrong_of, want in _SHAPE:
        value = getattr(dialect, name, None)
        if value is None:
            raise DialectError(f"{name_of(dialect)} lacks {name!r}: give it {want}")
        if wrong := wrong_of(value, want):
            raise DialectError(f"{name_of(dialect)}: {name}{wrong}")
    headers = getattr(dialect, "headers", _ABSENT)
    if headers is None:
        raise DialectError(f"{name_of(dialect)} lacks 'headers': give it a method, or leave it out")
    if headers is not _ABSENT and not callable(headers):
        raise DialectError(f"{name_of(dialect)}: headers has to be a method, not {kind(headers)}")


def encode_checked(dialect: Dialect, method: str, *given: object) -> str | bytes:
    """What ``method`` of ``dialect`` says. Raises DialectError unless it is text or bytes."""
    try:
        said = getattr(dialect, method)(*given)
    except Exception as exc:
        raise dialect_error(dialect, method, exc) from exc
    return check_wire(dialect, method, said)


def check_wire(dialect: Dialect, method: str, said: object) -> str | bytes:
    """What ``method`` said. Raises DialectError unless it is text or bytes."""
    if isinstance(said, str | bytes):
        return said
    raise DialectError(f"{name_of(dialect)}: {method} has to return str or bytes, not {kind(said)}")


def dialect_error(dialect: Dialect, method: str, exc: Exception) -> DialectError:
    """The error for a ``method`` that raised ``exc``; its text may quote what it was given."""
    return DialectError(f"{name_of(dialect)}: {method} raised {type(exc).__name__}")


def decode_strict(dialect: Dialect, data: str | bytes) -> Message:
    """What the dialect makes of ``data``. Raises DialectError if that is no message."""
    try:
        message = dialect.decode(data)
    except Exception as exc:
        raise dialect_error(dialect, "decode", exc) from exc
    fields = _FIELDS.get(type(message))
    if fields is None:
        what = f"decode returned {kind(message)}, which is no message"
        raise DialectError(f"{name_of(dialect)}: {what}")
    if wrong := _wrong_field(message, fields):
        what = f"decode returned a {kind(message)} whose {wrong}"
        raise DialectError(f"{name_of(dialect)}: {what}")
    return message


def decode_or_malformed(dialect: Dialect, data: str | bytes) -> Message:
    """What arrived, as a message; what the dialect fails at is Malformed."""
    try:
        return decode_strict(dialect, data)
    except DialectError as exc:
        return Malformed(why=str(exc))


def name_of(dialect: object) -> str:
    """How an error calls a dialect: by the class that is to be mended."""
    return f"the dialect {type(dialect).__name__}"


def kind(value: object) -> str:
    """What ``value`` is, without telling it."""
    return type(value).__name__


def _figure(value: object) -> str:
    """A number that is not too long to be told, or what kind of thing it is."""
    if not _is_number(value):
        return kind(value)
    if isinstance(value, int) and abs(value) >= _FIGURE:
        return "an int of many digits"
    return repr(value)


# Its shape. What is wrong with a value: "" for nothing, else how the complaint goes on behind
# the attribute's name.

_Wrong: TypeAlias = Callable[[object, str], str]


def _not(value: object, want: str) -> str:
    shown, name = repr(value), kind(value)
    if isinstance(value, str | int | float | tuple) and len(shown) <= _QUOTED:
        name = shown
    return f" has to be {want}, not {name}"


def _name(value: object, want: str) -> str:
    return "" if _is_name(value) else _not(value, want)


def _names(value: object, want: str) -> str:
    wrong = _not(value, want)
    names = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
    return "" if names and all(map(_is_name, names)) else wrong


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _horizon(value: object, want: str) -> str:
    return "" if _is_time(value) else _not(value, want)


def _codes(value: object, want: str) -> str:
    return _rows(value, want, _is_code, "is no close code, a number from 1000 to 4999")


def _is_code(key: object) -> bool:
    return isinstance(key, int) and key in _CODES


def _refusals(value: object, want: str) -> str:
    return _rows(value, want, _is_text, "is no text")


def _rows(value: object, want: str, is_key: Callable[[object], bool], otherwise: str) -> str:
    if not isinstance(value, Mapping):
        return _not(value, want)
    for key, row in cast("Mapping[object, object]", value).items():
        shown = repr(key)[:_QUOTED]
        if not is_key(key):
            return f": {shown} {otherwise}"
        if not isinstance(row, Rule):
            return f"[{shown}] has to be a Row, not {kind(row)}"
    return ""


def _method(value: object, want: str) -> str:
    return "" if callable(value) else f" has to be {want}, not {kind(value)}"


_SHAPE: Final[tuple[tuple[str, _Wrong, str], ...]] = (
    ("name", _name, "a text that is not blank"),
    ("sources", _names, "a tuple of the names that a source may have, such as ('mic',)"),
    ("horizon", _horizon, "seconds, 0 or more"),
    ("codes", _codes, "a mapping from close codes to Rows, {} for none"),
    ("refusals", _refusals, "a mapping from texts to Rows, {} for none"),
    *((name, _method, "a method") for name in _METHODS),
)


# What it makes of a message: the fields that the core reckons with.


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return _is_number(value) and 0 <= cast("float", value) < math.inf


def _is_time_or_none(value: object) -> bool:
    return value is None or _is_time(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: object) -> bool:
    return isinstance(value, _WORD)


def _is_count(value: object) -> bool:
    return isinstance(value, int)


def _is_row(value: object) -> bool:
    return isinstance(value, Rule)


def _wrong_field(message: Message, fields: tuple[_Field, ...]) -> str:
    """The first field that cannot be, with what it is and should be; "" for none."""
    for name, is_right, want in fields:
        value = getattr(message, name)
        if not is_right(value):
            return f"{name} is {_figure(value)}, not {want}"
    if isinstance(message, Heard) and message.end < message.start:
        return f"end is {_figure(message.end)}, before its start, {_figure(message.start)}"
    return ""


_Field: TypeAlias = tuple[str, Callable[[object], bool], str]
_SECONDS: Final = "seconds from 0 on"
_SOURCE: Final[_Field] = ("source", _is_text_or_none, "str or None")
_TEXT: Final[_Field] = ("text", _is_text, "str")
_FIELDS: Final[Mapping[type, tuple[_Field, ...]]] = MappingProxyType(
    {
        Status: (("state", _is_text, "str"), _TEXT, _SOURCE),
        Heard: (_TEXT, _SOURCE, ("start", _is_time, _SECONDS), ("end", _is_time, _SECONDS)),
        Metrics: (
            ("backlog", _is_time_or_none, f"{_SECONDS}, or None"),
            _SOURCE,
            ("dropped", _is_count, "int"),
        ),
        Insight: (),
        Refusal: (("row", _is_row, "a Row"), _TEXT),
        Remark: (_TEXT,),
        FinalMessage: (),
        Unknown: (("type", _is_text, "str"),),
        Malformed: (("why", _is_text, "str"),),
    }
)
