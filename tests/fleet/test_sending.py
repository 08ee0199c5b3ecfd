"""Frames of one turn go out at its end; what else a dial sends goes behind its frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.commands import Outgoing, SendBytes, SendPing
from openline_fleet.dial import Dial, Owner
from openline_fleet.sending import MOST, Sending
from tests.driver.test_websocket import EFFECT
from tests.fleet.test_websocket import Wire, frames
from tests.support_lines import BINARY, CLOSE, PING, answer


class Loop:
    """Calls what it was given at the end of a turn."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []

    def call_soon(self, call: Callable[..., object], *given: object) -> None:
        self.calls.append(lambda: call(*given))

    def end_turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


class Session:
    """The owner of a dial: what it is told, and what it has to send."""

    def __init__(self) -> None:
        self.outgoing: list[Outgoing] = []
        self.told: list[str] = []
        self.faults: list[BaseException] = []

    def next_message(self) -> Outgoing | None:
        return self.outgoing.pop(0) if self.outgoing else None

    def feed(self, event: object) -> None:
        self.told.append(type(event).__name__)

    def is_sending(self) -> None:
        self.told.append("is sending")

    def pumped(self) -> None:
        self.told.append("pumped")

    def fail(self, fault: BaseException) -> None:
        self.faults.append(fault)

    def released(self, dial: Dial) -> None:
        self.told.append("released")


class Kernel(Wire):
    """Takes what is written, or not: then it tells the protocol."""

    protocol: asyncio.Protocol | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        super().write(data)
        if self.protocol is not None:
            self.protocol.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing to set."""

    def abort(self) -> None:
        """Nothing is left to drop."""


class Line:
    """A dial that is open, and what it has written."""

    def __init__(self, loop: Loop, sending: Sending) -> None:
        self.session = Session()
        self.wire = Kernel()
        self.dial = Dial(
            cast("asyncio.AbstractEventLoop", loop), sending, cast("Owner", self.session), EFFECT
        )
        task: asyncio.Future[Any] = asyncio.Future()
        task.set_result(self.wire)
        self.dial._connected(cast("Any", task))  # pyright: ignore[reportPrivateUsage]
        request = bytes(self.wire.written)
        self.wire.written.clear()
        self.dial.data_received(answer(request))
        self.session.told.clear()

    def sent(self) -> list[tuple[int, bytes]]:
        """The frames since it was asked last."""
        data = bytes(self.wire.written)
        self.wire.written.clear()
        return frames(data)


class Lines:
    """A loop and lines on it."""

    def __init__(self, count: int = 1) -> None:
        self.loop = Loop()
        sending = Sending(cast("asyncio.AbstractEventLoop", self.loop))
        self.lines = [Line(self.loop, sending) for _ in range(count)]


def in_loop(test: Callable[[], None]) -> None:
    """Run it where futures can be made."""

    async def main() -> None:
        test()

    asyncio.run(main())


@given(pushes=st.lists(st.integers(0, 4), max_size=300))
def test_each_frame_goes_out_once_in_order_and_at_the_end_of_the_turn(pushes: list[int]) -> None:
    def play() -> None:
        lines = Lines(5)
        expected: list[list[tuple[int, bytes]]] = [[] for _ in lines.lines]
        for number, line in enumerate(pushes):
            message = str(number).encode()
            lines.lines[line].dial.send_soon(message, pumps=False)
            expected[line].append((BINARY, message))
        lines.loop.end_turn()
        assert [line.sent() for line in lines.lines] == expected
        lines.loop.end_turn()
        assert [line.sent() for line in lines.lines] == [[]] * 5

    in_loop(play)


def test_a_frame_waits_for_the_end_of_the_turn_or_for_many_others() -> None:
    def play() -> None:
        lines = Lines(MOST + 1)
        for line in lines.lines[: MOST - 1]:
            line.dial.send_soon(b"a", pumps=False)
        assert not any(line.sent() for line in lines.lines)
        for line in lines.lines[MOST - 1 :]:
            line.dial.send_soon(b"a", pumps=False)
        assert [bool(line.sent()) for line in lines.lines] == [True] * MOST + [False]
        lines.loop.end_turn()
        assert lines.lines[-1].sent() == [(BINARY, b"a")]

    in_loop(play)


def test_what_follows_a_frame_goes_behind_it() -> None:
    def play() -> None:
        lines = Lines()
        (line,) = lines.lines
        line.session.outgoing = [SendPing(1, b"0")]
        line.dial.send_soon(b"a", pumps=True)
        assert line.sent() == []
        lines.loop.end_turn()
        assert line.sent() == [(BINARY, b"a"), (PING, b"0")]
        line.session.outgoing = [SendBytes(1, b"c")]
        line.dial.send_soon(b"b", pumps=False)
        line.dial.pump()  # something else has happened
        assert line.sent() == [(BINARY, b"b"), (BINARY, b"c")]
        line.dial.send_soon(b"d", pumps=False)
        line.dial.close(1000)
        line.dial.pump()
        assert [kind for kind, _ in line.sent()] == [BINARY, CLOSE]
        lines.loop.end_turn()
        assert line.sent() == []
        assert line.session.faults == []

    in_loop(play)


@pytest.mark.parametrize("pumps", [False, True])
def test_a_dial_that_fails_holds_no_other_one_up(*, pumps: bool) -> None:
    def play() -> None:
        lines = Lines(2)
        one, two = lines.lines
        fault = RuntimeError("a bug")

        def fail(*given: object) -> None:
            raise fault

        one.dial._websocket.write = fail  # pyright: ignore[reportPrivateUsage]
        for line in lines.lines:
            line.dial.send_soon(b"a", pumps=pumps)
        lines.loop.end_turn()
        assert one.session.faults == [fault]
        assert two.sent() == [(BINARY, b"a")]
        one.dial.send_soon(b"b", pumps=pumps)
        one.dial.send_soon(b"c", pumps=pumps)  # which sends the one before it: nothing is raised
        lines.loop.end_turn()

    in_loop(play)


def test_a_dial_that_is_dropped_sends_nothing_more() -> None:
    def play() -> None:
        lines = Lines()
        (line,) = lines.lines
        line.dial.send_soon(b"a", pumps=True)
        line.dial.abort()
        lines.loop.end_turn()
        lines.loop.end_turn()
        assert line.sent() == []
        assert line.session.faults == []

    in_loop(play)


@pytest.mark.parametrize("pumps", [False, True])
def test_a_frame_that_the_kernel_does_not_take_is_told(*, pumps: bool) -> None:
    def play() -> None:
        lines = Lines()
        (line,) = lines.lines
        line.wire.protocol = line.dial  # the kernel is full
        line.session.outgoing = [SendPing(1, b"0")]
        line.dial.send_soon(b"a", pumps=pumps)
        lines.loop.end_turn()
        assert line.session.told[0] == "is sending"
        assert line.session.outgoing  # a ping waits for the kernel too
        line.wire.protocol = None
        line.dial.resume_writing()
        assert not line.session.outgoing

    in_loop(play)
