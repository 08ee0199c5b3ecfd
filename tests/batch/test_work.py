"""What a worker does with one recording, against a real backend on this machine."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from openline.account import Account
from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN, DEFAULT
from openline.policy import Policy
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    State,
    StateChanged,
    Statistics,
    Transcript,
)
from openline_asyncio.network import connector
from openline_asyncio.sources import FileSource
from openline_batch import work
from openline_batch.contact import Contact
from openline_batch.continuing import Rest
from openline_batch.files import decode, encode
from openline_batch.identity import Identity, identify
from openline_batch.ledger import COMPLETE, FAILED, INCOMPLETE, OPEN, Ledger, LedgerError, Outcome
from openline_batch.recordings import Recording
from openline_batch.work import Job, Progress, Refused, Setting, working
from openline_fleet.engines.contract import Share, Unit
from openline_server.config import DialectName
from openline_speech.naming import source_name
from openline_store.records import Began
from openline_store.spool import Spool
from openline_testing.background import BackgroundBackend
from tests.support_archives import make_recording

SHARE = Share(seat=0, dials_per_minute=6000)
Report = Callable[[bytes], Awaitable[None]]


class Bench:
    """A ledger, a recording of ``seconds`` and a worker for it."""

    def __init__(self, root: Path, seconds: float = 6.0) -> None:
        self.ledger = Ledger(root / "spool")
        self.ledger.prepare()
        path = make_recording(root / "a.wav", seconds)
        self.recording = Recording(path=str(path), name="a.wav")
        self.key, self.looks = "", (0, 0, 0)
        self.identify()
        self.written: dict[Path, Ended] = {}

    def identify(self) -> None:
        identity = identify(self.recording)
        self.key, self.looks = identity.key, identity.looks

    def setting(self, url: str, **given: Any) -> Setting:
        settled: dict[str, Any] = {
            "arguments": {"backend": Backend.from_url(url), "policy": Policy()},
            "connect": connector(),
            "speak": speak,
            "source": source_name,
            "write": self.write,
        }
        return Setting(**(settled | given))

    def write(self, path: Path, ended: Ended) -> None:
        self.written[path] = ended

    def run(self, url: str, report: Report | None = None, **given: Any) -> Outcome:
        job = Job(
            recording=self.recording,
            identity=Identity(self.key, *self.looks),
            transcript=str(self.ledger.root / "transcripts" / "a.txt"),
        )

        async def main() -> bytes:
            async with working(self.ledger, self.setting(url, **given), SHARE) as perform:
                return await perform(Unit(self.key, encode(job)), report or ignore)

        return decode(asyncio.run(main()), Outcome)

    @property
    def finals(self) -> tuple[Transcript, ...]:
        [ended] = self.written.values()
        return ended.transcript


async def ignore(data: bytes) -> None:
    pass


def speak(options: Mapping[str, str]) -> Dialect:
    if options:
        raise Refused("option pace: there is none")
    return DEFAULT


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="module")
def url() -> Any:
    with BackgroundBackend(max_sessions=64) as backend:
        yield backend.url


def times(finals: tuple[Transcript, ...]) -> list[tuple[float, float]]:
    return [(round(each.start, 2), round(each.end, 2)) for each in finals]


def test_a_recording_is_transcribed_once(bench: Bench) -> None:
    with BackgroundBackend() as backend:
        outcome = bench.run(backend.url)
        assert bench.run(backend.url) == outcome
        assert backend.dials == 1
    assert (outcome.id, outcome.name, outcome.state) == (bench.key, "a.wav", COMPLETE)
    assert (outcome.seconds, outcome.words, outcome.missing) == (6.0, 3, ())
    assert (outcome.size, outcome.changed_ns, outcome.status_ns) == bench.looks
    assert outcome.transcript is not None
    assert list(bench.written) == [Path(outcome.transcript)]
    assert times(bench.finals) == [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]
    assert bench.ledger.outcomes() == [outcome]
    assert list(bench.ledger.sessions.iterdir()) == []


def test_a_recording_that_was_left_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_GLANCE", 0.01)
    bench = Bench(tmp_path, seconds=20.0)

    with BackgroundBackend() as backend:
        for least in (4.0, 10.0):

            async def report(data: bytes, least: float = least) -> None:
                if decode(data, Progress).confirmed >= least:
                    this = asyncio.current_task()
                    [asyncio.get_running_loop().call_soon(t.cancel) for t in asyncio.all_tasks()
                     if t is not this]  # fmt: skip

            with suppress(asyncio.CancelledError):
                bench.run(backend.url, report, speed=8.0)
            assert [each.name for each in bench.ledger.sessions.iterdir()] == [bench.key]
            assert bench.ledger.outcomes() == []
        outcome = bench.run(backend.url)
        assert backend.dials == 3
        sent = [len(each) / 32_000 for each in backend.received("mic")]
    assert outcome.state == COMPLETE
    assert outcome.seconds == 20.0
    assert sent[1] < 16.5  # it did not begin anew
    assert sent[2] < 10.5
    spans = times(bench.finals)
    assert spans[0][0] == 0.0
    assert spans[-1][1] == 20.0
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def _spoken(name: str, _options: Mapping[str, str]) -> Dialect:
    return BUILT_IN[name]


@pytest.mark.parametrize(
    "name", ["deepgram", "openai", "vosk", "assemblyai", "soniox", "whisperlive"]
)
def test_a_recording_that_was_left_goes_on_in_other_dialects(
    name: DialectName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages of another form, other rates, ends that are claims."""
    monkeypatch.setattr(work, "_GLANCE", 0.01)
    bench = Bench(tmp_path, seconds=12.0)

    with BackgroundBackend(dialect=name) as backend:
        arguments = {"backend": Backend.from_url(backend.url), "credentials": "a-token"}
        given: dict[str, Any] = {"speak": partial(_spoken, name), "arguments": arguments}

        async def report(data: bytes) -> None:
            if decode(data, Progress).confirmed >= 3.0:
                this = asyncio.current_task()
                others = [task for task in asyncio.all_tasks() if task is not this]
                [asyncio.get_running_loop().call_soon(task.cancel) for task in others]

        with suppress(asyncio.CancelledError):
            bench.run(backend.url, report, speed=2.0, **given)
        assert bench.ledger.outcomes() == []
        assert len(list(bench.ledger.sessions.iterdir())) == 1
        outcome = bench.run(backend.url, speed=2.0, **given)
    assert (outcome.state, outcome.seconds, outcome.missing) == (COMPLETE, 12.0, ())
    assert bench.finals[-1].end == pytest.approx(12.0, abs=0.5)


