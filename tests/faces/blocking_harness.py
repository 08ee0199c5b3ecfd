"""The corpus without an event loop: pairs of sockets, and a clock that moves only in the wait.

The session runs until it would wait. Then the other ends of its sockets have their turn, and when
nobody has anything to do, the clock jumps to the next moment of anyone.
"""

from __future__ import annotations

import errno
import heapq
import itertools
import math
import os
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from openline.backend import Backend
from openline_audio.source import Sink
from openline_blocking import Session, open_session, resume_session, spooled_sessions
from openline_blocking.poller import Call, Poller
from openline_blocking.tasks import Pause, here, sleep_until
from openline_driver.shared_provider import Given, Landed, Place, SharedProvider
from tests.faces.harness import Nth, Played, kill
from tests.faces.script import (
    OFFSET,
    GoneError,
    Receive,
    Reset,
    Scenario,
    Send,
    Sleep,
    Steps,
)
from tests.support_lines import numbered

#: What a session waits with, typed as a constant of its class.
_POLLERS = "_pollers"
#: The script of the dial with this number.
Begin: TypeAlias = Callable[[int, Backend], Steps]


class BlockingHarness:
    """openline_blocking."""

    name = "blocking"

    def run(self, scenario: Scenario, *, journal: Path, spool: Path | None = None) -> Played:
        """Play ``scenario`` to its end."""
        with lock_step(scenario.begin) as world:
            return _play(scenario, journal, spool, world)


@contextmanager
def lock_step(begin: Begin) -> Generator[World]:
    """A world for the sessions of the block: ``begin`` gives the script of each dial."""
    world = World(begin)
    setattr(Session, _POLLERS, type("Ours", (LockStep,), {"world": world}))
    try:
        yield world
    finally:
        setattr(Session, _POLLERS, Poller)
        world.close()


class World:
    """A clock, what happens at which moment, and the other ends of the sockets."""

    def __init__(self, begin: Begin) -> None:
        self.now = 0.0
        self.dials = 0
        self._begin = begin
        self._moments: list[tuple[float, int, Call]] = []
        self._count = itertools.count()
        self.ends: list[End] = []

    def at(self, moment: float, call: Call) -> None:
        """Have it called then."""
        heapq.heappush(self._moments, (moment, next(self._count), call))

    async def connect(self, backend: Backend) -> socket.socket:
        """A ``Connect``."""
        await sleep_until(self.now)
        self.dials += 1
        script = self._begin(self.dials, backend)
        ours, theirs = socket.socketpair()
        client = Breakable(fileno=ours.detach())
        self.ends.append(End(self, script, theirs, client))
        return client

    def away(self, seconds: float) -> None:
        """Let time pass in which no session works."""
        until = self.now + seconds
        while self.now < until:
            if not self.serve():
                self.move(until)

    def left(self) -> int:
        """How many scripts were not told that the client is gone."""
        self._moments.clear()
        self.away(1.0)  # some are asleep
        return sum(not end.is_over for end in self.ends)

    def close(self) -> None:
        """Release all sockets of the other side."""
        for end in self.ends:
            end.close()

    def serve(self) -> bool:
        """Let everyone else do what they can do now; whether that was anything."""
        has_done = False
        while self._moments and self._moments[0][0] <= self.now:
            heapq.heappop(self._moments)[2]()
            has_done = True
        for end in self.ends:
            has_done |= end.advance()
        return has_done

    def move(self, until: float) -> None:
        """Nobody has anything to do now: go on to the next moment, at most until then."""
        moments = [self._moments[0][0]] if self._moments else []
        moments += [end.until for end in self.ends]
        self.now = max(self.now, min([until, *moments]))
        assert self.now != math.inf, "everybody waits for ever"


class LockStep(Poller):
    """A poller on the clock of a ``World``."""

    world: World

    def now(self) -> float:
        """Its time."""
        return self.world.now

    def sleep_until(self, moment: float) -> None:
        """Let the others work until then."""
        self.world.away(moment - self.world.now)

    def wait(self, until: float) -> list[Call]:
        """What is ready; the clock moves only if nothing is."""
        while True:
            found = self._ready(0)
            if found or until <= self.world.now:
                return found
            if not self.world.serve():
                self.world.move(until)


