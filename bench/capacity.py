"""What `openline load` finds of a backend, beside what the backend says of itself.

``python -m bench.capacity`` searches three backends, each a process of its own, and prints for each
what was found, the backend's own figure, and their ratio:

    limit   openline serve with a limit of 20 sessions: more are refused
    slow    a recogniser with one worker, which a second of audio takes 50 ms: 20 sources
    cpu     openline serve with the echo recogniser and no limit: its event loop is used up

The own figure is the median of what it told while as many sessions ran as were found. The last one
needs two idle cores: on others the generator is late, and says so. It takes some ten minutes, and
is no part of ``make bench``. Give names to run some: ``python -m bench.capacity limit slow``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from statistics import median

_SERVE = (sys.executable, "-m", "openline_cli", "serve", "--port", "0", "--recognizer", "echo")
#: The backend's command, and the options of the search.
CASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "limit": (
        (*_SERVE, "--max-sessions", "20", "--figures", "1s", "--with-parent"),
        ("--sessions", "40", "--ramp", "1s", "--hold", "7s"),
    ),
    "slow": (
        (sys.executable, "-m", "bench.toiling", "0.05"),
        ("--sessions", "40", "--ramp", "1s", "--hold", "10s", "--late", "500ms"),
    ),
    "cpu": (
        (*_SERVE, "--max-sessions", "1000", "--figures", "1s", "--with-parent"),
        ("--sessions", "1000", "--ramp", "5s", "--hold", "20s", "--late", "1s"),
    ),
}
_TOLD = re.compile(r"figures: (\d+) sessions.*carries (\d+)$")


def measure(name: str) -> tuple[int, float, str]:
    """What was found, the backend's own figure, and the last line of the search."""
    serve, options = CASES[name]
    lines: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            serve, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as backend,
    ):
        assert backend.stdin is not None  # noqa: S101  # requested as a pipe
        assert backend.stdout is not None  # noqa: S101  # requested as a pipe
        url = backend.stdout.readline().removeprefix("listening on ").strip()
        reading = threading.Thread(target=lines.extend, args=(backend.stdout,))
        reading.start()
        file = Path(folder, "found.json")
        load = [sys.executable, "-m", "openline_cli", "load", url, "--find-capacity"]
        done = subprocess.run(
            [*load, *options, "--frame", "100ms", "--json", str(file)],
            text=True, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        found: int = json.loads(file.read_text())["capacity"]
        backend.stdin.close()
        reading.join()
    told = [match for line in lines if (match := _TOLD.match(line.strip()))]
    own = median(int(match[2]) for match in told if int(match[1]) == found)
    return found, own, done.stdout.splitlines()[-1]


def main(wanted: list[str]) -> int:
    """Measure the named cases, or all."""
    for name in wanted or CASES:
        found, own, line = measure(name)
        print(f"{name}: found {found}, own figure {own:g}, ratio {found / own:.2f}; {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
