"""The machine in somebody else's site: a small one, with another theme and a dialect of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.docs.built import dead_ends, read, requests

from openline.diagram import DARK, LIGHT
from openline.policy import MEANINGS
from openline.timers import Timer

ROOT = Path(__file__).parents[2]
HOW_TO = (ROOT / "docs" / "howto" / "diagrams.md").read_text("utf-8")
OURS = re.findall(r"```python\n# ours\.py\n(.*?)```", HOW_TO, re.DOTALL)[0]
RST = re.findall(r"```rst\n(.*?)```", HOW_TO, re.DOTALL)
MYST = re.findall(r"````markdown\n(.*?)````", HOW_TO, re.DOTALL)[0]

CONF = """
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
project = "theirs"
extensions = ["myst_parser", "openline_diagrams.sphinx"]
html_theme = "alabaster"
html_sidebars = {"**": []}
nitpicky = True
"""
PAGES = {
    # What the page about it shows.
    "picture.rst": "Picture\n=======\n\nSee :ref:`states`.\n\n" + RST[0],
    "notation.rst": "Notation\n========\n\n" + RST[1],
    "tables.rst": "Tables\n======\n\n" + RST[2],
    "myst.md": f"# MyST\n\n{MYST}\n[to a table](#close-code)\n",
    # And the rest of what can be asked for.
    "options.rst": """
Options
=======

.. openline-diagram:: chart
   :alt: What <they> said
   :scheme: media
   :align: right
   :class: wide
   :width: 500

.. openline-diagram::
   :scheme: light

.. openline-diagram::
   :scheme: dark
""",
    "notations.rst": """
Notations
=========

.. openline-diagram::
   :format: dot
.. openline-diagram::
   :format: xstate
.. openline-diagram::
   :format: scxml
.. openline-diagram::
   :format: md
""",
    "contract.rst": """
Contract
========

.. openline-contract:: echopanel

.. openline-table:: chart

* .. openline-contract::
     :dialect: ours:OurDialect
""",
    "without.rst": "Without\n=======\n\nNothing of openline.\n",
}
PAGES["index.rst"] = "Theirs\n======\n\n.. toctree::\n\n" + "".join(
    f"   {name.partition('.')[0]}\n" for name in PAGES
)


def write(folder: Path, pages: dict[str, str] = PAGES, conf: str = CONF) -> Path:
    for name, text in {**pages, "conf.py": conf, "ours.py": OURS}.items():
        (folder / name).write_text(text.lstrip("\n"), "utf-8")
    return folder


def sphinx(folder: Path, builder: str = "html", *options: str) -> tuple[int, str, Path]:
    """Build: the status, what was said, and where it is."""
    out = folder / "build" / builder
    # Without colour, which Sphinx gives on a CI though nobody looks at a terminal there.
    command = [sys.executable, "-m", "sphinx", "--no-color", "-b", builder]
    command += ["-d", str(folder / "build" / "read")]
    done = subprocess.run(
        [*command, *options, str(folder), str(out)], capture_output=True, check=False, text=True
    )
    return done.returncode, done.stdout + done.stderr, out


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small site, built by two processes at once, each warning an error."""
    folder = write(tmp_path_factory.mktemp("theirs"))
    status, said, _ = sphinx(folder, "html", "-W", "-n", "-j", "2")
    assert status == 0, said
    assert "not safe for parallel" not in said
    return folder


@pytest.fixture(scope="session")
def html(theirs: Path) -> Path:
    return theirs / "build" / "html"


def page(html: Path, name: str) -> str:
    return (html / f"{name}.html").read_text("utf-8")


def pictures(text: str) -> list[tuple[str, str]]:
    """The class of each picture's link, and its file."""
    return re.findall(r'<a class="openline-(\w+)" href="([^"]+)"><img', text)


def test_a_picture_is_there_for_light_and_for_dark(html: Path) -> None:
    shown = pictures(page(html, "picture"))
    assert [kind for kind, _ in shown] == ["light", "dark"]
    for (_, file), palette in zip(shown, (LIGHT, DARK), strict=True):
        drawn = (html / file).read_text("utf-8")
        assert ET.fromstring(drawn).tag.endswith("svg")  # noqa: S314 -- ours
        assert palette.ground in drawn
        assert "awaiting_ack" in drawn


