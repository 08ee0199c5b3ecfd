"""People speak, the backend hears them in its own way, and lines break: the laws hold.

A walk of any events in any order rarely holds a conversation. Here a good backend answers pings,
drains what it is sent, and says words; its beginnings are about right, its ends may lie far
behind the audio, and some of its finals are lone dots, out of order, or on top of each other.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import rule

from openline import events as e
from openline.commands import Outgoing, SendBytes, SendPing, SendText
from openline.dialects.echopanel import HEADERS
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.updates import SAMPLE_RATE, State
from openline_testing import SessionFuzzer
from tests.support_profiles import paced

SOURCES = {header: source for source, header in HEADERS.items()}
KINDS = st.sampled_from(["asr_final", "asr_final", "asr_final", "asr_partial"])
TEXTS = st.sampled_from(["yes", "yes", "well no", ".", ""])
#: Seconds by which an end may lie behind the audio, and a beginning beside it.
BEHIND = st.sampled_from([0.0, 0.0, 0.1, 0.7, 5.0, 27.5])
BESIDE = st.sampled_from([0.0, 0.0, 0.2, -0.3, -1.7, 0.7, 24.0])


class Conversation(SessionFuzzer):
    """The default dialect, and a backend that listens."""

    policies = st.builds(
        Policy, finish_timeout=st.sampled_from([20.0, 1.0]), source_timeout=st.just(None)
    )

    def __init__(self) -> None:
        super().__init__()
        self.heard: Counter[str] = Counter()  # samples on this dial

    def sent(self, outgoing: Outgoing) -> None:
        """Count what the backend was sent."""
        if isinstance(outgoing, SendText):
            self.heard.clear()
        elif isinstance(outgoing, SendBytes):
            self.heard[SOURCES[outgoing.data[:4]]] += (len(outgoing.data) - 4) // 2

    @rule(
        source=st.integers(0, 1),
        seconds=st.sampled_from([1.0, 0.4, 3.0, 8.0]),
        said=st.tuples(KINDS, TEXTS, BESIDE, BEHIND),
        figures=st.booleans(),
    )
    def speak(
        self,
        source: int,
        seconds: float,
        said: tuple[str, str, float, float],
        figures: bool,
    ) -> None:
        """Someone speaks for a while, and then the backend has heard it."""
        self.line_opens()
        name = self.names[source % len(self.names)]
        for _ in range(round(seconds / 0.2)):
            self.now += 0.2
            self.feed(e.AudioCaptured(name, bytes(round(0.4 * SAMPLE_RATE))))
            self.answer(name, figures=figures)
        kind, text, beside, behind = said
        end = self.heard[name] / SAMPLE_RATE
        times = {"t0": end - seconds + beside, "t1": end + behind}
        self.say(kind, source=name, text=text, **times)

    @rule(items=st.integers(1, 9), queue=st.sampled_from([0.5, 1.0, 2.0, 8.0]))
    def fall_behind(self, items: int, queue: float) -> None:
        """The backend drops some audio, and says how long its queue is."""
        figures = {"backlog_seconds": 0.3, "dropped_total": items, "max_backlog_seconds": queue}
        self.say("metrics", source=self.names[0], **figures)

    @rule(away=st.sampled_from([0.5, 5.0, 70.0]))
    def cut(self, away: float) -> None:
        """The line is cut, and everyone speaks on."""
        self.feed(e.SocketLost(dial=self.world.seen.dial, error=ErrorKind.RESET))
        for name in self.names:
            self.feed(e.AudioCaptured(name, bytes(2 * round(away * SAMPLE_RATE))))

    @rule(words=st.booleans())
    def end(self, words: bool) -> None:
        """The app stops, the backend says its last words, and its summary."""
        self.feed(e.StopRequested())
        self.answer(self.names[0], figures=True)
        if self.session.state is State.FINISHING:
            self.say("final_summary")
        if words:
            self.say("asr_final", source=self.names[0], text="bye", t0=0.1, t1=0.5)

    def answer(self, source: str, *, figures: bool) -> None:
        """The backend answers pings, and drains all that it has received."""
        for _ in range(300):
            outgoing = self.world.pull(self.session, self.now)
            if outgoing is None:
                break
            self.sent(outgoing)
            if isinstance(outgoing, SendPing):
                self.feed(e.PongReceived(self.world.seen.dial, outgoing.mark))
        if figures:
            self.say("metrics", source=source, backlog_seconds=0)

    def say(self, kind: str, **fields: Any) -> None:
        """The backend says something."""
        data = json.dumps({"type": kind, **fields})
        self.feed(e.MessageReceived(self.world.seen.dial, data))


TestConversation = Conversation.TestCase
TestConversation.settings = paced(60, 40)
