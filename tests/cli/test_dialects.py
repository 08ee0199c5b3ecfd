"""``--dialect``: one of the user's own, found and used by every command that takes one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from openline import events as e
from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Memory
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import Traits
from openline.journal.recorder import Recorder
from openline.session import SessionMachine
from openline_cli import resume as resume_module
from openline_cli import stream as stream_module
from openline_cli.dialects import blamed
from openline_cli.main import main
from openline_cli.problems import Problem
from openline_cli.stream import StreamOptions, make_sources
from openline_store.records import VERSION, Began
from openline_store.spool import Spool

CLIP = str(Path(stream_module.__file__).parent / "data" / "meeting.flac")
KNOWN = ", ".join(BUILT_IN)
KEPT = Path(__file__).parents[1] / "journals" / "capacity.jsonl"
Captured = pytest.CaptureFixture[str]
Write = Callable[[str], str]
_NUMBERS = count()

TAPE = """
from openline.dialects.echopanel import EchoPanel
from openline.dialects import Address, Traits
from openline.reconnect.verdicts import Action, Rule


class Tape(EchoPanel):
    name = "tape"
    traits = Traits(sources=("tape",), horizon=15.0, address=Address("127.0.0.1", 8000, "/tape"))

    def audio(self, memory, source, pcm, number):
        return memory, (pcm,)


def make():
    return Tape()


tape = Tape()
seven = 7
WORD = "tape"
BUSY = Rule(action=Action.LATER, why="it winds", source="the manual")
"""


class Tape(EchoPanel):
    name = "tape"
    traits = Traits(sources=("tape",), horizon=15.0)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (pcm,)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a module into the current directory; gives its name, which no other has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])

    def written(text: str) -> str:
        name = f"module_of_a_user_{next(_NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        return name

    return written


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """The journal of a session that spoke a dialect of the user's own."""
    path = tmp_path / "tape.jsonl"
    lines: list[bytes] = []
    core = SessionMachine(
        Backend(), session_id="s", attempt_id="a", random=lambda: 0.5,
        observers=[Recorder(lines.append)],
        sources=("tape",), dialect=Tape(),
    )  # fmt: skip
    core.receive(e.OpenRequested(), 1.0)
    core.receive(e.SocketOpened(1, "c"), 1.1)
    core.receive(e.AbortRequested(), 1.2)
    path.write_bytes(b"".join(lines))
    return str(path)


