from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import resources
from typing import Any, Self

import pytest
import soundfile
import trio
from rich.console import Console

from openline.backend import Backend
from openline.updates import Ended, Gap, SourceStatistics, Statistics, Transcript
from openline_cli import demo as demo_module
from openline_cli.demo import CLIP, demo, known_words
from openline_cli.main import main
from openline_cli.problems import FAILED, Problem
from openline_cli.screen import nowhere
from openline_cli.wer import words
from openline_testing.patient_clock import patient_clock

End = Callable[..., Ended]


class Stand:
    """Stands in for the backend's process."""

    def __init__(self, recognizer: str) -> None:
        self.backend = Backend(port=1)
        self.token = "t"
        self.killed = False

    async def __aenter__(self) -> Self:
        await trio.lowlevel.checkpoint()
        return self

    async def __aexit__(self, *error: object) -> None:
        await trio.lowlevel.checkpoint()

    async def kill(self) -> None:
        await trio.lowlevel.checkpoint()
        self.killed = True

    async def start(self, port: int) -> None:
        await trio.lowlevel.checkpoint()
        raise Problem("the backend did not start: no memory", status=FAILED)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, played: Callable[..., Any]) -> Callable[..., None]:
    """Let the next demo see this session."""

    def with_session(end: Ended, *, waits: bool = False, screen: Console | None = None) -> None:
        def opening(backend: Backend, sources: Any, *, credentials: str | None, proxy: bool) -> Any:
            assert not proxy, "the demo's backend is on this machine"
            assert credentials == "t"
            return lambda: played(end.transcript, end, waits=waits).open()

        monkeypatch.setattr(demo_module, "Child", Stand)
        monkeypatch.setattr(demo_module, "opening", opening)
        monkeypatch.setattr(demo_module, "find_screen", lambda: screen)

    return with_session


def test_recording_ships_with_its_transcript() -> None:
    with resources.as_file(resources.files("openline_cli") / "data" / CLIP) as path:
        info: Any = soundfile.info(str(path))  # pyright: ignore[reportUnknownMemberType]
    assert (info.frames, info.samplerate, info.channels) == (451_680, 16_000, 1)
    assert len(words(known_words())) == 70


def test_without_a_terminal_output_is_lines(
    play: Callable[..., None], ended: End, capsys: pytest.CaptureFixture[str]
) -> None:
    play(ended(Transcript(source="mic", text=known_words(), final=True, start=0.0, end=28.0)))
    assert main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("-- starting a backend with whisper\n")
    assert "word error rate: 0.0 % of 70 reference words\n" in out
    assert "wrong words: none\n" in out
    assert not err


@pytest.mark.parametrize(
    ("recognizer", "expected"),
    [
        ("echo", "words: none to compare: echo returns timestamps, not words\n"),
        ("none", "words: none to compare: no recogniser\n"),
    ],
)
def test_wordless_recogniser_has_no_word_error_rate(
    recognizer: str,
    expected: str,
    play: Callable[..., None],
    ended: End,
    capsys: pytest.CaptureFixture[str],
) -> None:
    play(ended(Transcript(source="mic", text="0.00-2.00", final=True, start=0.0, end=2.0)))
    assert main(["demo", "--recognizer", recognizer]) == 0
    out, _ = capsys.readouterr()
    assert expected in out
    assert "word error rate" not in out
    assert "wrong words" not in out


def test_terminal_gets_the_live_view_and_the_tables(
    play: Callable[..., None], ended: End, capsys: pytest.CaptureFixture[str]
) -> None:
    file = io.StringIO()
    screen = Console(file=file, force_terminal=True, color_system=None, width=80)
    play(ended(Transcript(source="mic", text="a", final=True, start=0.0, end=1.0)), screen=screen)
    assert demo() == 0
    shown = file.getvalue()
    assert "starting a backend with whisper" in shown
    assert "╭─ openline" in shown
    assert "● complete" in shown
    assert "word error rate" in shown
    assert capsys.readouterr() == ("", "")


def test_backend_that_does_not_restart_is_one_line(
    play: Callable[..., None],
    ended: End,
    gap: Callable[..., Gap],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A writer that is left behind when all is cancelled may write late: into no other test.
    for write in ("write_out", "write_note"):
        monkeypatch.setattr(demo_module, write, nowhere)
    play(ended(gaps=[gap()]), waits=True)
    assert main(["demo", "--speed", "1000"]) == 1
    assert capsys.readouterr().err == "openline: the backend did not start: no memory\n"


@pytest.mark.parametrize(
    ("options", "again", "kills"),
    [
        ([], 1.0, [9, 20]),
        ([], 13.0, [9, 22]),  # a backend that takes long to load is missed no sooner
        ([], 40.0, [9]),
        (["--calm"], 1.0, []),
    ],
)
def test_backend_is_killed_twice_unless_calm(
    options: list[str],
    again: float,
    kills: list[int],
    play: Callable[..., None],
    played: Callable[..., Any],
    *,
    ended: End,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    killed_at: list[float] = []
    died, deaths = trio.open_memory_channel[None](2)

    class Sturdy(Stand):
        async def start(self, port: int) -> None:
            await trio.lowlevel.checkpoint()
            assert self.killed
            assert port == 1
            self.killed = False
            killed_at.append(round(trio.current_time()))
            died.send_nowait(None)

    def line(dials: int, sent: int) -> Statistics:
        counts = SourceStatistics(captured=90_000, sent=sent, confirmed=0, missing=0)
        return Statistics(dials=dials, sources={"mic": counts})

    @asynccontextmanager
    async def as_long_as_the_recording() -> AsyncGenerator[Any]:
        session = played([], ended(), waits=True)
        session.statistics = line(1, 7_999)

        async def live() -> None:
            await trio.sleep(1)
            session.statistics = line(1, 8_000)
            async for _ in deaths:
                dials = session.statistics.dials
                await trio.sleep(again / 2)  # the loss is not noticed yet
                session.statistics = line(dials + 1, 0)
                await trio.sleep(again / 2)
                session.statistics = line(dials + 1, 8_000)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(live)

            async def end_it() -> None:
                await trio.sleep(28)
                session.abort()

            nursery.start_soon(end_it)
            yield session
            nursery.cancel_scope.cancel()

    def opening(*_: object, **__: object) -> Any:
        return as_long_as_the_recording

    play(ended())
    monkeypatch.setattr(demo_module, "Child", Sturdy)
    monkeypatch.setattr(demo_module, "opening", opening)
    clock = patient_clock()  # a view writes in a thread
    monkeypatch.setattr(trio, "run", partial(trio.run, clock=clock))
    assert main(["demo", *options]) == 0
    assert killed_at == kills
    killed = "-- demo: the backend was killed; another starts\n"
    assert capsys.readouterr().out.count(killed) == len(kills)


def test_demo_ends_when_its_reader_is_gone(
    play: Callable[..., None], ended: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(text: str) -> None:
        if not text.startswith("-- starting"):
            raise BrokenPipeError(32, "Broken pipe")

    play(ended(Transcript(source="mic", text="a", final=True, start=0.0, end=1.0)))
    monkeypatch.setattr(demo_module, "write_out", broken)
    assert demo() == 1
