"""The driver's decisions for every face, one rule at a time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from openline import commands as c
from openline import events as e
from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.dialects.traits import Drain
from openline.machine.handlers import LocalProtocolError
from openline.observer import Observer
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.session import PastSource
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    SourceEnded,
    SourceEndReason,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_audio.source import SourceError
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.credentials import CredentialError
from openline_driver.driver import DriverError
from openline_driver.tokens import Token
from tests.core.formed_toy import Toy
from tests.driver.model import ACK, BACKEND, HASTY, Face

TOKEN = "a-token-to-hide"


def unread(face: Face) -> list[Update]:
    found: list[Update] = []
    while (update := face.driver.updates.take()) is not None:
        found.append(update)
    return found


def troubles(face: Face) -> list[tuple[str, str]]:
    return [(u.kind, u.text) for u in unread(face) if isinstance(u, Trouble)]


# The life of a session.


class Begins(Observer):
    """Notes what the machine was made with."""

    __slots__ = ("options",)

    options: MachineOptions

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        self.options = options


def test_every_option_reaches_the_machine() -> None:
    begins = Begins()
    past = PastSource(source="mic", origin=0, confirmed=5, on_disk=((0, 640),))
    given: dict[str, Any] = {
        "backend": Backend.from_url("wss://far.example/x"),
        "sources": ("mic", "system"),
        "session_id": "mine",
        "policy": Policy(max_attempts=3),
        "dialect": EchoPanel(),
        "may_pause": frozenset({"system"}),
        "kinds": {"mic": e.SourceKind.STORE, "system": e.SourceKind.DEVICE},
    }
    later = {"past": (past,), "past_transcript": (final(0.0),)}
    Face(
        begins,
        **given,
        credentials=provide,
        store_bytes=64_000,
        past_sources=later["past"],
        past_transcript=later["past_transcript"],
    )
    expected = {
        **given,
        **later,
        "attempt_id": "id-1",
        "may_pause": ("system",),
        "has_provider": True,
        "disk_seconds": 2.0,
    }
    assert {name: getattr(begins.options, name) for name in expected} == expected
    assert begins.options.dialect is given["dialect"]


def test_session_from_open_to_end() -> None:
    face = Face()
    assert face.driver.deadline() is None
    dial = face.open()
    assert face.driver.state is State.STREAMING
    assert face.of(fx.Dial) == [
        fx.Dial(
            dial=1,
            backend=BACKEND,
            host="127.0.0.1:8000",
            target="/ws/live-listener",
            headers=(("User-Agent", "openline"),),
            connection_id="id-2",
        )
    ]
    face.feed(e.AudioCaptured("mic", bytes(640)), e.StopRequested())
    face.driver.pull()
    face.driver.pull()
    face.feed(e.MessageReceived(dial, '{"type":"asr_final","text":"a","t0":0,"t1":0.02}'))
    face.feed(e.MessageReceived(dial, '{"type":"final_summary","markdown":"x","json":{}}'))
    assert face.of(fx.CloseDial) == [fx.CloseDial(dial, 1000)]
    face.lose(e.SocketLost(dial=dial, code=1000))
    assert (face.driver.over, face.driver.state) == (True, State.CLOSED)
    ended = face.driver.ended
    assert ended is not None
    assert unread(face)[-1] is ended
    assert face.driver.updates.exhausted
    assert face.driver.transcript == ended.transcript
    assert face.driver.statistics == ended.statistics
    face.release()
    assert face.sockets == set()
    assert face.driver.deadline() is None


@pytest.mark.parametrize("request_", [e.StopRequested(), e.AbortRequested(), f.Cancelled()])
def test_end_before_start_opens_first(request_: Any) -> None:
    face = Face()
    face.feed(request_)
    assert [type(each) for each in face.effects] == [fx.Dial, fx.FlushSources, fx.AbortDial]
    states = [u.state for u in unread(face) if isinstance(u, StateChanged)]
    assert states == [State.CONNECTING, State.CLOSED]
    assert face.driver.ended is not None


def test_open_twice_changes_nothing() -> None:
    face = Face()
    face.feed(e.OpenRequested(), e.OpenRequested())
    assert face.dialled == [1]


@pytest.mark.parametrize(
    "request_",
    [
        *(e.StopRequested(), e.AbortRequested(), f.Cancelled()),
        *(e.NetworkRestored(), e.SkipRequested()),
    ],
)
def test_requests_after_the_end_change_nothing(request_: Any) -> None:
    face = Face()
    face.feed(e.AbortRequested())
    before = len(face.effects)
    unread(face)
    face.feed(request_)
    assert (face.effects[before:], unread(face)) == ([], [])


def test_second_end_in_the_queue_changes_nothing() -> None:
    face = Face()
    face.driver.feed(e.AbortRequested())
    face.driver.feed(e.AbortRequested())
    face.drain()
    assert len([u for u in unread(face) if isinstance(u, Ended)]) == 1


def test_events_after_the_end_are_counted() -> None:
    face = Face()
    dial = face.open()
    face.feed(e.AbortRequested())
    late = face.driver.statistics.late
    face.feed(e.MessageReceived(dial, ACK))
    assert face.driver.statistics.late == late + 1


def test_audio_held_by_a_source_is_fed_before_the_stop() -> None:
    face = Face()
    face.open()

    def flush(effect: fx.Effect) -> None:
        if isinstance(effect, fx.FlushSources):
            face.feed(e.AudioCaptured("mic", bytes(640)))

    face.meddle = flush
    face.feed(e.StopRequested())
    figures = face.driver.statistics
    assert (figures.sources["mic"].captured, figures.refused_samples) == (320, 0)


def test_network_hint_reaches_the_machine() -> None:
    face = Face()
    face.open()
    face.clock.now += 1.0
    face.feed(e.NetworkRestored())
    assert isinstance(face.driver.pull(), c.SendPing)


def test_source_errors_are_worded_here() -> None:
    face = Face(sources=("mic", "system"))
    face.open()
    face.feed(f.SourceRaised("mic", SourceError("unplugged; plug it in")))
    face.feed(f.SourceRaised("system", RuntimeError("a secret")))
    reasons = [u.reason for u in unread(face) if isinstance(u, SourceEnded)]
    assert reasons == ["unplugged; plug it in", "the source raised RuntimeError"]


def test_a_source_that_hangs_is_released() -> None:
    face = Face(may_pause=frozenset())
    face.open()
    while not face.of(fx.ReleaseSource):
        face.driver.pull()
        face.wake_up()
        marks = [m for m in [face.driver.pull()] if isinstance(m, c.SendPing)]
        face.feed(*(e.PongReceived(1, mark.mark) for mark in marks))
    assert face.of(fx.ReleaseSource) == [fx.ReleaseSource("mic")]


def test_room_is_reported_by_the_machine() -> None:
    face = Face()
    face.open()
    assert face.driver.has_room("mic")
    face.feed(e.AudioCaptured("mic", bytes(2 * 16_000 * 40)))
    assert not face.driver.has_room("mic")
    assert face.driver.has_room("system")  # a source never waits for another one


# Resumed sessions and the store.


def final(end: float, source: str = "mic") -> Transcript:
    return Transcript(source=source, text="a", final=True, start=0.0, end=end)


def test_sources_of_a_resumed_session_are_over() -> None:
    past = PastSource(source="mic", origin=0, confirmed=0, on_disk=((0, 640),))
    face = Face(past_sources=(past,), store_bytes=1 << 20)
    face.feed(e.OpenRequested())
    how = [u.reason for u in unread(face) if isinstance(u, SourceEnded)]
    assert how == ["it has no more audio"]


GAP = Gap(source="mic", start=960, end=1280, samples=320, cause=GapCause.CAPTURE)


@pytest.mark.parametrize(
    ("past", "seconds"),
    [
        ({}, "0.02"),
        ({"on_disk": ((320, 640), (640, 960))}, "0.06"),
        ({"on_disk": ((320, 960),), "gaps": (GAP,)}, "0.08"),
    ],
)
def test_recording_that_was_not_read_to_its_end_is_lost_when_it_is_resumed(
    past: dict[str, Any], seconds: str
) -> None:
    """What is behind it was never captured, so no gap tells of it."""
    source = PastSource(source="mic", origin=0, confirmed=320, **past)
    other = PastSource(source="system", origin=0, confirmed=16_000)
    face = Face(past_sources=(other, source), store_bytes=1 << 20, unread=frozenset({"mic"}))
    face.feed(e.OpenRequested())
    ended = [u for u in unread(face) if isinstance(u, SourceEnded)]
    reason = f"it was read to {seconds} s, and not to its end"
    assert ended == [SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason=reason)]


def test_recording_of_which_nothing_was_read_is_lost_when_it_is_resumed() -> None:
    face = Face(past_sources=(), store_bytes=1 << 20, unread=frozenset({"mic"}))
    face.feed(e.OpenRequested())
    [ended] = [u for u in unread(face) if isinstance(u, SourceEnded)]
    assert ended.reason == "it was read to 0.00 s, and not to its end"


@pytest.mark.parametrize("store_bytes", [0, 1 << 20])
@pytest.mark.parametrize("kind", e.SourceKind)
@pytest.mark.parametrize(
    "event", [e.SourceFinished("mic"), e.SourceFailed("mic", "torn")], ids=["whole", "torn"]
)
def test_recording_that_was_read_to_its_end_is_noted_on_disk(
    store_bytes: int, kind: e.SourceKind, event: e.Event
) -> None:
    face = Face(store_bytes=store_bytes, kinds={"mic": kind})
    face.feed(e.OpenRequested(), e.SourceStarted("mic", 0.0), event, event)
    noted = kind is e.SourceKind.STORE and store_bytes and isinstance(event, e.SourceFinished)
    assert face.of(fx.NoteRead) == [fx.NoteRead("mic")] * bool(noted)
    assert len([u for u in unread(face) if isinstance(u, SourceEnded)]) == 1


def test_continued_source_of_a_resumed_session_captures_on_behind_what_is_stored() -> None:
    past = PastSource(source="mic", origin=0, confirmed=320, on_disk=((320, 960),))
    face = Face(
        past_sources=(past,),
        store_bytes=1 << 20,
        sources=("mic", "system"),
        continued=frozenset({"mic"}),
        kinds={"mic": e.SourceKind.STORE},
    )
    face.feed(e.OpenRequested())
    assert [u.source for u in unread(face) if isinstance(u, SourceEnded)] == ["system"]
    assert face.driver.statistics.sources["mic"].captured == 960
    face.feed(e.SourceStarted("mic", 5.0), e.AudioCaptured("mic", bytes(640)))
    assert face.of(c.StoreAudio) == [c.StoreAudio("mic", 960, bytes(640))]
    assert face.driver.statistics.sources["mic"].captured == 1280
    face.feed(e.SourceFinished("mic"))
    assert [u.source for u in unread(face) if isinstance(u, SourceEnded)] == ["mic"]


@pytest.mark.parametrize(
    ("finals", "confirmed"),
    [
        ((), 0),
        ((final(0.0),), 0),
        ((final(0.1),), 1600),
        ((final(0.1), final(0.05), final(9, "system")), 1600),
    ],
)
@pytest.mark.parametrize("before", [0, 100])
def test_final_without_its_confirmation_confirms(
    finals: tuple[Transcript, ...], confirmed: int, before: int
) -> None:
    past = PastSource(source="mic", origin=0, confirmed=before, on_disk=((0, 3200),))
    face = Face(past_sources=(past,), past_transcript=finals, store_bytes=1 << 20)
    assert [p.confirmed for p in face.driver.options.past_confirmed] == [max(before, confirmed)]


def test_new_sources_share_the_store_and_resumed_ones_need_not() -> None:
    assert Face(store_bytes=64_000).driver.options.disk_seconds == 2.0
    assert Face(store_bytes=64_000, sources=("mic", "system")).driver.options.disk_seconds == 1.0
    past = PastSource(source="mic", origin=0, confirmed=0, on_disk=())
    names = ("mic", "system")
    resumed = Face(store_bytes=64_000, sources=names, past_sources=(past,))
    assert resumed.driver.options.disk_seconds == 2.0
    assert Face().driver.options.past_confirmed == ()


def test_storage_is_an_effect_and_comes_before_the_report() -> None:
    face = Face(store_bytes=1 << 20)
    face.driver.feed(e.OpenRequested())
    seen: list[tuple[str, int]] = []

    def note(effect: fx.Effect) -> None:
        finals = [u for u in unread(face) if isinstance(u, Transcript)]
        seen.append((type(effect).__name__, len(finals)))

    face.meddle = note
    face.open()
    face.feed(e.AudioCaptured("mic", bytes(640)))
    face.driver.pull()
    face.feed(e.MessageReceived(1, '{"type":"asr_final","text":"a","t0":0,"t1":0.02}'))
    assert [name for name, _ in seen if name.startswith("Store")] == [
        "StoreConfirmed",
        "StoreAudio",
        "StoreFinal",
        "StoreConfirmed",
    ]
    assert dict(seen)["StoreFinal"] == 0  # the app cannot have read it before


# Sockets.


def test_new_dial_waits_until_the_old_socket_is_released() -> None:
    face = Face(policy=HASTY)
    dial = face.open()
    while face.driver.state is State.STREAMING:  # no pong comes
        face.driver.pull()
        face.wake_up()
    assert face.of(fx.AbortDial) == [fx.AbortDial(dial)]
    while face.driver.state is not State.CONNECTING:
        face.wake_up()
    assert face.dialled == [1]
    face.release()
    assert (face.dialled, face.driver.dials.abandoned) == ([1, 2], 0)


def test_stuck_socket_is_abandoned_after_a_second_and_counted() -> None:
    face = Face(policy=HASTY)
    dial = face.open()
    face.lose(e.SocketLost(dial=dial, error=ErrorKind.CUT))
    face.closing.clear()  # the release never comes
    lost_at = face.clock.now
    while len(face.dialled) == 1:
        face.wake_up()
    assert (face.dialled, face.driver.dials.abandoned) == ([1, 2], 1)
    assert face.clock.now == lost_at + 1.0
    face.feed(f.Released(dial))  # too late: nothing changes
    assert face.driver.dials.abandoned == 1
    assert face.driver.dials.is_alive(2)


def test_aborted_held_dial_is_never_opened() -> None:
    face = Face(policy=HASTY)
    dial = face.open()
    face.lose(e.SocketLost(dial=dial, error=ErrorKind.CUT))
    while face.driver.state is not State.CONNECTING:
        face.wake_up()
    face.feed(e.AbortRequested())
    face.release()
    assert (face.dialled, face.sockets, face.of(fx.AbortDial)) == ([1], set(), [])


def test_held_dial_is_opened_before_effects_queued_after_it() -> None:
    """The abort of dial 2 is already queued when its socket may be opened."""
    face = Face(policy=HASTY, store_bytes=1 << 20)
    dial = face.open()
    face.lose(e.SocketLost(dial=dial, error=ErrorKind.CUT))
    while face.driver.state is not State.CONNECTING:
        face.wake_up()
    stored: list[fx.Effect] = []

    def meddle(effect: fx.Effect) -> None:
        if isinstance(effect, c.StoreAudio):
            stored.append(effect)
            if len(stored) == 1:
                face.feed(e.AbortRequested(), e.AudioCaptured("mic", bytes(2)))
            else:
                face.release()

    face.meddle = meddle
    face.feed(e.AudioCaptured("mic", bytes(2)))
    assert [type(each).__name__ for each in face.effects[-4:]] == [
        "FlushSources",
        "StoreAudio",
        "Dial",
        "AbortDial",
    ]
    face.release()
    assert face.sockets == set()


@pytest.mark.parametrize("code", [1006, 1015])
def test_close_codes_never_sent_in_a_frame_are_dropped(code: int) -> None:
    face = Face()
    dial = face.open()
    face.lose(e.SocketLost(dial=dial, code=code, reason="made up"))
    [lost] = [u for u in unread(face) if getattr(u, "state", "") is State.RECONNECTING]
    assert isinstance(lost, StateChanged)
    assert "made up" not in lost.reason


def test_redirect_is_read_from_the_refusal() -> None:
    face = Face()
    face.feed(e.OpenRequested())
    face.lose(f.Refused(1, 307, {"location": "/other", "set-cookie": "secret"}))
    face.release()
    [_, second] = face.of(fx.Dial)
    assert isinstance(second, fx.Dial)
    assert second.target == "/other"


def test_redirected_event_ends_the_dial_too() -> None:
    face = Face()
    face.feed(e.OpenRequested())
    face.closing.add(1)
    face.feed(e.Redirected(1, 307, "/other"))
    assert face.dialled == [1]
    face.release()
    assert face.dialled == [1, 2]


# The sender.


def test_idle_sender_is_woken_once_and_a_busy_one_not() -> None:
    face = Face()
    dial = face.open()
    while face.driver.pull() is not None:
        pass
    before = len(face.effects)
    face.feed(e.AudioCaptured("mic", bytes(640)), e.AudioCaptured("mic", bytes(640)))
    assert face.effects[before:] == [fx.Wake(dial)]
    assert isinstance(face.driver.pull(), c.SendBytes)
    face.feed(e.AudioCaptured("mic", bytes(640)))
    assert face.effects[before + 1 :] == []


def test_sender_of_a_dial_that_is_over_is_not_woken() -> None:
    face = Face()
    dial = face.open()
    while face.driver.pull() is not None:
        pass
    before = len(face.effects)
    face.lose(e.SocketLost(dial=dial, error=ErrorKind.CUT))
    assert not [w for w in face.effects[before:] if isinstance(w, fx.Wake)]


# Credentials.


def test_credential_is_in_the_dial_and_nowhere_else() -> None:
    face = Face(credentials=TOKEN)
    face.feed(e.OpenRequested())
    [dial] = face.of(fx.Dial)
    assert isinstance(dial, fx.Dial)
    assert ("Authorization", f"Bearer {TOKEN}") in dial.headers
    assert TOKEN not in repr([dial, face.driver.options, unread(face)])
    assert repr(dial) == f"Dial(dial=1, backend={BACKEND!r})"


async def provide() -> str:
    raise AssertionError("the face calls it, and there is none")


def test_provider_is_asked_and_its_answer_kept() -> None:
    face = Face(credentials=provide)
    face.feed(e.OpenRequested())
    assert face.of(fx.AskCredential) == [fx.AskCredential(1, fresh=False)]
    face.feed(f.CredentialGiven(1, TOKEN))
    [dial] = face.of(fx.Dial)
    assert isinstance(dial, fx.Dial)
    assert ("x-echopanel-token", TOKEN) in dial.headers
    assert TOKEN not in repr(f.CredentialGiven(1, TOKEN))


def asked(face: Face, times: int) -> fx.Effect:
    """Wake up until the provider was asked so many times; how it was asked last."""
    while len(face.of(fx.AskCredential)) < times:
        face.release()
        face.wake_up()
    return face.of(fx.AskCredential)[-1]


def test_provider_is_given_the_token_that_was_refused() -> None:
    face = Face(credentials=provide)
    face.feed(e.OpenRequested(), f.CredentialGiven(1, TOKEN))
    face.lose(f.Refused(1, 401, {}))
    assert asked(face, 2) == fx.AskCredential(2, fresh=True, refused=TOKEN)


def test_provider_that_is_asked_for_a_due_token_is_given_none() -> None:
    face = Face(credentials=provide, policy=HASTY)
    face.feed(e.OpenRequested(), f.CredentialGiven(1, Token(TOKEN, reuse=False)))
    face.lose(e.SocketLost(dial=1, error=ErrorKind.CUT))
    assert asked(face, 2) == fx.AskCredential(2, fresh=False, refused=None)


@pytest.mark.parametrize("number", [1, 7])
def test_answer_that_nothing_asked_for_is_not_kept(number: int) -> None:
    face = Face(credentials=provide)
    face.feed(f.CredentialGiven(number, "stale-credential"))
    face.feed(e.OpenRequested(), f.CredentialGiven(1, TOKEN))
    face.feed(f.CredentialGiven(number, "stale-credential"))
    face.lose(f.Refused(1, 401, {}))
    assert asked(face, 2) == fx.AskCredential(2, fresh=True, refused=TOKEN)
    while not face.of(fx.StopAsking):
        face.wake_up()
    face.feed(f.CredentialGiven(2, "stale-credential"))
    assert asked(face, 3) == fx.AskCredential(3, fresh=True, refused=TOKEN)


def test_credential_does_not_follow_a_redirect_to_another_origin() -> None:
    there = "wss://elsewhere.example/x"
    backend = Backend.from_url("wss://here.example/x", redirects_to=("wss://elsewhere.example",))
    face = Face(credentials=TOKEN, backend=backend)
    face.feed(e.OpenRequested())
    face.lose(f.Refused(1, 307, {"location": there}))
    face.release()
    [first, second] = face.of(fx.Dial)
    assert isinstance(first, fx.Dial)
    assert isinstance(second, fx.Dial)
    assert TOKEN in str(first.headers)
    assert second.host == "elsewhere.example"
    assert TOKEN not in str(second.headers) + second.target


def test_provider_that_fails_is_asked_again() -> None:
    face = Face(credentials=provide)
    face.feed(e.OpenRequested(), f.ProviderFailed(1, CredentialError("the vault is shut")))
    assert face.driver.state is State.RECONNECTING


def test_the_last_token_serves_where_the_provider_fails_before_it_expires() -> None:
    face = Face(credentials=provide)
    face.feed(e.OpenRequested())
    face.feed(f.CredentialGiven(1, Token(TOKEN, expires_at=1020.0), 1000.0))
    while len(face.of(fx.AskCredential)) == 1:
        face.lose(e.SocketLost(dial=face.dialled[-1], error=ErrorKind.RESET))
        face.release()
        face.wake_up()
    face.feed(f.ProviderFailed(2, CredentialError("the vault is shut")))
    last = face.of(fx.Dial)[-1]
    assert isinstance(last, fx.Dial)
    assert TOKEN in str(last.headers)
    assert face.driver.state is State.CONNECTING
    [trouble] = [each for each in unread(face) if isinstance(each, Trouble)]
    assert trouble == Trouble(
        kind="credential", text="the last token serves until it expires: the vault is shut"
    )


def test_answer_that_comes_too_late_is_counted_and_not_kept() -> None:
    face = Face(credentials=provide)
    face.feed(e.OpenRequested())
    while not face.of(fx.StopAsking):
        face.wake_up()
    assert face.of(fx.StopAsking) == [fx.StopAsking(1)]
    late = face.driver.statistics.late
    face.feed(f.CredentialGiven(1, "stale-credential"))
    assert face.driver.statistics.late == late + 1
    while len(face.of(fx.AskCredential)) == 1:
        face.wake_up()
    face.feed(f.CredentialGiven(2, TOKEN))
    [dial] = face.of(fx.Dial)
    assert isinstance(dial, fx.Dial)
    assert "stale-credential" not in str(dial.headers)


def test_echoed_credential_is_redacted() -> None:
    face = Face(credentials=TOKEN)
    dial = face.open()
    face.feed(e.MessageReceived(dial, f'{{"type":"status","state":"x","message":"{TOKEN}"}}'))
    face.lose(e.SocketLost(dial=dial, code=4003, reason=TOKEN))
    text = repr(unread(face))
    assert TOKEN not in text
    assert text.count("[token]") >= 2


# Calls allowed and refused.


def test_effects_and_pull_inside_an_effect_are_errors() -> None:
    face = Face()
    raised: list[str] = []

    def meddle(_effect: fx.Effect) -> None:
        for call in (face.driver.pull, face.driver.effects):
            with pytest.raises(DriverError) as caught:
                call()
            raised.append(str(caught.value))

    face.meddle = meddle
    face.feed(e.OpenRequested())
    assert face.dialled == [1]
    assert raised == [
        "pull was called inside an effect or an observer: feed or post there",
        "effects was called inside an effect or an observer: feed there",
    ]


class Meddler(Observer):
    """Calls back at each event and pull."""

    __slots__ = ("call",)

    def __init__(self) -> None:
        self.call: Callable[[], object] = lambda: None

    def on_event(self, event: e.Event, now: float) -> None:
        self.call()

    def on_pull(self, outgoing: object, now: float) -> None:
        self.call()


def test_effects_and_pull_inside_an_observer_are_errors_that_drop_it() -> None:
    meddlers = Meddler(), Meddler()
    face = Face(*meddlers)
    meddlers[0].call = face.driver.pull
    face.feed(e.OpenRequested())
    found = troubles(face)
    meddlers[1].call = face.driver.effects
    face.feed(e.NetworkRestored())
    found += troubles(face)
    face.feed(e.NetworkRestored())
    assert face.dialled == [1]
    found += troubles(face)
    assert [kind for kind, _ in found] == ["observer"] * 2, "each is reported once"
    for _, text in found:
        assert re.fullmatch(r"an observer raised DriverError \(.*\), and sees no more", text)


def test_events_fed_by_an_observer_are_queued_last() -> None:
    meddler = Meddler()
    face = Face(meddler)
    seen: list[State] = []

    def once() -> None:
        meddler.call = lambda: None
        seen.append(face.driver.state)
        face.driver.feed(e.AbortRequested())
        seen.append(face.driver.state)

    meddler.call = once
    face.feed(e.OpenRequested())
    assert seen == [State.IDLE, State.IDLE]
    assert face.driver.state is State.CLOSED
    assert [type(x) for x in face.effects] == [fx.Dial, fx.FlushSources, fx.AbortDial]


def test_event_fed_by_an_observer_during_a_pull_wakes_the_owner() -> None:
    meddler, woken = Meddler(), list[int]()
    face = Face(meddler, wake=lambda: woken.append(1))
    face.open()

    def once() -> None:
        meddler.call = lambda: None
        face.driver.feed(e.AbortRequested())

    meddler.call = once
    face.driver.pull()
    assert woken == [1]
    face.drain()
    assert face.driver.over


def test_post_wakes_the_owner_and_waits_for_it() -> None:
    woken: list[int] = []
    face = Face(wake=lambda: woken.append(1))
    face.driver.post(e.OpenRequested())
    assert (woken, face.driver.state) == ([1], State.IDLE)
    face.drain()
    assert face.dialled == [1]


def test_posted_event_that_is_impossible_is_reported() -> None:
    face = Face()
    face.open()
    unread(face)
    face.driver.post(e.AudioCaptured("mic", b"odd"))
    face.drain()
    [(kind, text)] = troubles(face)
    assert kind == "refused"
    assert text.startswith("a posted event was refused: audio of an odd number of bytes")


def test_fed_event_that_is_impossible_raises_and_changes_nothing() -> None:
    face = Face()
    face.open()
    with pytest.raises(LocalProtocolError):
        face.feed(e.AudioCaptured("mic", b"odd"))
    face.feed(e.AudioCaptured("mic", bytes(640)))
    assert face.driver.statistics.sources["mic"].captured == 320


def test_troubles_of_the_face_are_reported_until_the_end() -> None:
    face = Face()
    face.driver.report("journal", "the disk is full")
    assert troubles(face) == [("journal", "the disk is full")]
    face.feed(e.AbortRequested())
    face.driver.report("journal", "still full")
    assert troubles(face) == []


def test_interrupted_drain_can_be_resumed() -> None:
    face = Face()
    face.driver.feed(e.OpenRequested())
    face.driver.feed(e.AbortRequested())
    face.meddle = lambda _effect: 1 / 0
    with pytest.raises(ZeroDivisionError):
        face.drain()
    assert not face.driver.draining
    assert fx.AbortDial(1) in list(face.driver.effects())


def test_posts_from_many_threads_all_arrive() -> None:
    face = Face()
    face.open()
    each, count = 200, 4

    def push() -> None:
        for _ in range(each):
            face.driver.post(e.AudioCaptured("mic", bytes(2)))

    threads = [threading.Thread(target=push) for _ in range(count)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        face.drain()
    face.drain()
    assert face.driver.statistics.sources["mic"].captured == each * count


def test_a_dial_carries_the_parameters_and_subprotocols_of_the_dialect() -> None:
    class Asking(EchoPanel):
        name = "asking"

        def query(self) -> list[tuple[str, str]]:
            return [("model", "small")]

        def subprotocols(self, credential: str | None) -> list[str]:
            return ["v1", f"key-{credential}"]

    face = Face(dialect=Asking(), credentials="s3cret-token")
    face.feed(e.OpenRequested())
    (dial,) = face.of(fx.Dial)
    assert isinstance(dial, fx.Dial)
    assert dial.target.endswith("?model=small")
    assert dial.subprotocols == ("v1", "key-s3cret-token")
    assert "s3cret" not in repr(dial)
    face.lose(e.SocketLost(dial=1, code=4000, reason="bad key-s3cret-token"))
    assert "s3cret" not in repr(unread(face))


def test_the_wake_of_the_sender_can_be_taken_alone() -> None:
    face = Face()
    assert not face.driver.take_wake(), "nothing was pulled"
    dial = face.open()
    face.feed(e.SourceStarted("mic", 0.0))
    while face.driver.pull() is not None:
        pass
    face.driver.feed(e.AudioCaptured("mic", bytes(640)))
    assert face.driver.take_wake()
    assert not face.driver.take_wake(), "it is taken once"
    assert list(face.driver.effects()) == []
    assert face.driver.pull() is not None
    assert face.driver.pull() is None
    face.driver.post(e.AudioCaptured("mic", bytes(640)))
    assert not face.driver.take_wake(), "an event waits to be taken in"
    assert list(face.driver.effects()) == [fx.Wake(dial)]
    assert face.driver.pull() is not None
    assert face.driver.pull() is None
    face.driver.feed(e.SocketLost(dial=dial, error=ErrorKind.CUT))
    assert not face.driver.take_wake(), "the commands go ahead"


def test_the_wake_of_a_dial_that_is_gone_is_not_taken() -> None:
    face = Face()
    dial = face.open()
    while face.driver.pull() is not None:
        pass
    face.driver.dials.end(dial, 0.0)
    assert not face.driver.take_wake()


def test_a_wake_is_not_taken_inside_an_effect_or_an_observer() -> None:
    found: list[bool] = []

    class Taking(Observer):
        def on_event(self, event: e.Event, now: float) -> None:
            found.append(face.driver.take_wake())

    face = Face(Taking())
    face.meddle = lambda _effect: found.append(face.driver.take_wake())
    face.open()
    assert len(found) > 2
    assert not any(found)


def test_a_face_may_give_its_clock_later() -> None:
    face = Face()
    face.driver.clock = lambda: 7.0
    face.feed(e.OpenRequested())
    assert face.driver.deadline() is not None
    assert (face.driver.deadline() or 0.0) > 7.0


# Live audio that goes straight through.

FRAME = bytes(640)
METRICS = '{"type":"metrics","source":"mic","backlog_seconds":0.0}'


def flowing(*observers: Observer, **given: Any) -> Face:
    """A line that streams and has sent a frame."""
    face = Face(*observers, **given)
    face.open()
    face.feed(e.AudioCaptured("mic", FRAME))
    assert isinstance(face.driver.pull(), c.SendBytes)
    assert face.driver.pull() is None
    return face


def test_a_live_frame_is_captured_and_sent_in_one_call() -> None:
    face = flowing()
    face.clock.now += 0.02
    message = face.driver.relay("mic", FRAME)
    assert message is not None
    assert message.endswith(FRAME)
    assert face.driver.statistics.sources["mic"].sent == 640


def test_a_frame_is_not_relayed_while_something_else_is_to_be_done() -> None:
    face = flowing()
    face.driver.post(e.NetworkRestored())
    assert face.driver.relay("mic", FRAME) is None
    face.drain()  # it wakes the sender
    assert face.driver.relay("mic", FRAME) is None
    while face.driver.pull() is not None:
        pass
    assert face.driver.relay("mic", FRAME) is not None


def test_an_effect_and_an_observer_relay_nothing() -> None:
    face = flowing()
    found: list[bytes | None] = []
    face.meddle = lambda _effect: found.append(face.driver.relay("mic", FRAME))
    face.feed(e.StopRequested())
    assert set(found) == {None}
    assert flowing(Observer()).driver.relay("mic", FRAME) is None


def test_a_frame_whose_peak_is_needed_is_measured_and_not_relayed() -> None:
    dialect = Toy(queue=2.0, drain=Drain.STOP)
    face = flowing(dialect=dialect)
    assert face.driver.relay("mic", FRAME) is None


def test_each_source_has_a_lane_of_its_own() -> None:
    face = flowing(sources=("mic", "system"))
    face.feed(e.AudioCaptured("system", FRAME))
    assert isinstance(face.driver.pull(), c.SendBytes)
    assert face.driver.pull() is None
    for name in ("mic", "system", "mic"):
        assert face.driver.relay(name, FRAME) is not None
    assert face.driver.relay("other", FRAME) is None


def until_a_ping(face: Face) -> None:
    """Relay until a ping is to be pulled."""
    while not face.driver.wants_pull:
        assert face.driver.relay("mic", FRAME) is not None


def test_a_ping_is_pulled_behind_the_frame_that_makes_it_due() -> None:
    face = flowing()
    until_a_ping(face)
    assert face.driver.relay("mic", FRAME) is None
    ping = face.driver.pull()
    assert isinstance(ping, c.SendPing)
    assert not face.driver.wants_pull
    assert not face.driver.pong(e.PongReceived(1, ping.mark))  # the ping is still being sent
    assert face.driver.pull() is None
    assert face.driver.pong(e.PongReceived(1, ping.mark))
    assert not face.driver.take_wake()
    assert not [*face.driver.effects()]
    face.feed(e.PongReceived(1, ping.mark))  # one that comes again goes the long way too
    assert face.driver.pull() is None


class Deaf(Observer):
    """Wants no audio, and calls back at each pong."""

    wants_audio = False

    def __init__(self) -> None:
        self.call: Callable[[], object] = lambda: None

    def on_event(self, event: e.Event, now: float) -> None:
        if isinstance(event, e.PongReceived):
            self.call()


def pong_seen_by(deaf: Deaf, woken: list[int]) -> Face:
    """A line that flows and has taken a pong by the short way."""
    face = flowing(deaf, wake=lambda: woken.append(1))
    until_a_ping(face)
    ping = face.driver.pull()
    assert isinstance(ping, c.SendPing)
    assert face.driver.pull() is None
    assert face.driver.pong(e.PongReceived(1, ping.mark))
    return face


def test_a_pong_that_an_observer_sees_needs_no_long_way() -> None:
    woken: list[int] = []
    face = pong_seen_by(Deaf(), woken)
    assert not woken
    assert face.driver.relay("mic", FRAME) is not None


def test_an_event_fed_by_an_observer_during_a_pong_wakes_the_owner() -> None:
    deaf, woken = Deaf(), list[int]()
    deaf.call = lambda: face.driver.feed(e.AbortRequested())
    face = flowing(deaf, wake=lambda: woken.append(1))
    assert face.driver.pong(e.PongReceived(1, b"1"))
    assert (woken, face.driver.over) == ([1], False)
    face.drain()
    assert face.driver.over


def test_an_observer_that_raises_during_a_pong_is_reported_at_once() -> None:
    deaf, woken = Deaf(), list[int]()
    deaf.call = lambda: 1 / 0
    face = pong_seen_by(deaf, woken)
    assert woken == [1]
    assert [kind for kind, _ in troubles(face)] == ["observer"]


def test_a_ping_behind_a_frame_that_is_being_sent_waits_for_it() -> None:
    face = flowing()
    until_a_ping(face)
    face.driver.sending()
    assert not face.driver.wants_pull
    assert isinstance(face.driver.pull(), c.SendPing)


def test_news_that_leaves_nothing_to_send_wakes_no_sender() -> None:
    face = flowing()
    face.effects.clear()
    face.feed(e.MessageReceived(1, METRICS))
    assert face.of(fx.Wake) == []
    assert face.driver.relay("mic", FRAME) is not None


def test_news_that_opens_the_window_wakes_the_sender() -> None:
    face = flowing()
    face.feed(e.AudioCaptured("mic", 100 * FRAME))
    while face.driver.pull() is not None:
        pass  # until the window is shut, for no pong comes
    face.effects.clear()
    face.feed(e.MessageReceived(1, METRICS))
    assert face.of(fx.Wake)  # it may mean something
    assert face.driver.pull() is None
    face.effects.clear()
    face.feed(e.MessageReceived(1, '{"type":"asr_final","text":"a","t0":0,"t1":1}'))
    assert face.of(fx.Wake)
    assert isinstance(face.driver.pull(), c.SendBytes)


def test_a_send_that_is_under_way_is_waited_for() -> None:
    face = flowing()
    before = face.driver.deadline()
    assert face.driver.relay("mic", FRAME) is not None
    assert face.driver.deadline() == before
    face.driver.sending()
    assert face.driver.relay("mic", FRAME) is None
    face.wake_up()
    assert face.of(fx.AbortDial)
    assert face.clock.now == pytest.approx(5.0, abs=0.5)
