"""The microphone on asyncio and uvloop, over a sound card that is made up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest

from openline_asyncio.sources import Microphone, SourceError
from openline_asyncio.workers import in_thread
from tests.asyncio.support import LOOPS, run
from tests.asyncio.test_sources import Recorder
from tests.trio.sources.support_card import BLOCK, Card, PortAudioError, Stream, sounddevice

every_loop = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card()
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice(made))
    monkeypatch.setenv("PULSE_SERVER", "unix:/there/is/none")
    return made


def starts(card: Card) -> asyncio.Queue[Stream]:
    """The streams as they start: for the loop that runs."""
    loop = asyncio.get_running_loop()
    found = asyncio.Queue[Stream]()
    card.on_start = lambda stream: loop.call_soon_threadsafe(found.put_nowait, stream)
    return found


class Listener(Recorder):
    """A sink that tells when it has two blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.has_two = asyncio.Event()

    def audio(self, pcm: bytes) -> None:
        super().audio(pcm)
        if len(self.pcm) >= 2 * len(BLOCK):
            self.has_two.set()


@every_loop
def test_blocks_and_holes_are_delivered_until_it_is_cancelled(loop: Loop, card: Card) -> None:
    async def main() -> Recorder:
        sink, started = Listener(), starts(card)
        task = asyncio.create_task(Microphone().run(sink))
        stream = await started.get()
        stream.block(1.0)
        await in_thread(lambda: stream.block(1.04, overflow=True))
        await sink.has_two.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream.calls == ["start", "abort", "close"]
        return sink

    assert run(main, loop).holes == 320


def test_a_device_that_goes_away_is_a_loss_by_the_policy_fail(card: Card) -> None:
    async def main() -> None:
        started = starts(card)
        task = asyncio.create_task(Microphone(policy="fail").run(Recorder()))
        stream = await started.get()
        stream.block()
        stream.finished()
        with pytest.raises(SourceError, match="went away"):
            await task

    run(main)


def test_a_device_that_goes_away_is_awaited(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openline_audio.device_machine.RETRY", 0.01)
    card.abort_error = PortAudioError("gone")

    async def main() -> None:
        sink, started = Listener(), starts(card)
        task = asyncio.create_task(Microphone().run(sink))
        stream = await started.get()
        stream.block()
        stream.finished()
        (await started.get()).block()
        await sink.has_two.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)


def test_a_flush_delivers_what_no_task_has_taken(card: Card) -> None:
    async def main() -> None:
        sink, source, started = Recorder(), Microphone(), starts(card)
        task = asyncio.create_task(source.run(sink))
        (await started.get()).block()
        source.flush(sink)
        assert len(sink.pcm) == len(BLOCK)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
