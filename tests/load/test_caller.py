"""One caller and its voice, where a whole load does not come."""

from __future__ import annotations

import asyncio
import errno
import ssl

import pytest

from openline.backend import Backend
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError
from openline_load.caller import Dialling, SessionCaller, dialler
from openline_load.faults import Effect, Strike
from openline_load.figures import Call, Outcome
from openline_load.own import Own
from openline_load.voice import Pacer, Voice
from tests.load.virtual import HOST, Toiling, Transport
from tests.support_asyncio import run


class Sink:
    """Takes ``most`` frames, and fails at the next."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.frames: list[bytes] = []

    def started(self, at: float) -> None:
        assert at == asyncio.get_running_loop().time()

    def audio(self, pcm: bytes) -> None:
        if len(self.frames) == self.most:
            raise LookupError("a dialect's bug")
        self.frames.append(pcm)

    def hole(self, samples: int) -> None:
        raise AssertionError("a voice has no holes")

    async def room(self) -> None:
        raise AssertionError("a voice is live")


def test_a_voice_repeats_its_recording_and_ends_to_the_sample() -> None:
    async def main() -> None:
        pcm = bytes(range(250)) * 4  # 500 samples
        voice = Voice(Pacer(Own()), Call(1, 0.0), pcm, seconds=0.0501, frame=0.02)
        assert voice.duration == pytest.approx(0.0501, abs=1e-4)
        sink = Sink(99)
        await voice.run(sink)
        said = b"".join(sink.frames)
        assert said == (pcm * 2)[: len(said)]
        assert [len(each) for each in sink.frames] == [640, 640, 2 * round(0.0501 * 16_000) - 1280]
        assert asyncio.get_running_loop().time() == pytest.approx(0.0501, abs=1e-4)

    run(main)


@pytest.mark.parametrize(("number", "starved"), [(errno.EMFILE, 1), (errno.ECONNREFUSED, 0)])
def test_a_dial_without_an_open_file_is_counted(number: int, starved: int) -> None:
    class Refusing(Toiling):
        async def __call__(self, backend: Backend, protocol: asyncio.Protocol) -> Transport:
            why = ExceptionGroup("each address", [OSError(number, "no")])
            raise DialError(ErrorKind.OS_OTHER, "no") from why

    async def main() -> Call:
        call = Call(1, 0.0)
        dialling = Dialling(
            backend=HOST, source="mic", connect=Refusing(), policy=Policy(max_attempts=0)
        )
        voice = Voice(Pacer(Own()), call, bytes(640), seconds=1.0, frame=0.02)
        await SessionCaller(dialling, call, voice).run()
        return call

    call = run(main)
    assert (call.refusals, call.starved) == (1, starved)


def test_a_recording_shorter_than_a_frame_fills_it() -> None:
    async def main() -> None:
        voice = Voice(Pacer(Own()), Call(1, 0.0), b"\x01\x02", seconds=0.04, frame=0.02, speed=2.0)
        sink = Sink(99)
        await voice.run(sink)
        assert sink.frames == [b"\x01\x02" * 320] * 2
        assert asyncio.get_running_loop().time() == pytest.approx(0.02)

    run(main)


def test_an_error_of_the_session_ends_that_voice_alone() -> None:
    async def main() -> None:
        pacer = Pacer(Own())
        wrong, right = Sink(2), Sink(99)
        first, second = (
            Voice(pacer, Call(n, 0.0), bytes(640), seconds=0.2, frame=0.02) for n in (1, 2)
        )
        other = asyncio.create_task(second.run(right))
        with pytest.raises(LookupError, match="a dialect's bug"):
            await first.run(wrong)
        await other
        assert (len(wrong.frames), len(right.frames)) == (2, 10)

    run(main)


@pytest.mark.parametrize("act", ["stop", "abort"])
def test_a_caller_can_be_ended_before_it_begins(act: str) -> None:
    async def main() -> Outcome | None:
        backend, call = Toiling(), Call(1, 0.0)
        voice = Voice(Pacer(Own()), call, bytes(640), seconds=60.0, frame=0.02)
        dialling = Dialling(backend=HOST, source="mic", connect=backend)
        caller = SessionCaller(dialling, call, voice)
        getattr(caller, act)()
        await caller.run()
        await backend.end()
        assert asyncio.get_running_loop().time() < 5
        return call.outcome

    assert run(main) is not None


def test_faults_end_with_their_caller() -> None:
    async def main() -> Call:
        backend, call = Toiling(), Call(1, 0.0)
        voice = Voice(Pacer(Own()), call, bytes(640), seconds=1.0, frame=0.02)
        dialling = Dialling(backend=HOST, source="mic", connect=backend)
        await SessionCaller(dialling, call, voice, [Strike(30.0, Effect.CUT)]).run()
        await backend.end()
        assert asyncio.get_running_loop().time() < 5
        return call

    call = run(main)
    assert (call.faults, call.outcome) == ([], Outcome.COMPLETE)


def test_the_tls_settings_of_a_load_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    real = ssl.create_default_context

    def make() -> ssl.SSLContext:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", make)
    for url in ("ws://127.0.0.1:1/", "wss://far.example/"):
        dialler(Backend.from_url(url), proxy=False, context=None, environment={})
    assert len(made) == 1
    dialler(Backend.from_url(url), proxy=False, context=made[0], environment={})
    assert len(made) == 1
