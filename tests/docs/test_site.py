"""The site: it builds without a warning, documents every public name, and makes no request."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from html import unescape
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType, UnionType

import pytest

from openline.machine.timers import Timer
from openline.policy import MEANINGS
from openline_cli.commands import COMMANDS
from tests.docs.built import dead_ends, read, requests
from tests.docs.pages import PAGES, ROOT, blocks

DOCS = Path(__file__).parents[2] / "docs"
TERMINAL = sorted((DOCS / "_static" / "terminal").glob("*.svg"))
#: The names that the reference documents.
MODULES = [
    "openline", "openline.events", "openline.commands", "openline.policy",
    "openline.observer", "openline.snapshot",
    "openline.reconnect.verdicts", "openline.dialects.protocol", "openline.dialects.traits",
    "openline.dialects.options", "openline_lookup.promises", "openline_testing.promise",
    "openline.journal.recorder",
    "openline.journal.reader", "openline.journal.replay", "openline_diagrams", "openline_testing",
    "openline_testing.theorem", "openline_trio", "openline_trio.sources", "openline_server",
    "openline_testing.pytest_plugin",
]  # fmt: skip
#: The plug-ins for frameworks that the tests do not install: a page shows each.
PLUGINS = ("openline_livekit", "openline_load.locust", "openline_pipecat")
#: Where a name stands that two modules offer.
ELSEWHERE = {
    "openline.reconnect.verdicts.Action": "openline.Action",
    "openline.reconnect.verdicts.ErrorKind": "openline.ErrorKind",
    "openline.reconnect.verdicts.Verdict": "openline.Verdict",
    "openline.policy.Policy": "openline.Policy",
}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--no-color", "-W", "--nitpicky", "--quiet"]
    built = subprocess.run(
        [*command, "-d", str(folder / "read"), str(DOCS), str(folder / "html")],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder / "html"


def offered(module: ModuleType) -> list[str]:
    """The public names of a module: its ``__all__``, or its own definitions."""
    listed: list[str] | None = getattr(module, "__all__", None)
    if listed is not None:
        return listed
    return [
        name
        for name, each in vars(module).items()
        if not name.startswith("_") and getattr(each, "__module__", None) == module.__name__
    ]


@cache
def described(site: Path) -> frozenset[str]:
    """Every name that has a place of its own in the reference."""
    pages = (site / "reference" / "api").glob("*.html")
    anchors = (each for page in pages for each in read(page.read_text("utf-8")).anchors)
    return frozenset(each.removeprefix("module-") for each in anchors)


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_described(name: str, site: Path) -> None:
    names = offered(import_module(name))
    assert names
    full = [f"{name}.{each}" for each in names]
    there = described(site)
    assert [each for each in full if ELSEWHERE.get(each, each) not in there] == []


def listed() -> Iterator[tuple[str, str]]:
    """Every name in the ``__all__`` of any module of ours: the module, and the name."""
    for top in (ROOT / "core", ROOT / "adapters"):
        for path in sorted(top.rglob("*.py")):
            parts = path.relative_to(top).with_suffix("").parts
            if parts[0] not in PLUGINS and "__all__" in path.read_text("utf-8"):
                module = ".".join(part for part in parts if part != "__init__")
                yield from ((module, each) for each in offered(import_module(module)))


def imported() -> Iterator[tuple[str, str]]:
    """Every name of ours that the code on a page imports: the module, and the name."""
    for page in PAGES:
        for block in blocks(page.read_text("utf-8")):
            if block.language != "python" or (block.file and block.file[1]):
                continue  # one function of a file has no imports
            for node in ast.walk(ast.parse(block.text)):
                if not isinstance(node, ast.ImportFrom):
                    continue
                module = node.module or ""
                if module.startswith("openline") and not module.startswith(PLUGINS):
                    yield from ((module, each.name) for each in node.names)


def undescribed(names: Iterable[tuple[str, str]], there: AbstractSet[str]) -> list[str]:
    """Those that have a place in the reference under no name of theirs.

    What several modules offer needs a place under one of them.
    """
    found: list[str] = []
    for module, name in names:
        each = getattr(import_module(module), name)
        places = (place.rpartition(".")[0] for place in there if place.endswith(f".{name}"))
        known = (
            getattr(sys.modules[place], name, None) for place in places if place in sys.modules
        )
        if not any(each is other for other in known) and f"{module}.{name}" not in there:
            found.append(f"{module}.{name}")
    return found


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    names = list(listed())
    assert ("openline.session", "TABLE") in names
    assert ("openline_threads", "open_session") in names
    assert undescribed(names, described(site)) == []


def test_every_imported_name_is_in_the_reference(site: Path) -> None:
    names = list(imported())
    assert ("openline.dialects.echopanel", "EchoPanel") in names
    assert undescribed(names, described(site)) == []


def test_undocumented_name_is_detected(site: Path) -> None:
    there = described(site)
    for gone in ("openline_threads.open_session", "openline.session.TABLE"):
        module, _, name = gone.rpartition(".")
        assert undescribed([(module, name)], there) == []
        assert undescribed([(module, name)], there - {gone}) == [gone]


BORROWED = {
    next(line for line in kind.__doc__.splitlines() if line.strip())
    for kind in (int, float, str, bytes, tuple, dict, frozenset, UnionType, MappingProxyType)
    if kind.__doc__
}


def test_no_name_has_an_inherited_docstring(site: Path) -> None:
    assert {"int([x]) -> integer", "Represent a PEP 604 union type"} <= BORROWED
    pages = list((site / "reference" / "api").glob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = unescape(re.sub(r"<[^>]+>", "", page.read_text("utf-8")))
        assert "Alias for field number" not in text, page.name
        assert [words for words in BORROWED if words in text] == [], page.name


def test_no_request_leaves_a_page(site: Path) -> None:
    assert list(requests(site)) == []


def test_every_internal_link_resolves(site: Path) -> None:
    assert list(dead_ends(site)) == []


def test_every_picture_has_a_text_alternative(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not read(page.read_text("utf-8")).unnamed, page.name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_in_the_reference(name: str, site: Path) -> None:
    text = (site / "reference" / "cli.html").read_text("utf-8")
    section = text[text.index(f'<section id="{name}">') :].partition("</section>")[0]
    plain = re.sub(r"<[^>]+>", "", section)
    for parameter in COMMANDS[name].parameters:
        if parameter.hidden:
            assert not any(each in plain for each in parameter.flags)
        elif parameter.is_option:
            assert all(each in plain for each in parameter.flags), parameter.name
        else:
            assert parameter.value in plain


def test_tables_match_the_machine(site: Path) -> None:
    for page, names in [("policy", list(MEANINGS)), ("timers", [each.name for each in Timer])]:
        text = (site / "reference" / f"{page}.html").read_text("utf-8")
        cells = re.findall(r"<tr[^>]*><td><p>(?:<[^>]+>)*([^<]+)<", text)
        assert cells == names


@pytest.mark.parametrize("path", TERMINAL, ids=lambda path: path.stem)
def test_terminal_picture_is_whole_and_has_no_local_path(path: Path) -> None:
    text = path.read_text("utf-8")
    words = "".join(ET.fromstring(text).itertext()).replace("\N{NO-BREAK SPACE}", " ")  # noqa: S314 -- ours
    assert "$ openline" in words
    assert "Traceback" not in words
    assert read(text).fetched == []
    assert "@font-face" not in text
    assert not re.search(r"(?<![\w.])/(?:home|root|tmp|usr|work)\b", words)


def test_terminal_pictures_exist() -> None:
    assert {path.stem for path in TERMINAL} >= {"demo", "demo-narrow", "explain", "diagram"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.html", '<link rel="stylesheet" href="https://x.example/a.css">'),
        ("a.html", '<link rel="preload" as="font" href="//x.example/f">'),
        ("a.html", '<script src="https://x.example/a.js"></script>'),
        ("a.html", "<script>fetch('https://x.example/')</script>"),
        ("a.html", '<img alt="a" srcset="a.svg 1x, https://x.example/a.svg 2x">'),
        ("a.html", '<p style="background: url(https://x.example/a.png)">'),
        ("a.html", "<style>@import 'https://x.example/a.css';</style>"),
        ("a.svg", '<svg><image xlink:href="http://x.example/a.png"/></svg>'),
        ("a.css", "@font-face { src: url('https://x.example/f.woff2') }"),
        ("a.js", 'const home = "https://x.example";'),
    ],
)
def test_external_request_is_detected(file: str, text: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(text, "utf-8")
    assert len(list(requests(tmp_path))) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.html", '<a href="https://x.example">elsewhere</a><img alt="a" src="b/c.svg">'),
        ("a.css", "/* https://x.example */ a { background: url(data:image/svg+xml;x) }"),
        ("a.js", "// https://x.example\nconst svg = 'http://www.w3.org/2000/svg';"),
    ],
)
def test_internal_request_passes(file: str, text: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(text, "utf-8")
    assert list(requests(tmp_path)) == []


def test_dead_link_is_detected(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p id="x"><a href="b.html"></a><a href="#y"></a>', "utf-8")
    assert len(list(dead_ends(tmp_path))) == 2
