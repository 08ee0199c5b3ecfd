"""``openline wyoming``: what is wrong with its arguments, in one line."""

from __future__ import annotations

import socket
import sys

import pytest

from openline_cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--uri", "10300"], "--uri 10300: give tcp://HOST:PORT, as in tcp://0.0.0.0:10300"),
        (["--uri", "unix:///x"], "--uri unix:///x: give tcp://HOST:PORT, as in tcp://0.0.0.0:10300"),
        (["--uri", "tcp://a:b"], "--uri tcp://a:b: give tcp://HOST:PORT, as in tcp://0.0.0.0:10300"),
        (["--uri", "tcp://a"], "--uri tcp://a: give tcp://HOST:PORT, as in tcp://0.0.0.0:10300"),
        (["--uri", "tcp://me:secret@h:1"], "--uri: Wyoming has no passwords: give tcp://HOST:PORT"),
        (["--patience", "0"], "--patience 0: give a number above 0"),
        (["http://x"], "URL: "),
        (["ws://far.example/ws"], "URL: plain ws:// to far.example would send"),
        (["--token-file", "/nowhere"], "--token-file /nowhere: "),
        (["--dialect", "deepgrma"], "--dialect deepgrma: "),
        (["--zeroconf", "x"], "--zeroconf: only this machine reaches tcp://127.0.0.1:10300: give "),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_line(arguments: list[str], line: str, capsys: Captured) -> None:
    assert main(["wyoming", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"openline: {line}")
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_one_line(capsys: Captured) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        uri = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        assert main(["wyoming", "--uri", uri]) == 2
    _, err = capsys.readouterr()
    why = "cannot listen there: address already in use; give another port"
    assert err == f"openline: --uri {uri}: {why}\n"


def test_an_address_of_another_machine_is_one_line(capsys: Captured) -> None:
    assert main(["wyoming", "--uri", "tcp://192.0.2.1:0"]) == 2
    _, err = capsys.readouterr()
    why = "cannot listen there: cannot assign requested address; give tcp://HOST:PORT"
    assert err.startswith(f"openline: --uri tcp://192.0.2.1:0: {why}")


def test_an_announcement_without_its_package_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delitem(sys.modules, "openline_wyoming.announcing", raising=False)
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    assert main(["wyoming", "--uri", "tcp://0.0.0.0:0", "--zeroconf", "openline"]) == 2
    _, err = capsys.readouterr()
    wanted = '--zeroconf needs the package zeroconf: pip install "openline[wyoming]"'
    assert err == f"openline: {wanted}\n"


def test_a_name_that_cannot_be_announced_is_one_line(capsys: Captured) -> None:
    pytest.importorskip("zeroconf")
    assert main(["wyoming", "--uri", "tcp://0.0.0.0:0", "--zeroconf", "a.b"]) == 2
    _, err = capsys.readouterr()
    assert err.startswith("openline: --zeroconf a.b: the name has a sign that none may have")
