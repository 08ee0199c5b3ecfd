"""What a token may be made of: what the value of a header can carry."""

from __future__ import annotations


def check_credential(credential: str) -> str:
    """Return ``credential`` if it can be sent; else raise ValueError that does not show it.

    A token that is not ASCII makes servers drop the connection, and a control character
    would split the header. The error says what the first such character is, and whether it is at
    the token's end, as where a file was read with its line end.
    """
    if not credential:
        raise ValueError("the token is empty")
    wrong = [at for at, each in enumerate(credential) if not "!" <= each <= "~"]
    if wrong:
        what = _kind_of_character(credential[wrong[0]])
        is_last = wrong[0] == len(credential) - len(wrong)  # only such ones follow
        where = "at its end" if is_last else "in it"
        raise ValueError(
            f"the token has {what} {where}, and no header can carry that: use ASCII, no blanks"
        )
    return credential


def _kind_of_character(character: str) -> str:
    """A character that no header can carry, in words."""
    if character in "\r\n":
        return "a line break"
    if character in " \t":
        return "a blank"
    return "a control character" if character.isascii() else "a character that is not ASCII"
