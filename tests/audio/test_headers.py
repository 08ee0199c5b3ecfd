"""Headers that libsndfile does not write: every coding, sizes at their limits, and odd fields."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio.codings import Coding, decode
from openline_audio.headered import HeaderedPcm
from openline_audio.headers import PLACEHOLDER, Header


def header(data: bytes) -> Header | None:
    pcm = HeaderedPcm()
    pcm.feed(data)
    return pcm.header


def read(data: bytes) -> tuple[Header, bytes]:
    """The header, and the bytes from the first of the audio on."""
    pcm = HeaderedPcm()
    pcm.feed(data)
    assert pcm.header is not None
    return pcm.header, data[pcm.data_at :]


# WAV.

TAIL = bytes.fromhex("000000001000800000aa00389b71")


def form(
    code: int, bits: int, unit: int, *, channels: int = 2, rate: int = 16_000, more: bytes = b""
) -> bytes:
    return struct.pack("<HHIIHH", code, channels, rate, rate * unit, unit, bits) + more


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def wav(fmt: bytes, size: int = 400, before: bytes = b"", *, magic: bytes = b"RIFF") -> bytes:
    start = magic + bytes(4) + b"WAVE" + before + chunk(b"fmt ", fmt)
    return start + b"data" + struct.pack("<I", size) + b"the audio"


@pytest.mark.parametrize(
    ("fmt", "coding"),
    [
        (form(1, 8, 2), Coding("u", 1)),
        (form(1, 7, 2), Coding("u", 1)),
        (form(1, 16, 4), Coding("s", 2)),
        (form(1, 12, 4), Coding("s", 2)),
        (form(1, 20, 6), Coding("s", 3)),
        (form(1, 24, 8), Coding("s", 4)),  # 24 bits in 32
        (form(1, 16, 5), Coding("s", 2)),  # no multiple of the channels
        (form(1, 16, 0), Coding("s", 2)),
        (form(1, 16, 2), Coding("s", 2)),  # fewer bytes than bits
        (form(1, 16, 18), Coding("s", 2)),  # more than any sample has
        (form(1, 64, 16), None),
        (form(1, 0, 0), None),
        (form(3, 32, 8), Coding("f", 4)),
        (form(3, 64, 16), Coding("f", 8)),
        (form(3, 16, 4), None),
        (form(6, 8, 2), Coding("alaw", 1)),
        (form(7, 8, 2), Coding("ulaw", 1)),
        (form(7, 16, 4), Coding("ulaw", 1)),
        (form(2, 4, 512), None),
        (form(0xFFFE, 16, 4, more=bytes(8) + b"\1\0" + TAIL), Coding("s", 2)),
        (form(0xFFFE, 32, 8, more=bytes(8) + b"\3\0" + TAIL), Coding("f", 4)),
        (form(0xFFFE, 16, 4, more=bytes(8) + b"\1\0" + TAIL[:-1] + b"X"), None),
    ],
)
def test_each_form_of_a_wav_has_its_coding(fmt: bytes, coding: Coding | None) -> None:
    found = header(wav(fmt))
    assert found is not None
    assert found.coding == coding
    assert (found.rate, found.channels, found.stated) == (16_000, 2, 400)
    unit = int.from_bytes(fmt[12:14], "little")
    assert found.unit == (coding.size * 2 if coding else max(1, unit))


@pytest.mark.parametrize(
    "fmt", [form(1, 16, 4)[:15], form(1, 16, 0, channels=0), form(1, 16, 4, rate=0)]
)
def test_a_form_without_channels_or_rate_is_none(fmt: bytes) -> None:
    assert header(wav(fmt)) is None


@pytest.mark.parametrize(
    ("size", "stated"),
    [(0, None), (1, 1), (PLACEHOLDER - 1, PLACEHOLDER - 1), (PLACEHOLDER, None)],
)
def test_a_size_of_0_and_placeholders_state_nothing(size: int, stated: int | None) -> None:
    found = header(wav(form(1, 16, 4), size))
    assert found is not None
    assert found.stated == stated


@pytest.mark.parametrize("magic", [b"RIFF", b"RF64", b"BW64"])
def test_a_large_size_stands_in_a_chunk_of_its_own(magic: bytes) -> None:
    large = chunk(b"ds64", struct.pack("<QQQI", 1, 5 << 32, 3, 0))
    for size, stated in ((0xFFFF_FFFF, 5 << 32), (0, 5 << 32), (400, 400)):
        found = header(wav(form(1, 16, 4), size, large, magic=magic))
        assert found is not None
        assert found.stated == stated
    none = chunk(b"ds64", bytes(28))
    found = header(wav(form(1, 16, 4), 0xFFFF_FFFF, none, magic=magic))
    assert found is not None
    assert found.stated is None


@pytest.mark.parametrize("length", [0, 1, 2, 4_096, 4_097, 70_001])
def test_chunks_before_the_audio_are_passed(length: int) -> None:
    for name in (b"junk", b"ds64", b"LIST"):
        _, audio = read(wav(form(1, 16, 4, more=b"\0"), before=chunk(name, bytes(length))))
        assert audio == b"the audio"


def test_a_chunk_larger_than_a_picture_ends_the_header() -> None:
    for size, goes_on in ((1 << 28, True), ((1 << 28) + 1, False)):
        pcm = HeaderedPcm()
        pcm.feed(b"RIFF" + bytes(4) + b"WAVEjunk" + struct.pack("<I", size) + bytes(99))
        assert pcm.readable is goes_on
        pcm = HeaderedPcm()
        pcm.feed(b"FORM" + bytes(4) + b"AIFFjunk" + struct.pack(">I", size) + bytes(99))
        assert pcm.readable is goes_on
        pcm = HeaderedPcm()
        pcm.feed(b"caff\0\1\0\0junk" + struct.pack(">Q", size) + bytes(99))
        assert pcm.readable is goes_on
        pcm = HeaderedPcm()
        pcm.feed(b".snd" + struct.pack(">5I", size, 40, 3, 16_000, 1) + bytes(99))
        assert pcm.readable is goes_on


# W64.


def wave64(size: int) -> bytes:
    tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    fmt = form(1, 16, 4, more=b"ab")
    start = bytes.fromhex("726966662e91cf11a5d628db04c10000") + bytes(8) + b"wave" + tail
    start += b"fmt " + tail + struct.pack("<Q", 24 + len(fmt)) + fmt + bytes(-len(fmt) % 8)
    return start + b"data" + tail + struct.pack("<Q", size) + b"the audio"


@pytest.mark.parametrize(
    ("size", "stated"),
    [(24, None), (25, 1), (23 + (1 << 62), (1 << 62) - 1), (24 + (1 << 62), None)],
)
def test_a_size_of_wave64_counts_its_head(size: int, stated: int | None) -> None:
    found, audio = read(wave64(size))
    assert found.stated == stated
    assert audio.startswith(b"the audio")
    assert found.coding == Coding("s", 2)


# AIFF.


def aiff(
    name: bytes | None, bits: int, size: int = 400, offset: int = 0, rate: int = 16_000
) -> bytes:
    exponent = rate.bit_length() - 1
    extended = struct.pack(">HQ", 16_383 + exponent, rate << (63 - exponent))
    common = struct.pack(">HIH", 2, 100, bits) + extended + (name or b"")
    kind = b"AIFF" if name is None else b"AIFC"
    start = b"FORM" + bytes(4) + kind + b"COMM" + struct.pack(">I", len(common)) + common
    sound = b"SSND" + struct.pack(">III", size, offset, 0)
    return start + b"FVER\0\0\0\3abc\0" + sound + bytes(offset) + b"the audio"


def big(kind: str, size: int) -> Coding:
    return Coding(kind, size, big=True)


@pytest.mark.parametrize(
    ("name", "bits", "coding"),
    [
        (None, 8, big("s", 1)),
        (None, 12, big("s", 2)),
        (None, 24, big("s", 3)),
        (None, 33, None),
        (b"NONE", 16, big("s", 2)),
        (b"twos", 16, big("s", 2)),
        (b"sowt", 16, Coding("s", 2)),
        (b"fl32", 32, big("f", 4)),
        (b"FL32", 0, big("f", 4)),
        (b"fl64", 64, big("f", 8)),
        (b"FL64", 0, big("f", 8)),
        (b"in24", 16, big("s", 3)),
        (b"42ni", 16, Coding("s", 3)),
        (b"42n1", 16, Coding("s", 3)),
        (b"23ni", 16, Coding("s", 4)),
        (b"23n1", 16, Coding("s", 4)),
        (b"in32", 16, big("s", 4)),
        (b"raw ", 8, Coding("u", 1)),
        (b"alaw", 16, Coding("alaw", 1)),
        (b"ALAW", 16, Coding("alaw", 1)),
        (b"ulaw", 16, Coding("ulaw", 1)),
        (b"ULAW", 16, Coding("ulaw", 1)),
        (b"ima4", 16, None),
    ],
)
def test_each_name_of_an_aiff_is_its_coding(
    name: bytes | None, bits: int, coding: Coding | None
) -> None:
    found, audio = read(aiff(name, bits))
    assert found.coding == coding
    assert found.unit == (2 * coding.size if coding else 1)
    assert (found.rate, found.channels, found.stated) == (16_000, 2, 392)
    if coding is not None:
        assert audio == b"the audio"


@pytest.mark.parametrize("rate", [1, 8_000, 44_100, 768_000, (1 << 31) + 1])
def test_any_whole_rate_of_an_aiff_is_read(rate: int) -> None:
    assert read(aiff(None, 16, rate=rate))[0].rate == rate


def test_a_rate_below_1_or_beyond_all_is_none() -> None:
    good = aiff(None, 16, rate=1)
    at = good.index(struct.pack(">H", 16_383))
    for exponent, is_one in ((16_383, True), (16_382, False), (16_445, True), (16_446, False)):
        changed = good[:at] + struct.pack(">H", exponent) + good[at + 2 :]
        assert (header(changed) is not None) is is_one


@pytest.mark.parametrize(
    ("size", "offset", "stated"),
    [(0, 0, None), (8, 0, None), (9, 0, 1), (28, 20, None), (30, 20, 2), (PLACEHOLDER, 0, None)],
)
def test_a_size_of_an_aiff_counts_its_offset(size: int, offset: int, stated: int | None) -> None:
    found, audio = read(aiff(None, 16, size, offset))
    assert found.stated == stated
    assert audio == b"the audio"


def test_an_offset_beyond_all_is_none() -> None:
    good = aiff(None, 16)
    at = good.index(b"SSND") + 8
    for offset, goes_on in ((1 << 28, True), ((1 << 28) + 1, False)):
        pcm = HeaderedPcm()
        pcm.feed(good[:at] + struct.pack(">I", offset) + good[at + 4 :])
        assert pcm.readable is goes_on


def test_an_aiff_with_its_form_behind_the_audio_is_left_to_others() -> None:
    whole = aiff(None, 16)
    at = whole.index(b"COMM")
    assert header(whole[:at] + b"SSND" + bytes(20) + whole[at:]) is None


# AU.


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(
    ("code", "kind", "size"),
    [(1, "ulaw", 1), (2, "s", 1), (3, "s", 2), (4, "s", 3), (5, "s", 4), (6, "f", 4), (7, "f", 8),
     (27, "alaw", 1), (0, "", 1), (8, "", 1), (23, "", 1)],
)  # fmt: skip
def test_each_code_of_an_au_is_its_coding(order: str, code: int, kind: str, size: int) -> None:
    for at in (24, 25, 60):
        fields = struct.pack(f"{order}5I", at, 400, code, 16_000, 2)
        data = (b".snd" if order == ">" else b"dns.") + fields + bytes(at - 24) + b"the audio"
        found, audio = read(data)
        ordered = order == ">" and not kind.endswith("law")
        assert found.coding == (Coding(kind, size, ordered) if kind else None)
        assert found.unit == (2 * size if kind else 1)
        assert (found.rate, found.channels, found.stated) == (16_000, 2, 400)
        assert not kind or audio == b"the audio"


@pytest.mark.parametrize("fields", [(23, 40, 3, 16_000, 2), (24, 0, 3, 0, 2), (24, 0, 3, 8_000, 0)])
def test_an_au_without_channels_or_rate_is_none(fields: tuple[int, ...]) -> None:
    assert header(b".snd" + struct.pack(">5I", *fields)) is None


# CAF.


def caf(name: bytes, flags: int, bits: int, size: int = 404, rate: float = 16_000) -> bytes:
    description = struct.pack(">d4sIIIII", rate, name, flags, 0, 0, 2, bits)
    start = b"caff\0\1\0\0desc" + struct.pack(">Q", 32) + description
    return start + b"free" + struct.pack(">Q", 3) + b"abc" + b"data" + struct.pack(
        ">q", size
    ) + b"\0\0\0\1the audio"  # fmt: skip


@pytest.mark.parametrize(
    ("name", "flags", "bits", "coding"),
    [
        (b"lpcm", 0, 16, big("s", 2)),
        (b"lpcm", 2, 16, Coding("s", 2)),
        (b"lpcm", 0, 20, big("s", 3)),
        (b"lpcm", 1, 32, big("f", 4)),
        (b"lpcm", 3, 64, Coding("f", 8)),
        (b"lpcm", 4, 16, big("s", 2)),
        (b"lpcm", 1, 16, None),
        (b"alaw", 0, 8, Coding("alaw", 1)),
        (b"ulaw", 0, 8, Coding("ulaw", 1)),
        (b"aac ", 0, 0, None),
    ],
)
def test_each_form_of_a_caf_has_its_coding(
    name: bytes, flags: int, bits: int, coding: Coding | None
) -> None:
    found, audio = read(caf(name, flags, bits))
    assert found.coding == coding
    assert found.unit == (2 * coding.size if coding else 1)
    assert (found.rate, found.channels, found.stated) == (16_000, 2, 400)
    assert coding is None or audio == b"the audio"


@pytest.mark.parametrize(
    ("size", "stated"),
    [
        (-1, None),
        (0, None),
        (4, None),
        (5, 1),
        ((1 << 62) - 1, (1 << 62) - 5),
        (1 << 62, None),
    ],
)
def test_a_size_of_a_caf_counts_its_edits(size: int, stated: int | None) -> None:
    assert read(caf(b"lpcm", 0, 16, size))[0].stated == stated


@pytest.mark.parametrize(
    ("rate", "is_one"),
    [(0.0, False), (-1.0, False), (float("nan"), False), (float("inf"), False),
     (0.5, True), (8_000.7, True), ((1 << 31) - 1.0, True), (float(1 << 31), False)],
)  # fmt: skip
def test_a_rate_of_a_caf_is_above_0_and_has_an_end(rate: float, is_one: bool) -> None:
    found = header(caf(b"lpcm", 0, 16, rate=rate))
    assert (found is not None) is is_one
    assert found is None or found.rate == int(rate)


# Samples.


@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize(("kind", "size"), [("s", 1), ("s", 2), ("s", 3), ("s", 4), ("f", 4)])
def test_samples_are_read_in_their_order(kind: str, size: int, is_big: bool) -> None:
    values = [[0.0, 0.5], [-0.5, -1.0], [0.25, -0.25]]
    if kind == "f":
        data = np.array(values, f"{'>' if is_big else '<'}f4").tobytes()
    else:
        full = 1 << (8 * size - 1)
        data = b"".join(
            int(value * full).to_bytes(size, "big" if is_big else "little", signed=True)
            for row in values
            for value in row
        )
    found = decode(data, Coding(kind, size, is_big), 2)
    expected = np.array(values) * (32_768 if size == 2 else 1)
    assert found.dtype == (np.int16 if size == 2 else np.float32)
    assert np.array_equal(found, expected)


def test_unsigned_samples_are_silent_at_128() -> None:
    assert decode(bytes([128, 0, 255]), Coding("u", 1), 1).tolist() == [[0.0], [-1.0], [127 / 128]]


# Chunks of odd length.

NAMES = st.sampled_from([b"LIST", b"bext", b"iXML", b"cue ", b"JUNK", b"id3 ", b"fact", b"Mine"])
ODD = st.binary(max_size=40).map(lambda body: body if len(body) % 2 else body + b"\0")


@given(
    st.lists(st.tuples(NAMES, ODD, st.booleans()), min_size=1, max_size=4),
    st.binary(min_size=2, max_size=400).map(lambda data: data[: len(data) // 2 * 2]),
    st.integers(1, 60),
)
def test_an_odd_chunk_is_passed_with_and_without_its_padding(
    chunks: list[tuple[bytes, bytes, bool]], samples: bytes, cut: int
) -> None:
    """Some recorders leave the byte out that the format wants behind an odd chunk."""
    before = b"".join(
        name + struct.pack("<I", len(body)) + body + bytes(padded) for name, body, padded in chunks
    )
    fmt = chunk(b"fmt ", form(1, 16, 2, channels=1))
    head = b"RIFF" + bytes(4) + b"WAVE" + fmt + before + b"data" + struct.pack("<I", len(samples))
    pcm = HeaderedPcm()
    data = head + samples
    for at in range(0, len(data), cut):  # however the bytes arrive
        pcm.feed(data[at : at + cut])
    assert pcm.header is not None
    assert (pcm.header.rate, pcm.header.coding, pcm.header.stated) == (
        16_000, Coding("s", 2), len(samples),
    )  # fmt: skip
    assert pcm.data_at == len(head)


@pytest.mark.parametrize("length", [17, 19, 41])
def test_an_odd_form_is_read_without_its_padding(length: int) -> None:
    fmt = form(1, 16, 4).ljust(length, b"\0")
    data = b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<I", length) + fmt
    found, audio = read(data + b"data" + struct.pack("<I", 400) + b"the audio")
    assert (found.stated, audio) == (400, b"the audio")


@pytest.mark.parametrize("padding", [b"\0", b"A", b" ", b"\xff"])
def test_padding_that_is_no_zero_is_passed(padding: bytes) -> None:
    before = b"LIST" + struct.pack("<I", 3) + b"abc" + padding
    _, audio = read(wav(form(1, 16, 4), before=before))
    assert audio == b"the audio"


@given(
    st.lists(st.tuples(NAMES.filter(lambda name: name != b"Mine"), ODD, st.booleans()), max_size=4),
    st.integers(0, 50).map(lambda count: bytes(range(1, 2 * count + 1))),
    st.integers(1, 60),
)
def test_odd_chunks_behind_the_audio_are_no_audio(
    chunks: list[tuple[bytes, bytes, bool]], samples: bytes, cut: int
) -> None:
    behind = b"".join(
        name + struct.pack("<I", len(body)) + body + bytes(padded) for name, body, padded in chunks
    )
    head = b"RIFF" + bytes(4) + b"WAVE" + chunk(b"fmt ", form(1, 16, 2, channels=1))
    data = head + b"data" + struct.pack("<I", len(samples)) + samples + behind
    pcm = HeaderedPcm(total=len(data))
    found = [pcm.feed(data[at : at + cut]) for at in range(0, len(data), cut)]
    found.append(pcm.finish())
    assert sum(len(piece) for pieces in found for piece in pieces) == len(samples) // 2
    assert pcm.unread == 0
