"""A path through the model, as people and tools read it: from the numbers that spin printed.

``path`` walks the steps of a trail again, and so holds that each could be taken. ``listed`` is
for people, a line for each step. ``lines`` is JSON lines like a journal: an opening, then an
object for each step with its cause, the row of the chart, the state, and what changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from openline_diagrams.checked.abstraction import PLUS, VARIABLES, zones
from openline_diagrams.checked.model import Law, Model, Step
from openline_diagrams.checked.promela import MARK
from openline_diagrams.checked.terms import Value, holds

State = Mapping[str, Value]
_STEP: Final = re.compile(rf"^\s*{MARK} (\d+)$")
_CYCLE: Final = re.compile(r"<<<<<START OF CYCLE>>>>>")


class TrailError(ValueError):
    """The trail is none of this model."""


class Taken(NamedTuple):
    """A step that was taken, and the state of the model after it."""

    step: Step
    after: State


class Path(NamedTuple):
    """A path from the beginning. ``cycle``: the place of its first step that recurs for ever."""

    first: State
    taken: tuple[Taken, ...]
    cycle: int | None

    @property
    def last(self) -> State:
        """Where it leads."""
        return self.taken[-1].after if self.taken else self.first


def initial(*, provider: bool) -> dict[str, Value]:
    """The first state of the model."""
    state = {name: first for name, (_, first, _) in VARIABLES.items()}
    return {**state, "provider": int(provider), "wanted": int(provider)}


class Reader:
    """Asks a state for variables and for what is derived from its numbers."""

    __slots__ = ("_attempts", "_dials", "_zones")

    def __init__(self, model: Model, attempts: float) -> None:
        self._dials, self._attempts, self._zones = model.dials, attempts, zones()

    def look(self, state: State, name: str) -> Value:
        """The value of ``name`` in ``state``."""
        match name:
            case "full":
                return int(state["zone"] in self._zones.shut and self._passes(state) >= self._dials)
            case "flood":
                within = state["zone"] in self._zones.within
                return int(within and self._passes(state) > self._dials)
            case "spent":
                return int(int(state["attempts"]) >= self._attempts)
            case "beyond":
                return int(int(state["attempts"]) > self._attempts)
            case _:
                return state[name]

    def _passes(self, state: State) -> int:
        return int(state["passes"])

    def is_shut(self, state: State) -> bool:
        """Whether a full gate would be shut for the witness."""
        return state["zone"] in self._zones.shut

    def can(self, state: State, step: Step) -> bool:
        """Whether ``step`` can be taken in ``state``."""
        return step.source == state["state"] and holds(step.when, lambda n: self.look(state, n))

    def broken(self, model: Model, state: State) -> list[Law]:
        """The laws that ``state`` breaks."""
        return [law for law in model.laws if holds(law.never, lambda n: self.look(state, n))]


def take(state: State, step: Step) -> dict[str, Value]:
    """The state after ``step``."""
    new = dict(state)
    for name, value in step.sets.items():
        new[name] = int(new[name]) + 1 if value == PLUS else value
    return new


def path(model: Model, printed: str, attempts: int) -> Path:
    """The path of what spin prints as it replays a trail. Raises TrailError."""
    numbers: list[int] = []
    cycle = None
    for line in printed.splitlines():
        if found := _STEP.match(line):
            numbers.append(int(found[1]))
        elif _CYCLE.search(line):
            cycle = len(numbers)
    for provider in (False, True):  # the first choice is not printed
        try:
            return _walked(model, numbers, attempts, cycle, provider=provider)
        except TrailError as error:
            wrong = error
    raise wrong


def _walked(
    model: Model, numbers: Iterable[int], attempts: int, cycle: int | None, *, provider: bool
) -> Path:
    reader = Reader(model, attempts)
    first = state = initial(provider=provider)
    taken: list[Taken] = []
    for number in numbers:
        if number >= len(model.steps) or not reader.can(state, model.steps[number]):
            raise TrailError(f"step {number} cannot follow on {len(taken)} others")
        state = take(state, model.steps[number])
        taken.append(Taken(model.steps[number], state))
    return Path(first, tuple(taken), cycle)


def _changed(before: State, now: State) -> dict[str, Value]:
    return {name: value for name, value in now.items() if before[name] != value}


def listed(found: Path) -> str:
    """A line for each step: its cause, where it leads, the row, and what changed."""
    before = found.first
    who = "with" if before["provider"] else "without"
    out = [f"a session {who} a provider for credentials, idle"]
    for place, (step, now) in enumerate(found.taken):
        if place == found.cycle:
            out.append("from here on, again and again:")
        news = _changed(before, now)
        news.pop("state", None)
        rest = ", ".join(f"{name}={value}" for name, value in news.items())
        to = step.target if step.row else f"{step.target}, by no row"
        out.append(f"{place + 1:3}. {step.cause} -> {to}{f'  ({rest})' if rest else ''}")
        before = now
    return "\n".join(out) + "\n"


def lines(found: Path, breaks: str) -> Iterator[str]:
    """JSON lines; the first names what the path breaks, and holds the first state."""
    opening: dict[str, Any] = {
        "model": 1,
        "breaks": breaks,
        "state": found.first,
        "cycle": found.cycle,
    }
    yield json.dumps(opening) + "\n"
    before = found.first
    for step, now in found.taken:
        entry = {
            "cause": step.cause,
            "row": step.row,
            "from": step.source,
            "to": step.target,
            "changed": _changed(before, now),
        }
        yield json.dumps(entry) + "\n"
        before = now
