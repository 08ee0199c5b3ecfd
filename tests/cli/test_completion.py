"""The scripts for the shells offer what the commands take."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from openline_cli.commands import COMMANDS, SHELLS
from openline_cli.completion import script
from openline_cli.main import main

#: Completes the last of its arguments, and prints what is offered.
TRY = """
COMP_WORDS=(openline "$@")
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_openline
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(folder: Path, *words: str) -> list[str]:
    code = script("bash", COMMANDS) + TRY
    command = ["bash", "--norc", "-eu", "-c", code, "bash", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)
    assert not done.stderr
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash completes")
@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (["str"], ["stream"]),
        (["--v"], ["--version"]),
        (["stream", "--po"], ["--policy"]),
        (["replay", "-"], ["--dialect", "--session", "--quiet", "-q", "-h", "--help"]),
        (["serve", "--with"], []),
        (["serve", "--recognizer", ""], ["whisper", "pocketsphinx", "echo", "none"]),
        (["diagram", "--format", "m"], ["mermaid", "md"]),
        (["stream", "me"], ["me and you.wav", "meeting.wav"]),
        (["stream", "a.wav", "--out", "me"], ["me and you.wav", "meeting.wav"]),
        (["stream", "--url", "me"], []),
        (["explain", "me"], []),
        (["completion", ""], list(SHELLS)),
        (["unknown", "me"], []),
    ],
)
def test_bash_completes_matching_values(
    words: list[str], offers: list[str], tmp_path: Path
) -> None:
    for name in ("meeting.wav", "me and you.wav", "other.wav"):
        (tmp_path / name).touch()
    assert sorted(offered(tmp_path, *words)) == sorted(offers)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_names_every_command_and_option(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS.values():
        assert command.name in text
        for each in command.parameters:
            long = [flag.removeprefix("--") for flag in each.flags if flag.startswith("--")]
            assert all((name in text) is not each.hidden for name in long)
            assert all(choice in text for choice in each.choices)


@pytest.mark.parametrize("shell", SHELLS)
def test_installed_shell_parses_its_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(script(shell, COMMANDS), "utf-8")
    done = subprocess.run([shell, "-n", str(path)], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_shell_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert capsys.readouterr().err == "openline: SHELL tcsh: give bash, zsh or fish\n"
