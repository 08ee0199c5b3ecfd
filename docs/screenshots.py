"""Take pictures of the inspector's page: ``make pictures``.

Each is taken in Chromium of a session that the pure core plays in virtual time, so it is the same
at each time but for the fonts of the machine. They are committed, and retaken by hand when the page
changes.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

HERE: Final = Path(__file__).parent
PLACE: Final = HERE / "_static" / "inspector"
sys.path.insert(0, str(HERE.parent))  # a script finds only its own folder

from playwright.sync_api import Page  # noqa: E402

from openline.journal.reader import read  # noqa: E402
from openline_inspect import Recording, page, record  # noqa: E402
from tests.core.scenarios import record as scene  # noqa: E402
from tests.e2e.browser import Browser, Scheme, missing  # noqa: E402
from tests.inspect.support_sessions import long_session, never_back  # noqa: E402


class Picture(NamedTuple):
    """A picture: of what, at which moment, how large, in which colours, after which steps."""

    of: tuple[str, ...]
    at: str
    size: tuple[int, int]
    scheme: Scheme = "light"
    first: Callable[[Page], object] = lambda _: None


def _heat(shown: Page) -> None:
    shown.keyboard.press("h")
    shown.evaluate("window.scrollTo(0, 300)")


PICTURES: Final = {
    "first-screen": Picture(("outage",), "", (1280, 820)),
    "first-screen-dark": Picture(("outage",), "", (1280, 820), "dark"),
    "counts": Picture(("outage",), "", (1280, 820), "light", _heat),
    "beside": Picture(("replay", "happy"), "#t=2.32&with=2", (1280, 900)),
    "phone": Picture(("long",), "", (390, 844), "dark"),
}


def recordings() -> dict[str, Recording]:
    """What is shown, by name."""
    [replay] = read(scene("drop-and-replay").splitlines(keepends=True))
    [happy] = read(scene("happy-path").splitlines(keepends=True))
    return {
        "outage": record(never_back(400.0), name="meeting.jsonl"),
        "long": record(long_session(900.0), name="meeting.jsonl"),
        "replay": record(replay, name="monday.jsonl"),
        "happy": record(happy, name="tuesday.jsonl"),
    }


def main() -> None:
    """Take them all."""
    if missing():
        raise SystemExit(f"screenshots: {missing()}")
    PLACE.mkdir(exist_ok=True)
    known = recordings()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        file = Path(folder) / "page.html"
        for name, picture in PICTURES.items():
            file.write_text(page([known[each] for each in picture.of]), encoding="utf-8")
            wide, high = picture.size
            url = file.as_uri() + picture.at
            with browser.tab(url, width=wide, height=high, scheme=picture.scheme) as tab:
                tab.page.wait_for_selector("body[data-ready]")
                picture.first(tab.page)
                (PLACE / f"{name}.webp").write_bytes(taken(tab.page))


def taken(shown: Page) -> bytes:
    """What is seen, as WebP, which is a third of a PNG."""
    session: Any = shown.context.new_cdp_session(shown)
    asked = {"format": "webp", "quality": 82}
    return base64.b64decode(session.send("Page.captureScreenshot", asked)["data"])


if __name__ == "__main__":
    main()
