"""Tokens that can be sent, and what is said of the others."""

from __future__ import annotations

import pytest

from openline.tokens import check_credential

SECRET = "s3cret"


@pytest.mark.parametrize("token", ["t", "a.b-c_d~e/f+g==", "!\"#$%&'()"])
def test_a_token_of_printable_ascii_can_be_sent(token: str) -> None:
    assert check_credential(token) == token


@pytest.mark.parametrize(
    "token",
    [f"{SECRET}\u00fc", f"{SECRET} x", f"{SECRET}\r\nX: y", f"{SECRET}\x00", f"{SECRET}\x7f"],
    ids=ascii,
)
def test_a_token_invalid_in_a_header_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ValueError, match="no header can carry") as refused:
        check_credential(token)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("token", "what"),
    [
        (f"{SECRET}\n", "a line break at its end"),
        (f"{SECRET}\r\n", "a line break at its end"),
        (f"{SECRET}\n{SECRET}", "a line break in it"),
        (f"\n{SECRET}", "a line break in it"),
        (f"{SECRET} ", "a blank at its end"),
        (f"\t{SECRET}", "a blank in it"),
        (f"{SECRET} \n x", "a blank in it"),
        (f"{SECRET}\x00x", "a control character in it"),
        (f"{SECRET}\x7f", "a control character at its end"),
        (f"{SECRET}\u00a0", "a character that is not ASCII at its end"),
        ("\u201c", "a character that is not ASCII at its end"),
    ],
    ids=ascii,
)
def test_what_is_wrong_with_a_token_is_said(token: str, what: str) -> None:
    with pytest.raises(ValueError, match="no header can carry") as refused:
        check_credential(token)
    assert str(refused.value) == (
        f"the token has {what}, and no header can carry that: use ASCII, no blanks"
    )


def test_an_empty_token_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        check_credential("")
