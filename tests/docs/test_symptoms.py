"""The page "It does not work": each text on it is printed by the code, and none is forgotten."""

from __future__ import annotations

import re
import shlex
from functools import cache

import pytest

from openline.reconnect.verdict_table import ERRORS
from openline_cli.commands import COMMANDS
from openline_cli.parameters import read_words
from openline_doctor.facts import Step
from openline_lookup.places import ADVICE
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "howto" / "it-does-not-work.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (.+) \| (.+) \| `(openline [^`]+)` \|$", PAGE, re.MULTILINE)


@cache
def code() -> str:
    """All that our code can print: its text, where one over two lines is one."""
    files = [*(ROOT / "core").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]
    texts = "".join(path.read_text("utf-8") for path in files)
    return re.sub(r'["\']\s+f?["\']', "", texts)


def parts(message: str) -> list[str]:
    """The pieces of a message that stand in the code as they are."""
    return [part.strip(" :,") for part in message.split("…") if part.strip(" :,")]


def test_the_page_has_rows() -> None:
    assert len(ROWS) == len(re.findall(r"^\| `[^`]+` \|(?:[^|]+\|){3}$", PAGE, re.MULTILINE))
    assert len(ROWS) > 40


@pytest.mark.parametrize("message", [row[0] for row in ROWS])
def test_each_message_is_one_of_the_code(message: str) -> None:
    for part in parts(message):
        assert part in code(), f"no code prints {part!r}"


@pytest.mark.parametrize("call", sorted({row[3] for row in ROWS}))
def test_each_command_can_be_called(call: str) -> None:
    name, *words = shlex.split(call)[1:]
    if name != "--version" and "--help" not in words:
        read_words(COMMANDS[name], words)


@pytest.mark.parametrize("kind", ADVICE)
def test_each_error_of_the_network_has_a_row(kind: str) -> None:
    why = next(rule.why for known, rule in ERRORS.items() if known == kind)
    assert any(part and why.startswith(part) for row in ROWS for part in parts(row[0])), why


def test_each_step_of_the_doctor_is_described() -> None:
    listed = re.findall(r"^\| `([a-z]+)` \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert listed == list(Step)


def test_a_text_that_drifted_is_found() -> None:
    assert parts("a …: b (…") == ["a", "b ("]
    assert "the token was declined" not in code()
