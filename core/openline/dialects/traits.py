"""The traits of a backend: the numbers and names by which the core treats it.

A dialect has one ``Traits`` value. The core reads it and never asks which dialect it is.
``Traits`` checks itself when it is made, so the traits of a dialect are always valid.

Three traits describe the queue of a backend, in seconds of audio per source:

    drained ──── window 1.6 ────┤ queue 2.0
                                └ a backlog is sent up to here, the rest is for jitter

A backend drops the oldest audio beyond ``queue``. So a backlog is sent up to ``window``
beyond what the backend has taken out of its queue. Live audio cannot pile up faster than
time passes: it may run ``live_ahead`` beyond what the backend has received, unless the
backend is *filling*, which it is from ``filling_above`` seconds of reported backlog on
until it reports less than ``filling_below``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, cast

import msgspec

from openline.reconnect.verdicts import Rule

#: Close codes (RFC 6455 §7.4.2): a close frame has no others.
_CODES: Final = range(1000, 5000)
_NO_CODES: Final[Mapping[int, Rule]] = MappingProxyType({})
_NO_REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType({})
#: The traits that are seconds, 0 or more.
_SECONDS: Final = (
    *("horizon", "start_delay", "queue", "window", "time_error", "longest_run"),
    *("live_ahead", "filling_above", "filling_below"),
)
#: Seconds. Audio flows in frames of 0.02 s, with several confirmations per window.
_LEAST: Final = 0.1
#: Characters of a value that an error quotes.
_QUOTED: Final = 60


#: Seconds by which the mark may lag, per second of ``longest_run``: in models of the measured
#: errors it lagged 30 to 32 s at worst, queue and chunk included, with a run of 20 s.
_LAG: Final = 1.5


class Ends(StrEnum):
    """What the end of a final proves."""

    EXACT = "exact"  #: the backend has transcribed all audio before it
    CLAIMED = "claimed"  #: nothing: it may lie behind all audio that the backend had


class Address(msgspec.Struct, frozen=True):
    """Where a backend listens: a host, a port from 1 to 65535, and a path from ``/`` on."""

    host: str
    port: int
    path: str


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of one kind of backend. All durations are seconds.

    ``sources``: the names that a source of audio may have.
    ``horizon``: audio that a backend took out of its queue is transcribed or discarded after so
    long; this confirms silence, for which no transcript comes.
    ``ends``: what the ends of its finals prove; the default assumes nothing. ``time_error``: how
    far the beginnings and ends of words may be off, ends that lie behind the audio aside.
    ``longest_run``: finals without a wide pause between them are confirmed after so long, or a
    tenth later (``openline.audio.marks``).
    ``silent_in_silence``: the backend sends nothing while it receives silence, so a quiet line
    does not mean that it fails.
    ``address``: where it listens by default; None: there is no usual address.
    ``start_delay``: the start goes out no earlier than this after dialling began.
    ``queue``, ``window``, ``live_ahead``, ``filling_above``, ``filling_below``: its queue, as
    described above. The defaults suit a backend that keeps 2 s, a short queue as queues go.
    ``codes``: close codes with another meaning than in the verdict table.
    ``refusals``: texts with which the backend refuses, each with its rule; for documentation
    and for the dialect's own ``decode``.

    Raises ValueError, one line that names the trait, for a value that cannot work.
    """

    sources: tuple[str, ...]
    horizon: float
    ends: Ends = Ends.CLAIMED
    time_error: float = 0.3
    longest_run: float = 20.0
    silent_in_silence: bool = False
    address: Address | None = None
    start_delay: float = 0.0
    queue: float = 2.0
    window: float = 1.6
    live_ahead: float = 1.0
    filling_above: float = 1.6
    filling_below: float = 1.0
    codes: Mapping[int, Rule] = _NO_CODES
    refusals: Mapping[str, Rule] = _NO_REFUSALS

    def __post_init__(self) -> None:
        if not _are_names(self.sources):
            raise _wrong("sources", self.sources, "a tuple of names, such as ('mic',)")
        for name in _SECONDS:
            value = getattr(self, name)
            if not _is_time(value):
                raise _wrong(name, value, "seconds, 0 or more")
        if not isinstance(cast("object", self.ends), Ends):
            raise _wrong("ends", self.ends, "Ends.EXACT or Ends.CLAIMED")
        if not isinstance(cast("object", self.silent_in_silence), bool):
            raise _wrong("silent_in_silence", self.silent_in_silence, "True or False")
        if not isinstance(cast("object", self.address), Address | None):
            raise _wrong("address", self.address, "an Address, or None")
        for name in ("window", "live_ahead"):
            if getattr(self, name) < _LEAST:
                raise _wrong(name, getattr(self, name), f"{_LEAST:g} s or more")
        if self.window > self.queue:
            raise ValueError("Traits.window is more than queue: lower it")
        if self.filling_below > self.filling_above:
            raise ValueError("Traits.filling_below is more than filling_above: lower it")
        _check_rules("codes", self.codes, int, "close code from 1000 to 4999")
        _check_rules("refusals", self.refusals, str, "text")

    @property
    def lag(self) -> float:
        """How long the backend may leave audio unconfirmed, in seconds, on a line that works."""
        if self.ends is Ends.EXACT:
            return self.horizon
        return max(self.horizon, _LAG * self.longest_run) + self.queue


def _wrong(name: str, value: object, want: str) -> ValueError:
    shown, is_short = repr(value), isinstance(value, str | int | float | tuple)
    if not is_short or len(shown) > _QUOTED:
        shown = type(value).__name__
    return ValueError(f"Traits.{name} is {shown}: give {want}")


def _are_names(value: object) -> bool:
    names = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
    return bool(names) and all(isinstance(each, str) and each.strip() for each in names)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _check_rules(name: str, value: object, kind: type, want: str) -> None:
    is_mapping = isinstance(value, Mapping)
    rules = cast("Mapping[object, object]", value)
    if not is_mapping or not all(isinstance(rule, Rule) for rule in rules.values()):
        raise _wrong(name, rules, f"a mapping from each {want} to its Rule")
    for key in rules:
        if not isinstance(key, kind) or (kind is int and key not in _CODES):
            raise _wrong(name, key, f"a Rule for each {want}")
