"""What is no audio is told apart from raw PCM by its first bytes."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio.foreign import LOOK_BYTES, describe_foreign, is_text


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"Not found.\n", "text"),
        (b'{"detail":"Unauthorized"}', "text"),
        (b"<!DOCTYPE html>\r\n<title>404</title>", "text"),
        ("\ufeffнет такого файла".encode(), "text"),
        ("нет такого файла".encode()[:-1], "text"),  # cut within a letter
        ("pas\u00a0trouvé\u202f!".encode(), "text"),  # with blanks of other widths
        (gzip.compress(b"RIFF"), "a gzip archive"),
        (b"PK\x03\x04\x14\0", "a zip archive"),
        (b"\x28\xb5\x2f\xfd\x04", "a zstd archive"),
        (b"\xfd7zXZ\0", "an xz archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"BZh91AY&SY", "a bzip2 archive"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
        (b"GIF89a\1\0", "a picture"),
    ],
)
def test_what_is_no_audio_is_named(head: bytes, what: str) -> None:
    # speechmatics/speechmatics-js-sdk#53: an error of a server is sent as if it were audio.
    assert describe_foreign(head) == what


@pytest.mark.parametrize(
    "head", [b"", b"Not", bytes(64), b"ab" * 40, b"    " * 20, b"speak up\0", b"quiet \x01\x02 "]
)
def test_what_may_be_samples_is_not(head: bytes) -> None:
    assert describe_foreign(head) is None


@given(st.integers(0, 1 << 32), st.sampled_from([1, 30, 1_000, 30_000]))
def test_noise_of_any_level_may_be_samples(seed: int, level: int) -> None:
    noise = np.random.default_rng(seed).integers(-level, level + 1, LOOK_BYTES // 2)
    assert describe_foreign(noise.astype("<i2").tobytes()) is None


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1))
def test_text_is_text_wherever_it_is_cut(text: str) -> None:
    data = text.encode()
    assert all(is_text(data[:end]) for end in range(1, len(data) + 1))
