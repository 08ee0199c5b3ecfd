"""Find the command for the words on the command line, and run it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from openline_cli.calls import RUN
from openline_cli.commands import COMMANDS, SUMMARY
from openline_cli.importing import Importing
from openline_cli.options import CONFIG, LOG_LEVEL, LOGGING
from openline_cli.parameters import HELP, Command, read_words, suggestion
from openline_cli.problems import COMPLETE, USAGE, Problem


def dispatch(words: Sequence[str]) -> int:
    """Run the command named in ``words`` and return its exit status. Raises Problem."""
    if not words:
        sys.stderr.write(_help(None))
        return USAGE
    name, *rest = words
    if name in HELP:
        sys.stdout.write(_help(None))
        return COMPLETE
    if name == "--version":
        from openline_driver.version import version

        sys.stdout.write(f"openline {version()}\n")
        return COMPLETE
    command = COMMANDS.get(name)
    if command is None:
        kind = "option" if name.startswith("-") else "command"
        raise Problem(
            f"there is no {kind} {name}{suggestion(name, COMMANDS)} (see openline --help)"
        )
    options_end = rest.index("--") if "--" in rest else len(rest)
    if any(word in HELP for word in rest[:options_end]):
        sys.stdout.write(_help(command))
        return COMPLETE
    given = read_words(command, rest)
    if CONFIG in command.parameters:
        with Importing():
            from openline_cli.settings import settle
        settled = settle(command, given)
    else:
        settled = command.defaults | given
    if LOG_LEVEL not in command.parameters:
        return RUN[name](**settled)
    with Importing():
        from openline_cli.logs import check_apart, logged
    level, as_json, file = (settled.pop(each.name) for each in LOGGING)
    if file is not None:
        check_apart(file, settled.values())
    with logged(level, file, as_json=as_json):
        return RUN[name](**settled)


def _help(command: Command | None) -> str:
    from openline_cli.manual import help_of, overview

    return overview(SUMMARY, COMMANDS) if command is None else help_of(command)
