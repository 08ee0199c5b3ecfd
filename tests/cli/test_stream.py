from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from openline.updates import Ended, Gap, State, StateChanged, Transcript
from openline_cli import stream as stream_module
from openline_cli.display import LiveView
from openline_cli.follow import Outcome
from openline_cli.plain import PlainView
from openline_cli.problems import Problem
from openline_cli.stream import (
    StreamOptions,
    finish,
    make_backend,
    make_sources,
    make_view,
    stream,
)
from openline_cli.view import Both, JsonView
from openline_cli.writers import Draft
from openline_store.records import VERSION, Began
from openline_store.spool import Spool
from openline_store.token_file import TokenFile

CLIP = str(Path(stream_module.__file__).parent / "data" / "meeting.flac")

Captured = pytest.CaptureFixture[str]
End = Callable[..., Ended]
Final = Callable[..., Transcript]


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, played: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Play these updates in the next session; returns the arguments of its opening."""

    def with_updates(updates: list[Any], end: Ended) -> list[Any]:
        opened: list[Any] = []

        def opening(
            backend: Any, sources: Any, *, credentials: str | None, **files: Path | None
        ) -> Any:
            opened.append((backend, sources, credentials, files["spool"]))
            return lambda: played(updates, end).open()

        monkeypatch.setattr(stream_module, "opening", opening)
        return opened

    return with_updates


def test_words_go_to_stdout_and_notes_to_stderr(
    answer: Any, final: Final, ended: End, streaming: StateChanged, capsys: Captured
) -> None:
    opened = answer(
        [streaming, final("so", final=False), final("so good")], ended(final("so good"))
    )
    assert stream(StreamOptions(files=[CLIP])) == 0
    out, err = capsys.readouterr()
    assert out == "  0:00.0  mic     so good\n"
    assert err.splitlines() == [
        "-- streaming",
        "openline: complete: every captured sample was confirmed",
    ]
    backend, sources, credentials, spool = opened[0]
    assert backend.url == "ws://127.0.0.1:8000/ws/live-listener"
    assert list(sources) == ["system"]
    assert credentials is None
    assert spool is None


def test_json_success_prints_only_json(
    answer: Any, ended: End, streaming: StateChanged, capsys: Captured
) -> None:
    answer([streaming], ended())
    assert stream(StreamOptions(files=[CLIP], json=True)) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["update"] for line in out.splitlines()] == ["state", "ended"]
    assert not err


def test_a_token_and_a_transcript_are_used(
    answer: Any, final: Final, ended: End, tmp_path: Path
) -> None:
    token, out = tmp_path / "token", tmp_path / "t.txt"
    token.write_text("s3cret\n")
    opened = answer([], ended(final("go forward")))
    options = StreamOptions(files=[CLIP], token_file=token, out=out, json=True)
    assert stream(options) == 0
    credentials = opened[0][2]
    assert isinstance(credentials, TokenFile)
    assert credentials.first() == "s3cret"
    assert out.read_text() == "go forward\n"


def test_failure_prints_its_reason_and_writes_nothing(
    answer: Any, ended: End, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "t.txt"
    out.write_text("before")
    answer([], ended(state=State.FAILED, reason="refused"))
    assert stream(StreamOptions(files=[CLIP], out=out, json=True)) == 1
    assert capsys.readouterr().err.splitlines() == [
        "openline: failed: refused (no audio lost)",
        f"openline: --out {out}: not written, nothing was transcribed",
    ]
    assert out.read_text() == "before"


def test_transcript_before_a_failure_is_kept(
    answer: Any,
    final: Final,
    ended: End,
    *,
    gap: Callable[..., Gap],
    tmp_path: Path,
    capsys: Captured,
) -> None:
    out = tmp_path / "t.txt"
    answer([], ended(final("go"), gaps=[gap()], reason="aborted"))
    assert stream(StreamOptions(files=[CLIP], out=out)) == 1
    assert out.read_text() == "go\n[0.50 s missing: overflow]\n"
    assert "an incomplete transcript" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(), 1),
        (Outcome(interrupts=3), 130),
        (Outcome(unread=BrokenPipeError(32, "Broken pipe")), 1),
    ],
)
def test_broken_stdout_gets_no_summary(outcome: Outcome, status: int, capsys: Captured) -> None:
    assert finish(outcome, None, draft=None, json=False) == status
    assert capsys.readouterr() == ("", "")


def test_lost_stdout_does_not_spoil_a_session_with_a_file(
    ended: End, final: Final, tmp_path: Path, capsys: Captured
) -> None:
    draft = Draft(tmp_path / "t.txt", several=False)
    gone = Outcome(ended=ended(final("a")), unread=OSError(5, "Input/output error"))
    assert finish(gone, None, draft=draft, json=True) == 0
    assert capsys.readouterr() == ("", "")
    full = Outcome(ended=ended(final("a")), unread=OSError(28, "No space left on device"))
    with pytest.raises(Problem, match="stdout cannot be written: No space"):
        finish(full, None, draft=draft, json=True)


def test_session_that_was_left_keeps_the_finals_that_came(
    final: Final, tmp_path: Path, capsys: Captured
) -> None:
    draft = Draft(tmp_path / "t.txt", several=False)
    draft.add(final("a"))
    assert finish(Outcome(interrupts=3), None, draft=draft, json=False) == 130
    assert draft.path.read_text() == "a\n"
    assert capsys.readouterr() == ("", "")


def test_transcript_that_is_elsewhere_is_a_failure(
    ended: End, final: Final, tmp_path: Path, capsys: Captured
) -> None:
    draft = Draft(tmp_path / "t.txt", several=False)
    outcome = Outcome(ended=ended(final("a")), unsaved=Problem("it is there", status=1))
    with pytest.raises(Problem, match="it is there"):
        finish(outcome, None, draft=draft, json=False)
    assert "complete" in capsys.readouterr().err


@pytest.mark.parametrize("interrupts", [0, 2, 3])
def test_kept_spool_is_reported_with_the_resume_command(
    interrupts: int, ended: End, tmp_path: Path, capsys: Captured
) -> None:
    failed = ended(state=State.FAILED, reason="refused")
    outcome = Outcome(ended=failed if interrupts < 3 else None, interrupts=interrupts)
    folder = tmp_path / "my calls" / "one"
    status = 130 if interrupts else 1
    assert finish(outcome, None, draft=None, json=False, folder=folder) == status
    assert "kept" not in capsys.readouterr().err  # there is nothing
    began = Began(version=VERSION, session_id="one", url="ws://x", allow_plain=True, sources=())
    Spool.create(tmp_path / "my calls", began).close()
    assert finish(outcome, None, draft=None, json=False, folder=folder) == status
    *_, last = capsys.readouterr().err.splitlines()
    kept = "openline: the captured audio is kept; to deliver it:"
    assert last == f"{kept} openline resume '{folder}'"


def test_terminal_gets_the_tables(ended: End, screen: Console, capsys: Captured) -> None:
    with screen.capture() as captured:
        assert finish(Outcome(ended=ended()), screen, draft=None, json=False) == 0
    assert "● complete" in captured.get()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("source", "names"), [("mic", ["mic", "system"]), ("system", ["system", "mic"])]
)
def test_two_files_are_two_sources(source: Any, names: list[str]) -> None:
    sources = make_sources(StreamOptions(files=[CLIP, CLIP], source=source))
    assert list(sources) == names
    assert sources["mic"].duration == pytest.approx(28.23)


def test_standard_input_is_raw_pcm(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys.stdin, "fileno", lambda: reading)
    sources = make_sources(StreamOptions(files=["-"], rate=8000, channels=2))
    assert sources["system"].duration is None
    make_sources(StreamOptions(files=["-"]))
    with pytest.raises(Problem, match="raw PCM: "):
        make_sources(StreamOptions(files=["-"], rate=1))
    os.close(reading)
    os.close(writing)


def test_impossible_speed_names_the_option() -> None:
    with pytest.raises(Problem, match="--speed: "):
        make_sources(StreamOptions(files=[CLIP], speed=0))


def test_plain_text_to_another_machine_can_be_allowed() -> None:
    backend = make_backend("ws://example.org/x", plain_ws=True)
    assert backend.url == "ws://example.org:80/x"
    with pytest.raises(Problem, match="scheme"):
        make_backend("http://example.org/x", plain_ws=True)


def test_view_depends_on_stdout(screen: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = make_backend("ws://127.0.0.1/x", plain_ws=False)
    durations = {"mic": 28.23, "system": None}
    assert isinstance(make_view(backend, durations, None, json=False), PlainView)
    assert isinstance(make_view(backend, durations, None, json=True), JsonView)
    assert isinstance(make_view(backend, durations, screen, json=False), Both)
    assert isinstance(make_view(backend, durations, screen, json=True), Both)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert isinstance(make_view(backend, durations, screen, json=False), LiveView)


def test_a_full_disk_behind_stdout_is_one_line() -> None:
    full = Outcome(unread=OSError(28, "No space left on device"))
    with pytest.raises(Problem, match="stdout cannot be written: No space") as caught:
        finish(full, None, draft=None, json=True)
    assert caught.value.status == 1
