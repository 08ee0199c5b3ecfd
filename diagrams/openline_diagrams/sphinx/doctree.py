"""The Markdown that the core writes, as nodes of a docutils document.

It is a small and known part of Markdown: headings, paragraphs of one line, tables, and
within them code, bold, italics and escapes. So reStructuredText can embed it, and no site needs a
Markdown parser for it. Where a heading cannot open a section it becomes a rubric.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from docutils import nodes

_HEADING: Final = re.compile(r"(#+) (.+)")
_CELLS: Final = re.compile(r"(?<!\\)\|")
#: The class of a table of ours.
TABLE: Final = "openline-table"
#: A column of plain text is not made wider than this, except for a long word.
WIDEST: Final = 36
_INLINE: Final = re.compile(
    r"\\(?P<plain>[!-/:-@\[-`{-~])"
    r"|`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\*(?P<italics>[^*]+)\*"
)


def as_nodes(text: str, document: nodes.document, *, sections: bool) -> list[nodes.Node]:
    """The nodes of ``text``; with ``sections`` its headings open some, else they are rubrics."""
    top = nodes.Element()
    opened: list[tuple[int, nodes.Element]] = [(0, top)]
    for block in _blocks(text):
        heading = _HEADING.fullmatch(block)
        if heading is None:
            opened[-1][1].append(_grid(block) if block.startswith("|") else _paragraph(block))
        elif not sections:
            top.append(nodes.rubric(heading[2], "", *_inline(heading[2])))
        else:
            level = len(heading[1])
            while opened[-1][0] >= level:
                opened.pop()
            title = nodes.title(heading[2], "", *_inline(heading[2]))
            section = nodes.section(names=[nodes.fully_normalize_name(title.astext())])
            section.append(title)
            document.note_implicit_target(section, section)
            opened[-1][1].append(section)
            opened.append((level, section))
    found = [*top.children]
    for node in found:
        node.parent = None
    return found


def _blocks(text: str) -> Iterator[str]:
    return (block.strip("\n") for block in re.split(r"\n{2,}", text) if block.strip("\n"))


def _paragraph(text: str) -> nodes.paragraph:
    return nodes.paragraph(text, "", *_inline(" ".join(text.split())))


def _inline(text: str) -> Iterator[nodes.Node]:
    end = 0
    for found in _INLINE.finditer(text):
        if found.start() > end:
            yield nodes.Text(text[end : found.start()])
        end = found.end()
        if found["plain"] is not None:
            yield nodes.Text(found["plain"])
        elif found["code"] is not None:
            yield nodes.literal(found[0], found["code"])
        elif found["bold"] is not None:
            yield nodes.strong(found[0], found["bold"])
        else:
            yield nodes.emphasis(found[0], found["italics"])
    if end < len(text):
        yield nodes.Text(text[end:])


def _grid(block: str) -> nodes.table:
    lines = [[*_cells(line)] for line in block.splitlines()]
    head, body = lines[0], lines[2:]
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec("", colwidth=_width(column)) for column in zip(*lines, strict=True)]
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *(_row(line) for line in body))
    return nodes.table("", group, classes=[TABLE, "colwidths-auto"])


def _width(column: Sequence[str]) -> int:
    """Characters of a column in plain text, where its words need a fixed width."""
    longest = max(len(word) for cell in column for word in cell.split() or [""])
    return max(longest, min(WIDEST, max(len(cell) for cell in column)), 1)


def _cells(line: str) -> Iterator[str]:
    return (cell.strip().replace(r"\|", "|") for cell in _CELLS.split(line)[1:-1])


def _row(cells: list[str]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *_inline(c))) for c in cells))