def test_a_spool_that_holds_all_of_it_is_only_delivered(bench: Bench, url: str) -> None:
    """The source has nothing left to give."""
    spool = Spool.create(
        bench.ledger.sessions,
        Began.of(Backend.from_url(url), bench.key, ("mic",), dialect=DEFAULT),
    )
    spool.confirm("mic", 0)
    spool.keep("mic", 0, bytes(2 * 6 * 16_000))
    spool.close()
    outcome = bench.run(url)
    assert (outcome.state, outcome.seconds) == (COMPLETE, 6.0)


@pytest.mark.parametrize("log", [None, b"", b"\x00\x00\x00\x09torn"])
def test_a_spool_without_a_session_is_begun_anew(bench: Bench, url: str, log: bytes | None) -> None:
    folder = bench.ledger.spool(bench.key)
    folder.mkdir()
    if log is not None:
        (folder / "log").write_bytes(log)
    assert bench.run(url).state == COMPLETE


def test_a_spool_that_cannot_be_read_leaves_the_recording_open(bench: Bench, url: str) -> None:
    folder = bench.ledger.spool(bench.key)
    folder.write_bytes(b"this is no folder")
    outcome = bench.run(url)
    assert outcome.state == OPEN
    assert outcome.reason == f"{folder}: not a directory"
    assert bench.ledger.outcomes() == []


