"""The metrics of ``names`` as instruments of a meter: made once, for all sessions of a process.

What is counted is added up here, and the meter asks for the sums when it exports: an addition to an
instrument of the SDK costs twenty times as much, and a session makes two a second. Histograms are
the SDK's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from threading import Lock
from typing import TypeAlias

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from openline_telemetry.names import METRICS, Kind, Metric

#: The labels and their values.
_Labels: TypeAlias = tuple[tuple[str, str], ...]


class Instruments:
    """Measures for all sessions, in any thread."""

    __slots__ = ("_histograms", "_lock", "_sums")

    def __init__(self, meter: Meter) -> None:
        self._lock = Lock()
        self._sums: dict[str, dict[_Labels, float]] = {}
        self._histograms: dict[str, Histogram] = {}
        for name, metric in METRICS.items():
            if metric.kind is Kind.HISTOGRAM:
                self._histograms[name] = _histogram(meter, metric)
            else:
                self._sums[name] = defaultdict(float)
                _observe(meter, metric, partial(self._tell, self._sums[name]))

    def measure(self, metric: Metric, value: float, labels: dict[str, str]) -> None:
        """Add ``value`` to a counter or level, or note it in a histogram.

        ``labels`` are those of ``metric``; one without a value is left out.
        """
        if metric.kind is Kind.HISTOGRAM:
            self._histograms[metric.name].record(value, labels)
            return
        key = tuple(labels.items())
        with self._lock:
            self._sums[metric.name][key] += value

    def _tell(self, sums: dict[_Labels, float], _options: CallbackOptions) -> Iterable[Observation]:
        """The sums of one metric, for an export."""
        with self._lock:
            found = [*sums.items()]
        return [Observation(value, dict(labels)) for labels, value in found]


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name,
        unit=metric.unit,
        description=metric.about,
        explicit_bucket_boundaries_advisory=metric.bounds,
    )


def _observe(
    meter: Meter, metric: Metric, tell: Callable[[CallbackOptions], Iterable[Observation]]
) -> None:
    """Have ``meter`` ask for the sums of ``metric``."""
    level = metric.kind is Kind.LEVEL
    make = meter.create_observable_up_down_counter if level else meter.create_observable_counter
    make(metric.name, [tell], unit=metric.unit, description=metric.about)
