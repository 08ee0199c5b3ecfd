"""An ideal backend behind a bad network, in virtual time, and an app that speaks into it.

The backend keeps what the theorem asks of one: it counts accepted samples from 0 on every
connection, without those that it dropped (A2), its finals of a source are monotone (A1,
A3), it finalises or discards what it took out of its queue within the horizon (A4), and it
tells of what it dropped before it says anything later. All else is drawn: how fast it is,
how it cuts speech, what it reports, when the network cuts, stalls or falls silent, and
what the app does meanwhile.

``Line`` plays one ``Schedule`` against one ``Connection`` and tells a ``Ledger`` what
really happened to every sample. It decides nothing that the ledger judges.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, Protocol

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CloseSocket,
    CloseSource,
    Command,
    FetchAudio,
    OpenSocket,
    Outgoing,
    Report,
    SendBytes,
    SendPing,
    StoreAudio,
)
from openline.connection import Connection, PastSource
from openline.dialects.echopanel import EchoPanel
from openline.messages import SAMPLE_RATE as S
from openline.messages import Transcript
from openline.policy import Policy
from openline.verdicts import ErrorKind, Sender

#: Any two places are told apart by a few samples.
PATTERN: Final = Random(0).randbytes(2 * 30 * S)
#: What the backend keeps for its recogniser (contract), and the length of a tick.
QUEUE: Final = 2 * S
TICK: Final = 0.1
#: Nothing that ends at all takes longer.
LONGEST: Final = 600.0
NAMES: Final = ("system", "mic")
ATTEMPT: Final = "attempt"


class Brisk(EchoPanel):
    """The default dialect with a backend that makes up its mind within a second."""

    horizon = 1.0


HORIZON: Final = round(Brisk.horizon * S)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something goes wrong ``at`` a time, for ``seconds``; ``size`` says how badly."""

    at: float
    kind: str
    seconds: float = 0.0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A source: when it starts, how long it speaks, how it is cut, what it cannot hear."""

    name: str
    starts: float = 0.0
    seconds: float = 2.0
    chunk: int = 1600
    holes: tuple[int, ...] = ()  # samples, each after another second
    told: bool = False  # it says when it heard its first sample
    ends: str = ""  # "ended", "lost", or it just falls silent


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """All that is drawn of one session; the defaults are the calmest session there is."""

    seed: int = 0
    voices: tuple[Voice, ...] = (Voice(name="mic"),)
    opens_at: float = 0.0
    stops_at: float = 2.5
    aborts_at: float | None = None
    buffer: float = 60.0
    finish: float = 200.0
    give_up: float | None = None
    patience: float | None = None  # with a source that falls silent
    disk: float = 0.0
    disk_fails_at: float | None = None
    disk_forgets: float = 0.0  # how often it no longer has what is asked for
    latency: float = 0.01
    rate: float = 0.0  # how many times faster than real time; 0: at once
    metrics: float = 1.0  # seconds between figures; 0: never
    talk: float = 0.5  # longest utterance
    partials: float = 0.2  # how often a tick brings one
    summary: float = 0.05  # seconds that the final message takes
    late: bool = False  # facts of dials that are over still arrive
    dials: tuple[str, ...] = ()  # how the first dials go; all others succeed
    faults: tuple[Fault, ...] = ()


def draw(seed: int) -> Schedule:
    """The schedule of ``seed``."""
    rng = Random(seed)
    some, pick = rng.uniform, rng.choice
    tight = rng.random() < 0.5  # memory is short, and will be filled
    spool = rng.random() < 0.35
    voices = tuple(
        Voice(
            name=name,
            starts=0.0 if i == 0 else pick([0.0, some(0, 2)]),
            seconds=some(2, 7) if tight else some(0.2, 4),
            chunk=pick([1600, 1600, 320, rng.randint(900, 3000)]),
            holes=tuple(rng.randint(0, 9000) for _ in range(pick([0, 0, 0, 1, 2]))),
            told=rng.random() < 0.3,
            ends=pick(["", "ended", "ended", "lost"]),
        )
        for i, name in enumerate(rng.sample(NAMES, pick([1, 1, 2])))
    )
    over = max(voice.starts + voice.seconds for voice in voices)
    kinds = [
        "cut",
        "stall",
        "close",
        "freeze",
        "stall",
        "half_open",
        "pause",
        "network",
        "late_cut",
    ]
    faults = tuple(
        Fault(
            at=some(0, over + 2),
            kind=pick(kinds),
            seconds=pick([some(0, 0.4), some(0, 3), some(2, 6) if tight else 1.0]),
            size=pick([rng.randint(0, 20), rng.randint(0, 400)]),
        )
        for _ in range(pick([0, 1, 1, 2, 3, 5]))
    )
    ways = ["open", "refused", "busy", "hang", "mute", "full", "cut", "restart", "slow"]
    return Schedule(
        seed=seed,
        voices=voices,
        opens_at=pick([0.0, 0.0, some(0, 1)]),
        stops_at=pick([over + some(0, 1), over + 3, some(0, over)]),
        aborts_at=some(0, over + 2) if rng.random() < 0.05 else None,
        buffer=some(2.41, 3) if tight else 60.0,
        finish=pick([5.0, 200.0]),
        give_up=pick([None, None, 20.0, 3.0]),
        patience=pick([None, None, 3.0, 1.2]),
        disk=pick([1000.0, some(2.5, 5), some(2.5, 3)]) if spool else 0.0,
        disk_fails_at=some(0, over) if spool and rng.random() < 0.4 else None,
        disk_forgets=pick([0.0, 0.0, 0.3]) if spool else 0.0,
        latency=pick([0.001, 0.02, 0.1]),
        rate=pick([0.0, 0.0, 1.1, 2.0, 4.0, some(0.5, 1.5), some(0.05, 0.6)]),
        metrics=pick([1.0, 1.0, 0.25, 3.0, 0.0]),
        talk=pick([0.2, 0.5, 1.0]),
        partials=pick([0.0, 0.2, 0.6]),
        summary=pick([0.0, 0.05, 0.5, some(0, 3)]),
        late=rng.random() < 0.3,
        dials=tuple(pick(ways) for _ in range(pick([0, 0, 1, 2, 4]))),
        faults=faults,
    )


@dataclass(frozen=True, kw_only=True)
class Past:
    """What a process that was killed left on disk."""

    sources: tuple[PastSource, ...]
    transcript: tuple[Transcript, ...]


class Ledger(Protocol):
    """Who is told what really happened."""

    def captured(self, source: str, start: int, end: int) -> None: ...
    def accepted_none(self, samples: int) -> None: ...
    def hole(self, source: str, start: int, end: int) -> None: ...
    def dropped(self, source: str, spans: list[tuple[int, int]]) -> None: ...
    def discarded(self, source: str, spans: list[tuple[int, int]]) -> None: ...
    def finalised(self, key: str, source: str, spans: list[tuple[int, int]]) -> None: ...
    def arrives(self, key: str, source: str, final: bool) -> None: ...
    def commanded(self, event: e.Event, commands: list[Command]) -> None: ...


class Ear:
    """One source on one connection. Counts are connection samples, spans session samples."""

    __slots__ = (
        "credit",
        "dequeued",
        "dropped",
        "frames",
        "heard_until",
        "marks",
        "name",
        "next_end",
        "received",
        "settled",
        "speech",
        "starts",
        "wait",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.received = 0
        self.dequeued = 0
        self.settled = 0  # all before this is finalised or discarded
        self.frames: deque[int] = deque()
        self.marks: list[int] = []
        self.starts: list[int] = []
        self.heard_until = -1  # session position after the last frame
        self.dropped: list[tuple[int, int]] = []
        self.credit = 0.0  # samples that it may still take from its queue
        self.next_end = 0  # of the segment that it is in
        self.speech = False
        self.wait = 0  # samples after a segment's end that it takes to decide

    def take(self, at: int, samples: int) -> None:
        if at != self.heard_until:
            self.marks.append(self.received)
            self.starts.append(at)
        self.heard_until = at + samples
        self.received += samples
        self.frames.append(samples)

    def clock(self, sample: int) -> int:
        """What it counts: all before ``sample`` but what it dropped (A2)."""
        return sample - sum(max(0, min(end, sample) - start) for start, end in self.dropped)

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """Session samples of [start, end), less what was dropped."""
        parts = [(start, end)]
        for a, b in self.dropped:
            parts = [
                part
                for lo, hi in parts
                for part in ((lo, min(hi, a)), (max(lo, b), hi))
                if part[0] < part[1]
            ]
        found: list[tuple[int, int]] = []
        for lo, hi in parts:
            i = bisect_right(self.marks, lo) - 1
            while lo < hi:
                until = min(hi, self.marks[i + 1] if i + 1 < len(self.marks) else hi)
                shift = self.starts[i] - self.marks[i]
                found.append((lo + shift, until + shift))
                lo, i = until, i + 1  # noqa: PLW2901 -- the rest of it
        return found


class Server:
    """The backend's side of one dial."""

    def __init__(self, line: Line, socket: Socket) -> None:
        self._line = line
        self._socket = socket
        self._ears: dict[str, Ear] = {}
        self._rng = Random(f"{line.schedule.seed} {socket.number}")
        self.connection_id = ""
        self.acked = False
        self.stopping = False
        self.finished = False
        self.paused_until = 0.0
        self._figures_at = 0.0
        self._dropped = 0
        self._words = 0

    def says(self, kind: str, fields: str = "") -> None:
        self._socket.down(
            f'{{"type":"{kind}","connection_id":"{self.connection_id}",'
            f'"attempt_id":"{ATTEMPT}"{fields}}}'
        )

    def takes(self, item: tuple[str, int, int] | bytes | str) -> None:
        """A message arrived."""
        if isinstance(item, tuple):
            self._hears(*item)
        elif isinstance(item, bytes):
            self._socket.down(item)
        elif '"start"' in item:
            self.connection_id = item.partition('"connection_id":"')[2].partition('"')[0]
            self._starts()
        elif not self.stopping:
            self.stopping = True
            self._finish_if_done()

    def _starts(self) -> None:
        way = self._socket.way
        if way == "mute":
            return
        if way == "full":
            text = "Server at capacity, please try again later"
            self.says("status", f',"state":"error","message":"{text}"')
            self._socket.ends(code=1000, sender=Sender.PEER)
        elif way == "cut":
            self._socket.ends(error=ErrorKind.RESET)
        elif way == "restart":
            self._socket.ends(code=1012, sender=Sender.PEER)
        else:
            self._line.at(0.3 if way == "slow" else 0.002, self._acks)

    def _acks(self) -> None:
        self.acked = True
        self.says("status", ',"state":"streaming"')
        self._figures_at = self._line.now + self._line.schedule.metrics
        self._line.at(TICK, self.tick)

    def _hears(self, source: str, at: int, samples: int) -> None:
        ear = self._ears.get(source)
        if ear is None:
            ear = self._ears[source] = Ear(source)
            self._next_segment(ear)
        ear.take(at, samples)
        if not self._line.schedule.rate and self._line.now >= self.paused_until:
            self._dequeue(ear, ear.received)
        queued = ear.received - ear.dequeued
        if queued > QUEUE:
            self._drop(ear, queued - QUEUE)

    def _drop(self, ear: Ear, samples: int) -> None:
        start = ear.dequeued
        while ear.dequeued < start + samples:
            ear.dequeued += ear.frames.popleft()
            self._dropped += 1
        self._line.ledger.dropped(ear.name, ear.spans(start, ear.dequeued))
        ear.dropped.append((start, ear.dequeued))
        self._tell_figures(ear)
        self._settle(ear)

    def _dequeue(self, ear: Ear, until: int) -> None:
        while ear.frames and ear.dequeued + ear.frames[0] <= until:
            ear.dequeued += ear.frames.popleft()
        self._settle(ear)

    def _next_segment(self, ear: Ear) -> None:
        rng = self._rng
        longest = round(self._line.schedule.talk * S)
        length = longest if rng.random() < 0.1 else rng.randint(1, longest)
        ear.next_end = ear.settled + length
        ear.speech = rng.random() < 0.7
        room = HORIZON - length
        ear.wait = rng.choice((0, room, rng.randint(0, room)))

    def _settle(self, ear: Ear) -> None:
        while ear.next_end + ear.wait <= ear.dequeued:
            self._decide(ear, ear.next_end)
            self._next_segment(ear)

    def _decide(self, ear: Ear, end: int) -> None:
        start, ear.settled = ear.settled, end
        spans = ear.spans(start, end)
        if ear.speech:
            self._words += 1
            key = f"{self._socket.number}/{self._words}"
            self._line.ledger.finalised(key, ear.name, spans)
            self._speaks("asr_final", key, ear, start, end)
        else:
            self._line.ledger.discarded(ear.name, spans)

    def _speaks(self, kind: str, key: str, ear: Ear, start: int, end: int) -> None:
        t0, t1 = ear.clock(start) / S, ear.clock(end) / S
        words = f',"text":"{key}","source":"{ear.name}","t0":{t0!r},"t1":{t1!r}'
        self.says(kind, words)

    def _tell_figures(self, ear: Ear) -> None:
        backlog = (ear.received - ear.dequeued) / S
        self.says(
            "metrics",
            f',"source":"{ear.name}","backlog_seconds":{backlog!r},"dropped_total":{self._dropped}',
        )

    def tick(self) -> None:
        """Every tenth of a second: the recogniser works."""
        line, socket = self._line, self._socket
        if socket.over or self.finished:
            return
        now, schedule = line.now, line.schedule
        if now < socket.frozen_until:
            line.at(socket.frozen_until - now, self.tick)
            return
        if now >= self.paused_until:
            self._work(schedule)
        if schedule.metrics and now >= self._figures_at:
            self._figures_at = now + schedule.metrics
            for ear in self._ears.values():
                self._tell_figures(ear)
        if self.stopping:
            self._finish_if_done()
        line.at(TICK, self.tick)

    def _work(self, schedule: Schedule) -> None:
        for ear in self._ears.values():
            if not schedule.rate:
                self._dequeue(ear, ear.received)
            elif ear.frames:
                ear.credit += schedule.rate * TICK * S
                before = ear.dequeued
                self._dequeue(ear, before + int(ear.credit))
                ear.credit -= ear.dequeued - before
            if not ear.frames:
                ear.credit = 0.0
            if ear.speech and ear.dequeued > ear.settled and self._rng.random() < schedule.partials:
                self._speaks("asr_partial", "...", ear, ear.settled, ear.dequeued)

    def _finish_if_done(self) -> None:
        if any(ear.frames for ear in self._ears.values()) or self.finished:
            return
        self.finished = True
        for ear in self._ears.values():
            while ear.settled < ear.dequeued:
                self._decide(ear, min(ear.next_end, ear.dequeued))
                self._next_segment(ear)
        self._line.at(self._line.schedule.summary, self._sums_up)

    def _sums_up(self) -> None:
        self.says("final_summary")
        self._line.at(0.001, lambda: self._socket.ends(code=1000, sender=Sender.PEER))


