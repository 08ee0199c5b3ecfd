"""Holds the model to the machine: is what a session does a path of the model?

A ``Trace`` is an observer. At each row that runs it takes every step of the model that runs this
row for this cause, and keeps those after which the model's variables are what the machine's
snapshot shows. What a snapshot does not show (``held``, ``refused``) stays open: the trace keeps
every state that the model may be in. When none is left, the machine has done what the model
cannot, so the model or the machine is wrong; ``fault`` says where.

Every pass of the gate becomes the witness in one of these states, and its age is measured by the
session's clock. For each witness a state has to be left. So the machine's gate is held to the
limit in the minute after each pass.

    trace = follow(journal, TABLE)
    assert not trace.fault, trace.fault
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from openline import commands as c
from openline import events as e
from openline.commands import Command
from openline.dialects.protocol import Dialect
from openline.events import Event
from openline.journal.reader import Journal
from openline.journal.replay import replay
from openline.machine.life import Leaving
from openline.machine.table import Table, Transition
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.reconnect import backoff
from openline.session import SessionMachine
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import State
from openline_diagrams.checked.abstraction import (
    BEHIND_RETRY,
    BETWEEN,
    FINAL,
    KEPT,
    MINUTE,
    bit,
)
from openline_diagrams.checked.counterexample import Reader, initial, take
from openline_diagrams.checked.counterexample import State as Seen
from openline_diagrams.checked.model import Model, Step, checked
from openline_diagrams.checked.terms import Value

_LEAVING: Final = {
    **dict.fromkeys(Leaving, 1),
    Leaving.NOT: 0,
    Leaving.CLOSING: 2,
}
_TIMERS: Final = frozenset(timer.name for timer in Timer)
_CLOCK: Final = "time passes"


class _Guess(NamedTuple):
    """A state that the model may be in. ``since``: when the witness passed; inf: there is none."""

    state: Seen
    since: float


def follow(journal: Journal, table: Table, *, dialect: Dialect | None = None) -> Trace:
    """The trace of a journal, replayed. Raises as ``replay`` does, and what the trace raised."""
    trace = Trace(table)
    machines: list[SessionMachine] = []

    def make(*args: Any, **kwargs: Any) -> SessionMachine:
        machines.append(SessionMachine(*args, **kwargs))
        return machines[0]

    for _ in replay(journal, dialect=dialect, observers=[trace], make=make):
        pass
    for error in machines[0].observer_errors:  # one that raises sees no more
        raise error
    return trace


class Trace(Observer):
    """Follows one session through the model of ``table``."""

    __slots__ = (
        "_guesses",
        "_look",
        "_model",
        "_ran",
        "_reader",
        "_requests",
        "_rows",
        "_sockets",
        "_table",
        "_timer",
        "fault",
        "log",
        "rows",
    )

    def __init__(self, table: Table, model: Model | None = None) -> None:
        self._table, self._model = table, model
        #: What the session did that the model cannot, one line; empty: nothing.
        self.fault = ""
        #: What happened, a line for each event, timer and row.
        self.log: list[str] = []
        #: The names of the rows that ran.
        self.rows: set[str] = set()
        self._timer: Timer | None = None
        self._ran = False
        self._sockets: set[int] = set()
        self._requests: set[int] = set()

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        """The session begins, as the model does."""
        policy = options.policy
        self._look = look
        if self._model is None or self._model.dials != policy.dials_per_minute:
            self._model = checked(self._table, policy.dials_per_minute)
        most = math.inf if policy.max_attempts is None else policy.max_attempts
        self._reader = Reader(self._model, most)
        self._guesses = [_Guess(initial(provider=options.has_provider), math.inf)]
        self._rows: dict[tuple[str, str | None], list[Step]] = {}
        for step in self._model.steps:
            self._rows.setdefault((step.cause, step.row), []).append(step)

    def on_event(self, event: Event, now: float) -> None:
        """Time has passed, and a socket or a request may be over."""
        self.log.append(f"{now:10.3f} s  {type(event).__name__}")
        self._grow_older(now)
        match event:
            case e.SocketLost(dial=dial):
                self._sockets.discard(dial)
            case e.Redirected(dial=dial) if self._look().state is State.CONNECTING:
                self._sockets.discard(dial)
            case e.CredentialReady(request=request) | e.CredentialFailed(request=request):
                self._requests.discard(request)
            case _:
                pass

    def on_timer(self, timer: Timer, now: float) -> None:
        """A timer is due; the rows that follow are its own."""
        self._end_timer(now)
        self.log.append(f"{now:10.3f} s    {timer.name} is due")
        self._timer, self._ran = timer, False

    def on_transition(self, transition: Transition, now: float) -> None:
        """A row ran: the model has to have run it."""
        self.rows.add(transition.name)
        self.log.append(f"{now:10.3f} s    {transition.name}")
        self._ran = True
        cause = transition.event if self._timer is None else self._timer.name
        self._follow(cause, transition.name, now)

    def on_command(self, command: Command, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """Count sockets and requests, as from outside."""
        match command:
            case c.OpenSocket(dial=dial):
                self._sockets.add(dial)
            case c.AbortSocket(dial=dial):
                self._sockets.discard(dial)
            case c.RequestCredential(request=request):
                self._requests.add(request)
            case c.CancelCredential(request=request):
                self._requests.discard(request)
            case _:
                pass

    def on_done(self, event: Event, now: float) -> None:  # noqa: ARG002  # the observer's
        """All that the event caused is done."""
        self._end_timer(now)
        outside: dict[str, Value] = {"sockets": len(self._sockets), "requests": len(self._requests)}
        self._settle(now, outside)

    def on_pull(self, outgoing: Any, now: float) -> None:  # noqa: ARG002  # the observer's
        """The sender has looked what there is to send."""
        self._grow_older(now)
        self._settle(now, {})

    def on_error(self, error: Exception, event: Event | None, now: float) -> None:  # noqa: ARG002  # the observer's
        """A refused request changes nothing."""
        self._timer = None

    def mark(self) -> tuple[Any, ...]:
        """Where the trace is, to come back to with ``back``."""
        return tuple(self._guesses), frozenset(self._sockets), frozenset(self._requests)

    def back(self, mark: tuple[Any, ...], look: Callable[[], Snapshot]) -> None:
        """Go on from ``mark``, with the session that ``look`` shows: it may be a copy."""
        guesses, sockets, requests = mark
        self._guesses, self._sockets, self._requests = [*guesses], {*sockets}, {*requests}
        self._look, self._timer, self.log = look, None, []

    def _end_timer(self, now: float) -> None:
        """A timer without a row is lost in the model, too."""
        timer, self._timer = self._timer, None
        if timer in KEPT and timer is not None and not self._ran:
            self._follow(timer.name, None, now)

    def _follow(self, cause: str, row: str | None, now: float) -> None:
        """Take each step that this may be, and keep those that lead to what is seen."""
        if self.fault:
            return
        steps = self._rows.get((cause, row), ())
        if row is None and not steps:
            return
        after = [
            _Guess(new, now if new["zone"] and not guess.state["zone"] else guess.since)
            for guess in self._guesses
            for step in steps
            if self._reader.can(guess.state, step)
            for new in [take(guess.state, step)]
        ]
        self._keep(after, f"{cause}: {row or 'no row'}", now, {})

    def _settle(self, now: float, outside: dict[str, Value]) -> None:
        """What the sender and unread messages may have changed."""
        if self.fault:
            return
        wide = [*self._guesses]
        for guess in wide:
            for name in BETWEEN:
                for step in self._rows.get((name, None), ()):
                    if self._reader.can(guess.state, step):
                        new = _Guess(take(guess.state, step), guess.since)
                        if new not in wide:
                            wide.append(new)
        self._keep(wide, "between two events of the chart", now, outside)

    def _keep(
        self, guesses: Iterable[_Guess], what: str, now: float, outside: dict[str, Value]
    ) -> None:
        """Keep what agrees with the snapshot; for each witness something has to."""
        snapshot = self._look()
        seen = {**_seen(snapshot), **outside}
        kept: list[_Guess] = []
        missed: dict[float, list[str]] = {guess.since: [] for guess in self._guesses}
        for guess in guesses:
            wrong = [*self._wrong(guess, seen, snapshot)]
            if wrong:
                missed.setdefault(guess.since, []).append(", ".join(wrong))
            elif guess not in kept:
                kept.append(guess)
        lost = missed.keys() - {guess.since for guess in kept}
        self._guesses = kept
        if lost:
            since = min(lost)
            first = "" if since == math.inf else f", with the pass at {since:.3f} s"
            why = min(missed[since], key=len, default="the model has no such step here")
            self.fault = f"at {now:.3f} s, {what}{first}: {why}"
        elif why := self._unlawful(snapshot):
            self.fault = f"at {now:.3f} s, {what}: {why}"

    def _unlawful(self, snapshot: Snapshot) -> str:
        """What is assumed or proved, and is not so."""
        retry = snapshot.deadlines.get(Timer.RETRY, -math.inf)
        for timer in BEHIND_RETRY:
            if snapshot.deadlines.get(timer, math.inf) <= retry:
                return f"{timer.name} is due before the planned retry"
        for guess in self._guesses:
            for law in self._reader.broken(self._whole, guess.state):
                return f"a law is broken: {law.name}"
        return ""

    @property
    def _whole(self) -> Model:
        assert self._model is not None  # noqa: S101  # set at the beginning
        return self._model

    def _wrong(self, guess: _Guess, seen: dict[str, Value], snapshot: Snapshot) -> Iterator[str]:
        for name, value in seen.items():
            if guess.state[name] != value:
                yield f"{name} is {value}, and {guess.state[name]} in the model"
        retry = snapshot.deadlines.get(Timer.RETRY, -math.inf)
        shut = self._reader.is_shut(guess.state)
        gated = int(shut and retry >= guess.since + backoff.GATE_SPAN)
        if guess.state["gated"] != gated:
            yield f"gated is {gated}, and {guess.state['gated']} in the model"

    def _grow_older(self, now: float) -> None:
        """The zone of each witness is that of its age."""
        grown: list[_Guess] = []
        for guess in getattr(self, "_guesses", []):
            state, since = guess
            limits = sorted({MINUTE, backoff.GATE_SPAN})
            passed = sum(now >= since + limit for limit in limits)
            target = 0 if passed == len(limits) else passed + 1
            while state["zone"] not in (0, target) and state["state"] not in FINAL:
                [step] = [s for s in self._rows[_CLOCK, None] if self._reader.can(state, s)]
                state = take(state, step)
            new = _Guess(state, since if state["zone"] else math.inf)
            if new not in grown:
                grown.append(new)
        self._guesses = grown


def _seen(snapshot: Snapshot) -> dict[str, Value]:
    """What a snapshot shows of the model's variables."""
    return {
        "state": snapshot.state.value,
        "stop": int(snapshot.stop_wanted),
        "attempts": snapshot.retry.attempts,
        "wanted": int(snapshot.credential_wanted),
        "used": int(snapshot.retry.reauth_used),
        "leaving": _LEAVING[snapshot.leaving],
        **{bit(timer): int(timer in snapshot.deadlines) for timer in KEPT},
    }
