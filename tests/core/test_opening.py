"""How a line opens, by the four kinds of backend that the traits describe."""

from __future__ import annotations

import pytest

from openline import events as e
from openline.dialects.checking import DialectError
from openline.dialects.protocol import (
    DialectBase,
    Heard,
    Ids,
    Metrics,
    Proof,
    Sent,
    Status,
)
from openline.dialects.traits import Ends
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.updates import BackendStatus
from tests.core.toys import Outright, Play

ACK = Status(state="ready", ack=True)


def opened(dialect: Outright | None = None, **options: object) -> Play:
    """A session whose socket is open, and that sent what it may."""
    play = Play(dialect, **options)
    play.open()
    play.opened()
    play.drain()
    return play


class TestReplies:
    def test_the_reply_to_the_start_opens_the_line(self) -> None:
        play = opened()
        assert (play.state, play.data) == ("awaiting_ack", ["start"])
        play.hear(ACK)
        assert play.state == "streaming"

    def test_the_wait_for_the_reply_alone_bounds_the_sending_of_the_start(self) -> None:
        play = opened()
        assert Timer.SEND not in play.core.snapshot().deadlines
        play.hear(ACK)
        assert Timer.SEND not in play.core.snapshot().deadlines

    def test_a_reply_before_the_start_is_late(self) -> None:
        play = Play()
        play.open()
        play.opened()
        play.hear(ACK)
        assert play.state == "awaiting_ack"
        assert play.core.statistics.late == 1

    def test_a_start_of_several_messages_goes_out_before_the_reply_counts(self) -> None:
        dialect = Outright()
        dialect.starts = ("hello", "go")
        play = opened(dialect)
        assert play.data == ["hello", "go"]
        play.hear(ACK)
        play.send(0.02)
        assert play.data == ["hello", "go", "640"]

    def test_a_start_without_a_message_is_acknowledged_too(self) -> None:
        dialect = Outright()
        dialect.starts = ()
        play = opened(dialect)
        assert play.data == []
        play.hear(ACK)
        assert play.state == "streaming"


class TestGreeting:
    def test_the_start_follows_the_greeting(self) -> None:
        play = opened(Outright(greets=True))
        assert (play.state, play.data) == ("awaiting_ack", [])
        play.hear(ACK)
        play.drain()
        assert (play.state, play.data) == ("awaiting_ack", ["start"])
        play.hear(Status(state="open", ack=True))
        assert play.state == "streaming"
        assert [each.state for each in play.told(BackendStatus)] == ["ready", "open"]

    def test_a_greeting_that_does_not_come_ends_the_dial(self) -> None:
        play = opened(Outright(greets=True, patience=2.5))
        play.wait(2.4)
        assert play.state == "awaiting_ack"
        play.wait(0.2)
        assert play.state == "reconnecting"

    def test_patience_bounds_each_wait_alone(self) -> None:
        play = opened(Outright(greets=True, patience=2.5))
        play.wait(2.0)
        play.hear(ACK)
        play.wait(2.4)
        assert play.state == "awaiting_ack"
        play.wait(0.2)
        assert play.state == "reconnecting"

    def test_without_patience_the_policy_bounds_it(self) -> None:
        play = opened(Outright(), policy=Policy(ack_timeout=3.0))
        assert play.core.snapshot().deadlines[Timer.ACK] == play.now + 3.0
        play = opened(Outright(patience=40.0), policy=Policy(ack_timeout=3.0))
        assert play.core.snapshot().deadlines[Timer.ACK] == play.now + 40.0

    def test_a_greeting_alone_opens_a_line_without_replies(self) -> None:
        play = opened(Outright(greets=True, replies=False))
        assert play.state == "awaiting_ack"
        play.audio()
        play.hear(ACK)
        play.drain()
        assert (play.state, play.data) == ("streaming", ["start", "640"])

    def test_the_start_delay_holds_back_the_line_behind_a_greeting(self) -> None:
        play = opened(Outright(greets=True, replies=False, start_delay=1.0))
        play.hear(ACK)
        assert play.state == "awaiting_ack"
        play.hear(ACK)
        assert play.core.statistics.late == 1
        play.wait(0.79)
        assert (play.state, play.data) == ("awaiting_ack", [])
        play.wait(0.02)
        assert (play.state, play.data) == ("streaming", ["start"])

    def test_each_dial_is_greeted(self) -> None:
        play = opened(Outright(greets=True))
        play.hear(ACK)
        play.drain()
        play.hear(ACK)
        play.lose()
        play.redial()
        play.opened()
        play.drain()
        assert (play.state, play.data) == ("awaiting_ack", ["start"])
        play.hear(ACK)
        play.drain()
        assert play.data == ["start", "start"]

    def test_ends_said_with_the_greeting_count_unless_the_reply_says_others(self) -> None:
        for said, ends in ((None, Ends.CLAIMED), (Ends.NONE, Ends.NONE)):
            play = opened(Outright(greets=True))
            play.hear(Status(state="hello", ack=True, ends=Ends.CLAIMED))
            play.drain()
            play.hear(Status(state="ready", ack=True, ends=said))
            assert play.session.ends is ends


