from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from openline_cli import serve as serve_module
from openline_cli.main import main
from openline_cli.problems import Problem
from openline_cli.serve import announce, serve
from openline_server import BackendError, FaultInjector, ServerConfig, fault_list
from openline_server.faults import Effect

Announce = Callable[[str], None]


@pytest.fixture(autouse=True)
def quiet_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave logging as it was."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])


def test_the_options_become_a_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[ServerConfig, tuple[str, ...], float, bool]] = []

    def note(
        config: ServerConfig, *, faults: tuple[str, ...], figures: float, with_parent: bool
    ) -> int:
        asked.append((config, faults, figures, with_parent))
        return 0

    token = tmp_path / "token"
    token.write_text("s3cret\n")
    monkeypatch.setattr(serve_module, "serve", note)
    options = "--host ::1 --port 0 --recognizer none --model m --slow 2 --max-sessions 3"
    files = ["--record", str(tmp_path), "--token-file", str(token)]
    faults = ["--fault", "cut after ack", "--fault", "no pong", "--figures", "500ms"]
    status = main(["serve", *options.split(), *files, *faults, "--with-parent"])
    assert status == 0
    assert asked == [
        (
            ServerConfig(
                host="::1",
                port=0,
                token="s3cret",
                recognizer="none",
                model="m",
                record=tmp_path,
                slow=2.0,
                max_sessions=3,
            ),
            ("cut after ack", "no pong"),
            0.5,
            True,
        )
    ]


def test_server_prints_its_address_and_ends_with_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run_server(
        config: ServerConfig, announce: Announce, *, hooks: None, figures: None, **_others: object
    ) -> None:
        await trio.lowlevel.checkpoint()
        announce("listening on ws://127.0.0.1:1/x")

    monkeypatch.setattr(serve_module, "run_server", run_server)
    assert serve(ServerConfig()) == 0
    assert capsys.readouterr().out == "listening on ws://127.0.0.1:1/x\n"


def test_start_failure_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run_server(
        config: ServerConfig, announce: Announce, *, hooks: None, figures: None, **_others: object
    ) -> None:
        await trio.lowlevel.checkpoint()
        raise BackendError("whisper cannot load its model")

    monkeypatch.setattr(serve_module, "run_server", run_server)
    with pytest.raises(Problem, match=r"^whisper cannot load its model$") as caught:
        serve(ServerConfig())
    assert caught.value.status == 1


def test_a_port_that_is_taken_is_a_mistake_of_the_call() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        with pytest.raises(Problem) as caught:
            serve(ServerConfig(recognizer="none", port=port))
    assert caught.value.status == 2
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; "
        "give another --port, or 0 for a free one"
    )


def test_server_ends_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys.stdin, "fileno", lambda: reading)

    async def run_server(
        config: ServerConfig, announce: Announce, *, hooks: None, figures: None, **_others: object
    ) -> None:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            os.write(writing, b"still here")
            os.close(writing)
            async for _ in signals:
                return

    monkeypatch.setattr(serve_module, "run_server", run_server)
    assert serve(ServerConfig(), with_parent=True) == 0
    os.close(reading)


def test_faults_are_announced_and_handed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[FaultInjector] = []

    async def run_server(
        config: ServerConfig,
        announce: Announce,
        *,
        hooks: FaultInjector,
        figures: None,
        **_others: object,
    ) -> None:
        await trio.lowlevel.checkpoint()
        announce("listening on ws://127.0.0.1:1/x")
        given.append(hooks)

    monkeypatch.setattr(serve_module, "run_server", run_server)
    phrases = ["ack then cut on dials 1-2; freeze 5 s after 3s on dial 4", "No Pong"]
    assert serve(ServerConfig(), faults=phrases) == 0
    told = ["cut after ack on dials 1-2", "freeze 5s after 3s on dial 4", "no pong"]
    assert [str(fault) for fault in given[0].faults] == told
    assert capsys.readouterr().out.splitlines() == [
        "listening on ws://127.0.0.1:1/x",
        *(f"fault: {phrase}" for phrase in told),
    ]


def test_a_wrong_phrase_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--fault", "cut aftr ack"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("openline: fault ")
    assert err.endswith('did you mean "cut after ack"?\n')


def test_all_phrases_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--fault", "help"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (fault_list(), "")
    for effect in Effect:
        assert any(line.startswith(effect.phrase.form) for line in out.splitlines())


def test_announcing_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    announce("listening")
    assert capsys.readouterr().out == "listening\n"


def test_a_misspelt_dialect_has_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--dialect", "deepgrm"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("or sherpa; did you mean deepgram?")
