"""How smooth the inspector's page is on three hours: frames while a person goes through them.

    python -m bench.scrubbing                # a session of 3 h; needs chromium
    python -m bench.scrubbing --hours 0.5

A session of that length is played in virtual time, recorded, replayed and written as a page. In a
real Chromium the pointer drags the slider, the pointer drags over the lanes, and the arrow keys go
through the events. In the page, each frame is timed: from the call of ``requestAnimationFrame`` to
the first task behind it, which is what the frame took for scripts, style, layout and painting. At
60 frames a second a frame has 16.7 ms. It prints, and writes nothing.

Chromium draws without a graphics card here, in threads beside the page's own, so a busy machine
makes frames slower. The processor time of the page's thread is told as well.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from openline_inspect import page, record
from tests.e2e.browser import Browser, Tab, missing
from tests.inspect.support_sessions import long_session

#: Times each frame until it is stopped.
_WATCH: Final = """() => {
  window.frames_ = [];
  window.watching_ = true;
  const channel = new MessageChannel();
  let from = 0;
  channel.port1.onmessage = () => window.frames_.push(performance.now() - from);
  const frame = () => {
    if (!window.watching_) return;
    from = performance.now();
    channel.port2.postMessage(0);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
_STOP: Final = "() => { window.watching_ = false; return window.frames_; }"
#: Moves of the pointer, or strokes of a key.
_STEPS: Final = 240


def drag(tab: Tab, selector: str) -> None:
    """Drag over an element, forth and back."""
    box = tab.page.locator(selector).bounding_box()
    if box is None:
        raise RuntimeError(f"{selector} is not on the page")
    mouse, y = tab.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + 4, y)
    mouse.down()
    for step in range(_STEPS):
        share = abs(2 * step / _STEPS - 1)
        mouse.move(box["x"] + 4 + (box["width"] - 8) * (1 - share), y)
    mouse.up()


def strike(tab: Tab, key: str) -> None:
    """Strike a key again and again."""
    for _ in range(_STEPS):
        tab.page.keyboard.press(key)


WAYS: Final[dict[str, Callable[[Tab], None]]] = {
    "the slider, dragged": lambda tab: drag(tab, "#slider"),
    "the lanes, dragged": lambda tab: drag(tab, "#lanes"),
    "events, by →": lambda tab: strike(tab, "ArrowRight"),
    "states, by Shift →": lambda tab: strike(tab, "Shift+ArrowRight"),
}


def measure(tab: Tab, way: Callable[[Tab], None]) -> tuple[list[float], float]:
    """Milliseconds of each frame on the way, and of the page's thread a frame."""
    tools: Any = tab.page.context.new_cdp_session(tab.page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        told = tools.send("Performance.getMetrics")["metrics"]
        seconds = next(each["value"] for each in told if each["name"] == "TaskDuration")
        return 1000 * float(seconds)

    tab.page.evaluate(_WATCH)
    before = worked()
    way(tab)
    spent = worked() - before
    frames = [float(each) for each in tab.page.evaluate(_STOP)]
    tools.detach()
    return frames, spent / max(1, len(frames))


def main(arguments: list[str]) -> int:
    """Measure; 1 if there is no browser. Raises SystemExit(2) for a usage error."""
    parser = argparse.ArgumentParser(prog="python -m bench.scrubbing", allow_abbrev=False)
    parser.add_argument("--hours", type=float, default=3.0)
    hours = parser.parse_args(arguments).hours
    if why := missing():
        print(f"bench: {why}", file=sys.stderr)
        return 1
    began = time.process_time()
    recording = record(long_session(hours * 3600))
    text = page([recording])
    took = time.process_time() - began
    size = len(text.encode()) / 1e6
    print(
        f"{hours:g} h, {len(recording.rows):,} rows: a page of {size:.1f} MB, made in {took:.0f} s"
    )
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        path = Path(folder) / "page.html"
        path.write_text(text, "utf-8")
        started = time.monotonic()
        with browser.tab(path.as_uri()) as tab:
            tab.page.locator("#tiles *").first.wait_for()
            print(f"opened in {time.monotonic() - started:.1f} s")
            print(f"{'':22}{'frames':>8}{'median':>9}{'95 %':>9}{'worst':>9}{'thread':>9}   in ms")
            for name, way in WAYS.items():
                frames, thread = measure(tab, way)
                frames.sort()
                figures = (median(frames), frames[int(len(frames) * 0.95)], frames[-1], thread)
                cells = "".join(f"{each:9.1f}" for each in figures)
                print(f"{name:22}{len(frames):8}{cells}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
