"""The files of a session that begins: its journal, its spool, and what an earlier process left.

Both calls of a face, ``open_session`` and ``resume_session``, come here when their block is
entered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from openline.dialects.protocol import Dialect
from openline.events import SourceKind
from openline_driver.arguments import Maker, resumed_options
from openline_driver.options import SessionOptions
from openline_store.journal_file import JournalFile, opened
from openline_store.records import Began
from openline_store.spool import Spool, reopened
from openline_store.stored_face import Opened


def begun(
    session: Opened,
    options: SessionOptions,
    journal: JournalFile | None,
    spool: str | os.PathLike[str] | None,
) -> Opened:
    """``session`` with its files open. Raises SpoolError and JournalError."""
    with opened(journal):
        if spool is not None:
            kinds = options.kinds
            began = Began.of(
                options.backend,
                options.session_id,
                options.sources,
                dialect=options.dialect,
                recordings=[name for name in kinds if kinds[name] is SourceKind.STORE],
                begins_at=options.begins_at,
            )
            session.attach_spool(Spool.create(Path(spool), began))
    return session


def begun_again(
    given: Mapping[str, Any],
    maker: Maker,
    named: Dialect | None,
    journal: JournalFile | None,
    make: Callable[[SessionOptions], Opened],
) -> Opened:
    """The session that is left in ``given["folder"]``, with its files open.

    ``given`` are the arguments of ``resume_session``, ``named`` its dialect, or None: the one that
    the session spoke. ``make`` makes the session of its options. Raises SpoolError and
    JournalError.
    """
    with reopened(given["folder"]) as (spool, past):
        options = resumed_options(
            given,
            maker,
            past.began.spoken(named),
            session_id=past.began.session_id,
            backend=given["backend"] or past.began.backend(),
            names=past.began.sources,
            sources=past.sources,
            transcript=past.transcript,
            unread=past.unread,
            begins_at=past.began.begins_at,
        )
        session = make(options)
        with opened(journal):
            session.attach_spool(spool)
    return session
