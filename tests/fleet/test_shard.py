"""The life of a shard and of its sessions, in virtual time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Memory
from openline.events import AudioCaptured, Event, SilenceHeard
from openline.observer import Observer
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.session import LocalProtocolError
from openline.updates import Ended, State, StateChanged, Transcript, Trouble
from openline_asyncio.sources.pacer import Pacer
from openline_driver.credentials import CredentialError
from openline_driver.network_errors import DialError
from openline_fleet import (
    FleetSession,
    SessionSpec,
    Shard,
    ShardFullError,
    SharedProvider,
    SourceClosedError,
    SourceSpec,
)
from openline_store.spool import SpoolError
from tests.faces.corpus import closing_at_once, cut, echo, mute
from tests.faces.script import Peer, Steps
from tests.fleet.support import Backends, jumping, read, result, sharded, spec, talk, words
from tests.support_lines import FRAME


def test_sessions_live_beside_each_other_and_each_ends_complete() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            lines = [shard.start(spec(number)) for number in range(5)]
            reading = asyncio.create_task(read(shard))
            shard.close()
            await asyncio.gather(*(talk(line, 40 + 10 * n) for n, line in enumerate(lines)))
            found = await reading
            assert len(shard) == 0
        for number in range(5):
            ended = result(found[f"s{number}"])
            assert ended.complete
            assert words(ended)[0] == "0-24"
            assert ended.statistics.sources["mic"].missing == 0
            assert ended.statistics.sources["mic"].captured == (40 + 10 * number) * 320

    jumping(main)


def test_one_session_that_is_lost_is_lost_alone() -> None:
    def one_in_two(peer: Peer) -> Steps:
        yield from (cut if peer.number == 2 else echo)(peer)

    async def main() -> None:
        async with sharded(Backends(one_in_two)) as shard:
            lines = [shard.start(spec(number)) for number in range(3)]
            shard.close()
            reading = asyncio.create_task(read(shard))
            await asyncio.gather(*(talk(line, 120) for line in lines))
            found = await reading
        dials = sorted(result(each).statistics.dials for each in found.values())
        assert dials == [1, 1, 2]
        assert all(result(each).complete for each in found.values())

    jumping(main)


def test_finish_delivers_what_was_pushed_and_refuses_what_follows() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            await talk(line, 60, ends=False)
            line.finish()
            with pytest.raises(SourceClosedError, match="'mic' of session 's0' takes no more"):
                line.push("mic", FRAME)
            ended = await line.wait()
            with pytest.raises(SourceClosedError, match="push the rest to another session"):
                line.push("mic", FRAME)
            assert ended.statistics.refused_samples == 0
            line.finish()
            line.abort()
            assert ended.complete
            assert words(ended) == ["0-24", "25-49", "50-59"]
            assert await line.wait() is ended

    jumping(main)


def test_a_source_that_has_ended_takes_no_more_and_the_other_one_goes_on() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            sources = (SourceSpec(name="mic"), SourceSpec(name="system"))
            line = shard.start(spec(sources=sources))
            await talk(line, 10)
            with pytest.raises(SourceClosedError, match="'mic' of session 's0'"):
                line.push("mic", FRAME)
            await talk(line, 10, "system")
            ended = await line.wait()
            captured = [each.captured for each in ended.statistics.sources.values()]
            assert (ended.state, captured) == (State.CLOSED, [3_200, 3_200])

    jumping(main)


def test_a_session_that_fails_takes_no_more_at_once() -> None:
    async def main() -> None:
        async with sharded(Backends(closing_at_once(1002))) as shard:
            line = shard.start(spec())
            line.push("mic", FRAME)
            async for _, update in shard.updates():
                if isinstance(update, Ended):
                    break
            with pytest.raises(SourceClosedError):
                line.push("mic", FRAME)
            assert line.state is State.FAILED

    jumping(main)


def test_abort_ends_at_once_and_leaving_the_block_aborts_the_rest() -> None:
    async def main() -> None:
        async with sharded(Backends(mute)) as shard:
            first, second = (shard.start(spec(number)) for number in range(2))
            await asyncio.sleep(0.5)
            first.abort()
            assert (await first.wait()).reason == "aborted"
            waiting = asyncio.create_task(second.wait())
            await asyncio.sleep(0)
            assert shard.lines == {"s1": second}
        assert (await waiting).reason == "aborted"
        assert second.state is State.CLOSED

    jumping(main)


def test_a_cancelled_block_leaves_nothing() -> None:
    async def main() -> None:
        entered = asyncio.Event()

        async def app() -> None:
            async with sharded(Backends()) as shard:
                lines = [shard.start(spec(number)) for number in range(3)]
                entered.set()
                await asyncio.gather(*(talk(line, 1_000) for line in lines))

        task = asyncio.create_task(app())
        await entered.wait()
        await asyncio.sleep(1.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    jumping(main)


def test_a_slow_reader_holds_nobody_up_and_misses_nothing_that_counts() -> None:
    async def main() -> None:
        finals: list[str] = []
        async with sharded(Backends()) as shard:
            lines = [shard.start(spec(number)) for number in range(2)]
            talking = asyncio.gather(*(talk(line, 200) for line in lines))
            shard.close()
            await talking
            await asyncio.gather(*(line.wait() for line in lines))
            async for name, update in shard.updates():
                await asyncio.sleep(1.0)
                if isinstance(update, Transcript) and update.final:
                    finals.append(f"{name} {update.text}")
        assert sorted(finals) == sorted(
            f"s{n} {25 * k}-{25 * k + 24}" for n in range(2) for k in range(8)
        )

    jumping(main)


def test_updates_are_read_in_one_task_and_a_flood_of_one_session_lets_others_through() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            reading = asyncio.create_task(read(shard))
            await asyncio.sleep(0.1)
            with pytest.raises(RuntimeError, match="another task reads"):
                await anext(shard.updates())
            for number in range(200):
                line._driver.report(  # pyright: ignore[reportPrivateUsage]
                    f"note {number}", "x"
                )
            shard.close()
            await talk(line, 30)
            found = await reading
        troubles = [each.kind for each in found["s0"] if isinstance(each, Trouble)]
        assert troubles == [f"note {number}" for number in range(200)]

    jumping(main)


def test_a_reader_may_stop_and_go_on() -> None:
    """Two sessions have their turns, one update each."""

    async def main() -> None:
        async with sharded(Backends()) as shard:
            for number in range(2):
                shard.start(spec(number))
            names: list[str] = []
            async for name, _ in shard.updates():
                names.append(name)
                if len(names) == 2:
                    break
            assert names == ["s0", "s1"]
            more = await anext(shard.updates())
            assert more[0] == "s0"

    jumping(main)


def test_a_reader_that_never_waits_lets_the_loop_have_its_turn() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            turns: list[int] = []
            loop = asyncio.get_running_loop()
            for number in range(200):
                line._driver.report(f"note {number}", "x")  # pyright: ignore[reportPrivateUsage]
            loop.call_soon(turns.append, 1)
            shard.close()
            count = 0
            async for _ in shard.updates():
                count += 1
                if count == 150:
                    break
            assert turns == [1]

    jumping(main)


# What cannot be.


def test_what_a_shard_does_not_take() -> None:
    async def main() -> None:
        shard = Shard(capacity=2)
        with pytest.raises(ShardFullError, match="takes no more"):
            shard.start(spec())
        async with sharded(Backends(), capacity=2) as shard:
            shard.start(spec(0))
            with pytest.raises(ValueError, match="session 's0' lives in this shard already"):
                shard.start(spec(0))
            with pytest.raises(ValueError, match="no dialect 'nope': give one of echopanel"):
                shard.start(spec(1, dialect="nope"))
            with pytest.raises(ValueError, match="option nope"):
                shard.start(spec(1, dialect_options={"nope": "1"}))
            with pytest.raises(ValueError, match="sources"):
                shard.start(spec(1, sources=(SourceSpec(name="kitchen"),)))
            shard.start(spec(1))
            with pytest.raises(ShardFullError, match="has its 2 sessions"):
                shard.start(spec(2))
            before = shard.is_closed
            shard.close()
            assert (before, shard.is_closed) == (False, True)
            with pytest.raises(ShardFullError, match="takes no more"):
                shard.start(spec(3))

    jumping(main)


def test_a_shard_takes_no_more_than_it_has_files_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openline_fleet.shard.allowed", lambda: 2)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            shard.start(spec(0))
            first = shard.start(spec(1))
            with pytest.raises(ShardFullError, match="no files for more than 2 sessions"):
                shard.start(spec(2))
            first.abort()
            await first.wait()
            shard.start(spec(2))

    jumping(main)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"capacity": 0}, "capacity is 0"),
        ({"dials_per_second": 0.0}, "dials_per_second is 0.0"),
        ({"dial_burst": 0}, "dial_burst is 0"),
        ({"credentials": 7}, "give a function that returns a token, not int"),
        ({"proxy": 7}, "proxy: give a URL"),
    ],
)
def test_an_argument_that_cannot_work_is_told_at_once(given: dict[str, object], says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        Shard(**given)  # type: ignore[arg-type]


def test_audio_that_cannot_be_raises_where_it_is_pushed() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            await asyncio.sleep(0.5)
            for call in (
                partial(line.push, "system", FRAME),
                partial(line.started, "system", 1.0),
                partial(line.hole, "system", 640),
                partial(line.end_source, "system"),
            ):
                with pytest.raises(ValueError, match="'system' is not pushed"):
                    call()
            with pytest.raises(LocalProtocolError):
                line.push("mic", b"odd")
            line.push("mic", b"\1\0" * 320)
            with pytest.raises(LocalProtocolError):
                line.push("mic", b"odd")
            with pytest.raises(TypeError, match="give bytes of 16-bit samples, not str"):
                line.push("mic", "text")  # type: ignore[arg-type]
            with pytest.raises(ValueError, match="'mic' has begun"):
                line.started("mic", 0.0)
            line.push("mic", memoryview(b"\1\0" * 320))  # type: ignore[arg-type]
            line.hole("mic", 320)
            line.finish()
            assert (await line.wait()).statistics.sources["mic"].captured == 960

    jumping(main)


class Breaking(EchoPanel):
    """A dialect with a mistake."""

    name = "breaking"

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        if number == 3:
            raise KeyError("secret")
        return super().audio(memory, source, pcm, number)


def test_a_mistake_of_a_dialect_ends_one_session_and_is_told() -> None:
    async def main() -> None:
        async with sharded(Backends(), dialects={"breaking": Breaking()}) as shard:
            bad, good = shard.start(spec(0, dialect="breaking")), shard.start(spec(1))
            shard.close()
            found, *_ = await asyncio.gather(read(shard), talk(bad, 30), talk(good, 30))
        troubles = [each for each in found["s0"] if isinstance(each, Trouble)]
        assert [each.kind for each in troubles][:1] == ["fault"]
        assert "secret" not in repr(troubles)
        assert not result(found["s0"]).complete
        assert result(found["s1"]).complete

    jumping(main)


# The gate.


def test_all_dials_of_a_shard_pass_its_gate() -> None:
    """Forty sessions lose their lines at once: ten dials at once, and then two a second."""

    async def main() -> None:
        backends = Backends(DialError(ErrorKind.REFUSED, "no"))
        async with sharded(backends, dials_per_second=2.0, dial_burst=10) as shard:
            for number in range(40):
                shard.start(spec(number, policy=Policy(give_up_after=120.0)))
            shard.close()
            await read(shard)
            assert shard.gate.waiting == 0
            assert shard.gate.passed == len(backends.dialled)
        times = backends.dialled
        assert len(times) > 100
        for first, start in enumerate(times):
            for count, end in enumerate(times[first:], 1):
                assert count <= 10 + 2.0 * (end - start) + 1e-6

    jumping(main)


def test_a_dial_that_waits_too_long_keeps_its_place() -> None:
    """Thirty sessions, one dial a second, and a patience of ten: all get through, in order."""

    async def main() -> None:
        backends = Backends()
        async with sharded(backends, dials_per_second=1.0, dial_burst=1) as shard:
            lines = [shard.start(spec(number)) for number in range(30)]
            await asyncio.sleep(45.0)
            assert all(line.state is State.STREAMING for line in lines)
            assert len(backends.dialled) == 30
            assert max(backends.dialled) < 36.0
            assert shard.gate.waiting == 0
            for line in lines:
                line.abort()

    jumping(main)


def test_a_session_that_is_aborted_at_the_gate_leaves_the_line() -> None:
    async def main() -> None:
        backends = Backends()
        async with sharded(backends, dials_per_second=1.0, dial_burst=1) as shard:
            lines = [shard.start(spec(number)) for number in range(3)]
            await asyncio.sleep(0.5)
            assert shard.gate.waiting == 2
            lines[1].abort()
            assert (await lines[1].wait()).reason == "aborted"
            assert shard.gate.waiting == 1
            await asyncio.sleep(1.0)
            assert len(backends.dialled) == 2
            assert shard.gate.deadline() is None

    jumping(main)


# Credentials.


def test_a_hundred_sessions_ask_one_provider_once() -> None:
    calls: list[float] = []

    async def provide() -> str:
        calls.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.3)
        return "a-token"

    async def main() -> None:
        backends = Backends()
        async with sharded(backends, credentials=provide) as shard:
            lines = [shard.start(spec(number)) for number in range(100)]
            await asyncio.sleep(3.0)
            assert all(line.state is State.STREAMING for line in lines)
            assert all(b"Bearer a-token" in peer.request for peer in backends.peers)
        assert len(calls) == 1

    jumping(main)


def test_a_refused_token_is_replaced_once_for_all() -> None:
    given: Iterator[str] = iter(["old", "fresh", "too fresh"])

    async def provide() -> str:
        await asyncio.sleep(0.01)
        return next(given)

    def picky(peer: Peer) -> Steps:
        yield from peer.read_request()
        if b"Bearer old" in peer.request:
            yield from closing_at_once(1008)(peer)
        else:
            yield from echo(peer)

    async def main() -> None:
        backends = Backends(picky)
        async with sharded(backends, credentials=SharedProvider(provide)) as shard:
            lines = [shard.start(spec(number)) for number in range(20)]
            await asyncio.sleep(3.0)
            assert all(line.state is State.STREAMING for line in lines)
        assert next(given) == "too fresh"

    jumping(main)


@pytest.mark.parametrize("patience", [5.0, 0.1])
def test_a_provider_that_fails_or_hangs_ends_no_other_task(patience: float) -> None:
    async def provide() -> str:
        await asyncio.sleep(1.0)
        raise CredentialError("none for you", fatal=True)

    async def main() -> None:
        async with sharded(Backends(), credentials=provide) as shard:
            line = shard.start(spec())
            await asyncio.sleep(patience)
            line.abort()
            ended = await line.wait()
        assert ("none for you" in ended.reason) == (patience > 1)

    jumping(main)


# What a session does beside it.


def test_a_session_without_audio_in_time_loses_its_source() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(
                spec(sources=(SourceSpec(may_pause=False),), policy=Policy(source_timeout=2.0))
            )
            line.push("mic", b"\1\0" * 320)
            ended = await line.wait()
            assert ended.statistics.sources["mic"].captured == 320
            assert asyncio.get_running_loop().time() < 10.0

    jumping(main)


@pytest.mark.parametrize("frame", [b"\0" * 640, b"\1\0" * 320])
def test_silence_goes_straight_through_as_sound_does(
    frame: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is watched for a mute meanwhile."""
    fed: list[object] = []
    feed = FleetSession.feed

    def noted(self: FleetSession, event: Event) -> None:
        fed.append(type(event))
        feed(self, event)

    monkeypatch.setattr(FleetSession, "feed", noted)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            for _ in range(600):
                line.push("mic", frame)
                await asyncio.sleep(0.02)
            line.end_source("mic")
            ended = await line.wait()
            assert ended.statistics.sources["mic"].captured == 600 * 320

    jumping(main)
    assert fed.count(AudioCaptured) < 100
    assert fed.count(SilenceHeard) == (frame[0] == 0)


