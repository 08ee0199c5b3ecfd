"""The transcript's file: checked early, written as finals come, in order at the end."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from openline.updates import Ended, Gap, Transcript
from openline_cli import writers
from openline_cli.problems import FAILED, Problem
from openline_cli.writers import Draft
from openline_speech.formats import FORMATS
from tests.cli import parsers
from tests.cli.faulty_disk import DeadError, FaultyDisk
from tests.cli.transcripts import ended as result

Final = Callable[..., Transcript]
End = Callable[..., Ended]
MakeGap = Callable[..., Gap]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("t.doc", "the name must end in .txt, .srt, .vtt, .jsonl"),
        ("t", "the name must end in"),
        ("none/t.txt", "there is no directory"),
        ("dir.txt", "not a regular file"),
        ("x\0.txt", "null"),
    ],
)
def test_unwritable_path_is_reported_early(name: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "dir.txt").mkdir()
    with pytest.raises(Problem, match=wrong) as caught:
        writers.check(tmp_path / name)
    assert caught.value.status == 2
    assert "--out" in str(caught.value)


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_what_is_read_is_not_overwritten(
    link: Callable[[Path, Path], None] | None, tmp_path: Path
) -> None:
    # facebook/zstd#1422, PDAL/PDAL#3717: the input was named as the output.
    recording = out = tmp_path / "talk.txt"
    recording.write_bytes(b"RIFF")
    if link is not None:
        out = tmp_path / "out.txt"
        link(recording, out)
    reads = [tmp_path / "gone.wav", recording]
    with pytest.raises(
        Problem, match=f"^--out {re.escape(str(out))}: it is read too; give another"
    ):
        writers.check(out, reads=reads)
    writers.check(tmp_path / "new.txt", reads=reads)


def test_directory_that_a_link_leads_to_is_named(tmp_path: Path) -> None:
    link = tmp_path / "t.txt"
    link.symlink_to("none/t.txt")
    with pytest.raises(Problem, match=f": there is no directory {re.escape(str(tmp_path))}/none;"):
        writers.check(link)


@pytest.fixture
def closed_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory in which no file can be created."""

    def refuse(dir: Path) -> object:  # noqa: A002 -- as tempfile has it
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)


@pytest.mark.usefixtures("closed_folder")
def test_unwritable_directory_is_reported_early(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="Permission denied; give a place that can be written"):
        writers.check(tmp_path / "t.txt")


@pytest.mark.usefixtures("closed_folder")
def test_writable_file_in_a_closed_directory_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.txt"
    path.write_text("")
    writers.check(path)

    def not_allowed(path: Path, mode: int) -> bool:
        return False

    monkeypatch.setattr("os.access", not_allowed)
    with pytest.raises(Problem, match="Permission denied"):
        writers.check(path)


def test_check_leaves_nothing(tmp_path: Path) -> None:
    writers.check(tmp_path / "A.SRT")
    assert not list(tmp_path.iterdir())


def test_a_text_is_put_and_nothing_stays_open(tmp_path: Path) -> None:
    open_before = len(os.listdir("/dev/fd"))
    writers.put(tmp_path / "t.txt", "text")
    assert (tmp_path / "t.txt").read_text() == "text"
    assert len(os.listdir("/dev/fd")) == open_before


def test_a_text_that_cannot_be_put_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.svg"
    writers.put(path, "before")
    with FaultyDisk({"sync": errno.ENOSPC}).installed(), pytest.raises(Problem) as caught:
        writers.put(path, "after")
    assert str(caught.value) == f"--out {path}: not written (No space left on device)"
    assert caught.value.status == 1
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [*FORMATS, ".SRT"])
def test_finals_stand_in_the_file_as_they_come(
    suffix: str, tmp_path: Path, final: Final, ended: End
) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_text("before")
    draft = Draft(path, several=False)
    assert path.read_text() == "before"
    finals = [final("one", 0, 1), final("h\u00e9", 1, 2), final("three", 2, 3)]
    for count, each in enumerate(finals, 1):
        draft.add(each)
        draft.save()
        made = FORMATS[suffix.lower()](several=False)
        assert path.read_text("utf-8") == made.head + "".join(map(made.add, finals[:count]))
    assert draft.changes == 3
    draft.finish(ended(*finals))
    assert path.read_text("utf-8") == FORMATS[suffix.lower()](several=False).whole(ended(*finals))
    assert list(tmp_path.iterdir()) == [path]


