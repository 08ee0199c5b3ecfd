"""Which recordings a batch is about: directories and manifests of all kinds."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from openline_batch.files import decode, encode, write_new, write_over
from openline_batch.identity import identify
from openline_batch.recordings import LONGEST_LINE, Recording, find, shown


def touch(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_recordings_of_a_directory_are_found_by_their_names(tmp_path: Path) -> None:
    for name in ("b.WAV", "a.mp3", "sub/deep/c.flac", "notes.txt", ".hidden.wav", ".git/d.wav"):
        touch(tmp_path / name)
    found = find(tmp_path)
    assert [each.name for each in found.recordings] == ["a.mp3", "b.WAV", "sub/deep/c.flac"]
    assert found.recordings[0].path == str(tmp_path / "a.mp3")
    assert found.remarks == ("1 files are no recordings by their names, and are left out",)
    assert found.problems == ()


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    touch(archive / "a.wav")
    touch(tmp_path / "elsewhere" / "b.wav")
    (archive / "loop").symlink_to(archive)
    (archive / "again").symlink_to(tmp_path / "elsewhere")
    (archive / "twice").symlink_to(tmp_path / "elsewhere")
    (archive / "same.wav").symlink_to(archive / "a.wav")
    (archive / "gone.wav").symlink_to(archive / "nothing.wav")
    found = find(archive)
    assert [each.name for each in found.recordings] == ["a.wav", "again/b.wav"]
    assert found.remarks == (f"{archive}/same.wav: the same file as a.wav, and done once",)
    assert found.problems == (f"{archive}/gone.wav: no such file or directory",)


def test_a_link_that_is_added_gives_no_file_another_name(tmp_path: Path) -> None:
    """Else it would be another recording, and be transcribed again."""
    touch(tmp_path / "m.wav")
    touch(tmp_path / "sub" / "n.wav")
    before = find(tmp_path).recordings
    (tmp_path / "a.wav").symlink_to("m.wav")
    (tmp_path / "b.wav").symlink_to("m.wav")
    (tmp_path / "c").symlink_to("sub")
    (tmp_path / "z.wav").symlink_to("m.wav")
    found = find(tmp_path)
    assert found.recordings == before
    same = "the same file as m.wav, and done once"
    assert found.remarks == tuple(f"{tmp_path}/{name}.wav: {same}" for name in "abz")


def test_an_empty_directory_has_no_recordings(tmp_path: Path) -> None:
    assert find(tmp_path).recordings == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    touch(tmp_path / "locked" / "a.wav").parent.chmod(0)
    assert find(tmp_path).problems == (f"{tmp_path}/locked: permission denied",)


def test_folders_and_files_that_cannot_be_read_are_summed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name.startswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    touch(tmp_path / "a.wav")
    for name in ("locked1", "locked2"):
        touch(tmp_path / name / "b.wav")
    found = find(tmp_path)
    assert [each.name for each in found.recordings] == ["a.wav"]
    assert found.problems == tuple(f"{tmp_path}/locked{n}: permission denied" for n in (1, 2))
    assert found.left_out == "left out: 2 folders that cannot be listed"
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing.wav")
    assert find(tmp_path).left_out == (
        "left out: 2 folders that cannot be listed, 1 file that cannot be found"
    )


def test_a_folder_that_is_removed_meanwhile_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "sub" / "a.wav")
    real = os.stat

    def stat(path: Any, **given: Any) -> Any:
        if str(path).endswith("/sub"):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
        return real(path, **given)

    monkeypatch.setattr(os, "stat", stat)
    found = find(tmp_path)
    assert found.recordings == ()
    assert found.left_out == "left out: 1 folder that cannot be listed"


def test_a_folder_that_can_be_listed_and_not_be_entered_is_summed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a.wav")
    touch(tmp_path / "sub" / "b.wav")
    real = os.stat

    def stat(path: Any, **given: Any) -> Any:
        if "sub/" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **given)

    monkeypatch.setattr(os, "stat", stat)
    found = find(tmp_path)
    assert [each.name for each in found.recordings] == ["a.wav"]
    assert found.problems == (f"{tmp_path}/sub/b.wav: permission denied",)
    assert found.left_out == "left out: 1 file that cannot be found"


def test_names_of_all_kinds_come_back_as_they_are(tmp_path: Path) -> None:
    names = ["a\nb.wav", "😀.wav", "tab\t.wav", os.fsdecode(b"\xff\xfe.wav")]
    for name in names:
        touch(tmp_path / name)
    found = find(tmp_path).recordings
    assert sorted(each.name for each in found) == sorted(names)
    for each in found:
        assert decode(encode(each), Recording) == each
        assert identify(each).key
        assert "\n" not in shown(each.name)


def test_a_reading_can_be_interrupted(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.wav", "x" * (3 << 20))
    recording = Recording(path=str(path), name="a.wav")
    asked = iter([True, False])
    with pytest.raises(InterruptedError):
        identify(recording, lambda: next(asked))
    assert identify(recording, lambda: True) == identify(recording)


def test_a_manifest_lists_recordings(tmp_path: Path) -> None:
    entries = [
        {"path": "a.wav"},
        {"path": "/far/b.wav", "id": "call 1", "language": "de", "channel": 1},
        {"path": "c.wav", "options": {"model": "m", "n": 2, "punctuate": True}, "labels": {"x": 1}},
    ]
    text = "\n\n".join(json.dumps(each) for each in entries)
    found = find(touch(tmp_path / "list.jsonl", text))
    assert found.problems == ()
    assert list(found.recordings) == [
        Recording(path=str(tmp_path / "a.wav"), name="a.wav"),
        Recording(
            path="/far/b.wav", name="/far/b.wav", id="call 1", options={"language": "de"}, channel=1
        ),
        Recording(
            path=str(tmp_path / "c.wav"),
            name="c.wav",
            options={"model": "m", "n": "2", "punctuate": "true"},
            labels={"x": 1},
        ),
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "it is no JSON object"),
        (b"[]", "it is no JSON object"),
        (b"{}", "its path is missing"),
        (b'{"path": ""}', "its path has to be a text that is not empty"),
        (b'{"path": 1}', "its path has to be a text that is not empty"),
        (b'{"path": "a", "language": 1}', "its language has to be a text"),
        (b'{"path": "a", "id": 7}', "its id has to be a text of 1 to 256 characters"),
        (b'{"path": "a\\u0000.wav"}', "holds a NUL"),
        (
            b'{"path": "a", "pth": 1}',
            "it has no use for 'pth': did you mean path? Give path, id, language, options, ",
        ),
        (b'{"path": "a", "id": " "}', "its id has to be a text of 1 to 256 characters"),
        (b'{"path": "a", "channel": -1}', "its channel has to be a whole number from 0 on"),
        (b'{"path": "a", "options": {"x": []}}', "its options have to be texts, numbers, true or"),
        (b'{"path": "a", "labels": 3}', "its labels have to be a JSON object"),
        (b"\xff\xfe", "it is no JSON object"),
        (b"[" * 100_000, "it is no JSON object"),
        (b"1" * 10_000, "it is no JSON object"),
        (b'{"path": "' + b"a" * LONGEST_LINE + b'"}', f"longer than {LONGEST_LINE} bytes"),
        (b'{"path": "b.wav", "id": "one"}', "its id one is that of line 1: give another"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_others_go_on(
    line: bytes, what: str, tmp_path: Path
) -> None:
    manifest = tmp_path / "list.jsonl"
    manifest.write_bytes(b'{"path": "a.wav", "id": "one"}\n' + line + b'\n{"path": "c.wav"}')
    found = find(manifest)
    assert [each.name for each in found.recordings] == ["a.wav", "c.wav"]
    [problem] = found.problems
    assert problem.startswith(f"{manifest}, line 2: ")
    assert what in problem
    assert "\n" not in problem


def test_ten_lines_that_cannot_be_used_are_named_and_the_others_are_counted(
    tmp_path: Path,
) -> None:
    manifest = tmp_path / "list.jsonl"
    for bad, problems in ((10, 10), (11, 11), (6_000, 11)):
        manifest.write_text('{"path": "a.wav"}\n' + "x\n" * bad)
        found = find(manifest)
        assert len(found.problems) == problems
        assert found.problems[9] == f"{manifest}, line 11: it is no JSON object"
    assert found.problems[10] == f"{manifest}: 5990 more lines cannot be used"


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\x24\0\0\0WAVEfmt \n" * 6_000,
        b"\0" * (LONGEST_LINE + 10),
        b"\n\npath,id\na.wav,1\n",
        b'"path"\n',
        b'{"path": \n"a.wav"}\n',
    ],
)
def test_a_file_of_another_kind_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(ValueError, match="list: its first line is") as caught:
        find(tmp_path / "list")
    assert str(caught.value) == (
        f"{tmp_path}/list: its first line is no JSON object, such as "
        '{"path": "a.wav"}: name a directory or a manifest'
    )


def test_a_first_line_may_be_too_long_or_lack_a_path(tmp_path: Path) -> None:
    long = b'{"path": "' + b"a" * LONGEST_LINE + b'"}'
    for first in (long, b"{}"):
        (tmp_path / "list").write_bytes(first + b'\n{"path": "a.wav"}\n')
        found = find(tmp_path / "list")
        assert (len(found.recordings), len(found.problems)) == (1, 1)


def test_what_is_neither_directory_nor_manifest_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file or directory: name a directory or a mani"):
        find(tmp_path / "nothing")
    with pytest.raises(ValueError, match="is no regular file"):
        find(Path("/dev/null"))


def recording(path: Path, **given: object) -> Recording:
    return Recording(path=str(path), name="a.wav", **given)  # type: ignore[arg-type]


def test_an_id_is_of_the_name_the_content_and_the_options(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.wav", "one")
    first = identify(recording(path))
    assert identify(recording(path)) == first
    assert first.size == 3
    moved = touch(tmp_path / "elsewhere" / "a.wav", "one")
    assert identify(recording(moved)).key == first.key
    others = {
        identify(Recording(path=str(path), name="b.wav")).key,
        identify(recording(path, options={"language": "de"})).key,
        identify(recording(path, channel=0)).key,
        identify(recording(touch(path, "two"))).key,
    }
    assert len(others | {first.key}) == 5


def test_a_given_id_counts_in_place_of_the_name(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.wav", "one")
    first = identify(recording(path, id="../call 1")).key
    assert first.isalnum()
    renamed = Recording(path=str(path), name="b.wav", id="../call 1")
    assert identify(renamed).key == first
    others = {
        identify(recording(path)).key,
        identify(recording(path, id="call 1")).key,
        identify(Recording(path=str(path), name="../call 1")).key,
        identify(recording(path, id="../call 1", channel=0)).key,
        identify(recording(touch(path, "two"), id="../call 1")).key,
    }
    assert len(others | {first}) == 6


def test_what_is_no_file_has_no_id(tmp_path: Path) -> None:
    fifo = tmp_path / "a.wav"
    os.mkfifo(fifo)
    for path, why in ((fifo, "is no regular file"), (tmp_path, "directory|no regular file")):
        with pytest.raises(OSError, match=why):
            identify(recording(path))


# Files.


def test_a_new_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert write_new(path, b"one")
    assert not write_new(path, b"two")
    assert path.read_bytes() == b"one"
    write_over(path, b"three")
    assert path.read_bytes() == b"three"
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_a_file_system_without_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(old: str, new: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert write_new(tmp_path / "x", b"one")
    assert not write_new(tmp_path / "x", b"two")
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "x").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    for write in (write_new, write_over):
        with pytest.raises(OSError, match="No space left"):
            write(tmp_path / "x", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_an_error_of_a_link_or_a_rename_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(old: str, new: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "link", broken)
    monkeypatch.setattr(os, "replace", broken)
    for write in (write_new, write_over):
        with pytest.raises(OSError, match="Input/output error"):
            write(tmp_path / "x", b"new")
    assert list(tmp_path.iterdir()) == []


def test_no_folder_to_sync_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse(path: object, flags: int, *rest: object) -> int:
        if path == tmp_path:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    assert write_new(tmp_path / "x", b"one")
