"""A session meets every fault there is and loses nothing: the real backend, in virtual time.

The session dials the reference backend over streams in memory. The audio of all dials, put
together, is all the captured audio, and the finals cover it without overlap.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from openline.backend import Backend
from openline.dialects.echopanel import TRAITS
from openline.policy import Policy
from openline.updates import Ended, GapCause
from openline_server import FaultInjector, Server, ServerConfig
from openline_server.faults import Effect
from openline_server.misreports import MISREPORTS
from openline_server.recognizer import Echo
from openline_store.spool import spooled_sessions
from openline_trio import open_session, resume_session
from tests.e2e.support_memory import in_memory
from tests.support_hearing import judge_audio, read_ledgers
from tests.support_oracle import CodedSource, received, union

#: The last second is in no final before the stop.
SECONDS = 11.0
PATIENT = Policy(finish_timeout=60)
#: Faults that a session survives without loss, and the number of dials it needs.
WHOLE = {
    "cut": 2,
    "cut after accept": 2,
    "cut after ack": 2,
    "cut after 5s": 2,
    "cut after 200 frames": 2,
    "cut after first final": 2,
    "cut while finishing": 2,
    "cut after summary": 1,
    "cut mid-frame": 2,
    "cut mid-frame after 3s": 2,
    "cut mid-final": 2,
    "cut mid-final on dials 1-3": 4,
    "reset after 5s": 2,
    "close after 5s": 2,
    "ack then close": 2,
    "close 1001 after 5s": 2,
    "close 1013 retry-after 4 after 5s": 2,
    "restart after 5s": 2,
    "crash 3s after first final": 2,
    "refuse 503 retry-after 2": 2,
    "refuse 502": 2,
    "refuse 5s": 1,
    "capacity": 2,
    "no ack": 2,
    "no pong": 1,  # transcripts confirm as much
    "no keepalive 2s": 1,  # audio is as good
    "session limit 5s": 2,
    "go away 2s after 5s": 2,
    "freeze 2s after 5s": 1,
    "freeze 25s after 5s": 3,
    "half-open": 2,
    "half-open after 5s": 2,
    "half-open while finishing": 2,
    "stall uplink 3s after 5s": 1,
    "stall uplink 8s after 5s": 1,
    "stall uplink 30s after 5s": 2,
    "stall downlink 3s after 5s": 1,
    "stall downlink 30s after 5s": 2,
    "slow 1.5x": 1,
    "slow 3x": 1,
    "stuck after 2 finals": 2,
    "garbage after 5s": 1,
    "garbage on every dial": 1,
    "garbage bytes after 5s": 2,
    "cut after 0.4s on dials 1-5; refuse 502 on dials 6-7; freeze 3s after ack on dial 8": 8,
}  # fmt: skip
#: Faults that end a session, or cause a loss: tested below; and those of a recogniser, in
#: ``test_heard``.
ELSEWHERE = {
    Effect.UNAUTHORIZED, Effect.ERROR, Effect.REDIRECT, Effect.NO_SUMMARY, Effect.DROP,
    Effect.IGNORE, Effect.QUEUE, Effect.LATE, Effect.SLOW_FLUSH, *MISREPORTS,
    Effect.ERROR_WITHOUT_CODE,  # here no error has a code
    Effect.OLDER_SERVER, Effect.CPP_SERVER, Effect.FAILED_ITEM,  # in ``test_variants``
}  # fmt: skip


async def run_to_end(
    phrases: str, record: Path, seconds: float = SECONDS, policy: Policy = PATIENT
) -> tuple[Ended, FaultInjector, Server]:
    """A session to its end against a backend on which these faults strike."""
    injector = FaultInjector(phrases)
    config = ServerConfig(recognizer="echo", record=record)
    server = Server(config, Echo(), injector)
    async with in_memory(server) as connect, open_session(
        Backend(), {"mic": CodedSource(seconds)}, policy=policy,
        connect=connect, random=lambda: 0.5,
    ) as session:  # fmt: skip
        ended = await session.wait()
    return ended, injector, server


def check_whole(ended: Ended, record: Path, seconds: float = SECONDS) -> None:
    """Everything arrived, and everything was finalised once."""
    samples = CodedSource(seconds).samples
    # What cannot be read may have held words, so such a session is not complete.
    assert ended.complete == (not ended.statistics.untold), ended
    assert not ended.missing
    runs = received(record, "mic")
    assert union(piece for pieces in runs for piece in pieces) == [(0, samples)]
    finals = [(round(t.start * 16_000), round(t.end * 16_000)) for t in ended.transcript]
    assert all(a[1] <= b[0] for a, b in pairwise(finals))
    assert union(finals) == [(0, samples)]
    heard = read_ledgers(record, "mic")
    assert judge_audio([(0, samples)], heard, ended.transcript, ended.missing) == []


@pytest.mark.parametrize("phrases", WHOLE)
async def test_a_session_loses_nothing(
    autojump_clock: MockClock, phrases: str, tmp_path: Path
) -> None:
    ended, injector, server = await run_to_end(phrases, tmp_path)
    assert injector.struck, "the fault did not happen"
    check_whole(ended, tmp_path)
    unreadable = phrases in {"garbage after 5s", "garbage on every dial"}
    assert (ended.statistics.untold > 0) == unreadable
    assert server.accepted == WHOLE[phrases]


async def test_slow_backend_fills_the_buffer_and_every_loss_is_reported(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    policy = Policy(finish_timeout=600, buffer_seconds=60)
    ended, _, server = await run_to_end("slow 3x", tmp_path, 160.0, policy)
    samples = CodedSource(160.0).samples
    [runs] = received(tmp_path, "mic")
    assert server.accepted == 1
    assert ended.missing
    assert all(gap.exact and gap.cause is GapCause.OVERFLOW for gap in ended.missing)
    lost = [(gap.start, gap.end) for gap in ended.missing]
    assert union([*runs, *lost]) == [(0, samples)]
    assert sum(end - start for start, end in [*runs, *lost]) == samples
    assert ended.statistics.sources["mic"].missing == sum(end - start for start, end in lost)


async def test_garbage_is_counted(autojump_clock: MockClock, tmp_path: Path) -> None:
    ended, _, _ = await run_to_end("garbage after 5s", tmp_path)
    assert ended.statistics.malformed > 20


@pytest.mark.parametrize(
    ("phrases", "reason"), [("unauthorized", "Unauthorized"), ("error", "a fault was asked for")]
)
async def test_a_refusal_is_the_end(
    autojump_clock: MockClock, phrases: str, reason: str, tmp_path: Path
) -> None:
    ended, _, server = await run_to_end(phrases, tmp_path)
    assert reason in ended.reason
    assert (server.accepted, ended.state) == (1, "failed")


async def test_words_that_stay_partial_at_the_end_are_reported(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    ended, _, server = await run_to_end("no last final", tmp_path)
    assert (ended.complete, ended.missing, server.accepted) == (False, (), 1)
    assert ended.reason == "the backend's last words never became final"
    assert (ended.statistics.unfinal, ended.transcript[-1].end) == (1, 10.0)


async def test_words_that_stay_partial_come_when_the_session_is_resumed(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    spool, record = tmp_path / "spool", tmp_path / "record"
    config = ServerConfig(recognizer="echo", record=record)
    server = Server(config, Echo(), FaultInjector("no last final"))
    async with in_memory(server) as connect:
        async with open_session(
            Backend(), {"mic": CodedSource(SECONDS)}, policy=PATIENT,
            connect=connect, random=lambda: 0.5, spool=spool,
        ) as session:  # fmt: skip
            ended = await session.wait()
        assert (ended.complete, ended.statistics.unfinal) == (False, 1)
        [folder] = spooled_sessions(spool)
        async with resume_session(folder, connect=connect) as session:
            ended = await session.wait()
    assert ended.complete
    assert [(each.start, each.end) for each in ended.transcript][-1] == (10.0, SECONDS)
    assert not folder.exists()


async def test_a_redirect_is_followed(autojump_clock: MockClock, tmp_path: Path) -> None:
    ended, _, server = await run_to_end("redirect /ws/live-listener?again", tmp_path)
    check_whole(ended, tmp_path)
    assert server.accepted == 2


async def test_missing_summary_is_awaited_only_for_its_timeout(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    ended, _, _ = await run_to_end("no summary on every dial", tmp_path)
    assert ended.state == "closed"
    assert trio.current_time() == pytest.approx(SECONDS + 60 + TRAITS.horizon, abs=15)


async def test_audio_the_backend_dropped_is_a_gap(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    ended, _, _ = await run_to_end("drop 2s after 100 frames", tmp_path)
    dropped = [gap for gap in ended.missing if gap.cause is GapCause.BACKEND]
    assert sum(gap.samples for gap in dropped) == 32_000
    assert not any(gap.exact for gap in dropped)  # the backend reports a count, not a place


def test_no_fault_is_left_out() -> None:
    met = {fault.effect for phrases in WHOLE for fault in FaultInjector(phrases).faults}
    assert met | ELSEWHERE == set(Effect)
