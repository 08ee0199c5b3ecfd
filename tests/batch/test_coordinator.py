"""A batch from its recordings to its report, on an engine in this process and without a backend."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unicodedata import normalize

import pytest
from msgspec.structs import replace

from openline.account import Account
from openline.reconnect.verdicts import Action
from openline.updates import (
    Gap,
    GapCause,
    SourceEnded,
    SourceEndReason,
    SourceStatistics,
    State,
    Statistics,
)
from openline_batch import coordinator, report
from openline_batch.coordinator import Batch
from openline_batch.identity import identify
from openline_batch.leases import Leases
from openline_batch.ledger import Ledger, LedgerError, Missing, Outcome
from openline_batch.recordings import Recording
from openline_batch.standing import Stop
from openline_fleet.engines.contract import Duty, Ended, EngineError, Unit, shares
from openline_fleet.engines.crew import Crew
from tests.batch.fake_work import heard, write
from tests.fleet.inline_engine import InlineEngine

WORK = "tests.batch.fake_work:work"


class Notes:
    """A view that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.seen: list[tuple[float, int, int]] = []

    def progress(self, seconds: float, done: int, under_way: int) -> None:
        self.seen.append((seconds, done, under_way))

    def note(self, line: str) -> None:
        self.lines.append(line)


class Desk:
    """A spool, and batches on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ledger = Ledger(root / "spool")
        self.ledger.prepare()
        self.engine = InlineEngine()
        self.view = Notes()
        self.now = 0.0
        self.owners = 0
        self.form = "txt"
        self.write = write

    def recording(self, name: str, **labels: Any) -> Recording:
        path = self.root / name
        if not path.exists():
            path.write_text(name)
        return Recording(path=str(path), name=name, labels=labels)

    def recordings(self, count: int, **labels: Any) -> list[Recording]:
        return [self.recording(f"r{number}.wav", **labels) for number in range(count)]

    def leases(self, machine: str = "here") -> Leases:
        self.owners += 1
        ledger, name = self.ledger, f"owner{self.owners}"
        return Leases(
            ledger.owners, ledger.claims, name=name, clock=lambda: self.now, machine=machine
        )

    def run(
        self,
        recordings: list[Recording],
        during: Callable[[Batch], Awaitable[None]] | None = None,
        *,
        function: str = WORK,
        slots: int = 4,
    ) -> Batch:
        async def main() -> Batch:
            self.engine, self.view = InlineEngine(), Notes()
            duty = Duty(function, str(self.ledger.root).encode())
            leases = self.leases()
            async with (
                asyncio.timeout(60),
                Crew(self.engine, duty, shares(600, 1), slots=slots) as crew,
            ):
                batch = Batch(
                    recordings=recordings,
                    ledger=self.ledger,
                    leases=leases,
                    crew=crew,
                    view=self.view,
                    place=lambda recording, key: self.root / f"{recording.name}.{self.form}",
                    write=self.write,
                )
                meddling = asyncio.ensure_future(during(batch)) if during else None
                try:
                    await batch.run()
                finally:
                    leases.close()
                if meddling is not None:
                    await meddling
                return batch

        return asyncio.run(main())

    @property
    def done(self) -> list[str]:
        """The names of what was performed, in order."""
        notes = self.ledger.root / "done.txt"
        return notes.read_text().splitlines() if notes.exists() else []

    async def until(self, fits: Callable[[], object]) -> None:
        while not fits():  # noqa: ASYNC110 -- no event
            await asyncio.sleep(0.001)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(coordinator, "_LOOK", 0.01)
    return Desk(tmp_path)


def states(batch: Batch) -> dict[str, str]:
    return {row.path: row.state for row in report.rows(batch.items)}


def test_each_recording_is_done_and_none_again(desk: Desk) -> None:
    recordings = desk.recordings(9)
    batch = desk.run(recordings)
    assert set(states(batch).values()) == {"complete"}
    assert sorted(desk.done) == sorted(each.name for each in recordings)
    assert desk.view.seen[-1] == (9 * 3600.0, 9, 0)
    again = desk.run(recordings)
    assert report.rows(again.items) == report.rows(batch.items)
    assert len(desk.done) == 9
    assert desk.engine.started == []
    assert list(desk.ledger.claims.iterdir()) == []


def test_a_recording_that_was_replaced_is_another_one(desk: Desk) -> None:
    desk.run(desk.recordings(2))
    (desk.root / "r1.wav").write_text("other content")
    desk.run(desk.recordings(2))
    assert desk.done == ["r0.wav", "r1.wav", "r1.wav"]


def test_a_recording_that_was_touched_is_the_same(desk: Desk) -> None:
    desk.run(desk.recordings(1))
    (desk.root / "r0.wav").write_text("r0.wav")
    batch = desk.run(desk.recordings(1))
    assert states(batch) == {"r0.wav": "complete"}
    assert len(desk.done) == 1


def test_a_recording_that_is_gone_since_stays_done(desk: Desk) -> None:
    recordings = desk.recordings(1)
    desk.run(recordings)
    (desk.root / "r0.wav").unlink()
    assert states(desk.run(recordings)) == {"r0.wav": "complete"}


def test_a_recording_with_other_options_is_another_one(desk: Desk) -> None:
    [plain] = desk.recordings(1)
    german = Recording(path=plain.path, name=plain.name, options={"language": "de"})
    desk.run([plain])
    batch = desk.run([plain, german])
    assert len({item.outcome.id for item in batch.items if item.outcome}) == 2
    assert len(desk.done) == 2


def test_a_given_id_comes_back_and_a_replaced_file_is_done_again(desk: Desk) -> None:
    [plain] = desk.recordings(1)
    named = Recording(path=plain.path, name=plain.name, id="call 1")
    [first] = report.rows(desk.run([named]).items)
    assert report.rows(desk.run([named]).items) == [first]
    assert (first.id, len(desk.done)) == ("call 1", 1)
    (desk.root / "r0.wav").write_text("more")
    [row] = report.rows(desk.run([named]).items)
    assert (row.id, len(desk.done)) == ("call 1", 2)
    assert row.key != first.key


def test_a_given_id_of_another_file_is_another_recording(desk: Desk) -> None:
    one, two = desk.recordings(2)
    rows = [
        report.rows(desk.run([Recording(path=each.path, name=each.name, id="call-1")]).items)[0]
        for each in (one, two)
    ]
    assert desk.done == ["r0.wav", "r1.wav"]
    assert [row.id for row in rows] == ["call-1", "call-1"]
    assert rows[0].key != rows[1].key


def test_a_recording_that_cannot_be_read_has_its_id(desk: Desk) -> None:
    gone = Recording(path=str(desk.root / "gone.wav"), name="gone.wav", id="call/9")
    [row] = report.rows(desk.run([gone]).items)
    assert (row.id, row.key, row.state) == ("call/9", "", "failed")


def test_a_file_that_is_not_there_is_failed_though_another_has_its_name(desk: Desk) -> None:
    desk.run(desk.recordings(1))
    gone = Recording(path=str(desk.root / "elsewhere" / "r0.wav"), name="r0.wav")
    batch = desk.run([gone])
    assert states(batch) == {"r0.wav": "failed"}
    assert desk.view.lines == ["r0.wav: failed: no such file or directory"]


def test_a_file_that_is_gone_has_the_outcome_of_its_last_content(desk: Desk) -> None:
    recordings = desk.recordings(1)
    rows = report.rows(desk.run(recordings).items)
    for number in range(4):
        (desk.root / "r0.wav").write_text(str(number))
        os.utime(desk.root / "r0.wav", ns=(0, 2**62 + number))
        rows = report.rows(desk.run(recordings).items)
    (desk.root / "r0.wav").unlink()
    assert report.rows(desk.run(recordings).items) == rows


def test_the_same_file_twice_is_done_once(desk: Desk) -> None:
    [one] = desk.recordings(1)
    batch = desk.run([one, one])
    assert len(batch.items) == 1
    assert desk.view.lines == ["r0.wav is listed twice, and done once"]
    assert len(desk.run([one, one]).items) == 1
    assert len(desk.done) == 1


def test_recordings_of_the_same_name_have_transcripts_of_their_own(desk: Desk) -> None:
    [here] = desk.recordings(1)
    (desk.root / "there.wav").write_text("another")
    there = Recording(path=str(desk.root / "there.wav"), name="r0.wav")
    names: list[str] = []
    for each in (here, there, here, there):
        [row] = report.rows(desk.run([each]).items)
        assert row.transcript is not None
        assert Path(row.transcript).read_text() == f"{each.path}\n"
        assert desk.view.lines == []
        names.append(Path(row.transcript).name)
    assert names == ["r0.wav.txt", f"r0.wav.{row.key[:8]}.txt"] * 2


def test_a_transcript_that_is_lost_is_written_again_from_what_was_kept(desk: Desk) -> None:
    rows = report.rows(desk.run(desk.recordings(3)).items)
    for row in rows[1:]:
        assert row.transcript is not None
        Path(row.transcript).unlink()
    assert report.rows(desk.run(desk.recordings(3)).items) == rows
    assert len(desk.done) == 3
    for row in rows:
        assert row.transcript is not None
        assert Path(row.transcript).read_text() == f"{desk.root / row.path}\n"
    [line] = desk.view.lines
    assert line == (
        "done before, and its transcript is written again from the words that were kept: "
        f"2 recordings, the first r1.wav ({rows[1].transcript})"
    )
    desk.run(desk.recordings(3))
    assert desk.view.lines == []


def test_another_format_is_written_from_what_was_kept(desk: Desk) -> None:
    [row] = report.rows(desk.run(desk.recordings(1)).items)
    desk.form = "srt"
    [other] = report.rows(desk.run(desk.recordings(1)).items)
    assert other.transcript == str(desk.root / "r0.wav.srt")
    assert (desk.root / "r0.wav.srt").read_text() == f"{desk.root / 'r0.wav'}\n"
    assert len(desk.view.lines) == 1
    (desk.root / "r0.wav.srt").write_text("edited by hand")
    desk.form = "txt"
    assert report.rows(desk.run(desk.recordings(1)).items) == [row]
    desk.form = "srt"
    assert report.rows(desk.run(desk.recordings(1)).items) == [other]
    assert (desk.root / "r0.wav.srt").read_text() == "edited by hand"
    assert desk.view.lines == []
    assert len(desk.done) == 1


def test_a_transcript_that_is_lost_with_its_words_is_made_again(desk: Desk) -> None:
    recordings = [desk.recording("a.wav", unkept=True), desk.recording("b.wav")]
    rows = report.rows(desk.run(recordings).items)
    [damaged] = (desk.ledger.root / "words").iterdir()
    damaged.write_bytes(damaged.read_bytes()[:20])
    for row in rows:
        assert row.transcript is not None
        Path(row.transcript).unlink()
    assert report.rows(desk.run(recordings).items) == rows
    lost = "its transcript is lost, and the words that were kept as well: it is done again"
    assert desk.view.lines == [f"a.wav: {lost}", f"b.wav: {lost}"]
    assert desk.done == ["a.wav", "b.wav"] * 2
    assert all(Path(row.transcript).exists() for row in rows if row.transcript)
    assert list(desk.ledger.claims.iterdir()) == []


def test_what_is_lost_with_its_recording_is_said_and_stays_done(desk: Desk) -> None:
    recordings = [desk.recording("a.wav", unkept=True)]
    desk.run(recordings)
    (desk.root / "a.wav.txt").unlink()
    (desk.root / "a.wav").unlink()
    [row] = report.rows(desk.run(recordings).items)
    assert (row.state, row.transcript) == ("complete", None)
    lost = "its transcript is lost, and the words that were kept as well; the recording is gone"
    assert desk.view.lines == [f"a.wav: {lost}"]


def test_a_transcript_that_cannot_be_written_again_ends_the_batch(desk: Desk) -> None:
    recordings = desk.recordings(2)
    desk.run(recordings)
    (desk.root / "r0.wav.txt").unlink()

    def full(path: Path, ended: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    desk.write = full
    batch = desk.run(recordings)
    place = desk.root / "r0.wav.txt"
    assert (batch.stopped, batch.reason) == (
        Stop.UNSTORED,
        f"{place}: not written (no space left on device)",
    )
    assert len(desk.done) == 2
    assert states(batch)["r0.wav"] == "open"


def test_a_place_that_is_taken_by_something_else_holds_no_other_up(desk: Desk) -> None:
    recordings = desk.recordings(2)
    desk.run(recordings)
    for place in desk.root.glob("*.txt"):
        place.unlink()

    def refuses(path: Path, ended: Any) -> None:
        if path.name == "r0.wav.txt":
            raise OSError(errno.EINVAL, "Invalid argument")
        write(path, ended)

    desk.write = refuses
    batch = desk.run(recordings)
    assert batch.stopped is None
    assert states(batch) == {"r0.wav": "open", "r1.wav": "complete"}
    place = desk.root / "r0.wav.txt"
    assert desk.view.lines[0] == f"r0.wav: open: {place}: not written (invalid argument)"
    assert (desk.root / "r1.wav.txt").exists()


def test_names_that_are_one_on_some_disks_have_transcripts_of_their_own(desk: Desk) -> None:
    names = ["caf\u00e9.wav", "cafe\u0301.wav", "CAF\u00c9.WAV"]
    rows = report.rows(desk.run([desk.recording(name) for name in names]).items)
    places = {normalize("NFC", row.transcript.casefold()) for row in rows if row.transcript}
    assert len(places) == 3


def test_a_folder_in_the_place_of_a_transcript_stays(desk: Desk) -> None:
    (desk.root / "r0.wav.txt").mkdir()
    [row] = report.rows(desk.run(desk.recordings(1)).items)
    assert row.transcript == str(desk.root / f"r0.wav.{row.key[:8]}.txt")
    assert report.rows(desk.run(desk.recordings(1)).items) == [row]


def test_a_transcript_of_another_format_without_its_words_is_said_in_one_line(desk: Desk) -> None:
    recordings = [desk.recording("r0.wav", unkept=True)]
    [row] = report.rows(desk.run(recordings).items)
    desk.form = "srt"
    assert report.rows(desk.run(recordings).items) == [row]
    [line] = desk.view.lines
    assert line == (
        "done before, and its transcript is in another place or format, and its words are not "
        f"kept: 1 recordings, the first r0.wav ({row.transcript}); with another spool they are "
        "done again"
    )


def test_a_file_by_two_names_is_done_once_unless_it_has_an_id(desk: Desk) -> None:
    [one] = desk.recordings(1)
    (desk.root / "link.wav").symlink_to(desk.root / "r0.wav")
    link = Recording(path=str(desk.root / "link.wav"), name="link.wav")
    named = Recording(path=one.path, name=one.name, id="call-1")
    batch = desk.run([one, link, named])
    assert [item.recording for item in batch.items] == [one, named]
    assert desk.view.lines == ["link.wav is the same file as r0.wav, and done once"]
    assert len(desk.done) == 2


def test_a_file_that_was_changed_and_looks_old_is_another_one(desk: Desk) -> None:
    """Its owner can set its time, and not the time of the system."""
    recordings = desk.recordings(1)
    desk.run(recordings)
    before = (desk.root / "r0.wav").stat()
    (desk.root / "r0.wav").write_text("R0.wav")
    os.utime(desk.root / "r0.wav", ns=(before.st_atime_ns, before.st_mtime_ns))
    desk.run(recordings)
    assert len(desk.done) == 2


def test_how_far_it_is_is_shown_while_nothing_happens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "BEAT", 0.001)

    async def during(_: Batch) -> None:
        await desk.until(lambda: len(desk.view.seen) > 9)
        (desk.ledger.root / "go").touch()

    desk.run(desk.recordings(1, until="go"), during)
    assert desk.view.seen[5] == (5.0, 0, 1)


def test_what_cannot_be_read_is_named_and_the_others_go_on(desk: Desk) -> None:
    gone = Recording(path=str(desk.root / "gone.wav"), name="gone.wav")
    folder = Recording(path=str(desk.root), name="folder.wav")
    batch = desk.run([gone, folder, *desk.recordings(2)])
    assert states(batch) == {
        "gone.wav": "failed",
        "folder.wav": "failed",
        "r0.wav": "complete",
        "r1.wav": "complete",
    }
    assert desk.view.lines[0] == "gone.wav: failed: no such file or directory"
    assert len(desk.view.lines) == 2


def test_what_fails_is_named_and_the_others_go_on(desk: Desk) -> None:
    bad = desk.recording("bad.wav", state="failed", reason="no audio")
    odd = desk.recording("odd.wav", **{"raise": "a bug"})
    batch = desk.run([bad, odd, *desk.recordings(1)])
    assert states(batch) == {"bad.wav": "failed", "odd.wav": "open", "r0.wav": "complete"}
    assert sorted(desk.view.lines) == ["bad.wav: failed: no audio", "odd.wav: open: a bug"]
    desk.run([bad, odd, *desk.recordings(1)])
    assert desk.done.count("bad.wav") == 1
    assert desk.done.count("odd.wav") == 2


def test_an_incomplete_one_is_retried_when_it_is_forgotten(desk: Desk) -> None:
    [one] = desk.recordings(1, state="incomplete")
    batch = desk.run([one])
    outcome = batch.items[0].outcome
    assert outcome is not None
    spool = desk.ledger.spool(outcome.id)
    spool.mkdir()
    desk.ledger.forget(outcome)
    assert not spool.exists()
    desk.run([one])
    assert len(desk.done) == 2


def test_a_batch_ends_when_session_after_session_fails(desk: Desk) -> None:
    recordings = desk.recordings(coordinator.MOST_FAILURES + 20, state="open", reason="refused")
    batch = desk.run(recordings, slots=2)
    assert (batch.stopped, batch.reason) == (Stop.REFUSED, "refused")
    assert coordinator.MOST_FAILURES <= len(desk.done) < len(recordings)
    assert len(states(batch)) == len(recordings)


def test_a_batch_ends_when_nothing_can_be_stored(desk: Desk) -> None:
    full = desk.recording("a.wav", state="open", reason="no space left on device", unstored=True)
    batch = desk.run([full, *desk.recordings(9)], slots=1)
    assert (batch.stopped, batch.reason) == (Stop.UNSTORED, "no space left on device")
    assert len(desk.done) < 9


def test_what_is_under_way_when_nothing_can_be_stored_is_left(desk: Desk) -> None:
    full = desk.recording("a.wav", state="open", reason="full", unstored=True, until="go")

    async def during(batch: Batch) -> None:
        await desk.until(lambda: len(desk.done) == 3)
        (desk.ledger.root / "go").touch()

    batch = desk.run([full, *desk.recordings(2, until="never")], during)
    assert batch.stopped is Stop.UNSTORED
    assert set(states(batch).values()) == {"open"}


def test_a_batch_ends_when_nothing_can_be_claimed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Leases, key: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Leases, "claim", full)
    batch = desk.run(desk.recordings(3))
    assert (batch.stopped, batch.reason) == (
        Stop.UNSTORED,
        f"{desk.ledger.claims}: no space left on device",
    )
    assert desk.done == []


def test_a_drain_finishes_what_is_under_way_and_frees_the_rest(desk: Desk) -> None:
    recordings = desk.recordings(5, until="go")

    async def during(batch: Batch) -> None:
        await desk.until(lambda: sum(item.is_acknowledged for item in batch.items) == 2)
        batch.stop(Stop.DRAINED)
        batch.stop(Stop.REFUSED, "later")
        (desk.ledger.root / "go").touch()

    batch = desk.run(recordings, during, slots=2)
    assert batch.stopped is Stop.DRAINED
    assert sorted(states(batch).values()) == ["complete"] * 2 + ["open"] * 3
    assert {row.reason for row in report.rows(batch.items) if row.state == "open"} == {"not begun"}
    assert list(desk.ledger.claims.iterdir()) == []


@pytest.mark.parametrize("is_done", [False, True])
def test_a_drain_waits_for_no_file_that_is_being_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, is_done: bool
) -> None:
    recordings = [desk.recording("r0.wav", unkept=True)]
    if is_done:
        desk.run(recordings)
        (desk.root / "r0.wav.txt").unlink()
    reading = threading.Event()

    def endless(_: Recording, goes_on: Callable[[], bool]) -> Any:
        reading.set()
        while goes_on():
            time.sleep(0.001)
        raise InterruptedError

    async def during(batch: Batch) -> None:
        await desk.until(reading.is_set)
        batch.stop(Stop.DRAINED)

    monkeypatch.setattr(coordinator, "identify", endless)
    batch = desk.run(recordings, during)
    assert states(batch) == {"r0.wav": "open"}
    assert len(desk.done) == is_done
    assert list(desk.ledger.claims.iterdir()) == []


def test_a_drain_leaves_sessions_that_the_backend_has_not_taken(desk: Desk) -> None:
    silent = desk.recording("silent.wav", until="never", told=[{"acknowledged": False}])
    taken = desk.recording("taken.wav", until="go")

    async def during(batch: Batch) -> None:
        await desk.until(lambda: batch.items[1].is_acknowledged and batch.items[0].confirmed)
        batch.stop(Stop.DRAINED)
        await desk.until(lambda: batch.items[0].outcome)
        (desk.ledger.root / "go").touch()

    batch = desk.run([silent, taken], during)
    assert states(batch) == {"silent.wav": "open", "taken.wav": "complete"}
    assert list(desk.ledger.claims.iterdir()) == []


def test_a_backend_that_takes_no_session_is_said_once(desk: Desk) -> None:
    away = {"acknowledged": False, "reason": "nothing listens"}
    told = [{**away, "waited": seconds} for seconds in (2.9, 3.0, 4.0)]
    desk.run([desk.recording("r0.wav", told=told)])
    [line] = desk.view.lines
    assert line == (
        "no session is connected after 3 s: nothing listens; "
        "Ctrl-C ends the batch, and the same command goes on"
    )
    desk.run([desk.recording("r1.wav", told=[{"acknowledged": False, "waited": 3.0}])])
    assert "after 3 s: the backend does not answer; " in desk.view.lines[0]
    desk.run([desk.recording("r2.wav", told=[{}, *told])])
    assert desk.view.lines == []


def test_a_drain_frees_all_that_it_can(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that cannot be removed counts no more once its owner is gone."""
    freed: list[Any] = []

    def fails(_self: Leases, claim: Any) -> None:
        freed.append(claim)
        raise OSError(errno.EROFS, "read-only file system")

    async def during(batch: Batch) -> None:
        await desk.until(lambda: len(desk.done) == 3)
        units = [Unit(item.claim.key) for item in batch.items if item.claim is not None]
        with monkeypatch.context() as patch:
            patch.setattr(Leases, "release", fails)
            patch.setattr(batch.crew, "drain", lambda: units)
            batch.stop(Stop.DRAINED)
        assert len(freed) == 3
        batch.crew.drain()
        (desk.ledger.root / "go").touch()

    desk.run(desk.recordings(3, until="go"), during)


