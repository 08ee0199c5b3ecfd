"""A dial is replaced before its connection ends: when, how it is drained, and what follows."""

from __future__ import annotations

import math
from typing import Any

import pytest

from openline import events as e
from openline.commands import AbortSocket, CloseSocket, OpenSocket, SendBytes
from openline.dialects.protocol import Encoded, Memory, Sent
from openline.dialects.traits import Drain, Ends
from openline.machine.life import Life
from openline.machine.timers import OFF, Timer
from openline.policy import Policy
from openline.reconnect.verdicts import Action, ErrorKind, Sender
from openline.updates import SAMPLE_RATE, BackendStatus, State, Transcript
from tests.core.driver import BEAT, FRAME, Drive
from tests.core.renewing import FLUSH, LIFE, Renewing, Town, leaving

#: With every draw 0.5, the share of a life after which a dial is replaced.
SHARE = 0.8
PATIENT = Policy(source_timeout=None)


#: The peak of a frame in which someone speaks.
LOUD = 9000


def utter(drive: Drive, seconds: float, peak: int | None) -> None:
    """Live audio of that peak, of which the backend tells nothing yet."""
    for _ in range(round(seconds / BEAT)):
        drive.wait(BEAT, pulling=False)
        drive.feed(e.AudioCaptured("mic", bytes(2 * FRAME), peak))
        drive.serve()


def at(drive: Drive, timer: Timer) -> float | None:
    return drive.core.snapshot().deadlines.get(timer)


def speak_until(drive: Drive, when: float) -> None:
    """Live audio of which the backend processes all, up to a time."""
    while drive.now < when and drive.state == "streaming":
        drive.speak(max(BEAT, min(1.0, when - drive.now)))
        if drive.state == "streaming":
            drive.say("proof", confirmed=drive.now)


def stable(drain: Drain = Drain.FLUSH, **options: Any) -> Drive:
    """A session that streams over a stable dial, all audio so far being confirmed."""
    drive = leaving(drain, policy=options.pop("policy", PATIENT), **options)
    speak_until(drive, drive.now + 12.0)
    return drive


def due_soon(**traits: Any) -> Drive:
    """The same, 1 s before the time from which on its dial is replaced in a pause."""
    drain, sources = traits.pop("drain", Drain.FLUSH), traits.pop("sources", ("mic",))
    drive = stable(drain, sources=sources, traits={"longest": 60.0, **traits})
    due = at(drive, Timer.ROTATE)
    assert due is not None
    speak_until(drive, due - 1.0)
    assert drive.state == "streaming"
    return drive


def sent(drive: Drive) -> float:
    """The seconds of audio that were sent on the live dial."""
    return drive.frames(drive.core.dial) * BEAT


def draining(drain: Drain = Drain.FLUSH, *, audio: bool = True, **options: Any) -> Drive:
    """The same, its dial being replaced; with ``audio`` some is not confirmed."""
    drive = stable(drain, **options)
    if audio:
        drive.audio(10)
        drive.serve()
    drive.say("go_away", seconds=0)
    assert drive.state == "draining"
    return drive


def closing(drain: Drain = Drain.FLUSH, **options: Any) -> Drive:
    """The same, the closing handshake being under way."""
    drive = draining(drain, audio=False, **options)
    assert isinstance(drive.commands[-1], CloseSocket)
    return drive


