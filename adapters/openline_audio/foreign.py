"""What is no audio at all, told by its first bytes: text, archives, documents and pictures.

Raw PCM has no magic number, so whatever is no recording would be sent as samples: the page of a
web server that lacks the recording, or a recording that is still packed. Samples do not look like
text: no quiet ones do, for they hold zeros and bytes above 127, and loud ones hardly by chance.
"""

from __future__ import annotations

from typing import Final
from unicodedata import category

#: So many bytes are looked at, and waited for as long as they are text.
LOOK_BYTES: Final = 64
#: Fewer bytes, or fewer different ones, may be samples.
_LEAST_BYTES: Final = 8
_LEAST_KINDS: Final = 5
_BLANKS: Final = "\t\n\r\f\ufeff"
#: Magic numbers of what holds no samples.
_MAGIC: Final = (
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"BZh91AY&SY", "a bzip2 archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff\xe0", "a picture"),
    (b"\xff\xd8\xff\xe1", "a picture"),
    (b"GIF89a", "a picture"),
)


def describe_foreign(head: bytes) -> str | None:
    """What ``head`` begins, in a few words; None if it may be samples."""
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return what
    head = head[:LOOK_BYTES]
    has_words = len(head) >= _LEAST_BYTES and len(set(head)) >= _LEAST_KINDS
    return "text" if has_words and is_text(head) else None


def is_text(data: bytes) -> bool:
    """Whether all is UTF-8 that can be printed; its last letter may be cut."""
    for cut in range(4):
        try:
            text = data[: len(data) - cut].decode()
        except UnicodeDecodeError:
            continue
        return all(map(_is_printed, text))
    return False


def _is_printed(letter: str) -> bool:
    """Whether it is a letter or a blank; ``isprintable`` takes no blank but that of ASCII."""
    return letter.isprintable() or letter in _BLANKS or category(letter) == "Zs"
