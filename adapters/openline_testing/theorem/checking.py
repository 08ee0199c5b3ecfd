"""Check many schedules in turn; shrink the first failure and write it as a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from openline.policy import Policy
from openline.session import SessionMachine
from openline_testing.scope import check_scope
from openline_testing.steps import written
from openline_testing.theorem.ledger import Ledger
from openline_testing.theorem.playing import ECHO, play
from openline_testing.theorem.resuming import kill_and_resume
from openline_testing.theorem.schedule import Schedule, draw
from openline_testing.theorem.shrinking import shrunk
from openline_testing.theorem.speech import Speech
from openline_testing.theorem.vacuity import VacuityCheck


class Counterexample(AssertionError):  # noqa: N818  # an assertion, not an error of a program
    """The theorem does not hold: for ``seed``, and for ``schedule``, the smallest found.

    ``error`` is the exception raised, and ``script`` Python that raises it again. The
    schedule is None where the seed alone determines how the session was killed and resumed.
    """

    def __init__(self, seed: int, schedule: Schedule | None, error: Exception, script: str) -> None:
        what = str(error) if isinstance(error, AssertionError) else repr(error)
        super().__init__(f"seed {seed}: {what}\n\nIt happens again with\n\n{script}")
        self.seed = seed
        self.schedule = schedule
        self.error = error
        self.script = script


@dataclass(frozen=True, kw_only=True)
class _Givens:
    """The options that every play of a check shares."""

    policy: Policy | None
    speech: Speech
    connection: Callable[..., SessionMachine]

    def play(self, schedule: Schedule) -> Ledger:
        return play(schedule, policy=self.policy, speech=self.speech, connection=self.connection)

    def kill(self, seed: int) -> Ledger | None:
        return kill_and_resume(
            seed, policy=self.policy, speech=self.speech, connection=self.connection
        )

    def script(self, what: str, arguments: list[str]) -> str:
        """Python that calls ``what`` with ``arguments`` and these options."""
        lines = ["from openline import Policy"] if self.policy else []
        names = {"Fault", "Schedule", "Source"} if what == "play" else set[str]()
        lines.append(f"from openline_testing.theorem import {', '.join(sorted({*names, what}))}")
        if self.policy:
            arguments = [*arguments, f"policy={written(self.policy)}"]
        kind = type(self.speech)
        if self.speech is not ECHO:
            lines.append(f"from {kind.__module__} import {kind.__qualname__}")
            arguments = [*arguments, f"speech={kind.__qualname__}()"]
        if self.connection is not SessionMachine:
            maker = getattr(self.connection, "__qualname__", repr(self.connection))
            lines.append(f"from {self.connection.__module__} import {maker}")
            arguments = [*arguments, f"connection={maker}"]
        return "\n".join([*lines, "", f"{what}(", *(f"    {each}," for each in arguments), ")", ""])


def _error(
    what: Callable[[], Ledger | None], vacuity: VacuityCheck | None = None
) -> Exception | None:
    try:
        books = what()
    except Exception as error:  # noqa: BLE001  # any exception is a counterexample
        return error
    if vacuity is not None and books is not None:
        vacuity.count(books)
    return None


def check(
    seeds: Iterable[int],
    *,
    policy: Policy | None = None,
    speech: Speech = ECHO,
    connection: Callable[..., SessionMachine] = SessionMachine,
    kill: bool = False,
) -> None:
    """Play the schedule of each seed; with ``kill`` by ``kill_and_resume`` instead.

    The other arguments are those of ``play``. Raises Counterexample for the first failure,
    from its exception. Raises NothingProved, one line, if no play fails because nothing
    happened: the dialect does not decode the ack, a final or the end that ``speech`` encodes,
    or of twenty sessions and more none streamed, reported a final or finished. Raises ScopeError
    for a dialect that the theorem cannot play.
    """
    check_scope(speech.dialect)
    givens = _Givens(policy=policy, speech=speech, connection=connection)
    vacuity = VacuityCheck()
    for seed in seeds:
        if kill:
            error = _error(partial(givens.kill, seed), vacuity)
            if error is not None:
                script = givens.script("kill_and_resume", [str(seed)])
                raise Counterexample(seed, None, error, script) from error
            continue
        schedule = draw(seed, speech.dialect.traits.sources)
        error = _error(partial(givens.play, schedule), vacuity)
        if error is None:
            continue
        least = shrunk(schedule, lambda each: _error(partial(givens.play, each)) is not None)
        error = _error(partial(givens.play, least)) or error
        script = givens.script("play", [written(least)])
        raise Counterexample(seed, least, error, script) from error
    vacuity.check(speech)
