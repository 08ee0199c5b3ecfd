"""The laws of words: what the backend says is told at once, and what is final stays as it is.

Where the ends of finals are exact, a final is told as final at once. Where they are claims it
is *held*: told as a settled partial, which becomes final once the confirmed watermark has
passed it. A loss retracts the held finals and puts them *aside*, for their audio is sent again:
each becomes final after all, or is counted as replaced by what the later dial heard there.
"""

from __future__ import annotations

from typing import Final, NoReturn

from msgspec.structs import replace

from openline.dialects.protocol import Heard
from openline.updates import (
    SAMPLE_RATE,
    Ended,
    PartialRetracted,
    State,
    Statistics,
    Transcript,
    to_samples,
)
from openline_testing.laws import broken
from openline_testing.line import ACKED, ROUNDING, Line, Track, has_words, sample
from openline_testing.observation import OVER, Observation

FRAME: Final = 320
#: Letters a second, at most: fast speech has 8 syllables of 2.5 letters. An estimate.
LETTERS: Final = 25
#: Seconds: two readings of one word lie at most so far apart.
NEAR: Final = 2.0


class Held:
    """A final that is not final yet, and the dial that it came on."""

    __slots__ = ("dial", "first", "order", "said", "shown", "track")

    def __init__(self, said: Transcript, dial: int, track: Track, first: int) -> None:
        self.said = said
        self.first = first  # where it begins for the marks, at the earliest
        self.dial = dial
        self.track = track
        self.order = len(track.beginnings) + 1  # of the beginnings that came later
        self.shown = True

    @property
    def start(self) -> int:
        """Its beginning, in session samples."""
        return sample(self.said.start)

    @property
    def place(self) -> int:
        """Where it ends for the marks, at the least: the next words may begin before its end."""
        return self.track.place(self.start, sample(self.said.end))


