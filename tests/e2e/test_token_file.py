"""``--token-file`` on real sockets: an agent renews the file while the command runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from openline.backend import Backend
from openline_testing.background import BackgroundBackend

RECORDING = Path(__file__).parents[1] / "data" / "cards_001.wav"
FIRST, SECOND = "the-first-sentinel", "the-second-sentinel"


def start(folder: Path, port: int, *more: str) -> subprocess.Popen[str]:
    words = ["stream", str(RECORDING), "--url", Backend(port=port).url, "--token-file", "token"]
    words += ["--speed", "100", "--journal", "journal", "--log-file", "log", "--log-level", "debug"]
    return subprocess.Popen(
        [sys.executable, "-m", "openline_cli", *words, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )


def read_until(stream: IO[str] | None, what: str) -> str:
    assert stream is not None
    shown = ""
    for line in stream:
        shown += line
        if what in line:
            return shown
    raise AssertionError(f"{what} never came: {shown}")


@contextmanager
def serving(folder: Path, port: int) -> Generator[None]:
    """A backend that takes the second token."""
    (folder / "second").write_text(SECOND)
    words = ["serve", "--recognizer", "echo", "--token-file", "second", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "openline_cli", *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as backend:
        try:
            read_until(backend.stdout, "listening")
            yield
        finally:
            backend.terminate()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def by_rename(file: Path) -> None:
    new = file.with_suffix(".new")
    new.write_text(f"{SECOND}\n")
    new.replace(file)


def in_place(file: Path) -> None:
    file.write_text(f"{SECOND}\n")


@pytest.mark.parametrize("renew", [by_rename, in_place])
def test_renewed_token_opens_the_line(tmp_path: Path, renew: Callable[[Path], None]) -> None:
    file, port = tmp_path / "token", free_port()
    file.write_text(f"{FIRST}\n")
    with start(tmp_path, port) as command:
        shown = read_until(command.stderr, "-- reconnecting")  # nothing listens there yet
        renew(file)
        with serving(tmp_path, port):
            out, err = command.communicate(timeout=300)
    shown += out + err
    assert command.returncode == 0, shown
    shown += (tmp_path / "journal").read_text() + (tmp_path / "log").read_text()
    assert "sentinel" not in shown


def test_file_that_keeps_the_refused_token_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(FIRST)
    with (
        BackgroundBackend(token=SECOND) as backend,
        start(tmp_path, backend.backend.port) as command,
    ):
        out, err = command.communicate(timeout=300)
        assert backend.dials == 2
    assert command.returncode == 1
    assert "the provider gave the refused token again" in err
    assert "sentinel" not in out + err + (tmp_path / "journal").read_text()


def nothing(path: Path) -> None:
    assert not path.exists()


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (nothing, "no such file or directory"),
        (Path.touch, "is empty"),
        (Path.mkdir, "is a directory"),
        (os.mkfifo, "nothing writes to this pipe"),
        (endless, "too long for a token"),
    ],
)
def test_file_without_a_token_is_one_line(
    tmp_path: Path, make: Callable[[Path], object], wrong: str
) -> None:
    make(tmp_path / "token")
    with start(tmp_path, 1) as command:
        out, err = command.communicate(timeout=300)
    assert (command.returncode, out) == (2, "")
    assert err.startswith("openline: --token-file token: ")
    assert wrong in err
    assert err.count("\n") == 1


def test_token_comes_through_a_process_substitution(tmp_path: Path) -> None:
    receiving, sending = os.pipe()
    os.write(sending, f"{SECOND}\n".encode())
    os.close(sending)
    with BackgroundBackend(token=SECOND) as backend:
        words = ["stream", str(RECORDING), "--url", backend.backend.url, "--speed", "100"]
        done = subprocess.run(
            [sys.executable, "-m", "openline_cli", *words, "--token-file", f"/dev/fd/{receiving}"],
            pass_fds=[receiving],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    os.close(receiving)
    assert done.returncode == 0, done.stderr
