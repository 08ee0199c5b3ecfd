"""Each law can be broken: a session with one fault is caught by that law."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.account import Account
from openline.audio.marks import Marks
from openline.audio.readings import Reading
from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    CloseSource,
    Command,
    OpenSocket,
    Outgoing,
    Report,
    RequestCredential,
    SendBytes,
    SendPing,
    SendText,
)
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Ids
from openline.dialects.traits import Ends
from openline.machine.actions import Actions
from openline.policy import Policy
from openline.reconnect.verdicts import Action, Ending, ErrorKind, Sender, judge
from openline.session import LocalProtocolError, SessionMachine
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
    PartialRetracted,
    Resumed,
    SourceEnded,
    SourceEndReason,
    State,
    StateChanged,
    Statistics,
    Transcript,
    Trouble,
)
from openline_testing import LAWS, LawBroken, World
from openline_testing.endings import network_hint_applies
from openline_testing.scope import start_of, stop_of

DIALECT = EchoPanel()
FRAME = bytes(640)


class Faulty:
    """A correct session until a test alters it.

    ``alter`` changes the commands, ``instead`` the pulled messages, ``face`` the properties.
    """

    def __init__(self, policy: Policy, **options: Any) -> None:
        self.core = SessionMachine(
            Backend(),
            session_id="session",
            attempt_id="attempt",
            random=lambda: 0.5,
            policy=policy,
            **options,
        )
        self.world = World(policy, DIALECT, **options)
        self.now = 100.0
        self.alter: Callable[[list[Command]], list[Command]] = lambda commands: commands
        self.instead: list[Outgoing | None] = []
        self.face: dict[str, Any] = {}
        self.figures: dict[str, Any] = {}
        self.silent = False
        self.polite = False

    # The interface.

    def receive(self, event: e.Event, now: float) -> list[Command]:
        if self.polite:
            raise LocalProtocolError("no")
        return self.alter([] if self.silent else self.core.receive(event, now))

    def next_message(self, now: float) -> Outgoing | None:
        return self.instead.pop(0) if self.instead else self.core.next_message(now)

    def next_deadline(self) -> float | None:
        deadline: float | None = self.face.get("deadline", self.core.next_deadline())
        return deadline

    @property
    def state(self) -> State:
        return self.core.state

    @property
    def ended(self) -> bool:
        return self.core.ended

    @property
    def statistics(self) -> Statistics:
        return replace(self.core.statistics, **self.figures)

    @property
    def backlog_seconds(self) -> float:
        return self.core.backlog_seconds

    # The test's controls.

    def feed(self, event: e.Event, after: float = 0.0) -> list[Command]:
        self.now += after
        return self.world.receive(self, event, self.now)

    def pull(self, *instead: Outgoing | None) -> Outgoing | None:
        self.instead += instead
        return self.world.pull(self, self.now)

    def say(self, kind: str, **fields: Any) -> list[Command]:
        return self.feed(e.MessageReceived(self.core.dial, json.dumps({"type": kind} | fields)))

    def tick(self) -> list[Command]:
        deadline = self.core.next_deadline()
        assert deadline is not None
        self.now = max(self.now, deadline)
        return self.feed(e.Tick())

    def opened(self) -> Faulty:
        self.feed(e.OpenRequested())
        self.feed(e.SocketOpened(self.core.dial, "c"), 0.3)
        return self

    def streaming(self) -> Faulty:
        self.opened().pull()
        self.say("status", state="streaming")
        return self

    def finishing(self) -> Faulty:
        self.streaming().feed(e.StopRequested())
        return self

    def lose(self, **fields: Any) -> list[Command]:
        return self.feed(e.SocketLost(dial=self.core.dial, **(fields or RESET)))

    def also(self, *more: Command) -> Faulty:
        self.alter = lambda commands: [*commands, *more]
        return self

    def within(self, *more: Command) -> Faulty:
        """After the first command."""
        self.alter = lambda commands: [*commands[:1], *more, *commands[1:]]
        return self

    def mute(self) -> Faulty:
        """From here on no command comes out."""
        self.silent = True
        return self

    def refuse(self) -> Faulty:
        """From here on every event is refused."""
        self.polite = True
        return self

    def change(self, kind: type[Any], **fields: Any) -> Faulty:
        """Every update of ``kind`` has other fields."""

        def altered(command: Command) -> Command:
            if isinstance(command, Report) and isinstance(command.update, kind):
                return Report(replace(command.update, **fields))
            return command

        self.alter = lambda commands: [altered(command) for command in commands]
        return self


def inside(session: Faulty) -> Actions:
    """The inside of the core, for tests that break it there; no law may use it."""
    return session.core._session  # pyright: ignore[reportPrivateUsage]


RESET: dict[str, Any] = {"error": ErrorKind.RESET}
IDS = Ids(session_id="session", attempt_id="attempt", connection_id="c")
START, STOP = str(start_of(DIALECT, IDS)), str(stop_of(DIALECT, IDS))
AGAIN = OpenSocket(2, Backend(), True)


def words(start: float, end: float, **fields: Any) -> Report:
    known: dict[str, Any] = {"final": True, "id": "1.1.9", **fields}
    return Report(Transcript(source="mic", text="yes", start=start, end=end, **known))


def dials_too_often(session: Faulty) -> None:
    session.opened()
    session.world.seen.policy = Policy(dials_per_minute=1)
    session.lose()


def redirected(session: Faulty) -> None:
    """It takes the credential along to an origin that the app allowed."""
    home = Backend(redirects_to=("wss://example.org",))
    session.alter = lambda commands: [
        OpenSocket(each.dial, home, True) if isinstance(each, OpenSocket) else each
        for each in commands
    ]
    session.feed(e.OpenRequested())
    session.alter = lambda _told: [OpenSocket(2, Backend(host="example.org"), True)]
    session.feed(e.Redirected(1, 302, "wss://example.org/"))


def follows_a_portal(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.alter = lambda _told: [OpenSocket(2, Backend(port=9000), False)]
    session.feed(e.Redirected(1, 302, "/there"))


def reauth(session: Faulty) -> None:
    """After a 401 it dials without a new credential."""
    session.feed(e.OpenRequested())
    session.feed(e.CredentialReady(1))
    reported = Report(StateChanged(state=State.CONNECTING, dial=2))
    session.alter = lambda commands: [*commands[:1], reported, AGAIN]
    session.lose(status=401)


def cancels_what_has_failed(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.within(CancelCredential(1)).feed(e.CredentialFailed(1))


def no_hint(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.lose()
    session.also(Report(StateChanged(state=State.CONNECTING, dial=2)), AGAIN)
    session.feed(e.Tick(), 0.1)


def shortens(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.change(StateChanged, retry_in=0.1).lose()


def gives_up_at_an_open_gate(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.within(Report(StateChanged(state=State.FAILED, dial=0))).feed(e.CredentialReady(1))


def waits_at_the_gate_for_too_long(session: Faulty) -> None:
    session.world.seen.policy = Policy(dials_per_minute=1)
    session.feed(e.OpenRequested())
    session.feed(e.AudioCaptured("mic", FRAME))
    session.feed(e.StopRequested())
    reported = StateChanged(state=State.RECONNECTING, dial=0, retry_in=60.5)
    session.alter = lambda _: [Report(reported)]
    session.feed(e.CredentialReady(1))


def comes_back(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.lose()
    session.world.seen.refused = "somebody"
    session.tick()


def fails(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.change(StateChanged, state=State.FAILED).lose()


def follows_no_redirect(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.alter = lambda _told: [
        Report(StateChanged(state=State.FAILED, dial=1, action=Action.FATAL))
    ]
    session.feed(e.Redirected(1, 302, "/there"))


def impatient(session: Faulty) -> None:
    session.world.seen.policy = Policy(max_attempts=0)
    session.feed(e.OpenRequested())
    session.lose()


def judges(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.change(StateChanged, action=Action.LATER, retry_in=6.0)
    session.lose(code=1012, sender=Sender.REMOTE)


def ignores_a_refusal(session: Faulty) -> None:
    session.opened().silent = True
    session.say("error", message="Invalid start message")


def hushes(session: Faulty) -> None:
    session.streaming().feed(e.AudioCaptured("mic", FRAME))
    session.pull(None)


def keeps_a_dead_line(session: Faulty) -> None:
    session.streaming().silent = True
    session.face["deadline"] = session.now + 9.5  # late by no more than is no suspension
    session.feed(e.Tick(), 5)
    session.feed(e.Tick(), 5)


def answers_pings(session: Faulty) -> None:
    while (outgoing := session.pull()) is not None:
        if isinstance(outgoing, SendPing):
            session.feed(e.PongReceived(1, outgoing.mark))


def floods(session: Faulty) -> None:
    """It counts undrained audio as drained, and the backend's queue overflows."""
    session.streaming().feed(e.AudioCaptured("mic", 100 * FRAME))
    inside(session).streams.all[0].window.drained = 100 * 320
    answers_pings(session)


