"""``openline batch``: its arguments, its report, and what it says of what is wrong."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from openline_batch.coordinator import Batch
from openline_batch.leases import Leases
from openline_batch.recordings import Recording
from openline_cli import batch as command
from openline_cli.batch import place
from openline_cli.batch_limits import limited
from openline_cli.batch_view import view_of
from openline_cli.batch_work import Setup, make_setting
from openline_cli.main import main
from openline_fleet.engines.contract import EngineError, Share
from openline_fleet.engines.crew import Crew
from openline_testing.background import BackgroundBackend
from tests.fleet.inline_engine import InlineEngine
from tests.support_archives import make_archive, make_recording

Captured = pytest.CaptureFixture[str]
HERE = "ws://127.0.0.1:9/ws"


def unlimited() -> None:
    """The limit of files of this process stays as it is."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory; workers are tasks of this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENLINE_TOKEN", raising=False)
    monkeypatch.setattr(command, "LocalEngine", InlineEngine)
    monkeypatch.setattr(command, "allowed", unlimited)
    monkeypatch.setattr("openline_cli.batch_work.allowed", unlimited)
    return tmp_path


@pytest.fixture(scope="module")
def url() -> Any:
    with BackgroundBackend(max_sessions=64) as backend:
        yield backend.url


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "DIR|MANIFEST is missing (see openline batch --help)"),
        (["nowhere", HERE], "nowhere: no such file or directory: name a directory or a manifest"),
        (["archive", "http://x"], "URL: "),
        (["archive", HERE, "ws://far.example/ws"], "URL: plain ws:// to far.example would send"),
        (["archive", HERE, "--workers", "0"], "--workers 0: give a whole number from 1 on"),
        (
            ["archive", HERE, "--workers", "9", "--dials", "8"],
            "--dials 8: 8 dials a minute are too few for 9 workers",
        ),
        (["archive", HERE, "--engine", "dask"], "--engine dask: give local or ray"),
        (["archive", HERE, "--ray-address", "auto"], "--ray-address is for --engine ray"),
        (["archive", HERE, "--speed", "0"], "--speed 0: give a number above 0"),
        (["archive", HERE, "--price", "free"], "--price free: give a number"),
        (["archive", HERE, "--format", "doc"], "--format doc: give txt, srt, vtt or jsonl"),
        (["archive", HERE, "--token-file", "none"], "--token-file none: "),
        (["archive", HERE, "--dialect", "deepgrma"], "--dialect deepgrma: "),
        (["archive", HERE, "--option", "pace=1"], "--option pace: "),
        (["archive", HERE, "--client-key", "x"], "--client-key: give its certificate as well"),
        (["archive", HERE, "--policy", "buffer_seconds=1"], "the policy: buffer_seconds"),
        (
            [
                *("archive", HERE, "--workers", "1", "--dials", "1"),
                *("--policy", "buffer_seconds=60"),
            ],
            "the policy: buffer_seconds is 60: ",
        ),
    ],
)
def test_a_wrong_argument_is_one_line(
    arguments: list[str], line: str, here: Path, capsys: Captured
) -> None:
    make_archive(here / "archive", 1, 0.5)
    assert main(["batch", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    shown = err.removeprefix("openline: ").replace(f"{here}/", "")
    assert shown.startswith(line)
    assert err.count("\n") == 1
    assert not (here / "openline-batch").exists()


def test_an_archive_is_transcribed_and_reported(here: Path, url: str, capsys: Captured) -> None:
    make_archive(here / "archive" / "2024", 3, 2)
    given = ["batch", "archive", url, "--workers", "1", "--price", "36"]
    assert main(given) == 0
    out, err = capsys.readouterr()
    assert err == ""
    results = here / "openline-batch" / "results.jsonl"
    assert out.splitlines() == [
        "3 recordings: 3 complete",
        "0.00 h of audio, 3 words, 0 gaps, cost 0.06",
        f"results: {results}",
    ]
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [row["path"] for row in rows] == [f"2024/call-00{number}.wav" for number in range(3)]
    assert [row["cost"] for row in rows] == [0.02] * 3
    for row in rows:
        assert row["transcript"].endswith(f"/transcripts/{row['path']}.txt")
        assert Path(row["transcript"]).read_text() == "0.00-2.00\n"
    assert main([*given, "--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == rows


def test_other_formats_and_places(here: Path, url: str) -> None:
    make_archive(here / "archive", 1, 2)
    given = ["--format", "srt", "--out", "words", "--spool", "state"]
    assert main(["batch", "archive", url, *given]) == 0
    text = (here / "words" / "call-000.wav.srt").read_text()
    assert text.startswith("1\n00:00:00,000 --> 00:00:02,000\n")


def test_bad_files_and_lines_are_named_and_the_rest_is_done(
    here: Path, url: str, capsys: Captured
) -> None:
    make_recording(here / "good 😀\n.wav", 1)
    (here / "bad.wav").write_text("garbage")
    entries = [{"path": "good 😀\n.wav"}, {"path": "bad.wav"}, {"path": "gone.wav"},
               {"path": "bad.wav", "id": "german", "language": "de"}]  # fmt: skip
    lines = "\n".join(json.dumps(each) for each in entries)
    (here / "list.jsonl").write_text(f"{lines}\nnonsense\n")
    given = ["batch", "list.jsonl", url, "--workers", "1", "--json"]
    assert main(given) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["state"] for row in rows] == ["complete", "failed", "failed", "failed"]
    assert rows[0]["path"] == "good 😀\n.wav"
    said = sorted(err.splitlines())
    assert len(said) == 4
    assert any("list.jsonl, line 5: it is no JSON object" in line for line in said)
    assert any("gone.wav: failed: no such file or directory" in line for line in said)
    assert any("bad.wav: failed: option language: " in line for line in said), said
    assert "\n".join(said).isprintable() or "\n" in "\n".join(said)
    make_recording(here / "bad.wav", 1)
    make_recording(here / "gone.wav", 1)
    (here / "list.jsonl").write_text("\n".join(json.dumps(each) for each in entries[:3]))
    assert main(given) == 0
    capsys.readouterr()


def test_failed_ones_are_done_again_when_asked(here: Path, url: str, capsys: Captured) -> None:
    (here / "archive").mkdir()
    (here / "archive" / "a.wav").write_text("garbage")
    given = ["batch", "archive", url, "--workers", "1"]
    assert main(given) == 1
    assert "a.wav: failed: " in capsys.readouterr().err
    assert main(given) == 1
    assert capsys.readouterr().err == ""
    assert main([*given, "--retry-failed"]) == 1
    assert "a.wav: failed: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "what"),
    [("{}\n", "no line of it can be used"), ("\n\n", "there is no recording in it")],
)
def test_an_archive_of_nothing_is_said(text: str, what: str, here: Path, capsys: Captured) -> None:
    (here / "list.jsonl").write_text(text)
    assert main(["batch", "list.jsonl", HERE]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"openline: list.jsonl: {what}"
    (here / "empty").mkdir()
    assert main(["batch", "empty", HERE]) == 1
    assert capsys.readouterr().err == "openline: empty: there is no recording in it\n"


def test_a_spool_that_cannot_be_used_is_one_line(here: Path, capsys: Captured) -> None:
    make_archive(here / "archive", 1, 0.5)
    (here / "file").touch()
    assert main(["batch", "archive", HERE, "--spool", "file"]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"openline: {here}/file: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("file", "file exists"),
        ("file/words", "not a directory"),
        ("full", "no space left on device"),
        ("\0", "it holds a NUL, as no file's name can"),
    ],
)
def test_an_output_folder_that_cannot_be_written_is_one_line_before_a_session(
    out: str, reason: str, here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = tempfile.TemporaryFile

    def full(*given: Any, dir: Path, **others: Any) -> Any:  # noqa: A002  # as it is called
        if dir.name == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*given, dir=dir, **others)

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    make_archive(here / "archive", 1, 0.5)
    (here / "file").touch()
    with BackgroundBackend() as backend:
        assert main(["batch", "archive", backend.url, "--out", out]) == 2
        assert backend.dials == 0
    said = capsys.readouterr().err
    assert said.startswith("openline: --out ")
    assert said.endswith(f": {reason}; give a folder to write to\n")
    assert said.count("\n") == 1
    assert not (here / "openline-batch").exists()


def test_folders_that_cannot_be_listed_are_in_the_summary_and_count(
    here: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    make_archive(here / "archive", 1, 0.5)
    (here / "archive" / "locked").mkdir()
    assert main(["batch", "archive", url, "--workers", "1"]) == 1
    out, err = capsys.readouterr()
    assert err == "openline: archive/locked: permission denied\n"
    assert out.splitlines()[:2] == [
        "1 recordings: 1 complete",
        "left out: 1 folder that cannot be listed",
    ]
    (here / "archive" / "call-000.wav").unlink()
    assert main(["batch", "archive", url]) == 1
    last = "openline: archive: there is no recording in it"
    assert capsys.readouterr().err.splitlines()[-1] == last


def test_the_results_have_all_that_is_in_the_spool(here: Path, url: str, capsys: Captured) -> None:
    for name, seconds in (("one", 0.5), ("other", 1.0)):
        make_archive(here / name, 1, seconds)
        assert main(["batch", name, url, "--workers", "1", "--json"]) == 0
        [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert row["file"] == str(here / name / "call-000.wav")
    lines = (here / "openline-batch" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["file"] for line in lines] == [
        str(here / name / "call-000.wav") for name in ("other", "one")
    ]


def test_a_lost_transcript_is_written_again_as_it_was(here: Path, url: str) -> None:
    make_archive(here / "archive", 1, 3)
    given = ["batch", "archive", url, "--workers", "1", "--format"]
    texts: dict[str, str] = {}
    for form in ("jsonl", "srt"):
        spool = f"spool-{form}"
        assert main([*given, form, "--spool", spool]) == 0
        texts[form] = (here / spool / "transcripts" / f"call-000.wav.{form}").read_text()
    place = here / "spool-jsonl" / "transcripts"
    (place / "call-000.wav.jsonl").unlink()
    with BackgroundBackend() as backend:
        for form in texts:
            again = ["batch", "archive", backend.url, "--format", form, "--spool", "spool-jsonl"]
            assert main(again) == 0
        assert backend.dials == 0
    for form, text in texts.items():
        assert (place / f"call-000.wav.{form}").read_text() == text


def test_a_spool_that_breaks_is_one_line(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Leases, key: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Leases, "sweep", broken)
    make_archive(here / "archive", 1, 0.5)
    assert main(["batch", "archive", HERE]) == 1
    line = "openline: --spool openline-batch: input/output error: the same command goes on"
    assert capsys.readouterr().err == f"{line}, once it can be written\n"


def test_ray_that_is_not_installed_is_one_line(here: Path, capsys: Captured) -> None:
    make_archive(here / "archive", 1, 0.5)
    assert main(["batch", "archive", HERE, "--engine", "ray"]) == 1
    assert capsys.readouterr().err == (
        'openline: the engine ray needs another package: pip install "openline[ray]"\n'
    )


def test_what_is_done_is_reported_when_no_worker_stays_alive(
    here: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Batch.run

    async def broken(self: Batch) -> None:
        await real(self)
        raise EngineError("no worker stays alive: its process was ended by signal 9")

    monkeypatch.setattr(Batch, "run", broken)
    make_archive(here / "archive", 1, 0.5)
    assert main(["batch", "archive", url]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("1 recordings: 1 complete\n")
    assert err == (
        "openline: no worker stays alive: its process was ended by signal 9; "
        "the same command goes on\n"
    )
    assert (here / "openline-batch" / "results.jsonl").exists()


def test_ctrl_c_is_told_and_has_its_status(
    here: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Batch.run

    async def interrupted(self: Batch) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        await real(self)

    monkeypatch.setattr(Batch, "run", interrupted)
    make_archive(here / "archive", 2, 0.5)
    assert main(["batch", "archive", url]) == 130
    out, err = capsys.readouterr()
    assert out.startswith("2 recordings: 2 open\n")
    assert err.splitlines() == [
        "openline: finishing the recordings that are under way; Ctrl-C again leaves them",
        "openline: interrupted; the same command goes on",
    ]


def test_a_disk_that_is_full_is_told(
    here: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    make_archive(here / "archive", 1, 0.5)
    monkeypatch.setattr("openline_cli.batch_work.OutFile.put", full)
    monkeypatch.setattr("openline_batch.report.write_over", full)
    assert main(["batch", "archive", url]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("1 recordings: 1 open\n")
    first, second = err.splitlines()
    assert first.endswith("results.jsonl: not written (no space left on device)")
    assert second.endswith(
        "call-000.wav.txt: not written (no space left on device); the same command goes on, "
        "once it can be written"
    )


def test_a_backend_that_takes_no_session_is_told(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openline_batch.coordinator.MOST_FAILURES", 2)
    make_archive(here / "archive", 4, 0.5)
    with BackgroundBackend(token="right") as backend:
        given = ["--workers", "1", "--sessions", "1", "--json"]
        assert main(["batch", "archive", backend.url, *given]) == 1
    out, err = capsys.readouterr()
    assert {json.loads(line)["state"] for line in out.splitlines()} == {"open"}
    last = err.splitlines()[-1]
    assert last.startswith("openline: one recording after another fails (")
    assert last.endswith("; the same command goes on")


def test_a_config_file_names_one_backend(here: Path, url: str) -> None:
    make_archive(here / "archive", 1, 0.5)
    (here / "settings.toml").write_text(f'[backend]\nurl = "{url}"\n')
    assert main(["batch", "archive", "--config", "settings.toml"]) == 0


def test_workers_are_divided_over_backends() -> None:
    setup = Setup(spool="x", urls=("ws://127.0.0.1:1/a", "ws://127.0.0.1:2/a"))
    ports = [
        make_setting(setup, Share(seat=seat, dials_per_minute=60)).arguments["backend"].port
        for seat in range(3)
    ]
    assert ports == [1, 2, 1]


def test_what_travels_holds_no_token(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINE_TOKEN", "a-very-secret-token")
    (here / "token").write_text("another-secret-token")
    (here / "user").write_text("me:secret-password")
    options = command.BatchOptions(
        archive=Path("a"),
        spool=Path("s"),
        token_file=Path("token"),
        basic=Path("user"),
        header=["X-Key=@token", "X-Other=env:OPENLINE_TOKEN", "X-Plain=x"],
    )
    packed = command.setup_of(options, 4).packed()
    assert b"secret" not in packed
    assert str(here / "token").encode() in packed
    assert f"X-Key=@{here}/token".encode() in packed
    setting = make_setting(
        Setup(spool="s", token_file=str(here / "token")), Share(seat=0, dials_per_minute=1)
    )
    assert setting.arguments["credentials"].first() == "another-secret-token"


@pytest.mark.parametrize(
    ("recording", "where"),
    [
        (Recording(path="/x/a.wav", name="a.wav"), "a.wav.txt"),
        (Recording(path="/x/s/a.wav", name="s/a.wav"), "s/a.wav.txt"),
        (Recording(path="/x/a.wav", name="/x/a.wav"), "0123456789.txt"),
        (Recording(path="/x/a.wav", name="../a.wav"), "0123456789.txt"),
        (Recording(path="/x/a.wav", name="a.wav", id="call-1"), "call-1.txt"),
        (Recording(path="/x/a.wav", name="a.wav", id="call 1"), "0123456789.txt"),
        (Recording(path="/x/a.wav", name="a.wav", channel=0), "a.wav.01234567.txt"),
        (Recording(path="/x/a.wav", name="a" * 251 + ".wav"), "0123456789.txt"),
        (Recording(path="/x/b.wav", name="b.wav"), "0123456789.txt"),
    ],
)
def test_a_transcript_has_a_place_of_its_own(recording: Recording, where: str) -> None:
    folders = {Path("b.wav.txt")}
    assert place(Path("/out"), "txt", folders, recording, "0123456789") == Path("/out") / where


FEWER = (
    " are begun, for this process may have no more than 256 open files: raise the limit (ulimit -n"
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with view_of(8, Clock()) as view:
        view.progress(7200.0, 3, 2)
        view.note("call.wav: failed: [bold]no audio\x1b[2J")
    text = screen.getvalue()
    assert "3/8" in text
    assert "2.00 h, 2 under way" in text
    assert "openline: call.wav: failed: [bold]no audio" in text
    assert "\x1b[2J" not in text


def test_a_dumb_terminal_has_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "dumb")
    with view_of(8, Clock()) as view:
        view.progress(1.0, 1, 1)
        view.note("one")
    assert screen.getvalue() == "openline: one\n"


def test_a_log_says_each_thirty_seconds_how_far_it_is(capsys: Captured) -> None:
    clock = Clock()
    with view_of(8, clock) as view:
        for seconds in (0.0, 29.9, 30.0, 31.0, 59.9, 95.0):
            clock.now = seconds
            view.progress(100 * seconds, round(seconds) // 10, 2)
    assert capsys.readouterr().err.splitlines() == [
        "openline: 3 of 8 recordings are over, 0.83 h of audio, 2 under way",
        "openline: 9 of 8 recordings are over, 2.64 h of audio, 2 under way",
    ]


@pytest.mark.parametrize(
    ("wanted", "files", "found", "lines"),
    [
        ((4, 100), None, (4, 100), []),
        ((4, 24), 192, (4, 24), []),
        ((4, 100), 192, (4, 24), [f"--sessions 100: 24{FEWER} 864)"]),
        ((50, 1), 192, (38, 1), [f"--workers 50: 38{FEWER} 314)"]),
        ((1, 1), 1, (1, 1), []),
    ],
)
def test_workers_and_sessions_are_as_many_as_there_are_files_for(
    wanted: tuple[int, int], files: int | None, found: tuple[int, int], lines: list[str]
) -> None:
    limits = limited(*wanted, files)
    assert (limits.workers, limits.sessions) == found
    assert list(limits.remarks) == lines


def test_fewer_sessions_than_wanted_are_said(
    here: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def crew(*given: Any, slots: int) -> Any:
        made.append(slots)
        return Crew(*given, slots=slots)

    monkeypatch.setattr(command, "allowed", lambda: 24)
    monkeypatch.setattr(command, "Crew", crew)
    make_archive(here / "archive", 1, 0.5)
    assert main(["batch", "archive", url, "--workers", "1", "--sessions", "9"]) == 0
    assert capsys.readouterr().err.startswith("openline: --sessions 9: 3 are begun, for this ")
    assert made == [3]


def test_the_files_of_ray_are_not_of_this_machine() -> None:
    given: dict[str, Any] = {"archive": Path("a"), "spool": Path("s"), "engine": "ray"}
    options = command.BatchOptions(**given, workers=10**6, sessions=10**6)
    assert command.limits_of(options).workers == 10**6
