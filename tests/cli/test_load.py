"""``openline load``: its arguments, its limits, and what it prints."""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from openline.updates import State, StateChanged
from openline_cli import load as load_module
from openline_cli import load_view
from openline_cli.load_limits import check_files
from openline_cli.load_output import Output
from openline_cli.main import main
from openline_cli.parameters import delay, duration
from openline_cli.problems import Problem
from openline_fleet.descriptors import SPARE
from openline_load.faults import fault_list
from openline_load.figures import Call
from openline_load.report import Report, report
from tests.load.support import call, change, gap, result

Captured = pytest.CaptureFixture[str]
HERE = "ws://127.0.0.1:9/ws"
GOFORWARD = str(Path(__file__).parents[1] / "data" / "goforward.wav")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["http://x"], "URL: "),
        (["ws://far.example/ws"], "URL: plain ws:// to far.example would send"),
        (["--sessions", "0"], "--sessions 0: give a whole number from 1 on"),
        (["--ramp", "fast"], "--ramp fast: give a time, as in 0s, 500ms, 60s or 2min"),
        (["--ramp", "-1s"], "--ramp -1s: give a time, as in 0s, 500ms, 60s or 2min"),
        (["--hold", "0s"], "--hold 0s: give a time above 0, as in 500ms, 60s or 2min"),
        (["--hold", "1e308h"], "--hold 1e308h: give a time above 0, as in 500ms, 60s or 2min"),
        (["--hold", "1e9h"], "the load would take 3.6e+12 s: give a shorter --ramp and --hold"),
        (["--rate", "-1"], "--rate -1: give a number above 0"),
        (["--rate", "1e-300"], "the load would take 9e+300 s: give a shorter --ramp"),
        (["--sessions", "1000001"], "--sessions 1000001: give 1000000 at most"),
        (["--speed", "1e300"], "--speed 1e300: give 1000 at most"),
        (["--frame", "1us"], "--frame 1us: give a time above 0"),
        (["--frame", "0.5ms"], "--frame 0.5ms: give 1ms or more"),
        (["--frame", "3s", "--hold", "1s", "--speed", "2"],
         "--frame: a caller says 2 s of audio, and a frame of 3 s would never be full"),
        (["--fault", "cute 5%"], 'fault "cute 5%": give cut, freeze, leave first; did you mean'),
        (["--audio", "none.wav"], "none.wav does not exist; check the name"),
        (["--json", "no/such/x.json"], "--json no/such/x.json: there is no directory no/such"),
        (["--plot", "."], "--plot .: exists and is not a regular file"),
        (["--dialect", "deepgrma"], "--dialect deepgrma: "),
        (["--token-file", "/nowhere"], "--token-file /nowhere: "),
        (["--find-capacity", "--rate", "3"], "--find-capacity searches with a ramp: leave --rate"),
        (["--find-capacity", "--fault", "cut"], "--find-capacity: a fault of ours would count"),
        (["--policy", "buffer_seconds=0.1"], "the policy: "),
        (["--rate", "3", "--ramp", "10s"], "--ramp: with --rate callers begin without a ramp"),
        (["--late", "2s"], "--late is for --find-capacity: give both, or neither"),
        (["--seed", "1"], "--seed is for --fault: give both, or neither"),
        (["--json", "-", "--plot", "-"], "--plot -: the figures of --json go there"),
        (["--json", "x", "--plot", "./x"], "--plot x: the figures of --json go there"),
        (["--hold", "5s", "--ramp", "0s", "--fault", "cut; leave after 5s"],
         'fault "leave 100% after 5s": no caller talks for longer than 5 s'),
        (["--audio", GOFORWARD, "--audio", GOFORWARD, "--sessions", "1"],
         "--audio: 2 recordings need as many callers: give --sessions 2, or fewer recordings"),
        (["a", "b"], "b is one argument too many"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_line(arguments: list[str], line: str, capsys: Captured) -> None:
    assert main(["load", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"openline: {line}")
    assert err.count("\n") == 1


def test_all_faults_can_be_listed(capsys: Captured) -> None:
    assert main(["load", "--fault", "help"]) == 0
    assert capsys.readouterr().out == fault_list()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60), ("60s", 60), ("500ms", 0.5), ("2min", 120), ("2m", 120), ("1.5 h", 5400)],
)
def test_a_time_has_a_unit_or_none(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "0", "-1s", "inf", "nan", "1 day", "1e400s", "1e308h", "1e-400s"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^give a time above 0, as in 500ms, 60s or 2min$"):
        duration(text)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("0s", 0), ("1.5 h", 5400)])
