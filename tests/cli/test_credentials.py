from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from openline_cli.credentials import find_credentials, read_token
from openline_cli.problems import Problem


@pytest.mark.parametrize(
    "content",
    [
        *(b"s3cret", b"s3cret\n", b"s3cret\r\n", b" s3cret\n\n"),
        *(codecs.BOM_UTF8 + b"s3cret\r\n", "s3cret\r\n".encode("utf-16")),
    ],
)
def test_token_is_read_from_a_file(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    assert read_token(file, {"OPENLINE_TOKEN": "other"}) == "s3cret"


@pytest.mark.parametrize(
    ("environment", "token"),
    [({}, None), ({"OPENLINE_TOKEN": ""}, None), ({"OPENLINE_TOKEN": "t"}, "t")],
)
def test_token_is_read_from_the_environment(environment: dict[str, str], token: str | None) -> None:
    assert read_token(None, environment) == token


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"s3cret\ns3cret\n", "ASCII, no blanks"),
        (b"s3cret two", "ASCII, no blanks"),
        ("s3cret\u00e9".encode(), "ASCII, no blanks"),
        (b"s3cret" * 2000, "too long"),
    ],
)
def test_bad_file_is_named_without_its_content(content: bytes, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(Problem, match=wrong) as caught:
        read_token(file, {})
    assert str(file) in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.status == 2


@pytest.mark.parametrize("name", ["none", ".", "a\0b"])
def test_unreadable_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="--token-file"):
        read_token(tmp_path / name, {})


def test_bad_variable_is_named_without_its_content() -> None:
    with pytest.raises(Problem, match="OPENLINE_TOKEN") as caught:
        read_token(None, {"OPENLINE_TOKEN": "s3cret two"})
    assert "s3cret" not in str(caught.value)


def test_the_dialects_own_variable_comes_first() -> None:
    environment = {"OPENLINE_TOKEN": "general", "STENO_KEY": "own"}
    assert read_token(None, environment, variable="STENO_KEY") == "own"
    assert read_token(None, {"OPENLINE_TOKEN": "general"}, variable="STENO_KEY") == "general"
    assert read_token(None, {}, variable="STENO_KEY") is None
    assert find_credentials(None, environment, variable="STENO_KEY") == "own"
    with pytest.raises(Problem, match=r"^STENO_KEY: the token holds characters"):
        read_token(None, {"STENO_KEY": "two words"}, variable="STENO_KEY")