def test_finals_are_put_into_order_with_gaps_at_the_end(
    tmp_path: Path, final: Final, ended: End, gap: MakeGap
) -> None:
    path = tmp_path / "t.txt"
    draft = Draft(path, several=True)
    finals = final("late", 5, 6), final("early", 0.5, 1, source="system")
    for each in finals:
        draft.add(each)
    draft.save()
    assert path.read_text() == "mic: late\nsystem: early\n"
    draft.finish(ended(*finals, gaps=[gap()], sources=["mic", "system"]))
    assert path.read_text() == ("system: early\n[0.50 s of mic missing: overflow]\nmic: late\n")


def test_resumed_session_begins_with_its_past(tmp_path: Path, final: Final) -> None:
    path = tmp_path / "t.txt"
    path.write_text("of the process that crashed")
    draft = Draft(path, several=False, past=[final("past")])
    assert path.read_text() == "of the process that crashed"
    draft.add(final("new", 1, 2))
    draft.save()
    assert path.read_text() == "past\nnew\n"


def test_save_that_failed_is_made_up_for_by_the_next(tmp_path: Path, final: Final) -> None:
    path = tmp_path / "t.txt"
    draft = Draft(path, several=False)
    disk = FaultyDisk({"write": errno.ENOSPC})
    with disk.installed():
        draft.add(final("one"))
        with pytest.raises(OSError, match="No space left") as caught:
            draft.save()
        assert draft.why(caught.value) == (
            f"--out {path}: not written yet (No space left on device); each final tries again"
        )
        disk.refused = {}
        draft.add(final("two"))
        draft.save()
    assert path.read_text() == "one\ntwo\n"


def test_transcript_that_cannot_be_written_is_saved_beside(
    tmp_path: Path, final: Final, ended: End
) -> None:
    path = tmp_path / "t.txt"
    (tmp_path / "t-1.txt").write_text("another's")
    draft = Draft(path, several=False)
    with FaultyDisk({"write": errno.EIO}).installed(), pytest.raises(Problem) as caught:
        draft.finish(ended(final("one")))
    other = tmp_path / "t-2.txt"
    assert str(caught.value) == (
        f"--out {path}: not written (Input/output error); the transcript is in {other}"
    )
    assert caught.value.status == 1
    assert other.read_text() == "one\n"
    assert (tmp_path / "t-1.txt").read_text() == "another's"
    assert stat.S_IMODE(other.stat().st_mode) == 0o600


