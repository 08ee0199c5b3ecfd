"""``openline batch``: transcribe an archive of recordings with many workers.

All options are checked before a worker starts. Then nothing is asked any more: what is wrong with a
recording is one line, and the others go on. Ctrl-C finishes the recordings that are under way, but
for those that the backend has not taken; another one leaves all for the next run of the same
command. The exit status is 0 only if each recording is complete, and each line of the manifest
could be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
import uuid
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from openline.policy import Policy
from openline.text import os_reason
from openline_batch import report
from openline_batch.coordinator import Batch
from openline_batch.files import encode, try_folder
from openline_batch.leases import Leases
from openline_batch.ledger import COMPLETE as IS_COMPLETE
from openline_batch.ledger import Ledger, LedgerError
from openline_batch.recordings import Found, Recording, find, shown
from openline_batch.standing import Stop, View
from openline_cli.batch_limits import Limits, limited
from openline_cli.batch_view import view_of
from openline_cli.batch_work import FUNCTION, Setup, make_setting, network_of, writer
from openline_cli.network import NetworkOptions
from openline_cli.problems import COMPLETE, FAILED, INTERRUPTED, Problem
from openline_cli.screen import write_err, write_out
from openline_fleet.descriptors import allowed
from openline_fleet.engines.contract import Duty, Engine, EngineError, shares
from openline_fleet.engines.crew import Crew
from openline_fleet.engines.local import LocalEngine
from openline_fleet.engines.ray import RayEngine

#: The most bytes of a file's name that file systems take.
_LONGEST_NAME: Final = 255
#: A given id that can be the name of a file.
_SAFE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GO_ON: Final = "the same command goes on"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions(NetworkOptions):
    """The options of the command."""

    archive: Path
    url: Sequence[str] | str = ()
    spool: Path
    out: Path | None = None
    form: str = "txt"
    engine: str = "local"
    ray_address: str | None = None
    workers: int | None = None
    sessions: int = 4
    dials: int = 600
    speed: float | None = None
    price: float | None = None
    retry_failed: bool = False
    token_file: Path | None = None
    json: bool = False
    plain_ws: bool = False
    dialect: str | None = None
    option: Sequence[str] = ()
    policy: Policy | None = None


def batch(options: BatchOptions) -> int:
    """Have all recordings done, and return the exit status. Raises Problem."""
    limits = limits_of(options)
    setup = setup_of(options, limits.sessions)
    try:
        divided = shares(options.dials, limits.workers)
    except ValueError as error:
        raise Problem(f"--dials {options.dials}: {error}") from None
    for share in divided[: max(1, len(setup.urls))]:
        make_setting(setup, share)
    if options.ray_address is not None and options.engine != "ray":
        raise Problem("--ray-address is for --engine ray")
    engine: Engine = LocalEngine() if options.engine == "local" else RayEngine(options.ray_address)
    found = _found(options.archive)
    for line in limits.remarks:
        write_err(f"openline: {line}")
    if options.out is not None:
        _try_out(options.out)
    ledger = Ledger(options.spool.absolute())
    try:
        ledger.prepare()
        if options.retry_failed:
            for outcome in ledger.outcomes():
                if outcome.state != IS_COMPLETE:
                    ledger.forget(outcome)
        duty = Duty(FUNCTION, setup.packed())
        crew = partial(Crew, engine, duty, divided, slots=limits.sessions)
        with contextlib.redirect_stdout(sys.stderr):  # Ray prints what it finds out
            done = asyncio.run(_run(options, found, ledger, crew))
    except (LedgerError, EngineError) as error:
        raise Problem(str(error), status=FAILED) from None
    except OSError as error:
        what = f"--spool {options.spool}: {os_reason(error)}"
        raise Problem(f"{what}: {_GO_ON}, once it can be written", status=FAILED) from None
    return _finish(options, ledger, found, done)


def _found(archive: Path) -> Found:
    """The recordings, with what is to be said of them said. Raises Problem."""
    try:
        found = find(archive)
    except ValueError as error:
        raise Problem(str(error)) from None
    for line in (*found.remarks, *found.problems):
        write_err(f"openline: {line}")
    if not found.recordings:
        is_manifest = found.problems and not archive.is_dir()
        what = "no line of it can be used" if is_manifest else "there is no recording in it"
        raise Problem(f"{shown(archive)}: {what}", status=FAILED)
    return found


def _try_out(out: Path) -> None:
    """Raise Problem unless transcripts can be written to a folder, before one is paid for."""
    try:
        try_folder(out)
    except (OSError, ValueError) as error:
        # Only a NUL gives a ValueError, and each Python says it in other words.
        nul = "it holds a NUL, as no file's name can"
        reason = os_reason(error) if isinstance(error, OSError) else nul
        raise Problem(f"--out {shown(out)}: {reason}; give a folder to write to") from None


def limits_of(options: BatchOptions) -> Limits:
    """How many workers and sessions there can be; those of Ray are not of this machine."""
    workers = options.workers or os.cpu_count() or 1
    if options.engine != "local":
        return Limits(workers, options.sessions)
    return limited(workers, options.sessions, allowed())


def setup_of(options: BatchOptions, sessions: int) -> Setup:
    """What the workers need of the options."""
    urls = (options.url,) if isinstance(options.url, str) else tuple(options.url)
    token_file = options.token_file
    return Setup(
        spool=str(options.spool.absolute()),
        urls=urls,
        dialect=options.dialect,
        option=tuple(options.option),
        token_file=None if token_file is None else str(token_file.absolute()),
        plain_ws=options.plain_ws,
        network=network_of(options),
        policy=options.policy,
        sessions=sessions,
        speed=options.speed,
        form=options.form,
    )


async def _run(
    options: BatchOptions, found: Found, ledger: Ledger, make_crew: Callable[[], Crew]
) -> Batch:
    """The batch, when it is over."""
    name = uuid.uuid4().hex
    leases = Leases(ledger.owners, ledger.claims, name=name, clock=clock)
    folders = {folder for each in found.recordings for folder in Path(each.name).parents}
    out = (options.out or ledger.root / "transcripts").absolute()
    try:
        with view_of(len(found.recordings), clock) as view:
            async with make_crew() as crew:
                made = Batch(
                    recordings=found.recordings,
                    ledger=ledger,
                    leases=leases,
                    crew=crew,
                    view=view,
                    place=partial(place, out, options.form, folders),
                    write=writer(options.form),
                )
                _catch_signals(made, view)
                try:
                    await made.run()
                except EngineError as error:
                    if not any(item.outcome for item in made.items):
                        raise
                    made.stop(Stop.BROKEN, str(error))
                return made
    finally:
        leases.close()


def clock() -> float:
    """Seconds that pass, also while the machine sleeps."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