class TestLife:
    def life(self, draw: float, longest: float | None = LIFE) -> Life:
        life = Life(lambda: draw)
        life.begin(100.0, longest)
        return life

    @pytest.mark.parametrize(("draw", "share"), [(0.0, 0.7), (0.5, 0.8), (1.0, 0.9)])
    def test_a_dial_is_replaced_between_0_7_and_0_9_of_its_life(
        self, draw: float, share: float
    ) -> None:
        assert self.life(draw).replaced_at == pytest.approx(100 + share * LIFE)

    def test_without_a_limit_nothing_is_drawn(self) -> None:
        life = Life(lambda: pytest.fail("it draws"))
        life.begin(100.0, None)
        assert (life.replaced_at, life.latest) == (OFF, OFF)
        assert not life.is_expected(1e9)

    def test_it_is_drawn_once_for_each_dial(self) -> None:
        draws = iter([0.5, 0.0])
        life = Life(lambda: next(draws))
        for share in (0.8, 0.7):
            life.begin(100.0, LIFE)
            assert life.replaced_at == pytest.approx(100 + share * LIFE)
            life.expire(100.0, 250.0)
            assert life.replaced_at == pytest.approx(100 + share * 250)

    def test_5_s_before_the_end_is_the_latest(self) -> None:
        life = self.life(1.0)
        life.expire(100.0, 30.0)
        assert life.replaced_at == life.latest == 125.0

    @pytest.mark.parametrize("skew", [-1e9, 0.0, 3600.0])
    def test_a_date_counts_on_the_clock_of_the_backend(self, skew: float) -> None:
        """Its clock may be years off: only the time between two of its dates counts."""
        life = self.life(0.5)
        upgraded = 1_800_000_000.0 + skew
        life.dated(101.0, upgraded)
        assert life.until(101.0, upgraded + 200.0) == pytest.approx(200.0)
        assert life.until(151.0, upgraded + 200.0) == pytest.approx(150.0)
        assert life.until(301.0, upgraded + 200.0) is None  # it is past: no such end was announced

    def test_a_date_without_a_date_of_the_answer_says_nothing(self) -> None:
        life = self.life(0.5)
        assert life.until(101.0, 1_800_000_000.0) is None
        life.dated(101.0, 1_799_999_900.0)
        assert life.until(101.0, 1_800_000_000.0) == pytest.approx(100.0)
        life.begin(200.0, LIFE)  # of the next dial none is known again
        life.dated(201.0, None)
        assert life.until(201.0, 1_800_000_000.0) is None

    def test_an_announcement_only_shortens_a_life(self) -> None:
        life = self.life(0.5)
        life.expire(100.0, 3600.0)
        assert life.latest == 100 + LIFE - 5

    @pytest.mark.parametrize("seconds", [-1.0, math.nan, 0.0])
    def test_an_end_in_the_past_is_one_now(self, seconds: float) -> None:
        life = self.life(0.5)
        life.expire(200.0, seconds)
        assert life.latest == 195.0
        assert life.replaced_at <= 200.0

    def test_the_end_is_expected_from_0_95_of_the_limit_on(self) -> None:
        life = self.life(0.5)
        assert not life.is_expected(100 + 0.95 * LIFE - 0.1)
        assert life.is_expected(100 + 0.95 * LIFE)

    def test_an_end_that_is_announced_is_expected_if_it_is_near(self) -> None:
        near, far = self.life(0.5, None), self.life(0.5, None)
        near.expire(150.0, 60.0)
        far.expire(150.0, 61.0)
        assert near.is_expected(150.0)
        assert not far.is_expected(205.0)
        assert far.is_expected(206.0)

    def test_a_dial_that_is_replaced_early_is_not_expected_to_end(self) -> None:
        life = self.life(0.5)
        life.hasten(150.0)
        assert life.replaced_at <= 150.0
        assert not life.is_expected(151.0)


class TestWordsThatAreLeft:
    def test_the_next_dial_hears_what_the_last_message_left_open(self) -> None:
        """The backend ends the dial, and neither makes its partial final nor withdraws it."""
        drive = draining(Drain.STOP)
        drive.drain()
        begins = round((sent(drive) - 0.1) * SAMPLE_RATE)
        drive.partial(begins / SAMPLE_RATE, sent(drive))
        drive.say("done")
        assert drive.core.statistics.sources["mic"].confirmed == begins

    def test_the_last_message_confirms_all_if_no_partial_is_left(self) -> None:
        drive = draining(Drain.STOP)
        drive.drain()
        drive.partial(sent(drive) - 0.1, sent(drive))
        drive.partial(sent(drive) - 0.1, sent(drive), "")
        drive.say("done")
        figures = drive.core.statistics.sources["mic"]
        assert figures.confirmed == figures.sent > 0


