"""The actions on audio that a backend does not prove, for it proves no silence.

``openline.audio.assuming`` judges the audio; here the mark moves, the account is kept, and the app
is told. Audio is judged at each sign of life: a pong, words, a proof.

A deaf backend answers pings. So its pongs feed PROOF only where silence is not proved, and only
while no words are open; where a backend says nothing in silence, only while what it was sent is
quiet, too. And they feed it while a source pauses: a backend that waits for more audio is not deaf.
"""

from __future__ import annotations

from collections.abc import Sequence

from openline.audio.assuming import Assuming
from openline.audio.gaps import without
from openline.audio.stream import Stream
from openline.commands import StoreAssumed
from openline.machine.life import Leaving
from openline.machine.reporting import Reporting
from openline.machine.timers import OFF, Timer
from openline.updates import GapCause


class Silence(Reporting):
    """What is done with audio that is neither confirmed nor in words."""

    __slots__ = ()

    def note_pong(self) -> None:
        """The backend received all audio that was sent before this pong's ping."""
        self.streams.note_pong(self.pong)
        for stream in self.streams.all:
            is_paused = stream.note_pong()
            if stream.due_since != OFF and (is_paused or self.is_excused(stream)):
                stream.due_since = self.now
        self.arm_proof()
        for stream in self.streams.all:
            self.note_sign(stream)

    def is_excused(self, stream: Stream) -> bool:
        """Whether a backend that only answers pings may still be at work on the audio it has."""
        traits, box = self.dialect.traits, stream.box
        if stream.assuming is None or box.hearing.marks.is_live:
            return False
        if not traits.proves_silence:
            return True
        return stream.assuming.is_quiet(box.confirmed, box.sent, box.hearing.said)

    def note_sign(self, stream: Stream) -> None:
        """The backend lives: judge the audio of a source that it has had for the horizon."""
        known, box = stream.assuming, stream.box
        if known is None or self.dialect.traits.proves_silence:
            return
        window = stream.window
        known.ages.note(window.received, window.drained, self.now)
        old = known.ages.old(self.now)
        marks = box.hearing.marks
        end = marks.at_horizon(box.span(old, old)[1])
        if end <= box.confirmed:
            return
        verdict = known.judge(box.confirmed, end, box.hearing.said)
        mark = verdict.mark if verdict.mark == end else marks.at_horizon(verdict.mark)
        if verdict.is_deaf:
            self.trouble_again(
                "deaf", f"the backend does not transcribe {box.source}, which is not silent"
            )
        if mark > box.confirmed and box.hearing.allows(mark):
            self._lose_unproved(stream, known, verdict.lost)
            self._assume(stream, known, box.confirmed, mark)
            self.confirm(box, mark)
            known.loudness.forget(mark)
        if not stream.is_due:
            stream.due_since = OFF
            self.arm_proof()
        if verdict.renews:
            self._renew()

    def _renew(self) -> None:
        """Another dial is to hear what this one does not: rotate, or lose this one at the stop."""
        if self.stop_wanted:
            self.deadlines[Timer.PROOF] = self.now
        elif self.life.leaving is Leaving.NOT:
            self.life.hasten(self.now)
            self.deadlines[Timer.ROTATE] = self.now

    def note_words(self, stream: Stream, end: int) -> None:
        """Words of a source, up to session sample ``end``: the backend hears it."""
        if stream.assuming is not None:
            stream.assuming.note_words(end)

    def _lose_unproved(
        self, stream: Stream, known: Assuming, lost: Sequence[tuple[int, int]]
    ) -> None:
        """The runs ``lost`` are gaps, but for what is in words. They are noted before the mark."""
        box = stream.box
        for start, end in lost:
            for low, high in without(start, end, box.hearing.words):
                box.losses.lose_rest(low, high, GapCause.UNPROVEN)
            known.note_lost(start, end)
        self.report_gaps(box.losses.take())

    def _assume(self, stream: Stream, known: Assuming, start: int, end: int) -> None:
        """[start, end) is processed, as far as it is neither in words nor lost."""
        box = stream.box
        for low, high in without(start, end, box.hearing.words):
            unmeasured = not known.loudness.is_measured(low, high)
            for first, last in box.losses.assume(low, high):
                self.streamed = True
                self.retry.note_heard()
                box.losses.unmeasured |= unmeasured
                if self.spooled:
                    self.out.append(StoreAssumed(box.source, first, last, unmeasured))

    def assume_rest(self) -> None:
        """The session ends, and the backend proves no more: what is quiet is processed.

        The rest becomes a gap at the end.
        """
        if self.dialect.traits.proves_silence:
            return
        for stream in self.streams.all:
            known, box = stream.assuming, stream.box
            if known is None or stream.promised:
                continue
            end = box.hearing.marks.before_live(box.sent)
            runs = known.quiet_runs(box.confirmed, end, box.hearing.said)
            for start, until in runs:
                self._assume(stream, known, start, until)
            if runs == [(box.confirmed, end)]:
                self.confirm(box, box.hearing.marks.at_proof(end))
