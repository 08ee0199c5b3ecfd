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
