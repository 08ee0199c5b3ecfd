"""Wyoming's own client talks to ``openline wyoming``, and its words come from our backend."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import AsyncGenerator, Generator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
)
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event, async_read_event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline_asyncio.opening import open_session
from openline_asyncio.session import Session
from openline_audio.source import Source
from openline_server.config import DialectName
from openline_speech.naming import source_name
from openline_testing.background import BackgroundBackend
from openline_wyoming.offer import Offer
from openline_wyoming.server import Service, serve

SHORT = Path(__file__).parents[1] / "data" / "goforward.wav"
PATIENCE = 120.0


@contextmanager
def serving(*arguments: str, **options: Any) -> Generator[tuple[int, subprocess.Popen[str]]]:
    """The command on a free port; its port and process."""
    command = [sys.executable, "-m", "openline_cli", "wyoming", "--uri", "tcp://127.0.0.1:0"]
    environment = {k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"}
    process = subprocess.Popen(
        [*command, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment, **options,
    )  # fmt: skip
    timer = threading.Timer(4 * PATIENCE, process.kill)
    timer.start()
    try:
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line.startswith("listening on tcp://127.0.0.1:"), process.stderr.read()
            try:
                yield int(line.partition(",")[0].rpartition(":")[2]), process
            finally:
                process.send_signal(signal.SIGINT)
    finally:
        timer.cancel()


@asynccontextmanager
async def client(port: int) -> AsyncGenerator[AsyncTcpClient]:
    async with asyncio.timeout(PATIENCE), AsyncTcpClient("127.0.0.1", port) as found:
        yield found


async def speak(
    to: AsyncTcpClient,
    pcm: bytes,
    *,
    rate: int = 16_000,
    width: int = 2,
    channels: int = 1,
    language: str | None = None,
) -> None:
    """As Home Assistant does, only faster."""
    form = {"rate": rate, "width": width, "channels": channels}
    await to.write_event(Transcribe(language=language).event())
    await to.write_event(AudioStart(**form).event())
    size = rate * width * channels // 10 + 1  # cut inside of a sample
    for at in range(0, len(pcm), size):
        await to.write_event(AudioChunk(audio=pcm[at : at + size], **form).event())
    await to.write_event(AudioStop().event())


async def answers(to: AsyncTcpClient) -> list[Event]:
    """All events up to the end of the transcript, or of the connection."""
    found: list[Event] = []
    while (event := await to.read_event()) is not None:
        found.append(event)
        if event.type == "transcript-stop":
            break
    return found


def recording() -> bytes:
    with wave.open(str(SHORT), "rb") as file:
        return file.readframes(file.getnframes())


def test_a_client_gets_the_info_and_its_words() -> None:
    async def main(port: int) -> list[Event]:
        async with client(port) as to:
            await to.write_event(Describe().event())
            info = await to.read_event()
            assert info is not None
            [program] = Info.from_event(info).asr
            assert program.supports_transcript_streaming
            assert program.models[0].languages == ["de", "en"]
            await to.write_event(Ping("x").event())
            pong = await to.read_event()
            assert pong is not None
            assert Pong.from_event(pong).text == "x"
            await speak(to, recording(), language="en-GB")
            first = await answers(to)
            await speak(to, recording(), language="en-GB")  # in the same connection
            assert await answers(to) == first
            return first

    with (
        BackgroundBackend() as backend,
        serving(backend.url, "--language", "de", "--language", "en") as (port, _),
    ):
        found = asyncio.run(main(port))
        assert backend.received("mic") == [recording()] * 2
    assert [each.type for each in found] == [
        "transcript-start", "transcript-chunk", "transcript-chunk", "transcript", "transcript-stop",
    ]  # fmt: skip
    chunks = "".join(each.data["text"] for each in found if each.type == "transcript-chunk")
    assert chunks == Transcript.from_event(found[3]).text == "0.00-2.00 2.00-2.79"


def converted(rate: int, width: int, channels: int) -> bytes:
    """The recording in another form: of another rate, width, and one channel beside the other."""
    samples = np.frombuffer(recording(), "<i2").astype(np.float64) / 32_768
    times = np.arange(len(samples) * rate // 16_000) * 16_000 / rate
    samples = np.interp(times, np.arange(len(samples)), samples)
    wide = {1: 128 * samples + 128, 2: 32_768 * samples, 4: 2.0**31 * samples}[width]
    typed = wide.astype({1: "u1", 2: "<i2", 4: "<i4"}[width])
    pcm: bytes = np.repeat(typed, channels).tobytes()
    return pcm


@pytest.mark.parametrize(
    ("rate", "width", "channels"), [(48_000, 2, 2), (16_000, 4, 1), (16_000, 1, 1)]
)
def test_audio_of_another_form_is_converted(rate: int, width: int, channels: int) -> None:
    async def main(port: int) -> str:
        async with client(port) as to:
            pcm = converted(rate, width, channels)
            await speak(to, pcm, rate=rate, width=width, channels=channels)
            found = await answers(to)
            return Transcript.from_event(found[-2]).text

    with BackgroundBackend() as backend, serving(backend.url) as (port, _):
        assert asyncio.run(main(port)) == "0.00-2.00 2.00-2.79"
        [received] = backend.received("mic")
    sent, got = (np.frombuffer(each, "<i2").astype(float) for each in (recording(), received))
    assert abs(len(got) - len(sent)) < 160
    count = min(len(got), len(sent))
    assert np.corrcoef(sent[:count], got[:count])[0, 1] > 0.99


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_dialect_gives_its_words(name: DialectName) -> None:
    async def main(backend: BackgroundBackend) -> list[Event]:
        dialect = BUILT_IN[name]

        def open_one(spoken: Dialect, source: Source) -> AbstractAsyncContextManager[Session]:
            sources = {source_name(spoken): source}
            return open_session(backend.backend, sources, dialect=spoken)

        offer, ready = Offer(dialect=dialect), asyncio.get_running_loop().create_future()
        service = Service(
            offer=offer, open_one=open_one, patience=PATIENCE, silence=10.0, note=pytest.fail
        )
        served = asyncio.create_task(
            serve("127.0.0.1", 0, service, ready=lambda _, port: ready.set_result(port))
        )
        async with client(await ready) as to:
            await speak(to, recording())
            found = await answers(to)
        served.cancel()
        await asyncio.wait([served])
        return found

    with BackgroundBackend(dialect=name) as backend:
        found = asyncio.run(main(backend))
    assert [each.type for each in found[-2:]] == ["transcript", "transcript-stop"]
    assert Transcript.from_event(found[-2]).text.startswith("0.00-2.00 2.00-")


def test_many_clients_at_once() -> None:
    async def one(port: int) -> str:
        async with client(port) as to:
            await speak(to, recording())
            return Transcript.from_event((await answers(to))[-2]).text

    async def main(port: int) -> list[str]:
        return await asyncio.gather(*(one(port) for _ in range(8)))

    with BackgroundBackend() as backend, serving(backend.url) as (port, _):
        assert asyncio.run(main(port)) == ["0.00-2.00 2.00-2.79"] * 8


def test_silence_and_an_utterance_without_audio_give_an_empty_transcript() -> None:
    async def main(port: int) -> None:
        async with client(port) as to:
            await to.write_event(AudioStop().event())
            event = await to.read_event()
            assert event is not None
            assert Transcript.from_event(event).text == ""
            await to.write_event(AudioStart(rate=16_000, width=2, channels=1).event())
            await to.write_event(AudioStop().event())
            found = await answers(to)
            assert [each.type for each in found][-2:] == ["transcript", "transcript-stop"]
            assert Transcript.from_event(found[-2]).text == ""

    with BackgroundBackend() as backend, serving(backend.url) as (port, _):
        asyncio.run(main(port))


def test_a_backend_that_is_down_is_an_error_within_the_patience() -> None:
    async def main(port: int) -> list[Event]:
        async with client(port) as to:
            await speak(to, recording())
            return await answers(to)

    with BackgroundBackend() as gone:
        url = gone.url
    with serving(url, "--patience", "1") as (port, process):
        [event] = asyncio.run(main(port))  # and the end of the connection
    why, _, trouble = Error.from_event(event).text.partition(": ")
    assert why == "no transcript within 1 s of the end of the audio"
    assert trouble.startswith("nothing listens at that address yet")
    assert process.returncode == 0


def test_a_backend_that_refuses_is_an_error_at_once() -> None:
    async def main(port: int) -> list[Event]:
        async with client(port) as to:
            await speak(to, recording())
            return await answers(to)

    with (
        BackgroundBackend(token="the right one") as backend,
        serving(backend.url, "--patience", "300") as (port, process),
    ):
        [event] = asyncio.run(main(port))
        assert process.stderr is not None
        line = process.stderr.readline()
    assert Error.from_event(event).code == "incomplete"
    assert Error.from_event(event).text.startswith("the backend refused the token")
    start, _, reason = line.partition(Error.from_event(event).text)
    assert start.startswith("openline: 127.0.0.1:")
    assert reason == "\n"


def test_a_client_that_speaks_on_still_reads_its_error() -> None:
    async def main(port: int) -> Event | None:
        async with client(port) as to:
            form = {"rate": 16_000, "width": 2, "channels": 1}
            await to.write_event(AudioStart(**form).event())
            for _ in range(50):
                await to.write_event(AudioChunk(audio=bytes(640), **form).event())
                await asyncio.sleep(0.02)
            return await to.read_event()

    with (
        BackgroundBackend(token="the right one") as backend,
        serving(backend.url) as (port, _),
    ):
        event = asyncio.run(main(port))
    assert event is not None
    assert Error.from_event(event).text.startswith("the backend refused the token")


def heard(backend: BackgroundBackend) -> None:
    """Wait for audio."""
    while not any(backend.received("mic")):
        time.sleep(0.01)


def test_a_client_that_goes_away_ends_its_session_and_no_other() -> None:
    async def main(port: int, backend: BackgroundBackend) -> str:
        async with client(port) as stays, asyncio.TaskGroup() as group:
            form = {"rate": 16_000, "width": 2, "channels": 1}
            async with client(port) as goes:
                await goes.write_event(AudioStart(**form).event())
                await goes.write_event(AudioChunk(audio=recording(), **form).event())
                await asyncio.to_thread(heard, backend)
            await speak(stays, recording())
            found = await group.create_task(answers(stays))
            return Transcript.from_event(found[-2]).text

    with BackgroundBackend(max_sessions=1) as backend, serving(backend.url) as (port, _):
        assert asyncio.run(main(port, backend)) == "0.00-2.00 2.00-2.79"


def test_a_lost_line_is_resumed_unseen() -> None:
    async def main(port: int) -> str:
        async with client(port) as to:
            await speak(to, recording())
            return Transcript.from_event((await answers(to))[-2]).text

    with BackgroundBackend("cut after 30 frames") as backend, serving(backend.url) as (port, _):
        text = asyncio.run(main(port))
        assert backend.dials == 2
    assert text.endswith("2.79")


GARBAGE = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"[1]\n",
    b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
    b'{"type": "x", "data_length": "y"}\n',
    b'{"data": {}}\n',
    b"[" * 30_000 + b"\n",
    b"{" * 70_000,
]


def test_what_is_no_event_ends_that_connection_alone() -> None:
    async def main(port: int) -> None:
        for garbage in GARBAGE:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(garbage)
                event = await async_read_event(reader)
                assert event is not None
                assert Error.from_event(event).code == "bad-request"
                assert await reader.read() == b""
                writer.close()
        async with client(port) as to:
            await to.write_event(Describe().event())
            assert await to.read_event() is not None

    with serving("ws://127.0.0.1:9/ws") as (port, process):
        asyncio.run(main(port))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
    assert len(lines) == len(GARBAGE)
    assert all(each.startswith("openline: 127.0.0.1:") for each in lines)
    assert process.returncode == 0


@contextmanager
def stopping(
    backend: BackgroundBackend, *arguments: str
) -> Generator[tuple[int, subprocess.Popen[str]]]:
    """The command, which has to end by itself with the status 0."""
    with serving(backend.url, *arguments) as (port, process):
        yield port, process
        assert process.wait(PATIENCE) == 0


async def begin(to: AsyncTcpClient, backend: BackgroundBackend) -> None:
    """The first half of an utterance, which the backend has heard."""
    form = {"rate": 16_000, "width": 2, "channels": 1}
    await to.write_event(AudioStart(**form).event())
    await to.write_event(AudioChunk(audio=recording(), **form).event())
    await asyncio.to_thread(heard, backend)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_an_utterance_end(number: signal.Signals) -> None:
    async def main(port: int, process: subprocess.Popen[str]) -> str:
        async with client(port) as to:
            await begin(to, backend)
            process.send_signal(number)
            assert process.stderr is not None
            line = await asyncio.to_thread(process.stderr.readline)
            assert (
                line
                == "openline: stopping; utterances have 30 s to end, a second signal ends now\n"
            )
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
            await to.write_event(AudioStop().event())
            return Transcript.from_event((await answers(to))[-2]).text

    with BackgroundBackend() as backend, stopping(backend) as (port, process):
        assert asyncio.run(main(port, process)) == "0.00-2.00 2.00-2.79"


def test_a_terminal_that_closes_lets_an_utterance_end() -> None:
    """The shell and the kernel both send SIGHUP, and nobody reads what the command writes."""

    async def main(port: int, process: subprocess.Popen[str]) -> str:
        async with client(port) as to:
            await begin(to, backend)
            assert process.stderr is not None
            process.send_signal(signal.SIGHUP)
            await asyncio.to_thread(process.stderr.readline)
            process.stderr.close()
            process.send_signal(signal.SIGHUP)
            await to.write_event(AudioStop().event())
            return Transcript.from_event((await answers(to))[-2]).text

    with BackgroundBackend() as backend, stopping(backend) as (port, process):
        assert asyncio.run(main(port, process)) == "0.00-2.00 2.00-2.79"


def test_a_signal_is_an_error_for_an_utterance_that_does_not_end() -> None:
    async def main(port: int, process: subprocess.Popen[str]) -> list[Event]:
        async with client(port) as to:
            await begin(to, backend)
            process.send_signal(signal.SIGTERM)
            return await answers(to)

    with BackgroundBackend() as backend, stopping(backend, "--patience", "1") as (port, process):
        *_, error = asyncio.run(main(port, process))
        assert Error.from_event(error).code == "stopped"


def test_a_second_signal_ends_it_with_clients_in_the_midst() -> None:
    async def main(port: int, process: subprocess.Popen[str]) -> None:
        async with client(port) as to:
            await begin(to, backend)
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            await asyncio.to_thread(process.stderr.readline)
            process.send_signal(signal.SIGINT)
            assert all(each.type == "transcript-chunk" for each in (await answers(to))[1:])

    with BackgroundBackend() as backend, stopping(backend) as (port, process):
        asyncio.run(main(port, process))
        assert process.stderr is not None
        assert process.stderr.read().endswith(": the server ended before the transcript\n")
