from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from openline.updates import Ended, Gap, Transcript
from openline_cli import writers
from openline_cli.problems import Problem

Final = Callable[..., Transcript]
End = Callable[..., Ended]
MakeGap = Callable[..., Gap]


def test_text_is_a_line_for_each_final(final: Final, ended: End) -> None:
    assert writers.as_text(ended(final("Go  forward.\n"), final(" "), final("Stop.", 1, 2))) == (
        "Go forward.\nStop.\n"
    )


def test_text_names_the_source_if_there_are_several(final: Final, ended: End) -> None:
    end = ended(final("Hello."), final("Hi.", 1, 2, source="system"), sources=["mic", "system"])
    assert writers.as_text(end) == "mic: Hello.\nsystem: Hi.\n"


def test_text_shows_gaps_in_place(final: Final, ended: End, gap: MakeGap) -> None:
    end = ended(final("a"), final("b", 1.5, 2.0), gaps=[gap()])
    assert writers.as_text(end) == "a\n[0.50 s missing: overflow]\nb\n"


def test_subrip_counts_and_stamps(final: Final, ended: End) -> None:
    end = ended(final("One.", 0.0, 59.9996), final("Two.", 3661.5, 3662.25), final("", 1, 2))
    assert writers.as_srt(end) == (
        "1\n00:00:00,000 --> 00:01:00,000\nOne.\n\n2\n01:01:01,500 --> 01:01:02,250\nTwo.\n"
    )


def test_a_cue_without_length_can_be_seen(final: Final, ended: End) -> None:
    assert "00:00:02,000 --> 00:00:02,001" in writers.as_srt(ended(final("x", 2.0, 2.0)))


def test_webvtt_escapes_what_would_be_markup(final: Final, ended: End) -> None:
    end = ended(final("a --> b & <c>", 0.5, 1.0))
    assert writers.as_vtt(end) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.000\na --&gt; b &amp; &lt;c&gt;\n"
    )


def test_webvtt_names_the_source(final: Final, ended: End) -> None:
    assert "\n<v mic>Hi.\n" in writers.as_vtt(ended(final("Hi."), sources=["mic", "system"]))


def test_json_lines_have_the_finals_the_gaps_and_the_end(
    final: Final, ended: End, gap: MakeGap
) -> None:
    text = writers.as_jsonl(ended(final("a"), gaps=[gap()]))
    kinds = [json.loads(line)["update"] for line in text.splitlines()]
    assert kinds == ["transcript", "gap", "ended"]


@pytest.mark.parametrize("name", ["a.txt", "a.srt", "a.vtt", "a.jsonl", "A.SRT"])
def test_write_leaves_only_the_transcript(
    name: str, tmp_path: Path, final: Final, ended: End
) -> None:
    path = tmp_path / name
    writers.check(path)
    assert not list(tmp_path.iterdir())
    writers.write(path, ended(final("h\u00e9")))
    assert "h\u00e9" in path.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_replaced_file_keeps_its_permissions(tmp_path: Path, ended: End) -> None:
    new, old = tmp_path / "new.txt", tmp_path / "old.txt"
    old.write_text("before")
    old.chmod(0o640)
    umask = os.umask(0o027)
    try:
        writers.write(new, ended())
        writers.write(old, ended())
    finally:
        os.umask(umask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert not old.read_text()


def test_a_symbolic_link_stays_one(tmp_path: Path, final: Final, ended: End) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("before")
    link.symlink_to(real)
    writers.write(link, ended(final("after")))
    assert link.is_symlink()
    assert real.read_text() == "after\n"


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


def test_unwritable_directory_is_reported_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dir: Path) -> object:  # noqa: A002 -- as tempfile has it
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(Problem, match="Permission denied; give a place that can be written"):
        writers.check(tmp_path / "t.txt")


def test_a_full_disk_is_one_line_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: End
) -> None:
    path = tmp_path / "t.txt"
    path.write_text("before")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Problem, match="No space left on device") as caught:
        writers.write(path, ended())
    assert caught.value.status == 1
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
