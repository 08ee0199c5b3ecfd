"""Where a recording ends: Ogg, MP3, MP4, FLAC and live WebM, made piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline_audio import parts
from openline_audio.containers import WALKS
from openline_audio.formats import ASF_MAGIC
from openline_audio.mpeg import frame_at, length_tag, stated_frames, tag_frame
from openline_audio.parts import Part, first_part, skip_tags
from tests.audio.support_windows import windowed
from tests.audio.test_containers import EBML, VOID, segment
from tests.support_profiles import some


def part(kind: str | None, data: bytes) -> Part:
    with windowed(data) as window:
        return first_part(window, kind)


def test_a_recording_of_no_known_format_is_all_there_is() -> None:
    for kind in (None, "WavPack", "WAV"):
        assert part(kind, b"x" * 50) == Part(0, 50)


def test_a_container_is_as_long_as_its_walk_says() -> None:
    amr = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 3
    assert part("AMR", amr) == Part(0, len(amr))
    assert part("AMR", amr + amr) == Part(0, len(amr))
    assert part("AMR", amr[:-1]) == Part(0, len(amr) - 1, torn=True)
    assert part("AMR", b"#!AMR_MC1.0\n" + bytes(40)) == Part(0, 52)


@pytest.mark.parametrize("kind", ["MP3", "OGG", "MP4", "FLAC", *WALKS])
def test_a_file_that_has_become_shorter_ends_where_it_does(kind: str) -> None:
    whole = {
        "MP3": FRAME * 9,
        "OGG": OGG,
        "MP4": MP4,
        "FLAC": b"fLaC" + bytes(99),
        "WebM or Matroska": EBML + segment(99) + VOID,
        "AMR": b"#!AMR\n" + (b"\x3c" + bytes(31)) * 9,
        "FLV": b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + (b"\x08\0\0\x05" + bytes(16)) * 9,
        "MPEG transport": (b"G" + bytes(187)) * 9,
    }.get(kind, ASF_MAGIC + (99).to_bytes(8, "little") + bytes(75))
    for there in range(0, len(whole), max(1, len(whole) // 99)):
        with windowed(whole[:there], gone=5000) as window:
            found = first_part(window, kind)
            assert found.start <= found.end <= len(window)


# Tags.

ID3 = b"ID3\x04\0\0\0\0\0\x05abcde"


@pytest.mark.parametrize("behind", [b"", b"fLaC", b"\0\0\0\x18ftypM4A ", b"sound"])
@pytest.mark.parametrize("zeros", [0, 1, 2, 3, 4, 5, 4096, 4099])
def test_tags_and_zeros_are_skipped_up_to_a_recording(behind: bytes, zeros: int) -> None:
    tags = ID3 + bytes(zeros) + ID3 + b"TAG" + bytes(125) + bytes(zeros)
    with windowed(b"ab" + tags + behind) as window:
        # The zeros that a recording begins with belong to it.
        assert skip_tags(window, 2) == 2 + len(tags)
        assert skip_tags(window, 0) == 0


def test_a_torn_tag_ends_with_the_file() -> None:
    with windowed(ID3[:-2]) as window:
        assert skip_tags(window, 0) == len(ID3) - 2
        assert skip_tags(window, 100) == len(ID3) - 2


# MP4.


def box(name: bytes, size: int, *, wide: bool = False) -> bytes:
    if wide:
        return b"\0\0\0\1" + name + (16 + size).to_bytes(8, "big") + bytes(size)
    return (8 + size).to_bytes(4, "big") + name + bytes(size)


MP4 = box(b"ftyp", 16) + box(b"moov", 100) + box(b"\xa9abc", 0) + box(b"a-_ ", 5)


@pytest.mark.parametrize("wide", [False, True])
def test_mp4_ends_behind_its_boxes(wide: bool) -> None:
    whole = MP4 + box(b"mdat", 300, wide=wide)
    assert part("MP4", whole) == Part(0, len(whole))
    assert part("MP4", whole + whole) == Part(0, len(whole))
    assert part("MP4", whole[:-1]) == Part(0, len(whole) - 1, torn=True)
    for garbage in (
        b"\0\0\0\x07moov",
        b"\0\0\0\x40\x01\x02\x03\x04" + bytes(56),
        b"\0\0\0\x18    ",
    ):
        assert part("MP4", whole + garbage) == Part(0, len(whole))
    assert part("MP4", MP4 + b"\0\0\0\0mdat" + bytes(70)) == Part(0, len(MP4) + 78)
    assert part("MP4", b"\0\0\0\x05moov" + bytes(9)) == Part(0, 17)


# Ogg.


def page(content: bytes, *, begins: bool = False) -> bytes:
    """One page; its content in segments."""
    sizes = [255] * (len(content) // 255) + [len(content) % 255]
    return b"OggS\0" + bytes([2 * begins | 4]) + bytes(20) + bytes([len(sizes), *sizes]) + content


FIRST = page(b"one", begins=True) + page(b"two", begins=True)
OGG = FIRST + page(b"x" * 700) + page(b"") + page(b"y" * 50_000)


@pytest.mark.parametrize("block", [5, 64, 1 << 20])
def test_ogg_ends_behind_its_pages(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_BLOCK", block)
    assert part("OGG", OGG) == Part(0, len(OGG))
    assert part("OGG", OGG + OGG) == Part(0, len(OGG))
    assert part("OGG", OGG[:-1]) == Part(0, len(OGG) - 1, torn=True)
    for garbage in (b"a", b"Ogg", b"garbage" * 30, OGG[:20]):
        assert part("OGG", OGG + garbage) == Part(0, len(OGG))


@pytest.mark.parametrize("block", [5, 7, 64, 1 << 20])
def test_garbage_between_pages_of_ogg_is_passed(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_BLOCK", block)
    for size in range(1, 80):
        whole = OGG + b"O" * size + page(b"z" * 40)
        assert part("OGG", whole) == Part(0, len(whole))
        assert part("OGG", whole + FIRST) == Part(0, len(whole))


# FLAC and live WebM.


@pytest.mark.parametrize("mark", [b"\0", b"\x80"])
@settings(deadline=None)
@given(st.integers(0, 200), st.sampled_from([8, 9, 16, 64]))
def test_flac_ends_where_the_next_begins(mark: bytes, size: int, block: int) -> None:
    head = b"fLaC" + mark + b"\0\0\x22"
    whole = head + b"f" * size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_BLOCK", block)
        assert part("FLAC", whole) == Part(0, len(whole))
        assert part("FLAC", whole + head + head) == Part(0, len(whole))
        assert part("FLAC", whole + b"fLaC\0\0\0\x23") == Part(0, len(whole) + 8)


@pytest.mark.parametrize("name", [b"webm", b"matroska"])
@settings(deadline=None)
@given(st.integers(0, 150), st.integers(0, 60), st.sampled_from([8, 16, 64]))
def test_live_webm_ends_where_the_next_begins(
    name: bytes, size: int, before: int, block: int
) -> None:
    head = b"\x1a\x45\xdf\xa3" + bytes([0x80 | before + len(name), *bytes(before)]) + name
    live = head + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + bytes(size)
    whole = live + name * 3 + bytes(70) + name
    near = before + 5 <= 64
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_BLOCK", block)
        assert part("WebM or Matroska", whole) == Part(0, len(whole))
        end = len(whole) if near else len(whole) + len(live)
        assert part("WebM or Matroska", whole + live) == Part(0, end)


# MP3.

HEADER = b"\xff\xfb\x90\x00"
FRAME = HEADER + b"\x55" * 413
FORM = frame_at(HEADER, 0)
OTHER = b"\xff\xf3\x90\x00" + b"\x55" * (522 - 4)  # of half the rate
FREE = b"\xff\xfb\x00\x00" + b"\x55" * 400


def tagged(frames: int) -> bytes:
    return tag_frame(HEADER, frames)


def made(prefix: bytes) -> int | None:
    """The frames that a prefix states."""
    first = frame_at(prefix, 0)
    assert first is not None
    assert len(prefix) == first.length
    tag = length_tag(prefix, 0, first)
    assert tag is not None
    return stated_frames(prefix, tag)


@pytest.mark.parametrize("block", [8192, 1 << 20])
@pytest.mark.parametrize("before", [b"", ID3 * 3])
def test_mp3_with_the_right_length_is_left_alone(
    before: bytes, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_BLOCK", block)
    for stated in (50, 51):  # some count the tag's frame as well
        whole = before + tagged(stated) + FRAME * 50
        expected = Part(len(before), len(whole))
        if stated == 50:
            assert part("MP3", whole) == expected
            assert part("MP3", whole + ID3 + FRAME) == expected
            assert part("MP3", whole + b"TAG" + bytes(125)) == expected
            assert part("MP3", whole + tagged(5) + FRAME * 5) == expected
            assert part("MP3", whole + OTHER * 3) == expected
            assert part("MP3", whole + b"OggS" + bytes(60)) == expected
            assert part("MP3", whole + b"garbage" * 9) == expected
    torn = before + tagged(51) + FRAME * 50 + FRAME[:-1]
    assert part("MP3", torn).torn
    assert part("MP3", torn).end == len(torn)


@pytest.mark.parametrize("block", [8192, 1 << 20])
@pytest.mark.parametrize("stated", [None, 1, 49, 51])
def test_mp3_with_a_wrong_length_gets_the_right_one(
    stated: int | None, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_BLOCK", block)
    tag = b"" if stated is None else tagged(stated)
    whole = ID3 + tag + FRAME * 50
    for more in (b"", ID3, b"OggS" + bytes(60)):
        found = part("MP3", whole + more)
        assert (found.start, found.end) == (len(ID3) + len(tag), len(whole))
        assert made(found.prefix) == 50
        assert not found.torn
        assert not found.garbage


def test_mp3_that_states_more_than_came_is_left_to_tell_so() -> None:
    whole = tagged(60) + FRAME * 50
    assert part("MP3", whole) == Part(0, len(whole))


def test_a_second_tag_at_the_beginning_counts_as_a_frame() -> None:
    whole = tagged(51) * 2 + FRAME * 50
    assert part("MP3", whole) == Part(0, len(whole))


def test_mp3_of_no_known_form_is_all_there_is() -> None:
    assert part("MP3", FREE * 5) == Part(0, len(FREE) * 5)
    assert part("MP3", ID3 + b"garbage" * 9) == Part(0, len(ID3) + 63)
    alone = tagged(5)
    assert part("MP3", alone) == Part(0, len(alone))


def test_next_frames_are_found_wherever_a_block_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_BLOCK", 8192)
    for size in range(7_000, 8_400, 37):
        for garbage in (b"\x55" * size, b"\x55" * size + b"\xff"):
            found = part("MP3", FRAME * 20 + garbage + FRAME * 2)
            assert (found.end, found.garbage) == (22 * len(FRAME) + len(garbage), len(garbage))


@pytest.mark.parametrize("block", [8192, 1 << 20])
@settings(deadline=None, max_examples=some(30))
@given(
    size=st.integers(1, 300) | st.integers(4_000, 20_000),
    filler=st.sampled_from([b"\x55", b"\xff", b"\xff\xfb\xf0\0", FREE, OTHER[:50]]),
)
def test_garbage_between_frames_is_counted(*, block: int, size: int, filler: bytes) -> None:
    garbage = (filler * (size // len(filler) + 1))[:size]
    garbage = garbage[:-1] + b"\x55"  # no sync word that goes on in the frame
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_BLOCK", block)
        for more in (b"", ID3, garbage):
            found = part("MP3", FRAME * 20 + garbage + FRAME * 20 + more)
            assert (found.start, found.end) == (0, 40 * len(FRAME) + len(garbage))
            assert found.garbage == len(garbage)
            assert made(found.prefix) == 40
        found = part("MP3", FRAME * 20 + garbage + FRAME * 20 + FRAME[:-5])
        assert found.torn
        assert found.garbage == len(garbage)
        assert made(found.prefix) == 40
        single = part("MP3", FRAME * 20 + garbage + FRAME)
        assert (single.end, single.garbage) == (20 * len(FRAME), 0)
