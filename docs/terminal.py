"""Take screenshots of the command as SVG: ``make pictures``.

A command runs in a tmux terminal, and rich draws the final screen. The output of a demo differs
between runs, so the pictures are committed, and retaken by hand when the output of the command
changes. The pictures load no font and contain no local path.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE: Final = Path(__file__).parent
TERMINAL: Final = HERE / "_static" / "terminal"
COMMAND: Final = Path(sys.executable).with_name("openline")
#: The time limit of a command, in seconds.
PATIENCE: Final = 180
THEME: Final = TerminalTheme(
    (13, 17, 23),
    (201, 209, 217),
    [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34),
     (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)],
    [(110, 118, 129), (255, 161, 152), (86, 211, 100), (227, 179, 65),
     (121, 192, 255), (210, 168, 255), (86, 212, 221), (240, 246, 252)],
)  # fmt: skip
#: The template of rich, without the fonts that it would load from the network.
FORMAT: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas,
  "Liberation Mono", "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: 600; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Shot(NamedTuple):
    """A screenshot to take: a command line, in a terminal of ``columns``."""

    command: str
    columns: int
    #: Maximum number of lines, from the first.
    lines: int = 100


SHOTS: Final = {
    "demo": Shot("openline demo", 96),
    "demo-narrow": Shot("openline demo", 54),
    "explain": Shot("openline explain 1008", 96, 18),
    "diagram": Shot("openline diagram --format md | head -n 16", 104),
    "help": Shot("openline --help", 84),
}


def screen(command: str, columns: int) -> list[str]:
    """Run ``command`` and return the lines of its final screen, with ANSI colours.

    Raises SystemExit if the command fails or exceeds ``PATIENCE``.
    """
    tmux = ["tmux", "-L", f"openline-{os.getpid()}", "-f", os.devnull]
    environment = {**os.environ, "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("OPENLINE_TOKEN", None)
    started = [
        *tmux, "new-session", "-d", "-x", str(columns), "-y", "60", "-s", "shot",
        f"sh -c {shlex.quote(command)}",
        ";", "set", "-w", "remain-on-exit", "on", ";", "set", "-g", "status", "off",
    ]  # fmt: skip
    try:
        subprocess.run(started, env=environment, check=True)
        for _ in range(PATIENCE * 5):
            status = _ask([*tmux, "display", "-p", "#{pane_dead_status}"]).strip()
            if status:
                break
            time.sleep(0.2)
        else:
            raise SystemExit(f"{command} did not end within {PATIENCE} s")
        if status != "0":
            raise SystemExit(f"{command} ended with status {status}: no picture was taken")
        text = _ask([*tmux, "capture-pane", "-e", "-p", "-S", "-"])
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, stderr=subprocess.DEVNULL)
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for line in lines if not re.match(r"(\x1b\[[0-9;]*m)*Pane is dead", line)]
    while kept and not Text.from_ansi(kept[-1]).plain.strip():
        kept.pop()
    return kept


def _ask(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def draw(shot: Shot, lines: Sequence[str], name: str) -> str:
    """An SVG of the command and the lines of its screen."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(
            record=True,
            width=shot.columns,
            file=nowhere,
            force_terminal=True,
            color_system="truecolor",
        )
        console.print(Text.assemble(("$ ", "bright_black"), (shot.command, "bold")))
        console.print()
        for line in lines[: shot.lines]:
            console.print(Text.from_ansi(line), overflow="crop", no_wrap=True)
        console.print()
        return console.export_svg(
            title=shot.command, theme=THEME, code_format=FORMAT, unique_id=f"terminal-{name}"
        )


if __name__ == "__main__":
    TERMINAL.mkdir(parents=True, exist_ok=True)
    for each in sys.argv[1:] or SHOTS:
        made = draw(SHOTS[each], screen(SHOTS[each].command, SHOTS[each].columns), each)
        (TERMINAL / f"{each}.svg").write_text(made, encoding="utf-8")
