"""What a session exports: spans for its dials and turns, and measurements with few labels."""

from __future__ import annotations

import pytest
from opentelemetry.trace import StatusCode

from openline import events as e
from openline.backend import Backend
from openline.commands import SendPing
from openline.machine.life import Leaving
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.updates import SAMPLE_RATE, GapWithdrawn
from openline_telemetry import names
from openline_telemetry.setup import SAMPLE_EVERY
from openline_telemetry.turns import MOST_WAITING
from tests.core.driver import Drive
from tests.core.renewing import leaving
from tests.telemetry.support import EPOCH, NANO, Told, attributes, events, seconds


def finish(drive: Drive) -> None:
    """End the session properly."""
    drive.stop()
    drive.serve("mic")
    drive.summary()
    if drive.state == "closing":
        drive.lose(1000)
    assert drive.core.ended


def pinged(drive: Drive) -> SendPing:
    """Speak until a ping is sent."""
    while True:
        drive.wait(0.02, pulling=False)
        drive.audio()
        for each in drive.drain():
            if isinstance(each, SendPing):
                return each


def test_a_session_is_a_root_with_its_dials_and_turns_below() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.speak(1.0)
    drive.partial(0.0, 0.5)
    drive.wait(0.4)
    drive.final(0.0, 1.0, "three small words")
    finish(drive)

    (session,), (dial,), (turn,) = (
        told.spans(name) for name in (names.SESSION_SPAN, names.DIAL_SPAN, names.TURN_SPAN)
    )
    assert session.parent is None
    assert session.context is not None
    for child in (dial, turn):
        assert child.parent is not None
        assert child.parent.span_id == session.context.span_id
        assert attributes(child)[names.SESSION_ID] == "the session"
    assert session.start_time == EPOCH
    assert session.status.status_code is StatusCode.UNSET
    assert {
        name: value
        for name, value in attributes(turn).items()
        if name.startswith("openline.turn") or name == names.OUTCOME
    } == {
        names.START: 0.0,
        names.STOP: 1.0,
        names.WORDS: 3,
        names.PARTIALS: 1,
        names.OUTCOME: "final",
    }
    assert seconds(turn) == pytest.approx(0.4)
    given = attributes(session)
    assert (given[names.END], given[names.DIALS], given[names.FINALS]) == ("complete", 1, 1)
    assert given[names.CAPTURED] == given[names.CONFIRMED] == pytest.approx(1.0)
    states = [each[names.STATE] for each in events(session, names.STATE_EVENT)]
    assert states == [
        *("connecting", "awaiting_ack", "streaming", "finishing", "closing", "closed")
    ]


def test_a_session_is_measured() -> None:
    told = Told()
    drive = told.drive().stream()
    assert told.sums(names.ACTIVE) == {(): 1}
    drive.speak(12.0)
    drive.partial(0.0, 0.5)
    drive.wait(0.4)
    drive.final(0.0, 6.0, "three small words")
    finish(drive)

    ended = drive.ended.statistics.sources["mic"]
    assert told.sums(names.ACTIVE) == {(): 0}
    assert told.sums(names.SESSIONS, names.END) == {("complete",): 1}
    assert told.sums(names.DIALLED, names.OUTCOME, names.ERROR_TYPE) == {("closed", ""): 1}
    assert told.sums(names.OPENING) == {(): pytest.approx(0.2)}
    assert told.sums(names.AUDIO_CAPTURED) == {(): pytest.approx(ended.captured / SAMPLE_RATE)}
    assert told.sums(names.AUDIO_CONFIRMED) == {(): pytest.approx(ended.confirmed / SAMPLE_RATE)}
    assert told.sums(names.TOLD) == {(): 3}
    assert told.sums(names.TURN) == {(): pytest.approx(0.4)}
    assert names.GAPS.name not in told.points()
    (lag,) = told.points()[names.LAG.name]
    assert lag.count == 2  # type: ignore[union-attr]  # it is a histogram


def test_what_is_confirmed_is_counted_while_the_session_goes_on() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.speak(3.0)
    drive.final(0.0, 3.0)
    assert told.sums(names.AUDIO_CONFIRMED) == {}  # not looked at again yet
    drive.wait(3.0)
    assert told.sums(names.AUDIO_CONFIRMED) == {(): pytest.approx(3.0)}
    assert told.sums(names.AUDIO_CAPTURED) == {(): pytest.approx(3.0)}


def test_audio_alone_costs_no_look() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.now += 60.0
    drive.core.relay("mic", bytes(640), drive.now)
    drive.audio()
    assert told.sums(names.AUDIO_CAPTURED) == {}


