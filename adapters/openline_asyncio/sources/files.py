"""``openline_audio.files`` on asyncio."""

from __future__ import annotations

from openline_asyncio.sources.runtime import ASYNCIO
from openline_audio import files


class FileSource(files.FileSource):  # noqa: D101  # has its base's
    __doc__ = files.FileSource.__doc__
    _runtime = ASYNCIO
