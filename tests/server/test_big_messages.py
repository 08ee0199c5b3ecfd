"""A message of many samples: it is decoded in parts, and the server does other things between."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import MockClock

from openline_server import FaultInjector
from openline_server.contracts.base import Audio
from openline_server.contracts.pcm import MOST_AT_ONCE, Decoder
from tests.server.wires import opened

if TYPE_CHECKING:
    from tests.server.conftest import Talking

OPTIONS = json.dumps({"uid": "u", "language": "en", "task": "transcribe", "model": "m"})
#: What each is told first, the size of its samples, and its path.
CONTRACTS = {
    "sherpa": ("", 4, "/"),
    "whisperlive": (OPTIONS, 4, "/"),
    "vosk": ('{"config":{"sample_rate":48000}}', 2, "/"),
    "deepgram": ("", 1, "/v1/listen?encoding=mulaw&sample_rate=8000"),
    "whisperlivekit": ("", 2, "/asr"),
}


@pytest.mark.parametrize("name", CONTRACTS)
@pytest.mark.parametrize("parts", [0.5, 1, 1.001, 3.7])
def test_parts_are_the_audio_of_the_whole(name: str, parts: float) -> None:
    """Decoded at once in small messages, or in parts of a big one: the samples are the same."""
    start, size, path = CONTRACTS[name]
    count = round(parts * MOST_AT_ONCE)
    if size == 4:
        data = array("f", [(n % 200 - 100) / 101 for n in range(count)]).tobytes()
    else:
        data = bytes(n * 7 % 251 for n in range(count * size))
    whole, cut = opened(name, path), opened(name, path)
    for contract in (whole, cut) if start else ():
        list(contract.read(start))
    actions = list(whole.read(data))
    assert all(isinstance(each, Audio) for each in actions)
    audio = [each for each in actions if isinstance(each, Audio)]
    assert [each.more for each in audio] == [True] * (len(audio) - 1) + [False]
    assert len(audio) == 1 or parts > 1 or name == "whisperlivekit"
    small = [
        each.pcm
        for at in range(0, len(data), 1000 * size)
        for each in cut.read(data[at : at + 1000 * size])
        if isinstance(each, Audio)
    ]
    assert b"".join(each.pcm for each in audio) == b"".join(small)
    assert whole.received == cut.received


class Turns(trio.abc.Instrument):
    """The most bytes that were decoded within one turn of the loop."""

    def __init__(self) -> None:
        self.most = self._now = 0

    def before_io_wait(self, timeout: float) -> None:
        self._now = 0

    def note(self, count: int) -> None:
        self._now += count
        self.most = max(self.most, self._now)


@pytest.mark.parametrize("name", ["sherpa", "vosk"])
async def test_others_are_served_between_the_parts(
    autojump_clock: MockClock, talk: Talking, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In each turn of the loop at most one part is decoded."""
    turns = Turns()
    push = Decoder.push

    def counted(self: Decoder, data: bytes) -> bytes:
        turns.note(len(data))
        return push(self, data)

    monkeypatch.setattr(Decoder, "push", counted)
    trio.lowlevel.add_instrument(turns)
    start, size, path = CONTRACTS[name]
    client = await talk(name, path)
    if start:
        await client.send(start)
    await client.send(bytes(10 * MOST_AT_ONCE * size))
    await client.send("Done" if name == "sherpa" else '{"eof" : 1}')
    await client.until("Done!" if name == "sherpa" else '"text"')
    trio.lowlevel.remove_instrument(turns)
    assert turns.most == MOST_AT_ONCE * size


async def test_a_message_in_parts_is_one_frame_to_a_fault(
    autojump_clock: MockClock, talk: Talking
) -> None:
    client = await talk("sherpa", hooks=FaultInjector("close 4001 after 2 frames"))
    await client.send(bytes(40 * MOST_AT_ONCE))
    await trio.sleep(5)
    assert not client.code
    await client.send(bytes(40 * MOST_AT_ONCE))
    assert await client.end() == 4001


@pytest.mark.parametrize("name", ["vosk", "whisperlive"])
async def test_more_than_the_real_server_takes_is_refused(
    autojump_clock: MockClock, talk: Talking, name: str
) -> None:
    """The library websockets, in which both are written, takes no more than 1 MiB."""
    client = await talk(name)
    await client.send(CONTRACTS[name][0])
    await client.send(bytes(2**20))
    await trio.sleep(5)
    assert not client.code
    await client.send(bytes(2**20 + 1))
    assert await client.end() == 1009
