"""The items that a document can embed, by name: pictures, notations, tables and contracts.

This module is independent of the kind of document. Everything is made from the live
machine, or from a user's own policy or dialect, which is named as ``module:NAME`` (see
``named``). A mistake in a name is a one-line error.

A *picture* comes in two palettes, as PNG for paper where that can be made, and as text
for a document that can show no picture. ``PICTURES`` are those that depend on the machine
alone; ``sessions`` makes one of a journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from openline.policy import Policy
from openline.session import TABLE
from openline_diagrams import (
    LIGHT,
    Contract,
    Drawing,
    Palette,
    contract,
    dot,
    markdown,
    mermaid,
    model,
    named,
    policy_table,
    scxml,
    timer_table,
    verdict_table,
    xstate,
)
from openline_diagrams.render import png, svg
from openline_lookup.dialects import NamingError, error_line, imported


class EmbedError(Exception):
    """It cannot be embedded; the text is one line: the reason, and what to give."""


@dataclass(frozen=True)
class Picture:
    """One drawing. ``svg`` and ``png`` draw it and raise DrawingError."""

    #: The base name of its files.
    name: str
    #: The text for a screen reader.
    title: str
    #: The text that it is drawn from; when this changes, so does the picture.
    source: Callable[[Palette], str]
    svg: Callable[[Palette], str]
    #: None: no PNG can be made, and paper gets the text.
    png: Callable[[], bytes] | None
    #: The same as Markdown.
    words: Callable[[], str]


class Notation(NamedTuple):
    """The chart as text, and its language for a highlighter."""

    text: Callable[[], str]
    language: str


_TITLE: Final = "The states of a session and every way from one to another"


@cache
def _drawing() -> Drawing:
    return model(TABLE)


def _chart(palette: Palette) -> str:
    return dot(_drawing(), palette)


def _chart_words() -> str:
    return markdown(_drawing(), TABLE)


#: Every picture, by name.
PICTURES: Final[Mapping[str, Picture]] = MappingProxyType(
    {
        "chart": Picture(
            name="chart",
            title=_TITLE,
            source=_chart,
            svg=lambda palette: svg(_chart(palette), title=_TITLE),
            png=lambda: png(_chart(LIGHT)),
            words=_chart_words,
        )
    }
)
#: The chart in other notations, by the name of the format.
NOTATIONS: Final[Mapping[str, Notation]] = MappingProxyType(
    {
        "mermaid": Notation(lambda: mermaid(_drawing()), "text"),
        "dot": Notation(lambda: _chart(LIGHT), "dot"),
        "xstate": Notation(lambda: xstate(_drawing(), TABLE), "json"),
        "scxml": Notation(lambda: scxml(_drawing(), TABLE), "xml"),
    }
)
#: The tables, by name, and which of the options each takes.
TABLES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"chart": (), "policy": ("policy",), "timers": (), "verdicts": ("dialect", "policy")}
)


def table(name: str, *, dialect: str | None = None, policy: str | None = None) -> str:
    """A table of ``TABLES`` as Markdown, for a dialect and a policy by name. Raises EmbedError."""
    takes = TABLES[name]
    for option, value in (("dialect", dialect), ("policy", policy)):
        if value is not None and option not in takes:
            raise EmbedError(f"the table {name} takes no {option}")
    limits = Policy() if policy is None else _policy(policy)
    if name == "verdicts":
        spoken = None if dialect is None else find_contract(dialect).dialect
        if spoken is None:
            return verdict_table(policy=limits)
        traits = spoken.traits
        return verdict_table(dialect_codes=traits.codes, refusals=traits.refusals, policy=limits)
    if name == "policy":
        return policy_table(limits)
    return timer_table() if name == "timers" else _chart_words()


def contract_text(name: str) -> str:
    """The contract of a dialect as Markdown. Raises EmbedError."""
    spec = find_contract(name)
    try:
        return contract(spec)
    except Exception as error:  # a user's dialect may raise anything
        raise EmbedError(
            f"{name}: its contract cannot be made: {type(error).__name__}: {error_line(error)}"
        ) from error


def find_contract(name: str) -> Contract:
    """A dialect by its name, as ``named.find_contract`` finds it. Raises EmbedError."""
    try:
        return named.find_contract(name)
    except NamingError as error:
        raise EmbedError(str(error)) from error


def _policy(name: str) -> Policy:
    try:
        found = imported(name) if ":" in name else None
    except NamingError as error:
        raise EmbedError(str(error)) from error
    if not isinstance(found, Policy):
        raise EmbedError(f"{name} is no Policy: give module:NAME of one")
    return found
