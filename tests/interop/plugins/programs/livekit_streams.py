"""Streams of LiveKit's agents with our STT; prints what came out, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import wave

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, stt

from openline import Backend, Policy
from openline.dialects.deepgram import Deepgram
from openline_livekit import STT


def frames(rate=16_000, channels=1):
    """The recording as audio frames of 10 ms."""
    with wave.open(RECORDING, "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    times = np.arange(len(samples) * rate // 16_000) * 16_000 / rate
    other = np.interp(times, np.arange(len(samples)), samples).astype("<i2")
    data, size = np.repeat(other, channels).tobytes(), rate // 100 * 2 * channels
    for at in range(0, len(data) - len(data) % size, size):
        yield rtc.AudioFrame(data[at : at + size], rate, channels, rate // 100)


async def play(maker, *, rate=16_000, channels=1, close_after=None):
    """Stream the recording; the events, or the error."""
    errors = []
    maker.on("error", lambda error: errors.append([type(error.error).__name__, error.recoverable]))
    stream = maker.stream(conn_options=APIConnectOptions(max_retry=3, retry_interval=0.1))
    events = []

    async def feed():
        for number, frame in enumerate(frames(rate, channels)):
            stream.push_frame(frame)
            await asyncio.sleep(0.003)
            if number == close_after:
                await stream.aclose()
                return
        stream.end_input()

    feeding = asyncio.create_task(feed())
    raised = None
    try:
        async for event in stream:
            data = event.alternatives[0] if event.alternatives else None
            usage = event.recognition_usage
            events.append([
                event.type.value, data and data.text, data and data.start_time,
                data and data.end_time, usage and round(usage.audio_duration, 2),
                data and data.language,
            ])  # fmt: skip
    except APIError as error:
        raised = [type(error).__name__, error.retryable, error.message]
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    await maker.aclose()
    await asyncio.sleep(0)
    return {
        "events": events,
        "raised": raised,
        "errors": errors,
        "tasks": len(asyncio.all_tasks()) - 1,
    }


async def at_once(maker):
    """Three minutes of silence, pushed without a pause."""
    stream = maker.stream()
    for _ in range(180):
        stream.push_frame(rtc.AudioFrame(bytes(32_000), 16_000, 1, 16_000))
    stream.end_input()
    kinds = [event.type.value async for event in stream]
    await maker.aclose()
    return kinds.count("final_transcript")


async def unusable(maker):
    """A frame of a form that no device has."""
    stream = maker.stream()
    stream.push_frame(rtc.AudioFrame(bytes(20), 1_000, 1, 10))
    try:
        return [event.type.value async for event in stream]
    except ValueError as error:
        return str(error)
    finally:
        await maker.aclose()


async def recognize(maker, **form):
    event = await maker.recognize(list(frames(**form)))
    data = event.alternatives[0]
    return {"type": event.type.value, "text": data.text, "end": data.end_time}


async def failed(maker):
    errors = []
    maker.on("error", lambda error: errors.append([type(error.error).__name__, error.recoverable]))
    try:
        await maker.recognize(list(frames()))
    except APIError as error:
        return {"raised": [type(error).__name__, error.retryable], "errors": errors}
    return {"raised": None}


async def main(case, url):
    backend = Backend.from_url(url)
    policy = Policy(give_up_after=1.0) if case in {"down", "down-batch"} else None
    match case:
        case "words" | "cut" | "refused" | "down":
            return await play(STT(backend, policy=policy))
        case "stereo":
            return await play(STT(backend), rate=48_000, channels=2)
        case "at once":
            return await at_once(STT(backend))
        case "closed":
            return await play(STT(backend), close_after=60)
        case "batch":
            return await recognize(STT(backend), rate=48_000, channels=2)
        case "down-batch":
            return await failed(STT(backend, policy=policy))
        case "unusable":
            return await unusable(STT(backend))
        case "language":
            return await play(STT(backend, dialect=Deepgram(), language="de"))
        case "language of the dialect":
            return await play(STT(backend, dialect=Deepgram(language="de")))
        case "capabilities":
            maker = STT(backend, dialect=Deepgram())
            assert isinstance(maker, stt.STT)
            found = maker.capabilities
            speakers = STT(backend, dialect=Deepgram(diarize=True))
            assert speakers.capabilities.diarization
            assert not found.diarization
            assert stt.MultiSpeakerAdapter(stt=speakers)
            return [found.streaming, found.interim_results, maker.model, maker.provider]
        case _:
            raise SystemExit(case)


if __name__ == "__main__":
    CASE, URL, RECORDING = sys.argv[1:]
    print(json.dumps(asyncio.run(main(CASE, URL))))
