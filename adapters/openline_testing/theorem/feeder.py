"""One source as the app feeds it: chunks, holes, a start with or without its time, an end.

Its audio is a piece of one long pattern, in which any two places differ within a few
samples. So every frame that goes out shows where it was captured.
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
from openline_testing.theorem.simulation import Simulation

#: The audio, from session sample 0 on.
PATTERN: Final = Random(0).randbytes(2 * LONGEST * S)


class App(Protocol):
    """The app's side of a source."""

    places: dict[str, int]  # the next session sample of each source

    def listens(self, source: str) -> bool:
        """Whether audio that the source captures now still counts."""
        ...

    def feed(self, event: Event) -> None:
        """Feed the session an event."""
        ...

    def begin(self, source: str) -> None:
        """Place the source on the timeline, at its first sound."""
        ...


class Feeder:
    """One source at work."""

    def __init__(self, simulation: Simulation, app: App, source: Source) -> None:
        self._simulation = simulation
        self._app = app
        self._source = source
        self._until = source.starts + source.seconds
        self._holes = list(source.holes)
        self._hole_at = source.starts + 1

    def start(self) -> None:
        """Start capturing; the first chunk comes when it is full."""
        source = self._source
        if source.timed:
            self._app.feed(SourceStarted(source.name, self._simulation.now))
            self._app.begin(source.name)
        self._simulation.at(source.chunk / S, self._capture)

    def _capture(self) -> None:
        simulation, app, source = self._simulation, self._app, self._source
        name, samples = source.name, source.chunk
        app.begin(name)
        at = app.places[name]
        if app.listens(name):
            app.places[name] = at + samples
            simulation.ledger.captured(name, at, at + samples)
        else:
            simulation.ledger.accepted_none(samples)
        peak = None if simulation.speech.dialect.traits.proves_silence else 0
        app.feed(AudioCaptured(name, PATTERN[2 * at : 2 * (at + samples)], peak))
        wait = 0.0
        if self._holes and simulation.now >= self._hole_at:
            self._hole_at = simulation.now + 1
            wait = self._hole(self._holes.pop())
        if simulation.now < self._until:
            simulation.at(wait + samples / S, self._capture)
        elif source.ends == "ended":
            app.feed(SourceFinished(name))
        elif source.ends == "lost":
            if app.listens(name):
                simulation.ledger.breaks_off(name)
            app.feed(SourceFailed(name, "unplugged"))

    def _hole(self, samples: int) -> float:
        app, name = self._app, self._source.name
        if app.listens(name):
            at = app.places[name]
            app.places[name] = at + samples
            self._simulation.ledger.hole(name, at, at + samples)
        app.feed(CaptureHole(name, samples))
        return samples / S
