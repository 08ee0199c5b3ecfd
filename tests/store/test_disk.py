"""Storage commands on a disk that fails, and on none."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from openline import events as e
from openline.commands import (
    DiscardStore,
    FetchAudio,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
)
from openline.updates import Gap, GapCause, Transcript
from openline_store.disk import Disk
from openline_store.records import VERSION, Began, Confirmed, Lost, Said
from openline_store.spool import Spool, records

FINAL = Transcript(source="mic", text="a", final=True, start=0.0, end=0.01)
GAP = Gap(source="mic", start=0, end=5, samples=5, cause=GapCause.CAPTURE)
AUDIO = bytes(range(200))


def make(folder: Path) -> tuple[Spool, Disk, list[e.Event]]:
    began = Began(
        version=VERSION, session_id="s", url="ws://x", allow_plain=False, sources=("mic",)
    )
    spool = Spool.create(folder, began)
    told: list[e.Event] = []
    return spool, Disk(spool, told.append), told


def no_room(*_args: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_commands_are_carried_out(tmp_path: Path) -> None:
    spool, disk, told = make(tmp_path)
    disk.perform(StoreConfirmed("mic", 0))
    disk.perform(StoreAudio("mic", 0, AUDIO))
    disk.perform(StoreFinal(FINAL))
    disk.perform(StoreConfirmed("mic", 10))
    disk.perform(StoreGap(GAP))
    assert told == []
    disk.perform(FetchAudio("mic", 10, 50))
    disk.perform(FetchAudio("mic", 90, 50))
    disk.perform(FetchAudio("mic", 100, 50))
    assert told == [
        e.AudioFetched("mic", 10, AUDIO[20:120]),
        e.AudioFetched("mic", 90, AUDIO[180:]),
        e.AudioFetched("mic", 100, b""),
    ]
    disk.close()
    assert list(records(spool.folder))[1:] == [
        Confirmed("mic", 0),
        Said(FINAL),
        Confirmed("mic", 10),
        Lost(GAP),
    ]


@pytest.mark.parametrize("what", ["keep", "confirm", "note"])
def test_first_failure_is_reported_once_and_reads_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    spool, disk, told = make(tmp_path)
    disk.perform(StoreAudio("mic", 0, AUDIO))
    size = (spool.folder / "log").stat().st_size
    with monkeypatch.context() as patch:
        patch.setattr(Spool, what, no_room)
        match what:
            case "keep":
                disk.perform(StoreAudio("mic", 100, AUDIO))
            case "confirm":
                disk.perform(StoreConfirmed("mic", 10))
            case _:
                disk.perform(StoreFinal(FINAL))
    assert told == [e.SpoolFailed("no space left on device")]
    disk.perform(StoreAudio("mic", 100, AUDIO))  # there is room again, but no more is written:
    disk.perform(StoreConfirmed("mic", 10))  # audio after a hole is of no use to the core
    disk.perform(StoreGap(GAP))
    assert (spool.folder / "log").stat().st_size == size
    assert len(told) == 1
    disk.perform(FetchAudio("mic", 0, 1000))
    assert told[1:] == [e.AudioFetched("mic", 0, AUDIO)]
    disk.close()
    assert spool.folder.exists()


def test_finished_session_is_deleted(tmp_path: Path) -> None:
    spool, disk, _ = make(tmp_path)
    disk.perform(StoreAudio("mic", 0, AUDIO))
    disk.perform(DiscardStore())
    assert not spool.folder.exists()
    disk.perform(DiscardStore())
    disk.close()


def test_unreadable_audio_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, disk, told = make(tmp_path)
    disk.perform(StoreAudio("mic", 0, AUDIO))
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "read", no_room)
        disk.perform(FetchAudio("mic", 0, 10))
    disk.perform(FetchAudio("mic", 0, 10))
    assert told == [e.AudioFetched("mic", 0, b""), e.AudioFetched("mic", 0, AUDIO[:20])]
    disk.close()


def test_without_a_spool_there_is_nothing() -> None:
    told: list[e.Event] = []
    disk = Disk(None, told.append)
    disk.perform(StoreAudio("mic", 0, AUDIO))
    disk.perform(StoreConfirmed("mic", 10))
    disk.perform(StoreFinal(FINAL))
    disk.close()
    assert told == []
    disk.perform(FetchAudio("mic", 0, 10))
    assert told == [e.AudioFetched("mic", 0, b"")]
