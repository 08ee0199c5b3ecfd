"""`openline inspect` and `stream --inspect` in a real browser: what is seen, and what is asked for.

The command, the backend and the browser are processes of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Browser, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

ROOT: Final = Path(__file__).parents[2]
JOURNALS: Final = ROOT / "tests" / "journals"
CLIP: Final = ROOT / "tests" / "data" / "goforward.wav"


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with Browser() as it:
        yield it


def environment(**changes: str) -> dict[str, str]:
    path = [*sys.path, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "CI": "true", **changes}


@contextmanager
def started(*words: object, **changes: str) -> Generator[subprocess.Popen[str]]:
    """The command, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "openline_cli", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**changes),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(stream: IO[str] | None, pattern: str) -> str:
    """Read up to the line that has the pattern; its first group."""
    assert stream is not None
    read = list[str]()
    for line in stream:
        read.append(line)
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError("".join(read))


@contextmanager
def backend(*words: str) -> Generator[str]:
    """A backend that echoes what it hears; its address."""
    with started("serve", "--port", "0", "--recognizer", "echo", *words) as process:
        yield line_of(process.stdout, r"listening on (\S+)")


@contextmanager
def streaming(
    url: str, *words: str, **changes: str
) -> Generator[tuple[str, subprocess.Popen[str]]]:
    """A session with a page: its address, and the process."""
    given = ("stream", CLIP, "--url", url, "--inspect", *words)
    with started(*given, **changes) as process:
        yield line_of(process.stderr, r"inspect this session at (http://\S+)"), process


def test_a_journal_is_shown_and_asks_for_nothing(browser: Browser, tmp_path: Path) -> None:
    names = ("drop-and-replay.jsonl", "frozen-backend.jsonl")
    with started("inspect", *(JOURNALS / each for each in names), TMPDIR=str(tmp_path)) as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    url = Path(out.removesuffix("\n")).as_uri()
    with browser.tab(url, width=390, height=844, scheme="dark") as tab:
        expect(tab.page.locator("#outcome")).to_contain_text("closed")
        assert tab.page.locator("#which option").all_inner_texts() == list(names)
        assert (tab.requests, tab.foreign, tab.errors, tab.violations()) == ([url], [], [], [])


def test_a_live_page_grows_through_an_outage_to_the_end(browser: Browser) -> None:
    with (
        backend("--fault", "cut after 1s on dial 1") as url,
        streaming(url, "--speed", "0.5") as (address, process),
        browser.tab(address) as tab,
    ):
        page = tab.page
        expect(page.locator("#live")).to_have_text("live")
        expect(page.locator("#story")).to_contain_text("the line was lost")
        expect(page.locator("#story")).to_contain_text("the line is open again")
        before = page.locator("#time").inner_text()
        expect(page.locator("#live")).to_have_text("the session has ended")
        assert process.wait(timeout=120) == 0
        assert page.locator("#time").inner_text() > before
        expect(page.locator("#outcome")).to_contain_text("closed")
        page.locator("#back").click()  # it has all, and stays as it is
        page.locator("#first-trouble").click()
        expect(page.locator("#state")).to_contain_text("reconnecting")
        assert tab.violations() == []
        own = [address, f"{address}events"]
        assert (tab.requests, tab.foreign, tab.errors) == (own, [], [])
        late = Request(address)  # noqa: S310
        with pytest.raises(OSError, match="refused"):
            urlopen(late, timeout=60)  # noqa: S310


def test_a_page_outlives_the_backend_and_the_command(browser: Browser) -> None:
    with (
        started("serve", "--port", "0", "--recognizer", "echo") as server,
        streaming(line_of(server.stdout, r"listening on (\S+)"), "--speed", "0.1") as (
            address,
            process,
        ),
        browser.tab(address) as one,
        browser.tab(address) as other,
    ):
        for tab in (one, other):
            expect(tab.page.locator("#state")).to_contain_text("streaming")
        server.kill()
        for tab in (one, other):
            expect(tab.page.locator("#story")).to_contain_text("dials again")
        other.page.reload()
        expect(other.page.locator("#story")).to_contain_text("dials again")
        process.kill()
        for tab in (one, other):
            lost = "the connection to the session is lost"
            expect(tab.page.locator("#live")).to_have_text(lost)
            tab.page.locator("#first-trouble").click()
            expect(tab.page.locator("#state")).to_contain_text("reconnecting")
            assert tab.foreign == []


def status(address: str, **headers: str) -> int:
    try:
        with urlopen(Request(address, headers=headers), timeout=60) as answer:  # noqa: S310
            found: int = answer.status
    except HTTPError as error:
        return error.code
    return found


def test_nobody_else_gets_the_page_and_nothing_holds_its_address(
    browser: Browser, tmp_path: Path
) -> None:
    log, journal, asked = tmp_path / "log", tmp_path / "m.jsonl", tmp_path / "asked"
    asking = tmp_path / "ask.sh"
    asking.write_text(f'#!/bin/sh\necho "$1" >> {asked}\n')
    asking.chmod(0o700)
    watched = ("--log-level", "debug", "--log-file", str(log), "--journal", str(journal))
    with (
        backend() as url,
        streaming(url, "--speed", "0.3", *watched, CI="", BROWSER=str(asking)) as (
            address,
            process,
        ),
    ):
        token = address.split("/")[3]
        assert status(address) == 200
        assert status(address.replace(token, token[::-1])) == 404
        assert status(address, Host="evil.example") == 403
        assert status(f"{address}events", Origin="https://evil.example") == 403
        with browser.tab(address) as tab:
            expect(tab.page.locator("#live")).to_have_text("the session has ended")
        _, err = process.communicate(timeout=120)
    lead = asked.read_text().strip()
    assert lead.startswith("file://")
    assert token not in lead + err
    for kept in (log, journal):
        assert kept.stat().st_size
        assert token not in kept.read_text()
