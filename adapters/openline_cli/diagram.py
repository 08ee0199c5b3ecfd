"""``openline diagram``: draw the machine or a journal, or write out a dialect's contract.

The text is the core's (``openline_diagrams``); the chart as SVG needs the extra ``diagrams``.
Wrong options are reported before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal, JournalError
from openline.journal.replay import DivergedError
from openline.session import TABLE
from openline_cli.dialects import blamed, check_known, dialect_option
from openline_cli.journals import OPTION, choose_journal
from openline_cli.problems import FAILED, Problem
from openline_cli.screen import write_out
from openline_cli.writers import STDOUT, check_place, put
from openline_diagrams import (
    DARK,
    LIGHT,
    Contract,
    Palette,
    contract,
    dot,
    markdown,
    mermaid,
    model,
    scxml,
    sequence,
    sequence_mermaid,
    sequence_svg,
    sequence_table,
    xstate,
)
from openline_diagrams.checked import checked, promela, thinned, tla
from openline_diagrams.named import find_contract

TITLE: Final = "openline: the states of a session"
#: The format for each suffix of ``--out``.
SUFFIXES: Final[Mapping[str, str]] = {
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".md": "md",
    ".json": "xstate",
    ".scxml": "scxml",
    ".pml": "promela",
    ".tla": "tla",
}
COLOURED: Final = ("svg", "dot", "mermaid")
#: How a sequence can be drawn.
SEQUENCES: Final = ("svg", "mermaid", "md")


def _find_contract(name: str) -> Contract:
    with dialect_option(name):
        return find_contract(name)


def diagram(
    *,
    form: str | None,
    dialect: str | None,
    journal: Path | None,
    number: int | None = None,
    dark: bool,
    out: Path | None,
) -> int:
    """Draw, to ``out`` or to stdout. Raises Problem."""
    out = None if out == STDOUT else out
    spec = None if dialect is None else _find_contract(dialect)
    alone = spec if journal is None else None
    form = form or _guess(out, "svg" if alone is None else "md")
    if alone is not None and form != "md":
        raise Problem(f"--dialect {dialect}: a contract is written as md, not {form}")
    if journal is not None and form not in SEQUENCES:
        raise Problem(f"--journal: a sequence is drawn as svg, mermaid or md, not {form}")
    if number is not None and journal is None:
        raise Problem(f"{OPTION} is for one of the sessions of --journal FILE")
    if dark and form not in COLOURED:
        raise Problem(f"--dark: {form} has no colours; use it with {', '.join(COLOURED)}")
    if out is not None:
        check_place(out)
    palette = DARK if dark else LIGHT
    with blamed(dialect):
        if journal is None:
            text = _draw(form, alone, palette)
        else:
            one = choose_journal(journal, number)
            text = _draw_journal(journal, one, form, palette, spec and spec.dialect)
    if out is None:
        write_out(text)
    else:
        put(out, text)
    return 0


def _guess(out: Path | None, default: str) -> str:
    if out is None:
        return default
    form = SUFFIXES.get(out.suffix.lower())
    if form is None:
        raise Problem(
            f"--out {out}: no format for this suffix; give --format, or {', '.join(SUFFIXES)}"
        )
    return form


def _draw(form: str, spec: Contract | None, palette: Palette) -> str:
    if spec is not None:
        return f"# The {spec.dialect.name} dialect\n\n{contract(spec)}"
    drawing = model(TABLE)
    match form:
        case "svg":
            return _svg(dot(drawing, palette))
        case "dot":
            return dot(drawing, palette)
        case "mermaid":
            return mermaid(drawing, palette)
        case "xstate":
            return xstate(drawing, TABLE)
        case "scxml":
            return scxml(drawing, TABLE)
        case "promela":
            return promela(thinned(checked(TABLE)))
        case "tla":
            return tla(thinned(checked(TABLE)))
        case _:
            return f"# The chart\n\n{markdown(drawing, TABLE)}"


def _draw_journal(
    path: Path, journal: Journal, form: str, palette: Palette, dialect: Dialect | None
) -> str:
    check_known(path, journal, dialect)
    about = _about(journal)
    try:
        seq = sequence(journal, about=about, dialect=dialect)
    except JournalError as error:
        raise Problem(f"{path}: {error}") from None
    except DivergedError as error:
        first = str(error).splitlines()[0]
        raise Problem(f"{path}: {first}; see openline replay {path}", status=FAILED) from None
    match form:
        case "svg":
            return sequence_svg(seq, palette)
        case "mermaid":
            return sequence_mermaid(seq, palette)
        case _:
            return sequence_table(seq, level="#")


def _about(journal: Journal) -> str:
    torn = ", and its last line was torn" * journal.torn
    return f"To {journal.opening.backend.url}, {len(journal.entries)} steps{torn}."


def _svg(text: str) -> str:
    from openline_diagrams import DrawingError, svg

    try:
        return svg(text, title=TITLE)
    except DrawingError as error:
        raise Problem(str(error), status=FAILED) from None
