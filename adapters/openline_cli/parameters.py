"""The parameters of commands as data, and the parser of the command line.

One table holds every command (``app.COMMANDS``). The parser (here), the help, the manual page,
the shell completion and the tables of the reference all use it, so that none can differ from the
others. argparse is not used: its error texts differ between Python versions, and its declared
arguments can be read back only through private names.

The rules are the usual ones: options and arguments in any order, ``--name VALUE`` or
``--name=VALUE``, ``--`` before arguments that begin with a dash, and ``-`` alone is an argument.
Names are not abbreviated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite, nan
from typing import Any, Final

from openline_cli.problems import Problem

#: How alike two names are of which one is meant (difflib's ratio).
_NEAR: Final = 0.65
#: Options that others call so.
_MEANT: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("start", "begin", "since", "offset"), ("from",)),
    **dict.fromkeys(("to", "end", "stop"), ("until",)),
    **dict.fromkeys(("for", "duration", "time", "seconds"), ("hold",)),
}
#: Units of time, each before one that it ends with.
_UNITS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
#: m:ss and h:mm:ss, with decimals of a second; m may be above 59 without hours.
_CLOCK: Final = re.compile(r"(?:(\d{1,4}):(?=[0-5]?\d:))?(\d{1,4}):([0-5]\d(?:\.\d+)?)", re.ASCII)
#: The flags that ask for help, of any command.
HELP: Final = ("-h", "--help")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument or an option.

    ``name`` is the keyword of the command's function. ``flags`` are its spellings on the command
    line, the long one first; an argument has none. ``value`` is the placeholder of the value, as
    in ``FILE``; a switch has none. ``read`` converts the text, and raises ValueError whose text
    is what to give instead. ``many``: it may be given more than once, and the value is a tuple.
    ``table`` is the table that may hold it in a file for ``--config``.
    """

    name: str
    help: str
    flags: tuple[str, ...] = ()
    value: str = ""
    read: Callable[[str], object] = str
    choices: tuple[str, ...] = ()
    default: object = None
    required: bool = False
    many: bool = False
    hidden: bool = False
    table: str = ""

    @property
    def is_option(self) -> bool:
        """Whether it has a flag; otherwise it is recognised by its place."""
        return bool(self.flags)

    @property
    def takes_value(self) -> bool:
        """Whether a value follows the flag."""
        return bool(self.value)

    @property
    def label(self) -> str:
        """Its name in errors."""
        return self.flags[0] if self.flags else self.value

    def convert(self, text: str) -> object:
        """The value of ``text``. Raises ValueError; its text is what to give instead."""
        if self.choices and text not in self.choices:
            choice = f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
            raise ValueError(f"give {choice}{suggestion(text, self.choices)}")
        return self.read(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: its purpose in a sentence, a further note, and its parameters."""

    name: str
    summary: str
    more: str = ""
    parameters: tuple[Parameter, ...]

    @property
    def options(self) -> list[Parameter]:
        """The options, without those that only our own processes use."""
        return [each for each in self.parameters if each.is_option and not each.hidden]

    @property
    def arguments(self) -> list[Parameter]:
        """The positional parameters."""
        return [each for each in self.parameters if not each.is_option]

    @property
    def defaults(self) -> dict[str, Any]:
        """The defaults, by the parameters' names."""
        return {each.name: each.default for each in self.parameters}


def whole(text: str) -> int:
    """A whole number. Raises ValueError."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("give a whole number") from None


def from_1(text: str) -> int:
    """A whole number of 1 or more. Raises ValueError."""
    value = whole(text)
    if value < 1:
        raise ValueError("give a whole number from 1 on")
    return value


def port(text: str) -> int:
    """A port to listen on. Raises ValueError."""
    value = whole(text)
    if not 1 <= value <= 65535:
        raise ValueError("give a port, 1 to 65535")
    return value


def number(text: str) -> float:
    """A number. Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        raise ValueError("give a number") from None


def above_0(text: str) -> float:
    """A finite number above 0. Raises ValueError."""
    value = number(text)
    if not (isfinite(value) and value > 0):
        raise ValueError("give a number above 0")
    return value


def duration(text: str) -> float:
    """Seconds above 0, with or without a unit, as in 60, 500ms, 60s, 2min. Raises ValueError."""
    seconds = _seconds(text)
    if not seconds > 0:
        raise ValueError("give a time above 0, as in 500ms, 60s or 2min")
    return seconds


def delay(text: str) -> float:
    """Seconds of 0 or more, written as a ``duration``. Raises ValueError."""
    seconds = _seconds(text)
    if not seconds >= 0:
        raise ValueError("give a time, as in 0s, 500ms, 60s or 2min")
    return seconds


def _seconds(text: str) -> float:
    """The seconds of a time with or without a unit; not a number if it is no finite time."""
    value, unit = text.strip().lower(), 1.0
    for name, seconds in _UNITS.items():
        if value.endswith(name):
            value, unit = value.removesuffix(name), seconds
            break
    try:
        found = float(value) * unit
    except ValueError:
        return nan
    return found if isfinite(found) else nan


def position(text: str) -> float:
    """A time of a recording in seconds, 0 or more: 750, 90s, 12:30, 1:02:30.5. ValueError."""
    value = text.strip()
    found = _CLOCK.fullmatch(value)
    if found is not None:
        hours, minutes, seconds = found.groups()
        return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)
    try:
        return 0.0 if value == "0" else duration(value)
    except ValueError:
        raise ValueError("give a time, as in 12:30, 1:02:30.5, 90s or 750") from None


