"""The help of a command: ``--help``, and the manual page.

Both are made from the table of commands. The manual page is installed with the package, so it
stands in the repository (``adapters/openline_cli/data/openline.1``); ``make manual`` writes it,
and a test compares it with the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from shutil import get_terminal_size
from textwrap import wrap
from typing import Final

from openline_cli.parameters import HELP, Command, Parameter
from openline_cli.problems import COMPLETE, FAILED, INTERRUPTED, USAGE

#: Longer lines are harder to read, however wide the terminal is.
_WIDEST: Final = 80
_INDENT: Final = "  "
#: The widest column of names; the text of a longer name starts on the next line.
_NAMES: Final = 26
_HELP: Final = Parameter(name="help", flags=(HELP[1], HELP[0]), help="Show this message and exit.")
_VERSION: Final = Parameter(name="version", flags=("--version",), help="Print which, and exit.")
#: What each exit status means.
STATUSES: Final = {
    COMPLETE: "Done; of a session: every sample was confirmed, or quiet and taken for heard.",
    FAILED: "The session failed or is incomplete, or a package is missing.",
    USAGE: "The call is wrong: an option, a file, an address.",
    INTERRUPTED: "Interrupted by Ctrl-C, SIGTERM or SIGHUP.",
}


def purpose(command: Command) -> str:
    """The purpose of the command, in a sentence or two."""
    return f"{command.summary} {command.more}".strip()


def usage(command: Command) -> str:
    """``openline NAME [OPTIONS] ARGUMENT``."""
    words = ["openline", command.name, *(["[OPTIONS]"] if command.options else [])]
    return " ".join([*words, *map(placed, command.arguments)])


def placed(argument: Parameter) -> str:
    """The argument's placeholder, in brackets if it is optional."""
    return argument.value if argument.required else f"[{argument.value}]"


#: The longest choices that stand behind an option, in characters.
_MOST_CHOICES: Final = 40


def called(parameter: Parameter) -> str:
    """``-q, --quiet``, ``--out FILE``, or an argument's name."""
    if not parameter.is_option:
        return placed(parameter)
    value = parameter.value if _are_many(parameter) else "|".join(parameter.choices)
    names = ", ".join(sorted(parameter.flags, key=len))
    return f"{names} {value}" if parameter.takes_value else names


def defaulting(parameter: Parameter) -> str:
    """The default as text; empty if there is none."""
    if parameter.default is None or parameter.default is False or parameter.default == ():
        return ""
    return str(parameter.default)


def described(parameter: Parameter) -> str:
    """Its help text and its default."""
    text = parameter.help
    if parameter.choices and (_are_many(parameter) or not parameter.is_option):
        text = f"{text[:-1]}: {', '.join(parameter.choices)}."
    default = defaulting(parameter)
    return f"{text} Default: {default}." if default else text


def _are_many(parameter: Parameter) -> bool:
    """Whether the choices are too long to stand behind the option, or none."""
    return not 0 < len("|".join(parameter.choices)) <= _MOST_CHOICES


def overview(summary: str, commands: Mapping[str, Command]) -> str:
    """The help of ``openline`` without a command."""
    width = _width()
    listed = [(command.name, command.summary) for command in commands.values()]
    return "\n".join(
        [
            "Usage: openline COMMAND [OPTIONS] [ARGUMENTS]",
            "",
            *_paragraph(summary, width),
            "",
            "Options:",
            *_columns(_rows((_VERSION, _HELP)), width),
            "",
            "Commands:",
            *_columns(listed, width),
            "",
        ]
    )


def help_of(command: Command) -> str:
    """The help of one command."""
    width = _width()
    lines = [f"Usage: {usage(command)}", "", *_paragraph(purpose(command), width)]
    if command.arguments:
        lines += ["", "Arguments:", *_columns(_rows(command.arguments), width)]
    lines += ["", "Options:", *_columns(_rows((*command.options, _HELP)), width), ""]
    return "\n".join(lines)


def _width() -> int:
    return min(get_terminal_size().columns, _WIDEST)


def _rows(parameters: Iterable[Parameter]) -> list[tuple[str, str]]:
    return [(called(each), described(each)) for each in parameters]


def _paragraph(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _columns(rows: Iterable[tuple[str, str]], width: int) -> list[str]:
    rows = list(rows)
    fitting = [len(name) for name, _ in rows if len(name) <= _NAMES]
    column = len(_INDENT) + max(fitting, default=_NAMES) + 2
    lines: list[str] = []
    for name, text in rows:
        first = f"{_INDENT}{name}".ljust(column)
        if len(name) > _NAMES:
            lines.append(first)
            first = " " * column
        lines += wrap(
            text,
            max(width, column + 20),
            initial_indent=first,
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )
    return lines


def manual(summary: str, commands: Mapping[str, Command]) -> str:
    """The manual page, in the notation of man(7)."""
    lines = [
        ".TH OPENLINE 1",
        ".SH NAME",
        f"openline \\- {_roff(summary[0].lower() + summary[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B openline",
        ".I COMMAND",
        "[OPTIONS] [ARGUMENTS]",
        ".SH OPTIONS",
        *_terms((_VERSION, _HELP)),
        ".SH COMMANDS",
    ]
    for command in commands.values():
        lines += [
            f".SS {_roff(usage(command))}",
            _roff(purpose(command)),
        ]
        lines += _terms((*command.arguments, *command.options))
    lines.append(".SH EXIT STATUS")
    for status, meaning in STATUSES.items():
        lines += [".TP", str(status), _roff(meaning)]
    lines += [
        ".SH ENVIRONMENT",
        ".TP",
        "OPENLINE_TOKEN",
        _roff("The token, where --token-file names none."),
    ]
    return "\n".join(lines) + "\n"


def _terms(parameters: Iterable[Parameter]) -> list[str]:
    return [
        line
        for each in parameters
        for line in (".TP", f".B {_roff(called(each))}", _roff(described(each)))
    ]


def _roff(text: str) -> str:
    """``text`` escaped for man(7): dashes stay ASCII, and no line becomes a request."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    import sys

    from openline_cli.commands import COMMANDS, SUMMARY

    sys.stdout.write(manual(SUMMARY, COMMANDS))
