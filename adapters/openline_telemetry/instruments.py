"""The metrics of ``names`` as instruments of a meter: made once, for all sessions of a process."""

from __future__ import annotations

from opentelemetry.metrics import Counter, Histogram, Meter, UpDownCounter

from openline_telemetry.names import METRICS, Kind, Metric


class Instruments:
    """Measures for all sessions."""

    __slots__ = ("_instruments",)

    def __init__(self, meter: Meter) -> None:
        self._instruments = {name: _instrument(meter, metric) for name, metric in METRICS.items()}

    def measure(self, metric: Metric, value: float, labels: dict[str, str]) -> None:
        """Add ``value`` to a counter or level, or note it in a histogram.

        ``labels`` are those of ``metric``; one without a value is left out.
        """
        instrument = self._instruments[metric.name]
        if isinstance(instrument, Histogram):
            instrument.record(value, labels)
        else:
            instrument.add(value, labels)


def _instrument(meter: Meter, metric: Metric) -> Counter | UpDownCounter | Histogram:
    given = {"unit": metric.unit, "description": metric.about}
    if metric.kind is Kind.COUNTER:
        return meter.create_counter(metric.name, **given)
    if metric.kind is Kind.LEVEL:
        return meter.create_up_down_counter(metric.name, **given)
    return meter.create_histogram(
        metric.name, **given, explicit_bucket_boundaries_advisory=metric.bounds
    )
