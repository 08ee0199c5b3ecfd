"""One source as the app feeds it: chunks, holes, a start that is told or not, an end.

What it hears is a piece of one long pattern, in which any two places differ within a few
samples: so of every frame that goes out it can be said where it was captured.
"""

from __future__ import annotations

from random import Random
from typing import Final, Protocol

from openline.events import (
    AudioCaptured,
    CaptureHole,
    Event,
    SourceFailed,
    SourceFinished,
    SourceStarted,
)
from openline.updates import SAMPLE_RATE as S
from openline_testing.theorem.schedule import LONGEST, Source
from openline_testing.theorem.stage import Simulation

#: What there is to hear, from session sample 0 on.
PATTERN: Final = Random(0).randbytes(2 * LONGEST * S)


class App(Protocol):
    """What a source asks of the app that it is part of."""

    places: dict[str, int]  # the next session sample of each source

    def listens(self, source: str) -> bool:
        """Whether what the source hears now still counts."""
        ...

    def feed(self, event: Event) -> None:
        """Something happened."""
        ...

    def begin(self, source: str) -> None:
        """Place the source on the timeline, at its first sound."""
        ...


class Feeder:
    """One source at work."""

    def __init__(self, stage: Simulation, app: App, source: Source) -> None:
        self._stage = stage
        self._app = app
        self._source = source
        self._until = source.starts + source.seconds
        self._holes = list(source.holes)
        self._hole_at = source.starts + 1

    def start(self) -> None:
        """It begins to hear; its first chunk comes when it is full."""
        source = self._source
        if source.told:
            self._app.feed(SourceStarted(source.name, self._stage.now))
            self._app.begin(source.name)
        self._stage.at(source.chunk / S, self._speak)

    def _speak(self) -> None:
        stage, app, source = self._stage, self._app, self._source
        name, samples = source.name, source.chunk
        app.begin(name)
        at = app.places[name]
        if app.listens(name):
            app.places[name] = at + samples
            stage.ledger.captured(name, at, at + samples)
        else:
            stage.ledger.accepted_none(samples)
        app.feed(AudioCaptured(name, PATTERN[2 * at : 2 * (at + samples)]))
        wait = 0.0
        if self._holes and stage.now >= self._hole_at:
            self._hole_at = stage.now + 1
            wait = self._hole(self._holes.pop())
        if stage.now < self._until:
            stage.at(wait + samples / S, self._speak)
        elif source.ends == "ended":
            app.feed(SourceFinished(name))
        elif source.ends == "lost":
            if app.listens(name):
                stage.ledger.breaks_off(name)
            app.feed(SourceFailed(name, "unplugged"))

    def _hole(self, samples: int) -> float:
        app, name = self._app, self._source.name
        if app.listens(name):
            at = app.places[name]
            app.places[name] = at + samples
            self._stage.ledger.hole(name, at, at + samples)
        app.feed(CaptureHole(name, samples))
        return samples / S
