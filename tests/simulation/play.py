"""One simulated session: the real driver, on a clock that jumps, with the faults of a plan.

Everything that could differ between two runs of a seed is drawn from it: the plan, the
latency of each chunk, the names of dials, and the order in which trio runs the tasks that
are ready. So a seed that fails fails again, at the same step.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Generator
from itertools import pairwise
from random import Random
from types import SimpleNamespace
from unittest.mock import patch
from uuid import UUID

import trio
from trio._core import _run as trio_run  # pyright: ignore[reportPrivateUsage]  # see seeded
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline.updates import SAMPLE_RATE as S
from openline.updates import Ended, State, Transcript, Update
from openline_audio.source import Sink
from openline_driver import options as options_module
from openline_store import opening as opening_module
from openline_trio import CredentialError, DialError, Session, open_session
from tests.simulation.backend import PATTERNS, Conversation, Server, Wire, name
from tests.simulation.network import Link
from tests.simulation.plan import Fault, Plan, Voice, draw
from tests.simulation.watch import SESSION, Watched

BACKEND = Backend()
#: The beginning of the reason when a token was refused for good.
REFUSED = ("the backend refused the token", "the server refused the token")
CODES = (1000, 1001, 1011, 1012, 1013)
NOISE = ("", "{", "[]", '{"type":"unheard of"}', '{"type":"asr_final"}', '{"type":1}', "\x00")


@contextlib.contextmanager
def seeded(seed: int) -> Generator[None]:
    """Trio runs the tasks that are ready in an order drawn from ``seed``.

    There is no public interface for this. These are the names that trio's own hypothesis
    integration uses (``register_random(_r)`` and ``_ALLOW_DETERMINISTIC_SCHEDULING``):
    with the flag set, each batch is sorted by age and shuffled with ``_r``.
    """
    order = trio_run._r  # pyright: ignore[reportPrivateUsage]
    before = order.getstate()
    with patch.object(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", new=True):
        order.seed(seed)
        try:
            yield
        finally:
            order.setstate(before)


class Talker:
    """A source: speaks in bursts and is silent in between, as one with a voice detector."""

    duration = None
    may_pause = True

    def __init__(self, voice: Voice, zero: list[float]) -> None:
        self.voice = voice
        self._zero = zero  # when the first source began
        self.origin = 0
        self.captured = 0
        self.holes: list[tuple[int, int]] = []

    async def run(self, sink: Sink) -> None:
        voice, pattern = self.voice, PATTERNS[self.voice.name]
        rng = Random(f"{voice}")
        opened = trio.current_time()
        for begin, seconds in voice.bursts:
            await trio.sleep_until(opened + begin)
            started = trio.current_time()
            if not self.captured:
                self._zero.append(started)
                self.origin = max(0, round((started - self._zero[0]) * S))
                sink.started(started)
            count = 0
            while count < seconds * S:
                count += voice.chunk
                await trio.sleep_until(started + count / S)
                at, self.captured = self.captured, self.captured + voice.chunk
                if at and rng.random() < voice.holes:
                    self.holes.append((at, self.captured))
                    sink.hole(voice.chunk)
                else:
                    sink.audio(pattern[2 * at : 2 * self.captured])
        if not voice.ends:
            await trio.sleep_forever()


class Simulation:
    """One plan played."""

    def __init__(self, plan: Plan, write: Callable[[bytes], object] = len) -> None:
        self.plan = plan
        self.wire = Wire()
        self.server = Server(plan)
        self.connection: Watched | None = None
        self.links: list[Link] = []
        self.updates: list[Update] = []
        self.ended: Ended | None = None
        zero: list[float] = []
        self.talkers = {voice.name: Talker(voice, zero) for voice in plan.voices}
        self._write = write
        self._names = Random(f"{plan.seed} names")
        self._rng = Random(f"{plan.seed} network")
        self._no_network_until = 0.0
        self._frozen_until = 0.0
        self._hosts: trio.Nursery | None = None

    def run(self) -> None:
        """Play it to its end, and check it. Raises AssertionError."""
        uuid4 = lambda: UUID(int=self._names.getrandbits(128), version=4)  # noqa: E731 -- a stub
        # The driver makes its own session and ids: these are its seams.
        with (
            seeded(self.plan.seed),
            patch.object(options_module, "SessionMachine", self._connection),
            patch.object(opening_module, "uuid", SimpleNamespace(uuid4=uuid4)),
        ):
            trio.run(self._play, clock=MockClock(autojump_threshold=0))

    def _connection(self, backend: Backend, **options: object) -> Watched:
        self.connection = Watched(backend, wire=self.wire, write=self._write, **options)
        return self.connection

    async def _play(self) -> None:
        plan = self.plan
        with trio.fail_after(plan.seconds + 4000):
            async with trio.open_nursery() as hosts:
                self._hosts = hosts
                async with (
                    open_session(
                        BACKEND,
                        self.talkers,
                        policy=plan.policy,
                        session_id=SESSION,
                        credentials=self._provide if plan.provider else None,
                        connect=self._connect,
                        random=Random(f"{plan.seed} uniform").random,
                    ) as session,
                    trio.open_nursery() as app,
                ):
                    app.start_soon(self._weather, session)
                    app.start_soon(self._stop, session)
                    await self._read(session)
                    self.ended = session.ended
                    app.cancel_scope.cancel()
                assert not any(link.client.open for link in self.links), "a socket was left open"
                hosts.cancel_scope.cancel()
        self._judge()

    @property
    def seconds(self) -> float:
        """Seconds of session time so far."""
        return self.connection.world.seen.now if self.connection is not None else 0.0

    # The app.

    async def _read(self, session: Session) -> None:
        async for update in session:
            self.updates.append(update)
            if self.plan.reads_slowly:
                await trio.sleep(self.plan.reads_slowly)

    async def _stop(self, session: Session) -> None:
        await trio.sleep(self.plan.seconds)
        if self.plan.aborts:
            session.abort()
        else:
            session.request_stop()

    async def _provide(self) -> str:
        if self._rng.random() < 0.8:  # otherwise the provider answers at once
            await trio.sleep(self._rng.choice((0.0, 0.05, 1.0, 40.0)))
        if self._rng.random() < 0.1:
            raise CredentialError("no answer")
        return name(self.server.token)

    # The network.

    async def _connect(self, backend: Backend) -> trio.abc.Stream:
        rng, hosts = self._rng, self._hosts
        number = self.wire.dial
        assert hosts is not None
        assert not any(link.client.open for link in self.links), "a second socket"
        if trio.current_time() < self._no_network_until:
            how = rng.random()
            if how < 0.3:
                await trio.sleep_forever()
            await trio.sleep(0.01)
            self.wire.failed_at = trio.current_time()
            kinds = (ErrorKind.REFUSED, ErrorKind.UNREACHABLE, ErrorKind.DNS_AGAIN)
            raise DialError(rng.choice(kinds), "no network")
        await trio.sleep(self.plan.latency * (1 + 2 * rng.random()))
        link = self.wire.link = Link(
            f"{self.plan.seed} {number}", self.plan.latency, (self.wire.pulled, self.wire.sent)
        )
        if trio.current_time() < self._frozen_until:
            link.stall(self._frozen_until)
        # Only the link in use is needed later.
        self.links = [*(old for old in self.links if old.client.open), link]
        ways = self.plan.ways
        way = ways[number - 1] if number <= len(ways) else "open"
        hosts.start_soon(self.server.serve, link, way)
        return link.client

    async def _weather(self, session: Session) -> None:
        opened = trio.current_time()
        for fault in self.plan.faults:
            await trio.sleep_until(opened + fault.at)
            await self._goes_wrong(fault, session)

    async def _goes_wrong(self, fault: Fault, session: Session) -> None:
        until = trio.current_time() + fault.seconds
        link = self.links[-1] if self.links and self.links[-1].alive else None
        match fault.kind:
            case "outage":
                self._no_network_until = max(self._no_network_until, until)
                if self.plan.hints and self._hosts:
                    self._hosts.start_soon(self._hint, session, fault.seconds)
            case "freeze":
                self._frozen_until = max(self._frozen_until, until)
            case "expire":
                self.server.expire()
            case _:
                pass
        if link is not None:
            self._harm(link, fault, until)
            live = self.server.live
            if live is not None and live.link is link:
                await self._speak(live, fault)

    @staticmethod
    def _harm(link: Link, fault: Fault, until: float) -> None:
        """Apply a fault to the link in use."""
        match fault.kind:
            case "cut":
                link.tear()
            case "half_open":
                link.vanish()
            case "outage":
                (link.tear if fault.how < 0.5 else link.vanish)()
            case "stall" | "freeze":
                link.stall(until)
            case "slow":
                link.up.rate = 20_000 + 40_000 * fault.how
            case _:
                pass

    async def _speak(self, live: Conversation, fault: Fault) -> None:
        """Apply a fault of the server itself."""
        match fault.kind:
            case "expire" if self.plan.provider:
                await live.close(1008)
            case "close":
                await live.close(CODES[int(fault.how * len(CODES))])
            case "noise" if live.acked:
                with contextlib.suppress(ConnectionClosed):
                    await live.send(NOISE[int(fault.how * len(NOISE))])
            case _:
                pass

    async def _hint(self, session: Session, seconds: float) -> None:
        await trio.sleep(seconds)
        session.network_restored()

    # The oracle.

    def _judge(self) -> None:
        ended, connection = self.ended, self.connection
        assert ended is not None
        assert connection is not None
        assert ended is self.updates[-1]
        assert connection.world.seen.ended is ended
        finals = [u for u in self.updates if isinstance(u, Transcript) and u.final]
        order = sorted(finals, key=lambda final: (final.start, final.end))
        assert tuple(order) == ended.transcript, "the reports and the result differ"
        stats = ended.statistics
        captured = sum(s.captured for s in stats.sources.values()) + stats.refused_samples
        made = sum(talker.captured for talker in self.talkers.values())
        assert captured <= made
        assert captured >= made - sum(talker.voice.chunk for talker in self.talkers.values())
        for source_name, source in stats.sources.items():
            talker = self.talkers[source_name]
            self.account(source_name, talker, talker.origin, talker.origin + source.captured, ended)
        if ended.state is State.FAILED:
            excuses = ("could not finish", "gave up", *REFUSED * self._expires_often)
            assert ended.reason.startswith(excuses), ended.reason

    @property
    def _expires_often(self) -> bool:
        """Whether a fresh credential may have been refused before the line was stable."""
        times = [fault.at for fault in self.plan.faults if fault.kind == "expire"]
        return any(b - a < 1000 for a, b in pairwise(times))

    def account(self, name: str, talker: Talker, begin: int, end: int, ended: Ended) -> None:
        """Each sample lies in a final that covers it, or in a gap."""
        known: list[tuple[int, int]] = [
            (gap.start, gap.end) for gap in ended.missing if gap.source == name
        ]
        holes = [(talker.origin + a, talker.origin + b) for a, b in talker.holes]
        final_until = 0
        for final in ended.transcript:
            if final.source != name:
                continue
            start, stop = round(final.start * S), round(final.end * S)
            assert final_until <= start <= stop
            final_until = stop
            spans = [
                (talker.origin + int(a), talker.origin + int(b))
                for a, _, b in (part.partition("-") for part in final.text.split())
            ]
            assert stop == spans[-1][1], "a final ends where its words do not"
            about = [(max(a, start), b) for a, b in spans if b > start]
            missed = left(start, stop, [*about, *holes])
            assert not missed, f"{name}: a final has wrong times: {missed}"
            known.append((start, stop))
        missed = left(begin, end, known)
        assert not missed, f"{name}: lost in silence: {missed}"


def left(begin: int, end: int, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of [begin, end) that no span covers."""
    found: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if a > begin:
            found.append((begin, min(a, end)))
        begin = max(begin, b)
        if begin >= end:
            return [each for each in found if each[0] < each[1]]
    return [each for each in [*found, (begin, end)] if each[0] < each[1]]


def play(seed: int, write: Callable[[bytes], object] = len) -> Simulation:
    """Play the session of ``seed``; each line of its journal goes to ``write``."""
    simulation = Simulation(draw(seed), write)
    simulation.run()
    return simulation


def complaint(simulation: Simulation) -> str:
    """Play it; the traceback of its failure, or an empty text."""
    try:
        simulation.run()
    except Exception:  # noqa: BLE001 -- any exception is a failure to report
        return traceback.format_exc()
    return ""
