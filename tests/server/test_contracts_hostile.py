"""Clients that send what no contract foresees: each contract answers or ends, and none crashes."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from openline_server.contract import MalformedMessageError, Refusal
from openline_server.contracts import CONTRACTS
from openline_server.contracts.base import Ending, Reply
from openline_server.injector import FaultInjector
from tests.server.test_contracts_faults import MANNERS
from tests.server.wires import ending_of, opened

if TYPE_CHECKING:
    from openline_server.server import Server
    from tests.server.conftest import Refused, Serving, Talking

EVERY = sorted(CONTRACTS)
#: A value of each JSON type, where a contract wants another; the last is half a character.
VALUES: list[Any] = [None, True, 5, -1e300, "x", [], [1], {}, {"a": []}, "\ud800"]
#: What a message holds for each contract that reads one.
WHOLE: list[dict[str, Any]] = [
    {"type": "session.update", "model": "m", "session": {"audio": {"input": {
        "format": {"type": "audio/pcm", "rate": 24000}, "turn_detection": None}}}},
    {"type": "input_audio_buffer.append", "audio": "AAAA"},
    {"type": "input_audio_buffer.commit", "final": True},
    {"message": "StartRecognition", "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
     "transcription_config": {"language": "en"}},
    {"model": "m", "audio_format": "pcm_s16le", "sample_rate": 16000, "num_channels": 1},
    {"uid": "u", "language": "en", "task": "t", "model": "m", "audio_format": "int16",
     "send_last_n_segments": 3},
    {"config": {"sample_rate": 16000, "words": True, "max_alternatives": 1}},
    {"type": "start", "session_id": "s", "attempt_id": "a", "connection_id": "c",
     "sample_rate": 16000, "format": "pcm_s16le", "channels": 1, "client_features": {}},
    {"type": "audio", "source": "mic", "data": "AAAA"},
]  # fmt: skip


def spoilt(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The message with each of its members, at any depth, replaced by each value."""
    found = [message | {name: value} for name in message for value in VALUES]
    inner: dict[str, dict[str, Any]] = {n: v for n, v in message.items() if isinstance(v, dict)}
    for name, each in inner.items():
        found += [message | {name: other} for other in spoilt(each)]
    return found


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("message", WHOLE, ids=lambda message: next(iter(message.values())))
def test_no_value_of_a_message_crashes_a_contract(name: str, message: dict[str, Any]) -> None:
    for each in [message, *spoilt(message), *VALUES]:
        talk = opened(name)
        for _ in range(2):  # the first may have begun the session
            try:
                actions = talk.read(json.dumps(each))
            except (Refusal, MalformedMessageError):
                break
            for action in actions:
                for told in action.messages if isinstance(action, Reply) else ():
                    text = told if isinstance(told, str) else talk.encode(told)
                    assert text.encode()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("target", ["//[x", "//[x?token=t", "http://[", "/\u2100//"])
def test_no_path_crashes_a_contract(name: str, target: str) -> None:
    contract = CONTRACTS[name]
    assert contract.any_path is (contract.refuse(target) is None)
    judged = contract.judge((), target, "secret")
    assert (judged is None) is (name in {"vosk", "sherpa"})  # which know no token
    assert opened(name).opening.query == {}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("code", [999, 1005, 1006, 1015, 5000, 65535])
def test_an_error_whose_code_no_close_frame_holds_closes_as_one_without_a_code(
    name: str, code: int
) -> None:
    _, usual = ending_of(opened(name), "error", code=None, message="no")
    _, ending = ending_of(opened(name), "error", code=code, message="no")
    assert ending.code == (1011 if name == "echopanel" else usual.code)


def test_half_a_character_is_sent_back_as_json_writes_it() -> None:
    (reply,) = opened("vllm").read('{"type":"\\ud83d"}')
    assert isinstance(reply, Reply)
    (told,) = reply.messages
    assert "type: \\ud83d" in opened("vllm").encode(told)  # type: ignore[arg-type]  # an object


