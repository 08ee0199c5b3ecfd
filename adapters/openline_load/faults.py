"""The faults of callers, as phrases that a person writes: what a load does to its own lines.

::

    faults = fault, { (";" | ","), fault } ;
    fault  = effect, [ time ], [ share, "%" ], [ "after", time ], [ "every", time ] ;

``cut 5%`` cuts the line of five callers in a hundred, once, at a random moment of the call.
``freeze 3s 10% after 5s every 20s`` has a tenth of them read nothing for 3 s, 5 s after they began
and each 20 s from then on. The parts behind the effect stand in any order, each once. Faults of
the backend are another thing: ``openline serve --fault``.

Which callers are struck, and when, is drawn from a random function that the load injects, so that a
seed repeats it (``Drawing``). A share is kept to the caller: of 40 callers, 5 % are 2. They are
spread evenly, from a random one on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, NamedTuple


class Effect(StrEnum):
    """What a caller suffers, or does."""

    CUT = "cut"  #: its socket is gone, without a close frame; the session dials again
    FREEZE = "freeze"  #: it reads nothing for a while: the backend's messages have to wait
    LEAVE = "leave"  #: it goes without a stop, as a program that was killed


#: For a list, with what each needs.
MEANINGS: Final = {
    Effect.CUT: "The socket is cut, without a close frame; the session dials again.",
    Effect.FREEZE: "Nothing is read for so long: a slow reader. From 5 s on it misses pongs.",
    Effect.LEAVE: "The caller goes without a stop, as a program that was killed.",
}
_UNITS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_TIME: Final = rf"(\d{{1,9}}(?:\.\d{{1,9}})?)\s*({'|'.join(_UNITS)})"
_PARTS: Final = {
    "share": re.compile(r"(?:of\s+)?(\d{1,3}(?:\.\d{1,6})?)\s*%"),
    "after": re.compile(rf"after\s+{_TIME}"),
    "every": re.compile(rf"every\s+{_TIME}"),
    "time": re.compile(_TIME),
}
_SEE: Final = "see: openline load --fault help"


class FaultError(ValueError):
    """A phrase that names no fault; one line for a person."""


class Strike(NamedTuple):
    """What strikes one caller, ``at`` seconds after it began."""

    at: float
    effect: Effect
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.effect} at {self.at:.1f} s"


@dataclass(frozen=True, slots=True)
class Fault:
    """One phrase. ``share``: the part of all callers, 0 to 1; ``after`` None: a random moment."""

    effect: Effect
    seconds: float = 0.0
    share: float = 1.0
    after: float | None = None
    every: float | None = None

    def __str__(self) -> str:
        parts = [self.effect.value]
        if self.seconds:
            parts.append(f"{self.seconds:g}s")
        parts.append(f"{100 * self.share:g}%")
        if self.after is not None:
            parts.append(f"after {self.after:g}s")
        if self.every is not None:
            parts.append(f"every {self.every:g}s")
        return " ".join(parts)

    def strikes(self, length: float, moment: float) -> Iterator[Strike]:
        """When it strikes a caller whose call lasts ``length`` seconds, in order.

        ``moment``, in [0, 1), is the part of the call at which it does where no time is given.
        """
        at = moment * length if self.after is None else self.after
        while at < length:
            yield Strike(at, self.effect, self.seconds)
            if self.every is None:
                return
            at += self.every


class Drawing:
    """Draws what strikes each caller. ``random`` gives numbers in [0, 1)."""

    def __init__(self, faults: Sequence[Fault], random: Callable[[], float]) -> None:
        self._faults, self._random = faults, random
        self._shares = [random() for _ in faults]

    def draw(self, length: float) -> list[Strike]:
        """What strikes the next caller, whose call lasts ``length`` seconds, in order of time.

        There is nothing behind its leaving.
        """
        found: list[Strike] = []
        for place, fault in enumerate(self._faults):
            share, moment = self._shares[place] + fault.share, self._random()
            is_struck = share >= 1 - 1e-9  # shares add up: 20 times 5 % is one caller
            self._shares[place] = max(0.0, share - is_struck)
            if is_struck:
                found += fault.strikes(length, moment)
        found.sort()
        for place, strike in enumerate(found):
            if strike.effect is Effect.LEAVE:
                return found[: place + 1]
        return found


def parse_faults(text: str) -> tuple[Fault, ...]:
    """The faults of ``text``, at least one. Raises FaultError."""
    return tuple(_fault(each.strip()) for each in re.split("[;,]", text))


def _fault(text: str) -> Fault:
    word = re.match(r"[a-z-]*", text.lower())
    name = word[0] if word else ""
    if name not in {*Effect}:
        near = get_close_matches(name, [*Effect], 1)
        hint = f"did you mean {near[0]}?" if near else _SEE
        raise FaultError(f'fault "{_shown(text)}": give {", ".join(Effect)} first; {hint}')
    effect, given = Effect(name), dict[str, float]()
    rest = text[len(name) :].strip().lower()
    while rest:
        for kind, pattern in _PARTS.items():
            if kind not in given and (found := pattern.match(rest)):
                given[kind] = _value(text, kind, found)
                rest = rest[found.end() :].strip()
                break
        else:
            raise FaultError(f'fault "{_shown(text)}": what is "{_shown(rest)}"? {_SEE}')
    if effect is Effect.LEAVE and "every" in given:
        raise FaultError(f'fault "{_shown(text)}": a caller leaves once: leave out every')
    if (effect is Effect.FREEZE) != ("time" in given):
        what = "freeze takes a time, as in freeze 3s" if effect is Effect.FREEZE else (
            f"{effect} takes no time of its own; give its moment as after 3s"
        )  # fmt: skip
        raise FaultError(f'fault "{_shown(text)}": {what}')
    return Fault(
        effect,
        given.get("time", 0.0),
        given.get("share", 1.0),
        given.get("after"),
        given.get("every"),
    )


def _value(text: str, kind: str, found: re.Match[str]) -> float:
    if kind == "share":
        share = float(found[1]) / 100
        if not 0 < share <= 1:
            raise FaultError(f'fault "{_shown(text)}": give a share above 0 % and up to 100 %')
        return share
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds <= 0 and kind != "after":
        raise FaultError(f'fault "{_shown(text)}": give a time above 0, as in 3s')
    return seconds


def fault_list() -> str:
    """Every phrase with its meaning, a line each, and how to write whom and when."""
    forms = {
        effect: f"{effect} TIME" if effect is Effect.FREEZE else str(effect) for effect in Effect
    }
    width = max(map(len, forms.values()))
    lines = [f"{forms[effect]:{width}}  {MEANINGS[effect]}" for effect in Effect]
    return "\n".join([*lines, "", _RULES, ""])


_RULES: Final = """\
N%: of so many callers; else of all
after TIME: so long after the caller began; else at a random moment of the call
every TIME: again and again from then on; else once
several faults: with ; or , between them; times: 300ms, 5s, 1min

openline load URL --fault "cut 5%; freeze 3s 10% after 5s every 20s\""""


def _shown(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