def read_words(command: Command, words: Sequence[str]) -> dict[str, Any]:
    """The given values, by the parameters' names; others are left out.

    Raises Problem, one line, for words that the command does not take.
    """
    given: dict[str, Any] = {}
    for parameter, text in _matched(command, words):
        if text is None:
            given[parameter.name] = True
            continue
        try:
            value = parameter.convert(text)
        except ValueError as error:
            raise Problem(f"{parameter.label} {text}: {error}") from None
        given[parameter.name] = (*given.get(parameter.name, ()), value) if parameter.many else value
    for parameter in command.arguments:
        if parameter.required and parameter.name not in given:
            raise _misused(command, f"{parameter.value} is missing")
    return given


def _matched(command: Command, words: Sequence[str]) -> Iterator[tuple[Parameter, str | None]]:
    """Each parameter that was given, with its text; None for a switch."""
    options = {flag: each for each in command.parameters for flag in each.flags}
    arguments: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            arguments += left
        elif word == "-" or not word.startswith("-"):
            arguments.append(word)
        else:
            yield _option(command, options, word, left)
    places = iter(command.arguments)
    place = next(places, None)
    for argument in arguments:
        if place is None:
            raise _misused(command, f"{argument} is one argument too many")
        yield place, argument
        if not place.many:
            place = next(places, None)


def _option(
    command: Command, options: Mapping[str, Parameter], word: str, left: Iterator[str]
) -> tuple[Parameter, str | None]:
    flag, equals, text = word.partition("=")
    parameter = options.get(flag)
    if parameter is None:
        raise _misused(command, f"there is no option {flag}{suggestion(flag, options)}")
    if not parameter.takes_value:
        if equals:
            raise _misused(command, f"{flag} takes no value")
        return parameter, None
    if equals:
        return parameter, text
    value = next(left, None)
    if value is None or value in options:
        raise _misused(command, f"{flag} needs a value: {flag} {parameter.value}")
    return parameter, value


def _misused(command: Command, what: str) -> Problem:
    return Problem(f"{what} (see openline {command.name} --help)")


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """``; did you mean …?`` if a name in ``known`` is close to ``wrong``, else nothing."""
    bare = {each.lstrip("-"): each for each in known}  # dashes make all options alike
    name = wrong.lstrip("-")
    close = [each for each in _MEANT.get(name, ()) if each in bare and wrong.startswith("-")]
    close += get_close_matches(name, bare, 1, _NEAR)
    return f"; did you mean {bare[close[0]]}?" if close else ""
