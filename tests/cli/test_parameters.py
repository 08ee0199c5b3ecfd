"""How words on a command line become values, and that the table fits the functions."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from openline_cli.commands import COMMANDS
from openline_cli.parameters import read_words
from openline_cli.problems import Problem
from openline_cli.resume import ResumeOptions
from openline_cli.stream import StreamOptions
from openline_server import ServerConfig


def given(*words: str) -> dict[str, object]:
    return read_words(COMMANDS[words[0]], words[1:])


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["stream", "a"], {"files": ("a",)}),
        (["stream", "a", "--json", "b"], {"files": ("a", "b"), "json": True}),
        (["stream", "--out", "x", "-"], {"files": ("-",), "out": Path("x")}),
        (["stream", "--out=x=y", "a"], {"files": ("a",), "out": Path("x=y")}),
        (["stream", "--out=", "a"], {"files": ("a",), "out": Path()}),
        (["stream", "--", "--json", "-q"], {"files": ("--json", "-q")}),
        (["stream", "a", "--source", "-x"], {"files": ("a",), "source": "-x"}),
        (["stream", "a", "--speed", "1", "--speed", "2"], {"files": ("a",), "speed": 2.0}),
        (["serve", "--fault", "a", "--fault", "b"], {"fault": ("a", "b")}),
        (["replay", "f", "-q"], {"file": Path("f"), "quiet": True}),
        (["explain"], {}),
        (["diagram", "--format", "md"], {"form": "md"}),
    ],
)
def test_words_become_values(words: list[str], values: dict[str, object]) -> None:
    assert given(*words) == values


def test_names_are_not_abbreviated() -> None:
    with pytest.raises(Problem, match="no option --jso; did you mean --json"):
        given("stream", "a", "--jso")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda each: each.name)
def test_a_command_takes_what_its_function_takes(command: object) -> None:
    assert command in COMMANDS.values()
    command = next(each for each in COMMANDS.values() if each is command)
    names = {each.name for each in command.parameters} - {"config"}
    takes = inspect.signature(command.run).parameters
    known = {name for name, each in takes.items() if each.kind is not each.VAR_KEYWORD}
    behind = {
        "stream": StreamOptions,
        "resume": ResumeOptions,
        "serve": ServerConfig,
    }.get(command.name)
    if behind is not None:
        known |= set(inspect.signature(behind).parameters)
        assert names <= known
    elif any(each.kind is each.VAR_KEYWORD for each in takes.values()):
        assert known <= names
    else:
        assert names == known


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda each: each.name)
def test_a_parameter_is_described_in_a_sentence(command: object) -> None:
    command = next(each for each in COMMANDS.values() if each is command)
    assert command.summary.endswith(".")
    for each in command.parameters:
        assert each.help.endswith("."), each.name
        assert each.takes_value or each.default is False, each.name
        assert each.default is None or not each.required, each.name
    flags = [flag for each in command.parameters for flag in each.flags]
    assert len(flags) == len(set(flags))
