"""The recipes for contributors: each is carried out on a copy of the tree, as its page shows it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.house.recipes import FOLDER, StaleEditError, content, copy_tree, edit_of, edits, listed

#: Page → the most files that it may edit, besides the generated ones.
LIMITS = {"timer": 7, "verdict": 3, "dialect": 8}
#: Page → the modules of tests that its recipe concerns, wherever they stand.
TESTS = {
    "timer": ("test_timers.py", "test_policy.py", "test_verdicts.py", "test_chart.py"),
    "verdict": ("test_verdicts.py",),
    "dialect": ("test_steno.py", "test_naming.py", "test_dialect_pages.py"),
}


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


def goldens() -> list[str]:
    """The scripts that ``make goldens`` runs."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    [target] = re.findall(r"^goldens:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    return re.findall(r"\.venv/bin/python (\S+\.py)$", target, re.MULTILINE)


class Copy:
    """A copy of the tree at ``root``, in which the recipe of the page ``name`` is carried out."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        before = copy_tree(root)
        for edit in edits(page(name)):
            edit.apply(root)
        after = content(root)
        self.edited = [each for each in after if before.get(each) != after[each]]

    def run(self, *arguments: str) -> str:
        """What the Python of the copy prints. Fails, with its output, if it fails."""
        folders = (self.root / each for each in ("core", "adapters", "diagrams", "."))
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "COLUMNS": "200"},
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=sorted(LIMITS))
def copy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(request.param, tmp_path_factory.mktemp(request.param))


def test_a_recipe_edits_the_few_files_that_it_lists(copy: Copy) -> None:
    assert copy.edited == sorted(listed(page(copy.name)))
    assert 0 < len(copy.edited) <= LIMITS[copy.name]


def test_the_edits_of_a_recipe_have_our_style(copy: Copy) -> None:
    python = [each for each in copy.edited if each.endswith(".py")]
    copy.run("-m", "ruff", "check", "--no-cache", *python)
    copy.run("-m", "ruff", "format", "--no-cache", "--check", *python)


def test_the_tests_of_a_recipe_pass(copy: Copy) -> None:
    where = copy.run("-c", "import openline; print(openline.__file__)")
    assert Path(where.strip()).is_relative_to(copy.root)
    found = {each: [*(copy.root / "tests").rglob(each)] for each in TESTS[copy.name]}
    assert all(found.values()), found
    copy.run("-m", "pytest", *(str(path) for paths in found.values() for path in paths))


def test_the_goldens_of_a_recipe_are_made_by_its_command(copy: Copy) -> None:
    [block] = [block for block in blocks(page(copy.name)) if "make goldens" in block.text]
    assert block.commands == [("make goldens", [])]
    assert goldens() == ["tests/journals/record.py", "diagrams/draw.py"]
    for script in goldens():
        copy.run(script)
    copy.run("-m", "pytest", "tests/house/test_drawn.py", "tests/core/test_journals.py")


def test_the_command_explains_the_new_verdict(tmp_path: Path) -> None:
    [block] = [each for each in blocks(page("verdict")) if "explain" in each.text]
    [(command, shown)] = block.commands
    said = Copy("verdict", tmp_path).run("-m", "openline_cli", *command.split()[1:])
    assert said.splitlines() == shown


# The face.


def test_the_recipe_of_a_face_names_every_effect_and_event_of_the_driver() -> None:
    text = page("face")
    for module in ("effects", "facts"):
        path = ROOT / "adapters" / "openline_driver" / f"{module}.py"
        structs = [
            node.name
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.ClassDef)
        ]
        assert len(structs) > 5
        assert [each for each in structs if f"`{each}`" not in text] == []


# What does not fit is seen.


def test_the_files_are_those_in_the_table_of_the_section() -> None:
    text = "| `a` | x |\n\n## Files\n\n| file | edit |\n|---|---|\n| `b` | y |\n\n## No\n| `c` |\n"
    assert listed(text) == ["b"]
    assert listed("# None\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "no file\n a\n",
        "# a.py\nno diff\n",
        "# a.py\n missing\n+new\n",
        "# a.py\n twice\n+new\n",
        "# a.py\n once\n",
        "# a.py\n+new\n",
        "# a.py\n nce\n+new\n",
        "# a.py, new\n+new\n",
        "# b.py, new\n-old\n+new\n",
    ],
)
def test_an_edit_that_does_not_fit_is_seen(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("once\ntwice\ntwice\n", "utf-8")
    with pytest.raises(StaleEditError):
        edit_of(text).apply(tmp_path)


def test_an_edit_changes_its_lines_alone(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("once\n\nlast\n", "utf-8")
    edit_of("# a.py\n once\n\n-last\n+first\n+second\n").apply(tmp_path)
    assert (tmp_path / "a.py").read_text("utf-8") == "once\n\nfirst\nsecond\n"
    edit_of("# b.py, new\n+x = 1\n").apply(tmp_path)
    assert (tmp_path / "b.py").read_text("utf-8") == "x = 1\n"
