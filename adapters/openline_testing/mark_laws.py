"""The laws of marks: what moves the confirmed watermark of a source, and how far at most.

A mark says that the audio before it is dealt with. So it moves only with a message that proves
something. An end that is exact proves all audio before it. An end that is a claim proves
nothing: then the mark moves into a wide pause between two finals, to where the backend's figures
and the horizon reach, or to the last beginning once a run of finals is too long; never into a
final that is held, and never behind the beginning of a live partial.

Drops blur the backend's times, and audio that was skipped blurs distances: both widen what
is allowed.
"""

from __future__ import annotations

from typing import Final, NoReturn

from openline.dialects.protocol import Heard, Lost, Metrics
from openline.updates import SAMPLE_RATE, SourceStatistics, State, to_samples
from openline_testing.laws import broken
from openline_testing.line import ROUNDING, Line, Track, has_words, sample
from openline_testing.observation import OVER, Observation
from openline_testing.scope import queue_of
from openline_testing.window_laws import FRAME, WindowLaws
from openline_testing.word_laws import Held, WordLaws

#: A pause that counts at once, in errors of the times, and how far before its end a mark lies.
WIDE: Final = 6
BEFORE_WORDS: Final = 2
_NONE: Final = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)


class MarkLaws:
    """Observes the confirmed watermark of every source."""

    __slots__ = ("_error", "_line", "_seen", "_window", "_words")

    def __init__(self, seen: Observation, line: Line, words: WordLaws, window: WindowLaws) -> None:
        self._seen = seen
        self._line = line
        self._words = words
        self._window = window
        self._error = int(seen.dialect.traits.time_error * SAMPLE_RATE)

    def settle(self) -> None:
        """All commands of the event are read: check how the marks moved."""
        line = self._line
        if self._seen.ended is not None:
            return
        for source, now in line.after.sources.items():
            if source not in line.origins:
                continue  # it has not started
            before = line.before.sources.get(source, _NONE)
            if line.finished:
                self._proves(source, before, now)
            elif now.confirmed != before.confirmed and not self._is_told(source, before, now):
                self._moved(source)
            if line.open and isinstance(line.message, Heard) and line.source == source:
                self._hears(line.message, source)

    def _is_told(self, source: str, before: SourceStatistics, now: SourceStatistics) -> bool:
        """Whether it may have moved without proof: ignored, or told as the audio was lost."""
        kept = self._seen.policy.buffer_of(self._seen.dialect.traits) * SAMPLE_RATE - 2 * FRAME
        full = now.captured - before.confirmed >= kept
        return now.told != before.told or full or self._line.track(source).ignored

    def _moved(self, source: str) -> None:
        line, message = self._line, self._line.message
        if not line.open or not isinstance(message, Heard | Metrics | Lost):
            event = type(message or self._seen.event).__name__
            self._broken("marks", f"{source} was confirmed by {event}")
        if line.source is None or (line.source != source and not line.dropped):
            self._broken("marks", f"{source} was confirmed by a message about {line.source}")
        track, mark = line.track(source), line.mark(source, line.after)
        limit = max(line.mark(source, line.before), self._passed(source, track))
        if isinstance(message, Heard) and message.final:
            proved = self._by_words(source) if line.claimed else self._by_end(message, track)
            limit = max(limit, proved)
        if mark > limit + ROUNDING + line.dropped * FRAME:
            at = f"{mark / SAMPLE_RATE:.3f} s, not {limit / SAMPLE_RATE:.3f}"
            self._broken("marks", f"{source} is confirmed to {at}")
        if line.claimed:
            self._is_free(source, mark)

    def _passed(self, source: str, track: Track) -> int:
        """How far the horizon confirms audio, silence too, at most."""
        horizon = int(self._seen.dialect.traits.horizon * SAMPLE_RATE)
        passed = track.at(self._window.drained(source) - horizon)
        live = self._words.partial(source)
        if live is not None and self._line.claimed:
            passed = min(passed, sample(live.start) - self._error)
        return passed

    def _by_end(self, heard: Heard, track: Track) -> int:
        """How far a final with an exact end confirms audio."""
        return track.at(to_samples(heard.end or 0.0)) if self._is_proof(heard) else 0

    def _is_proof(self, heard: Heard) -> bool:
        """Whether the end of a final is exact; one before its beginning proves nothing."""
        has_end = heard.end is not None and (heard.start is None or heard.start <= heard.end)
        return has_end and not self._line.claimed and not self._seen.finished

    def _by_words(self, source: str) -> int:
        """How far a final with a claimed end confirms audio, at most."""
        line, new = self._line, self._words.new
        track = line.track(source)
        if not new:
            return 0
        start = sample(new[0].start)
        end = track.first if track.end is None else track.end
        limit = 0
        if start >= end + WIDE * self._error - ROUNDING:
            limit = start - BEFORE_WORDS * self._error
        run = [each.start for each in self._held(source)] + [
            each.start for each in self._words.promoted if each.said.source == source
        ]
        newest, longest = max([*run, start]), self._seen.dialect.traits.longest_run * SAMPLE_RATE
        # The edge of a chunk counts from half of the longest run on.
        # A final whose beginning is not possible counts from the one before, or from the mark.
        if newest - min(*run, line.mark(source, line.before)) > longest // 2 - ROUNDING:
            limit = max(limit, newest)
        return limit

    def _held(self, source: str) -> list[Held]:
        """The finals of the live dial that are held."""
        held = self._words.held.values()
        dial = self._line.dial
        return [each for each in held if each.said.source == source and each.dial == dial]

    def _is_open(self, source: str) -> bool:
        """Whether a final of a lost dial is held: last words may yet decide what becomes of it."""
        dial = self._line.dial
        held = [*self._words.held.values(), *self._words.promoted]
        return any(each.said.source == source and each.dial != dial for each in held)

    def _is_free(self, source: str, mark: int) -> None:
        """No mark lies within a held final; figures keep off its edges too."""
        near = 0 if isinstance(self._line.message, Heard) else self._error
        if self._line.dropped:
            near = 0
        for each in self._held(source):
            low, high = each.start - near, each.place + near
            if low + ROUNDING < mark < high - ROUNDING:
                at = f"{mark / SAMPLE_RATE:.3f} s, in {each.said.id}"
                self._broken("marks", f"{source} is confirmed to {at}")

    def _hears(self, heard: Heard, source: str) -> None:
        """Note the end that a final claims; an exact one confirms to it."""
        if not heard.final or not has_words(heard.text):
            return
        line, track = self._line, self._line.track(source)
        for each in self._words.new:
            end = sample(each.end)
            if self._is_proof(heard) and line.mark(source, line.after) < end - ROUNDING:
                self._broken("marks", f"{each.id} ends at {each.end:.3f} s and does not confirm it")
            track.end = max(track.end or 0, end)

    def _proves(self, source: str, before: SourceStatistics, now: SourceStatistics) -> None:
        """What the final message confirms of a source."""
        line, seen = self._line, self._seen
        if seen.state not in {State.CLOSING, *OVER}:
            return  # another law
        track = line.tracks.get(source)
        if track is None or track.ignored or not track.sent:
            return
        others = {each.spoke for each in line.tracks.values() if each is not track}
        silent = track.spoke is False and True in others
        unsure = track.spoke is not True and others - {False} and not silent
        queue = queue_of(seen.dialect.traits, line.queue)
        beyond = track.sent - self._window.drained(source) > queue * SAMPLE_RATE
        if line.doubtful or line.dropped or silent or (beyond and track.figures):
            if now.confirmed != before.confirmed:
                why = "nothing came of it" if silent else "audio was or may have been dropped"
                self._broken("the final proof", f"{source} was confirmed, though {why}")
        elif not (unsure or self._is_open(source)) and now.confirmed != now.sent:
            left = now.sent - now.confirmed
            live = self._words.partial(source)
            if line.claimed and live is not None:
                if now.confirmed != before.confirmed:
                    self._broken("the final proof", f"{source} was confirmed, and words are left")
                return
            if live is None:
                self._broken("the final proof", f"{left} samples of {source} are not confirmed")
            closed = min(sample(live.start) - self._error, line.origins[source] + now.sent)
            if line.mark(source, line.after) < closed - ROUNDING:
                self._broken("the final proof", f"{source} is not confirmed up to its partial")

    def _broken(self, law: str, what: str) -> NoReturn:
        broken(law, what, self._seen.now)