def test_a_lost_line_is_an_outage_until_audio_may_flow() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.lose(1001)
    lost = drive.now
    drive.redial()
    drive.lose(status=503)
    drive.redial()
    drive.connect()
    back = drive.now
    drive.abort()

    assert told.sums(names.OUTAGE, names.OUTCOME) == {("recovered",): pytest.approx(back - lost)}
    assert told.sums(names.DIALLED, names.OUTCOME, names.ERROR_TYPE) == {
        ("retry", "close_1001"): 1,
        ("later", "503"): 1,
        ("closed", ""): 1,
    }
    first, second, third = told.spans(names.DIAL_SPAN)
    assert attributes(first)[names.CLOSE_CODE] == 1001
    assert attributes(first)[names.CLOSE_SENDER] == "remote"
    assert attributes(first)[names.VERDICT] == "retry"
    assert first.status.status_code is StatusCode.ERROR
    assert attributes(second)[names.STATUS_CODE] == 503
    assert [attributes(dial)[names.DIAL] for dial in (first, second, third)] == [1, 2, 3]
    assert third.status.status_code is StatusCode.UNSET
    assert [each.name for each in third.events] == [names.OPENED_EVENT, names.LINE_EVENT]


def test_a_failed_session_ends_its_outage_and_is_an_error() -> None:
    told = Told()
    drive = told.drive(policy=Policy(give_up_after=5.0)).stream()
    drive.speak(0.1)
    drive.partial(0.0, 0.1)
    drive.lose()
    while not drive.core.ended:
        if drive.state == "connecting":
            drive.lose(error=ErrorKind.REFUSED)
        else:
            drive.tick()
    (session,) = told.spans(names.SESSION_SPAN)
    assert session.status.status_code is StatusCode.ERROR
    assert told.sums(names.SESSIONS, names.END) == {("failed",): 1}
    assert [*told.sums(names.OUTAGE, names.OUTCOME)] == [("ended",)]
    assert told.sums(names.GAPS, names.CAUSE) == {
        (gap.cause.value,): pytest.approx(gap.seconds) for gap in drive.ended.missing
    }
    assert sum(told.sums(names.GAPS).values()) > 0
    (turn,) = told.spans(names.TURN_SPAN)
    assert attributes(turn)[names.OUTCOME] == "retracted"
    assert told.sums(names.ACTIVE) == {(): 0}


def test_a_dial_that_times_out_says_by_what() -> None:
    told = Told()
    drive = told.drive()
    drive.open()
    while not told.spans(names.DIAL_SPAN):
        drive.tick()
    (dial,) = told.spans(names.DIAL_SPAN)
    assert attributes(dial)[names.ERROR_TYPE] == "no_socket"
    assert names.CONNECTION_ID not in attributes(dial)


def test_a_refusal_in_words_is_named_and_not_quoted() -> None:
    told = Told()
    drive = told.drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.refuse("Server at capacity, ask for s3cret")
    drive.tick()  # the span ends with the next event
    (dial,) = told.spans(names.DIAL_SPAN)
    assert attributes(dial)[names.ERROR_TYPE] == "backend_refusal"
    assert attributes(dial)[names.OUTCOME] == "later"
    assert "s3cret" not in dial.to_json()


def test_a_redirect_is_a_dial_of_its_own() -> None:
    told = Told()
    drive = told.drive(backend=Backend(host="one.example", port=8443))
    drive.open()
    drive.feed(e.Redirected(1, 307, "wss://one.example:8443/there?x=s3cret"))
    drive.connect()
    drive.abort()
    first, second = told.spans(names.DIAL_SPAN)
    assert attributes(first)[names.OUTCOME] == "redirected"
    assert attributes(second)[names.OUTCOME] == "closed"
    assert attributes(second)[names.SERVER_ADDRESS] == "one.example"
    assert attributes(second)[names.SERVER_PORT] == 8443


def test_the_slowest_pong_since_the_last_look_is_measured() -> None:
    told = Told()
    drive = told.drive().stream()
    for delay in (0.01, 0.3, 0.02):
        ping = pinged(drive)
        drive.now += delay
        drive.feed(e.PongReceived(ping.dial, ping.mark))
        drive.feed(e.PongReceived(ping.dial, ping.mark))  # once is enough
    drive.abort()
    assert told.sums(names.PONG) == {(): pytest.approx(0.3)}


