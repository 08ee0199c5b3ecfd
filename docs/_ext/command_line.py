"""``command-line``: a directive with the usage and the options of a command.

The table is generated from ``COMMANDS``, which the parser reads as well, so the two cannot
differ. A command without a directive, and a directive without a command, give a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from openline_cli.commands import COMMANDS
from openline_cli.manual import called, defaulting, purpose, usage
from openline_diagrams.markdown import grid
from openline_diagrams.sphinx.doctree import as_nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

PAGE: Final = "reference/cli"
_log = logging.getLogger(__name__)


def described(name: str) -> str:
    """One command as Markdown: its usage, its help, a table of its arguments and options."""
    command = COMMANDS[name]
    lines = [
        (f"`{called(each)}`", each.help, f"`{default}`" if (default := defaulting(each)) else "")
        for each in (*command.arguments, *command.options)
    ]
    return f"`{usage(command)}`\n\n{purpose(command)}\n\n{grid(('takes', '', 'default'), lines)}"


class CommandLine(SphinxDirective):
    """``command-line NAME``: one command."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes of the command; a warning and no nodes if it does not exist."""
        name = self.arguments[0]
        if name not in COMMANDS:
            _log.warning("there is no command %s", name, location=self.get_location())
            return []
        self.env.metadata[self.env.docname].setdefault("commands", "")
        self.env.metadata[self.env.docname]["commands"] += f" {name}"
        return as_nodes(described(name), self.state.document, sections=False)


def _complete(_app: Sphinx, env: BuildEnvironment) -> None:
    missing = set(COMMANDS) - set(env.metadata[PAGE].get("commands", "").split())
    for name in sorted(missing):
        _log.warning("no page describes the command %s", name, location=PAGE)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension; Sphinx calls this."""
    app.add_directive("command-line", CommandLine)
    app.connect("env-check-consistency", _complete)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
