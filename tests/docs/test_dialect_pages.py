"""Each built-in dialect has a page in the reference, in the list, with each of its options."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from openline.dialects.options import options_of
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN, DEFAULT
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "reference" / "dialects"
INDEX = (FOLDER / "index.md").read_text("utf-8")
#: The contract of the default dialect is a page of its own, docs/reference/wire.md.
OTHERS = [name for name in BUILT_IN if name != DEFAULT.name]


def listed(index: str) -> list[str]:
    """The pages in the list of contents of ``index``, in order."""
    [fence] = re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.DOTALL | re.MULTILINE)
    return [line for line in fence.splitlines() if line and not line.startswith(":")]


def unnamed(page: str, names: Iterable[str]) -> list[str]:
    """The options that no table of ``page`` has in the first cell of a row."""
    cells = [each.partition("|")[0] for each in re.findall(r"^\| (.+)$", page, re.MULTILINE)]
    known = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    return [name for name in names if name not in known]


def options(dialect: Dialect) -> list[str]:
    return [each.name for each in options_of(dialect)]


def test_every_dialect_is_in_the_list_of_pages() -> None:
    assert sorted(listed(INDEX)) == sorted(OTHERS)
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted([*OTHERS, "index"])


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_dialect_is_in_the_table_with_what_it_proves(name: str) -> None:
    [row] = re.findall(rf"^\| \[{name}\]\([\w./]+\) \|.*$", INDEX, re.MULTILINE)
    assert ("assumed" in row) is not BUILT_IN[name].traits.proves_silence


@pytest.mark.parametrize("name", OTHERS)
def test_every_option_is_on_the_page_of_its_dialect(name: str) -> None:
    page = (FOLDER / f"{name}.md").read_text("utf-8")
    assert unnamed(page, options(BUILT_IN[name])) == []


@pytest.mark.parametrize("name", OTHERS)
def test_the_key_of_a_dialect_is_on_its_page(name: str) -> None:
    key = BUILT_IN[name].traits.key_variable
    assert not key or f"`{key}`" in (FOLDER / f"{name}.md").read_text("utf-8")


def test_the_default_dialect_has_no_options_to_describe() -> None:
    assert options(DEFAULT) == []


def test_an_option_that_is_nowhere_is_seen() -> None:
    page = "`out`\n\n| option | default |\n|---|---|\n| `one` | two |\n| `a`, `b` | `three` |\n"
    assert unnamed(page, ["one", "a", "b", "three", "out"]) == ["three", "out"]
    assert listed("```{toctree}\n:hidden:\n\none\ntwo\n```\n") == ["one", "two"]