def test_a_second_interrupt_leaves_what_is_under_way(desk: Desk) -> None:
    async def during(batch: Batch) -> None:
        await desk.until(lambda: len(desk.done) == 2)
        batch.stop(Stop.DRAINED)
        await batch.cancel()

    batch = desk.run(desk.recordings(3, until="never"), during, slots=2)
    assert set(states(batch).values()) == {"open"}
    assert desk.view.lines == []
    assert list(desk.ledger.claims.iterdir()) == []


def test_what_a_lost_worker_had_is_done_again(desk: Desk) -> None:
    async def during(batch: Batch) -> None:
        await desk.until(lambda: len(desk.done) == 2 and len(desk.view.seen) > 1)
        desk.engine.kill(0)
        (desk.ledger.root / "go").touch()

    batch = desk.run(desk.recordings(2, until="go"), during)
    assert set(states(batch).values()) == {"complete"}
    assert desk.view.lines == ["worker 0 was lost, and 2 recordings with it: it was killed"]


def test_what_a_lost_worker_had_is_freed_in_a_drain(desk: Desk) -> None:
    async def during(batch: Batch) -> None:
        await desk.until(lambda: len(desk.done) == 1)
        batch.stop(Stop.DRAINED)
        desk.engine.kill(0)

    batch = desk.run(desk.recordings(1, until="never"), during)
    assert states(batch) == {"r0.wav": "open"}
    assert list(desk.ledger.claims.iterdir()) == []


