"""The captured audio of one source that is kept, within the limits of memory and disk.

Captured audio becomes frames, and they wait in the *backlog* until they are sent. What is sent
is kept too (``unconfirmed``), for it is sent again if the dial is lost.

Memory is bounded by ``limit`` samples. Over it the oldest frame goes. If it was never sent
on the live dial it is a gap at once; if it was, it is only *at risk* (``unconfirmed``). An
example, with room for three frames: A is sent and not confirmed, B and C wait, and D is
captured. A goes, and is at risk. E comes: nothing unconfirmed is left in memory, so B goes,
which was never sent: it is a gap (OVERFLOW).

With a spool all audio is on disk as well, and memory holds at most ``memory`` samples: the front of
the queue, and the newest of what is sent. The rest is *on disk alone*, as runs of positions:

    unconfirmed: on disk alone ── in memory │ backlog: in memory ── on disk alone

Where memory is full, the oldest frame that was sent leaves it; with none left, what is captured
next goes to the disk alone. No command is needed for that, for each piece is stored when it is
captured. When the dial is lost, what it was sent stands in front of the queue again, on disk alone
or not, and is fetched in parts (``wanted``, ``fetched``): the next part while half of memory is
still to be sent. A part that the disk does not have is a gap (SPOOL). ``disk_limit`` bounds the
kept audio, and the oldest goes when that is full. After the disk failed it takes no more, and may
still have what it has: memory then holds ``limit`` samples.

An example, with ``memory`` for four frames: A to F were sent, so A and B are on disk alone. The
dial is lost: A and B are fetched, and E and F, which are needed last, make room for them. A and B
are sent; C and D follow from memory, while E and F are fetched.

What leaves memory and disk is told or lost (``losing``).

While the backend *ignores* the source, nothing of it is kept (``ignored``).

Positions are samples of session time.
"""

from __future__ import annotations

from collections.abc import Iterable

from openline.audio.backlog import FRAME_SAMPLES, Backlog
from openline.audio.disk_runs import FETCH
from openline.audio.ignored import IgnoredRun
from openline.audio.losing import Losing
from openline.audio.unconfirmed import Unconfirmed
from openline.updates import Gap, GapCause

_FRAME_BYTES = 2 * FRAME_SAMPLES
#: Behind every position: all that is captured is on disk too.
_ALL = 1 << 62