async def test_a_path_that_no_url_has_is_answered(
    autojump_clock: MockClock, refused: Refused, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    assert (await refused("deepgram", "//[x")).startswith("HTTP/1.1 404")
    assert caplog.records == []


async def test_speechmatics_tells_how_long_the_session_was_when_it_goes_away(
    autojump_clock: MockClock, talk: Talking
) -> None:
    how = MANNERS["speechmatics"]
    client = await talk("speechmatics", how.path, hooks=FaultInjector("go away 6s after start"))
    await client.send(*how.opening)
    for _ in range(60):
        await client.send(how.piece)
    assert await client.end() == 1008
    reasons = [each["reason"] for each in client.messages if "session_timeout" in each.values()]
    assert [reason.rpartition(" ")[2] for reason in reasons] == ["0m", "0.1m"]


def test_vosk_answers_a_message_without_a_sample() -> None:
    talk = opened("vosk")
    _, (answer,) = talk.read(b""), talk.read(b"")
    assert answer == Reply(({"partial": ""},))
    assert ending_of(talk, "limit", seconds=1)[1] == Ending(1011)


REFUSED = {
    ("deepgram", "/v1/listn?token=s3cret"): "HTTP 404: its path is '/v1/listn', and deepgram's is"
    " /v1/listen",
    ("deepgram", "/v1/listen?encoding=opus"): "HTTP 400: Bad Request: encoding opus is not"
    " supported",
    ("assemblyai", "/v3/ws?sample_rate=1"): "HTTP 400: this encoding or sample_rate is not"
    " supported",
    ("whisperlivekit", "/x"): "HTTP 403: its path is '/x', and whisperlivekit's is /asr",
    ("openai", "/v1/realtime"): "HTTP 401: its token is missing or wrong",
    ("echopanel", "/ws/live-listener?token=wr0ng"): "1008: its token is missing or wrong",
    ("soniox", "/transcribe-websocket"): "1000: its token is missing or wrong",
}  # fmt: skip


@pytest.mark.parametrize(("name", "target"), REFUSED)
async def test_a_refusal_is_a_line_of_the_log(
    autojump_clock: MockClock, refused: Refused, caplog: pytest.LogCaptureFixture, name: str,
    target: str,
) -> None:  # fmt: skip
    await refused(name, target, token="s3cret-token")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"connection 1 was refused with {REFUSED[name, target]}"]


BROKEN: dict[tuple[str, str | bytes], str] = {
    ("vosk", "config"): "closed with 1011",
    ("whisperlive", "{}"): "closed with 1000",
    ("assemblyai", b""): "closed with 3007 Input Duration Error",
    ("echopanel", "no"): "not JSON",
}


@pytest.mark.parametrize(("name", "message"), BROKEN)
async def test_a_broken_rule_is_a_line_of_the_log(
    autojump_clock: MockClock, talk: Talking, caplog: pytest.LogCaptureFixture, name: str,
    message: str | bytes,
) -> None:  # fmt: skip
    client = await talk(name)
    await client.send(message)
    await client.end()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"connection 1 sent what {name} does not take: {BROKEN[name, message]}"]


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
#: Frames with a mask of zeros, and how RFC 6455 closes them.
NO_FRAMES = {
    "no mask": (b"\x81\x02{}", b"\x03\xea", "1002"),
    "no UTF-8": (b"\x81\x81" + bytes(4) + b"\xff", b"\x03\xef", "1007"),
    "no opcode": (b"\x83\x80" + bytes(4), b"\x03\xea", "1002"),
    "no code": (b"\x88\x82" + bytes(4) + b"\x03\xed", b"\x03\xea", "1002"),
}


async def answer_to(frame: bytes, server: Server) -> bytes:
    """The frames that the server answers with, until it ends the connection."""
    here, there = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.handle, there)
        await here.send_all(HANDSHAKE)
        head = bytes(await here.receive_some())
        assert head.endswith(b"\r\n\r\n")
        await here.send_all(frame)
        await here.send_eof()
        return b"".join([bytes(each) async for each in here])


@pytest.mark.parametrize("kind", NO_FRAMES)
async def test_what_is_no_frame_gets_a_close_and_a_line(
    autojump_clock: MockClock, serving: Serving, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    frame, code, told = NO_FRAMES[kind]
    close = await answer_to(frame, serving(dialect="vosk"))
    assert (close[:1], close[1], close[2:4]) == (b"\x88", len(close) - 2, code)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"connection 1 sent what is no WebSocket: closed with {told} ")


async def test_a_client_that_closes_with_1002_gets_one_close(
    autojump_clock: MockClock, serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    close = b"\x88\x82" + bytes(4) + b"\x03\xea"
    assert await answer_to(close, serving(dialect="vosk")) == b"\x88\x02\x03\xea"
    assert caplog.records == []
