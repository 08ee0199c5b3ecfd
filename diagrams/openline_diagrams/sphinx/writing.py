"""How a picture gets into a document: two SVGs for pages, a PNG for paper, or text.

The files are drawn when a page is written, perhaps by several processes at once. The name
of each file identifies its content, so an existing one need not be drawn again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docutils import nodes
from sphinx.util import logging

from openline_diagrams import DARK, LIGHT, Palette
from openline_diagrams.embedded import EmbedError, Picture
from openline_diagrams.render import DrawingError
from openline_diagrams.sphinx.doctree import TABLE, as_nodes
from openline_diagrams.sphinx.domain import digest_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

#: The selector of the palette.
SCHEMES: Final = ("theme", "media", "light", "dark")
_PALETTES: Final = (("light", LIGHT), ("dark", DARK))
_log = logging.getLogger(__name__)


class openline_picture(nodes.General, nodes.Element):  # noqa: N801  # the convention for nodes
    """A picture: what is ``wanted``, with its scheme, alt text and width here."""


def _write(path: Path, data: bytes) -> None:
    """Write a file atomically: other processes may be writing the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def _drawn(
    picture: Picture, palette: Palette, folder: Path, png: Callable[[], bytes] | None = None
) -> str:
    """The name of the picture's file in ``folder``, where it is drawn unless it is there."""
    kind = "svg" if png is None else "png"
    file = f"openline-{picture.name}-{digest_of(picture.source(palette))[:12]}.{kind}"
    if not (folder / file).exists():
        _write(folder / file, picture.svg(palette).encode() if png is None else png())
    return file


def visit_html(self: HTML5Translator, node: openline_picture) -> None:
    """Write the picture in each palette that may be shown."""
    scheme = node["scheme"]
    style = f' style="width: {node["width"]}"' if node["width"] else ""
    links: list[str] = []
    folder = Path(self.builder.outdir) / self.builder.imagedir
    for light, palette in _PALETTES:
        if scheme in {light, "theme", "media"}:
            try:
                picture = node["wanted"].picture(Path(self.builder.srcdir))
                file = _drawn(picture, palette, folder)
            except (DrawingError, EmbedError) as error:
                _log.warning("%s", error, location=node, type="openline")
                raise nodes.SkipNode from None
            uri = f"{self.builder.imgpath}/{file}"
            links.append(
                f'<a class="openline-{light}" href="{uri}">'
                f'<img src="{uri}" alt="{escape(node["alt"])}" loading="lazy"{style}></a>'
            )
    self.body.append(f'<div class="openline-picture openline-{scheme}">{"".join(links)}</div>\n')
    raise nodes.SkipNode


def put_on_paper(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Where there is no HTML: a plain image, or text; and tables as wide as the paper."""
    if app.builder.format == "html":
        return
    for node in [*doctree.findall(openline_picture)]:
        try:
            picture: Picture = node["wanted"].picture(Path(app.srcdir))
            if picture.png is None or "image/png" not in app.builder.supported_image_types:
                _put_words(node, picture, doctree)
                continue
            folder = Path(app.doctreedir) / "openline"
            path = str(folder / _drawn(picture, LIGHT, folder, picture.png))
        except (DrawingError, EmbedError) as error:
            _log.warning("%s", error, location=node, type="openline")
            continue
        app.env.images.add_file(docname, path)
        image = nodes.image(uri=path, alt=node["alt"], candidates={"*": path})
        image["width"] = node["width"] or "100%"
        node.replace_self(image)
    for table in doctree.findall(nodes.table):
        if TABLE in table["classes"]:  # otherwise a long table would not break its lines
            table["classes"] = [TABLE, "colwidths-given"]


def _put_words(node: openline_picture, picture: Picture, doctree: nodes.document) -> None:
    """Text in place of a figure; its name leads to it, and its caption ends it."""
    figure = node.parent
    words = as_nodes(picture.words(), doctree, sections=False)
    for caption in figure.findall(nodes.caption):  # a figure has at most one caption
        words.append(nodes.paragraph(caption.rawsource, "", *caption.children))
    if figure["ids"]:
        words.insert(0, nodes.target("", "", ids=figure["ids"], names=figure["names"]))
    figure.replace_self(words)


def skip(_self: nodes.NodeVisitor, _node: openline_picture) -> None:
    """Skip a picture that failed; its warning was issued."""
    raise nodes.SkipNode
