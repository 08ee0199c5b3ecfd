"""The extension in a user's site: a small one, with another theme and a dialect of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from openline.dialects.registry import BUILT_IN
from openline.machine.timers import Timer
from openline.policy import MEANINGS
from openline_diagrams import DARK, LIGHT, sequence_svg
from openline_diagrams.sessions import session
from tests.docs.built import dead_ends, read, requests
from tests.docs.press import build

ROOT = Path(__file__).parents[2]
KNOWN = ", ".join(BUILT_IN)
HOW_TO = (ROOT / "docs" / "howto" / "diagrams.md").read_text("utf-8")
OURS = re.findall(r"```python\n# ours\.py\n(.*?)```", HOW_TO, re.DOTALL)[0]
RST = re.findall(r"```rst\n(.*?)```", HOW_TO, re.DOTALL)
JOURNALS = ROOT / "tests" / "journals"
#: In the user's site: the journal of a session, and its path.
DROP, DROPPED = "calls/drop.jsonl", (JOURNALS / "drop-and-replay.jsonl").read_bytes()
SECOND = DROPPED.replace(b"the session", b"the second")
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
    # The examples of the documentation page.
    "picture.rst": "Picture\n=======\n\nSee :ref:`states`.\n\n" + RST[0],
    "notation.rst": "Notation\n========\n\n" + RST[1],
    "tables.rst": "Tables\n======\n\n" + RST[2],
    "session.rst": "Session\n=======\n\nSee :ref:`dropped`.\n\n" + RST[3],
    "myst.md": f"# MyST\n\n{MYST}\n[to a table](#close-code)\n",
    # The remaining options.
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
    "deep/sessions.rst": """
Sessions
========

.. openline-session:: ../calls/drop.jsonl
   :alt: How it <went>
   :scheme: dark
   :align: left
   :class: wide
   :width: 80%

.. openline-session:: /calls/drop.jsonl
   :format: mermaid
   :caption: To paste.
   :name: pasted
.. openline-session:: /calls/drop.jsonl
   :format: md
   :title: A *dropped* one

.. openline-session:: /calls/ours.jsonl
   :dialect: ours:OurDialect

.. openline-session:: /calls/two.jsonl
   :session: 2
   :format: mermaid

See :ref:`pasted`.
""",
    "without.rst": "Without\n=======\n\nNothing of openline.\n",
}
PAGES["index.rst"] = "Theirs\n======\n\n.. toctree::\n\n" + "".join(
    f"   {name.partition('.')[0]}\n" for name in PAGES
)


def write(folder: Path, pages: dict[str, str] = PAGES, conf: str = CONF) -> Path:
    for name, text in {**pages, "conf.py": conf, "ours.py": OURS}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.lstrip("\n"), "utf-8")
    (folder / "calls").mkdir(exist_ok=True)
    (folder / DROP).write_bytes(DROPPED)
    (folder / "calls" / "two.jsonl").write_bytes(DROPPED + SECOND)
    (folder / "calls" / "ours.jsonl").write_bytes(DROPPED.replace(b'"echopanel"', b'"ours"', 1))
    return folder


def arguments(folder: Path, builder: str, *options: str) -> list[str]:
    # Without colour, which Sphinx gives on a CI even though its output is no terminal there.
    out = ["--no-color", "-b", builder, "-d", str(folder / "build" / "read")]
    return [*out, *options, str(folder), str(folder / "build" / builder)]


def sphinx(folder: Path, builder: str = "html", *options: str) -> tuple[int, str, Path]:
    """Build: the status, the output, and the folder."""
    status, output = build(arguments(folder, builder, *options), folder / "build.log")
    return status, output, folder / "build" / builder


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small site, built by the command and by two processes at once, each warning an error."""
    folder = write(tmp_path_factory.mktemp("theirs"))
    command = [sys.executable, "-m", "sphinx", *arguments(folder, "html", "-W", "-n", "-j", "2")]
    built = subprocess.run(command, capture_output=True, check=False, text=True)
    assert built.returncode == 0, built.stderr
    assert "not safe for parallel" not in built.stdout + built.stderr
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


