"""PCM with a header, as a stream: bytes in, cut anywhere, and blocks of samples out.

Theory of operation. `HeaderedPcm` takes the bytes of one recording in order. It goes through
three states: the *header*, the *audio*, and the *tail*, which is what follows the audio:
chunks, tags, zeros, or another recording that was joined to this one by ``cat``. In the last
case it is `over`, and `rest` begins with that recording. A further chunk of audio is audio.

The header's size is a claim (see `headers`). Where it is unknown, all that follows is audio.
Where bytes follow that are neither a chunk, nor a tag, nor a recording, the header was written
before the audio was: these bytes are audio too. Where fewer bytes come than stated, `finish`
returns how many seconds are missing.
"""

from __future__ import annotations

from typing import Final

from openline_audio.channels import Samples
from openline_audio.codings import decode
from openline_audio.formats import HEAD_BYTES, recognise
from openline_audio.headers import CHUNKS, LETTERS, PRINTABLE, Chunks, Header, read_header
from openline_audio.parts import Part, skip_tags
from openline_audio.tags import tag_bytes
from openline_audio.window import Window

#: Enough of a tail to tell what it is: padding, and a magic number, a chunk's head or a tag's.
_LOOK_BYTES: Final = 8 + 32
#: So many zeros behind the audio are silence, and no padding.
_MOST_ZEROS: Final = 1 << 24


class HeaderedPcm:
    """One recording of uncompressed samples behind a header.

    ``header`` is None until it has been read. ``readable`` turns False if the header cannot be
    used here: it is damaged, or the coding is compressed. ``total`` is the bytes from the
    recording's beginning to the end of the file, None if unknown. ``unread`` counts bytes behind
    the audio of which nothing is known.
    """

    def __init__(self, total: int | None = None) -> None:
        self._total = total
        self._zeros = 0
        self._passed = 0  # bytes of the tail that were dropped
        self.header: Header | None = None
        self.readable = True
        self.over = False
        self.rest = b""
        self.data_at = 0
        self.audio_bytes = 0
        self.unread = 0
        self._parser = read_header()
        self._wanted = next(self._parser)
        self._held = b""
        self._left: int | None = None  # bytes of audio still to come; None if unknown
        self._tail = False
        self._skip = 0
        self._settled = False  # the tail has chunks or tags, so what follows is no audio
        self._odd = False  # a byte of padding may be next, which some recorders leave out

    def feed(self, data: bytes) -> list[Samples]:
        """Take the next bytes; returns the samples that they complete, (frames, channels)."""
        if self.over:
            self.rest += data
            return []
        self._held += data
        return self._go(end=False)

    def finish(self) -> list[Samples]:
        """The stream is over: the samples that were held back until their meaning was clear."""
        return self._go(end=True)

    @property
    def missing(self) -> float | None:
        """After ``finish``: seconds that the header states and that did not come; or None."""
        header = self.header
        if header is None or self._tail or not self._left:
            return None
        return self._left / header.unit / header.rate

    def _go(self, *, end: bool) -> list[Samples]:
        if self.header is None:
            self._read_header(end=end)
        if self.header is None or not self.readable:
            return []
        found: list[Samples] = []
        while True:
            if self._tail:
                if not self._look(self.header, end=end):
                    return found
                continue
            found += self._audio(self.header, end=end)
            if not self._tail:
                return found

    def _read_header(self, *, end: bool) -> None:
        while self.header is None and self.readable:
            want = self._wanted
            if want < 0:
                cut = min(-want, len(self._held))
                self._wanted += cut
                self._take(cut)
                if self._wanted and not end:
                    return
                answer = b""
            elif len(self._held) >= want or end:
                answer = self._take(want)
            else:
                return
            try:
                self._wanted = self._parser.send(answer)
            except StopIteration as done:
                self.header = done.value
                self.readable = self.header is not None and self.header.coding is not None
                self._left = None if self.header is None else self.header.stated

    def _take(self, size: int) -> bytes:
        taken, self._held = self._held[:size], self._held[size:]
        self.data_at += len(taken)
        return taken

    def _audio(self, header: Header, *, end: bool) -> list[Samples]:
        """The whole frames that are held and belong to the audio."""
        if self._left is None and not self.audio_bytes:
            if header.chunks is not None and len(self._held) < header.chunks.head and not end:
                return []  # a chunk may stand here
            if self._empty(header):
                self._tail, self._left = True, 0
                return []
        there = len(self._held) if self._left is None else min(self._left, len(self._held))
        whole = there - there % header.unit
        coding = header.coding
        pieces: list[Samples] = []
        if whole and coding is not None:
            pieces.append(decode(self._held[:whole], coding, header.channels))
            self._held = self._held[whole:]
            self.audio_bytes += whole
            if self._left is not None:
                self._left -= whole
        if self._left is not None and self._left <= len(self._held) and self._left < header.unit:
            self._tail = True
        return pieces

    def _empty(self, header: Header) -> bool:
        """Whether a chunk stands where the audio should begin: its size of 0 is right."""
        chunks = header.chunks
        if chunks is None or self._held[:4].rstrip() not in CHUNKS:
            return False
        end = self.data_at + chunks.head + chunks.length(self._held.ljust(chunks.head, b"\xff"))
        return end <= (self._total or self.data_at + _MOST_ZEROS)

    def _look(self, header: Header, *, end: bool) -> bool:
        """Go on in the tail; whether anything was settled. May leave it, for more audio."""
        cut = min(self._skip, len(self._held))
        self._skip -= cut
        self._drop(cut)
        if self._skip or self.over or not self._held or (len(self._held) < _LOOK_BYTES and not end):
            return False
        torn = self._left or 0  # bytes of an incomplete frame before the tail
        skips = {torn}
        if header.chunks is not None and not self._settled and not self._zeros:
            skips.add(header.chunks.padded(self.audio_bytes + torn) - self.audio_bytes)
        if self._odd:
            skips.add(1)
        if any(self._known(header.chunks, skip) for skip in sorted(skips)):
            return not self.over
        self._drop(int(self._odd))
        self._odd = False
        found = self._held.lstrip(b"\0")
        zeros = len(self._held) - len(found)
        if not found and self._zeros + zeros < _MOST_ZEROS:
            self._zeros += zeros
            self._drop(zeros)
            return False
        if zeros and any(self._known(header.chunks, skip) for skip in range(zeros, zeros - 4, -1)):
            return not self.over
        if self._settled:
            self.unread += len(self._held)
            self._drop(len(self._held))
            return False
        self._held = bytes(self._zeros) + self._held
        self._tail, self._left, self._zeros = False, None, 0
        return True

    def _known(self, chunks: Chunks | None, skip: int) -> bool:
        """Whether the tail from ``skip`` on begins with what is no audio of this recording."""
        tail = self._held[max(0, skip) :][:HEAD_BYTES]
        if chunks is not None and tail.startswith(chunks.audio) and len(tail) >= chunks.head:
            self._begin_chunk(tail, chunks, skip)
        elif (length := tag_bytes(tail)) > 0:
            self._settle(skip + length)
        elif recognise(tail) is not None:
            self.over, self.rest, self._held = True, self._held[max(0, skip) :], b""
        elif chunks is not None and self._is_chunk(tail, chunks, skip):
            length = chunks.length(tail)
            is_odd = chunks.padded(length) - length == 1
            self._settle(skip + chunks.head + (length if is_odd else chunks.padded(length)))
            self._odd = is_odd
        else:
            return False
        return True

    def _settle(self, skip: int) -> None:
        self._settled, self._left, self._skip, self._zeros = True, 0, skip, 0
        self._odd = False

    def _begin_chunk(self, tail: bytes, chunks: Chunks, skip: int) -> None:
        """Go on with another chunk of audio."""
        begin = skip + chunks.head + chunks.lead
        self.data_at += self.audio_bytes + self._passed + begin
        self.audio_bytes = self._passed = self._zeros = 0
        self._left = chunks.audio_size(tail)
        self._held = self._held[begin:]
        self._tail = self._settled = self._odd = False

    def _drop(self, size: int) -> None:
        self._held = self._held[size:]
        self._passed += size

    def _is_chunk(self, tail: bytes, chunks: Chunks, skip: int) -> bool:
        if len(tail) < chunks.head or chunks.length(tail) < 0:
            return False
        if tail[:4].rstrip() in CHUNKS:
            return True
        if self._total is None or tail[0] not in LETTERS or not PRINTABLE.issuperset(tail[:4]):
            return False
        at = self.data_at + self.audio_bytes + self._passed + skip
        return at + chunks.head + chunks.length(tail) <= self._total


