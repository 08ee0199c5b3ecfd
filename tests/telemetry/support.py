"""A session in a test's hands whose telemetry stays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from openline_telemetry import Telemetry
from openline_telemetry.names import Metric
from tests.core.driver import Drive

#: The calendar of the tests, in nanoseconds: it stands.
EPOCH = 1_800_000_000_000_000_000
NANO = 1_000_000_000


class Told:
    """What a process exports. ``calendar`` is the time that its clock tells."""

    def __init__(self, **options: Any) -> None:
        self.spans_out = InMemorySpanExporter()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.spans_out))
        self.reader = InMemoryMetricReader()
        self.calendar = EPOCH
        self.telemetry = Telemetry(
            tracer_provider=tracers,
            meter_provider=MeterProvider([self.reader]),
            epoch_ns=lambda: self.calendar,
            **{"drafts": False, **options},
        )

    def drive(self, **options: Any) -> Drive:
        """A new session that is watched."""
        return Drive(observers=[self.telemetry.observer()], **options)

    def spans(self, name: str) -> list[ReadableSpan]:
        return [each for each in self.spans_out.get_finished_spans() if each.name == name]

    def points(self) -> dict[str, list[NumberDataPoint | HistogramDataPoint]]:
        """All that was measured so far, by the name of the metric."""
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: [
                point
                for point in metric.data.data_points
                if isinstance(point, NumberDataPoint | HistogramDataPoint)
            ]
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def sums(self, metric: Metric, *labels: str) -> dict[tuple[str, ...], float]:
        """What a metric adds up to, by the values of some labels."""
        found: dict[tuple[str, ...], float] = {}
        for point in self.points().get(metric.name, []):
            key = tuple(str((point.attributes or {}).get(label, "")) for label in labels)
            value = point.sum if isinstance(point, HistogramDataPoint) else point.value
            found[key] = found.get(key, 0) + value
        return found


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    return span.attributes or {}


def events(span: ReadableSpan, name: str) -> list[Mapping[str, Any]]:
    return [each.attributes or {} for each in span.events if each.name == name]


def seconds(span: ReadableSpan) -> float:
    """How long a span took."""
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / NANO