class End:
    """The server's end of one dial: carries a script out, as far as it goes."""

    def __init__(self, world: World, script: Any, sock: socket.socket, here: Breakable) -> None:
        self._world = world
        self._script = script
        self._socket = sock
        self._here = here
        self._step: object = None
        self.until = math.inf  # of a pause; who waits for bytes has no moment
        self.is_over = False
        sock.setblocking(False)

    def advance(self) -> bool:
        """Go on while it waits for nothing; whether it went on at all."""
        has_moved = False
        while not self.is_over:
            answer: object = None
            if isinstance(self._step, Sleep) and self.until > self._world.now:
                break
            if isinstance(self._step, Receive):
                try:
                    answer = self._socket.recv(65_536)
                except BlockingIOError:
                    break
                except OSError:
                    answer = b""
            has_moved = True
            self._go_on(answer)
        return has_moved

    def _go_on(self, answer: object) -> None:
        self.until = math.inf
        try:
            self._step = self._script.send(answer)
            if isinstance(self._step, Send):
                self._socket.sendall(self._step.data)
            elif isinstance(self._step, Sleep):
                self.until = self._world.now + self._step.seconds
            elif isinstance(self._step, Reset):
                self._here.is_broken = True
                self._end()
        except (StopIteration, GoneError, OSError):
            self._end()

    def _end(self) -> None:
        self.is_over = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)  # a close with bytes unread would be a reset

    def close(self) -> None:
        """Release its socket."""
        self._script.close()
        self._socket.close()


class Breakable(socket.socket):
    """A socket whose end is an error once ``is_broken``."""

    is_broken = False

    def recv(self, *arguments: Any) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Receive."""
        data = super().recv(*arguments)
        if not data and self.is_broken:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        return data


def _play(scenario: Scenario, journal: Path, spool: Path | None, world: World) -> Played:
    played = Played()
    given: dict[str, Any] = {
        "connect": world.connect,
        "policy": scenario.policy,
        "dialect": scenario.dialect,
        "credentials": _provider(scenario, world),
        "random": lambda: 0.5,
        "journal": journal,
    }
    if scenario.cancel_at is not None:
        given["observers"] = [Nth(scenario.cancel_at, _ctrl_c)]
    if spool is not None and spooled_sessions(spool):
        opening = resume_session(spool, **given)
    else:
        sources = scenario.sources(Frames)
        opening = open_session(scenario.backend, sources, session_id="s", spool=spool, **given)
    try:
        with opening as session:
            for at, act in scenario.acts:
                world.at(at, _act(session, act, spool))
            if not scenario.reads:
                session.wait()
            for update in session:
                played.updates.append(update)
                if scenario.pause:
                    session.sleep(scenario.pause)
    except KeyboardInterrupt:
        pass
    played.seconds, played.dials, played.left = world.now, world.dials, world.left()
    return played


def _ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def _act(session: Session, act: str, spool: Path | None) -> Callable[[], object]:
    if act == "cancel":
        return _ctrl_c
    if act == "kill":
        assert spool is not None
        return partial(kill, spool)
    return getattr(session, act)  # type: ignore[no-any-return]


class Frames:
    """``count`` frames, after ``delay`` seconds."""

    duration = None

    def __init__(self, count: int, delay: float = 0.0, ends: bool = True) -> None:
        self._count = count
        self._delay = delay
        self._ends = ends

    async def run(self, sink: Sink) -> None:
        """Deliver."""
        poller = here().poller
        if self._delay:
            await sleep_until(poller.now() + self._delay)
        start = poller.now() + OFFSET
        sink.started(start)
        for number in range(self._count):
            await sleep_until(start + (number + 1) * 0.02)
            sink.audio(numbered(number))
        await sleep_until(poller.now() + 0.0003)  # its end is a moment of its own
        if not self._ends:
            await Pause()


def _provider(scenario: Scenario, world: World) -> Any:
    if scenario.tokens is None:
        return None
    tokens = list(scenario.tokens)

    def provide() -> str:
        token = tokens.pop(0) if len(tokens) > 1 else tokens[0]
        if isinstance(token, Exception):
            raise token
        return str(token)

    return _Elsewhere(world, tokens, provide) if float in map(type, tokens) else provide


class _Elsewhere(SharedProvider):
    """A call that takes its time is made by another session: ours would stand still meanwhile."""

    def __init__(self, world: World, tokens: list[Any], provide: Callable[[], str]) -> None:
        super().__init__(provide)
        self._world = world
        self._tokens = tokens

    def join(self, refused: str | None, at: float, wake: Callable[[], object]) -> Given | Place:
        """Have the other session begin the call."""
        if isinstance(self._tokens[0], float):
            theirs = super().join(refused, at, lambda: None)
            assert isinstance(theirs, Place)
            moment = self._world.now + self._tokens.pop(0)
            self._world.at(moment, lambda: self._land(theirs))
        return super().join(refused, at, wake)

    def _land(self, place: Place) -> None:
        try:
            landed = Landed(self.provide(None))
        except Exception as exc:  # noqa: BLE001  # whatever a scenario has
            landed = Landed(error=exc)
        self.land(place.call, landed)
