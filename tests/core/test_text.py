"""A backend's text is made safe to show to a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.text import MOST, has_words, one_line, os_reason
from openline.updates import BackendStatus, Trouble
from tests.core.driver import Drive

MUCH = "x" * 2_000_000


@given(st.text(max_size=3 * MOST))
def test_any_text_becomes_one_printable_line_that_fits(text: str) -> None:
    said = one_line(text)
    assert len(said) <= MOST
    assert said.isprintable()
    assert one_line(said) == said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Server at capacity", "Server at capacity"),
        ("two\nlines\r\n\tand  more", "two lines and more"),
        ("\x1b[31mred\x07", "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"),
        ("a" * MOST, "a" * MOST),
        ("a" * (MOST + 1), "a" * (MOST - 1) + "…"),
        ("a" * 100 + " " * 5000, "a" * 100 + "…"),
        # Up to the shown length, with spaces to spare, up to the length that is read and beyond.
        ("b" + "  " * 10 + "a" * 298, "b " + "a" * 298),
        ("b" + "  " * 10 + "a" * 299, "b " + "a" * 297 + "…"),
        ("a" + " " * 1199, "a"),
        ("a" + " " * 1200, "a…"),
        ("a" + " " * 1200 + "b", "a…"),
        (" a  b ", "a b"),
    ],
)
def test_only_a_text_that_is_too_long_is_cut(said: str, shown: str) -> None:
    assert one_line(said) == shown


def test_long_texts_of_a_backend_are_cut_in_every_update() -> None:
    drive = Drive().stream()
    drive.say("status", state=MUCH, message=MUCH, source=MUCH)
    drive.say("status", state="error", message=MUCH)
    drive.say(MUCH)
    drive.say("error", message=MUCH)
    statuses = drive.told(BackendStatus)
    assert len(statuses) == 3
    told = [*statuses, *drive.told(Trouble), drive.last_change, drive.ended]
    assert all(len(repr(update)) < 8 * MOST for update in told)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device", "secret/path"), "no space left on device"),
        (OSError("Broken"), "broken"),
    ],
)
def test_an_os_error_is_reported_without_its_path(error: OSError, reason: str) -> None:
    assert os_reason(error) == reason


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("yes", True),
        ("7", True),
        ("\N{CJK UNIFIED IDEOGRAPH-662F}", True),
        ("... \N{DEVANAGARI LETTER HA}\N{DEVANAGARI SIGN ANUSVARA}.", True),
        ("\N{THUMBS UP SIGN}", True),
        ("\N{EIGHTH NOTE}", True),
        ("$", True),
        ("", False),
        (".", False),
        (" \n\t\N{NO-BREAK SPACE}", False),
        ("\N{HORIZONTAL ELLIPSIS} - \N{IDEOGRAPHIC FULL STOP}", False),
        ("\0\N{ZERO WIDTH SPACE}\ufeff", False),
    ],
)
def test_words_are_more_than_punctuation_and_blanks(text: str, has: bool) -> None:
    assert has_words(text) is has
