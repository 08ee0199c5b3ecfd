"""A file that grows is whole after any refusal and any death."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from openline.updates import Ended, State, Statistics
from openline_cli import outfile
from openline_cli.batch_work import writer
from openline_cli.outfile import OutFile
from tests.cli.faulty_disk import DeadError, FaultyDisk

#: What shares, mounts and small file systems were seen to refuse, and with which error.
REFUSALS: dict[str, dict[str, int]] = {
    "nothing": {},
    "chmod on SMB": {"chmod": errno.EPERM},
    "sync on FUSE": {"sync": errno.EINVAL},
    "rename onto a mounted file": {"rename": errno.EBUSY},
    "rename on a share": {"rename": errno.EACCES},
    "rename across devices": {"rename": errno.EXDEV},
    "new files": {"create": errno.EACCES},
    "all but writes": {
        "create": errno.EROFS, "chmod": errno.EPERM, "sync": errno.ENOSYS, "rename": errno.EPERM
    },
}  # fmt: skip
STEPS = (b"a\n", b"a\nb\n", b"a\nb\nc c c\n", b"a\nc c c\nb\n", b"c\n", b"c\nd d\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.txt"


@pytest.mark.parametrize("refused", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("before", [None, "a\nb\n", "something longer than that is written later"])
def test_each_content_is_there_whatever_is_refused(
    refused: dict[str, int], before: str | None, path: Path
) -> None:
    if before is not None:
        path.write_text(before)
    file = OutFile(path)
    with FaultyDisk(refused).installed():
        for data in STEPS:
            file.put(data)
            assert path.read_bytes() == data
        file.put(STEPS[-1])
    file.close()
    file.close()
    assert path.read_bytes() == STEPS[-1]
    assert list(path.parent.iterdir()) == [path]


def test_more_of_the_same_is_appended_and_synced(path: Path) -> None:
    disk = FaultyDisk()
    file = OutFile(path)
    with disk.installed():
        file.put(b"a\n")
        inode = path.stat().st_ino
        disk.calls.clear()
        file.put(b"a\nb\n")
        assert disk.calls == ["write", "sync"]
        disk.calls.clear()
        file.put(b"a\nb\n")
        assert not disk.calls
    file.close()
    assert path.stat().st_ino == inode


def test_other_content_is_renamed_into_place(path: Path) -> None:
    path.write_text("before")
    disk = FaultyDisk()
    with disk.installed():
        file = OutFile(path)
        file.put(b"a\n")
    file.close()
    assert disk.calls == ["create", "write", "sync", "chmod", "rename", "sync"]


@pytest.mark.parametrize("room", range(9))
def test_full_disk_leaves_what_was_there_and_is_tried_again(room: int, path: Path) -> None:
    disk = FaultyDisk()
    file = OutFile(path)
    with disk.installed():
        file.put(b"one\n")
        disk.room = room
        with pytest.raises(OSError, match="No space left"):
            file.put(b"one\ntwo\nthree\n")
        assert path.read_bytes() == b"one\n"
        disk.room = room
        with pytest.raises(OSError, match="No space left"):
            file.put(b"zero\none\ntwo\n")
        assert path.read_bytes() == b"one\n"
        disk.room = -1
        file.put(b"one\ntwo\nthree\n")
    file.close()
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("refusal", ["rename", "create"])
def test_full_disk_while_written_in_place_restores_the_old_content(
    refusal: str, path: Path
) -> None:
    path.write_text("an old content, which is long")
    disk = FaultyDisk({refusal: errno.EACCES, "truncate": errno.EIO})
    file = OutFile(path)
    with disk.installed(), pytest.raises(OSError, match="Input/output error"):
        file.put(b"new\n")
    file.close()
    assert path.read_text() == "an old content, which is long"
    with disk.installed(), pytest.raises(OSError, match="Input/output error"):
        file.put(b"an older one\n")
    file.close()
    assert path.read_text() == "an old content, which is long"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("refusal", ["rename", "create"])
def test_what_is_written_in_place_is_synced_last(refusal: str, path: Path) -> None:
    path.write_text("an old content")
    disk = FaultyDisk({refusal: errno.EACCES})
    file = OutFile(path)
    with disk.installed():
        for content in (b"one\n", b"two\n"):
            del disk.calls[:]
            file.put(content)
            tail = [call for call in disk.calls if call != "remove"]
            assert tail[-3:] == ["write", "truncate", "sync"]
    file.close()
    assert path.read_bytes() == b"two\n"


def test_death_before_the_rest_is_cut_off_leaves_blank_lines(path: Path) -> None:
    path.write_bytes(b"aaa\nbbb\nccc\n")
    disk = FaultyDisk({"create": errno.EACCES}, dies_at=2)
    file = OutFile(path)
    with disk.installed(), pytest.raises(DeadError):
        file.put(b"z\n")
    file.close()
    assert disk.calls == ["create", "write", "truncate"]
    assert path.read_bytes() == b"z\n".ljust(12, b"\n")


@pytest.mark.parametrize("call", ["create", "write", "sync", "rename"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_disk_that_takes_no_bytes_is_not_written_in_place(call: str, code: int, path: Path) -> None:
    """In place it would fail as well, and perhaps half-way."""
    path.write_text("an old content")
    disk = FaultyDisk({call: code})
    file = OutFile(path)
    with disk.installed(), pytest.raises(OSError, match=os.strerror(code)):
        file.put(b"new\n")
    file.close()
    assert disk.calls.count("write") <= 1
    assert "truncate" not in disk.calls
    assert path.read_text() == "an old content"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP])
def test_sync_that_a_place_does_not_have_is_no_failure(code: int, path: Path) -> None:
    disk = FaultyDisk({"sync": code})
    file = OutFile(path)
    with disk.installed():
        file.put(b"a\n")
        file.put(b"a\nb\n")
    file.close()
    assert path.read_bytes() == b"a\nb\n"
    assert disk.calls.count("rename") == 1


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_failed_sync_writes_everything_again(code: int, path: Path) -> None:
    disk = FaultyDisk()
    file = OutFile(path)
    with disk.installed():
        file.put(b"a\n")
        inode = path.stat().st_ino
        disk.refused = {"sync": code}
        with pytest.raises(OSError, match=os.strerror(code)):
            file.put(b"a\nb\n")
        disk.refused = {}
        file.put(b"a\nb\nc\n")
    file.close()
    assert path.read_bytes() == b"a\nb\nc\n"
    assert path.stat().st_ino != inode


@pytest.mark.parametrize("how", ["deleted", "replaced", "extended", "cut"])
def test_file_that_another_program_changed_is_made_anew(how: str, path: Path) -> None:
    file = OutFile(path)
    file.put(b"a\nb\n")
    match how:
        case "deleted":
            path.unlink()
        case "replaced":
            other = path.with_name("other")
            other.write_text("a\nx\n")
            other.replace(path)
        case "extended":
            with path.open("a") as more:
                more.write("x")
        case _:
            os.truncate(path, 1)
    file.put(b"a\nb\nc\n")
    file.close()
    assert path.read_bytes() == b"a\nb\nc\n"


def test_a_directory_that_is_gone_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    file = OutFile(folder / "t.txt")
    folder.rmdir()
    with pytest.raises(FileNotFoundError):
        file.put(b"a\n")


def test_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    new, old = tmp_path / "new.txt", tmp_path / "old.txt"
    old.write_text("before")
    old.chmod(0o600)
    umask = os.umask(0o027)
    try:
        for path in (new, old):
            file = OutFile(path)
            file.put(b"")
            file.close()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert not old.read_text()


def test_new_file_that_is_written_in_place_has_the_usual_permissions(path: Path) -> None:
    umask = os.umask(0)
    try:
        file = OutFile(path)
        with FaultyDisk({"create": errno.EACCES}).installed():
            file.put(b"a\n")
        file.close()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_new_file_leaves_the_permissions_of_later_ones(path: Path) -> None:
    umask = os.umask(0o027)
    try:
        file = OutFile(path)
        file.put(b"a\n")
        file.close()
    finally:
        left = os.umask(umask)
    assert left == 0o027


@pytest.mark.parametrize("refused", REFUSALS.values(), ids=REFUSALS)
def test_each_content_closes_what_the_one_before_opened(
    refused: dict[str, int], path: Path
) -> None:
    open_before = len(os.listdir("/dev/fd"))
    file = OutFile(path)
    with FaultyDisk(refused).installed():
        for data in STEPS * 2:
            file.put(data)
            assert len(os.listdir("/dev/fd")) == open_before + 1
    file.close()
    assert len(os.listdir("/dev/fd")) == open_before


@pytest.mark.parametrize("refused", REFUSALS.values(), ids=REFUSALS)
def test_a_disk_that_moves_a_little_at_a_time_gets_all(
    refused: dict[str, int], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, whole = os.pwrite, os.pread

    def writes(fd: int, data: bytes, at: int) -> int:
        return real(fd, data[:3], at)

    def reads(fd: int, size: int, at: int) -> bytes:
        return whole(fd, min(size, 3), at)

    monkeypatch.setattr(os, "pwrite", writes)
    monkeypatch.setattr(os, "pread", reads)
    file = OutFile(path)
    with FaultyDisk(refused).installed():
        for data in (b"0123456789\n", b"0123456789\nabcdefghij\n", b"0123xxxxxxxxxxx\n"):
            file.put(data)
            assert path.read_bytes() == data
    file.close()


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("before")
    link.symlink_to(real)
    file = OutFile(link)
    file.put(b"after\n")
    file.close()
    assert link.is_symlink()
    assert real.read_text() == "after\n"


def test_name_of_the_longest_length_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 251}.txt"
    file = OutFile(path)
    file.put(b"a\n")
    file.close()
    assert path.read_bytes() == b"a\n"


@pytest.mark.repeats
def test_a_thousand_contents_leave_no_descriptor_open(path: Path) -> None:
    open_before = len(os.listdir("/dev/fd"))
    for number in range(300):
        file = OutFile(path)
        disk = FaultyDisk({"rename": errno.EPERM} if number % 3 == 0 else {})
        with disk.installed():
            file.put(b"a\n")
            file.put(b"b\n")
            disk.refused = {"write": errno.ENOSPC}
            with pytest.raises(OSError, match="No space"):
                file.put(b"c\n")
            disk.refused = {"truncate": errno.EIO, "rename": errno.EPERM}
            with pytest.raises(OSError, match="Input/output"):
                file.put(b"d\n")
        file.close()
    assert len(os.listdir("/dev/fd")) == open_before


@pytest.mark.parametrize("refused", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_death_at_any_call_leaves_an_old_or_a_new_content(
    refused: dict[str, int], share: float, tmp_path: Path
) -> None:
    count = _calls_of_all(refused, tmp_path)
    assert count > len(STEPS)
    for dies_at in range(count):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        done = _play(FaultyDisk(refused, dies_at=dies_at, share=share), folder / "t.txt")
        names = {each.name for each in folder.iterdir()} - {"t.txt"}
        assert all(name.startswith(".openline-") for name in names)  # hidden, and it tells whose
        found = [each.read_bytes() for each in folder.iterdir()]
        old, new = ([b"", *STEPS][done], STEPS[min(done, len(STEPS) - 1)])
        torn = new.startswith(old)
        assert any(
            data in {old, new}
            or (torn and data.startswith(old) and new.startswith(data))
            or ("create" in refused and data.startswith(new[:1]))  # in place, without a copy
            for data in found or [b""]
        ), f"after {done} contents, at call {dies_at}: {found}"


def _calls_of_all(refused: dict[str, int], tmp_path: Path) -> int:
    disk = FaultyDisk(refused)
    folder = tmp_path / "all"
    folder.mkdir()
    assert _play(disk, folder / "t.txt") == len(STEPS)
    return len(disk.calls)


def _play(disk: FaultyDisk, path: Path) -> int:
    """Put the contents until the process dies; how many were put."""
    file = OutFile(path)
    done = 0
    with disk.installed():
        try:
            for data in STEPS:
                file.put(data)
                done += 1
        except DeadError:
            pass
    file.close()
    return done


def test_a_pipe_or_a_folder_is_refused_and_stays(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for each in (pipe, folder):
        with pytest.raises(OSError, match="not a regular file"):
            OutFile(each).put(b"a\n")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [folder, pipe]


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / ".openline-ab_9k2xz"
    own = [tmp_path / name for name in (".openline-notes", ".openline-ab_9k2xz.txt", "openline")]
    for each in (left, *own):
        each.write_text("x")
    (tmp_path / ".openline-folder_1").mkdir()
    (tmp_path / ".openline-linked_1").symlink_to(own[0])
    outfile.sweep(tmp_path)
    assert not left.exists()
    assert all(each.read_text() == "x" for each in own)
    assert (tmp_path / ".openline-folder_1").is_dir()
    assert (tmp_path / ".openline-linked_1").is_symlink()
    outfile.sweep(tmp_path / "none")


def test_what_is_being_written_is_not_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another process would, before it is renamed."""
    replace = Path.replace

    def swept(path: Path, target: Path) -> Path:
        outfile.sweep(tmp_path)
        assert path.exists()
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", swept)
    file = OutFile(tmp_path / "a.txt")
    file.put(b"words")
    file.close()
    assert (tmp_path / "a.txt").read_bytes() == b"words"


def test_what_is_swept_too_early_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file system has no locks that another machine sees."""
    replace = Path.replace

    def gone(path: Path, target: Path) -> Path:
        path.unlink()
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", gone)
    file = OutFile(tmp_path / "a.txt")
    file.put(b"words")
    file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"words"


def test_a_batch_sweeps_each_folder_once(tmp_path: Path) -> None:
    ended = Ended(
        state=State.CLOSED, complete=True, reason="finished", missing=(), transcript=(),
        statistics=Statistics(dials=1, sources={}),
    )  # fmt: skip
    write = writer("txt")
    for name, stays in ((".openline-ab_9k2xz", False), (".openline-bb_9k2xz", True)):
        (tmp_path / name).write_text("half a transcr")
        write(tmp_path / "a.txt", ended)
        assert (tmp_path / name).exists() is stays