def test_a_spool_in_the_hands_of_a_dying_worker_is_waited_for(
    bench: Bench, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = Began.of(Backend.from_url(url), bench.key, ("mic",), dialect=DEFAULT)
    spool = Spool.create(bench.ledger.sessions, began)
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds == 1.0:
            waits.append(seconds)
            if len(waits) == 2:
                spool.close()
            await real(0)
        else:
            await real(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(work, "_GLANCE", 0.5)
    assert bench.run(url).state == COMPLETE
    assert len(waits) == 2


def test_a_spool_that_stays_in_other_hands_leaves_the_recording_open(
    bench: Bench, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_PATIENCE", 0)
    began = Began.of(Backend.from_url(url), bench.key, ("mic",), dialect=DEFAULT)
    spool = Spool.create(bench.ledger.sessions, began)
    outcome = bench.run(url)
    spool.close()
    assert outcome.state == OPEN
    assert "another process is using this session" in outcome.reason


def test_a_file_that_is_no_audio_is_over_and_failed(bench: Bench, url: str) -> None:
    Path(bench.recording.path).write_text("garbage")
    bench.identify()
    outcome = bench.run(url)
    assert outcome.state == FAILED
    assert "is not audio that can be read here" in outcome.reason
    assert bench.ledger.outcome(bench.key) == outcome


def test_a_file_that_is_away_leaves_the_recording_open(bench: Bench, url: str) -> None:
    Path(bench.recording.path).unlink()
    outcome = bench.run(url)
    assert outcome.state == OPEN
    assert outcome.reason.endswith("a.wav does not exist; check the name")
    assert bench.ledger.outcomes() == []


def test_an_option_that_the_dialect_lacks_is_over_and_failed(bench: Bench, url: str) -> None:
    bench.recording = Recording(path=bench.recording.path, name="a.wav", options={"pace": "1"})
    bench.identify()
    outcome = bench.run(url)
    assert (outcome.state, outcome.reason) == (FAILED, "option pace: there is none")


def test_a_session_that_fails_leaves_the_recording_open_and_goes_on_later(
    bench: Bench, url: str
) -> None:
    with BackgroundBackend() as gone:
        there = gone.url
    policy = Policy(max_attempts=0, first_contact=0)
    arguments = {"backend": Backend.from_url(there), "policy": policy}
    outcome = bench.run(there, arguments=arguments)
    assert outcome.state == OPEN
    assert outcome.reason
    assert bench.ledger.outcomes() == []
    assert bench.run(url).state == COMPLETE


def test_the_reports_say_whether_the_backend_has_taken_the_session(bench: Bench, url: str) -> None:
    told: list[Progress] = []

    async def report(data: bytes) -> None:
        told.append(decode(data, Progress))

    with BackgroundBackend() as gone:
        there = gone.url
    policy = Policy(max_attempts=0, first_contact=0)
    bench.run(there, report, arguments={"backend": Backend.from_url(there), "policy": policy})
    assert not any(each.acknowledged for each in told)
    bench.run(url, report)
    assert told[-1].acknowledged


def test_contact_keeps_the_last_reason_until_the_backend_takes_the_session() -> None:
    contact = Contact()
    for reason in ("nothing listens", ""):
        assert not contact.see(StateChanged(state=State.RECONNECTING, dial=1, reason=reason))
    assert contact == Contact(is_acknowledged=False, reason="nothing listens")
    assert [contact.see(StateChanged(state=State.STREAMING, dial=2)) for _ in range(2)] == [
        True,
        False,
    ]
    assert contact.is_acknowledged


def test_a_recording_with_a_gap_is_incomplete_and_says_where(bench: Bench) -> None:
    with BackgroundBackend("drop 1s after 100 frames") as backend:
        outcome = bench.run(backend.url)
    assert outcome.state == INCOMPLETE
    assert outcome.transcript is not None
    assert outcome.missing[0].seconds == pytest.approx(1.0, abs=0.1)
    assert outcome.missing[0].cause == "backend"


@pytest.mark.parametrize(
    ("cause", "seconds"), [(GapCause.UNDELIVERED, 2.0), (GapCause.UNCONFIRMED, 3.0)]
)
def test_the_hours_are_of_audio_that_was_sent(cause: GapCause, seconds: float) -> None:
    gap = Gap(source="mic", start=32_000, end=48_000, samples=16_000, cause=cause)
    ended = Ended(
        state=State.FAILED,
        complete=False,
        reason="",
        missing=(gap,),
        transcript=(),
        statistics=Statistics(dials=1, sources={}),
        accounts={"mic": Account(captured=48_000, confirmed=32_000, told=0, missing=16_000)},
    )
    assert work.sent_seconds(ended) == seconds


def test_a_transcript_that_cannot_be_written_leaves_the_recording_open(
    bench: Bench, url: str
) -> None:
    def full(path: Path, ended: Ended) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    outcome = bench.run(url, write=full)
    assert (outcome.state, outcome.unstored) == (OPEN, True)
    assert outcome.reason.endswith("transcripts/a.txt: not written (no space left on device)")
    assert bench.ledger.outcomes() == []
    with BackgroundBackend() as backend:  # what was heard is in the spool
        assert bench.run(backend.url).state == COMPLETE
        assert sum(map(len, backend.received("mic"))) == 0
    assert times(bench.finals) == [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]
    assert list(bench.ledger.sessions.iterdir()) == []


def test_words_that_were_kept_need_no_session(bench: Bench, url: str) -> None:
    """A worker died after it had kept them, before or after it wrote the transcript."""
    bench.run(url)
    [(place, ended)] = bench.written.items()
    assert bench.ledger.kept(bench.key) == ended
    [outcome] = bench.ledger.outcomes()
    (bench.ledger.root / "outcomes" / f"{bench.key}.json").unlink()
    bench.written.clear()
    with BackgroundBackend() as backend:
        assert bench.run(backend.url) == outcome
        assert backend.dials == 0
    assert bench.written == {place: ended}


def test_words_that_were_kept_and_are_damaged_need_a_session(bench: Bench, url: str) -> None:
    (bench.ledger.root / "words" / f"{bench.key}.json.gz").write_bytes(b"no gzip")
    assert bench.ledger.kept(bench.key) is None
    assert bench.run(url).state == COMPLETE
    assert bench.ledger.kept(bench.key) is not None


def test_a_place_that_cannot_be_written_is_found_before_the_session(bench: Bench) -> None:
    place = bench.ledger.root / "transcripts" / "a.txt"
    place.mkdir(parents=True)
    with BackgroundBackend() as backend:
        outcome = bench.run(backend.url)
        assert (outcome.state, outcome.unstored) == (OPEN, False)
        assert outcome.reason == f"{place}: not written (not a regular file)"
        shutil.rmtree(place.parent)
        place.parent.touch()
        assert bench.run(backend.url).reason == f"{place.parent}: not written (file exists)"
        assert backend.dials == 0


@pytest.mark.parametrize("writable", [True, False])
def test_a_folder_that_is_full_is_found_before_the_session(
    bench: Bench, url: str, monkeypatch: pytest.MonkeyPatch, *, writable: bool
) -> None:
    """Unless the file itself is there, and can be written in place."""
    place = bench.ledger.root / "transcripts" / "a.txt"

    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    monkeypatch.setattr("openline_batch.files.try_folder", full)
    if writable:
        place.parent.mkdir()
        place.touch()
    outcome = bench.run(url)
    assert outcome.state == (COMPLETE if writable else OPEN)
    assert outcome.unstored is not writable
    if not writable:
        assert outcome.reason == f"{place.parent}: not written (no space left on device)"


def test_a_file_that_has_changed_since_it_was_read_is_not_sent(bench: Bench) -> None:
    make_recording(Path(bench.recording.path), 3.0)
    with BackgroundBackend() as backend:
        outcome = bench.run(backend.url)
        assert backend.dials == 0
    assert (outcome.state, outcome.reason) == (OPEN, "its file has changed since it was read")


def test_a_file_that_changes_while_it_is_sent_is_left_and_its_session_too(bench: Bench) -> None:
    changed: list[bytes] = []

    async def report(data: bytes) -> None:
        if not changed:
            changed.append(data)
            make_recording(Path(bench.recording.path), 6.0, tone=440.0)

    with BackgroundBackend() as backend:
        outcome = bench.run(backend.url, report)
        assert backend.dials == 1
    assert (outcome.state, outcome.reason) == (OPEN, "its file has changed since it was read")
    assert list(bench.ledger.sessions.iterdir()) == []
    assert bench.ledger.kept(bench.key) is None
    assert bench.written == {}


def test_a_copy_of_the_file_on_another_machine_is_the_same(bench: Bench, url: str) -> None:
    bench.looks = (bench.looks[0], 1, 2)
    assert bench.run(url).state == COMPLETE


def test_a_file_that_is_removed_while_it_is_sent_is_done(bench: Bench, url: str) -> None:
    remove = partial(Path(bench.recording.path).unlink, missing_ok=True)

    async def report(data: bytes) -> None:
        if decode(data, Progress).confirmed:
            remove()

    assert bench.run(url, report, speed=8.0).state == COMPLETE


def test_an_outcome_that_cannot_be_written_leaves_the_recording_open(
    bench: Bench, url: str
) -> None:
    shutil.rmtree(bench.ledger.root / "outcomes")
    with pytest.raises(FileNotFoundError):
        bench.ledger.settle(Outcome(id="x", name="x", state=FAILED))
    outcome = bench.run(url)
    assert (outcome.state, outcome.unstored) == (OPEN, True)


def test_an_outcome_that_is_damaged_is_one_line(bench: Bench, url: str) -> None:
    path = bench.ledger.root / "outcomes" / f"{bench.key}.json"
    path.write_text("{")
    with pytest.raises(LedgerError, match=r"is damaged .*: delete it"):
        bench.run(url)


class Sink:
    """What comes out of a source."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.holes: list[int] = []
        self.rooms = 0
        self.at: float | None = None

    def started(self, at: float) -> None:
        self.at = at

    def audio(self, pcm: bytes) -> None:
        self.got += pcm

    def hole(self, samples: int) -> None:
        self.holes.append(samples)

    async def room(self) -> None:
        self.rooms += 1


@pytest.mark.parametrize("done", [0, 1, 320, 333, 16_000 * 2 - 1, 16_000 * 2, 10**9])
def test_the_rest_of_a_recording_is_what_is_behind(bench: Bench, done: int) -> None:
    path = make_recording(Path(bench.recording.path), 2.0)
    whole, rest = Sink(), Sink()

    async def main() -> None:
        await FileSource(path, speed=1e6).run(whole)
        source = Rest(FileSource(path, speed=1e6), done)
        assert source.duration == 2.0
        await source.run(rest)

    asyncio.run(main())
    assert len(whole.got) == 2 * 32_000
    assert rest.got == whole.got[2 * done :]
    assert rest.at is not None
    assert rest.rooms <= max(0, 32_000 - done) // 320 + 1  # none for what is left out


def test_holes_count_as_audio_that_is_behind() -> None:
    sink = Sink()

    class Source:
        kind = FileSource.kind
        duration = None

        async def run(self, to: Any) -> None:
            to.hole(100)
            to.hole(100)
            await to.room()
            to.audio(bytes(20))

    asyncio.run(Rest(Source(), 150).run(sink))  # type: ignore[arg-type]
    assert (sink.holes, len(sink.got), sink.rooms) == ([50], 20, 1)
