"""What a worker of a batch does with one recording: a session, its transcript, its outcome.

The session has the recording's key as its id, and a spool of its own. If an earlier worker left
one, it is resumed: what is stored and unconfirmed is sent first, then the rest of the file, from
the sample at which the capture stood. The recording goes as fast as the backend takes it, or at
``speed``.

What becomes of it is stored before anyone is told, and an outcome that is there already counts: so
a worker or a coordinator may be killed at any moment. A session that failed, as when the backend is
gone, leaves the recording *open*: its spool stays, and the next run goes on.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from openline.dialects.protocol import Dialect
from openline.text import os_reason
from openline.updates import SAMPLE_RATE, Ended, Gap, GapCause, State
from openline_asyncio.network import Connect
from openline_asyncio.opening import open_session
from openline_asyncio.session import Session
from openline_asyncio.sources import FileSource
from openline_audio.source import SourceError
from openline_batch.contact import Contact
from openline_batch.continuing import Rest, continue_session
from openline_batch.files import decode, encode, is_of_one_place, try_place
from openline_batch.identity import Identity, Looks, is_same, look
from openline_batch.ledger import (
    COMPLETE,
    FAILED,
    INCOMPLETE,
    OPEN,
    Ledger,
    Missing,
    Outcome,
    outcome_of,
)
from openline_batch.places import Write, put
from openline_batch.recordings import Recording, shown
from openline_fleet.engines.contract import Perform, Report, Share, Unit
from openline_fleet.engines.gate import WorkerGate
from openline_store.records import unpack
from openline_store.spool import SpoolError

#: Seconds of audio a second where none is asked for: the session's windows are the limit.
_AT_ONCE: Final = 1e6
#: Seconds between two reports of progress.
_GLANCE: Final = 1.0
#: Seconds that a worker that is ending may hold a spool; it is tried each second.
_PATIENCE: Final = 30
_CHANGED: Final = "its file has changed since it was read"
#: Causes of gaps in audio that no backend got.
_NEVER_SENT: Final = frozenset(
    {
        *(GapCause.OVERFLOW, GapCause.SPOOL, GapCause.SKIPPED, GapCause.CAPTURE),
        GapCause.UNDELIVERED,
    }
)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a unit: a recording, and where its transcript goes (a path)."""

    recording: Recording
    identity: Identity
    transcript: str

    @property
    def key(self) -> str:
        """That of the recording."""
        return self.identity.key


class Progress(msgspec.Struct, frozen=True):
    """A report: seconds of the recording that are confirmed, of how many; None: not known.

    ``acknowledged``: the backend has taken the session since this worker opened it. Else ``reason``
    says why not, in one line or not at all, ``waited`` seconds after that.
    """

    confirmed: float
    duration: float | None
    acknowledged: bool = False
    waited: float = 0.0
    reason: str = ""


class Refused(Exception):  # noqa: N818  # a fact about a recording, not a fault
    """A recording cannot be transcribed as it is; the text is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How sessions are made, the same for all recordings of a worker.

    ``arguments`` are those of ``open_session`` that every session gets: backend, policy,
    credentials. ``connect`` opens sockets, behind the worker's gate. ``speak`` gives the dialect
    for options of a recording, by name; it raises Refused. ``source`` names the source in a
    dialect. ``write`` writes a transcript: it gets the path and the result, and raises OSError.
    ``speed`` is seconds of audio a second; None: as many as the backend takes.
    """

    arguments: Mapping[str, Any]
    connect: Connect
    speak: Callable[[Mapping[str, str]], Dialect]
    source: Callable[[Dialect], str]
    write: Write
    speed: float | None = None


@asynccontextmanager
async def working(ledger: Ledger, setting: Setting, share: Share) -> AsyncGenerator[Perform]:
    """What a worker performs: jobs, each a unit's payload. It returns outcomes."""
    connect = WorkerGate(share).through(setting.connect)

    async def perform(unit: Unit, report: Report) -> bytes:
        task = _Task(decode(unit.payload, Job), ledger, setting, connect, report)
        return encode(await task.outcome())

    yield perform


