"""A container in a pipe: whether it can be read before its end, and what goes wrong in it."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest

from openline_audio.container import AvDecoder, NoMediaError
from openline_audio.decoder import DecodeError
from openline_audio.live import LiveReader, PipeFile, media_is_there, streamable
from openline_audio.reader import Choice
from openline_audio.source import SourceError
from tests.audio.support_recordings import encoded, media, noise


def box(name: bytes, content: bytes = b"", *, wide: bool = False) -> bytes:
    size = len(content)
    if wide:
        return b"\0\0\0\1" + name + (16 + size).to_bytes(8, "big") + content
    return (8 + size).to_bytes(4, "big") + name + content


FTYP = box(b"ftyp", bytes(16))
FRAGMENTED, WHOLE = box(b"moov", bytes(50) + b"mvex"), box(b"moov", bytes(54))
BEFORE = [box(name, bytes(20)) for name in (b"free", b"skip", b"wide", b"uuid", b"styp", b"sidx")]


@pytest.mark.parametrize("wide", [False, True])
def test_mp4_is_streamable_if_its_index_says_so(wide: bool) -> None:
    before = FTYP + b"".join(BEFORE) + box(b"free", bytes(90), wide=wide)
    for index, can in ((FRAGMENTED, True), (WHOLE, False)):
        whole = before + index
        assert streamable("MP4", whole + bytes(20)) is can
        assert streamable("MP4", whole) is can
        for size in range(len(before) + 16, len(whole)):
            assert streamable("MP4", whole[:size]) is None
    for size in range(len(before) + 16):
        assert streamable("MP4", (before + WHOLE)[:size]) is None
    assert streamable("MP4", before + WHOLE + b"mvex") is False
    assert streamable("MP4", before + box(b"moov", b"mvex" + bytes(50), wide=wide)) is True


def test_mp4_with_its_audio_first_is_not_streamable() -> None:
    for first in (FTYP, b"".join(BEFORE)):
        assert streamable("MP4", first + box(b"mdat", bytes(50))) is False
        assert streamable("MP4", first + b"\0\0\0\x07free" + bytes(8)) is False
        assert streamable("MP4", first + b"\0\0\0\x08free" + bytes(8)) is None


def test_other_formats_are_streamable() -> None:
    for kind in ("FLAC", "OGG", "WMA"):
        assert streamable(kind, b"") is True


def test_pipe_file_asks_for_what_is_wanted() -> None:
    asked: list[int] = []

    def receive(size: int) -> bytes:
        asked.append(size)
        return b"ab"

    file = PipeFile(receive)
    assert file.read(10) == file.read() == b"ab"
    assert file.read(1) == b"a"
    assert file.read(5) == b"b"  # no more is asked for while there is some
    assert asked == [10, 65_536, 1]
    file.check()


@pytest.mark.parametrize("error", [OSError("broken"), KeyboardInterrupt()])
def test_pipe_file_ends_at_a_failure_and_keeps_it(error: BaseException) -> None:
    calls = 0

    def receive(_: int) -> bytes:
        nonlocal calls
        calls += 1
        raise error

    file = PipeFile(receive)
    assert file.read(10) == file.read(10) == b""
    assert calls == 1
    with pytest.raises(type(error)):
        file.check()


def reader(data: bytes, kind: str, choice: Choice = Choice()) -> LiveReader:  # noqa: B008 -- frozen
    return LiveReader(PipeFile(io.BytesIO(data).read, kind), "the pipe", kind, choice)


def to_the_end(data: bytes, kind: str) -> tuple[float, str]:
    """Seconds, and what is wrong."""
    there, size = reader(data, kind), 0
    try:
        while frames := there.read():
            size += sum(map(len, frames))
        return size / 32_000, ""
    except SourceError as error:
        return size / 32_000, str(error)
    finally:
        there.close()


FLAC = encoded(noise(2), format="FLAC")
RNG = np.random.default_rng(7)


@pytest.mark.parametrize("zeros", [0, 1, 70_000])
def test_zeros_behind_the_audio_are_no_loss(zeros: int) -> None:
    webm = media("libopus", "webm", seconds=1)
    seconds, wrong = to_the_end(webm + bytes(zeros), "WebM or Matroska")
    assert seconds == pytest.approx(1, abs=0.1)
    assert not wrong


def test_live_reader_reads_all_and_says_what_is_damaged() -> None:
    assert to_the_end(FLAC, "FLAC") == (2.0, "")
    seconds, wrong = to_the_end(FLAC[: len(FLAC) // 2], "FLAC")
    assert 0.5 < seconds < 1.5
    assert wrong.startswith("the pipe is damaged")
    assert wrong.endswith("; send it whole")


def test_damage_that_ends_the_decoder_ends_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    read, blocks = AvDecoder.read, list[object]()

    def breaks(decoder: AvDecoder) -> object:
        if blocks:
            raise DecodeError("Invalid data")
        blocks.append(read(decoder))
        return blocks[0]

    monkeypatch.setattr(AvDecoder, "read", breaks)
    heard, wrong = to_the_end(FLAC, "FLAC")
    assert 0 < heard < 2
    assert wrong == "the pipe is damaged (Invalid data); send it whole"


WIDE = encoded(noise(3, rate=44_100, channels=2), rate=44_100, format="FLAC")
OGGS = [
    encoded(noise(2), format="OGG"),
    encoded(noise(3, rate=44_100, channels=2), rate=44_100, format="OGG"),
    encoded(noise(3, rate=48_000), rate=48_000, format="OGG", subtype="OPUS"),
]


@pytest.mark.parametrize(
    ("kind", "parts", "seconds"),
    [
        ("FLAC", [FLAC, WIDE], 5),
        ("FLAC", [WIDE, FLAC, FLAC], 7),
        ("OGG", OGGS, 8),
        ("OGG", [OGGS[1], OGGS[0]], 5),
        ("MP3", [encoded(noise(2), format="MP3")] * 2, 4),
    ],
)
def test_recordings_that_are_joined_in_a_pipe_are_all_read(
    kind: str, parts: list[bytes], seconds: float
) -> None:
    heard, wrong = to_the_end(b"".join(parts), kind)
    assert not wrong
    assert heard == pytest.approx(
        seconds, abs=0.1 * len(parts) if kind == "MP3" else 0.03 * len(parts)
    )


@pytest.mark.parametrize("behind", [encoded(noise(3), format="WAV"), RNG.bytes(50_000)])
@pytest.mark.parametrize(("kind", "first"), [("FLAC", FLAC), ("FLAC", WIDE), ("OGG", OGGS[0])])
def test_what_follows_a_recording_in_a_pipe_and_is_none_is_a_loss(
    kind: str, first: bytes, behind: bytes
) -> None:
    alone, _ = to_the_end(first, kind)
    heard, wrong = to_the_end(first + behind, kind)
    assert heard == alone
    assert "holds more than was read" in wrong or "is damaged" in wrong


def test_damage_within_an_ogg_in_a_pipe_is_a_loss() -> None:
    data = OGGS[1]
    page = data.find(b"OggS", len(data) // 2)
    assert "is damaged or cut short" in to_the_end(data[:page] + bytes(99) + data[page:], "OGG")[1]


def test_live_reader_refuses_what_cannot_be_decoded() -> None:
    with pytest.raises(SourceError, match="the pipe begins like FLAC but cannot be decoded"):
        reader(b"fLaC" + bytes(50), "FLAC")


@pytest.mark.parametrize("kind", ["FLAC", "WebM or Matroska"])
def test_failure_of_the_pipe_is_raised_in_place_of_its_effect(kind: str) -> None:
    def receive(_: int) -> bytes:
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        LiveReader(PipeFile(receive), "the pipe", kind, Choice()).read()


def cut_off(data: bytes) -> Callable[[int], bytes]:
    """Receives ``data``, and then fails."""
    there = io.BytesIO(data)

    def receive(size: int) -> bytes:
        if got := there.read(size):
            return got
        raise OSError("broken")

    return receive


def test_pipe_that_breaks_midway_gives_its_audio_and_its_failure() -> None:
    there, size = LiveReader(PipeFile(cut_off(FLAC)), "the pipe", "FLAC", Choice()), 0
    while size < 64_000:
        size += sum(map(len, there.read()))
    with pytest.raises(OSError, match="broken"):
        there.read()
    assert size == 64_000
    there.close()


def test_channel_of_a_live_container_is_picked() -> None:
    sound = noise(1, channels=2)
    sound[:, 0] = 0
    there = reader(encoded(sound, format="FLAC"), "FLAC", Choice(channel=0))
    while frames := there.read():
        assert not any(b"".join(frames))
    there.close()
    with pytest.raises(SourceError, match="cannot be read further: there is no channel 2"):
        reader(encoded(sound, format="FLAC"), "FLAC", Choice(channel=2)).read()


def test_media_is_there_if_pyav_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise NoMediaError

    assert media_is_there() is True
    monkeypatch.setattr(AvDecoder, "check", missing)
    assert media_is_there() is False
