"""Work without a backend: what becomes of a recording stands in its labels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from openline.updates import Ended, State, Statistics, Transcript, TranscriptWord
from openline_batch.files import decode, encode
from openline_batch.ledger import COMPLETE, Ledger, outcome_of
from openline_batch.places import put
from openline_batch.work import Job, Progress
from openline_fleet.engines.contract import Perform, Report, Share, Unit


def heard(text: str) -> Ended:
    """A session of which ``text`` is the one final."""
    final = Transcript(
        source="mic",
        text=text,
        final=True,
        start=0.0,
        end=1.0,
        words=(TranscriptWord(text="a", start=0.0, end=0.5),),
    )
    return Ended(
        state=State.CLOSED,
        complete=True,
        reason="finished",
        missing=(),
        transcript=(final,),
        statistics=Statistics(dials=1, sources={}),
    )


def write(path: Path, ended: Ended) -> None:
    """The finals, a line each."""
    path.write_text("".join(f"{each.text}\n" for each in ended.transcript))


@asynccontextmanager
async def work(setup: bytes, share: Share) -> AsyncGenerator[Perform]:
    """``setup`` is the folder of the ledger."""
    ledger = Ledger(Path(setup.decode()))
    notes = ledger.root / "done.txt"

    async def perform(unit: Unit, report: Report) -> bytes:
        job = decode(unit.payload, Job)
        labels = job.recording.labels
        if (found := ledger.outcome(job.key)) is not None:  # as the real work does
            return encode(found)
        with notes.open("a") as file:
            file.write(f"{job.recording.name}\n")
        told = {"confirmed": 5.0, "duration": 10.0, "acknowledged": True}
        for changes in labels.get("told", [{}]):
            await report(encode(Progress(**told | changes)))
        while "until" in labels and not (ledger.root / labels["until"]).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        if "raise" in labels:
            raise ValueError(labels["raise"])
        ended = heard(job.recording.path)
        if "unkept" not in labels:
            ledger.keep(job.key, ended)
        put(write, Path(job.transcript), ended)
        outcome = replace(
            outcome_of(job.recording, job.identity, labels.get("state", COMPLETE)),
            reason=labels.get("reason", ""),
            unstored=labels.get("unstored", False),
            seconds=3600.0,
            words=7,
            transcript=job.transcript,
        )
        return encode(ledger.settle(outcome) if outcome.is_settled else outcome)

    yield perform
