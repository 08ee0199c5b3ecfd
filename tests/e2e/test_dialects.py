"""Every dialect against the reference backend in its own contract, over real sockets.

The source's audio names its own frames, and the recogniser says which frames it heard
(``support_levels``). So a session is right if its finals name each frame once and in order,
whatever happened to the line, and whatever the contract does with times, words and proof.

A fault is placed by the audio that arrived, not by time: ``AUDIO`` in its text is the number
of messages that hold the seconds in front of it. No test waits for a time to pass; the limits
are for a session that never ends. Time stands still while the loop computes
(``support_clock``), so that a busy machine loses no pong.
"""

from __future__ import annotations

import copy
import json
import re
import sys
import wave
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest
import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import Ends
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import Ended, State, StateChanged, Transcript, Trouble, Update
from openline_server import FaultInjector, ServerConfig
from openline_server.config import DialectName
from openline_server.port import open_port
from openline_server.server import Server
from openline_trio import open_session
from tests.support_clock import WaitedClock
from tests.support_levels import LevelReader, Levels, level, numbers_in, once_each, told

NAMES: Final = tuple(BUILT_IN)
#: The servers without credentials.
KEYLESS: Final = ("sherpa", "vosk")
#: One that needs a greeting, one with credentials, and one that never ends a session.
COMMANDED: Final = ("whisperlivekit", "deepgram", "whisperlive")
#: The backends that give each word its times.
WORD_TIMES: Final = ("assemblyai", "deepgram", "sherpa", "soniox", "speechmatics", "vosk")
#: The backends whose error messages say that the same would fail again.
FUTILE: Final = ("echopanel",)
#: The backends without error messages.
WORDLESS: Final = ("sherpa", "vosk")
#: The close codes that mean something else than in the verdict table, or say why.
CODES: Final = [(name, code) for name in NAMES for code in sorted(BUILT_IN[name].traits.codes)]
#: The backends that say which language they heard.
LANGUAGES: Final = ("speechmatics",)

PROMPT: Final = Policy(
    backoff_first=0.1, backoff_cap=0.2, later_floor=0.1, ping_interval=0.5, pong_timeout=1.0,
    proof_timeout=1.0,
)  # fmt: skip
#: Without pings: one that meets a close of the server may cost its close frame (the head comment
#: of ``openline_server.server``).
CALM: Final = replace(PROMPT, ping_interval=30.0, pong_timeout=5.0)
#: Audio goes this many times as fast as time, and the server's recogniser takes it faster.
SPEED: Final = 16.0
LIMIT: Final = 60.0

every = pytest.mark.parametrize("name", NAMES)


def quick(dialect: Dialect, **traits: Any) -> Dialect:
    """The dialect without its pace, which would only make a test slow, and with other traits."""
    if dialect.traits.pace is not None:
        traits.setdefault("pace", 2 * SPEED)
    changed = copy.copy(dialect)
    object.__setattr__(changed, "traits", msgspec.structs.replace(dialect.traits, **traits))
    return changed


@asynccontextmanager
async def serving(dialect: Dialect, faults: str = "", **options: Any) -> AsyncGenerator[Server]:
    """A server of the dialect's contract that reads levels; ``faults`` may say ``3 AUDIO``."""
    name: Any = dialect.name
    per_second = 1 / dialect.traits.form.usual
    placed = re.sub(
        r"(\d+) AUDIO", lambda found: f"{int(found[1]) * per_second:.0f} frames", faults
    )
    config = ServerConfig(
        port=0, recognizer="echo", dialect=name, capacity_wait=0.2, drain_rate=4 * SPEED, **options
    )  # fmt: skip
    hooks = FaultInjector(placed or ())
    async with open_port(config) as port, trio.open_nursery() as nursery:
        server = Server(config, LevelReader(), hooks)
        server.host, server.port = port.host, port.number
        nursery.start_soon(server.run, port)
        yield server
        struck = {strike.fault for strike in hooks.struck}
        assert struck == set(hooks.faults), "a fault did not strike"
        nursery.cancel_scope.cancel()