def test_an_app_that_can_wait_waits_for_room() -> None:
    async def main() -> None:
        async with sharded(Backends(mute)) as shard:
            line = shard.start(spec(policy=Policy(buffer_seconds=60.0)))
            pushed = 0

            async def fill() -> None:
                nonlocal pushed
                while True:
                    await line.room("mic")
                    line.push("mic", b"\1\0" * 16_000)
                    pushed += 1

            filling = asyncio.create_task(fill())
            await asyncio.sleep(1.0)
            assert 0 < pushed < 100
            filling.cancel()

    jumping(main)


def test_what_another_thread_or_an_observer_posts_is_taken_in() -> None:
    class Stopping(Observer):
        def on_event(self, event: Event, now: float) -> None:
            if type(event).__name__ == "MessageReceived" and not posted:
                posted.append(now)
                lines[0].finish()

    posted: list[float] = []
    lines: list[FleetSession] = []

    def watching(_spec: SessionSpec) -> list[Observer]:
        return [Stopping()]

    async def main() -> None:
        async with sharded(Backends(), observers=watching) as shard:
            lines.append(shard.start(spec()))
            lines[0].push("mic", b"\1\0" * 320)
            ended = await lines[0].wait()
            assert ended.complete
        assert posted

    jumping(main)


def test_a_journal_and_a_bad_spool(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "file").write_text("x")
        async with sharded(Backends()) as shard:
            with pytest.raises(Exception, match="give a folder to write to"):
                shard.start(spec(0, spool=str(tmp_path / "file")))
            assert len(shard) == 0
            line = shard.start(spec(0, journal=str(tmp_path / "j.jsonl")))
            await talk(line, 30)
            await line.wait()
        assert "AudioCaptured" in (tmp_path / "j.jsonl").read_text()

    jumping(main)