def test_picture_has_its_options(html: Path) -> None:
    text = page(html, "picture")
    assert 'class="openline-picture openline-theme"' in text
    assert text.count('alt="The states of a session and every way from one to another"') == 2
    assert text.count('style="width: 700px"') == 2
    assert "The states of a session." in re.sub(r"<[^>]+>", "", text)
    assert '<figure class="align-default" id="states">' in text
    assert 'href="#states"' in text  # the page refers to the picture by its name

    text = page(html, "options")
    assert text.count('alt="What &lt;they&gt; said"') == 2
    assert '<figure class="wide align-right"' in text
    assert 'class="openline-picture openline-media"' in text
    assert text.count('style="width: 500px"') == 2
    assert [kind for kind, _ in pictures(text)] == ["light", "dark", "light", "dark"]


def test_a_session_is_drawn_for_light_and_for_dark(html: Path) -> None:
    text = page(html, "session")
    shown = pictures(text)
    assert [kind for kind, _ in shown] == ["light", "dark"]
    seq = session(JOURNALS, "drop-and-replay.jsonl", title="A dropped connection")
    for (_, file), palette in zip(shown, (LIGHT, DARK), strict=True):
        assert (html / file).read_text("utf-8") == sequence_svg(seq, palette)
    assert 'class="openline-picture openline-theme"' in text
    assert text.count('alt="A dropped connection"') == 2
    assert '<figure class="align-default" id="dropped">' in text
    plain = re.sub(r"<[^>]+>", "", text)
    # Once in the caption, and once in the text of the link.
    assert plain.count("Unconfirmed audio is sent again.") == 2

    text = page(html, "deep/sessions")
    assert [kind for kind, _ in pictures(text)] == ["dark", "light", "dark"]
    assert text.count('alt="How it &lt;went&gt;"') == 1
    assert '<figure class="wide align-left"' in text
    assert text.count('style="width: 80%"') == 1
    # Our own journal, of a dialect that is not built in.
    assert text.count('alt="Session the session"') == 2


def test_session_as_mermaid_and_as_a_table(html: Path) -> None:
    text = page(html, "deep/sessions")
    plain = re.sub(r"<[^>]+>", "", text)
    assert "sequenceDiagram" in plain
    assert "title Session the session" in plain
    assert plain.count("title Session the second") == 1  # of two in one file
    assert 'id="pasted"' in text
    assert '<section id="a-dropped-one">' in text
    assert "A *dropped* one" in plain  # a title is no Markdown
    assert "<strong>awaiting_ack</strong>: SETTLE 0.14 s" in text
    assert "<td><p>sends audio again from 1.20 s</p></td>" in text


def test_css_that_selects_the_palette_is_included(html: Path) -> None:
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


def test_heading_without_a_section_is_a_rubric(html: Path) -> None:
    text = page(html, "contract")
    assert '<section id="what-the-client-sends">' in text
    assert '<p class="rubric">What the client sends</p>' in text


def test_it_works_in_myst(html: Path) -> None:
    text = page(html, "myst")
    assert [kind for kind, _ in pictures(text)] == ["light", "dark"] * 2
    assert 'href="#close-code"' in text
    assert "the room is closed" in text
    assert text.count('alt="Session the session"') == 2


def test_nothing_is_fetched_and_nothing_is_missing(html: Path) -> None:
    assert list(requests(html)) == []
    assert list(dead_ends(html)) == []


# Another day.


def rewrite(path: Path, text: str) -> None:
    """Write it as a user does, seconds later: bytecode is fresh by size and whole seconds."""
    later = path.stat().st_mtime + 10
    path.write_text(text, "utf-8")
    os.utime(path, (later, later))


