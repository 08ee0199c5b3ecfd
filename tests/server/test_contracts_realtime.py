"""The contracts of OpenAI's Realtime API and of vLLM."""

from __future__ import annotations

import base64
import json
import math
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from trio.testing import MockClock

from openline_server.contracts.base import Ending, Flush, Reply, Start
from tests.server.wires import (
    ACK,
    audio_of,
    ending_of,
    final,
    flushed,
    opened,
    partial,
    recorded,
    written,
)

if TYPE_CHECKING:
    from tests.server.conftest import Refused, Talking

OPEN = {"type": "status", "state": "connected"}
UPDATE = next(
    line["text"]
    for line in recorded("sdk-handshakes")
    if line["sdk"] == "openai" and "text" in line
)
VAD = json.dumps({"type": "session.update", "session": {"type": "transcription"}})
COMMIT = '{"type":"input_audio_buffer.commit"}'
ITEM = "conversation.item.input_audio_transcription"


def append(pcm: bytes) -> str:
    """Audio as both take it."""
    audio = base64.b64encode(pcm).decode()
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio})


def openai(update: str = VAD) -> Any:
    """A session of OpenAI's."""
    talk = opened("openai", "/v1/realtime?intent=transcription")
    (start,) = talk.read(update)
    assert isinstance(start, Start)
    return talk


def kinds(told: list[Any]) -> list[str]:
    """The types, without their common beginning."""
    return [each["type"].removeprefix(f"{ITEM}.") for each in told]


def test_openai_greets_and_acknowledges() -> None:
    talk = opened("openai", longest=600.0)
    (created,) = written(talk, OPEN)
    assert created["type"] == "session.created"
    assert created["session"]["expires_at"] == 1600
    assert created["session"]["audio"]["input"]["turn_detection"]["type"] == "server_vad"
    talk.read(UPDATE)
    (updated,) = written(talk, ACK)
    assert updated["type"] == "session.updated"
    assert updated["session"]["audio"]["input"]["turn_detection"] is None
    (again,) = talk.read(VAD)
    assert isinstance(again, Reply)


def test_openai_audio_has_24_khz() -> None:
    tone = array("h", (round(8000 * math.sin(2 * math.pi * 440 * n / 24000)) for n in range(2400)))
    pcm = audio_of(openai(), append(tone.tobytes()))
    heard = array("h", pcm)
    assert 1550 <= len(heard) <= 1600
    wanted = [8000 * math.sin(2 * math.pi * 440 * n / 16000) for n in range(len(heard))]
    assert max(abs(a - b) for a, b in zip(heard[50:], wanted[50:], strict=True)) < 40


def test_openai_ends_an_item_where_speech_stops() -> None:
    talk = openai()
    audio_of(talk, append(bytes(48000 * 4)))
    told = written(talk, partial("so", 0.5, 1.0), final("so it is", 0.5, 1.5))
    assert kinds(told) == [
        "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
        "delta", "completed",
    ]  # fmt: skip
    assert (told[0]["audio_start_ms"], told[1]["audio_end_ms"]) == (500, 1500)
    assert told[-1]["transcript"] == "so it is"
    assert len({each["item_id"] for each in told if "item_id" in each}) == 1
    assert len({each["event_id"] for each in told}) == 7
    more = written(talk, final("and", 2.0, 2.5))
    assert more[2]["previous_item_id"] == told[-1]["item_id"]


def test_openai_completes_what_the_client_commits() -> None:
    talk = openai(UPDATE)
    audio_of(talk, append(bytes(48000)))
    (delta,) = written(talk, final("so", 0.1, 0.5))
    reply, flush = talk.read(COMMIT)
    assert flush == Flush()
    assert kinds(list(reply.messages))[0] == "input_audio_buffer.committed"
    told = written(talk, final("it is", 0.5, 1.0), flushed(1.0))
    assert kinds(told) == ["delta", "completed"]
    assert delta["delta"] + told[0]["delta"] == told[1]["transcript"] == "so it is"
    assert delta["item_id"] == told[1]["item_id"] == reply.messages[0]["item_id"]
    assert told[1]["usage"] == {"type": "duration", "seconds": pytest.approx(1.0, abs=0.01)}


