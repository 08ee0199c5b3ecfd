"""The cost of the pure core.

- *An event*: a pong on a live line. The peer is the same session whose chart is run by
  python-statemachine's own interpreter instead of the table that is compiled from it.
- *A frame*: 20 ms of audio captured, added to the outbox, framed and pulled, as a face does it:
  by ``relay`` where that is possible. The peer is
  wsproto, which makes the same bytes into a WebSocket message: any client pays that cost.
- *A session*: the time to make one and the memory that it keeps, beside the interpreter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from statemachine.exceptions import TransitionNotAllowed
from wsproto.connection import Connection as WebSocket
from wsproto.connection import ConnectionType
from wsproto.events import BytesMessage

from bench.ratios import Figure, figure, kilobytes_each, microseconds
from openline import Backend, SessionMachine
from openline import events as e
from openline.commands import SendBytes
from openline.machine.chart import Chart

FIGURES = ("an event", "a frame", "a session: time", "a session: memory")
FRAME = bytes(640)
BACKEND = Backend()
ACK = '{"type":"status","state":"streaming"}'
METRICS = '{"type":"metrics","source":"mic","backlog_seconds":0.0}'
Make: TypeAlias = Callable[..., SessionMachine]
INTERPRETER = "the interpreter of the same chart"


def library(session: object) -> Callable[[str], bool]:
    """The chart of ``session`` as python-statemachine's own interpreter runs it."""
    chart: Any = Chart(model=session)

    def fire(event: str) -> bool:
        try:
            chart.send(event)
        except TransitionNotAllowed:
            return False
        return True

    return fire


#: A session whose chart is run by the library that declares it.
INTERPRETED: Make = partial(SessionMachine, interpreter=library)


def fresh(make: Make = SessionMachine) -> SessionMachine:
    """A session that nothing has happened to."""
    return make(BACKEND, session_id="s", attempt_id="a", random=lambda: 0.5)


def streaming(make: Make = SessionMachine) -> SessionMachine:
    """A session whose line is open."""
    line = fresh(make)
    line.receive(e.OpenRequested(), 0.0)
    line.receive(e.SocketOpened(1, "c"), 1.0)
    line.next_message(1.0)
    line.receive(e.MessageReceived(1, ACK), 1.0)
    line.receive(e.SourceStarted("mic", 1.0), 1.0)
    return line


def control_event(make: Make) -> Callable[[], object]:
    """A pong: a fact, its event, an action, the timers."""
    line = streaming(make)
    pong = e.PongReceived(1, b"0")
    return lambda: line.receive(pong, 1.0)


def audio_frame() -> Callable[[], object]:
    """20 ms captured, framed for the wire and pulled, on a live line in real time.

    Every 25th frame is followed by the ping and the pong of a real line, and every 50th by the
    figures, so their cost is in the figure.
    """
    line = streaming()
    clock = [1.0, 0.0]

    def frame() -> None:
        clock[0] += 0.02
        clock[1] += 1
        if line.relay("mic", FRAME, clock[0]) is None:
            line.receive(e.AudioCaptured("mic", FRAME), clock[0])
            while (sent := line.next_message(clock[0])) is not None:
                if not isinstance(sent, SendBytes):  # the ping
                    line.receive(e.PongReceived(1, getattr(sent, "mark", b"")), clock[0])
        if clock[1] % 50 == 0:
            line.receive(e.MessageReceived(1, METRICS), clock[0])

    return frame


def websocket_message() -> Callable[[], object]:
    """The same frame, as a WebSocket message of a client."""
    socket = WebSocket(ConnectionType.CLIENT)
    message = BytesMessage(data=b"EP\x01\x01" + FRAME)
    return lambda: socket.send(message)


def measure(*, rounds: int = 25, calls: int = 2_000) -> Iterator[Figure]:
    """Every figure, of ``rounds`` rounds with ``calls`` calls each."""

    def timed(ours: Callable[[], object], peer: Callable[[], object], slower: int) -> Any:
        # A peer that is ``slower`` by this factor is called that many times less often.
        return [
            (microseconds(ours, calls), microseconds(peer, max(1, calls // slower)))
            for _ in range(rounds)
        ]

    event, frame, time, memory = FIGURES
    pongs = timed(control_event(SessionMachine), control_event(INTERPRETED), 20)
    yield figure(event, INTERPRETER, "µs", pongs)
    yield figure(
        frame, "wsproto's framing of it", "µs", timed(audio_frame(), websocket_message(), 1)
    )
    yield figure(time, INTERPRETER, "µs", timed(fresh, lambda: fresh(INTERPRETED), 20))
    kept = (kilobytes_each(fresh, 500), kilobytes_each(lambda: fresh(INTERPRETED), 50))
    yield figure(memory, INTERPRETER, "kB", [kept])
