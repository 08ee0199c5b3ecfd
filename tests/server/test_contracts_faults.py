"""Every fault works in every contract: it strikes, and the contract's own words tell it."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from openline_server.contracts import CONTRACTS
from openline_server.injector import FaultInjector
from openline_server.recognizer import Echo, Hypothesis, Question, RecognizerError
from tests.server.wires import PIECE, Over, Talk, recorded

if TYPE_CHECKING:
    from tests.server.conftest import Refused, Talking

APPEND = {"type": "input_audio_buffer.append", "audio": base64.b64encode(PIECE).decode()}
APPEND_24 = APPEND | {"audio": base64.b64encode(bytes(4800)).decode()}


def first_of(sdk: str) -> str:
    """The first text that a maker's SDK sends."""
    lines = [line for line in recorded("sdk-handshakes") if line["sdk"] == sdk]
    return next(str(line["text"]) for line in lines if "text" in line)


@dataclass(frozen=True)
class Manners:
    """How a client of a contract behaves: what it dials, says first, sends and ends with."""

    path: str
    opening: tuple[object, ...]
    piece: object
    stop: object
    #: A part of the message that ends a session, or None if a close does.
    over: str | None = None


MANNERS = {
    "deepgram": Manners("/v1/listen?interim_results=true", (), PIECE, {"type": "CloseStream"}),
    "speechmatics": Manners(
        "/v2", (first_of("speechmatics"),), PIECE, {"message": "EndOfStream", "last_seq_no": 0}
    ),
    "assemblyai": Manners("/v3/ws?speech_model=u3-rt-pro", (), PIECE, {"type": "Terminate"}),
    "openai": Manners(
        "/v1/realtime", (first_of("openai"),), APPEND_24, {"type": "input_audio_buffer.commit"},
        ".completed",
    ),
    "vllm": Manners(
        "/v1/realtime",
        ({"type": "session.update", "model": "m"}, {"type": "input_audio_buffer.commit"}),
        APPEND, {"type": "input_audio_buffer.commit", "final": True}, "transcription.done",
    ),
    "soniox": Manners("/transcribe-websocket", (first_of("soniox"),), PIECE, ""),
    "vosk": Manners("/", ('{"config":{"sample_rate":16000}}',), PIECE, '{"eof" : 1}'),
    "whisperlive": Manners(
        "/",
        ({
            "uid": "u", "language": "en", "task": "transcribe", "model": "m",
            "audio_format": "int16",
        },),
        PIECE, b"END_OF_AUDIO",
    ),
    "whisperlivekit": Manners("/asr", (), PIECE, b"", "ready_to_stop"),
    "sherpa": Manners("/", (), bytes(6400), "Done", "Done!"),
}  # fmt: skip
#: Those that greet or acknowledge with a message.
ACKING = sorted(name for name in MANNERS if CONTRACTS[name].acks)
ALL = sorted(MANNERS)
Play = Callable[..., Awaitable[Talk]]


def said(client: Talk) -> str:
    """All that came, with Soniox' pieces of words put together."""
    text = "\n".join(client.texts)
    tokens: list[Any] = [t for message in client.messages for t in message.get("tokens", ())]
    return text + "".join(each["text"] for each in tokens if not isinstance(each, str))


@pytest.fixture
def play(talk: Talking) -> Play:
    """A session with faults: ``seconds`` of audio, then the stop, until it is over."""

    async def run(
        dialect: str,
        phrases: str = "",
        seconds: float = 3.0,
        *,
        pause: float = 0.0,
        **options: Any,
    ) -> Talk:
        how = MANNERS[dialect]
        hooks = FaultInjector(phrases) if phrases else None
        client = await talk(dialect, how.path, hooks=hooks, **options)
        with suppress(ConnectionClosed, Over):
            await client.send(*how.opening)
            for _ in range(round(seconds * 10)):
                await client.send(how.piece)
                await trio.sleep(0.1)
            await trio.sleep(pause)
            await client.send(how.stop)
            if how.over is not None:
                await client.until(how.over)
                await client.ws.aclose(1000)
        await client.end()
        return client

    return run


def test_every_contract_has_manners() -> None:
    assert set(MANNERS) == set(CONTRACTS) - {"echopanel"}


@pytest.mark.parametrize("dialect", ALL)
async def test_without_a_fault_all_words_come(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, seconds=2.5)
    assert client.code == 1000
    assert "0.00-2.00" in said(client)


