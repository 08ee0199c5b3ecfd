"""Metrics and traces of sessions, by OpenTelemetry.

``telemetry()`` gives the observer of one session. ``names`` has every name that is exported, once;
``labels`` keeps the values of labels few. ``observer`` turns what a session does into spans and
measurements: its dials (``dials``), its turns (``turns``) and its amounts of audio (``amounts``).
``instruments`` and ``tracing`` are the two ways out. ``wall`` maps the session's clock to the
calendar. ``setup`` takes the providers, the clock and the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openline_driver.exports import Exports

if TYPE_CHECKING:
    from openline_telemetry.observer import TelemetryObserver
    from openline_telemetry.setup import Telemetry, telemetry

__all__ = ["Telemetry", "TelemetryObserver", "telemetry"]

_EXPORTS = Exports(
    __name__,
    {
        "openline_telemetry.observer": ("TelemetryObserver",),
        "openline_telemetry.setup": ("Telemetry", "telemetry"),
    },
    extra=("opentelemetry",),
    needs='telemetry needs another package: pip install "openline[otel]"',
)
__getattr__ = _EXPORTS.get
__dir__ = _EXPORTS.names(globals(), __all__)
