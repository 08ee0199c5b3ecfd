"""The dashboard asks for what a session exports, by the names that Prometheus gives it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import HistogramDataPoint

from openline import events as e
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline_telemetry.names import METRICS, WITHDRAWN, Kind, Metric
from tests.docs.pages import ROOT
from tests.telemetry.support import Told

DASHBOARD = files("openline_telemetry") / "data" / "grafana.json"
STACK = ROOT / "docs" / "howto" / "telemetry"
#: The units of UCUM that Prometheus spells out; it leaves out those in braces.
UNITS = {"s": "_seconds"}
#: ``name{labels}`` or ``label_values(name, label)``.
SELECTOR = re.compile(r"(openline_\w+)\{([^}]*)\}")
GROUPED = re.compile(r"by \(([^)]*)\)")
LABEL = re.compile(r"(\w+)(?:=~|!~|!=|=)\"")
VALUES = re.compile(r"label_values\((\w+), (\w+)\)")


def in_prometheus(metric: Metric) -> set[str]:
    """The names of a metric's series (OpenTelemetry: Prometheus and OpenMetrics compatibility)."""
    name = metric.name.replace(".", "_") + UNITS.get(metric.unit, "")
    match metric.kind:
        case Kind.COUNTER:
            return {f"{name}_total"}
        case Kind.HISTOGRAM:
            return {f"{name}_{part}" for part in ("bucket", "sum", "count")}
        case Kind.LEVEL:
            return {name}


def exported() -> dict[str, set[str]]:
    """The labels of each series that sessions export, of those that live through much."""
    told = Told(sample_every=0.5)
    drive = told.drive().stream()
    drive.speak(2.0)
    drive.partial(0.0, 0.5)
    drive.final(0.0, 1.0, "three small words")
    drive.say("no such message")
    drive.feed(e.MessageReceived(drive.core.dial, "{"))
    drive.lose(1001)
    drive.redial()
    drive.connect()
    drive.speak(1.0)
    drive.feed(e.CaptureHole("mic", 1600))
    drive.speak(0.1)
    drive.abort()
    lost = told.drive(policy=Policy(give_up_after=5.0)).stream()
    lost.speak(1.0)
    lost.lose()
    while not lost.core.ended:
        lost.lose(error=ErrorKind.REFUSED) if lost.state == "connecting" else lost.tick()
    found: dict[str, set[str]] = {  # no session here withdraws a gap: see test_journals
        series: {label.replace(".", "_") for label in WITHDRAWN.labels}
        for series in in_prometheus(WITHDRAWN)
    }
    for name, points in told.points().items():
        for point in points:
            labels = {label.replace(".", "_") for label in point.attributes or {}}
            labels |= {"le"} if isinstance(point, HistogramDataPoint) else set()
            for series in in_prometheus(METRICS[name]):
                found.setdefault(series, set()).update(labels)
    return found


def expressions() -> Iterator[str]:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def asked(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The series that an expression selects, each with the labels that it needs."""
    grouped = {each.strip() for group in GROUPED.findall(expression) for each in group.split(",")}
    for series, labels in SELECTOR.findall(expression):
        yield series, set(LABEL.findall(labels)) | grouped


SESSIONS = exported()


@pytest.mark.parametrize("expression", [*expressions()])
def test_the_dashboard_asks_for_what_is_exported(expression: str) -> None:
    selected = [*asked(expression)]
    assert len(selected) == expression.count("openline_") - len(
        re.findall(r"openline_(?:dialect|session_end|outcome|gap_cause|trouble_kind)\b", expression)
    )
    for series, labels in selected:
        assert series in SESSIONS, series
        assert labels <= SESSIONS[series], series


def test_the_dashboard_shows_each_metric() -> None:
    shown = {series for expression in expressions() for series, _ in asked(expression)}
    assert [name for name, metric in METRICS.items() if not shown & in_prometheus(metric)] == []


def test_the_variables_are_of_series_that_are_exported() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    queries = [
        each["query"]["query"]
        for each in dashboard["templating"]["list"]
        if each["type"] == "query"
    ]
    pairs = [pair for query in queries for pair in VALUES.findall(query)]
    assert pairs
    for series, label in pairs:
        assert label in SESSIONS[series]


def test_panels_lie_side_by_side() -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}
    assert len(places) == len(panels) == len({each["id"] for each in panels})
    assert all(each["gridPos"]["x"] + each["gridPos"]["w"] <= 24 for each in panels)


def test_each_file_that_the_stack_mounts_is_there() -> None:
    text = (STACK / "compose.yaml").read_text("utf-8")
    mounted = re.findall(r"(\.[./\w]+):/[\w./]+:ro", text)
    assert len(mounted) == 6
    for each in mounted:
        assert (STACK / each).resolve().is_file(), each