class TestWhen:
    def test_the_time_counts_from_dialling(self) -> None:
        drive = Drive(dialect=Renewing())
        drive.open()
        dialled = drive.now
        drive.opened(after=4.0)
        drive.drain()
        drive.ack()
        assert at(drive, Timer.ROTATE) == pytest.approx(dialled + SHARE * LIFE)

    @pytest.mark.repeats
    def test_in_a_pause_the_dial_is_left_at_that_time(self) -> None:
        drive = stable()
        due = at(drive, Timer.ROTATE)
        assert due is not None
        speak_until(drive, due + 5)
        assert drive.state == "draining"
        assert drive.now - due < 1.1

    def test_within_words_it_waits_for_their_final(self) -> None:
        drive = due_soon()
        drive.partial(40, 41)
        drive.speak(3)
        assert drive.state == "streaming"
        drive.final(40, 42)
        assert drive.state == "draining"

    def test_the_live_partial_of_another_source_counts(self) -> None:
        drive = due_soon(sources=("mic", "system"))
        drive.audio(2, "system")
        drive.partial(0, 0.02, source="system")
        drive.speak(2)
        drive.partial(0, 1, source="mic")
        drive.final(0, 1, source="mic")
        assert drive.state == "streaming"
        drive.final(0, 0.04, source="system")
        assert drive.state == "draining"

    def test_a_proof_alone_ends_no_word(self) -> None:
        drive = due_soon()
        drive.partial(0, 1)
        drive.speak(2)
        drive.say("proof", confirmed=sent(drive))
        assert drive.state == "streaming"

    def test_without_a_pause_it_is_left_5_s_before_the_end_and_not_flushed(self) -> None:
        drive = due_soon()
        drive.partial(0, 1)
        drive.speak(7.8)  # from 47.0 of its life on
        assert drive.state == "streaming"
        drive.speak(0.3)
        assert CloseSocket(1, 1000) in drive.commands
        assert "flush" not in str(drive.sent)

    @pytest.mark.repeats
    @pytest.mark.parametrize("drain", [Drain.FLUSH, Drain.STOP])
    def test_a_word_of_which_nothing_is_told_yet_is_not_cut(self, drain: Drain) -> None:
        drive = due_soon(drain=drain)
        utter(drive, 2.0, LOUD)
        assert drive.state == "streaming"
        utter(drive, 0.3, 0)
        assert drive.state == "draining"
        assert drain.value in str(drive.sent[-1])

    def test_at_the_last_moment_no_flush_cuts_a_word_of_which_nothing_is_told_yet(self) -> None:
        drive = stable()
        utter(drive, 0.2, LOUD)
        drive.say("go_away", seconds=3.0)
        assert CloseSocket(1, 1000) in drive.commands
        assert "flush" not in str(drive.sent)

    @pytest.mark.repeats
    def test_noise_puts_the_replacement_off_for_10_s(self) -> None:
        drive = stable()
        due = at(drive, Timer.ROTATE)
        assert due is not None
        speak_until(drive, due - 1.0)
        utter(drive, due + 9.9 - drive.now, LOUD)
        assert drive.state == "streaming"
        utter(drive, 0.3, LOUD)
        assert drive.state != "streaming"

    @pytest.mark.repeats
    @pytest.mark.parametrize("ends", ["mic is over", "nothing is measured", "nothing is asked"])
    def test_what_is_no_cut_word_puts_nothing_off(self, ends: str) -> None:
        drive = due_soon(drain=Drain.NONE if ends == "nothing is asked" else Drain.FLUSH)
        utter(drive, 0.5, None if ends == "nothing is measured" else LOUD)
        if ends == "mic is over":
            drive = due_soon(sources=("mic", "system"))
            utter(drive, 0.5, LOUD)
            drive.feed(e.SourceFinished("mic"))
        drive.wait(1.0)
        assert drive.state != "streaming"

    def test_a_stop_that_alone_proves_anything_goes_out_within_words_too(self) -> None:
        drive = due_soon(drain=Drain.STOP, ends=Ends.NONE)
        drive.partial(0, 1)
        drive.speak(8.1)
        assert drive.state == "draining"
        assert "stop" in str(drive.sent[-1])

    def test_an_end_that_is_past_is_acted_on_at_once(self) -> None:
        drive = stable()
        drive.partial(0, 1)
        drive.say("go_away", seconds=0, text="bye")
        assert drive.state == "draining"
        assert drive.told(BackendStatus)[-1] == BackendStatus(state="expiring", text="bye")

    def test_an_announcement_before_the_ack_counts_from_the_ack_on(self) -> None:
        drive = Drive(dialect=Renewing())
        drive.open()
        drive.opened()
        drive.drain()
        drive.say("go_away", seconds=0)
        assert drive.state == "awaiting_ack"
        drive.ack()
        assert drive.states[-2:] == [State.STREAMING, State.DRAINING]

    def test_while_another_dial_may_not_go_out_the_dial_is_kept(self) -> None:
        drive = stable(policy=Policy(dials_per_minute=1, source_timeout=None))
        dialled = drive.now - 12
        drive.say("go_away", seconds=0)
        drive.audio(2)
        drive.partial(0, 1)
        drive.final(0, 1)  # a pause, and still no other dial may go out
        assert drive.state == "streaming"
        speak_until(drive, dialled + 70)
        assert drive.state == "draining"
        assert drive.now == pytest.approx(dialled + 61, abs=0.5)

    def test_without_a_limit_there_is_no_time(self) -> None:
        drive = leaving(traits={"longest": None})
        assert at(drive, Timer.ROTATE) is None


