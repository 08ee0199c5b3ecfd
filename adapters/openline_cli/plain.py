"""The view for pipes and logs: a line for each event, and no colour.

Words go to one place (stdout) and everything about them to another (stderr), so that
``openline stream talk.wav > talk.txt`` holds the transcript; the demo sends both to one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from openline.updates import (
    SAMPLE_RATE,
    BackendStatus,
    Ended,
    Gap,
    GapWithdrawn,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceEndReason,
    SourceHeld,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_cli.problems import printable
from openline_cli.view import Snapshot
from openline_speech.formats import length

#: Statuses of the backend that only repeat the session's own state.
ROUTINE: Final = frozenset({"connected", "streaming"})
#: Troubles that the user caused with Ctrl-C.
EXPECTED: Final = frozenset({"late_audio"})


class PlainView:
    """Lines for finals, states and losses; with ``partials`` also for partials."""

    def __init__(
        self,
        words: Callable[[str], object],
        notes: Callable[[str], object],
        *,
        partials: bool = False,
        interval: float | None = None,
    ) -> None:
        """``words`` writes text, ``notes`` a line; ``interval``: seconds between two glances."""
        self.interval = interval
        self._partials = partials
        self._words, self._notes = words, notes
        self._lines: list[tuple[bool, str]] = []

    def show(self, update: Update) -> None:
        """Add the line for ``update``, if it has one."""
        if isinstance(update, Transcript):
            if update.final or self._partials:
                self._lines.append((False, transcript_line(update)))
        elif (note := note_line(update)) is not None:
            self._lines.append((True, note))

    def glance(self, glance: Snapshot) -> None:
        """Add a line for each source: its level and its watermarks."""
        for name, source in glance.sources.items():
            level = decibels(glance.levels.get(name, 0.0))
            done = ", ".join(
                f"{word} {getattr(source, word) / SAMPLE_RATE:.1f} s"
                for word in ("captured", "sent", "confirmed")
            )
            self._lines.append((True, f"-- {name}: level {level:.0f} dB, {done}"))

    def note(self, text: str) -> None:
        """Add a line among the notes."""
        self._lines.append((True, f"-- {text}"))

    def flush(self) -> None:
        """Write the added lines; blocks while the reader does not read."""
        lines, self._lines = self._lines, []
        for is_note, text in lines:
            if is_note:
                self._notes(text)
            else:
                self._words(f"{text}\n")

    def close(self) -> None:
        """Nothing is open."""


def clock(seconds: float) -> str:
    """Session time such as 1:02.5, with hours from the first hour on: 1:00:02.5."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    rest = f"{tenths // 10:02d}.{tenths % 10}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def decibels(level: float) -> float:
    """An RMS of 0 to 1 in dB of full scale, at least one step of 16 bits (-90 dB)."""
    return 20 * math.log10(max(level, 2**-15))


def transcript_line(transcript: Transcript) -> str:
    """The time, the source and the words; a partial is marked with a tilde."""
    mark = "" if transcript.final else "~ "
    return (
        f"{clock(transcript.start):>8}  {transcript.source:<6}  {mark}{printable(transcript.text)}"
    )


def note_line(update: Update) -> str | None:
    """The line for an update that is no transcript; None if it has none."""
    match update:
        case StateChanged():
            return f"-- {describe_state(update)}"
        case Gap():
            return f"-- {describe_gap(update)}"
        case GapWithdrawn():
            return f"-- no longer missing, since it was confirmed: {describe_gap(update.gap)}"
        case Resumed():
            return f"-- this process was suspended for {update.gap:.1f} s, and goes on"
        case SourceEnded() if update.cause is not SourceEndReason.EXHAUSTED:
            return f"-- {update.source} was lost: {printable(update.reason)}"
        case SourceHeld():
            return f"-- {update.source} is held: {printable(update.reason)}"
        case SourceChanged():
            return f"-- {update.source} is {printable(f'{update.device}: {update.reason}')}"
        case Trouble() if update.kind not in EXPECTED:
            return f"-- {update.kind}: {printable(update.text)}"
        case BackendStatus() if update.state not in ROUTINE:
            of = f" ({update.source})" if update.source else ""
            return f"-- backend{of}: {printable(f'{update.state} {update.text}')}"
        case _:
            return None


def describe_state(update: StateChanged) -> str:
    """The state in words: its name, the dial, the reason, and the next dial."""
    text = words_for(update.state)
    if update.dial > 1 and update.state in {State.CONNECTING, State.STREAMING}:
        text += f" (dial {update.dial})"
    if update.retry_in is not None:
        text += f", next dial in {update.retry_in:.1f} s"
    if update.reason:
        text += f": {printable(update.reason)}"
    return text


def words_for(state: State) -> str:
    """A state's name for a person."""
    return state.value.replace("_", " ")


def describe_gap(gap: Gap) -> str:
    """The length, place and cause of a gap."""
    where = "at" if gap.exact else "somewhere from"
    span = f"{clock(gap.start_seconds)} to {clock(gap.end_seconds)}"
    return f"{length(gap.seconds)} of {gap.source} missing, {where} {span} ({gap.cause})"


def describe_end(ended: Ended, *, interrupted: bool = False) -> str:
    """The result in one line."""
    lost = sum(gap.samples for gap in ended.missing) / SAMPLE_RATE
    heard = any(source.captured for source in ended.statistics.sources.values())
    if lost:
        missing = f"{length(lost)} of audio missing"
    else:
        missing = "no audio lost" if heard else "nothing was streamed"
    if ended.state is State.FAILED:
        return f"failed: {printable(ended.reason)} ({missing})"
    if ended.lost_sources and not lost:  # there is no gap for what they did not hear
        return f"incomplete: {printable(ended.reason)}"
    if not ended.complete:
        return f"incomplete: {printable(ended.reason)} ({missing})"
    lead = "interrupted, and complete" if interrupted else "complete"
    if not heard:
        return f"{lead}, but there was no audio"
    unread = ended.statistics.malformed
    plural = "s" if unread > 1 else ""
    odd = f", but {unread} message{plural} of the backend could not be read" if unread else ""
    return f"{lead}: every captured sample {_fate(ended)}{odd}"


def _fate(ended: Ended) -> str:
    """What became of the audio of a complete session."""
    accounts = ended.accounts.values()
    told = ", or is in a final" if any(account.told for account in accounts) else ""
    assumed = max((account.assumed for account in accounts), default=0) / SAMPLE_RATE
    quiet = f", or was quiet ({length(assumed)} unconfirmed)" if assumed else ""
    return f"was confirmed{told}{quiet}"
