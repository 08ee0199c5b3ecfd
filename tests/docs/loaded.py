"""Load the packages of a build before it reads a page: Sphinx, MyST and our extensions."""

from __future__ import annotations

from importlib import import_module

from sphinx.application import builtin_extensions

for _name in (*builtin_extensions, "myst_parser.sphinx_ext.main", "openline_diagrams.sphinx"):
    import_module(_name)