def _catch_signals(batch: Batch, view: View) -> None:
    """The first Ctrl-C or SIGTERM finishes what is under way, another one leaves it."""
    loop = asyncio.get_running_loop()
    tasks = set[asyncio.Task[None]]()

    def interrupt() -> None:
        if batch.stopped is None:
            batch.stop(Stop.DRAINED)
            view.note("finishing the recordings that are under way; Ctrl-C again leaves them")
        else:
            tasks.add(loop.create_task(batch.cancel()))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)


def place(out: Path, form: str, folders: Container[Path], recording: Recording, key: str) -> Path:
    """Where the transcript of a recording goes: below ``out``, under its name, id or key.

    ``folders`` of the archive are to be folders there as well, and no transcripts.
    """
    own = f"{key}.{form}"
    name = Path(recording.name)
    if recording.id is not None:
        return out / (f"{recording.id}.{form}" if _SAFE.fullmatch(recording.id) else own)
    if name.is_absolute() or ".." in name.parts:
        return out / own
    marked = f".{key[:8]}" if recording.options or recording.channel is not None else ""
    last = f"{name.name}{marked}.{form}"
    if len(os.fsencode(last)) > _LONGEST_NAME or name.parent / last in folders:
        return out / own
    return out / name.parent / last


def _finish(options: BatchOptions, ledger: Ledger, found: Found, done: Batch) -> int:
    """Report, and return the exit status."""
    rows = report.rows(done.items, options.price)
    sums = report.totals(rows)
    results = ledger.root / "results.jsonl"
    is_over = sums.is_complete and not found.problems and done.stopped is None
    status = COMPLETE if is_over else FAILED
    try:
        others = report.earlier(done.items, ledger.outcomes(), options.price)
        report.write(results, [*rows, *others])
    except LedgerError as error:
        write_err(f"openline: {results}: not written ({error})")
        status = FAILED
    except OSError as error:
        write_err(f"openline: {results}: not written ({os_reason(error)})")
        status = FAILED
    if options.json:
        write_out("".join(f"{encode(row).decode()}\n" for row in rows))
    else:
        write_out("\n".join([*_summary(sums, found), f"results: {shown(results)}", ""]))
    if done.stopped is Stop.DRAINED:
        write_err(f"openline: interrupted; {_GO_ON}")
        return INTERRUPTED
    if done.stopped is Stop.REFUSED:
        write_err(f"openline: one recording after another fails ({done.reason}); {_GO_ON}")
    elif done.stopped is Stop.BROKEN:
        write_err(f"openline: {done.reason}; {_GO_ON}")
    elif done.stopped is Stop.UNSTORED:
        write_err(f"openline: {done.reason}; {_GO_ON}, once it can be written")
    return status


def _summary(sums: report.Totals, found: Found) -> list[str]:
    """The report as lines."""
    states = ", ".join(f"{count} {state}" for state, count in sorted(sums.states.items()))
    cost = "" if sums.cost is None else f", cost {sums.cost:.2f}"
    gaps = f"{sums.gaps} gaps" + (f" ({sums.gap_seconds:.1f} s)" if sums.gaps else "")
    left_out = [found.left_out] if found.left_out else []
    return [
        f"{sums.recordings} recordings: {states}",
        *left_out,
        f"{sums.hours:.2f} h of audio, {sums.words} words, {gaps}{cost}",
    ]
