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


async def opened(card: Card) -> Stream:
    while not (card.streams and card.streams[-1].calls):  # noqa: ASYNC110  # it has no event
        await asyncio.sleep(0.001)
    return card.streams[-1]


@every_loop
def test_blocks_and_holes_are_delivered_until_it_is_cancelled(loop: Loop, card: Card) -> None:
    async def main() -> Recorder:
        sink = Recorder()
        task = asyncio.create_task(Microphone().run(sink))
        stream = await opened(card)
        stream.block(1.0)
        await in_thread(lambda: stream.block(1.04, overflow=True))
        while len(sink.pcm) < 2 * len(BLOCK):  # noqa: ASYNC110  # a sink has no event
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream.calls == ["start", "abort", "close"]
        return sink

    assert run(main, loop).holes == 320


def test_a_device_that_goes_away_is_a_loss_by_the_policy_fail(card: Card) -> None:
    async def main() -> None:
        task = asyncio.create_task(Microphone(policy="fail").run(Recorder()))
        stream = await opened(card)
        stream.block()
        stream.finished()
        with pytest.raises(SourceError, match="went away"):
            await task

    run(main)


def test_a_device_that_goes_away_is_awaited(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openline_audio.device_machine.RETRY", 0.01)
    card.abort_error = PortAudioError("gone")

    async def main() -> None:
        sink = Recorder()
        task = asyncio.create_task(Microphone().run(sink))
        stream = await opened(card)
        stream.block()
        stream.finished()
        while len(card.streams) < 2:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.001)
        (await opened(card)).block()
        while len(sink.pcm) < 2 * len(BLOCK):  # noqa: ASYNC110  # nor has a sink
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)


def test_a_flush_delivers_what_no_task_has_taken(card: Card) -> None:
    async def main() -> None:
        sink, source = Recorder(), Microphone()
        task = asyncio.create_task(source.run(sink))
        (await opened(card)).block()
        source.flush(sink)
        assert len(sink.pcm) == len(BLOCK)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
