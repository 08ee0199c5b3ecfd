"""The inspector's drawings have the places of the chart, and name every state and edge."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from openline.session import TABLE
from openline_diagrams import DARK, LIGHT, model
from openline_diagrams.chart.layout import layout
from openline_diagrams.chart.places import WIDTH
from openline_inspect.drawing import NARROW, chart_map, colours, tables, whole_chart

DRAWN = {"map": chart_map(TABLE), "chart": whole_chart(TABLE)}
MODEL = model(TABLE)


def parsed(name: str) -> ET.Element:
    return ET.fromstring(DRAWN[name])  # noqa: S314  # our own text


@pytest.fixture(params=DRAWN)
def root(request: pytest.FixtureRequest) -> ET.Element:
    return parsed(request.param)


def named(root: ET.Element, name: str) -> list[str]:
    return [each.attrib[name] for each in root.iter() if name in each.attrib]


def test_each_state_is_drawn_once_and_each_edge_at_least_once(root: ET.Element) -> None:
    assert Counter(named(root, "data-state")) == Counter([*MODEL.boxes])
    assert set(named(root, "data-edge")) == {str(at) for at in range(len(MODEL.edges))}


def test_boxes_of_the_chart_stand_where_the_layout_has_them() -> None:
    places = {name: panel.place for name, panel in layout(MODEL).panels.items()}
    for part in parsed("chart").iter():
        if name := part.attrib.get("data-state"):
            box = part.findall("rect")[-1].attrib
            got = [float(box[key]) for key in ("x", "y", "width", "height")]
            assert got == pytest.approx(list(places[name]), rel=1e-3)


def test_the_map_is_narrow_and_its_words_are_few() -> None:
    drawn = parsed("map")
    assert float(drawn.attrib["viewBox"].split()[2]) == WIDTH * NARROW
    assert len("".join(drawn.itertext())) < len("".join(parsed("chart").itertext())) / 5


def test_every_event_guard_and_action_stands_in_the_chart() -> None:
    text = "".join(parsed("chart").itertext())
    for events in TABLE.values():
        for rows in events.values():
            for row in rows:
                for word in (row.event, row.guard_name, *row.on_names):
                    assert word in text


def test_each_transition_knows_its_edge() -> None:
    known = tables(TABLE)
    for _, source, _, _, _, target, edge in known["rows"]:
        if not target:
            assert edge == -1
            continue
        tail, head = known["edges"][edge]
        assert head == target
        assert source in MODEL.groups.get(tail, (tail,))


def test_colours_are_those_of_the_theme_in_light_and_dark() -> None:
    light, media, dark = colours().strip().split("\n")
    for text, palette in ((light, LIGHT), (media, DARK), (dark, DARK)):
        for role, ink in palette.roles.items():
            assert f"--{role.name.lower()}-line:{ink.line};" in text
    assert "prefers-color-scheme:dark" in media


def test_no_drawing_has_a_style_or_a_script() -> None:
    for text in DRAWN.values():
        assert not re.search(r"\bstyle=|<script|\bon\w+=|href", text)
