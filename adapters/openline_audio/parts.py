"""Where a recording ends and the next one begins, in a file that holds several.

Theory of operation. Files are joined with ``cat``, radio streams are chained, recorders split
and merge. A decoder stops at the end of the first, and says nothing. So each part is measured
before it is decoded:

- *Ogg* is a list of pages, each with its length. A page that begins a stream, behind one that
  does not, begins the next part.
- *MP3* is a list of frames, each with its length. A tag before a frame, a frame with a length
  tag, or frames of another form begin the next part.
- *MP4* is a list of boxes, each with its length; a second ``ftyp`` begins the next part. *WebM*,
  *WMA*, *FLV*, *AMR* and MPEG transport streams are lists as well (`containers`).
- *FLAC* cannot be walked so, but begins with eight bytes that do not appear by chance, and a live
  *WebM*, whose length is unknown, with a header of some more: they are searched for.

Headers with PCM behind them are measured while they are read (`headered`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from openline_audio import containers, formats, mpeg
from openline_audio.tags import tag_bytes
from openline_audio.window import Window

#: Bytes to read at a time, of files that are searched from end to end.
_BLOCK: Final = 1 << 20
#: The beginnings of files, as they are searched for.
MAGIC: Final = {
    formats.FLAC: (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22"),
    formats.MATROSKA: (b"webm", b"matroska"),
}
#: The EBML header is before its document type, within so many bytes.
_EBML_BYTES: Final = 64
#: The bit of an Ogg page that begins a stream, and the bytes before its table (RFC 3533 §6).
OGG_BEGINS: Final = 2
OGG_HEAD: Final = 27


@dataclass(frozen=True, slots=True)
class Part:
    """The extent of the first recording in a window.

    ``start`` to ``end`` are offsets of its bytes; ``prefix`` is what a decoder needs before them.
    ``torn`` is true if its last piece is incomplete. ``garbage`` counts bytes between its pieces
    that belong to none. ``counted`` is false if libsndfile can only estimate how long it is.
    """

    start: int
    end: int
    prefix: bytes = b""
    torn: bool = False
    garbage: int = 0
    counted: bool = True


def first_part(window: Window, kind: str | None) -> Part:
    """The extent of the recording of this format that the window begins with. Raises OSError."""
    if kind == formats.OGG:
        return _ogg(window)
    if kind == formats.MP3:
        return _mp3(window)
    if kind == formats.MP4:
        return _mp4(window)
    walk = containers.WALKS.get(kind or "")
    end = None if walk is None else walk(window)
    if end is not None:
        return Part(0, min(end, len(window)), torn=end > len(window))
    return Part(0, _next_magic(window, kind) if kind in MAGIC else len(window))


def skip_tags(window: Window, at: int) -> int:
    """The offset of the first byte from ``at`` on that is neither a tag nor a zero."""
    while at < len(window):
        head = window.peek(at, 4096)
        length = tag_bytes(head)
        if not length and formats.recognise(head) is None:
            length = len(head) - len(head.lstrip(b"\0"))
            if 0 < length < len(head):  # a number may begin with zeros
                length = max(0, length - 3) if _hidden(head, length) else length
        if not length:
            break
        at += length
    return min(at, len(window))


def _hidden(head: bytes, zeros: int) -> bool:
    return any(formats.recognise(head[zeros - n :]) is not None for n in (3, 2, 1) if n <= zeros)


def _next_magic(window: Window, kind: str) -> int:
    """The offset of the next beginning of a file of this format behind the first; or the end."""
    overlap = max(map(len, MAGIC[kind])) - 1
    at, tail = 0, b""
    while block := window.peek(at, _BLOCK):
        data, base = tail + block, at - len(tail)
        for hit in sorted(base + hit for magic in MAGIC[kind] for hit in _all(data, magic)):
            begins = hit if kind != formats.MATROSKA else _ebml(window, hit)
            if begins > 0:
                return begins
        at += len(block)
        tail = data[-overlap:]
    return len(window)


def _ebml(window: Window, document_type: int) -> int:
    """The offset of the EBML header around this document type; -1 if there is none."""
    start = max(0, document_type - _EBML_BYTES)
    found = window.peek(start, document_type - start).rfind(formats.EBML_MAGIC)
    return start + found if found >= 0 else -1


def _all(data: bytes, magic: bytes) -> Iterator[int]:
    at = data.find(magic)
    while at >= 0:
        yield at
        at = data.find(magic, at + 1)


def _mp4(window: Window) -> Part:
    at = 0
    while True:
        head = window.peek(at, 16)
        size, name = int.from_bytes(head[:4], "big"), head[4:8]
        if name == b"ftyp" and at:
            return Part(0, at)
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size == 0:  # it reaches to the end, or this is the end
            return Part(0, len(window))
        if size < 8 or (not name.isalnum() and not name.strip(b"\xa9 -_").isalnum()):
            return Part(0, at or len(window))
        if at + size > len(window):
            return Part(0, len(window), torn=True)
        at += size


def _ogg(window: Window) -> Part:
    at, begins = 0, True
    while at < len(window):
        head = window.peek(at, OGG_HEAD + 255)
        if not head.startswith(b"OggS") or len(head) < OGG_HEAD:
            found = _find(window, b"OggS", at + 1)
            if found == len(window):
                return Part(0, at)  # what follows is no Ogg
            at = found
            continue
        if head[5] & OGG_BEGINS and not begins:
            return Part(0, at)
        begins = bool(head[5] & OGG_BEGINS)
        table = head[OGG_HEAD : OGG_HEAD + head[26]]
        size = OGG_HEAD + head[26] + sum(table)
        if at + size > len(window):
            return Part(0, len(window), torn=True)
        at += size
    return Part(0, at)


def _find(window: Window, magic: bytes, at: int) -> int:
    tail = len(magic) - 1
    while block := window.peek(at, _BLOCK):
        found = block.find(magic)
        if found >= 0:
            return at + found
        if len(block) <= tail:
            break
        at += len(block) - tail
        if len(block) < _BLOCK:
            break
    return len(window)


class _Blocks:
    """Gives a block of the window that holds what is asked for; forwards only."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._block = b""
        self._base = 0

    def at(self, offset: int, size: int = 4096) -> tuple[bytes, int]:
        """A block with ``size`` bytes from ``offset`` on, if there are so many; and the place."""
        if not self._base <= offset <= offset + size <= self._base + len(self._block):
            self._base, self._block = offset, self._window.peek(offset, _BLOCK)
        return self._block, offset - self._base


