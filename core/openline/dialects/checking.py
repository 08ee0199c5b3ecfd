"""Checks the results of a dialect, which is the user's code.

``check_dialect`` finds the usual mistakes before there is a session: the class instead of
an object, a missing method, no traits. ``dry_run`` then encodes each message once. On a
live session ``encode_checked`` accepts text or bytes; the session cannot go on without the
message, so it raises. ``decode_or_malformed`` never raises: a backend must not be able to end a
session with a message at which its dialect fails, so that message is ``Malformed``, counted and
reported once. ``decode_strict`` is the same for a test kit that finds such faults, and raises.

An error may quote an attribute of the dialect. It never quotes a message, which may hold speech
or a secret: of a message it gives types and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Final, TypeAlias, TypeGuard, cast

from openline.dialects.contradictions import contradiction
from openline.dialects.options import stray_option
from openline.dialects.protocol import (
    Decoded,
    Dialect,
    Encoded,
    Expires,
    FinalMessage,
    Heard,
    Lost,
    Malformed,
    Memory,
    Message,
    Metrics,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Status,
    Unknown,
    Wire,
    Word,
)
from openline.dialects.traits import Ends, Traits, Unit
from openline.reconnect.verdicts import Rule

_METHODS: Final = (
    *("start", "audio", "flush", "keepalive", "stop", "decode"),
    *("headers", "query", "subprotocols"),
)
_WORD: Final = (str, type(None))
_NUMBER: Final = (int, float)
#: The parts of a tuple that an error names, at most.
_PARTS: Final = 4
#: The digits of a number that an error quotes, at most.
_FIGURE: Final = 10**15


class DialectError(TypeError):
    """A dialect that cannot be used, in one line: which, what is wrong, what to do."""


def check_dialect(dialect: object) -> None:
    """Raise DialectError unless ``dialect`` has a name, its methods, and traits that can hold."""
    if isinstance(dialect, type):
        raise DialectError(f"dialect: give an object, {dialect.__name__}(), not the class")
    if isinstance(dialect, str):
        raise DialectError("dialect: give an object, such as Deepgram(), not str")
    name = getattr(dialect, "name", None)
    if not isinstance(name, str) or not name.strip():
        raise DialectError(f"{name_of(dialect)} lacks 'name': give it a text that is not blank")
    if not isinstance(getattr(dialect, "traits", None), Traits):
        raise DialectError(f"{name_of(dialect)} lacks 'traits': give it Traits(sources=…, …)")
    if wrong := contradiction(cast("Dialect", dialect).traits):
        raise DialectError(f"{name_of(dialect)} has traits that contradict themselves: {wrong}")
    if not callable(getattr(dialect, "begin", None)):
        raise DialectError(
            f"{name_of(dialect)} lacks 'begin': derive it from DialectBase, let start, audio, "
            "stop and decode take a memory first, and return (memory, messages) or (memory, items)"
        )
    for method in _METHODS:
        if not callable(getattr(dialect, method, None)):
            raise DialectError(f"{name_of(dialect)} lacks '{method}': give it a method")
    if stray := stray_option(dialect):
        raise DialectError(
            f"{name_of(dialect)} has an option, {stray}, but is no dataclass: write "
            "@dataclass(frozen=True, kw_only=True) above the class"
        )


def begin_checked(dialect: Dialect) -> Memory:
    """The memory of a new dial. Raises DialectError if the dialect raises."""
    try:
        return dialect.begin()
    except Exception as exc:
        raise dialect_error(dialect, "begin", exc) from exc


def encode_checked(dialect: Dialect, method: str, *given: object) -> Encoded:
    """What ``method`` makes. Raises DialectError unless it is a memory and messages."""
    try:
        made = getattr(dialect, method)(*given)
    except Exception as exc:
        raise dialect_error(dialect, method, exc) from exc
    return check_encoded(dialect, method, made)


def check_encoded(dialect: Dialect, method: str, made: object) -> Encoded:
    """``made`` by ``method``. Raises DialectError unless it is a memory and messages."""
    match cast("tuple[Memory, object]", made):
        case (memory, some) if isinstance(some, tuple):
            messages = cast("tuple[object, ...]", some)
            for each in messages:
                if not isinstance(each, str | bytes):
                    raise DialectError(
                        f"{name_of(dialect)}: {method} has to return messages that are str or "
                        f"bytes, not {kind(each)}"
                    )
            return memory, cast("tuple[Wire, ...]", messages)
        case _:
            raise DialectError(
                f"{name_of(dialect)}: {method} has to return (memory, messages), messages being "
                f"a tuple, not {shape(made)}"
            )


def dialect_error(dialect: Dialect, method: str, exc: Exception) -> DialectError:
    """The error for a ``method`` that raised ``exc``, without its text, which may quote speech."""
    return DialectError(f"{name_of(dialect)}: {method} raised {type(exc).__name__}")


def decode_strict(dialect: Dialect, memory: Memory, data: str | bytes) -> Decoded:
    """``data`` decoded. Raises DialectError if the dialect raises or returns no items."""
    try:
        made: object = dialect.decode(memory, data)
    except Exception as exc:
        raise dialect_error(dialect, "decode", exc) from exc
    match made:
        case (after, tuple() as items):
            for item in items:
                _check_item(dialect, item)
            return after, items
        case _:
            what = f"decode has to return (memory, items), items being a tuple, not {shape(made)}"
            raise DialectError(f"{name_of(dialect)}: {what}")


def _check_item(dialect: Dialect, message: Message) -> None:
    check = _CHECKS.get(type(message))
    if check is None:
        what = f"decode returned {kind(message)}, which is no message"
        raise DialectError(f"{name_of(dialect)}: {what}")
    if wrong := check.wrong_field(message):
        what = f"decode returned a {kind(message)} whose {wrong}"
        raise DialectError(f"{name_of(dialect)}: {what}")


def decode_or_malformed(dialect: Dialect, memory: Memory, data: str | bytes) -> Decoded:
    """``data`` decoded; the memory as it was, and Malformed, if the dialect fails."""
    try:
        return decode_strict(dialect, memory, data)
    except DialectError as exc:
        return memory, (Malformed(why=str(exc)),)


def name_of(dialect: object) -> str:
    """The name of a dialect in an error: its class, which its author can correct."""
    return f"the dialect {type(dialect).__name__}"


def kind(value: object) -> str:
    """The name of the type of ``value``, which is not quoted."""
    return type(value).__name__


def shape(made: object) -> str:
    """The type of ``made``, and of what is in it where it is a tuple: ``(NoneType, bytes)``."""
    if not isinstance(made, tuple):
        return kind(made)
    parts = cast("tuple[object, ...]", made)
    return f"({', '.join(map(kind, parts[:_PARTS]))}{', …' * (len(parts) > _PARTS)})"


def _figure(value: object) -> str:
    """A number that is short enough to quote, else the type of ``value``."""
    if not _is_number(value):
        return kind(value)
    if isinstance(value, int) and abs(value) >= _FIGURE:
        return "an int of many digits"
    return repr(value)


# The fields of a message that the core calculates with.


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) is float or (isinstance(value, _NUMBER) and not isinstance(value, bool))


def _is_time_or_none(value: object) -> bool:
    return value is None or (_is_number(value) and 0 <= value < math.inf)


def _is_claim(value: object) -> bool:
    return value is None or (_is_number(value) and -math.inf < value < math.inf)


def _are_ends(value: object) -> bool:
    return isinstance(value, Ends | None)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: object) -> bool:
    return isinstance(value, _WORD)


def _is_count(value: object) -> bool:
    return isinstance(value, int)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_unit(value: object) -> bool:
    return isinstance(value, Unit)


def _are_words(value: object) -> bool:
    if not isinstance(value, tuple):
        return False
    return all(
        isinstance(each, Word)
        and _is_text(each.text)
        and _is_claim(each.start)
        and _is_claim(each.end)
        for each in cast("tuple[object, ...]", value)
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(map(_is_text, cast("tuple[object, ...]", value)))


def _is_channel(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_row(value: object) -> bool:
    return isinstance(value, Rule)


#: Of values that are of exactly these types, the answer of a question is yes.
_PLAIN: Final[Mapping[Callable[[object], bool], frozenset[type]]] = MappingProxyType(
    {
        _is_time_or_none: frozenset({type(None)}),
        _is_claim: frozenset({type(None)}),
        _is_text: frozenset({str}),
        _is_text_or_none: frozenset(_WORD),
        _is_count: frozenset({int}),
        _is_bool: frozenset({bool}),
    }
)


class _Check:
    """The questions that the fields of one type of message are asked."""

    __slots__ = ("_asked", "_values")

    def __init__(self, fields: tuple[_Field, ...]) -> None:
        names = [name for name, _, _ in fields]
        self._values: Callable[[object], tuple[object, ...]] = lambda message: tuple(
            [getattr(message, name) for name in names]
        )
        if len(names) > 1:  # of one name it would give no tuple
            self._values = attrgetter(*names)
        self._asked = tuple((_PLAIN.get(each[1], _NO_TYPES), each) for each in fields)

    def wrong_field(self, message: Message) -> str:
        """The first unsound field, with what it is and what it should be; "" for none."""
        for value, (plain, field) in zip(self._values(message), self._asked, strict=True):
            if type(value) not in plain:
                name, is_right, want = field
                if not is_right(value):
                    return f"{name} is {_figure(value)}, not {want}"
        return ""


_NO_TYPES: Final[frozenset[type]] = frozenset()
_Field: TypeAlias = tuple[str, Callable[[object], bool], str]
_SECONDS: Final = "seconds from 0 on"
_SOURCE: Final[_Field] = ("source", _is_text_or_none, "str or None")
_TEXT: Final[_Field] = ("text", _is_text, "str")
_FIELDS: Final[Mapping[type, tuple[_Field, ...]]] = MappingProxyType(
    {
        Status: (("state", _is_text, "str"), _TEXT, _SOURCE, ("ends", _are_ends, "Ends, or None")),
        Heard: (
            *(_TEXT, _SOURCE),
            ("start", _is_claim, "finite seconds, or None"),
            ("end", _is_claim, "finite seconds, or None"),
            ("words", _are_words, "a tuple of Word"),
            ("channel", _is_channel, "int or None"),
            ("replaces", _are_texts, "a tuple of str"),
        ),
        Proof: (
            _SOURCE,
            ("unit", _is_unit, "a Unit"),
            ("received", _is_time_or_none, "a number from 0 on, or None"),
            ("drained", _is_time_or_none, "a number from 0 on, or None"),
            ("confirmed", _is_time_or_none, "a number from 0 on, or None"),
        ),
        Expires: (
            ("seconds", _is_time_or_none, f"{_SECONDS}, or None"),
            ("at", _is_claim, "a finite date, or None"),
            _TEXT,
        ),
        Metrics: (
            ("backlog", _is_time_or_none, f"{_SECONDS}, or None"),
            _SOURCE,
            ("dropped", _is_count, "int"),
            ("queue", _is_time_or_none, f"{_SECONDS}, or None"),
            ("realtime_factor", _is_claim, "a finite number, or None"),
        ),
        Lost: (
            *(_SOURCE, _TEXT),
            ("start", _is_claim, "finite seconds, or None"),
            ("end", _is_claim, "finite seconds, or None"),
        ),
        Noticed: (("kind", _is_text, "str"), ("payload", _is_mapping, "a mapping")),
        Refusal: (("row", _is_row, "a Rule"), _TEXT),
        Remark: (_TEXT,),
        FinalMessage: (
            ("until", _is_time_or_none, f"{_SECONDS}, or None"),
            ("proves", _is_bool, "bool"),
        ),
        Unknown: (("type", _is_text, "str"),),
        Malformed: (("why", _is_text, "str"),),
    }
)
_CHECKS: Final[Mapping[type, _Check]] = {kind: _Check(fields) for kind, fields in _FIELDS.items()}
