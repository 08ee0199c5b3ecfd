"""How far a dialect is trusted: it is somebody's code, so what comes of it is looked at.

Three doors. ``check_dialect`` looks at its shape before there is a session, and ``rehearse``
lets it say each of its messages once, for a session that nobody is part of: what can be wrong
from the start is told at the start, in one line. On a live session ``spoken`` holds what it
says to text or bytes; where it can't be said there is nothing to go on with, so that raises.
``understood`` is the other way round. What arrives is the backend's doing, and a backend
must not be able to end a session with what its dialect chokes on: that is ``Malformed``, like
all that nobody can read, counted and told once. ``heard`` is the same for a kit that is
looking for such faults, and raises.

No error quotes a value: not what was to be sent, and not what arrived.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from ..verdicts import Row
from .dialect import (
    Dialect,
    FinalMessage,
    Heard,
    Ids,
    Insight,
    Malformed,
    Message,
    Metrics,
    Refusal,
    Remark,
    Status,
    Unknown,
)

_METHODS: Final = ("start", "audio", "stop", "decode")
_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
_FRAME: Final = bytes(640)  # 20 ms: the usual frame
_WORD: Final = (str, type(None))


class DialectError(TypeError):
    """A dialect that cannot be used, in one line: which, what of it is wrong, what to do."""


def check_dialect(dialect: object) -> None:
    """Raise DialectError unless ``dialect`` has all that a dialect has, of the right kinds."""
    if isinstance(dialect, type):
        raise DialectError(f"dialect: give an object, {dialect.__name__}(), not the class")
    for name, is_right, want in _SHAPE:
        value = getattr(dialect, name, None)
        if not is_right(value):
            if value is None:
                raise DialectError(f"{_of(dialect)} lacks {name!r}: give it {want}")
            raise DialectError(f"{_of(dialect)}: {name} has to be {want}, not {_kind(value)}")


def rehearse(dialect: Dialect) -> None:
    """Have it say each of its messages, to nobody. Raises DialectError if it can't."""
    for method, *given in (
        ("start", _IDS),
        *(("audio", source, _FRAME) for source in dialect.sources),
        ("stop", _IDS),
    ):
        spoken(dialect, str(method), *given)


def spoken(dialect: Dialect, method: str, *given: object) -> str | bytes:
    """What ``method`` of ``dialect`` says. Raises DialectError unless it is text or bytes."""
    try:
        said = getattr(dialect, method)(*given)
    except Exception as exc:
        raise choked(dialect, method, exc) from exc
    return sendable(dialect, method, said)


def sendable(dialect: Dialect, method: str, said: object) -> str | bytes:
    """What ``method`` said. Raises DialectError unless it is text or bytes."""
    if isinstance(said, str | bytes):
        return said
    raise DialectError(f"{_of(dialect)}: {method} has to return str or bytes, not {_kind(said)}")


def choked(dialect: Dialect, method: str, exc: Exception) -> DialectError:
    """The error for a ``method`` that raised ``exc``; its text may quote what it was given."""
    return DialectError(f"{_of(dialect)}: {method} raised {type(exc).__name__}")


def heard(dialect: Dialect, data: str | bytes) -> Message:
    """What the dialect makes of ``data``. Raises DialectError if that is no message."""
    try:
        message = dialect.decode(data)
    except Exception as exc:
        raise choked(dialect, "decode", exc) from exc
    is_sound = _SOUND.get(type(message))
    if is_sound is None:
        raise DialectError(f"{_of(dialect)}: decode returned {_kind(message)}, which is no message")
    if not is_sound(message):
        name = type(message).__name__
        raise DialectError(f"{_of(dialect)}: decode returned a {name} with a field that cannot be")
    return message


def understood(dialect: Dialect, data: str | bytes) -> Message:
    """What arrived, as a message; what the dialect fails at is Malformed."""
    try:
        return heard(dialect, data)
    except DialectError as exc:
        return Malformed(why=str(exc))


def _of(dialect: object) -> str:
    return f"the dialect {type(dialect).__name__}"


def _kind(value: object) -> str:
    return type(value).__name__


# Its shape.


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_names(value: object) -> bool:
    return (
        isinstance(value, tuple) and value != () and all(map(_is_name, _each(cast("Any", value))))
    )


def _is_horizon(value: object) -> bool:
    return _is_number(value) and 0 <= cast("float", value) < math.inf


def _are_rows(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    return all(isinstance(row, Row) for row in _each(cast("Any", value).values()))


def _each(value: object) -> Iterable[object]:
    return cast("Iterable[object]", value)


_SHAPE: Final[tuple[tuple[str, Callable[[object], bool], str], ...]] = (
    ("name", _is_name, "a text that is not blank"),
    ("sources", _are_names, "a tuple of the names that a source may have, such as ('mic',)"),
    ("horizon", _is_horizon, "seconds, 0 or more"),
    ("codes", _are_rows, "a mapping from close codes to Rows, {} for none"),
    ("refusals", _are_rows, "a mapping from texts to Rows, {} for none"),
    *((name, callable, "a method") for name in _METHODS),
)


# What it makes of a message: the fields that the core reckons with.


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return _is_number(value) and 0 <= cast("float", value) < math.inf


def _is_heard(it: Any) -> bool:
    return (
        isinstance(it.text, str)
        and isinstance(it.source, _WORD)
        and _is_time(it.start)
        and _is_time(it.end)
        and it.start <= it.end
    )


def _is_metrics(it: Any) -> bool:
    known = it.backlog is None or _is_time(it.backlog)
    return known and isinstance(it.source, _WORD) and isinstance(it.dropped, int)


def _is_status(it: Any) -> bool:
    return isinstance(it.state, str) and isinstance(it.text, str) and isinstance(it.source, _WORD)


def _is_refusal(it: Any) -> bool:
    return isinstance(it.row, Row) and isinstance(it.text, str)


def _has_text(it: Any) -> bool:
    return isinstance(it.text, str)


def _has_type(it: Any) -> bool:
    return isinstance(it.type, str)


def _has_why(it: Any) -> bool:
    return isinstance(it.why, str)


def _is_anything(_it: Any) -> bool:
    return True


_SOUND: Final[Mapping[type, Callable[[Any], bool]]] = MappingProxyType(
    {
        Status: _is_status,
        Heard: _is_heard,
        Metrics: _is_metrics,
        Insight: _is_anything,
        Refusal: _is_refusal,
        Remark: _has_text,
        FinalMessage: _is_anything,
        Unknown: _has_type,
        Malformed: _has_why,
    }
)
