"""How spin is run and what it prints is read, with programs in its place; e2e runs the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from openline.session import TABLE
from openline_diagrams.checked import checked, spin, thinned
from openline_diagrams.checked.spin import SpinError, check, missing

MODEL = thinned(checked(TABLE))
OPENS = next(n for n, s in enumerate(MODEL.steps) if s.target == "connecting")
STORED = "    5 states, stored"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the PATH for a spin and a gcc; the latter copies ``laws.sh`` and ``goals.sh``."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    script(folder / "spin", f"[ $1 = -t ] && echo '   step {OPENS}'; exit 0")
    script(
        folder / "gcc",
        f'for name; do [ "$name" = -o ] && take=1 && continue; '
        f'[ "$take" ] && cp {folder}/$name.sh $name && break; done; exit 0',
    )
    for name in ("laws", "goals"):
        script(folder / f"{name}.sh", f"echo '{STORED}'; echo 'errors: 0'")
    return folder


def script(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


BREAKS = f"touch chart.pml.trail; echo '{STORED}'; echo 'errors: 1'"


def test_what_holds_is_counted(programs: Path, tmp_path: Path) -> None:
    assert programs.exists()
    found = check(MODEL, 1, tmp_path)
    assert [(one.goal, one.states, one.breaks) for one in found] == [
        ("laws", 5, ""),
        ("silence", 5, ""),
        ("stopping", 5, ""),
    ]
    assert len(check(MODEL, 1, tmp_path, first=True)) == 3


def test_a_dead_end_and_a_missed_goal_come_with_a_path(programs: Path, tmp_path: Path) -> None:
    script(programs / "laws.sh", BREAKS)
    script(programs / "goals.sh", f'case "$*" in *-m15*) echo short;; *) {BREAKS};; esac')
    laws, silence, stopping = check(MODEL, 1, tmp_path)
    assert laws.breaks == "nothing can happen any more, and the session is not over"
    assert silence.breaks == "not so: silence always ends"
    assert stopping.way is not None
    assert [taken.step.cause for taken in stopping.way.taken] == ["open_requested"]
    [first] = check(MODEL, 1, tmp_path, first=True)
    assert first == laws


def test_no_shorter_path_leaves_the_long_one(programs: Path, tmp_path: Path) -> None:
    script(programs / "goals.sh", f'case "$*" in *-m1000000*) {BREAKS};; *) echo none;; esac')
    *_, last = check(MODEL, 1, tmp_path, first=True)
    assert last.goal == "silence"
    assert last.way is not None


def test_a_broken_law_is_named(programs: Path, tmp_path: Path) -> None:
    stray = {"t_pong": 1}
    model = MODEL._replace(
        steps=tuple(
            step._replace(sets={**step.sets, **stray}) if n == OPENS else step
            for n, step in enumerate(MODEL.steps)
        )
    )
    script(programs / "laws.sh", BREAKS)
    [found] = check(model, 1, tmp_path, first=True)
    assert found.breaks == "timers: a timer runs only in its states"


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("echo Killed", "spin's program did not end its search: Killed"),
        (f"echo '{STORED}'; echo 'errors: 1'", "spin's search is not complete"),
        (
            f"echo '{STORED}'; echo 'errors: 0, max search depth too small'",
            "spin's search is not complete",
        ),
    ],
)
def test_a_search_without_an_end_proves_nothing(
    programs: Path, tmp_path: Path, printed: str, why: str
) -> None:
    script(programs / "laws.sh", printed)
    with pytest.raises(SpinError, match=why):
        check(MODEL, 1, tmp_path)


def test_without_spin_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing() == "spin and gcc not installed (Debian: apt-get install spin gcc)"
    with pytest.raises(SpinError, match=r"^spin and gcc not installed \(Debian: apt-get install"):
        check(MODEL, 0, tmp_path)


def test_a_spin_that_fails_is_reported_in_one_line(programs: Path, tmp_path: Path) -> None:
    script(programs / "spin", "echo broken >&2; exit 1")
    with pytest.raises(SpinError, match=r"^spin fails: broken$"):
        check(MODEL, 0, tmp_path)


def test_a_program_that_does_not_run_is_named(programs: Path, tmp_path: Path) -> None:
    (programs / "laws.sh").write_text("no program", encoding="utf-8")
    (programs / "laws.sh").chmod(0o644)
    with pytest.raises(SpinError, match=r"^\./laws does not run: "):
        check(MODEL, 0, tmp_path)


def test_a_program_that_hangs_is_ended(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spin, "_PATIENCE", 0.05)
    script(programs / "spin", "exec sleep 5")
    with pytest.raises(SpinError, match=r"^spin took more than 0.05 s$"):
        check(MODEL, 0, tmp_path)
