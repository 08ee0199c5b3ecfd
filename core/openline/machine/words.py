"""The actions on the messages of the backend: words, figures, its state, its last message.

Words of the live dial are always reported: their times are clamped to the audio that was sent,
and neither their times nor their order drops them. On one dial no audio is sent twice, so no
final there repeats another. What a final proves is in ``marks``.
"""

from __future__ import annotations

from msgspec import structs

from openline.audio.outbox import Outbox
from openline.audio.readings import Reading
from openline.audio.stream import Stream
from openline.dialects.protocol import Heard, Metrics, Noticed, Remark, Status
from openline.dialects.traits import Ends
from openline.machine.revising import Revising
from openline.text import has_words, one_line
from openline.updates import (
    SAMPLE_RATE,
    BackendMetrics,
    Insight,
    Transcript,
    TranscriptWord,
    to_samples,
)

#: The largest factor by which a slow recogniser lengthens FINISH.
SLOWEST = 10.0


class Words(Revising):
    """The actions that the chart names for a message of the backend."""

    __slots__ = ()

    def report_status(self) -> None:
        """Report the backend's status; ``filling`` limits what is sent, ``doubtful`` the end."""
        status: Status = self.message
        self.backend_error = ""
        self.streamed |= status.ack and self.line_open
        self.doubtful |= status.doubtful or (status.warning and self.stop_wanted)
        if status.filling:
            stream = self.streams.get(status.source)
            for each in self.streams.all if status.source is None or stream is None else [stream]:
                each.window.filling = True
        self.report_status_of(status.state, status.text, status.source)

    def note_backend_error(self) -> None:
        """Report an error that decides nothing; it may explain the ending that follows."""
        error: Remark = self.message
        self.backend_error = one_line(error.text)
        self.report_status_of("error", self.backend_error)

    def take_metrics(self) -> None:
        """The backend's figures open the window, and report how much it dropped."""
        metrics: Metrics = self.message
        stream = self.streams.get(metrics.source)
        if stream is None:
            return
        self.backend_error = ""
        self.streamed = stream.spoke = True
        if metrics.queue is not None:
            self.streams.announce(metrics.queue)
        if metrics.realtime_factor is not None:
            self.realtime_factor = max(1.0, min(metrics.realtime_factor, SLOWEST))
        # Drops first: they lie after the audio that was drained at the figures before.
        if metrics.dropped > self.dropped:
            self.streams.note_dropped(stream, metrics.dropped - self.dropped)
            self.dropped = metrics.dropped
            self.report_gaps(self.streams.take_gaps())
        if metrics.backlog is not None and stream.window.note_backlog(metrics.backlog, self.now):
            self.note_drained(stream)
            self.note_alive(stream)
        self.report(
            BackendMetrics(
                source=stream.box.source,
                backlog=metrics.backlog,
                dropped=metrics.dropped,
                realtime_factor=metrics.realtime_factor,
            )
        )

    def take_words(self) -> None:
        """Map words to session time, report them, and move the mark as far as they prove."""
        heard: Heard = self.message
        stream = self.streams.get(heard.source)
        if stream is None:
            self._miss_words("words of a source that this session does not have")
            return
        self.backend_error = ""
        self.streamed = stream.spoke = True
        box, hearing = stream.box, stream.box.hearing
        start, end = self._place(stream)
        former = self.take_back(stream) if heard.final and heard.replaces else []
        if not has_words(heard.text):
            self._take_wordless(stream)
        elif heard.final and heard.replaces and not former:
            self.miss_revision(stream)
            self._take_wordless(stream)
        elif not heard.final:
            hearing.marks.note_partial(start)
            self.report_words(self._transcript(stream, start, end))
        elif not hearing.holds:
            hearing.marks.note_partial(None)
            # Reported before the mark moves: the record of a final holds what it proves.
            proves = self._proof(stream) if hearing.ends is Ends.EXACT else None
            final = self._transcript(stream, start, end)
            hearing.note_final(self._covering(stream, Reading(start, end, final, sent=box.sent)))
            self.report_words(final, proves=proves)
            if proves is not None:
                self.confirm(box, proves)
        else:
            settled = self._transcript(stream, start, end)
            if former:
                first = former[0].final
                settled = structs.replace(settled, id=first.id, seam=first.seam)
            self.report_words(settled)
            is_exact = hearing.ends is Ends.EXACT
            known = 0 if is_exact else self._known(stream)
            if hearing.settling is not None:
                hearing.settling.prove(self._proof(stream) if is_exact else start - self._error)
            reading = Reading(start, end, settled, known, box.sent)
            self.confirm(box, hearing.hold(reading, box.sent))
        if has_words(heard.text):
            self.note_words(stream, end)
        # Drained audio last: with a horizon of 0 it confirms the audio of these same words.
        if stream.window.note_drained(box.sent_by(self._drained_by(stream))):
            self.note_drained(stream)
        self.note_alive(stream)
        self.note_sign(stream)

    def _place(self, stream: Stream) -> tuple[int, int]:
        """Where in the session the words of the message are, within what this dial was sent.

        Without a beginning they follow the last final, and without an end they end at the live
        edge of what was sent; a partial without either ends with what the backend drained. An end
        before the beginning is raised to it: a beginning is good.
        """
        heard: Heard = self.message
        box, edge = stream.box, stream.box.hearing.marks.edge
        if box.hearing.ends is Ends.NONE:
            edge = box.confirmed  # finals that are still to come may lie before others
        if heard.start is None and heard.end is None and not heard.final:
            drained = stream.window.drained
            return edge, max(edge, box.span(drained, drained)[1])
        first = 0 if heard.start is None else to_samples(heard.start)
        last = box.dial_sent if heard.end is None else to_samples(heard.end)
        start, end = box.interval(first, max(first, last))
        if heard.start is None:
            start = min(max(start, edge), end)
        return start, end

    def _covering(self, stream: Stream, reading: Reading) -> Reading:
        """The reading, with the audio that is told with it where nothing proves it.

        That is none where finals prove nothing and this one has no end: the words may lie
        anywhere in what was sent, most of which the backend may not have heard.
        """
        heard: Heard = self.message
        is_anywhere = heard.end is None and stream.box.hearing.ends is Ends.NONE
        return reading._replace(end=reading.start) if is_anywhere else reading

    def _known(self, stream: Stream) -> int:
        """The end of the audio that the figures show to be processed; 0: there are no figures."""
        window = stream.window
        return stream.box.span(0, window.drained)[1] if window.reports else 0

    def _drained_by(self, stream: Stream) -> int:
        """How much the backend must have processed to send the words of the message."""
        heard: Heard = self.message
        if stream.box.hearing.ends is Ends.EXACT:
            return 0 if heard.end is None else to_samples(heard.end)
        if stream.window.reports or heard.start is None or not has_words(heard.text):
            return 0  # the end is a claim, and figures are better than the beginning
        return to_samples(heard.start) - self._error

    @property
    def _error(self) -> int:
        return to_samples(self.dialect.traits.time_error)

    def _transcript(self, stream: Stream, start: int, end: int) -> Transcript:
        """The words of the message: partial, final, or final and held."""
        heard: Heard = self.message
        hearing = stream.box.hearing
        seam = heard.final and hearing.seam and hearing.ends is not Ends.EXACT
        is_held = hearing.holds and self.summary is None
        if heard.final:
            hearing.seam = False
        return Transcript(
            source=stream.box.source,
            text=heard.text,
            final=heard.final and not is_held,
            start=start / SAMPLE_RATE,
            end=end / SAMPLE_RATE,
            confidence=heard.confidence,
            language=heard.language,
            speaker=heard.speaker,
            segment_id=heard.segment_id,
            words=self._timed(stream.box),
            channel=heard.channel,
            settled=heard.final and is_held,
            seam=seam,
            id=self.next_id() if heard.final else "",
        )

    def _timed(self, box: Outbox) -> tuple[TranscriptWord, ...]:
        """The single words of the message, with times of the session."""
        heard: Heard = self.message
        timed: list[TranscriptWord] = []
        for each in heard.words:
            first = None if each.start is None else to_samples(each.start)
            last = None if each.end is None else to_samples(each.end)
            start, end = box.interval(first or 0, max(first or 0, last or 0))
            timed.append(
                TranscriptWord(
                    text=each.text,
                    start=None if first is None else start / SAMPLE_RATE,
                    end=None if last is None else end / SAMPLE_RATE,
                    confidence=each.confidence,
                    speaker=each.speaker,
                )
            )
        return tuple(timed)

    def _proof(self, stream: Stream) -> int:
        """Up to where the message proves its source, where ends are exact: up to its end.

        An end before the beginning proves nothing.
        """
        heard: Heard = self.message
        if heard.end is None or (heard.start is not None and heard.start > heard.end):
            return stream.box.confirmed
        return stream.box.interval(0, to_samples(heard.end))[1]

    def _take_wordless(self, stream: Stream) -> None:
        """Words without a word, such as a lone dot, withdraw the live partial.

        A final of them proves silence, where ends are exact.
        """
        heard: Heard = self.message
        stream.box.hearing.marks.note_partial(None)
        for retraction in self.timeline.retract_live(stream.box.source):
            self.report(retraction)
        if heard.final and stream.box.hearing.ends is Ends.EXACT:
            position, settling = self._proof(stream), stream.box.hearing.settling
            self.confirm(stream.box, position if settling is None else settling.prove(position))

    def take_last_words(self) -> None:
        """Words that follow the final message are final at once."""
        heard: Heard = self.message
        stream = self.streams.get(heard.source)
        if stream is None:
            self._miss_words("words of a source that this session does not have")
        elif heard.final and has_words(heard.text):
            start, end = self._place(stream)
            reading = Reading(start, end, self._transcript(stream, start, end))
            stream.box.hearing.note_final(reading)
            stream.box.tell(self._covering(stream, reading))
            self.report_told(stream.box)

    def miss_words(self) -> None:
        """Words that come before the start was acknowledged are words of no audio."""
        self._miss_words("words before the start was acknowledged")

    def _miss_words(self, what: str) -> None:
        heard: Heard = self.message
        if heard.final and has_words(heard.text):
            self.counts["untold"] += 1
            self.trouble("untold", f"{what}: they are not in the transcript")

    def take_insight(self) -> None:
        """Report what the backend recognized in the words, unchanged."""
        self.backend_error = ""
        noticed: Noticed = self.message
        self.report(Insight(kind=noticed.kind, payload=noticed.payload))
