"""The stream under a WebSocket: its owner closes it, and when."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from openline_server.transport import Transport


class OneWay(trio.abc.Stream):
    """A stream without half-close, as a fault may put around the real one."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self.stream.aclose()


async def test_it_lingers_until_the_other_side_has_read(autojump_clock: MockClock) -> None:
    here, there = memory_stream_pair()
    transport = Transport(there)
    await transport.wait_send_all_might_not_block()
    await transport.send_all(b"bye")
    await transport.aclose()  # the WebSocket's: the stream stays
    async with trio.open_nursery() as nursery:
        nursery.start_soon(transport.finish)
        assert await here.receive_some() == b"bye"
        assert await here.receive_some() == b""
        await here.send_all(b"too late")
        await trio.sleep(0.5)
        await here.aclose()
    assert trio.current_time() == pytest.approx(0.5)


async def test_it_does_not_linger_for_ever(autojump_clock: MockClock) -> None:
    here, there = memory_stream_pair()
    await Transport(OneWay(there)).finish()
    assert trio.current_time() == pytest.approx(1.0)
    assert await here.receive_some() == b""


async def test_an_aborted_one_does_not_linger(autojump_clock: MockClock) -> None:
    _here, there = memory_stream_pair()
    transport = Transport(there)
    transport.abort()
    await transport.finish()
    assert transport.aborted
    assert trio.current_time() == 0.0


async def test_it_calls_back_when_it_is_over(autojump_clock: MockClock) -> None:
    here, there = memory_stream_pair()
    transport = Transport(there)
    calls: list[str] = []
    transport.on_over(lambda: calls.append("over"))
    await here.send_eof()
    assert await transport.receive_some() == b""
    assert calls == ["over"]
    await transport.finish()
    assert trio.current_time() == 0.0


async def test_a_broken_one_is_over_and_closed(autojump_clock: MockClock) -> None:
    class Reset(OneWay):
        async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
            raise trio.BrokenResourceError("reset")

    for read_first in (True, False):
        here, there = memory_stream_pair()
        transport = Transport(Reset(there))
        if read_first:
            with pytest.raises(trio.BrokenResourceError):
                await transport.receive_some()
        await transport.finish()
        assert await here.receive_some() == b""
    assert trio.current_time() == 0.0
