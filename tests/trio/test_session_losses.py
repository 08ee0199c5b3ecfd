"""Sessions that lose their line, or whose line is silent."""

from __future__ import annotations

import json
from functools import partial

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair

from openline.backend import Backend
from openline.dialects.echopanel import TRAITS
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.updates import PartialRetracted, State, Transcript
from openline_audio.source import Sink
from openline_trio import DialError, Session, open_session
from tests.support_lines import (
    BINARY,
    FRAME,
    PING,
    TEXT,
    Frames,
    Net,
    Peer,
    Script,
    Silent,
    all_delivered,
    number_of,
    numbered,
)
from tests.support_sessions import (
    BACKEND,
    Play,
    drop,
    echo,
    last,
    spans,
    until,
)


async def test_cut_phrase_is_sent_again_and_nothing_twice(
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
            BACKEND, {"mic": Frames(600)}, connect=net, random=lambda: 0.5
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
            BACKEND, {"mic": Frames(2000)}, connect=net, random=lambda: 0.5
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


async def test_silence_is_no_loss_on_a_healthy_line(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(echo)
    async with open_session(BACKEND, {"mic": Silent()}, connect=net) as session:
        await trio.sleep(3600)
        assert session.state is State.STREAMING
        assert len(net.dials) == 1
        assert (await session.stop()).complete


async def test_partial_is_retracted_when_its_line_is_lost(
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


async def test_network_hint_ends_a_delay(autojump_clock: MockClock, play: Play) -> None:
    up = False

    async def connect(backend: Backend) -> trio.abc.Stream:
        if not up:
            raise DialError(ErrorKind.UNREACHABLE, "no route")
        return await net(backend)

    net = play.net(echo)
    async with open_session(
        BACKEND, {"mic": Silent()}, connect=connect, random=lambda: 0.99
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
        BACKEND, {"mic": Frames(1000)}, connect=net, random=lambda: 0.5
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
        BACKEND, {"mic": Frames(1000)}, connect=play.net(hang), random=lambda: 0.5
    ) as session:
        await trio.sleep(1)
        ended = await session.stop()
    assert ended.state is State.FAILED
    # All audio still due, 1 s at most, and the horizon of the backend come on top.
    assert trio.current_time() <= 1 + Policy().finish_timeout + 1 + TRAITS.horizon


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


@pytest.mark.repeats
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
    with all_delivered(), pytest.raises(ExceptionGroup) as raised:
        async with open_session(BACKEND, {"mic": Silent()}, connect=play.net(echo)):
            await trio.sleep(1)
    assert raised.group_contains(ZeroDivisionError)
