"""What a session of a shard keeps in memory: with a spool, ten seconds of audio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from openline.commands import Outgoing
from openline.observer import Observer
from openline.policy import Policy
from openline.snapshot import MachineOptions, Snapshot
from openline_fleet.spec import MEMORY_SECONDS, SessionSpec
from tests.faces.script import Peer, Reset, Steps
from tests.fleet.support import Backends, jumping, read, result, sharded, spec, talk, words
from tests.support_lines import BINARY, CLOSE, PING, PONG, frame

SECOND = 50  # frames


def lagging(peer: Peer) -> Steps:
    """The first dial takes 40 s of audio without a word, and is cut; the next ones finalise all."""
    yield from peer.open()
    if peer.number > 1:
        yield from peer.echo()
        return
    frames = 0
    while frames < 40 * SECOND:
        opcode, payload = yield from peer.receive()
        if opcode == CLOSE:
            return
        if opcode == PING:
            yield from peer.send(frame(PONG, payload))
        elif opcode == BINARY:
            frames += 1
            if frames % SECOND == 0:
                yield from peer.say("metrics", source="mic", backlog_seconds=0, dropped_total=0)
    yield Reset()


class Watch(Observer):
    """Notes how many seconds of audio memory holds, at most."""

    wants_audio = True

    def __init__(self) -> None:
        self.most = 0.0

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        self.snapshot = look

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        for source in self.snapshot().sources.values():
            self.most = max(self.most, source.buffered / 16_000)


@pytest.mark.parametrize(("given", "most"), [(None, MEMORY_SECONDS), (2.0, 2.0)])
def test_what_is_older_is_read_back_from_the_spool(
    tmp_path: Path, given: float | None, most: float
) -> None:
    watch = Watch()

    def watching(_spec: SessionSpec) -> list[Observer]:
        return [watch]

    async def main() -> None:
        async with sharded(Backends(lagging), observers=watching) as shard:
            policy = Policy(give_up_after=60.0, memory_seconds=given)
            line = shard.start(spec(policy=policy, spool=str(tmp_path)))
            talking = asyncio.create_task(talk(line, 60 * SECOND))
            reading = asyncio.create_task(read(shard))
            await talking
            shard.close()
            ended = result((await reading)["s0"])
        assert ended.complete
        assert ended.statistics.dials == 2
        ranges = [tuple(map(int, each.split("-"))) for each in words(ended)]
        first = ranges[0][0]
        assert 20 * SECOND < first < 26 * SECOND, "of 40 s the last 15 were not confirmed"
        assert [n for low, high in ranges for n in range(low, high + 1)] == [
            *range(first, 60 * SECOND)
        ]

    jumping(main)
    assert watch.most == pytest.approx(most, abs=0.001)
    assert list(tmp_path.iterdir()) == []


def test_without_a_spool_memory_is_the_policys() -> None:
    own = Policy(memory_seconds=3.0)
    assert spec(policy=own).own_policy is own
    assert spec(policy=own, spool="x").own_policy is own
    assert spec().own_policy.memory_seconds is None
    assert cast("float", spec(spool="x").own_policy.memory_seconds) == MEMORY_SECONDS
