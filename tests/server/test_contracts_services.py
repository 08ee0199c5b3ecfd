"""The contracts of Speechmatics, AssemblyAI and Soniox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from trio.testing import MockClock

from openline_server.contracts.assemblyai import AssemblyAI
from openline_server.contracts.base import Audio, End, Ending, Flush, Keepalive, Reply, Start, Stop
from tests.server.wires import (
    ACK,
    SUMMARY,
    ending_of,
    final,
    flushed,
    opened,
    partial,
    progress,
    recorded,
    written,
)

if TYPE_CHECKING:
    from tests.server.conftest import Refused, Talking


def first_of(sdk: str) -> str:
    """The first text that a maker's SDK sends."""
    lines = [line for line in recorded("sdk-handshakes") if line["sdk"] == sdk]
    return next(str(line["text"]) for line in lines if "text" in line)


def path_of(sdk: str) -> str:
    """Path and query of a maker's SDK."""
    lines = [line for line in recorded("sdk-handshakes") if line["sdk"] == sdk]
    return str(lines[0]["path"])


# Speechmatics.


def speechmatics() -> Any:
    """A session of Speechmatics, begun as its SDK does."""
    talk = opened("speechmatics", path_of("speechmatics"))
    (start,) = talk.read(first_of("speechmatics"))
    assert isinstance(start, Start)
    return talk


def test_speechmatics_tells_its_usage_before_the_ack() -> None:
    info, started = written(speechmatics(), ACK)
    assert (info["message"], info["type"]) == ("Info", "concurrent_session_usage")
    assert (started["message"], len(started["id"])) == ("RecognitionStarted", 36)


def test_speechmatics_acknowledges_each_message() -> None:
    talk = speechmatics()
    for number in (1, 2):
        audio, reply = talk.read(bytes(3200))
        assert isinstance(audio, Audio)
        assert reply == Reply(({"message": "AudioAdded", "seq_no": number},))


def test_speechmatics_finals_have_words_and_punctuation() -> None:
    talk = speechmatics()
    (interim,) = written(talk, partial("Hello", 0.5, 1.0))
    assert interim["message"] == "AddPartialTranscript"
    (told,) = written(talk, final("Hello there.", 0.5, 1.5))
    assert told["metadata"] == {"start_time": 0.5, "end_time": 1.5, "transcript": "Hello there. "}
    kinds = [(each["type"], each["alternatives"][0]["content"]) for each in told["results"]]
    assert kinds == [("word", "Hello"), ("word", "there"), ("punctuation", ".")]
    assert told["results"][2]["is_eos"] is True
    assert told["results"][1]["start_time"] == 1.0


def test_speechmatics_tiles_silence_with_empty_finals() -> None:
    talk = speechmatics()
    talk.read(bytes(32000 * 5))
    told = written(
        talk, final("one", 0.5, 1.5), progress(2.4, 2.0), progress(3.0, 2.6), SUMMARY
    )  # fmt: skip
    ends = [each["metadata"]["end_time"] for each in told[:-1]]
    assert ends == [1.5, 2.6, 5.0]
    assert [each["results"] == [] for each in told[:-1]] == [False, True, True]
    assert told[-1] == {"message": "EndOfTranscript"}


def test_speechmatics_flushes_on_a_forced_end() -> None:
    talk = speechmatics()
    assert talk.read('{"message":"ForceEndOfUtterance","timestamp":1.0}') == (Flush(),)
    told = written(talk, final("one", 0.5, 0.9), flushed(1.0))
    assert [each["message"] for each in told] == [
        "AddTranscript",
        "AddTranscript",
        "EndOfUtterance",
    ]
    assert told[0]["forced"] is True
    assert talk.read('{"message":"EndOfStream","last_seq_no":1}') == (Stop(),)


OPUS = json.dumps(
    {
        "message": "StartRecognition",
        "transcription_config": {"language": "en"},
        "audio_format": {"type": "raw", "encoding": "opus", "sample_rate": 16000},
    }
)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b"\0\0", "protocol_error"),
        ("hello", "invalid_message"),
        ('{"message":"EndOfStream"}', "protocol_error"),
        ('{"message":"StartRecognition"}', "invalid_message"),
        (OPUS, "invalid_audio_type"),
    ],
)
def test_speechmatics_tells_an_error_before_it_closes(message: str | bytes, kind: str) -> None:
    (act,) = opened("speechmatics", "/v2").read(message)
    assert isinstance(act, End)
    (error,) = act.messages
    assert isinstance(error, dict)
    assert (error["message"], error["type"], error["code"]) == ("Error", kind, 1003)
    assert act.ending.code == 1003


def test_speechmatics_ends_in_its_own_words() -> None:
    before, last = ending_of(speechmatics(), "limit", seconds=1800.0)
    assert before[0]["type"] == "session_timeout"
    assert "active for 30m" in before[0]["reason"]
    assert last.code == 1008
    before, last = ending_of(speechmatics(), "error", code=4005, message="no more")
    assert (before[0]["type"], before[0]["reason"], last.code) == (
        "quota_exceeded", "no more", 4005,
    )  # fmt: skip
    (warning,) = written(speechmatics(), {"type": "go_away", "seconds": 90.0})
    assert (warning["message"], warning["type"]) == ("Warning", "session_timeout")