def test_the_folder_of_another_session_is_not_resumed(tmp_path: Path) -> None:
    """As where somebody has renamed it."""

    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec(0, spool=str(tmp_path)))
            line.push("mic", bytes(640))
            line.abort()
            await line.wait()
            (tmp_path / "s0").rename(tmp_path / "s1")
            with pytest.raises(SpoolError, match="the folder of 's1' holds the session 's0'"):
                shard.start(spec(1, spool=str(tmp_path), resume=True))
            assert len(shard) == 0
        (tmp_path / "s1").rename(tmp_path / "s0")
        async with sharded(Backends()) as shard:
            again = shard.start(spec(0, spool=str(tmp_path), resume=True))
            assert (await again.wait()).complete

    jumping(main)


def test_the_network_is_back_for_all_that_dial_beyond_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []

    class Watch:
        def __init__(self, _loop: object, _pacer: Pacer, restored: object, _clock: object) -> None:
            made.append(restored)

        def close(self) -> None:
            made.append("closed")

    monkeypatch.setattr("openline_fleet.shard.NetworkWatch", Watch)

    async def main() -> None:
        async with Shard(proxy=False) as shard:
            near = shard.start(spec(0, backend=Backend(host="127.0.0.1", port=1)))
            assert made == []
            far = shard.start(spec(1, backend=Backend(host="far.invalid", allow_plain=True)))
            shard.start(spec(2, backend=Backend(host="far.invalid", allow_plain=True)))
            assert len(made) == 1
            restored: list[str] = []
            for line in (near, far):
                monkeypatch.setattr(
                    line, "network_restored", lambda name=line.session_id: restored.append(name)
                )
            made[0]()  # type: ignore[operator]
            assert restored == ["s1"]
        assert made[1:] == ["closed"]

    asyncio.run(main())


