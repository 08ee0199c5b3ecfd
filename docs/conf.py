"""The Sphinx configuration of the site: no network requests, and warnings are errors.

``make docs`` builds it.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "openline"
author = "The openline authors"
copyright = "The openline authors. Apache-2.0"  # noqa: A001 -- Sphinx calls it so
release = version = metadata.version("openline")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "openline_diagrams.sphinx",
    "command_line",
    "enums",
    "borrowed",
]
exclude_patterns = ["_ext"]
nitpicky = True
# Names without a page: those of other projects, because no inventory is fetched; and internal
# names of ours that appear in a signature or as a base class.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(asyncio|collections|contextlib|enum|ipaddress|msgspec|os|pathlib|socket|ssl|trio|typing)\..*",
    ),
    ("py:class", r"random\.Random"),
    ("py:class", r"openline\.dialects\.options\._T"),
    ("py:.*", r"(hypothesis|_?pytest|statemachine|trio_websocket)\..*"),
    ("py:class", r"dict\[str"),  # a default's dict[str, str], which Sphinx cuts at the comma
    ("py:class", r"Buffer|MockClock"),
    ("py:class", r"openline\.(audio\.past\.PastSource|machine\.table\.Transition)"),
    (
        "py:class",
        r"openline_testing\.(observation|steps|world)\.(Observation|Session|Setting|Step)",
    ),
    ("py:class", r"openline\.machine\.(life\.Leaving|timers\.Timer)"),
    ("py:class", r"openline_audio\.(pace\.Worker|pcm\.HasFileno)"),
    (
        "py:class",
        r"openline_server\.(contracts\.pcm\.Decoder|faults\.(Dials|Effect|Mark|Moment|Phrase))",
    ),
    ("py:class", r"openline_server\.(hooks\.Host|port\.Port|transport\.Transport)"),
    ("py:class", r"openline_server\.recognizer\.(Cutter|Question)"),
    ("py:class", r"openline_store\.spool\.Spool"),
    ("py:.*", r"openline_driver\.openers\.(Connect|Session)"),
    ("py:class", r"openline_driver\.shared_provider\.(Call|Landed|Place)"),
    ("py:class", r"openline_driver\.(addresses\.Addresses|proxies\.Proxies|tls_in_tls\.TlsInTls)"),
    ("py:class", r"openline_fleet\.(gate\.FleetGate|running\.T)"),
    ("py:class", r"openline_telemetry\.observer\.TelemetryObserver"),
    ("py:class", r"opentelemetry\..*"),
    ("py:class", r"tuple\[~.*"),  # a default's tuple[X, ...], cut at the comma
    ("py:class", r"openline_testing\.theorem\.simulation\.Telling"),
]

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Docstrings are plain prose with shapes and units. Types are in the signature.
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
python_maximum_signature_line_length = 72
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "furo"
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_title = "openline"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#047857",
        "color-brand-content": "#047857",
        "color-brand-visited": "#047857",
    },
    "dark_css_variables": {
        "color-background-primary": "#0d1117",
        "color-background-secondary": "#121821",
        "color-brand-primary": "#34d399",
        "color-brand-content": "#34d399",
        "color-brand-visited": "#34d399",
    },
}
