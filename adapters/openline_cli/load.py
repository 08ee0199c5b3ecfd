"""``openline load``: measure a backend with synthetic callers.

All arguments are checked before anything is dialled: the recordings, the URL, the token, the
faults, the files to write, and how many files the process may open. The figures go to stdout, what
happens meanwhile to stderr. The first Ctrl-C has all callers finish properly, the second ends at
once; both ways the figures so far are printed and written. Once they are, Ctrl-C ends the process.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline_audio.files import read_pcm
from openline_audio.source import SAMPLE_RATE, SourceError
from openline_cli import load_view
from openline_cli.credentials import find_credentials, warn_without_key
from openline_cli.dialects import blamed, find_dialect
from openline_cli.follow import STOPPING
from openline_cli.load_limits import check_files
from openline_cli.load_options import LoadOptions
from openline_cli.load_output import Output
from openline_cli.problems import COMPLETE, FAILED, INTERRUPTED, Problem
from openline_cli.screen import write_err, write_out
from openline_cli.settings import check_buffer
from openline_cli.signals import Requests, stop_signals
from openline_cli.stream import find_backend, with_headers
from openline_driver.version import version
from openline_load.caller import Caller, Dialling, SessionCaller, dialler
from openline_load.capacity import Bound, Breach, Search, Trial
from openline_load.faults import Drawing, Fault, FaultError, fault_list, parse_faults
from openline_load.figures import Call
from openline_load.own import Own
from openline_load.plan import Plan, Turn
from openline_load.plot import plot
from openline_load.report import (
    as_data,
    capacity_data,
    capacity_line,
    report,
    trial_line,
)
from openline_load.run import Load, Result
from openline_load.voice import Pacer, Voice
from openline_speech.naming import source_name

_HELP: Final = "help"
_SPEECH: Final = Path(__file__).with_name("data") / "meeting.flac"
#: Callers where no number is given, and the most of a search.
_SESSIONS: Final = 10
_MOST: Final = 1000
#: Seconds, where --ramp and --late are not given.
_RAMP: Final = 10.0
_LATE: Final = 2.0
_SEED: Final = 1
#: Seconds between two trials of a search, for the backend to forget the last.
_REST: Final = 1.0


def load(options: LoadOptions) -> int:
    """Load the backend and return the exit status. Raises Problem."""
    if _HELP in (phrase.strip().lower() for phrase in options.fault):
        write_out(fault_list())
        return COMPLETE
    faults = _faults(options.fault)
    options.check_together()
    dialect = find_dialect(options.dialect, options.option)
    spoken = dialect or DEFAULT
    found = find_backend(options.url, spoken, plain_ws=options.plain_ws, label="URL")
    backend = with_headers(found, options)
    output = Output({"--json": options.json, "--plot": options.plot})
    with blamed(options.dialect):
        check_buffer(options.policy, spoken.traits)
    try:
        connect = dialler(
            backend,
            proxy=options.find_proxy(),
            context=options.find_context(),
            environment=os.environ,
        )
    except ValueError as error:  # of SSLKEYLOGFILE
        raise Problem(str(error)) from None
    variable = spoken.traits.key_variable
    dialling = Dialling(
        backend=backend,
        source=source_name(spoken),
        dialect=dialect,
        credentials=find_credentials(options.token_file, variable=variable),
        policy=options.policy,
        connect=connect,
    )
    recordings = _recordings(options.audio or (_SPEECH,))
    longest = max(map(len, recordings)) / 2 / SAMPLE_RATE / options.speed
    plan = Plan(
        sessions=options.sessions or (_MOST if options.find_capacity else _SESSIONS),
        ramp=_RAMP if options.ramp is None else options.ramp,
        hold=options.hold or longest,
        rate=options.arrivals,
    )
    options.check_plan(plan, faults)
    check_files(plan.at_once, most=plan.sessions, given=options.sessions is not None)
    warn_without_key(backend, dialling.credentials, variable=variable)
    _warn_of_pace(options.frame, spoken)
    if not backend.is_loopback:
        write_err(
            f"openline: up to {plan.at_once} callers at a time dial {backend.address}, which is "
            "not this machine; Ctrl-C ends it"
        )
    command = Loading(options, backend, dialling, recordings, faults, output)
    with blamed(options.dialect):
        return asyncio.run(command.search(plan) if options.find_capacity else command.once(plan))


def _faults(phrases: Sequence[str]) -> tuple[Fault, ...]:
    try:
        return tuple(fault for phrase in phrases for fault in parse_faults(phrase))
    except FaultError as error:
        raise Problem(str(error)) from None


def _warn_of_pace(frame: float, spoken: Dialect) -> None:
    """Write a line where the dialect sends the messages of one frame one after the other."""
    pace, message = spoken.traits.pace, spoken.traits.form.usual
    if pace is not None and frame > message:
        write_err(
            f"openline: --frame: {spoken.name} sends {frame:g} s of audio at {pace:g} times real "
            f"time, so up to {(frame - message) / pace:.2f} s of each final lag are the "
            f"generator's; give {message:g} s or less"
        )


def _recordings(paths: Sequence[Path]) -> list[bytes]:
    try:
        return [read_pcm(path) for path in paths]
    except SourceError as error:
        raise Problem(str(error)) from None


def _look_for(bound: Bound, found: list[Breach], so_far: Result) -> bool:
    """Whether the load breaks the bound already; ``found`` gets how."""
    breach = bound.broken(so_far, over=False)
    if breach is not None:
        found.append(breach)
    return breach is not None


@dataclass(slots=True)
class Loading:
    """One run of the command."""

    options: LoadOptions
    backend: Backend
    dialling: Dialling
    recordings: list[bytes]
    faults: tuple[Fault, ...]
    output: Output
    _requests: Requests = field(default_factory=Requests)
    _interrupts: int = 0
    _load: Load | None = None
    _resting: asyncio.Event = field(default_factory=asyncio.Event)

    async def once(self, plan: Plan) -> int:
        """One load. Its exit status."""
        with self._obeying():
            result = await self._run(plan, load_view.Progress().look)
            found = report(result, [fault.effect for fault in self.faults])
            self.output.show(found)
            status = COMPLETE if found.is_good else FAILED
            return self._finish(result, as_data(found), INTERRUPTED if found.is_early else status)

    async def search(self, most: Plan) -> int:
        """A search for the capacity. Its exit status."""
        search, trials = Search(most.sessions), list[Trial]()
        with self._obeying():
            result = await self._trials(search, trials, most)
            over = search.next is None
            self.output.tell(f"{capacity_line(search, trials, over=over)}\n")
            at_most = [trial for trial in trials if trial.callers == search.good] or trials[-1:]
            shown = at_most[-1].result if at_most else result
            status = COMPLETE if over and search.good else FAILED
            if self._is_ended() and not over:
                status = INTERRUPTED
            return self._finish(shown, capacity_data(search, trials, over=over), status)

    async def _trials(self, search: Search, trials: list[Trial], most: Plan) -> Result:
        """Make the trials, until a signal comes or stdout is closed; the last one's result."""
        bound = Bound(_LATE if self.options.late is None else self.options.late)
        while True:
            plan = Plan(sessions=search.next or 1, ramp=most.ramp, hold=most.hold)
            breaches: list[Breach] = []
            result = await self._run(plan, partial(_look_for, bound, breaches))
            if self._is_ended():
                return result
            breach = breaches[0] if breaches else bound.broken(result, over=True)
            trials.append(Trial(plan.sessions, breach, report(result).is_bound_own, result))
            search.took(plan.sessions, well=breach is None)
            self.output.tell(f"{trial_line(trials[-1])}\n")
            if search.next is None or self.output.is_useless:
                return result
            await self._rest()
            if self._is_ended():
                return result

    async def _run(self, plan: Plan, look: Callable[[Result], bool]) -> Result:
        options, own = self.options, Own()
        pacer = Pacer(own)
        seed = _SEED if options.seed is None else options.seed
        drawing = Drawing(self.faults, Random(seed).random)  # noqa: S311  # no secrets

        def make(call: Call, turn: Turn) -> Caller:
            seconds = turn.end - turn.start
            voice = Voice(
                pacer,
                call,
                self.recordings[(call.number - 1) % len(self.recordings)],
                seconds=seconds * options.speed,
                frame=options.frame,
                speed=options.speed,
            )
            return SessionCaller(self.dialling, call, voice, drawing.draw(seconds))

        self._load = Load(plan, make, own, speed=options.speed, look=look)
        return await self._load.run()

    @contextmanager
    def _obeying(self) -> Generator[None]:
        """Obey the user's signals in the block."""
        loop, numbers = asyncio.get_running_loop(), stop_signals()
        for number in numbers:
            loop.add_signal_handler(number, self._interrupt, number)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _is_ended(self) -> bool:
        """Whether a signal came."""
        return self._interrupts > 0

    def _interrupt(self, number: int) -> None:
        if not self._requests.is_new(number, asyncio.get_running_loop().time()):
            return
        self._interrupts += 1
        self._resting.set()
        if self._load is None:
            return
        if self.options.find_capacity or self._interrupts > 1:
            self._load.abort()
        else:
            write_err(f"openline: {STOPPING}")
            self._load.stop()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._resting.wait(), _REST)
        except TimeoutError:
            return

    def _finish(self, result: Result, data: Mapping[str, Any], status: int) -> int:
        """Write the files, and give the exit status. Raises Problem."""
        where = f"{self.backend.address}{self.backend.path}"
        spoken = (self.dialling.dialect or DEFAULT).name
        about = {
            "openline": version(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "backend": where,
            "dialect": spoken,
            "frame": self.options.frame,
            "speed": self.options.speed,
            "faults": [str(fault) for fault in self.faults],
        }
        title = f"{len(result.begun)} sessions, {spoken}, {where}"
        texts = {
            "--json": lambda: json.dumps({**about, **data}, indent=1, allow_nan=False) + "\n",
            "--plot": lambda: plot(result, title),
        }
        return self.output.finish(texts, status)
