"""Recordings in files: read to the last byte, or a loss with its reason; lengths that are true."""

from __future__ import annotations

import os
import re
import resource
import struct
import sys
import threading
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from openline_audio.decoder import Decoder
from openline_audio.reader import Choice, NoAudioError, RecordingReader
from openline_audio.source import SourceError
from openline_audio.window import Window
from tests.audio.support_recordings import amr, encoded, media, noise, read

WAV = encoded(noise(1), format="WAV")
MP3 = encoded(noise(1), format="MP3")
LIST = b"LIST\4\0\0\0INFO"
#: One second of noise in formats that can be joined, by name.
PARTS = {
    "wav": WAV,
    "aiff": encoded(noise(1, 44_100, 2), 44_100, format="AIFF"),
    "au": encoded(noise(1, 8_000), 8_000, format="AU"),
    "caf": encoded(noise(1), format="CAF", subtype="FLOAT"),
    "w64": encoded(noise(1), format="W64"),
    "rf64": encoded(noise(1), format="RF64"),
    "flac": encoded(noise(1, 48_000, 6), 48_000, format="FLAC"),
    "ogg": encoded(noise(1), format="OGG", subtype="VORBIS"),
    "opus": encoded(noise(1, 48_000), 48_000, format="OGG", subtype="OPUS"),
    "mp3": encoded(noise(1, 44_100, 2), 44_100, format="MP3"),
    "gsm": encoded(noise(1.04, 8_000), 8_000, format="WAV", subtype="GSM610"),
    "tagged": b"".join([b"ID3\3\0\0\0\0\2\0", bytes(256), MP3, b"TAG", bytes(125)]),
    "webm": media("libopus", "webm", seconds=1),
    "m4a": media("aac", "ipod", 44_100, seconds=1),
    "aac": media("aac", "adts", 44_100, seconds=1),
    "mp2": media("mp2", "mp2", 44_100, seconds=1),
    "ac3": media("ac3", "ac3", seconds=1),
    "eac3": media("eac3", "eac3", seconds=1),
    "amr": amr(1),
    "flv": media("aac", "flv", 44_100, seconds=1),
    "ts": media("aac", "mpegts", 44_100, seconds=1),
}  # fmt: skip
#: A codec's frames do not end where a second does.
ROUNDING = 0.05


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[bytes], Path]:
    def store(data: bytes) -> Path:
        path = tmp_path / "it"
        path.write_bytes(data)
        return path

    return store


Store = Callable[[bytes], Path]


@pytest.mark.parametrize("name", PARTS)
def test_each_format_is_read_whole(name: str, stored: Store) -> None:
    got = read(stored(PARTS[name]))
    assert got.loss is None
    assert got.seconds == pytest.approx(1, abs=ROUNDING)
    assert got.duration is None or got.duration == pytest.approx(got.seconds, abs=ROUNDING)


@pytest.mark.parametrize(
    ("first", "second"),
    [*((name, name) for name in PARTS), *(("wav", name) for name in PARTS if name != "wav"),
     *((name, "wav") for name in PARTS if name not in {"wav", "flac", "aac", "ac3", "eac3"}),
     ("mp3", "tagged"), ("ogg", "flac"), ("webm", "mp3"), ("opus", "ogg")],
)  # fmt: skip
def test_joined_recordings_are_read_to_the_last_byte(
    first: str, second: str, stored: Store
) -> None:
    got = read(stored(PARTS[first] + PARTS[second]))
    assert got.loss is None
    assert got.seconds == pytest.approx(2, abs=2 * ROUNDING)
    assert got.duration is None or got.duration == pytest.approx(got.seconds, abs=0.001)


@pytest.mark.parametrize("name", ["ogg", "mp3"])
def test_what_is_of_no_known_format_is_no_part_of_a_recording(name: str, stored: Store) -> None:
    """Though libsndfile reads it, alone."""
    got = read(stored(PARTS[name] + encoded(noise(1), format="IRCAM")))
    assert got.seconds == pytest.approx(1, abs=ROUNDING)
    assert "at its end are no audio that can be read here" in str(got.loss)


