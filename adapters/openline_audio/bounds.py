"""Where a recording in a pipe ends, and the one that was joined to it begins.

Theory of operation. FFmpeg takes what follows a recording for more of it: it skips that, or
decodes it at the first one's rate. So what FFmpeg reads has to end where the recording ends.
`Bound.take` gets the bytes that were not passed on yet. It returns how many of them belong to the
recording for sure, and whether the next recording begins behind them. Example, FLAC:

    take(b"…fLa")             all but three, False: they may begin another one
    take(b"fLaC\\0\\0\\0\\x22…")  0, True

*FLAC* begins with eight bytes that do not appear by chance. *Ogg* is a list of pages, each with
its length; a page that begins a stream, behind one that does not, begins the next recording. Of
other formats FFmpeg finds the end itself.
"""

from __future__ import annotations

from openline_audio import formats
from openline_audio.parts import MAGIC, OGG_BEGINS, OGG_HEAD

_PAGE = b"OggS"


class Bound:
    """The end of a recording of any other format: all that comes belongs to it.

    ``unread`` counts the bytes at the end that are no part of it, ``garbage`` those within it.
    """

    unread = garbage = 0

    def take(self, data: bytes, *, last: bool) -> tuple[int, bool]:  # noqa: ARG002  # as the others have it
        """``last``: no more bytes come."""
        return len(data), False


class _Flac(Bound):
    def __init__(self) -> None:
        self._begun = False

    def take(self, data: bytes, *, last: bool) -> tuple[int, bool]:
        own = 0 if self._begun else 1  # its own beginning is none of another
        hits = [data.find(magic, own) for magic in MAGIC[formats.FLAC]]
        found = [hit for hit in hits if hit >= 0]
        held = 0 if last else max(_begun(data, magic) for magic in MAGIC[formats.FLAC])
        size = min(found) if found else len(data) - held
        self._begun = self._begun or size > 0
        return size, bool(found)


class _Ogg(Bound):
    def __init__(self) -> None:
        self._left = 0  # bytes of the page that are still to come
        self._heads = True  # no page yet but those that begin a stream

    def take(self, data: bytes, *, last: bool) -> tuple[int, bool]:
        at = 0
        while True:
            passed = min(self._left, len(data) - at)
            self._left -= passed
            at += passed
            head = data[at : at + OGG_HEAD + 255]
            if not head:
                return at, False
            if not head.startswith(_PAGE[: len(head)]):  # no page: FFmpeg looks for the next
                found = data.find(_PAGE, at)
                behind = found if found >= 0 else len(data) - (0 if last else _begun(data, _PAGE))
                self.unread += behind - at
                at = behind
                continue
            if len(head) < OGG_HEAD or len(head) < OGG_HEAD + head[26]:
                return (len(data) if last else at), False
            begins = bool(head[5] & OGG_BEGINS)
            if begins and not self._heads:
                return at, True
            self.garbage, self.unread = self.garbage + self.unread, 0
            self._heads = begins
            self._left = OGG_HEAD + head[26] + sum(head[OGG_HEAD : OGG_HEAD + head[26]])


def bound_of(kind: str) -> Bound:
    """Finds the end of one recording of this format."""
    if kind == formats.FLAC:
        return _Flac()
    return _Ogg() if kind == formats.OGG else Bound()


def _begun(data: bytes, magic: bytes) -> int:
    """How many bytes at the end of ``data`` may be the beginning of ``magic``."""
    lengths = range(min(len(magic) - 1, len(data)), 0, -1)
    return next((n for n in lengths if data.endswith(magic[:n])), 0)
