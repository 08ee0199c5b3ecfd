"""Sources without an event loop: recordings, pipes, iterables, pushed audio; nothing is left."""

from __future__ import annotations

import array
import os
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from openline.backend import Backend
from openline.events import SourceKind
from openline.policy import Policy
from openline.updates import Ended
from openline_audio.source import Source
from openline_blocking import open_session, sources
from openline_blocking.sources import (
    FileSource,
    Microphone,
    PcmSource,
    PushSource,
    SourceClosedError,
    SourceError,
    StreamSource,
)
from openline_blocking.tasks import Cancelled, here, sleep_until
from openline_blocking.workers import from_thread, in_thread
from tests.blocking.support import cancelled, nothing_left, run, serving
from tests.faces.corpus import deaf, echo
from tests.trio.sources.support_card import BLOCK, Card, PortAudioError, Stream, sounddevice


class Recorder:
    """A sink that records what it gets."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.pcm = b""
        self.holes = 0
        self.rooms = 0

    def started(self, at: float) -> None:
        assert not self.starts
        self.starts.append(at)

    def audio(self, pcm: bytes) -> None:
        assert self.starts
        self.pcm += pcm

    def hole(self, samples: int) -> None:
        self.holes += samples

    async def room(self) -> None:
        self.rooms += 1
        await sleep_until(0)


def recorded(source: Source) -> bytes:
    async def main() -> bytes:
        sink = Recorder()
        await source.run(sink)
        return sink.pcm

    return run(main)


def noise(samples: int, channels: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    shape = samples if channels == 1 else (samples, channels)
    return np.random.default_rng(1).integers(-9000, 9000, shape).astype("int16")


def written(tmp_path: Path, samples: int, name: str = "a.wav") -> Path:
    soundfile.write(tmp_path / name, noise(samples), 16_000)
    return tmp_path / name


def test_every_name_can_be_imported() -> None:
    for name in sources.__all__:
        assert getattr(sources, name) is not None
    assert set(sources.__all__) <= set(dir(sources))
    with pytest.raises(AttributeError):
        _ = sources.Nothing


def test_part_of_a_recording(tmp_path: Path) -> None:
    source = FileSource(written(tmp_path, 40_000), start=0.5, until=2.0, speed=100)
    assert (source.duration, source.begins_at) == (1.5, 0.5)
    assert recorded(source) == noise(40_000)[8_000:32_000].tobytes()


def test_a_recording_needs_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(threading.Thread, "start")
    path = written(tmp_path, 40_000)
    assert recorded(FileSource(path, speed=100)) == noise(40_000).tobytes()


def test_a_recording_that_is_damaged_is_lost_after_its_audio(tmp_path: Path) -> None:
    path = written(tmp_path, 40_000)
    path.write_bytes(path.read_bytes()[:40_044])
    sink = Recorder()
    with pytest.raises(SourceError, match="missing"):
        run(lambda: FileSource(path, speed=100).run(sink))
    assert sink.pcm == noise(40_000).tobytes()[:40_000]


def test_a_bug_of_a_reader_comes_out(tmp_path: Path) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise LookupError("a bug")

    source = FileSource(written(tmp_path, 400), worker=broken)  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        run(lambda: source.run(Recorder()))


def test_a_cancelled_recording_leaves_nothing(tmp_path: Path) -> None:
    source = FileSource(written(tmp_path, 16_000 * 10))
    run(lambda: cancelled(source.run(Recorder()), after=0.1))


@pytest.mark.parametrize("name", ["a.raw", "a.wav"])
def test_a_regular_file_by_its_descriptor(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, 3_200, "a.wav")
    if name == "a.raw":
        path.write_bytes(noise(3_200).tobytes())
    with path.open("rb") as file:
        assert recorded(PcmSource(file, speed=100)) == noise(3_200).tobytes()


def test_a_pipe_of_raw_samples() -> None:
    reading, writing = os.pipe()
    pcm = noise(3_200).tobytes()

    def write() -> None:
        for at in range(0, len(pcm), 999):
            os.write(writing, pcm[at : at + 999])
        os.close(writing)

    thread = threading.Thread(target=write)
    thread.start()
    assert recorded(PcmSource(reading, speed=100)) == pcm
    thread.join()
    os.close(reading)


def test_a_container_in_a_pipe(tmp_path: Path) -> None:
    """Its decoder waits in a thread, and asks the session for bytes."""
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(32_000), 16_000)
    reading, writing = os.pipe()
    data = path.read_bytes()

    def write() -> None:
        for at in range(0, len(data), 9_999):
            os.write(writing, data[at : at + 9_999])
            time.sleep(0.001)
        os.close(writing)

    thread = threading.Thread(target=write)
    thread.start()
    assert recorded(PcmSource(reading, speed=100)) == noise(32_000).tobytes()
    thread.join()
    os.close(reading)


def test_a_container_in_a_pipe_whose_session_ends(tmp_path: Path) -> None:
    """Its decoder waits for bytes in a thread, which the cancellation ends."""
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(32_000), 16_000)
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes()[:40_000])
    run(lambda: cancelled(PcmSource(reading, speed=100).run(Recorder()), after=0.3))
    os.close(writing)
    os.close(reading)


def test_a_thread_that_asks_after_its_call_was_cancelled_is_told_so() -> None:
    go_on = threading.Event()
    found: list[BaseException] = []

    async def never(_: int) -> bytes:
        raise AssertionError("it is not begun")

    def call() -> None:
        go_on.wait()
        try:
            from_thread(never, 1)
        except BaseException as exc:
            found.append(exc)
            raise

    async def main() -> None:
        task = here().start(in_thread(call), joins=True)
        await sleep_until(here().poller.now() + 0.02)
        task.cancel()
        go_on.set()
        await task.join()

    run(main)
    assert [type(each).__name__ for each in found] == ["CancelledError"]


def test_what_a_cancelled_call_opened_is_not_lost() -> None:
    go_on = threading.Event()
    found: list[str] = []

    def call() -> str:
        go_on.wait()
        return "opened"

    async def work() -> None:
        found.append(await in_thread(call))
        try:
            await sleep_until(0)
        except Cancelled:
            found.append("cancelled")
            raise

    async def main() -> None:
        task = here().start(work(), joins=True)
        await sleep_until(here().poller.now() + 0.02)
        task.cancel()
        task.cancel()
        go_on.set()
        await task.join()

    run(main)
    assert found == ["opened", "cancelled"]


def test_an_error_in_what_a_thread_waits_for_comes_out_there() -> None:
    async def fail(_: int) -> bytes:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(lambda: in_thread(partial(from_thread, fail, 1)))


def pieces(pcm: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(pcm), size):
        yield pcm[at : at + size]


@pytest.mark.parametrize("size", [333, 640])
def test_an_iterable_cut_anywhere(size: int) -> None:
    pcm = noise(1_600).tobytes()
    assert recorded(StreamSource(pieces(pcm + b"x", size))) == pcm


def test_an_iterable_of_another_rate_and_more_channels() -> None:
    pcm = noise(8_000, 2).tobytes()
    assert len(recorded(StreamSource(pieces(pcm, 999), rate=8_000, channels=2))) == 2 * 16_000
    left = noise(8_000, 2)[:, 0].tobytes()
    assert recorded(StreamSource(pieces(pcm, 640), channels=2, channel=0)) == left


def test_an_iterable_that_raises_is_a_loss() -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(640)
        raise OSError("mine")

    with serving(echo) as backend, open_session(backend, {"mic": StreamSource(broken())}) as opened:
        ended = opened.wait()
    assert "the source raised OSError (test_sources.py, line" in ended.lost_sources[0].reason


def test_an_iterable_that_waits_holds_nothing_up() -> None:
    go_on = threading.Event()

    def slow() -> Iterator[bytes]:
        yield bytes(640)
        go_on.wait()
        yield bytes(640)

    with nothing_left(), serving(deaf) as backend:
        with open_session(backend, {"mic": StreamSource(slow())}) as session:
            began = time.monotonic()
            while time.monotonic() < began + 0.3:
                session.wait_readable(0.05)
                session.poll()
            assert time.monotonic() < began + 1
        go_on.set()


@pytest.mark.parametrize("given", [[], [b""], [b"x"]])
def test_an_iterable_without_audio_is_a_loss(given: list[bytes]) -> None:
    with pytest.raises(SourceError, match=r"ended without any audio; .* give allow_empty=True"):
        recorded(StreamSource(given))
    assert recorded(StreamSource(given, allow_empty=True)) == b""


def test_an_iterable_is_used_once() -> None:
    source = StreamSource([bytes(640)])
    assert (source.is_used, len(recorded(source)), source.is_used) == (False, 640, True)
    with pytest.raises(SourceError, match="this StreamSource has been used"):
        recorded(source)
    with pytest.raises(ValueError, match=r"sources\['mic'\]: this StreamSource has been used"):
        open_session(Backend(), {"mic": source})
    source = StreamSource([])
    with pytest.raises(ValueError, match=r"this StreamSource is sources\['mic'\] already"):
        open_session(Backend(), {"mic": source, "system": source})


@pytest.mark.parametrize(("live", "rooms"), [(True, 0), (False, 100)])
def test_an_iterable_that_is_not_live_waits_for_room_before_each_frame(
    live: bool, rooms: int
) -> None:
    sink = Recorder()
    source = StreamSource([bytes(64_000)], live=live)
    run(lambda: source.run(sink))
    assert (sink.rooms, len(sink.pcm)) == (rooms, 64_000)
    assert source.kind is (SourceKind.DEVICE if live else SourceKind.STORE)


def test_an_iterable_faster_than_real_time_overflows_nothing() -> None:
    """It brings 90 s at once, and the session may hold 60 s."""
    source = StreamSource([bytes(90 * 32_000)], live=False)
    policy = Policy(buffer_seconds=60.0)
    with serving(echo) as backend, open_session(backend, {"mic": source}, policy=policy) as session:
        ended = session.wait()
    assert ended.complete
    assert ended.statistics.sources["mic"].confirmed == 90 * 16_000


def test_what_is_no_stream_is_refused_in_one_line() -> None:
    with pytest.raises(TypeError, match="give an iterable of bytes, not int"):
        StreamSource(1)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="rate"):
        StreamSource([], rate=1)
    with pytest.raises(SourceError, match="channel 2"):
        StreamSource([], channels=2, channel=2)


def test_pushed_audio_in_order_from_here_and_from_threads() -> None:
    source = PushSource()
    assert source.send(noise(160).tobytes())

    async def main() -> bytes:
        sink = Recorder()
        task = here().start(source.run(sink), joins=True)
        await sleep_until(0)
        assert source.send(array.array("h", [1, 2]))
        await in_thread(lambda: source.send_from_thread(b"\3\0"))
        source.close()
        await task.join()
        with pytest.raises(SourceClosedError):
            source.send(b"xx")
        return sink.pcm

    assert run(main) == noise(160).tobytes() + b"\1\0\2\0\3\0"


def test_pushed_audio_above_the_limit_is_a_hole() -> None:
    source, sink = PushSource(buffer_seconds=0.01), Recorder()
    assert not source.send(bytes(640))
    source.close()
    run(lambda: source.run(sink))
    assert len(sink.pcm) == 320
    assert sink.holes == 160


def test_a_stop_overtakes_no_pushed_audio() -> None:
    source = PushSource()
    with serving(echo) as backend, open_session(backend, {"mic": source}) as session:
        source.send(bytes(3_200))
        ended = session.stop()
        with pytest.raises(SourceClosedError):
            source.send(bytes(640))
        with pytest.raises(ValueError, match="has been used"):
            open_session(backend, {"mic": source})
    assert ended.statistics.sources["mic"].captured == 1_600


def test_a_recording_to_a_backend(tmp_path: Path) -> None:
    source = FileSource(written(tmp_path, 16_000), speed=4)
    with serving(echo) as backend:
        ended = list(open_session(backend, {"mic": source}))[-1]
    assert isinstance(ended, Ended)
    assert ended.complete
    assert ended.statistics.sources["mic"].confirmed == 16_000


def test_a_coroutine_of_another_loop_is_refused() -> None:
    class Foreign:
        def __await__(self) -> Iterator[str]:
            yield "a future of somebody else"

    async def main() -> None:
        await Foreign()  # type: ignore[misc]

    with pytest.raises(RuntimeError, match="has no event loop"):
        run(main)
    with pytest.raises(RuntimeError, match="awaited by no session"):
        here()


# The microphone, over a sound card that is made up.


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card()
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice(made))
    monkeypatch.setenv("PULSE_SERVER", "unix:/there/is/none")
    return made


async def begun(card: Card) -> Stream:
    while not (card.streams and card.streams[-1].calls):
        await sleep_until(here().poller.now() + 0.001)
    return card.streams[-1]


def test_blocks_and_holes_are_delivered_until_it_is_cancelled(card: Card) -> None:
    async def main() -> int:
        sink = Recorder()
        task = here().start(Microphone().run(sink), joins=True)
        stream = await begun(card)
        stream.block(1.0)
        await in_thread(lambda: stream.block(1.04, overflow=True))
        while len(sink.pcm) < 2 * len(BLOCK):
            await sleep_until(here().poller.now() + 0.001)
        task.cancel()
        await task.join()
        assert stream.calls == ["start", "abort", "close"]
        return sink.holes

    assert run(main) == 320


def test_a_device_that_goes_away_is_a_loss_by_the_policy_fail(card: Card) -> None:
    card.abort_error = PortAudioError("gone")

    async def main() -> None:
        task = here().start(Microphone(policy="fail").run(Recorder()), joins=True)
        stream = await begun(card)
        stream.block()
        stream.finished()
        await task.join()
        with pytest.raises(SourceError, match="went away"):
            task.result()

    run(main)


def test_the_end_of_a_session_closes_its_device(card: Card) -> None:
    with (
        serving(deaf) as backend,
        nothing_left(),
        open_session(backend, {"mic": Microphone()}) as session,
    ):
        while not (card.streams and card.streams[-1].calls):
            session.wait_readable(0.01)
            session.poll()
        stream = card.streams[-1]
    assert stream.calls == ["start", "abort", "close"]
