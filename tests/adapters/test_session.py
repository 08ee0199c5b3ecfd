"""Sessions against backends in memory, on a clock that jumps."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import pytest
import trio
from tests.support_lines import (
    BINARY,
    CLOSE,
    FRAME,
    PING,
    PONG,
    TEXT,
    Frames,
    Net,
    Peer,
    Script,
    Silent,
    close,
    frame,
    nothing_left,
    number_of,
    numbered,
)
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from openline.backend import Backend, CredentialPlace
from openline.messages import (
    Ended,
    GapCause,
    HowLost,
    PartialRetracted,
    SourceLost,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline.policy import Policy
from openline.verdicts import Action, ErrorKind
from openline_trio import CredentialError, Credentials, Session, open_session
from openline_trio.audio.pushed import PushSource
from openline_trio.audio.source import Sink, Source, SourceError
from openline_trio.network import DialError

BACKEND = Backend()
TOKEN = "Zm9v/YmFy+cXV4=="


async def echo(peer: Peer, *, every: int = 25) -> None:
    """A backend that finalises each half second of what it hears; the text is its frames."""
    await peer.open()
    audio: list[bytes] = []
    done = 0

    async def say() -> None:
        nonlocal done
        if len(audio) > done:
            text = f"{number_of(audio[done])}-{number_of(audio[-1])}"
            await peer.final(text, done * 0.02, len(audio) * 0.02)
            done = len(audio)

    while True:
        opcode, payload = await peer.receive()
        if opcode == CLOSE:
            return
        if opcode == PING:
            await peer.stream.send_all(frame(PONG, payload))
            backlog = (len(audio) - done) * 0.02
            await peer.send("metrics", source="mic", backlog_seconds=0.0, pending=backlog)
        elif opcode == BINARY:
            audio.append(payload[4:])
            if len(audio) - done == every:
                await say()
        elif b'"stop"' in payload:
            await say()
            await peer.finish()


def spans(updates: list[Update]) -> list[str]:
    return [u.text for u in updates if isinstance(u, Transcript) and u.final]


def states(updates: list[Update]) -> list[State]:
    return [u.state for u in updates if isinstance(u, StateChanged)]


async def until(session: Session, state: State) -> StateChanged:
    """Read on until the session enters ``state``."""
    async for update in session:
        if isinstance(update, StateChanged) and update.state is state:
            return update
    raise AssertionError(f"never {state}")


def last(updates: list[Update]) -> Ended:
    ended = updates[-1]
    assert isinstance(ended, Ended)
    assert not any(isinstance(u, Ended) for u in updates[:-1])
    return ended


class Play:
    """Sessions with ``script`` at the other end; ``nursery`` outlives them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery

    def net(self, *scripts: Script) -> Net:
        """The first dials get a script each, all others the last one."""

        async def script(peer: Peer) -> None:
            await scripts[min(peer.number, len(scripts)) - 1](peer)

        return Net(self.nursery, script)

    async def __call__(
        self,
        net: Net,
        source: Source | None = None,
        *,
        credentials: Credentials = None,
        policy: Policy | None = None,
        backend: Backend = BACKEND,
    ) -> list[Update]:
        """A session to its own end: everything it said."""
        sources = {"mic": source or Silent()}
        async with open_session(
            backend,
            sources,
            connect=net,
            credentials=credentials,
            policy=policy,
            uniform=lambda: 0.5,
        ) as session:
            return [update async for update in session]


@pytest.fixture
def play(nursery: trio.Nursery) -> Play:
    return Play(nursery)


# What a session is.


