"""Sessions with a spool, against backends in memory, and what takes them up again."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock, wait_all_tasks_blocked

from openline.backend import Backend
from openline.dialects.deepgram import Deepgram
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.registry import DEFAULT
from openline.dialects.traits import Ends
from openline.journal.reader import read
from openline.policy import Policy
from openline.updates import Ended, GapCause, State, Transcript, Trouble, Update
from openline_audio.source import Sink
from openline_store.records import Began, Confirmed, Lost
from openline_store.spool import Spool, SpoolError, load, read_audio, spooled_sessions
from openline_trio import Session, open_session
from openline_trio.opening import resume_session
from tests.support_lines import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    Frames,
    Net,
    Peer,
    Script,
    Silent,
    all_delivered,
    close,
    frame,
    number_of,
)

BACKEND = Backend.from_url("ws://backend.example:1234/ws/other", allow_plain=True)
SOURCES = {0: "system", 1: "mic"}


class Hasty(EchoPanel):
    """A dialect whose backend proves soon what it was sent."""

    traits = replace(TRAITS, horizon=0.6, ends=Ends.EXACT)


#: As little memory as a session may have.
TIGHT = Policy(
    ping_interval=0.2,
    pong_timeout=0.5,
    connect_timeout=0.5,
    ack_timeout=0.5,
    backoff_first=1.0,
    backoff_cap=4.0,
    buffer_seconds=2.3,
)


async def echo(peer: Peer, *, every: int = 25) -> None:
    """A backend that finalises each half second of a source; the text is its frames."""
    await peer.open()
    heard: dict[str, list[bytes]] = {"mic": [], "system": []}
    done = {"mic": 0, "system": 0}

    async def say(source: str) -> None:
        audio, at = heard[source], done[source]
        if len(audio) > at:
            text = f"{number_of(audio[at])}-{number_of(audio[-1])}"
            await peer.final(text, at * 0.02, len(audio) * 0.02, source)
            done[source] = len(audio)

    while True:
        opcode, payload = await peer.receive()
        if opcode == CLOSE:
            return
        if opcode == PING:
            await peer.stream.send_all(frame(PONG, payload))
            for source in heard:
                await peer.send("metrics", source=source, backlog_seconds=0.0)
        elif opcode == BINARY:
            source = SOURCES[payload[3]]
            heard[source].append(payload[4:])
            if len(heard[source]) - done[source] == every:
                await say(source)
        elif b'"stop"' in payload:
            for source in heard:
                await say(source)
            await peer.finish()


class Late:
    """A source that starts a second after the session."""

    duration = None

    async def run(self, sink: Sink) -> None:
        await trio.sleep(1.0)
        await Frames(100).run(sink)


class Rooms:
    """Backends and sessions; ``nursery`` outlives them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery

    def net(self, script: Script) -> Net:
        return Net(self._nursery, script)


@pytest.fixture
def rooms(nursery: trio.Nursery) -> Rooms:
    return Rooms(nursery)


async def to_its_end(session: Session) -> Ended:
    async for update in session:
        if isinstance(update, Ended):
            return update
    raise AssertionError("no end")


async def finish(folder: Path, net: Net) -> Ended:
    """Resume what is in ``folder`` to its end."""
    async with resume_session(folder, connect=net, random=lambda: 0.5) as session:
        return await to_its_end(session)


def covered(transcript: tuple[Transcript, ...], source: str = "mic") -> list[int]:
    """The frames that the finals of a source say, in order of session time."""
    found: list[int] = []
    for final in transcript:
        if final.source == source:
            first, last = map(int, final.text.split("-"))
            found += range(first, last + 1)
    return found


def whole(
    transcript: tuple[Transcript, ...], frames: int, at: int = 0, source: str = "mic"
) -> bool:
    """Whether finals say ``frames`` frames, each once, where they were heard."""
    mine = [final for final in transcript if final.source == source]
    edges = [round(x * 16_000) for final in mine for x in (final.start, final.end)]
    return (
        covered(transcript, source) == list(range(frames))
        and edges == sorted(edges)
        and [edges[0], edges[-1]] == [at, at + frames * 320]
    )


def stored(folder: Path, source: str = "mic") -> int:
    """Frames that the folder holds up to the last one."""
    [past] = [each for each in load(folder).sources if each.source == source]
    return (past.on_disk[-1][1] - past.origin) // 320