class WordLaws:
    """Observes transcripts, and the messages that they come from."""

    __slots__ = (
        "_dials",
        "_ids",
        "_line",
        "_live",
        "_seen",
        "finals",
        "held",
        "new",
        "promoted",
    )

    def __init__(self, seen: Observation, line: Line) -> None:
        self._seen = seen
        self._line = line
        self._live: dict[str, Transcript] = {}
        self.held: dict[str, Held] = {}  # by id; those that are final leave it
        self._ids: set[str] = set()
        self._dials: dict[str, tuple[int, int]] = {}  # each final's dial and ``first``, by its id
        self.finals: list[Transcript] = []
        # In this event.
        self.new: list[Transcript] = []  # those that no earlier report announced
        self.promoted: list[Held] = []  # those that are final now, and were held

    def happened(self) -> None:
        """After the event was noted, before its commands."""
        self.new, self.promoted = [], []

    def partial(self, source: str) -> Transcript | None:
        """The live partial of the source."""
        return self._live.get(source)

    # Reports.

    def reported(self, update: Transcript | PartialRetracted) -> None:
        """Check a report."""
        if isinstance(update, PartialRetracted):
            self._retracts(update.source, settled=update.settled)
            return
        if not 0 <= update.start <= update.end:
            self._broken("words are told", f"from {update.start:.3f} to {update.end:.3f} s")
        known = self.held.get(update.id)
        if update.final:
            self._becomes_final(update, known)
        elif update.settled:
            self._settles(update, known)
        else:
            if update.id:
                self._broken("held finals", f"a live partial has the id {update.id}")
            self.new.append(update)
            self._live[update.source] = update

    def _retracts(self, source: str, *, settled: bool) -> None:
        shown = [each for each in self.held.values() if each.shown and each.said.source == source]
        shown = shown if settled else []
        if source not in self._live and not shown:
            self._broken("partials end", f"retracted one of {source} that is not there")
        self._live.pop(source, None)
        for each in shown:
            each.shown = False

    def _becomes_final(self, final: Transcript, known: Held | None) -> None:
        if final.settled is not (known is not None) or not final.id:
            self._broken("held finals", f"a final with settled={final.settled}, id {final.id!r}")
        if known is None:
            if final.id in self._ids:
                self._broken("transcripts in order", f"the final {final.id} is told again")
            self._ids.add(final.id)
            self.new.append(final)
            self._live.pop(final.source, None)
            self._dials[final.id] = (self._line.dial, sample(final.start))
        else:
            if replace(final, final=False) != known.said:
                self._broken("transcripts in order", f"the held final {final.id} was revised")
            del self.held[final.id]
            self.promoted.append(known)
            self._dials[final.id] = (known.dial, known.first)
        self.finals.append(final)

    def _settles(self, said: Transcript, known: Held | None) -> None:
        if known is not None and known.said == said and not known.shown:
            known.shown = True  # shown again, after the live partial beside it was retracted
            return
        if not said.id or said.id in self._ids:
            self._broken("held finals", f"a settled partial has the id {said.id!r}")
        if not self._line.claimed:
            self._broken("held finals", f"{said.id} is held, and the ends are exact")
        self._ids.add(said.id)
        self.new.append(said)
        self._live.pop(said.source, None)
        self.held[said.id] = Held(
            said, self._line.dial, self._line.track(said.source), self._first(said)
        )

    def _first(self, said: Transcript) -> int:
        """Where a final begins for the marks, at the earliest.

        A claim that is not possible counts from the mark: its words would end behind what was sent,
        would have been transcribed at once, or would be too long for its audio.
        """
        line = self._line
        least = sum(not each.isspace() for each in said.text) * SAMPLE_RATE // LETTERS
        sent = line.origins[said.source] + line.after.sources[said.source].sent
        start, end = sample(said.start), sample(said.end)
        late = sent - least - 3 * to_samples(self._seen.dialect.traits.time_error) // 2
        if end < sent - ROUNDING and start < late - ROUNDING and end - start > least + ROUNDING:
            return start
        return min(start, line.mark(said.source, line.before))

    # After the commands.

    def settle(self) -> None:
        """All commands of the event are read: check them together."""
        heard = self._line.message
        if isinstance(heard, Heard):
            self._hears(heard)
        elif self.new:
            self._broken("words are told", "a transcript came without words of the backend")
        self._counts(heard)
        for each in self.promoted:
            self._may_be_final(each)

    def _hears(self, heard: Heard) -> None:
        line, source = self._line, self._line.source
        words = has_words(heard.text)
        mine = [each for each in self.new if each.source == source and each.text == heard.text]
        if len(self.new) > len(mine) or len(mine) > 1 or (mine and not line.open):
            self._broken("words are told", f"{len(self.new)} transcripts of one message")
        if heard.final and mine and not words:
            self._broken("words are told", f"{heard.text!r} is told, and says nothing")
        if not line.open or source is None:
            return
        track = line.track(source)
        if mine:
            self._is_as_heard(heard, mine[0], track)
        elif words and (heard.final or not self._seen.finished):
            kind = "final" if heard.final else "partial"
            self._broken("words are told", f"a {kind} of {source} was heard, and not told")

    def _is_as_heard(self, heard: Heard, told: Transcript, track: Track) -> None:
        settled = told.settled or told.final
        if settled is not heard.final:
            self._broken("words are told", f"final={heard.final} was heard, and told otherwise")
        self._is_where_heard(heard, told, track)
        track.beginnings.append(sample(told.start))
        if not heard.final:
            return
        closing = self._seen.state in {State.CLOSING, *OVER} or track.ignored
        if told.final and self._line.claimed and not closing:
            self._broken("held finals", f"{told.id} was final at once, and its end is a claim")
        if told.seam is not (track.source in self._line.cuts):
            self._broken("seams", f"{told.id} has seam={told.seam}")
        self._line.cuts.discard(track.source)

    def _is_where_heard(self, heard: Heard, told: Transcript, track: Track) -> None:
        """Its times are the claimed ones, within what this dial was sent.

        Behind a drop the backend's clock is slow, by as much as it dropped at most.
        """
        late = self._line.dropped * FRAME
        first = to_samples(0.0 if heard.start is None else heard.start)
        last = track.sent if heard.end is None else max(first, to_samples(heard.end))
        for name, claimed, at in (("start", first, told.start), ("end", last, told.end)):
            if not track.sent or (name == "start" and heard.start is None):
                continue
            low, high = track.at(claimed - 1), track.at(claimed + late + 1)
            if not low - ROUNDING <= sample(at) <= high + ROUNDING:
                span = f"{low / SAMPLE_RATE:.3f} to {high / SAMPLE_RATE:.3f}"
                self._broken("words are told", f"the {name} is {at:.3f} s, not {span}")

    def _counts(self, heard: object) -> None:
        line = self._line
        untold = line.after.untold - line.before.untold
        least, most = self._untold(heard)
        if not least <= untold <= most:
            self._broken("words are told", f"{untold} are counted as untold, not {least} to {most}")
        replaced = line.after.replaced
        aside = [
            each
            for each in self.held.values()
            if not self._is_live(each) or self._is_ignored(each.said.source)
        ]
        if replaced < line.before.replaced or replaced > len(aside):
            self._broken("held finals", f"{replaced} were replaced, of {len(aside)} put aside")

    def _untold(self, heard: object) -> tuple[int, int]:
        """How many messages are untold in this event: at least and at most."""
        line, state = self._line, self._seen.state
        if line.is_malformed:
            return int(line.open and state in ACKED), 1
        if not isinstance(heard, Heard) or (line.open and line.source is not None):
            return 0, 0
        certain = heard.final and has_words(heard.text) and state in {*ACKED, State.AWAITING_ACK}
        return int(certain), 1

    def _may_be_final(self, held: Held) -> None:
        """Check that the time had come for a held final to become final."""
        seen, line, source = self._seen, self._line, held.said.source
        if seen.state in {State.CLOSING, *OVER} or line.finished:
            return
        if self._is_ignored(source):
            return
        mark = line.mark(source, line.after)
        if mark >= held.place - ROUNDING:
            return
        # A beginning that is not possible counts from the mark. So it may be cut where any final
        # begins that came later, though its own claim begins behind that.
        before = line.mark(source, line.before)
        if held.first < held.start and any(
            before < each <= mark + ROUNDING for each in held.track.beginnings[held.order :]
        ):
            return
        if held.dial == line.dial and not self._is_live(held) and held.start < before:
            return  # its beginning is not sent again, so no other dial can say all of it
        captured = line.origins[source] + line.after.sources[source].captured
        kept = seen.policy.buffer_of(seen.dialect.traits) * SAMPLE_RATE - 2 * FRAME
        if captured - held.first < kept:
            at = f"{mark / SAMPLE_RATE:.3f} s is confirmed, not {held.place / SAMPLE_RATE:.3f}"
            self._broken("held finals", f"{held.said.id} became final too early: {at}")

    def _is_ignored(self, source: str) -> bool:
        """Whether the live dial's backend ignores the source: nothing more is proved of it."""
        track = self._line.tracks.get(source)
        return track is not None and track.ignored

    def _is_live(self, held: Held) -> bool:
        """Whether its dial is the live one."""
        return held.dial == self._line.dial and self._seen.live == held.dial

    def rest(self) -> None:
        """The session rests: a partial lives no longer than its dial."""
        seen = self._seen
        if seen.live is not None and seen.acked:
            gone = [each.said.id for each in self.held.values() if self._is_hidden(each)]
            if gone:
                self._broken("partials end", f"{gone[0]} was retracted, and its dial lives")
            return
        live = [*self._live]
        live += [each.said.source for each in self.held.values() if each.shown]
        if live:
            self._broken("partials end", f"one of {min(live)} outlives its dial")

    def _is_hidden(self, held: Held) -> bool:
        return self._is_live(held) and not held.shown

    # The end.

    def ends(self, ended: Ended) -> None:
        """Check the transcript of the result against the reports."""
        finals = [*ended.transcript]
        if sorted(finals, key=_order) != sorted(self.finals, key=_order):
            found = f"{len(self.finals)} finals were reported, the result has {len(finals)}"
            self._broken("complete", found)
        starts = [each.start for each in finals]
        if starts != sorted(starts):
            self._broken("transcripts in order", "the result is not ordered by beginnings")
        self._accounted(ended.statistics)

    def _accounted(self, statistics: Statistics) -> None:
        if len(self.held) != statistics.replaced:
            found = f"{len(self.held)} never became final, {statistics.replaced} were replaced"
            self._broken("held finals", found)
        for each in self.held.values():
            if not any(self._is_there(other, each) for other in self.finals):
                found = f"{each.said.id} was replaced, and nothing else is there"
                self._broken("held finals", found)

    def _is_there(self, other: Transcript, held: Held) -> bool:
        """Whether another dial heard ``other`` where ``held`` was heard.

        The same words may lie 2 s away, or where a claim that is not possible may begin; other
        words must be claimed for the same place.
        """
        said, (dial, first) = held.said, self._dials[other.id]
        if dial == held.dial or other.source != said.source:
            return False
        start, begin, near = said.start, other.start, self._seen.dialect.traits.time_error
        if {*said.text.casefold().split()} & {*other.text.casefold().split()}:
            start, begin = held.first / SAMPLE_RATE, first / SAMPLE_RATE
            near = max(near, NEAR)
        return begin <= said.end + near and other.end >= start - near

    def _broken(self, law: str, what: str) -> NoReturn:
        broken(law, what, self._seen.now)


def _order(transcript: Transcript) -> tuple[float, float, str]:
    return transcript.start, transcript.end, transcript.id