async def test_a_conversation_of_speechmatics(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("speechmatics", path_of("speechmatics"))
    await client.send(first_of("speechmatics"))
    await client.until("RecognitionStarted")
    await client.speak(3.0)
    await client.send({"message": "EndOfStream", "last_seq_no": 30})
    assert await client.end() == 1000
    told = client.messages
    assert [each["seq_no"] for each in told if each["message"] == "AudioAdded"] == [*range(1, 31)]
    finals = [each["metadata"] for each in told if each["message"] == "AddTranscript"]
    assert [each["transcript"] for each in finals] == ["0.00-2.00 ", "2.00-3.00 "]
    assert told[-1] == {"message": "EndOfTranscript"}


# AssemblyAI.

TURNS = "/v3/ws?sample_rate=16000&speech_model=universal-streaming-english&format_turns=true"
NEWER = "/v3/ws?speech_model=u3-rt-pro&acknowledge_silence=True&session_heartbeat=True"


def test_assemblyai_says_when_the_session_expires() -> None:
    (begin,) = written(opened("assemblyai", TURNS), ACK)
    assert (begin["type"], begin["expires_at"]) == ("Begin", 1000 + 3 * 3600)
    (begin,) = written(opened("assemblyai", TURNS, longest=30.0), ACK)
    assert begin["expires_at"] == 1030


def test_assemblyai_formats_a_turn_afterwards() -> None:
    talk = opened("assemblyai", TURNS)
    told = written(
        talk, partial("Hello", 0.5, 1.0), final("Hello, you.", 0.5, 1.5), partial("So", 2.0, 2.5)
    )  # fmt: skip
    assert [(each["turn_order"], each["end_of_turn"], each["turn_is_formatted"]) for each in told] \
        == [(0, False, False), (0, True, False), (0, True, True), (1, False, False)]  # fmt: skip
    assert [each["transcript"] for each in told[1:3]] == ["hello you", "Hello, you."]
    assert told[1]["words"][1] == {
        "start": 1000, "end": 1500, "text": "you", "confidence": 0.5, "word_is_final": True,
    }  # fmt: skip


def test_newer_models_of_assemblyai_tell_a_turn_once_and_silence() -> None:
    talk = opened("assemblyai", NEWER)
    told = written(
        talk, final("Hello.", 0.5, 1.5), progress(2.4, 2.1), progress(2.9, 2.6),
        partial("and", 3.0, 3.5), progress(5.0, 4.0),
    )  # fmt: skip
    assert [each["type"] for each in told] == ["Turn", "Silence", "Turn"]
    assert told[0]["turn_is_formatted"] is True
    assert told[1] == {"type": "Silence", "start_ms": 1500, "end_ms": 2600}


def test_assemblyai_beats_if_asked_to() -> None:
    metrics = {"type": "metrics", "realtime_factor": 0.1}
    talk = opened("assemblyai", NEWER)
    talk.read(bytes(3200))
    (beat,) = written(talk, metrics)
    assert (beat["type"], beat["total_audio_received_ms"]) == ("Heartbeat", 100)
    assert written(opened("assemblyai", TURNS), metrics) == []


@pytest.mark.parametrize(
    ("length", "right"), [(49, False), (50, True), (1000, True), (1001, False)]
)
def test_assemblyai_takes_messages_of_50_to_1000_ms(length: int, right: bool) -> None:
    (act,) = opened("assemblyai", TURNS).read(bytes(32 * length))
    assert isinstance(act, Audio) is right
    if isinstance(act, End):
        assert act.ending.code == 3007
        assert act.messages[0]["error_code"] == 3007  # type: ignore[index]


def test_assemblyai_control_messages() -> None:
    talk = opened("assemblyai", TURNS)
    assert talk.read('{"type":"ForceEndpoint"}') == (Flush(),)
    assert [each["end_of_turn"] for each in written(talk, flushed(1.0))] == [True, True]
    assert talk.read('{"type":"KeepAlive"}') == (Keepalive(),)
    assert talk.read('{"type":"Terminate"}') == (Stop(),)
    (act,) = talk.read('{"type":"terminate_session"}')
    assert isinstance(act, End)
    assert act.ending.code == 3006


def test_assemblyai_ends_in_its_own_words() -> None:
    before, last = ending_of(opened("assemblyai", TURNS), "limit", seconds=30.0)
    assert (before[0]["type"], before[0]["error_code"], last.code) == ("Error", 3008, 3008)
    before, last = ending_of(opened("assemblyai", TURNS), "error", code=3007, message="slow down")
    assert (before[0]["error_code"], before[0]["error"]) == (3007, "slow down")
    assert last == Ending(3007, "slow down")


@pytest.mark.parametrize(
    ("headers", "right"),
    [
        ([(b"Authorization", b"K")], True),
        ([(b"Authorization", b"Bearer K")], True),
        ([(b"Authorization", b"Token K")], False),
        ([], False),
    ],
)
def test_assemblyai_takes_a_bare_key(headers: list[tuple[bytes, bytes]], right: bool) -> None:
    judged = AssemblyAI.judge(headers, TURNS, "K")
    assert judged == (None if right else Ending(1008, "Not authorized"))


async def test_a_conversation_of_assemblyai(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("assemblyai", NEWER + "&token=K", token="K")
    await client.until("Begin")
    await client.speak(3.0)
    await client.send({"type": "Terminate"})
    assert await client.end() == 1000
    turns = [each for each in client.messages if each.get("end_of_turn")]
    assert [(each["turn_order"], each["transcript"]) for each in turns] == [
        (0, "0.00-2.00"), (1, "2.00-3.00"),
    ]  # fmt: skip
    assert client.messages[-1]["audio_duration_seconds"] == 3


async def test_assemblyai_tells_a_wrong_key_over_the_socket(
    autojump_clock: MockClock, talk: Talking
) -> None:
    client = await talk("assemblyai", TURNS, token="K")
    assert await client.end() == 1008
    assert client.messages[0]["error_code"] == 1008


# Soniox.


def soniox(**changes: object) -> Any:
    """A session of Soniox, begun as its SDK does."""
    talk = opened("soniox", "/transcribe-websocket")
    (start,) = talk.read(json.dumps(json.loads(first_of("soniox")) | changes))
    assert isinstance(start, Start)
    return talk


def text_of(message: dict[str, Any]) -> str:
    """The text of the tokens."""
    return "".join(token["text"] for token in message["tokens"])


def test_soniox_tokens_are_pieces_of_words() -> None:
    talk = soniox()
    assert written(talk, ACK) == []
    (told,) = written(talk, final("consider it", 0.0, 1.0))
    assert [token["text"] for token in told["tokens"]] == [" consid", "er", " it"]
    assert [(token["start_ms"], token["end_ms"]) for token in told["tokens"]] == [
        (0, 250), (250, 500), (500, 1000),
    ]  # fmt: skip
    assert all(token["is_final"] for token in told["tokens"])


def test_soniox_figures_say_how_far_it_is_and_never_go_back() -> None:
    talk = soniox()
    told = written(
        talk, progress(1.0, 0.7), partial("so", 0.8, 1.4), progress(1.8, 0.7),
        final("so", 0.8, 1.7), progress(2.4, 2.1),
    )  # fmt: skip
    figures = [(each["final_audio_proc_ms"], each["total_audio_proc_ms"]) for each in told]
    assert figures == [(700, 1000), (700, 1000), (700, 1800), (1700, 1800), (2100, 2400)]
    finals = [[token["is_final"] for token in each["tokens"]] for each in told]
    assert finals == [[], [False], [False], [True], []]


def test_soniox_marks_a_flush_and_an_endpoint() -> None:
    talk = soniox(enable_endpoint_detection=True)
    assert talk.read('{"type": "finalize"}') == (Flush(),)
    told = written(talk, final("so", 0.0, 0.9), flushed(1.0))
    assert [text_of(each) for each in told] == [" so<end>", "<fin>"]
    assert told[-1]["final_audio_proc_ms"] == 1000
    assert talk.read('{"type": "keepalive"}') == (Keepalive(),)


@pytest.mark.parametrize("message", ["", b""])
def test_soniox_ends_with_an_empty_message(message: str | bytes) -> None:
    talk = soniox()
    talk.read(bytes(32000))
    assert talk.read(message) == (Stop(),)
    assert written(talk, SUMMARY) == [
        {
            "tokens": [], "final_audio_proc_ms": 1000, "total_audio_proc_ms": 1000,
            "finished": True,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("message", [b"\0\0", "hello", "{}", '{"model":"x","audio_format":"opus"}'])
def test_soniox_tells_an_error_before_it_closes(message: str | bytes) -> None:
    (act,) = opened("soniox").read(message)
    assert isinstance(act, End)
    assert act.messages[0]["error_code"] == 400  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "code"), [("limit", 400), ("idle", 408), ("gone", 503), ("capacity", 429)]
)
def test_soniox_ends_in_its_own_words(kind: str, code: int) -> None:
    before, last = ending_of(soniox(), kind, seconds=30.0)
    assert before[0]["error_code"] == code
    assert last.code == 1000


async def test_a_conversation_of_soniox(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("soniox", headers=[(b"Authorization", b"Bearer K")], token="K")
    await client.send(first_of("soniox"))
    await client.speak(3.0)
    await client.send("")
    assert await client.end() == 1000
    said = [t["text"] for each in client.messages for t in each["tokens"] if t["is_final"]]
    assert "".join(said) == " 0.00-2.00 2.00-3.00"
    assert client.messages[-1]["finished"] is True


async def test_paths_that_no_service_has(autojump_clock: MockClock, refused: Refused) -> None:
    for dialect in ("speechmatics", "assemblyai", "soniox"):
        assert (await refused(dialect, "/v9")).startswith("HTTP/1.1 404")