def empty(folder: Path) -> bool:
    return not os.listdir(folder)


# A session with a spool.


async def test_audio_is_kept_while_it_lives_and_gone_after_a_complete_end(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    source = Frames(60)
    net = rooms.net(echo)
    seen = 0
    with all_delivered():
        async with open_session(
            BACKEND, {"mic": source}, connect=net, spool=tmp_path, session_id="s"
        ) as session:
            with pytest.raises(SpoolError, match="another process"):
                await entered(resume_session(tmp_path / "s"))
            async for update in session:
                if isinstance(update, Transcript) and update.final and not seen:
                    assert read_audio(tmp_path / "s", "mic", 0, 320)[:4] == bytes(4)
                    seen = stored(tmp_path / "s")
                    assert load(tmp_path / "s").transcript == (update,)
                    assert load(tmp_path / "s").began.url == BACKEND.url
        await net.dials[0].gone.wait()
        await wait_all_tasks_blocked()
    assert seen >= 25
    assert session.ended is not None
    assert session.ended.complete
    assert whole(session.transcript, 60)
    assert empty(tmp_path)


async def test_an_aborted_session_is_kept_and_resumed_to_the_whole_transcript(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    source = Frames(200)
    async with open_session(
        BACKEND, {"mic": source}, connect=rooms.net(echo), spool=tmp_path, session_id="a b"
    ) as session:
        await trio.sleep(1.9)
        session.abort()
        assert whole(session.transcript, 75)
    assert session.ended is not None
    assert (session.ended.state, session.ended.complete) == (State.CLOSED, False)
    [folder] = spooled_sessions(tmp_path)
    assert stored(folder) == source.sent
    assert 75 < source.sent < 200
    net = rooms.net(echo)
    ended = await finish(folder, net)
    assert (ended.state, ended.complete, ended.missing) == (State.CLOSED, True, ())
    assert whole(ended.transcript, source.sent)
    assert ended.transcript[:3] == session.transcript
    assert [dial.backend for dial in net.dials] == [BACKEND]
    assert net.dials[0].start["session_id"] == "a b"
    assert not folder.exists()


async def test_a_cancelled_session_is_kept(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    with trio.move_on_after(1.7):
        async with open_session(
            BACKEND, {"mic": Frames(200)}, connect=rooms.net(echo), spool=tmp_path
        ):
            await trio.sleep_forever()
    [folder] = spooled_sessions(tmp_path)
    frames = stored(folder)
    assert frames > 70
    ended = await finish(folder, rooms.net(echo))
    assert ended.complete
    assert whole(ended.transcript, frames)


async def test_captured_audio_survives_a_kill_at_any_time(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    """A copy of the folder is what a process that is killed right then leaves."""
    moments = [0.03, 0.25, 0.51, 0.75, 1.03, 1.49, 1.91, 2.61, 2.91]
    live = tmp_path / "live"
    async with open_session(
        BACKEND,
        {"mic": Frames(130), "system": Late()},
        connect=rooms.net(echo),
        spool=live,
        session_id="s",
    ) as session:
        start = trio.current_time()
        for moment in moments:
            await trio.sleep_until(start + moment)
            shutil.copytree(live / "s", tmp_path / "killed" / str(moment))
        ended = await session.wait()
    assert ended.complete
    assert not (live / "s").exists()
    origins: set[int] = set()
    for moment in moments:
        folder = tmp_path / "killed" / str(moment)
        past = {each.source: each for each in load(folder).sources}
        frames = {source: stored(folder, source) for source in past}
        assert frames["mic"] == min(130, int(moment / 0.02 + 1e-6)), moment
        ended = await finish(folder, rooms.net(echo))
        assert ended.complete, (moment, ended)
        for source, count in frames.items():
            assert whole(ended.transcript, count, past[source].origin, source), (moment, ended)
            origins.add(past[source].origin)
        assert {t.source for t in ended.transcript} == set(frames)
        assert not folder.exists()
    assert origins == {0, 16_000}


async def test_resumed_session_may_be_killed_too(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    async def deaf(peer: Peer) -> None:
        await peer.open()
        await peer.serve(finish=False)

    async with open_session(
        BACKEND, {"mic": Frames(150)}, connect=rooms.net(deaf), spool=tmp_path, session_id="s"
    ):
        await trio.sleep(3.5)
    folder = tmp_path / "s"
    assert stored(folder) == 150
    for told in (1, 2):
        async with resume_session(folder, connect=rooms.net(echo)) as session:
            async for update in session:
                if isinstance(update, Transcript) and update.final:
                    break
        assert len(load(folder).transcript) == told
    ended = await finish(folder, rooms.net(echo))
    assert ended.complete
    assert whole(ended.transcript, 150)
    assert not folder.exists()


async def test_session_without_audio_leaves_no_folder(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    async def refuse(peer: Peer) -> None:
        await peer.upgrade()
        await peer.stream.send_all(close(1008))

    net = rooms.net(refuse)
    async with open_session(BACKEND, {"mic": Late()}, connect=net, spool=tmp_path) as session:
        assert not (await session.wait()).complete
    assert empty(tmp_path)


async def test_session_killed_before_audio_is_deleted_by_resume(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    Spool.create(tmp_path, Began.of(BACKEND, "s", ["mic"], dialect=DEFAULT)).close()
    ended = await finish(tmp_path, rooms.net(echo))
    assert (ended.state, ended.transcript) == (State.CLOSED, ())
    assert empty(tmp_path)


async def test_a_session_that_has_only_not_been_cleaned_up(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    async with open_session(
        BACKEND, {"mic": Frames(50)}, connect=rooms.net(echo), spool=tmp_path, session_id="s"
    ) as session:
        async for update in session:
            if isinstance(update, Transcript) and update.end == 1.0:
                shutil.copytree(tmp_path / "s", tmp_path / "left")
    ended = await finish(tmp_path / "left", rooms.net(echo))
    assert ended.complete
    assert ended.transcript == session.transcript
    assert empty(tmp_path)


async def test_torn_sample_is_not_reported_missing(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    async def deaf(peer: Peer) -> None:
        await peer.open()
        await peer.serve(finish=False)

    async with open_session(
        BACKEND, {"mic": Frames(50)}, connect=rooms.net(deaf), spool=tmp_path, session_id="s"
    ):
        await trio.sleep(1.5)
    [path] = (tmp_path / "s").glob("*.pcm")
    os.truncate(path, 40 * 640)
    ended = await finish(tmp_path / "s", rooms.net(echo))
    # The torn rest left no trace, so the remaining audio counts as all of it.
    assert ended.complete
    assert whole(ended.transcript, 40)


# A disk that is full.


async def test_full_disk_is_reported_and_memory_is_used(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Spool.keep

    def keep(self: Spool, source: str, start: int, pcm: bytes) -> None:
        if start >= 30 * 320:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, source, start, pcm)

    monkeypatch.setattr(Spool, "keep", keep)
    updates: list[Update] = []
    async with open_session(
        BACKEND, {"mic": Frames(120)}, connect=rooms.net(echo), spool=tmp_path
    ) as session:
        async for update in session:
            updates.append(update)
            if isinstance(update, Trouble):
                [folder] = spooled_sessions(tmp_path)
                assert stored(folder) == 30
    [trouble] = [update for update in updates if isinstance(update, Trouble)]
    assert trouble.kind == "spool"
    assert "no space left on device" in trouble.text
    assert session.ended is not None
    assert session.ended.complete
    assert whole(session.transcript, 120)
    assert empty(tmp_path)


async def test_a_disk_that_fills_up_at_the_very_end_is_no_error(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An overflow is stored when the session ends, after the last update was read."""
    refused: list[object] = []

    def note(self: Spool, record: object) -> None:
        refused.append(record)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def mute(peer: Peer) -> None:
        await peer.open()
        await trio.sleep_forever()

    with trio.move_on_after(8.2):
        async with open_session(
            BACKEND,
            {"mic": Frames(1000)},
            connect=rooms.net(mute),
            random=lambda: 0.5,
            policy=TIGHT,
            dialect=Hasty(),
            spool=tmp_path,
            spool_limit=2 * 32_000,
        ):
            await trio.sleep(8.1)
            monkeypatch.setattr(Spool, "note", note)
            await trio.sleep_forever()
    assert [type(record) for record in refused] == [Lost]


# An outage that is longer than memory.


@pytest.mark.parametrize("spooled", [True, False])
async def test_an_outage_longer_than_memory(
    autojump_clock: MockClock,
    rooms: Rooms,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spooled: bool,
) -> None:
    begun = trio.current_time()
    fetched: list[int] = []
    real = Spool.read

    def read(self: Spool, source: str, start: int, samples: int) -> bytes:
        fetched.append(start)
        return real(self, source, start, samples)

    async def script(peer: Peer) -> None:
        if peer.number == 1:
            with trio.move_on_after(2.0):
                await echo(peer)
        elif trio.current_time() > begun + 10.0:
            await echo(peer)

    monkeypatch.setattr(Spool, "read", read)
    async with open_session(
        BACKEND,
        {"mic": Frames(750)},
        connect=rooms.net(script),
        random=lambda: 0.5,
        policy=TIGHT,
        dialect=Hasty(),
        spool=tmp_path if spooled else None,
    ) as session:
        ended = await to_its_end(session)
    assert ended.state is State.CLOSED
    assert ended.statistics.dials > 2
    assert bool(fetched) is spooled
    if spooled:
        assert (ended.complete, ended.missing) == (True, ())
        assert whole(ended.transcript, 750)
        assert empty(tmp_path)
        return
    assert all(gap.exact and gap.samples == gap.end - gap.start for gap in ended.missing)
    assert {gap.cause for gap in ended.missing} <= {GapCause.OVERFLOW, GapCause.UNPROVEN}
    lost = [at // 320 for gap in ended.missing for at in range(gap.start, gap.end, 320)]
    assert len(lost) > 200
    heard = covered(ended.transcript)
    assert sorted([*lost, *heard]) == list(range(750))


# What cannot work.


async def test_a_backend_that_refuses_leaves_the_folder_for_later(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    async def full(peer: Peer) -> None:
        await peer.open()
        with trio.move_on_after(1.0):
            await peer.serve(finish=False)

    async def refuse(peer: Peer) -> None:
        await peer.upgrade()
        await peer.send("status", state="error", message="Unauthorized")
        await peer.stream.send_all(close(1008))

    async with open_session(
        BACKEND, {"mic": Frames(100)}, connect=rooms.net(full), spool=tmp_path, session_id="s"
    ):
        await trio.sleep(1.0)
    folder = tmp_path / "s"
    before = stored(folder)
    net = rooms.net(refuse)
    other = Backend(port=5)
    async with resume_session(folder, backend=other, credentials="no", connect=net) as session:
        ended = await to_its_end(session)
    assert (ended.state, ended.complete) == (State.FAILED, False)
    assert [dial.backend for dial in net.dials] == [other] * len(net.dials)
    assert stored(folder) == before > 0
    assert (await finish(folder, rooms.net(echo))).complete


async def entered(block: AbstractAsyncContextManager[Session]) -> None:
    async with block:
        pass


async def test_failed_opening_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without sources"):
        open_session(BACKEND, {}, spool=tmp_path)
    with pytest.raises(ValueError, match="phone"):
        open_session(BACKEND, {"phone": Silent()}, spool=tmp_path, session_id="s")
    policy = Policy(buffer_seconds=1.0)
    with pytest.raises(ValueError, match="buffer_seconds"):
        open_session(BACKEND, {"mic": Silent()}, policy=policy, spool=tmp_path, session_id="s")
    assert empty(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    open_session(BACKEND, {"mic": Silent()}, spool=tmp_path)  # and never entered
    with pytest.raises(SpoolError):
        await entered(open_session(BACKEND, {"mic": Silent()}, spool=tmp_path / "file"))
    assert os.listdir(tmp_path) == ["file"]


async def test_failed_resume_releases_the_folder(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    with pytest.raises(SpoolError, match="no unfinished session is spooled there"):
        await entered(resume_session(tmp_path))
    assert empty(tmp_path)
    with pytest.raises(SpoolError, match="no such file or directory: give the folder of a"):
        await entered(resume_session(tmp_path / "nowhere"))
    with pytest.raises(SpoolError, match="file name too long: give the folder of a session"):
        await entered(resume_session(tmp_path / ("x" * 300)))
    with trio.move_on_after(1.0):
        async with open_session(
            BACKEND, {"mic": Frames(50)}, connect=rooms.net(echo), spool=tmp_path, session_id="s"
        ):
            await trio.sleep_forever()
    folder = tmp_path / "s"
    with pytest.raises(SpoolError, match="buffer_seconds"):
        await entered(resume_session(folder, policy=Policy(buffer_seconds=1.0)))
    log = (folder / "log").read_bytes()
    (folder / "log").write_bytes(b"")
    with pytest.raises(SpoolError, match="empty"):
        await entered(resume_session(folder))
    (folder / "log").write_bytes(log)
    Spool(folder).close()


class Quill(Hasty):
    """The default dialect under another name: only the name tells that it is another."""

    name = "quill"


async def test_session_is_resumed_in_its_dialect(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    with trio.move_on_after(1.0):
        async with open_session(
            BACKEND, {"mic": Frames(50)}, connect=rooms.net(echo), spool=tmp_path,
            session_id="s", dialect=Quill(), policy=TIGHT,
        ):  # fmt: skip
            await trio.sleep_forever()
    net = rooms.net(echo)
    with pytest.raises(SpoolError) as error:
        await entered(resume_session(tmp_path, connect=net))
    assert str(error.value) == (
        f"{tmp_path / 's'}: this session used quill, which is not built in: give that dialect"
    )
    with pytest.raises(SpoolError) as error:
        await entered(resume_session(tmp_path, connect=net, dialect=EchoPanel()))
    assert str(error.value) == (
        f"{tmp_path / 's'}: this session used quill, not echopanel: give that dialect"
    )
    assert net.dials == []
    async with resume_session(tmp_path, connect=net, dialect=Quill(), policy=TIGHT) as session:
        ended = await session.wait()
    assert ended.complete
    assert empty(tmp_path)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (None, {"language": "fr", "model": "nova-2"}),
        (Deepgram(language="de"), {"language": "de"}),  # as it is given
    ],
)
async def test_the_spool_says_the_dialect_and_its_options(
    given: Deepgram | None,
    options: dict[str, str],
    autojump_clock: MockClock,
    rooms: Rooms,
    tmp_path: Path,
) -> None:
    spoke = Deepgram(language="fr", model="nova-2")
    began = Began.of(BACKEND, "s", ["mic"], dialect=spoke)
    Spool.create(tmp_path / "spool", began).close()
    path = tmp_path / "journal"
    opening = resume_session(
        tmp_path / "spool", connect=rooms.net(echo), dialect=given, journal=path
    )
    async with opening as session:
        session.abort()
    with path.open("rb") as file:
        [journal] = read(file)
    assert journal.opening.dialect == "deepgram"
    assert journal.opening.dialect_options == options


async def test_log_without_a_dialect_is_resumed(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    began = Began(version=1, session_id="s", url=BACKEND.url, allow_plain=True, sources=("mic",))
    assert began.dialect is None
    for dialect in (None, Quill()):
        spool = Spool.create(tmp_path, began)
        spool.note(Confirmed("mic", 0))
        spool.keep("mic", 0, bytes(640))
        spool.close()
        connect = rooms.net(echo)
        async with resume_session(tmp_path, connect=connect, dialect=dialect) as session:
            assert (await session.wait()).complete


def journals(path: str) -> int:
    """How many a file holds."""
    with Path(path).open("rb") as file:
        return len(read(file))


async def test_paths_are_text_or_paths_and_the_folder_may_be_the_one_around_it(
    autojump_clock: MockClock, rooms: Rooms, tmp_path: Path
) -> None:
    spool, journal = str(tmp_path / "calls"), str(tmp_path / "journal")
    with trio.move_on_after(1.0):
        async with open_session(
            BACKEND, {"mic": Frames(50)}, connect=rooms.net(echo), spool=spool, journal=journal
        ):
            await trio.sleep_forever()
    [folder] = spooled_sessions(spool)
    assert folder.parent == Path(spool)
    async with resume_session(spool, connect=rooms.net(echo), journal=journal) as session:
        ended = await session.wait()
    assert ended.complete
    assert session.session_id == folder.name
    assert spooled_sessions(spool) == []
    assert journals(journal) == 2


async def test_several_sessions_are_named(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        Spool.create(tmp_path, Began.of(BACKEND, name, ["mic"], dialect=DEFAULT)).close()
    with pytest.raises(SpoolError) as error:
        await entered(resume_session(str(tmp_path)))
    assert str(error.value) == (
        f"{tmp_path}: 4 sessions are spooled there (a, b, c, …): give the folder of one"
    )
    (tmp_path / "d" / "log").unlink()
    with pytest.raises(SpoolError, match=r"3 sessions are spooled there \(a, b, c\): give"):
        await entered(resume_session(tmp_path))
