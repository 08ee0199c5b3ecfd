"""A session with a server that differs from the one of today: an older one, or Vosk's in C++.

As in ``test_dialects``, the audio names its own frames, and each has to be told once.
"""

from __future__ import annotations

from typing import Any

import pytest
from trio.testing import MockClock

from openline.backend import Backend
from openline.dialects.openai import OpenAI
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline.dialects.vosk import Vosk
from openline.dialects.whisperlive import WhisperLive
from openline.reconnect.verdicts import Action
from openline.updates import Ended, State, Trouble, Update
from openline_server import FaultError, FaultInjector, Server, ServerConfig, parse_faults
from openline_trio import open_session
from tests.e2e.support_memory import in_memory
from tests.e2e.test_dialects import CALM, Run
from tests.support_levels import LevelReader, Levels


async def play(dialect: Dialect, faults: str, seconds: float = 5.0) -> Run:
    """A session over streams in memory, to its end."""
    updates: list[Update] = []
    source = Levels(seconds)
    hooks = FaultInjector(parse_faults(faults, dialect=dialect.name))
    name: Any = dialect.name
    server = Server(ServerConfig(recognizer="echo", dialect=name), LevelReader(), hooks)
    async with in_memory(server) as connect, open_session(
        Backend.from_url(server.url), {dialect.traits.names[0]: source}, dialect=dialect,
        policy=CALM, credentials="a-key", connect=connect, random=lambda: 0.5,
    ) as session:  # fmt: skip
        updates = [update async for update in session]
    assert {strike.fault for strike in hooks.struck} == set(hooks.faults)
    ended = updates[-1]
    assert isinstance(ended, Ended)
    return Run(ended, updates, source.spoken)


@pytest.mark.parametrize("name", sorted(BUILT_IN.keys() - {"echopanel", "sherpa", "vosk"}))
async def test_an_error_without_a_code_is_tried_again(autojump_clock: MockClock, name: str) -> None:
    """No code says that it is futile, so the session goes on, and its text is the reason."""
    dialect = BUILT_IN[name]
    run = await play(dialect, 'error without code "so it is" after 20 frames')
    run.check_whole()
    (retry,) = run.retries()
    assert "so it is" in retry.reason


@pytest.mark.parametrize("detection", ["server_vad", "none"])
async def test_a_transcription_that_fails_for_a_limit_is_asked_again_later(
    autojump_clock: MockClock, detection: str
) -> None:
    dialect = OpenAI(turn_detection=detection, commit_every=2.0)
    run = await play(dialect, "failed item")
    run.check_whole()
    (retry,) = run.retries()
    assert retry.action is Action.LATER
    assert "429 Too Many Requests" in retry.reason


async def test_a_transcription_that_fails_for_the_quota_is_the_end(
    autojump_clock: MockClock,
) -> None:
    dialect = BUILT_IN["openai"]
    run = await play(dialect, 'failed item "insufficient_quota"')
    assert (run.ended.state, run.ended.statistics.dials) == (State.FAILED, 1)
    assert "no quota left" in run.ended.reason


async def test_a_transcription_that_fails_for_itself_is_a_gap(autojump_clock: MockClock) -> None:
    dialect = BUILT_IN["openai"]
    run = await play(dialect, 'failed item "audio_unintelligible"')
    assert run.ended.statistics.dials == 1
    assert not run.ended.complete
    assert run.ended.missing


async def test_the_vosk_server_in_cpp(autojump_clock: MockClock) -> None:
    """It answers the configuration, knows no reset and never closes behind its last words."""
    dialect = Vosk(resets=False)
    run = await play(dialect, "cpp server on every dial; cut after 30 frames", 6.0)
    run.check_whole()
    assert run.ended.statistics.dials == 2


@pytest.mark.parametrize("name", ["whisperlive", "sherpa"])
async def test_an_older_server(autojump_clock: MockClock, name: str) -> None:
    dialect = WhisperLive(audio_format="float32") if name == "whisperlive" else BUILT_IN[name]
    faults = "older server on every dial; cut after 30 frames"
    run = await play(dialect, faults, 6.0)
    run.check_whole()
    assert run.ended.statistics.dials == 2
    assert not any(isinstance(each, Trouble) for each in run.updates)


@pytest.mark.parametrize(
    ("phrase", "dialects"),
    [("cpp server", "vosk"), ("failed item", "openai"), ("older server", "whisperlive or sherpa")],
)
def test_a_fault_of_another_dialect_is_refused(phrase: str, dialects: str) -> None:
    with pytest.raises(FaultError) as told:
        parse_faults(f"cut; {phrase}", dialect="deepgram")
    assert str(told.value).endswith(
        f'fault "{phrase}": only {dialects} has it, and this is deepgram: give --dialect'
        f" {dialects.split(maxsplit=1)[0]}, or leave it out"
    )
