from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest

from openline.updates import Ended, State, Statistics
from openline_cli.importing import Importing
from openline_cli.main import main
from openline_cli.problems import Problem
from openline_speech import jsonlines

README = Path(__file__).parents[2] / "README.md"
Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "there is no command bogus"),
        (["stream"], "FILE [FILE] is missing"),
        (["stream", "--bogus", "x"], "there is no option --bogus"),
        (["stream", "x", "--speed"], "--speed needs a value: --speed X"),
        (["stream", "x", "--source", "tape"], "--source tape: give system or mic"),
        (["stream", "x", "--rate", "fast"], "--rate fast: give a whole number"),
        (["stream", "x", "--speed", "0"], "--speed 0: give a number above 0"),
        (["stream", "x", "--speed", "nan"], "--speed nan"),
        (["stream", "x", "--speed", "inf"], "--speed inf"),
        (["demo", "--speed", "-1"], "--speed -1:"),
        (["stream", "a", "b", "c"], "3 files: give at most 2"),
        (["stream", "-", "-"], "can be read only once"),
        (["stream", "x", "--rate", "8000"], "--rate is for raw PCM"),
        (["stream", "x", "--channels", "2"], "--channels is for raw PCM"),
        (["stream", "none.wav"], "none.wav does not exist"),
        (["stream", "x", "--url", "http://x"], "--url: the URL's scheme is 'http'"),
        (["stream", "x", "--url", "ws://example.org/x"], "allow it with --plain-ws"),
        (["stream", "x", "--url", "ws://user:pw@example.org/x"], "--token-file or OPENLINE_TOKEN"),
        (["stream", "x", "--url", "wss://example.org/?api_key=pw"], "holds a secret, api_key"),
        (["stream", "x", "--out", "x.doc"], "--out x.doc: the name must end in"),
        (["stream", "x", "--token-file", "none"], "--token-file none: no such file"),
        (["serve", "--port", "70000"], "port 70000 is not within"),
        (["serve", "--slow", "0.5"], "slow must be 1.0 or more"),
        (["serve", "--token-file", "none"], "--token-file none"),
        (["explain", "refusd"], "did you mean"),
        (["strem", "x.wav"], "did you mean stream?"),
        (["--verbose"], "there is no option --verbose"),
        (["stream", "x", "--sped", "2"], "did you mean --speed?"),
        (["stream", "x", "--out", "--json"], "--out needs a value: --out FILE"),
        (["stream", "x", "--json=yes"], "--json takes no value"),
        (["replay", "a", "b"], "b is one argument too many"),
        (
            ["diagram", "--format", "bmp"],
            "--format bmp: give svg, dot, mermaid, md, xstate, scxml, promela or tla",
        ),
        (["serve", "--slow", "much"], "--slow much: give a number"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str],
    says: str,
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("openline: ")
    assert err.count("\n") == 1
    assert says in err
    assert "pw" not in err
    assert not list(tmp_path.iterdir())


