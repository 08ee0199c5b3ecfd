"""The browser of the tests sees what a page does that it should not."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.browser import Browser, Scheme, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with Browser() as it:
        yield it


def write(folder: Path, body: str) -> str:
    path = folder / "page.html"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>'
        f"<main><h1>A page</h1>{body}</main>"
    )
    return path.as_uri()


def test_a_page_that_keeps_to_itself(browser: Browser, tmp_path: Path) -> None:
    picture = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    with browser.tab(write(tmp_path, f'<img alt="a dot" src="{picture}">')) as tab:
        assert tab.page.title() == "A page"
        assert len(tab.requests) == 1
        assert (tab.foreign, tab.errors, tab.violations()) == ([], [], [])


#: What a page can ask for, and how.
ASKING = {
    "http://192.0.2.1/x.png": '<img alt="x" src="http://192.0.2.1/x.png">',
    "https://fonts.example/x.css": '<link rel="stylesheet" href="https://fonts.example/x.css">',
    "http://127.0.0.1:1/f": "<script>fetch('http://127.0.0.1:1/f').catch(() => 0)</script>",
    "http://127.0.0.1:1/e": "<script>new EventSource('http://127.0.0.1:1/e')</script>",
    "ws://127.0.0.1:1/w": "<script>new WebSocket('ws://127.0.0.1:1/w')</script>",
    "http://127.0.0.1:1/b": "<script>navigator.sendBeacon('http://127.0.0.1:1/b')</script>",
}


def test_each_request_that_leaves_the_page_is_refused_and_noted(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "other.png").write_bytes(b"")
    beside = '<img alt="x" src="other.png">'
    with browser.tab(write(tmp_path, "".join([*ASKING.values(), beside]))) as tab:
        tab.page.wait_for_load_state("networkidle")
        assert sorted(tab.foreign) == sorted([*ASKING, (tmp_path / "other.png").as_uri()])


def test_an_error_of_the_page_is_noted(browser: Browser, tmp_path: Path) -> None:
    with browser.tab(write(tmp_path, "<script>null.x</script>")) as tab:
        assert len(tab.errors) == 1


def test_a_barrier_is_found(browser: Browser, tmp_path: Path) -> None:
    body = '<p style="color: #bbb; background: #fff">pale</p><input>'
    with browser.tab(write(tmp_path, body)) as tab:
        found = tab.violations()
    assert [each.split(":")[0] for each in found] == ["color-contrast", "label"]


def test_a_page_sees_its_window_and_its_colours(browser: Browser, tmp_path: Path) -> None:
    asked = "[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]"
    cases: list[tuple[int, Scheme]] = [(390, "dark"), (1280, "light")]
    for width, scheme in cases:
        with browser.tab(write(tmp_path, ""), width=width, scheme=scheme) as tab:
            assert tab.page.evaluate(asked) == [width, scheme == "dark"]