def floods_from_afar(session: Faulty) -> None:
    """It counts old audio as live, and all of it lies in the backend's queue."""
    session.streaming().feed(e.AudioCaptured("mic", 200 * FRAME))
    for _ in range(40):
        session.pull()
    answers_pings(session)
    inside(session).streams.all[0].window.drained = 10 * 320
    answers_pings(session)


def floods_what_is_filling(session: Faulty) -> None:
    """The backend reports that it is filling, and live audio goes on as before."""
    session.streaming()
    for _ in range(100):
        session.feed(e.AudioCaptured("mic", FRAME), 0.02)
        answers_pings(session)
    session.say("metrics", source="mic", backlog_seconds=1.9)
    inside(session).streams.all[0].window.filling = False
    session.feed(e.AudioCaptured("mic", FRAME), 0.02)
    answers_pings(session)


def keeps_a_line_that_stalls(session: Faulty) -> None:
    """Everything is received, the window shuts, and nothing is ever drained."""
    session.streaming().feed(e.AudioCaptured("mic", 300 * FRAME))
    inside(session).policy = Policy(stall_timeout=1000)
    for _ in range(30):
        answers_pings(session)
        session.say("metrics", source="mic", backlog_seconds=1.6)
        session.tick()


def pings_late(session: Faulty) -> None:
    session.streaming().feed(e.AudioCaptured("mic", FRAME))
    session.feed(e.Tick(), 5)
    session.pull(SendBytes(1, FRAME))


