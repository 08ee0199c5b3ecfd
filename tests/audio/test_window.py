"""A window behaves as the file of its bytes does, and keeps an error of the disk."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio.window import Window

CONTENT = bytes(range(100))
CALLS = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 120)),
    st.tuples(st.just("readinto"), st.integers(0, 120)),
    st.tuples(st.just("seek"), st.integers(0, 120), st.just(os.SEEK_SET)),
    st.tuples(st.just("seek"), st.integers(-20, 20), st.just(os.SEEK_CUR)),
    st.tuples(st.just("seek"), st.integers(-120, 0), st.just(os.SEEK_END)),
)


@given(
    st.integers(0, 100),
    st.integers(0, 100),
    st.binary(max_size=20),
    st.lists(CALLS, max_size=20),
)
def test_window_is_a_file_of_its_bytes(
    start: int, end: int, prefix: bytes, calls: list[tuple[str, int] | tuple[str, int, int]]
) -> None:
    whole = prefix + CONTENT[start:end]
    plain, at, furthest = io.BytesIO(whole), 0, 0
    with tempfile.TemporaryFile() as file:
        file.write(CONTENT)
        file.flush()
        window = Window(file.fileno(), start, end, prefix)
        assert len(window) == len(whole)
        assert window.seekable()
        assert not window.name
        for name, *arguments in calls:
            if name == "read":
                found = window.read(*arguments)
                assert found == plain.read(*arguments)
                furthest = max(furthest, plain.tell() if found else 0)
            elif name == "readinto":
                buffer = bytearray(arguments[0])
                got = window.readinto(buffer)
                assert bytes(buffer[:got]) == plain.read(arguments[0])
                furthest = max(furthest, plain.tell() if got else 0)
            else:
                base = {os.SEEK_SET: 0, os.SEEK_CUR: plain.tell(), os.SEEK_END: len(whole)}
                at = plain.seek(min(max(0, base[arguments[1]] + arguments[0]), len(whole)))
                assert window.seek(*arguments) == at
            assert window.tell() == plain.tell()
            assert window.furthest == furthest
        for at in (0, len(prefix) // 2, len(whole)):
            assert window.peek(at, 30) == whole[at : at + 30]
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 100, "the caller's position moved"


def test_a_seek_without_a_base_is_from_the_beginning(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    with file.open("rb") as there:
        window = Window(there.fileno(), 0, 100)
        window.read(50)
        assert window.seek(7) == 7
        assert window.read() == CONTENT[7:]


def test_a_file_that_became_shorter_ends_where_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    with file.open("rb") as there:
        window = Window(there.fileno(), 10, 200, b"ab")
        assert window.peek(0, 300) == b"ab" + CONTENT[10:]
        assert window.read(300) == b"ab" + CONTENT[10:]
        assert window.read(300) == b""


def test_an_error_of_the_disk_is_kept_and_ends_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: int) -> bytes:
        raise OSError(5, "Input/output error")

    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    with file.open("rb") as there:
        window = Window(there.fileno(), 0, 100)
        monkeypatch.setattr(os, "pread", broken)
        assert window.read(5) == b""
        assert window.failure is not None
        assert (window.tell(), window.furthest) == (0, 0)
        with pytest.raises(OSError, match="Input/output"):
            window.peek(0, 5)
