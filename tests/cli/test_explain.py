from __future__ import annotations

import ast
import errno
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import openline
from openline_cli.explain import look_up, show
from openline_cli.problems import Problem
from openline_driver.network_errors import name_os_error
from openline_lookup.outcomes import OUTCOMES


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


#: Modules of the core, and the names that hold what a session says of its end.
SAYING = {
    "reconnect/retry.py": {"cause"},
    "machine/handlers.py": {"cause"},
    "machine/actions.py": {"end_reason"},
    "machine/reports.py": {"short", "lost", "reason"},
}


def said(module: str, names: set[str]) -> set[str]:
    """Each text that ``module`` gives to one of ``names``, with a 5 for what it fills in."""
    tree = ast.parse((Path(openline.__path__[0]) / module).read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        target: ast.AST
        match node:
            case ast.Assign(targets=[target], value=value):
                pass
            case ast.AugAssign(target=target, value=value):
                pass
            case ast.keyword(value=value):
                target = node
            case _:
                continue
        name = getattr(target, "attr", None) or getattr(target, "id", None)
        if (name or getattr(target, "arg", None)) in names:
            found |= set(texts(value))
    return found


def texts(value: ast.AST) -> Iterator[str]:
    """The texts in an expression that may be its value, without what is in braces."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else " 5 " for part in values
            )
        case ast.IfExp(body=body, orelse=other):
            yield from texts(body)
            yield from texts(other)
        case ast.BoolOp(values=values):
            for each in values:
                yield from texts(each)
        case ast.Call(args=[ast.GeneratorExp(elt=element)]):
            yield from texts(element)
        case _:
            pass


def test_whatever_a_session_says_of_its_end_is_explained() -> None:
    found = {text for module, names in SAYING.items() for text in said(module, names)}
    found = {text for text in found if re.search("[a-z]{2}", text)}
    assert {"aborted", "finished", "not all audio was confirmed"} < found
    assert "gave up, a retry would come too late:  5 " in found
    for text in found | {OUTAGE}:
        assert look_up(text)[0].group == "outcome", text
    assert "OVER" in show("not all audio was confirmed", json=False)
    for outcome in OUTCOMES:
        assert any(outcome in text for text in found | {OUTAGE}), outcome


OUTAGE = "no line for 5 minutes, and the client goes on dialling: 5"


def test_a_cause_that_is_known_goes_before_what_the_session_says() -> None:
    [line] = look_up("gave up, a retry would come too late: the server is restarting")
    assert line.title == "close code 1012"


def test_json_is_one_object_per_line() -> None:
    lines = [json.loads(line) for line in show("1008", json=True).splitlines()]
    assert lines[0]["action"] == "reauth"
    assert {"title", "when", "why", "does", "source"} <= set(lines[0])


def test_without_a_subject_the_whole_table_is_shown() -> None:
    text = show(None, json=False)
    assert all(heading in text for heading in (" close code", " HTTP status", " error", " refusal"))
    rows = text.partition("+strike: this ending")[0]
    assert rows.count("  +strike") == sum(each.strike for each in look_up(None)) > 0
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
