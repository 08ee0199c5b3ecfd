"""The tool that checks the model: a row for each policy, and a path where something is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openline.session import TABLE
from openline_diagrams.checked import checked, thinned
from openline_diagrams.checked.counterexample import path
from openline_diagrams.checked.spin import Checked, SpinError
from tools import check_model

MODEL = thinned(checked(TABLE))


def answer(monkeypatch: pytest.MonkeyPatch, *found: Checked) -> None:
    def check(*_given: object) -> list[Checked]:
        return list(found)

    monkeypatch.setattr(check_model, "check", check)


def test_what_holds_is_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, Checked("laws", 14147, "", None))
    assert check_model.main(["--attempts", "0"]) == 0
    assert capsys.readouterr().out == "attempts 0: states for laws 14,147\n"


def test_what_is_broken_is_told_and_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    number = next(n for n, s in enumerate(MODEL.steps) if s.target == "connecting")
    way = path(MODEL, f"step {number}\n", 1)
    answer(monkeypatch, *[Checked("laws", 5, "it floods", way)] * 2)
    out = tmp_path / "new" / "folder"
    assert check_model.main(["--attempts", "1", "--out", str(out)]) == 1
    assert "it floods\na session with" in capsys.readouterr().out
    opening, step = (out / "broken-1.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(opening)["breaks"] == "it floods"
    assert json.loads(step)["to"] == "connecting"
    assert check_model.main(["--attempts", "1"]) == 1


def test_a_missing_program_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(*_: object) -> list[Checked]:
        raise SpinError("spin not installed")

    monkeypatch.setattr(check_model, "check", check)
    assert check_model.main([]) == 2
    assert capsys.readouterr().err == "check_model: spin not installed\n"


def test_a_number_that_makes_no_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        check_model.main(["--attempts", "-1"])
    assert "give whole numbers from 0 to 50" in capsys.readouterr().err