def test_a_recording_that_kills_its_workers_is_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openline_fleet.engines.rota.MOST_LOSSES", 1)

    async def during(batch: Batch) -> None:
        await desk.until(lambda: desk.done)
        desk.engine.kill(0)

    monkeypatch.setattr("openline_fleet.engines.serving.Reported", _unreportable)
    batch = desk.run(desk.recordings(1, until="never"), during)
    assert states(batch) == {"r0.wav": "failed"}
    assert desk.ledger.outcomes()[0].reason == "1 workers in a row died with it: it was killed"


def _is_dead(owner: str) -> bool:
    return False


def _unreportable(worker: int, unit: str, data: bytes) -> Any:
    """A report that counts as none: of a unit that nobody has."""
    return Ended(-1)


def test_what_another_coordinator_has_is_waited_for_and_taken_over(desk: Desk) -> None:
    recordings = desk.recordings(3)
    other = desk.leases(machine="far")
    theirs, dying = (identify(each).key for each in recordings[:2])
    assert other.claim(theirs) is not None
    assert other.claim(dying) is not None

    async def during(batch: Batch) -> None:
        await desk.until(lambda: desk.done == ["r2.wav"])
        await asyncio.sleep(0.05)
        assert desk.done == ["r2.wav"]
        desk.ledger.settle(Outcome(id=theirs, name="r0.wav", state="complete", words=1))
        other.close()

    batch = desk.run(recordings, during)
    assert set(states(batch).values()) == {"complete"}
    assert desk.done == ["r2.wav", "r1.wav"]
    [line] = desk.view.lines
    assert line.startswith("waiting for 2 recordings that process ")
    assert report.rows(batch.items)[0].words == 1