@dataclass
class Run:
    """A session that has ended, and what it was fed."""

    ended: Ended
    updates: list[Update]
    spoken: list[int]

    def states(self) -> list[State]:
        return [each.state for each in self.updates if isinstance(each, StateChanged)]

    def retries(self) -> list[StateChanged]:
        """Why it dialled again, each time."""
        return [
            each for each in self.updates
            if isinstance(each, StateChanged) and each.state is State.RECONNECTING
        ]  # fmt: skip

    def check_whole(self, *, torn: int = 0) -> None:
        """Every frame is told once and in order, and the account says so."""
        assert once_each(told(self.ended.transcript), self.spoken, torn) == ""
        assert (self.ended.complete, self.ended.reason) == (True, "finished")
        assert self.ended.missing == ()
        (account,) = self.ended.accounts.values()
        assert account.confirmed + account.told + account.assumed == account.captured
        assert account.missing == 0


async def stream(
    server: Server, dialect: Dialect, source: Levels, policy: Policy = PROMPT, key: str = "a-key"
) -> Run:
    updates: list[Update] = []
    backend = Backend.from_url(server.url)
    sources = {dialect.traits.names[0]: source}
    with trio.fail_after(LIMIT):
        async with open_session(
            backend, sources, dialect=dialect, policy=policy, credentials=key
        ) as session:
            updates = [update async for update in session]
    ended = updates[-1]
    assert isinstance(ended, Ended)
    return Run(ended, updates, source.spoken)


def test_every_dialect_has_a_contract() -> None:
    """A dialect that has none yet is not covered by these tests."""
    assert set(NAMES) == set(get_args(DialectName))


# A session without a fault.


@every
async def test_a_session(waited_clock: WaitedClock, name: str) -> None:
    dialect = BUILT_IN[name]
    if name in WORD_TIMES:  # the server divides its segments over the words, silence and all
        dialect = quick(dialect, tail=0.0)
    async with serving(dialect) as server:
        run = await stream(server, dialect, Levels(3.1, speed=SPEED))
    run.check_whole()
    assert run.ended.statistics.dials == 1
    assert run.ended.statistics.malformed == run.ended.statistics.untold == 0
    assert not any(isinstance(each, Trouble) for each in run.updates)
    for each in run.ended.transcript:
        check_times(name, each)


def check_times(name: str, final: Transcript) -> None:
    """The times and the language of a final, and of its words, where the contract has them."""
    frames = numbers_in(final.text)
    assert final.start == pytest.approx(frames[0] / 50, abs=0.05)
    if name in WORD_TIMES:
        assert [word.text for word in final.words] == final.text.split()
        for word in final.words:
            first = numbers_in(word.text)[0]
            assert word.start == pytest.approx(first / 50, abs=0.05)
            assert word.end is not None
            assert word.start is not None
            assert word.start < word.end <= final.end + 0.001
    if name in LANGUAGES:
        assert final.language == "en"


@every
async def test_silence_and_a_pause(waited_clock: WaitedClock, name: str) -> None:
    """Muted audio, then no audio at all: the line holds, also where a server wants keepalives."""
    dialect, faults = quick(BUILT_IN[name]), ""
    if dialect.traits.keepalive is not None:
        dialect, faults = quick(dialect, keepalive=0.15), "no keepalive 500ms"
    source = Levels(9, speed=SPEED, silence=range(120, 300), pause_at=280, pause=1.0)
    async with serving(dialect, faults) as server:
        run = await stream(server, dialect, source)
    run.check_whole()
    assert run.ended.statistics.dials == 1


async def test_a_source_that_is_muted_within_an_utterance(waited_clock: WaitedClock) -> None:
    """No silence follows, which the VAD waits for: the utterance is committed all the same."""
    name = "openai"
    dialect = quick(BUILT_IN[name], flush_idle=0.15, horizon=0.8)
    source = Levels(5, speed=SPEED, pause_at=160, pause=3.0)
    async with serving(dialect) as server:
        run = await stream(server, dialect, source, replace(PROMPT, proof_timeout=0.4))
    run.check_whole()
    assert run.ended.statistics.dials == 1
    assert not any(isinstance(each, Trouble) for each in run.updates)


