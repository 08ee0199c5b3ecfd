"""The laws of the wire: which messages may be pulled, which must be, and when a dead line is left.

A start and a stop are recognised by comparison with the dialect's encoding for the live
dial's ids. All other text is audio, of a dialect that sends audio as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from openline.commands import (
    DiscardStore,
    FetchAudio,
    Outgoing,
    SendBytes,
    SendPing,
    SendText,
    StoreAssumed,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
    StoreReplaced,
    StoreTold,
    StoreWithdrawn,
)
from openline.dialects.checking import DialectError
from openline.updates import SAMPLE_RATE, SourceStatistics, State
from openline_testing.laws import broken
from openline_testing.observation import Observation, with_cause
from openline_testing.samples import audio_of
from openline_testing.scope import start_of, stop_of

FRAME = 320
#: RFC 6455 §5.5.
MARK_LIMIT = 125
#: The commands of a session that keeps its audio on a disk too.
DISK = (
    *(StoreAudio, StoreConfirmed, StoreFinal, StoreTold, StoreReplaced, StoreGap, StoreWithdrawn),
    *(StoreAssumed, FetchAudio, DiscardStore),
)
OPEN = frozenset({State.STREAMING, State.FINISHING})


class Sending:
    """Observes the one ordered pull."""

    __slots__ = (
        "checked_at",
        "frames",
        "longest",
        "seen",
        "spooled",
        "text_audio",
        "varies",
    )

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self.frames: int = 0  # of audio, on this dial
        self.checked_at = 0.0  # when the session last received an event
        self.spooled = False  # audio may be on disk alone, and not ready to be sent
        samples = self._samples()
        self.varies = self._samples() != samples
        self.text_audio = any(isinstance(sample, str) for sample in samples)
        self.longest = max(len(sample) for sample in samples)

    def _samples(self) -> list[str | bytes]:
        """The dialect's encoding of the same frame for each source."""
        return [audio_of(self.seen.dialect, source, FRAME) for source in self.seen.sources]

    @property
    def is_open(self) -> bool:
        """Whether the line is acked and may carry audio."""
        return self.seen.live is not None and self.seen.state in OPEN

    def asked(self, pull: Callable[[float], Outgoing | None]) -> Outgoing | None:
        """The pulled message, unless the dialect fails to encode it."""
        try:
            return pull(self.seen.now)
        except DialectError as exc:
            broken("the dialect", with_cause(exc), self.seen.now)

    def pulled(self, outgoing: Outgoing) -> bool:
        """Check a message pulled at ``seen.now``; returns whether it is audio or a ping."""
        seen, now = self.seen, self.seen.now
        if seen.ended is not None or outgoing.dial != seen.live:
            broken("only for the live dial", f"pulled for dial {outgoing.dial}", now)
        if seen.finished:
            broken("the final message", "it sent after the final message", now)
        if self._is_message("start", outgoing):
            self._starts()
            return False
        if not seen.acked:
            law = "no audio before the ack" if seen.starts else "the start"
            broken(law, f"pulled {type(outgoing).__name__} before the ack", now)
        if self.ping_is_due and not isinstance(outgoing, SendPing):
            broken("a ping in time", f"none in {now - seen.pinged_at:.3f} s", now)
        flows = True
        match outgoing:
            case SendPing(_, mark):
                seen.pinged_at = now
                if len(mark) > MARK_LIMIT:
                    broken("frames", f"a ping's mark of {len(mark)} bytes", now)
            case _ if self._is_message("stop", outgoing):
                self._stops()
                flows = False
            case SendText(_, data) if not self.text_audio:
                self._hold_to_no_state()
                broken("the start", f"a text that is neither start nor stop: {data[:60]}", now)
            case SendText() | SendBytes():
                self._carries(len(outgoing.data))
        seen.pulled_at = now
        return flows

    def _is_message(self, method: str, outgoing: Outgoing) -> bool:
        """Whether this is the dialect's message of that name on the live dial."""
        if isinstance(outgoing, SendPing):
            return False
        data = cast("object", outgoing.data)
        if not isinstance(data, str | bytes):
            broken("the dialect", f"a {type(data).__name__} is to be sent", self.seen.now)
        encode = start_of if method == "start" else stop_of
        return data == encode(self.seen.dialect, self.seen.ids)

    def _starts(self) -> None:
        seen = self.seen
        if seen.starts:
            broken("the start", f"a second one on dial {seen.live}", seen.now)
        if seen.connection_id is None:
            broken("the start", "it came before the socket was open", seen.now)
        if seen.now < seen.dialled_at + seen.start_delay:
            broken("the start", f"{seen.now - seen.dialled_at:.3f} s after dialling", seen.now)
        seen.starts += 1
        self.frames = 0

    def _stops(self) -> None:
        seen = self.seen
        if not seen.stop_wanted:
            broken("the stop", "it was not requested", seen.now)
        if seen.stops:
            broken("the stop", f"a second one on dial {seen.live}", seen.now)
        seen.stops += 1

    def _carries(self, size: int) -> None:
        seen = self.seen
        if seen.stops:
            broken("the stop", "audio after it", seen.now)
        if self.varies or size > self.longest:
            self._hold_to_no_state()
            broken("frames", f"a message of audio of {size}, not {self.longest} at most", seen.now)
        self.frames += 1

    def _hold_to_no_state(self) -> None:
        """An unexpected message: check whether the dialect's encoding varies."""
        if self.varies or max(map(len, self._samples())) > self.longest:
            what = "audio() did not give the same message for the same audio"
            broken("the dialect", f"{what}: a dialect keeps no state", self.seen.now)

    def rested(self, statistics: Mapping[str, SourceStatistics], window: float) -> None:
        """A pull gave nothing: check that nothing was due, by the figures of each source.

        An open line takes ``window`` seconds of audio without any confirmation of the backend.
        """
        seen, now = self.seen, self.seen.now
        seen.pulled_at = None
        if seen.state is State.AWAITING_ACK and not seen.starts and seen.settled_at is not None:
            broken("the start", "it was due and did not come", now)
        if not self.is_open:
            return
        if self.ping_is_due:
            broken("a ping in time", f"none in {now - seen.pinged_at:.3f} s", now)
        unsent = {
            source: each.captured - each.sent
            for source, each in statistics.items()
            if source not in seen.holes
        }
        free_frames = int(window * SAMPLE_RATE) // FRAME
        whole = [source for source, samples in unsent.items() if samples >= FRAME]
        if whole and not self.spooled and not seen.stops and self.frames < free_frames:
            broken("audio flows", f"audio of {whole[0]} waits on an open line", now)
        all_out = len(unsent) == len(statistics) and not any(unsent.values())
        if seen.state is State.FINISHING and not seen.stops and all_out:
            broken("the stop", "all audio is out, and it did not come", now)

    @property
    def ping_is_due(self) -> bool:
        """Whether the session has received an event since a ping became due."""
        seen = self.seen
        return self.is_open and self.checked_at >= seen.pinged_at + seen.policy.ping_interval

    def rest(self) -> None:
        """The session rests after an event: check that no dead line is kept."""
        seen, now, policy = self.seen, self.seen.now, self.seen.policy
        self.checked_at = now
        settled = now >= seen.dialled_at + seen.start_delay
        if settled and seen.state is State.AWAITING_ACK and seen.settled_at is None:
            seen.settled_at = now
        if not self.is_open:
            return
        if seen.pulled_at is not None and now >= seen.pulled_at + policy.send_timeout:
            broken("a dead line is left", "a send hung, and the line is kept", now)
        if seen.pong_due is None:
            if now >= seen.received_at + policy.ping_interval:
                seen.pong_due = now + policy.pong_timeout
        elif now >= seen.pong_due:
            broken("a dead line is left", f"silent for {now - seen.received_at:.3f} s", now)
