from __future__ import annotations

import errno
import json
import socket

import pytest

from openline_cli.explain import look_up, show
from openline_cli.problems import Problem
from openline_driver.network_errors import name_os_error


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        ("1008", "REAUTH"),
        ("429", "LATER"),
        ("refused", "RETRY"),
        ("Server at capacity", "LATER"),
        ("1002", "FATAL"),
    ],
)
def test_ending_has_verdict_reason_and_source(subject: str, verdict: str) -> None:
    text = show(subject, json=False)
    assert verdict in text
    for explanation in look_up(subject):
        assert explanation.source in text
        assert explanation.why.split(",")[0][:40] in text
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_dialect_overrides_the_table() -> None:
    assert "pong" in look_up("1011")[0].why


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ECONNREFUSED, ""),
        OSError(errno.ECONNRESET, ""),
        OSError(errno.ECONNABORTED, ""),
        OSError(errno.EPIPE, ""),
        OSError(errno.ETIMEDOUT, ""),
        OSError(errno.ENETUNREACH, ""),
        OSError(errno.EHOSTUNREACH, ""),
        OSError(errno.ENETDOWN, ""),
        OSError(errno.EHOSTDOWN, ""),
        OSError(errno.EADDRNOTAVAIL, ""),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    ],
    ids=repr,
)
def test_system_error_of_a_dial_is_found(error: OSError) -> None:
    kind, detail = name_os_error(error)
    assert {each.title for each in look_up(detail)} == {f"error {kind.replace('_', ' ')}"}


def test_printed_line_is_found() -> None:
    [line] = look_up("the backend is full")
    assert line.title == 'refusal "Server at capacity"'


def test_json_is_one_object_per_line() -> None:
    lines = [json.loads(line) for line in show("1008", json=True).splitlines()]
    assert lines[0]["action"] == "reauth"
    assert {"title", "when", "why", "does", "source"} <= set(lines[0])


def test_without_a_subject_the_whole_table_is_shown() -> None:
    text = show(None, json=False)
    assert all(heading in text for heading in (" close code", " HTTP status", " error", " refusal"))
    assert "+strike" in text
    assert len(show(None, json=True).splitlines()) == len(look_up(None))


def test_unknown_subject_is_one_line() -> None:
    with pytest.raises(Problem, match="did you mean") as caught:
        look_up("refusd")
    assert caught.value.status == 2


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in show("1008", json=False)
