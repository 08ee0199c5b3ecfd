"""Where a recording in a pipe ends: the bytes of each are found again, however they come."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from openline_audio.live import PipeFile

#: Bytes that look like the beginning of something, or like nothing.
CONTENT = st.lists(
    st.sampled_from(
        [b"f", b"fLaC", b"fLaC\0\0\0", b"\0", b"\x22", b"O", b"Ogg", b"OggS", b"x" * 40]
    ),
    max_size=6,
).map(b"".join)


def flac(head: bytes, content: bytes) -> bytes:
    """What begins like a FLAC, and does not within."""
    return head + content.replace(b"fLaC\0\0\0\x22", b"!")


FLACS = st.builds(flac, st.sampled_from([b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22"]), CONTENT)


def page(content: bytes, flags: int) -> bytes:
    """A page of Ogg: version, flags, times and numbers, then a table of lengths."""
    table = bytes([255] * (len(content) // 255) + [len(content) % 255])
    return b"OggS\0" + bytes([flags]) + bytes(20) + bytes([len(table)]) + table + content


def ogg(heads: list[bytes], pages: list[bytes]) -> bytes:
    """A recording of some streams at once."""
    return b"".join([*(page(each, 2) for each in heads), *(page(each, 0) for each in pages)])


OGGS = st.builds(
    ogg,
    st.lists(CONTENT, min_size=1, max_size=2),
    st.lists(CONTENT, min_size=1, max_size=3),
)
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=8)


def pipe(data: bytes, sizes: list[int], kind: str) -> PipeFile:
    """A pipe that brings ``data`` in pieces of these sizes, over and over."""
    left, turn = data, 0

    def receive(size: int) -> bytes:
        nonlocal left, turn
        most = min(size, sizes[turn % len(sizes)])
        turn += 1
        piece, left = left[:most], left[most:]
        return piece

    return PipeFile(receive, kind)


def all_of(file: PipeFile, sizes: Iterable[int]) -> list[bytes]:
    """What is read of each recording, in reads of these sizes, over and over."""
    found: list[bytes] = []
    wanted = list(sizes)
    while True:
        got = b""
        while more := file.read(wanted[len(got) % len(wanted)]):
            got += more
        found.append(got)
        if not file.go_on():
            return found


@given(st.lists(FLACS, min_size=1, max_size=4), SIZES, SIZES)
def test_each_flac_of_a_pipe_is_read_apart(
    flacs: list[bytes], comes: list[int], asked: list[int]
) -> None:
    assert all_of(pipe(b"".join(flacs), comes, "FLAC"), asked) == flacs


@given(st.lists(OGGS, min_size=1, max_size=4), SIZES, SIZES)
def test_each_ogg_of_a_pipe_is_read_apart(
    oggs: list[bytes], comes: list[int], asked: list[int]
) -> None:
    file = pipe(b"".join(oggs), comes, "OGG")
    assert all_of(file, asked) == oggs
    assert (file.bound.garbage, file.bound.unread) == (0, 0)


@given(OGGS, st.integers(1, 99), SIZES)
def test_bytes_between_pages_and_behind_them_are_counted(
    whole: bytes, size: int, comes: list[int]
) -> None:
    behind = pipe(whole + b"g" * size, comes, "OGG")
    assert all_of(behind, [50]) == [whole + b"g" * size]
    assert (behind.bound.garbage, behind.bound.unread) == (0, size)
    within = pipe(whole + b"g" * size + page(b"x", 0), comes, "OGG")
    assert all_of(within, [50]) == [whole + b"g" * size + page(b"x", 0)]
    assert (within.bound.garbage, within.bound.unread) == (size, 0)


@given(st.lists(CONTENT), SIZES)
def test_other_formats_are_passed_on_whole(contents: list[bytes], comes: list[int]) -> None:
    data = b"".join(contents)
    assert all_of(pipe(data, comes, "MP3"), [7]) == [data]


@given(OGGS, st.data(), SIZES)
def test_a_page_that_is_cut_is_passed_on(
    whole: bytes, data: st.DataObject, comes: list[int]
) -> None:
    cut = data.draw(st.integers(1, len(whole)))
    assert b"".join(all_of(pipe(whole[:cut], comes, "OGG"), [50])) == whole[:cut]