async def test_a_session_from_open_to_end(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(echo)
    source = Frames(110)
    with nothing_left():
        async with open_session(BACKEND, {"mic": source}, connect=net, session_id="s-1") as session:
            assert session.session_id == "s-1"
            assert session.ended is None
            updates = [update async for update in session]
            with pytest.raises(StopAsyncIteration):
                await anext(session)
            ended = last(updates)
            assert [session.ended, await session.stop(), await session.wait()] == [ended] * 3
            assert session.state is State.CLOSED
            assert session.transcript == ended.transcript
        await net.dials[0].gone.wait()
        await wait_all_tasks_blocked()
    assert states(updates) == [
        State.CONNECTING,
        State.AWAITING_ACK,
        State.STREAMING,
        State.FINISHING,
        State.CLOSING,
        State.CLOSED,
    ]
    assert spans(updates) == ["0-24", "25-49", "50-74", "75-99", "100-109"]
    assert (ended.complete, ended.reason) == (True, "finished")
    assert ended.summary is not None
    assert ended.statistics.sources["mic"].confirmed == 110 * 320
    assert net.dials[0].start["session_id"] == "s-1"
    assert source.sent == 110


async def test_a_session_has_a_name_of_its_own(autojump_clock: MockClock, play: Play) -> None:
    names = set[str]()
    for _ in range(2):
        net = play.net(echo)
        await play(net, Frames(1))
        start = net.dials[0].start
        names |= {start["session_id"], start["attempt_id"], start["connection_id"]}
    assert len(names) == 6


async def test_stop_finishes_and_returns_the_result(autojump_clock: MockClock, play: Play) -> None:
    async with open_session(BACKEND, {"mic": Frames(1000)}, connect=play.net(echo)) as session:
        await trio.sleep(1.01)
        ended = await session.stop()
        assert ended.complete
        assert [t.text for t in ended.transcript] == ["0-24", "25-49"]
        assert await session.stop() is ended
        session.request_stop()
        session.abort()
        session.network_restored()
        updates = [update async for update in session]
    assert last(updates) is ended


@pytest.mark.parametrize("how", ["stop", "request_stop", "abort"])
async def test_an_end_that_is_wanted_before_anything_began(
    autojump_clock: MockClock, play: Play, how: str
) -> None:
    net = play.net(echo)
    source = Frames(5)
    with nothing_left():
        async with open_session(BACKEND, {"mic": source}, connect=net) as session:
            if how == "stop":
                await session.stop()
            elif how == "request_stop":
                session.request_stop()
            else:
                session.abort()
            ended = await session.wait()
            assert [u async for u in session][-1] is ended
    assert ended.state is State.CLOSED
    assert (net.dials, source.sent) == ([], 0)


@pytest.mark.parametrize("seconds", [None, 0.0, 0.1, 0.5, 5.0])
async def test_leaving_the_block_early_aborts(
    autojump_clock: MockClock, play: Play, seconds: float | None
) -> None:
    net = play.net(echo)
    with nothing_left():
        async with open_session(BACKEND, {"mic": Frames(1000)}, connect=net) as session:
            if seconds is not None:
                await trio.sleep(seconds)
        assert session.ended is not None
        assert (session.ended.state, session.ended.reason) == (State.CLOSED, "aborted")
        for peer in net.dials:
            await peer.gone.wait()
        await wait_all_tasks_blocked()


async def test_aborting_ends_at_once_and_tells_what_is_missing(
    autojump_clock: MockClock, play: Play
) -> None:
    async with open_session(BACKEND, {"mic": Frames(1000)}, connect=play.net(echo)) as session:
        await trio.sleep(1.25)
        session.abort()
        updates = [update async for update in session]
    ended = last(updates)
    assert not ended.complete
    assert ended.reason == "aborted"
    assert trio.current_time() == pytest.approx(1.25)


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt(), ExceptionGroup("mine", [OSError("x")])]
)
@pytest.mark.parametrize("when", [None, 1.0, 60.0])
async def test_an_error_of_the_block_comes_out_as_it_is(
    autojump_clock: MockClock, play: Play, error: BaseException, when: float | None
) -> None:
    with nothing_left():
        with pytest.raises(type(error)) as caught:  # noqa: PT012 -- the block is what is tested
            async with open_session(BACKEND, {"mic": Frames(100)}, connect=play.net(echo)):
                if when is not None:
                    await trio.sleep(when)
                raise error
        assert caught.value is error
        await wait_all_tasks_blocked()


