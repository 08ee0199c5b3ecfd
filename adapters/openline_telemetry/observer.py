"""The observer of one session: hands what happens to its spans and metrics.

It wants no audio, so live frames keep their fast way (``openline.machine.relay``); what it knows of
audio it reads from snapshots (``amounts``). It exports no text of a backend, a source, an error or
an address beyond its host and port, since any of them may hold a secret, and no words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from opentelemetry.util.types import AttributeValue

from openline import commands as c
from openline import events as e
from openline import updates as u
from openline.audio.gaps import AT_THE_END
from openline.commands import Command, Outgoing
from openline.events import Event
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.reconnect.verdicts import Verdict
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import State, Update
from openline_telemetry import names
from openline_telemetry.amounts import Amounts
from openline_telemetry.dials import Dials
from openline_telemetry.instruments import Instruments
from openline_telemetry.labels import (
    OTHER,
    REFUSAL,
    dialect_label,
    end_label,
    error_label,
    trouble_label,
)
from openline_telemetry.names import Metric
from openline_telemetry.tracing import Tracing
from openline_telemetry.turns import Turns

#: Audio may flow in these.
_USABLE: Final = frozenset({State.STREAMING, State.FINISHING})
#: The line is not there, and not meant to be away.
_AWAY: Final = State.RECONNECTING
#: Pings that wait for their pong; a session has one or two.
_MOST_PINGS: Final = 16
_RECOVERED, _ENDED = "recovered", "ended"


class TelemetryObserver(Observer):
    """Exports one session: give a new one to each.

    ``sample_every``: seconds between two looks at the amounts of audio.
    """

    __slots__ = (
        *("_amounts", "_before", "_dial", "_dials", "_evidence", "_instruments", "_is_open"),
        *("_labels", "_lost_at", "_moves", "_options", "_over", "_pings", "_pong", "_sample_every"),
        *("_state", "_step", "_tracing", "_turns"),
    )
    wants_audio: ClassVar[bool] = False

    def __init__(self, instruments: Instruments, tracing: Tracing, *, sample_every: float) -> None:
        self._instruments, self._tracing = instruments, tracing
        self._sample_every = sample_every
        self._dials = Dials(tracing, self._measure)
        self._turns = Turns(tracing, self._measure)
        self._amounts: Amounts
        self._options: MachineOptions | None = None
        self._labels: dict[str, str] = {}
        self._state = self._before = State.IDLE
        self._step = 0.0  # when the last event came
        self._dial = 0
        self._evidence = OTHER
        self._lost_at: float | None = None
        self._pings: dict[bytes, float] = {}
        self._pong: float | None = None  # the slowest since the last look
        self._is_open = self._over = False
        self._moves = False  # another process goes on with it

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        """Note whose session it is. Raises RuntimeError for a second session."""
        if self._options is not None:
            raise RuntimeError("this TelemetryObserver has a session: give each a new one")
        self._options = options
        self._labels = {names.DIALECT: dialect_label(options.dialect.name)}
        self._amounts = Amounts(look, self._sample_every, resumed=bool(options.past))

    def on_event(self, event: Event, now: float) -> None:
        """Note the evidence, before it is judged."""
        if self._over:
            return
        if not self._is_open:
            self._open(now)
        if self._dials.any_is_over or self._state is not self._before:
            self._settle(self._step)  # that step is complete: it shows what became of a dial
        self._step = now
        kind = type(event)
        if kind is e.MessageReceived:
            self._evidence = REFUSAL
        elif isinstance(event, e.PongReceived):
            self._take_pong(event, now)
        elif isinstance(event, e.SocketLost):
            self._evidence = error_label(event)
            self._dials.lose(event)
        elif isinstance(event, e.SocketOpened):
            self._dials.open_socket(event, now)
        elif isinstance(event, e.Redirected):
            self._evidence = "redirect"
            self._dials.redirect(event.dial)
        elif isinstance(event, e.AbortRequested):
            self._moves = event.move is not None
        if now >= self._amounts.next_at:
            self._look(now)

    def on_timer(self, timer: Timer, now: float) -> None:
        """A timer may be what ends a dial."""
        if timer.error is not None:
            self._evidence = timer.error.value

    def on_verdict(self, verdict: Verdict, now: float) -> None:
        """Note what an ending means."""
        self._dials.judge(verdict, self._evidence)

    def on_command(self, command: Command, now: float) -> None:
        """Begin a dial, or end one."""
        if type(command) is c.Report:
            return  # as nearly always: ``on_update`` follows
        if isinstance(command, c.OpenSocket):
            self._settle(now)  # a redirect ends one dial and begins another in one step
            self._pings.clear()
            self._dials.dial(command, now)
        elif isinstance(command, c.AbortSocket):
            self._dials.abort(command.dial)

    def on_update(self, update: Update, now: float) -> None:
        """Take what the app is told."""
        if isinstance(update, u.Transcript):
            self._turns.hear(update, self._dial, now)
        elif isinstance(update, u.PartialRetracted):
            self._turns.retract(update, now)
        elif isinstance(update, u.StateChanged):
            self._change(update, now)
        elif isinstance(update, u.Gap):
            if not self._moves_on(update):
                self._tell_gap(names.GAPS, names.GAP_EVENT, update, now)
        elif isinstance(update, u.GapWithdrawn):
            self._tell_gap(names.WITHDRAWN, names.WITHDRAWN_EVENT, update.gap, now)
        elif isinstance(update, u.Trouble):
            labels = {names.KIND: trouble_label(update.kind)}
            self._measure(names.TROUBLES, 1, labels)
            self._tracing.event(names.TROUBLE_EVENT, now, labels)
        elif isinstance(update, u.Resumed):
            self._tracing.event(names.SUSPENDED_EVENT, now, {names.SECONDS: update.gap})
        elif isinstance(update, u.SourceEnded):
            ended = {names.SOURCE: update.source, names.OUTCOME: update.cause.value}
            self._tracing.event(names.SOURCE_EVENT, now, ended)
        elif isinstance(update, u.Ended):
            self._end(update, now)

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """Note a ping."""
        if type(outgoing) is c.SendPing and len(self._pings) < _MOST_PINGS:
            self._pings[outgoing.mark] = now

    def _measure(self, metric: Metric, value: float, labels: dict[str, str]) -> None:
        given = {**self._labels, **labels} if labels else self._labels
        self._instruments.measure(metric, value, given)

    def _open(self, now: float) -> None:
        self._is_open = True
        options = self._options
        if options is None:
            raise RuntimeError("a TelemetryObserver is for the observers= of a session")
        self._tracing.wall.anchor(now)
        given = {names.ATTEMPT_ID: options.attempt_id, **self._labels}
        dialect = self._labels[names.DIALECT]
        self._tracing.begin(now, options.session_id, dialect, given)
        self._amounts.start(now)
        self._measure(names.ACTIVE, 1, {})

    def _take_pong(self, event: e.PongReceived, now: float) -> None:
        sent = self._pings.pop(event.mark, None)
        if sent is not None:
            self._pong = max(self._pong or 0.0, now - sent)

    def _look(self, now: float) -> None:
        growth = self._amounts.look(now)
        self._count(growth.captured, growth.confirmed)
        if self._state is not State.IDLE:
            self._measure(names.LAG, growth.lag, {})
        self._tell_pong()
        self._turns.export()

    def _tell_pong(self) -> None:
        if self._pong is not None:
            self._measure(names.PONG, self._pong, {})
            self._pong = None

    def _count(self, captured: float, confirmed: float) -> None:
        for metric, seconds in (
            (names.AUDIO_CAPTURED, captured),
            (names.AUDIO_CONFIRMED, confirmed),
        ):
            if seconds:
                self._measure(metric, seconds, {})

    def _change(self, update: u.StateChanged, now: float) -> None:
        self._state, self._dial = update.state, update.dial
        told: dict[str, AttributeValue] = {
            names.STATE: update.state.value,
            names.DIAL: update.dial,
        }
        if update.retry_in is not None:
            told[names.RETRY_IN] = update.retry_in
        self._tracing.event(names.STATE_EVENT, now, told)
        if update.state in _USABLE:
            if self._before not in _USABLE:
                self._dials.open_line(update.dial, now)
            self._end_outage(_RECOVERED, now)
        elif update.state is _AWAY and self._lost_at is None:
            self._lost_at = now

    def _end_outage(self, outcome: str, now: float) -> None:
        if self._lost_at is not None:
            self._measure(names.OUTAGE, now - self._lost_at, {names.OUTCOME: outcome})
            self._lost_at = None

    def _moves_on(self, gap: u.Gap) -> bool:
        """Whether another process delivers what this one did not."""
        return self._moves and gap.cause in AT_THE_END

    def _tell_gap(self, metric: Metric, event: str, gap: u.Gap, now: float) -> None:
        labels = {names.CAUSE: gap.cause.value}
        self._measure(metric, gap.seconds, labels)
        told: dict[str, AttributeValue] = {
            names.SOURCE: gap.source,
            names.SECONDS: gap.seconds,
            **labels,
        }
        self._tracing.event(event, now, told)

    def _settle(self, now: float) -> None:
        self._dials.settle(self._before, self._state, now)
        self._before = self._state

    def _end(self, ended: u.Ended, now: float) -> None:
        self._over = True
        self._dials.finish(self._before, self._state, now)
        self._turns.finish(now)
        self._end_outage(_ENDED, now)
        self._tell_pong()
        self._count(*self._amounts.finish(ended.statistics.sources))
        labels = {names.END: end_label(ended)}
        self._measure(names.SESSIONS, 1, labels)
        self._measure(names.ACTIVE, -1, {})
        accounts = ended.accounts.values()
        moved = sum(gap.samples for gap in ended.missing if self._moves_on(gap))
        told: dict[str, AttributeValue] = {
            **labels,
            names.DIALS: ended.statistics.dials,
            names.FINALS: len(ended.transcript),
            names.CAPTURED: sum(each.captured for each in accounts) / u.SAMPLE_RATE,
            names.CONFIRMED: sum(each.confirmed for each in accounts) / u.SAMPLE_RATE,
            names.MISSING: (sum(each.missing for each in accounts) - moved) / u.SAMPLE_RATE,
        }
        self._tracing.end(now, failed=ended.state is State.FAILED, attributes=told)