def test_page_is_reread_when_an_embedded_item_has_changed(tmp_path: Path) -> None:
    write(tmp_path)
    assert sphinx(tmp_path, "html", "-W", "-j", "2")[0] == 0

    ours = OURS.replace("backoff_cap=5", "backoff_cap=7")
    rewrite(tmp_path / "ours.py", ours)
    status, output, out = sphinx(tmp_path, "html", "-W", "-j", "2")
    assert (status, "0 added, 1 changed, 0 removed" in output) == (0, True), output
    assert "doubles to 7 s" in re.sub(r"<[^>]+>", "", page(out, "tables"))

    rewrite(tmp_path / "ours.py", ours.replace("4100", "4200"))
    (tmp_path / "tables.rst").unlink()
    (tmp_path / "index.rst").write_text(PAGES["index.rst"].replace("   tables\n", ""), "utf-8")
    output = sphinx(tmp_path, "html", "-W")[1]
    # The pages that show the code (contract, myst), and the index; a session has no such close.
    assert "0 added, 3 changed, 1 removed" in output


def test_a_page_is_read_again_when_a_journal_has_changed(tmp_path: Path) -> None:
    write(tmp_path)
    assert sphinx(tmp_path, "html", "-W", "-j", "2")[0] == 0
    assert "0 added, 0 changed, 0 removed" in sphinx(tmp_path, "html", "-W")[1]

    before = (tmp_path / DROP).stat()
    other = DROPPED.replace(b"the session", b"another one")
    assert other != DROPPED
    (tmp_path / DROP).write_bytes(other)
    os.utime(tmp_path / DROP, ns=(before.st_atime_ns, before.st_mtime_ns))  # as Git may leave it
    status, output, out = sphinx(tmp_path, "html", "-W", "-j", "2")
    # Not the page that gives it a title, on which nothing changes.
    assert (status, "0 added, 2 changed, 0 removed" in output) == (0, True), output
    assert 'alt="Session another one"' in page(out, "myst")


def test_page_is_reread_when_its_file_is_newer(tmp_path: Path) -> None:
    """A plain build of Sphinx compares file times, and so do tools that rebuild on changes."""
    write(tmp_path)
    assert sphinx(tmp_path, "html", "-W")[0] == 0
    later = (tmp_path / DROP).stat().st_mtime + 3600
    os.utime(tmp_path / DROP, (later, later))
    assert "0 added, 3 changed, 0 removed" in sphinx(tmp_path, "html", "-W")[1]


# Other documents.


def test_plain_text_builder_gets_text(theirs: Path) -> None:
    status, output, out = sphinx(theirs, "text", "-W")
    assert status == 0, output
    text = (out / "picture.txt").read_text("utf-8")
    assert "The states of a session." in text
    assert re.search(r'"idle" +\| \*\*stop_requested\*\*', text)
    assert "Transitions" in text

    text = (out / "session.txt").read_text("utf-8")
    assert "A dropped connection" in text
    assert re.search(r"3\.31 +\| openline +\| sends audio again from 1\.20 s", text)
    assert text.rstrip().endswith("Unconfirmed audio is sent again.")


def captioned(text: str) -> list[str]:
    """The captions of pictures and code, in LaTeX or Texinfo: they may stand nowhere else."""
    return re.findall(r"[@\\]caption\{([^}]*)", text)


@pytest.mark.parametrize(("builder", "suffix"), [("latex", "tex"), ("texinfo", "texi")])
def test_paper_gets_a_plain_image(builder: str, suffix: str, theirs: Path) -> None:
    status, output, out = sphinx(theirs, builder, "-W")
    assert status == 0, output
    images = [*out.rglob("*.png")]
    assert [each.read_bytes()[:4] for each in images] == [b"\x89PNG"]
    text = next(out.glob(f"*.{suffix}")).read_text("utf-8")
    assert images[0].stem in text
    assert "The states of a session." in text
    # A session is text there, with its name and its caption.
    assert "sends audio again from 1.20 s" in text
    assert "GIVE_UP" in text.replace("\\_", "_")
    assert "final has confirmed is sent again." not in "".join(captioned(text))
    assert re.search(r"label\{\\detokenize\{session:dropped|@anchor\{session dropped", text)
    assert r"\begin{longtable}{l" not in text  # its lines would not break