@pytest.mark.parametrize("name", ["Tape", "make", "tape"])
def test_class_factory_and_object_are_accepted(
    name: str, write: Write, journal: str, capsys: Captured
) -> None:
    ours = f"{write(TAPE)}:{name}"
    assert main(["replay", journal, "--dialect", ours]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("the core still does the same: 3")


def test_every_command_takes_a_custom_dialect(
    write: Write, journal: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = f"{write(TAPE)}:Tape"
    assert main(["diagram", "--journal", journal, "--dialect", ours, "--format", "md"]) == 0
    assert "| 0.00 | openline |" in capsys.readouterr().out
    assert main(["diagram", "--dialect", ours]) == 0
    assert capsys.readouterr().out.startswith("# The tape dialect\n\nSources: `tape`.")

    opened: list[str] = []

    class Opened(Exception):  # noqa: N818 -- a fact
        pass

    def open_one(*_: Any, dialect: Any, **__: Any) -> Any:
        opened.append(dialect.name)
        raise Opened

    monkeypatch.setattr("openline_trio.opening.open_session", open_one)
    monkeypatch.setattr(resume_module, "resume_session", open_one)
    began = Began(
        version=VERSION, session_id="x", url="ws://127.0.0.1:1/x", allow_plain=False,
        sources=("tape",),
    )  # fmt: skip
    Spool.create(tmp_path / "spool", began).close()
    assert main(["stream", CLIP, "--dialect", ours, "--json"]) == 2
    assert main(["resume", "spool", "--dialect", ours, "--json"]) == 2
    assert opened == ["tape", "tape"]


def test_the_sources_are_those_of_the_dialect(write: Write, capsys: Captured) -> None:
    options = StreamOptions(files=[CLIP])
    assert list(make_sources(options, ("tape",))) == ["tape"]
    ours = f"{write(TAPE)}:Tape"
    assert main(["stream", CLIP, "--dialect", ours, "--source", "mic"]) == 2
    assert capsys.readouterr().err == "openline: --source mic: give tape\n"
    assert main(["stream", CLIP, CLIP, "--dialect", ours]) == 2
    assert "2 files: give one, for the backend takes no more sources" in capsys.readouterr().err


def test_the_codes_of_a_dialect_are_explained(write: Write, capsys: Captured) -> None:
    ours = write(
        TAPE
        + """
from openline.reconnect.verdicts import Action, Rule

Tape.traits = Traits(
    sources=("tape",),
    horizon=15.0,
    codes={4242: Rule(action=Action.FATAL, why="the tape is torn", source="the manual")},
    refusals={"tangled": Rule(action=Action.RETRY, why="it has to be wound", source="us")},
)
"""
    )
    assert main(["explain", "4242", "--json"]) == 0
    assert "a code of its own" in capsys.readouterr().out
    for subject, told in (("4242", "the tape is torn"), ("be wound", 'refusal "tangled"')):
        assert main(["explain", subject, "--dialect", f"{ours}:Tape"]) == 0
        assert told in capsys.readouterr().out
    assert main(["explain", "--dialect", f"{ours}:tape"]) == 0
    out = capsys.readouterr().out
    assert "the tape is torn" in out
    assert "Server at capacity" not in out


def test_built_in_names_still_work(capsys: Captured) -> None:
    assert main(["replay", str(KEPT), "--dialect", "echopanel"]) == 0
    assert "the core still does the same" in capsys.readouterr().out


COMMANDS = [
    ["replay", str(KEPT)],
    ["explain", "4242"],
    ["diagram"],
    ["diagram", "--journal", str(KEPT)],
    ["stream", CLIP],
    ["resume", "spool"],
]
WRONG = [
    ("latin", f"latin: no built-in dialect has this name; give {KNOWN} or module:NAME"),
    (
        "nowhere_at_all:X",
        (
            "nowhere_at_all:X: nowhere_at_all cannot be imported: "
            "ModuleNotFoundError: No module named 'nowhere_at_all'"
        ),
    ),
    (":X", ":X: a module without a name cannot be imported: ValueError: Empty module name"),
    ("{tape}:Other", "{tape}:Other: {tape} has no Other"),
    ("{tape}:", "{tape}:: {tape} has no object without a name"),
    (
        "{tape}:seven",
        "{tape}:seven: the dialect int lacks 'name': give it a text that is not blank",
    ),
    (
        "{tape}:BUSY",
        "{tape}:BUSY: the dialect Rule lacks 'name': give it a text that is not blank",
    ),
    ("{tape}:WORD", "{tape}:WORD: dialect: give an object, such as Deepgram(), not str"),
    ("{broken}:X", "{broken}:X: {broken} cannot be imported: ZeroDivisionError: not a number"),
    ("{leaves}:X", "{leaves}:X: {leaves} cannot be imported: SystemExit: bye"),
    (
        "{needs}:needs",
        "{needs}:needs: it cannot be made: needs() missing 1 required positional argument: 'more'",
    ),
    ("{needs}:fails", "{needs}:fails: it cannot be made: OSError: no tape"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("name", "says"), WRONG)
def test_loader_error_is_one_line(
    name: str, says: str, command: list[str], *, write: Write, tmp_path: Path, capsys: Captured
) -> None:
    began = Began(
        version=VERSION, session_id="x", url="ws://127.0.0.1:1/x", allow_plain=False,
        sources=("mic",),
    )  # fmt: skip
    Spool.create(tmp_path / "spool", began).close()
    names = {
        "tape": write(TAPE),
        "broken": write('raise ZeroDivisionError("not a\\nnumber")\n'),
        "leaves": write('raise SystemExit("bye")\n'),
        "needs": write(
            "def needs(more):\n    pass\n\n\ndef fails():\n    raise OSError('no tape')\n"
        ),
    }
    assert main([*command, "--dialect", name.format(**names)]) == 2
    assert capsys.readouterr() == ("", f"openline: --dialect {says.format(**names)}\n")


@pytest.mark.parametrize(
    ("command", "raised"),
    [
        (["diagram"], "OverflowError"),
        *(
            (command, "the dialect Torn: audio raised OverflowError")
            for command in (["replay", str(KEPT)], ["diagram", "--journal", str(KEPT)])
        ),
    ],
)
def test_dialect_exception_is_reported_with_its_name(
    command: list[str], raised: str, write: Write, capsys: Captured
) -> None:
    ours = write(
        TAPE + "\n\nclass Torn(EchoPanel):\n    def audio(self, memory, source, pcm, number):\n"
        '        raise OverflowError("the tape\\nis full")\n'
    )
    assert main([*command, "--dialect", f"{ours}:Torn"]) == 2
    said = f"it cannot be used: {raised}: the tape is full"
    assert capsys.readouterr().err == f"openline: --dialect {ours}:Torn: {said}\n"


@pytest.mark.parametrize("command", [["replay"], ["diagram", "--journal"]])
def test_journal_is_replayed_only_in_its_own_dialect(
    command: list[str], write: Write, journal: str, capsys: Captured
) -> None:
    ours = f"{write(TAPE)}:Tape"
    for path, given, says in (
        (str(KEPT), ours, "it is of echopanel, and --dialect gave tape: give --dialect echopanel,"),
        (journal, "echopanel", "it is of tape, and --dialect gave echopanel: give that one"),
    ):
        assert main([*command, path, "--dialect", given]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"openline: {path}: {says}")
        assert err.count("\n") == 1


def test_exception_group_is_reported_as_its_cause() -> None:
    inner = ExceptionGroup("inner", [OverflowError("the tape is full"), ValueError()])
    told = "--dialect a:B: it cannot be used: OverflowError: the tape is full"
    with pytest.raises(Problem, match=told), blamed("a:B"):
        raise ExceptionGroup("outer", [inner])


def test_bug_of_openline_is_not_blamed_on_the_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("openline_cli.replay.rows", fail)
    for arguments in ([], ["--dialect", "echopanel"]):
        with pytest.raises(ZeroDivisionError):
            main(["replay", str(KEPT), *arguments])


def test_current_directory_is_searched_last(write: Write, tmp_path: Path, capsys: Captured) -> None:
    write("")
    (tmp_path / "colorsys.py").write_text("raise SystemExit('the wrong one')\n", "utf-8")
    assert main(["diagram", "--dialect", "colorsys:rgb_to_hsv"]) == 2
    assert "the wrong one" not in capsys.readouterr().err
