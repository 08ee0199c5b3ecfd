"""The view for a terminal: words scroll by above a box with the state of the line.

Finals and notable events are printed once and scroll away. Below them, redrawn ten times a
second, stand the live partials, dimmed, and a box with the state in the
colour of its role, the loudness of each source, and how far its audio was captured,
sent and confirmed. When the session is over the box disappears and the words stay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from openline.updates import (
    SAMPLE_RATE,
    Ended,
    PartialRetracted,
    SourceStatistics,
    State,
    StateChanged,
    Transcript,
    Update,
)
from openline_cli import meters
from openline_cli.colours import STATES
from openline_cli.plain import clock, note_line, words_for
from openline_cli.problems import printable
from openline_cli.view import Snapshot

_MOST_COLUMNS: Final = 100
#: The terminal echoes two Ctrl-C as "^C^C"; in a full line that would wrap and shift the box.
_ECHO_COLUMNS: Final = 4
_LEVEL_CELLS: Final = 16
_LEVELS_KEPT: Final = 64
_PARTIAL_LINES: Final = 3
#: Settled partials that are drawn; the older ones come as finals soon.
_SETTLED_LINES: Final = 5
#: States that get a line of their own among the scrolling text.
_TOLD: Final = frozenset({State.RECONNECTING, State.FAILED})
_NOTHING: Final = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)


class LiveView:
    """A session in a terminal. ``durations``: seconds of each source, None if unknown."""

    interval: float | None = 0.1

    def __init__(
        self, console: Console, *, address: str, durations: Mapping[str, float | None]
    ) -> None:
        """Nothing is drawn before the first ``flush``."""
        self._console = console
        self._address = address
        self._durations = dict(durations)
        self._state = StateChanged(state=State.IDLE, dial=0)
        self._partials: dict[str, Transcript] = {}
        self._settled: dict[str, Transcript] = {}
        self._levels = {name: deque[float](maxlen=_LEVELS_KEPT) for name in durations}
        self._sources: Mapping[str, SourceStatistics] = {}
        self._elapsed = 0.0
        self._retry_at = 0.0
        self._told_reason = ""
        self._lines: list[RenderableType] = []
        self._over = False
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def show(self, update: Update) -> None:
        """Add an update: a line to scroll, or a change of the box."""
        match update:
            case Transcript():
                self._transcribe(update)
            case PartialRetracted(source=source, settled=settled):
                self._partials.pop(source, None)
                if settled:
                    kept = {n: each for n, each in self._settled.items() if each.source != source}
                    self._settled = kept
            case StateChanged():
                self._change(update)
            case Ended():
                self._over = True
            case _:
                if (note := note_line(update)) is not None:
                    self._lines.append(self._note(note, "yellow"))

    def _transcribe(self, update: Transcript) -> None:
        """A final scrolls; a settled partial stands above the live one until it is final."""
        if not update.settled or not update.final:
            self._partials.pop(update.source, None)
        if update.final:
            self._settled.pop(update.id, None)
            self._lines.append(self._words(update))
        elif update.settled:
            self._settled[update.id] = update
        else:
            self._partials[update.source] = update

    def glance(self, glance: Snapshot) -> None:
        """Show these levels and watermarks at the next ``flush``."""
        self._elapsed = glance.elapsed
        self._sources = glance.sources
        for name, level in glance.levels.items():
            self._levels[name].append(level)

    def note(self, text: str) -> None:
        """Add a line to scroll."""
        self._lines.append(self._note(text, "yellow"))

    def flush(self) -> None:
        """Print the new lines and redraw the box."""
        if self._over:
            self._live.stop()
        elif not self._live.is_started:
            self._live.start()
        lines, self._lines = self._lines, []
        for line in lines:
            self._console.print(line)
        if not self._over:
            self._live.update(self.drawing(), refresh=True)

    def close(self) -> None:
        """Remove the box and restore the terminal."""
        self._live.stop()

    # Lines that scroll.

    def _change(self, update: StateChanged) -> None:
        if self._is_news(update) and (note := note_line(update)) is not None:
            self._lines.append(self._note(note, STATES[update.state]))
        if update.reason:
            self._told_reason = update.reason
        self._state = update
        self._retry_at = self._elapsed + (update.retry_in or 0.0)

    def _is_news(self, update: StateChanged) -> bool:
        """Whether it is a loss with a new reason (the box counts the delays), or a reconnect."""
        if update.state is State.STREAMING:
            self._told_reason = ""
            return update.dial > 1
        return update.state in _TOLD and update.reason != self._told_reason

    def _note(self, text: str, style: str) -> RenderableType:
        return self._row("", "", Text(text.removeprefix("-- "), style=style))

    def _words(self, transcript: Transcript) -> RenderableType:
        text = printable(transcript.text)
        style = "" if transcript.final else "dim" if transcript.settled else "dim italic"
        if not (transcript.final or transcript.settled):
            text = f"{self._tail(text).rstrip(' .…')} …"
        return self._row(clock(transcript.start), transcript.source, Text(text, style=style))

    def _row(self, at: str, source: str, text: Text) -> Table:
        several = len(self._durations) > 1
        row = Table.grid(padding=(0, 2, 0, 0))
        row.width = self._width
        row.add_column(width=9, justify="right", style="bright_black", no_wrap=True)
        if several:
            row.add_column(width=6, style="cyan", no_wrap=True)
        row.add_column(ratio=1, overflow="fold")
        row.add_row(at, *([source] if several else []), text)
        return row

    def _tail(self, text: str) -> str:
        """The end of a partial that does not fit into its few lines."""
        room = _PARTIAL_LINES * max(20, self._width - 22)
        return text if len(text) <= room else "… " + text[-room:]

    # The part that is redrawn.

    @property
    def _width(self) -> int:
        return max(1, min(self._console.width - _ECHO_COLUMNS, _MOST_COLUMNS))

    def drawing(self) -> RenderableType:
        """The partials and the box."""
        settled = list(self._settled.values())[-_SETTLED_LINES:]
        partials = [self._words(partial) for partial in [*settled, *self._partials.values()]]
        title = Text.assemble(("openline", "bold"), (f"  {self._address}", "bright_black"))
        title.truncate(self._width - 6, overflow="ellipsis")
        panel = Panel(
            Group(self._header(), *self._meters()),
            box=box.ROUNDED,
            title=title,
            title_align="left",
            subtitle=meters.legend(),
            subtitle_align="right",
            border_style=STATES[self._state.state],
            width=self._width,
        )
        return Group(*partials, Text(""), panel)

    def _header(self) -> Table:
        colour = STATES[self._state.state]
        state = Text.assemble(("● ", colour), (words_for(self._state.state), f"bold {colour}"))
        heard = max((s.captured for s in self._sources.values()), default=0) / SAMPLE_RATE
        whole = max((d for d in self._durations.values() if d is not None), default=None)
        time = clock(heard) if whole is None else f"{clock(heard)} / {clock(whole)}"
        header = Table.grid(expand=True, padding=(0, 2, 0, 0))
        header.add_column(no_wrap=True)
        header.add_column(ratio=1, no_wrap=True, overflow="ellipsis", style="bright_black")
        header.add_column(justify="right", no_wrap=True)
        header.add_row(state, self._detail(), time)
        return header

    def _detail(self) -> str:
        update = self._state
        parts: list[str] = []
        if update.retry_in is not None:
            parts.append(
                f"dial {update.dial + 1} in {max(0.0, self._retry_at - self._elapsed):.1f} s"
            )
        elif update.dial:
            parts.append(f"dial {update.dial}")
        if update.reason:
            parts.append(printable(update.reason))
        return ", ".join(parts)

    def _meters(self) -> list[RenderableType]:
        # The box takes 4 columns; the name, the level and the figures have theirs.
        cells = max(8, self._width - 4 - 8 - _LEVEL_CELLS - 2 - 2 - 18)
        rows: list[RenderableType] = []
        for name, duration in self._durations.items():
            statistics = self._sources.get(name, _NOTHING)
            row = Table.grid(padding=(0, 2, 0, 0))
            row.add_column(width=6, no_wrap=True)
            row.add_column(width=_LEVEL_CELLS, no_wrap=True)
            row.add_column(width=cells, no_wrap=True)
            row.add_column(width=18, no_wrap=True, justify="right", style="bright_black")
            bar = Text("") if duration is None else meters.watermarks(statistics, duration, cells)
            level = meters.loudness(self._levels[name], _LEVEL_CELLS)
            row.add_row(name, level, bar, f"confirmed {statistics.confirmed / SAMPLE_RATE:.1f} s")
            rows.append(row)
        return rows
