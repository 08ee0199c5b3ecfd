"""An exhaustive walk through every situation that a session can get into.

``explore`` goes breadth first: from each situation (see ``watched``) it takes every step
of the ``alphabet``, keeps a copy of the session where the situation is new, and puts the
session back to where it was. A World observes each step; in each new situation the two ``proofs``
are made. The first path to anything is a shortest one, since the walk is breadth first.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import NamedTuple

from openline.dialects.checking import check_dialect
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.updates import State
from openline_testing.alphabet import Alphabet
from openline_testing.clone import Kept, clone
from openline_testing.exploration import Exploration, Violation
from openline_testing.laws import LawBroken
from openline_testing.proofs import outlast
from openline_testing.samples import Samples, samples_of
from openline_testing.steps import Run, Setting, Step
from openline_testing.watched import Situation, declared, name_of


def explore(
    policy: Policy | Iterable[Policy] | None = None,
    dialect: Dialect | None = None,
    *,
    messages: Samples | None = None,
    sources: Iterable[str] | None = None,
    has_provider: bool | None = None,
    max_situations: int = 20_000,
    max_violations: int = 8,
    proofs: bool = True,
) -> Exploration:
    """Walk through every situation under ``policy``, or under several, one by one.

    ``messages`` are samples of the messages that the backend of ``dialect`` sends: a list or a
    mapping from names, each a text, bytes, or a function from ``Ids`` to one of these. The
    default dialect has its own, another may offer them as an attribute ``samples``.
    ``sources`` are the first two of the dialect by default. ``has_provider`` None: one walk
    with a provider for credentials and one without. A walk is cut short at
    ``max_situations``, or at ``max_violations`` of different kinds, and the result shows it.
    ``proofs`` False leaves out the proofs that silence and stops end. A dialect that not all laws
    apply to (``scope``) is walked by the laws of ``basic``; the result says so.

    Returns the result; call its ``check`` or print its ``report``. Raises ValueError,
    one line, for samples or sources with which no walk can begin, and DialectError for an
    invalid dialect.
    """
    dialect = DEFAULT if dialect is None else dialect
    check_dialect(dialect)
    samples = samples_of(dialect, messages)
    known = dialect.traits.names
    names = tuple(sources if sources is not None else known[:2])
    if not names or not {*names} <= {*known}:
        raise ValueError(f"sources {list(names)}: give some of {list(known)}")
    policies = [policy or Policy()] if policy is None or isinstance(policy, Policy) else [*policy]
    if not policies:
        raise ValueError("policy: give one, or several, but not none")
    alphabet = Alphabet(dialect, names, samples)
    walks = [
        _Walk(
            Setting(policy=each, dialect=dialect, sources=names, has_provider=provider),
            alphabet,
            max_situations=max_situations,
            max_violations=max_violations,
            proofs=proofs,
        ).run()
        for each in policies
        for provider in ([False, True] if has_provider is None else [has_provider])
    ]
    whole = walks[0]
    for walk in walks[1:]:
        whole |= walk
    return whole


#: Without a socket there is nothing to send, and in a proof no other socket opens.
_NO_SOCKET = frozenset({State.IDLE, State.AUTHORIZING, State.CONNECTING, State.RECONNECTING})


class _Place(NamedTuple):
    """Where the first session of a situation stood: its state, and the last step to it."""

    state: str
    parent: _Place | None
    step: Step | None

    def path(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        place: _Place | None = self
        while place is not None and place.step is not None:
            steps.append(place.step)
            place = place.parent
        return tuple(reversed(steps))


class _Walk:
    """One walk, under one setting."""

    def __init__(
        self,
        setting: Setting,
        alphabet: Alphabet,
        *,
        max_situations: int,
        max_violations: int,
        proofs: bool,
    ) -> None:
        self._setting = setting
        self._alphabet = alphabet
        self._max = max_situations
        self._enough = max_violations
        self._proofs = proofs
        self._seen: set[Situation] = set()
        self._todo: deque[tuple[Run, _Place]] = deque()
        self._rows: Counter[str] = Counter()
        self._paths: dict[str, tuple[str, ...]] = {}
        self._timers: dict[str, set[Timer]] = {}
        self._violations: dict[tuple[str, str], Violation] = {}
        self._steps = 0
        self._cut = False
        self._longest = {False: 0.0, True: 0.0}

    def run(self) -> Exploration:
        """Walk until no new situation is found."""
        first = Run(self._setting)
        self._arrive(first, first.situation, None, None)
        while self._todo and not self._cut:
            self._leave(*self._todo.popleft())
        return Exploration(
            settings=(self._setting,),
            situations=len(self._seen),
            steps=self._steps,
            rows={name: self._rows[name] for name in declared()},
            paths=self._paths,
            timers={state: frozenset(timers) for state, timers in self._timers.items()},
            violations=tuple(sorted(self._violations.values(), key=lambda v: len(v.path))),
            complete=not self._cut,
            longest_silence=self._longest[False],
            longest_stop=self._longest[True],
        )

    def _arrive(
        self, run: Run, situation: Situation, parent: _Place | None, step: Step | None
    ) -> None:
        """A new situation, and the session that is in it."""
        machine = run.machine
        place = _Place(machine.state.value, parent, step)
        self._seen.add(situation)
        self._todo.append((run, place))
        self._timers.setdefault(place.state, set()).update(run.deadlines)
        self._cut |= len(self._seen) >= self._max
        if self._proofs and not machine.ended:
            kept = Kept(run)
            for sending in (False,) if machine.state in _NO_SOCKET else (False, True):
                for stop in (False, True):
                    self._prove(run, place, stop=stop, sending=sending)
                    kept.restore()

    def _prove(self, run: Run, place: _Place, *, stop: bool, sending: bool) -> None:
        if len(self._violations) >= self._enough:
            return
        steps: list[Step] = []
        try:
            seconds = outlast(run, self._setting.policy, steps, stop=stop, sending=sending)
        except Exception as exc:  # noqa: BLE001  # any exception is a violation
            self._violated(exc, place, *steps)
        else:
            self._longest[stop] = max(self._longest[stop], seconds or 0.0)

    def _leave(self, run: Run, place: _Place) -> None:
        """Take every step from here."""
        kept = Kept(run)
        for step in self._alphabet.steps(run):
            run.take_rows()
            self._steps += 1
            try:
                step.take(run)
            except Exception as exc:  # noqa: BLE001  # as above
                self._violated(exc, place, step)
                kept.restore()
                if self._cut:
                    return
                continue
            for row in run.take_rows():
                self._ran(name_of(row), place, step)
            situation = run.situation
            if situation not in self._seen:
                self._arrive(clone(run), situation, place, step)
            kept.restore()

    def _ran(self, row: str, place: _Place, step: Step) -> None:
        self._rows[row] += 1
        if row not in self._paths:
            self._paths[row] = tuple(str(each) for each in (*place.path(), step))

    def _violated(self, exc: Exception, place: _Place, *steps: Step) -> None:
        if isinstance(exc, LawBroken):
            law, what = exc.law, str(exc)
        else:
            law, what = "no exception", f"{type(exc).__name__}: {exc}"
        key = law, place.state
        path = (*place.path(), *steps)
        known = self._violations.get(key)
        if known is None or len(path) < len(known.path):
            self._violations[key] = Violation(law=law, what=what, setting=self._setting, path=path)
        self._cut |= len(self._violations) >= self._enough