class TestDraining:
    def test_the_flush_goes_out_once_and_no_audio_while_capture_goes_on(self) -> None:
        drive = draining()
        sent = len(drive.sent)
        drive.audio(50)
        drive.serve()
        assert [str(each) for each in drive.sent[sent:] if "flush" in str(each)] != []
        assert not any(isinstance(each, SendBytes) for each in drive.sent[sent:])
        assert len([each for each in drive.sent if "flush" in str(each)]) == 1
        drive.tick()
        drive.lose(1000)
        drive.connect()
        drive.serve()
        assert drive.frames(2) == 60, "what was not confirmed, and what was captured since"

    def test_it_ends_when_all_that_was_sent_is_confirmed(self) -> None:
        drive = draining()
        drive.serve()
        drive.audio(5)
        drive.say("proof", confirmed=sent(drive) - 0.1)
        assert not any(isinstance(each, CloseSocket) for each in drive.commands)
        drive.say("proof", confirmed=sent(drive))
        assert drive.commands[-1] == CloseSocket(1, 1000)

    @pytest.mark.parametrize("how", ["final", "figures", "ignored"])
    def test_all_that_settles_audio_ends_it(self, how: str) -> None:
        drive = draining(traits={"horizon": 0.0})
        drive.serve()
        if how == "final":
            drive.final(12, sent(drive))
        elif how == "figures":
            drive.feed(e.NetworkRestored())
            drive.serve("mic")
        else:
            drive.say("status", state="warning", message="Ignoring source 'mic'")
        assert CloseSocket(1, 1000) in drive.commands

    def test_it_ends_after_the_drain_timeout(self) -> None:
        drive = draining(traits={"drain_timeout": 2.0})
        began = drive.now
        drive.serve()
        drive.tick()
        assert drive.now == began + 2.0
        assert drive.commands[-1] == CloseSocket(1, 1000)

    def test_with_all_confirmed_there_is_nothing_to_wait_for(self) -> None:
        drive = draining(audio=False)
        assert drive.commands[-1] == CloseSocket(1, 1000)
        assert "flush" not in str(drive.sent)

    def test_without_a_way_to_drain_there_is_nothing_to_wait_for(self) -> None:
        drive = draining(Drain.NONE)
        assert drive.commands[-1] == CloseSocket(1, 1000)

    def test_a_flush_that_makes_no_message_is_not_waited_for(self) -> None:
        class Mute(Renewing):
            def flush(self, memory: Memory, sent: Sent) -> Encoded:
                return memory, ()

        drive = Drive(dialect=Mute(), policy=PATIENT).stream()
        drive.audio(10)
        drive.serve()
        drive.say("go_away", seconds=0)
        began = drive.now
        drive.serve()
        drive.tick()
        assert (drive.now, drive.commands[-1]) == (began, CloseSocket(1, 1000))

    def test_a_stop_is_answered_by_a_final_message_which_is_no_summary(self) -> None:
        drive = draining(Drain.STOP)
        drive.serve()
        assert drive.texts[-1] == (1, "stop")
        drive.say("done")
        assert drive.commands[-1] == CloseSocket(1, 1000)
        drive.lose(1000)
        drive.connect()
        drive.serve()
        assert drive.frames(2) == 0, "the final message confirmed all that was sent"
        drive.stop()
        drive.serve()
        drive.summary()
        drive.lose(1000)
        assert drive.ended.complete
        assert drive.ended.summary == {"markdown": "# Summary", "json": {"transcript": []}}

    def test_a_final_message_leaves_words_of_an_earlier_dial_open(self) -> None:
        drive = leaving(Drain.STOP, ends="claimed")
        drive.audio(70)
        drive.serve()
        drive.final(0.2, 1.2)
        drive.lose(1006)
        drive.tick()
        drive.connect()
        drive.serve()
        drive.say("go_away", seconds=0)
        drive.serve()
        assert drive.texts[-1] == (2, "stop")
        before = drive.core.snapshot().sources["mic"]
        drive.say("done")
        after = drive.core.snapshot().sources["mic"]
        assert after.confirmed == before.confirmed < after.sent

    def test_a_final_message_proves_no_more_than_it_says(self) -> None:
        drive = draining(Drain.STOP)
        drive.serve()
        drive.say("done", until=sent(drive) - 0.1)
        assert drive.commands[-1] == CloseSocket(1, 1000)
        drive.lose(1000)
        drive.connect()
        drive.serve()
        assert drive.frames(2) == 5

    def test_a_final_message_within_the_handshake_counts(self) -> None:
        drive = draining(Drain.STOP)
        drive.serve()
        drive.tick()
        assert drive.commands[-1] == CloseSocket(1, 1000)
        drive.say("done")
        drive.lose(1000)
        assert drive.core.backlog_seconds == 0

    def test_a_final_message_that_nothing_asked_for_is_late(self) -> None:
        drive = draining()
        late = drive.core.statistics.late
        drive.say("done")
        assert drive.core.statistics.late == late + 1
        assert drive.core.backlog_seconds == pytest.approx(0.2)

    def test_words_within_the_handshake_are_told(self) -> None:
        drive = draining()
        drive.serve()
        drive.tick()
        assert drive.commands[-1] == CloseSocket(1, 1000)
        drive.final(12, 12.2, "late words")
        assert drive.finals[-1].text == "late words"
        assert [each for each in drive.commands if isinstance(each, CloseSocket)] == [
            CloseSocket(1, 1000)
        ]

    def test_silence_that_is_assumed_ends_it(self) -> None:
        drive = draining(traits={"proves_silence": False, "horizon": 0.0, "drain_timeout": 60.0})
        drive.serve()
        for _ in range(3):
            drive.feed(e.NetworkRestored(), after=0.5)
            drive.serve()
        assert CloseSocket(1, 1000) in drive.commands
        assert drive.core.backlog_seconds == 0

    def test_the_rest_of_a_flush_does_not_go_out_behind_the_close(self) -> None:
        class Twice(Renewing):
            def flush(self, memory: Memory, sent: Sent) -> Encoded:
                return memory, (FLUSH, FLUSH)

        drive = Drive(dialect=Twice(), policy=PATIENT).stream()
        drive.audio(10)
        drive.serve()
        drive.say("go_away", seconds=0)
        drive.pull()
        drive.say("proof", confirmed=0.2)
        assert drive.commands[-1] == CloseSocket(1, 1000)
        assert drive.drain() == []

    def test_no_message_goes_out_behind_the_close(self) -> None:
        drive = closing()
        drive.audio(10)
        drive.feed(e.NetworkRestored())
        assert drive.drain() == []

    def test_status_errors_insights_and_pings_are_as_ever(self) -> None:
        drive = draining()
        drive.serve()
        drive.feed(e.NetworkRestored())
        drive.serve()
        drive.ack("streaming", message="still here")
        drive.say("status", state="warning", message="a warning")
        drive.say("entities_update", people=["Ann"])
        drive.refuse("something is wrong")
        drive.say("go_away", seconds=1)
        texts = [each.text for each in drive.told(BackendStatus)]
        assert texts[-4:] == ["still here", "a warning", "something is wrong", ""]
        assert drive.state == "draining"

    def test_pings_go_out_and_a_dead_line_is_noticed(self) -> None:
        policy = Policy(source_timeout=None, ping_interval=0.5, pong_timeout=0.5)
        drive = draining(policy=policy)
        drive.wait(2)
        assert drive.state != "draining"
        assert AbortSocket(1) in drive.commands