async def test_a_connect_that_breaks_its_word_is_no_secret(
    autojump_clock: MockClock, play: Play
) -> None:
    async def connect(backend: Backend) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        raise RuntimeError("a bug")

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="a bug"), flatten_subgroups=True):
        async with open_session(BACKEND, {"mic": Silent()}, connect=connect) as session:
            await session.wait()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"credentials": "nö"}, "token"),
        ({"credentials": ""}, "token"),
        ({"session_id": " "}, "session_id"),
        ({"sources": {"radio": Silent()}}, "sources"),
        ({"sources": {}}, "sources"),
        ({"policy": Policy(buffer_seconds=1)}, "buffer_seconds"),
    ],
)
async def test_what_cannot_work_is_refused_in_one_line(
    autojump_clock: MockClock, given: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        open_session(BACKEND, **({"sources": {"mic": Silent()}} | given))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert "nö" not in str(caught.value)


async def test_the_defaults_dial_for_real() -> None:
    async with open_session(
        Backend(port=1), {"mic": Silent()}, policy=Policy(max_attempts=0)
    ) as session:
        ended = await session.wait()
        assert session.wall_clock() > 1_700_000_000
    assert ended.state is State.FAILED
    assert (ended.missing, ended.complete) == ((), False)
    assert "nothing listens" in ended.reason


# Cancellation.


async def whole_life(net: Net) -> None:
    """Two sources, a provider, a refusal, a loss, a stop."""

    async def provide() -> str:
        await trio.sleep(0.1)
        return TOKEN

    sources: dict[str, Source] = {"mic": Frames(150), "system": Frames(30)}
    async with open_session(
        BACKEND, sources, connect=net, credentials=provide, uniform=lambda: 0.5
    ) as session:
        async for _ in session:
            pass


async def refuse_token(peer: Peer) -> None:
    await peer.upgrade()
    await peer.stream.send_all(close(1008))
    await peer.receive()


async def drop(peer: Peer, seconds: float = 0.7) -> None:
    """Serve for a while, then go without a word."""
    with trio.move_on_after(seconds):
        await echo(peer)


LIFE: tuple[Script, ...] = (refuse_token, drop, echo)


async def test_the_life_to_be_cancelled_is_a_whole_one(
    autojump_clock: MockClock, play: Play
) -> None:
    net = play.net(*LIFE)
    await whole_life(net)
    assert len(net.dials) == 3
    assert 3 <= trio.current_time() < 6


@pytest.mark.parametrize("step", range(8))
async def test_cancelled_at_any_time_nothing_is_left(autojump_clock: MockClock, step: int) -> None:
    for tick in range(step, 150, 8):
        with nothing_left():
            async with trio.open_nursery() as nursery:
                net = Play(nursery).net(*LIFE)
                with trio.move_on_after(tick * 0.03):
                    await whole_life(net)
            assert all(peer.gone.is_set() for peer in net.dials)


@pytest.mark.parametrize("step", range(8))
async def test_cancelled_at_any_checkpoint_nothing_is_left(
    autojump_clock: MockClock, step: int
) -> None:
    async def cancel(scope: trio.CancelScope, checkpoints: int) -> None:
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()
        scope.cancel()

    async def provide() -> str:
        await trio.lowlevel.checkpoint()
        return TOKEN

    async def at_once(peer: Peer) -> None:
        await echo(peer)

    for checkpoints in range(step, 120, 8):
        with nothing_left():
            async with trio.open_nursery() as nursery:
                net = Play(nursery).net(refuse_token, at_once)
                with trio.CancelScope() as scope:
                    nursery.start_soon(cancel, scope, checkpoints)
                    async with open_session(
                        BACKEND,
                        {"mic": Frames(3)},
                        connect=net,
                        credentials=provide,
                        policy=Policy(start_delay=0, scatter=0, prompt_retry=0),
                    ) as session:
                        await session.wait()
            assert all(peer.gone.is_set() for peer in net.dials)


# Sources.


class Wrong:
    """A source that delivers half a sample."""

    duration = None

    async def run(self, sink: Sink) -> None:
        await trio.lowlevel.checkpoint()
        sink.audio(b"odd")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            Frames(3, then=SourceError("the microphone is gone; plug it in")),
            "the microphone is gone; plug it in",
        ),
        (Frames(3, then=OSError(5, "Input/output error")), "[Errno 5] Input/output error"),
        (Frames(3, then=RuntimeError("a secret")), "the source raised RuntimeError"),
        (Frames(3, then=ExceptionGroup("x", [KeyError()])), "the source raised ExceptionGroup"),
        (Wrong(), "the source raised LocalProtocolError"),
    ],
)
async def test_a_source_fails_alone(
    autojump_clock: MockClock, play: Play, source: Source, reason: str
) -> None:
    net = play.net(echo)
    sources: dict[str, Source] = {"mic": Frames(100), "system": source}
    async with open_session(BACKEND, sources, connect=net) as session:
        updates = [update async for update in session]
    assert [u for u in updates if isinstance(u, SourceLost)] == [
        SourceLost(source="system", how=HowLost.FAILED, reason=reason),
        SourceLost(source="mic", how=HowLost.ENDED, reason="it has no more audio"),
    ]
    ended = last(updates)
    assert ended.state is State.CLOSED
    assert ended.statistics.sources["mic"].confirmed == 100 * 320


async def test_when_the_last_source_fails_the_session_finishes(
    autojump_clock: MockClock, play: Play
) -> None:
    updates = await play(play.net(echo), Frames(30, then=SourceError("gone")))
    ended = last(updates)
    assert (ended.state, ended.missing) == (State.CLOSED, ())
    assert (ended.complete, ended.reason) == (False, "mic was lost: gone")
    assert spans(updates) == ["0-24", "25-29"]


class Hangs(Frames):
    """Says no more after its frames, and never returns; whether it was told to let go."""

    let_go = False

    async def run(self, sink: Sink) -> None:
        await super().run(sink)
        try:
            await trio.sleep_forever()
        finally:
            self.let_go = True


async def test_a_source_that_hangs_is_lost_alone_and_let_go(
    autojump_clock: MockClock, play: Play
) -> None:
    stuck = Hangs(20)
    sources: dict[str, Source] = {"mic": Frames(1000), "system": stuck}
    async with open_session(BACKEND, sources, connect=play.net(echo)) as session:
        async for update in session:
            if isinstance(update, SourceLost):
                assert (update.source, update.how) == ("system", HowLost.STALLED)
                assert update.reason == "nothing was heard from it for 10 s"
                break
        assert session.state is State.STREAMING
        await wait_all_tasks_blocked()
        assert stuck.let_go
        updates = [update async for update in session]
    ended = last(updates)
    assert [lost.source for lost in ended.lost_sources] == ["system"]
    assert (ended.complete, ended.missing) == (False, ())
    assert ended.statistics.sources["system"].confirmed == 20 * 320


async def test_audio_that_an_app_pushes_may_pause(autojump_clock: MockClock, play: Play) -> None:
    pushed = PushSource()
    async with open_session(BACKEND, {"mic": pushed}, connect=play.net(echo)) as session:
        for _ in range(3):
            await trio.sleep(60)
            pushed.send(bytes(640))
        assert session.state is State.STREAMING
        pushed.close()
        assert (await session.wait()).complete


@pytest.mark.parametrize("end", [Session.request_stop, Session.abort])
async def test_what_was_pushed_before_the_end_is_accounted_for(
    autojump_clock: MockClock, play: Play, end: Callable[[Session], None]
) -> None:
    pushed = PushSource()
    async with open_session(BACKEND, {"mic": pushed}, connect=play.net(echo)) as session:
        await trio.sleep(1)
        pushed.send(bytes(640))
        end(session)  # before the source had its turn
        ended = await session.wait()
    figures = ended.statistics.sources["mic"]
    assert (figures.captured, figures.captured - figures.missing) == (320, figures.confirmed)


