from __future__ import annotations

import json
from pathlib import Path

import pytest

import openline_diagrams.render
from openline.session import TABLE
from openline_cli.diagram import SUFFIXES
from openline_cli.main import main
from openline_diagrams import CONTRACTS, DARK, contract, dot, mermaid, model, scxml, xstate
from openline_diagrams.checked import checked, promela, thinned, tla

Captured = pytest.CaptureFixture[str]
DRAWING = model(TABLE)


def run(*arguments: str) -> int:
    return main(["diagram", *arguments])


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("dot", dot(DRAWING)),
        ("mermaid", mermaid(DRAWING)),
        ("xstate", xstate(DRAWING, TABLE)),
        ("scxml", scxml(DRAWING, TABLE)),
        ("promela", promela(thinned(checked(TABLE)))),
        ("tla", tla(thinned(checked(TABLE)))),
    ],
)
def test_each_notation_goes_to_stdout(form: str, text: str, capsys: Captured) -> None:
    assert run("--format", form) == 0
    assert capsys.readouterr() == (text, "")


def test_default_format_is_svg(capsys: Captured) -> None:
    assert run() == 0
    assert "<svg " in capsys.readouterr().out
    assert run("--format", "md") == 0
    assert capsys.readouterr().out.startswith("# The chart\n")


def test_dark(capsys: Captured) -> None:
    assert run("--format", "dot", "--dark") == 0
    assert capsys.readouterr().out == dot(DRAWING, DARK)


def test_contract_is_written_as_markdown(capsys: Captured) -> None:
    assert run("--dialect", "echopanel") == 0
    assert contract(CONTRACTS["echopanel"]) in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".SVG"])