class TestTheNextDial:
    def test_it_follows_the_close_at_once_and_is_not_counted(self) -> None:
        drive = closing(random=lambda: 0.99)
        retry = drive.session.retry
        before = (retry.attempts, retry.tries, retry.strikes)
        drive.lose(1000)
        assert drive.state == "connecting"
        assert drive.commands[-1] == OpenSocket(2, drive.dials[0].backend, True)
        assert (retry.attempts, retry.tries, retry.strikes) == before
        assert retry.give_up_at == OFF
        assert State.RECONNECTING not in drive.states

    def test_a_handshake_takes_1_s_at_most(self) -> None:
        drive = closing()
        began = drive.now
        drive.tick()
        assert drive.now == began + 1.0
        assert drive.commands[-2] == AbortSocket(1)
        assert isinstance(drive.commands[-1], OpenSocket)

    def test_a_close_timeout_that_is_shorter_holds(self) -> None:
        drive = closing(policy=Policy(close_timeout=0.3, source_timeout=None))
        began = drive.now
        drive.tick()
        assert drive.now == began + 0.3

    def test_a_credential_that_is_due_comes_first(self) -> None:
        drive = Drive(dialect=Renewing(), policy=PATIENT, has_provider=True)
        drive.open()
        drive.feed(e.CredentialReady(1, due_at=drive.now + 5))
        drive.connect()
        speak_until(drive, drive.now + 12)
        drive.say("go_away", seconds=0)
        drive.lose(1000)
        assert (drive.state, drive.requests[-1].fresh) == ("authorizing", False)
        drive.feed(e.CredentialReady(2))
        assert drive.state == "connecting"

    @pytest.mark.repeats
    @pytest.mark.parametrize("how", ["loss", "timeout", "refusal"])
    @pytest.mark.parametrize("due", [False, True])
    def test_each_ending_of_a_drain_may_be_free(self, how: str, *, due: bool) -> None:
        drive = self._due() if due else draining()
        drive.serve()
        if how == "loss":
            drive.lose()
        elif how == "timeout":
            drive.tick()
            drive.tick()
        else:
            drive.say("again")
        assert drive.state == ("authorizing" if due else "connecting")
        assert drive.session.retry.attempts == 0

    def _due(self) -> Drive:
        drive = Drive(dialect=Renewing(), policy=PATIENT, has_provider=True)
        drive.open()
        drive.feed(e.CredentialReady(1, due_at=drive.now + 5))
        drive.connect()
        speak_until(drive, drive.now + 12)
        drive.audio(10)
        drive.serve()
        drive.say("go_away", seconds=0)
        return drive

    def test_it_goes_to_the_backend_itself_after_a_redirect(self) -> None:
        drive = Drive(dialect=Renewing(), policy=PATIENT)
        drive.open()
        drive.feed(e.Redirected(1, 302, "/there"))
        drive.connect()
        speak_until(drive, drive.now + 12)
        drive.say("go_away", seconds=0)
        drive.lose(1000)
        assert drive.dials[-1].backend == drive.dials[0].backend
        assert drive.core.snapshot().redirects == 0

    def test_a_dial_that_was_not_stable_is_judged(self) -> None:
        drive = leaving(policy=PATIENT)
        drive.say("go_away", seconds=0)
        drive.lose(1000)
        assert drive.state == "reconnecting"
        change = drive.last_change
        assert change.action is Action.RETRY
        assert change.retry_in == pytest.approx(0.75)
        assert change.reason == "the connection had to be replaced"
        assert drive.session.retry.attempts == 1

    def test_so_is_one_whose_handshake_takes_too_long(self) -> None:
        drive = leaving(policy=PATIENT)
        drive.say("go_away", seconds=0)
        drive.tick()
        assert drive.state == "reconnecting"
        assert drive.session.retry.attempts == 1

    def test_leaving_a_dial_clears_stable(self) -> None:
        drive = closing()
        drive.lose(1000)
        drive.connect()
        drive.lose()
        assert drive.last_change.retry_in == pytest.approx(0.75), "no prompt retry"