class Socket:
    """One dial: the network between the line and a server."""

    def __init__(self, line: Line, number: int, way: str) -> None:
        self.line = line
        self.number = number
        self.way = way
        self.server = Server(line, self)
        self.wire: list[tuple[str, int, int] | bytes | str] = []
        self.over = False  # nobody answers any more
        self.reported = False  # the client was told so
        self.deaf = False  # half-open: nothing arrives on either side
        self.capacity = 0  # messages that a stalled network still takes
        self.stalled_until = 0.0
        self.frozen_until = 0.0
        self._due = False

    @property
    def stuck(self) -> bool:
        """Whether what is sent stays on this side."""
        return self.deaf or max(self.stalled_until, self.frozen_until) > self.line.now

    def up(self, item: tuple[str, int, int] | bytes | str) -> bool:
        """The client sends; False if the send does not complete now."""
        self.wire.append(item)
        if self.stuck:
            return len(self.wire) <= self.capacity
        self._deliver_soon()
        return True

    def _deliver_soon(self) -> None:
        if not self._due:
            self._due = True
            self.line.at(self.line.schedule.latency, self._deliver)

    def _deliver(self) -> None:
        self._due = False
        if self.over or self.stuck:
            return
        wire, self.wire = self.wire, []
        for item in wire:
            self.server.takes(item)

    def resume(self) -> None:
        """The stall or the freeze may be over."""
        if not self.over and not self.stuck:
            self._deliver_soon()
            self.line.unblock(self)

    def down(self, item: str | bytes) -> None:
        """The server sends."""
        if not self.deaf and (not self.over or self.line.schedule.late):
            self.line.at(self.line.schedule.latency, lambda: self._arrives(item))

    def _arrives(self, item: str | bytes) -> None:
        # What was on its way when the dial ended is lost, or arrives when it is over.
        if self.deaf or (self.reported and not self.line.schedule.late):
            return
        if isinstance(item, bytes):
            self.line.feed(e.PongReceived(self.number, item))
            return
        if '"asr_' in item:
            text = item.partition('"text":"')[2].partition('"')[0]
            source = item.partition('"source":"')[2].partition('"')[0]
            self.line.ledger.arrives(text, source, final="asr_final" in item)
        self.line.feed(e.MessageReceived(self.number, item))

    def ends(self, **facts: Any) -> None:
        """The server or the network ends it, behind all that it has said."""
        if not self.over:
            self.over = True
            self.line.at(self.line.schedule.latency, partial(self.report, **facts))

    def report(self, **facts: Any) -> None:
        """The client learns that it is over, once."""
        if not self.reported:
            self.over = self.reported = True
            self.line.forget(self)
            self.line.feed(e.SocketLost(dial=self.number, **facts))


