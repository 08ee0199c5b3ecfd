"""One step of a walk: an event, a time that passes, or a pull.

A step is data. It can be taken, printed, and written as Python that takes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, cast

import msgspec

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.events import Event, Tick
from openline.machine.handlers import LocalProtocolError
from openline.machine.table import Transition
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.session import SessionMachine
from openline_testing.basic import BasicWorld
from openline_testing.scope import is_in_scope
from openline_testing.watched import RowsSeen, Situation, situation_of
from openline_testing.world import World

#: More pulls than any window allows.
ALL = 1000
#: Characters of an event that are printed in one line.
_LINE = 120


def fixed() -> float:
    """The randomness of a walk: always the middle."""
    return 0.5


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The options of a session, from which a walk begins."""

    policy: Policy
    dialect: Dialect
    sources: tuple[str, ...]
    has_provider: bool

    def __str__(self) -> str:
        provider = "a provider" if self.has_provider else "no provider"
        basic = "" if self.is_whole else ", the basic laws"
        return f"{written(self.policy)}, {self.dialect.name}, {provider}{basic}"

    @property
    def is_whole(self) -> bool:
        """Whether all laws apply to the dialect, and not the basic ones alone."""
        return is_in_scope(self.dialect, self.policy)

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments that a session and a World have in common."""
        return {
            "policy": self.policy,
            "dialect": self.dialect,
            "sources": self.sources,
            "session_id": "session",
            "attempt_id": "attempt",
            "has_provider": self.has_provider,
        }

    @property
    def code(self) -> list[str]:
        """The lines of Python that set the session up."""
        dialect = type(self.dialect)
        return [
            "from openline import Backend, Policy, SessionMachine, events as e",
            "from openline_testing import World"
            if self.is_whole
            else "from openline_testing.basic import BasicWorld as World",
            "from openline.reconnect.verdicts import ErrorKind, Sender",
            f"from {dialect.__module__} import {dialect.__qualname__}",
            "",
            "options = dict(",
            f"    policy={written(self.policy)},",
            f"    dialect={dialect.__qualname__}(),",
            f"    sources={self.sources!r},",
            '    session_id="session",',
            '    attempt_id="attempt",',
            f"    has_provider={self.has_provider},",
            ")",
            "machine = SessionMachine(Backend(), random=lambda: 0.5, **options)",
            "world = World(**options)",
        ]


class Run:
    """One session on its walk: its machine, the World that watches it, the time."""

    __slots__ = ("_seen", "machine", "now", "policy", "world")

    world: World | BasicWorld

    def __init__(self, setting: Setting) -> None:
        self.policy = setting.policy
        self._seen = RowsSeen()
        self.machine = SessionMachine(
            Backend(), random=fixed, observers=[self._seen], **setting.options
        )
        self.world = (World if setting.is_whole else BasicWorld)(**setting.options)
        self.now = 0.0

    @property
    def deadlines(self) -> Mapping[Timer, float]:
        """The timers that run, the next one first."""
        return self.machine.snapshot().deadlines

    @property
    def situation(self) -> Situation:
        """In which situation the session is."""
        return situation_of(self.machine.snapshot(), self.policy)

    def take_rows(self) -> list[Transition]:
        """The rows that ran since the last call."""
        ran, self._seen.rows = self._seen.rows, []
        return ran


@dataclass(frozen=True)
class Step:
    """A step at ``now``: ``event``, or where it is None up to ``pulls`` pulls."""

    name: str
    now: float
    event: Event | None = None
    pulls: int = 0

    def take(self, run: Run) -> bool:
        """Take the step; False if the app requested the impossible."""
        run.now = self.now
        if self.event is None:
            for _ in range(self.pulls):
                if run.world.pull(run.machine, self.now) is None:
                    break
            return True
        try:
            run.world.receive(run.machine, self.event, self.now)
        except LocalProtocolError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.now:9.3f} s  {self.name}"

    @property
    def code(self) -> str:
        """The line of Python that takes it."""
        if self.event is not None:
            return f"world.receive(machine, {_code(self.event)}, {self.now!r})"
        pull = f"world.pull(machine, {self.now!r})"
        if self.pulls == 1:
            return pull
        return f"while {pull}: pass"


class Noted:
    """An event at ``now`` in ``state``: a line of text, formatted only when printed."""

    def __init__(self, now: float, state: str, event: Event) -> None:
        self._facts = now, state, event

    def __repr__(self) -> str:
        now, state, event = self._facts
        what = _code(event).removeprefix("e.")
        return f"{now:9.3f} s  {state}: {what if len(what) <= _LINE else what[:_LINE] + '…'}"


def tick(name: str, now: float) -> Step:
    """Time passes."""
    return Step(name, now, Tick())


def script(setting: Setting, path: Sequence[Step]) -> str:
    """Python that walks ``path`` again; its last line raises the error."""
    return "\n".join([*setting.code, *(step.code for step in path)]) + "\n"


def _code(value: Any) -> str:
    """``value`` as Python that makes an equal value."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, bytes) and len(value) > 16 and not any(value):
        return f"bytes({len(value)})"
    if isinstance(value, msgspec.Struct):
        given = [
            f"{field.name}={_code(getattr(value, field.name))}"
            for field in msgspec.structs.fields(value)
            if getattr(value, field.name) != field.default
        ]
        return f"e.{type(value).__name__}({', '.join(given)})"
    return repr(value)


def written(thing: Any) -> str:
    """A dataclass, such as a policy, as Python that makes an equal one."""
    given = [
        f"{field.name}={_written(getattr(thing, field.name))}"
        for field in fields(thing)
        if getattr(thing, field.name) != field.default
    ]
    return f"{type(thing).__name__}({', '.join(given)})"


def _written(value: object) -> str:
    if isinstance(value, tuple):
        items = [_written(each) for each in cast("tuple[object, ...]", value)]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    return written(value) if is_dataclass(value) else repr(value)
