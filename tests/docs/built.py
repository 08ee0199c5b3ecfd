"""Read a built site like a browser: its requests and its links.

A page may link to other places: a reader decides to go there. It may not fetch anything from
them: no style, script, font, picture or frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Requests without a click: tag → attributes. For ``link``, ``rel`` decides.
FETCHED = {
    "audio": ("src",), "embed": ("src",), "iframe": ("src",), "image": ("href", "xlink:href"),
    "img": ("src", "srcset"), "input": ("src",), "link": ("href",), "object": ("data",),
    "script": ("src",), "source": ("src", "srcset"), "track": ("src",),
    "use": ("href", "xlink:href"), "video": ("src", "poster"),
}  # fmt: skip
#: Kinds of ``link`` that a browser follows only when it is asked to.
FOLLOWED = {"index", "search", "next", "prev", "author", "copyright", "license", "canonical"}
_IN_STYLE = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
_ABSOLUTE = re.compile(r"""https?://[^\s"'`)<>]+""")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w\"'])//[^\n]*", re.DOTALL)
#: Names of XML's languages look like addresses, and are none.
_NAMESPACE = re.compile(r"http://www\.w3\.org/(2000/svg|1999/xlink|1999/xhtml|XML/1998/namespace)")


class Page(HTMLParser):
    """One page or picture: its requests, its links and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.unnamed: list[str] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._raw = tag if tag in {"style", "script"} else ""
        if "id" in found:
            self.anchors.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "img" and not found.get("alt"):
            self.unnamed.append(found.get("src", ""))
        if tag == "link" and set(found.get("rel", "").split()) <= FOLLOWED:
            self.links.append(found.get("href", ""))
            return
        for name in FETCHED.get(tag, ()):
            if name in found:
                each = found[name].split(",") if name == "srcset" else [found[name]]
                self.fetched += [part.split()[0] for part in each if part.split()]
        self.fetched += in_style(found.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if self._raw == "style":
            self.fetched += in_style(data)
        elif self._raw == "script":
            self.fetched += in_script(data)


@cache
def read(text: str) -> Page:
    """A page, or an SVG; to look at, for several tests share it."""
    page = Page()
    page.feed(text)
    page.close()
    return page


def in_style(text: str) -> list[str]:
    """The requests of a style sheet."""
    return [first or second for first, second in _IN_STYLE.findall(_COMMENT.sub("", text))]


def in_script(text: str) -> list[str]:
    """Every address in a script, because its use cannot be checked."""
    bare = _COMMENT.sub("", text)
    return [each for each in _ABSOLUTE.findall(bare) if not _NAMESPACE.fullmatch(each)]


def leaves(address: str) -> bool:
    """Whether fetching ``address`` asks another machine."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", "data"}


def requests(site: Path) -> Iterator[str]:
    """Every request that leaves the site: file and address."""
    for file in sorted(site.rglob("*")):
        if file.suffix in {".html", ".svg"}:
            asked = read(file.read_text("utf-8")).fetched
        elif file.suffix in {".css", ".js"}:
            text = file.read_text("utf-8")
            asked = in_style(text) if file.suffix == ".css" else in_script(text)
        else:
            continue
        yield from (f"{file.relative_to(site)}: {each}" for each in asked if leaves(each))


def dead_ends(site: Path) -> Iterator[str]:
    """Every link within the site, and every file that a page wants, that is not there."""
    pages = {file.resolve(): read(file.read_text("utf-8")) for file in site.rglob("*.html")}
    for file, page in pages.items():
        for link in page.links + page.fetched:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            if not target.is_file():
                yield f"{file.relative_to(site.resolve())}: {link}"
            elif anchor and target in pages and anchor not in pages[target].anchors:
                yield f"{file.relative_to(site.resolve())}: {link} (no such anchor)"
