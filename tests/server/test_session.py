"""One conversation, status by status and close by close, over memory and a clock that jumps."""

from __future__ import annotations

import base64
import wave
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from wsproto.events import Pong

from openline_server.config import ServerConfig
from openline_server.contract import JsonObject
from openline_server.hooks import Hooks, Peer
from openline_server.recognizer import (
    Cutter,
    Echo,
    FixedCutter,
    Hypothesis,
    NoRecognizer,
    Question,
    RecognizerError,
    Segment,
)
from openline_server.server import Server

if TYPE_CHECKING:
    from tests.server.conftest import Connect, Serving

IDS = {"session_id": "s-1", "attempt_id": "a-1", "connection_id": "c-1"}
START = {"type": "start", **IDS, "sample_rate": 16000, "format": "pcm_s16le", "channels": 1}
STOP: dict[str, object] = {"type": "stop", "session_id": "s-1"}


def frame(source: int = 1, size: int = 640) -> bytes:
    return b"EP\x01" + bytes([source]) + bytes(size)


def frames(directory: Path, pattern: str) -> dict[str, int]:
    """The number of samples in each recording."""
    held: dict[str, int] = {}
    for path in directory.glob(pattern):
        with wave.open(str(path)) as file:
            held[path.name] = file.getnframes()
    return held


class Stuck:
    """A recogniser that never answers."""

    name = "stuck"
    available = exact_ends = True
    immediate = False

    def cutter(self) -> Cutter:
        return FixedCutter()

    async def recognise(self, question: Question) -> Hypothesis | None:
        await trio.sleep(inf)
        raise AssertionError("unreachable")


class Lagging(Stuck):
    """A recogniser that takes so many seconds for a final."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def recognise(self, question: Question) -> Hypothesis | None:
        if not question.segment.final:
            return None
        await trio.sleep(self.seconds)
        return Hypothesis(f"{question.segment.t0:.2f}-{question.segment.t1:.2f}")


class Failing(Stuck):
    """A recogniser that fails, and after some failures is gone."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    async def recognise(self, question: Question) -> Hypothesis | None:
        if not question.segment.final:
            return None
        self.patience -= 1
        self.available = self.patience > 0
        raise RecognizerError("broken")


async def test_a_conversation_from_open_to_close(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect()
    ack = await client.start(client_features={"client_vad_enabled": True})
    assert client.received[0] == {
        "type": "status",
        "state": "connected",
        "message": "Connected, waiting for start",
    }
    assert ack == {
        "type": "status",
        "state": "streaming",
        "message": "Streaming",
        "client_features": {
            "clock_drift_compensation_enabled": False,
            "client_vad_enabled": True,
            "clock_drift_telemetry_enabled": False,
            "client_vad_telemetry_enabled": False,
        },
        "final_ends": "exact",
        **IDS,
    }
    assert client.times == [0.0, 0.0]
    await client.speak(3.1)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.texts() == ["0.00-2.00", "2.00-3.10"]
    assert client.texts("asr_partial") == [
        "0.00-0.50", "0.00-1.00", "0.00-1.50", "2.00-2.50", "2.00-3.00",
    ]  # fmt: skip
    assert all(message.items() >= IDS.items() for message in client.received[1:])
    assert client.received[-1]["type"] == "final_summary"
    assert client.of("asr_final")[1] == {
        "type": "asr_final",
        "text": "2.00-3.10",
        "t0": 2.0,
        "t1": 3.1,
        "confidence": 1.0,
        "stable": True,
        "source": "mic",
        "language": "en",
        "segment_id": "mic-2",
        **IDS,
    }


async def test_the_summary_holds_everything(autojump_clock: MockClock, connect: Connect) -> None:
    client = await connect()
    await client.start()
    await client.speak(1.0)
    await client.send(STOP)
    summary = await client.until("final_summary")
    content = summary["json"]
    assert [line["text"] for line in content["transcript"]] == ["0.00-1.00"]
    assert "0.00-1.00" in summary["markdown"]
    assert set(content) == {
        "session_id", "transcript", "actions", "decisions", "risks", "entities", "diarization",
        "client_features", "clock_spread_ms", "recordings",
    }  # fmt: skip
    assert content["session_id"] == "s-1"
    assert content["clock_spread_ms"] == {"last": 0.0, "max": 0.0}


async def test_metrics_come_each_second_for_each_source(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect()
    await client.start()
    for _ in range(155):
        await client.send(frame(0))
        await client.send(frame(1))
        await trio.sleep(0.02)
    await client.send(STOP)
    assert await client.end() == 1000
    times = [
        round(at, 2)
        for at, message in zip(client.times, client.received, strict=False)
        if message["type"] == "metrics"
    ]
    assert times == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.1, 3.1]
    assert {message["source"] for message in client.of("metrics")} == {"mic", "system"}
    assert client.of("metrics")[0].keys() >= {
        "source", "queue_depth", "queue_max_frames", "queue_fill_ratio", "backlog_seconds",
        "dropped_total", "dropped_recent", "avg_infer_ms", "realtime_factor", "provider_health",
        "timestamp", "max_backlog_seconds", "queue_bytes", "queue_bytes_max",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"session_id": " "}, "Invalid start message"),
        ({"attempt_id": None}, "Invalid start message"),
        ({"connection_id": "x" * 257}, "Invalid start message"),
        ({"client_features": []}, "Invalid start message"),
        ({"sample_rate": 8000}, "Unsupported audio format"),
        ({"format": "opus"}, "Unsupported audio format"),
        ({"channels": True}, "Unsupported audio format"),
    ],
)
async def test_a_wrong_start_is_refused_in_words(
    autojump_clock: MockClock, connect: Connect, changes: dict[str, Any], text: str
) -> None:
    client = await connect()
    refused = await client.start(**changes)
    assert refused["type"] == "error"
    assert refused["message"].startswith(text)
    assert await client.end() == 1000