def test_version_is_printed(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"openline {metadata.version('openline')}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["stream", "-h"]])
def test_help_is_printed(arguments: list[str], capsys: Captured) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("Usage: openline")


def test_the_list_of_commands_is_whole_at_80_columns(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == [
        "demo", "stream", "mic", "devices", "resume", "serve", "wyoming", "batch", "load", "doctor",
        "replay", "inspect", "explain", "diagram", "dialects", "completion",
    ]  # fmt: skip
    assert all(line.endswith(".") and not line.endswith("..") for line in listed)


def test_documented_last_json_line_matches() -> None:
    sample = re.search(r"`(\{\"update\":\"ended\".*),…\}`", README.read_text("utf-8"))
    assert sample is not None
    ended = Ended(
        state=State.CLOSED,
        complete=True,
        reason="finished",
        missing=(),
        transcript=(),
        statistics=Statistics(dials=1, sources={}),
    )
    assert jsonlines.line(ended).startswith(sample[1])


def test_empty_command_line_prints_help(capsys: Captured) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("Usage: openline")


def test_explain_answers(capsys: Captured) -> None:
    assert main(["explain", "1008"]) == 0
    assert "REAUTH" in capsys.readouterr().out
    assert main(["explain", "429", "--json"]) == 0
    assert capsys.readouterr().out.startswith("{")


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (Problem("the disk is full", status=1), 1, "openline: the disk is full\n"),
        (KeyboardInterrupt(), 130, ""),
        (BaseExceptionGroup("", [KeyboardInterrupt()]), 130, ""),
        (BrokenPipeError(), 1, ""),
        (
            ModuleNotFoundError("no", name="soundfile"),
            1,
            "openline: soundfile is not installed: pip install 'openline[cli]'\n",
        ),
    ],
)
def test_every_ending_has_a_status(
    error: BaseException,
    status: int,
    says: str,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(subject: str | None, *, json: bool, dialect: str | None) -> str:
        raise error

    monkeypatch.setattr("openline_cli.explain.show", fail)
    assert main(["explain"]) == status
    assert capsys.readouterr() == ("", says)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(),
        ModuleNotFoundError("no", name="ours"),
        ExceptionGroup("", [ValueError()]),
    ],
)
def test_a_bug_is_not_hidden(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(subject: str | None, *, json: bool, dialect: str | None) -> str:
        raise error

    monkeypatch.setattr("openline_cli.explain.show", fail)
    with pytest.raises(type(error)):
        main(["explain"])


@pytest.mark.parametrize("arguments", [["explain"], ["--version"], ["--help"]])
def test_lost_reader_is_no_traceback(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "openline_cli", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [["explain"], ["--version"]])
def test_a_full_disk_behind_stdout_is_one_line(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "openline_cli", *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 1
    assert done.stderr == "openline: stdout cannot be written: No space left on device\n"


def test_a_closed_stdout_is_no_traceback() -> None:
    command = f"{shlex.quote(sys.executable)} -m openline_cli --version >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_stderr_does_not_change_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys.stderr, "write", broken)
    assert main(["explain", "nonsense"]) == 2


def test_explaining_loads_no_audio_and_no_backend() -> None:
    code = (
        "import sys; from openline_cli.main import main; main(['explain', '1008']);"
        "heavy = {'numpy', 'rich', 'trio', 'openline_diagrams', 'soundfile', "
        "'faster_whisper', 'trio_parallel'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_module_is_the_command() -> None:
    # In a process of its own: pytest's import hook, which is on the plugin's package, has
    # no code to give to runpy.
    command = [sys.executable, "-m", "openline_cli", "--version"]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("openline ")


def test_the_entry_point_can_be_interrupted_before_anything_is_imported() -> None:
    """Ctrl-C in the first second, while the core is imported, ends in no traceback: ``main`` does
    that, and its own module has to be there by then.
    """
    code = "import sys; import openline_cli.main; print('openline' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "module", ["typing", "openline_cli.main", "openline_cli.app", "openline_cli.stream", "trio"]
)
@pytest.mark.parametrize("swallows", [False, True])
def test_ctrl_c_while_modules_are_imported_ends_it_at_once(module: str, swallows: bool) -> None:
    """Where the module would be found, the signal comes instead. C code may make another error of
    it, as of a name of Unicode that cannot be looked up.
    """
    code = (
        "import signal, sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == {module!r}:\n"
        "            try:\n"
        "                signal.raise_signal(signal.SIGINT)\n"
        "            except KeyboardInterrupt:\n"
        f"                raise SyntaxError if {swallows} else KeyboardInterrupt\n"
        f"sys.modules.pop({module!r}, None)\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "sys.argv = ['openline', 'stream', 'none.wav']\n"
        "from openline_cli.start import run\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_behind_its_imports_a_command_takes_ctrl_c_as_ever() -> None:
    def handler(*_: object) -> None:
        """Of an app."""

    before = signal.getsignal(signal.SIGINT)
    try:
        for mine, while_importing in ((signal.default_int_handler, None), (handler, handler)):
            signal.signal(signal.SIGINT, mine)
            with Importing():
                found = signal.getsignal(signal.SIGINT)
                assert found is while_importing or (while_importing is None and found is not mine)
            assert signal.getsignal(signal.SIGINT) is mine
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with ThreadPoolExecutor(1) as other:
            other.submit(lambda: Importing().__enter__()).result()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_entry_point_imports_nothing() -> None:
    code = (
        "import sys; known = set(sys.modules); import openline_cli.start;"
        "print(*set(sys.modules) - known)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["openline_cli", "openline_cli.start"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["stream", "a.wav", "--start", "3s"], "; did you mean --from?"),
        (["stream", "a.wav", "--to", "3s"], "; did you mean --until?"),
        (["stream", "a.wav", "--form", "3s"], "; did you mean --from?"),
        (["load", "ws://a", "--for", "3s"], "; did you mean --hold?"),
        (["load", "ws://a", "--duration", "3s"], "; did you mean --hold?"),
        (["batch", "a", "--from", "3s"], ""),
        (["batch", "a", "--until", "3s"], ""),
    ],
)
def test_an_option_that_is_not_there_suggests_one_that_is_meant(
    capsys: pytest.CaptureFixture[str], words: list[str], hint: str
) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert f"there is no option {words[2]}{hint} (see openline {words[0]} --help)" in told