async def test_a_hole_is_a_gap(autojump_clock: MockClock, play: Play) -> None:
    class Stutter:
        duration = None

        async def run(self, sink: Sink) -> None:
            sink.started(trio.current_time())
            sink.audio(numbered(0))
            sink.hole(320)
            await trio.sleep(0.04)
            sink.audio(numbered(1))

    ended = last(await play(play.net(echo), Stutter()))
    assert [(g.start, g.end, g.cause) for g in ended.missing] == [(320, 640, GapCause.CAPTURE)]


async def test_the_level_is_that_of_the_last_frame(autojump_clock: MockClock, play: Play) -> None:
    class Loud:
        duration = None

        async def run(self, sink: Sink) -> None:
            for value in (b"\x00\x00", b"\x00\x40", b"odd"):
                await trio.sleep(1)
                sink.audio(value * 320 if value != b"odd" else value)

    levels: list[float] = []
    async with open_session(BACKEND, {"mic": Loud()}, connect=play.net(echo)) as session:
        for _ in range(5):
            levels.append(session.level("mic"))
            await trio.sleep(0.9)
        assert session.level("system") == 0.0
    assert levels == [0.0, 0.0, 0.0, 0.5, 0.5]


async def test_a_source_that_can_wait_is_told_when_there_is_room(
    autojump_clock: MockClock, play: Play
) -> None:
    class File:
        duration = 20.0
        at = 0

        async def run(self, sink: Sink) -> None:
            sink.started(trio.current_time())
            for self.at in range(1000):
                await sink.room()
                sink.audio(numbered(self.at))

    file = File()
    gate = trio.Event()

    async def late(peer: Peer) -> None:
        await gate.wait()
        await echo(peer)

    async with open_session(BACKEND, {"mic": file}, connect=play.net(late)) as session:
        await trio.sleep(5)
        assert 50 < file.at < 150  # it waits
        gate.set()
        ended = await session.wait()
    assert ended.complete
    assert ended.statistics.sources["mic"].confirmed == 1000 * 320


# A slow app.


async def test_an_app_that_never_reads_costs_neither_memory_nor_words(
    autojump_clock: MockClock, play: Play
) -> None:
    """Three hours of everything in front of an app that looks only then."""
    minutes = 180
    answered: list[float] = []

    class Rare:
        duration = None
        may_pause = True

        async def run(self, sink: Sink) -> None:
            sink.started(trio.current_time())
            for number in range(minutes):
                sink.audio(numbered(number))
                sink.hole(60 * 16000 - 320)
                await trio.sleep(60)

    async def talk(peer: Peer) -> None:
        while True:
            for second in range(0, 60, 3):
                await trio.sleep(3)
                await peer.send("metrics", source="mic", backlog_seconds=0.0)
                await peer.send("asr_partial", text=f"{second}", t0=0, t1=1e9, source="mic")
                await peer.send("entities_update", people=[str(second)])
                await peer.send("status", state=("buffering", "streaming")[second % 2])
            await peer.stream.send_all(frame(PING, b"are you there"))

    async def script(peer: Peer) -> None:
        await peer.open()
        frames = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk, peer)
            while True:
                opcode, payload = await peer.receive()
                if opcode == PING:
                    await peer.stream.send_all(frame(PONG, payload))
                elif opcode == PONG:
                    answered.append(trio.current_time())
                elif opcode == BINARY:
                    await peer.final(f"{frames}", frames * 0.02, (frames + 1) * 0.02)
                    frames += 1
                elif opcode == TEXT:
                    await peer.finish()
                else:
                    break
            nursery.cancel_scope.cancel()

    net = play.net(script)
    async with open_session(BACKEND, {"mic": Rare()}, connect=net) as session:
        ended = await session.wait()
        updates = [update async for update in session]
    assert len(net.dials) == 1
    assert len(answered) >= minutes - 1
    assert spans(updates) == [str(n) for n in range(minutes)]
    assert last(updates) is ended
    # Finals, one gap a minute, states, and one each of what passes.
    assert len(updates) <= 2 * minutes + 6 + 1 + 8


# Credentials.


def token_of(peer: Peer) -> str | None:
    return peer.headers.get("x-echopanel-token")


async def unauthorized(peer: Peer) -> None:
    await peer.upgrade()
    await peer.send("status", state="error", message="Unauthorized websocket connection")
    await peer.stream.send_all(close(1008))
    await peer.receive()


async def http_401(peer: Peer) -> None:
    await peer.refuse(401, "Content-Length: 0")


@pytest.mark.parametrize("refusing", [refuse_token, unauthorized, http_401])
async def test_a_wrong_token_is_one_dial(
    autojump_clock: MockClock, play: Play, refusing: Script
) -> None:
    net = play.net(refusing)
    ended = last(await play(net, Frames(5), credentials=TOKEN))
    assert (ended.state, ended.action) == (State.FAILED, Action.FATAL)
    assert len(net.dials) == 1
    assert token_of(net.dials[0]) == TOKEN
    assert net.dials[0].headers["authorization"] == f"Bearer {TOKEN}"


