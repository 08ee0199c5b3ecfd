"""PCM behind a header: equal to libsndfile, for any cut, any size in the header, any tail."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from openline_audio import headered
from openline_audio.headered import HeaderedPcm, compressed_part
from openline_audio.parts import Part
from openline_audio.pushed_pcm import HeaderPcm
from tests.audio.support_recordings import encoded, noise
from tests.audio.support_windows import windowed

#: Formats, codings and byte orders that libsndfile writes and that are PCM.
FORMS = [
    (form, subtype, endian)
    for form in ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF")
    for subtype in ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE",
                    "ALAW", "ULAW")
    for endian in ("LITTLE", "BIG")
    if soundfile.check_format(form, subtype, endian)
]  # fmt: skip
#: Its rate is 1 Hz.
SLOW = encoded(noise(1), 8_000, format="WAV").replace(b"\x40\x1f\0\0", b"\1\0\0\0", 1)
LIST = b"LIST" + struct.pack("<I", 4) + b"INFO"


def expected(data: bytes) -> np.ndarray[Any, np.dtype[np.float32]]:
    reader: Any = soundfile
    samples: np.ndarray[Any, np.dtype[np.float32]] = reader.read(
        io.BytesIO(data), dtype="float32", always_2d=True
    )[0]
    return samples


def decoded(data: bytes, cuts: list[int], total: int | None = None) -> tuple[HeaderedPcm, Any]:
    pcm = HeaderedPcm(total)
    blocks: list[Any] = []
    ends = [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    start = 0
    for end in ends:
        blocks += pcm.feed(data[start:end])
        start = end
    blocks += pcm.finish()
    assert pcm.header is not None
    floats = [b / np.float32(32_768) if b.dtype == np.int16 else b for b in blocks]
    empty = np.zeros((0, pcm.header.channels), np.float32)
    return pcm, np.concatenate([empty, *floats])


@pytest.mark.parametrize(("form", "subtype", "endian"), FORMS)
@pytest.mark.parametrize("channels", [1, 2, 6])
@settings(max_examples=2, deadline=None)
@given(
    samples=st.integers(1, 400),
    cuts=st.lists(st.integers(0, 20_000), max_size=6),
    joined=st.booleans(),
)
def test_equals_libsndfile_for_any_cut(
    *,
    form: str,
    subtype: str,
    endian: str,
    channels: int,
    samples: int,
    cuts: list[int],
    joined: bool,
) -> None:
    sound = noise(samples / 16_000, channels=channels)
    data = encoded(sound, 11_025, format=form, subtype=subtype, endian=endian)
    pcm, got = decoded(data * (2 if joined else 1), cuts)
    assert np.array_equal(got, expected(data))
    assert pcm.missing is None
    assert not pcm.unread
    assert pcm.over is joined
    assert pcm.rest == (data if joined else b"")


def sized(wav: bytes, riff: int, data: int) -> bytes:
    raw = bytearray(wav)
    at = raw.index(b"data")
    raw[4:8], raw[at + 4 : at + 8] = riff.to_bytes(4, "little"), data.to_bytes(4, "little")
    return bytes(raw)


@pytest.mark.parametrize(
    ("riff", "size"),
    [
        (0, 0),
        (4_088, 0),
        (0xFFFF_FFFF, 0xFFFF_FFFF),
        (0x7FFF_F024, 0x7FFF_F000),
        (0x8000_0024, 0x8000_0000),
        (36 + 400, 400),
        (36 + 401, 401),
        (36 + 1, 1),
    ],
)
@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(0, 3_000), max_size=6))
def test_bytes_are_read_whatever_size_is_stated(riff: int, size: int, cuts: list[int]) -> None:
    wav = encoded(noise(0.1), format="WAV")
    for total in (None, len(wav)):
        pcm, got = decoded(sized(wav, riff, size), cuts, total)
        assert np.array_equal(got, expected(wav))
        assert pcm.missing is None


@pytest.mark.parametrize(("over", "samples"), [(0, 0), (1, 24), (9, 24), (1 << 20, 24)])
def test_a_size_of_0_is_right_if_a_chunk_that_fits_follows(over: int, samples: int) -> None:
    wav = encoded(noise(0.1), format="WAV")
    content = b"LIST" + struct.pack("<I", 40 + over) + bytes(range(40))
    head = sized(wav, 0, 0)[:44]
    whole = head + content
    for cuts in ([], [50], list(range(40, 90))):
        assert len(decoded(whole, cuts, len(whole))[1]) == samples


@pytest.mark.parametrize("silence", [20, 2_000])
def test_silence_behind_a_stale_size_is_audio_if_sound_follows(silence: int) -> None:
    samples = np.concatenate([noise(0.1), np.zeros((silence, 1)), noise(0.1)])
    wav = encoded(samples, format="WAV")
    _, got = decoded(sized(wav, 36 + 3_200, 3_200), list(range(0, len(wav), 100)))
    assert np.array_equal(got, expected(wav))


@pytest.mark.parametrize(
    "tail",
    [
        LIST,
        LIST * 2 + b"id3 " + struct.pack("<I", 3) + b"abc\0",
        b"TAG" + bytes(125),
        b"ID3\3\0\0\0\0\0\5abcde",
        LIST + bytes(40),
        bytes(900),
        LIST[:6],
    ],
)
def test_chunks_tags_and_zeros_behind_the_audio_are_none(tail: bytes) -> None:
    wav = encoded(noise(0.1), format="WAV")
    for cuts in ([], list(range(0, len(wav) + len(tail), 7))):
        pcm, got = decoded(wav + tail, cuts)
        assert len(got) - len(expected(wav)) <= (3 if tail == LIST[:6] else 0)
        assert not pcm.over
        assert not pcm.unread


def test_what_follows_a_chunk_and_is_nothing_known_is_counted() -> None:
    wav = encoded(noise(0.1), format="WAV")
    pcm, got = decoded(wav + LIST + b"\x01garbage" * 9, [])
    assert len(got) == 1_600
    assert pcm.unread == 72


@pytest.mark.parametrize(
    ("form", "audio"), [("WAV", b"data"), ("AIFF", b"SSND"), ("CAF", b"data"), ("W64", b"data")]
)
@pytest.mark.parametrize("between", [0, 1])
def test_a_second_chunk_of_audio_is_audio(form: str, audio: bytes, between: int) -> None:
    # pjsip/pjproject#597: all chunks of audio are played, whatever stands between them.
    first = encoded(noise(0.1), format=form)
    name, size, extra = {
        "WAV": (4, 4, 0), "AIFF": (4, 4, 8), "CAF": (4, 8, 4), "W64": (16, 8, 0)
    }[form]  # fmt: skip
    sound = bytes(range(1, 201)) * 8
    at = first.index(audio)
    begin = first[at : at + name]
    tail = b""
    if between:
        other = {"WAV": LIST, "AIFF": b"ANNO\0\0\0\4INFO", "CAF": b"info" + bytes(8)}
        tail = other.get(form, b"LIST" + begin[4:] + (28).to_bytes(8, "little") + bytes(8))
    length = extra + len(sound) + (24 if form == "W64" else 0)
    tail += (
        begin + length.to_bytes(size, "little" if form[0] == "W" else "big") + bytes(extra) + sound
    )
    whole = first + tail
    for cuts in ([], list(range(0, len(whole), 7))):
        for total in (None, len(whole)):
            pcm, got = decoded(whole, cuts, total)
            assert len(got) == 1_600 + len(sound) // 2
            assert (pcm.missing, pcm.unread) == (None, 0)
    pcm, got = decoded(whole[:-100], [])
    assert pcm.missing == pytest.approx(50 / 16_000)
    assert len(got) == 1_600 + len(sound) // 2 - 50


@pytest.mark.parametrize("chunk", [LIST, b"PAD \0\0\0\0", LIST + b"junk\1\0\0\0a\0"])
def test_all_chunks_are_passed_though_no_more_bytes_come(chunk: bytes) -> None:
    wav = encoded(noise(0.1), format="WAV")
    pcm, got = decoded(wav + chunk * 3 + b"\x01garbage" * 9, [])
    assert len(got) == 1_600
    assert pcm.unread == 72


def test_so_many_zeros_are_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headered, "_MOST_ZEROS", 100)
    wav = encoded(noise(0.1), format="WAV")
    for zeros, samples in ((98, 0), (100, 50), (102, 51)):
        assert len(decoded(wav + bytes(zeros), [])[1]) == 1_600 + samples
        assert len(decoded(wav + bytes(zeros), [len(wav) + 60])[1]) == 1_600 + samples


def test_behind_the_audio_of_an_au_is_audio_or_a_recording() -> None:
    au = encoded(noise(0.1), format="AU")
    assert len(decoded(au + LIST + bytes(range(1, 41)), [])[1]) == 1_600 + (len(LIST) + 40) // 2
    assert len(decoded(au + bytes(60), [])[1]) == 1_600


def test_zeros_before_a_chunk_do_not_end_the_reading() -> None:
    wav = encoded(noise(0.1), format="WAV")
    for zeros in (1, 2, 5, 60):
        pcm, got = decoded(wav + bytes(zeros) + LIST + b"\x01garbage" * 9, [])
        assert len(got) == 1_600
        assert pcm.unread == 72


@pytest.mark.parametrize("name", [b"abcd", b"1234", b"ab\0d"])
def test_a_chunk_of_no_known_name_is_one_if_it_fits_into_the_file(name: bytes) -> None:
    wav = encoded(noise(0.1), format="WAV")
    whole = wav + name + struct.pack("<I", 40) + bytes(range(40))
    is_chunk = name == b"abcd"
    for total, samples in ((None, 24), (len(whole), 0 if is_chunk else 24), (len(whole) - 1, 24)):
        assert len(decoded(whole, [], total)[1]) == 1_600 + samples


@pytest.mark.parametrize("cut", [1, 2, 500, 3_199])
def test_missing_seconds_are_those_that_did_not_come(cut: int) -> None:
    wav = encoded(noise(0.1), format="WAV")
    pcm, got = decoded(wav[:-cut], [50])
    assert pcm.missing is not None
    missing = round(pcm.missing * 16_000)
    assert missing + len(got) in {1_600, 1_599}
    assert len(got) == (3_200 - cut) // 2


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"RI",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0ab",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16) + b"data\0\0\0\0",
        b"RIFF\0\0\0\0WAVE????\xff\xff\xff\xff",
        b"FORM\0\0\0\0AIFFSSND\0\0\0\0" + bytes(8),
        b"FORM\0\0\0\0AIFF????\xff\xff\xff\xff",
        b"FORM\0\0\0\0AIFFCOMM\0\0\0\x04abcdSSND\0\0\0\0" + bytes(8),
        b".snd" + bytes(20),
        b".snd\0\0",
        b"caff\0\1\0\0data" + b"\xff" * 8 + bytes(4),
        b"caff\0\1\0\0what" + b"\xff" * 8,
        b"caff\0\1\0\0desc",
        b"nothing known",
    ],
)
def test_damaged_header_is_unreadable(damage: bytes) -> None:
    pcm = HeaderPcm()
    frames = [frame for at in range(len(damage)) for frame in pcm.feed(damage[at : at + 1])]
    assert not frames + pcm.finish()
    assert pcm.readable is False
    assert pcm.head == damage


#: Blocks of 65 bytes: five of them have a padding behind, and two have none.
COMPRESSED, EVEN = (
    encoded(noise(seconds), 8_000, format="WAV", subtype="GSM610") for seconds in (0.1, 0.04)
)
AUDIO_AT = COMPRESSED.index(b"data") + 8


def resized(length: int, data: bytes = COMPRESSED) -> bytes:
    """With another length of its audio in its header."""
    return data[: AUDIO_AT - 4] + struct.pack("<I", length) + data[AUDIO_AT:]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (COMPRESSED, Part(0, len(COMPRESSED))),
        (EVEN, Part(0, len(EVEN))),
        (COMPRESSED + LIST, Part(0, len(COMPRESSED + LIST))),
        (COMPRESSED + SLOW, Part(0, len(COMPRESSED))),
        (COMPRESSED[:-9], Part(0, len(COMPRESSED) - 9, torn=True)),
        (resized(0xFFFF_FFFF, b"RIFX" + COMPRESSED[4:]), Part(0, len(COMPRESSED))),
        (COMPRESSED[:20], Part(0, 20)),
        (b"RIFF", Part(0, 4)),
    ],
)
def test_a_compressed_recording_ends_where_its_header_says(data: bytes, part: Part) -> None:
    with windowed(data) as window:
        assert compressed_part(window) == part


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 65])
def test_sizes_that_are_unknown_or_too_small_are_corrected(length: int) -> None:
    with windowed(resized(length, EVEN)) as window:
        part = compressed_part(window)
    assert part == Part(AUDIO_AT, len(EVEN), EVEN[:AUDIO_AT])


def test_compressed_coding_is_left_to_others() -> None:
    wav = encoded(noise(0.1), 8_000, format="WAV", subtype="GSM610")
    pcm = HeaderPcm()
    pcm.feed(wav)
    assert pcm.readable is False
    assert pcm.head == wav


@pytest.mark.parametrize("cut", [1, 100, 100_000])
def test_joined_recordings_of_other_rates_come_whole(cut: int) -> None:
    one = encoded(noise(0.2, 8_000), 8_000, format="WAV")
    two = encoded(noise(0.2, 44_100, 2), 44_100, format="AIFF")
    data = one + two + one
    pcm = HeaderPcm()
    frames = [frame for at in range(0, len(data), cut) for frame in pcm.feed(data[at : at + cut])]
    frames += pcm.finish()
    assert abs(sum(map(len, frames)) // 2 - 9_600) <= 3
    assert not pcm.losses
    assert pcm.seconds == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("second", "loss"),
    [
        (encoded(noise(1), format="FLAC"), "is followed by a FLAC recording"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0ab" + bytes(50), "is followed by a recording that has a"),
        (
            encoded(noise(1), 8_000, format="WAV", subtype="GSM610"),
            "is followed by a recording that has a damaged or compressed header",
        ),
        (SLOW, "cannot be right: a rate of 1 Hz"),
    ],
)
@pytest.mark.parametrize("more", [[b"more"], []])
def test_joined_recording_that_cannot_be_read_is_a_loss(
    second: bytes, loss: str, more: list[bytes]
) -> None:
    pcm = HeaderPcm()
    frames = pcm.feed(encoded(noise(1), format="WAV") + second)
    frames += [frame for each in more for frame in pcm.feed(each)] + pcm.finish()
    assert b"".join(frames)[:100] == encoded(noise(1), format="WAV")[44:144]
    assert len(pcm.losses) == 1
    assert pcm.losses[0].startswith(loss)


@pytest.mark.parametrize("cut", [1_000, 1_000_000])
def test_behind_a_recording_that_cannot_be_read_nothing_is(cut: int) -> None:
    wav = encoded(noise(1), format="WAV")
    data = wav + SLOW * 2 + wav + encoded(noise(1), format="FLAC")
    pcm = HeaderPcm()
    frames = [frame for at in range(0, len(data), cut) for frame in pcm.feed(data[at : at + cut])]
    assert b"".join(frames + pcm.finish()) == wav[44:]
    assert len(pcm.losses) == 1


def test_what_was_read_is_not_kept() -> None:
    pcm = HeaderPcm()
    wav = encoded(noise(1), format="WAV")
    for at in range(0, len(wav), 1_000):
        pcm.feed(wav[at : at + 1_000])
        assert pcm.readable
        assert pcm.head == b""


def test_channel_that_is_not_there_is_a_loss() -> None:
    pcm = HeaderPcm(channel=1)
    assert not pcm.feed(encoded(noise(1), format="WAV")) + pcm.finish()
    assert pcm.losses == ["cannot be right: it has no channel 1 (from 0), only 1"]
