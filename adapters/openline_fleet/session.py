"""What an app does with a session of a shard: push audio, finish it, wait for its end."""

from __future__ import annotations

import asyncio

from openline import events as e
from openline.updates import Ended
from openline_driver.argument_checks import kind_of
from openline_fleet.checks import check_count, check_number
from openline_fleet.line import Line


class FleetSession(Line):
    """A session of a fleet. ``push`` audio, ``finish`` it properly, or ``abort`` it.

    Its updates are among those of the shard. Everything may be called from the loop's thread alone.
    """

    def push(self, source: str, pcm: bytes) -> None:
        """Hand over audio: 16 kHz mono s16le, when its last sample was captured.

        Raises SourceClosedError, and takes none of it, once the source or the session has ended,
        was asked to stop, or was drained. Raises ValueError for a source that is not pushed,
        TypeError for what is no audio, and LocalProtocolError for half a sample.
        """
        try:
            is_plain = source in self._plain and type(pcm) is bytes
        except TypeError:  # it has no hash
            raise TypeError(f"source: give a str, not {kind_of(source)}") from None
        if not is_plain:
            self._sources.push(source, pcm)
        elif not self.relay(source, pcm):
            self.feed(e.AudioCaptured(source, pcm))

    def started(self, source: str, at: float) -> None:
        """The first sample of a pushed source was captured at ``at``, on the loop's clock.

        For an app that knows it; otherwise it is reckoned back from the first ``push``. Raises
        ValueError for a source that is not pushed, or has begun, and as ``push``.
        """
        check_number("at", at)
        self._sources.begin(source, at)

    def hole(self, source: str, samples: int) -> None:
        """``samples`` of a pushed source could not be captured, as where packets were lost.

        Raises as ``push``, and ValueError for a number below 0.
        """
        check_count("samples", samples, low=0)
        self._sources.hole(source, samples)

    def end_source(self, source: str) -> None:
        """No more of a pushed source is to come. The session stops when all sources have ended.

        Raises ValueError for a source that is not pushed.
        """
        self._sources.check_pushed(source)
        self._sources.close(source)
        self.feed(e.SourceFinished(source))

    def finish(self) -> None:
        """Finish properly, and don't wait for it: deliver all audio, over a reconnect if need be.

        From now on ``push`` raises SourceClosedError. ``Ended`` follows as the last update.
        """
        self._alone(self.request_stop)

    def abort(self) -> None:
        """End now, whatever is lost. ``Ended`` follows. A spool stays, and can be resumed."""
        if not self._is_ending:
            self._alone(super().abort)

    def network_restored(self) -> None:
        """Pass on the operating system's news that the network is back."""
        self._alone(super().network_restored)

    async def wait(self) -> Ended:
        """Wait for the end, however it comes. The result; it is among the shard's updates too.

        Raises RuntimeError if a bug of openline ended it without one.
        """
        if not self._is_over:
            ended: asyncio.Future[None] = self._shard.loop.create_future()
            self._waiting = [*(self._waiting or ()), ended]
            await ended
        if self.ended is None:
            raise RuntimeError(f"session {self.session_id!r} failed, and has no result")
        return self.ended

    async def room(self, source: str) -> None:
        """Wait until there is room for audio of ``source``, where the app can wait.

        Returns as well once it takes no more: the next ``push`` raises. Raises ValueError for a
        source that is not pushed.
        """
        self._sources.check_pushed(source)
        await super().room(source)