def test_a_picture_has_what_was_said_of_it(html: Path) -> None:
    text = page(html, "picture")
    assert 'class="openline-picture openline-theme"' in text
    assert text.count('alt="The states of a session and every way from one to another"') == 2
    assert text.count('style="width: 700px"') == 2
    assert "The states of a session." in re.sub(r"<[^>]+>", "", text)
    assert '<figure class="align-default" id="states">' in text
    assert 'href="#states"' in text  # the page refers to it by its name

    text = page(html, "options")
    assert text.count('alt="What &lt;they&gt; said"') == 2
    assert '<figure class="wide align-right"' in text
    assert 'class="openline-picture openline-media"' in text
    assert text.count('style="width: 500px"') == 2
    assert [kind for kind, _ in pictures(text)] == ["light", "dark", "light", "dark"]


def test_the_style_that_chooses_comes_with_it(html: Path) -> None:
    style = (html / "_static" / "openline-diagrams.css").read_text("utf-8")
    assert "openline-diagrams.css" in page(html, "picture")
    for rule in ('[data-theme="dark"] .openline-theme', "prefers-color-scheme: dark"):
        assert rule in style


def test_a_notation_is_a_block_of_text(html: Path) -> None:
    text = re.sub(r"<[^>]+>", "", page(html, "notation"))
    assert "stateDiagram-v2" in text
    assert "To paste into a Mermaid editor." in text
    text = page(html, "notations")
    for language in ("dot", "json", "xml"):
        assert f'class="highlight-{language} ' in text
    assert "give_up_due" in text
    assert text.count("<table") == 2


def test_the_tables_are_those_of_the_code_and_of_ours(html: Path) -> None:
    text = page(html, "tables")
    plain = re.sub(r"<[^>]+>", "", text)
    for name in [*MEANINGS, *(each.name for each in Timer)]:
        assert f">{name}<" in text
    assert "the room is closed" in plain
    assert "doubles to 5 s" in plain  # our policy's backoff_cap
    assert ">value<" in text
    assert {"close-code", "http-status", "error"} <= read(text).anchors
    assert "from an ordinary" not in plain


def test_a_contract_is_that_of_the_dialect(html: Path) -> None:
    text = re.sub(r"<[^>]+>", "", page(html, "contract"))
    assert "asr_partial" in text
    assert "45 50 01 01" in text
    assert "the room is closed" in text


def test_where_no_section_can_be_a_heading_is_a_rubric(html: Path) -> None:
    text = page(html, "contract")
    assert '<section id="what-the-client-sends">' in text
    assert '<p class="rubric">What the client sends</p>' in text


def test_it_works_in_myst(html: Path) -> None:
    text = page(html, "myst")
    assert [kind for kind, _ in pictures(text)] == ["light", "dark"]
    assert 'href="#close-code"' in text
    assert "the room is closed" in text


def test_nothing_is_fetched_and_nothing_is_missing(html: Path) -> None:
    assert list(requests(html)) == []
    assert list(dead_ends(html)) == []


# Another day.


def test_a_page_is_read_again_when_what_it_embeds_has_changed(tmp_path: Path) -> None:
    write(tmp_path)
    assert sphinx(tmp_path, "html", "-W", "-j", "2")[0] == 0

    ours = OURS.replace("backoff_cap=5", "backoff_cap=7")
    (tmp_path / "ours.py").write_text(ours, "utf-8")
    status, said, out = sphinx(tmp_path, "html", "-W", "-j", "2")
    assert (status, "0 added, 1 changed, 0 removed" in said) == (0, True), said
    assert "doubles to 7 s" in re.sub(r"<[^>]+>", "", page(out, "tables"))

    (tmp_path / "ours.py").write_text(ours.replace("4100", "4200"), "utf-8")
    (tmp_path / "tables.rst").unlink()
    (tmp_path / "index.rst").write_text(PAGES["index.rst"].replace("   tables\n", ""), "utf-8")
    said = sphinx(tmp_path, "html", "-W")[1]
    assert "0 added, 3 changed, 1 removed" in said  # contract and myst, and the index


# Other documents.


def test_plain_text_gets_it_in_words(theirs: Path) -> None:
    status, said, out = sphinx(theirs, "text", "-W")
    assert status == 0, said
    text = (out / "picture.txt").read_text("utf-8")
    assert "The states of a session." in text
    assert re.search(r'"idle" +\| \*\*stop_requested\*\*', text)
    assert "Transitions" in text


@pytest.mark.parametrize(("builder", "suffix"), [("latex", "tex"), ("texinfo", "texi")])
def test_paper_gets_a_plain_image(builder: str, suffix: str, theirs: Path) -> None:
    status, said, out = sphinx(theirs, builder, "-W")
    assert status == 0, said
    images = [*out.rglob("*.png")]
    assert [each.read_bytes()[:4] for each in images] == [b"\x89PNG"]
    text = next(out.glob(f"*.{suffix}")).read_text("utf-8")
    assert images[0].stem in text
    assert "The states of a session." in text


