"""The help, and the manual page that is installed with the package."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from openline_cli.commands import COMMANDS, SUMMARY
from openline_cli.main import main
from openline_cli.manual import manual

PAGE = Path(__file__).parents[2] / "adapters" / "openline_cli" / "data" / "openline.1"
Captured = pytest.CaptureFixture[str]


def test_the_manual_page_is_that_of_the_commands() -> None:
    if PAGE.read_text("utf-8") != manual(SUMMARY, COMMANDS):
        pytest.fail("the manual page is not that of the commands: run make manual")


def test_the_manual_page_has_every_command_and_option() -> None:
    text = PAGE.read_text("utf-8").replace("\\-", "-")
    for command in COMMANDS.values():
        assert f".SS openline {command.name}" in text
        for each in command.parameters:
            assert all((flag in text) is not each.hidden for flag in each.flags)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff formats manual pages")
def test_the_manual_page_is_formatted_without_a_warning() -> None:
    command = ["groff", "-man", "-Tutf8", "-ww", str(PAGE)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    plain = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
    assert "openline stream [OPTIONS] FILE [FILE]" in plain
    assert "--policy NAME=VALUE" in plain


@pytest.mark.parametrize("columns", ["20", "80", "400"])
@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_fits_the_terminal(
    name: str | None, columns: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["--help"] if name is None else [name, "--help"]) == 0
    out, err = capsys.readouterr()
    assert not err
    assert max(map(len, out.splitlines())) <= 80
    if name is not None:
        for each in COMMANDS[name].parameters:
            assert all((flag in out) is not each.hidden for flag in each.flags)
            assert all(choice in out for choice in each.choices)


def test_help_after_two_dashes_is_an_argument(capsys: Captured) -> None:
    assert main(["replay", "--", "--help"]) == 2
    assert "--help: no such file or directory" in capsys.readouterr().err