def test_no_update_comes_twice_and_ended_is_the_last() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            shard.close()
            found, _ = await asyncio.gather(read(shard), talk(line, 30))
        states = [each.state for each in found["s0"] if isinstance(each, StateChanged)]
        assert states == [
            *(State.CONNECTING, State.AWAITING_ACK, State.STREAMING),
            *(State.FINISHING, State.CLOSING, State.CLOSED),
        ]
        assert [type(each) for each in found["s0"]].count(Ended) == 1
        assert isinstance(found["s0"][-1], Ended)

    jumping(main)


def test_a_pacer_that_is_stopped_calls_nobody() -> None:
    class Entry:
        def due(self, now: float) -> None:
            called.append(now)

    called: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(loop, 0.01)
        pacer.put(Entry(), 0.5)
        pacer.put(Entry(), 0.2)
        await asyncio.sleep(0.3)
        assert len(called) == 1
        assert math.isclose(called[0], 0.2)
        pacer.stop()
        pacer.put(Entry(), 0.4)
        await asyncio.sleep(1.0)
        assert len(called) == 1

    jumping(main)


def test_a_spec_of_another_shard_may_begin_again_under_its_id() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            first = shard.start(spec())
            first.abort()
            await first.wait()
            second = shard.start(spec())
            assert isinstance(second.spec, SessionSpec)
            assert second is not first

    jumping(main)