class TestSocketAlone:
    def test_the_socket_opens_the_line_and_the_start_goes_first(self) -> None:
        play = Play(Outright(replies=False))
        play.open()
        play.audio(2)
        play.opened()
        assert play.state == "streaming"
        play.drain()
        assert play.data == ["start", "640", "640"]

    def test_without_a_start_audio_goes_first(self) -> None:
        dialect = Outright(replies=False)
        dialect.starts = ()
        play = Play(dialect)
        play.open()
        play.audio()
        play.opened()
        play.drain()
        assert play.data == ["640"]

    def test_a_stopped_session_goes_on_to_finish(self) -> None:
        play = Play(Outright(replies=False))
        play.open()
        play.audio()
        play.stop()
        play.opened()
        play.drain()
        assert play.state == "finishing"
        assert play.data == ["start", "640", "stop after 1 of 2, 0.02 s"]

    def test_the_start_delay_holds_it_back(self) -> None:
        for stops in (False, True):
            play = opened(Outright(replies=False, start_delay=1.0))
            play.audio()
            if stops:
                play.stop()
            assert (play.state, play.data) == ("awaiting_ack", [])
            play.wait(0.79)
            assert play.state == "awaiting_ack"
            play.wait(0.02)
            assert play.state == ("finishing" if stops else "streaming")
            assert play.data[0] == "start"


class TestStreamed:
    """Only a backend that answered, proved or said something is known to stream."""

    @pytest.mark.parametrize(
        "item",
        [
            ACK,
            Heard(text="yes", start=0.0, end=0.5, final=False),
            Metrics(source="mic", backlog=0.0),
            Proof(received=0.5),
        ],
        ids=lambda item: type(item).__name__,
    )
    def test_an_answer_shows_it(self, item: Heard) -> None:
        play = opened(Outright(replies=False))
        play.send(0.5)
        assert not play.core.snapshot().streamed
        play.hear(item)
        assert play.core.snapshot().streamed

    def test_a_status_or_a_greeting_alone_does_not(self) -> None:
        play = opened(Outright(replies=False))
        play.hear(Status(state="loading"))
        assert not play.core.snapshot().streamed
        play = opened(Outright(greets=True))
        play.hear(ACK)
        assert not play.core.snapshot().streamed

    def test_a_silent_open_line_is_not_stable(self) -> None:
        play = opened(Outright(replies=False), policy=Policy(ping_interval=20.0))
        play.lose(error=ErrorKind.RESET)
        play.redial()
        play.opened()
        play.wait(10.5)
        assert play.core.snapshot().retry.tries == 1
        play.send(0.5)
        play.hear(Proof(received=0.5))
        assert play.core.snapshot().retry.tries == 1
        play.wait(9.6)
        assert play.core.snapshot().retry.tries == 0


def test_any_one_name_is_a_source_where_the_dialect_names_none() -> None:
    play = Play(Outright(sources=(), replies=False), sources=("desk",))
    play.open()
    play.audio(1, "desk")
    play.opened()
    play.drain()
    assert play.data == ["start", "640"]
    for sources in ((), ("a", "b"), (" ",)):
        with pytest.raises(ValueError, match=r"takes one source of any name$"):
            Play(Outright(sources=()), sources=sources)


def test_the_memory_is_new_on_each_dial_and_goes_from_message_to_message() -> None:
    play = opened()
    assert play.session.memory == 0
    play.hear(ACK)
    play.hear()
    assert play.session.memory == 2
    play.lose()
    play.redial()
    assert play.session.memory == 0


def test_a_message_of_no_items_is_a_sign_of_life_alone() -> None:
    play = opened()
    play.hear(ACK)
    play.feed(e.NetworkRestored())
    play.drain()
    assert Timer.PONG in play.core.snapshot().deadlines
    play.hear()
    assert Timer.PONG not in play.core.snapshot().deadlines
    assert not any(play.core.snapshot().counts.values())


def test_a_dialect_may_keep_frames_for_a_later_message() -> None:
    dialect = Outright(replies=False)
    dialect.keeps = 3
    play = opened(dialect)
    play.send(0.1)
    assert play.data == ["start", "1920"]
    assert play.core.snapshot().sources["mic"].sent == 5 * 320
    play.send(0.02)
    assert play.data == ["start", "1920", "1920"]


def test_a_dialect_that_cannot_begin_is_named() -> None:
    class Unready(Outright):
        def begin(self) -> object:
            raise KeyError("secret")

    with pytest.raises(DialectError, match=r"^the dialect Unready: begin raised KeyError$"):
        Play(Unready()).open()


def test_a_dialect_without_methods_of_its_own_has_none_to_send() -> None:
    base, sent = DialectBase(), Sent()
    assert base.begin() is None
    for made in (
        base.start(1, Ids(session_id="s", attempt_id="a", connection_id="c")),
        base.flush(1, sent),
        base.keepalive(1, sent),
    ):
        assert made == (1, ())
    assert (base.query(), base.subprotocols("token")) == ((), ())
    assert base.headers("token") == [("Authorization", "Bearer token")]
