"""The part of a public session that is the same in every face and writes files.

A ``StoredFace`` has the session's journal and its spool, and carries out the driver's storage
effects. A face's ``Session`` derives from it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TypeVar

from openline.observer import Observer
from openline_driver import facts as f
from openline_driver.effects import Stored
from openline_driver.face import Face
from openline_driver.netlink import news_socket, read_news
from openline_driver.options import SessionOptions
from openline_store.disk import Disk
from openline_store.journal_file import JournalFile
from openline_store.spool import Spool

Opened = TypeVar("Opened", bound="StoredFace")


class StoredFace(Face):
    """A session that owns its driver, its journal and its spool. ``journal`` is opened later."""

    _network: socket.socket | None = None  # the kernel's news of it

    def __init__(
        self,
        options: SessionOptions,
        clock: Callable[[], float],
        observers: Sequence[Observer],
        wake: Callable[[], object],
        journal: JournalFile | None,
    ) -> None:
        noted = () if journal is None else (journal.observer,)
        super().__init__(options, clock, (*observers, *noted), wake)
        if journal is not None:
            journal.report = self._driver.report
        self._journal = journal
        self._disk = Disk(None, self.feed)

    def attach_spool(self, spool: Spool) -> None:
        """Store on ``spool`` what the driver wants stored; before the session runs."""
        self._disk = Disk(spool, self.feed)

    def keep_spool(self) -> None:
        """Leave the spool there when the session is done, for ``openline_batch``, which deletes it.

        A session that is aborted when all that it captured is confirmed has nothing left to
        deliver; but of a recording there may be more.
        """
        self._disk.keeps = True

    def _open_news(self) -> socket.socket | None:
        """The socket with the kernel's news of the network, if they are wanted and there are any.

        ``_take_news`` when it is readable; who opens it closes it.
        """
        if self._driver.options.network_hints:
            self._network = news_socket()
        return self._network

    def _take_news(self) -> None:
        """Take in the kernel's news."""
        if self._network is not None and (news := read_news(self._network)) is not None:
            self.feed(f.NetworkNews(news))

    def _store(self, effect: Stored) -> None:
        """Carry out what the driver wants stored."""
        self._disk.perform(effect)

    def _leave(self) -> None:
        """The end of the session's tasks, of any kind: it is cancelled if it is not over."""
        with ExitStack() as files:
            if self._journal is not None:
                files.callback(self._journal.close)
            files.callback(self._disk.close)
            self.feed(f.Cancelled())
