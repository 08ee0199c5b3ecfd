"""`openline explain m.jsonl`: the session in words, and what it says of a file that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openline_cli.main import main

JOURNALS = Path(__file__).parents[1] / "journals"
HAPPY, CAPACITY = (JOURNALS / f"{name}.jsonl" for name in ("happy-path", "capacity"))

TOLD = """\
session the session
mic to ws://127.0.0.1:8000/ws/live-listener, dialect echopanel

minute 0: speech: 6 words, at most 0.3 s after they were said; 1.6 s captured, 1.6 s sent, 1.6 s
confirmed
  0:00.0  mic starts
  0:00.2  the line is open, 0.2 s after the start, on dial 1
  0:01.7  the app asks for the end
  0:02.1  the session is over: closed, complete

after 0:02: closed, complete: finished; 6 words, 1 dial; mic: 1.6 s captured, 1.6 s confirmed, none
missing
"""


def explain(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main(["explain", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_journal_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(capsys, HAPPY) == (0, TOLD, "")


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = explain(capsys, CAPACITY, "--json")
    lines = [json.loads(each) for each in out.splitlines()]
    assert status == 0
    assert [each["type"] for each in lines] == ["session", "minutes", "end"]
    assert lines[0]["dialect"] == "echopanel"
    assert lines[1]["words"] == 2
    assert lines[2]["complete"] is True


def test_one_of_several(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    both = tmp_path / "both"
    both.write_bytes(HAPPY.read_bytes() + CAPACITY.read_bytes())
    _, all_of_it, _ = explain(capsys, both)
    assert all_of_it.count("session the session\n") == 2
    assert explain(capsys, both, "--session", "1") == (0, TOLD, "")
    status, _, err = explain(capsys, both, "--session", "3")
    assert (status, err) == (2, f"openline: {both}: --session is 3: give 1 to 2\n")


def test_a_damaged_journal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    lines = HAPPY.read_bytes().splitlines(keepends=True)
    bad.write_bytes(b"".join([*lines[:10], b"x\n", b"y\n", *lines[10:40]])[:-5])
    status, out, err = explain(capsys, bad)
    assert (status, err) == (1, "")
    assert out.endswith(
        "the journal stops here, and the session does not end in it\n"
        "the last line of the journal is cut: a crash, or a full disk\n"
        "2 lines cannot be read, and what they tell is missing here: line 11, 12\n"
    )


def test_a_trouble_is_told_with_where_it_lies(capsys: pytest.CaptureFixture[str]) -> None:
    frozen = HAPPY.with_name("frozen-backend.jsonl")
    status, out, _ = explain(capsys, frozen)
    assert status == 0
    told = " ".join(out.split())
    assert (
        "nothing came from the server for 5.4 s; it dials again in 0.8 s where: unknown; the"
        in told
    )
    _, objects, _ = explain(capsys, frozen, "--json")
    end = json.loads(objects.splitlines()[-1])
    assert (end["outcome"], end["unfinal"], end["audio"]["confirmed"]) == ("complete", [], 1.6)


def test_minutes_without_speech(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    long = tmp_path / "long.jsonl"
    head = HAPPY.read_bytes().splitlines(keepends=True)[0]
    audio = '{{"now":{0},"event":{{"type":"AudioCaptured","source":"mic","bytes":32000}}}}\n'
    opened = '{"now":0,"event":{"type":"SocketOpened","dial":1,"date":1750000000.0}}\n'
    rest = "".join([opened, *(audio.format(each) for each in (61, 7210))])
    long.write_bytes(head + rest.encode())
    status, out, _ = explain(capsys, long)
    assert status == 0
    assert "begun 2025-06-15 15:06:40 UTC by the backend's clock" in out.replace("\n", " ")
    said = " ".join(out.split())
    moved = "1.0 s captured, 0.0 s sent, 0.0 s confirmed"
    assert f"minute 1: nothing but 1 s of audio without words; {moved} minutes 2" in said
    assert "minutes 2 to 119: nothing but silence: no audio, no words\n" in out
    assert "after 2:00:10: the journal stops here" in out


def test_a_date_beyond_any_calendar(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    odd = tmp_path / "odd.jsonl"
    opened = b'{"now":0,"event":{"type":"SocketOpened","dial":1,"date":1e300}}\n'
    odd.write_bytes(HAPPY.read_bytes().splitlines(keepends=True)[0] + opened)
    _, out, _ = explain(capsys, odd)
    assert "at no time that a calendar has" in out.replace("\n", " ")


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"a":1}\n'])
def test_a_file_that_is_no_journal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes
) -> None:
    none = tmp_path / "none.txt"
    none.write_bytes(content)
    status, out, err = explain(capsys, none)
    assert (status, out) == (2, "")
    assert err == (
        f"openline: {none}: there is no session in it: name a journal, of `stream --journal`\n"
    )


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone.jsonl"
    status, _, err = explain(capsys, gone)
    assert (status, err) == (
        2, f"openline: {gone}: no such file or directory: name a journal\n",
    )  # fmt: skip


def test_an_ending_is_still_an_ending(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1008").touch()
    assert "close code 1008" in explain(capsys, "1008")[1]
    assert explain(capsys, "x" * 5000)[0] == 2
    status, _, err = explain(capsys, "1008", "--session", "1")
    assert (status, err) == (
        2, "openline: --session: it chooses a session of a journal: name its file\n",
    )  # fmt: skip
