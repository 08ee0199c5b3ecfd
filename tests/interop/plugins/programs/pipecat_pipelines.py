"""Pipelines of Pipecat with our service; prints what came out, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import wave

import numpy as np
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    MetricsFrame,
    StartFrame,
    STTMuteFrame,
    STTUpdateSettingsFrame,
    TranscriptionFrame,
)
from pipecat.metrics.metrics import STTUsageMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.settings import STTSettings
from pipecat.workers.runner import WorkerRunner

from openline import Backend, Policy
from openline.dialects.deepgram import Deepgram
from openline.dialects.registry import DEFAULT
from openline_pipecat import OpenlineSTTService


class Collector(FrameProcessor):
    """Keeps what passes."""

    def __init__(self):
        super().__init__()
        self.frames = []

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        await self.push_frame(frame, direction)


def pcm(rate=16_000, channels=1):
    with wave.open(RECORDING, "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    times = np.arange(len(samples) * rate // 16_000) * 16_000 / rate
    other = np.interp(times, np.arange(len(samples)), samples).astype("<i2")
    return np.repeat(other, channels).tobytes()


async def play(
    service,
    *,
    rate=16_000,
    channels=1,
    before=(),
    end=EndFrame,
    steps=None,
    cancels=False,
    goes_on=False,
):
    """Stream the recording through a pipeline with ``service``; all frames that came out."""
    source, sink = Collector(), Collector()
    pipeline = Pipeline([source, service, sink])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=16_000, enable_usage_metrics=True),
        cancel_on_idle_timeout=False,
    )
    events = []
    for name in ("on_connected", "on_disconnected", "on_connection_error"):
        service.add_event_handler(name, note(events, name))

    async def feed():
        for frame in before:
            await worker.queue_frame(frame)
        data, size = pcm(rate, channels), rate // 50 * 2 * channels
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            await worker.queue_frame(InputAudioRawFrame(piece, rate, channels))
            await asyncio.sleep(0.005)
            if steps is not None and at == size * 60:
                for frame in steps:
                    await worker.queue_frame(frame)
        await worker.queue_frame(end())
        if goes_on:  # audio overtakes the end
            while not any(isinstance(each, EndFrame) for each in sink.frames):
                await source.push_frame(InputAudioRawFrame(bytes(640), 16_000, 1))
                await asyncio.sleep(0)
        if cancels:
            await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), feed())
    texts = [each.text for each in sink.frames if isinstance(each, TranscriptionFrame)]
    errors = [each for each in source.frames if isinstance(each, ErrorFrame)]
    metrics = [d for each in sink.frames if isinstance(each, MetricsFrame) for d in each.data]
    usage = [each for each in metrics if isinstance(each, STTUsageMetricsData)]
    return {
        "texts": texts,
        "interim": sum(isinstance(each, InterimTranscriptionFrame) for each in sink.frames),
        "errors": [each.error for each in errors],
        "usable": service.is_usable,
        "events": events,
        "tasks": sorted(t.get_name() for t in asyncio.all_tasks() if "openline" in t.get_name()),
        "usage": sum(each.value.audio_seconds for each in usage),
        "starts": [
            each.result.start for each in sink.frames if isinstance(each, TranscriptionFrame)
        ],
    }


def note(events, name):
    async def handler(*_):
        events.append(name)

    return handler


async def main(case, url):
    backend = Backend.from_url(url)
    dialect = Deepgram() if case == "language" else DEFAULT
    policy = {
        "down": Policy(give_up_after=1.0),
        "impatient": Policy(finish_timeout=0.5),
    }.get(case)
    credentials = 5 if case == "wrong" else None
    service = OpenlineSTTService(backend, dialect=dialect, policy=policy, credentials=credentials)
    match case:
        case "words" | "cut" | "refused" | "down" | "wrong":
            return await play(service)
        case "impatient":
            return await play(service, cancels=True)
        case "stereo":
            return await play(service, rate=48_000, channels=2)
        case "muted":
            return await play(service, before=[STTMuteFrame(mute=True)])
        case "started again":
            return await play(service, steps=[StartFrame()])
        case "audio goes on":
            return await play(service, goes_on=True)
        case "cancelled":
            return await play(service, end=CancelFrame)
        case "language" | "same":
            delta = STTUpdateSettingsFrame(delta=STTSettings(language="de"))
            return await play(service, steps=[delta])
        case _:
            raise SystemExit(case)


if __name__ == "__main__":
    CASE, URL, RECORDING = sys.argv[1:]
    print(json.dumps(asyncio.run(main(CASE, URL))))
