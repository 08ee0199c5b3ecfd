"""Audio and holes add up to the capture clock, and each piece lies at its place on it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from openline_audio.capture_thread import CaptureThread
from openline_audio.device_machine import DeviceMachine
from openline_audio.devices import DevicePolicy
from openline_audio.handover import Item
from openline_audio.portaudio import PortAudioSystem
from openline_trio.sources import PushSource
from openline_trio.sources.handover import Handover
from tests.trio.sources.support_card import Card, sounddevice

if TYPE_CHECKING:
    from tests.trio.sources.conftest import Recorder

RATE = 16_000
#: In steps of 160 samples (10 ms); the hand-over keeps 10 s.
BLOCKS = st.one_of(st.integers(1, 4), st.integers(1, 600)).map(lambda n: 160 * n)


class Block(NamedTuple):
    """``lost`` samples were lost before these; a ``turn`` of the loop follows, or not."""

    samples: int
    lost: int
    turn: bool


STEPS = st.lists(
    st.builds(Block, BLOCKS, st.sampled_from([0, 0, 0, 1, 320, 5_000]), st.booleans()),
    min_size=1,
    max_size=12,
)


def at(start: int, samples: int) -> bytes:
    """Audio in which each sample is its position on the capture clock."""
    return (np.arange(start, start + samples) % 65_521).astype("<u2").tobytes()


def check_places(items: Sequence[Item]) -> int:
    """Each piece lies behind the audio and the holes before it; returns the samples in all."""
    place = 0
    for item in items:
        if isinstance(item, bytes):
            assert item == at(place, len(item) // 2), "a piece lies at another place than it was"
            place += len(item) // 2
        else:
            assert isinstance(item, int)
            assert item > 0, "a hole has no length"
            place += item
    return place


@given(steps=STEPS)
def test_audio_and_holes_are_the_time_on_the_capture_clock(steps: list[Block]) -> None:
    card, handover = Card(), Handover()
    items: list[Item] = []
    captured = 0
    with patch.dict(sys.modules, sounddevice=sounddevice(card)):
        system = PortAudioSystem()
    machine = DeviceMachine(DevicePolicy.HOLD, system.find(), is_named=False, is_watched=False)
    thread = CaptureThread(system, machine, handover)

    async def main() -> None:
        nonlocal captured
        thread.start()
        while not (card.streams and card.streams[0].calls):  # noqa: ASYNC110  # a thread's
            await trio.sleep(0.0001)
        for number, step in enumerate(steps):
            lost = step.lost if number else 0  # nothing before the first tells how much
            captured += lost
            pcm = at(captured, step.samples)
            card.streams[0].block(captured / RATE, overflow=lost > 0, pcm=pcm)
            captured += step.samples
            if step.turn:  # of the loop
                thread.finish()
                items.extend(handover.take_nowait())
        thread.close()
        thread.join(60)
        items.extend(handover.take_nowait())

    trio.run(main)
    assert check_places(items) == captured


PUTS = st.lists(
    st.one_of(
        st.integers(1, 30),  # audio
        st.integers(-12, 0),  # a hole
        st.just("take"),
    ),
    max_size=40,
)


@given(PUTS)
def test_a_handover_keeps_each_piece_at_its_place(puts: list[int | str]) -> None:
    """However often it was full, and emptied since."""
    handover = Handover(limit=40)
    put = kept = 0
    items: list[Item] = []

    async def main() -> None:
        nonlocal put, kept
        for each in puts:
            if isinstance(each, str):
                items.extend(handover.take_nowait())
                kept = 0
            elif each > 0:
                room = 40 - kept
                assert handover.put(at(put, each)) is (each <= room), "there is room, or is none"
                put, kept = put + each, kept + min(each, room)
            else:
                handover.put_hole(-each)
                put -= each
        items.extend(handover.take_nowait())

    trio.run(main)
    assert check_places(items) == put


@given(
    puts=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    holes=st.lists(st.sampled_from([0, 7, 160]), min_size=8, max_size=8),
)
def test_the_first_sample_was_captured_all_that_is_queued_ago(
    puts: list[int], holes: list[int], new_recorder: type[Recorder]
) -> None:
    """Holes and audio that found no room count as well as audio."""

    async def main() -> None:
        handover = Handover(limit=60)
        for samples, hole in zip(puts, holes, strict=False):
            handover.put_hole(hole)
            handover.put(bytes(2 * samples))
        waiting = sum(puts) + sum(holes[: len(puts)])
        sink = new_recorder()
        handover.deliver(handover.take_nowait(), sink)
        assert sink.starts == [trio.current_time() - waiting / RATE]

    trio.run(main, clock=MockClock())


@given(puts=PUTS)
def test_what_send_accepted_is_delivered_and_no_more(
    puts: list[int | str], new_recorder: type[Recorder]
) -> None:
    """What comes after a flush is refused, and not kept for nobody."""
    source = PushSource(buffer_seconds=40 / RATE)
    put = 0
    flushed = False
    sink = new_recorder()

    async def main() -> None:
        nonlocal put, flushed
        for each in puts:
            if isinstance(each, str):
                source.flush(sink)
                flushed = True
            elif each > 0 and flushed:
                with pytest.raises(trio.ClosedResourceError):
                    source.send(at(put, each))
            elif each > 0:
                source.send(at(put, each))
                put += each
        source.flush(sink)

    trio.run(main)
    assert check_places(sink.items) == put
