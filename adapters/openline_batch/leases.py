"""Who does which recording now, where several machines share a directory and any of them may die.

A coordinator is an *owner*: one file, ``owners/OWNER``, which it locks while it lives, and in which
it counts on every few seconds. A *claim* on a recording is a file ``claims/KEY.EPOCH`` that names
its owner. It is made by a link, so of two that claim at once one gets it. A claim counts as long as
its owner lives, and how that is known depends on where the owner is:

- on this machine: its lock. The kernel frees it when the process ends, however it ends.
- on another machine: its count. If it has not moved for ``LEASE`` seconds *of this machine's clock*
  since we first saw it so, the owner is taken for dead. No two clocks are ever compared.

An owner that takes over the claim of a dead one makes the next epoch, and removes nothing: two that
take over at once want the same name, and one gets it. The highest epoch counts. A coordinator that
was suspended for as long as a lease looks after that whether its claims still count.

Two sessions of one recording at once would need a machine that is taken for dead and is not. Then
the lock on the session's spool keeps them apart where the file system carries locks, and the
outcome is written once in any case.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from openline_batch.files import TEMPORARY, decode, encode, write_new
from openline_store.locks import lock
from openline_store.spool import close_quietly

#: Seconds after which an owner on another machine that does not count on is taken for dead.
LEASE: Final = 60.0
#: Seconds from one count to the next: a tenth of a lease, for a disk may be slow.
BEAT: Final = 6.0
_CLAIM: Final = re.compile(r"(?P<key>.+)\.(?P<epoch>\d{1,9})")
_BYTES: Final = 512  # of an owner's file: it is overwritten in place, also on a full disk


class _Card(msgspec.Struct, frozen=True):
    """An owner's file."""

    machine: str
    host: str
    pid: int
    beat: int


class Claim(msgspec.Struct, frozen=True):
    """This owner's right to do a recording."""

    key: str
    epoch: int


def this_machine() -> str:
    """Names this machine since its start: locks on its files are seen by all that has this name."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return socket.gethostname()


class Leases:
    """The claims of one coordinator, ``name``, which is unique. ``clock`` counts seconds.

    Raises OSError where the directory cannot be used, as on a system without locks.
    """

    def __init__(
        self,
        owners: Path,
        claims: Path,
        *,
        name: str,
        clock: Callable[[], float],
        machine: str | None = None,
    ) -> None:
        self._owners, self._claims = owners, claims
        self._name = name
        self._clock = clock
        self._machine = this_machine() if machine is None else machine
        self._host = socket.gethostname()[:64]
        self._beat = 0
        self._seen: dict[str, tuple[int, float]] = {}  # of others: their count, and since when
        # It is locked before it has its name: without a lock it would be swept as a dead one's.
        unnamed = owners / f"{TEMPORARY}{name}"
        self._fd = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            lock(self._fd, "a batch")
            os.pwrite(self._fd, self._card(), 0)
            os.fsync(self._fd)
            unnamed.rename(owners / name)
        except OSError:
            with suppress(OSError):
                unnamed.unlink()
            close_quietly(self._fd)
            raise
        self._counted_at = clock()

    def count(self) -> bool:
        """Count on; False if so much time has passed that others may have taken over. OSError."""
        self._beat += 1
        os.pwrite(self._fd, self._card(), 0)
        late = self._clock() - self._counted_at
        self._counted_at = self._clock()
        return late < LEASE

    def claim(self, key: str) -> Claim | None:
        """Claim a recording; None: a living owner has it, or was faster. Raises OSError."""
        epochs = self._epochs(key)
        if any(self._is_alive(self._owner(key, epoch)) for epoch in epochs):
            return None
        mine = Claim(key, max(epochs, default=0) + 1)
        if not write_new(self._path(key, mine.epoch), self._name.encode()):
            return None
        # An epoch may have been given back, and made again, since we looked.
        others = [epoch for epoch in self._epochs(key) if epoch != mine.epoch]
        if any(self._is_alive(self._owner(key, epoch)) for epoch in others):
            self._path(key, mine.epoch).unlink(missing_ok=True)
            return None
        return mine

    def holds(self, claim: Claim) -> bool:
        """Whether the claim is still this owner's. Raises OSError."""
        return max(self._epochs(claim.key), default=0) == claim.epoch

    def release(self, claim: Claim) -> None:
        """Give a claim back, or end it: the recording is done. Raises OSError."""
        for epoch in sorted(self._epochs(claim.key)):
            if epoch <= claim.epoch:
                self._path(claim.key, epoch).unlink(missing_ok=True)

    def holder(self, key: str) -> str:
        """The owner of a recording, for people; empty: it has none. Raises OSError."""
        for epoch in sorted(self._epochs(key), reverse=True):
            card = self._read(self._owner(key, epoch))
            if card is not None:
                return f"process {card.pid} on {card.host}"
        return ""

    def sweep(self, is_over: Callable[[str], bool]) -> None:
        """Remove what dead coordinators left: claims on what is over, and their own files here.

        Raises OSError.
        """
        for name in os.listdir(self._claims):
            match = _CLAIM.fullmatch(name)
            if match is not None and is_over(match["key"]):
                (self._claims / name).unlink(missing_ok=True)
        for name in os.listdir(self._owners):
            card = self._read(name)
            here = card is not None and card.machine == self._machine
            if name.startswith(TEMPORARY):
                continue  # it has begun a moment ago
            if here and name != self._name and not self._is_locked(name):
                (self._owners / name).unlink(missing_ok=True)

    def close(self) -> None:
        """End: what is claimed still is free from now on."""
        with suppress(OSError):
            (self._owners / self._name).unlink()
        close_quietly(self._fd)

    def _card(self) -> bytes:
        card = _Card(self._machine, self._host, os.getpid(), self._beat)
        return encode(card).ljust(_BYTES)

    def _path(self, key: str, epoch: int) -> Path:
        return self._claims / f"{key}.{epoch}"

    def _epochs(self, key: str) -> list[int]:
        matches = (_CLAIM.fullmatch(name) for name in os.listdir(self._claims))
        return [
            int(match["epoch"])
            for match in matches
            if match is not None and match["key"] == key and not key.startswith(TEMPORARY)
        ]

    def _owner(self, key: str, epoch: int) -> str:
        """The name of an owner; empty: the claim is gone meanwhile."""
        try:
            return self._path(key, epoch).read_text("ascii")
        except FileNotFoundError:
            return ""

    def _read(self, owner: str) -> _Card | None:
        if not owner:
            return None
        try:
            return decode((self._owners / owner).read_bytes(), _Card)
        except FileNotFoundError:
            return None
        except ValueError:  # read while it was overwritten: it counts, so it lives
            return _Card("", "another machine", 0, -2)

    def _is_alive(self, owner: str) -> bool:
        if owner == self._name:
            return True
        card = self._read(owner)
        if card is None:
            return False
        if card.machine == self._machine:
            return self._is_locked(owner)
        beat, since = self._seen.get(owner, (-1, 0.0))
        now = self._clock()
        if beat != card.beat:
            self._seen[owner] = (card.beat, now)
            return True
        return now - since < LEASE

    def _is_locked(self, owner: str) -> bool:
        try:
            fd = os.open(self._owners / owner, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            lock(fd, "a batch")
        except BlockingIOError:
            return True
        finally:
            close_quietly(fd)
        return False
