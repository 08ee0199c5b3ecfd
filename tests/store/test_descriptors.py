"""A store leaves no descriptor open: after a thousand of each thing, whatever call fails."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from openline import events as e
from openline.commands import DiscardStore, FetchAudio, StoreAudio, StoreConfirmed, StoreFinal
from openline.journal.reader import JournalError
from openline.updates import Transcript
from openline_driver.credentials import CredentialError
from openline_store.disk import Disk
from openline_store.journal_file import JournalFile
from openline_store.records import VERSION, Began, Confirmed
from openline_store.spool import SEGMENT_BYTES, Spool, SpoolError, reopened
from openline_store.token_file import TokenFile, TokenFileError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
FINAL = Transcript(source="mic", text="a", final=True, start=0.0, end=0.01)
BEGAN = Began(
    version=VERSION,
    session_id="s",
    url="ws://127.0.0.1/x",
    allow_plain=False,
    sources=("mic", "system"),
    dialect="echopanel",
)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


# A thousand of each.


def segments(folder: Path) -> None:
    spool = Spool.create(folder, BEGAN)
    before = descriptors()
    for number in range(1_000):
        for source in BEGAN.sources:
            spool.keep(source, 10 * number, bytes(2 + 2 * number % 8))
            spool.confirm(source, 10 * number)
    assert descriptors() == before + 2, "each segment keeps its descriptor"
    assert len([*spool.folder.glob("*.pcm")]) <= 4, "what is confirmed stays on the disk"
    spool.discard()


def sessions(folder: Path) -> None:
    for source in BEGAN.sources:
        spool = _written(folder)
        spool.keep(source, 40, b"12")
        spool.close()
        _resumed(folder).discard()


def refusals(folder: Path) -> None:
    spool = _written(folder)
    for there in (spool.folder, folder / "none"):
        with pytest.raises(SpoolError):
            Spool(there)
    with pytest.raises(SpoolError):
        Spool.create(folder, BEGAN)
    spool.close()
    with pytest.raises(SpoolError), reopened(folder):
        raise ValueError
    with pytest.raises(ZeroDivisionError), reopened(folder):
        raise ZeroDivisionError
    _resumed(folder).discard()


def later_version(folder: Path) -> None:
    spool = _written(folder)
    spool.note(Began(version=VERSION + 1, session_id="s", url="", allow_plain=True, sources=()))
    spool.close()
    with pytest.raises(SpoolError, match="later version"), reopened(folder):
        pass
    Spool(spool.folder).discard()


def journals(folder: Path) -> None:
    journal = JournalFile(folder / "journal")
    journal.open()
    with pytest.raises(JournalError):
        JournalFile(folder / "journal").open()
    journal.close()
    journal.close()


def _written(folder: Path) -> Spool:
    spool = Spool.create(folder, BEGAN)
    for source in BEGAN.sources:
        spool.note(Confirmed(source, 0))
        spool.keep(source, 0, bytes(20))
    return spool


def _resumed(folder: Path) -> Spool:
    with reopened(folder) as (spool, _):
        spool.keep("mic", 50, bytes(20))
        spool.read("mic", 0, 5)
    return spool


@pytest.mark.parametrize("life", [sessions, refusals, later_version, journals])
def test_lives_of_a_session_leave_no_descriptor(
    life: Callable[[Path], None], tmp_path: Path
) -> None:
    life(tmp_path)
    before = descriptors()
    for _ in range(20):  # each opens several
        life(tmp_path)
    assert descriptors() == before, f"{life.__name__} leave descriptors open"
    assert not [*tmp_path.glob("*/*.pcm")]


@pytest.mark.repeats
def test_a_thousand_segments_leave_no_descriptor_and_no_file(tmp_path: Path) -> None:
    before = descriptors()
    segments(tmp_path)
    assert descriptors() == before


# Any call of the system fails.

#: The calls that a store makes.
CALLS = (
    *((os, name) for name in ("open", "close", "write", "ftruncate", "lseek", "fstat", "pread")),
    *((os, name) for name in ("read", "unlink", "stat", "listdir", "mkdir", "rmdir")),
    (io, "open"),
    (fcntl, "flock"),
)


@contextmanager
def failing(at: int) -> Generator[list[str]]:
    """Let the call number ``at`` fail, and all of its name behind it; yields its name.

    Closing a descriptor that is closed raises AssertionError at the end: by then its number may
    be another file's.
    """
    made = 0
    broken: list[str] = []
    closed_twice: list[int] = []

    def closed(real: Callable[[int], None], fd: int) -> None:
        try:
            real(fd)
        except OSError:
            if not deleting:  # rmtree of Python 3.11 closes a folder twice, should closing fail
                closed_twice.append(fd)

    deleting: list[Path] = []
    delete = shutil.rmtree

    def rmtree(folder: Path, **options: Any) -> None:
        deleting.append(folder)
        try:
            delete(folder, **options)
        finally:
            deleting.pop()

    def instead(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal made
            made += 1
            if made == at:
                broken.append(name)
            if name == "close":  # the descriptor is gone, whatever is reported
                closed(real, *arguments)
            if name not in broken:
                return None if name == "close" else real(*arguments, **options)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        return call

    patches = [
        patch.object(module, name, instead(name, getattr(module, name))) for module, name in CALLS
    ]
    patches.append(patch.object(shutil, "rmtree", rmtree))
    for each in patches:
        each.start()
    try:
        yield broken
    finally:
        for each in patches:
            each.stop()
    assert not closed_twice, f"call {at}, {broken}, closes a descriptor twice"


def spooling(folder: Path) -> None:
    told: list[e.Event] = []
    with suppress(SpoolError):
        disk = Disk(Spool.create(folder, BEGAN), told.append)
        for source in BEGAN.sources:
            disk.perform(StoreConfirmed(source, 0))
            disk.perform(StoreAudio(source, 0, bytes(20)))
            disk.perform(StoreAudio(source, 50, bytes(20)))
            disk.perform(StoreConfirmed(source, 60))
            disk.perform(FetchAudio(source, 50, 5))
        disk.perform(StoreFinal(FINAL))
        disk.close()
    with suppress(SpoolError), reopened(folder) as (spool, _):
        disk = Disk(spool, told.append)
        disk.perform(StoreAudio("mic", 70, bytes(SEGMENT_BYTES)))
        disk.perform(StoreAudio("mic", 70 + SEGMENT_BYTES // 2, bytes(2)))
        disk.perform(DiscardStore())
        disk.perform(StoreFinal(FINAL))
        disk.perform(DiscardStore())
        disk.close()
    assert sum(isinstance(event, e.SpoolFailed) for event in told) <= 2


def journalling(folder: Path) -> None:
    for _ in range(2):
        journal = JournalFile(folder / "journal")
        with suppress(JournalError):
            journal.open()
            journal.write(b"{}\n")
        journal.close()


def reading_a_token(folder: Path) -> None:
    provider = TokenFile(folder / "token", pause=lambda _: None)
    with suppress(TokenFileError, CredentialError):
        provider.first()
        provider.provide("a-token")


@pytest.mark.repeats
@pytest.mark.parametrize("what", [spooling, journalling, reading_a_token])
def test_whatever_call_fails_nothing_stays_open_and_nothing_escapes(
    what: Callable[[Path], None], tmp_path: Path
) -> None:
    before = descriptors()
    at, broken = 0, ["the first"]
    while broken:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        (folder / "token").write_bytes(b"a-token")
        try:
            with failing(at) as broken:
                what(folder)
        except OSError as error:
            raise AssertionError(f"call {at}, {broken}, raises {error!r}") from error
        assert descriptors() == before, f"call {at}, {broken}, leaves a descriptor open"
    assert at > 5


def test_a_segment_that_cannot_be_closed_is_a_failure_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk in the network may tell only then that it has not kept the audio."""
    told: list[e.Event] = []
    disk = Disk(Spool.create(tmp_path, BEGAN), told.append)
    disk.perform(StoreAudio("mic", 0, b"12"))
    real = os.close

    def close(fd: int) -> None:
        real(fd)
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "close", close)
    disk.perform(StoreAudio("mic", 50, b"12"))
    assert [type(event) for event in told] == [e.SpoolFailed]
    disk.close()
