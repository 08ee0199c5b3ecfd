"""A mutant: a module of the core with one small change, and its key.

``find`` reads a module and returns every ``Mutant`` of it. Only the text that ``operators`` change
differs; the rest of the module keeps its layout. Code within a function can be changed while the
program runs. Code that runs at import (defaults, tables, enums) needs a new import. ``function``
distinguishes the two.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tools.mutants.operators import Enums, Finder

Key: TypeAlias = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class Mutant:
    """One change: the line ``before`` and ``after``, in ``place`` (a qualified name).

    ``key`` identifies it even if the line moves; ``nth`` counts equal changes of equal lines.
    ``function`` is the outermost function around it, "" for code that runs at import; ``source``
    is the changed module. ``prose``: the change only removes text for the user.
    """

    module: str
    place: str
    before: str
    after: str
    nth: int
    line: int
    function: str
    source: bytes
    prose: bool

    @property
    def key(self) -> Key:
        return self.module, self.place, self.before, self.after, self.nth


def find(module: str, source: str, enums: Enums) -> Iterator[Mutant]:
    """Every mutant of ``source``; ``enums`` are members by the name of their enum."""
    finder = Finder(source.encode(), enums)
    finder.visit(ast.parse(source))
    text = source.encode()
    starts: list[int] = [0]
    for each in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(each))
    found = Counter[tuple[str, str, str]]()
    sources = {text}
    for node, place, function, new in finder.found:
        line: int = node.lineno
        last: int = node.end_lineno
        begin: int = starts[line - 1] + node.col_offset
        end: int = starts[last - 1] + node.end_col_offset
        changed = text[:begin] + new + text[end:]
        if changed in sources:
            continue
        sources.add(changed)
        before = _one_line(text[starts[line - 1] : starts[last]])
        after = _one_line(text[starts[line - 1] : begin] + new + text[end : starts[last]])
        found[place, before, after] += 1
        nth = found[place, before, after]
        prose = new in {b"''", b'""'}
        yield Mutant(module, place, before, after, nth, line, function, changed, prose)


def enums_of(sources: Iterable[str]) -> Enums:
    """The members of every enum that is declared, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(b) for b in node.bases):
            members = [each.targets[0] for each in node.body if isinstance(each, ast.Assign)]
            found[node.name] = tuple(each.id for each in members if isinstance(each, ast.Name))
    return {name: members for name, members in found.items() if len(members) > 1}


def _one_line(text: bytes) -> str:
    """Lines as one, without their comments."""
    return " ".join(re.sub(r"(^|  )#.*", "", line).strip() for line in text.decode().splitlines())
