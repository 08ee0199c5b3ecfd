"""``openline dialects``: the built-in dialects, or one dialect with its options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from openline.backend import Backend
from openline.dialects.dry_run import dry_run
from openline.dialects.options import Option, options_of
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline_cli.ansi import Cell, Paper, find_paper, row
from openline_cli.dialects import blamed, find_dialect
from openline_lookup.promises import limits, promise

_INDENT: Final = 2
_GAP: Final = 2
_DIM: Final = "bright_black"
_LEGEND: Final = (
    "The options of one: openline dialects NAME. To use one: openline stream talk.wav "
    "--dialect NAME --option NAME=VALUE."
)


def show(name: str | None, *, json: bool) -> str:
    """The text to print: every built-in dialect, or ``name`` with its options. Raises Problem.

    One's own dialect is checked as a session checks it, with the dry run.
    """
    found = find_dialect(name)
    if found is not None:
        with blamed(name):
            dry_run(found)
    dialects = list(BUILT_IN.values()) if found is None else [found]
    if json:
        return "".join(f"{msgspec.json.encode(_as_data(each)).decode()}\n" for each in dialects)
    paper = find_paper()
    lines = [line for each in dialects for line in (*_described(paper, each), "")]
    if found is None:
        lines += row(paper, (Cell(_LEGEND, _DIM),), (paper.width,))
    else:
        lines += _options(paper, options_of(found))
    return "".join(f"{line}\n" for line in lines)


def _facts(dialect: Dialect) -> dict[str, str]:
    traits = dialect.traits
    in_url = f"sent as ?{traits.key_parameter}=… in the URL" if traits.key_parameter else ""
    known = {
        "address": "" if traits.address is None else Backend.of(dialect).url,
        "key": traits.key_variable,
        "token": in_url,
        "proves": promise(traits),
        "limits": limits(traits),
    }
    return {name: text for name, text in known.items() if text}


def _as_data(dialect: Dialect) -> dict[str, Any]:
    options = [msgspec.to_builtins(each) for each in options_of(dialect)]
    return {"name": dialect.name, **_facts(dialect), "options": options}


def _described(paper: Paper, dialect: Dialect) -> Iterator[str]:
    yield paper.paint(dialect.name, "bold")
    facts = _facts(dialect)
    yield from _pairs(paper, facts)


def _options(paper: Paper, options: tuple[Option, ...]) -> Iterator[str]:
    if not options:
        yield "It has no options."
        return
    yield paper.paint("options", "bold")
    yield from _pairs(
        paper,
        {
            each.name: f"{each.what} ({each.kind}, {_default(each)})"
            + (f". {each.source}" if each.source else "")
            for each in options
        },
    )


def _default(option: Option) -> str:
    if option.default is None or option.default in ("", ()):
        return "not given"
    default = str(option.default).lower() if isinstance(option.default, bool) else option.default
    return f"default {default}"


def _pairs(paper: Paper, facts: dict[str, str]) -> Iterator[str]:
    names = max(map(len, facts))
    widths = (names, paper.width - _INDENT - names - _GAP)
    for name, text in facts.items():
        for line in row(paper, (Cell(name, _DIM), Cell(text)), widths, gap=_GAP):
            yield f"{'':{_INDENT}}{line}"
