"""Typed options of a dialect: fields of its dataclass, which the command reads as text.

An example::

    @dataclass(frozen=True, kw_only=True)
    class Deepgram(DialectBase):
        model: str = option("nova-3", "the model", "Deepgram, Models")
        diarize: bool = option(False, "tell speakers apart", "Deepgram, Diarization")

``Deepgram(model="nova-2")`` and ``configured(Deepgram(), {"model": "nova-2"})`` are the same. A
journal keeps ``recorded(dialect)``: what differs from the defaults, as text.

An option is a str, int, float, bool, or a tuple of str, and may be None as well. In text a bool is
``true`` or ``false`` and a tuple is separated by commas.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast, get_args, get_type_hints

import msgspec

_T = TypeVar("_T")
_BOOLS: Final[Mapping[str, bool]] = MappingProxyType(
    {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
)


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option: its name, the kind of its value, its default, its purpose and the source."""

    name: str
    kind: str
    default: Any
    what: str
    source: str


def option(default: _T, what: str, source: str = "") -> _T:
    """A field of a dialect's dataclass that users may set: its purpose in one line, its source."""
    meaning = {"what": what, "source": source}
    field: Any = dataclasses.field(default=default, metadata=meaning)
    made: _T = field
    return made


def options_of(dialect: object) -> tuple[Option, ...]:
    """The options of a dialect or its class, in order; none if it is no dataclass."""
    if not dataclasses.is_dataclass(dialect):
        return ()
    kinds = _kinds(dialect if isinstance(dialect, type) else type(dialect))
    return tuple(
        Option(
            name=each.name,
            kind=kinds[each.name],
            default=each.default,
            what=each.metadata["what"],
            source=each.metadata["source"],
        )
        for each in dataclasses.fields(dialect)
        if "what" in each.metadata
    )


def stray_option(dialect: object) -> str:
    """The first option of a class that is no dataclass, where it has no value; "" for none."""
    for cls in type(dialect).__mro__:
        for name, value in vars(cls).items():
            if isinstance(value, dataclasses.Field) and "what" in value.metadata:
                return name
    return ""


def configured(dialect: _T, given: Mapping[str, str]) -> _T:
    """The dialect with the options of ``given``, as text.

    Raises ValueError, one line, for an option that it does not have, or whose value cannot be.
    """
    if not given:
        return dialect
    known = {each.name: each for each in options_of(dialect)}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if (found := known.get(name)) is None:
            raise ValueError(_unknown(dialect, name, list(known)))
        try:
            values[name] = _READERS[found.kind.removesuffix(" | None")](text)
        except ValueError:
            want = _WANTED[found.kind.removesuffix(" | None")]
            raise ValueError(f"option {name}: {text!r} is no value: give {want}") from None
    made: Any = dialect
    changed: _T = dataclasses.replace(made, **values)
    return changed


def speaking(dialect: _T, language: str) -> _T:
    """The dialect set to ``language``, such as ``en``, where it has an option for it.

    That is ``language``, or ``languages`` where it takes several.
    """
    named = {each.name for each in options_of(dialect)}
    for name in ("language", "languages"):
        if name in named:
            return configured(dialect, {name: language})
    return dialect


def language_of(dialect: object) -> str:
    """The one language that the dialect is set to, as ``speaking`` sets it; empty: none is known.

    Of several ``languages``, it may be any.
    """
    values = {each.name: getattr(dialect, each.name) for each in options_of(dialect)}
    one: str | None = values.get("language")
    several: tuple[str, ...] = values.get("languages") or ()
    return one or (several[0] if len(several) == 1 else "")


def tells_speakers(dialect: object) -> bool:
    """Whether the dialect is set to tell speakers apart: ``diarize``, or ``diarization``."""
    return any(getattr(dialect, each, False) is True for each in ("diarize", "diarization"))


def recorded(dialect: object) -> dict[str, str]:
    """The options that differ from the defaults, as ``configured`` reads them."""
    found: dict[str, str] = {}
    for each in options_of(dialect):
        value = getattr(dialect, each.name)
        if value != each.default:
            found[each.name] = _text(value)
    return found


def _kinds(cls: type) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, hint in get_type_hints(cls).items():
        parts = [each for each in get_args(hint) if each is not type(None)]
        is_optional = type(None) in get_args(hint)
        first = parts[0] if is_optional else hint
        is_tuple = getattr(first, "__origin__", None) is tuple
        kind = "tuple" if is_tuple else str(getattr(first, "__name__", ""))
        names[name] = kind + " | None" * is_optional
    return names


def _unknown(dialect: object, name: str, known: list[str]) -> str:
    whose = getattr(dialect, "name", type(dialect).__name__)
    if not known:
        return f"option {name}: the dialect {whose} has no options: leave it out"
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"give one of {', '.join(known)}"
    return f"option {name}: the dialect {whose} has no such option: {hint}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(str, cast("tuple[object, ...]", value)))
    return str(value)


def _bool(text: str) -> bool:
    if (found := _BOOLS.get(text.strip().lower())) is None:
        raise ValueError(text)
    return found


def _float(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


_READERS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {"str": str, "int": int, "float": _float, "bool": _bool, "tuple": _names}
)
_WANTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "str": "a text",
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "tuple": "names, separated by commas",
    }
)