# Errors.

LINE = DROPPED[: DROPPED.index(b"this much is safe")].count(b"\n") + 1
NOW = json.loads(DROPPED.splitlines()[LINE - 1])["now"]
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
        "openline-diagram: :colour: has no effect here; give align, alt, caption, class, format, "
        "name, scheme or width"
    ),
    ".. openline-diagram::\n   :format: dot\n   :width: 80%": (
        "openline-diagram: :width: has no effect here; give caption, class, format or name"
    ),
    ".. openline-table::": (
        "openline-table: the table is missing: give chart, policy, timers or verdicts"
    ),
    ".. openline-table:: timers\n   :policy: ours:POLICY": (
        "openline-table: the table timers takes no policy"
    ),
    ".. openline-table:: policy\n   :policy: POLICY": (
        "openline-table: POLICY is no Policy: give module:NAME of one"
    ),
    ".. openline-table:: policy\n   :policy: ours:OurDialect": (
        "openline-table: ours:OurDialect is no Policy: give module:NAME of one"
    ),
    ".. openline-table:: verdicts\n   :dialect: morse": (
        f"openline-table: morse: no built-in dialect has this name; give {KNOWN} or module:NAME"
    ),
    ".. openline-contract::": f"openline-contract: name a dialect: {KNOWN}, or module:NAME",
    ".. openline-contract:: ours:Other": "openline-contract: ours:Other: ours has no Other",
    ".. openline-contract:: ours:": ("openline-contract: ours:: ours has no object without a name"),
    ".. openline-contract:: nowhere:X": (
        "openline-contract: nowhere:X: nowhere cannot be imported: "
        "ModuleNotFoundError: No module named 'nowhere'"
    ),
    ".. openline-contract:: ours:POLICY": (
        "openline-contract: ours:POLICY: the dialect Policy lacks 'name': "
        "give it a text that is not blank"
    ),
    ".. openline-contract:: ours:Rule": (
        "openline-contract: ours:Rule: it cannot be made: Missing required argument 'action'"
    ),
    ".. openline-contract:: broken:Broken": (
        "openline-contract: broken:Broken: its contract cannot be made: ValueError: no ids today"
    ),
    ".. openline-session::": "openline-session: name the file of a journal",
    ".. openline-session:: calls/gone.jsonl": (
        "openline-session: calls/gone.jsonl: no such file or directory: name a journal"
    ),
    ".. openline-session:: /calls": "openline-session: calls: is a directory: name a journal",
    ".. openline-session:: ours.py": (
        "openline-session: ours.py: line 1: not JSON: this is not a journal, or it was changed"
    ),
    ".. openline-session:: two.jsonl": (
        "openline-session: two.jsonl: holds 2 sessions: choose one with :session: 1 to 2"
    ),
    ".. openline-session:: two.jsonl\n   :session: 3": (
        "openline-session: two.jsonl: holds 2 sessions: :session: is 3: give 1 to 2"
    ),
    ".. openline-session:: two.jsonl\n   :session: last": (
        "openline-session: session is last: give its number, from 1 on"
    ),
    ".. openline-session:: changed.jsonl\n   :format: mermaid": (
        f"openline-session: changed.jsonl: line {LINE}, MessageReceived at {NOW} s: "
        "the core no longer does what it did; see openline replay"
    ),
    ".. openline-session:: calls/ours.jsonl": (
        "openline-session: calls/ours.jsonl: its dialect, ours, is not built in: give module:NAME"
    ),
    ".. openline-session:: calls/drop.jsonl\n   :dialect: morse": (
        f"openline-session: morse: no built-in dialect has this name; give {KNOWN} or module:NAME"
    ),
    ".. openline-session:: calls/drop.jsonl\n   :dialect: broken:Mute": (
        "openline-session: calls/drop.jsonl: it cannot be drawn: ValueError: no sound today"
    ),
    ".. openline-session:: calls/drop.jsonl\n   :dialect: ours:OurDialect": (
        "openline-session: calls/drop.jsonl: the journal is of echopanel, and not of ours: "
        "give echopanel"
    ),
    ".. openline-session:: calls/drop.jsonl\n   :format: dot": (
        "openline-session: format is dot: give svg, mermaid or md"
    ),
    ".. openline-session:: calls/drop.jsonl\n   :format: md\n   :caption: So it went.": (
        "openline-session: :caption: has no effect here; give dialect, format, session or title"
    ),
    ".. openline-session:: calls/drop.jsonl\n   :policy: ours:POLICY": (
        "openline-session: :policy: has no effect here; give align, alt, caption, class, dialect, "
        "format, name, scheme, session, title or width"
    ),
}
BROKEN = """
from openline.dialects.echopanel import EchoPanel
from ours import OurDialect

class Broken(OurDialect):
    def start(self, memory, ids):
        raise ValueError("no ids\\n today")

class Mute(EchoPanel):
    def audio(self, memory, source, pcm, number):
        raise ValueError("no sound\\n today")
"""


