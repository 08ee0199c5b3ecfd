"""The presentation of the chart: the choices that no table holds and a person makes by eye.

Each state has a role, which gives its colour. The happy path runs from top to bottom;
a state beside it stands on the left; every other final state stands on the right. Groups
are states that leave in the same way: they are framed, and shared lines are drawn once.
A frame around all that can still go on needs no list; it is called ``OPEN``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from openline.updates import State


class Role(StrEnum):
    """The purpose of a state; the value is its line in the legend."""

    REST = "at rest"
    LIVE = "opening and streaming"
    WAIT = "waiting to try again"
    END = "ending as asked"
    FAIL = "given up"


class Ink(NamedTuple):
    """Three colours of a box: its ground, its border and edges to it, its text."""

    fill: str
    line: str
    text: str


class Palette(NamedTuple):
    """Every colour of a drawing. ``heat``: fired at all, fired at least ten times, ….

    ``never`` is the colour of rows that never fired, ``unknown`` of uncounted rows.
    """

    ground: str
    text: str
    quiet: str  # guards, actions and notes
    line: str
    frame: str
    roles: Mapping[Role, Ink]
    heat: tuple[str, ...]
    never: str
    unknown: str


#: The happy path, from top to bottom.
PATH: Final = (
    State.IDLE,
    State.AUTHORIZING,
    State.CONNECTING,
    State.AWAITING_ACK,
    State.STREAMING,
    State.DRAINING,
    State.FINISHING,
    State.CLOSING,
    State.CLOSED,
)
ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {
        State.IDLE: Role.REST,
        State.AUTHORIZING: Role.LIVE,
        State.CONNECTING: Role.LIVE,
        State.AWAITING_ACK: Role.LIVE,
        State.STREAMING: Role.LIVE,
        State.DRAINING: Role.LIVE,
        State.RECONNECTING: Role.WAIT,
        State.FINISHING: Role.END,
        State.CLOSING: Role.END,
        State.CLOSED: Role.END,
        State.FAILED: Role.FAIL,
    }
)
#: The frame around every state that is not final.
OPEN: Final = "open"
#: Frames within it, none overlapping another. Dialled: a dial is live, and can be lost.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "dialled": (
            *(State.CONNECTING, State.AWAITING_ACK, State.STREAMING, State.DRAINING),
            State.FINISHING,
        ),
    }
)

LIGHT: Final = Palette(
    ground="#ffffff",
    text="#0f172a",
    quiet="#526077",
    line="#334155",
    frame="#7f8da3",
    roles=MappingProxyType(
        {
            Role.REST: Ink("#f1f5f9", "#64748b", "#0f172a"),
            Role.LIVE: Ink("#ecfdf5", "#059669", "#064e3b"),
            Role.WAIT: Ink("#fffbeb", "#d97706", "#78350f"),
            Role.END: Ink("#eff6ff", "#2563eb", "#1e3a8a"),
            Role.FAIL: Ink("#fef2f2", "#dc2626", "#7f1d1d"),
        }
    ),
    heat=("#4f92f7", "#2c6cf0", "#2457d0", "#1f47ae", "#1a398b", "#132b69", "#0a1a45"),
    never="#dc2626",
    unknown="#a16207",
)
DARK: Final = Palette(
    ground="#0d1117",
    text="#e6edf3",
    quiet="#9aa7b8",
    line="#a9b4c2",
    frame="#5a677b",
    roles=MappingProxyType(
        {
            Role.REST: Ink("#1b2230", "#8b98ab", "#e6edf3"),
            Role.LIVE: Ink("#0b2a22", "#34d399", "#a7f3d0"),
            Role.WAIT: Ink("#2e220b", "#fbbf24", "#fde68a"),
            Role.END: Ink("#0f2147", "#60a5fa", "#bfdbfe"),
            Role.FAIL: Ink("#341417", "#f87171", "#fecaca"),
        }
    ),
    heat=("#2b62c4", "#3574de", "#4d8df0", "#659ff6", "#8ebbfc", "#b3d1fd", "#e3efff"),
    never="#f87171",
    unknown="#eab308",
)
