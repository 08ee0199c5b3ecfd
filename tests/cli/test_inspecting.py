"""`openline inspect m.jsonl`: the page, where it goes, and what it says of files that are none."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from openline_cli import browser
from openline_cli.main import main

JOURNALS = Path(__file__).parents[1] / "journals"
HAPPY, DROP = (JOURNALS / f"{name}.jsonl" for name in ("happy-path", "drop-and-replay"))


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("CI", "true")


@pytest.fixture
def inspect(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: object) -> tuple[int, str, str]:
        status = main(["inspect", *map(str, words)])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def data(path: str | Path) -> dict[str, Any]:
    """The data of a page."""
    text = Path(path).read_text("utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    plain: dict[str, Any] = json.loads(found[1])
    return plain


def heads(path: str | Path) -> list[dict[str, Any]]:
    return [each["head"] for each in data(path)["recordings"]]


def test_a_page_is_written_and_named(inspect: Any) -> None:
    status, out, err = inspect(HAPPY)
    assert (status, err) == (0, "")
    path = Path(out.removesuffix("\n"))
    assert path.parent.parent == Path(tempfile.gettempdir())
    [head] = heads(path)
    assert (head["name"], head["session"]) == ("happy-path.jsonl", "the session")
    assert data(path)["live"] is None


def test_a_browser_shows_it(inspect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def show(path: Path) -> bool:
        asked.append(path)
        return True

    monkeypatch.setattr(browser, "show", show)
    assert inspect(HAPPY) == (0, "", "")
    [path] = asked
    assert heads(path)
    status, out, _ = inspect(HAPPY, "--no-open")
    assert (status, len(asked), out != "") == (0, 1, True)


def test_two_beside_each_other_in_a_file_of_ones_own(inspect: Any, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert inspect(HAPPY, DROP, "--out", out) == (0, f"{out}\n", "")
    assert [each["name"] for each in heads(out)] == [HAPPY.name, DROP.name]
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_a_dash_is_stdout(inspect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(browser, "show", asked.append)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    status, out, err = inspect(HAPPY, "--out", "-")
    assert (status, err, asked) == (0, "", [])
    assert sorted(tmp_path.iterdir()) == before
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    assert out.startswith("<!doctype html>")
    assert "happy-path.jsonl" in out


def test_without_the_words(inspect: Any, tmp_path: Path) -> None:
    spoken, counted = tmp_path / "spoken.html", tmp_path / "counted.html"
    said = next(json.loads(line) for line in HAPPY.read_text().splitlines() if "asr_final" in line)
    text = json.loads(said["event"]["data"])["text"]
    inspect(HAPPY, "--out", spoken)
    inspect(HAPPY, "--out", counted, "--no-text")
    assert text in spoken.read_text()
    assert text not in counted.read_text()


def test_all_of_several_and_one(inspect: Any, tmp_path: Path) -> None:
    both, out = tmp_path / "both.jsonl", tmp_path / "page.html"
    both.write_bytes(HAPPY.read_bytes() + DROP.read_bytes())
    assert inspect(both, HAPPY, "--out", out)[0] == 0
    named = ["both.jsonl, session 1", "both.jsonl, session 2", "happy-path.jsonl"]
    assert [each["name"] for each in heads(out)] == named
    assert inspect(both, HAPPY, "--session", 2, "--out", out)[0] == 0
    assert [each["name"] for each in heads(out)] == named[1:]
    for number in (0, 3):
        status, _, err = inspect(both, "--session", number)
        assert (status, err) == (
            2, f"openline: {both}: holds 2 sessions: --session is {number}: give 1 to 2\n",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file or directory: name a journal, of `stream --journal`"),
        (b"", "line 1: an empty journal: nothing was recorded"),
        (b"hello\n", "line 1: not JSON: this is not a journal, or it was changed"),
        (b'{"a": 1}\n', "line 1: not a journal: it does not begin as one"),
        (b"\xff\xfe\0\n", "line 1: not JSON: this is not a journal, or it was changed"),
        (b'{"journal": 7}\n', "line 1: a journal of version 7: replay it with the openline"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_file_that_is_no_journal(
    inspect: Any, tmp_path: Path, content: bytes | None, says: str, place: int
) -> None:
    bad = tmp_path / "bad.jsonl"
    if content is not None:
        bad.write_bytes(content)
    status, out, err = inspect(*((HAPPY, bad) if place else (bad, HAPPY)))
    assert (status, out) == (2, "")
    assert err.startswith(f"openline: {bad}: {says}")
    assert err.count("\n") == 1
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_a_folder(inspect: Any, tmp_path: Path) -> None:
    status, _, err = inspect(tmp_path)
    assert (status, err) == (
        2, f"openline: {tmp_path}: is a directory: name a journal, of `stream --journal`\n",
    )  # fmt: skip


def test_many_files_and_none(inspect: Any) -> None:
    status, out, _ = inspect(HAPPY, DROP, HAPPY)
    assert (status, len(heads(out.strip()))) == (0, 3)
    assert inspect()[0] == 2


def test_a_path_of_the_model(inspect: Any, tmp_path: Path) -> None:
    path = tmp_path / "broken-1.jsonl"
    path.write_text(
        '{"model": 1, "breaks": "dials: too many", "cycle": null, "state": {"state": "idle"}}\n'
        '{"cause": "open", "row": null, "from": "idle", "to": "connecting", "changed": {}}\n'
    )
    status, out, err = inspect(path)
    assert (status, err) == (0, "")
    assert heads(out.strip())[0]["timeless"] is True
    path.write_text('{"model": 1}\n')
    status, _, err = inspect(path)
    assert (status, err) == (2, f"openline: {path}: line 1: not a path of the model: 'breaks'\n")


def test_a_torn_journal_is_shown_as_far_as_it_goes(inspect: Any, tmp_path: Path) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(HAPPY.read_bytes()[:-20])
    status, out, err = inspect(torn)
    cut = "the last line of the journal is cut: a crash, or a full disk"
    assert (status, err) == (0, f"openline: {torn}: {cut}\n")
    [head] = heads(out.strip())
    assert head["trouble"] == cut


def test_a_broken_line_ends_the_page(inspect: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    lines = HAPPY.read_bytes().splitlines(keepends=True)
    bad.write_bytes(b"".join([*lines[:30], b"x\n", *lines[30:]]))
    status, out, err = inspect(bad)
    assert status == 1
    assert err == (
        f"openline: {bad}: line 31: not JSON: this is not a journal, or it was changed; "
        "the page shows what is before it\n"
    )
    [shown] = data(out.strip())["recordings"]
    assert len(shown["rows"]) > 5
    assert f"openline: {bad}: {shown['head']['trouble']}\n" == err


def test_a_core_that_does_something_else(inspect: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(HAPPY.read_text().replace('"state":"streaming"', '"state":"closing"', 1))
    status, out, err = inspect(other)
    assert status == 1
    assert "the recording ends early, for this version does something else" in err
    assert err.count("\n") == 1
    assert heads(out.strip())[0]["trouble"]


def test_a_full_disk(inspect: Any, tmp_path: Path) -> None:
    status, out, err = inspect(HAPPY, "--out", "/dev/full")
    assert (status, out) == (2, "")
    assert err == "openline: --out /dev/full: exists and is not a regular file; give another name\n"
    status, out, err = inspect(HAPPY, "--out", tmp_path / "none" / "page.html")
    assert (status, out) == (2, "")
    assert err.endswith("make it first\n")
