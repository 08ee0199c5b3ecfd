"""The microphone on trio, over a sound card that is made up: to the session and its end."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import pytest
import trio
import trio.lowlevel

from openline_audio.capture_thread import CaptureThread
from openline_audio.source import SourceError
from openline_trio.sources import DevicePolicy, Microphone, SystemAudio
from openline_trio.sources.pace import in_thread
from tests.trio.sources.support_card import BLOCK, Card, PortAudioError, Stream, sounddevice

if TYPE_CHECKING:
    from tests.trio.sources.conftest import Recorder

T = TypeVar("T")


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """A sounddevice module with this card behind it, and no sound server."""
    made = Card()
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice(made))
    monkeypatch.setenv("PULSE_SERVER", "unix:/there/is/none")
    return made


async def until(ready: Callable[[], object]) -> None:
    """Wait for another thread, 60 s at most."""
    with trio.fail_after(60):
        while not ready():  # noqa: ASYNC110  # a thread has no event for trio
            await trio.sleep(0.001)


async def run_while(
    microphone: Microphone,
    sink: Recorder,
    card: Card,
    script: Callable[[Stream], Awaitable[object]],
) -> SourceError | None:
    """Run; once the stream is open, play ``script`` on it. Returns what it was lost of."""
    lost: list[SourceError] = []

    async def run() -> None:
        try:
            await microphone.run(sink)
        except SourceError as error:
            lost.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await until(lambda: card.streams and card.streams[-1].calls)
        await script(card.streams[-1])
        nursery.cancel_scope.cancel()
    return lost[0] if lost else None


async def test_blocks_and_holes_are_delivered_in_order(card: Card, recorder: Recorder) -> None:
    async def script(stream: Stream) -> None:
        stream.block(10.0)
        stream.block(10.12, overflow=True)
        await until(lambda: len(recorder.items) == 3)

    assert await run_while(Microphone("USB"), recorder, card, script) is None
    assert recorder.items == [BLOCK, 1_600, BLOCK]
    assert len(recorder.starts) == 1
    assert card.streams[0].calls == ["start", "abort", "close"]


async def test_a_device_of_another_form_is_converted(card: Card, recorder: Recorder) -> None:
    card.rate, card.channels, card.rates, card.counts = 44_100, 2, (44_100,), (2,)
    microphone = Microphone()
    assert (microphone.device.rate, microphone.device.channels) == (44_100, 2)
    assert microphone.duration is None

    async def script(stream: Stream) -> None:
        for _ in range(50):
            stream.block(pcm=bytes(4 * 882))
        microphone.flush(recorder)

    await run_while(microphone, recorder, card, script)
    assert len(recorder.pcm) == 2 * 16_000


async def test_a_device_that_goes_away_is_awaited_and_tried_again(
    card: Card, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openline_audio.device_machine.RETRY", 0.1)

    async def script(stream: Stream) -> None:
        stream.block()
        await until(lambda: recorder.items)
        stream.finished()
        await until(lambda: len(card.streams) == 2 and card.streams[1].calls)
        card.streams[1].block()
        await until(lambda: len(recorder.items) == 3)

    assert await run_while(Microphone(), recorder, card, script) is None
    first, hole, second = recorder.items
    assert (first, second) == (BLOCK, BLOCK)
    assert isinstance(hole, int)
    assert recorder.news == [
        ("held", "USB mic", "the microphone went away; waiting for it"),
        ("changed", "USB mic", recorder.news[1][2]),
    ]


async def test_by_the_policy_fail_it_is_lost(card: Card, recorder: Recorder) -> None:
    async def unplug() -> None:
        await until(lambda: card.streams and card.streams[-1].calls)
        card.streams[0].block()
        card.streams[0].finished()

    card.abort_error = PortAudioError("the device is gone")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(unplug)
        with trio.fail_after(60), pytest.raises(SourceError, match="the microphone went away"):
            await Microphone(policy="fail").run(recorder)
    assert recorder.items == [BLOCK]  # what came before is delivered
    assert card.streams[0].calls == ["start", "abort", "close"]


async def test_a_flush_delivers_what_no_task_has_taken(card: Card, recorder: Recorder) -> None:
    microphone = Microphone()
    microphone.flush(recorder)
    assert recorder.items == []

    async def script(stream: Stream) -> None:
        stream.block()
        microphone.flush(recorder)
        assert recorder.items == [BLOCK]

    await run_while(microphone, recorder, card, script)


async def test_a_driver_that_hangs_does_not_hang_the_session(
    card: Card, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openline_audio.microphone.CLOSING", 0.05)
    abandoned: list[bool] = []

    async def hangs(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
        abandoned.append(abandon)
        await trio.sleep(3600)
        return await in_thread(blocking)

    async def script(_: Stream) -> None:
        await trio.lowlevel.checkpoint()

    with trio.fail_after(60):
        await run_while(Microphone(worker=hangs), recorder, card, script)
    assert abandoned == [True]


async def test_a_device_that_cannot_be_opened_is_lost(card: Card, recorder: Recorder) -> None:
    card.open_error = PortAudioError("No input device\nmatching 'USB'.")
    microphone = Microphone("USB")
    with pytest.raises(SourceError) as caught:
        await microphone.run(recorder)
    assert str(caught.value) == (
        "the microphone 'USB' cannot be used (No input device matching 'USB'); "
        "choose another one: openline devices lists them"
    )


async def test_it_may_run_again(card: Card, recorder: Recorder) -> None:
    microphone = Microphone()
    for _ in range(2):
        card.streams.clear()
        sink = type(recorder)()

        async def script(stream: Stream, sink: Recorder = sink) -> None:
            stream.block()
            await until(lambda: sink.items)

        await run_while(microphone, sink, card, script)
        assert card.streams[0].calls == ["start", "abort", "close"]


async def test_a_bug_in_the_capture_is_raised_as_it_is(
    card: Card, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: CaptureThread, fact: object) -> None:
        raise ZeroDivisionError("mine")

    monkeypatch.setattr(CaptureThread, "_take", breaks)
    with pytest.raises(ZeroDivisionError, match="mine"):
        await Microphone().run(recorder)


def test_a_policy_is_one_of_three(card: Card) -> None:
    assert [Microphone(policy=each).policy for each in DevicePolicy] == list(DevicePolicy)
    with pytest.raises(ValueError, match="policy: give hold, follow or fail, not 'stay'"):
        Microphone(policy="stay")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_device_that_nothing_captures_is_refused_at_once(card: Card) -> None:
    card.check_error = PortAudioError("no device")
    with pytest.raises(SourceError, match="the microphone cannot be used"):
        Microphone()
    with pytest.raises(SourceError, match=r"no sound server answers|pulsectl|libpulse"):
        SystemAudio()
