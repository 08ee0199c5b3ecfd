"""Which openline this is, also where it was put without its metadata.

A frozen program or a vendored copy has the modules and not the ``.dist-info`` beside them.
That is no reason to fail: the version is then ``UNKNOWN``, a valid one (PEP 440) that sorts
before every release.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Final

#: The version where nothing tells it.
UNKNOWN: Final = "0+unknown"


def version() -> str:
    """The version of the installed distribution; ``UNKNOWN`` where there is no metadata."""
    try:
        return installed("openline")
    except PackageNotFoundError:
        return UNKNOWN
