"""Silence that no backend proves, deaf backends, and stores that wait: schedules that broke it.

Each class is one schedule of an attack on the design, played with a clock of its own. An hour is
7,200 steps of half a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.commands import SendBytes, SendPing, StoreAssumed, StoreConfirmed, StoreGap
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.traits import End, Ends, Traits
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.updates import SAMPLE_RATE as S
from openline.updates import Account, GapCause, Trouble
from tests.core.driver import FRAME, Drive, pcm

#: What a speaker and a quiet room peak at.
LOUD, QUIET = 8000, 20
STEP = 0.5
POLICY = Policy(source_timeout=None, give_up_after=None)


def dialect(**changes: Any) -> EchoPanel:
    """A dialect with the messages of echopanel, whose backend proves no silence."""
    known: dict[str, Any] = {"ends": Ends.EXACT, "proves_silence": False, "queue": None}
    made = EchoPanel()
    traits: Traits = replace(TRAITS, **(known | {"horizon": 10.0} | changes))
    made.traits = traits  # type: ignore[misc]  # a test's own copy
    return made


class Room(Drive):
    """A session whose microphone hears a room; its backend answers pings."""

    def __init__(self, *, policy: Policy = POLICY, **given: Any) -> None:
        """``given``: the traits of the dialect, and the arguments of ``Drive``."""
        options = {"sources", "kinds", "disk_seconds"}
        mine = {name: value for name, value in given.items() if name in options}
        traits = {name: value for name, value in given.items() if name not in options}
        super().__init__(policy=policy, dialect=dialect(**traits), **mine)

    def live(self, seconds: float, peak: int | None = QUIET, source: str = "mic") -> None:
        """The room for so long: half a second at a time, over as many dials as it takes."""
        for _ in range(round(seconds / STEP)):
            self.wait(STEP, pulling=False)
            self.hear(STEP, peak, source)

    def hear(self, seconds: float, peak: int | None = QUIET, source: str = "mic") -> None:
        """Audio comes at once, and is sent; the next dial is answered."""
        self.feed(e.AudioCaptured(source, pcm(round(seconds * S)), peak))
        self.answer()

    def answer(self) -> None:
        """Open a dial that waits, and answer pings."""
        if self.state == "connecting":
            self.connect()
        self.serve()

    def passes(self, seconds: float) -> None:
        """Time passes without audio: the microphone is muted."""
        for _ in range(round(seconds / STEP)):
            self.wait(STEP, pulling=False)
            self.answer()

    @property
    def account(self) -> Account:
        return self.core.statistics_account

    @property
    def deaf(self) -> list[Trouble]:
        return [each for each in self.told(Trouble) if each.kind == "deaf"]

    def finish(self) -> None:
        """Stop, and let the backend end the session."""
        self.stop()
        self.answer()
        self.summary()
        self.lose(1000)


def seconds(samples: int) -> float:
    return samples / S


def accounts(room: Room) -> Mapping[str, Account]:
    return room.ended.accounts