def test_suffix_selects_the_format(suffix: str, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / f"chart{suffix}"
    assert run("--out", str(path)) == 0
    assert capsys.readouterr() == ("", "")
    text = path.read_text(encoding="utf-8")
    begins = {
        "svg": "<?xml",
        "dot": "digraph",
        "mermaid": "stateDiagram",
        "md": "# The",
        "xstate": "{",
        "promela": "/* openline",
        "tla": "---- MODULE chart ----",
    }
    assert text.startswith(begins.get(SUFFIXES[suffix.lower()], "<?xml"))
    if suffix == ".json":
        assert json.loads(text)["initial"] == "idle"


def test_format_option_overrides_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "chart.txt"
    assert run("--out", str(path), "--format", "dot") == 0
    assert path.read_text(encoding="utf-8") == dot(DRAWING)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--format", "pdf"],
            "--format pdf: give svg, dot, mermaid, md, xstate, scxml, promela or tla",
        ),
        (["--out", "x.pdf"], "--out x.pdf: no format for this suffix; give --format, or .svg"),
        (["--out", "none/x.svg"], "--out none/x.svg: there is no directory none; make it first"),
        (
            ["--dialect", "latin"],
            "--dialect latin: no built-in dialect has this name; give echopanel",
        ),
        (["--dialect", "echopanel", "--out", "x.svg"], "a contract is written as md, not svg"),
        (["--session", "1"], "--session is for one of the sessions of --journal FILE"),
        (["--dark", "--format", "scxml"], "--dark: scxml has no colours; use it with svg, dot"),
    ],
)
def test_mistake_is_one_line_and_writes_nothing(
    arguments: list[str],
    says: str,
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err
    assert not list(tmp_path.iterdir())


KEPT = Path(__file__).parents[1] / "journals"


def kept(name: str) -> Path:
    return KEPT / f"{name}.jsonl"


def test_a_journal_is_drawn_as_a_sequence(tmp_path: Path, capsys: Captured) -> None:
    path = str(kept("drop-and-replay"))
    assert run("--journal", path) == 0
    light = capsys.readouterr().out
    assert light.startswith("<svg ")
    assert "sends audio again from 1.20 s" in light
    assert "To ws://127.0.0.1:8000/ws/live-listener, 3" in light
    assert run("--journal", path, "--dark") == 0
    assert capsys.readouterr().out != light
    out = tmp_path / "sequence.mmd"
    assert run("--journal", path, "--out", str(out)) == 0
    assert out.read_text(encoding="utf-8").startswith("sequenceDiagram\n")
    assert run("--journal", path, "--format", "md") == 0
    told = capsys.readouterr().out
    assert told.startswith("# Session the session\n\nTo ws://127.0.0.1:8000/ws/live-listener, 3")
    assert "| 3.31 | openline | sends audio again from 1.20 s |\n" in told


def test_one_of_several_sessions_is_chosen(tmp_path: Path, capsys: Captured) -> None:
    several = tmp_path / "several.jsonl"
    names = ("happy-path", "drop-and-replay", "capacity")
    several.write_bytes(b"".join(kept(name).read_bytes() for name in names))
    for number, name in enumerate(names, 1):
        assert run("--journal", str(kept(name)), "--format", "md") == 0
        alone = capsys.readouterr().out
        options = ("--session", str(number), "--format", "md")
        assert run("--journal", str(several), *options) == 0
        assert capsys.readouterr().out == alone
    assert run("--journal", str(several)) == 2
    says = "holds 3 sessions: choose one with --session 1 to 3"
    assert capsys.readouterr() == ("", f"openline: {several}: {says}\n")
    for wrong in ("0", "4"):
        assert run("--journal", str(several), "--session", wrong) == 2
        says = f"holds 3 sessions: --session is {wrong}: give 1 to 3"
        assert capsys.readouterr() == ("", f"openline: {several}: {says}\n")


def test_torn_journal_is_drawn_up_to_the_tear(tmp_path: Path, capsys: Captured) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(kept("happy-path").read_bytes()[:-20])
    assert run("--journal", str(torn), "--format", "mermaid") == 0
    out = capsys.readouterr().out
    assert "and its last line was torn" in out
    assert "closing" in out
    assert "ended: complete" not in out


@pytest.mark.parametrize(
    ("text", "options", "status", "says"),
    [
        (None, (), 2, "no such file or directory: name a journal"),
        (b"# Notes\n\n", (), 2, "line 1: not JSON: this is not a journal"),
        (b"", (), 2, "line 1: an empty journal"),
        (b"{}\n", (), 2, "line 1: not a journal"),
        (
            kept("capacity").read_bytes() * 2,
            (),
            2,
            "holds 2 sessions: choose one with --session 1 to 2",
        ),
        (kept("capacity").read_bytes(), ("--session", "2"), 2, "holds 1 session: --session is 2"),
        (
            kept("capacity").read_bytes(),
            ("--format", "dot"),
            2,
            "drawn as svg, mermaid or md, not dot",
        ),
        (
            kept("happy-path").read_bytes().replace(b"echopanel", b"latin"),
            (),
            2,
            "its dialect, latin, is not",
        ),
        (
            kept("happy-path").read_bytes().replace(b"hello world", b"hello moon!", 1),
            (),
            1,
            "the core no longer does what it did; see openline replay",
        ),
    ],
)
def test_undrawable_journal_is_one_line(
    text: bytes | None,
    options: tuple[str, ...],
    status: int,
    says: str,
    *,
    tmp_path: Path,
    capsys: Captured,
) -> None:
    path = tmp_path / "journal"
    if text is not None:
        path.write_bytes(text)
    assert run("--journal", str(path), *options) == status
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err


def test_a_missing_extra_is_one_line(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openline_diagrams.render, "_PACKAGE", "graphviz-pure-that-is-not-there")
    assert run() == 1
    out, err = capsys.readouterr()
    assert not out
    assert "is not installed: pip install 'openline[diagrams]'\n" in err


def test_a_dash_is_stdout(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("--format", "mermaid", "--out", "-") == 0
    assert capsys.readouterr() == (mermaid(DRAWING), "")
    assert run("--out", "-") == 0
    assert "<svg " in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
