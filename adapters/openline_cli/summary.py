"""The summary of a finished session: the result, the words, the samples.

The figures are collected once; a terminal gets them as tables, a pipe as lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openline.account import Account
from openline.updates import SAMPLE_RATE, Ended, Gap, SourceEnded
from openline_cli.plain import describe_end, describe_gap
from openline_cli.problems import printable
from openline_cli.wer import WordErrors, compare, words

if TYPE_CHECKING:
    from rich.console import Console, Group, RenderableType

    from openline_cli.follow import Outcome


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one session."""

    good: bool
    headline: str
    rows: tuple[tuple[str, str], ...]
    sources: Mapping[str, Account]
    gaps: tuple[Gap, ...] = ()
    failed: tuple[SourceEnded, ...] = field(default=())


def summarise(
    outcome: Outcome, ended: Ended, *, reference: str | None = None, wordless: str | None = None
) -> Summary:
    """Collect the figures; ``reference`` is the correct transcript, if known.

    ``wordless``: why the transcript holds no words to count.
    """
    transcript = " ".join(final.text for final in ended.transcript)
    rows = [("words", wordless or str(len(words(transcript))))]
    if reference is not None and wordless is None:
        rows += _against(compare(reference, transcript))
    audio = max((s.captured for s in ended.statistics.sources.values()), default=0) / SAMPLE_RATE
    rows += [
        ("dials", str(ended.statistics.dials)),
        ("gaps", str(len(ended.missing)) if ended.missing else "none"),
        ("time", f"{outcome.seconds:.1f} s for {audio:.1f} s of audio"),
    ]
    return Summary(
        good=outcome.complete,
        headline=describe_end(ended, interrupted=outcome.is_interrupted),
        rows=tuple(rows),
        sources=ended.accounts,
        gaps=ended.missing,
        failed=ended.lost_sources,
    )


def _against(errors: WordErrors) -> list[tuple[str, str]]:
    detail = f"{errors.changed} changed, {errors.missing} missing, {errors.extra} extra"
    return [
        ("word error rate", f"{100 * errors.rate:.1f} % of {errors.reference} reference words"),
        ("wrong words", detail if errors.errors else "none"),
    ]


def as_lines(summary: Summary) -> str:
    """The summary as lines, for a pipe."""
    lines = [summary.headline]
    lines += [f"{source.source} was lost: {printable(source.reason)}" for source in summary.failed]
    lines += [f"{label}: {value}" for label, value in summary.rows]
    lines += [
        f"samples of {name}: captured {each.captured}, confirmed {each.confirmed}, "
        f"assumed {each.assumed}, told {each.told}, missing {each.missing}"
        for name, each in summary.sources.items()
    ]
    lines += [describe_gap(gap) for gap in summary.gaps]
    return "".join(f"{line}\n" for line in lines)


def print_tables(summary: Summary, console: Console) -> None:
    """Print the summary as tables on a terminal."""
    console.print(_tables(summary))


def _tables(summary: Summary) -> Group:
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    colour = "green" if summary.good else "red"
    headline = Text.assemble(("● ", colour), (summary.headline, f"bold {colour}"))
    figures = Table.grid(padding=(0, 3))
    figures.add_column(style="bright_black", no_wrap=True)
    figures.add_column(overflow="fold")
    for label, value in summary.rows:
        figures.add_row(label, Text(value, style="bold" if label == "word error rate" else ""))
    samples = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    samples.add_column("samples", style="bright_black", header_style="bright_black")
    headings = (("captured", ""), ("confirmed", "green"), ("assumed", ""), ("told", ""))
    for heading, role in headings:
        samples.add_column(heading, justify="right", style=role, header_style="bright_black")
    samples.add_column("missing", justify="right", header_style="bright_black")
    for name, each in summary.sources.items():
        counts = (each.captured, each.confirmed, each.assumed, each.told)
        missing = Text(f"{each.missing:,}", style="red" if each.missing else "")
        samples.add_row(name, *(f"{count:,}" for count in counts), missing)
    lost = [f"{each.source} was lost: {printable(each.reason)}" for each in summary.failed]
    lost += [describe_gap(gap) for gap in summary.gaps]
    parts: list[RenderableType] = [Text(""), headline, Text(""), Padding(figures, (0, 0, 0, 2))]
    if summary.sources:
        parts.append(Padding(samples, (1, 0, 0, 2)))
    parts += [Padding(Text(line, style="red"), (0, 0, 0, 2)) for line in lost]
    return Group(*parts)
