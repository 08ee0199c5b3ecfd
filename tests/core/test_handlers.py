"""Events that are accepted or refused: unreadable messages, foreign ids, invalid values."""

from __future__ import annotations

import math
from typing import Any

import pytest

from openline import events as e
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.reconnect.verdicts import Action, ErrorKind
from openline.session import LocalProtocolError
from openline.updates import SAMPLE_RATE, BackendStatus, Trouble
from tests.core.driver import FRAME, Drive

UNREADABLE: list[str | bytes] = [
    "",
    "no JSON",
    "[]",
    '{"type":1}',
    '{"type":"asr_final"}',
    '{"type":"asr_final","text":7,"t0":0,"t1":1}',
    '{"type":"status","state":7}',
    '{"type":"metrics","source":"mic","backlog_seconds":1',
    b"binary",
]


@pytest.mark.parametrize("data", UNREADABLE)
def test_malformed_messages_are_counted_and_reported_once(data: str | bytes) -> None:
    drive = Drive().stream()
    drive.feed(e.MessageReceived(1, data))
    assert not drive.feed(e.MessageReceived(1, data))
    assert drive.core.statistics.malformed == 2
    assert [trouble.kind for trouble in drive.told(Trouble)] == ["malformed"]
    assert drive.state == "streaming"


@pytest.mark.parametrize(("name", "shown"), [("horoscope", "horoscope"), (" ", "(blank)")])
def test_an_unknown_type_is_tolerated_and_reported_once(name: str, shown: str) -> None:
    drive = Drive().stream()
    drive.say(name)
    drive.say("weather")
    assert [trouble.text for trouble in drive.told(Trouble)] == [
        f"a message of an unknown type: {shown}"
    ]
    assert drive.core.statistics.malformed == 0


def test_an_unknown_status_is_reported_unchanged() -> None:
    drive = Drive().stream()
    drive.ack("daydreaming", message="hm")
    assert drive.told(BackendStatus)[-1] == BackendStatus(state="daydreaming", text="hm")
    assert drive.state == "streaming"


@pytest.mark.parametrize("ids", [{"connection_id": "connection 0"}, {"attempt_id": "other"}])
def test_a_message_with_foreign_ids_is_counted_and_reported_once(ids: dict[str, Any]) -> None:
    drive = Drive().stream()
    for _ in range(2):
        drive.say("error", message="not meant for us", **ids)
    assert drive.state == "streaming"
    assert drive.core.statistics.foreign == 2
    assert [trouble.kind for trouble in drive.told(Trouble)] == ["foreign"]


def test_a_message_with_foreign_ids_cannot_ack_a_start() -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.ack(connection_id="connection 0")
    assert drive.state == "awaiting_ack"


def test_a_socket_that_is_opened_twice_keeps_its_first_name() -> None:
    drive = Drive().stream()
    drive.feed(e.SocketOpened(1, "another"))
    drive.say("error", connection_id="another")
    assert drive.state == "streaming"
    assert drive.core.statistics.foreign == 1
    assert drive.core.statistics.late == 1


def test_a_redirect_of_an_open_socket_leads_nowhere() -> None:
    drive = Drive().stream()
    drive.feed(e.Redirected(1, 302, "/elsewhere"))
    assert drive.core.statistics.late == 1
    drive.lose()
    drive.redial()
    assert drive.dials[-1].backend == drive.dials[0].backend


