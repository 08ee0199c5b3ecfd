"""What telemetry costs a session: the CPU of sessions with it, beside the same without.

    python -m bench.telemetry                     # 20 sessions of 12 s on asyncio, 5 rounds
    python -m bench.telemetry --seconds 60 --rounds 1

The frames of all sessions are due at the same moments, so that a turn of the loop sends one of
each. Sessions that begin by themselves need a turn for each frame: they cost twice as much, and
telemetry costs the same, so its share is the half.

The sessions go to ``openline serve`` with the recogniser ``echo`` in a process of its own: a
partial a second, and a final every three. With telemetry and without take turns, and the ratio is
that of a round. The CPU is that of the whole process, from before the first dial to the last end,
with the threads of OpenTelemetry's SDK. What these hand on is thrown away: what an exporter costs
depends on which one it is. It prints, and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from bench.ratios import figure
from openline import Backend, Ended
from openline.observer import Observer
from openline_asyncio import open_session
from openline_asyncio.sources.runtime import ASYNCIO
from openline_audio.pace import Pace
from openline_audio.source import SAMPLE_RATE, Sink
from openline_telemetry import Telemetry

#: Gives the observers of one session.
Observe = Callable[[], Sequence[Observer]]
_FRAME: Final = bytes(2 * SAMPLE_RATE // 50)
#: Seconds of the sessions that are not counted.
_WARM: Final = 2.0
#: Seconds from one dial to the next, before the audio of all begins.
_DIALLING: Final = 0.03
_HOST: Final = "ws://127.0.0.1:"


class _Spans(SpanExporter):
    """Throws spans away."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002  # as its base has it
        return SpanExportResult.SUCCESS


class _Metrics(MetricExporter):
    """Throws metrics away."""

    def export(self, *_given: object, **_options: object) -> MetricExportResult:
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 0) -> bool:  # noqa: ARG002  # as its base has it
        return True

    def shutdown(self, timeout_millis: float = 0, **_options: object) -> None:
        pass


class _Speech:
    """A sound that never pauses, in frames of 20 ms."""

    may_pause = False

    def __init__(self, seconds: float, start: float) -> None:
        self.duration, self._start = seconds, start

    async def run(self, sink: Sink) -> None:
        await asyncio.sleep(self._start - ASYNCIO.now())
        pace = Pace(ASYNCIO, sink, start=self._start, speed=1.0, waits=False)
        for _ in range(round(self.duration * 50)):
            await pace.deliver(_FRAME)


async def session(url: str, seconds: float, observe: Observe, start: float) -> None:
    """One session, whose audio begins at ``start``; RuntimeError if a sample is missing."""
    source: Any = _Speech(seconds, start)
    to = Backend.from_url(url)
    async with open_session(to, {"mic": source}, observers=observe()) as opened:
        async for update in opened:
            if isinstance(update, Ended) and not update.complete:
                raise RuntimeError(f"a session ended incomplete: {update.reason}")


def cost(url: str, sessions: int, seconds: float, observe: Observe) -> float:
    """Milliseconds of CPU for each second of one session, with its beginning and its end."""

    async def all_of_them() -> None:
        start = ASYNCIO.now() + _DIALLING * sessions
        async with asyncio.TaskGroup() as group:
            for _ in range(sessions):
                group.create_task(session(url, seconds, observe, start))
                await asyncio.sleep(_DIALLING)

    before = time.process_time()
    asyncio.run(all_of_them())
    return (time.process_time() - before) / (sessions * seconds) * 1000


@contextmanager
def backend(sessions: int) -> Generator[str]:
    """The address of a backend in a process of its own."""
    options = ["--port", "0", "--recognizer", "echo", "--max-sessions", str(sessions + 1)]
    command = [sys.executable, "-m", "openline_cli", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as there:
        try:
            assert there.stdout is not None  # noqa: S101  # requested as a pipe
            for line in there.stdout:
                if _HOST in line:
                    yield _HOST + line.split(_HOST)[1].split()[0]
                    return
            raise RuntimeError("bench: the backend did not start")
        finally:
            there.terminate()


@contextmanager
def exporting() -> Generator[Observe]:
    """Telemetry by the SDK, as a service sets it up."""
    spans, metrics = TracerProvider(), MeterProvider([PeriodicExportingMetricReader(_Metrics())])
    spans.add_span_processor(BatchSpanProcessor(_Spans()))
    telemetry = Telemetry(tracer_provider=spans, meter_provider=metrics)
    yield lambda: [telemetry.observer()]
    spans.shutdown()
    metrics.shutdown()


def main(arguments: list[str]) -> None:
    """Measure. Raises SystemExit(2) for a usage error."""
    parser = argparse.ArgumentParser(prog="python -m bench.telemetry", allow_abbrev=False)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(arguments)
    with backend(asked.sessions) as url, exporting() as observe:
        ways: list[Observe] = [observe, tuple]
        for way in ways:  # imports, and what is made once
            cost(url, asked.sessions, _WARM, way)
        rounds: list[tuple[float, float]] = []
        for _ in range(asked.rounds):
            costs = {way: cost(url, asked.sessions, asked.seconds, way) for way in ways}
            ways.reverse()
            rounds.append((costs[observe], costs[tuple]))
            print(f"  {costs[observe]:.3f} with, {costs[tuple]:.3f} without", flush=True)
    print(figure("with telemetry", "without", "ms a session-second", rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
