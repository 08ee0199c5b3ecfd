"""What a store refuses, in which words, and what it leaves alone; who may read its files."""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from openline import events as e
from openline.backend import Backend, CredentialPlace
from openline.commands import StoreAssumed, StoreAudio, StoreReplaced, StoreTold, StoreWithdrawn
from openline.dialects.deepgram import Deepgram
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.journal.reader import JournalError
from openline.session import SessionMachine
from openline.updates import Gap, GapCause, Transcript
from openline_store import locks
from openline_store.disk import Disk
from openline_store.journal_file import JournalFile, journal_file
from openline_store.records import (
    VERSION,
    Assumed,
    Began,
    Confirmed,
    Lost,
    Replaced,
    Said,
    Told,
    Withdrawn,
    pack,
    unpack,
)
from openline_store.spool import (
    Spool,
    SpoolError,
    load,
    records,
    reopened,
    spooled_sessions,
    the_session,
)
from openline_store.token_file import MOST_BYTES, TokenFile, TokenFileError, read

GAP = Gap(source="mic", start=0, end=5, samples=5, cause=GapCause.CAPTURE)


class Earlier(EchoPanel):
    """A dialect of another name."""

    name = "echopanel-v1"


def began(session_id: str = "s", dialect: str | None = "echopanel-v1") -> Began:
    return Began(
        version=VERSION,
        session_id=session_id,
        url="ws://127.0.0.1/x",
        allow_plain=False,
        sources=("mic", "system"),
        dialect=dialect,
    )


def held(name: str, source: str) -> Transcript:
    return Transcript(
        source=source, text=name, final=False, start=0.0, end=1.0, settled=True, id=name
    )


def spooled(folder: Path, *names: str) -> None:
    for name in names:
        Spool.create(folder, began(name)).close()


def text_of(act: Callable[[], object], kind: type[Exception] = SpoolError) -> str:
    with pytest.raises(kind) as caught:
        act()
    text = str(caught.value)
    assert "\n" not in text
    return text


