"""Sessions that are cancelled at any moment of their lives."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from openline.policy import Policy
from openline_audio.source import Source
from openline_trio import open_session
from tests.support_lines import (
    Frames,
    Net,
    Peer,
    Script,
    all_delivered,
)
from tests.support_sessions import (
    BACKEND,
    TOKEN,
    Play,
    drop,
    echo,
    refuse_token,
)


async def whole_life(net: Net) -> None:
    """Two sources, a provider, a refusal, a loss, a stop."""

    async def provide() -> str:
        await trio.sleep(0.1)
        return TOKEN

    sources: dict[str, Source] = {"mic": Frames(150), "system": Frames(30)}
    async with open_session(
        BACKEND, sources, connect=net, credentials=provide, random=lambda: 0.5
    ) as session:
        async for _ in session:
            pass


LIFE: tuple[Script, ...] = (refuse_token, drop, echo)


async def test_the_life_to_be_cancelled_is_a_whole_one(
    autojump_clock: MockClock, play: Play
) -> None:
    net = play.net(*LIFE)
    await whole_life(net)
    assert len(net.dials) == 3
    assert 3 <= trio.current_time() < 6


@pytest.mark.repeats
@pytest.mark.parametrize("step", range(8))
async def test_cancelled_at_any_time_nothing_is_left(autojump_clock: MockClock, step: int) -> None:
    for tick in range(step, 150, 8):
        with all_delivered():
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
        with all_delivered():
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