def test_transcript_in_another_place_is_synced_whole(
    tmp_path: Path, final: Final, ended: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []

    def notes(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr(os, "fsync", notes)
    disk = FaultyDisk({"write": errno.EIO})
    draft = Draft(tmp_path / "t.txt", several=False)
    with disk.installed(), pytest.raises(Problem):
        draft.finish(ended(final("one")))
    assert synced[-1] == 4


def test_transcript_goes_to_another_directory_if_that_of_the_file_is_gone(
    tmp_path: Path, final: Final, ended: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, here, spare = (tmp_path / name for name in ("folder", "here", "spare"))
    for each in (folder, here, spare):
        each.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    draft = Draft(folder / "t.srt", several=False)
    folder.rmdir()
    with pytest.raises(Problem, match=re.escape(f"the transcript is in {here / 't-1.srt'}")):
        draft.finish(ended(final("one")))
    assert parsers.subrip((here / "t-1.srt").read_text())[0].lines == ("one",)


@pytest.mark.parametrize("is_there", [False, True])
def test_transcript_goes_among_temporary_files_if_no_other_directory_is_there(
    is_there: bool, tmp_path: Path, final: Final, ended: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current directory is that of the file; it may have been removed."""
    folder, spare = tmp_path / "folder", tmp_path / "spare"
    for each in (folder, spare):
        each.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    draft = Draft(Path("t.txt"), several=False)
    if is_there:
        (folder / "t.txt").mkdir()
        monkeypatch.setattr(writers, "_create", only_in(spare))
    else:
        folder.rmdir()
    with pytest.raises(Problem, match=re.escape(f"the transcript is in {spare / 't-1.txt'}")):
        draft.finish(ended(final("one")))
    assert (spare / "t-1.txt").read_text() == "one\n"


def only_in(folder: Path) -> Callable[[Path, bytes], None]:
    """Creates files in this folder alone."""

    def create(path: Path, text: bytes) -> None:
        if path.parent != folder:
            raise OSError(errno.EROFS, "read-only")
        path.write_bytes(text)

    return create


def test_transcript_that_fits_nowhere_is_reported(
    tmp_path: Path, final: Final, ended: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    draft = Draft(tmp_path / "t.txt", several=False)
    full = {"write": errno.ENOSPC, "sync": errno.ENOSPC}
    with FaultyDisk(full).installed(), pytest.raises(Problem, match="and in no other") as raised:
        draft.finish(ended(final("one")))
    assert raised.value.status == FAILED
    assert not list(tmp_path.iterdir())


def test_why_is_what_the_error_says(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "t.txt", several=False)
    for error, said in ((OSError(errno.EIO, "it broke"), "it broke"), (OSError("odd"), "odd")):
        assert f"not written yet ({said});" in draft.why(error)
    draft.leave()


def test_session_left_without_a_result_keeps_its_finals(tmp_path: Path, final: Final) -> None:
    path = tmp_path / "t.txt"
    open_before = len(os.listdir("/dev/fd"))
    draft = Draft(path, several=False)
    draft.leave()
    assert not path.exists()
    draft.add(final("one"))
    draft.leave()
    assert path.read_text() == "one\n"
    assert len(os.listdir("/dev/fd")) == open_before
    draft.add(final("two"))
    draft.leave()
    assert path.read_text() == "one\ntwo\n"
    with FaultyDisk({"write": errno.EIO}).installed():
        draft.add(final("three"))
        draft.leave()
    assert path.read_text() == "one\ntwo\n"


def test_session_that_is_left_does_not_wait_for_a_save_that_hangs(
    tmp_path: Path, final: Final, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Draft(tmp_path / "t.txt", several=False)
    draft.add(final("one"))

    def hang(fd: int) -> None:
        draft.leave()  # as the main thread does while this one hangs

    monkeypatch.setattr(os, "fsync", hang)
    draft.save()
    assert (tmp_path / "t.txt").read_text() == "one\n"


#: What each format's file gives back, as one text, from what a death left of it.
READ: dict[str, Callable[[str], str]] = {
    ".txt": lambda text: " ".join(parsers.plain(text)),
    ".srt": lambda text: " ".join(line for cue in parsers.subrip(text) for line in cue.lines),
    ".vtt": lambda text: " ".join(line for cue in parsers.webvtt(text) for line in cue.lines),
    ".jsonl": lambda text: " ".join(each.get("text", "") for each in parsers.json_lines(text)),
}


UNPARSABLE = (parsers.UnparsableError, ValueError, IndexError)


def read(suffix: str, text: str, *, in_place: bool) -> str:
    """The words of a file; its last record may be torn, and blanks may stand behind it.

    A file that is put into order in place may be torn in the middle: a copy stands beside it.
    """
    text = text.rstrip("\n") + "\n"
    try:
        return READ[suffix](text)
    except UNPARSABLE:
        end = "\n\n" if suffix in {".srt", ".vtt"} else "\n"
        try:
            return READ[suffix](text[:-1].rpartition(end)[0].strip("\n") + "\n")
        except UNPARSABLE:
            if in_place:
                return ""
            raise


@pytest.mark.repeats
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "refused",
    [{}, {"chmod": errno.EPERM, "rename": errno.EPERM}, {"sync": errno.ENOSYS}],
    ids=["nothing", "rename", "sync"],
)
def test_final_that_was_saved_is_there_once_after_any_death(
    suffix: str, refused: dict[str, int], tmp_path: Path
) -> None:
    for seed in range(60):
        rng = Random(seed)
        finals = [
            Transcript(
                source="mic",
                text=" ".join(f"<{seed}.{number}.{word}>" for word in range(rng.choice((1, 40)))),
                final=True,
                start=(start := float(rng.choice((number, number, 0)))),
                end=start + rng.choice((0.5, 1.0, 20.0)),
            )
            for number in range(rng.randrange(1, 6))
        ]
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = folder / f"t{suffix}"
        if rng.random() < 0.5:
            path.write_text("before")
        disk = FaultyDisk(refused, dies_at=rng.randrange(1, 30), share=rng.random())
        saved = _saved(Draft(path, several=False), finals, disk)
        if not saved:
            continue  # the old content may still be there
        words = [
            read(suffix, each.read_text("utf-8", "ignore"), in_place="rename" in refused)
            for each in folder.iterdir()
        ]
        assert any(
            all(found.count(word) == 1 for final in saved for word in final.text.split())
            for found in words
        ), f"seed {seed}: {len(saved)} of {len(finals)} saved, found {words}"


def _saved(draft: Draft, finals: list[Transcript], disk: FaultyDisk) -> list[Transcript]:
    """Save one after the other, then finish, until the process dies; those that were saved."""
    saved: list[Transcript] = []
    with disk.installed():
        try:
            for final in finals:
                draft.add(final)
                draft.save()
                saved.append(final)
            draft.finish(result(finals))
        except DeadError:
            pass
    return saved


def settled(text: str, name: str, *, final: bool = False, source: str = "mic") -> Transcript:
    return Transcript(
        source=source, text=text, final=final, start=0.0, end=1.0, settled=True, id=name
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_settled_words_are_written_at_once_and_once(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    draft = Draft(path, several=False)
    draft.add(settled("<one>", "1.1.1"))
    draft.save()
    assert read(suffix, path.read_text(), in_place=False).count("<one>") == 1
    draft.add(settled("<one>", "1.1.1", final=True))
    draft.add(settled("<two>", "1.1.2"))
    draft.save()
    words = read(suffix, path.read_text(), in_place=False)
    assert (words.count("<one>"), words.count("<two>")) == (1, 1)


@pytest.mark.parametrize("suffix", FORMATS)
def test_settled_words_that_are_divided_stand_in_the_file_once(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    draft = Draft(path, several=False)
    draft.add(settled("<one> <two>", "1.1.1"))
    draft.add(settled("<other>", "1.1.2"))
    draft.save()
    draft.add(settled("<one>", "1.1.1"))
    draft.add(settled("<two>", "1.1.1.2"))
    draft.add(settled("<one>", "1.1.1", final=True))
    draft.save()
    words = read(suffix, path.read_text(), in_place=False)
    assert [words.count(each) for each in ("<one>", "<two>", "<other>")] == [1, 1, 1]


@pytest.mark.parametrize("suffix", FORMATS)
def test_retracted_words_leave_the_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    draft = Draft(path, several=True)
    draft.add(settled("<final>", "1.1.1"))
    draft.add(settled("<final>", "1.1.1", final=True))
    draft.add(settled("<other>", "1.1.2", source="system"))
    draft.add(settled("<gone>", "1.1.3"))
    draft.save()
    draft.retract("mic")
    draft.save()
    words = read(suffix, path.read_text(), in_place=False)
    assert [words.count(each) for each in ("<final>", "<other>", "<gone>")] == [1, 1, 0]
    draft.add(settled("<gone>", "1.1.3", final=True))  # it is told after all
    draft.save()
    assert read(suffix, path.read_text(), in_place=False).count("<gone>") == 1


def test_settled_words_are_final_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    draft = Draft(path, several=False)
    draft.add(settled("one", "1"))
    draft.save()
    assert '"final":true' in path.read_text()


def test_draft_that_is_finished_leaves_nothing_open(tmp_path: Path, final: Final) -> None:
    open_before = len(os.listdir("/dev/fd"))
    draft = Draft(tmp_path / "t.txt", several=False)
    draft.add(final("one"))
    draft.save()
    draft.finish(result([final("one")]))
    assert len(os.listdir("/dev/fd")) == open_before