def behind_chunks(window: Window, start: int, length: int, chunks: Chunks | None) -> int:
    """The offset behind the chunks, tags and zeros that follow ``length`` bytes of audio."""
    at = start + (length if chunks is None else chunks.padded(length))
    while True:
        before, at = at, skip_tags(window, at)
        if chunks is not None and window.peek(at, 4).rstrip() in CHUNKS:
            head = window.peek(at, chunks.head)
            at += chunks.head + chunks.padded(max(0, chunks.length(head)))
        if at == before:
            return at


def compressed_part(window: Window) -> Part:
    """The extent of a recording whose header is readable and whose audio is compressed.

    Where a WAV's sizes are unknown or too small, the part has a corrected header.
    """
    pcm = HeaderedPcm()
    at = 0
    while pcm.header is None and pcm.readable and (data := window.peek(at, 4096)):
        pcm.feed(data)
        at += len(data)
    header, start = pcm.header, pcm.data_at
    if header is None:
        return Part(0, len(window))
    end: int | None = None
    if header.stated is not None:
        if start + header.stated > len(window):
            return Part(0, len(window), torn=True)
        end = behind_chunks(window, start, header.stated, header.chunks)
        if end >= len(window) or _is_other(window, end):
            return Part(0, min(end, len(window)))
    if not window.peek(0, 4).startswith(b"RIFF") or len(window) > 0xFFFF_FFFF:
        return Part(0, len(window) if end is None else end)
    head = bytearray(window.peek(0, start))
    head[4:8] = (len(window) - 8).to_bytes(4, "little")
    head[-4:] = (len(window) - start).to_bytes(4, "little")
    return Part(start, len(window), bytes(head))


def _is_other(window: Window, at: int) -> bool:
    """Whether a tag or another recording follows, and no more audio."""
    behind = skip_tags(window, at)
    return behind >= len(window) or recognise(window.peek(behind, HEAD_BYTES)) is not None
