"""An observer receives every step in order, and cannot harm a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openline import events as e
from openline.audio.past import PastSource
from openline.backend import Backend
from openline.commands import Command, DiscardStore, OpenSocket, Outgoing, Report, SendText
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Ids, Memory
from openline.machine.handlers import LocalProtocolError
from openline.machine.table import Transition, fire
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind, Verdict
from openline.session import TABLE, SessionMachine
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import BackendStatus, Ended, State, StateChanged, Transcript, Update
from tests.core.driver import ATTEMPT, SESSION, Drive


class Diary(Observer):
    """Records each call: the hook and its arguments, without the time."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []
        self.times: set[float] = set()
        self.options: MachineOptions
        self.look: Callable[[], Snapshot]

    def note(self, hook: str, what: object, now: float) -> None:
        self.calls.append((hook, what))
        self.times.add(now)

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        self.options, self.look = options, look

    def on_event(self, event: e.Event, now: float) -> None:
        self.note("event", event, now)

    def on_draw(self, value: float) -> None:
        self.calls.append(("draw", value))

    def on_timer(self, timer: Timer, now: float) -> None:
        self.note("timer", timer, now)

    def on_transition(self, transition: Transition, now: float) -> None:
        self.note("transition", transition.name, now)

    def on_command(self, command: Command, now: float) -> None:
        self.note("command", command, now)

    def on_update(self, update: Update, now: float) -> None:
        self.note("update", update, now)

    def on_done(self, event: e.Event, now: float) -> None:
        self.note("done", event, now)

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        self.note("pull", outgoing, now)

    def on_error(self, error: Exception, event: e.Event | None, now: float) -> None:
        self.note("error", (str(error), event), now)

    def take(self) -> list[tuple[str, object]]:
        calls, self.calls, self.times = self.calls, [], set()
        return calls

    def seen(self, hook: str) -> list[Any]:
        return [what for name, what in self.calls if name == hook]


def watched(*more: Observer, **options: Any) -> tuple[Drive, Diary]:
    diary = Diary()
    return Drive(observers=[diary, *more], **options), diary


def a_session(drive: Drive) -> None:
    """Open, send audio, lose the line, redial, finish."""
    drive.stream()
    drive.speak(0.4)
    drive.final(0.0, 0.2)
    drive.lose(1012)
    drive.redial()
    drive.connect()
    drive.speak(0.2)
    drive.stop()
    drive.drain()
    drive.summary()
    drive.lose(1000)


def test_an_observer_sees_a_call_in_the_order_in_which_it_works() -> None:
    drive, diary = watched()
    drive.open()
    changed, dialled = drive.commands
    assert isinstance(changed, Report)
    assert diary.times == {100.0}
    assert diary.take() == [
        ("event", e.OpenRequested()),
        ("transition", "idle --open_requested--> connecting"),
        ("command", changed),
        ("update", changed.update),
        ("command", dialled),
        ("done", e.OpenRequested()),
    ]


def test_a_timer_is_seen_after_earlier_events_and_before_its_effects() -> None:
    drive, diary = watched(policy=Policy(ack_timeout=1.0))
    drive.stream()
    drive.lose()
    diary.take()
    drive.tick()
    assert diary.times == {drive.now}
    hooks = [name for name, _ in diary.calls]
    assert hooks == ["event", "timer", "transition", "command", "update", "command", "done"]
    assert diary.seen("timer") == [Timer.RETRY]
    assert diary.seen("transition") == ["reconnecting --retry_due--> connecting"]
    drive.opened()
    drive.drain()
    diary.take()
    late = drive.now + 1.0  # a message that arrives at the deadline is handled first
    drive.feed(
        e.MessageReceived(2, '{"type":"status","state":"connected"}'), after=late - drive.now
    )
    kinds = [name for name, _ in diary.calls]
    assert kinds[:5] == ["event", "transition", "command", "update", "timer"]
    assert isinstance(diary.seen("update")[0], BackendStatus)
    assert diary.seen("timer") == [Timer.ACK]


def test_a_draw_is_seen_where_it_is_drawn() -> None:
    drive, diary = watched(random=0.25)
    drive.stream()
    diary.take()
    drive.lose()
    assert diary.take()[:3] == [
        ("event", e.SocketLost(dial=1, error=ErrorKind.RESET)),
        ("draw", 0.25),
        ("transition", "streaming --socket_lost--> reconnecting"),
    ]


def test_a_pull_is_seen_with_its_result() -> None:
    drive, diary = watched()
    drive.open()
    drive.opened()
    diary.take()
    start = drive.pull()
    assert isinstance(start, SendText)
    assert drive.pull() is None
    assert diary.take() == [("pull", start), ("pull", None)]


