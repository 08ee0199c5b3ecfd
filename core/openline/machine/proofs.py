"""The actions on what the backend proves: proofs, the final message, audio that it lost.

A proof counts the audio of one source on this dial, in seconds, or the messages, bytes or flushes
of the dial (``openline.audio.counts``). ``received`` and ``drained`` open the window
(``openline.audio.window``); ``confirmed`` moves the mark, and needs no horizon. Where finals are
held, the mark still lies inside none: a cut sends all of its audio again, or none of it.

An example, in seconds: dial 2 began with the audio from 60.0 on. Its proof "confirmed 12.5" moves
the mark to 72.5.
"""

from __future__ import annotations

from openline.audio.stream import Stream
from openline.dialects.protocol import FinalMessage, Lost, Proof
from openline.dialects.traits import Unit
from openline.machine.silence import Silence
from openline.machine.timers import OFF
from openline.updates import to_samples


class Proofs(Silence):
    """The actions that the chart names for a message that proves, or that something is lost."""

    __slots__ = ()

    def take_proof(self) -> None:
        """The backend received, drained or transcribed audio."""
        proof: Proof = self.message
        # A count is of the dial: without a name it proves every source.
        is_of_all = proof.source is None and proof.unit is not Unit.SECONDS
        stream = self.streams.get(proof.source)
        for each in self.streams.all if is_of_all else [stream] if stream else ():
            self._take_proof_of(each, proof)
        if is_of_all:
            self.upkeep.counts.forget(
                received=proof.received, drained=proof.drained, confirmed=proof.confirmed
            )

    def _take_proof_of(self, stream: Stream, proof: Proof) -> None:
        self.backend_error = ""
        self.streamed = stream.spoke = True
        window, box = stream.window, stream.box
        mark, received = box.confirmed, window.received
        if proof.received is not None:
            window.note_received(self._counted(stream, proof.unit, proof.received))
        confirmed = self._counted(stream, proof.unit, proof.confirmed or 0.0)
        drained = max(confirmed, self._counted(stream, proof.unit, proof.drained or 0.0))
        moved = window.note_drained(drained)
        if confirmed:
            position = box.span(confirmed, confirmed)[1]
            self.confirm(box, box.hearing.marks.at_proof(position))
        if moved:
            self.note_drained(stream)
        is_heard = window.received > received and not self.dialect.traits.proves_silence
        if stream.assuming is not None and box.confirmed > mark:
            stream.assuming.note_proof()
        if moved or is_heard or box.confirmed > mark:
            self.note_alive(stream)
        self.note_sign(stream)

    def _counted(self, stream: Stream, unit: Unit, amount: float) -> int:
        """The connection samples of a source that ``amount`` of ``unit`` covers, as sent so far."""
        if unit is not Unit.SECONDS:
            # Of a source that started after the last mark, nothing is proved.
            counts = self.upkeep.counts
            sent = counts.samples(amount) if unit is self.dialect.traits.counts else ()
            number = self.streams.all.index(stream)
            return sent[number] if number < len(sent) else 0
        return self._until(stream, amount)

    def _until(self, stream: Stream, seconds: float) -> int:
        """The connection samples that the backend has counted as ``seconds``."""
        return stream.box.sent_by(max(to_samples(seconds), 0))

    def take_summary(self) -> None:
        """The final message ends the session."""
        for stream in self.streams.all:
            box = stream.box
            self.summary_covers[box.source] = box.span(0, box.dial_sent)
        self.confirm_by_final(at_the_end=True)
        self.assume_rest()
        self.summary = self.message

    def confirm_by_final(self, *, at_the_end: bool) -> None:
        """The final message confirms all sent audio, unless some was or may have been dropped.

        It confirms nothing of a source of which no words and no figures came, if the backend
        sent some of another one: it may have ignored the source. Nor does it where the figures
        leave more audio undrained than the queue can hold: the recogniser is gone.

        Where another dial follows, that one hears what is left partial. At the end of the session
        such audio is confirmed with the result, and not before: until then the words may come, and
        a process that is killed leaves them to the next. The same holds for all audio where words
        may still follow that replace older ones, and where a place between two words is a claim
        that may cut both.
        """
        final: FinalMessage = self.message
        streams = self.streams.all
        confirms = final.proves and not (self.doubtful or self.dropped)
        spoke = any(stream.spoke for stream in streams)
        for stream in streams:
            box = stream.box
            is_gone = stream.window.reports and stream.overfills
            if confirms and (stream.spoke or not spoke) and not is_gone:
                until = box.sent
                if final.until is not None:
                    counted = self._until(stream, final.until)
                    until = box.span(counted, counted)[1]
                    if at_the_end and box.hearing.settling is not None:
                        box.hearing.settling.end()
                    until = box.hearing.marks.at_proof(until)
                hearing, closed = box.hearing, until
                if hearing.marks.is_live and hearing.is_exact:
                    closed = hearing.marks.before_live(until)
                elif hearing.marks.is_live:
                    closed = hearing.marks.at_horizon(until)
                may_cut = at_the_end and closed < until and not hearing.is_exact
                if not (hearing.is_open or may_cut):
                    self.confirm(box, closed)
                if at_the_end and (hearing.is_open or closed < until):
                    stream.promised = until

    def lose_audio(self) -> None:
        """The backend does not transcribe an interval, or a source on this dial at all."""
        lost: Lost = self.message
        self.report_status_of("warning", lost.text, lost.source)
        stream = self.streams.get(lost.source)
        if stream is None:
            return
        if lost.start is None and lost.end is None:
            self._ignore_source(stream)
        else:
            self._lose_interval(stream, lost)

    def _lose_interval(self, stream: Stream, lost: Lost) -> None:
        """A gap of what is neither confirmed nor lost already; the mark moves over it."""
        box = stream.box
        first = 0 if lost.start is None else to_samples(lost.start)
        last = box.dial_sent if lost.end is None else to_samples(lost.end)
        start, end = box.interval(first, max(first, last))
        box.lose(start, end)
        self.report_gaps(box.losses.take())
        self.confirm(box, box.confirmed)
        if stream.window.note_drained(box.sent_by(max(last, 0))):
            self.note_drained(stream)
        self.note_alive(stream)

    def _ignore_source(self, stream: Stream) -> None:
        """The backend ignores a source: send nothing more of it on this dial."""
        if not stream.box.ignored:
            stream.box.ignore()
            self.note_alive(stream)
            stream.due_since = OFF
            self.arm_proof()
            self.report_told(stream.box)