def test_what_is_done_by_another_while_we_claim_is_not_done_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Leases.claim

    def late(self: Leases, key: str) -> Any:
        desk.ledger.settle(Outcome(id=key, name="r0.wav", state="complete", words=9))
        return real(self, key)

    monkeypatch.setattr(Leases, "claim", late)
    batch = desk.run(desk.recordings(1))
    assert report.rows(batch.items)[0].words == 9
    assert desk.done == []
    assert list(desk.ledger.claims.iterdir()) == []


@pytest.mark.parametrize("rival_dies", [False, True])
def test_a_coordinator_that_slept_waits_for_what_was_taken_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, rival_dies: bool
) -> None:
    """However many that is, the backend is not to blame; and in the end all are done."""
    monkeypatch.setattr(coordinator, "BEAT", 0.01)
    rival = desk.leases()
    taken = 2 + coordinator.MOST_FAILURES

    async def during(batch: Batch) -> None:
        await desk.until(lambda: len(desk.done) == taken + 1)
        keys = [item.claim.key for item in batch.items if item.claim is not None][:taken]
        with monkeypatch.context() as patch:
            patch.setattr(rival, "_is_alive", _is_dead)
            claims = [rival.claim(key) for key in keys]
        desk.now += 1e6
        await desk.until(lambda: sum(item.claim is not None for item in batch.items) == 1)
        (desk.ledger.root / "go").touch()
        await desk.until(lambda: any(item.outcome for item in batch.items))
        for claim in () if rival_dies else claims:
            assert claim is not None
            desk.ledger.settle(Outcome(id=claim.key, name="x", state="complete"))
            rival.release(claim)
        rival.close()

    batch = desk.run(desk.recordings(taken + 1, until="go"), during, slots=taken + 1)
    assert batch.stopped is None
    assert set(states(batch).values()) == {"complete"}
    assert len(desk.done) == taken + 1 + taken * rival_dies
    assert list(desk.ledger.claims.iterdir()) == []


