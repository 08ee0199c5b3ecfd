"""Which browser is asked to show a page, and who else can read it."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import threading
import webbrowser
from pathlib import Path

import pytest

from openline_cli import browser
from openline_cli.problems import Problem


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.parametrize(
    ("environ", "platform", "there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"CI": "true"}, "darwin", False),
        ({"CI": "1", "DISPLAY": ":0"}, "linux", False),
        ({"CI": "false", "DISPLAY": ":0"}, "linux", True),
    ],
)
def test_where_a_browser_can_be_asked(
    environ: dict[str, str], platform: str, *, there: bool
) -> None:
    assert browser.is_there(environ, platform) is there


def test_a_page_is_for_its_owner_alone() -> None:
    path = browser.keep("<p>Grüße</p>")
    assert path.read_text("utf-8") == "<p>Grüße</p>"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert browser.keep("other") != path
    browser.drop(path)
    assert not path.parent.exists()
    browser.drop(path)  # and again


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(Problem, match="no page can be written: no space left on device; give"):
        browser.keep("x")
    assert list(tmp_path.iterdir()) == []


def test_no_place_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(
        Problem, match=r"none: no page can be written: no such file .*--out"
    ) as told:
        browser.keep("x")
    assert told.value.status == 1


def test_an_address_stands_in_the_file_alone(desktop: None) -> None:
    asked: list[str] = []

    def ask(url: str) -> bool:
        asked.append(url)
        return True

    path = browser.keep(browser.leading_to("http://127.0.0.1:5/a&b/"))
    assert browser.show(path, ask)
    assert asked == [path.as_uri()]
    assert 'content="0; url=http://127.0.0.1:5/a&amp;b/"' in path.read_text()


def test_a_browser_that_says_no(desktop: None, tmp_path: Path) -> None:
    def broken(_: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    assert not browser.show(tmp_path, lambda _: False)
    assert not browser.show(tmp_path, broken)


def test_a_browser_that_does_not_return(
    desktop: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "PATIENCE", 0.01)
    over = threading.Event()
    assert browser.show(tmp_path, lambda _: over.wait(60))
    over.set()


def test_nobody_is_asked_where_there_is_no_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert not browser.show(tmp_path, lambda _: pytest.fail("asked"))
