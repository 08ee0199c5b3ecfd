"""A session's folder: records and audio round-trip, and torn ones are cut."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from openline.backend import Backend, CredentialPlace
from openline.dialects.echopanel import EchoPanel
from openline.dialects.registry import DEFAULT
from openline.session import PastSource
from openline.updates import Gap, GapCause, Transcript
from openline_driver.effects import NoteRead
from openline_store import past as past_module
from openline_store.disk import Disk
from openline_store.past import Past
from openline_store.records import (
    VERSION,
    Assumed,
    Began,
    Confirmed,
    Lost,
    Record,
    Replaced,
    Said,
    Told,
    Withdrawn,
    pack,
    unpack,
)
from openline_store.spool import (
    SEGMENT_BYTES,
    Spool,
    SpoolError,
    folder_name,
    load,
    read_audio,
    records,
    segments,
    spooled_sessions,
)

S = 16_000


def began(session_id: str = "s-1", *, version: int = VERSION, sources: str = "mic") -> Began:
    return Began(
        version=version,
        session_id=session_id,
        url="ws://127.0.0.1:8765/ws/live-listener",
        allow_plain=False,
        sources=tuple(sources.split()),
    )


def final(start: float, end: float, text: str = "grüezi", source: str = "mic") -> Transcript:
    return Transcript(source=source, text=text, final=True, start=start, end=end, confidence=0.5)


def gap(start: int, end: int, cause: GapCause, source: str = "mic") -> Gap:
    return Gap(source=source, start=start, end=end, samples=end - start, cause=cause)


def pcm(start: int, samples: int) -> bytes:
    """Audio in which each sample is its position."""
    return b"".join((at % 65521).to_bytes(2, "little") for at in range(start, start + samples))


def one_line(error: pytest.ExceptionInfo[SpoolError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def log_of(folder: Path) -> Path:
    return folder / "log"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.create(tmp_path, began())


def full(real: Callable[[int, Any], int], *, after: int = 0) -> Callable[[int, Any], int]:
    """An ``os.write`` that writes half and then has no room."""
    calls = 0

    def write(fd: int, data: bytes | memoryview) -> int:
        nonlocal calls
        calls += 1
        if calls <= after:
            return real(fd, data)
        if len(data) > 1 and calls == after + 1:
            return real(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return write


# The log.


def held(name: str, start: float, end: float) -> Transcript:
    return replace(final(start, end), final=False, settled=True, id=name)


def past_of(spool: Spool, *written: Record) -> PastSource:
    """The one source of a session with these records."""
    for record in (Confirmed("mic", 0), *written):
        spool.note(record)
    spool.close()
    (source,) = load(spool.folder).sources
    return source


def test_a_held_final_is_held_until_it_is_final_or_replaced(spool: Spool) -> None:
    one, two, three = held("1.1.1", 0, 1), held("1.1.2", 1, 2), held("1.1.3", 2, 3)
    done = replace(one, final=True)
    source = past_of(
        spool,
        *(Said(each, held=True) for each in (one, two, three)),
        Replaced("1.1.2"),
        Confirmed("mic", 3 * S),  # killed before the record that the third one is final
        Said(done),
    )
    assert source.held == (three,)
    assert source.confirmed == 3 * S
    assert load(spool.folder).transcript == (done,)


def test_the_end_of_a_final_proves_only_what_its_record_says(spool: Spool) -> None:
    source = past_of(spool, Said(final(0, 9)), Said(final(0, 2), proves=2 * S), Said(final(0, 5)))
    assert source.confirmed == 2 * S


def test_audio_that_was_told_is_read_back(spool: Spool) -> None:
    assert past_of(spool, Told("mic", 5, 9), Told("system", 1, 2)).told == ((5, 9),)


def test_audio_that_was_assumed_is_read_back(spool: Spool) -> None:
    source = past_of(spool, Assumed("mic", 5, 9), Assumed("system", 1, 2, unmeasured=True))
    assert (source.assumed, source.unmeasured) == (((5, 9),), False)


def test_audio_that_was_assumed_unmeasured_stays_so(spool: Spool) -> None:
    source = past_of(spool, Assumed("mic", 5, 9, unmeasured=True), Assumed("mic", 9, 12))
    assert (source.assumed, source.unmeasured) == (((5, 9), (9, 12)), True)


def test_a_withdrawn_gap_is_no_gap(spool: Spool) -> None:
    one, other = gap(0, 9, GapCause.BACKEND), gap(5, 9, GapCause.BACKEND)
    assert past_of(spool, Lost(one), Lost(other), Withdrawn(one)).gaps == (other,)


def test_a_log_of_version_1_is_read(tmp_path: Path) -> None:
    spool = Spool.create(tmp_path, began(version=1))
    source = past_of(spool, Said(final(0, 1)))
    assert (source.confirmed, source.held, source.told) == (0, (), ())
    assert load(spool.folder).transcript == (final(0, 1),)


TAIL: list[Record] = [
    Confirmed("mic", 0),
    Said(final(0.0, 1.5)),
    Lost(gap(100, 200, GapCause.CAPTURE)),
    Confirmed("system", 1 << 40),
    Said(final(0.0, 1.5), held=True, proves=None),
    Said(final(0.0, 1.5), proves=24_000),
    Told("mic", 100, 200),
    Assumed("mic", 200, 300),
    Assumed("mic", 300, 400, unmeasured=True),
    Replaced("1.1.1"),
    Withdrawn(gap(100, 200, GapCause.BACKEND)),
]


def test_records_come_back_as_they_were(spool: Spool) -> None:
    for record in TAIL:
        spool.note(record)
    spool.close()
    assert list(records(spool.folder)) == [began(), *TAIL]


def test_a_torn_last_record_is_cut_at_every_length(spool: Spool) -> None:
    for record in TAIL[:2]:
        spool.note(record)
    before = log_of(spool.folder).stat().st_size
    spool.note(TAIL[2])
    spool.close()
    data = log_of(spool.folder).read_bytes()
    for length in range(before, len(data)):
        log_of(spool.folder).write_bytes(data[:length])
        assert list(records(spool.folder)) == [began(), *TAIL[:2]], length
        # A reader without the lock may see a record that is being written.
        assert log_of(spool.folder).stat().st_size == length
        again = Spool(spool.folder)
        assert log_of(spool.folder).stat().st_size == before
        again.note(TAIL[3])
        again.close()
        assert list(records(spool.folder)) == [began(), *TAIL[:2], TAIL[3]]


def test_any_flipped_byte_in_the_last_record_is_detected(spool: Spool) -> None:
    before = log_of(spool.folder).stat().st_size
    spool.note(TAIL[1])
    spool.close()
    data = log_of(spool.folder).read_bytes()
    for at in range(before, len(data)):
        for bit in (0x01, 0x80):
            log_of(spool.folder).write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
            assert list(records(spool.folder)) == [began()], at
            Spool(spool.folder).close()
            assert log_of(spool.folder).stat().st_size == before


def test_record_of_unknown_kind_is_cut(spool: Spool) -> None:
    before = log_of(spool.folder).stat().st_size
    body = b"\x81\xa4type\xa7Unknown"
    head = len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little")
    with log_of(spool.folder).open("ab") as file:
        file.write(head + body)
    assert list(records(spool.folder)) == [began()]
    spool.close()
    Spool(spool.folder).close()
    assert log_of(spool.folder).stat().st_size == before


def test_record_without_disk_space_leaves_no_part(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.note(TAIL[0])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full(os.write))
        with pytest.raises(OSError, match="No space") as error:
            spool.note(TAIL[1])
    assert error.value.errno == errno.ENOSPC
    spool.note(TAIL[2])  # there is room again
    spool.close()
    data = log_of(spool.folder).read_bytes()
    assert list(records(spool.folder)) == [began(), TAIL[0], TAIL[2]]
    assert log_of(spool.folder).read_bytes() == data  # nothing had to be cut


def test_audio_without_disk_space_leaves_no_part(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.keep("mic", 0, pcm(0, 320))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full(os.write))
        with pytest.raises(OSError, match="No space"):
            spool.keep("mic", 320, pcm(320, 321))
    spool.keep("mic", 320, pcm(320, 320))
    assert spool.read("mic", 0, 1000) == pcm(0, 640)
    spool.close()


def test_confirmation_without_disk_space_deletes_no_audio(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # If the audio were deleted first, it would be missing on resume.
    spool.confirm("mic", 0)
    spool.keep("mic", 0, pcm(0, 320))
    spool.keep("mic", 1000, pcm(1000, 320))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full(os.write))
        with pytest.raises(OSError, match="No space"):
            spool.confirm("mic", 640)
    spool.close()
    [past] = load(spool.folder).sources
    assert (past.confirmed, past.on_disk) == (0, ((0, 320), (1000, 1320)))


def test_a_short_write_is_no_error(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write

    def write(fd: int, data: memoryview) -> int:
        return real(fd, data[:7])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        spool.note(TAIL[1])
        spool.keep("mic", 0, pcm(0, 100))
    spool.close()
    assert list(records(spool.folder)) == [began(), TAIL[1]]
    assert read_audio(spool.folder, "mic", 0, 100) == pcm(0, 100)


# Audio.


def test_files_roll_over_when_they_are_full_and_can_be_read_across(spool: Spool) -> None:
    half = SEGMENT_BYTES // 4  # samples in half a file
    for at in (0, half, 2 * half):
        spool.keep("mic", at, pcm(at, half))
    starts = [(begins, samples) for _, begins, samples in segments(spool.folder, "mic")]
    assert starts == [(0, 2 * half), (2 * half, half)]
    edge = 2 * half
    assert spool.read("mic", edge - 10, 20) == pcm(edge - 10, 10)  # within one file
    assert spool.read("mic", edge, 20) == pcm(edge, 20)
    assert spool.read("mic", 3 * half - 5, 20) == pcm(3 * half - 5, 5)
    assert spool.read("mic", 3 * half, 20) == b""
    assert spool.read("system", 0, 20) == b""
    spool.close()


def test_hole_starts_a_new_file_and_reads_empty(spool: Spool) -> None:
    spool.keep("mic", 0, pcm(0, 320))
    spool.keep("mic", 1000, pcm(1000, 320))
    spool.keep("mic", 1320, pcm(1320, 320))
    found = [(begins, samples) for _, begins, samples in segments(spool.folder, "mic")]
    assert found == [(0, 320), (1000, 640)]
    assert spool.read("mic", 319, 10) == pcm(319, 1)
    assert spool.read("mic", 320, 10) == b""
    assert spool.read("mic", 1100, 10) == pcm(1100, 10)
    spool.close()


def test_each_source_has_its_own_files_whatever_it_is_called(spool: Spool) -> None:
    for number, source in enumerate(("mic", "mic-2", "room*")):
        spool.keep(source, 0, pcm(number * 100, 100))
    (spool.folder / "mic-12.pcm").write_bytes(b"no file of ours")
    for number, source in enumerate(("mic", "mic-2", "room*")):
        assert spool.read(source, 0, 100) == pcm(number * 100, 100)
        assert len(segments(spool.folder, source)) == 1
    spool.close()


def test_half_a_sample_at_the_end_is_cut(spool: Spool) -> None:
    spool.keep("mic", 0, pcm(0, 320))
    spool.close()
    [(path, _, _)] = segments(spool.folder, "mic")
    with path.open("ab") as file:
        file.write(b"\x01")
    assert segments(spool.folder, "mic") == [(path, 0, 320)]
    assert read_audio(spool.folder, "mic", 300, 100) == pcm(300, 20)


def test_confirmed_files_are_deleted_except_the_open_one(spool: Spool) -> None:
    for at in (0, 1000, 2000):
        spool.keep("mic", at, pcm(at, 320))
    spool.keep("system", 0, pcm(0, 320))

    def starts(source: str = "mic") -> list[int]:
        return [begins for _, begins, _ in segments(spool.folder, source)]

    spool.confirm("mic", 319)
    assert starts() == [0, 1000, 2000]
    spool.confirm("mic", 320)
    assert starts() == [1000, 2000]
    spool.confirm("mic", 5000)
    assert starts() == [2000]
    assert starts("system") == [0]
    spool.keep("mic", 2320, pcm(2320, 320))
    assert spool.read("mic", 2320, 320) == pcm(2320, 320)
    spool.close()
    again = Spool(spool.folder)  # the writer has closed it
    again.forget("mic", 2640)
    assert starts() == []
    again.close()


# Opening.


@pytest.mark.parametrize(
    "session_id",
    [
        "../../etc",
        "/",
        ".",
        "..",
        "a/b",
        "a\0b",
        "x" * 65,
        "ü",
        "a b",
        "\ud800",
        "log\n",
        "-" * 300,
    ],
)
def test_a_hostile_id_never_names_a_path(session_id: str) -> None:
    name = folder_name(session_id)
    assert name.startswith("session-")
    assert name.replace("-", "").isalnum()
    assert len(name) == len("session-") + 24
    assert name == folder_name(session_id)


def test_an_ordinary_id_is_the_folders_name(tmp_path: Path) -> None:
    assert folder_name("Team_call-7") == "Team_call-7"
    spool = Spool.create(tmp_path / "deep" / "er", began("../x"))
    assert spool.folder.parent == tmp_path / "deep" / "er"
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    spool.close()
    assert load(spool.folder).began.session_id == "../x"


def test_a_session_is_created_once(spool: Spool, tmp_path: Path) -> None:
    spool.close()
    with pytest.raises(SpoolError) as error:
        Spool.create(tmp_path, began())
    assert one_line(error) == (
        f"{spool.folder}: this session is there already: resume it, or give another session id"
    )
    assert list(records(spool.folder)) == [began()]


def test_a_folder_belongs_to_one_process(spool: Spool) -> None:
    with pytest.raises(SpoolError, match="another process is using this session") as error:
        Spool(spool.folder)
    assert one_line(error).startswith(str(spool.folder))
    code = (
        "import sys; from pathlib import Path; from openline_store.spool import Spool, SpoolError\n"
        "try: Spool(Path(sys.argv[1]))\n"
        "except SpoolError as exc: print(exc)\n"
    )
    command = [sys.executable, "-c", code, str(spool.folder)]
    told = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "another process" in told.stdout
    spool.close()
    told = subprocess.run(command, capture_output=True, check=True, text=True)
    assert told.stdout == ""
    Spool(spool.folder).close()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for where in (file, file / "below"):
        with pytest.raises(SpoolError, match="give a folder to write to") as error:
            Spool.create(where, began())
        assert one_line(error).startswith(f"{where}: ")
        assert "already:" not in one_line(error)
    with pytest.raises(SpoolError) as error:
        Spool(file)
    assert one_line(error) == f"{file}: not a directory: give the folder of a session"


def test_a_folder_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        with pytest.raises(SpoolError) as error:
            Spool.create(tmp_path, began())
    assert one_line(error) == f"{tmp_path}: permission denied: give a folder to write to"
    Spool.create(tmp_path, began()).close()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(SpoolError, match="s-1: permission denied: ") as error:
            Spool(tmp_path / "s-1")
    one_line(error)


def test_failed_lock_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool.create(tmp_path, began())
    spool.close()
    (spool.folder / "lock").unlink()
    (spool.folder / "lock").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SpoolError, match="is a directory") as error:
        Spool(spool.folder)
    one_line(error)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_disk_that_is_full_from_the_start_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full(os.write))
        with pytest.raises(SpoolError, match="no space left on device") as error:
            Spool.create(tmp_path, began())
    one_line(error)
    assert list(tmp_path.iterdir()) == []
    Spool.create(tmp_path, began()).close()


def test_a_folder_without_a_session_is_refused_and_left_alone(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SpoolError, match="no such file or directory") as error:
            Spool(folder)
        one_line(error)
    with pytest.raises(SpoolError, match="no session was spooled here") as error:
        load(tmp_path)
    one_line(error)
    assert list(tmp_path.iterdir()) == []


def test_the_unfinished_sessions_of_a_folder(tmp_path: Path) -> None:
    assert spooled_sessions(tmp_path) == []
    assert spooled_sessions(tmp_path / "nowhere") == []
    for name in ("b", "a"):
        Spool.create(tmp_path, began(name)).close()
    (tmp_path / "c").mkdir()
    (tmp_path / "d").write_bytes(b"")
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / "log").touch()  # before its first record
    assert spooled_sessions(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert spooled_sessions(tmp_path / "a") == [tmp_path / "a"]


# The folder of a session.


def test_session_is_resumed_at_its_backend() -> None:
    for backend in (
        Backend(),
        Backend(host="example.org", port=443, credential_place=CredentialPlace.QUERY),
        Backend(host="example.org", secure=False, allow_plain=True),
    ):
        there = Began.of(backend, "s", ("mic",), dialect=EchoPanel()).backend()
        assert (there.url, there.credential_place) == (backend.url, backend.credential_place)


def test_query_is_not_stored_and_must_be_given_again() -> None:
    began = Began.of(Backend(query="key=secret"), "s", ("mic",), dialect=EchoPanel())
    assert "secret" not in repr(began)
    with pytest.raises(ValueError, match="give the URL again"):
        began.backend()


def test_subprotocols_and_the_origin_are_stored_and_other_headers_by_name() -> None:
    headers = {"Origin": "https://app.example", "X-Api-Key": "secret", "Cookie": "id=secret"}
    backend = Backend(headers=tuple(headers.items()), subprotocols=("v1", "v2"))
    began = Began.of(backend, "s", ("mic",), dialect=EchoPanel())
    assert b"secret" not in pack(began)
    with pytest.raises(ValueError, match=r"never stored, X-Api-Key and Cookie: give them again"):
        began.backend()
    with pytest.raises(ValueError, match=r"never stored, Cookie: give them again"):
        began.backend([("x-api-key", "other")])
    given = (("cookie", "id=1"), ("X-API-KEY", "other"))
    again = began.backend(given)
    assert again.subprotocols == ("v1", "v2")
    assert again.headers == (("Origin", "https://app.example"), *given)
    moved = began.backend([*given, ("origin", "https://other.example")])
    assert moved.headers == (*given, ("origin", "https://other.example"))


def test_a_log_of_before_has_no_headers_and_no_subprotocols() -> None:
    """As it was written before either was stored."""
    old = {"type": "Began", "version": 2, "session_id": "s", "url": "ws://127.0.0.1/x",
           "allow_plain": False, "sources": ["mic"]}  # fmt: skip
    body = msgspec.msgpack.encode(old)
    record = len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body
    [(began, _)] = unpack(record)
    assert isinstance(began, Began)
    assert (began.backend().headers, began.backend().subprotocols) == ((), ())


# Loading.


def test_load_returns_everything_stored(tmp_path: Path) -> None:
    spool = Spool.create(tmp_path, began(sources="mic system"))
    spool.confirm("mic", 320)
    spool.keep("mic", 320, pcm(320, 320))
    spool.keep("mic", 1000, pcm(1000, 320))
    spool.note(Lost(gap(640, 1000, GapCause.CAPTURE)))
    spool.note(Said(final(0.02, 0.03)))
    spool.note(Said(final(0.03, 0.05, "nobody's", "other")))
    spool.confirm("mic", 640)
    spool.confirm("mic", 500)  # never back
    spool.close()
    assert load(spool.folder) == Past(
        began=began(sources="mic system"),
        sources=(
            PastSource(
                source="mic",
                origin=320,
                confirmed=640,
                on_disk=((1000, 1320),),
                gaps=(gap(640, 1000, GapCause.CAPTURE),),
            ),
        ),
        transcript=(final(0.02, 0.03), final(0.03, 0.05, "nobody's", "other")),
    )


def test_final_without_its_confirmation_is_loaded_as_it_was_stored(spool: Spool) -> None:
    """The driver decides its meaning (``SessionOptions.past_confirmed``)."""
    spool.confirm("mic", 0)
    spool.keep("mic", 0, pcm(0, 3200))
    spool.note(Said(final(0.0, 1600 / S)))
    spool.close()
    past = load(spool.folder)
    assert past.transcript == (final(0.0, 0.1),)
    assert [(p.origin, p.confirmed, p.on_disk) for p in past.sources] == [(0, 0, ((0, 3200),))]


def test_recordings_that_were_not_read_to_their_ends_are_known(tmp_path: Path) -> None:
    """Each of them may have ended, and a session of an earlier version names none."""
    backend, names = Backend(), ("a", "b", "mic")
    noted = Began.of(backend, "s", names, dialect=DEFAULT, recordings=("a", "b"))
    spool = Spool.create(tmp_path, noted)
    disk = Disk(spool, lambda event: None)
    assert load_read(spool) == {"a", "b"}
    disk.perform(NoteRead("b"))
    assert load_read(spool) == {"a"}
    disk.perform(NoteRead("a"))
    assert load_read(spool) == set()
    spool.close()


def test_place_of_a_part_in_its_recording_is_kept(tmp_path: Path) -> None:
    noted = Began.of(Backend(), "s", ("a",), dialect=DEFAULT, begins_at={"a": 750.0})
    spool = Spool.create(tmp_path, noted)
    spool.close()
    assert load(spool.folder).began.begins_at == {"a": 750.0}


def load_read(spool: Spool) -> frozenset[str]:
    """The recordings that the log calls unread, while the spool is in use."""
    read = [record for record, _ in unpack(log_of(spool.folder).read_bytes())]
    past = past_module.past_of(read, lambda source: [])
    assert past is not None
    return past.unread


def test_another_version_is_refused(tmp_path: Path) -> None:
    for version in (0, VERSION + 1):
        check_refused(tmp_path / str(version), version)


def check_refused(directory: Path, version: int) -> None:
    spool = Spool.create(directory, began(version=version))
    spool.close()
    with pytest.raises(SpoolError, match="a later version") as error:
        load(spool.folder)
    one_line(error)


def test_an_empty_log_is_refused(spool: Spool) -> None:
    spool.close()
    for data in (b"", log_of(spool.folder).read_bytes()[:-1]):
        log_of(spool.folder).write_bytes(data)
        with pytest.raises(SpoolError, match="nothing to resume") as error:
            load(spool.folder)
        one_line(error)


def test_log_without_session_id_is_refused(spool: Spool) -> None:
    log_of(spool.folder).write_bytes(b"")
    spool.note(Confirmed("mic", 0))
    spool.close()
    with pytest.raises(SpoolError, match="no session id") as error:
        load(spool.folder)
    one_line(error)


# The end.


def test_discard_deletes_the_folder(spool: Spool) -> None:
    spool.keep("mic", 0, pcm(0, 320))
    spool.discard()
    assert not spool.folder.exists()


def test_close_keeps_the_folder(spool: Spool) -> None:
    spool.keep("mic", 0, pcm(0, 320))
    spool.close()
    Spool(spool.folder).close()
    assert read_audio(spool.folder, "mic", 0, 320) == pcm(0, 320)


def test_resuming_a_session_in_use_changes_nothing(spool: Spool) -> None:
    with log_of(spool.folder).open("ab") as file:
        file.write(b"half a rec")
    data = log_of(spool.folder).read_bytes()
    load(spool.folder)
    with pytest.raises(SpoolError, match="another process"):
        Spool(spool.folder)
    assert log_of(spool.folder).read_bytes() == data
    spool.close()