def test_workers_that_do_not_start_end_the_batch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openline_fleet.engines.rota.MOST_STARTS", 1)
    with pytest.raises(EngineError, match="no worker stays alive"):
        desk.run(desk.recordings(1), function="tests.batch.fake_work:nothing")
    assert list(desk.ledger.claims.iterdir()) == []


def test_a_ledger_that_cannot_be_used_is_one_line(desk: Desk) -> None:
    (desk.root / "file").touch()
    with pytest.raises(LedgerError, match=r"file: .*: give a directory to write to"):
        Ledger(desk.root / "file").prepare()
    (desk.ledger.root / "outcomes").rename(desk.root / "elsewhere")
    with pytest.raises(LedgerError, match="outcomes: no such file or directory"):
        desk.ledger.outcomes()
    (desk.ledger.root / "outcomes").mkdir()
    (desk.ledger.root / "outcomes" / "x.json").mkdir()
    with pytest.raises(LedgerError, match=r"x\.json: is a directory"):
        desk.ledger.outcomes()


def test_what_a_session_left_that_is_over_is_swept(desk: Desk) -> None:
    desk.ledger.settle(Outcome(id="over", name="x", state="complete"))
    for name in ("over", "open"):
        (desk.ledger.sessions / name).mkdir()
    desk.run(desk.recordings(1))
    assert [path.name for path in desk.ledger.sessions.iterdir()] == ["open"]