def keeps_a_partial(session: Faulty) -> None:
    session.streaming().feed(e.AudioCaptured("mic", FRAME))
    session.pull()
    session.say("asr_partial", text="ye", t0=0, t1=0.01)
    session.alter = lambda commands: [
        each
        for each in commands
        if not (isinstance(each, Report) and isinstance(each.update, PartialRetracted))
    ]
    session.lose()


def finishing_with_words(session: Faulty) -> Faulty:
    """The stop is sent, and a partial stands."""
    session.streaming().feed(e.AudioCaptured("mic", FRAME))
    session.feed(e.StopRequested())
    while session.pull() is not None:
        pass
    session.say("asr_partial", text="ye", t0=0, t1=0.01)
    return session


def ended_by_the_backend(session: Faulty) -> None:
    session.say("final_summary")
    session.lose(code=1000)


def forgets_the_last_words(session: Faulty) -> None:
    session = finishing_with_words(session)
    session.alter = lambda commands: [
        each
        for each in commands
        if not (isinstance(each, Report) and isinstance(each.update, Trouble))
    ]
    ended_by_the_backend(session)


def miscounts_the_last_words(session: Faulty) -> None:
    session = finishing_with_words(session)
    statistics = replace(session.statistics, unfinal=2)
    ended_by_the_backend(session.change(Ended, statistics=statistics))


def reports_words_of_an_abort(session: Faulty) -> None:
    trouble = Trouble(kind="unfinal", text="the last words")
    finishing_with_words(session).within(Report(trouble)).feed(e.AbortRequested())


def ends(**fields: Any) -> Callable[[Faulty], None]:
    def broken(session: Faulty) -> None:
        session.feed(e.AudioCaptured("mic", FRAME))
        session.change(Ended, **fields).feed(e.AbortRequested())

    return broken


def never_opens(**fields: Any) -> Callable[[Faulty], None]:
    """It never gets a line, and ends without one."""

    def broken(session: Faulty) -> None:
        session.feed(e.OpenRequested())
        session.change(Ended, **fields)
        session.feed(e.SocketLost(dial=1, status=404))

    return broken


def breaks_off(**fields: Any) -> Callable[[Faulty], None]:
    """Its only source fails before any audio."""

    def broken(session: Faulty) -> None:
        session.feed(e.OpenRequested())
        session.change(Ended, **fields).feed(e.SourceFailed("mic", "unplugged"))

    return broken


