"""What a package exports without importing it yet: each name comes when it is first asked for.

A face has names whose modules need numpy, or the packages of an extra. An app that asks for none of
them should not wait for their import, and one where they are missing should read what to install.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final

#: What every face exports, and where it is.
SHARED: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "openline_driver.credentials": ("CredentialError",),
        "openline_driver.network_errors": ("DialError",),
        "openline_driver.shared_provider": ("SharedProvider",),
        "openline_driver.tokens": ("Token",),
        "openline_store.spool": ("SpoolError", "spooled_sessions"),
        "openline_store.token_file": ("TokenFile",),
    }
)


class Exports:
    """The names of ``package``: ``homes`` has the module of each, or of several, by module.

    ``extra`` has the packages that ``needs``, one line of advice, is about. A package's
    ``__getattr__`` is ``get``.
    """

    def __init__(
        self,
        package: str,
        homes: Mapping[str, Sequence[str]],
        *,
        extra: Sequence[str],
        needs: str,
    ) -> None:
        self._package = package
        self._homes = {name: module for module, names in homes.items() for name in names}
        self._extra = extra
        self._needs = needs

    def get(self, name: str) -> object:
        """Import ``name``. Raises AttributeError for any other, ModuleNotFoundError with advice."""
        module = self._homes.get(name)
        if module is None:
            raise AttributeError(f"module {self._package!r} has no attribute {name!r}")
        try:
            return getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            from openline_driver.version import advice  # noqa: PLC0415  # only now: it costs time

            if note := advice(error, self._extra, self._needs):
                error.add_note(note)
            raise

    def names(self, there: Mapping[str, object], public: Sequence[str]) -> Callable[[], list[str]]:
        """The package's ``__dir__``: what is ``there`` (its globals) and what is ``public``."""
        return lambda: sorted({*there, *public})