def test_what_is_kept_comes_back_as_it_was(desk: Desk) -> None:
    none: dict[str, Any] = {}
    ended = replace(
        heard("\ud83d alone, and \u2028"),
        state=State.CLOSED,
        complete=False,
        missing=(
            Gap(source="mic", start=1, end=9, samples=3, cause=GapCause.BACKEND, exact=False),
        ),
        statistics=Statistics(
            dials=2, sources={"mic": SourceStatistics(captured=9, sent=9, confirmed=1, missing=3)}
        ),
        accounts={"mic": Account(captured=9, confirmed=1, told=5, missing=3)},
        lost_sources=(SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="torn"),),
        action=Action.RETRY,
        summary=MappingProxyType(
            {"text": None, "parts": (1, 2.0, {"deep": MappingProxyType(none)})}
        ),
        summary_covers={"mic": (0, 9)},
    )
    desk.ledger.keep("x", ended)
    kept = desk.ledger.kept("x")
    assert kept is not None
    summary: dict[str, Any] = {"text": None, "parts": [1, 2.0, {"deep": {}}]}
    assert kept == replace(ended, summary=summary)
    assert desk.ledger.kept("y") is None


def test_an_outcome_is_stored_once(desk: Desk) -> None:
    first = Outcome(id="x", name="x", state="complete", missing=(Missing(0.0, 1.0, 0.5, "spool"),))
    assert desk.ledger.settle(first) == first
    assert desk.ledger.settle(Outcome(id="x", name="x", state="failed")) == first
    assert desk.ledger.outcome("x") == first