@pytest.mark.parametrize("where", ["connecting", "awaiting_ack"])
def test_an_event_that_a_state_excludes_is_not_judged(where: str) -> None:
    """The cause of the last loss stays, and no delay is drawn."""
    draws: list[float] = []

    def random() -> float:
        draws.append(0.5)
        return 0.5

    drive = Drive(policy=Policy(give_up_after=5), random=random)
    drive.open()
    drive.lose(error=ErrorKind.REFUSED)
    drive.redial()
    drawn = len(draws)
    if where == "connecting":
        for text in ("Invalid start message", "Server at capacity, please try again later"):
            said = f'{{"type": "error", "message": "{text}"}}'
            drive.feed(e.MessageReceived(2, said))
    else:
        drive.opened()
        drive.feed(e.Redirected(2, 302, "ws://example.org/unsafe"))
        drive.feed(e.Redirected(2, 302, "/elsewhere"))
    assert drive.core.statistics.late == 2
    assert drive.state == where
    assert len(draws) == drawn
    drive.run_out()
    assert drive.ended.reason == "gave up in time: nothing listens at that address yet"


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_a_source_cannot_start_at_an_invalid_time(at: float) -> None:
    """If accepted, such a time would become the session's zero."""
    drive = Drive().stream()
    with pytest.raises(LocalProtocolError, match=r"a source that starts at .*: give seconds"):
        drive.feed(e.SourceStarted("mic", at))
    assert drive.core.statistics.sources["mic"].captured == 0
    drive.audio()
    assert drive.core.statistics.sources["mic"].captured == FRAME


def test_audio_after_the_stop_is_refused_and_reported_once() -> None:
    drive = Drive().stream()
    drive.stop()
    drive.audio(1)
    drive.audio(2)
    assert [trouble.kind for trouble in drive.told(Trouble)] == ["late_audio"]
    assert drive.core.statistics.refused_samples == 3 * FRAME


def test_any_whole_number_of_samples_is_audio() -> None:
    drive = Drive().stream()
    for samples in (0, 1, 100, 219, 1000):
        drive.feed(e.AudioCaptured("mic", bytes(2 * samples)))
    assert drive.core.statistics.sources["mic"].captured == 1320
    drive.drain()
    assert drive.frames() == 4, "the last, short frame waits for more"
    drive.stop()
    drive.drain()
    assert drive.frames() == 5


def test_a_source_that_starts_late_keeps_its_offset() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.audio(1)
    drive.feed(e.SourceStarted("system", drive.now + 2))
    drive.audio(1, "system")
    drive.abort()
    assert [(gap.source, gap.start) for gap in drive.gaps] == [
        ("mic", 0),
        ("system", 2 * SAMPLE_RATE),
    ]


def test_a_hole_after_the_end_of_a_source_is_ignored() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.audio(1)
    drive.feed(e.SourceFinished("mic"))
    drive.feed(e.CaptureHole("mic", 100))
    assert drive.core.statistics.sources["mic"].captured == FRAME


def test_a_delay_after_a_refusal_text_is_explained_by_it() -> None:
    drive = Drive().stream()
    drive.refuse("Server at capacity, please try again later")
    assert drive.last_change.reason == (
        "the backend is full and asks to come back later "
        "(Server at capacity, please try again later)"
    )


@pytest.mark.parametrize(
    ("timer", "kind"),
    [
        (Timer.CONNECT, "was not open in time"),
        (Timer.ACK, "did not acknowledge the start"),
        (Timer.PONG, "did not answer a ping"),
        (Timer.SEND, "took no more data"),
        (Timer.STALL, "neither drained nor sent anything"),
    ],
)
def test_every_timer_that_ends_a_dial_reports_its_reason(timer: Timer, kind: str) -> None:
    drive = Drive()
    drive.open()
    if timer is not Timer.CONNECT:
        drive.opened()
    if timer not in {Timer.CONNECT, Timer.ACK}:
        drive.drain()
        drive.ack()
    if timer is Timer.SEND:
        drive.audio(1)
        drive.pull()
    if timer is Timer.STALL:
        drive.audio(200)
        drive.serve()
        for _ in range(3):
            drive.wait(4.9)
            drive.figures(backlog=2.0)
    while "reconnecting" not in drive.states:
        drive.tick()
        if timer in {Timer.PONG, Timer.STALL}:
            drive.drain()
    assert kind in drive.last_change.reason


def test_a_dns_failure_is_weather_only_after_a_first_connection() -> None:
    drive = Drive()
    drive.open()
    drive.lose(error=ErrorKind.DNS_NOT_FOUND)
    assert drive.last_change.action is Action.RETRY
    drive = Drive().stream()
    drive.lose()
    drive.redial()
    drive.lose(error=ErrorKind.DNS_NOT_FOUND)
    assert drive.last_change.action is Action.LATER
