"""The rules of the design, one by one, seen from outside: facts in, commands out."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, cast

import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    Command,
    OpenSocket,
    Report,
    RequestCredential,
    SendPing,
)
from openline.connection import Connection, LocalProtocolError
from openline.link import Link
from openline.messages import Ended, PartialRetracted, StateChanged
from openline.policy import Policy
from openline.verdicts import Action, ErrorKind

from .driver import FRAME, Drive

PATIENT = Policy(give_up_after=None)


def everything(link: Link) -> str:
    """All that a link holds but the time, as text that can be compared."""

    def show(thing: Any) -> Any:
        if isinstance(thing, list | tuple | deque):
            return [show(each) for each in cast("Iterable[Any]", thing)]
        if isinstance(thing, dict):
            return {key: show(value) for key, value in cast("dict[str, Any]", thing).items()}
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        kept = [name for name in slots if not (thing is link and name == "now")]
        return {name: show(getattr(thing, name)) for name in kept} if slots else repr(thing)

    return re.sub("0x[0-9a-f]+", "", repr(show(link)))


def in_state(state: str, policy: Policy = PATIENT) -> Drive:
    """A session that has just come to ``state``, with a second of audio to deliver."""
    drive = Drive(has_provider=True, policy=policy)
    if state == "idle":
        return drive
    drive.audio(50)
    drive.open()
    if state == "authorizing":
        return drive
    drive.feed(e.CredentialReady(1))
    if state == "connecting":
        return drive
    drive.opened()
    if state == "awaiting_ack":
        return drive
    drive.drain()
    if state == "reconnecting":
        drive.lose()
        return drive
    drive.ack()
    if state == "streaming":
        return drive
    drive.stop()
    if state == "finishing":
        return drive
    drive.serve("mic")
    if state == "failed":
        drive.lose(1002)
        return drive
    drive.summary()
    if state == "closed":
        drive.lose(1000)
    return drive


STATES = [
    *("idle", "authorizing", "connecting", "awaiting_ack", "streaming"),
    *("reconnecting", "finishing", "closing", "closed", "failed"),
]
ALIVE = STATES[1:-2]
OVER = STATES[-2:]


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_where_its_name_says(state: str) -> None:
    drive = in_state(state)
    assert drive.state == state
    assert drive.core.ended == (state in OVER)


# The face.


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"session_id": " "}, "^session_id: give a non-blank text"),
        ({"attempt_id": "x" * 257}, "^attempt_id: give a non-blank text of at most 256"),
        ({"sources": ()}, "sources"),
        ({"sources": ("mic", "mic")}, "sources"),
        ({"sources": ("cellar",)}, r"sources \['cellar'\]: give some of"),
        ({"policy": Policy(buffer_seconds=30)}, "buffer_seconds"),
    ],
)
def test_what_cannot_work_is_refused_at_once(options: dict[str, Any], complaint: str) -> None:
    given: dict[str, Any] = {"session_id": "s", "attempt_id": "a", "random": lambda: 0.5}
    with pytest.raises(ValueError, match=complaint):
        Connection(Backend(), **(given | options))


def test_time_cannot_run_backwards() -> None:
    drive = Drive().stream()
    with pytest.raises(ValueError, match="time ran backwards"):
        drive.core.receive(e.Tick(), drive.now - 1)
    drive.core.next_message(drive.now - 1)  # a pull may lag behind; it moves nothing back
    drive.feed(e.Tick())


def test_a_new_session_waits_for_nothing() -> None:
    drive = Drive()
    assert drive.core.next_deadline() is None
    assert drive.pull() is None
    assert drive.core.dial == 0
    assert drive.core.transcript == ()
    assert drive.core.backlog_seconds == 0


def test_what_is_due_can_be_read_off() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.pull()
    assert drive.core.backlog_seconds == 1.0
    drive.drain()
    drive.final(0, 0.5)
    assert drive.core.backlog_seconds == 0.5


def test_a_source_that_can_wait_is_told_when_there_is_room() -> None:
    drive = Drive().stream()
    assert drive.core.has_room
    drive.audio(2900)
    assert not drive.core.has_room


@pytest.mark.parametrize(
    ("state", "event", "complaint"),
    [
        *((state, e.OpenRequested(), f"open requested while {state}") for state in STATES[1:]),
        *((state, e.StopRequested(), f"stop requested while {state}") for state in OVER),
        *((state, e.AbortRequested(), f"abort requested while {state}") for state in OVER),
        *((state, e.AudioCaptured("mic", b"\0"), "odd number of bytes") for state in STATES),
        *((state, e.AudioCaptured("system", b""), "'system'") for state in STATES),
        *((state, e.CaptureHole("mic", -1), "-1 samples") for state in STATES),
        *((state, e.CaptureHole("system", 1), "'system'") for state in STATES),
        *((state, e.SourceStarted("system", 0), "'system'") for state in STATES),
        *((state, e.SourceEnded("system"), "'system'") for state in STATES),
        *((state, e.SourceLost("system", "gone"), "'system'") for state in STATES),
    ],
)
def test_an_impossible_request_changes_nothing(state: str, event: e.Event, complaint: str) -> None:
    drive = in_state(state)
    before = everything(drive.link)
    with pytest.raises(LocalProtocolError, match=complaint):
        drive.feed(event, after=0.001)
    assert everything(drive.link) == before


LATE: list[e.Event] = [
    e.SocketOpened(1, "connection 1"),
    e.Redirected(1, 302, "/there"),
    e.MessageReceived(1, '{"type":"error"}'),
    e.PongReceived(1, b"1"),
    e.SocketLost(dial=1, code=1002),
    e.CredentialReady(1),
    e.CredentialFailed(1, fatal=True),
]


@pytest.mark.parametrize("event", LATE, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("state", ["connecting", "awaiting_ack", "streaming", "finishing"])
def test_a_fact_of_an_earlier_dial_changes_nothing_but_the_count(
    state: str, event: e.Event
) -> None:
    drive = in_state("reconnecting")
    drive.redial()
    if state != "connecting":
        drive.opened()
    if state in {"streaming", "finishing"}:
        drive.drain()
        drive.ack()
    if state == "finishing":
        drive.stop()
    assert drive.state == state
    link = drive.link
    link.counts["late"] += 1
    expected = everything(link)
    link.counts["late"] -= 1
    assert not drive.feed(event)
    assert everything(link) == expected


@pytest.mark.parametrize("state", ALIVE)
@pytest.mark.parametrize(
    "event",
    [e.SocketOpened(1, "another name"), e.Redirected(1, 302, "/there"), e.PongReceived(1, b"?")],
    ids=lambda event: type(event).__name__,
)
def test_a_fact_that_a_state_has_no_use_for_does_not_move_it(state: str, event: e.Event) -> None:
    drive = in_state(state)
    if state == "connecting":
        return  # there each of them has a use
    commands = drive.feed(event)
    assert drive.state == state
    assert not commands
    if state == "streaming":
        drive.drain()
        drive.final(0, 0.5)
        assert drive.finals, "the connection still goes by its first name"


@pytest.mark.parametrize("state", OVER)
def test_after_the_end_nothing_is_said_or_done(state: str) -> None:
    drive = in_state(state)
    events: list[e.Event] = [
        *LATE,
        e.Tick(),
        e.NetworkRestored(),
        e.AudioCaptured("mic", bytes(640)),
        e.CaptureHole("mic", 5),
        e.SourceStarted("mic", 0),
        e.SourceLost("mic", "unplugged"),
        e.SourceEnded("mic"),
    ]
    for event in events:
        assert not drive.feed(event, after=100)
        assert drive.pull() is None
        assert drive.core.next_deadline() is None
    assert drive.state == state
    assert drive.core.statistics.refused_samples == FRAME


# Order.


@pytest.mark.parametrize("state", STATES[:-2])
def test_a_new_state_is_told_of_before_what_it_causes_and_the_end_comes_last(state: str) -> None:
    drive = in_state(state)
    drive.partial(0, 0.5)
    commands = drive.abort()
    assert isinstance(commands[0], Report)
    assert isinstance(commands[0].update, StateChanged)
    assert isinstance(commands[-1], Report)
    assert isinstance(commands[-1].update, Ended)
    assert drive.ended.reason == "aborted"
    assert drive.ended.state == "closed"


def test_a_whole_life_is_told_in_order() -> None:
    drive = in_state("closed")
    assert drive.states == [
        *("authorizing", "connecting", "awaiting_ack", "streaming"),
        *("finishing", "closing", "closed"),
    ]


def test_a_loss_retracts_the_partial_after_it_is_told() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.partial(0, 0.5)
    commands = drive.lose()
    kinds = [type(c.update) for c in commands if isinstance(c, Report)]
    assert kinds == [StateChanged, PartialRetracted]


# Dials.


def test_a_dial_answers_a_request_to_open() -> None:
    drive = Drive()
    assert drive.open()[1:] == [OpenSocket(1, Backend(), with_credential=True)]
    assert drive.core.dial == 1


@pytest.mark.parametrize(
    ("opened_after", "start_after"), [(0.0, 0.2), (0.05, 0.2), (0.2, 0.2), (0.3, 0.3)]
)
def test_the_start_goes_out_no_earlier_than_its_delay(
    opened_after: float, start_after: float
) -> None:
    drive = Drive()
    drive.open()
    dialled = drive.now
    drive.opened(after=opened_after)
    if opened_after < start_after:
        assert drive.pull() is None
        drive.tick()
    assert drive.now == pytest.approx(dialled + start_after)
    assert len(drive.drain()) == 1
    assert drive.texts == [(1, "start")]


def test_the_ack_is_waited_for_from_when_the_start_is_due() -> None:
    drive = Drive()
    drive.open()
    drive.opened(after=0.1)
    drive.tick()
    due = drive.now
    drive.drain()
    drive.tick()
    assert drive.now == due + 8
    assert drive.state == "reconnecting"
    assert "acknowledge" in drive.last_change.reason
    assert AbortSocket(1) in drive.commands


def test_an_ack_before_the_start_proves_nothing() -> None:
    drive = Drive()
    drive.open()
    drive.opened(after=0.1)
    assert not drive.ack()
    assert drive.state == "awaiting_ack"
    assert drive.core.statistics.late == 1
    drive.tick()
    drive.drain()
    drive.ack()
    assert drive.state == "streaming"


@pytest.mark.parametrize(
    "state",
    ["streaming", "backpressure", "buffering", "overloaded", "warning", "no_asr_provider"],
)
def test_these_states_of_the_backend_are_an_ack(state: str) -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.ack(state)
    assert drive.state == "streaming"


def test_being_connected_is_no_ack() -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.ack("connected")
    assert drive.state == "awaiting_ack"


def test_a_socket_that_does_not_open_is_given_up_in_time() -> None:
    drive = Drive()
    drive.open()
    dialled = drive.now
    drive.tick()
    assert drive.now == dialled + 10
    assert drive.state == "reconnecting"
    assert AbortSocket(1) in drive.commands


# Redirects.


def test_a_redirect_is_followed_at_once_within_the_same_time() -> None:
    drive = Drive()
    drive.open()
    dialled = drive.now
    assert drive.feed(e.Redirected(1, 307, "/there?x=1"), after=4) == [
        OpenSocket(2, Backend(path="/there", query="x=1", secure=False), with_credential=True)
    ]
    assert drive.core.next_deadline() == dialled + 10
    drive.connect()
    assert drive.state == "streaming"
    drive.lose()
    drive.redial()
    assert drive.dials[-1].backend == Backend(), "a new try begins where the app said"


def test_a_credential_does_not_follow_to_another_origin_nor_come_back() -> None:
    drive = Drive()
    drive.open()
    drive.feed(e.Redirected(1, 302, "ws://localhost:9000/x"))
    drive.feed(e.Redirected(2, 302, "ws://127.0.0.1:8000/y"))
    assert [dial.with_credential for dial in drive.dials] == [True, False, False]
    drive.lose()
    drive.redial()
    assert drive.dials[-1].with_credential


@pytest.mark.parametrize("location", ["ws://example.org/x", "http://example.org", "http://[x"])
def test_a_redirect_to_where_it_is_not_safe_to_go_is_the_end(location: str) -> None:
    drive = Drive()
    drive.open()
    drive.feed(e.Redirected(1, 302, location))
    assert drive.state == "failed"
    assert "not safe" in drive.ended.reason
    assert drive.ended.action is Action.FATAL


def test_redirects_without_end_are_the_end() -> None:
    drive = Drive(policy=Policy(max_redirects=3))
    drive.open()
    for dial in (1, 2, 3):
        drive.feed(e.Redirected(dial, 302, "/round"))
        assert drive.state == "connecting"
    drive.feed(e.Redirected(4, 302, "/round"))
    assert drive.state == "failed"
    assert "redirects without end" in drive.ended.reason


def test_a_redirect_waits_for_the_gate_and_is_followed_then() -> None:
    drive = Drive(policy=Policy(dials_per_minute=2))
    drive.open()
    first = drive.now
    drive.feed(e.Redirected(1, 302, "/one"))
    drive.feed(e.Redirected(2, 302, "ws://localhost:9000/two"))
    assert drive.state == "reconnecting"
    drive.tick()
    assert drive.now == first + 61
    assert drive.dials[-1].backend.path == "/two"
    assert not drive.dials[-1].with_credential


# The credential.


def test_a_provider_is_asked_before_the_first_dial_and_not_again() -> None:
    drive = Drive(has_provider=True)
    assert drive.open()[1:] == [RequestCredential(1, fresh=False)]
    drive.feed(e.CredentialReady(1), after=1)
    drive.connect()
    drive.lose()
    drive.redial()
    assert len(drive.requests) == 1
    assert drive.core.dial == 2


def test_a_provider_that_does_not_answer_is_asked_again_later() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    asked = drive.now
    drive.tick()
    assert drive.now == asked + 30
    assert drive.state == "reconnecting"
    assert CancelCredential(1) in drive.commands
    assert not drive.feed(e.CredentialReady(1)), "too late"
    drive.tick()
    assert drive.requests[-1] == RequestCredential(2, fresh=False)


def test_a_provider_that_fails_is_asked_again_and_one_that_gives_up_is_not() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    failed = drive.feed(e.CredentialFailed(1, detail="no network"))
    assert drive.state == "reconnecting"
    assert "no network" in drive.last_change.reason
    drive.tick()
    gave_up = drive.feed(e.CredentialFailed(2, fatal=True))
    assert drive.state == "failed"
    assert drive.ended.reason == "the provider says that it has no credential"
    assert {type(command) for command in failed + gave_up} == {Report}, "it asks no more already"
    assert not drive.dials


def test_a_provider_that_gives_what_is_no_credential_is_not_asked_again_and_not_misquoted() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    drive.feed(e.CredentialFailed(1, detail="it returned int, not a str", unusable=True))
    assert drive.ended.state == "failed"
    assert drive.ended.action == "fatal"
    assert drive.ended.reason == (
        "the credential provider gave something that cannot be a token (it returned int, not a str)"
    )
    assert not drive.ended.complete


def reauthorized(drive: Drive) -> None:
    drive.feed(e.CredentialReady(len(drive.requests)))


def test_the_right_to_a_fresh_credential_is_spent_when_it_arrives() -> None:
    drive = Drive(has_provider=True, policy=PATIENT)
    drive.open()
    reauthorized(drive)
    drive.connect()
    drive.lose(1008)
    assert drive.requests[-1] == RequestCredential(2, fresh=True)
    drive.feed(e.CredentialFailed(2))  # that one never arrived
    drive.redial_or_ask()
    reauthorized(drive)
    drive.connect()
    drive.lose(1008)
    assert drive.state == "failed"
    assert "a fresh credential was refused too" in drive.ended.reason


def test_the_right_to_a_fresh_credential_comes_back_when_the_line_is_stable() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    reauthorized(drive)
    for asked in (2, 3, 4):
        drive.connect()
        drive.wait(4)
        drive.say("metrics", source="mic")
        drive.wait(4)
        drive.say("metrics", source="mic")
        drive.wait(2)
        drive.lose(1008)
        assert drive.requests[-1] == RequestCredential(asked, fresh=True)
        reauthorized(drive)


def test_without_a_provider_a_refused_token_is_the_end() -> None:
    drive = Drive().stream()
    drive.lose(1008)
    assert drive.state == "failed"
    assert "no provider" in drive.ended.reason


def test_a_credential_that_comes_when_the_gate_is_shut_waits_for_it() -> None:
    drive = Drive(has_provider=True, policy=Policy(dials_per_minute=1))
    drive.open()
    asked = drive.now
    reauthorized(drive)
    assert drive.state == "reconnecting"
    drive.tick()
    assert drive.now == asked + 61
    assert drive.state == "connecting"
    assert len(drive.requests) == 1


def shut_gate(how: str, **policy: Any) -> Drive:
    """A session whose next dial finds the gate shut, one second after its first loss."""
    asks = how == "credential"
    dials = 3 if asks else 2  # a request passes the gate too
    drive = Drive(
        has_provider=asks,
        policy=Policy(dials_per_minute=dials, start_delay=0, **policy),
        random=lambda: 0.999,
    )
    drive.open()
    if asks:
        reauthorized(drive)
        drive.opened(after=0)
        drive.audio(50)
        drive.lose(1008)  # asked for a fresh one at once
    else:
        drive.audio(50)
        drive.lose()
        drive.redial()
    return drive


def pass_gate(drive: Drive, how: str) -> None:
    if how == "credential":
        reauthorized(drive)
    else:
        drive.feed(e.Redirected(drive.core.dial, 302, "/there"))


@pytest.mark.parametrize("how", ["credential", "redirect"])
def test_a_gate_that_opens_after_giving_up_is_not_waited_for(how: str) -> None:
    drive = shut_gate(how, give_up_after=30)
    pass_gate(drive, how)
    assert drive.state == "failed"
    assert drive.ended.reason == (
        "gave up, a retry would come too late: waiting, so as not to dial too often"
    )


@pytest.mark.parametrize("how", ["credential", "redirect"])
def test_a_gate_that_opens_when_finishing_is_over_is_not_waited_for(how: str) -> None:
    drive = shut_gate(how, give_up_after=None)
    drive.stop()
    pass_gate(drive, how)
    assert drive.state == "failed"
    assert drive.ended.reason == ("could not finish in time: waiting, so as not to dial too often")


@pytest.mark.parametrize("how", ["credential", "redirect"])
def test_a_gate_that_opens_in_time_is_waited_for(how: str) -> None:
    drive = shut_gate(how, give_up_after=70, finish_timeout=70)
    drive.stop()
    pass_gate(drive, how)
    assert drive.state == "reconnecting"
    dials = len(drive.dials)
    drive.tick()
    assert len(drive.dials) == dials + 1


# One loss, one judgement.


def test_a_refusal_is_judged_on_arrival_and_the_socket_aborted() -> None:
    drive = Drive().stream()
    commands = drive.refuse()
    assert [type(command) for command in commands] == [Report, AbortSocket]
    assert drive.state == "reconnecting"
    assert not drive.lose(1000), "the close that follows is late"


def test_an_error_that_nobody_knows_explains_the_ending_that_follows() -> None:
    drive = Drive().stream()
    drive.refuse("the cellar is flooded")
    drive.lose(1000)
    assert "the cellar is flooded" in drive.last_change.reason


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("status", {"state": "streaming"}),
        ("status", {"state": "connected"}),
        ("asr_partial", {"text": "x", "t0": 0, "t1": 0.1}),
        ("metrics", {"source": "mic"}),
        ("cards_update", {}),
    ],
)
def test_an_error_is_forgotten_at_the_next_normal_message(
    kind: str, fields: dict[str, Any]
) -> None:
    drive = Drive().stream()
    drive.audio(10)
    drive.drain()
    drive.refuse("the cellar is flooded")
    drive.say(kind, **fields)
    drive.lose(1000)
    assert "cellar" not in drive.last_change.reason


def test_an_error_before_the_ack_is_text_too() -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.refuse("odd")
    assert drive.state == "awaiting_ack"
    drive.lose(reason="said the close", code=1000)
    assert "said the close" in drive.last_change.reason


def test_a_fourth_strike_is_the_end_and_other_losses_do_not_clear_the_three() -> None:
    drive = Drive(policy=PATIENT)
    drive.open()
    for _ in range(3):
        drive.lose(error=ErrorKind.OS_OTHER)
        drive.redial()
        drive.lose(error=ErrorKind.REFUSED)
        drive.redial()
    drive.lose(error=ErrorKind.OS_OTHER)
    assert drive.state == "failed"
    assert "that makes 4 unknown endings" in drive.ended.reason


# Backoff.


def waits(drive: Drive) -> list[float]:
    return [c.retry_in for c in drive.told(StateChanged) if c.retry_in is not None]


def test_after_a_stable_line_the_first_try_goes_out_at_once() -> None:
    drive = Drive(random=0.999).stream()
    drive.speak(10.1)
    drive.lose()
    drive.redial()
    drive.lose()
    assert waits(drive) == pytest.approx([0.25, 1.0], rel=0.01)


def test_where_everybody_is_thrown_out_the_first_try_is_spread() -> None:
    drive = Drive(random=0.999).stream()
    drive.speak(10.1)
    drive.lose(1012)
    assert waits(drive) == pytest.approx([5.0], rel=0.01)


def test_words_do_not_make_a_line_stable() -> None:
    drive = Drive(random=0.999)
    drive.open()
    for _ in range(3):
        drive.connect()
        drive.audio(10)
        drive.drain()
        drive.final(0, 0.2)
        drive.lose()
        drive.redial()
    assert waits(drive) == pytest.approx([1, 2, 4], rel=0.01)


def test_a_retry_after_is_heeded_and_capped() -> None:
    drive = Drive(policy=PATIENT, random=0.5)
    drive.open()
    drive.lose(status=503, retry_after=40.0)
    drive.redial()
    drive.lose(status=503, retry_after=4000.0)
    assert waits(drive) == [40.5, 300.5]


# Giving up.


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_no_more_attempts_than_allowed(attempts: int) -> None:
    drive = Drive(policy=Policy(max_attempts=attempts))
    drive.open()
    for _ in range(attempts):
        drive.lose()
        drive.redial()
    drive.lose()
    assert drive.state == "failed"
    assert f"gave up after {attempts} retries" in drive.ended.reason
    assert len(drive.dials) == attempts + 1


def test_progress_gives_new_attempts_and_new_patience() -> None:
    drive = Drive(policy=Policy(max_attempts=1, give_up_after=20))
    drive.open()
    for _ in range(10):
        drive.connect()
        drive.audio(10)
        drive.drain()
        drive.wait(3)
        drive.final(0, 0.2)
        drive.lose()
        assert drive.state == "reconnecting"
        drive.redial()
    drive.lose()
    assert drive.state == "failed"


@pytest.mark.parametrize("where", ["connecting", "awaiting_ack", "authorizing"])
def test_giving_up_comes_when_it_is_due(where: str) -> None:
    drive = Drive(policy=Policy(give_up_after=3), has_provider=where == "authorizing")
    drive.open()
    if where == "authorizing":
        reauthorized(drive)
    drive.lose(*([1008] if where == "authorizing" else []))
    lost = drive.now
    if where != "authorizing":
        drive.redial()
    if where == "awaiting_ack":
        drive.opened()
    assert drive.state == where
    drive.tick()
    assert drive.state == "failed"
    assert drive.now == lost + 3
    assert "gave up in time" in drive.ended.reason
    stopped = AbortSocket(2) if where != "authorizing" else CancelCredential(2)
    assert stopped in drive.commands


def test_a_retry_that_would_come_after_giving_up_is_not_waited_for() -> None:
    drive = Drive(policy=Policy(give_up_after=3))
    drive.open()
    drive.lose(status=429)
    assert drive.state == "failed"
    assert "too late" in drive.ended.reason


def test_giving_up_spares_a_line_that_is_streaming_and_is_judged_at_its_loss() -> None:
    drive = Drive(policy=Policy(give_up_after=5, stable_after=60))
    drive.open()
    drive.lose()
    drive.redial()
    drive.connect()
    drive.speak(20)
    assert drive.state == "streaming"
    drive.lose()
    assert drive.state == "failed"


def test_a_stable_line_forgets_when_it_would_have_given_up() -> None:
    drive = Drive(policy=Policy(give_up_after=5))
    drive.open()
    drive.lose()
    drive.redial()
    drive.connect()
    drive.speak(20)
    drive.lose()
    assert drive.state == "reconnecting"


# Liveness.


def test_a_ping_goes_out_at_least_every_five_seconds() -> None:
    drive = Drive().stream()
    asked: list[float] = []
    for _ in range(4):
        drive.tick()
        [ping] = drive.drain()
        assert isinstance(ping, SendPing)
        asked.append(drive.now)
        drive.feed(e.PongReceived(1, ping.mark), after=0.1)
    assert all(later - earlier <= 5 for earlier, later in pairwise(asked))


@pytest.mark.parametrize(
    "event",
    [
        e.PongReceived(1, b"1"),
        e.PongReceived(1, b"never sent"),
        e.MessageReceived(1, '{"type":"metrics","source":"mic"}'),
        e.MessageReceived(1, '{"type":"who knows"}'),
        e.MessageReceived(1, b"binary"),
        e.MessageReceived(1, '{"type":"asr_final","connection_id":"foreign"}'),
    ],
)
def test_any_frame_that_arrives_is_a_sign_of_life(event: e.Event) -> None:
    drive = Drive().stream()
    acked = drive.now
    drive.wait(9.9)
    drive.feed(event)
    drive.wait(4.5)
    assert drive.state == "streaming"
    drive.wait(acked + 15.05 - drive.now)
    assert drive.state == "reconnecting", "the next ping was not answered"


def test_a_pong_that_is_delivered_late_beats_its_deadline() -> None:
    drive = Drive().stream()
    drive.wait(9)
    drive.feed(e.PongReceived(1, b"1"), after=100)
    assert drive.state == "streaming"


def test_a_missing_pong_is_missed_whether_the_ping_went_out_or_not() -> None:
    drive = Drive().stream()
    drive.wait(10, pulling=False)
    assert drive.state == "reconnecting"


def test_a_missing_pong_is_still_missing_after_a_stop() -> None:
    drive = Drive().stream()
    acked = drive.now
    drive.audio(5)
    drive.wait(7)
    drive.stop()
    drive.wait(3)
    assert drive.state == "reconnecting"
    assert drive.now == acked + 10
    assert AbortSocket(1) in drive.commands
    assert not any(isinstance(command, CloseSocket) for command in drive.commands)


def test_a_backend_that_takes_audio_and_neither_drains_nor_speaks_is_lost() -> None:
    drive = Drive().stream()
    drive.audio(200)
    drive.serve()
    shut = drive.now
    for _ in range(14):  # it pongs, and gives the same figures for ever
        drive.wait(1)
        drive.figures(backlog=2.0)
        drive.serve()
    assert drive.state == "streaming"
    drive.wait(1)
    assert drive.state == "reconnecting"
    assert drive.now == pytest.approx(shut + 15)
    assert "neither drained nor spoke" in drive.last_change.reason


# Hints.


def test_a_restored_network_ends_a_wait() -> None:
    drive = Drive().stream()
    drive.lose()
    drive.feed(e.NetworkRestored())
    assert drive.state == "connecting"
    assert len(drive.dials) == 2


def test_a_restored_network_does_not_open_the_gate() -> None:
    drive = Drive(policy=Policy(dials_per_minute=2))
    drive.open()
    first = drive.now
    drive.lose()
    drive.feed(e.NetworkRestored())
    drive.lose()
    drive.feed(e.NetworkRestored())
    assert drive.state == "reconnecting"
    drive.tick()
    assert drive.now == first + 61


@pytest.mark.parametrize(("status", "helps"), [(503, False), (429, False), (200, True)])
def test_a_restored_network_ends_a_wait_that_a_server_asked_for_only_if_it_was_none(
    status: int, helps: bool
) -> None:
    drive = Drive()
    drive.open()
    drive.lose(status=status)
    drive.feed(e.NetworkRestored())
    assert drive.state == ("connecting" if helps else "reconnecting")


@pytest.mark.parametrize("state", ["streaming", "finishing"])
def test_a_restored_network_asks_whether_the_line_still_holds(state: str) -> None:
    drive = in_state(state)
    drive.serve("mic")
    drive.feed(e.NetworkRestored(), after=1)
    asked = drive.now
    assert isinstance(drive.pull(), SendPing)
    drive.wait(5)
    assert drive.state == "reconnecting"
    assert drive.now == asked + 5


@pytest.mark.parametrize("state", ["idle", "authorizing", "connecting", "awaiting_ack", "closing"])
def test_a_restored_network_means_nothing_elsewhere(state: str) -> None:
    drive = in_state(state)
    deadline = drive.core.next_deadline()
    assert not drive.feed(e.NetworkRestored())
    assert drive.state == state
    assert drive.core.next_deadline() == deadline


# Stopping wins every race.


@pytest.mark.parametrize("state", ["authorizing", "connecting", "awaiting_ack", "reconnecting"])
def test_a_stop_with_nothing_to_deliver_and_no_line_is_the_end(state: str) -> None:
    drive = Drive(has_provider=state == "authorizing")
    drive.open()
    if state == "awaiting_ack":
        drive.opened()
    if state == "reconnecting":
        drive.lose()
    assert drive.state == state
    commands = drive.stop()
    assert drive.state == "closed"
    assert drive.ended.complete
    assert drive.ended.reason == "finished"
    ending: dict[str, list[Command]] = {
        "authorizing": [CancelCredential(1)],
        "connecting": [AbortSocket(1)],
        "awaiting_ack": [AbortSocket(1)],
        "reconnecting": [],
    }
    assert [command for command in commands if not isinstance(command, Report)] == ending[state]


def test_a_stop_before_anything_is_the_end_and_what_was_captured_is_missing() -> None:
    drive = Drive()
    drive.audio(5)
    drive.stop()
    assert drive.state == "closed"
    assert not drive.ended.complete
    assert not drive.dials


@pytest.mark.parametrize("state", ["authorizing", "connecting", "awaiting_ack", "reconnecting"])
def test_a_stop_with_audio_to_deliver_is_finished_over_a_line_yet_to_come(state: str) -> None:
    drive = in_state(state)
    drive.stop()
    assert drive.state == state
    if state == "authorizing":
        reauthorized(drive)
    if state == "reconnecting":
        drive.redial()
    if state == "awaiting_ack":
        drive.drain()
        drive.ack()
    else:
        drive.connect()
    assert drive.state == "finishing"
    assert "streaming" not in drive.states
    drive.serve("mic")
    drive.summary()
    drive.lose(1000)
    assert drive.ended.complete


@pytest.mark.parametrize("state", ALIVE)
def test_a_second_stop_changes_nothing(state: str) -> None:
    drive = in_state(state)
    drive.stop()
    before = everything(drive.link)
    assert not drive.feed(e.StopRequested(), after=0.001)
    assert everything(drive.link) == before


@pytest.mark.parametrize(
    "state", ["authorizing", "connecting", "awaiting_ack", "reconnecting", "finishing"]
)
def test_finishing_has_a_limit_that_is_never_extended(state: str) -> None:
    drive = in_state(state)
    drive.stop()
    stopped = drive.now
    limit = stopped + 20 + 1
    for _ in range(2000):
        if drive.core.ended:
            break
        drive.wait(0.1)
        drive.stop() if not drive.core.ended else None
        if drive.state == "finishing":
            drive.figures()
    assert drive.state == "failed"
    assert drive.now <= limit + 0.2
    assert not drive.ended.complete
    assert "could not finish in time" in drive.ended.reason


def test_a_loss_that_was_made_good_does_not_explain_a_late_finish() -> None:
    drive = in_state("reconnecting")
    drive.redial()
    drive.connect()
    drive.stop()
    for _ in range(30):
        drive.wait(1)
        if drive.state == "finishing":
            drive.figures()
    assert drive.ended.reason == "could not finish in time"
    assert drive.ended.action is None


def test_a_retry_that_would_come_after_the_finish_is_not_waited_for() -> None:
    drive = in_state("connecting")
    drive.stop()
    drive.lose(status=503, retry_after=60.0)
    assert drive.state == "failed"
    assert "could not finish in time" in drive.ended.reason


@pytest.mark.parametrize(("wait", "state"), [(60.0, "failed"), (4.0, "reconnecting")])
def test_a_stop_waits_for_a_retry_only_within_the_finish(wait: float, state: str) -> None:
    drive = in_state("connecting")
    drive.audio(50)
    drive.lose(status=503, retry_after=wait)
    drive.stop()
    assert drive.state == state
    if state == "failed":
        reason = "could not finish in time: the server is not available now"
        assert drive.ended.reason == reason


def test_the_audio_goes_out_before_the_stop_and_once() -> None:
    drive = in_state("streaming")
    drive.stop()
    drive.serve("mic")
    drive.wait(3)
    assert drive.frames() == 50
    assert drive.texts == [(1, "start"), (1, "stop")]


def test_audio_captured_after_the_stop_is_refused_and_counted() -> None:
    drive = in_state("streaming")
    drive.stop()
    drive.audio(3)
    assert drive.core.statistics.refused_samples == 3 * FRAME
    drive.serve("mic")
    assert drive.frames() == 50


@pytest.mark.parametrize("state", ["streaming", "finishing"])
def test_a_final_message_that_nobody_asked_for_is_not_the_end(state: str) -> None:
    drive = in_state(state)
    drive.summary()
    assert drive.state == state
    assert drive.core.statistics.late == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"code": 1000},
        {"code": 1008},
        {"code": 1002},
        {"error": ErrorKind.RESET},
        {"error": ErrorKind.TLS_CERTIFICATE},
        {},
    ],
)
def test_after_the_final_message_any_loss_is_a_proper_end(facts: dict[str, Any]) -> None:
    drive = in_state("closing")
    drive.lose(**facts)
    assert drive.state == "closed"
    assert drive.ended.complete
    assert len(drive.dials) == 1


def test_a_backend_that_does_not_close_is_left() -> None:
    drive = in_state("closing")
    drive.tick()
    assert drive.state == "closed"
    assert AbortSocket(1) in drive.commands
    assert drive.ended.complete


def test_what_a_backend_says_after_its_final_message_is_late() -> None:
    drive = in_state("closing")
    late = drive.core.statistics.late
    drive.final(0, 1)
    drive.refuse()
    drive.say("error", message="now what")
    assert drive.state == "closing"
    assert drive.core.statistics.late == late + 3


@pytest.mark.parametrize("how", ["lost", "refused", "timed out"])
def test_a_line_lost_with_all_delivered_is_a_proper_end(how: str) -> None:
    drive = in_state("streaming")
    drive.stop()
    drive.serve("mic")
    drive.final(0, 1)
    if how == "lost":
        drive.lose(1002)
    elif how == "refused":
        drive.say("error", message="no")
    else:
        drive.wait(10)
    assert drive.state == "closed"
    assert drive.ended.complete
    assert len(drive.dials) == 1


def test_sources_that_are_over_stop_the_session() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.audio(5)
    drive.feed(e.SourceEnded("mic"))
    assert drive.state == "streaming"
    drive.feed(e.SourceLost("system", "unplugged"))
    assert drive.state == "finishing"
    drive.drain()
    assert drive.texts[-1] == (1, "stop")


def test_a_source_that_was_over_before_the_line_was_opened_leaves_its_audio_to_send() -> None:
    drive = Drive()
    drive.audio(5)
    drive.feed(e.SourceEnded("mic"))
    assert drive.state == "idle"
    drive.open()
    drive.connect()
    assert drive.state == "finishing"
    drive.drain()
    assert drive.frames() == 5
    assert drive.texts == [(1, "start"), (1, "stop")]


def test_a_source_that_never_said_a_word_is_closed_as_soon_as_it_is_opened() -> None:
    drive = Drive()
    drive.feed(e.SourceEnded("mic"))
    drive.open()
    assert drive.state == "closed"
    assert drive.ended.complete


# Silence always ends.


@pytest.mark.parametrize("state", ALIVE)
@pytest.mark.parametrize("pulling", [True, False])
def test_in_silence_every_session_ends(state: str, pulling: bool) -> None:
    drive = in_state(state, Policy())
    for _ in range(1000):
        if drive.core.ended:
            return
        drive.tick()
        if pulling:
            drive.drain()
    pytest.fail("silence does not end it")


def test_a_sleep_of_hours_is_one_loss() -> None:
    drive = Drive().stream()
    drive.wait(5)
    drive.feed(e.Tick(), after=10_000)
    assert drive.state == "reconnecting"
    assert drive.last_change.retry_in is not None
    assert drive.core.next_deadline() == pytest.approx(drive.now + drive.last_change.retry_in)
