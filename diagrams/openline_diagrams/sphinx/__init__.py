"""An extension for Sphinx: the machine's pictures, tables and contracts in any site.

    extensions = ["openline_diagrams.sphinx"]

Four directives: ``openline-diagram`` (a picture, or the chart in another notation),
``openline-session`` (a session from its journal), ``openline-table`` and
``openline-contract``. ``openline_diagrams.embedded`` and ``sessions`` make their content,
independent of Sphinx.

On pages of HTML, CSS shows the palette that fits. ``openline_scheme`` selects it: the
site's ``theme``, the reader's ``media`` setting, always ``light``, always ``dark``. It needs
the extra ``sphinx``.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sphinx.config import ENUM

from openline_diagrams.sphinx.directives import (
    ContractDirective,
    DiagramDirective,
    SessionDirective,
    TableDirective,
)
from openline_diagrams.sphinx.domain import OpenlineDomain
from openline_diagrams.sphinx.writing import (
    SCHEMES,
    openline_picture,
    put_on_paper,
    skip,
    visit_html,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

STYLE: Final = "openline-diagrams.css"
_STATIC: Final = Path(__file__).parent / "static"


def _outdated(
    _app: Sphinx, env: BuildEnvironment, _added: object, _changed: object, removed: Container[str]
) -> Sequence[str]:
    """The pages to be read again."""
    domain = env.domains["openline"]
    assert isinstance(domain, OpenlineDomain)  # noqa: S101  # registered in ``setup``
    return [name for name in domain.outdated() if name not in removed]


def _add_style(app: Sphinx) -> None:
    app.config.html_static_path.append(str(_STATIC))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension; Sphinx calls this."""
    app.add_config_value("openline_scheme", "theme", "env", types=ENUM(*SCHEMES))
    app.add_domain(OpenlineDomain)
    app.add_node(
        openline_picture,
        html=(visit_html, None),
        latex=(skip, None),
        texinfo=(skip, None),
    )
    app.add_directive("openline-diagram", DiagramDirective)
    app.add_directive("openline-session", SessionDirective)
    app.add_directive("openline-table", TableDirective)
    app.add_directive("openline-contract", ContractDirective)
    app.add_css_file(STYLE)
    app.connect("builder-inited", _add_style)
    app.connect("env-get-outdated", _outdated)
    app.connect("doctree-resolved", put_on_paper)
    return {
        "version": _version(),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _version() -> str:
    """The version of the distribution; a vendored copy has no metadata that tells it."""
    try:
        return metadata.version("openline")
    except metadata.PackageNotFoundError:
        return "unknown"