# A line that is lost.


@every
async def test_two_cuts(waited_clock: WaitedClock, name: str) -> None:
    """Each within a final that is not told yet."""
    dialect = quick(BUILT_IN[name])
    faults = "cut after 3 AUDIO on dial 1; cut mid-frame after 3 AUDIO on dial 2"
    async with serving(dialect, faults) as server:
        run = await stream(server, dialect, Levels(8, speed=SPEED))
    run.check_whole()
    assert run.ended.statistics.dials == 3
    if dialect.traits.ends is Ends.EXACT:
        assert not any(each.seam for each in run.ended.transcript)


@every
async def test_a_cut_while_finishing(waited_clock: WaitedClock, name: str) -> None:
    """The last words come over the next dial, whichever of them came before."""
    dialect = quick(BUILT_IN[name])
    if dialect.traits.settle:
        pytest.skip("it is sent no stop, so no fault can strike behind one")
    async with serving(dialect, "cut after stop") as server:
        run = await stream(server, dialect, Levels(5, speed=SPEED))
    run.check_whole()


@every
async def test_a_server_that_freezes(waited_clock: WaitedClock, name: str) -> None:
    dialect = quick(BUILT_IN[name], pong_patience=None)
    watchful = replace(PROMPT, ping_interval=0.1, pong_timeout=0.3)
    async with serving(dialect, "freeze 700ms after 3 AUDIO") as server:
        run = await stream(server, dialect, Levels(6, speed=SPEED), watchful)
    run.check_whole()
    assert run.ended.statistics.dials > 1


@every
async def test_a_server_that_restarts(waited_clock: WaitedClock, name: str) -> None:
    dialect = quick(BUILT_IN[name])
    policy = replace(PROMPT, scatter=0.1)
    async with serving(dialect, "restart 200ms after 3 AUDIO") as server:
        run = await stream(server, dialect, Levels(6, speed=SPEED), policy)
    run.check_whole()
    assert run.retries()[0].action is Action.RETRY


@every
async def test_a_deaf_server(waited_clock: WaitedClock, name: str) -> None:
    """It answers pings and says nothing: that is noticed, and the next dial hears all."""
    dialect = quick(BUILT_IN[name], horizon=0.8)
    policy = replace(PROMPT, proof_timeout=0.4)
    async with serving(dialect, "deaf on dial 1") as server:
        run = await stream(server, dialect, Levels(7, speed=4.0), policy)
    is_told = any(isinstance(each, Trouble) and each.kind == "deaf" for each in run.updates)
    assert is_told or "transcribed and drained none of it" in run.retries()[0].reason
    run.check_whole()


# A line that the backend ends, or that is replaced before that.


@every
async def test_a_dial_that_is_replaced(waited_clock: WaitedClock, name: str) -> None:
    """Before the end of its life, which is known: no retry, and every frame once."""
    dialect = quick(BUILT_IN[name], longest=60.0)
    # Traits have no life so short, for dialling takes seconds. Here it does not.
    msgspec.structs.force_setattr(dialect.traits, "longest", 6.0)
    async with serving(dialect) as server:
        source = Levels(7, speed=4.0)
        run = await stream(server, dialect, source, replace(PROMPT, stable_after=0.2))
    run.check_whole()
    assert State.DRAINING in run.states()
    assert run.retries() == []
    assert run.ended.statistics.dials > 1


@every
async def test_a_session_limit(waited_clock: WaitedClock, name: str) -> None:
    """One that the dialect does not expect, in the contract's words."""
    dialect = quick(BUILT_IN[name])
    async with serving(dialect, "session limit 600ms") as server:
        run = await stream(server, dialect, Levels(8, speed=8.0), CALM)
    run.check_whole()
    assert [each.action for each in run.retries()] == [Action.RETRY]


@every
async def test_a_server_that_goes_away(waited_clock: WaitedClock, name: str) -> None:
    """With a notice, where the contract has one."""
    dialect = quick(BUILT_IN[name])
    async with serving(dialect, "go away 200ms after 2 AUDIO") as server:
        run = await stream(server, dialect, Levels(6, speed=8.0), CALM)
    run.check_whole()
    assert [each.action for each in run.retries()] == [Action.RETRY]


