"""``command-line``: what a command takes, told by the command itself.

The table is made from the parser that reads the arguments, so it cannot differ from it. A
command that no page tells of, and a page that tells of no command, is a warning.
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


#: What stands for a value, by the type that it has on a command line.
_WORDS: Final = {"int": "N", "float": "X", "str": "TEXT"}


def told(name: str) -> str:
    """Markdown of one command: how it is called, what it does, what it takes."""
    command = ROOT.commands[name]
    takes = [each for each in command.params if not each.hidden]
    usage = " ".join(
        ["openline", name, *(["[OPTIONS]"] if any(map(_is_option, takes)) else [])]
        + [_argument(each) for each in takes if not _is_option(each)]
    )
    lines = [(_called(each), each.help or "", _default(each)) for each in takes]
    table = grid(("takes", "", "default"), lines) if lines else ""
    return f"`{usage}`\n\n{' '.join(command.help.split())}\n\n{table}"


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _argument(parameter: Any) -> str:
    many = parameter.nargs == -1 and not parameter.metavar  # which says itself how many
    name = f"{_value(parameter)}{'...' if many else ''}"
    return name if parameter.required else f"[{name}]"


def _called(parameter: Any) -> str:
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
    """``command-line``: one command."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """What the command says of itself."""
        name = self.arguments[0]
        if name not in ROOT.commands:
            _log.warning("there is no command %s", name, location=self.get_location())
            return []
        self.env.metadata[self.env.docname].setdefault("commands", "")
        self.env.metadata[self.env.docname]["commands"] += f" {name}"
        return as_nodes(told(name), self.state.document, sections=False)


def _complete(_app: Sphinx, env: BuildEnvironment) -> None:
    missing = set(ROOT.commands) - set(env.metadata[PAGE].get("commands", "").split())
    for name in sorted(missing):
        _log.warning("no page tells of the command %s", name, location=PAGE)


def setup(app: Sphinx) -> ExtensionMetadata:
    """What Sphinx calls for an extension."""
    app.add_directive("command-line", CommandLine)
    app.connect("env-check-consistency", _complete)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