class Provider:
    """Hands out what it is given, one thing after the other."""

    def __init__(self, *answers: str | BaseException | Callable[[], Awaitable[str]]) -> None:
        self.answers = list(answers)
        self.asked: list[float] = []

    async def __call__(self) -> str:
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return await answer() if callable(answer) else answer


@pytest.mark.parametrize("refusing", [refuse_token, unauthorized, http_401])
async def test_a_refused_token_is_replaced_by_a_fresh_one(
    autojump_clock: MockClock, play: Play, refusing: Script
) -> None:
    net = play.net(refusing, echo)
    provider = Provider("first", "second")
    ended = last(await play(net, Frames(30), credentials=provider))
    assert ended.complete
    assert [token_of(peer) for peer in net.dials] == ["first", "second"]
    assert len(provider.asked) == 2


async def test_a_fresh_token_that_is_refused_too_is_the_end(
    autojump_clock: MockClock, play: Play
) -> None:
    net = play.net(refuse_token)
    provider = Provider("first", "second", "third")
    ended = last(await play(net, Frames(30), credentials=provider))
    assert ended.state is State.FAILED
    assert len(net.dials) == len(provider.asked) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (CredentialError("log in again", fatal=True), "log in again"),
        ("", "a token nobody can send"),
        ("nö", "a token nobody can send"),
        (cast("str", b"bytes"), "it returned bytes, where a token is a str"),
        (cast("str", None), "it returned NoneType, where a token is a str"),
    ],
)
async def test_a_provider_without_hope(
    autojump_clock: MockClock, play: Play, answer: str | BaseException, reason: str
) -> None:
    net = play.net(echo)
    provider = Provider(answer)
    ended = last(await play(net, Frames(3), credentials=provider))
    assert ended.state is State.FAILED
    assert reason in ended.reason
    says_no = isinstance(answer, CredentialError)
    assert ("says that it has no credential" in ended.reason) is says_no
    assert (len(provider.asked), net.dials) == (1, [])


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (CredentialError("the vault is shut"), "the vault is shut"),
        (RuntimeError(TOKEN), "it raised RuntimeError"),
        (json.JSONDecodeError("a login page", TOKEN, 0), "it raised JSONDecodeError"),
        (ExceptionGroup("x", [OSError()]), "it raised ExceptionGroup"),
    ],
)
async def test_a_provider_that_fails_is_asked_again(
    autojump_clock: MockClock, play: Play, error: Exception, shown: str
) -> None:
    net = play.net(echo)
    provider = Provider(error, error, TOKEN)
    updates = await play(net, Frames(3), credentials=provider)
    assert last(updates).complete
    assert len(provider.asked) == 3
    waits = [u for u in updates if isinstance(u, StateChanged) and u.retry_in is not None]
    assert len(waits) == 2
    assert all(shown in wait.reason for wait in waits)
    assert TOKEN not in repr(updates)


async def test_a_provider_that_does_not_answer_is_cancelled_and_asked_again(
    autojump_clock: MockClock, play: Play
) -> None:
    cancelled: list[float] = []

    async def never() -> str:
        try:
            await trio.Event().wait()
        finally:
            cancelled.append(trio.current_time())
        return "never"

    provider = Provider(never, TOKEN)
    assert last(await play(play.net(echo), Frames(2000), credentials=provider)).complete
    assert cancelled == [Policy().auth_timeout]
    assert len(provider.asked) == 2


async def test_what_a_provider_says_too_late_is_not_used(
    autojump_clock: MockClock, play: Play
) -> None:
    """A provider in a thread cannot be cancelled, and answers when nobody waits any more."""

    async def thread() -> str:
        with trio.CancelScope(shield=True):
            await trio.sleep(Policy().auth_timeout + 5)
        return "stale"

    net = play.net(partial(drop, seconds=10), echo)
    await play(net, Frames(2500), credentials=Provider(thread, TOKEN))
    assert [token_of(peer) for peer in net.dials] == [TOKEN, TOKEN]


@pytest.mark.parametrize("how", [Session.request_stop, Session.abort])
async def test_stopping_while_the_provider_is_asked(
    autojump_clock: MockClock, play: Play, how: Callable[[Session], None]
) -> None:
    async def never() -> str:
        await trio.Event().wait()
        return "never"

    net = play.net(echo)
    with nothing_left():
        async with open_session(
            BACKEND, {"mic": Silent()}, connect=net, credentials=Provider(never)
        ) as session:
            await trio.sleep(1)
            assert session.state is State.AUTHORIZING
            how(session)
            ended = await session.wait()
    assert (ended.state, net.dials, trio.current_time()) == (State.CLOSED, [], 1)


# Secrets.


def escaped(text: str) -> str:
    """JSON that is as good, and looks different."""
    return "".join(f"\\u{ord(c):04x}" for c in text)