def test_openai_begins_no_item_in_audio_that_is_committed() -> None:
    """Its recogniser may still say a partial of it."""
    talk = openai()
    audio_of(talk, append(bytes(48000)))
    written(talk, partial("so", 0.2, 0.5))
    talk.read(COMMIT)
    assert written(talk, partial("so it", 0.2, 0.9)) == []
    told = written(talk, final("so it is", 0.2, 1.0), flushed(1.0))
    assert kinds(told) == ["delta", "completed"]
    assert kinds(written(talk, partial("and", 1.0, 1.2))) == ["input_audio_buffer.speech_started"]


def test_openai_goes_on_after_an_error_of_the_client() -> None:
    for message, code in (
        (COMMIT, "input_audio_buffer_commit_empty"),
        ('{"type":"hello"}', "invalid_value"),
        ("hello", "invalid_value"),
        ('{"type":"input_audio_buffer.append","audio":"*"}', "invalid_value"),
        ('{"type":"session.update"}', "missing_required_parameter"),
    ):
        (act,) = openai().read(message)
        assert act.messages[0]["type"] == "error"
        assert act.messages[0]["error"]["code"] == code


def test_openai_ends_in_its_own_words() -> None:
    before, last = ending_of(openai(), "limit", seconds=3600.0)
    assert before[0]["error"]["code"] == "session_expired"
    assert "60 minutes" in before[0]["error"]["message"]
    assert last == Ending(1001)


@pytest.mark.parametrize("update", [VAD, UPDATE])
async def test_a_conversation_of_openai(
    autojump_clock: MockClock, talk: Talking, update: str
) -> None:
    headers = [(b"Authorization", b"Bearer K")]
    client = await talk("openai", "/v1/realtime?intent=transcription", headers=headers, token="K")
    await client.send(update)
    await client.until("session.updated")
    await client.speak(3.0, append(bytes(4800)))
    await client.send(COMMIT)
    wanted = 1 if update == UPDATE else 2
    while sum(each["type"] == f"{ITEM}.completed" for each in client.messages) < wanted:
        await client.more()
    done = [each for each in client.messages if each["type"] == f"{ITEM}.completed"]
    assert " ".join(each["transcript"] for each in done) == "0.00-2.00 2.00-3.00"
    assert not client.code
    await client.ws.aclose(1000)


async def test_wrong_keys_are_refused_at_the_handshake(
    autojump_clock: MockClock, refused: Refused
) -> None:
    for dialect in ("openai", "vllm"):
        answer = await refused(dialect, "/v1/realtime", "Authorization: Bearer X", token="K")
        assert answer.startswith("HTTP/1.1 401")


# vLLM.


def vllm() -> Any:
    """A session of vLLM whose model is named."""
    talk = opened("vllm", "/v1/realtime")
    assert talk.read('{"type":"session.update","model":"voxtral"}') == ()
    assert talk.read(COMMIT) == ()
    return talk


def test_vllm_transcribes_up_to_the_final_commit() -> None:
    talk = vllm()
    assert audio_of(talk, append(b"\1\2" * 8)) == b"\1\2" * 8
    assert talk.read('{"type":"input_audio_buffer.commit","final":true}') == (Flush(),)
    assert audio_of(talk, append(b"\1\2")) == b""  # thrown away
    told = written(talk, final("so", 0.0, 0.5), final("it is", 0.5, 1.0), flushed(1.0))
    assert [each.get("delta", each.get("text")) for each in told] == ["so", " it is", "so it is"]
    assert told[-1]["type"] == "transcription.done"
    assert audio_of(talk, append(b"\1\2")) == b"\1\2"


def test_vllm_wants_the_model_first() -> None:
    talk = opened("vllm")
    for message, code in (
        (COMMIT, "model_not_validated"),
        ('{"type":"session.update"}', "model_not_found"),
        ("{", "invalid_json"),
        ('{"type":"x"}', "unknown_event"),
    ):
        (act,) = talk.read(message)
        assert isinstance(act, Reply)
        assert act.messages[0]["code"] == code  # type: ignore[index]


async def test_a_conversation_of_vllm(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("vllm")
    await client.until("session.created")
    await client.send({"type": "session.update", "model": "voxtral"}, COMMIT)
    for _ in range(2):
        await client.speak(1.5, append(bytes(3200)))
        await client.send({"type": "input_audio_buffer.commit", "final": True})
        count = sum(each["type"] == "transcription.done" for each in client.messages)
        while sum(each["type"] == "transcription.done" for each in client.messages) == count:
            await client.more()
    done = [each["text"] for each in client.messages if each["type"] == "transcription.done"]
    assert done == ["0.00-1.50", "1.50-3.00"]
    await client.ws.aclose(1000)