def broken(number: int = errno.EIO) -> Callable[..., int]:
    def fail(*_arguments: object, **_options: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


# The folder of a session.


def test_the_only_session_is_found_and_several_are_named(tmp_path: Path) -> None:
    spooled(tmp_path, "a")
    assert the_session(tmp_path) == tmp_path / "a"
    assert the_session(tmp_path / "a") == tmp_path / "a"
    spooled(tmp_path, "b", "c")
    assert text_of(lambda: the_session(tmp_path)) == (
        f"{tmp_path}: 3 sessions are spooled there (a, b, c): give the folder of one"
    )
    spooled(tmp_path, "d")
    assert text_of(lambda: the_session(tmp_path)) == (
        f"{tmp_path}: 4 sessions are spooled there (a, b, c, …): give the folder of one"
    )


def test_a_session_that_ends_while_the_folder_is_listed_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spooled(tmp_path, "a", "b", "c")
    glob = Path.glob

    def listed(folder: Path, pattern: str) -> list[Path]:
        found = [*glob(folder, pattern)]
        Spool(tmp_path / "b").discard()
        return found

    monkeypatch.setattr(Path, "glob", listed)
    assert spooled_sessions(tmp_path) == [tmp_path / "a", tmp_path / "c"]


def test_a_folder_without_a_session_is_told_from_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert text_of(lambda: the_session(tmp_path)) == (
        f"{tmp_path}: no unfinished session is spooled there: give the folder of a session"
    )
    none = tmp_path / "none"
    assert the_session(none) == none
    assert spooled_sessions(none) == []
    monkeypatch.setattr(Path, "exists", broken())
    assert text_of(lambda: the_session(tmp_path)) == (
        f"{tmp_path}: input/output error: give the folder of a session"
    )


def test_another_dialect_is_refused_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    spooled(tmp_path, "a")
    folder = tmp_path / "a"

    def resume(given: Dialect | None) -> Dialect:
        with reopened(tmp_path) as (spool, past):
            spool.close()
            return past.began.spoken(given)

    assert text_of(lambda: resume(Deepgram())) == (
        f"{folder}: this session used echopanel-v1, not deepgram: give that dialect"
    )
    assert text_of(lambda: resume(None)) == (
        f"{folder}: this session used echopanel-v1, which is not built in: give that dialect"
    )
    own = Earlier()
    assert resume(own) is own
    assert began(dialect=None).spoken(own) is own
    assert began(dialect=None).spoken() is DEFAULT


def test_a_built_in_dialect_is_the_recorded_one_with_its_options() -> None:
    spoke = Deepgram(language="fr")
    first = Began.of(Backend(), "s", ["mic"], dialect=spoke)
    assert first.spoken() == spoke
    given = Deepgram(model="nova-2")
    assert first.spoken(given) is given
    odd = msgspec.structs.replace(first, dialect_options={"langage": "fr"})
    assert text_of(odd.spoken, ValueError) == (
        "option langage: the dialect deepgram has no such option: did you mean language?"
    )


def test_an_argument_that_does_not_fit_is_a_fault_of_the_folder(tmp_path: Path) -> None:
    spooled(tmp_path, "a")

    def block(error: Exception) -> None:
        with reopened(tmp_path):
            raise error

    assert text_of(lambda: block(ValueError("no such source"))) == (
        f"{tmp_path / 'a'}: no such source"
    )
    text_of(lambda: block(KeyError("a fault")), KeyError)
    text_of(lambda: block(JournalError("a journal")), JournalError)


def test_a_disk_that_fails_while_a_folder_is_opened_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spooled(tmp_path, "a")
    folder = tmp_path / "a"
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", broken())
        expected = f"{folder}: input/output error: see that its disk works"
        assert text_of(lambda: Spool(folder)) == expected
    Spool(folder).close()


def test_files_that_cannot_be_listed_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    spool = Spool.create(tmp_path, began())
    spool.note(Confirmed("mic", 0))
    spool.close()
    monkeypatch.setattr(Path, "iterdir", broken())
    expected = f"{spool.folder}: input/output error: see that its disk works"
    assert text_of(lambda: load(spool.folder)) == expected


def test_a_folder_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", broken(errno.ENOLCK))
        assert text_of(lambda: Spool.create(tmp_path, began())) == (
            f"{tmp_path / 's'}: it cannot be locked (no locks available): "
            "give a folder on a local disk"
        )
    assert list(tmp_path.iterdir()) == []
    spool = Spool.create(tmp_path, began())
    assert text_of(lambda: Spool(spool.folder)) == (
        f"{spool.folder}: another process is using this session: wait for it"
    )
    spool.discard()


def test_a_system_without_locks_refuses_spool_and_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    why = "needs file locks (fcntl), which this system does not have"
    assert text_of(lambda: Spool.create(tmp_path, began())) == (
        f"{tmp_path}: a spool {why}: leave the spool out"
    )
    path = tmp_path / "journal"
    assert text_of(JournalFile(path).open, JournalError) == (
        f"{path}: a journal {why}: leave the journal out"
    )
    assert not path.exists()
    assert text_of(lambda: locks.lock(0, "it"), OSError).endswith(f"it {why}")


def test_only_this_user_can_read_what_is_stored(tmp_path: Path) -> None:
    spool = Spool.create(tmp_path, began())
    spool.keep("mic", 0, b"12")
    spool.keep("mic", 9, b"12")
    journal = JournalFile(tmp_path / "journal")
    journal.open()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes.pop("s") == 0o700
    assert set(modes.values()) == {0o600}
    assert len(modes) == 5
    journal.close()
    spool.close()


# Records.


def test_a_session_is_begun_with_all_that_its_backend_needs() -> None:
    backend = Backend.from_url(
        "ws://far.example/x",
        allow_plain=True,
        credential_place=CredentialPlace.QUERY,
        redirects_to=("wss://near.example",),
    )
    first = Began.of(backend, "s", ["mic"], dialect=Earlier())
    assert first.backend() == backend
    assert (first.session_id, first.sources, first.dialect) == ("s", ("mic",), "echopanel-v1")


def test_a_record_of_an_early_version_has_no_query_and_no_redirects() -> None:
    first = began()
    fields = {"version", "session_id", "url", "allow_plain", "sources"}
    early = {name: getattr(first, name) for name in fields} | {"type": "Began"}
    body = msgspec.msgpack.encode(early)
    head = len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little")
    [(record, end)] = unpack(head + body)
    assert record == began(dialect=None)
    assert isinstance(record, Began)
    assert record.backend() == Backend.from_url(first.url)
    assert end == len(head + body)


def test_each_source_has_its_own_past(tmp_path: Path) -> None:

    spool = Spool.create(tmp_path, began())
    for source in ("mic", "system"):
        spool.note(Confirmed(source, 0))
        spool.note(Said(held(source, source), held=True))
        spool.note(Told(source, 1, len(source)))
        spool.note(Lost(Gap(source=source, start=0, end=1, samples=1, cause=GapCause.CAPTURE)))
    spool.close()
    for past in load(spool.folder).sources:
        assert [each.id for each in past.held] == [past.source]
        assert [each.source for each in past.gaps] == [past.source]
        assert past.told == ((1, len(past.source)),)


def test_each_command_becomes_a_record_until_the_disk_is_closed(tmp_path: Path) -> None:
    told: list[e.Event] = []
    spool = Spool.create(tmp_path, began())
    disk = Disk(spool, told.append)
    disk.perform(StoreTold("mic", 1, 2))
    disk.perform(StoreAssumed("mic", 2, 5, unmeasured=True))
    disk.perform(StoreReplaced("a"))
    disk.perform(StoreWithdrawn(GAP))
    disk.close()
    disk.perform(StoreTold("mic", 2, 3))
    disk.perform(StoreAudio("mic", 0, b"12"))
    disk.close()
    assert [*records(spool.folder)][1:] == [
        Told("mic", 1, 2),
        Assumed("mic", 2, 5, unmeasured=True),
        Replaced("a"),
        Withdrawn(GAP),
    ]
    assert told == []


# The journal.


def test_audio_in_a_journal_needs_a_journal() -> None:
    assert text_of(lambda: journal_file(None, keep_audio=True), ValueError) == (
        "journal_audio without a journal: give a file as the journal as well"
    )
    assert journal_file(None, keep_audio=False) is None


def test_a_journal_that_is_nobodys_fails_in_silence_and_can_be_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = JournalFile(tmp_path / "journal")
    journal.open()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", broken(errno.ENOSPC))
        journal.write(b"{}\n")
    assert (tmp_path / "journal").read_bytes() == b""
    journal.open()
    journal.close()


def test_a_journal_that_cannot_be_locked_or_read_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    first = JournalFile(path)
    first.open()
    assert text_of(JournalFile(path).open, JournalError) == (
        f"{path}: another session writes it: give another"
    )
    first.close()
    monkeypatch.setattr(fcntl, "flock", broken())
    assert text_of(JournalFile(path).open, JournalError) == (
        f"{path}: input/output error: give a regular file"
    )


# A token.


@pytest.mark.parametrize("size", [1, 8191, 8192])
def test_a_token_of_any_length_that_fits_is_read(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the system hands over a few bytes at a time."""
    path = tmp_path / "token"
    path.write_bytes(b"t" * size)
    assert read(path).token == "t" * size
    real = os.read

    def short(fd: int, most: int) -> bytes:
        return real(fd, min(most, 3_000))

    monkeypatch.setattr(os, "read", short)
    assert read(path).token == "t" * size


def test_a_token_that_is_too_long_is_refused_and_read_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"t" * 10 * MOST_BYTES)
    got = 0
    real = os.read

    def count(fd: int, most: int) -> bytes:
        nonlocal got
        data = real(fd, most)
        got += len(data)
        return data

    monkeypatch.setattr(os, "read", count)
    assert text_of(lambda: read(path), TokenFileError) == (
        f"{path}: too long for a token; name a file that holds one"
    )
    assert got == MOST_BYTES + 1


def test_what_was_read_of_a_token_shows_no_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"a-secret")
    os.utime(path, (0, 0))
    assert repr(read(path)) == "Found(is_pipe=False, is_young=False)"


# Torn ends.


@pytest.mark.parametrize("torn", [0, 1, 65_534, 65_535, 65_536, 65_537, 140_000])
def test_a_torn_line_of_any_length_is_cut(torn: int, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first = JournalFile(path)
    line = next_line(path, first)
    with path.open("ab") as file:
        file.write(b"x" * torn)
    again = JournalFile(path)
    again.open()
    again.close()
    assert path.read_bytes() == line


def test_a_journal_keeps_no_audio_unless_it_is_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert b'"keeps_audio":false' in next_line(path, JournalFile(path))


def next_line(path: Path, journal: JournalFile) -> bytes:
    """Begin a journal; returns its first line."""
    SessionMachine(
        Backend(),
        session_id="s",
        attempt_id="a",
        random=lambda: 0.5,
        sources=("mic",),
        observers=[journal.observer],
    )
    journal.open()
    journal.close()
    return path.read_bytes()


@pytest.mark.parametrize(("beyond", "count"), [(0, 1), (1, 0)])
def test_a_record_is_at_most_16_mib(beyond: int, count: int) -> None:
    """A longer one is a damaged length, and not read."""
    head = len(pack(Told("x" * (1 << 17), 0, 1))) - (1 << 17) - 8
    record = Told("x" * ((1 << 24) - head + beyond), 0, 1)
    assert len(pack(record)) == 8 + (1 << 24) + beyond
    assert len(list(unpack(pack(record)))) == count


def test_a_folder_that_cannot_be_deleted_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool.create(tmp_path, began())
    before = len(os.listdir(spool.folder))
    asked: list[bool] = []

    def rmtree(_folder: Path, *, ignore_errors: bool = False) -> None:
        asked.append(ignore_errors)
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr("shutil.rmtree", rmtree)
    spool.discard()
    assert len(os.listdir(spool.folder)) == before
    assert asked == [True]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "ascii"),
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_a_token_is_read_in_every_encoding_of_a_text_editor(
    mark: bytes, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_bytes(mark + "a-token\r\n".encode(encoding))
    assert read(path).token == "a-token"


def test_a_pipe_whose_writer_writes_nothing_holds_no_token(tmp_path: Path) -> None:
    """Its writer opened and closed it: what follows a pipe that was closed never comes."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writing = os.open(path, os.O_RDWR)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            os.close(writing)

    assert text_of(lambda: read(path, pause), TokenFileError) == (f"{path}: the token is empty")
    assert len(waited) == 1


def test_a_terminal_as_token_file_does_not_become_the_terminal_of_the_process() -> None:
    """Else a daemon that reads one would get its signals, a hang-up or Ctrl-C."""
    controlling, terminal = os.openpty()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from openline_store.token_file import TokenFileError, read\n"
        "os.close(sys.stdin.fileno())\n"
        f"try: read(Path({os.ttyname(terminal)!r}), lambda _: None)\n"
        "except TokenFileError: pass\n"
        "try: os.open('/dev/tty', os.O_RDONLY)\n"
        "except OSError: print('none')\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        os.close(controlling)
        os.close(terminal)
    assert done.stdout == "none\n"


def test_a_file_that_ends_in_a_mark_is_no_text_of_that_encoding(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"a-token" + codecs.BOM_UTF16_LE)
    text_of(lambda: read(path), TokenFileError)


def test_a_pipe_is_read_in_pieces_and_waited_for(tmp_path: Path) -> None:
    """Its writer may pause, and gives up only after a minute."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writing = os.open(path, os.O_RDWR)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            os.write(writing, b"a-to")
        if len(waited) == 6:
            os.write(writing, b"ken")

    try:
        why = text_of(lambda: read(path, pause), TokenFileError)
    finally:
        os.close(writing)
    assert why == f"{path}: its writer does not finish; name a file that holds the token"
    assert sum(waited) == pytest.approx(60, abs=0.06)


def test_a_pipe_without_a_writer_is_waited_for_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    waited: list[float] = []
    why = text_of(lambda: read(path, waited.append), TokenFileError)
    assert why == f"{path}: nothing writes to this pipe; name a file that holds the token"
    assert sum(waited) == pytest.approx(5, abs=0.06)


def test_a_pipe_is_asked_once_and_its_token_stays(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writing = os.open(path, os.O_WRONLY)
    os.write(writing, b"a-token")
    closed: list[int] = []

    def pause(_seconds: float) -> None:
        if not closed:
            closed.append(writing)
            os.close(writing)

    provider = TokenFile(path, pause=pause)
    assert provider.first() == "a-token"
    os.close(reading)
    assert provider.provide(None) == "a-token"
    assert provider.provide("a-token") == "a-token"
