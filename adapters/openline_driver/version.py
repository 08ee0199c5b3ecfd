"""Which openline this is, also where it was put without its metadata.

A frozen program, a zipped one or a vendored copy has the modules and not the ``.dist-info``
beside them, or a damaged one. That is no reason to fail: the version is then ``UNKNOWN``, a valid
one (PEP 440) that sorts before every release.

``importlib.metadata`` raises a ``ModuleNotFoundError`` too, where another package asks for metadata
that are not there. To install that package would not help; ``advice`` tells the two apart.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Final

#: The version where nothing states it.
UNKNOWN: Final = "0+unknown"


def version() -> str:
    """The version of the installed distribution; ``UNKNOWN`` where there is no metadata."""
    found: object = None
    with suppress(Exception):  # however metadata is missing or damaged
        found = installed("openline")
    return found if isinstance(found, str) and found else UNKNOWN


def user_agent() -> str:
    """The name of this client on the wire: without a number where the version is unknown."""
    known = version()
    return "openline" if known == UNKNOWN else f"openline/{known}"


def advice(error: ModuleNotFoundError, packages: Container[str], needs: str) -> str:
    """``needs`` if one of ``packages`` is missing, or how to freeze its metadata; else empty."""
    package = (error.name or "").partition(".")[0]
    if package not in packages:
        return ""
    if isinstance(error, PackageNotFoundError):
        return (
            f"{package} is here without its metadata, which another package asks for: freeze the "
            f"program with it (PyInstaller: --copy-metadata {package})"
        )
    return needs
