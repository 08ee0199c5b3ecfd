"""The log options of a command: their files and formats, and no log without them."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path

import pytest

from openline_cli import calls
from openline_cli.logs import LEVELS, logged
from openline_cli.main import main
from openline_cli.options import LOG_LEVEL
from openline_cli.problems import Problem
from openline_driver.log_observer import FIELDS, SESSION

IDS = {"session_id": "s", "attempt_id": "a", "connection_id": "c", "dial": 2}


def test_the_levels_of_the_option_are_those_of_the_module() -> None:
    assert LOG_LEVEL.choices == LEVELS
    assert set(IDS) == set(FIELDS)


def test_without_an_option_nothing_is_set_up() -> None:
    with logged(None, None, as_json=False) as handler:
        assert handler is None


def test_a_file_gets_json_lines_with_the_ids(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with logged("warning", file, as_json=True):
        SESSION.info("quiet", extra=IDS)
        SESSION.warning("lost %s\nand more", "ü", extra=IDS)
    [line] = file.read_text("utf-8").splitlines()
    record = json.loads(line)
    assert record.pop("time").endswith("+00:00")
    assert record == {
        "level": "WARNING", "logger": "openline.session", "message": "lost ü\nand more",
    } | IDS  # fmt: skip
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with logged("warning", file, as_json=True):
        SESSION.warning("again")
    assert len(file.read_text("utf-8").splitlines()) == 2
    assert not [h for h in logging.getLogger("openline").handlers if h.level]


def test_default_log_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with logged("info", None, as_json=False):
        SESSION.info("state streaming", extra=IDS)
        logging.getLogger("openline.other").info("plain")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("INFO openline.session state streaming [session=s dial=2]")
    assert second.endswith("INFO openline.other plain")


def failing(error: Exception) -> None:
    raise error


def failure_after_a_cause() -> ExceptionGroup:
    """A group with two errors, of which the second has a cause; their texts are secret."""
    errors = list[Exception]()
    try:
        failing(ValueError("secret"))
    except ValueError as error:
        errors.append(error)
    try:
        try:
            failing(KeyError("secret"))
        except KeyError as cause:
            raise Problem("secret") from cause
    except Problem as error:
        errors.append(error)
    try:
        failing(ExceptionGroup("secret", errors))
    except ExceptionGroup as group:
        return group
    raise AssertionError("it was not raised")


def test_an_error_is_logged_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with logged("error", None, as_json=False):
        try:
            failing(ZeroDivisionError("a bug"))
        except ZeroDivisionError:
            SESSION.exception("it failed", extra=IDS)
    first, *trace = capsys.readouterr().err.splitlines()
    assert first.endswith("ERROR openline.session it failed [session=s dial=2]")
    here = f'  File "{__file__}", line'
    raising = failing.__code__.co_firstlineno + 1
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[1].startswith(here)
    assert trace[1].endswith(", in test_an_error_is_logged_with_its_traceback")
    assert trace[2:] == [f"{here} {raising}, in failing", "ZeroDivisionError"]


def test_a_traceback_in_json_is_a_field(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with logged("error", file, as_json=True):
        SESSION.error("it failed", exc_info=ZeroDivisionError("never raised"))
        SESSION.error("no error", exc_info=True)
    one, other = map(json.loads, file.read_text("utf-8").splitlines())
    assert one["exception"] == "ZeroDivisionError"
    assert "exception" not in other


def test_a_traceback_has_causes_and_groups_but_no_text_of_an_error(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with logged("error", file, as_json=False):
        SESSION.error("it failed", exc_info=failure_after_a_cause())
    log = file.read_text("utf-8")
    assert "secret" not in log  # nor a line of code: it may quote one
    assert [line for line in log.splitlines()[1:] if not line.startswith("  ")] == [
        "Traceback (most recent call last):",
        "ExceptionGroup",
        "",
        "Error 1 of 2 in the group:",
        "Traceback (most recent call last):",
        "ValueError",
        "",
        "Error 2 of 2 in the group:",
        "Traceback (most recent call last):",
        "KeyError",
        "",
        "The error above led to this one:",
        "Traceback (most recent call last):",
        "openline_cli.problems.Problem",
    ]


def test_a_traceback_of_many_causes_or_of_a_circle_ends(tmp_path: Path) -> None:
    file = tmp_path / "log"
    first, *others = [ValueError() for _ in range(5_000)]
    newest = first
    for each in others:
        each.__context__, newest = newest, each
    one, other = KeyError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    quiet = TypeError()
    quiet.__context__, quiet.__suppress_context__ = first, True
    group = ExceptionGroup("of a task group", [first])
    group.__context__ = first
    with logged("error", file, as_json=True):
        for error in (newest, one, quiet, group):
            SESSION.error("it failed", exc_info=error)
    found = [json.loads(line)["exception"] for line in file.read_text("utf-8").splitlines()]
    assert found[0].count("ValueError") == 5_000
    assert found[1].count("KeyError") == 2
    assert found[2] == "TypeError"
    assert found[3].splitlines()[-2:] == ["Error 1 of 1 in the group:", "ValueError, as above"]


def test_a_level_alone_is_enough_and_a_file_alone_means_info(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with logged(None, file, as_json=False):
        SESSION.debug("no")
        SESSION.info("yes")
    assert file.read_text().count("\n") == 1


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    refused = pytest.raises(Problem, match="is a directory; give a file to write to")
    with refused, logged("info", tmp_path, as_json=False):
        raise AssertionError("it ran")


def test_a_full_disk_is_reported_once(capsys: pytest.CaptureFixture[str]) -> None:
    with logged("info", Path("/dev/full"), as_json=False):
        SESSION.info("one")
        SESSION.info("two")
    assert capsys.readouterr().err == (
        "openline: the log file cannot be written any more: no space left on device\n"
    )


def test_the_command_passes_its_options_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "log"

    def run(**settled: object) -> int:
        assert not {"log_level", "log_json", "log_file"} & set(settled)
        SESSION.error("it ran")
        return 0

    monkeypatch.setitem(calls.RUN, "stream", run)
    assert main(["stream", "x.wav", "--log-file", str(file), "--log-level", "error"]) == 0
    assert "ERROR openline.session it ran" in file.read_text()


def test_invalid_level_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stream", "x.wav", "--log-level", "loud"]) == 2
    assert "--log-level loud: give debug, info, warning or error" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given",
    [
        ["stream", "{file}"],
        ["stream", "{file}:left"],
        ["stream", "other.wav", "--token-file", "{file}"],
        ["stream", "other.wav", "--header", "X-Key=@{file}"],
        ["stream", "other.wav", "--journal", "{new}"],
        ["stream", "other.wav", "--out", "{new}"],
    ],
)
def test_a_log_is_not_written_into_what_the_command_uses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str]
) -> None:
    file, new = tmp_path / "a.wav", tmp_path / "sub" / ".." / "new.txt"
    (tmp_path / "sub").mkdir()
    file.write_bytes(b"RIFF, and audio")
    link = tmp_path / "link"
    link.symlink_to(file)
    words = [each.format(file=file, new=new) for each in given]
    log = tmp_path / "new.txt" if "{new}" in given else link
    assert main([*words, "--log-file", str(log)]) == 2
    told = capsys.readouterr().err
    assert told == (
        f"openline: --log-file {log}: this command reads or writes it already; give another name\n"
    )
    assert file.read_bytes() == b"RIFF, and audio"