class TestJudged:
    """An ending is judged as any other one, but at a known end."""

    def near(self) -> Drive:
        """A dial that is being replaced, long before its end is expected."""
        drive = stable()
        due = at(drive, Timer.ROTATE)
        assert due is not None
        speak_until(drive, due - 0.5)
        drive.speak(0.6)
        assert drive.state == "draining"
        return drive

    @pytest.mark.repeats
    @pytest.mark.parametrize(
        ("code", "state", "action"),
        [
            (1003, "failed", Action.FATAL),
            (1008, "failed", Action.FATAL),
            (1013, "reconnecting", Action.LATER),
            (1001, "connecting", None),
        ],
    )
    def test_a_close_in_a_drain_means_what_it_says(
        self, code: int, state: str, action: Action | None
    ) -> None:
        drive = self.near()
        drive.lose(code)
        assert (drive.state, drive.last_change.action) == (state, action)

    @pytest.mark.repeats
    def test_an_unknown_ending_of_a_drain_is_a_strike(self) -> None:
        drive = self.near()
        drive.lose(error=ErrorKind.OS_OTHER)
        assert drive.state == "reconnecting"
        assert drive.session.retry.strikes == 1

    @pytest.mark.repeats
    def test_a_refusal_in_a_drain_means_what_it_says(self) -> None:
        drive = self.near()
        drive.refuse()
        assert (drive.state, drive.last_change.action) == ("reconnecting", Action.LATER)
        drive = self.near()
        drive.say("error", message="no")
        assert drive.state == "failed"

    def test_an_answer_to_the_close_with_another_code_means_what_it_says(self) -> None:
        drive = stable()
        drive.session.life.hasten(drive.now)
        drive.session.deadlines[Timer.ROTATE] = drive.now
        drive.feed(e.Tick())
        assert drive.commands[-1] == CloseSocket(1, 1000)
        drive.lose(1003)
        assert drive.state == "failed"

    def test_the_answer_to_the_close_is_no_early_end(self) -> None:
        drive = leaving(policy=PATIENT)
        drive.session.life.hasten(drive.now)
        drive.session.deadlines[Timer.ROTATE] = drive.now
        drive.feed(e.Tick())
        drive.lose(1000)
        assert drive.last_change.reason == "the connection had to be replaced"

    @pytest.mark.parametrize("code", [1003, 1008, 1013, 4001])
    @pytest.mark.parametrize("reach", ["streaming", "finishing", "awaiting_ack"])
    def test_at_a_known_end_a_code_explains_nothing(self, code: int, reach: str) -> None:
        drive = Drive(dialect=Renewing(), policy=PATIENT)
        drive.open()
        drive.opened()
        drive.drain()
        if reach != "awaiting_ack":
            drive.ack()
            drive.audio(10)
        if reach == "finishing":
            drive.stop()
            drive.serve()
        drive.say("go_away", seconds=55)
        assert drive.state == reach
        drive.lose(code)
        assert (drive.state, drive.last_change.action) == ("reconnecting", Action.RETRY)

    @pytest.mark.parametrize(("share", "state"), [(0.9, "failed"), (0.95, "reconnecting")])
    def test_so_it_is_from_0_95_of_the_limit_on(self, share: float, state: str) -> None:
        drive = Drive(
            dialect=Renewing(),
            policy=Policy(source_timeout=None, ack_timeout=1e4, buffer_seconds=1e5),
        )
        drive.open()
        dialled = drive.now
        drive.opened()
        drive.drain()
        drive.now = dialled + share * LIFE
        drive.lose(1008)
        assert drive.state == state

    def test_words_of_the_backend_outrank_a_known_end(self) -> None:
        drive = stable()
        drive.say("go_away", seconds=30)
        drive.say("error", message="no")
        assert drive.state == "failed"


