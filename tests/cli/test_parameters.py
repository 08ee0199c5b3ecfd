"""How words on a command line become values, and that the table fits the functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from openline_cli import inspecting
from openline_cli.batch import BatchOptions
from openline_cli.calls import RUN
from openline_cli.commands import COMMANDS
from openline_cli.demo import demo
from openline_cli.diagram import diagram
from openline_cli.doctor import DoctorOptions
from openline_cli.load_options import LoadOptions
from openline_cli.options import LOGGING
from openline_cli.parameters import Command, position, read_words
from openline_cli.problems import Problem
from openline_cli.resume import ResumeOptions
from openline_cli.stream import StreamOptions
from openline_cli.wyoming import WyomingOptions
from openline_server import ServerConfig

#: The callable behind a command's function, if that passes its values on.
BEHIND: dict[str, Callable[..., object]] = {
    "demo": demo,
    "stream": StreamOptions,
    "mic": StreamOptions,
    "resume": ResumeOptions,
    "serve": ServerConfig,
    "diagram": diagram,
    "wyoming": WyomingOptions,
    "load": LoadOptions,
    "batch": BatchOptions,
    "doctor": DoctorOptions,
    "inspect": inspecting.inspect,
}


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


@pytest.mark.parametrize("name", COMMANDS)
def test_parameters_match_the_commands_function(name: str) -> None:
    names = (
        {each.name for each in COMMANDS[name].parameters}
        - {"config"}
        - {each.name for each in LOGGING}
    )
    takes = inspect.signature(RUN[name]).parameters
    known = {each.name for each in takes.values() if each.kind is not each.VAR_KEYWORD}
    if (behind := BEHIND.get(name)) is not None:
        known |= set(inspect.signature(behind).parameters)
        assert names <= known
    else:
        assert names == known


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda each: each.name)
def test_a_parameter_is_described_in_a_sentence(command: Command) -> None:
    assert command.summary.endswith(".")
    for each in command.parameters:
        assert each.help.endswith("."), each.name
        assert each.takes_value or each.default is False, each.name
        assert each.default is None or not each.required, each.name
    flags = [flag for each in command.parameters for flag in each.flags]
    assert len(flags) == len(set(flags))


def test_every_command_has_a_function() -> None:
    assert set(RUN) == set(COMMANDS)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), ("0:00", 0.0), ("750", 750.0), ("12.5", 12.5), ("90s", 90.0), ("2min", 120.0),
        ("12:30", 750.0), ("1:02:30", 3750.0), ("1:02:30.5", 3750.5), ("75:00", 4500.0),
        (" 0:59.25 ", 59.25), ("500ms", 0.5), ("100:00:00", 360_000.0),
    ],
)  # fmt: skip
def test_time_of_a_recording_is_read(text: str, seconds: float) -> None:
    assert position(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1:60",
        "1:2",
        "1:75:00",
        "a:30",
        "12:30s",
        "1:2:3:4",
        "nan",
        "inf",
        "1,5",
        "\u0661:30",
    ],
)
def test_other_text_is_no_time_of_a_recording(text: str) -> None:
    with pytest.raises(ValueError, match="give a time, as in 12:30, "):
        position(text)
