"""The session's side of a play: the app, the session, and an adapter that carries out commands.

``Line`` plays one ``Schedule`` against one ``SessionMachine``. It does what every adapter does:
it feeds events, carries commands out in order, lets the sender pull whenever its last
send has completed, and ticks at each deadline. It decides nothing that the ledger checks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heappop
from random import Random
from typing import Any, Final

from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CloseSocket,
    CloseSource,
    Command,
    FetchAudio,
    OpenSocket,
    Outgoing,
    SendPing,
    StoreAudio,
)
from openline.events import (
    AbortRequested,
    Event,
    OpenRequested,
    SocketOpened,
    SourceFinished,
    SpoolFailed,
    StopRequested,
    Tick,
)
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import State
from openline_testing.theorem.clauses import fail, hold
from openline_testing.theorem.disk import Disk
from openline_testing.theorem.feeder import PATTERN, Feeder
from openline_testing.theorem.network import ATTEMPT, SESSION, Socket, Up
from openline_testing.theorem.schedule import Fault
from openline_testing.theorem.simulation import Past, Simulation

#: Seconds beyond the stop and the time to finish that no session outlives.
LONGEST: Final = 400.0
#: The states of a dial that streams.
SPEAKING: Final = (State.STREAMING, State.FINISHING)
#: The codes with which a backend closes.
CODES: Final = (1000, 1001, 1011, 1012, 1013)


class Line:
    """One session: the app, the session, and their environment.

    With a ``past`` there is nothing to capture: all sources are over.
    """

    def __init__(
        self,
        simulation: Simulation,
        *,
        connection: Callable[..., SessionMachine] = SessionMachine,
        past: Past | None = None,
    ) -> None:
        self.simulation = simulation
        schedule = simulation.schedule
        self._rng = Random(schedule.seed)
        self._read = simulation.speech.audio
        before = past or Past()
        self.core = connection(
            Backend(),
            session_id=SESSION,
            attempt_id=ATTEMPT,
            random=self._rng.random,
            sources=[source.name for source in schedule.sources],
            policy=simulation.policy,
            dialect=simulation.speech.dialect,
            disk_seconds=schedule.disk,
            past=before.sources,
            past_transcript=before.transcript,
        )
        self._past = past
        self._live: Socket | None = None  # the client's current dial, from its OpenSocket
        self._blocked = False  # a send has not completed
        self._stopped = False
        self._streamed = False  # on some dial
        self._no_network_until = 0.0
        self._frozen_until = 0.0
        self._closed: set[str] = set()  # sources whose audio counts no more
        self._disk = Disk(schedule, self._rng)
        self._zero: float | None = None
        self.places: dict[str, int] = {}
        self._seen_at: dict[str, int] = {}  # where the last frame of each source ended
        for each in before.sources:
            captured = self.core.statistics.sources[each.source].captured
            self.places[each.source] = each.origin + captured
            self._disk.runs[each.source] = list(each.on_disk)

    def run(self) -> None:
        """From the first sample until all is over. Raises what the connection raises."""
        simulation, schedule, core = self.simulation, self.simulation.schedule, self.core
        heap, at = simulation.heap, simulation.at
        if self._past is not None:
            for source in schedule.sources:
                self.feed(SourceFinished(source.name))
        at(schedule.opens_at, lambda: self._request(OpenRequested()))
        at(schedule.opens_at + schedule.stops_at, lambda: self._request(StopRequested()))
        if schedule.aborts_at is not None:
            at(schedule.aborts_at, lambda: self._request(AbortRequested()))
        if schedule.disk_fails_at is not None:
            at(schedule.disk_fails_at, self._break_disk)
        for source in () if self._past is not None else schedule.sources:
            at(source.starts, Feeder(simulation, self, source).start)
        for fault in schedule.faults:
            at(fault.at, partial(self._strike, fault))
        end = (
            LONGEST
            + schedule.stops_at
            + simulation.policy.finish_timeout
            + simulation.policy.close_timeout
        )
        while heap or not core.ended:
            deadline = core.next_deadline()
            if deadline is not None and (not heap or deadline <= heap[0][0]):
                simulation.now = max(simulation.now, deadline)
                self.feed(Tick())
            elif heap:
                simulation.now, _, do = heappop(heap)
                do()
            else:
                fail("it ends", f"nothing will ever happen any more while {core.state}")
            if simulation.now > end:
                fail("it ends", f"it goes on for ever while {core.state}")

    # The app.

    def _request(self, event: Event) -> None:
        """The app makes a request, unless the session has ended."""
        if self.core.ended or (isinstance(event, OpenRequested) and self._stopped):
            return
        self._stopped |= not isinstance(event, OpenRequested)
        self.feed(event)

    def listens(self, source: str) -> bool:
        """Whether audio that the source captures now still counts."""
        return not (self._stopped or self.core.ended or source in self._closed)

    def begin(self, source: str) -> None:
        """Session time 0 is the first sample of the first source that started."""
        if source not in self.places:
            now = self.simulation.now
            if self._zero is None:
                self._zero = now
            place = self.places[source] = max(0, round((now - self._zero) * S))
            self.simulation.ledger.captured(source, place, place)

    # The adapter.

    def feed(self, event: Event) -> None:
        """Feed an event, carry the commands out, then let the sender pull."""
        commands = self.core.receive(event, self.simulation.now)
        if commands:
            self.simulation.ledger.commanded(event, commands)
            self._streamed = self._streamed or self.core.state in SPEAKING
            for command in commands:
                self._carry_out(command)
        if not self._blocked:
            self._pull()

    def _pull(self) -> None:
        pull, now = self.core.next_message, self.simulation.now
        while (outgoing := pull(now)) is not None:
            socket = self._live
            if socket is None or outgoing.dial != socket.number:
                fail("the wire", f"{type(outgoing).__name__} for dial {outgoing.dial}")
            if not socket.up(self._item(outgoing, socket)):
                self._blocked = True
                return

    def _item(self, outgoing: Outgoing, socket: Socket) -> Up:
        if isinstance(outgoing, SendPing):
            return outgoing.mark
        kind = socket.kind(outgoing.data)
        if kind is not None:
            return kind
        # Audio: where in the session was it captured?
        source, pcm = self._read(outgoing.data)
        size = len(pcm)
        at = self._seen_at.get(source, 0)
        if not PATTERN.startswith(pcm, 2 * at):
            figures = self.core.statistics.sources.get(source)
            if figures is None:
                fail("the wire", f"audio of {source}, which captured none")
            origin = self.places[source] - figures.captured
            at = origin + figures.sent - size // 2
            known = PATTERN.startswith(pcm, 2 * at)
            hold("the wire", known, f"{source}: audio that was never captured")
        self._seen_at[source] = at + size // 2
        self.simulation.ledger.sent(source, socket.number, at, at + size // 2)
        return source, at, size // 2

    def hears(self, socket: Socket) -> bool:
        """Whether the session has not been told that this dial is over."""
        return socket is self._live

    def unblock(self, socket: Socket) -> None:
        """The network takes data again."""
        if socket is self._live and self._blocked:
            self._blocked = False
            self._pull()

    def forget(self, socket: Socket) -> None:
        """The dial is over for the client too: its sender ends."""
        if socket is self._live:
            self._live = None
            self._blocked = False

    def _carry_out(self, command: Command) -> None:
        match command:
            case OpenSocket(dial):
                self._dial(dial)
            case AbortSocket(dial):
                self._abort(self._out(dial))
            case CloseSocket(dial):
                ends = partial(self._out(dial).ends, code=1000, sender=Sender.LOCAL)
                self.simulation.at(0.05, ends)
            case CloseSource(source):
                self._closed.add(source)
                self._stopped |= len(self._closed) == len(self.simulation.schedule.sources)
            case StoreAudio():
                self._disk.store(command)
            case FetchAudio():
                self.simulation.at(self._disk.delay(), lambda: self.feed(self._disk.fetch(command)))
            case _:
                pass

    def _out(self, dial: int) -> Socket:
        socket = self._live
        if socket is None or socket.number != dial:
            fail("the wire", f"dial {dial} is to end, which is not out")
        return socket

    def _abort(self, socket: Socket) -> None:
        self.forget(socket)
        socket.over = True
        if self.simulation.schedule.late:
            self.simulation.at(0.01, partial(socket.report, error=ErrorKind.CUT))
        else:
            socket.reported = True

    def _dial(self, number: int) -> None:
        simulation, ways = self.simulation, self.simulation.schedule.dials
        way = ways[number - 1] if number <= len(ways) else "open"
        self._live = socket = Socket(simulation, self, number, way)
        self._seen_at.clear()
        refusals: dict[str, dict[str, Any]] = {
            "refused": {"error": ErrorKind.REFUSED},
            "busy": {"status": 503},
        }
        if self._streamed:
            refusals["deploy"] = {"status": 404}
            refusals["portal"] = {"error": ErrorKind.TLS_CERTIFICATE}
        if simulation.now < self._no_network_until:
            simulation.at(0.01, partial(socket.report, error=ErrorKind.UNREACHABLE))
        elif way in refusals:
            simulation.at(0.01, partial(socket.report, **refusals[way]))
        elif way != "hang":
            delay = max(self._frozen_until - simulation.now, 0) + 2 * simulation.schedule.latency
            simulation.at(delay, lambda: self._opened(socket))

    def _opened(self, socket: Socket) -> None:
        if not socket.over:
            self.feed(SocketOpened(socket.number, socket.ids.connection_id))

    def _break_disk(self) -> None:
        self._disk.broken = True
        self.feed(SpoolFailed("no space left"))

    # The environment.

    def _strike(self, fault: Fault) -> None:
        until = self.simulation.now + fault.seconds
        if fault.kind == "network":
            self._no_network_until = max(self._no_network_until, until)
        if fault.kind == "freeze":
            self._frozen_until = max(self._frozen_until, until)
        socket = self._live
        if socket is None or socket.over:
            return
        socket.capacity = fault.size
        match fault.kind:
            case "cut" | "network":
                socket.report(error=ErrorKind.RESET)
            case "late_cut":
                socket.ends(code=1006)
            case "close":
                socket.ends(code=CODES[fault.size % 5], sender=Sender.REMOTE)
            case "freeze":
                socket.frozen_until = until
                self.simulation.at(fault.seconds, socket.resume)
            case "stall":
                socket.stalled_until = until
                self.simulation.at(fault.seconds, socket.resume)
            case "half_open":
                socket.half_open = True
            case _:
                socket.backend.paused_until = until
