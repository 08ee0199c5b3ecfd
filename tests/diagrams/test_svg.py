"""DOT made SVG: nothing lost, nothing that depends on a font or a machine."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from openline.session import TABLE
from openline_diagrams import DARK, DrawingError, dot, model, svg
from openline_diagrams.chart.layout import layout
from openline_diagrams.chart.places import WIDTH

DRAWING = model(TABLE)
DOT = dot(DRAWING)
SVG = svg(DOT, title="states & ways")
NS = {"svg": "http://www.w3.org/2000/svg"}


ROOT = ET.fromstring(SVG)  # noqa: S314 -- made by ourselves


def texts() -> list[str]:
    found = ("".join(text.itertext()) for text in ROOT.iterfind(".//svg:text", NS))
    return [text.replace("\N{NO-BREAK SPACE}", " ").rstrip() for text in found]


def test_every_row_of_the_drawing_is_one_text() -> None:
    sheet = layout(DRAWING)
    rows = [row for panel in sheet.panels.values() for part in panel.parts for row in part]
    rows += [row for text in sheet.texts for row in text.rows if row]
    expected = ["".join(span.text for span in row) for row in rows]
    expected += [*sheet.panels, *sheet.frames]
    assert sorted(texts()) == sorted(expected)


def test_it_has_a_size_a_title_and_fonts_that_stand_in_for_each_other() -> None:
    assert ROOT.get("viewBox") == f"0 0 {WIDTH:g} {layout(DRAWING).height}"
    assert ROOT.get("role") == "img"
    assert [title.text for title in ROOT.iterfind(".//svg:title", NS)] == ["states & ways"]
    assert ROOT.get("font-family", "").endswith("sans-serif")
    assert SVG.count("font-family") == 1


def test_svg_loads_nothing_from_elsewhere() -> None:
    assert not re.search(r"href|url\(|@import|<script|<image", SVG)


def test_the_same_drawing_is_the_same_text() -> None:
    assert svg(DOT, title="states & ways") == SVG
    assert svg(dot(DRAWING, DARK), title="states & ways") != SVG


def test_a_drawing_without_a_size_is_refused() -> None:
    with pytest.raises(DrawingError, match='give the graph bb="0,0,width,height"'):
        svg("digraph { a }", title="")


def test_graphviz_error_is_one_line() -> None:
    with pytest.raises(DrawingError, match=r"graphviz-pure cannot draw this: .*syntax") as caught:
        svg('digraph { graph [bb="0,0,10,10"] a -> -> b }', title="")
    assert "\n" not in str(caught.value)


def test_missing_extra_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(DrawingError, match=r"not installed: pip install 'openline\[diagrams\]'"):
        svg(DOT, title="")


def test_missing_or_hanging_program_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        stem = "graphviz-pure"

        def locate(self) -> Path:
            return Path("no/such/program")

    def files(name: str) -> list[Gone]:
        return [Gone()]

    with monkeypatch.context() as patch:
        patch.setattr(metadata, "files", files)
        with pytest.raises(DrawingError, match="does not run: No such file"):
            svg(DOT, title="")

    def hang(*args: Any, **options: Any) -> Any:
        raise subprocess.TimeoutExpired(["x"], options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(DrawingError, match="took more than 60 s"):
        svg(DOT, title="")
