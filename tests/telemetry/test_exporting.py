"""What a command exports: to whom its environment says, and no longer than it may take."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time

import pytest

from openline_cli.main import main
from openline_telemetry.exporting import ExportError, Exporting
from openline_testing.background import BackgroundBackend
from tests.core.driver import Drive
from tests.telemetry.support_collector import collecting


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def play(exporting: Exporting) -> None:
    """A short session."""
    drive = Drive(observers=[exporting.observer()]).stream()
    drive.speak(1.0)
    drive.abort()


def exporting(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Exporting:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Exporting(os.environ)


@pytest.mark.parametrize("named", ["", "otlp", "otlp, none"])
def test_a_collector_gets_the_trace_and_the_metrics(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    with collecting() as collector:
        one = exporting(
            monkeypatch,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_TRACES_EXPORTER=named,
        )
        play(one)
        assert one.close() == ""
        assert {"openline.session", "openline.dial"} <= set(collector.spans())
        assert {"openline.sessions", "openline.audio.captured"} <= collector.metrics()
        assert collector.services() == {"openline"}


@pytest.mark.parametrize(
    "variables",
    [{"OTEL_SERVICE_NAME": "line"}, {"OTEL_RESOURCE_ATTRIBUTES": "a=b, service.name=line"}],
)
def test_the_service_is_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    with collecting() as collector:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_METRICS_EXPORTER": "none"}
        one = exporting(monkeypatch, **where, **variables)
        play(one)
        assert one.close() == ""
        assert collector.services() == {"line"}
        assert collector.metrics() == set()


def test_none_exports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        one = exporting(
            monkeypatch,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="none",
        )
        play(one)
        assert one.close() == ""
        assert collector.bodies == []


def test_a_collector_that_refuses_is_told_once_and_quietly(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with collecting(status=401) as collector:
        address = f"{collector.endpoint}/?key=hush"
        one = exporting(monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=address)
        play(one)
        told = one.close()
    assert told.startswith("an export failed (")
    assert "hush" not in told
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("opentelemetry").propagate is True
    assert logging.getLogger("opentelemetry").handlers == []


def test_a_collector_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting(hangs=True) as collector:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_METRICS_EXPORTER": "none"}
        one = exporting(monkeypatch, **where, OTEL_EXPORTER_OTLP_TIMEOUT="2")
        play(one)
        began = time.monotonic()
        told = one.close(patience=0.2)
        assert time.monotonic() - began < 30  # the SDK's own patience is longer
    assert told.startswith("not all could be exported in time: look at the OTEL_ variables")


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"OTEL_TRACES_EXPORTER": "jaeger"},
            "OTEL_TRACES_EXPORTER: no package here has the exporter jaeger",
        ),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL: no package here has the exporter otlp: "
                "pip install 'opentelemetry-exporter-otlp-proto-grpc'"
            ),
        ),
        (
            {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "smoke"},
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: give http/protobuf or grpc",
        ),
    ],
)
def test_what_the_environment_asks_and_nobody_has(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    line: str,
) -> None:
    with pytest.raises(ExportError) as told:
        exporting(monkeypatch, **variables)
    assert str(told.value) == line
    assert main(["stream", "tests/data/goforward.wav", "--otel"]) == 2
    assert capsys.readouterr() == ("", f"openline: --otel: {line}\n")


def test_without_the_packages_one_line_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['opentelemetry.sdk'] = None; from openline_cli.main import main;"
        "sys.exit(main(['stream', 'tests/data/goforward.wav', '--otel']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    said = "openline: opentelemetry is not installed: pip install 'openline[otlp]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_the_command_exports_its_session(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with collecting() as collector, BackgroundBackend() as backend:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        url = backend.backend.url
        words = ["stream", "tests/data/goforward.wav", "--url", url, "--speed", "20", "--otel"]
        assert main(words) == 0
        assert "--otel" not in capsys.readouterr().err
        assert "openline.session" in collector.spans()
        assert "openline.sessions" in collector.metrics()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    assert main([*words, "--policy", "max_attempts=0"]) != 0  # nobody is there
    assert "--otel: an export failed" in capsys.readouterr().err