class TestStopping:
    def test_a_stop_while_flushing_is_finished_on_this_dial(self) -> None:
        drive = draining()
        drive.serve()
        before = drive.frames(1)
        drive.audio(5)
        drive.stop()
        assert drive.state == "finishing"
        drive.serve()
        assert drive.frames(1) == before + 5
        assert drive.texts[-1] == (1, "stop")
        drive.summary()
        drive.lose(1000)
        assert drive.ended.complete
        assert len(drive.dials) == 1

    def test_a_stop_while_stopping_is_finished_over_the_next_dial(self) -> None:
        drive = draining(Drain.STOP)
        drive.serve()
        drive.audio(5)
        drive.stop()
        assert drive.state == "draining"
        drive.say("done")
        drive.lose(1000)
        assert drive.state == "connecting"
        drive.connect()
        assert drive.state == "finishing"
        drive.serve()
        assert drive.frames(2) == 5
        drive.summary()
        drive.lose(1000)
        assert drive.ended.complete

    def test_a_stop_before_the_drains_stop_went_out_is_finished_on_this_dial(self) -> None:
        drive = draining(Drain.STOP)
        drive.stop()
        assert drive.state == "finishing"
        drive.serve()
        assert drive.texts[-1] == (1, "stop")

    @pytest.mark.parametrize("how", ["loss", "timeout", "refusal"])
    def test_with_all_delivered_the_end_of_the_dial_is_that_of_the_session(self, how: str) -> None:
        drive = closing()
        drive.stop()
        assert drive.state == "draining"
        if how == "loss":
            drive.lose(1000)
        elif how == "timeout":
            drive.tick()
        else:
            drive.refuse()
        assert (drive.ended.state, drive.ended.complete) == (State.CLOSED, True)
        assert len(drive.dials) == 1

    @pytest.mark.parametrize("delivered", [False, True])
    def test_the_time_to_finish_holds(self, *, delivered: bool) -> None:
        policy = Policy(source_timeout=None, finish_timeout=0.1)
        drive = closing(policy=policy, traits={"horizon": 0.0})
        if not delivered:
            drive.audio(5)
        drive.stop()
        drive.session.deadlines[Timer.FINISH] = drive.now + 0.2
        drive.wait(0.3)
        assert drive.ended.state is (State.CLOSED if delivered else State.FAILED)

    def test_an_abort_ends_it(self) -> None:
        drive = draining()
        drive.abort()
        assert (drive.ended.state, drive.commands[-3]) == (State.CLOSED, AbortSocket(1))