class KeptAudio(Losing):
    """The audio of one source that is kept. All positions and counts are samples."""

    __slots__ = (
        *("_disk_limit", "_full_limit", "_ignored", "_limit", "_memory", "_sheds"),
        *("_stored_to", "_tail", "_unconfirmed", "closed", "left_unproved"),
    )

    def __init__(
        self,
        source: str,
        limit: int,
        origin: int,
        disk_limit: int = 0,
        *,
        memory: int | None = None,
        sheds: bool = True,
    ) -> None:
        """``memory``: what memory holds at most while there is a disk; None: ``limit`` too.

        ``sheds``: over the limits the oldest audio goes; a store waits, so none has to.
        """
        # A disk that holds less than memory can spares none.
        spares = memory is not None and (disk_limit >= limit or not disk_limit)
        self._memory = min(memory, limit) if memory is not None and spares else limit
        # Half of memory is fetched while the other half is sent.
        half = FETCH if memory is None else max(self._memory // 2, FRAME_SAMPLES)
        super().__init__(source, origin, Backlog(min(FETCH, half)))
        self.closed = False
        self.left_unproved = False  # audio has left memory that is sent and not confirmed
        self._full_limit = limit
        self._limit = self._memory if disk_limit else limit
        self._sheds = sheds
        self._disk_limit = disk_limit  # 0: there is no disk, or it takes no more
        self._stored_to = _ALL if disk_limit else 0  # what was captured before is on disk too
        self._ignored = IgnoredRun(self.losses)
        self._tail = b""  # captured, and not yet a frame
        self._unconfirmed = Unconfirmed()

    # Capture.

    def add(self, pcm: bytes) -> None:
        """Keep captured audio; it becomes frames of 320 samples however it was cut."""
        if self._ignored.begin is not None:
            self._skip(len(pcm) // 2)
            self._ignored.grow(self.captured)
        elif self._disk_limit and not self._has_memory(len(pcm) // 2):
            self._leave_on_disk(len(pcm) // 2)
        elif self._tail or self._backlog.disk.runs or len(pcm) != _FRAME_BYTES:
            pcm = self._tail + pcm
            at = self.captured - len(self._tail) // 2
            whole = len(pcm) - len(pcm) % _FRAME_BYTES
            self._tail = pcm[whole:]
            for i in range(0, whole, _FRAME_BYTES):
                self._backlog.add(at + i // 2, pcm[i : i + _FRAME_BYTES])
            # A policy has room for a frame, and the tail is less: there is a frame to shed.
            while self._sheds and self.buffered > self._limit:
                self._shed()
            self.captured = at + len(pcm) // 2
        else:  # one whole frame, as nearly always
            backlog = self._backlog
            backlog.frames.append((self.captured, pcm))
            backlog.samples += FRAME_SAMPLES
            self.captured += FRAME_SAMPLES
            while backlog.samples + self._unconfirmed.samples > self._limit and self._sheds:
                self._shed()

    def _leave_on_disk(self, samples: int) -> None:
        tail, self._tail = self._tail, b""
        self._backlog.disk.extend(self.captured - len(tail) // 2, self.captured + samples)
        self.captured += samples
        while self._sheds and self._is_too_much(0):
            if self._unconfirmed:
                self._drop_unconfirmed()
            else:
                self._let_go(*self._backlog.shed_oldest(), GapCause.OVERFLOW)

    def _has_memory(self, samples: int) -> bool:
        """Whether memory has room for ``samples`` more, before all that is on disk alone.

        What was sent makes room.
        """
        if self._backlog.disk:
            return False
        if self.buffered + samples > self._limit:
            self._relieve(samples)
            while self._sheds and self._unconfirmed.stored and self._is_too_much(samples):
                self._drop_unconfirmed()
        return self.buffered + samples <= self._limit

    def _relieve(self, samples: int) -> None:
        """What the disk has too leaves memory, the oldest first, for ``samples`` to fit."""
        unconfirmed, most = self._unconfirmed, self._limit - samples
        while self.buffered > most and unconfirmed.is_stored(self._stored_to):
            unconfirmed.leave(self.confirmed, self._stored_to)

    def _is_too_much(self, samples: int) -> bool:
        """Whether the disk has no room for what is kept and ``samples`` more."""
        return self.captured + samples - self._front > self._disk_limit

    def _drop_unconfirmed(self) -> None:
        """The disk drops the oldest audio, which was sent: it is at risk."""
        if self._unconfirmed.stored:
            self._unconfirmed.drop(FRAME_SAMPLES)
        else:
            self._unconfirmed.leave(self.confirmed, 0)
        self.left_unproved = True

    @property
    def _front(self) -> int:
        """The oldest sample that is kept anywhere, and that can be sent again."""
        front = self._unconfirmed.front
        if front is None:
            front = self._backlog.front
        return self.captured if front is None else front

    def hole(self, samples: int) -> None:
        """``samples`` passed that the source could not capture."""
        self._flush()
        self.losses.lose(self.captured, self.captured + samples, GapCause.CAPTURE)
        self.captured += samples
        if self.ignored:
            self._skip(0)
            self._ignored.begin = self.captured

    def close(self) -> None:
        """No more audio comes: the last frame may go out, though it is short."""
        self._flush()
        self.closed = True

    def _flush(self) -> None:
        tail, self._tail = self._tail, b""
        if tail:
            self._backlog.add(self.captured - len(tail) // 2, tail)
        self._ignored.lose(self.captured)

    def _shed(self) -> None:
        """Take the oldest frame out of memory."""
        if self._unconfirmed.audio:
            self.left_unproved |= self._unconfirmed.leave(self.confirmed, self._stored_to)
        else:
            self._let_go(*self._backlog.shed(), GapCause.OVERFLOW)

    # The disk.

    @property
    def wants(self) -> bool:
        """Whether audio is to be fetched from the disk."""
        return self._backlog.disk.may_fetch and self._is_short

    @property
    def _is_short(self) -> bool:
        """Whether no more than half of memory is to be sent next, or less than a message."""
        half = self._limit // 2 + 1
        return not (self._has_message and self._backlog.ready(half) == half)

    def wanted(self) -> tuple[int, int] | None:
        """(position, samples) to fetch from the disk now; None while there is no need."""
        return self._backlog.disk.wanted() if self.wants else None

    def fetched(self, start: int, pcm: bytes) -> None:
        """Audio that ``wanted`` requested; empty if the disk does not have it.

        Then that part alone is lost: the disk may have the audio after it. What was read for a dial
        that is lost since may find memory full of what that was sent: then it is read again later.
        """
        if pcm and not self._is_short:
            self._backlog.disk.put_off()
            return
        samples = len(pcm) // 2
        self._relieve(samples)
        self._backlog.leave(self.buffered + samples - self._limit, self._stored_to)
        if (gone := self._backlog.fetched(start, pcm)) is not None:
            self._let_go(*gone, GapCause.SPOOL)

    def disk_failed(self) -> None:
        """The disk takes no more: from here on, audio is kept in memory alone."""
        self._disk_limit = 0
        self._limit = self._full_limit
        self._stored_to = min(self._stored_to, self.captured)

    def restore(
        self,
        confirmed: int,
        runs: Iterable[tuple[int, int]],
        gaps: Iterable[Gap],
        told: Iterable[tuple[int, int]] = (),
        assumed: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Restore the state of an earlier process: ``runs`` of audio on disk."""
        kept, self.captured = self.losses.restore(gaps, told, confirmed, runs, assumed)
        for start, end in kept:
            self._backlog.disk.extend(start, end)
        self.confirmed = self.sent = confirmed
        self._limit = self._memory
        self._stored_to = self._stored_to or self.captured

    # What is kept.

    @property
    def _has_message(self) -> bool:
        """Whether memory holds enough for a message."""
        return bool(self._backlog.frames)

    @property
    def unsent(self) -> int:
        """Captured samples from the next frame to the live edge."""
        front = self._backlog.front
        return 0 if front is None else self.captured - front

    @property
    def on_disk(self) -> bool:
        """Whether audio waits on disk alone."""
        return bool(self._backlog.disk)

    @property
    def buffered(self) -> int:
        """Samples held in memory."""
        return self._backlog.samples + self._unconfirmed.samples + len(self._tail) // 2

    def has_room(self, room: int) -> bool:
        """Whether ``room`` more samples fit, on disk if there is one; some always fit at last."""
        if self._disk_limit:
            return self.captured - self._front < max(self._disk_limit // 2, self._disk_limit - room)
        return self.buffered < max(self._limit // 2, self._limit - room)

    @property
    def undelivered(self) -> bool:
        """Whether anything captured is neither confirmed nor given up."""
        # Audio at risk is older than the newest, which is kept, and confirmed before it.
        return bool(self._backlog or self._unconfirmed or self._tail)

    def _forget(self) -> None:
        self._unconfirmed = Unconfirmed()
        self._backlog.clear()
        self._tail = b""

    @property
    def ignored(self) -> bool:
        """Whether the backend ignores the source on this dial."""
        return self._ignored.begin is not None

    def _skip(self, samples: int) -> None:
        self.captured += samples
        self.sent = self.confirmed = self.captured