def not_even_empty(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.change(Ended, complete=False).feed(e.StopRequested())


def forgets_audio(session: Faulty) -> None:
    session.mute().feed(e.AudioCaptured("mic", FRAME))
    session.silent = False
    session.feed(e.AudioCaptured("mic", FRAME))
    session.feed(e.AbortRequested())


def sends_after_the_end(session: Faulty) -> None:
    session.feed(e.AbortRequested())
    session.also(words(0, 1)).feed(e.Tick())


def sent(session: Faulty) -> Faulty:
    """A frame is out on a line whose ends are claims."""
    session.streaming().feed(e.AudioCaptured("mic", FRAME))
    session.pull()
    return session


def says_yes(session: Faulty) -> None:
    session.say("asr_final", source="mic", text="yes", t0=0, t1=0.01)


def held(session: Faulty) -> Faulty:
    says_yes(sent(session))
    return session


def miscounts(session: Faulty) -> None:
    """It does not count a message that may have held words."""
    session.streaming().figures = {"untold": 0}
    session.say("asr_final", text=7)


def forgets_a_held_final(session: Faulty) -> None:
    held(session).alter = lambda commands: [
        Report(replace(each.update, transcript=()))
        if isinstance(each, Report) and isinstance(each.update, Ended)
        else each
        for each in commands
        if not (isinstance(each, Report) and isinstance(each.update, Transcript))
    ]
    session.feed(e.AbortRequested())


class Trusting(Marks):
    """Takes a claimed end for proof."""

    def hold(self, reading: Reading, sent: int) -> list[int]:
        super().hold(reading, sent)
        return [reading.end]


def trusts_claims(session: Faulty) -> None:
    sent(session)
    hearing = inside(session).streams.all[0].box.hearing
    hearing.marks = Trusting(0, 4800, 320_000)
    says_yes(session)


def confirms_by_itself(session: Faulty) -> None:
    sent(session)
    inside(session).streams.all[0].box.confirm(100)
    session.feed(e.Tick())


def distrusts_an_exact_end(session: Faulty) -> None:
    session.opened().pull()
    session.say("status", state="streaming", final_ends="exact")
    session.feed(e.AudioCaptured("mic", FRAME))
    session.pull()
    session.alter = lambda commands: [
        Report(replace(each.update, settled=False, final=True))
        if isinstance(each, Report) and isinstance(each.update, Transcript)
        else each
        for each in commands
    ]
    inside(session).streams.all[0].box.hearing.ends = Ends.CLAIMED
    says_yes(session)


def proves_what_was_dropped(session: Faulty) -> None:
    sent(session).say("status", state="backpressure")
    inside(session).doubtful = False
    session.feed(e.StopRequested())
    session.pull()
    session.say("final_summary")


def proves_nothing(session: Faulty) -> None:
    sent(session).say("metrics", source="mic", backlog_seconds=0)
    session.feed(e.StopRequested())
    session.pull()
    inside(session).doubtful = True
    session.say("final_summary")


def sends_what_is_ignored(session: Faulty) -> None:
    sent(session).say("status", state="warning", message="Ignoring source 'mic'")
    session.pull(SendBytes(1, FRAME))


def hides_what_is_ignored(session: Faulty) -> None:
    sent(session).say("status", state="warning", message="Ignoring source 'mic'")
    session.alter = lambda _commands: []
    session.feed(e.AudioCaptured("mic", 500 * FRAME))


def keeps_a_deaf_line(session: Faulty) -> None:
    """It sends more than the queue holds, nothing comes of it, and the session waits on."""
    session.streaming()
    for _ in range(120):
        session.feed(e.AudioCaptured("mic", FRAME), 0.02)
        answers_pings(session)
    inside(session).policy = Policy(proof_timeout=1000)
    inside(session).arm_proof()
    for _ in range(14):
        answers_pings(session)
        session.tick()


def overflows_the_queue(session: Faulty) -> None:
    """The backend reported figures once, falls behind, and live audio does not wait."""
    session.streaming().feed(e.AudioCaptured("mic", FRAME))
    answers_pings(session)
    session.say("metrics", source="mic", backlog_seconds=0)
    inside(session).streams.all[0].window.reports = False
    for _ in range(120):
        session.feed(e.AudioCaptured("mic", FRAME), 0.02)
        answers_pings(session)


def floods_a_short_queue(session: Faulty) -> None:
    """The backend announced a queue of 0.5 s, and is sent the usual 1.6 s."""
    sent(session).say("metrics", source="mic", backlog_seconds=0, max_backlog_seconds=0.5)
    inside(session).streams.announce(2.0)
    session.feed(e.AudioCaptured("mic", 100 * FRAME))
    answers_pings(session)


def late_event(session: Faulty) -> None:
    session.opened()
    session.also(words(0, 1)).feed(e.PongReceived(0, b""))


def of_another(session: Faulty) -> None:
    session.say("asr_final", text="yes", t0=0, t1=1, connection_id="another")


def finishes_late(session: Faulty) -> None:
    session.finishing().silent = True
    session.face["deadline"] = session.now + 5
    session.world.seen.finish_by = session.now + 2
    session.feed(e.PongReceived(1, b""))


def second(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.also(AGAIN).feed(e.Tick())

    #: The law, whether there is a provider, and the fault that breaks it.


BREAKS: list[tuple[str, bool, Callable[[Faulty], object]]] = [
    ("one socket", False, second),
    ("one socket", False, lambda s: s.within(AbortSocket(1)).feed(e.AbortRequested())),
    ("the gate", False, dials_too_often),
    (
        "credential first",
        True,
        lambda s: s.also(RequestCredential(2, False)).feed(e.OpenRequested()),
    ),
    ("credential first", True, lambda s: s.within(CancelCredential(7)).feed(e.AbortRequested())),
    ("credential first", True, cancels_what_has_failed),
    ("fresh credential", True, reauth),
    ("redirects", False, redirected),
    ("redirects", False, follows_a_portal),
    (
        "transitions",
        False,
        lambda s: s.change(StateChanged, state=State.CLOSING).feed(e.OpenRequested()),
    ),
    (
        "state fits",
        False,
        lambda s: s.change(StateChanged, state=State.AUTHORIZING).feed(e.OpenRequested()),
    ),
    (
        "the ack opens",
        False,
        lambda s: (s.opened().pull(), s.mute(), s.say("status", state="streaming")),
    ),
    ("late events", False, late_event),
    ("foreign messages", False, lambda s: of_another(s.streaming().also(words(0, 1)))),
    ("foreign messages", False, lambda s: of_another(s.streaming().mute())),
    (
        "impossible requests",
        False,
        lambda s: (s.refuse(), s.feed(e.OpenRequested())),
    ),
    (
        "impossible requests",
        False,
        lambda s: (s.mute(), s.feed(e.AudioCaptured("no source", b""))),
    ),
    ("fatal is final", False, comes_back),
    ("refused on arrival", False, ignores_a_refusal),
    ("the verdict", False, judges),
    ("backoff", False, shortens),
    ("the delay", False, no_hint),
    ("patience", False, impatient),
    ("no early failure", False, fails),
    ("no early failure", True, gives_up_at_an_open_gate),
    ("finish in time", True, waits_at_the_gate_for_too_long),
    ("the start", False, lambda s: (s.opened().pull(), s.pull(SendText(1, START)))),
    ("the start", False, lambda s: s.opened().pull(None)),
    (
        "the start",
        False,
        lambda s: (
            s.feed(e.OpenRequested()),
            s.feed(e.SocketOpened(1, "c")),
            s.pull(SendText(1, START)),
        ),
    ),
    ("no audio before the ack", False, lambda s: (s.opened().pull(), s.pull(SendBytes(1, FRAME)))),
    ("only for the live dial", False, lambda s: s.streaming().pull(SendPing(7, b""))),
    ("audio flows", False, hushes),
    ("the window", False, floods),
    ("the window", False, floods_from_afar),
    ("the window", False, floods_what_is_filling),
    ("the window", False, lambda s: s.streaming().pull(SendBytes(1, FRAME))),
    ("a backend that stalls", False, keeps_a_line_that_stalls),
    ("frames", False, lambda s: s.streaming().pull(SendPing(1, bytes(126)))),
    ("frames", False, lambda s: s.streaming().pull(SendBytes(1, bytes(700)))),
    ("a ping in time", False, pings_late),
    ("a dead line is left", False, keeps_a_dead_line),
    (
        "transcripts in order",
        False,
        lambda s: s.streaming().also(words(0, 1), words(0, 1)).feed(e.Tick()),
    ),
    ("partials end", False, keeps_a_partial),
    ("partials end", False, forgets_the_last_words),
    ("partials end", False, miscounts_the_last_words),
    ("partials end", False, reports_words_of_an_abort),
    (
        "partials end",
        False,
        lambda s: s.also(Report(PartialRetracted(source="mic"))).feed(e.Tick()),
    ),
    (
        "gaps add up",
        False,
        lambda s: s.also(
            Report(Gap(source="mic", start=0, end=2, samples=1, cause=GapCause.CAPTURE))
        ).feed(e.Tick()),
    ),
    ("gaps add up", False, ends(missing=())),
    ("complete", False, ends(complete=True)),
    ("watermarks", False, forgets_audio),
    (
        "stop wins",
        False,
        lambda s: (s.feed(e.OpenRequested()), s.mute(), s.feed(e.StopRequested())),
    ),
    ("the stop", False, lambda s: s.streaming().pull(SendText(1, STOP))),
    ("the stop", False, lambda s: s.finishing().pull(None)),
    (
        "the final message",
        False,
        lambda s: (s.finishing().pull(), s.mute(), s.say("final_summary")),
    ),
    (
        "the final message",
        False,
        lambda s: (
            s.finishing()
            .also(Report(StateChanged(state=State.CLOSING, dial=1)), CloseSocket(1, 1000))
            .feed(e.Tick())
        ),
    ),
    ("finish in time", False, finishes_late),
    (
        "abort is now",
        False,
        lambda s: (s.opened(), s.mute(), s.feed(e.AbortRequested())),
    ),
    ("one end", False, sends_after_the_end),
    ("silence ends", False, lambda s: (s.face.update(deadline=None), s.feed(e.OpenRequested()))),
    (
        "silence ends",
        False,
        lambda s: (s.face.update(deadline=s.now + 30), s.feed(e.OpenRequested())),
    ),
    (
        "no deadline in the past",
        False,
        lambda s: (s.face.update(deadline=s.now), s.feed(e.OpenRequested())),
    ),
]


def dialling(session: Faulty, *commands: Command) -> None:
    """After the delay of a first loss, with these commands instead of the right ones."""
    session.feed(e.OpenRequested())
    session.lose()
    session.alter = lambda reported: [*reported[:1], *commands]
    session.tick()


def follows(session: Faulty, where: Backend) -> None:
    session.feed(e.OpenRequested())
    session.alter = lambda _told: [OpenSocket(2, where, True)]
    session.feed(e.Redirected(1, 302, "/there"))


def follows_too_far(session: Faulty) -> None:
    session.world.seen.policy = Policy(max_redirects=0)
    follows(session, Backend())


def follows_to_plain_text(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.world.seen.backend = Backend(secure=True)
    session.alter = lambda _told: [OpenSocket(2, Backend(), True)]
    session.feed(e.Redirected(1, 302, "/there"))


def comes_back_at_once(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.alter = lambda _told: [
        Report(StateChanged(state=State.RECONNECTING, dial=1, action=Action.RETRY, retry_in=0.75)),
        TOLD_CONNECTING,
        AGAIN,
    ]
    session.lose(status=404)


def dials_without(session: Faulty) -> None:
    reported = Report(StateChanged(state=State.CONNECTING, dial=1))
    session.also(reported, OpenSocket(1, Backend(), True)).feed(e.OpenRequested())


def streams_on(session: Faulty) -> None:
    session.opened().feed(e.AudioCaptured("mic", FRAME))
    session.pull()
    session.feed(e.StopRequested())
    session.change(StateChanged, state=State.STREAMING)
    session.say("status", state="streaming")


def asks_again(session: Faulty) -> None:
    session.feed(e.OpenRequested())
    session.alter = lambda reported: [*reported, RequestCredential(2, False)]
    session.feed(e.Tick())


def hangs(session: Faulty) -> None:
    session.streaming().pull(SendPing(1, b""))
    session.mute().face["deadline"] = session.now + 6
    session.feed(e.PongReceived(1, b""), 5)


def sends_after_the_final_message(session: Faulty) -> None:
    session.finishing().pull()
    session.say("final_summary")
    session.pull(SendPing(1, b""))


def reported(*updates: Any) -> Callable[[Faulty], object]:
    return lambda session: (
        session.streaming().also(*[Report(update) for update in updates]).feed(e.Tick())
    )


def gap(start: int, end: int, samples: int) -> Gap:
    return Gap(source="mic", start=start, end=end, samples=samples, cause=GapCause.CAPTURE)


DROPPED = Gap(source="mic", start=0, end=9, samples=2, cause=GapCause.BACKEND, exact=False)
ENDED = SourceEnded(source="mic", cause=SourceEndReason.EXHAUSTED, reason="over")
HUNG = SourceEnded(source="mic", cause=SourceEndReason.STALLED, reason="silent")


def twice(session: Faulty) -> None:
    session.within(Report(ENDED), Report(ENDED)).opened().feed(e.SourceFinished("mic"))


def hushes_a_source(session: Faulty) -> None:
    session.streaming()
    session.alter = lambda commands: commands[1:]
    session.feed(e.SourceFinished("mic"))


def keeps_what_hung(session: Faulty) -> None:
    """It reports that a source hung, and does not close it."""
    session.opened()
    session.alter = lambda commands: [c for c in commands if not isinstance(c, CloseSource)]
    for _ in range(9):
        session.tick()


def loses_late(session: Faulty) -> None:
    session.finishing().also(Report(HUNG)).feed(e.NetworkRestored())


def loses_what_waits(session: Faulty) -> None:
    session.opened().feed(e.DeviceLost("mic", "usb", "unplugged"))
    session.also(Report(HUNG)).feed(e.Tick(), after=100.0)


TOLD_CONNECTING = Report(StateChanged(state=State.CONNECTING, dial=2))
MORE: list[tuple[str, bool, Callable[[Faulty], object]]] = [
    ("one socket", False, lambda s: dialling(s, OpenSocket(3, Backend(), True))),
    ("the verdict", False, comes_back_at_once),
    ("no early failure", False, follows_no_redirect),
    ("fatal is final", False, follows_too_far),
    ("redirects", False, follows_to_plain_text),
    ("credential first", True, asks_again),
    ("credential first", True, dials_without),
    ("a dead line is left", False, hangs),
    ("the final message", False, sends_after_the_final_message),
    ("the start", False, lambda s: s.streaming().pull(SendText(1, "what is this"))),
    ("the stop", False, lambda s: (s.finishing().pull(), s.pull(SendBytes(1, FRAME)))),
    ("the stop", False, lambda s: (s.finishing().pull(), s.pull(SendText(1, STOP)))),
    ("words are told", False, lambda s: says_yes(sent(s).mute())),
    ("words are told", False, lambda s: says_yes(sent(s).change(Transcript, start=0.015))),
    ("words are told", False, lambda s: says_yes(sent(s).change(Transcript, end=0.02))),
    ("words are told", False, lambda s: says_yes(sent(s).change(Transcript, text="no"))),
    ("words are told", False, lambda s: says_yes(sent(s).also(words(0, 0.01)))),
    ("words are told", False, lambda s: s.streaming().also(words(0, 1)).feed(e.Tick())),
    ("words are told", False, lambda s: s.also(words(1, 0)).feed(e.Tick())),
    ("words are told", False, miscounts),
    ("held finals", False, lambda s: says_yes(sent(s).change(Transcript, id=""))),
    ("held finals", False, lambda s: s.also(words(0, 1, settled=True)).feed(e.Tick())),
    (
        "held finals",
        False,
        lambda s: says_yes(sent(s).change(Transcript, settled=False, final=True)),
    ),
    (
        "held finals",
        False,
        lambda s: (
            held(s).also(words(0, 0.01, id="1.1.1", settled=True)).feed(e.Tick())  # too early
        ),
    ),
    ("held finals", False, forgets_a_held_final),
    (
        "held finals",
        False,
        lambda s: s.also(words(0, 1, final=False)).feed(e.Tick()),  # a live one has no id
    ),
    (
        "transcripts in order",
        False,
        lambda s: held(s).also(words(0, 0.02, id="1.1.1", settled=True)).feed(e.Tick()),
    ),
    (
        "partials end",
        False,
        lambda s: held(s).also(Report(PartialRetracted(source="mic"))).feed(e.Tick()),
    ),
    ("seams", False, lambda s: says_yes(sent(s).change(Transcript, seam=True))),
    ("marks", False, trusts_claims),
    ("marks", False, confirms_by_itself),
    ("marks", False, distrusts_an_exact_end),
    ("the final proof", False, proves_what_was_dropped),
    ("the final proof", False, proves_nothing),
    ("ignored sources", False, sends_what_is_ignored),
    ("ignored sources", False, hides_what_is_ignored),
    ("ignored sources", False, reported(replace(gap(0, 2, 2), cause=GapCause.IGNORED))),
    ("a deaf backend", False, keeps_a_deaf_line),
    ("the window", False, overflows_the_queue),
    ("the window", False, floods_a_short_queue),
    ("gaps withdrawn", False, reported(GapWithdrawn(gap=gap(0, 2, 2)))),
    ("gaps withdrawn", False, reported(DROPPED, GapWithdrawn(gap=DROPPED))),
    ("gaps withdrawn", False, reported(gap(0, 2, 2), GapWithdrawn(gap=gap(0, 2, 2)))),
    ("accounts", False, ends(accounts={})),
    (
        "accounts",
        False,
        ends(accounts={"mic": Account(captured=320, confirmed=0, told=0, missing=0)}),
    ),
    (
        "accounts",
        False,
        ends(accounts={"mic": Account(captured=320, confirmed=320, told=0, missing=0)}),
    ),
    ("gaps add up", False, reported(gap(0, 2, 0))),
    ("gaps add up", False, reported(replace(gap(0, 2, 2), cause=GapCause.SKIPPED))),
    ("gaps add up", False, ends(missing=(gap(0, 320, 320), gap(0, 320, 320)))),
    ("complete", False, ends(transcript=(words(0, 1).update,))),
    ("complete", False, never_opens(complete=True)),
    ("the dialect", False, lambda s: s.streaming().pull(SendText(1, cast("str", {"a": 1})))),
    ("complete", False, breaks_off(complete=True)),
    ("complete", False, breaks_off(lost_sources=())),
    ("complete", False, not_even_empty),
    ("one end", False, ends(state=State.FAILED)),
    ("stop wins", False, streams_on),
    ("sources end once", False, reported(ENDED)),
    ("sources end once", False, twice),
    ("sources end once", False, hushes_a_source),
    ("a source that hangs", False, reported(HUNG)),
    ("a source that hangs", False, lambda s: s.opened().also(CloseSource("mic")).feed(e.Tick())),
    ("a source that hangs", False, keeps_what_hung),
    ("a source that hangs", False, loses_late),
    ("a source that hangs", False, loses_what_waits),
    ("a suspension", False, reported(Resumed(gap=2.0))),
]
#: Laws that the walk checks, not the World: ``test_planted`` and ``test_dialects`` break them.
OF_THE_WALK = {"the stop ends", "no exception"}


@pytest.mark.parametrize(("law", "has_provider", "wrong"), [*BREAKS, *MORE])
def test_a_session_that_breaks_a_law_is_caught_by_it(
    law: str, has_provider: bool, wrong: Callable[[Faulty], object]
) -> None:
    session = Faulty(Policy(), has_provider=has_provider)
    with pytest.raises(LawBroken) as caught:
        wrong(session)
    assert caught.value.law == law, caught.value
    text = str(caught.value)
    assert "\n" not in text
    assert LAWS[law] in text


def test_every_law_has_a_test_that_breaks_it() -> None:
    assert {law for law, _, _ in [*BREAKS, *MORE]} | OF_THE_WALK == set(LAWS)


def test_hole_is_not_waiting_audio() -> None:
    """The source has a hole of a minute: the backend has no audio to drain."""
    session = Faulty(Policy(source_timeout=None))
    session.streaming().feed(e.AudioCaptured("mic", 10 * FRAME))
    answers_pings(session)
    session.feed(e.CaptureHole("mic", 60 * 16_000))
    began = session.now
    while session.now < began + 60:
        answers_pings(session)
        session.say("metrics", source="mic", backlog_seconds=0)  # it drained what it has
        session.tick()
    assert session.core.state is State.STREAMING


@pytest.mark.parametrize("reported", ["figures", "nothing"])
def test_no_law_breaks_with_prompt_figures_or_none(reported: str) -> None:
    """The window moves with the backend's figures, and without them in real time."""
    session = Faulty(Policy())
    session.streaming().feed(e.AudioCaptured("mic", 1000 * FRAME))
    while session.core.statistics.sources["mic"].sent < 1000 * 320:
        answers_pings(session)
        if reported == "figures":
            session.say("metrics", source="mic", backlog_seconds=0)
        else:
            session.tick()
    assert session.core.state is State.STREAMING


@pytest.mark.parametrize("kind", ErrorKind)
@pytest.mark.parametrize("status", [None, 401, 404, 503])
def test_the_laws_and_the_core_agree_which_delays_a_network_that_is_back_ends(
    kind: ErrorKind, status: int | None
) -> None:
    """An error of the proxy's, say: ``PROXY_BUSY`` is a wait that the proxy asked for."""
    for lost in (e.SocketLost(dial=1, error=kind), e.SocketLost(dial=1, status=status)):
        ending = Ending(error=lost.error, status=lost.status, ever_connected=True)
        verdict = judge(ending)
        if verdict.action is Action.LATER:
            assert network_hint_applies(lost, EchoPanel()) is verdict.hint_ends_wait
