"""``openline_audio.files`` without an event loop."""

from __future__ import annotations

from openline_audio import files
from openline_blocking.sources.runtime import INLINE


class FileSource(files.FileSource):  # noqa: D101  # has its base's
    __doc__ = files.FileSource.__doc__
    _runtime = INLINE