@dataclass(frozen=True, slots=True)
class _Task:
    """One recording in the hands of a worker."""

    job: Job
    ledger: Ledger
    setting: Setting
    connect: Connect
    report: Report

    async def outcome(self) -> Outcome:
        """What becomes of it: what is stored already, or what it now becomes, which is stored."""
        found = self.ledger.outcome(self.job.key)
        if found is not None:
            return found
        made = outcome_of(self.job.recording, self.job.identity, FAILED)
        try:
            made = await self._transcribed(made)
            if made.is_settled:
                made = self.ledger.settle(made)
        except OSError as error:
            where = shown(error.filename or self.ledger.root)
            reason = f"{where}: not written ({os_reason(error)})"
            return replace(made, state=OPEN, reason=reason, unstored=not is_of_one_place(error))
        if made.is_settled:
            await asyncio.to_thread(self.ledger.clear, self.job.key)
        return made

    async def _transcribed(self, base: Outcome) -> Outcome:
        """Transcribe it. Raises OSError if the transcript cannot be written."""
        recording, job = self.job.recording, self.job
        kept = await asyncio.to_thread(self.ledger.kept, job.key)
        if kept is not None:  # a worker died after the session, and before the outcome was stored
            return await asyncio.to_thread(self._written, base, kept)
        await asyncio.to_thread(try_place, Path(job.transcript))  # before anything is paid for
        looks = await self._unchanged(job.identity.looks)
        if looks is None:
            return replace(base, state=OPEN, reason=_CHANGED)
        try:
            dialect = self.setting.speak(recording.options)
            source = await asyncio.to_thread(
                FileSource,
                recording.path,
                speed=self.setting.speed or _AT_ONCE,
                channel=recording.channel,
            )
        except (SourceError, Refused) as error:
            # What cannot be opened now may be there later; what is no audio stays so.
            is_away = isinstance(error.__cause__, OSError)
            return replace(base, state=OPEN if is_away else FAILED, reason=str(error))
        try:
            ended = await self._streamed(dialect, source)
        except SpoolError as error:
            return replace(base, state=OPEN, reason=str(error))
        if await self._unchanged(looks) is None:
            await asyncio.to_thread(self.ledger.clear, job.key)  # it has audio of both contents
            return replace(base, state=OPEN, reason=_CHANGED)
        if ended.state is not State.FAILED:
            await asyncio.to_thread(self.ledger.keep, job.key, ended)
        return await asyncio.to_thread(self._written, base, ended)

    async def _unchanged(self, looks: Looks) -> Looks | None:
        """What the file looks like now, if it has the content of its key; else None."""
        recording = self.job.recording
        try:
            now = look(recording)
            same = await asyncio.to_thread(is_same, recording, self.job.key, looks)
        except OSError:  # what is away is told when it is opened, and is as it was when it is read
            return looks
        return now if same else None

    async def _streamed(self, dialect: Dialect, source: FileSource) -> Ended:
        """The end of the recording's session. Raises SpoolError."""
        for attempt in count():
            try:
                async with self._session(dialect, source) as session:
                    session.keep_spool()  # until the outcome is stored
                    contact = Contact()
                    begun = asyncio.get_running_loop().time()
                    tell = partial(self._tell, session, source, contact, begun)
                    telling = asyncio.ensure_future(_each_glance(tell))
                    try:
                        async for update in session:
                            if contact.see(update):
                                await tell()
                        return await session.wait()
                    finally:
                        telling.cancel()
            except SpoolError as error:
                if attempt == _PATIENCE or not isinstance(error.__context__, BlockingIOError):
                    raise
            await asyncio.sleep(1.0)  # a worker that is ending holds the lock of its spool
        raise AssertionError

    def _session(
        self, dialect: Dialect, source: FileSource
    ) -> AbstractAsyncContextManager[Session]:
        """A new session, or the one that an earlier worker left. Raises SpoolError."""
        name = self.setting.source(dialect)
        given: dict[str, Any] = {
            **self.setting.arguments,
            "dialect": dialect,
            "connect": self.connect,
        }
        folder = self.ledger.spool(self.job.key)
        if has_begun(folder):
            return continue_session(folder, {name: partial(Rest, source)}, **given)
        return open_session(
            sources={name: source},
            session_id=self.job.key,
            spool=self.ledger.sessions,
            **given,
        )

    async def _tell(
        self, session: Session, source: FileSource, contact: Contact, begun: float
    ) -> None:
        """Report the progress of a session that was begun at a time of the loop."""
        confirmed = sum(each.confirmed for each in session.statistics.sources.values())
        progress = Progress(
            confirmed=confirmed / SAMPLE_RATE,
            duration=source.duration,
            acknowledged=contact.is_acknowledged,
            waited=asyncio.get_running_loop().time() - begun,
            reason=contact.reason,
        )
        await self.report(encode(progress))

    def _written(self, base: Outcome, ended: Ended) -> Outcome:
        """The outcome of a session that is over, with its transcript written. Raises OSError."""
        outcome = replace(
            base,
            reason=ended.reason,
            seconds=sent_seconds(ended),
            words=sum(len(each.text.split()) for each in ended.transcript),
            missing=tuple(map(_missing, ended.missing)),
            untold=ended.statistics.untold,
            dials=ended.statistics.dials,
        )
        if ended.state is State.FAILED:
            return replace(outcome, state=OPEN)
        path = Path(self.job.transcript)
        put(self.setting.write, path, ended)
        state = COMPLETE if ended.complete else INCOMPLETE
        return replace(outcome, state=state, transcript=str(path))


def has_begun(folder: Path) -> bool:
    """Whether a folder has a session to resume; what a crash left of a beginning is removed.

    Raises SpoolError, one line, if it cannot be read.
    """
    try:
        if not folder.exists():
            return False
        log = folder / "log"
        if log.exists() and next(iter(unpack(log.read_bytes())), None) is not None:
            return True
        shutil.rmtree(folder)
    except OSError as error:
        raise SpoolError(f"{folder}: {os_reason(error)}") from None
    return False


async def _each_glance(tell: Callable[[], Awaitable[None]]) -> None:
    while True:
        await tell()
        await asyncio.sleep(_GLANCE)


def sent_seconds(ended: Ended) -> float:
    """Seconds of audio that were sent to the backend: what was captured, less the unsent gaps."""
    captured = sum(each.captured for each in ended.accounts.values())
    kept = sum(gap.samples for gap in ended.missing if gap.cause in _NEVER_SENT)
    return max(0, captured - kept) / SAMPLE_RATE


def _missing(gap: Gap) -> Missing:
    return Missing(gap.start_seconds, gap.end_seconds, gap.seconds, gap.cause.value)