def test_all_commands_are_seen_and_no_others() -> None:
    drive, diary = watched(disk_seconds=60.0)
    a_session(drive)
    assert diary.seen("command") == drive.commands
    assert diary.seen("update") == drive.updates
    assert DiscardStore() in drive.commands
    assert diary.seen("pull")[0] == drive.sent[0]
    before = len(diary.seen("command"))
    drive.core.receive(e.AudioCaptured("mic", bytes(640)), drive.now)  # Trouble, after the end
    assert len(diary.seen("command")) == before


def test_updates_of_a_pull_are_seen_with_the_next_event() -> None:
    drive, diary = watched()
    drive.stream()
    drive.audio()
    drive.feed(e.CaptureHole("mic", 320))
    drive.audio()
    drive.drain()
    diary.take()
    commands = drive.say("status", state="warning")
    assert len(commands) == 2
    names = [name for name, _ in diary.calls]
    assert names == ["event", "command", "update", "transition", "command", "update", "done"]
    assert diary.seen("command") == commands


def test_an_error_is_seen_in_place_of_the_end_of_a_call() -> None:
    drive, diary = watched()
    with pytest.raises(LocalProtocolError):
        drive.feed(e.AudioCaptured("other", b""))
    with pytest.raises(ValueError, match="backwards"):
        drive.core.receive(e.Tick(), -1.0)
    [(text, event), (_, tick)] = diary.seen("error")
    assert [name for name, _ in diary.calls] == ["event", "error"] * 2
    assert [event, tick] == diary.seen("event") == [e.AudioCaptured("other", b""), e.Tick()]
    assert "'other'" in text


class Mute(EchoPanel):
    """A dialect whose start fails."""

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        raise KeyError(ids.session_id)


def test_a_pull_that_raises_is_seen() -> None:
    drive, diary = watched(dialect=Mute())
    drive.open()
    drive.opened()
    diary.take()
    with pytest.raises(DialectError) as caught:
        drive.pull()
    assert diary.take() == [("error", (str(caught.value), None))]


def test_the_options_are_shown_once_and_unchanged() -> None:
    past = PastSource(source="mic", origin=0, confirmed=320)
    said = Transcript(source="mic", text="yes", final=True, start=0.0, end=0.02)
    diary = Diary()
    dialect, policy = EchoPanel(), Policy(max_attempts=2)
    SessionMachine(
        Backend(port=9),
        session_id="s",
        attempt_id="a",
        random=lambda: 0.5,
        sources=["system", "mic"],
        policy=policy,
        dialect=dialect,
        has_provider=True,
        may_pause={"system", "mic"},
        disk_seconds=90.0,
        past=[past],
        past_transcript=[said],
        observers=[diary],
    )
    assert diary.options == MachineOptions(
        backend=Backend(port=9),
        session_id="s",
        attempt_id="a",
        sources=("system", "mic"),
        policy=policy,
        dialect=dialect,
        has_provider=True,
        may_pause=("mic", "system"),
        kinds={},
        disk_seconds=90.0,
        past=(past,),
        past_transcript=(said,),
    )
    assert diary.look().sources["mic"].confirmed == 320