class Failing(Echo):
    """Hears nothing: each segment fails, or takes ``seconds``."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self._seconds = seconds

    async def recognise(self, question: Question) -> Hypothesis | None:
        if question.segment.final:
            await trio.sleep(self._seconds)
            raise RecognizerError("no answer")
        return None


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize("seconds", [0.0, 300.0], ids=["at once", "past the stop"])
async def test_audio_that_was_not_recognised_is_not_taken_for_silence(
    autojump_clock: MockClock, play: Play, dialect: str, seconds: float
) -> None:
    """No contract here has a message for it; what would go on proves audio that nobody heard."""
    client = await play(dialect, seconds=2.5, recognizer=Failing(seconds))
    if (dialect, seconds) == ("whisperlive", 300.0):  # its end waits for and proves nothing
        assert client.code == 1000
        return
    assert (client.code, client.reason) == (1011, "audio was not recognised")
    over = MANNERS[dialect].over
    assert over is None or over not in said(client)


@pytest.mark.repeats
@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize(
    ("phrase", "code", "at"),
    [
        ("cut", 1006, 0.0),
        ("cut after ack", 1006, 0.0),
        ("cut after 1.05s", 1006, 1.05),
        ("cut after 12 frames", 1006, 1.1),
        ("reset after 1.05s", 1006, 1.05),
        ("close 1011 NET-0001 after 1.05s", 1011, 1.05),
        ("restart after 1.05s", 1012, 1.05),
        ("cut while finishing", 1006, 2.5),
        ("garbage bytes after 1.05s", 1002, 1.05),
    ],
)  # fmt: skip
async def test_the_connection_ends(
    autojump_clock: MockClock, play: Play, dialect: str, *, phrase: str, code: int, at: float
) -> None:
    client = await play(dialect, phrase, seconds=2.5)
    assert client.code == code or (phrase.startswith("garbage") and client.code in {1002, 1006})
    assert trio.current_time() == pytest.approx(at, abs=0.11)
    assert phrase.find("NET-0001") < 0 or client.reason == "NET-0001"


@pytest.mark.parametrize("dialect", ALL)
async def test_cut_mid_final_sends_no_whole_final(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "cut mid-final", seconds=2.5)
    assert client.code == 1006
    mark = CONTRACTS[dialect].final_mark.decode()
    assert not any(mark in text for text in client.texts)


@pytest.mark.parametrize("dialect", ALL)
async def test_cut_after_a_final_sends_it(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "cut after first final", seconds=2.5)
    assert client.code == 1006
    if dialect != "vosk":  # whose reply has to wait for the messages before it
        assert "0.00-2.00" in said(client)


@pytest.mark.parametrize("dialect", ALL)
async def test_handshake_is_refused(
    autojump_clock: MockClock, refused: Refused, dialect: str
) -> None:
    hooks = FaultInjector("refuse 503 retry-after 3")
    answer = await refused(dialect, MANNERS[dialect].path, hooks=hooks)
    assert answer.startswith("HTTP/1.1 503")
    assert "retry-after: 3" in answer.lower()


@pytest.mark.parametrize("dialect", ALL)
async def test_unauthorized_is_told_as_a_wrong_token_is(
    autojump_clock: MockClock, refused: Refused, talk: Talking, dialect: str
) -> None:
    contract, path = CONTRACTS[dialect], MANNERS[dialect].path
    if contract.unauthorized is not None:
        answer = await refused(dialect, path, hooks=FaultInjector("unauthorized"))
        assert answer.startswith(f"HTTP/1.1 {contract.unauthorized.status}")
    else:
        client = await talk(dialect, path, hooks=FaultInjector("unauthorized"))
        assert await client.end() == contract.denied.code
        assert client.reason == contract.denied.reason
        assert "rror" in client.texts[0]


@pytest.mark.parametrize("dialect", ACKING)
async def test_no_ack_sends_none(autojump_clock: MockClock, play: Play, dialect: str) -> None:
    (whole, faulty) = [await play(dialect, phrase, 0.2) for phrase in ("", "no ack")]
    assert len(faulty.texts) < len(whole.texts)


@pytest.mark.parametrize("dialect", sorted(set(ALL) - set(ACKING)))
async def test_without_an_ack_the_handshake_is_not_answered(
    autojump_clock: MockClock, refused: Refused, dialect: str
) -> None:
    assert await refused(dialect, MANNERS[dialect].path, hooks=FaultInjector("no ack")) == ""
    assert trio.current_time() == 10.0


@pytest.mark.parametrize("dialect", ALL)
async def test_an_error_is_told_and_ends_the_session(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, 'error 4005 "so it is" after 1.05s', seconds=2.5)
    tells = dialect not in {"vosk", "sherpa"}  # which have no message for it
    assert ("so it is" in said(client)) is tells
    assert client.code == {"whisperlive": 1000, "vosk": 1011, "sherpa": 1011}.get(dialect, 4005)
    assert trio.current_time() == pytest.approx(1.05, abs=0.11)


@pytest.mark.parametrize("dialect", ALL)
async def test_an_error_comes_instead_of_the_ack(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "error", seconds=2.5)
    assert "0.00" not in said(client)
    assert client.code in {1000, 1011, 3005, 4400}
    assert trio.current_time() < 0.2


@pytest.mark.parametrize("dialect", ALL)
async def test_a_session_that_is_too_long_ends_in_the_contracts_words(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "session limit 1.05s", seconds=2.5)
    words, code = {
        "deepgram": ("Metadata", 1011),
        "speechmatics": ("session_timeout", 1008),
        "assemblyai": ("3008", 3008),
        "openai": ("session_expired", 1001),
        "soniox": ("error_code", 1000),
        "vosk": ("", 1011),
        "whisperlive": ("DISCONNECT", 1000),
    }.get(dialect, ("", 1000))
    assert words in client.texts[-1]
    assert client.code == code
    assert trio.current_time() == pytest.approx(1.05, abs=0.11)


@pytest.mark.parametrize("dialect", ALL)
async def test_silence_of_the_client_ends_the_session(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "no keepalive 4s", seconds=1.0, pause=9.0)
    words, code = {
        "deepgram": ("Metadata", 1011),
        "speechmatics": ("idle_timeout", 1008),
        "assemblyai": ("Inactivity", 3005),
        "soniox": ("408", 1000),
    }.get(dialect, ("", 1000))
    assert words in client.texts[-1] if client.texts else not words
    assert client.code == code
    assert dialect != "deepgram" or client.reason == "NET-0001"


@pytest.mark.parametrize("dialect", ALL)
async def test_audio_keeps_a_session_that_wants_keepalives(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "no keepalive 0.5s", seconds=2.5)
    assert client.code == 1000
    assert "0.00-2.00" in said(client)


async def test_keepalive_keeps_a_session(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("deepgram", hooks=FaultInjector("no keepalive 5s"))
    for _ in range(4):
        await trio.sleep(4.0)
        await client.send('{"type":"KeepAlive"}')
    assert not client.code
    assert await client.end() == 1011
    assert trio.current_time() == 21.0


@pytest.mark.parametrize("dialect", ALL)
async def test_going_away_is_announced_where_the_contract_can(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "go away 0.5s after 1.05s", seconds=2.5)
    notice = {"speechmatics": "session_timeout", "assemblyai": '"Warning"'}.get(dialect)
    assert notice is None or any(notice in text for text in client.texts)
    assert client.code == {
        "speechmatics": 1008, "assemblyai": 3008, "soniox": 1000, "whisperlive": 1000,
    }.get(dialect, 1001)  # fmt: skip
    assert trio.current_time() == pytest.approx(1.55, abs=0.11)


@pytest.mark.repeats
@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize(
    "phrase",
    ["garbage after 1s", "slow 1.5x", "late 1s after 1s", "freeze 1s after 1s", "bom",
     "stall downlink 1s after 1s", "odd numbers", "odd times", "overlap", "lone dots"],
)  # fmt: skip
async def test_words_come_all_the_same(
    autojump_clock: MockClock, play: Play, dialect: str, phrase: str
) -> None:
    client = await play(dialect, phrase, seconds=4.5)
    assert client.code == 1000
    text = said(client).replace("\ufeff", "")
    if dialect != "soniox" or phrase not in {"bom", "garbage after 1s"}:
        assert "0.00-2.00" in text


@pytest.mark.parametrize("dialect", ALL)
async def test_deaf_says_nothing(autojump_clock: MockClock, play: Play, dialect: str) -> None:
    client = await play(dialect, "deaf; cut after 4s", seconds=4.5)
    assert "2.00" not in said(client)


@pytest.mark.parametrize("dialect", sorted(set(ALL) - {"whisperlive"}))
async def test_slow_flush_and_no_summary(
    autojump_clock: MockClock, play: Play, dialect: str
) -> None:
    client = await play(dialect, "slow flush 20s", seconds=0.5)
    slow = trio.current_time()
    assert slow >= 20.0
    assert "0.00-0.50" in said(client)
    client = await play(dialect, "no summary; cut after 20s", seconds=0.5)
    assert client.code == 1006
    assert trio.current_time() == pytest.approx(slow + 20.0)


@pytest.mark.parametrize("dialect", ALL)
async def test_no_session_is_free(autojump_clock: MockClock, talk: Talking, dialect: str) -> None:
    client = await talk(dialect, MANNERS[dialect].path, hooks=FaultInjector("capacity"))
    with suppress(ConnectionClosed):
        await client.send(*MANNERS[dialect].opening)
    words, code = {
        "speechmatics": ("quota_exceeded", 4005),
        "assemblyai": ("3009", 3009),
        "soniox": ("429", 1000),
        "whisperlive": ("WAIT", 1000),
    }.get(dialect, ("", 1013))
    assert await client.end() == code
    assert words in json.dumps(client.messages)