async def gossip(peer: Peer, how: str, token: str) -> None:
    """A server that hands the token back in everything it says."""
    said = escaped(token) if how == "escaped" else json.dumps(token)[1:-1]

    async def tell(kind: str, fields: str) -> None:
        text = f'{{"type":"{kind}",{fields}}}'.replace("@", said)
        await peer.stream.send_all(frame(TEXT, text.encode()))

    await peer.open()
    while (await peer.receive())[0] != BINARY:
        pass
    await tell("status", '"state":"warning","message":"@"')
    await tell("status", '"state":"@"')
    await tell("asr_partial", '"text":"a @ b","t0":0,"t1":0.01,"speaker":"@"')
    await tell("asr_final", '"text":"@","t0":0,"t1":0.02,"language":"@","segment_id":"@"')
    await tell("entities_update", '"people":["@",{"@":"@"}]')
    await tell("cards_update", '"actions":["@"]')
    await tell("@", '"x":1')
    await tell("asr_final", '"text":"@"')
    await peer.stream.send_all(frame(BINARY, token.encode()) + frame(TEXT, b'"\\' + token.encode()))
    if how == "error":
        await tell("error", '"message":"@"')
    elif how == "close":
        await peer.stream.send_all(close(4003, token))
    elif how == "remark":
        await tell("status", '"state":"error","message":"@"')
    else:
        while b'"stop"' not in (await peer.receive())[1]:
            pass
        await tell("final_summary", '"markdown":"@","json":{"@":["@"]}')
        await peer.stream.send_all(close(1000, token))
    await peer.receive()


@pytest.mark.parametrize("how", ["plain", "escaped", "error", "close", "remark"])
@pytest.mark.parametrize("provided", [False, True])
@pytest.mark.parametrize("token", [TOKEN, 'quo"ted\\back'])
async def test_a_token_is_never_told_whoever_echoes_it(
    autojump_clock: MockClock, play: Play, how: str, provided: bool, token: str
) -> None:
    credentials: Credentials = Provider(token) if provided else token
    net = play.net(partial(gossip, how=how, token=token))
    async with open_session(
        BACKEND,
        {"mic": Frames(60)},
        connect=net,
        credentials=credentials,
        policy=Policy(max_attempts=0),
    ) as session:
        updates = [update async for update in session]
        seen = [updates, session, session.transcript, session.statistics, session.ended]
    text = repr(seen) + str(seen) + "".join(map(str, updates))
    assert token not in text
    assert repr(token)[1:-1] not in text
    assert "[token]" in text
    assert any(isinstance(u, Transcript) for u in updates)