@pytest.mark.parametrize("message", ["{", "[]", '{"type":"audio","data":"?"}', '{"type":"audio"}'])
async def test_a_malformed_message_kills_the_connection(
    autojump_clock: MockClock, connect: Connect, message: str
) -> None:
    client = await connect()
    await client.start()
    await client.send(message)
    assert await client.end() == 1006


async def test_a_second_start_takes_no_second_slot(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    server = serving()
    client = await connect(server)
    await client.start()
    await client.send(START)
    await client.send({"type": "start"})
    await client.speak(0.5)
    assert server.sessions == 1
    await client.send(STOP)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.states() == ["connected", "streaming"]
    assert server.sessions == 0


async def test_stop_before_start_gives_an_empty_summary(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect()
    await client.send(frame())
    await client.send(STOP)
    assert await client.end() == 1000
    summary = client.received[-1]
    assert summary["type"] == "final_summary"
    assert summary["markdown"] == ""
    assert summary["json"]["transcript"] == []
    assert summary["json"]["session_id"] is None


async def test_full_server_refuses_after_five_seconds(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    server = serving(max_sessions=1)
    first = await connect(server)
    await first.start()
    second = await connect(server)
    refused = await second.start()
    assert refused["state"] == "error"
    assert refused["message"] == "Server at capacity, please try again later"
    assert second.times[:2] == [0.0, 5.0]
    assert await second.end() == 1000
    assert server.sessions == 1


async def test_a_slot_that_comes_free_is_taken(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    server = serving(max_sessions=1)
    first = await connect(server)
    await first.start()
    second = await connect(server)
    await second.next()
    await second.send(START)
    await second.send(frame())  # too early: no session yet
    await trio.sleep(3)
    await first.send(STOP)
    assert (await second.next())["state"] == "streaming"
    assert second.times[:2] == [0.0, 3.0]
    await first.ws.aclose()
    await second.ws.aclose()


async def test_stop_while_waiting_for_a_slot(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    server = serving(max_sessions=1)
    first = await connect(server)
    await first.start()
    second = await connect(server)
    await second.next()
    await second.send(START)
    await trio.sleep(1)
    await second.send(STOP)
    assert (await second.next())["type"] == "final_summary"
    assert await second.end() == 1000
    assert server.sessions == 1


async def test_a_client_that_goes_away_gives_its_slot_back(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    server = serving(max_sessions=1)
    client = await connect(server)
    await client.start()
    await client.ws.aclose()
    await wait_all_tasks_blocked()
    assert server.sessions == 0
    assert server.connections == ()


async def test_audio_in_every_form(autojump_clock: MockClock, connect: Connect) -> None:
    client = await connect()
    await client.start()
    half = bytes(16_000)
    text = {"type": "audio", "source": "mic", "data": base64.b64encode(half).decode()}
    for message in (frame(0, 16_000), b"EP\x02\x00" + half[4:], half, b"EP\x01\x02" + half[4:]):
        await client.send(message)
        await client.send(text)
        await trio.sleep(0.5)
    await client.send(STOP)
    await client.end()
    assert [(m["source"], m["text"]) for m in client.of("asr_final")] == [
        ("system", "0.00-2.00"),
        ("mic", "0.00-2.00"),
    ]


async def test_an_odd_byte_shifts_what_follows(autojump_clock: MockClock, connect: Connect) -> None:
    asked: list[bytes] = []

    class Eavesdropper(Echo):
        async def recognise(self, question: Question) -> Hypothesis | None:
            asked.append(question.segment.pcm)
            return await super().recognise(question)

    client = await connect(recognizer=Eavesdropper())
    await client.start()
    await client.send(b"EP\x01\x01" + b"abc")
    await client.send(b"EP\x01\x01" + b"defg")
    await client.send(STOP)
    await client.end()
    assert asked == [b"abcdef"]


async def test_each_frame_of_a_third_source_is_a_warning(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect()
    await client.start()
    audio = {"type": "audio", "data": base64.b64encode(bytes(640)).decode()}
    for source in ("mic", "system", "line", "mic", "line"):
        await client.send(audio | {"source": source})
    await client.send({"type": "voice_note_start"})
    await client.send(STOP)
    assert await client.end() == 1000
    warnings = [m["message"] for m in client.of("status") if m["state"] == "warning"]
    assert warnings == ["Too many active sources (max 2). Ignoring source 'line'."] * 2


async def test_ten_seconds_at_once_lose_seven(autojump_clock: MockClock, connect: Connect) -> None:
    client = await connect()
    await client.start()
    for _ in range(500):
        await client.send(frame())
    await trio.sleep(3)
    await client.send(STOP)
    assert await client.end() == 1000
    report = client.of("metrics")[0]
    assert 340 <= report["dropped_total"] == report["dropped_recent"] <= 355
    reported = [state for state in client.states() if state not in ("connected", "streaming")]
    assert reported == ["buffering", "overloaded", "backpressure"]
    assert client.states()[-1] == "streaming"  # recovered
    (lost,) = (m for m in client.of("status") if m["state"] == "backpressure")
    assert lost["dropped_frames"] == 1
    assert lost["dropped_seconds"] == 0.02
    assert lost["backlog_seconds"] == 2.0
    # Time counts what was processed, without what was dropped.
    assert 2.9 < client.of("asr_final")[-1]["t1"] < 3.3


async def test_a_slow_server_takes_audio_at_its_own_pace(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(slow=2.0)
    await client.start()
    await client.speak(10.0)
    metrics = client.of("metrics")
    await client.send(STOP)
    assert await client.end() == 1000
    metrics = client.of("metrics")
    assert [round(m["backlog_seconds"], 1) for m in metrics[:3]] == [0.5, 1.0, 1.5]
    assert metrics[-1]["dropped_total"] == pytest.approx(150, abs=10)
    assert client.of("asr_final")[-1]["t1"] == pytest.approx(7.0, abs=0.2)


async def test_a_stuck_recogniser_is_given_up_after_eight_seconds(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(recognizer=Stuck())
    await client.start()
    await client.speak(1.1)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.of("status")[-1]["state"] == "warning"
    assert client.of("status")[-1]["message"].startswith("ASR processing timed out")
    assert [m["type"] for m in client.received[-3:]] == ["status", "metrics", "final_summary"]
    assert client.times[-1] == pytest.approx(9.1, abs=0.01)


async def test_a_recogniser_that_may_be_slow_has_time_for_its_words(
    autojump_clock: MockClock, connect: Connect
) -> None:
    """On a busy machine a second of speech may take Whisper longer than eight."""
    config = ServerConfig(recognizer="whisper")
    client = await connect(Server(config, Lagging(100.0)))
    await client.start()
    await client.speak(1.1)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.texts() == ["0.00-1.10"]
    assert client.of("status")[-1]["state"] != "warning"


async def test_slowness_is_told_before_the_first_answer(
    autojump_clock: MockClock, connect: Connect
) -> None:
    """A client that stops then knows that its last words take a while."""

    class Asked(Stuck):
        async def recognise(self, question: Question) -> Hypothesis | None:
            assert question.grant()
            return await super().recognise(question)

    client = await connect(recognizer=Asked())
    await client.start()
    await client.speak(4.1)
    factors = [message["realtime_factor"] for message in client.of("metrics")]
    # Half a second of audio was asked about at 0.5 s, and there is no answer yet.
    assert factors == pytest.approx([1.0, 3.0, 5.0, 7.0], abs=0.1)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"recognizer": "echo"}, 8.0),
        ({"recognizer": "none"}, 8.0),
        ({"recognizer": "whisper"}, 120.0),
        ({"recognizer": "pocketsphinx"}, 120.0),
        ({"recognizer": "whisper", "stop_timeout": 3.0}, 3.0),
    ],
)
def test_time_for_the_last_words_is_as_the_recogniser_needs(
    given: dict[str, Any], seconds: float
) -> None:
    assert ServerConfig(**given).stop_wait == seconds


async def test_audio_is_never_held_beyond_the_horizon(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(recognizer=Stuck())
    await client.start()
    await client.speak(20.0)
    await client.send(STOP)
    await client.end()
    last = client.of("metrics")[-1]
    assert last["backlog_seconds"] == 2.0
    assert last["dropped_total"] == pytest.approx(150, abs=6)  # 20 s came, 15 s are held, 2 s wait


async def test_failures_are_warnings_until_there_is_no_recogniser(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(recognizer=Failing(2))
    await client.start()
    await client.speak(6.5)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.states() == [
        "connected",
        "streaming",
        "warning",
        "no_asr_provider",
        *["warning"] * 2,
    ]
    assert client.of("metrics")[-1]["provider_health"] == "unavailable"
    assert client.texts() == []


async def test_client_gets_status_without_a_recogniser(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(recognizer=NoRecognizer("whisper", available=False))
    await client.start()
    assert (await client.next())["state"] == "no_asr_provider"
    await client.speak(1.2)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.of("metrics")
    assert client.texts() == []


async def test_none_consumes_audio_and_sends_no_text(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(recognizer=NoRecognizer())
    await client.start()
    await client.speak(20.0)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.states() == ["connected", "streaming"]
    assert {m["type"] for m in client.received} == {"status", "metrics", "final_summary"}
    assert client.of("metrics")[-1]["dropped_total"] == 0


async def test_a_message_of_16_mib_is_too_big(autojump_clock: MockClock, connect: Connect) -> None:
    client = await connect()
    await client.start()
    await client.send(bytes(16 * 1024 * 1024))
    await client.until("backpressure")
    await client.send(bytes(16 * 1024 * 1024 + 1))
    assert await client.end() == 1009


async def test_a_client_without_a_pong_is_closed_after_forty_seconds(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(start_timeout=1000)
    await client.next()
    protocol: Any = vars(client.ws)["_wsproto"]
    send = protocol.send

    def mute(event: object) -> Any:
        return b"" if isinstance(event, Pong) else send(event)

    protocol.send = mute
    assert await client.end() == 1011
    assert client.ws.closed is not None
    assert client.ws.closed.reason == "keepalive ping timeout"
    assert trio.current_time() == pytest.approx(40.0, abs=0.1)


async def test_pings_are_answered_while_a_full_server_waits(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    server = serving(max_sessions=1)
    await (await connect(server)).start()
    second = await connect(server)
    await second.next()
    await second.send(START)
    with trio.fail_after(1):
        await second.ws.ping()


@pytest.mark.parametrize(
    ("limits", "begins", "after"),
    [({"start_timeout": 7.0}, False, 7.0), ({"max_session_seconds": 30.0}, True, 30.0)],
)
async def test_time_is_limited(
    autojump_clock: MockClock,
    connect: Connect,
    limits: dict[str, float],
    begins: bool,
    after: float,
) -> None:
    client = await connect(**limits)
    if begins:
        await client.start()
    assert await client.end() == 1000
    assert client.states()[-1] == "warning"
    assert client.of("final_summary") == []
    assert trio.current_time() == pytest.approx(after, abs=0.1)


async def test_a_reconnect_starts_afresh(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    server = serving()
    for connection in ("c-1", "c-2"):
        client = await connect(server)
        await client.start(connection_id=connection)
        await client.speak(0.6)
        await client.send(STOP)
        assert await client.end() == 1000
        assert client.texts() == ["0.00-0.60"]
        assert {m["connection_id"] for m in client.received[1:]} == {connection}
    assert server.accepted == 2


async def test_audio_is_recorded_per_connection_and_source(
    autojump_clock: MockClock, connect: Connect, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / "0041-old-mic.wav").touch()
    server = serving(record=tmp_path, slow=100.0)
    client = await connect(server)
    await client.start(connection_id="../../etc/x")
    for _ in range(300):  # most of which is dropped
        await client.send(frame(0))
    await client.send(frame(1, 3))
    await client.send("{")  # malformed: ends the connection without a close frame
    assert await client.end() == 1006
    other = await connect(server)
    await other.start()
    await other.send(frame(0))
    await other.send(STOP)
    summary = await other.until("final_summary")
    assert summary["json"]["recordings"] == ["0043-c-1-system.wav"]
    await other.end()
    assert frames(tmp_path, "004[23]*.wav") == {
        "0042-_etc_x-mic.wav": 1,
        "0042-_etc_x-system.wav": 300 * 320,
        "0043-c-1-system.wav": 320,
    }


async def test_a_disk_that_fails_costs_the_recording_only(
    autojump_clock: MockClock, connect: Connect, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(record=tmp_path / "never-made")
    await client.start()
    await client.speak(2.0)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.texts() == ["0.00-2.00"]
    assert [r.levelname for r in caplog.records] == ["ERROR", "ERROR"]  # the WAV, the ledger


async def test_names_dates_and_tasks_are_reported(
    autojump_clock: MockClock, connect: Connect
) -> None:
    class Scribe(Echo):
        async def recognise(self, question: Question) -> Hypothesis | None:
            return Hypothesis("Anna Bell agreed that Mr. Ross will call on Monday.")

    client = await connect(recognizer=Scribe())
    await client.start()
    await client.speak(2.0)
    await client.send(STOP)
    assert await client.end() == 1000
    (entities,) = client.of("entities_update")
    assert [p["name"] for p in entities["people"]] == ["Anna Bell", "Mr. Ross"]
    assert [d["name"] for d in entities["dates"]] == ["Monday"]
    (cards,) = client.of("cards_update")
    assert len(cards["actions"]) == len(cards["decisions"]) == 1
    assert cards["risks"] == []
    assert cards["window"] == {"t0": 0.0, "t1": 2.0}
    assert "language" not in client.of("asr_final")[0]
    assert "## Actions" in client.received[-1]["markdown"]


async def test_hooks_can_lose_change_and_act(
    autojump_clock: MockClock, connect: Connect, serving: Serving
) -> None:
    class Meddler(Hooks):
        def __init__(self) -> None:
            self.opened_by: list[int] = []

        async def opened(self, peer: Peer) -> None:
            self.opened_by.append(peer.number)
            assert peer.opened_at == 0.0

        async def sending(self, peer: Peer, message: JsonObject) -> JsonObject | None:
            return None if message["type"] == "asr_partial" else message

        async def recognized(
            self, peer: Peer, segment: Segment, answer: Hypothesis | None
        ) -> Hypothesis | None:
            if segment.start:
                peer.end(4000, "enough")
                peer.abort()  # too late: the first ending counts
                await trio.sleep(1)
            return Hypothesis("changed")

    hooks = Meddler()
    client = await connect(hooks=hooks)
    await client.start()
    await client.speak(2.2)
    await client.send(frame(1, 16_000))
    assert await client.end() == 4000
    assert client.texts() == ["changed"]
    assert client.of("asr_partial") == []
    assert hooks.opened_by == [1]


async def test_a_failing_hook_ends_one_connection(
    autojump_clock: MockClock, connect: Connect, serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    class Bomb(Hooks):
        async def received(self, peer: Peer, message: str | bytes) -> None:
            raise RuntimeError("boom")

    server = serving(hooks=Bomb())
    client = await connect(server)
    await client.next()
    await client.send(START)
    assert await client.end() == 1006
    assert server.connections == ()
    assert "connection 1 failed" in caplog.text