def test_the_report_sums_up(desk: Desk, tmp_path: Path) -> None:
    gone = Recording(path="nowhere", name="gone.wav", labels={"agent": "kim"})
    batch = desk.run([*desk.recordings(2), gone])
    rows = report.rows(batch.items, price=0.5)
    assert [row.cost for row in rows] == [0.5, 0.5, 0.0]
    sums = report.totals(rows)
    assert sums.states == {"complete": 2, "failed": 1}
    assert (sums.recordings, sums.hours, sums.words, sums.cost) == (3, 2.0, 14, 1.0)
    assert not sums.is_complete
    assert report.totals(rows[:2]).is_complete
    report.write(tmp_path / "results.jsonl", rows)
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert json.loads(lines[2]) == {
        "id": "", "key": "", "path": "gone.wav", "file": "nowhere", "state": "failed",
        "reason": "no such file or directory",
        "transcript": None, "hours": 0.0, "words": 0, "gaps": [], "cost": 0.0,
        "labels": {"agent": "kim"},
    }  # fmt: skip
    assert report.totals(report.rows(batch.items)).cost is None


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_the_last_outcome_of_a_file_is_reported_in_whichever_order_they_are_read(
    order: tuple[int, ...],
) -> None:
    """They are read in the order of their keys, which are made of the content."""
    outcomes = [
        Outcome(id=f"{at}", name="a.wav", path="/a.wav", state="complete", changed_ns=at, words=at)
        for at in order
    ]
    [row] = report.earlier([], outcomes)
    assert row.words == 2


def test_the_report_has_what_other_batches_did_with_the_spool(desk: Desk) -> None:
    """Each file once, with its last outcome."""
    recordings = desk.recordings(3, agent="kim")
    first = report.rows(desk.run(recordings).items)
    (desk.root / "r2.wav").write_text("other content")
    os.utime(desk.root / "r2.wav", ns=(0, 2**62))
    [second] = report.rows(desk.run(recordings[2:]).items)
    moved = Recording(path=str(desk.root / "moved" / "r1.wav"), name="r1.wav")
    (desk.root / "moved").mkdir()
    (desk.root / "r1.wav").rename(moved.path)
    last = desk.run([moved])
    assert len(desk.done) == 4
    others = report.earlier(last.items, desk.ledger.outcomes())
    assert others == [first[0], second]
    assert others[0].labels == {"agent": "kim"}
