"""A backend's text is made safe to show to a person."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.text import (
    BIDI,
    CONTROLS,
    MOST,
    SURROGATES,
    encodable,
    harmless,
    has_words,
    is_one_word,
    one_line,
    os_reason,
)
from openline.updates import BackendStatus, Trouble
from tests.core.driver import Drive

HARMFUL = re.compile(f"[{CONTROLS}{BIDI}{SURROGATES}]")
#: Any code point, halves of a pair included.
ANY = st.text(st.characters(exclude_categories=()), max_size=3 * MOST)
MUCH = "x" * 2_000_000


@given(ANY)
def test_any_text_becomes_one_harmless_line_that_fits(text: str) -> None:
    said = one_line(text)
    assert len(said) <= MOST
    assert not HARMFUL.search(said)
    assert one_line(said) == said


@given(ANY)
def test_harmless_changes_nothing_but_what_can_harm(text: str) -> None:
    safe = harmless(text)
    assert not HARMFUL.search(safe)
    assert harmless(safe) == safe
    safe.encode()
    if not HARMFUL.search(text):
        assert safe == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("two\r\nlines\x1b[2J\x85\u2028.", "two  lines [2J  ."),
        ("a\u202eb\u2067c\u2069", "abc"),
        ("left \u200e and right \u200f marks", "left \u200e and right \u200f marks"),
        ("\ud83d alone, \ud83d\ude00 a pair", "\ufffd alone, \U0001f600 a pair"),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
        ("5\u202f000\u00a0\u20ac \U0001fae8 Donau\u00addampf",) * 2,
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467",) * 2,
    ],
)
def test_harmless_keeps_joiners_marks_blanks_and_new_emoji(text: str, safe: str) -> None:
    assert harmless(text) == safe


@pytest.mark.parametrize("text", ["plain", "caf\u00e9", "\U0001f600"])
def test_encodable_keeps_a_text_that_utf8_can_hold(text: str) -> None:
    assert encodable(text) is text


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
        # Letters that are younger than the Python, and joiners, are no controls.
        ("\U0001fae8 \u0645\u06cc\u200c\u062e\u0648",) * 2,
        ("a\u202eb\ud800", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"),
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
        ("\U0001faff", True),  # of no Unicode yet: an emoji may be younger than the Python
        ("\ue000", True),  # private use: the script of a font
        ("", False),
        (".", False),
        (" \n\t\N{NO-BREAK SPACE}", False),
        ("\N{HORIZONTAL ELLIPSIS} - \N{IDEOGRAPHIC FULL STOP}", False),
        ("\0\N{ZERO WIDTH SPACE}\ufeff", False),
        ("\ud800", False),
    ],
)
def test_words_are_more_than_punctuation_and_blanks(text: str, has: bool) -> None:
    assert has_words(text) is has


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("yes", True),
        (" don't. ", True),
        ("Straße", True),
        ("네", True),
        ("yes sir", False),
        ("", False),
        ("今天天气很好", False),
        ("はい", False),
        ("สวัสดีครับ", False),
    ],
)
def test_a_text_without_blanks_is_one_word_where_blanks_part_words(text: str, is_one: bool) -> None:
    assert is_one_word(text) is is_one