async def test_an_old_token_is_a_secret_still(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(refuse_token, partial(gossip, how="plain", token="the-first-token"))
    updates = await play(
        net, Frames(60), credentials=Provider("the-first-token", "the-second-token")
    )
    assert len(net.dials) == 2
    assert "the-first-token" not in repr(updates)


async def test_a_message_without_the_token_is_left_as_it_is(
    autojump_clock: MockClock, play: Play
) -> None:
    """Escapes are looked through, not changed."""

    async def script(peer: Peer) -> None:
        await peer.open()
        while (await peer.receive())[0] != BINARY:
            pass
        await peer.final('say "yes" \\ 2 \u2028', 0.0, 0.02)
        text = b'{"type":"asr_final","text":"\\u0041\\u00e9","t0":0,"t1":1e400}'
        await peer.stream.send_all(frame(TEXT, text))
        await peer.serve()

    updates = await play(play.net(script), Frames(10), credentials=TOKEN)
    assert spans(updates) == ['say "yes" \\ 2 \u2028']
    assert [u.kind for u in updates if isinstance(u, Trouble)] == ["malformed"]


async def test_a_redirect_that_hands_the_query_back_is_followed_with_one_token(
    autojump_clock: MockClock,
    play: Play,
) -> None:
    async def there(peer: Peer) -> None:
        await peer.read_request()
        await peer.refuse(307, f"Location: {peer.target.replace('listener', 'listener/')}")

    backend = Backend(query="lang=en", credential_place=CredentialPlace.QUERY)
    net = play.net(there, echo)
    ended = last(await play(net, Frames(3), credentials=TOKEN, backend=backend))
    assert ended.complete
    assert net.dials[1].target.startswith("/ws/live-listener/?lang=en&")
    assert net.dials[1].target.count("token=") == 1
    assert TOKEN.split("/", maxsplit=1)[0] not in repr(net.dials[1].backend)


async def test_a_token_in_a_redirect_that_is_refused_is_not_told(
    autojump_clock: MockClock, play: Play
) -> None:
    async def there(peer: Peer) -> None:
        await peer.refuse(302, f"Location: ws://127.0.0.1:0/{TOKEN} \x7f")

    updates = await play(play.net(there), credentials=TOKEN)
    assert last(updates).state is State.FAILED
    assert TOKEN not in repr(updates)


# Redirects.


async def redirect(peer: Peer, location: str, status: int = 307) -> None:
    await peer.refuse(status, f"Location: {location}")


@pytest.mark.parametrize(
    ("location", "url", "token"),
    [
        ("/other?x=1", "ws://127.0.0.1:8000/other?x=1", TOKEN),
        ("other", "ws://127.0.0.1:8000/ws/other", TOKEN),
        ("http://127.0.0.1:8000/other", "ws://127.0.0.1:8000/other", TOKEN),
        ("ws://127.0.0.1:8001/other", "ws://127.0.0.1:8001/other", None),
        ("wss://127.0.0.1:8000/other", "wss://127.0.0.1:8000/other", None),
        ("https://example.org/other", "wss://example.org:443/other", None),
    ],
)
async def test_a_redirect_is_followed_and_the_token_stays_with_its_origin(
    autojump_clock: MockClock, play: Play, location: str, url: str, token: str | None
) -> None:
    net = play.net(partial(redirect, location=location), echo)
    assert last(await play(net, Frames(3), credentials=TOKEN)).complete
    assert [token_of(peer) for peer in net.dials] == [TOKEN, token]
    assert net.dials[1].backend.url == url


async def test_a_token_that_was_dropped_does_not_come_back_on_the_way(
    autojump_clock: MockClock, play: Play
) -> None:
    hops = [partial(redirect, location=f"ws://127.0.0.1:{port}/") for port in (9000, 8000)]
    net = play.net(*hops, echo)
    await play(net, Frames(3), credentials=TOKEN)
    assert [token_of(peer) for peer in net.dials] == [TOKEN, None, None]


@pytest.mark.parametrize("location", ["ws://127.0.0.1/", "http://example.org/", "ftp://x/"])
async def test_a_redirect_to_where_it_is_not_safe_is_the_end(
    autojump_clock: MockClock, play: Play, location: str
) -> None:
    net = play.net(partial(redirect, location=location))
    backend = Backend(host="example.org", port=443)
    ended = last(await play(net, backend=backend, credentials=TOKEN))
    assert (ended.state, len(net.dials)) == (State.FAILED, 1)


async def test_redirects_have_an_end(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(partial(redirect, location="/again"))
    ended = last(await play(net))
    assert ended.state is State.FAILED
    assert len(net.dials) == Policy().max_redirects + 1


# Losses.


async def test_what_a_loss_cut_is_said_again_and_nothing_twice(
    autojump_clock: MockClock, play: Play
) -> None:
    net = play.net(partial(drop, seconds=1.3), partial(drop, seconds=1.3), echo)
    updates = await play(net, Frames(200))
    assert len(net.dials) == 3
    assert last(updates).complete
    ranges = [tuple(map(int, text.split("-"))) for text in spans(updates)]
    assert [n for a, b in ranges for n in range(a, b + 1)] == list(range(200))
    starts = [peer.start for peer in net.dials]
    assert len({start["connection_id"] for start in starts}) == 3
    assert len({start["attempt_id"] for start in starts}) == 1


async def test_nothing_of_an_old_dial_goes_out_on_a_new_one(
    autojump_clock: MockClock, play: Play
) -> None:
    async def freeze(peer: Peer) -> None:
        """Ack, then neither read nor answer: messages and pings pile up."""
        await peer.open()
        await trio.sleep(30)

    heard: list[tuple[int, bytes]] = []

    async def listen(peer: Peer) -> None:
        await peer.upgrade()
        peer.start = json.loads((await peer.receive())[1])
        await peer.send("status", state="streaming")
        await peer.serve()
        heard.extend(peer.heard)

    async with trio.open_nursery() as nursery:

        async def script(peer: Peer) -> None:
            await (freeze if peer.number == 1 else listen)(peer)

        net = Net(nursery, script, lockstep_stream_pair)
        async with open_session(
            BACKEND, {"mic": Frames(600)}, connect=net, uniform=lambda: 0.5
        ) as session:
            await session.wait()
        nursery.cancel_scope.cancel()
    assert len(net.dials) == 2
    assert heard[0][0] == TEXT  # the start, with this dial's name
    assert json.loads(heard[0][1])["connection_id"] == net.dials[1].start["connection_id"]
    audio = [number_of(data[4:]) for opcode, data in heard if opcode == BINARY]
    assert audio == list(range(600))
    pings = [data for opcode, data in heard if opcode == PING]
    assert len(pings) == len(set(pings))
    assert not set(pings) & {data for opcode, data in net.dials[0].heard if opcode == PING}
    assert [data for opcode, data in heard if opcode == TEXT][-1].find(b"stop") > 0


async def frozen_tcp(peer: Peer) -> None:
    """Connects, and that is all."""
    await peer.read_request()
    await trio.sleep_forever()


async def frozen_upgrade(peer: Peer) -> None:
    """Answers 101, and that is all."""
    await peer.upgrade()
    await trio.sleep_forever()


async def frozen_line(peer: Peer) -> None:
    """Acks, reads on, and answers nothing."""
    peer.pongs = False
    await peer.open()
    await peer.serve(finish=False)
    await trio.sleep_forever()


async def frozen_reader(peer: Peer) -> None:
    """Acks, and reads no more."""
    await peer.open()
    await trio.sleep_forever()


@pytest.mark.parametrize(
    ("script", "reason", "earliest", "latest"),
    [
        (frozen_tcp, "not open in time", 10.0, 10.0),
        (frozen_upgrade, "did not acknowledge", 8.2, 8.2),
        (frozen_line, "did not answer a ping", 5.0, 10.2),
        (frozen_reader, "", 5.0, 10.2),
    ],
)
async def test_a_frozen_server_is_noticed_in_time(
    autojump_clock: MockClock, script: Script, reason: str, earliest: float, latest: float
) -> None:
    frozen = True

    async def either(peer: Peer) -> None:
        await (script if frozen else echo)(peer)

    async with trio.open_nursery() as nursery:
        net = Net(nursery, either, lockstep_stream_pair)
        async with open_session(
            BACKEND, {"mic": Frames(2000)}, connect=net, uniform=lambda: 0.5
        ) as session:
            update = await until(session, State.RECONNECTING)
            assert earliest <= trio.current_time() <= latest + 0.001
            assert reason in update.reason
            with trio.fail_after(0.1):  # there is one socket at most
                await net.dials[0].gone.wait()
            frozen = False
            ended = await session.stop()
            assert ended.complete
        nursery.cancel_scope.cancel()
    assert len(net.dials) == 2


async def test_silence_is_no_news_of_a_healthy_line(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(echo)
    async with open_session(BACKEND, {"mic": Silent()}, connect=net) as session:
        await trio.sleep(3600)
        assert session.state is State.STREAMING
        assert len(net.dials) == 1
        assert (await session.stop()).complete


async def test_a_partial_is_taken_back_when_its_line_is_lost(
    autojump_clock: MockClock, play: Play
) -> None:
    async def mumble(peer: Peer) -> None:
        await peer.open()
        while (await peer.receive())[0] != BINARY:
            pass
        await peer.send("asr_partial", text="perh", t0=0, t1=0.02, source="mic")
        await trio.sleep(0.1)

    updates = await play(play.net(mumble, echo), Frames(30))
    said = [u for u in updates if isinstance(u, Transcript | PartialRetracted)]
    assert [type(u) for u in said[:2]] == [Transcript, PartialRetracted]


async def test_news_of_the_network_ends_a_wait(autojump_clock: MockClock, play: Play) -> None:
    up = False

    async def connect(backend: Backend) -> trio.abc.Stream:
        if not up:
            raise DialError(ErrorKind.UNREACHABLE, "no route")
        return await net(backend)

    net = play.net(echo)
    async with open_session(
        BACKEND, {"mic": Silent()}, connect=connect, uniform=lambda: 0.99
    ) as session:
        for _ in range(3):
            await until(session, State.RECONNECTING)
        lost = await until(session, State.RECONNECTING)
        up = True
        before = trio.current_time()
        session.network_restored()
        await until(session, State.STREAMING)
        assert lost.retry_in is not None
        assert trio.current_time() - before < 0.5 < lost.retry_in
        await session.stop()


async def test_stopping_during_an_outage_finishes_over_a_reconnect(
    autojump_clock: MockClock, play: Play
) -> None:
    net = play.net(partial(drop, seconds=1.0), partial(Peer.refuse, status=502), echo)
    async with open_session(
        BACKEND, {"mic": Frames(1000)}, connect=net, uniform=lambda: 0.5
    ) as session:
        await until(session, State.RECONNECTING)
        ended = await session.stop()
    assert (ended.complete, len(net.dials)) == (True, 3)
    assert ended.statistics.sources["mic"].captured > 0


async def test_a_backend_that_hangs_while_finishing_is_left_in_time(
    autojump_clock: MockClock, play: Play
) -> None:
    async def hang(peer: Peer) -> None:
        await peer.open()
        await peer.serve(finish=False)

    async with open_session(
        BACKEND, {"mic": Frames(1000)}, connect=play.net(hang), uniform=lambda: 0.5
    ) as session:
        await trio.sleep(1)
        ended = await session.stop()
    assert ended.state is State.FAILED
    assert trio.current_time() <= 1 + Policy().finish_timeout + 1


async def test_a_closing_handshake_that_hangs_is_left_in_time(
    autojump_clock: MockClock, play: Play
) -> None:
    async def hang(peer: Peer) -> None:
        await peer.open()
        while b'"stop"' not in (await peer.receive())[1]:
            pass
        await peer.send("final_summary")
        await trio.sleep(1000)

    async with open_session(BACKEND, {"mic": Silent()}, connect=play.net(hang)) as session:
        await trio.sleep(1)
        assert (await session.stop()).state is State.CLOSED
    assert trio.current_time() == pytest.approx(1 + Policy().close_timeout, abs=0.3)


@pytest.mark.parametrize("size", [len(FRAME), 2, 6400])
async def test_pieces_of_any_size_arrive_whole(
    autojump_clock: MockClock, play: Play, size: int
) -> None:
    pcm = b"".join(numbered(n) for n in range(50))
    heard: list[bytes] = []

    class Pieces:
        duration = None

        async def run(self, sink: Sink) -> None:
            for at in range(0, len(pcm), size):
                sink.audio(pcm[at : at + size])
                await trio.sleep(size / 32000)

    async def script(peer: Peer) -> None:
        await peer.open()
        heard.extend(await peer.serve())

    await play(play.net(script), Pieces())
    assert b"".join(heard)[: len(pcm)] == pcm


async def test_the_clock_may_stand_still(autojump_clock: MockClock, play: Play) -> None:
    """Events at one and the same time are no error."""
    net = play.net(echo)
    async with open_session(BACKEND, {"mic": Silent()}, connect=net) as session:
        for _ in range(100):
            session.network_restored()
        assert (await session.stop()).state is State.CLOSED


async def test_a_fault_of_the_core_at_the_end_is_raised_and_leaves_trio_in_order(
    autojump_clock: MockClock, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    def abort(session: Session) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "abort", abort)
    with nothing_left(), pytest.raises(ExceptionGroup) as raised:
        async with open_session(BACKEND, {"mic": Silent()}, connect=play.net(echo)):
            await trio.sleep(1)
    assert raised.group_contains(ZeroDivisionError)
