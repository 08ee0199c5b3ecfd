"""The elements of a sequence diagram: participants, and items at their times.

Times are seconds since the session's first step. Everything goes through openline: one end
of each message is it.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import NamedTuple, TypeAlias

from openline.updates import State
from openline_diagrams.sequences.steps import Mark


class Who(StrEnum):
    """The participants, from left to right."""

    APP = "App"
    LINE = "openline"
    BACKEND = "Backend"
    PROVIDER = "Provider"


class Style(Enum):
    """The style of a message."""

    CALL = "a request, or audio"
    ANSWER = "an answer, or news"
    CUT = "the end of a connection"
    LATE = "too late: it changes nothing"


class Message(NamedTuple):
    """``text`` goes from ``tail`` to ``head``. ``both``: and an answer comes back."""

    at: float
    tail: Who
    head: Who
    text: str
    style: Style
    marks: tuple[Mark, ...] = ()
    both: bool = False


class Turn(NamedTuple):
    """``state`` is entered. ``timers``: name and seconds. ``why`` is a line, or empty."""

    at: float
    state: State
    timers: tuple[tuple[str, float], ...]
    why: str
    marks: tuple[Mark, ...] = ()


class Alarm(NamedTuple):
    """``timer`` fires, ``after`` seconds."""

    at: float
    timer: str
    after: float


class Note(NamedTuple):
    """A remark about the audio."""

    at: float
    text: str


Item: TypeAlias = Message | Turn | Alarm | Note


class Sequence(NamedTuple):
    """The diagram. ``about`` is a caption, or empty; ``who`` stand from the left."""

    title: str
    about: str
    who: tuple[Who, ...]
    items: tuple[Item, ...]
