"""What a session keeps on disk: the spool of audio and progress, and the journal's file.

Everything here is plain blocking file work: records, files and locks. There is no event
loop; a face decides in which thread it runs.
"""

from __future__ import annotations

from openline_store.spool import SpoolError, spooled_sessions

__all__ = ["SpoolError", "spooled_sessions"]
