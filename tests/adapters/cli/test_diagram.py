from __future__ import annotations

import json
from pathlib import Path

import pytest

import openline_diagrams.render
from openline.connection import TABLE
from openline.diagram import CONTRACTS, DARK, contract, dot, mermaid, model, scxml, xstate
from openline_trio.cli.diagram import SUFFIXES
from openline_trio.cli.main import main

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
    ],
)
def test_each_notation_goes_to_stdout(form: str, text: str, capsys: Captured) -> None:
    assert run("--format", form) == 0
    assert capsys.readouterr() == (text, "")


def test_svg_unless_told_otherwise(capsys: Captured) -> None:
    assert run() == 0
    assert "<svg " in capsys.readouterr().out
    assert run("--format", "md") == 0
    assert capsys.readouterr().out.startswith("# The chart\n")


def test_dark(capsys: Captured) -> None:
    assert run("--format", "dot", "--dark") == 0
    assert capsys.readouterr().out == dot(DRAWING, DARK)


def test_a_dialect_is_told_as_markdown(capsys: Captured) -> None:
    assert run("--dialect", "echopanel") == 0
    assert contract(CONTRACTS["echopanel"]) in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".SVG"])
def test_the_end_of_the_name_tells_the_format(
    suffix: str, tmp_path: Path, capsys: Captured
) -> None:
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
    }
    assert text.startswith(begins.get(SUFFIXES[suffix.lower()], "<?xml"))
    if suffix == ".json":
        assert json.loads(text)["initial"] == "idle"


def test_the_format_outranks_the_name(tmp_path: Path) -> None:
    path = tmp_path / "chart.txt"
    assert run("--out", str(path), "--format", "dot") == 0
    assert path.read_text(encoding="utf-8") == dot(DRAWING)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "pdf"], "'pdf' is not one of"),
        (["--out", "x.pdf"], "--out x.pdf: its end tells no format; give --format, or .svg, .dot"),
        (["--out", "none/x.svg"], "--out none/x.svg: there is no directory none; make it first"),
        (["--dialect", "latin"], "--dialect latin: nobody knows it; give echopanel"),
        (["--dialect", "echopanel", "--out", "x.svg"], "a contract is told as md, not svg"),
        (["--dark", "--format", "scxml"], "--dark: scxml has no colours; use it with svg, dot"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
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


def test_a_missing_extra_is_one_line(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openline_diagrams.render, "_PACKAGE", "graphviz-pure-that-is-not-there")
    assert run() == 1
    out, err = capsys.readouterr()
    assert not out
    assert "is not installed: pip install 'openline[diagrams]'\n" in err
