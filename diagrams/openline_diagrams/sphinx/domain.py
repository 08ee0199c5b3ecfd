"""The items that each page embeds, stored from one build to the next.

A page is read again when any item on it would be shown differently today: when the machine,
a policy, a dialect or a journal has changed. No other page is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sphinx.domains import Domain

from openline_diagrams import DARK, LIGHT
from openline_diagrams.embedded import (
    NOTATIONS,
    PICTURES,
    EmbedError,
    Picture,
    contract_text,
    table,
)
from openline_diagrams.sessions import SESSION_TEXTS, session, session_picture


class Wanted(NamedTuple):
    """An embedded item. For a session ``name`` is its file, seen from the site's source."""

    kind: str  # picture, notation, table or contract; session, or one of SESSION_TEXTS
    name: str
    dialect: str | None = None
    policy: str | None = None
    title: str = ""
    number: int | None = None

    def picture(self, source: Path) -> Picture:
        """The picture of it, in the site of ``source``. Raises EmbedError."""
        if self.kind == "picture":
            return PICTURES[self.name]
        return session_picture(source, self.name, **self._which)

    @property
    def _which(self) -> dict[str, Any]:
        """The further options of a session: its number, its title, its dialect."""
        return {"title": self.title, "dialect": self.dialect, "number": self.number}

    def text(self, source: Path) -> str:
        """The text that determines the output. Raises EmbedError."""
        match self.kind:
            case "picture" | "session":
                picture = self.picture(source)
                return "\n".join([picture.source(LIGHT), picture.source(DARK), picture.words()])
            case "notation":
                return NOTATIONS[self.name].text()
            case "table":
                return table(self.name, dialect=self.dialect, policy=self.policy)
            case "contract":
                return contract_text(self.name)
            case _:
                return SESSION_TEXTS[self.kind](session(source, self.name, **self._which))


class OpenlineDomain(Domain):
    """The items that each page embeds, each with a digest."""

    name = "openline"
    label = "openline"
    data_version = 3
    initial_data: ClassVar[dict[str, Any]] = {"embedded": {}}

    @property
    def embedded(self) -> dict[str, dict[Wanted, str]]:
        """Page → its items → their digests."""
        found: dict[str, dict[Wanted, str]] = self.data["embedded"]
        return found

    def clear_doc(self, docname: str) -> None:
        """Drop a page that is read again, or gone."""
        self.embedded.pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Take over the items that another process read."""
        for docname in docnames & otherdata["embedded"].keys():
            self.embedded[docname] = otherdata["embedded"][docname]

    def resolve_any_xref(self, *_args: object, **_options: object) -> list[Any]:
        """Nothing: no link leads into this domain, which only stores items."""
        return []

    def outdated(self) -> list[str]:
        """The pages with an item that would be shown differently today, or fails."""
        source = Path(self.env.srcdir)
        return [
            docname
            for docname, embedded in self.embedded.items()
            if any(
                not digest or _digest(wanted, source) != digest
                for wanted, digest in embedded.items()
            )
        ]


def digest_of(text: str) -> str:
    """A name for ``text`` that differs for different texts."""
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(wanted: Wanted, source: Path) -> str | None:
    try:
        return digest_of(wanted.text(source))
    except (EmbedError, KeyError):  # KeyError: a name of another version
        return None
