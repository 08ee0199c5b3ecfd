"""A frame that is relayed leaves a session as a frame that is received and pulled does.

Two sessions live through the same schedule. In the one each message of audio is offered to
``relay`` first, each pong to ``pong``, and it pulls behind neither, nor behind other news of the
backend while it ``is_idle``, unless it ``wants_pull``. The other one receives everything, and pulls
behind it. After every step both have given the same commands and the same bytes, and every field of
both sessions is equal, however deep it lies. Their observers, which want no audio, were shown the
same, but for audio that was pulled, and pulls that gave nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline import events as e
from openline.commands import Command, Outgoing, SendBytes, SendPing
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect, Encoded, Memory
from openline.dialects.traits import AudioForm, Encoding
from openline.machine.table import Transition
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.policy import Policy
from openline.reconnect.verdicts import Verdict
from openline.session import LocalProtocolError
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import Update
from tests.core.driver import FRAME, Drive
from tests.core.formed_toy import Toy

SOURCES = ("mic", "system")
BLOCK = 2 * FRAME


class Counting(EchoPanel):
    """A dialect that remembers how much it sent, and keeps each fifth frame for a later message."""

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        _, messages = super().audio(None, source, pcm, number)
        held, count = memory or ((), 0)
        if count % 5 == 4:
            return ((*held, *messages), count + 1), ()
        return ((), count + 1), (*held, *messages)


DIALECTS: dict[str, Dialect] = {
    "echopanel": EchoPanel(),
    "with a memory": Counting(),
    "longer messages": Toy(form=AudioForm(usual=0.04)),
    "floats": Toy(form=AudioForm(encoding=Encoding.F32LE)),
    "two messages a frame": Toy(parts=2),
    "a pace": Toy(pace=1.2),
    "a queue": Toy(queue=2.0),
    "tended": Toy(flush_every=0.1),
    "unproved silence": Toy(proves_silence=False),
}
POLICIES = {
    "much memory": Policy(buffer_seconds=60.0),
    "little memory": Policy(
        buffer_seconds=None,
        ping_interval=0.5,
        pong_timeout=0.5,
        connect_timeout=0.5,
        ack_timeout=0.5,
    ),
    "careful": Policy(buffer_seconds=90.0, careful_seams=True),
}
#: One step: its name, and what it needs.
STEPS = st.one_of(
    st.tuples(
        st.just("audio"),
        st.sampled_from(SOURCES),
        st.sampled_from([FRAME, FRAME, FRAME, BLOCK, BLOCK, 7, 5 * FRAME]),
        st.sampled_from([None, 0, 12_000, 32_768]),
    ),
    st.tuples(
        st.just("speak"),
        st.sampled_from(SOURCES),
        st.integers(1, 60),
        st.sampled_from([FRAME, BLOCK]),
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.02, 0.3, 2.0, 6.0])),
    st.tuples(st.just("pull")),
    st.tuples(st.just("blocked")),
    st.tuples(st.just("pong")),
    st.tuples(st.just("figures"), st.sampled_from(SOURCES), st.sampled_from([0.0, 0.5, 1.9])),
    st.tuples(st.just("final"), st.sampled_from([0.1, 0.9, 3.0])),
    st.tuples(st.just("state"), st.sampled_from(["backpressure", "streaming"])),
    st.tuples(st.just("hole"), st.sampled_from(SOURCES)),
    st.tuples(st.just("device lost"), st.sampled_from(SOURCES)),
    st.tuples(st.just("over"), st.sampled_from(SOURCES)),
    st.tuples(st.just("ignored"), st.sampled_from(SOURCES)),
    st.tuples(st.just("lose")),
    st.tuples(st.just("redial")),
    st.tuples(st.just("skip")),
    st.tuples(st.just("stop")),
)


class Deaf(Observer):
    """Wants no audio, so it takes no frame out of the lane. Notes all that it is shown."""

    wants_audio = False

    def __init__(self) -> None:
        self.shown: list[object] = []
        self.look: Callable[[], Snapshot]

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        self.look = look

    def on_event(self, event: e.Event, now: float) -> None:
        self.shown.append((event, now, self.look()))

    def on_draw(self, value: float) -> None:
        self.shown.append(value)

    def on_timer(self, timer: Timer, now: float) -> None:
        self.shown.append((timer, now))

    def on_verdict(self, verdict: Verdict, now: float) -> None:
        self.shown.append((verdict, now))

    def on_transition(self, transition: Transition, now: float) -> None:
        self.shown.append((transition.name, now))

    def on_command(self, command: Command, now: float) -> None:
        self.shown.append((command, now))

    def on_update(self, update: Update, now: float) -> None:
        self.shown.append((update, now))

    def on_done(self, event: e.Event, now: float) -> None:
        self.shown.append(("done", event, now, self.look()))

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        assert outgoing is not None
        if not isinstance(outgoing, SendBytes):
            self.shown.append((outgoing, now, self.look()))

    def on_error(self, error: Exception, event: e.Event | None, now: float) -> None:
        self.shown.append((str(error), event, now))


class One:
    """One of the two sessions. ``relays``: it goes the short ways.

    ``relayed``: messages that went so; ``ponged``: pongs; ``idled``: news without a pull.
    """

    def __init__(
        self, dialect: Dialect, policy: Policy, *, relays: bool, watched: bool = False
    ) -> None:
        kinds = {"system": e.SourceKind.STORE}
        self.deaf = Deaf()
        observers = [self.deaf] if watched else []
        setting: Any = {"kinds": kinds, "observers": observers}
        self.drive = Drive(dialect=dialect, policy=policy, sources=SOURCES, **setting)
        self.relays = relays
        self.relayed = self.ponged = self.idled = 0
        self.out: list[object] = []
        self.is_blocked = self.is_sending = False
        self.ping = b""
        self.drive.stream()

    def pull(self) -> None:
        """Pull until there is nothing, or the socket takes no more."""
        while not self.is_sending and (outgoing := self.drive.pull()) is not None:
            self.out.append(outgoing)
            self.is_sending = self.is_blocked
            if isinstance(outgoing, SendPing):
                self.ping = outgoing.mark

    def audio(self, source: str, samples: int, peak: int | None = None) -> None:
        core, now = self.drive.core, self.drive.now
        pcm = bytes(2 * samples)
        if self.relays and (data := core.relay(source, pcm, now, peak)) is not None:
            self.relayed += 1
            self.out.append(SendBytes(core.dial, data))
            if self.is_blocked:
                core.sending(now)
                self.is_sending = True
            elif core.wants_pull:
                self.pull()
        else:
            self.drive.feed(e.AudioCaptured(source, pcm, peak))
            self.pull()

    def pong(self) -> None:
        core, now = self.drive.core, self.drive.now
        event = e.PongReceived(core.dial, self.ping)
        if self.relays and not self.is_sending and core.pong(event, now):
            self.ponged += 1
        else:
            self.drive.feed(event)
            self.pull()

    def news(self, tell: Callable[[], object]) -> None:
        """The backend says something; then the sender looks, if it has to."""
        tell()
        if self.relays and not self.is_sending and self.drive.core.is_idle():
            self.idled += 1
        else:
            self.pull()

    def play(self, step: tuple[Any, ...]) -> None:
        """Take one step; what is impossible is noted."""
        try:
            self.take(step)
        except LocalProtocolError as error:
            self.out.append(str(error))

    def take(self, step: tuple[Any, ...]) -> None:
        drive = self.drive
        match step:
            case ("audio", source, samples, peak):
                self.audio(source, samples, peak)
            case ("speak", source, frames, samples):
                for _ in range(frames):
                    drive.now += samples / 16_000
                    self.audio(source, samples)
            case ("wait", seconds):
                drive.wait(seconds, pulling=False)
            case ("pull",):
                self.is_blocked = self.is_sending = False
                self.pull()
            case ("blocked",):
                self.is_blocked = True
            case _:
                self.take_news(step)

    def take_news(self, step: tuple[Any, ...]) -> None:
        """What the backend does; all else is left to ``take_rest``."""
        drive = self.drive
        match step:
            case ("pong",):
                self.pong()
            case ("figures", source, backlog):
                self.news(partial(drive.figures, backlog, source=source))
            case ("final", length):
                self.news(partial(drive.final, 0.0, length))
            case ("state", state):
                self.news(partial(drive.say, "status", state=state))
            case ("ignored", source):
                text = f"Ignoring source '{source}'"
                self.news(partial(drive.say, "status", state="warning", message=text))
            case _:
                self.take_rest(step)

    def take_rest(self, step: tuple[Any, ...]) -> None:
        """What the sources, the network and the app do."""
        drive = self.drive
        match step:
            case ("hole", source):
                drive.feed(e.CaptureHole(source, 100))
            case ("device lost", source):
                drive.feed(e.DeviceLost(source, "device", "unplugged"))
            case ("over", source):
                drive.feed(e.SourceFinished(source))
            case ("lose",):
                drive.lose()
            case ("redial",):
                if drive.state == "reconnecting":
                    drive.redial()
                    drive.connect()
                    self.is_sending = False
            case ("skip",):
                drive.feed(e.SkipRequested())
            case _:
                drive.stop()


def contents(thing: Any) -> dict[str, Any]:
    """All that ``thing`` holds, by the path to it; of a part that is met again its first path."""
    found: dict[str, Any] = {}
    seen: dict[int, str] = {}
    todo: list[tuple[str, Any]] = [("session", thing)]
    while todo:
        path, each = todo.pop()
        names = [name for base in type(each).__mro__ for name in getattr(base, "__slots__", ())]
        if isinstance(each, list | tuple | deque):
            parts: list[Any] = [*cast("Any", each)]
            found[path] = len(parts)
            todo += [(f"{path}[{i}]", inner) for i, inner in enumerate(parts)]
        elif isinstance(each, dict):
            named: dict[Any, Any] = cast("Any", each)
            found[path] = [*named]
            todo += [(f"{path}[{key}]", inner) for key, inner in named.items()]
        elif not names or not type(each).__module__.startswith("openline."):
            found[path] = None if callable(each) else each
        elif id(each) in seen:
            found[path] = seen[id(each)]
        else:
            found[path] = type(each).__name__
            seen[id(each)] = path
            todo += [(f"{path}.{name}", getattr(each, name)) for name in names]
    # A lower bound of the deadlines as they were: a suspension is looked for behind it.
    del found["session.soonest"]
    return found


def live(
    dialect: Dialect, policy: Policy, steps: list[tuple[Any, ...]], *, watched: bool = False
) -> One:
    """Play the steps in both sessions and compare them; the one that goes the short ways.

    ``watched``: each has an observer, which wants no audio.
    """
    one = One(dialect, policy, relays=True, watched=watched)
    two = One(dialect, policy, relays=False, watched=watched)
    for step in steps:
        for each in (one, two):
            each.play(step)
        assert one.out == two.out, step
        assert one.drive.commands == two.drive.commands, step
        assert one.drive.core.next_deadline() == two.drive.core.next_deadline(), step
        assert contents(one.drive.session) == contents(two.drive.session), step
        assert one.deaf.shown == two.deaf.shown, step
    return one


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@given(
    policy=st.sampled_from([*POLICIES.values()]),
    steps=st.lists(STEPS, max_size=30),
    watched=st.booleans(),
    alone=st.booleans(),
)
def test_a_relayed_frame_leaves_the_session_as_the_long_way_does(
    dialect: Dialect, policy: Policy, steps: list[tuple[Any, ...]], *, watched: bool, alone: bool
) -> None:
    """``alone``: one source has all the audio."""
    if alone:
        steps = [tuple("mic" if part == "system" else part for part in each) for each in steps]
    live(dialect, policy, steps, watched=watched)


@pytest.mark.parametrize(
    ("name", "samples", "least"),
    [
        ("echopanel", FRAME, 85),
        ("with a memory", FRAME, 60),
        ("longer messages", BLOCK, 85),
        ("a queue", FRAME, 70),
    ],
)
def test_nearly_every_frame_of_live_speech_is_relayed(name: str, samples: int, least: int) -> None:
    speech = [("speak", "mic", 8, samples), ("pong",), ("figures", "mic", 0.0)] * 13
    one = live(DIALECTS[name], POLICIES["much memory"], speech)
    assert one.relayed >= least
    assert one.ponged >= 12
    assert one.idled >= 12
    watched = live(DIALECTS[name], POLICIES["much memory"], speech, watched=True)
    assert watched.relayed >= least
    assert watched.ponged >= 12
    assert watched.idled >= 12


def test_nothing_of_a_source_that_the_backend_ignores_is_relayed() -> None:
    speech = ("speak", "mic", 8, FRAME)
    one = live(DIALECTS["echopanel"], POLICIES["much memory"], [speech, ("ignored", "mic")])
    relayed = one.relayed
    assert relayed > 0
    for step in (speech, ("pong",), speech):
        one.play(step)
    assert one.relayed == relayed
    steps = [speech, ("ignored", "mic"), speech, ("lose",)]
    live(DIALECTS["echopanel"], POLICIES["much memory"], steps)
