"""The files of a session: the spool of audio and progress, and the journal.

Everything here is blocking file I/O: records, files and locks. There is no event loop; the
adapter decides in which thread it runs.
"""

from __future__ import annotations

from openline_store.spool import SpoolError, spooled_sessions

__all__ = ["SpoolError", "spooled_sessions"]
