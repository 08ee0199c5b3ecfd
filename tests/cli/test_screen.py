from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from openline.backend import Backend
from openline_cli import screen


class Stream(io.StringIO):
    """A stream that is a terminal, or leads to a descriptor."""

    def __init__(self, *, terminal: bool, fd: int | None = None) -> None:
        super().__init__()
        self._terminal = terminal
        self._fd = fd

    def isatty(self) -> bool:
        return self._terminal

    def fileno(self) -> int:
        return super().fileno() if self._fd is None else self._fd


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretend that these streams are a terminal, and that stdout is this descriptor."""

    def pretend(*streams: str, fd: int | None = None, term: str = "xterm") -> None:
        monkeypatch.setenv("TERM", term)
        for name in ("stdout", "stderr"):
            stream = Stream(terminal=name in streams, fd=fd if name == "stdout" else None)
            monkeypatch.setattr(sys, name, stream)

    return pretend


def test_a_terminal_is_a_screen(terminal: Callable[..., None]) -> None:
    terminal("stdout", "stderr")
    found = screen.find_screen()
    assert found is not None
    assert not found.stderr


def test_with_stdout_to_a_file_stderr_is_the_terminal(
    terminal: Callable[..., None], tmp_path: Path
) -> None:
    with (tmp_path / "out").open("wb") as file:
        terminal("stderr", fd=file.fileno())
        found = screen.find_screen()
    assert found is not None
    assert found.stderr


def test_with_stdout_to_a_pipe_there_is_no_terminal(terminal: Callable[..., None]) -> None:
    reading, writing = os.pipe()
    terminal("stderr", fd=writing)
    assert screen.find_screen() is None
    os.close(reading)
    os.close(writing)


def test_with_closed_streams_there_is_no_terminal(terminal: Callable[..., None]) -> None:
    terminal("stderr")
    assert screen.find_screen() is None


def test_dumb_terminal_gets_no_live_view(terminal: Callable[..., None]) -> None:
    terminal("stdout", term="dumb")
    assert screen.find_screen() is None


def test_live_view_shows_the_backends_address(terminal: Callable[..., None]) -> None:
    terminal("stdout")
    found = screen.find_screen()
    assert found is not None
    view = screen.live_view(found, Backend(), {"mic": 1.0})
    with found.capture() as captured:
        found.print(view.drawing())
    assert "127.0.0.1:8000" in captured.get()


def test_lines_go_to_their_stream(capsys: pytest.CaptureFixture[str]) -> None:
    screen.write_out("words\n")
    screen.write_err("a\x1b[2J note")
    screen.nowhere("nothing")
    assert capsys.readouterr() == ("words\n", "a [2J note\n")


def test_a_closed_stderr_loses_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys.stderr, "write", broken)
    screen.write_err("lost")
