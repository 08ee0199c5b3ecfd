"""DOT made SVG by graphviz-pure, a Graphviz in a wheel, and tidied for any font.

Graphviz places each piece of a row by the letters of Arial. Where another font stands
in, the pieces would overlap; so a row becomes one text of several spans, which flow. The
names that only Graphviz needs (they would pop up under the mouse) are removed, and the
sheet gets its size and title. The same DOT gives the same bytes of SVG on every machine.
"""

from __future__ import annotations

import re
import subprocess
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Final

_PACKAGE: Final = "graphviz-pure"
#: Seconds. It takes a tenth of one.
_PATIENCE: Final = 60
_FONTS: Final = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_SHEET: Final = re.compile(r'bb="0,0,([0-9.]+),([0-9.]+)"')
_TEXT: Final = re.compile(
    r'<text xml:space="preserve" text-anchor="start" x="(?P<x>[^"]+)" y="(?P<y>[^"]+)"'
    r' font-family="[^"]+"(?P<style>[^>]*)>(?P<text>.*)</text>'
)
_NEEDLESS: Final = re.compile(r"<!--.*?-->\n?|<title>.*?</title>\n?|<!DOCTYPE.*?>\n?", re.DOTALL)
_ROOT: Final = re.compile(r"<svg .*?>\n", re.DOTALL)


class DrawingError(Exception):
    """The drawing cannot be made; the text is one line with the remedy."""


def svg(dot: str, *, title: str) -> str:
    """The SVG of ``dot``, whose graph gives its size as ``bb="0,0,width,height"``.

    ``title`` is the text for a screen reader. Raises DrawingError.
    """
    sheet = _SHEET.search(dot)
    if sheet is None:
        raise DrawingError('the drawing has no size: give the graph bb="0,0,width,height"')
    wide, high = (f"{float(size):.0f}" for size in sheet.groups())
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
        f' viewBox="0 0 {wide} {high}" role="img" font-family="{_FONTS}">\n'
        f"<title>{escape(title)}</title>\n"
    )
    drawn = _NEEDLESS.sub("", _run(dot, "-Tsvg").decode())
    return _flow(_ROOT.sub(root, drawn, count=1))


def png(dot: str, *, dpi: int = 144) -> bytes:
    """The PNG of ``dot``, for paper: LaTeX reads it, but needs a converter for SVG.

    At 72 ``dpi`` a pixel is a point. Raises DrawingError.
    """
    return _run(dot, "-Tpng", f"-Gdpi={dpi}")


def _run(dot: str, *options: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603  # the program of our own dependency, no shell
            [str(_program()), *options],
            input=dot.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        raise DrawingError(f"{_PACKAGE} does not run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise DrawingError(f"{_PACKAGE} took more than {_PATIENCE} s") from None
    errors = " ".join(done.stderr.decode("utf-8", "replace").split())
    if done.returncode != 0 or errors:
        raise DrawingError(f"{_PACKAGE} cannot draw this: {errors or done.returncode}")
    return done.stdout


def _program() -> Path:
    """The path of the wheel's program."""
    try:
        files = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == _PACKAGE:
            return Path(str(file.locate()))
    raise DrawingError(f"{_PACKAGE} is not installed: pip install 'openline[diagrams]'")


def _flow(drawn: str) -> str:
    """The same with each row of text in one element."""
    out: list[str] = []
    row: tuple[str, str] | None = None
    for line in drawn.splitlines():
        piece = _TEXT.fullmatch(line)
        if row is not None and (piece is None or piece["y"] != row[1]):
            out.append("</text>")
            row = None
        if piece is None:
            out.append(line)
            continue
        if row is None:
            row = piece["x"], piece["y"]
            out.append(f'<text xml:space="preserve" x="{row[0]}" y="{row[1]}">')
        out[-1] += f"<tspan{piece['style']}>{piece['text']}</tspan>"
    return "\n".join(out).replace("\n</text>", "</text>") + "\n"