class Broken(Observer):
    """Raises when it sees an update."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.events = 0

    def on_event(self, event: e.Event, now: float) -> None:
        self.events += 1

    def on_update(self, update: Update, now: float) -> None:
        raise self.error


def test_an_observer_that_raises_is_dropped_and_its_error_kept() -> None:
    error = AssertionError("a mistake")
    broken = Broken(error)
    plain = Drive()
    drive, diary = watched(broken)
    behind = Diary()
    other = Drive(observers=[broken, behind])
    a_session(plain)
    a_session(drive)
    a_session(other)
    assert broken.events == 2, "once for each session that it saw begin"
    assert drive.commands == other.commands == plain.commands
    assert drive.sent == plain.sent
    assert drive.core.observer_errors == (error,)
    assert diary.seen("command") == behind.seen("command") == plain.commands
    assert plain.core.observer_errors == ()


def test_an_interrupt_passes_through_and_the_machine_can_go_on() -> None:
    drive, _ = watched(Broken(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        drive.open()
    assert drive.core.state is State.CONNECTING
    with pytest.raises(KeyboardInterrupt):
        drive.opened()


class Meddler(Observer):
    """Calls the machine from within."""

    def __init__(self) -> None:
        self.call: Callable[[], object]

    def on_event(self, event: e.Event, now: float) -> None:
        self.call()


@pytest.mark.parametrize("pulls", [False, True])
def test_an_observer_that_calls_the_machine_is_refused(pulls: bool) -> None:
    meddler = Meddler()
    drive = Drive(observers=[meddler])
    core = drive.core
    calls = (lambda: core.receive(e.Tick(), 1e9)), (lambda: core.next_message(1e9))
    meddler.call = calls[pulls]
    drive.open()
    [error] = core.observer_errors
    assert isinstance(error, RuntimeError)
    assert str(error).startswith("an observer called the machine")
    assert drive.state == "connecting"
    assert core.snapshot().now == 100.0


def test_an_observer_may_read_while_the_machine_works() -> None:
    seen: list[State] = []

    class Looker(Diary):
        def on_transition(self, transition: Transition, now: float) -> None:
            seen.append(self.look().state)

    a_session(Drive(observers=[Looker()]))
    assert seen[0] is State.CONNECTING
    assert seen[-1] is State.CLOSED


# The snapshot.


def test_a_snapshot_shows_the_state_of_a_session() -> None:
    drive = Drive(has_provider=True, sources=("mic", "system"))
    fresh = drive.core.snapshot()
    assert (fresh.state, fresh.dial, fresh.deadlines, fresh.sources) == (State.IDLE, 0, {}, {})
    assert fresh.credential_wanted
    drive.open()
    drive.feed(e.CredentialReady(1))
    drive.connect()
    drive.audio(3)
    drive.pull()
    shown = drive.core.snapshot()
    assert (shown.state, shown.now, shown.dial, shown.dials) == (State.STREAMING, drive.now, 1, 1)
    assert (shown.request, shown.redirects) == (1, 0)
    assert shown.line_open
    assert shown.streamed
    assert next(iter(shown.deadlines.values())) == drive.core.next_deadline()
    assert [*shown.deadlines.values()] == sorted(shown.deadlines.values())
    assert set(shown.deadlines) >= {Timer.PING, Timer.SEND, Timer.STABLE}
    mic = shown.sources["mic"]
    assert (mic.origin, mic.captured, mic.sent, mic.confirmed) == (0, 960, 320, 0)
    assert (mic.buffered, mic.unsent, mic.filling) == (960, 640, False)
    assert shown.counts == dict.fromkeys(
        ("late", "foreign", "malformed", "replaced", "untold", "unfinal"), 0
    )
    assert shown.retry.dial_at == drive.session.retry.until
    drive.lose()
    lost = drive.core.snapshot()
    assert lost.retry.attempts == 1
    assert lost.retry.dial_at == lost.deadlines[Timer.RETRY] == drive.core.next_deadline()
    assert lost.retry.cause == "the connection was reset"
    assert lost.undelivered
    assert shown.state is State.STREAMING, "a snapshot stays what it was"
    with pytest.raises(AttributeError):
        shown.state = State.CLOSED  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_snapshot_after_the_end_has_no_deadline() -> None:
    drive = Drive()
    a_session(drive)
    over = drive.core.snapshot()
    assert over.state is State.CLOSED
    assert over.deadlines == {}
    assert over.stop_wanted
    assert over.stop_sent
    assert not over.undelivered
    assert not over.line_open
    assert over.retry.attempts == 1


# Another interpreter.


@pytest.mark.parametrize("named", [False, True])
def test_an_interpreter_runs_the_chart_in_place_of_the_table(named: bool) -> None:
    fired: list[str] = []

    def interpreter(session: Any) -> Callable[[str], Transition | bool | None]:
        def run(event: str) -> Transition | bool | None:
            fired.append(event)
            ran = fire(TABLE, session, event)
            return ran if named else ran is not None

        return run

    diary, plain = Diary(), Drive()
    core = SessionMachine(
        Backend(),
        session_id=SESSION,
        attempt_id=ATTEMPT,
        random=lambda: 0.5,
        may_pause=("mic",),
        observers=[diary],
        interpreter=interpreter,
    )
    drive = Drive()
    drive.core = core
    a_session(drive)
    a_session(plain)
    assert drive.commands == plain.commands
    assert fired[0] == "open_requested"
    assert bool(diary.seen("transition")) == named
    assert isinstance(diary.seen("update")[0], StateChanged)
    assert isinstance(diary.seen("update")[-1], Ended)
    assert OpenSocket(1, Backend(), True) in diary.seen("command")


def test_each_judged_ending_is_shown_before_its_transition() -> None:
    class Judged(Observer):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def on_verdict(self, verdict: Verdict, now: float) -> None:
            self.seen.append(f"{verdict.action}: {verdict.source}")

        def on_transition(self, transition: Transition, now: float) -> None:
            self.seen.append(transition.name)

    judged = Judged()
    drive = Drive(observers=[judged]).stream()
    judged.seen.clear()
    drive.lose(1001)
    assert judged.seen[0].startswith("retry: ")
    assert judged.seen[1:] == ["streaming --socket_lost--> reconnecting"]
