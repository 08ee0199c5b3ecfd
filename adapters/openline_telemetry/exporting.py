"""An SDK of OpenTelemetry for one command, set up from its own environment variables.

A program that uses the library brings an SDK of its own; a command has none. So this makes one, of
the SDK's public parts: a provider for traces and one for metrics, with the exporters that the
variables of the specification name (SDK environment variables, OpenTelemetry 1.x)::

    OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER    otlp (the default), console, none; several
    OTEL_EXPORTER_OTLP_PROTOCOL, …_TRACES_PROTOCOL    http/protobuf (the default), grpc
    OTEL_EXPORTER_OTLP_ENDPOINT, …_HEADERS, OTEL_SERVICE_NAME, …    read by the SDK itself

Exporters are found by their entry points, as the SDK's own configurator finds them. What they log
is kept: a command says at its end how often an export failed, and not in the middle of a session.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from openline_telemetry.observer import TelemetryObserver
from openline_telemetry.setup import Telemetry

#: Seconds in which the last of it has to be exported.
PATIENCE: Final = 5.0
_SERVICE: Final = "openline"
_PROTOCOLS: Final = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_PACKAGES: Final = {
    "otlp_proto_http": "openline[otlp]",
    "otlp_proto_grpc": "opentelemetry-exporter-otlp-proto-grpc",
    "prometheus": "opentelemetry-exporter-prometheus",
}


class ExportError(ValueError):
    """The environment asks for what is not there; one line."""


class Exporting:
    """Exports the sessions of a command. Raises ExportError for what the environment asks.

    ``environ`` is the environment, from which the SDK reads the rest by itself.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        spans = [_made(environ, "TRACES", name) for name in _names(environ, "TRACES")]
        metrics = [_made(environ, "METRICS", name) for name in _names(environ, "METRICS")]
        resource = Resource.create(_resource(environ))
        self._failures = _Failures()
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        for each in spans:
            self._tracers.add_span_processor(BatchSpanProcessor(each))
        self._meters = MeterProvider(
            metric_readers=[
                each if isinstance(each, MetricReader) else PeriodicExportingMetricReader(each)
                for each in metrics
            ],
            resource=resource,
            shutdown_on_exit=False,
        )
        self._telemetry = Telemetry(tracer_provider=self._tracers, meter_provider=self._meters)

    def observer(self) -> TelemetryObserver:
        """The observer of one session: make a new one for each."""
        return self._telemetry.observer()

    def close(self, patience: float = PATIENCE) -> str:
        """Export what is left, for ``patience`` seconds at most; what went wrong, or nothing."""
        closing = threading.Thread(target=self._close, name="openline-otel", daemon=True)
        closing.start()
        closing.join(patience)
        is_late = closing.is_alive()
        count = self._failures.end()
        if not (is_late or count):
            return ""
        failed = f"an export failed ({count})" if count else "not all could be exported in time"
        return f"{failed}: look at the OTEL_ variables, and whether a collector listens there"

    def _close(self) -> None:
        self._tracers.shutdown()
        self._meters.shutdown()


class _Failures(logging.Handler):
    """Counts what the SDK and its exporters warn of, and keeps it from the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._log = logging.getLogger("opentelemetry")
        self._did_propagate = self._log.propagate
        self._count = 0
        self._log.addHandler(self)
        self._log.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Count it. Its text may hold an address with a secret, so it is not kept."""
        del record
        self._count += 1

    def end(self) -> int:
        """Let the log be as it was; how often something failed."""
        self._log.removeHandler(self)
        self._log.propagate = self._did_propagate
        self.close()
        return self._count


def _names(environ: Mapping[str, str], signal: str) -> list[str]:
    """The exporters of a signal, by their names in the specification."""
    given = environ.get(f"OTEL_{signal}_EXPORTER", "").strip() or "otlp"
    names = [each.strip() for each in given.split(",") if each.strip()]
    return [each for each in names if each != "none"]


def _made(environ: Mapping[str, str], signal: str, name: str) -> Any:
    """A new exporter. Raises ExportError."""
    variable = f"OTEL_{signal}_EXPORTER"
    found = name
    if name == "otlp":
        for variable in (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
            if protocol := environ.get(variable, "").strip():
                break
        else:
            protocol = "http/protobuf"
        if protocol not in _PROTOCOLS:
            raise ExportError(f"{variable}: give {' or '.join(_PROTOCOLS)}")
        found = _PROTOCOLS[protocol]
    group = f"opentelemetry_{signal.lower()}_exporter"
    for entry in entry_points(group=group, name=found):
        try:
            make: Callable[[], Any] = entry.load()
            return make()
        except Exception as error:
            kind = type(error).__name__
            raise ExportError(f"{variable}: the exporter {found} cannot be made: {kind}") from error
    how = f": pip install '{_PACKAGES[found]}'" if found in _PACKAGES else ""
    raise ExportError(f"{variable}: no package here has the exporter {name}{how}")


def _resource(environ: Mapping[str, str]) -> dict[str, str]:
    """What the environment does not say of this program."""
    said = environ.get("OTEL_SERVICE_NAME", "")
    listed = environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    named = any(each.partition("=")[0].strip() == SERVICE_NAME for each in listed)
    return {} if said or named else {SERVICE_NAME: _SERVICE}
