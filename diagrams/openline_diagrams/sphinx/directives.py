"""The directives: their options, and the nodes that they leave.

A mistake in one is a warning of one line with its place, and the directive yields no node.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.directives.code import container_wrapper
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from openline.dialects.registry import BUILT_IN
from openline_diagrams.embedded import NOTATIONS, PICTURES, TABLES, EmbedError
from openline_diagrams.sessions import SESSION_TEXTS
from openline_diagrams.sphinx.doctree import as_nodes
from openline_diagrams.sphinx.domain import Wanted, digest_of
from openline_diagrams.sphinx.writing import SCHEMES, openline_picture

_WIDTH: Final = re.compile(r"[0-9]+(\.[0-9]+)?(px|%|em|rem|ex|cm|mm|in|pt)?")
_log = logging.getLogger(__name__)


class _Options(dict[str, Callable[[str], Any]]):
    """Accepts any option, so that our own check names the wrong one."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return directives.unchanged


class _Embedding(SphinxDirective):
    """The common part of the directives: a name, some options, and their errors."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _Options({"class": directives.class_option, "name": directives.unchanged})
    #: The options that have an effect here.
    takes: ClassVar[tuple[str, ...]] = ()

    def run(self) -> list[nodes.Node]:
        """The nodes of it; on any error, a warning and none."""
        try:
            self._check(self.takes)
            return self.embed(self.arguments[0].strip() if self.arguments else "")
        except EmbedError as error:
            _log.warning("%s: %s", self.name, error, location=self.get_location(), type="openline")
            return []

    def embed(self, name: str) -> list[nodes.Node]:
        """The nodes of the item ``name``. Raises EmbedError."""
        raise NotImplementedError

    def _check(self, takes: Iterable[str]) -> None:
        for option in self.options:
            if option not in takes:
                raise EmbedError(
                    f":{option}: has no effect here; give {_listed(sorted(takes)) or 'no option'}"
                )

    def _one_of(self, what: str, value: str, known: Iterable[str]) -> str:
        if value not in (names := [*known]):
            raise EmbedError(f"{what} is {value or 'missing'}: give {_listed(names)}")
        return value

    def _text_of(self, wanted: Wanted) -> str:
        """The text of it, noted in the domain; a failed one is tried again at each build."""
        noted = self.env.domaindata["openline"]["embedded"].setdefault(self.env.docname, {})
        noted[wanted] = ""
        text = wanted.text(Path(self.env.srcdir))
        noted[wanted] = digest_of(text)
        return text

    def _page(self, text: str) -> list[nodes.Node]:
        """Markdown of the core: with sections, where sections can be."""
        parent = self.state_machine.node
        return as_nodes(
            text,
            self.state.document,
            sections=isinstance(parent, nodes.document | nodes.section),
        )


class _Drawing(_Embedding):
    """A picture, or the same as text."""

    def _text(self, wanted: Wanted, language: str) -> list[nodes.Node]:
        """A block of text, with a caption if there is one."""
        text = self._text_of(wanted)
        block = nodes.literal_block(
            text, text, language=language, classes=self.options.get("class", [])
        )
        self.set_source_info(block)
        caption = self.options.get("caption")
        whole = block if caption is None else container_wrapper(self, block, caption)
        self.add_name(whole)
        return [whole]

    def _figure(self, wanted: Wanted) -> list[nodes.Node]:
        """A picture, with a caption if there is one."""
        options = self.options
        scheme = options.get("scheme", self.config.openline_scheme)
        width = options.get("width", "")
        if width and not _WIDTH.fullmatch(width):
            raise EmbedError(f"width is {width}: give a length, as 800px or 80%")
        self._text_of(wanted)
        title = wanted.picture(Path(self.env.srcdir)).title
        picture = openline_picture(
            wanted=wanted,
            scheme=self._one_of("scheme", scheme, SCHEMES),
            alt=" ".join(options.get("alt", title).split()),
            width=f"{width}px" if width.isdecimal() else width,
        )
        figure = nodes.figure("", picture, classes=options.get("class", []))
        if "align" in options:
            figure["align"] = self._one_of("align", options["align"], ("left", "center", "right"))
        if "caption" in options:
            inline, wrong = self.parse_inline(options["caption"])
            figure += [nodes.caption(options["caption"], "", *inline), *wrong]
        self.set_source_info(picture)
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]


class DiagramDirective(_Drawing):
    """``openline-diagram``: a picture, or the chart in another notation."""

    takes = ("format", "scheme", "alt", "caption", "width", "align", "class", "name")

    def embed(self, name: str) -> list[nodes.Node]:
        """A figure, a block of code, or the tables of the chart."""
        form = self._one_of("format", self.options.get("format", "svg"), ["svg", "md", *NOTATIONS])
        name = self._one_of(
            "the picture", name or "chart", PICTURES if form == "svg" else ["chart"]
        )
        if form == "svg":
            return self._figure(Wanted("picture", name))
        if form == "md":
            self._check(("format",))
            return self._page(self._text_of(Wanted("table", "chart")))
        self._check(("format", "caption", "class", "name"))
        return self._text(Wanted("notation", form), NOTATIONS[form].language)


class SessionDirective(_Drawing):
    """``openline-session``: one session, drawn from its journal as a sequence."""

    takes = (*DiagramDirective.takes, "title", "dialect", "session")

    def embed(self, name: str) -> list[nodes.Node]:
        """A figure, a block of code, or a table."""
        if not name:
            raise EmbedError("name the file of a journal")
        form = self._one_of("format", self.options.get("format", "svg"), ["svg", *SESSION_TEXTS])
        file, _ = self.env.relfn2path(name)
        self.env.note_dependency(file)
        title, dialect = self.options.get("title", ""), self.options.get("dialect")
        number = self._number()
        kind = "session" if form == "svg" else form
        wanted = Wanted(kind, file, dialect, title=title, number=number)
        if form == "svg":
            return self._figure(wanted)
        if form == "md":
            self._check(("format", "title", "dialect", "session"))
            return self._page(self._text_of(wanted))
        self._check(("format", "title", "dialect", "session", "caption", "class", "name"))
        return self._text(wanted, "text")

    def _number(self) -> int | None:
        """The number of the session in the file, if given."""
        number = self.options.get("session")
        if number is None:
            return None
        if not (number.isascii() and number.isdecimal()):
            raise EmbedError(f"session is {number or 'missing'}: give its number, from 1 on")
        return int(number)


class TableDirective(_Embedding):
    """``openline-table``: the verdicts, a policy, the timers or the chart as tables."""

    takes = ("dialect", "policy")

    def embed(self, name: str) -> list[nodes.Node]:
        """One table, or several under headings."""
        name = self._one_of("the table", name, TABLES)
        options = self.options
        return self._page(
            self._text_of(Wanted("table", name, options.get("dialect"), options.get("policy")))
        )


class ContractDirective(_Embedding):
    """``openline-contract``: the messages that a dialect sends and accepts."""

    takes = ("dialect",)

    def embed(self, name: str) -> list[nodes.Node]:
        """Tables under headings. The dialect is the argument, or the option of that name."""
        name = name or self.options.get("dialect", "")
        if not name:
            raise EmbedError(f"name a dialect: {', '.join(BUILT_IN)}, or module:NAME")
        return self._page(self._text_of(Wanted("contract", name)))


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)