class TestStrikes:
    """A deaf line is no stable one: it holds for as long, and hears nothing."""

    def deaf(self, drive: Drive) -> None:
        """The line takes audio and is lost, for the backend processes none."""
        dial = drive.core.dial
        while drive.state == "streaming":
            drive.speak(BEAT)
        assert drive.core.dial == dial

    @pytest.mark.repeats
    def test_deaf_lines_end_the_session(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        for strikes in (1, 2, 3):
            self.deaf(drive)
            assert drive.session.retry.strikes == strikes
            drive.redial()
            drive.connect()
        self.deaf(drive)
        assert drive.state == "failed"

    @pytest.mark.repeats
    def test_a_word_clears_the_strikes_of_a_stable_line(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        self.deaf(drive)
        drive.redial()
        drive.connect()
        drive.speak(12)
        assert drive.session.retry.strikes == 1
        drive.partial(0, 11)
        assert drive.session.retry.strikes == 0

    def test_so_does_a_line_with_nothing_to_process(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.lose(error=ErrorKind.OS_OTHER)
        drive.redial()
        drive.connect()
        drive.wait(2, pulling=False)
        assert drive.session.retry.strikes == 1
        for _ in range(10):
            drive.wait(1, pulling=False)
            drive.serve()
        assert drive.session.retry.strikes == 0


@pytest.mark.repeats
class TestLongSessions:
    @pytest.mark.parametrize(
        ("drain", "rotations"), [(Drain.FLUSH, 100), (Drain.STOP, 15), (Drain.NONE, 15)]
    )
    def test_a_hundred_rotations_lose_nothing(self, drain: Drain, rotations: int) -> None:
        town = Town(
            Renewing(drain),
            random=iter(_draws()).__next__,
            acked=lambda town: town.drive.say("go_away", seconds=17),
        )
        drive = town.drive
        while drive.core.dial <= rotations and not drive.core.ended:
            town.run(10)
            retry = drive.core.snapshot().retry
            assert (retry.strikes, retry.attempts, retry.tries) == (0, 0, 0)
        drive.stop()
        town.run(60)
        assert drive.ended.complete
        assert len(town.dialled) == drive.core.dial == rotations + 1
        assert State.RECONNECTING not in drive.states
        assert town.most_open == 1
        account = drive.ended.accounts["mic"]
        assert account.captured == account.confirmed == town.captured
        assert town.covered() == town.captured

    @pytest.mark.parametrize("replies", [True, False])
    def test_a_muted_session_lives(self, *, replies: bool) -> None:
        town = Town(Renewing(longest=300.0, replies=replies), muted=True)
        town.run(3700)
        assert town.drive.state == "streaming"
        assert len(town.dialled) == 16  # each lives for 0.8 of 300 s
        assert town.drive.session.retry.attempts == 0
        town.drive.stop()
        town.run(60)
        assert town.drive.ended.complete

    def test_an_end_at_each_ack_with_nothing_proved_is_given_up(self) -> None:
        town = Town(Renewing(), says=False, acked=_go_away)
        town.run(1200)
        ended = town.drive.ended
        assert ended.state is State.FAILED
        assert ended.reason.startswith("gave up, a retry would come too late: the connection had")
        assert town.dialled[-1] - town.dialled[0] <= 300 + 10
        assert len(town.dialled) < 60

    def test_so_it_is_with_a_limit_of_attempts(self) -> None:
        town = Town(Renewing(), says=False, acked=_go_away, policy=Policy(max_attempts=3))
        town.run(1200)
        assert town.drive.ended.state is State.FAILED
        assert len(town.dialled) == 4

    def test_where_all_is_proved_it_goes_on_within_the_limit_of_dials(self) -> None:
        town = Town(Renewing(), acked=lambda town: town.drive.say("go_away", seconds=7))
        town.run(600)
        assert town.drive.state not in {"failed", "closed"}
        for first in town.dialled:
            assert sum(first <= each < first + 60 for each in town.dialled) <= 15

    def test_a_refusal_a_moment_into_each_drain_is_no_hot_loop(self) -> None:
        drive = stable()
        dials = len(drive.dials)
        drive.session.life.hasten(drive.now)
        drive.session.deadlines[Timer.ROTATE] = drive.now
        drive.audio(10)
        drive.lose(1013, sender=Sender.REMOTE)
        assert drive.last_change.action is Action.LATER
        assert drive.last_change.retry_in is not None
        assert drive.last_change.retry_in >= 5
        assert len(drive.dials) == dials


def _go_away(town: Town) -> None:
    town.drive.say("go_away", seconds=0)


def _draws() -> list[float]:
    """A few hundred draws that differ, the same on every machine."""
    return [(at * 0.618034) % 1.0 for at in range(1000)]


class TestASlowBackend:
    """Ends are claims, and a dial ends before the backend has heard much: is there progress?"""

    def heard(self, finals: list[tuple[float, float]], dials: int) -> tuple[Drive, list[float]]:
        """The marks at the end of each dial, on which the backend tells only ``finals``."""
        traits = {"longest": 60.0, "queue": None, "horizon": 30.0, "time_error": 0.3}
        policy = Policy(source_timeout=None, buffer_seconds=300.0)
        drive = leaving(Drain.NONE, ends="claimed", traits=traits, policy=policy)
        marks = [0.0]
        for dial in range(1, dials + 1):
            begun = marks[-1]
            drive.speak(20)
            for start, end in finals:
                drive.final(start, end, f"said from {begun + start:.1f} on")
            while drive.core.dial == dial and drive.state == "streaming":
                drive.speak(1)
            assert isinstance(drive.commands[-1], CloseSocket)
            drive.lose(1000, sender=Sender.REMOTE)
            drive.connect()
            marks.append(drive.core.snapshot().sources["mic"].confirmed / SAMPLE_RATE)
        return drive, marks

    def test_it_is_not_dialled_for_ever_with_the_same_audio(self) -> None:
        """Two sentences are heard on each dial, with less than a wide pause between them."""
        drive, marks = self.heard([(0.0, 6.9), (7.7, 10.7)], dials=3)
        assert marks == pytest.approx([0.0, 7.3, 14.6, 21.9])
        finals = [each.text for each in drive.told(Transcript) if each.final]
        assert finals == [f"said from {mark:.1f} on" for mark in marks[:3]]

    def test_where_the_mark_has_moved_what_is_held_is_heard_again(self) -> None:
        _, marks = self.heard([(0.0, 4.0), (6.4, 8.0), (8.8, 10.7)], dials=1)
        assert marks == pytest.approx([0.0, 5.8])

    @pytest.mark.repeats
    def test_one_final_may_be_the_half_of_a_sentence(self) -> None:
        _, marks = self.heard([(0.0, 6.9)], dials=2)
        assert marks == [0.0, 0.0, 0.0]
