"""What a source of audio is: something that runs, and tells a sink what it hears.

A source is driven by its own task. It calls the sink synchronously for every piece
of audio; the sink never blocks and refuses nothing that is audio, so a capture path has
nothing to wait for and nothing to handle. A source that *can* wait (a file read faster than
real time) asks for ``room`` first. Returning from ``run`` means the source has
ended; raising ``SourceError`` means it was lost, and why. One that hangs is lost too, unless
its silence is no sign of anything, which it says itself. What a source may have besides is
told at ``Source``.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from openline.updates import SAMPLE_RATE

__all__ = ["FRAME_SAMPLES", "SAMPLE_RATE", "Holding", "Sink", "Source", "SourceError"]

#: Samples in the usual frame: 20 ms.
FRAME_SAMPLES = 320


class SourceError(Exception):
    """A source cannot be opened or cannot go on.

    The text is one line for a person: which source, what is wrong, what to do.
    """


class Sink(Protocol):
    """Where a source delivers. Everything but ``room`` is synchronous: nothing waits.

    Nothing raises, before or after the end of the session, but for what cannot be: half a
    sample, a negative hole, a time that is none. That raises
    ``openline.LocalProtocolError`` and changes nothing; a source that lets it through
    is lost, and its text says why.
    """

    def started(self, at: float) -> None:
        """The first sample was heard at ``at`` (seconds on trio's clock). Once, first."""
        ...

    def audio(self, pcm: bytes) -> None:
        """Signed 16-bit little-endian mono PCM at 16 kHz; usually 640 bytes (20 ms).

        Any length will do, of whole samples.
        """
        ...

    def hole(self, samples: int) -> None:
        """``samples`` (at 16 kHz, 0 or more) passed here that the source could not hear."""
        ...

    async def room(self) -> None:
        """Wait until the session would rather have more than keep what it has."""
        ...


class Source(Protocol):
    """One stream of audio.

    Three more attributes are read where a source has them. ``kind``, a ``SourceKind``: STORE
    for audio that is there already, such as a file, or DEVICE, the default, for audio that is
    captured as time passes. ``may_pause``, if true: it may be silent for longer than
    ``Policy.source_timeout`` and is not lost. ``flush(sink)``: see ``Holding``.
    """

    @property
    def duration(self) -> float | None:
        """Seconds of audio in all, or None where nobody can know."""
        ...

    async def run(self, sink: Sink) -> None:
        """Deliver audio until it ends. Raises SourceError if the source is lost."""
        ...


@runtime_checkable
class Holding(Protocol):
    """A source that may hold audio which it has not delivered yet."""

    def flush(self, sink: Sink) -> None:
        """Deliver that audio now, on the trio thread: the session is about to stop or abort.

        ``sink`` is the one that ``run`` gets, or has got: ``run`` may not have begun. What the
        source hears later is not taken, so it refuses that from now on where it can.
        """
        ...
