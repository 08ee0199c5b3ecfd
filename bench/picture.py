"""The picture of the ladder: for each pair, how much openline costs beside its peer.

A bar goes from 1, the peer's cost, to the median of the ratios, on a logarithmic scale: to the
left openline is cheaper, to the right it is dearer. The line over its end is the middle half of the
rounds. A bar to a bare peer is grey: it is no choice, but the least that the work can cost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import quantiles
from typing import Any, Final

from bench.ratios import spread
from bench.sheet import PALETTES, Sheet
from openline_diagrams.theme import Palette, Role

#: The bounds of the scale; a bar that leaves it ends there.
LEAST: Final = 0.003
MOST: Final = 300.0
_WIDTH: Final = 800
_LEFT, _RIGHT = 330, 636  # of the scale
_TOP, _ROW, _SPACE = 76, 17, 24


def pictures(rungs: Mapping[str, Any]) -> dict[str, str]:
    """File name → SVG."""
    return {f"ladder{suffix}.svg": _draw(rungs, palette) for suffix, palette in PALETTES}


def _across(ratio: float) -> float:
    held = min(max(ratio, LEAST), MOST)
    return _LEFT + (_RIGHT - _LEFT) * math.log(held / LEAST) / math.log(MOST / LEAST)


def _draw(rungs: Mapping[str, Any], palette: Palette) -> str:
    rows = sum(len(rung["pairs"]) for rung in rungs.values())
    bottom = _TOP + rows * _ROW + len(rungs) * _SPACE
    sheet = Sheet(_WIDTH, bottom + 16, palette, "The cost of openline beside its peers")
    sheet.text(20, 26, "The cost of openline, divided by the peer's", size=16, bold=True)
    for ratio in (0.01, 0.1, 1, 10, 100):
        at = _across(ratio)
        width = 1.0 if ratio == 1 else 0.3
        sheet.line([(at, _TOP - 8), (at, bottom)], palette.frame, width=width)
        sheet.text(at, _TOP - 14, f"{ratio:g}", anchor="middle", size=11, colour=palette.quiet)
    sheet.text(_LEFT, 42, "← cheaper", size=11, colour=palette.quiet)
    sheet.text(_RIGHT, 42, "dearer →", anchor="end", size=11, colour=palette.quiet)
    y = float(_TOP)
    for name, rung in rungs.items():
        y += _SPACE - 6
        sheet.text(20, y, name, bold=True)
        sheet.text(30 + 8.5 * len(name), y, rung["what"], size=11, colour=palette.quiet)
        y += 6
        for ours, peer in rung["pairs"]:
            costs = zip(rung["costs"][ours], rung["costs"][peer], strict=True)
            _bar(sheet, y, ours, peer, [mine / theirs for mine, theirs in costs])
            y += _ROW
    return sheet.svg()


def _bar(sheet: Sheet, top: float, ours: str, peer: str, ratios: list[float]) -> None:
    palette = sheet.palette
    low, middle, high = (
        quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    )
    colour = palette.roles[Role.LIVE if middle <= 1 else Role.WAIT].line
    if is_bare(peer):
        colour = palette.frame
    begin, end = sorted((_across(1.0), _across(middle)))
    base = top + 12
    sheet.text(_LEFT - 10, base, f"{ours} : {peer}", anchor="end", size=11)
    sheet.box(begin, top + 4, max(end - begin, 1.0), 9, colour)
    sheet.line([(_across(low), top + 8.5), (_across(high), top + 8.5)], palette.text, width=1.5)
    sheet.text(_RIGHT + 8, base, spread(ratios), size=11)


def is_bare(peer: str) -> bool:
    """Whether a peer is the least that the work can cost."""
    return peer.startswith("a bare") or peer.endswith(("bare", "alone"))
