"""``command-line``: a directive with the usage and the options of a command.

The table is generated from the parser that reads the arguments, so the two cannot differ. A
command without a directive, and a directive without a command, give a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from openline_cli.app import app as commands
from openline_diagrams.markdown import grid
from openline_diagrams.sphinx.doctree import as_nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

ROOT: Any = typer.main.get_command(commands)
PAGE: Final = "reference/cli"
_log = logging.getLogger(__name__)


#: The placeholder of a value, by its type on the command line.
_WORDS: Final = {"int": "N", "float": "X", "str": "TEXT"}


def described(name: str) -> str:
    """One command as Markdown: its usage, its help, a table of its arguments and options."""
    command = ROOT.commands[name]
    takes = [each for each in command.params if not each.hidden]
    usage = " ".join(
        ["openline", name, *(["[OPTIONS]"] if any(map(_is_option, takes)) else [])]
        + [_argument(each) for each in takes if not _is_option(each)]
    )
    lines = [(_syntax(each), each.help or "", _default(each)) for each in takes]
    table = grid(("takes", "", "default"), lines) if lines else ""
    return f"`{usage}`\n\n{' '.join(command.help.split())}\n\n{table}"


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _argument(parameter: Any) -> str:
    many = parameter.nargs == -1 and not parameter.metavar  # a metavar has its own dots
    name = f"{_value(parameter)}{'...' if many else ''}"
    return name if parameter.required else f"[{name}]"


def _syntax(parameter: Any) -> str:
    if not _is_option(parameter):
        return f"`{_argument(parameter)}`"
    return f"`{', '.join(parameter.opts)}{'' if parameter.is_flag else f' {_value(parameter)}'}`"


def _value(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    if choices := getattr(parameter.type, "choices", None):
        return "|".join(choices)
    return _WORDS[parameter.type.name] if _is_option(parameter) else parameter.name.upper()


def _default(parameter: Any) -> str:
    if parameter.default is None or parameter.default is False or parameter.required:
        return ""
    return f"`{getattr(parameter.default, 'value', parameter.default)}`"


class CommandLine(SphinxDirective):
    """``command-line NAME``: one command."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes of the command; a warning and no nodes if it does not exist."""
        name = self.arguments[0]
        if name not in ROOT.commands:
            _log.warning("there is no command %s", name, location=self.get_location())
            return []
        self.env.metadata[self.env.docname].setdefault("commands", "")
        self.env.metadata[self.env.docname]["commands"] += f" {name}"
        return as_nodes(described(name), self.state.document, sections=False)


def _complete(_app: Sphinx, env: BuildEnvironment) -> None:
    missing = set(ROOT.commands) - set(env.metadata[PAGE].get("commands", "").split())
    for name in sorted(missing):
        _log.warning("no page describes the command %s", name, location=PAGE)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension; Sphinx calls this."""
    app.add_directive("command-line", CommandLine)
    app.connect("env-check-consistency", _complete)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
