"""Sessions that keep a journal, and files that cannot."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from openline.backend import Backend
from openline.commands import Report
from openline.journal.reader import Journal, JournalError, read
from openline.journal.replay import replay
from openline.updates import Ended, State, Trouble, Update
from openline_store import journal_file as journaling_module
from openline_store.journal_file import JournalFile
from openline_store.spool import SpoolError
from openline_trio import Credentials, open_session, resume_session
from tests.support_lines import CLOSE, PING, PONG, TEXT, Frames, Net, Peer, frame

BACKEND = Backend()
TOKEN = "a-token-that-nobody-may-see"


async def echo(peer: Peer) -> None:
    """A backend that acknowledges, echoes the token, and finishes."""
    await peer.open()
    await peer.send("status", state="warning", message=f"you said {TOKEN}")
    while True:
        opcode, payload = await peer.receive()
        if opcode == CLOSE:
            return
        if opcode == PING:
            await peer.stream.send_all(frame(PONG, payload))
        elif opcode == TEXT and b'"stop"' in payload:
            await peer.finish()


async def play(
    nursery: trio.Nursery, path: Path, *, credentials: Credentials = None, audio: bool = False
) -> list[Update]:
    async with open_session(
        BACKEND,
        {"mic": Frames(50)},
        connect=Net(nursery, echo),
        credentials=credentials,
        journal=path,
        journal_audio=audio,
    ) as session:
        return [update async for update in session]


def journals(path: Path) -> list[Journal]:
    with path.open("rb") as file:
        return read(file)


async def test_session_is_replayed_from_its_journal(
    autojump_clock: MockClock, nursery: trio.Nursery, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    updates = await play(nursery, path, credentials=TOKEN)
    await play(nursery, path, credentials=TOKEN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_bytes()
    assert TOKEN.encode() not in text
    assert b"you said [token]" in text
    first, second = journals(path)
    steps = list(replay(first))
    assert steps[-1].state is State.CLOSED
    last = steps[-1].commands[-1]
    assert isinstance(last, Report)
    assert last.update == updates[-1]
    assert list(replay(second))[-1].state is State.CLOSED


@pytest.mark.parametrize("audio", [True, False])
async def test_audio_is_kept_only_on_request(
    autojump_clock: MockClock, nursery: trio.Nursery, tmp_path: Path, audio: bool
) -> None:
    path = tmp_path / "journal"
    await play(nursery, path, audio=audio)
    [journal] = journals(path)
    assert journal.opening.keeps_audio is audio
    assert (b'"pcm":' in path.read_bytes()) is audio
    assert list(replay(journal))


async def test_full_disk_is_reported_once_and_session_continues(
    autojump_clock: MockClock,
    nursery: trio.Nursery,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "journal"
    room = 40

    def write(fd: int, data: bytes) -> None:
        nonlocal room
        room -= 1
        if room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.write(fd, data)

    monkeypatch.setattr(journaling_module, "write_all", write)
    updates = await play(nursery, path)
    assert [u for u in updates if isinstance(u, Trouble)] == [
        Trouble(
            kind="journal", text="the journal cannot be written any more: no space left on device"
        )
    ]
    assert isinstance(updates[-1], Ended)
    assert updates[-1].reason == "finished"
    [journal] = journals(path)
    assert len(list(replay(journal))) == 39
    assert room == -1, "it tried again"


def opened(path: Path) -> JournalFile:
    file = JournalFile(path)
    file.open()
    return file


KEPT = Path(__file__).parents[1] / "journals" / "happy-path.jsonl"


def test_lines_before_open_are_queued(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    file = JournalFile(path)
    file.write(b"one\n")
    assert not path.exists()
    file.open()
    file.write(b"two\n")
    file.close()
    file.write(b"three\n")
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_torn_line_is_cut_before_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = KEPT.read_bytes()
    for torn in (b"", b"{", b"x" * 200_000):
        path.write_bytes(whole + torn)
        file = opened(path)
        file.write(b"next\n")
        file.close()
        file.close()
        assert path.read_bytes() == whole + b"next\n"
    first = whole[: whole.index(b"\n")]
    lengths = [*range(40), len(first)]
    for torn in (*(first[:length] for length in lengths), first[:40] + b"x" * 200_000):
        path.write_bytes(torn)
        opened(path).close()
        assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "own",
    [
        b"RIFF\x24\0\0\0WAVEfmt \x10",
        b"# Notes\n\nBuy bread.\n",
        b"no end of a line",
        b"\n",
        b"[]\n",
        b'{"update":"ended"}\n',
        b'{"journal":"Nature","year":1953}\n',
        b'{"journal":2}\n',
        b"x" * 200_000,
    ],
)
def test_other_file_is_refused_and_not_changed(tmp_path: Path, own: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(own)
    before = path.stat()
    with pytest.raises(JournalError) as caught:
        opened(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith(": give a new file, or one of journals")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == own
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    path.write_bytes(b"")
    opened(path).close()  # and the lock is released


def test_unusable_path_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=f"{tmp_path}: is a directory: give a file"):
        opened(tmp_path)
    with pytest.raises(JournalError, match="/dev/null: is not a regular file: give a file"):
        opened(Path("/dev/null"))
    path = tmp_path / "journal"
    file = opened(path)
    with pytest.raises(JournalError, match="another session writes it"):
        opened(path)
    file.close()


def test_process_waiting_at_a_pipe_is_not_woken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def refuse(*_arguments: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JournalError, match="pipe: is not a regular file: give a file"):
        opened(path)


async def test_failed_opening_releases_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError):
        async with open_session(BACKEND, {"mic": Frames(1)}, journal=path, spool=tmp_path / "file"):
            raise AssertionError("opened")
    opened(path).close()


async def test_failed_journal_leaves_no_spool(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        async with open_session(
            BACKEND, {"mic": Frames(1)}, journal=tmp_path, spool=tmp_path / "s"
        ):
            raise AssertionError("opened")
    assert not (tmp_path / "s").exists()


async def test_resumed_session_has_a_journal(
    autojump_clock: MockClock, nursery: trio.Nursery, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    async with open_session(
        BACKEND,
        {"mic": Frames(500)},
        connect=Net(nursery, echo),
        spool=tmp_path,
        session_id="s",
    ):
        await trio.sleep(2)
    with pytest.raises(JournalError):
        async with resume_session(tmp_path / "s", journal=tmp_path):
            raise AssertionError("opened")
    async with resume_session(tmp_path / "s", connect=Net(nursery, echo), journal=path) as session:
        ended = await session.wait()
    assert ended.state is State.CLOSED
    [journal] = journals(path)
    assert journal.opening.past
    assert list(replay(journal))[-1].state is State.CLOSED
