"""The plot of a load, as one small SVG that needs no other file, light and dark.

Three panels over one axis of time: how many lines were live; the final lag, its median as a line
and its p95 as the edge of a band; and what was lost, a mark for each line that was lost or refused.
The times at which the generator itself was late are shaded in all of them: what stands there is not
the backend's alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from xml.sax.saxutils import escape

from openline_load.figures import quantile
from openline_load.run import Result

_WIDTH: Final = 800
_LEFT, _RIGHT = 64, 20
_TOP: Final = 48
_PANELS: Final = (("lines", 110), ("final lag", 150), ("losses", 40))
_APART: Final = 34
#: Columns of the lag: each has about so many pixels.
_COLUMN: Final = 8
_STYLE: Final = """\
text{font:12px system-ui,sans-serif;fill:#444}
.title{font-size:14px;font-weight:600;fill:#222}
.grid{stroke:#ddd;fill:none}.own{fill:#c2410c;opacity:.13}
.live{stroke:#1d4ed8;fill:none;stroke-width:1.5}
.mid{stroke:#0f766e;fill:none;stroke-width:1.5}.band{fill:#0f766e;opacity:.22}
.loss{stroke:#b91c1c;stroke-width:1.5}.paper{fill:#fff}
@media (prefers-color-scheme:dark){
text{fill:#bbb}.title{fill:#eee}.grid{stroke:#444}.own{fill:#fb923c;opacity:.2}
.live{stroke:#7aa2ff}.mid{stroke:#5eead4}.band{fill:#5eead4}.loss{stroke:#f87171}
.paper{fill:#161616}}"""


class _Panel:
    """A place on the paper: from seconds and values to pixels."""

    def __init__(self, top: float, height: float, seconds: float, most: float) -> None:
        self.top, self.height = top, height
        self._seconds, self.most = max(seconds, 1e-9), max(most, 1e-9)

    def x(self, at: float) -> float:
        share = min(1.0, max(0.0, at / self._seconds))
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - min(1.0, max(0.0, value / self.most)))

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in points)


def plot(result: Result, title: str) -> str:
    """The SVG's text. ``title`` stands above it, as ``500 sessions against speech.example``."""
    start, seconds = result.began_at, result.seconds
    live = [(at - start, float(count)) for at, count in result.live]
    lags = _columns(result)
    tops = [float(_TOP)]
    for _, height in _PANELS[:-1]:
        tops.append(tops[-1] + height + _APART)
    most = (
        _rounded(max((count for _, count in live), default=1)),
        _rounded(max((p95 for _, _, p95 in lags), default=1)),
        1.0,
    )
    panels = [
        _Panel(top, height, seconds, high)
        for top, (_, height), high in zip(tops, _PANELS, most, strict=True)
    ]
    bottom = tops[-1] + _PANELS[-1][1]
    total = f"{bottom + 34:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {total}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{total}"/>',
        f'<text class="title" x="{_LEFT}" y="22">{escape(title)}</text>',
    ]
    parts += _shaded(result, panels[0], bottom)
    units = ("", " s", "")
    for (label, _), panel, unit in zip(_PANELS, panels, units, strict=True):
        parts += _frame(panel, label, unit)
    parts += _drawn(result, panels, live, lags)
    for at in _ticks(seconds):
        x = panels[0].x(at)
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 18:.0f}" text-anchor="middle">{at:g} s</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _drawn(
    result: Result,
    panels: Sequence[_Panel],
    live: Sequence[tuple[float, float]],
    lags: Sequence[tuple[float, float, float]],
) -> list[str]:
    lines, lag, losses = panels
    parts: list[str] = []
    if live:
        parts.append(f'<path class="live" d="{lines.path([(0.0, 0.0), *live])}"/>')
    if lags:
        back = [(at, p95) for at, _, p95 in reversed(lags)]
        middle = [(at, p50) for at, p50, _ in lags]
        parts.append(f'<path class="band" d="{lag.path([*middle, *back])}Z"/>')
        parts.append(f'<path class="mid" d="{lag.path(middle)}"/>')
    marks = sorted({round(losses.x(at - result.began_at)) for call in result.begun
                    for at in call.losses})  # fmt: skip
    parts += [
        f'<path class="loss" d="M{x},{losses.top:.0f}V{losses.top + losses.height:.0f}"/>'
        for x in marks
    ]
    return parts


def _columns(result: Result) -> list[tuple[float, float, float]]:
    """The lag over time: the middle of each column, its median and its p95."""
    width = result.seconds * _COLUMN / (_WIDTH - _LEFT - _RIGHT)
    found: defaultdict[int, list[float]] = defaultdict(list)
    for call in result.begun:
        for each in call.final_lags:
            found[int((each.end - result.began_at) / max(width, 1e-9))].append(each.seconds)
    columns: list[tuple[float, float, float]] = []
    for place in sorted(found):
        ordered = sorted(found[place])
        at = (place + 0.5) * width
        columns.append((at, quantile(ordered, 0.5), quantile(ordered, 0.95)))
    return columns


def _shaded(result: Result, panel: _Panel, bottom: float) -> list[str]:
    """The times at which the generator was late, at least a pixel each; a pixel once."""
    parts: list[str] = []
    behind = -1.0
    for start, end in result.own.spans:
        left, right = panel.x(start - result.began_at), panel.x(end - result.began_at)
        left = max(left, behind)
        right = max(right, left + 1)
        if right - left < 1 or left > _WIDTH - _RIGHT:
            continue
        behind = right
        parts.append(
            f'<rect class="own" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" '
            f'height="{bottom - _TOP:.0f}"/>'
        )
    return parts


def _frame(panel: _Panel, label: str, unit: str) -> list[str]:
    right, bottom = _WIDTH - _RIGHT, panel.top + panel.height
    parts = [
        f'<path class="grid" d="M{_LEFT},{panel.top:.0f}H{right}M{_LEFT},{bottom:.0f}H{right}"/>',
        f'<text x="{_LEFT}" y="{panel.top - 6:.0f}">{label}</text>',
    ]
    if label != "losses":
        parts += [
            f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{value:g}{unit}</text>'
            for y, value in ((panel.top, panel.most), (bottom, 0))
        ]
    return parts


def _rounded(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 and so on."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value - 1e-12)


def _ticks(seconds: float) -> list[float]:
    step = _rounded(max(seconds, 1e-9) / 8)
    return [step * count for count in range(int(seconds / step) + 1)]
