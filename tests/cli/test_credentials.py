from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from openline.backend import Backend
from openline_cli.credentials import find_credentials, read_token, warn_without_key
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
        (b"s3cret\ns3cret\n", "has a line break in it"),
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


def test_line_end_of_a_variable_is_named() -> None:
    with pytest.raises(Problem) as caught:
        read_token(None, {"OPENLINE_TOKEN": "s3cret\r\n"})
    assert str(caught.value) == (
        "OPENLINE_TOKEN: the token has a line break at its end, and no header can carry that: "
        "use ASCII, no blanks"
    )


def test_the_dialects_own_variable_comes_first() -> None:
    environment = {"OPENLINE_TOKEN": "general", "STENO_KEY": "own"}
    assert read_token(None, environment, variable="STENO_KEY") == "own"
    assert read_token(None, {"OPENLINE_TOKEN": "general"}, variable="STENO_KEY") == "general"
    assert read_token(None, {}, variable="STENO_KEY") is None
    assert find_credentials(None, environment, variable="STENO_KEY") == "own"
    with pytest.raises(Problem, match=r"^STENO_KEY: the token has a blank in it"):
        read_token(None, {"STENO_KEY": "two words"}, variable="STENO_KEY")


@pytest.mark.parametrize(
    ("url", "credentials", "variable", "headers"),
    [
        ("wss://speech.example/ws", "s3cret", "STENO_KEY", {}),
        ("wss://speech.example/ws", None, "", {}),
        ("ws://127.0.0.1:8000/ws", None, "STENO_KEY", {}),
        ("wss://speech.example/ws", None, "STENO_KEY", {"X-Api-Key": "s3cret"}),
    ],
)
def test_no_word_of_a_key_where_none_may_be_wanted(
    url: str,
    credentials: str | None,
    variable: str,
    headers: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    warn_without_key(Backend.from_url(url, headers=headers), credentials, variable=variable)
    assert capsys.readouterr().err == ""


def test_a_service_that_is_dialled_without_its_key_is_named_with_the_variable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = Backend.from_url("wss://speech.example/ws", headers={"Origin": "https://app.example"})
    warn_without_key(backend, None, variable="STENO_KEY")
    assert capsys.readouterr().err == (
        "openline: no key is given, and speech.example may want one: set STENO_KEY, or give "
        "--token-file\n"
    )