class Line:
    """One session: the app, the connection, and the world around them.

    With a ``past`` there is nothing to capture: all sources are over.
    """

    def __init__(
        self,
        schedule: Schedule,
        ledger: Ledger,
        *,
        connection: Callable[..., Connection] = Connection,
        past: Past | None = None,
    ) -> None:
        self.schedule = schedule
        self.ledger = ledger
        self.now = 0.0
        self.rng = Random(schedule.seed)
        self.policy = Policy(
            start_delay=0.02,
            connect_timeout=0.4,
            ack_timeout=0.4,
            ping_interval=0.3,
            pong_timeout=0.3,
            send_timeout=0.5,
            stall_timeout=8.0,  # longer than a window waits for figures
            backoff_first=0.1,
            backoff_cap=0.5,
            stable_after=1.0,
            prompt_retry=0.05,
            scatter=0.3,
            later_floor=0.2,
            give_up_after=schedule.give_up,
            source_timeout=schedule.patience,
            finish_timeout=schedule.finish,
            close_timeout=0.5,
            buffer_seconds=schedule.buffer,
        )
        self.core = connection(
            Backend(),
            session_id="session",
            attempt_id=ATTEMPT,
            random=self.rng.random,
            sources=[voice.name for voice in schedule.voices],
            policy=self.policy,
            dialect=Brisk(),
            disk_seconds=schedule.disk,
            past=past.sources if past else (),
            past_transcript=past.transcript if past else (),
        )
        self.past = past
        self.live: Socket | None = None  # the dial that the client has, from its OpenSocket
        self.blocked = False  # a send has not completed
        self.stopped = False
        self.no_network_until = 0.0
        self.frozen_until = 0.0
        self.dials = 0
        self.closed: set[str] = set()  # sources that nobody listens to any more
        self.disk_broken = False
        self.zero: float | None = None
        self.places: dict[str, int] = {}  # the next session sample of each source
        self.on_disk: dict[str, list[tuple[int, int]]] = {}
        self.seen_at: dict[str, int] = {}  # where the last frame of each source ended
        for each in past.sources if past else ():
            captured = self.core.statistics.sources[each.source].captured
            self.places[each.source] = each.origin + captured
            self.on_disk[each.source] = list(each.on_disk)
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, delay: float, do: Callable[[], None]) -> None:
        """Do it after ``delay``."""
        self._count += 1
        heappush(self._heap, (self.now + delay, self._count, do))

    def run(self) -> None:
        """From the first sample until all is over."""
        schedule, heap, core = self.schedule, self._heap, self.core
        if self.past is not None:
            for voice in schedule.voices:
                self.feed(e.SourceEnded(voice.name))
        self.at(schedule.opens_at, lambda: self.request(e.OpenRequested()))
        self.at(schedule.opens_at + schedule.stops_at, lambda: self.request(e.StopRequested()))
        if schedule.aborts_at is not None:
            self.at(schedule.aborts_at, lambda: self.request(e.AbortRequested()))
        if schedule.disk_fails_at is not None:
            self.at(schedule.disk_fails_at, self._break_disk)
        for voice in () if self.past else schedule.voices:
            self.at(voice.starts, Speaker(self, voice).start)
        for fault in schedule.faults:
            self.at(fault.at, partial(self._goes_wrong, fault))
        while heap or not core.ended:
            deadline = core.next_deadline()
            if deadline is not None and (not heap or deadline <= heap[0][0]):
                self.now = max(self.now, deadline)
                self.feed(e.Tick())
            else:
                assert heap, f"nothing will ever happen any more while {core.state}"
                self.now, _, do = heappop(heap)
                do()
            assert self.now < LONGEST, f"it goes on for ever while {core.state}"

    # The client.

    def request(self, event: e.Event) -> None:
        """The app asks for something, unless it is all over."""
        if self.core.ended or (isinstance(event, e.OpenRequested) and self.stopped):
            return
        self.stopped |= not isinstance(event, e.OpenRequested)
        self.feed(event)

    def feed(self, event: e.Event) -> None:
        """Something happened: tell the connection, do as it says, then let the sender pull."""
        commands = self.core.receive(event, self.now)
        if commands:
            self.ledger.commanded(event, commands)
            for command in commands:
                self._obey(command)
        if not self.blocked:
            self._pull()

    def _pull(self) -> None:
        while (outgoing := self.core.next_message(self.now)) is not None:
            socket = self.live
            assert socket is not None, f"{outgoing} while there is no socket"
            assert outgoing.dial == socket.number, f"{outgoing} for another dial"
            if not socket.up(self._item(outgoing)):
                self.blocked = True
                return

    def _item(self, outgoing: Outgoing) -> tuple[str, int, int] | bytes | str:
        if isinstance(outgoing, SendPing):
            return outgoing.mark
        if not isinstance(outgoing, SendBytes):
            return outgoing.data
        data = outgoing.data
        source, pcm = NAMES[data[3]], data[4:]
        at = self.seen_at.get(source, 0)
        if PATTERN[2 * at : 2 * at + len(pcm)] != pcm:
            stats = self.core.statistics.sources[source]
            origin = self.places[source] - stats.captured
            at = origin + stats.sent - len(pcm) // 2
            assert PATTERN[2 * at : 2 * at + len(pcm)] == pcm, "audio that was never captured"
        self.seen_at[source] = at + len(pcm) // 2
        return source, at, len(pcm) // 2

    def unblock(self, socket: Socket) -> None:
        """The network takes data again."""
        if socket is self.live and self.blocked:
            self.blocked = False
            self._pull()

    def forget(self, socket: Socket) -> None:
        """The dial is over for the client too: its sender ends."""
        if socket is self.live:
            self.live = None
            self.blocked = False

    def _obey(self, command: Command) -> None:
        match command:
            case OpenSocket(dial):
                self._dial(dial)
            case AbortSocket():
                socket = self.live
                assert socket is not None
                assert socket.number == command.dial
                self.forget(socket)
                socket.over = True
                if self.schedule.late:
                    self.at(0.01, partial(socket.report, error=ErrorKind.CUT))
                else:
                    socket.reported = True
            case CloseSocket():
                socket = self.live
                assert socket is not None
                self.at(0.05, partial(socket.ends, code=1000, sender=Sender.US))
            case CloseSource(source):
                self.closed.add(source)
                self.stopped |= len(self.closed) == len(self.schedule.voices)
            case StoreAudio(source, start, pcm):
                self._store(source, start, pcm)
            case FetchAudio(source, start, samples):
                self.at(
                    self.rng.choice((0.0, 0.03, 0.3)), lambda: self._fetch(source, start, samples)
                )
            case Report() | _:
                pass

    def _dial(self, number: int) -> None:
        ways = self.schedule.dials
        way = ways[number - 1] if number <= len(ways) else "open"
        socket = Socket(self, number, way)
        self.live = socket
        self.seen_at.clear()
        if self.now < self.no_network_until:
            self.at(0.01, partial(socket.report, error=ErrorKind.UNREACHABLE))
        elif way == "refused":
            self.at(0.01, partial(socket.report, error=ErrorKind.REFUSED))
        elif way == "busy":
            self.at(0.01, partial(socket.report, status=503))
        elif way != "hang":
            delay = max(self.frozen_until - self.now, 0) + 2 * self.schedule.latency
            self.at(delay, lambda: self._opened(socket))

    def _opened(self, socket: Socket) -> None:
        if not socket.over:
            self.feed(e.SocketOpened(socket.number, f"connection {socket.number}"))

    # The disk.

    def _store(self, source: str, start: int, pcm: bytes) -> None:
        if self.disk_broken:
            return
        end = start + len(pcm) // 2
        assert PATTERN[2 * start : 2 * end] == pcm, "audio is stored where it does not belong"
        runs = self.on_disk.setdefault(source, [])
        if runs and runs[-1][1] == start:
            start = runs.pop()[0]
        runs.append((start, end))

    def _fetch(self, source: str, start: int, samples: int) -> None:
        pcm = b""
        if self.rng.random() >= self.schedule.disk_forgets:
            for a, b in self.on_disk.get(source, []):
                if a <= start < b:
                    end = min(start + samples, b)
                    if self.rng.random() < 0.3:  # the end of a file
                        end = self.rng.randint(start + 1, end)
                    pcm = PATTERN[2 * start : 2 * end]
        self.feed(e.AudioFetched(source, start, pcm))

    def _break_disk(self) -> None:
        self.disk_broken = True
        self.feed(e.SpoolFailed("no space left"))

    # The world.

    def _goes_wrong(self, fault: Fault) -> None:
        until = self.now + fault.seconds
        if fault.kind == "network":
            self.no_network_until = max(self.no_network_until, until)
        if fault.kind == "freeze":
            self.frozen_until = max(self.frozen_until, until)
        socket = self.live
        if socket is None or socket.over:
            return
        socket.capacity = fault.size
        match fault.kind:
            case "cut" | "network":
                socket.report(error=ErrorKind.RESET)
            case "late_cut":
                socket.ends(code=1006)
            case "close":
                code = (1000, 1001, 1011, 1012, 1013)[fault.size % 5]
                socket.ends(code=code, sender=Sender.PEER)
            case "freeze":
                socket.frozen_until = until
                self.at(fault.seconds, socket.resume)
            case "stall":
                socket.stalled_until = until
                self.at(fault.seconds, socket.resume)
            case "half_open":
                socket.deaf = True
            case _:
                socket.server.paused_until = until


