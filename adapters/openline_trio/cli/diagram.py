"""``openline diagram``: the machine drawn, or a dialect's contract told, for people's docs.

The text is the core's (``openline.diagram``); SVG needs the extra ``diagrams``. What was
asked for wrongly is said before anything is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from openline.connection import TABLE
from openline.diagram import (
    CONTRACTS,
    DARK,
    LIGHT,
    Palette,
    contract,
    dot,
    markdown,
    mermaid,
    model,
    scxml,
    xstate,
)

from .problems import FAILED, Problem
from .screen import write_out
from .writers import check_place, put

TITLE: Final = "openline: the states of a session"
#: The ends of a file's name that tell its format.
SUFFIXES: Final[Mapping[str, str]] = {
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".md": "md",
    ".json": "xstate",
    ".scxml": "scxml",
}
COLOURED: Final = ("svg", "dot", "mermaid")


def diagram(*, form: str | None, dialect: str | None, dark: bool, out: Path | None) -> int:
    """Draw, to ``out`` or to stdout. Raises Problem."""
    if dialect is not None and dialect not in CONTRACTS:
        raise Problem(f"--dialect {dialect}: nobody knows it; give {' or '.join(CONTRACTS)}")
    form = form or _guess(out, "svg" if dialect is None else "md")
    if dialect is not None and form != "md":
        raise Problem(f"--dialect {dialect}: a contract is told as md, not {form}")
    if dark and form not in COLOURED:
        raise Problem(f"--dark: {form} has no colours; use it with {', '.join(COLOURED)}")
    if out is not None:
        check_place(out)
    text = _draw(form, dialect, DARK if dark else LIGHT)
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
            f"--out {out}: its end tells no format; give --format, or {', '.join(SUFFIXES)}"
        )
    return form


def _draw(form: str, dialect: str | None, palette: Palette) -> str:
    if dialect is not None:
        return f"# The {dialect} dialect\n\n{contract(CONTRACTS[dialect])}"
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
        case _:
            return f"# The chart\n\n{markdown(drawing, TABLE)}"


def _svg(text: str) -> str:
    from openline_diagrams import DrawingError, svg

    try:
        return svg(text, title=TITLE)
    except DrawingError as error:
        raise Problem(str(error), status=FAILED) from None
