"""Every module says how it works, and stays short enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.support_trees import tree

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "core").rglob("*.py"))
MODULES = CORE + sorted((ROOT / "adapters").rglob("*.py"))
MAX_LINES = 350


def _label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _sentence(docstring: str | None) -> bool:
    """Whether ``docstring`` has a sentence: some words, and an end to them."""
    return docstring is not None and len(docstring.split()) >= 3 and "." in docstring


def _undocumented(module: ast.Module) -> list[str]:
    """The public classes and functions of a module that have no docstring."""
    return [
        f"line {node.lineno}: {node.name}"
        for node in module.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]


@pytest.mark.parametrize("path", MODULES, ids=_label)
def test_module_has_a_head_docstring(path: Path) -> None:
    assert _sentence(ast.get_docstring(tree(path)))


@pytest.mark.parametrize("path", MODULES, ids=_label)
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", CORE, ids=_label)
def test_public_name_has_a_docstring(path: Path) -> None:
    assert not _undocumented(tree(path))


@pytest.mark.parametrize("docstring", [None, "", "x", "x.", "Just a title"])
def test_docstring_without_a_sentence_is_detected(docstring: str | None) -> None:
    assert not _sentence(docstring)


def test_missing_docstring_is_detected() -> None:
    source = 'class A: ...\nclass _B: ...\ndef f(): ...\ndef g():\n    """Explain."""\n'
    assert _undocumented(ast.parse(source)) == ["line 1: A", "line 3: f"]
