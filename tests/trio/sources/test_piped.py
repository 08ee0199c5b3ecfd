"""Recordings through pipes: as they come, with no delay, to their last byte."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trio
from trio.testing import MockClock

from openline_audio.source import SourceError
from openline_trio.sources.pcm import PcmSource
from tests.audio.support_recordings import amr, encoded, media, noise

if TYPE_CHECKING:
    from tests.trio.sources.conftest import Recorder

WAV = encoded(noise(1), format="WAV")
WEBM = media("libopus", "webm", seconds=2)
#: Two seconds in every format, and the length of its padding.
FORMATS = {
    "wav": encoded(noise(2), format="WAV"),
    "aiff": encoded(noise(2, 8_000, 2), 8_000, format="AIFF"),
    "au": encoded(noise(2), format="AU"),
    "caf": encoded(noise(2), format="CAF"),
    "w64": encoded(noise(2), format="W64"),
    "rf64": encoded(noise(2), format="RF64"),
    "gsm": encoded(noise(2, 8_000), 8_000, format="WAV", subtype="GSM610"),
    "g721": encoded(noise(2, 8_000), 8_000, format="AU", subtype="G721_32"),
    "flac": encoded(noise(2), format="FLAC"),
    "ogg": encoded(noise(2), format="OGG", subtype="VORBIS"),
    "opus": encoded(noise(2, 48_000), 48_000, format="OGG", subtype="OPUS"),
    "mp3": encoded(noise(2), format="MP3"),
    "webm": WEBM,
    "mkv": media("libopus", "matroska", seconds=2),
    "m4a": media("aac", "ipod", 44_100, seconds=2),
    "faststart": media("aac", "mp4", 44_100, seconds=2, movflags="faststart"),
    "fragmented": media("aac", "mp4", 44_100, seconds=2, movflags="frag_keyframe+empty_moov"),
    "aac": media("aac", "adts", 44_100, seconds=2),
    "amr": amr(2),
    "flv": media("aac", "flv", 44_100, seconds=2),
    "ts": media("aac", "mpegts", 44_100, seconds=2),
}


def run_piped(data: bytes, sink: Recorder, *, cut: int = 1 << 20, **options: object) -> PcmSource:
    """Run a source on a pipe that brings ``data``, as fast as it can."""
    reading, writing = os.pipe()
    source = PcmSource(reading, speed=1e6, **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as file:
            for at in range(0, len(data), cut):
                try:
                    file.write(data[at : at + cut])
                except BrokenPipeError:
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        trio.run(source.run, sink)
    finally:
        os.close(reading)
        writer.join()
    return source


@pytest.mark.parametrize("cut", [1 << 20, 997])
@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_recognised_and_read_whole(name: str, cut: int, recorder: Recorder) -> None:
    source = run_piped(FORMATS[name], recorder, cut=cut)
    assert len(recorder.samples) / 16_000 == pytest.approx(2, abs=0.08)
    assert source.duration is None
    assert source.remarks == ()


@pytest.mark.parametrize("name", ["wav", "aiff", "flac", "mp3", "opus", "aac", "ts"])
def test_joined_recordings_come_whole(name: str, recorder: Recorder) -> None:
    run_piped(FORMATS[name] * 2, recorder)
    assert len(recorder.samples) / 16_000 == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize("cut", [1 << 20, 7])
@pytest.mark.parametrize("tags", [1, 2])
@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "webm", "aac", "m4a"])
def test_tag_before_any_recording_is_passed_over(
    name: str, tags: int, cut: int, recorder: Recorder
) -> None:
    # jellyfin/jellyfin#14219: ID3v2 before what is no MP3.
    tag = b"ID3\3\0\0\0\0\1\0" + bytes(128)
    run_piped(tag * tags + FORMATS[name], recorder, cut=cut)
    assert len(recorder.samples) / 16_000 == pytest.approx(2, abs=0.08)


@pytest.mark.parametrize("behind", [b"", bytes(99), b"\x01garbage" * 9_000])
def test_what_follows_a_tag_is_no_raw_pcm(behind: bytes, recorder: Recorder) -> None:
    with pytest.raises(SourceError, match=r"begins like MP3 but cannot|is damaged or cut short"):
        run_piped(b"ID3\3\0\0\0\0\1\0" + bytes(128) + behind, recorder)
    assert not recorder.items


@pytest.mark.parametrize("name", ["gsm", "g721", "flac", "ogg", "opus", "mp3"])
def test_without_pyav_libsndfile_reads_what_it_knows(
    name: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    run_piped(FORMATS[name], recorder)
    assert len(recorder.samples) / 16_000 == pytest.approx(2, abs=0.08)


@pytest.mark.parametrize("name", ["webm", "m4a", "aac", "amr"])
def test_without_pyav_the_extra_is_named(
    name: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(SourceError, match=r'needs PyAV; pip install "openline\[media\]"$'):
        run_piped(FORMATS[name], recorder)
    assert not recorder.items


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_F000, 32_000, 640])
def test_live_wav_is_sent_as_it_comes(size: int, recorder: Recorder) -> None:
    # ffmpeg and arecord cannot know the size; it must not matter, nor cost any delay.
    wav = bytearray(WAV)
    wav[40:44] = size.to_bytes(4, "little")
    reading, writing = os.pipe()

    async def write() -> None:
        os.write(writing, wav[:44])
        for at in range(44, len(wav), 640):
            await trio.sleep(0.02)
            os.write(writing, wav[at : at + 640])
        os.close(writing)

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            await PcmSource(reading).run(recorder)

    trio.run(both, clock=MockClock(autojump_threshold=0))
    os.close(reading)
    assert recorder.pcm == WAV[44:]
    assert recorder.starts == pytest.approx([0.0])
    late = np.array(recorder.times) - 0.02 * np.arange(1, 51)
    assert late.max() <= (0.021 if size == 640 else 1e-6)  # one frame, to see what follows


def test_live_container_is_sent_as_it_comes(recorder: Recorder) -> None:
    # The pipe stays open: what came must be sent all the same.
    reading, writing = os.pipe()
    os.write(writing, WEBM)
    enough = trio.Event()
    keep = recorder.audio

    def audio(pcm: bytes) -> None:
        keep(pcm)
        if len(recorder.samples) >= 1.8 * 16_000:
            enough.set()

    recorder.audio = audio  # type: ignore[method-assign]

    async def wait() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(PcmSource(reading, speed=1e6).run, recorder)
            with trio.fail_after(60):
                await enough.wait()
            nursery.cancel_scope.cancel()

    before = threading.active_count()
    trio.run(wait)
    os.close(reading)
    os.close(writing)
    assert threading.active_count() <= before + 1  # trio keeps an idle one


def written(pieces: Iterable[bytes], sink: Recorder) -> str:
    with pytest.raises(SourceError) as caught:
        run_piped(b"".join(pieces), sink)
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", ["wav", "webm", "flac", "m4a"])
def test_pipe_that_ends_early_is_a_loss(name: str, recorder: Recorder) -> None:
    line = written([FORMATS[name][: len(FORMATS[name]) * 2 // 3]], recorder)
    assert "descriptor " in line
    if name != "m4a":
        assert 0.5 < len(recorder.samples) / 16_000 < 1.8


@pytest.mark.parametrize("head", [WAV[:44], WAV[:36] + b"data\0\0\0\0"])
def test_header_without_audio_is_lost_unless_allowed(head: bytes, recorder: Recorder) -> None:
    with pytest.raises(SourceError):
        run_piped(head, recorder)
    if head[40:] == bytes(4):
        run_piped(head, recorder, allow_empty=True)
    assert not recorder.items


def test_container_without_audio_is_lost_unless_allowed(recorder: Recorder) -> None:
    head = FORMATS["flac"][: FORMATS["flac"].index(b"\xff\xf8")]  # up to the first frame
    line = written([head], recorder)
    assert line.endswith("is FLAC without any audio; check what writes to it")
    run_piped(head, recorder, allow_empty=True)
    assert not recorder.items


def test_other_recording_behind_a_wav_is_a_loss(recorder: Recorder) -> None:
    line = written([WAV, FORMATS["flac"]], recorder)
    assert "is followed by a FLAC recording; send it whole" in line
    assert recorder.pcm == WAV[44:]


def test_channel_and_stream_are_picked(recorder: Recorder) -> None:
    stereo = np.hstack([noise(1, seed=1), noise(1, seed=2)])
    data = encoded(stereo, format="WAV")
    run_piped(data, recorder, channel=1)
    assert recorder.pcm == encoded(noise(1, seed=2), format="WAV")[44:]


@pytest.mark.parametrize("stream", [1, 2])
def test_audio_stream_is_picked(stream: int, recorder: Recorder) -> None:
    run_piped(media("libopus", "matroska", seconds=1, streams=2), recorder, stream=stream)
    spectrum = np.abs(np.fft.rfft(recorder.samples[4_000:12_000]))
    assert np.argmax(spectrum) * 2 == pytest.approx(300 * stream, abs=4)


def test_stream_that_is_not_there_is_a_loss(recorder: Recorder) -> None:
    with pytest.raises(SourceError, match="it has 1 audio stream, and no number 3"):
        run_piped(WEBM, recorder, stream=3)


@pytest.mark.parametrize(
    "head", [b"\xff\xfb\x90\x00", b"\xff\xf1\x50\x80", b"G", b"RIFF", b"\0\0\0"]
)
def test_raw_pcm_that_begins_like_a_recording_is_raw(head: bytes, recorder: Recorder) -> None:
    data = head + np.random.default_rng(5).bytes(20_000 - len(head))
    run_piped(data, recorder)
    assert recorder.pcm == data


@pytest.mark.parametrize("cut", [1 << 20, 3])
def test_what_is_no_audio_is_not_sent(cut: int, recorder: Recorder) -> None:
    # speechmatics/speechmatics-js-sdk#53: the answer of a server that lacks the recording.
    for text in (b"Not found.\n", b"<!DOCTYPE html><title>404 Not Found</title>" * 500):
        with pytest.raises(SourceError, match=r" is text, and no audio; check what writes to it$"):
            run_piped(text, recorder, cut=cut)
    assert not recorder.items


def test_file_that_is_no_audio_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "notes.pcm"
    path.write_bytes(b"Not found.\n")
    with path.open("rb") as file, pytest.raises(SourceError, match=r"notes.pcm is text, and no"):
        PcmSource(file)


def test_raw_channel_that_is_not_there_is_refused(recorder: Recorder) -> None:
    with pytest.raises(SourceError, match=r"has no channel 1 \(from 0\), only 1; give its number"):
        run_piped(bytes(10), recorder, channel=1)


def test_silence_is_sent_and_said(recorder: Recorder) -> None:
    source = run_piped(bytes(3_200), recorder)
    assert recorder.pcm == bytes(3_200)
    assert [line.split(" ", 2)[2] for line in source.remarks] == [
        "is digital silence from its beginning to its end; check the recorder"
    ]


def test_no_room_for_a_temporary_file_is_one_line(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    line = written([FORMATS["m4a"]], recorder)
    assert "cannot be kept in" in line
    assert "(No space left on device); make room there, or give the file's name" in line


def test_full_temporary_disk_is_one_line(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("wb", buffering=0) as disk:
        monkeypatch.setattr("tempfile.TemporaryFile", lambda: disk)
        line = written([FORMATS["m4a"]], recorder)
    assert "(No space left on device)" in line


def test_webm_without_audio_is_lost(recorder: Recorder) -> None:
    head = WEBM[: WEBM.index(b"\x1f\x43\xb6\x75")]  # up to the first cluster
    line = written([head], recorder)
    assert "begins like WebM or Matroska but cannot be decoded" in line
