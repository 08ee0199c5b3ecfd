"""A real browser for pages of ours: Chromium, without a window, driven by Playwright.

Nothing is fetched: Chromium is the system's, and axe-core comes in a package. A page may load its
own origin alone. Any other request is refused and noted in ``Tab.foreign``, which a test asserts
to be empty; what the page writes to its console as an error is noted in ``Tab.errors``.

    with Browser() as browser, browser.tab(file.as_uri()) as tab:
        assert tab.page.title() == "…"
        assert (tab.foreign, tab.errors, tab.violations()) == ([], [], [])
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from typing import Final, Literal, Self, TypedDict
from urllib.parse import urlsplit

import msgspec
from playwright.sync_api import ConsoleMessage, Page, Route, WebSocketRoute, expect, sync_playwright

#: The browser of Debian, and of most other systems.
PROGRAM: Final = "chromium"
#: Milliseconds that a test waits for a page before it fails; Playwright's own are 5 s and 30 s.
PATIENCE: Final = 120_000
#: The rules of the Web Content Accessibility Guidelines, to the level AA, in axe's words.
WCAG: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: Schemes of what is no request: it is in the page already.
_INSIDE: Final = frozenset({"about", "blob", "data"})
_RUN: Final = """async tags => (await axe.run(
    {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})).violations.map(
        ({id, help, nodes}) => ({id, help, nodes: nodes.map(({target}) => ({target}))}))"""
_FLAGS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # No name is ever looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)

Scheme = Literal["light", "dark"]


def missing() -> str:
    """Why there can be no browser here; empty if there can."""
    return "" if shutil.which(PROGRAM) else f"no {PROGRAM}: apt-get install {PROGRAM}"


class _Node(TypedDict):
    target: list[str]


class _Rule(TypedDict):
    id: str
    help: str
    nodes: list[_Node]


class Tab:
    """One page, in a profile of its own. ``foreign``: URLs that it asked for and did not get."""

    def __init__(self, page: Page, allowed: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self._allowed = allowed
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.context.route("**/*", self._decide)
        page.context.route_web_socket("**/*", self._refuse)

    def _decide(self, route: Route) -> None:
        url = route.request.url
        if urlsplit(url).scheme in _INSIDE:
            route.continue_()
        elif origin(url) == self._allowed:
            self.requests.append(url)
            route.continue_()
        else:
            self.foreign.append(url)
            route.abort()

    def _refuse(self, socket: WebSocketRoute) -> None:
        self.foreign.append(socket.url)
        socket.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def violations(self) -> list[str]:
        """What axe finds against the guidelines on the page as it is now, a line for each place."""
        axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
        self.page.evaluate(axe)
        told = self.page.evaluate(_RUN, list(WCAG))
        return [
            f"{rule['id']}: {rule['help']}: {' '.join(node['target'])}"
            for rule in msgspec.convert(told, list[_Rule])
            for node in rule["nodes"]
        ]


class Browser:
    """Chromium, from ``with`` to its end."""

    def __enter__(self) -> Self:
        # Its sandbox needs another user than root; a container's tests often have no other.
        unsafe = ("--no-sandbox",) if os.name == "posix" and os.getuid() == 0 else ()
        expect.set_options(timeout=PATIENCE)
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=shutil.which(PROGRAM),
            headless=True,
            args=[*_FLAGS, *unsafe],
            timeout=PATIENCE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.stop()

    @contextmanager
    def tab(
        self, url: str, *, width: int = 1280, height: int = 800, scheme: Scheme = "light"
    ) -> Generator[Tab]:
        """Open ``url`` in a window of this size; it may load its own origin alone."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        try:
            tab = Tab(context.new_page(), origin(url))
            tab.page.goto(url)
            yield tab
        finally:
            context.close()


def origin(url: str) -> str:
    """The origin of a URL; of a file it is the file itself."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return f"file://{parts.path}"
    return f"{parts.scheme}://{parts.netloc}"