class Speaker:
    """One source as the app feeds it."""

    def __init__(self, line: Line, voice: Voice) -> None:
        self._line = line
        self._voice = voice
        self._until = voice.starts + voice.seconds
        self._holes = list(voice.holes)
        self._hole_at = voice.starts + 1

    def start(self) -> None:
        """It begins to hear; its first chunk comes when it is full."""
        line, voice = self._line, self._voice
        if voice.told:
            line.feed(e.SourceStarted(voice.name, line.now))
            self._place()
        line.at(voice.chunk / S, self._speak)

    def _place(self) -> None:
        """Session time 0 is the first sample of the first source that started."""
        line, name = self._line, self._voice.name
        if name not in line.places:
            if line.zero is None:
                line.zero = line.now
            line.places[name] = max(0, round((line.now - line.zero) * S))
            line.ledger.captured(name, line.places[name], line.places[name])

    @property
    def _heard(self) -> bool:
        line = self._line
        return not (line.stopped or line.core.ended or self._voice.name in line.closed)

    def _speak(self) -> None:
        line, voice = self._line, self._voice
        name, samples = voice.name, voice.chunk
        self._place()
        at = line.places[name]
        if self._heard:
            line.places[name] = at + samples
            line.ledger.captured(name, at, at + samples)
        else:
            line.ledger.accepted_none(samples)
        line.feed(e.AudioCaptured(name, PATTERN[2 * at : 2 * (at + samples)]))
        wait = 0.0
        if self._holes and line.now >= self._hole_at:
            self._hole_at = line.now + 1
            wait = self._hole(self._holes.pop())
        if line.now < self._until:
            line.at(wait + samples / S, self._speak)
        elif voice.ends == "ended":
            line.feed(e.SourceEnded(name))
        elif voice.ends == "lost":
            line.feed(e.SourceLost(name, "unplugged"))

    def _hole(self, samples: int) -> float:
        line, name = self._line, self._voice.name
        if self._heard:
            at = line.places[name]
            line.places[name] = at + samples
            line.ledger.hole(name, at, at + samples)
        line.feed(e.CaptureHole(name, samples))
        return samples / S
