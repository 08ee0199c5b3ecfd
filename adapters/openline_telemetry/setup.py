"""Where telemetry meets the world: providers, the calendar and the environment.

The API of OpenTelemetry alone is needed. Where an app configures no SDK, its providers do nothing
and cost little. What a session exports goes where the app's SDK sends it; openline configures none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cache

from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from openline_driver.version import version
from openline_telemetry.instruments import Instruments
from openline_telemetry.names import OPT_IN, OPT_IN_VARIABLE, SCOPE
from openline_telemetry.observer import TelemetryObserver
from openline_telemetry.tracing import Tracing
from openline_telemetry.wall import Wall

__all__ = ["SAMPLE_EVERY", "Telemetry", "telemetry"]

#: Seconds between two looks at a session's amounts of audio: more often than metrics are scraped.
SAMPLE_EVERY = 5.0


class Telemetry:
    """What the sessions of a process share: a tracer, the instruments, the options.

    ``tracer_provider`` and ``meter_provider`` are those of OpenTelemetry; None: the app's global
    ones. ``drafts``: export the names of draft conventions besides; None: as the environment
    says, where ``OTEL_SEMCONV_STABILITY_OPT_IN`` holds ``gen_ai_latest_experimental``.
    ``epoch_ns`` tells the time of the calendar, in nanoseconds since the epoch. ``sample_every``:
    seconds between two looks at a session's amounts of audio, above 0.

    Raises ValueError for a ``sample_every`` that is not above 0.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        drafts: bool | None = None,
        epoch_ns: Callable[[], int] = time.time_ns,
        sample_every: float = SAMPLE_EVERY,
    ) -> None:
        if not sample_every > 0:
            raise ValueError(f"sample_every is {sample_every!r}: it takes seconds above 0")
        number = version()
        self._tracer = trace.get_tracer(SCOPE, number, tracer_provider)
        self._instruments = Instruments(metrics.get_meter(SCOPE, number, meter_provider))
        self._drafts = _wants_drafts() if drafts is None else drafts
        self._epoch_ns = epoch_ns
        self._sample_every = sample_every

    def observer(self) -> TelemetryObserver:
        """The observer of one session: make a new one for each."""
        tracing = Tracing(self._tracer, Wall(self._epoch_ns), drafts=self._drafts)
        return TelemetryObserver(self._instruments, tracing, sample_every=self._sample_every)


def telemetry() -> TelemetryObserver:
    """The observer of one session, by the app's global providers: make a new one for each."""
    return _shared().observer()


@cache
def _shared() -> Telemetry:
    return Telemetry()


def _wants_drafts() -> bool:
    """Whether the environment opts in to drafts."""
    given = os.environ.get(OPT_IN_VARIABLE, "").split(",")
    return OPT_IN in {each.strip() for each in given}