def test_a_delay_may_be_none_at_all(text: str, seconds: float) -> None:
    assert delay(text) == pytest.approx(seconds)
    for wrong in ("", "-1s", "inf", "nan", "1e308h"):
        with pytest.raises(ValueError, match=r"^give a time, as in 0s, 500ms, 60s or 2min$"):
            delay(wrong)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limit of open files, as the process believes it to be."""
    now = [(256, 256)]

    def change(kind: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > wanted[1]:
            raise ValueError("current limit exceeds maximum limit")
        now.append(wanted)

    def read(kind: int) -> tuple[int, int]:
        return now[-1]

    monkeypatch.setattr(resource, "getrlimit", read)
    monkeypatch.setattr(resource, "setrlimit", change)
    return now


def test_too_low_a_limit_of_open_files_is_one_line(
    limits: list[tuple[int, int]], capsys: Captured
) -> None:
    assert main(["load", HERE, "--sessions", "500"]) == 2
    assert capsys.readouterr().err == (
        "openline: --sessions: 500 callers need 564 open files, and this process may have 256: "
        "raise the limit (ulimit -n 564), or give --sessions 192\n"
    )
    with pytest.raises(Problem, match=r"raise the limit \(ulimit -n 1064\), give --sessions 192$"):
        check_files(1000, given=False)
    check_files(256 - SPARE)
    assert limits == [(256, 256)]


def test_the_soft_limit_is_raised_as_far_as_it_must_be(limits: list[tuple[int, int]]) -> None:
    limits[:] = [(256, 4096)]
    check_files(500)
    assert limits[-1] == (564, 4096)
    limits[:] = [(resource.RLIM_INFINITY, resource.RLIM_INFINITY)]
    check_files(10_000_000)
    assert len(limits) == 1


def test_what_the_hard_limit_leaves_is_offered(limits: list[tuple[int, int]]) -> None:
    limits[:] = [(256, 400)]
    with pytest.raises(Problem, match=r"this process may have 400: .*, give --sessions 336$"):
        check_files(500, given=False)
    check_files(336)


def test_the_limit_is_raised_for_those_whom_a_backend_does_not_let_go(
    limits: list[tuple[int, int]],
) -> None:
    limits[:] = [(256, 4096)]
    check_files(500, most=3000)
    assert limits[-1] == (3064, 4096)
    check_files(500, most=9000)
    assert limits[-1] == (4096, 4096)
    limits[:] = [(256, 256)]
    check_files(100, most=9000)
    assert limits == [(256, 256)]


def test_a_limit_that_the_system_refuses_is_raised_less(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hard limit may be above the system's own."""
    limits[:] = [(256, resource.RLIM_INFINITY)]

    def change(kind: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > 2000:
            raise PermissionError
        limits.append(wanted)

    monkeypatch.setattr(resource, "setrlimit", change)
    check_files(500, most=9000)
    assert limits[-1][0] == 564
    check_files(400, most=9000)
    assert limits[-1][0] == 564


def test_windows_has_no_limit(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    check_files(10_000)
    assert limits == [(256, 256)]


def test_a_rate_needs_files_for_those_at_a_time(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []

    async def once(self: object, plan: Any) -> int:
        ran.append(plan)
        return 0

    monkeypatch.setattr(load_module.Loading, "once", once)
    assert main(["load", HERE, "--sessions", "5000", "--rate", "10", "--hold", "15s"]) == 0
    assert (ran[0].at_once, ran[0].hold) == (151, 15.0)


def test_the_sample_rate_of_a_settings_file_is_no_rate_of_callers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[Any] = []

    async def once(self: object, plan: Any) -> int:
        ran.append(plan)
        return 0

    monkeypatch.setattr(load_module.Loading, "once", once)
    file = tmp_path / "settings.toml"
    file.write_text("[sources]\nrate = 16000\n")
    assert main(["load", HERE, "--config", str(file)]) == 0
    assert (ran[0].rate, ran[0].ramp) == (None, 10.0)


def test_a_service_without_its_key_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    async def once(self: object, plan: Any) -> int:
        return 0

    monkeypatch.setattr(load_module.Loading, "once", once)
    for name in ("DEEPGRAM_API_KEY", "OPENLINE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert main(["load", "--dialect", "deepgram"]) == 0
    assert "openline: no key is given, and api.deepgram.com" in capsys.readouterr().err


def test_a_frame_that_a_dialect_sends_bit_by_bit_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    async def once(self: object, plan: Any) -> int:
        return 0

    monkeypatch.setattr(load_module.Loading, "once", once)
    assert main(["load", HERE, "--dialect", "deepgram", "--frame", "900ms"]) == 0
    assert capsys.readouterr().err == (
        "openline: --frame: deepgram sends 0.9 s of audio at 1.25 times real time, so up to 0.64 s "
        "of each final lag are the generator's; give 0.1 s or less\n"
    )
    for quiet in (["--dialect", "deepgram", "--frame", "100ms"], ["--frame", "900ms"]):
        assert main(["load", HERE, *quiet]) == 0
        assert not capsys.readouterr().err


def test_callers_of_another_machine_are_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    async def once(self: object, plan: Any) -> int:
        return 0

    monkeypatch.setattr(load_module.Loading, "once", once)
    assert main(["load", "wss://far.example/ws", "--sessions", "7"]) == 0
    assert capsys.readouterr().err == (
        "openline: up to 7 callers at a time dial far.example:443, which is not this machine; "
        "Ctrl-C ends it\n"
    )
    assert main(["load", HERE]) == 0
    assert not capsys.readouterr().err


def test_a_load_that_reaches_nobody_says_so(tmp_path: Path, capsys: Captured) -> None:
    """Port 9 has no listener: each caller gives up, and the figures say why."""
    file, picture = tmp_path / "l.json", tmp_path / "l.svg"
    arguments = ["--sessions", "2", "--ramp", "10ms", "--hold", "200ms", "--json", str(file)]
    arguments += ["--plot", str(picture), "--policy", "max_attempts=0", "--fault", "cut 50%"]
    assert main(["load", HERE, *arguments]) == 1
    out, err = capsys.readouterr()
    assert not err
    lines = out.splitlines()
    assert lines[0].split() == ["count", "p50", "p95", "p99", "most", "flagged"]
    assert lines[1].split() == ["connect", "0", *"-----"]
    assert lines[5] == "sessions: 2 of 2, 2 incomplete"
    assert lines[6] == "lines: 0 × reconnected, 2 × refused"
    faults = lines.index("faults: 0 × cut")
    assert lines[faults + 1].startswith("incomplete: 2 × ")
    assert lines[faults + 2] == "no caller was ever acknowledged"
    data = json.loads(file.read_text())
    assert (data["backend"], data["dialect"]) == ("127.0.0.1:9/ws", "echopanel")
    assert data["faults"] == ["cut 50%"]
    assert data["ended_by"] == "never_acknowledged"
    assert (data["frame"], data["speed"]) == (0.02, 1.0)
    assert [each["outcome"] for each in data["calls"]] == ["incomplete"] * 2
    assert picture.read_text().startswith("<svg ")


def test_a_file_that_cannot_be_written_is_one_line_and_the_other_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    gone, picture = tmp_path / "gone", tmp_path / "l.svg"
    gone.mkdir()

    def show(found: Report) -> None:
        gone.rmdir()  # it can be written while the arguments are checked, and not later

    monkeypatch.setattr(load_view, "show", show)
    arguments = ["--sessions", "1", "--ramp", "10ms", "--hold", "100ms"]
    arguments += ["--policy", "max_attempts=0", "--plot", str(picture)]
    assert main(["load", HERE, *arguments, "--json", str(gone / "l.json")]) == 1
    _, err = capsys.readouterr()
    assert err.startswith(f"openline: --json {gone / 'l.json'}: not written (")
    assert err.count("\n") == 1
    assert picture.exists()


NOBODY = ["--sessions", "1", "--ramp", "0s", "--hold", "100ms", "--policy", "max_attempts=0"]


@pytest.mark.parametrize(("option", "begins"), [("--json", "{\n"), ("--plot", "<svg ")])
def test_a_dash_is_stdout_and_the_report_goes_to_stderr(
    option: str, begins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["load", HERE, *NOBODY, option, "-"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(begins)
    assert err.splitlines()[0].split() == ["count", "p50", "p95", "p99", "most", "flagged"]
    assert "no caller was ever acknowledged" in err.splitlines()
    assert list(tmp_path.iterdir()) == []
    if option == "--json":
        assert json.loads(out)["ended_by"] == "never_acknowledged"


def test_a_search_prints_json_on_stdout_alone(capsys: Captured) -> None:
    assert main(["load", HERE, "--find-capacity", *NOBODY, "--json", "-"]) == 1
    out, err = capsys.readouterr()
    assert (json.loads(out)["capacity"], json.loads(out)["ended_by"]) == (0, "finished")
    assert [line.partition(":")[0] for line in err.splitlines()] == ["1 session", "capacity"]


class Broken(io.StringIO):
    """A stdout whose reader is gone, or whose disk is full."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


FULL = "openline: stdout cannot be written: No space left on device\n"


@pytest.mark.parametrize("how", [[], ["--find-capacity"]])
@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC])
def test_a_stdout_that_cannot_be_written_costs_no_file(
    number: int, how: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    line = FULL if number == errno.ENOSPC else ""
    monkeypatch.setattr(sys, "stdout", Broken(number))
    file = tmp_path / "l.json"
    assert main(["load", HERE, *NOBODY, *how, "--json", str(file)]) == 1
    assert json.loads(file.read_text())["openline"]
    assert capsys.readouterr().err == line
    for each in ([], ["--json", "-"]):
        monkeypatch.setattr(sys, "stdout", Broken(number))
        assert main(["load", HERE, *NOBODY, *how, *each]) == 1
        assert capsys.readouterr().err.endswith(line)


def test_a_reader_that_is_gone_costs_a_load_with_a_file_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is that of the load, as with ``stream --out``."""
    monkeypatch.setattr(sys, "stdout", Broken(errno.EPIPE))
    output = Output({"--json": tmp_path / "l.json", "--plot": None})
    output.tell("x")
    assert not output.is_useless
    assert output.finish({"--json": lambda: "{}"}, 0) == 0
    assert (tmp_path / "l.json").read_text() == "{}"
    alone = Output({"--json": None, "--plot": None})
    alone.tell("x")
    assert alone.is_useless
    assert (alone.finish({}, 0), alone.finish({}, 130)) == (1, 130)


def test_of_two_files_that_cannot_be_written_both_are_told(
    tmp_path: Path, capsys: Captured
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    output = Output({"--json": folder / "a", "--plot": folder / "b"})
    folder.rmdir()
    with pytest.raises(Problem, match=r"^--plot .*: not written \(No such file or directory\)$"):
        output.finish({"--json": lambda: "{}", "--plot": lambda: "<svg/>"}, 0)
    assert capsys.readouterr().err.startswith(f"openline: --json {folder / 'a'}: not written (")


def test_a_search_without_a_backend_finds_none(capsys: Captured) -> None:
    arguments = ["--find-capacity", "--sessions", "1", "--ramp", "10ms", "--hold", "100ms"]
    assert main(["load", HERE, *arguments, "--policy", "max_attempts=0"]) == 1
    out, err = capsys.readouterr()
    why = "gave up after 0 retries"
    first, last = (line.partition(why)[0] for line in out.splitlines())
    assert first == "1 session: refused dials: 1, the first because: "
    assert last == "capacity: 0 sessions; 1 is too many: refused dials: 1, the first because: "
    assert out.count(f"{why}: nothing listens at that address yet") == 2
    assert not err


def test_a_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    console = Console(force_terminal=True, width=100, highlight=False)
    monkeypatch.setattr(load_view, "find_screen", lambda: console)
    load_view.show(report(result(call((0.1, 1.5)), call(gaps=(gap(1.0),), number=2))))
    out = capsys.readouterr().out
    assert "\x1b[" in out
    assert "final lag" in out
    assert "1.50 s" in out
    assert "1 complete, 1 incomplete" in out


def test_progress_is_a_line() -> None:
    found = result(call((0.1,) * 8, number=1), call((0.1,), gaps=(gap(1.5),), number=2))
    found.ended_at = 16.0
    assert load_view.progress(found) == "16 s: 0 live, 2 ended, final lag 0.10 s (p95), 1.5 s lost"
    assert load_view.progress(result(seconds=3.0)) == "3 s: 0 live, 0 ended"


def test_a_backend_that_does_not_answer_is_reported_once(capsys: Captured) -> None:
    dead = Call(1, 0.0)
    dead.began(0.0)
    dead.update(change(State.CONNECTING), 0.0)
    found, progress = result(dead, seconds=2.0), load_view.Progress()
    assert not progress.look(found)
    assert not capsys.readouterr().err
    found.ended_at = 3.0
    for _ in range(3):
        assert not progress.look(found)
    line = "openline: no caller is connected after 3 s: the backend does not answer; Ctrl-C ends"
    assert capsys.readouterr().err == f"{line} the load\n"
    dead.update(StateChanged(state=State.RECONNECTING, dial=1, reason="nothing listens"), 4.0)
    assert load_view.unanswered(found).startswith(
        "no caller is connected after 3 s: nothing listens; "
    )
    assert not load_view.unanswered(result(dead, call((0.1,), number=2)))
    assert not load_view.unanswered(result())
