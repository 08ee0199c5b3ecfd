"""The protocols of a source of audio and of the sink that it delivers to.

A source runs in its own task. It calls the sink synchronously for every piece of audio; the sink
never blocks and accepts all valid audio, so a capture path waits for nothing and handles no
error. A source that *can* wait (a file read faster than real time) awaits ``room`` first. If
``run`` returns, the source has ended; if it raises ``SourceError``, the source is lost, and the
error is the reason. A source that hangs is lost too, unless it sets ``may_pause``. ``Source``
describes the optional attributes.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any, Protocol, runtime_checkable

from openline.updates import SAMPLE_RATE

__all__ = ["FRAME_SAMPLES", "SAMPLE_RATE", "DeviceSink", "Holding", "Sink", "Source", "SourceError"]

#: Samples in the usual frame: 20 ms.
FRAME_SAMPLES = 320


class SourceError(Exception):
    """A source cannot be opened or cannot go on.

    The text is one line for the user: which source, what is wrong, what to do.
    """


class Sink(Protocol):
    """The receiver of a source's audio. Everything but ``room`` is synchronous and never waits.

    Nothing raises, before or after the end of the session, except for impossible arguments: half
    a sample, a negative hole, a time that is not finite. They raise
    ``openline.LocalProtocolError`` and change nothing; a source that does not catch it is lost,
    with the error's text as the reason.
    """

    def started(self, at: float) -> None:
        """The first sample was captured at ``at``, seconds on the loop's clock. Once, first."""
        ...

    def audio(self, pcm: bytes) -> None:
        """Signed 16-bit little-endian mono PCM at 16 kHz; usually 640 bytes (20 ms).

        Any number of whole samples is allowed.
        """
        ...

    def hole(self, samples: int) -> None:
        """The source could not capture the next ``samples`` (at 16 kHz, 0 or more)."""
        ...

    def room(self) -> Coroutine[Any, Any, None]:
        """Await it: wait until the session has room for more audio."""
        ...


@runtime_checkable
class DeviceSink(Protocol):
    """A sink that wants to know what becomes of a device; a session's does."""

    def held(self, device: str, reason: str) -> None:
        """The device is away, and the source waits. A hole follows when there is audio again."""
        ...

    def changed(self, device: str, reason: str) -> None:
        """From here on the audio comes from ``device``: it is back, or it is another one."""
        ...


class Source(Protocol):
    """One stream of audio.

    A source may have five more attributes. ``kind``, a ``SourceKind``: STORE for audio that
    exists already, such as a file, or DEVICE, the default, for audio that is
    captured as time passes. ``may_pause``, if true: it may be silent for longer than
    ``Policy.source_timeout`` and is not lost. ``may_be_silent``, if true: it may give nothing but
    zeros and is not reported as muted. ``begins_at``: seconds of its recording before its audio, a
    number; a spool keeps it. ``flush(sink)``: see ``Holding``.
    """

    @property
    def duration(self) -> float | None:
        """Seconds of audio in all, or None if unknown."""
        ...

    async def run(self, sink: Sink) -> None:
        """Deliver audio until it ends. Raises SourceError if the source is lost."""
        ...


@runtime_checkable
class Holding(Protocol):
    """A source that may hold audio which it has not delivered yet."""

    def flush(self, sink: Sink) -> None:
        """Deliver that audio now, on the loop's thread: the session is about to stop or abort.

        ``sink`` is the same as for ``run``, which may not have begun. The session takes no audio
        after this call, so the source refuses it from now on if it can.
        """
        ...


@runtime_checkable
class SingleUse(Protocol):
    """A source that one session uses, once."""

    @property
    def is_used(self) -> bool:
        """Whether a session has used it: another one needs another source."""
        ...


def check_unused(sources: Mapping[str, Source]) -> None:
    """Raise ValueError for a source of a single use that was used, or that has two names."""
    seen: dict[int, str] = {}
    for name, source in sources.items():
        if not isinstance(source, SingleUse):
            continue
        kind = type(source).__name__
        if source.is_used:
            raise ValueError(
                f"sources[{name!r}]: this {kind} has been used by a session: "
                "make another one for each session"
            )
        if id(source) in seen:
            raise ValueError(
                f"sources[{name!r}]: this {kind} is sources[{seen[id(source)]!r}] already: "
                "make one for each name"
            )
        seen[id(source)] = name