def test_audio_that_is_stated_at_the_very_end_is_missing(stored: Store) -> None:
    got = read(stored(PARTS["wav"] + b"data" + (3_200).to_bytes(4, "little")))
    assert got.seconds == pytest.approx(1)
    assert "0.10 s are missing" in str(got.loss)


@pytest.mark.parametrize("name", [name for name in PARTS if name not in {"wav", "au", "gsm"}])
def test_what_cannot_be_read_at_the_end_is_a_loss(name: str, stored: Store) -> None:
    if name in {"aiff", "caf", "w64", "rf64"}:
        pytest.skip("there it is audio: the header was written before it")
    garbage = np.random.default_rng(3).bytes(3_000)
    got = read(stored(PARTS[name] + garbage))
    assert got.loss is not None
    assert got.seconds == pytest.approx(1, abs=ROUNDING)
    assert got.loss.startswith("it ")
    assert got.loss.endswith("; get a whole copy or convert it")


@pytest.mark.parametrize("name", ["wav", "aiff", "au", "w64", "flac", "ogg", "mp3", "webm", "aac",
                                  "amr", "flv", "ts", "gsm"])  # fmt: skip
def test_truncated_file_is_read_and_its_loss_reported(name: str, stored: Store) -> None:
    data = {"ogg": encoded(noise(8), format="OGG", subtype="VORBIS")}.get(name, PARTS[name])
    got = read(stored(data[: len(data) * 2 // 3 + 1]))
    assert 0.2 < got.seconds < 6
    assert got.loss is not None
    assert "is cut short" in got.loss or "is damaged" in got.loss


@pytest.mark.parametrize("subtype", ["GSM610", "IMA_ADPCM", "MS_ADPCM", "G721_32"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_seconds_that_a_compressed_wav_lacks_are_told(
    subtype: str, share: float, stored: Store
) -> None:
    data = encoded(noise(4, 8_000), 8_000, format="WAV", subtype=subtype)
    start = data.index(b"data") + 8
    got = read(stored(data[: start + int((len(data) - start) * share)]))
    assert got.loss is not None
    told = re.search(r"is cut short \((\d+\.\d\d) s are missing\)", got.loss)
    assert told is not None
    assert float(told[1]) == pytest.approx(4 * (1 - share), abs=0.25)
    assert got.seconds == pytest.approx(4 * share, abs=0.25)


def to_the_end(reader: RecordingReader) -> None:
    while reader.read():
        pass


RATES = (4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000)
EXACT = [
    (form, subtype, rate, channels)
    for (form, subtype), rate, channels in product(
        [("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"),
         ("WAV", "FLOAT"), ("WAV", "DOUBLE"), ("WAV", "ULAW"), ("AIFF", "PCM_16"),
         ("AIFF", "PCM_24"), ("AU", "PCM_16"), ("CAF", "PCM_24"), ("W64", "FLOAT"),
         ("RF64", "PCM_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"),
         ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")],
        RATES, (1, 2, 6),
    )
    if not (form == "MP3" and (channels == 6 or rate > 48_000 or rate < 8_000))
    and not (subtype == "OPUS" and rate not in {8_000, 16_000, 48_000})
    and not (subtype == "VORBIS" and (rate, channels) in {(4_000, 6), (96_000, 6)})
]  # fmt: skip


@pytest.mark.parametrize(("form", "subtype", "rate", "channels"), EXACT)
def test_reported_length_is_the_length_that_is_there(
    form: str, subtype: str, rate: int, channels: int, stored: Store
) -> None:
    try:
        data = encoded(noise(0.7, rate, channels), rate, format=form, subtype=subtype)
    except soundfile.LibsndfileError:
        pytest.skip("libsndfile does not write it")
    got = read(stored(data))
    assert got.loss is None
    assert got.duration is not None
    assert got.duration == pytest.approx(round(0.7 * rate) / rate)
    assert abs(len(got.samples) - got.duration * 16_000) <= 1


@pytest.mark.parametrize(
    "tail",
    [b"PAD \0\0\0\0", b"LIST\4\0\0\0INFO", b"junk\1\0\0\0a\0", b"TAG" + bytes(125), bytes(9)],
)
def test_length_is_known_though_chunks_follow(tail: bytes, stored: Store) -> None:
    got = read(stored(WAV + tail * 3))
    assert (got.duration, got.seconds, got.loss) == (1.0, 1.0, None)


def test_unknown_bytes_behind_a_chunk_are_a_loss(stored: Store) -> None:
    got = read(stored(WAV + b"LIST\4\0\0\0INFO" + b"\x01garbage" * 9))
    assert got.seconds == 1.0
    assert got.loss is not None
    assert "holds more than was read (72 bytes" in got.loss


@pytest.fixture
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)


@pytest.mark.usefixtures("without_pyav")
@pytest.mark.parametrize("form", ["IRCAM", "PVF", "PAF", "AVR", "HTK"])
def test_libsndfile_reads_what_has_no_known_beginning(form: str, stored: Store) -> None:
    got = read(stored(encoded(noise(1), format=form, subtype="PCM_16")))
    assert (got.seconds, got.loss) == (1.0, None)


@pytest.mark.usefixtures("without_pyav")
@pytest.mark.parametrize(
    ("data", "stream", "error"),
    [
        (b"fLaC" + bytes(60), None, "it begins like FLAC but its header is damaged"),
        (b"nothing known", None, "it is not audio that can be read here"),
        (PARTS["flac"], 1, "it is its --stream, which needs PyAV"),
        (PARTS["webm"], None, "it is WebM or Matroska, which needs PyAV"),
        (PARTS["webm"], 1, "it is WebM or Matroska, which needs PyAV"),
    ],
)
def test_only_what_pyav_would_read_needs_it(
    data: bytes, stream: int | None, error: str, stored: Store
) -> None:
    with pytest.raises(SourceError, match=re.escape(error)):
        read(stored(data), Choice(stream=stream))


def test_a_decoder_reads_from_the_beginning(stored: Store) -> None:
    with stored(PARTS["flac"]).open("rb") as file:
        window = Window(file.fileno(), 0, len(PARTS["flac"]))
        window.read(100)
        decoder = Decoder(window)
        assert (decoder.rate, decoder.channels, decoder.frames) == (48_000, 6, 48_000)
        decoder.close()


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "IMA_ADPCM", "MS_ADPCM", "NMS_ADPCM_16"])
@pytest.mark.parametrize("size", [None, 0, 0xFFFF_FFFF, 900])
def test_telephone_codecs_are_read_whatever_size_is_stated(
    subtype: str, size: int | None, stored: Store
) -> None:
    wav = bytearray(encoded(noise(3, 8_000), 8_000, format="WAV", subtype=subtype))
    at = wav.index(b"data")
    if size is not None:
        wav[4:8], wav[at + 4 : at + 8] = (size.to_bytes(4, "little"),) * 2
    got = read(stored(bytes(wav)))
    assert got.loss is None
    assert got.seconds == pytest.approx(3, abs=ROUNDING)


@pytest.mark.parametrize("size", [None, 0, 0xFFFF_FFFF])
def test_mp3_in_a_wav_is_whole_though_its_length_is_estimated(
    size: int | None, stored: Store
) -> None:
    # Vanilagy/mediabunny#440: its length is an estimate from the bit rate, and too long.
    wav = bytearray(media("libmp3lame", "wav", 16_000, seconds=3))
    at = wav.index(b"data")
    if size is not None:
        wav[4:8], wav[at + 4 : at + 8] = (size.to_bytes(4, "little"),) * 2
    got = read(stored(bytes(wav)))
    assert (got.loss, got.duration) == (None, None)
    assert got.seconds == pytest.approx(3, abs=0.2)
    got = read(stored(media("libmp3lame", "wav", 16_000, seconds=3)[:-2_000]))
    assert got.loss is not None
    assert "is cut short" in got.loss


def test_flac_without_a_length_is_read(stored: Store) -> None:
    flac = bytearray(PARTS["flac"])
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)
    got = read(stored(bytes(flac)))
    assert (got.loss, got.duration) == (None, None)
    assert got.seconds == pytest.approx(1)


@pytest.mark.parametrize("name", ["flac", "wav", "ogg", "webm", "m4a", "flv", "amr"])
def test_tag_before_any_recording_is_passed_over(name: str, stored: Store) -> None:
    # jellyfin/jellyfin#14219, tinytag/tinytag#33: ID3v2 before FLAC, with a picture in it.
    tag = b"ID3\3\0\0\0\1\0\0" + bytes(16_384)
    got = read(stored(tag + PARTS[name]))
    assert got.loss is None
    assert got.seconds == pytest.approx(1, abs=ROUNDING)
    assert got.pcm == read(stored(PARTS[name])).pcm


def test_second_chunk_of_audio_in_a_wav_is_read_and_no_length_is_told(stored: Store) -> None:
    # pjsip/pjproject#597
    got = read(stored(WAV + LIST + b"data" + struct.pack("<I", 32_000) + WAV[44:]))
    assert (got.loss, got.duration) == (None, None)
    assert got.pcm == WAV[44:] * 2


def test_large_chunk_before_the_audio_is_skipped(stored: Store) -> None:
    # libsndfile/libsndfile#370: recorders reserve space for a list that stays empty.
    room = b"LIST" + struct.pack("<I", 393_164) + bytes(393_164)
    got = read(stored(WAV[:36] + room + WAV[36:]))
    assert got.loss is None
    assert got.pcm == WAV[44:]


def test_mp3_with_the_length_of_its_first_part_is_read_whole(stored: Store) -> None:
    # richardr1126/openreader#129: chunks without a length tag behind one with it.
    first = encoded(noise(1), format="MP3", bitrate_mode="CONSTANT")
    sync = first[:2]
    second = first[first.index(sync, 10) :]
    got = read(stored(first + second * 3))
    assert got.loss is None
    assert got.seconds == pytest.approx(4, abs=0.3)
    assert got.duration == pytest.approx(got.seconds, abs=0.001)


def test_garbage_in_an_mp3_is_a_loss_and_does_not_end_it(stored: Store) -> None:
    mp3 = encoded(noise(4), format="MP3", bitrate_mode="CONSTANT")
    middle = len(mp3) // 2
    got = read(stored(mp3[:middle] + bytes(range(1, 200)) + mp3[middle:]))
    assert got.loss is not None
    assert "bytes in it are no audio" in got.loss or "is cut short" in got.loss
    assert got.seconds > 3.5


@pytest.mark.parametrize(
    "data",
    [b"", WAV[:44], WAV[:36] + b"data\0\0\0\0", WAV[:36] + b"data\0\0\0\0LIST\4\0\0\0INFO"],
)
def test_recording_without_audio_is_lost_unless_allowed(data: bytes, stored: Store) -> None:
    path = stored(data)
    try:
        loss = read(path).loss
    except NoAudioError as error:
        loss = str(error)
    assert loss is not None
    assert "no audio behind it" in loss or "is empty" in loss
    if data != WAV[:44]:
        allowed = read(path, Choice(allow_empty=True))
        assert (allowed.pcm, allowed.loss, allowed.remarks) == (b"", None, ())


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_U8", "ALAW", "ULAW"])
def test_digital_silence_is_read_and_said(subtype: str, stored: Store) -> None:
    got = read(stored(encoded(np.zeros((16_000, 2)), format="WAV", subtype=subtype)))
    assert got.seconds == 1
    assert len(got.remarks) == 1
    assert "is digital silence from its beginning to its end" in got.remarks[0]


def test_one_loud_sample_is_no_silence(stored: Store) -> None:
    sound = np.zeros((16_000, 1))
    sound[15_999] = 0.01
    assert read(stored(encoded(sound, format="WAV"))).remarks == ()


def test_skipping_finds_any_sample_again(stored: Store) -> None:
    path = stored(PARTS["mp3"] + PARTS["aiff"])
    whole = read(path).pcm
    for samples in (0, 1, 319, 320, 321, 16_000, 24_001, len(whole) // 2 - 1, 40_000):
        fd = os.open(path, os.O_RDONLY)
        reader = RecordingReader(fd, "it")
        got = b"".join(reader.skip(samples))
        while frames := reader.read():
            got += b"".join(frames)
        reader.close()
        os.close(fd)
        assert got == whole[2 * samples :]


def test_disk_that_breaks_midway_is_a_loss(stored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (encoded(noise(9), format="WAV"), encoded(noise(9), format="FLAC")):
        path = stored(data)
        fd = os.open(path, os.O_RDONLY)
        reader = RecordingReader(fd, "it")
        assert reader.read()

        def broken(*_: object) -> bytes:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(os, "pread", broken)
            with pytest.raises(SourceError, match=r"cannot be read further .*Input/output error"):
                to_the_end(reader)
        reader.close()
        os.close(fd)


def test_later_part_of_an_impossible_rate_is_a_loss(stored: Store) -> None:
    slow = bytearray(WAV)
    slow[24:28] = (1).to_bytes(4, "little")
    got = read(stored(WAV + bytes(slow)))
    assert got.seconds == 1
    assert got.loss is not None
    assert "a rate of 1 Hz is outside" in got.loss


def test_channel_of_a_part_that_has_none_is_a_loss(stored: Store) -> None:
    got = read(stored(PARTS["aiff"] + WAV), Choice(channel=1))
    assert got.seconds == pytest.approx(1)
    assert got.loss is not None
    with pytest.raises(SourceError, match=r"has no channel 1 \(from 0\), only 1"):
        read(stored(WAV), Choice(channel=1))


@pytest.mark.repeats
def test_a_thousand_openings_leave_nothing_behind(stored: Store) -> None:
    paths = [("wav", stored(WAV))]
    for name in ("flac", "ogg", "mp3", "webm"):
        path = paths[0][1].with_name(name)
        path.write_bytes(PARTS[name])
        paths.append((name, path))
    broken = paths[0][1].with_name("broken")
    broken.write_bytes(PARTS["flac"][:60])

    def open_all(times: int) -> None:
        for _ in range(times):
            for _, path in paths:
                fd = os.open(path, os.O_RDONLY)
                reader = RecordingReader(fd, "it")
                reader.read()
                reader.close()
                os.close(fd)
            with pytest.raises(SourceError):
                read(broken)

    open_all(20)
    descriptors, threads = len(os.listdir("/dev/fd")), {*threading.enumerate()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    open_all(170)
    assert len(os.listdir("/dev/fd")) == descriptors
    assert {*threading.enumerate()} <= threads  # one of an earlier test may have ended
    unit = 1 if sys.platform == "darwin" else 1_024
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * unit
    assert grown < 32 << 20


def test_hours_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "hours.wav"
    header = bytearray(encoded(np.zeros((1, 2)), 48_000, format="WAV")[:44])
    header[40:44] = bytes(4)
    path.write_bytes(header)
    os.truncate(path, 44 + 4 * 48_000 * 600)  # ten minutes, without taking disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fd = os.open(path, os.O_RDONLY)
    reader = RecordingReader(fd, "it")
    samples = 0
    while frames := reader.read():
        samples += sum(map(len, frames)) // 2
    reader.close()
    os.close(fd)
    assert samples == 600 * 16_000
    unit = 1 if sys.platform == "darwin" else 1_024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 64 << 20


def test_a_reader_tells_its_channels_and_frees_its_decoder(
    stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Decoder] = []

    def close(decoder: Decoder) -> None:
        closed.append(decoder)

    monkeypatch.setattr(Decoder, "close", close)
    file = stored(encoded(noise(1, channels=2), format="FLAC"))
    with file.open("rb") as there:
        reader = RecordingReader(there.fileno(), "it")
        assert reader.channels == 2
        reader.close()
        reader.close()
        assert len(closed) == 1
    empty = stored(b"")
    with empty.open("rb") as there:
        assert RecordingReader(there.fileno(), "it", choice=Choice(allow_empty=True)).channels == 0