def test_a_pong_on_the_short_way_is_measured_as_well() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.audio()
    drive.drain()
    while not drive.core.wants_pull:
        assert drive.core.relay("mic", bytes(640), drive.now) is not None
    ping, *_ = drive.drain()
    assert isinstance(ping, SendPing)
    drive.now += 0.1
    assert drive.core.pong(e.PongReceived(1, ping.mark), drive.now)
    drive.abort()
    assert told.sums(names.PONG) == {(): pytest.approx(0.1)}


@pytest.mark.parametrize("dials", [1, 40])
@pytest.mark.parametrize("code", [None, 1001, 1012])
def test_what_no_dial_has_answered_hides_no_later_pong(code: int | None, dials: int) -> None:
    told = Told()
    drive = told.drive(policy=Policy(max_attempts=None, give_up_after=None)).stream()
    for _ in range(dials):
        pinged(drive)
        drive.lose(code)
        drive.redial()
        drive.connect()
    assert told.sums(names.PONG) == {}
    ping = pinged(drive)
    drive.now += 0.1
    drive.feed(e.PongReceived(ping.dial, ping.mark))
    drive.abort()
    assert told.sums(names.PONG) == {(): pytest.approx(0.1)}


def test_a_settled_turn_waits_for_its_final_while_the_next_is_live() -> None:
    told = Told()
    drive = told.drive(ends="claim").stream()
    drive.speak(2.0)
    drive.partial(0.0, 0.5)
    drive.wait(0.1)
    drive.final(0.0, 1.0, "so we go")
    assert drive.settled
    drive.partial(1.2, 1.5)
    drive.partial(1.2, 1.7)
    assert not told.spans(names.TURN_SPAN)
    drive.abort()
    outcomes = [
        (attributes(turn)[names.OUTCOME], attributes(turn)[names.PARTIALS])
        for turn in told.spans(names.TURN_SPAN)
    ]
    assert sorted(outcomes) == [("final", 2), ("retracted", 2)]


def test_waiting_turns_are_bounded() -> None:
    told = Told()
    drive = told.drive(ends="claim").stream()
    drive.speak(MOST_WAITING * 0.1 + 1)
    for number in range(MOST_WAITING + 3):
        drive.final(number * 0.1, number * 0.1 + 0.05, f"word {number}")
        drive.wait(0.01)
    assert len(drive.settled) == MOST_WAITING + 3
    drive.wait(SAMPLE_EVERY)  # spans are made together
    spans = told.spans(names.TURN_SPAN)
    assert [attributes(turn)[names.OUTCOME] for turn in spans] == ["unfinished"] * 3
    drive.abort()
    begins = [turn.start_time or 0 for turn in told.spans(names.TURN_SPAN)]
    assert begins[:3] == [begins[0] + 10_000_000 * number for number in range(3)]
    assert begins[2] < min(begins[3:]), "the oldest were given up"


def test_a_final_without_a_partial_has_no_length_and_is_not_timed() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.speak(1.0)
    drive.final(0.0, 1.0)
    assert not told.spans(names.TURN_SPAN)
    drive.wait(SAMPLE_EVERY)
    (turn,) = told.spans(names.TURN_SPAN)
    assert seconds(turn) == 0
    assert names.TURN.name not in told.points()


def test_a_gap_that_is_withdrawn_is_counted_back() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.audio(50)
    drive.serve()
    drive.figures(dropped=1)
    finish(drive)
    withdrawn = [each.gap for each in drive.told(GapWithdrawn)]
    assert told.sums(names.WITHDRAWN, names.CAUSE) == {
        (gap.cause.value,): pytest.approx(gap.seconds) for gap in withdrawn
    }
    lost, back = (sum(told.sums(metric).values()) for metric in (names.GAPS, names.WITHDRAWN))
    assert back > 0
    assert lost - back == pytest.approx(sum(gap.seconds for gap in drive.ended.missing))
    (session,) = told.spans(names.SESSION_SPAN)
    assert len(events(session, names.GAP_EVENT)) == 2
    assert len(events(session, names.WITHDRAWN_EVENT)) == 1


@pytest.mark.parametrize("move", [None, *e.Move])
def test_what_moves_to_another_process_is_not_missing(move: e.Move | None) -> None:
    told = Told()
    drive = told.drive().stream()
    drive.audio(50)
    drive.feed(e.AbortRequested(move))
    assert drive.ended.missing, "here it is"
    lost = 0.0 if move else pytest.approx(1.0)
    assert sum(told.sums(names.GAPS).values()) == lost
    (session,) = told.spans(names.SESSION_SPAN)
    assert attributes(session)[names.MISSING] == lost
    assert bool(events(session, names.GAP_EVENT)) is (move is None)