@every
async def test_an_error_of_the_server(waited_clock: WaitedClock, name: str) -> None:
    """Its text is in the reason, and it is tried again, unless it says that this is futile."""
    dialect = quick(BUILT_IN[name])
    async with serving(dialect, 'error "so it is" after 2 AUDIO') as server:
        run = await stream(server, dialect, Levels(5, speed=SPEED), CALM)
    if name in FUTILE:
        assert run.ended.statistics.dials == 1
        assert "so it is" in run.ended.reason
        return
    run.check_whole()
    (retry,) = run.retries()
    assert name in WORDLESS or "so it is" in retry.reason


@pytest.mark.parametrize(("name", "code"), CODES)
async def test_a_close_code_of_its_own(waited_clock: WaitedClock, name: str, code: int) -> None:
    """It means on a real socket what the dialect's table says."""
    dialect = quick(BUILT_IN[name])
    rule = dialect.traits.codes[code]
    async with serving(dialect, f"close {code} after 2 AUDIO") as server:
        run = await stream(server, dialect, Levels(4, speed=SPEED), CALM)
    if rule.action in {Action.RETRY, Action.LATER} or rule.weather:
        run.check_whole()
        # What a server rejects that accepted it before may be a deploy: later.
        expected = Action.LATER if rule.weather else rule.action
        assert [each.action for each in run.retries()] == [expected]
        assert (rule.weather or rule.why) in run.retries()[0].reason
    else:
        assert (run.ended.state, run.ended.statistics.dials) == (State.FAILED, 1)
        assert rule.why in run.ended.reason


# A server that refuses.


@every
async def test_a_full_server(waited_clock: WaitedClock, name: str) -> None:
    """It is asked again, later."""
    dialect = quick(BUILT_IN[name])
    async with serving(dialect, "capacity on dial 1") as server:
        run = await stream(server, dialect, Levels(4, speed=SPEED))
    assert [each.action for each in run.retries()] == [Action.LATER]
    run.check_whole()


@every
async def test_a_wrong_key(waited_clock: WaitedClock, name: str) -> None:
    """One dial, one line, and the key is in no line."""
    dialect = quick(BUILT_IN[name])
    async with serving(dialect, token="the-right-key") as server:
        run = await stream(server, dialect, Levels(2, speed=SPEED), key="a-wrong-key")
    if name in KEYLESS:
        run.check_whole()
        return
    ended = run.ended
    assert (ended.state, ended.complete, ended.statistics.dials) == (State.FAILED, False, 1)
    assert ended.action is Action.FATAL
    assert "refused" in ended.reason
    assert "\n" not in ended.reason
    assert "key" not in ended.reason.replace("API key", "").replace("the key", "")
    (account,) = ended.accounts.values()
    assert account.missing == account.captured


# The command.


def write_wave(path: Path, source: Levels) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"".join(level(number) for number in range(source.count)))
    return path


@pytest.mark.parametrize("name", COMMANDED)
async def test_the_command(name: str, tmp_path: Path) -> None:
    """``openline stream --dialect``: status 0, and every frame in the finals that it prints."""
    source = Levels(3)
    recording = write_wave(tmp_path / "levels.wav", source)
    dialect = BUILT_IN[name]
    async with serving(dialect) as server:
        command = [sys.executable, "-m", "openline_cli", "stream", str(recording), "--json"]
        command += ["--dialect", name, "--url", server.url, "--speed", "8"]
        with trio.fail_after(LIMIT):
            done = await trio.run_process(
                command, check=False, capture_stdout=True, capture_stderr=True
            )
    assert (done.returncode, done.stderr) == (0, b"")
    updates: list[Mapping[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    finals = [each for each in updates if each["update"] == "transcript" and each["final"]]
    said = [number for each in finals for number in numbers_in(each["text"])]
    assert once_each(said, source.spoken) == ""
    assert (updates[-1]["update"], updates[-1]["complete"]) == ("ended", True)
