"""Microphones and system audio on a real PulseAudio, with devices that are made up.

``OPENLINE_PLUGS=20 OPENLINE_OPENS=50`` plugs and opens that often; a few times are enough each day.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import trio

from openline import Gap, GapCause, SourceChanged, SourceHeld, Trouble
from openline.backend import Backend
from openline_audio.source import SourceError
from openline_server import ServerConfig, serve
from openline_server.server import Server
from openline_trio import open_session
from openline_trio.session import Session
from openline_trio.sources import DevicePolicy, Microphone, SystemAudio
from tests.e2e.support_sound import (
    MONITOR_HZ,
    RATE,
    Samples,
    SoundServer,
    clicks,
    missing,
    phases,
    strength,
    tone,
)

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

PLUGS = int(os.environ.get("OPENLINE_PLUGS", "3"))
OPENS = int(os.environ.get("OPENLINE_OPENS", "3"))
#: Seconds in which a change has to be noticed, and to which a hole has to be right.
NOTICED, RIGHT = 0.5, 0.1
#: The amplitude of a tone of 16,384 that would be heard; the clicks leave some 30 in its band.
HEARD = 200.0


@pytest.fixture
def sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[SoundServer]:
    """The server of this test."""
    server = SoundServer(tmp_path)
    monkeypatch.setenv("PULSE_SERVER", server.address)
    server.start()
    yield server
    server.close()


class Ear:
    """A sink that keeps what it hears, in session time, and what became of its device, and when."""

    def __init__(self) -> None:
        self.parts: list[Samples] = []
        self.holes: list[float] = []
        self.news: list[tuple[str, str, float]] = []
        self.seconds = 0.0
        self.began = 0.0

    def started(self, at: float) -> None:
        self.began = at

    def audio(self, pcm: bytes) -> None:
        self.parts.append(np.frombuffer(pcm, "<i2").astype(float))
        self.seconds += len(pcm) / 2 / RATE

    def hole(self, samples: int) -> None:
        self.parts.append(np.zeros(samples))
        self.holes.append(samples / RATE)
        self.seconds += samples / RATE

    async def room(self) -> None: ...

    def held(self, device: str, reason: str) -> None:
        self.news.append(("held", device, trio.current_time()))

    def changed(self, device: str, reason: str) -> None:
        self.news.append(("changed", device, trio.current_time()))

    @property
    def heard(self) -> Samples:
        return np.concatenate(self.parts)

    async def until(self, ready: Callable[[], object], seconds: float = 60.0) -> None:
        with trio.fail_after(seconds):
            while not ready():  # noqa: ASYNC110  # a sink has no event
                await trio.sleep(0.005)

    async def told(self, count: int) -> tuple[str, str, float]:
        """The news of this number, from 1."""
        await self.until(lambda: len(self.news) >= count)
        return self.news[count - 1]


@asynccontextmanager
async def hearing(source: Microphone | SystemAudio) -> AsyncGenerator[Ear]:
    """An ear at a source that captures; it is stopped as a session stops it."""
    ear = Ear()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.run, ear)
        await ear.until(lambda: ear.seconds)
        yield ear
        source.flush(ear)
        nursery.cancel_scope.cancel()


async def do(action: Callable[..., object], *words: str) -> float:
    """Do it in a thread, and return the moment behind it."""
    await trio.to_thread.run_sync(lambda: action(*words))
    return trio.current_time()


async def test_unplugged_and_plugged_in_again(sound: SoundServer) -> None:
    """Each hole is right, each change is noticed, and the speakers are never heard."""
    seconds = 10 + 6 * PLUGS
    sound.play(tone(MONITOR_HZ, seconds), "speakers")
    sound.play(clicks(seconds), "room")
    async with hearing(Microphone("desk_mic")) as ear:
        await trio.sleep(1.2)
        for time_ in range(PLUGS):
            unplugged = await do(sound.unplug, "desk_mic")
            kind, device, at = await ear.told(2 * time_ + 1)
            assert (kind, device) == ("held", "desk_mic")
            assert at - unplugged < NOTICED
            await trio.sleep(0.3 + 0.1 * (time_ % 7))
            await do(sound.plug, "desk_mic")
            assert (await ear.told(2 * time_ + 2))[:2] == ("changed", "desk_mic")
            await trio.sleep(0.6)
        ended = trio.current_time()
    assert len(ear.holes) == PLUGS
    assert strength(ear.heard, MONITOR_HZ) < HEARD, "the speakers were heard"
    assert strength(ear.heard, 300) > HEARD / 2, "the room was not heard"
    assert ear.seconds == pytest.approx(ended - ear.began, abs=RIGHT)
    offsets = phases(ear.heard)
    print(f"{PLUGS} holes; clicks are off by {1000 * np.ptp(offsets):.0f} ms at most")
    assert np.abs(offsets).max() < RIGHT, "what follows a hole lies at the wrong time"


async def test_a_slow_and_suspended_source_is_opened_and_never_lost(sound: SoundServer) -> None:
    sound.play(clicks(10 + 5 * OPENS), "room")
    sound.load("module-suspend-on-idle", "timeout=0")
    firsts: list[float] = []
    for time_ in range(OPENS):
        await do(sound.pactl, "suspend-source", "desk_mic", "1")
        ear, source = Ear(), Microphone("desk_mic")
        async with trio.open_nursery() as nursery:
            began = trio.current_time()
            nursery.start_soon(source.run, ear)
            await trio.sleep(0.5 * (time_ % 7))  # 3 s at most
            await do(sound.pactl, "suspend-source", "desk_mic", "0")
            await ear.until(lambda: ear.seconds)  # noqa: B023  # it ends before the next
            firsts.append(trio.current_time() - began)
            nursery.cancel_scope.cancel()
        assert ear.news == [], "it was called lost"
    print(f"{OPENS} opens; the first audio came after {max(firsts):.1f} s at most")


async def test_a_device_of_44_1_khz_in_stereo_only(sound: SoundServer) -> None:
    sound.load("module-null-sink", "sink_name=hifi", "rate=44100", "channels=2")
    sound.load("module-remap-source", "master=hifi.monitor", "source_name=interface")
    sound.play(tone(1000, 20, 44_100), "hifi", 44_100)
    source = Microphone("interface")
    assert (source.device.rate, source.device.channels) == (44_100, 2)
    async with hearing(source) as ear:
        streams = sound.pactl("list", "short", "source-outputs")
        assert "s16le 2ch 44100Hz" in streams, "the server converts nothing"
        await ear.until(lambda: ear.seconds > 2)
    assert strength(ear.heard[RATE // 2 :], 1000) == pytest.approx(16_384, rel=0.05)


async def test_a_headset_in_mono_beside_speakers_in_stereo(sound: SoundServer) -> None:
    sound.load("module-null-sink", "sink_name=band", "rate=16000", "channels=1")
    sound.load("module-remap-source", "master=band.monitor", "source_name=headset")
    sound.load("module-null-sink", "sink_name=last", "rate=44100", "channels=2")
    sound.play(tone(1000, 20, 16_000), "band", 16_000)
    source = Microphone("headset")
    assert (source.device.rate, source.device.channels) == (16_000, 1)
    async with hearing(source) as ear:
        await ear.until(lambda: ear.seconds > 2)
    assert strength(ear.heard[RATE // 2 :], 1000) == pytest.approx(16_384, rel=0.05)


async def test_another_default_changes_nothing_unless_it_is_followed(sound: SoundServer) -> None:
    sound.play(clicks(30), "room")
    async with hearing(Microphone()) as held, hearing(Microphone(policy="follow")) as followed:
        await trio.sleep(1.2)
        changed = await do(sound.pactl, "set-default-source", "usb_mic")
        kind, device, at = await followed.told(1)
        assert (kind, device) == ("changed", "usb_mic")
        assert at - changed < NOTICED
        await trio.sleep(0.5)
        unplugged = await do(sound.unplug, "usb_mic")
        # The server may make the other one the default before it removes this one.
        await followed.until(lambda: followed.news[-1][:2] == ("changed", "desk_mic"))
        assert [each[:2] for each in followed.news[1:-1]] in ([], [("held", "usb_mic")])
        assert followed.news[1][2] - unplugged < NOTICED
        await trio.sleep(0.8)
    assert held.news == []
    assert held.holes == []
    assert max(np.abs(phases(followed.heard))) < RIGHT


async def test_a_monitor_stands_in_for_nothing(sound: SoundServer) -> None:
    """By any policy: where there is no other microphone, there is a hole."""
    sound.play(tone(MONITOR_HZ, 30), "speakers")
    sound.play(clicks(30), "room")
    sound.unplug("usb_mic")
    async with hearing(Microphone(policy=DevicePolicy.FOLLOW)) as ear:
        await trio.sleep(0.5)
        unplugged = await do(sound.unplug, "desk_mic")
        assert (await ear.told(1))[:2] == ("held", "desk_mic")
        assert ear.news[0][2] - unplugged < NOTICED
        await trio.sleep(1.0)
        ended = trio.current_time()
    assert ear.seconds == pytest.approx(ended - ear.began, abs=RIGHT)
    assert strength(ear.heard, MONITOR_HZ) < HEARD
    with pytest.raises(SourceError, match="there is no default microphone"):
        Microphone()


async def test_a_suspension_is_a_hole(sound: SoundServer) -> None:
    sound.play(clicks(30), "room")
    async with hearing(Microphone()) as ear:
        await trio.sleep(1.0)
        suspended = await do(sound.pactl, "suspend-source", "desk_mic", "1")
        kind, _, at = await ear.told(1)
        assert kind == "held"
        assert at - suspended < NOTICED
        await trio.sleep(1.0)
        await do(sound.pactl, "suspend-source", "desk_mic", "0")
        assert (await ear.told(2))[0] == "changed"
        await trio.sleep(1.2)
    assert len(ear.holes) == 1
    assert max(np.abs(phases(ear.heard))) < RIGHT


async def test_the_death_of_the_server_is_a_hole_until_it_is_back(sound: SoundServer) -> None:
    async with hearing(Microphone("desk_mic")) as ear:
        died = await do(sound.die)
        assert (await ear.told(1))[:2] == ("held", "desk_mic")
        assert ear.news[0][2] - died < NOTICED
        await do(sound.start)
        assert (await ear.told(2))[:2] == ("changed", "desk_mic")
        ended = trio.current_time()
    assert ear.seconds == pytest.approx(ended - ear.began, abs=RIGHT)


async def test_by_the_policy_fail_the_source_is_lost(sound: SoundServer) -> None:
    ear, source = Ear(), Microphone(policy="fail")

    async def unplug() -> None:
        await ear.until(lambda: ear.seconds)
        await do(sound.unplug, "desk_mic")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(unplug)
        with trio.fail_after(60), pytest.raises(SourceError, match="desk_mic went away"):
            await source.run(ear)


async def test_system_audio_is_what_the_speakers_play(sound: SoundServer) -> None:
    sound.play(tone(MONITOR_HZ, 20), "speakers")
    async with hearing(SystemAudio()) as ear:
        await ear.until(lambda: ear.seconds > 1)
    assert strength(ear.heard, MONITOR_HZ) == pytest.approx(16_384, rel=0.05)


async def test_no_thread_is_left_behind(sound: SoundServer) -> None:
    for _ in range(3):
        async with hearing(Microphone()):
            pass
    limit = time.monotonic() + 10
    while any(thread.name.startswith("openline") for thread in threading.enumerate()):
        assert time.monotonic() < limit, threading.enumerate()
        await trio.sleep(0.01)


@asynccontextmanager
async def session_of(**sources: Microphone | SystemAudio) -> AsyncGenerator[Session]:
    """A session with a backend that echoes."""
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(serve, ServerConfig(recognizer="echo", port=0))
        async with open_session(Backend.from_url(server.url), sources) as session:
            yield session
        server.shutdown()


async def test_a_session_of_two_devices_reports_the_hole_of_one(sound: SoundServer) -> None:
    sound.play(tone(MONITOR_HZ, 40), "speakers")
    sound.play(clicks(40), "room")
    held: float | None = None
    away = 0.0
    async with session_of(mic=Microphone(), system=SystemAudio()) as session:
        async for update in session:
            match update:
                case SourceHeld(source="mic", device="desk_mic"):
                    held = trio.current_time()
                    await trio.sleep(0.5)
                    await do(sound.plug, "desk_mic")
                case SourceChanged(source="mic", device="desk_mic"):
                    assert held is not None
                    away = trio.current_time() - held
                    await trio.sleep(1.0)
                    session.request_stop()
                case _ if held is None and session.statistics.sources["mic"].captured:
                    held = 0.0
                    await do(sound.unplug, "desk_mic")
                case _:
                    pass
    assert session.ended is not None
    [gap] = session.ended.missing
    assert isinstance(gap, Gap)
    assert (gap.source, gap.cause) == ("mic", GapCause.CAPTURE)
    assert gap.seconds == pytest.approx(away, abs=RIGHT)
    assert session.ended.lost_sources == ()


async def test_10_s_of_digital_silence_are_reported(sound: SoundServer) -> None:
    """Nobody speaks in the room: a null sink gives zeros, as a muted microphone does."""
    async with session_of(mic=Microphone()) as session:
        with trio.fail_after(60):
            async for update in session:
                if isinstance(update, Trouble) and update.kind == "muted":
                    break
        assert session.statistics.sources["mic"].captured == pytest.approx(10 * RATE, abs=RATE)
        session.abort()


def test_the_recipe_needs_no_other_server(sound: SoundServer) -> None:
    """The devices are those of the server of this test."""
    names = [line.split()[1] for line in sound.pactl("list", "short", "sources").splitlines()]
    assert set(names) == set(
        itertools.chain(["room.monitor", "speakers.monitor"], ["desk_mic", "usb_mic"])
    )
