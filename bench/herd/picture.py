"""The picture of the herds: a panel a scenario, a line a policy, and when 99 % stream again.

The dials in each second are on a logarithmic scale, for policies differ by factors of ten. A
dot on the lower edge says when 99 % of the clients streamed again; a policy whose dot is missing
took longer than the panel shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from bench.herd.scenarios import LARGE, OURS, SCENARIOS
from bench.sheet import PALETTES, Sheet
from openline_diagrams.theme import Palette, Role

#: The seconds that a panel shows.
SHOWN: Final = {"restart": (0, 80), "crash": (0, 80), "outage": (0, 440), "overload": (0, 200)}
#: What stands above each panel.
HEADS: Final = {
    "restart": "restart: closes all with 1012, back in 20 s",
    "crash": "crash: 1006, back in 5 s",
    "outage": "outage: mute for 5 minutes",
    "overload": "overload: back in 2 s, opens 1,000 lines a second",
}
_WIDTH, _HEIGHT = 800, 560
_LEFT, _TOP, _ACROSS, _DOWN = 66, 92, 380, 238  # of the first panel, and to the next one
_WIDE, _HIGH = 310, 176
#: The scale: of one dial a second for each 10,000 clients, and up to twice as many as clients.
_LEAST: Final = 1e-4
_MOST: Final = 4.0


def pictures(figures: Mapping[str, Any]) -> dict[str, str]:
    """File name → SVG."""
    return {f"herd{suffix}.svg": _draw(figures, palette) for suffix, palette in PALETTES}


def _inks(palette: Palette) -> dict[str, tuple[str, str]]:
    """For each policy its colour and dashes; openline is drawn last, on top."""
    roles = palette.roles
    return {
        "websockets": (palette.quiet, "1.5 2.5"),
        "no jitter": (roles[Role.FAIL].line, "7 3"),
        "equal jitter": (roles[Role.WAIT].line, ""),
        "full jitter": (roles[Role.END].line, "4 2"),
        OURS: (roles[Role.LIVE].line, ""),
    }


def _draw(figures: Mapping[str, Any], palette: Palette) -> str:
    clients = LARGE
    sheet = Sheet(_WIDTH, _HEIGHT, palette, f"Dials per second of {clients:,} clients")
    sheet.text(20, 28, f"Dials per second that the backend sees, of {clients:,} clients",
               size=16, bold=True)  # fmt: skip
    x = 20.0
    for name, (colour, dash) in reversed(_inks(palette).items()):
        sheet.line([(x, 48), (x + 26, 48)], colour, width=_width(name), dash=dash)
        sheet.text(x + 32, 52, name, bold=name == OURS)
        x += 56 + 6.2 * len(name)
    sheet.dot(x + 14, 48, palette.line)
    sheet.text(x + 24, 52, "99 % stream again")
    for number, scenario in enumerate(SCENARIOS):
        left = _LEFT + _ACROSS * (number % 2)
        top = _TOP + _DOWN * (number // 2)
        sheet.text(left, top - 6, HEADS[scenario.name], bold=True)
        _panel(sheet, left, top, figures, scenario.name)
    return sheet.svg()


def _width(name: str) -> float:
    return 2.5 if name == OURS else 1.5


def _panel(
    sheet: Sheet, left: float, top: float, figures: Mapping[str, Any], scenario: str
) -> None:
    palette, clients = sheet.palette, LARGE
    first, last = SHOWN[scenario]
    bottom = top + _HIGH
    scale = _HIGH / math.log10(_MOST / _LEAST)

    def down(dials: float) -> float:
        return bottom - scale * math.log10(max(dials / clients, _LEAST) / _LEAST)

    def across(second: float) -> float:
        return left + _WIDE * (second - first) / (last - first)

    share = _LEAST
    while share <= _MOST:
        sheet.line([(left, down(share * clients)), (left + _WIDE, down(share * clients))],
                   palette.frame, width=0.3)  # fmt: skip
        sheet.text(left - 6, down(share * clients) + 4, f"{share * clients:,.0f}",
                   anchor="end", size=11, colour=palette.quiet)  # fmt: skip
        share *= 10
    for second in range(first, last + 1, (last - first) // 4):
        sheet.text(across(second), bottom + 15, f"{second} s", anchor="middle", size=11,
                   colour=palette.quiet)  # fmt: skip
    sheet.line([(left, bottom), (left + _WIDE, bottom)], palette.line)
    herds = figures["herds"][scenario]
    inks = _inks(palette)
    for name, (colour, dash) in inks.items():
        counts = herds[name]["per_second"][first:last]
        steps = [(across(at + edge), down(dials)) for at, dials in enumerate(counts, first)
                 for edge in (0, 1)]  # fmt: skip
        sheet.line(steps, colour, width=_width(name), dash=dash)
    for name, (colour, _dash) in inks.items():
        most = herds[name]["most"]
        if most is not None and most <= last:
            sheet.dot(across(most), bottom, colour, radius=5 if name == OURS else 4)