def _mp3(window: Window) -> Part:
    start = skip_tags(window, 0)
    blocks = _Blocks(window)
    block, at = blocks.at(start)
    first = mpeg.frame_at(block, at)
    if first is None or not first.length:  # free format, or garbage: the decoder will see
        return Part(0, len(window))
    tag = mpeg.length_tag(block, at, first)
    stated = None if tag is None else mpeg.stated_frames(block, tag)
    sound = start if tag is None else start + first.length
    frames, part = _walk(window, blocks, first, sound)
    # Some writers count the frame of the tag as well.
    if stated is not None and (frames == stated or frames < stated - 1):
        return replace(part, start=start)
    if first.layer != mpeg.LAYER_3:  # MP2 has no length tags
        return replace(part, start=start, counted=False)
    if not frames:
        return replace(part, start=start)
    return replace(part, prefix=mpeg.tag_frame(window.peek(sound, 4), frames))


def _walk(window: Window, blocks: _Blocks, first: mpeg.Frame, start: int) -> tuple[int, Part]:
    """The number of frames like ``first`` from ``start`` on, and their extent."""
    frames, at, garbage = 0, start, 0
    while True:
        block, place = blocks.at(at)
        frame = mpeg.frame_at(block, place)
        if frame is not None and frame.length and frame.form == first.form:
            if frames and mpeg.length_tag(block, place, frame) is not None:
                return frames, Part(start, at, garbage=garbage)
            if at + frame.length > len(window):
                return frames, Part(start, len(window), torn=True, garbage=garbage)
            frames += 1
            at += frame.length
            continue
        found = _next_frame(blocks, first, at, len(window))
        head = block[place : place + formats.HEAD_BYTES]
        if found is None or tag_bytes(head) or formats.recognise(head) is not None:
            return frames, Part(start, at, garbage=garbage)
        garbage += found - at
        at = found


def _next_frame(blocks: _Blocks, first: mpeg.Frame, at: int, end: int) -> int | None:
    """The offset of the next two frames like ``first``, one behind the other; None if none."""
    while at < end:
        block, place = blocks.at(at)
        if not block:  # the file has become shorter
            return None
        hit = block.find(b"\xff", place)
        if hit < 0:
            at += len(block) - place
            continue
        at += hit - place
        block, place = blocks.at(at)
        frame = mpeg.frame_at(block, place)
        if frame is not None and frame.length and frame.form == first.form:
            second = mpeg.frame_at(block, place + frame.length)
            if second is not None and second.form == first.form:
                return at
        at += 1
    return None