# What can be wrong.

WRONG = {
    ".. openline-diagram:: chrat": "openline-diagram: the picture is chrat: give chart",
    ".. openline-diagram::\n   :format: gif": (
        "openline-diagram: format is gif: give svg, md, mermaid, dot, xstate or scxml"
    ),
    ".. openline-diagram::\n   :scheme: black": (
        "openline-diagram: scheme is black: give theme, media, light or dark"
    ),
    ".. openline-diagram::\n   :width: wide": (
        "openline-diagram: width is wide: give a length, as 800px or 80%"
    ),
    ".. openline-diagram::\n   :align: up": (
        "openline-diagram: align is up: give left, center or right"
    ),
    ".. openline-diagram::\n   :colour: red": (
        "openline-diagram: :colour: says nothing here; give align, alt, caption, class, format, "
        "name, scheme or width"
    ),
    ".. openline-diagram::\n   :format: dot\n   :width: 80%": (
        "openline-diagram: :width: says nothing here; give caption, class, format or name"
    ),
    ".. openline-table::": (
        "openline-table: the table is missing: give chart, policy, timers or verdicts"
    ),
    ".. openline-table:: timers\n   :policy: ours:POLICY": (
        "openline-table: the table timers takes no policy"
    ),
    ".. openline-table:: policy\n   :policy: POLICY": (
        "openline-table: POLICY is no Policy: give package.module:NAME of one"
    ),
    ".. openline-table:: policy\n   :policy: ours:OurDialect": (
        "openline-table: ours:OurDialect is no Policy: give package.module:NAME of one"
    ),
    ".. openline-table:: verdicts\n   :dialect: morse": (
        "openline-table: morse: there is no such dialect in the box; "
        "give echopanel or package.module:NAME"
    ),
    ".. openline-contract::": (
        "openline-contract: name a dialect: echopanel, or package.module:NAME"
    ),
    ".. openline-contract:: ours:Other": "openline-contract: ours:Other: ours has no Other",
    ".. openline-contract:: ours:": ("openline-contract: ours:: ours has no object without a name"),
    ".. openline-contract:: nowhere:X": (
        "openline-contract: nowhere:X: nowhere cannot be imported: "
        "ModuleNotFoundError: No module named 'nowhere'"
    ),
    ".. openline-contract:: ours:POLICY": (
        "openline-contract: ours:POLICY is no dialect: it has no name, sources, horizon, codes, "
        "refusals, start, audio, stop, decode"
    ),
    ".. openline-contract:: ours:Row": (
        "openline-contract: ours:Row: it cannot be made: Missing required argument 'action'"
    ),
    ".. openline-contract:: broken:Broken": (
        "openline-contract: broken:Broken: its contract cannot be told: ValueError: no ids today"
    ),
}
BROKEN = """
from ours import OurDialect

class Broken(OurDialect):
    def start(self, ids):
        raise ValueError("no ids\\n today")
"""


@pytest.fixture(scope="session")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is said of a page on which all is wrong, a line each."""
    folder = tmp_path_factory.mktemp("wrong")
    text = "Wrong\n=====\n\n" + "\n\n".join(WRONG)
    write(folder, {"index.rst": text, "broken.py": BROKEN})
    sphinx(folder, "html", "-q")
    status, said, _ = sphinx(folder, "html", "-q", "-W")  # said each time, until it is mended
    assert status == 1
    return said.replace(str(folder), "").splitlines()


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_one_line_with_its_place(wrong: str, complaints: list[str]) -> None:
    above = [*WRONG][: [*WRONG].index(wrong)]
    line = 4 + sum(each.count("\n") + 2 for each in above)
    told = [each for each in complaints if each.startswith(f"/index.rst:{line}: ")]
    assert told == [f"/index.rst:{line}: WARNING: {WRONG[wrong]} [openline]"]


def test_nothing_else_is_said(complaints: list[str]) -> None:
    assert len(complaints) == len(WRONG)


def test_a_picture_that_cannot_be_drawn_is_a_warning_too(tmp_path: Path) -> None:
    conf = (
        CONF + "\nimport openline_diagrams.render\nopenline_diagrams.render._PACKAGE = 'nothing'\n"
    )
    write(tmp_path, {"index.rst": "A\n=\n\n.. openline-diagram::\n"}, conf)
    for builder in ("html", "latex"):
        status, said, _ = sphinx(tmp_path, builder, "-q")
        assert status == 0
        told = said.replace(str(tmp_path), "").splitlines()
        what = "nothing is not installed: pip install 'openline[diagrams]'"
        assert told == [f"/index.rst:4: WARNING: {what} [openline]"]
