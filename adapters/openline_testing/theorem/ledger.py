"""The ledger: an independent account of every sample, compared with the session's reports.

It receives every command of the session. Each difference from the ``books`` breaks a clause of
the theorem. ``telling`` has the words, ``gaps`` the gaps, and ``result`` the end.
"""

from __future__ import annotations

from openline.commands import (
    CloseSource,
    Command,
    FetchAudio,
    Report,
    StoreAssumed,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreTold,
)
from openline.events import AbortRequested, AudioCaptured, AudioFetched, Event, SpoolFailed
from openline.updates import SAMPLE_RATE as S
from openline.updates import (
    Ended,
    Gap,
    GapWithdrawn,
    PartialRetracted,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_testing.theorem.books import LISTENING, SPEAKING, Books
from openline_testing.theorem.clauses import fail, hold
from openline_testing.theorem.gaps import check_gap, check_withdrawn, note_withdrawn
from openline_testing.theorem.result import check_end


class Ledger(Books):
    """Compares the commands of one session with its books."""

    def commanded(self, event: Event, commands: list[Command]) -> None:
        """Check the commands with which the session answers ``event``."""
        self.aborted |= isinstance(event, AbortRequested)
        self.notes_told &= not isinstance(event, SpoolFailed)
        self.open = {*self.partials}
        for command in commands:
            self.obeys(command)
        # A timer that was due before the message may have ended the dial.
        untold = self.coming is not None and self.must_tell and not self.is_told
        if untold and self.state in LISTENING:
            fail("words", f"the final {self.coming} arrived while {self.state}, and is not told")
        self.coming = None
        check_withdrawn(self)
        self.told_now.clear()
        shown = self.partials | {each.source for each in self.words.visible.values()}
        if shown and self.state not in LISTENING:
            fail("partials", f"one of {min(shown)} outlived its dial")
        if isinstance(event, AudioCaptured | AudioFetched):
            self._memory_is_bounded()

    def obeys(self, command: Command) -> None:
        """Check one command as it is carried out."""
        match command:
            case Report(update):
                if self.ended is not None:
                    fail("the result", f"{type(update).__name__} after the end")
                self._check_update(update)
            case StoreAudio(source, start, pcm):
                account = self.accounts[source]
                if start < account.stored_until:
                    fail("the disk", f"{source}: {start} is stored twice")
                account.stored_until = start + len(pcm) // 2
            case StoreConfirmed(source, position):
                confirmed = self.accounts[source].proved
                if position < confirmed:
                    fail("the disk", f"{source}: {position} is confirmed after {confirmed}")
                self.accounts[source].proved = position
            case StoreFinal(transcript=final, proves=int(position)):
                account = self.accounts[final.source]
                account.proved = max(account.proved, position)
            case StoreTold(source, start, end):
                self.told_now.append((source, start, end))
            case StoreAssumed(source, start, end):
                self._check_assumed(source, start, end)
            case FetchAudio(source, start, _):
                confirmed = self.accounts[source].proved
                what = f"{source}: {start} is fetched, and was already confirmed"
                hold("the disk", start >= confirmed, what)
            case CloseSource(source):
                self.let_go.add(source)
            case _:
                pass

    def _check_assumed(self, source: str, start: int, end: int) -> None:
        """Audio is taken for processed: it was, and there are no words in it."""
        account, what = self.accounts[source], f"{source}: [{start}, {end}) is assumed"
        hold("assumed", start < end <= account.captured, f"{what} of {account.captured}")
        hold("assumed", not self.traits.proves_silence, f"{what}, and silence is proved")
        for low, high in account.unplaced(start, end):
            if account.holes.find(0, low, high) >= 0:
                fail("assumed", f"{what}, but [{low}, {high}) was not processed")
        self.happens("silence assumed")

    def _memory_is_bounded(self) -> None:
        limit = self.most_kept
        for source, marks in self.core.snapshot().sources.items():
            kept = marks.buffered
            if kept > limit:
                fail("memory", f"{kept} samples of {source} are kept, not {limit}")

    def _check_update(self, update: Update) -> None:
        match update:
            case StateChanged(state=state):
                if self.state in SPEAKING and state not in SPEAKING:
                    self.excuse_left(has_ended=state is State.CLOSING)
                    self.check_confirmed()
                if state not in LISTENING:
                    self.growing.clear()
                self.state = state
                self.streamed |= state in SPEAKING
            case Transcript():
                self._check_words(update)
            case PartialRetracted(source=source, settled=settled):
                had_settled = settled and self.words.retracted(source)
                known = source in self.partials or had_settled
                hold("partials", known, f"{source} has none to retract")
                self.partials.discard(source)
            case Gap():
                self.told.append(update)
                check_gap(self, update)
            case GapWithdrawn(gap=gap):
                note_withdrawn(self, gap)
            case Ended():
                self.ended = update
            case Trouble(kind="unfinal"):
                self.gives_up()
            case Trouble(kind="malformed"):  # an ideal backend sends no malformed message
                fail("the wire", update.text)
            case _:
                pass

    def _check_words(self, update: Transcript) -> None:
        if not update.final and not update.settled:
            self.partials.add(update.source)
        elif not self.claims:
            hold("held", update.final, f"{update.text!r} is held, but its end is exact")
            self._check_final(update)
        elif not (update.final and self.words.becomes_final(update)):
            if self.coming is None:
                fail(
                    "in place", f"{update.text!r} is reported, but the backend did not just send it"
                )
            self.is_told = True
            self.partials.discard(update.source)
            self.words.is_told(update, self.coming, self.known)
            self.words.spans[update.id] = self.finals[self.coming][1]
            self.fill_done(update)
            if not update.final:
                self.words.settles(update)
            else:
                closing = self.state is State.CLOSING
                hold("held", closing, f"{update.text!r} is final before it is confirmed")
        if update.final:
            self.delivered.append(update)
            if self.claims:
                # The mark of a source that is ignored is where its audio ends, and proves nothing.
                mark = self.growing.get(update.source, self.mark(update.source))
                self.words.confirmed[update.id] = mark

    def _check_final(self, final: Transcript) -> None:
        """A final stands at the times of its words, without audio of an earlier dial's finals."""
        key = self.coming
        if final.text != key or key is None:
            fail("in place", f"{final.text!r} is reported, but the backend did not just send it")
        self.is_told = True
        self.partials.discard(final.source)
        source, spans = self.finals[key]
        account = self.accounts[source]
        start, end = round(final.start * S), round(final.end * S)
        what = f"{final.source}: [{start}, {end})"
        off = abs(final.start * S - start) + abs(final.end * S - end)
        if off >= 1e-6 or final.source != source:
            fail("in place", f"{what} is reported, but is of {source}, or off by {off} samples")
        hold("in place", start <= end, f"{what} ends before it begins")
        if spans:
            begins, until = spans[0][0], spans[-1][1]
            if end < until:
                fail("in place", f"{what} is cut off before {until}")
            if not account.somewhere and (start, end) != (begins, until):
                fail("in place", f"{what} was spoken at [{begins}, {until})")
        dial = int(key.split("/")[0])
        for a, b in spans:
            low = max(a, start)
            if not account.only_said_on(dial, low, b):
                fail("said twice", f"{what} lies in a final of an earlier dial")
            if account.lost.find(1, low, b) >= 0:
                fail("said twice", f"{what} lies in an earlier gap")
        account.says(spans, start, dial)

    def check_confirmed(self) -> None:
        """At the end of a dial: the backend finalised or discarded all audio it confirmed."""
        for source, figures in self.core.statistics.sources.items():
            account = self.accounts.get(source)
            if account is None:
                continue  # it has not started
            self.excuse_told(source, figures.told)
            confirmed = account.origin + figures.confirmed
            what = f"{source}: confirmed fell from {account.confirmed} to {confirmed}"
            hold("lost in silence", confirmed >= account.confirmed, what)
            account.confirmed = confirmed
            beyond: int = 0
            if source in self.growing:
                continue
            for start, end in account.unplaced(account.origin, confirmed):
                # A hole is reported only when the sender next pulls, so it is counted here.
                beyond += end - start if account.holes.find(0, start, end) >= 0 else 0
                if beyond > account.short:
                    what = f"{source}: [{start}, {end}) is confirmed, but was not processed"
                    fail("lost in silence", what)

    def close(self) -> None:
        """Check the finished session against the theorem."""
        check_end(self)