@pytest.fixture(scope="session")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The warnings of a page on which everything is wrong, a line each."""
    folder = tmp_path_factory.mktemp("wrong")
    text = "Wrong\n=====\n\n" + "\n\n".join(WRONG)
    write(
        folder,
        {
            "index.rst": text,
            "broken.py": BROKEN,
            "two.jsonl": DROPPED.decode() * 2,
            "changed.jsonl": DROPPED.decode().replace("this much is safe", "this much is sure", 1),
        },
    )
    sphinx(folder, "html", "-q")
    status, output, _ = sphinx(folder, "html", "-q", "-W")  # repeated at each build until mended
    assert status == 1
    return output.replace(str(folder), "").splitlines()


@pytest.mark.parametrize("wrong", WRONG)
def test_error_is_one_line_with_its_place(wrong: str, complaints: list[str]) -> None:
    above = [*WRONG][: [*WRONG].index(wrong)]
    line = 4 + sum(each.count("\n") + 2 for each in above)
    warnings = [each for each in complaints if each.startswith(f"/index.rst:{line}: ")]
    assert warnings == [f"/index.rst:{line}: WARNING: {WRONG[wrong]} [openline]"]


def test_no_other_warning_appears(complaints: list[str]) -> None:
    assert len(complaints) == len(WRONG)


def test_a_picture_that_cannot_be_drawn_is_a_warning_too(tmp_path: Path) -> None:
    conf = (
        CONF + "\nimport openline_diagrams.render\nopenline_diagrams.render._PACKAGE = 'nothing'\n"
    )
    write(tmp_path, {"index.rst": "A\n=\n\n.. openline-diagram::\n"}, conf)
    for builder in ("html", "latex"):
        status, output, _ = sphinx(tmp_path, builder, "-q")
        assert status == 0
        warnings = output.replace(str(tmp_path), "").splitlines()
        what = "nothing is not installed: pip install 'openline[diagrams]'"
        assert warnings == [f"/index.rst:4: WARNING: {what} [openline]"]


def test_journal_gone_at_writing_is_a_warning(tmp_path: Path) -> None:
    """Another process may delete it while a site is built."""
    conf = CONF + (
        "\ndef setup(app):\n"
        f"    gone = lambda app, env: Path(app.srcdir, {DROP!r}).unlink(missing_ok=True)\n"
        '    app.connect("env-updated", gone)\n'
    )
    for builder in ("html", "latex"):
        write(tmp_path, {"index.rst": f"A\n=\n\n.. openline-session:: {DROP}\n"}, conf)
        status, output, _ = sphinx(tmp_path, builder, "-q")
        assert status == 0
        warnings = output.replace(str(tmp_path), "").splitlines()
        what = f"{DROP}: no such file or directory: name a journal"
        assert warnings == [f"/index.rst:4: WARNING: {what} [openline]"]
