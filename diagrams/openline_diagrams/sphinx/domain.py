"""What each page embeds, remembered from one build to the next.

A page is read again when anything on it would be shown otherwise today: when the machine,
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
    table,
    told_contract,
)
from openline_diagrams.sessions import TOLD, session, session_picture


class Wanted(NamedTuple):
    """What a page embeds. Of a session ``name`` is its file, seen from the site's source."""

    kind: str  # picture, notation, table or contract; session, or a session told as in TOLD
    name: str
    dialect: str | None = None
    policy: str | None = None
    title: str = ""
    number: int | None = None

    def picture(self, source: Path) -> Picture:
        """The picture that this is, in the site of ``source``. Raises EmbedError."""
        if self.kind == "picture":
            return PICTURES[self.name]
        return session_picture(source, self.name, **self._which)

    @property
    def _which(self) -> dict[str, Any]:
        """What else says which session it is, and how it is called."""
        return {"title": self.title, "dialect": self.dialect, "number": self.number}

    def text(self, source: Path) -> str:
        """All that decides what is shown. Raises EmbedError."""
        match self.kind:
            case "picture" | "session":
                picture = self.picture(source)
                return "\n".join([picture.source(LIGHT), picture.source(DARK), picture.words()])
            case "notation":
                return NOTATIONS[self.name].text()
            case "table":
                return table(self.name, dialect=self.dialect, policy=self.policy)
            case "contract":
                return told_contract(self.name)
            case _:
                return TOLD[self.kind](session(source, self.name, **self._which))


class OpenlineDomain(Domain):
    """What each page embeds, with a digest of it."""

    name = "openline"
    label = "openline"
    data_version = 3
    initial_data: ClassVar[dict[str, Any]] = {"embedded": {}}

    @property
    def embedded(self) -> dict[str, dict[Wanted, str]]:
        """Page → what is on it → its digest."""
        found: dict[str, dict[Wanted, str]] = self.data["embedded"]
        return found

    def clear_doc(self, docname: str) -> None:
        """Forget a page that is read again, or gone."""
        self.embedded.pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Take over what another process read."""
        for docname in docnames & otherdata["embedded"].keys():
            self.embedded[docname] = otherdata["embedded"][docname]

    def resolve_any_xref(self, *_args: object, **_options: object) -> list[Any]:
        """Nothing: no link leads into this domain, which is there to remember."""
        return []

    def outdated(self) -> list[str]:
        """The pages on which something would be shown otherwise today, or is wrong."""
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
    """A name for ``text`` that no other text has."""
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(wanted: Wanted, source: Path) -> str | None:
    try:
        return digest_of(wanted.text(source))
    except (EmbedError, KeyError):  # KeyError: of a name that another version knew
        return None
