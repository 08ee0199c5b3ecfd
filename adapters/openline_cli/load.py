"""``openline load``: measure a backend with synthetic callers.

All arguments are checked before anything is dialled: the recordings, the URL, the token, the
faults, the files to write, and how many files the process may open. The figures go to stdout, what
happens meanwhile to stderr. The first Ctrl-C has all callers finish properly, the second ends at
once; both ways the figures so far are printed.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from openline.backend import Backend
from openline.dialects.registry import DEFAULT
from openline.policy import Policy
from openline_audio.files import read_pcm
from openline_audio.source import SAMPLE_RATE, SourceError
from openline_cli import load_view, writers
from openline_cli.credentials import find_credentials
from openline_cli.dialects import blamed, find_dialect
from openline_cli.follow import STOPPING
from openline_cli.load_limits import check_files
from openline_cli.network import NetworkOptions
from openline_cli.problems import COMPLETE, FAILED, INTERRUPTED, Problem
from openline_cli.screen import write_err, write_out
from openline_cli.settings import check_buffer
from openline_cli.signals import stop_signals
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
#: The most callers of a search that was given no number.
_MOST: Final = 1000
#: Seconds between two trials of a search, for the backend to forget the last.
_REST: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions(NetworkOptions):
    """The options of the command."""

    url: str | None = None
    sessions: int | None = None
    ramp: float = 10.0
    hold: float | None = None
    rate: float | None = None
    audio: Sequence[Path] = ()
    frame: float = 0.02
    speed: float = 1.0
    fault: Sequence[str] = ()
    seed: int = 1
    find_capacity: bool = False
    late: float = 2.0
    json: Path | None = None
    plot: Path | None = None
    token_file: Path | None = None
    plain_ws: bool = False
    dialect: str | None = None
    option: Sequence[str] = ()
    policy: Policy | None = None


def load(options: LoadOptions) -> int:
    """Load the backend and return the exit status. Raises Problem."""
    if _HELP in (phrase.strip().lower() for phrase in options.fault):
        write_out(fault_list())
        return COMPLETE
    faults = _faults(options.fault)
    dialect = find_dialect(options.dialect, options.option)
    spoken = dialect or DEFAULT
    found = find_backend(options.url, spoken, plain_ws=options.plain_ws, label="URL")
    backend = with_headers(found, options)
    for name, path in (("--json", options.json), ("--plot", options.plot)):
        if path is not None:
            writers.check_place(path, name)
    if options.find_capacity and options.rate is not None:
        raise Problem("--find-capacity searches with a ramp: leave --rate out")
    if options.find_capacity and faults:
        raise Problem(
            "--find-capacity: a fault of ours would count as the backend's: leave --fault out"
        )
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
    dialling = Dialling(
        backend=backend,
        source=source_name(spoken),
        dialect=dialect,
        credentials=find_credentials(options.token_file, variable=spoken.traits.key_variable),
        policy=options.policy,
        connect=connect,
    )
    recordings = _recordings(options.audio or (_SPEECH,))
    longest = max(map(len, recordings)) / 2 / SAMPLE_RATE / options.speed
    sessions = options.sessions or (_MOST if options.find_capacity else 10)
    plan = Plan(
        sessions=sessions,
        ramp=options.ramp,
        hold=options.hold or longest,
        rate=options.rate,
    )
    check_files(plan.at_once, given=options.sessions is not None)
    if not backend.is_loopback:
        write_err(
            f"openline: up to {plan.at_once} callers at a time dial {backend.address}, which is "
            "not this machine; Ctrl-C ends it"
        )
    command = Loading(options, backend, dialling, recordings, faults)
    with blamed(options.dialect):
        return asyncio.run(command.search(plan) if options.find_capacity else command.once(plan))


def _faults(phrases: Sequence[str]) -> tuple[Fault, ...]:
    try:
        return tuple(fault for phrase in phrases for fault in parse_faults(phrase))
    except FaultError as error:
        raise Problem(str(error)) from None


def _recordings(paths: Sequence[Path]) -> list[bytes]:
    try:
        return [read_pcm(path) for path in paths]
    except SourceError as error:
        raise Problem(str(error)) from None


def _look_for(bound: Bound, found: list[Breach], so_far: Result) -> str:
    """Whether the load breaks the bound already, and how."""
    breach = bound.broken(so_far, over=False)
    if breach is None:
        return ""
    found.append(breach)
    return breach.text


@dataclass(slots=True)
class Loading:
    """One run of the command."""

    options: LoadOptions
    backend: Backend
    dialling: Dialling
    recordings: list[bytes]
    faults: tuple[Fault, ...]
    interrupts: int = 0
    _load: Load | None = None
    _resting: asyncio.Event = field(default_factory=asyncio.Event)

    def is_interrupted(self) -> bool:
        """Whether a signal came."""
        return self.interrupts > 0

    async def once(self, plan: Plan) -> int:
        """One load."""
        self._obey()
        result = await self._run(plan, load_view.Progress().look)
        found = report(result)
        load_view.show(found)
        self._write(result, as_data(found))
        if self.is_interrupted():
            return INTERRUPTED
        return COMPLETE if found.is_good else FAILED

    async def search(self, most: Plan) -> int:
        """A search for the capacity."""
        self._obey()
        search, trials = Search(most.sessions), list[Trial]()
        bound = Bound(self.options.late)
        while (callers := search.next) is not None and not self.is_interrupted():
            plan = Plan(sessions=callers, ramp=most.ramp, hold=most.hold)
            breaches: list[Breach] = []
            result = await self._run(plan, partial(_look_for, bound, breaches))
            if self.is_interrupted():
                break
            breach = breaches[0] if breaches else bound.broken(result, over=True)
            trials.append(Trial(callers, breach, report(result).is_own, result))
            search.took(callers, well=breach is None)
            write_out(f"{trial_line(trials[-1])}\n")
            await self._rest()
        if not trials:
            return INTERRUPTED
        write_out(f"{capacity_line(search, trials, over=not self.is_interrupted())}\n")
        at_most = [trial for trial in trials if trial.callers == search.good] or trials[-1:]
        self._write(at_most[-1].result, capacity_data(search, trials))
        if self.is_interrupted():
            return INTERRUPTED
        return COMPLETE if search.good else FAILED

    async def _run(self, plan: Plan, look: Callable[[Result], str]) -> Result:
        options, own = self.options, Own()
        pacer = Pacer(own)
        drawing = Drawing(self.faults, Random(options.seed).random)  # noqa: S311  # no secrets

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

    def _obey(self) -> None:
        loop = asyncio.get_running_loop()
        for number in stop_signals():
            loop.add_signal_handler(number, self._interrupt)

    def _interrupt(self) -> None:
        self.interrupts += 1
        self._resting.set()
        if self._load is None:
            return
        if self.options.find_capacity or self.interrupts > 1:
            self._load.abort()
        else:
            write_err(f"openline: {STOPPING}")
            self._load.stop()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._resting.wait(), _REST)
        except TimeoutError:
            return

    def _write(self, result: Result, data: dict[str, Any]) -> None:
        """The files that were asked for, both of them if one fails. Raises Problem."""
        options = self.options
        where = f"{self.backend.address}{self.backend.path}"
        spoken = (self.dialling.dialect or DEFAULT).name
        about = {
            "openline": version(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "backend": where,
            "dialect": spoken,
            "faults": [str(fault) for fault in self.faults],
        }
        title = f"{len(result.begun)} sessions, {spoken}, {where}"
        texts: list[tuple[Path | None, str, Callable[[], str]]] = [
            (options.json, "--json", lambda: json.dumps(about | data, indent=1) + "\n"),
            (options.plot, "--plot", lambda: plot(result, title)),
        ]
        failures: list[Problem] = []
        for path, name, text in texts:
            if path is not None:
                try:
                    writers.put(path, text(), name)
                except Problem as problem:
                    failures.append(problem)
        for failure in failures:
            raise failure
