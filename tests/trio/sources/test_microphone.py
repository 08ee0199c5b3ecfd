"""The microphone, on a sound card that is made up: blocks, holes, unplugging, stalls."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from openline_audio.pace import Worker
from openline_audio.source import SourceError
from openline_trio.sources.microphone import Microphone
from tests.trio.sources.support_card import BLOCK, Card, PortAudioError, Stream, sounddevice

if TYPE_CHECKING:
    from tests.trio.sources.conftest import Recorder

T = TypeVar("T")


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """A sounddevice module with this card behind it."""
    made = Card()
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice(made))
    return made


async def run_while(
    microphone: Microphone, sink: Recorder, card: Card, script: Callable[[Stream], object]
) -> SourceError | None:
    """Run; once the stream is open, play ``script`` on it. Returns what it was lost of."""
    lost: list[SourceError] = []

    async def run() -> None:
        try:
            await microphone.run(sink)
        except SourceError as error:
            lost.append(error)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await wait_all_tasks_blocked()
        script(card.streams[-1])
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    return lost[0] if lost else None


async def test_microphone_captures(
    card: Card, still: Worker, recorder: Recorder, autojump_clock: MockClock
) -> None:
    microphone = Microphone("USB", worker=still)
    assert microphone.duration is None
    assert card.checked == {
        "device": "USB", "channels": 1, "dtype": "int16", "samplerate": 16_000
    }  # fmt: skip

    def script(stream: Stream) -> None:
        stream.block(10.0)
        stream.block(10.02)

    assert await run_while(microphone, recorder, card, script) is None
    assert recorder.items == [BLOCK, BLOCK]
    assert recorder.starts == pytest.approx([-0.04])
    options = card.streams[0].options
    assert (options["device"], options["blocksize"]) == ("USB", 320)
    assert (options["samplerate"], options["channels"], options["dtype"]) == (16_000, 1, "int16")
    assert card.streams[0].calls == ["start", "abort", "close"]


async def test_blocks_come_from_another_thread(card: Card, recorder: Recorder) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Microphone().run, recorder)
        while not (card.streams and card.streams[0].calls):
            await trio.lowlevel.checkpoint()
        thread = threading.Thread(target=card.streams[0].block)
        thread.start()
        while not recorder.items:
            await trio.lowlevel.checkpoint()
        thread.join()
        nursery.cancel_scope.cancel()
    assert recorder.items == [BLOCK]
    assert card.streams[0].calls == ["start", "abort", "close"]


async def test_overflow_of_portaudio_is_a_hole(
    card: Card, still: Worker, recorder: Recorder, autojump_clock: MockClock
) -> None:
    def script(stream: Stream) -> None:
        stream.block(0.0, overflow=True)  # nothing before it to tell how much
        stream.block(0.02)
        stream.block(0.14, overflow=True)  # the capture clock jumped by 0.1 s
        stream.block(0.0, overflow=True)  # it does not say

    assert await run_while(Microphone(worker=still), recorder, card, script) is None
    assert recorder.items == [320, BLOCK, BLOCK, 1_600, BLOCK, 320, BLOCK]


async def test_overflow_of_a_slow_loop_is_a_hole(
    card: Card, still: Worker, recorder: Recorder, autojump_clock: MockClock
) -> None:
    def script(stream: Stream) -> None:
        for _ in range(510):
            stream.block()

    assert await run_while(Microphone(worker=still), recorder, card, script) is None
    assert recorder.items == [BLOCK] * 500 + [3_200]


async def test_unplugged(
    card: Card, still: Worker, recorder: Recorder, autojump_clock: MockClock
) -> None:
    def script(stream: Stream) -> None:
        stream.block()
        stream.finished()

    card.abort_error = PortAudioError("the device is gone")
    lost = await run_while(Microphone(worker=still), recorder, card, script)
    assert str(lost) == "the microphone went away; plug it in and start again"
    assert recorder.items == [BLOCK]  # what came before is delivered


async def test_a_stall(
    card: Card, still: Worker, recorder: Recorder, autojump_clock: MockClock
) -> None:
    lost: list[float] = []

    async def run() -> None:
        with pytest.raises(SourceError) as caught:
            await Microphone(2, worker=still).run(recorder)
        lost.append(trio.current_time())
        assert str(caught.value) == (
            "the microphone 2 has given no sound for 2 s; "
            "see that it is neither suspended nor taken by another program"
        )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        for _ in range(3):
            await trio.sleep(1.9)
            card.streams[0].block()
    assert lost == pytest.approx([3 * 1.9 + 2])
    assert len(recorder.items) == 3


def test_a_stalled_loop_is_no_stalled_device(card: Card, still: Worker, recorder: Recorder) -> None:
    clock = MockClock()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Microphone(worker=still).run, recorder)
            await wait_all_tasks_blocked()
            clock.jump(5)  # the loop was away for 5 s, and meanwhile sound came
            card.streams[0].block()
            await wait_all_tasks_blocked()
            assert recorder.items == [BLOCK]
            card.streams[0].block()
            await wait_all_tasks_blocked()
            assert recorder.items == [BLOCK, BLOCK]
            nursery.cancel_scope.cancel()

    trio.run(main, clock=clock)


async def test_a_driver_that_hangs_does_not_hang_the_session(
    card: Card, still: Worker, recorder: Recorder, autojump_clock: MockClock
) -> None:
    abandoned: list[bool] = []

    async def hangs_at_the_end(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
        if abandon:
            abandoned.append(abandon)
            await trio.sleep_forever()
        return await still(blocking)

    with trio.move_on_after(1):
        await Microphone(worker=hangs_at_the_end).run(recorder)
    assert abandoned == [True]
    assert trio.current_time() == pytest.approx(3)


@pytest.mark.parametrize("when", ["check_error", "open_error", "start_error"])
@pytest.mark.parametrize("kind", [PortAudioError, ValueError])
async def test_a_device_that_cannot_be_used(
    when: str, kind: type[Exception], card: Card, still: Worker, recorder: Recorder
) -> None:
    setattr(card, when, kind("No input device\nmatching 'USB'."))
    with pytest.raises(SourceError) as caught:
        await Microphone("USB", worker=still).run(recorder)
    assert str(caught.value) == (
        "the microphone 'USB' cannot be used (No input device matching 'USB'); "
        "choose another one: python -m sounddevice lists them"
    )
    assert all(stream.calls[-1] == "close" for stream in card.streams)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SourceError) as caught:
        Microphone()
    assert str(caught.value) == (
        'the microphone needs the sounddevice package; pip install "openline[microphone]"'
    )


def test_without_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> object:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("openline_audio.microphone.import_module", fail)
    with pytest.raises(SourceError) as caught:
        Microphone()
    assert str(caught.value) == (
        "the microphone needs PortAudio; install libportaudio2 (Debian, Ubuntu), "
        "portaudio (Fedora, Homebrew)"
    )
