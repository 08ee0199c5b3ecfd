"""Providers, the environment, and what is missing."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

import openline_telemetry
from openline_telemetry import Telemetry, TelemetryObserver, telemetry
from openline_telemetry.names import OPT_IN_VARIABLE, SCOPE
from tests.core.driver import Drive
from tests.telemetry.support import Told


@pytest.mark.parametrize(
    ("given", "opted"),
    [
        ("", False),
        ("gen_ai_latest_experimental", True),
        ("http, gen_ai_latest_experimental", True),
        ("gen_ai", False),
    ],
)
def test_the_environment_opts_in_to_drafts(
    monkeypatch: pytest.MonkeyPatch, given: str, opted: bool
) -> None:
    monkeypatch.setenv(OPT_IN_VARIABLE, given)
    told = Told(drafts=None)
    told.drive().stop()
    (session,) = told.spans_out.get_finished_spans()
    assert ("gen_ai.conversation.id" in (session.attributes or {})) is opted


def test_without_a_sdk_a_session_is_watched_all_the_same() -> None:
    observer = telemetry()
    drive = Drive(observers=[observer]).stream()
    drive.speak(1.0)
    drive.abort()
    assert isinstance(observer, TelemetryObserver)
    assert drive.core.observer_errors == ()
    assert telemetry() is not observer


def test_many_sessions_share_the_instruments(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            told.drive().stop()
    # Exporters of other tests may still be at their last try, in threads of their own.
    assert [each for each in caplog.records if "exporter" not in each.name] == []
    (scope,) = {span.instrumentation_scope.name for span in told.spans_out.get_finished_spans()
                if span.instrumentation_scope}  # fmt: skip
    assert scope == SCOPE


@pytest.mark.parametrize("every", [0.0, -1.0, float("nan")])
def test_the_time_between_two_looks_is_above_zero(every: float) -> None:
    with pytest.raises(ValueError, match="it takes seconds above 0"):
        Telemetry(sample_every=every)


def test_the_package_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import openline_telemetry\n"
        "try:\n    openline_telemetry.telemetry\n"
        "except ModuleNotFoundError as error:\n    print(*error.__notes__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == 'telemetry needs another package: pip install "openline[otel]"\n'


def test_the_package_lists_its_names() -> None:
    assert {"Telemetry", "TelemetryObserver", "telemetry"} <= set(dir(openline_telemetry))