def test_a_second_session_of_one_observer_is_not_seen() -> None:
    told = Told()
    observer = told.telemetry.observer()
    one, two = Drive(observers=[observer]), Drive(observers=[observer])
    one.open()
    two.open()
    assert not one.core.observer_errors
    assert [str(error) for error in two.core.observer_errors] == [
        "this TelemetryObserver has a session: give each a new one"
    ]


def test_an_observer_without_a_session_says_what_it_is_for() -> None:
    with pytest.raises(RuntimeError, match="for the observers= of a session"):
        Told().telemetry.observer().on_event(e.Tick(), 0.0)


def test_the_calendar_is_asked_anew_at_each_dial_and_never_runs_back() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.lose()
    told.calendar += 3600 * NANO  # the machine slept
    drive.redial()
    told.calendar -= 7200 * NANO  # the calendar was set back
    drive.lose(error=ErrorKind.REFUSED)
    drive.redial()
    drive.abort()
    _, second, third = told.spans(names.DIAL_SPAN)
    assert second.start_time == EPOCH + 3600 * NANO
    assert second.end_time is not None
    assert third.start_time is not None
    assert second.end_time <= third.start_time < second.end_time + 2 * NANO
    assert all(seconds(span) >= 0 for span in told.spans_out.get_finished_spans())


@pytest.mark.parametrize("drafts", [False, True])
def test_names_of_drafts_are_opted_in_to(drafts: bool) -> None:
    told = Told(drafts=drafts)
    drive = told.drive().stream()
    drive.speak(1.0)
    drive.final(0.0, 1.0)
    finish(drive)
    spans = told.spans_out.get_finished_spans()
    found = {key for span in spans for key in attributes(span) if key.startswith("gen_ai.")}
    found |= {event.name for span in spans for event in span.events if "gen_ai." in event.name}
    drafted = {
        *(names.DRAFT_CONVERSATION, names.DRAFT_OPERATION, names.DRAFT_PROVIDER),
        *(names.DRAFT_STARTED, names.DRAFT_ENDED),
    }
    assert found == (drafted if drafts else set())


def test_an_end_before_the_opening_has_a_span() -> None:
    told = Told()
    drive = told.drive()
    drive.stop()
    (session,) = told.spans(names.SESSION_SPAN)
    assert attributes(session)[names.DIALS] == 0
    drive.feed(e.Tick())
    assert len(told.spans_out.get_finished_spans()) == 1


def test_a_dial_that_is_replaced_in_time_is_no_fault() -> None:
    told = Told()
    drive = leaving(observers=[told.telemetry.observer()])
    while drive.core.dial == 1:
        drive.tick()
        drive.serve()
        if drive.core.snapshot().leaving is Leaving.CLOSING:
            drive.lose(1000, sender=Sender.LOCAL)
    drive.abort()
    first, _ = told.spans(names.DIAL_SPAN)
    assert attributes(first)[names.OUTCOME] == "replaced"
    assert first.status.status_code is StatusCode.UNSET
    assert names.OUTAGE.name not in told.points()


def test_what_does_not_end_a_session_is_an_event_of_it() -> None:
    told = Told()
    drive = told.drive(sources=("mic", "system")).stream()
    drive.audio()
    drive.feed(e.SourceFailed("system", "unplugged"))
    drive.feed(e.MessageReceived(drive.core.dial, "{"))
    drive.now += 120.0  # the machine slept
    drive.feed(e.Tick())
    drive.abort()
    (session,) = told.spans(names.SESSION_SPAN)
    (slept,) = events(session, names.SUSPENDED_EVENT)
    assert slept[names.SECONDS] > 100
    assert events(session, names.SOURCE_EVENT) == [
        {names.SOURCE: "system", names.OUTCOME: "failed"}
    ]
    assert {names.KIND: "malformed"} in events(session, names.TROUBLE_EVENT)
    assert told.sums(names.TROUBLES, names.KIND)["malformed",] == 1


def test_news_of_a_dial_that_is_over_changes_nothing() -> None:
    told = Told()
    drive = told.drive().stream()
    drive.lose()
    for late in (
        e.SocketOpened(1, "late"),
        e.SocketLost(dial=1, code=1000),
        e.Redirected(1, 307, "wss://late.example"),
        e.PongReceived(1, b"late"),
    ):
        drive.feed(late)
    drive.abort()
    assert not drive.core.observer_errors
    (dial,) = told.spans(names.DIAL_SPAN)
    assert attributes(dial)[names.ERROR_TYPE] == "reset"
    assert names.CLOSE_CODE not in attributes(dial)
