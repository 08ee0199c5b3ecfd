"""Hands updates to the app and notes to the disk, in the order that a kill in between allows.

A process may be killed between any two commands, and another one resumes from the notes. So a
command that makes something final, or moves the mark, stands where a kill before or after it
neither loses words nor repeats them; the methods say why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from openline.audio.gaps import AT_THE_END
from openline.audio.outbox import Outbox
from openline.audio.readings import Reading
from openline.audio.stream import Stream
from openline.commands import (
    FetchAudio,
    Report,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
    StoreReplaced,
    StoreTold,
    StoreWithdrawn,
)
from openline.dialects.traits import Ends
from openline.machine.state import SessionState
from openline.machine.timers import OFF, Timer
from openline.text import one_line
from openline.updates import (
    SAMPLE_RATE,
    BackendStatus,
    Gap,
    GapWithdrawn,
    SourceEnded,
    SourceEndReason,
    Transcript,
    Trouble,
    Update,
)

#: Seconds between two reports of a fault that goes on.
TROUBLE_AGAIN = 60.0
# To look up a member of an enum is not free.
_QUIET, _STALL, _PROOF = int(Timer.QUIET), int(Timer.STALL), int(Timer.PROOF)


class Reporting(SessionState):
    """A session's data, and what is reported and noted of it."""

    __slots__ = ()

    def report(self, update: Update) -> None:
        """Hand ``update`` to the app."""
        self.out.append(Report(update))

    def report_words(self, transcript: Transcript, proves: int | None = None) -> None:
        """Hand words to the app; a final, or one that is held, is written to disk first.

        A final ``proves`` that its source is confirmed up to this position, if it is not None. It
        is progress, unless it is told because its audio is not heard any more.
        """
        self._hand_words(transcript, proves)
        if transcript.final:
            self.retry.note_progress()

    def _hand_words(self, transcript: Transcript, proves: int | None = None) -> None:
        self.timeline.add(transcript)
        if self.spooled and (transcript.final or transcript.settled):
            self.out.append(StoreFinal(transcript, held=not transcript.final, proves=proves))
        self.report(transcript)

    def report_told(self, box: Outbox) -> None:
        """Hand the app the finals whose audio is not confirmed and not sent again either.

        What they replace is noted first: a process that is killed between the two has noted the
        new reading as held already, and the next one must not find the old one beside it. Gaps that
        lay in the finals are withdrawn, and what is left of them is reported.
        """
        self._note_replaced(box)
        for each in box.hearing.take_told():
            if self.spooled and each.start < each.end:
                self.out.append(StoreTold(box.source, each.start, each.end))
            self._hand_words(structs.replace(each.final, final=True))
        if self._report_withdrawn(box):
            self.report_gaps(box.losses.take())

    def note_unproved(self, box: Outbox) -> None:
        """The session is over: what finals without proof cover is told, and not sent again."""
        for each in box.hearing.take_unproved():
            low = max(each.start, box.confirmed)
            for start, end in box.losses.tell(low, max(low, each.end)):
                if self.spooled:
                    self.out.append(StoreTold(box.source, start, end))

    def _note_replaced(self, box: Outbox) -> None:
        for each in box.hearing.take_dropped():
            self.counts["replaced"] += 1
            if self.spooled:
                self.out.append(StoreReplaced(each.final.id))

    def report_gaps(self, gaps: Sequence[Gap]) -> None:
        """Hand gaps to the app; one that resuming the session cannot fill is noted on disk."""
        for gap in gaps:
            if self.spooled and gap.cause not in AT_THE_END:
                self.out.append(StoreGap(gap))
            self.out.append(Report(gap))

    def store(self, stream: Stream, pcm: bytes) -> None:
        """Keep ``pcm``, just captured, on disk; before the first, note where its source began."""
        box = stream.box
        if not stream.stored:
            stream.stored = True
            self.out.append(StoreConfirmed(box.source, box.origin))
        self.out.append(StoreAudio(box.source, box.captured - len(pcm) // 2, pcm))

    def fetch(self) -> None:
        """Read audio back from disk once memory has room for it."""
        for source, start, samples in self.streams.wanted():
            self.out.append(FetchAudio(source, start, samples))

    def confirm(self, box: Outbox, position: int, *, on_disk: bool = True) -> None:
        """Move the mark of a source to ``position``, on disk too; what it passes is final.

        The order matters for a process that is killed in between. A held final that the disk
        has, and that lies before the mark, is told on resuming; one that was replaced is noted
        before the mark passes it, so that it is not told then. The first part of one that is
        divided is noted before the other part, which is sent again if it is not noted.
        """
        mark = box.confirmed
        position = box.beyond(position)
        if position > mark and box.hearing.allows(position):
            mark = position
        for part in box.hearing.divide(mark):
            self._hand_words(part)
        passed = box.hearing.pass_mark(mark)
        self._note_replaced(box)
        self._reclaim(box, passed)
        if box.confirm(mark):
            if self.deadlines[_QUIET] != OFF and not self.streams.undelivered:
                self.deadlines[_QUIET] = self.now
            self.streams.note_mark(box, self.now)
            if self.spooled and on_disk:
                self.out.append(StoreConfirmed(box.source, mark))
            self._report_withdrawn(box)
        for each in passed:
            self.report_words(structs.replace(each.final, final=True))

    def _reclaim(self, box: Outbox, passed: Sequence[Reading]) -> None:
        """Finals are told: what was lost of their audio, and was heard before, is no gap."""
        for each in passed:
            runs = box.reclaim(each, each.heard_until)
            if self.spooled:
                self.out += [StoreTold(box.source, *run) for run in runs]
            if runs:
                self._report_withdrawn(box)
                self.report_gaps(box.losses.take())

    def _report_withdrawn(self, box: Outbox) -> bool:
        """Report the gaps that were withdrawn; whether there were any."""
        withdrawn = box.losses.take_withdrawn()
        for gap in withdrawn:
            if self.spooled:
                self.out.append(StoreWithdrawn(gap))
            self.report(GapWithdrawn(gap=gap))
        return bool(withdrawn)

    def note_drained(self, stream: Stream) -> None:
        """The backend took audio out of its queue: the horizon moves on.

        It moves no mark where the words of some audio may come after those of later audio.
        """
        box = stream.box
        drained = stream.window.drained - round(self.dialect.traits.horizon * SAMPLE_RATE)
        if drained > 0 and box.hearing.ends is not Ends.NONE:
            self.confirm(box, box.hearing.marks.at_horizon(box.span(drained, drained)[1]))

    def note_alive(self, stream: Stream) -> None:
        """The backend processes the audio of this source: it neither stalls nor is it deaf."""
        self.retry.note_heard()
        stream.shut_since = OFF
        self.arm_stall()
        stream.due_since = self.now if stream.is_due else OFF
        if self.flushing_since != OFF:
            self.flushing_since = self.now
        self.arm_proof()

    def arm_stall(self) -> None:
        """Expect progress with what fills the windows, within a grace that was given at least."""
        at = self.streams.shut_since + self.policy.stall_timeout
        self.deadlines[_STALL] = max(at, self.granted.get(Timer.STALL, at))

    def arm_proof(self) -> None:
        """Expect progress with the audio that is due; and a mark that moves, if a store waits.

        After the stop all audio is due, and progress of any source is enough: of a source that
        ended long before no figures may come.
        """
        streams = self.streams
        due_since, full_since = streams.waits_since
        if self.flushing_since < due_since and streams.is_out:
            due_since = self.flushing_since
        at = OFF
        if due_since != OFF or full_since != OFF:  # seldom on a live line
            patience = self.dialect.traits.horizon + self.policy.proof_timeout
            at = min(due_since + patience, full_since + 2 * patience)
        self.deadlines[_PROOF] = max(at, self.granted.get(Timer.PROOF, at))

    def note_full(self, stream: Stream) -> None:
        """Memory is full of a store's audio, which waits until the mark moves."""
        if stream.full_since == OFF and self.line_open:
            stream.full_since = self.now
            self.arm_proof()

    def note_ignored(self, box: Outbox) -> None:
        """The gap of a source that the backend ignores is long enough to be reported.

        The disk has the gap before the mark passes it: a process that is killed before either
        is noted sends the audio again.
        """
        self.report_gaps(box.losses.take())
        if self.spooled:
            self.out.append(StoreConfirmed(box.source, box.confirmed))

    def report_losses(self, gaps: Sequence[Gap]) -> None:
        """Hand the app gaps, and the finals that are told since their audio left memory."""
        for stream in self.streams.all:
            self.report_told(stream.box)
        self.report_gaps(gaps)

    def report_status_of(self, state: str, text: str, source: str | None = None) -> None:
        """Report the state that the backend reported, as one line."""
        source = source and one_line(source)
        self.report(BackendStatus(state=one_line(state), text=one_line(text), source=source))

    def lose_source(self, source: str, cause: SourceEndReason, reason: str) -> None:
        """The source delivers no more audio. Reported once, even if it ends more than once."""
        if self.streams.end_source(source):
            self.watch.forget(source)
            lost = SourceEnded(source=source, cause=cause, reason=reason)
            if cause is not SourceEndReason.EXHAUSTED and not self.stop_wanted:
                self.lost_sources.append(lost)
            self.report(lost)

    def report_outage(self) -> None:
        """Report an outage that goes on, each five minutes."""
        text = self.retry.outage(self.now)
        if text:
            self.report(Trouble(kind="outage", text=text))

    def note_unfinal(self, words: Iterable[Transcript]) -> None:
        """The backend ended before it made these partials final: the transcript lacks them."""
        for each in words:
            self.counts["unfinal"] += 1
            span = f"from {each.start:.1f} to {each.end:.1f} s"
            text = f"the backend's last words of {each.source}, {span}, never became final"
            self.trouble("unfinal", f"{text}: they are not in the transcript", each.source)

    def trouble(self, kind: str, text: str, source: str = "") -> None:
        """Report a fault that does not end the session, once per kind, or per kind and source."""
        key = f"{kind} {source}" if source else kind
        if key not in self.reported:
            self.reported[key] = OFF
            self.report(Trouble(kind=kind, text=text))

    def trouble_again(self, kind: str, text: str) -> None:
        """The same, for a fault that goes on: once a minute at most."""
        if self.now >= self.reported.get(kind, -OFF):
            self.reported[kind] = self.now + TROUBLE_AGAIN
            self.report(Trouble(kind=kind, text=text))

    def count_trouble(self, kind: str, text: str) -> None:
        """The same, for a kind that the result counts."""
        self.counts[kind] += 1
        self.trouble(kind, text)
