from __future__ import annotations

from pathlib import Path

import pytest

from openline_cli.credentials import read_token
from openline_cli.problems import Problem


@pytest.mark.parametrize("content", [b"s3cret", b"s3cret\n", b"s3cret\r\n"])
def test_a_file_gives_its_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    assert read_token(file, {"OPENLINE_TOKEN": "other"}) == "s3cret"


@pytest.mark.parametrize(
    ("environment", "token"),
    [({}, None), ({"OPENLINE_TOKEN": ""}, None), ({"OPENLINE_TOKEN": "t"}, "t")],
)
def test_without_a_file_the_environment_counts(
    environment: dict[str, str], token: str | None
) -> None:
    assert read_token(None, environment) == token


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"s3cret\n\n", "ASCII, no blanks"),
        (b"s3cret two", "ASCII, no blanks"),
        ("s3cret\u00e9".encode(), "ASCII, no blanks"),
        (b"s3cret" * 2000, "too long"),
    ],
)
def test_a_bad_file_is_named_and_not_shown(content: bytes, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(Problem, match=wrong) as caught:
        read_token(file, {})
    assert str(file) in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.status == 2


@pytest.mark.parametrize("name", ["none", ".", "a\0b"])
def test_what_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="--token-file"):
        read_token(tmp_path / name, {})


def test_a_bad_environment_is_named_and_not_shown() -> None:
    with pytest.raises(Problem, match="OPENLINE_TOKEN") as caught:
        read_token(None, {"OPENLINE_TOKEN": "s3cret two"})
    assert "s3cret" not in str(caught.value)
