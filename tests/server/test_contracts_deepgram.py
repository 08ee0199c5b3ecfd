"""The contract of Deepgram's live transcription."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from trio.testing import MockClock

from openline_server.contracts.base import End, Ending, Flush, Keepalive, Stop
from openline_server.contracts.deepgram import Deepgram
from tests.server.wires import (
    SUMMARY,
    differences,
    ending_of,
    final,
    flushed,
    opened,
    partial,
    progress,
    received,
    written,
)

if TYPE_CHECKING:
    from tests.server.conftest import Refused, Talking

LISTEN = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000&interim_results=true"
REAL = received("whisperlivekit-deepgram")


def of_type(kind: str) -> Any:
    """The last recorded message of a type."""
    return [message for message in REAL if message["type"] == kind][-1]


def test_results_have_the_shape_of_the_recording() -> None:
    talk = opened("deepgram", LISTEN)
    interim, told = written(talk, partial("hello", 0.5, 1.0), final("Hello, you.", 0.5, 1.6))
    assert interim["is_final"] is False
    recorded = of_type("Results")
    alternative = recorded["channel"]["alternatives"][0]
    for word in alternative["words"]:
        del word["speaker"]  # diarisation, which was not asked for
    assert not differences(told, recorded)
    assert told["is_final"] is True
    assert told["speech_final"] is True
    words = told["channel"]["alternatives"][0]["words"]
    assert [(each["word"], each["punctuated_word"]) for each in words] == [
        ("hello", "Hello,"), ("you", "you."),
    ]  # fmt: skip
    assert [(each["start"], each["end"]) for each in words] == [(0.5, 1.05), (1.05, 1.6)]


def test_finals_tile_the_audio_and_silence_has_finals_without_text() -> None:
    talk = opened("deepgram", LISTEN)
    talk.read(bytes(32000 * 12))
    told = written(
        talk, final("one", 0.5, 2.0), progress(4.0, 4.0), progress(5.5, 5.2),
        final("two", 6.0, 7.0), SUMMARY,
    )  # fmt: skip
    results = [each for each in told if each["type"] == "Results"]
    assert [each["start"] for each in results] == [0.0, 2.0, 5.2, 7.0]
    assert [each["duration"] for each in results] == [2.0, 3.2, 1.8, 5.0]
    texts = [each["channel"]["alternatives"][0]["transcript"] for each in results]
    assert texts == ["one", "", "two", ""]
    assert [each["speech_final"] for each in results] == [True, False, True, False]
    assert told[-1]["type"] == "Metadata"
    assert told[-1]["duration"] == 12.0
    assert not differences(told[-1], of_type("Metadata") | {"model_info": told[-1]["model_info"]})


def test_no_interim_results_unless_asked_for() -> None:
    talk = opened("deepgram", "/v1/listen")
    assert written(talk, partial("hello", 0.5, 1.0)) == []


def test_events_of_speech_are_sent_if_asked_for() -> None:
    talk = opened("deepgram", "/v1/listen?vad_events=true&utterance_end_ms=1000")
    told = written(
        talk, partial("a", 0.3, 0.8), partial("a b", 0.3, 1.2), final("a b", 0.3, 1.5)
    )  # fmt: skip
    assert [each["type"] for each in told] == ["SpeechStarted", "Results", "UtteranceEnd"]
    assert told[0] == REAL[1]
    assert not differences(told[2], of_type("UtteranceEnd"))


def test_finalize_is_answered_by_the_final_that_ends_there() -> None:
    talk = opened("deepgram", LISTEN)
    talk.read(bytes(32000 * 2))
    assert talk.read('{"type":"Finalize"}') == (Flush(),)
    told = written(talk, final("one", 0.1, 1.0), final("two", 1.2, 2.0), flushed(2.0))
    assert [each["from_finalize"] for each in told] == [False, True]
    talk.read('{"type":"Finalize"}')
    (silent,) = written(talk, flushed(2.0))
    assert silent["from_finalize"] is True
    assert silent["channel"]["alternatives"][0]["transcript"] == ""


@pytest.mark.parametrize(
    ("message", "actions"),
    [
        ('{"type":"KeepAlive"}', (Keepalive(),)),
        ('{"type":"CloseStream"}', (Stop(),)),
        (b"", (Stop(),)),
    ],
)
def test_control_messages(message: str | bytes, actions: object) -> None:
    assert opened("deepgram", LISTEN).read(message) == actions


@pytest.mark.parametrize("message", ['{"type":"Terminate"}', "hello", "[]"])
def test_unknown_text_is_answered_with_an_error_and_1008(message: str) -> None:
    (act,) = opened("deepgram", LISTEN).read(message)
    assert isinstance(act, End)
    assert act.ending == Ending(1008, "DATA-0000")
    (told,) = act.messages
    assert isinstance(told, dict)
    assert (told["variant"], told["message"]) == ("SchemaError", message)


def test_ends_in_its_own_words() -> None:
    before, last = ending_of(opened("deepgram", LISTEN), "idle", seconds=10.0)
    assert [each["type"] for each in before] == ["Metadata"]
    assert last == Ending(1011, "NET-0001")
    before, last = ending_of(opened("deepgram", LISTEN), "error", code=1011, message="NET-0000")
    assert before[0]["type"] == "Error"
    assert last == Ending(1011, "NET-0000")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (LISTEN, None),
        ("/v1/listen?encoding=opus", 400),
        ("/v1/listen?sample_rate=x", 400),
        ("/v1/listen?sample_rate=96000", 400),
        ("/v1/listen?channels=2", 400),
        ("/v2/listen", 404),
    ],
)
def test_the_query_is_judged_at_the_handshake(target: str, status: int | None) -> None:
    rejection = Deepgram.refuse(target)
    assert (None if rejection is None else rejection.status) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"Authorization", b"Token K")], None),
        ([(b"authorization", b"bearer K")], None),
        ([(b"Sec-WebSocket-Protocol", b"token, K")], None),
        ([(b"Authorization", b"K")], 401),
        ([(b"Authorization", b"Token X")], 401),
        ([], 401),
    ],
)
def test_the_key_is_judged_at_the_handshake(
    headers: list[tuple[bytes, bytes]], status: int | None
) -> None:
    judged = Deepgram.judge(headers, LISTEN, "K")
    assert (None if judged is None else getattr(judged, "status", None)) == status


async def test_a_conversation(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("deepgram", LISTEN, token="K", headers=[(b"Authorization", b"Token K")])
    await client.speak(3.1)
    await client.send({"type": "CloseStream"})
    assert await client.end() == 1000
    told = client.messages
    finals = [each for each in told if each.get("is_final")]
    assert [each["channel"]["alternatives"][0]["transcript"] for each in finals] == [
        "0.00-2.00", "2.00-3.10",
    ]  # fmt: skip
    assert any(each.get("is_final") is False for each in told)
    assert (told[-1]["type"], told[-1]["duration"]) == ("Metadata", 3.1)


async def test_a_flush_in_a_conversation(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("deepgram", LISTEN)
    await client.speak(0.7)
    await client.send({"type": "Finalize"})
    told = await client.until('"from_finalize":true')
    assert told["channel"]["alternatives"][0]["transcript"] == "0.00-0.70"
    await client.speak(1.0)
    await client.send({"type": "CloseStream"})
    assert await client.end() == 1000
    assert '"transcript":"0.70-1.70"' in "".join(client.texts)


async def test_wrong_key_is_refused_with_401(autojump_clock: MockClock, refused: Refused) -> None:
    answer = await refused("deepgram", LISTEN, "Authorization: Token X", token="K")
    assert answer.startswith("HTTP/1.1 401")
    assert "INVALID_AUTH" in answer
