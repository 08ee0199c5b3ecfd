"""``openline_audio.files`` on trio."""

from __future__ import annotations

from openline_audio import files
from openline_trio.sources.pace import TRIO


class FileSource(files.FileSource):  # noqa: D101  # has its base's
    __doc__ = files.FileSource.__doc__
    _runtime = TRIO
