"""What each page embeds, remembered from one build to the next.

A page is read again when anything on it would be shown otherwise today: when the machine,
a policy or a dialect has changed. No other page is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, NamedTuple

from sphinx.domains import Domain

from openline.diagram import DARK, LIGHT

from ..embedded import NOTATIONS, PICTURES, EmbedError, table, told_contract


class Wanted(NamedTuple):
    """What a page embeds."""

    kind: str  # picture, notation, table or contract
    name: str
    dialect: str | None = None
    policy: str | None = None

    def text(self) -> str:
        """All that decides what is shown. Raises EmbedError."""
        if self.kind == "picture":
            picture = PICTURES[self.name]
            return "\n".join([picture.source(LIGHT), picture.source(DARK), picture.words()])
        if self.kind == "notation":
            return NOTATIONS[self.name].text()
        if self.kind == "table":
            return table(self.name, dialect=self.dialect, policy=self.policy)
        return told_contract(self.name)


class OpenlineDomain(Domain):
    """What each page embeds, with a digest of it."""

    name = "openline"
    label = "openline"
    data_version = 1
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
        return [
            docname
            for docname, embedded in self.embedded.items()
            if any(not digest or _digest(wanted) != digest for wanted, digest in embedded.items())
        ]


def digest_of(text: str) -> str:
    """A name for ``text`` that no other text has."""
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(wanted: Wanted) -> str | None:
    try:
        return digest_of(wanted.text())
    except (EmbedError, KeyError):  # KeyError: of a name that another version knew
        return None
