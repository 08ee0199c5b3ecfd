"""``openline completion``: print a completion script for bash, zsh or fish.

The script is made from the commands' table and holds all names itself: pressing tab starts no
Python. Where a value is one of a few they are offered; where it is a FILE or a DIR, files are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from shlex import quote
from typing import Final

from openline_cli.parameters import HELP, Command, Parameter

#: The value names of paths begin with one of these.
_PLACES: Final = ("FILE", "DIR")

#: Brackets and colons have a meaning in the arguments of ``_arguments``.
_ZSH_PLAIN: Final = str.maketrans("[]:", "();")

#: Loaded from $fpath, the file is the body of the function that it defines; else it is sourced.
_ZSH_END: Final = (
    "if [[ $funcstack[1] = _openline ]]; then\n"
    '    _openline "$@"\n'
    "else\n"
    "    compdef _openline openline\n"
    "fi"
)


def script(shell: str, commands: Mapping[str, Command]) -> str:
    """The script for ``shell``, one of ``bash``, ``zsh`` and ``fish``."""
    return _SCRIPTS[shell](commands)


def _is_place(parameter: Parameter) -> bool:
    return parameter.value.startswith(_PLACES)


def _flags(command: Command) -> list[str]:
    return [flag for each in command.options for flag in each.flags] + list(HELP)


def _bash(commands: Mapping[str, Command]) -> str:
    return "\n".join(
        [
            '# bash completion for openline: eval "$(openline completion bash)"',
            "_openline() {",
            '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
            "    local IFS=$'\\n'",
            "    COMPREPLY=()",
            '    if [ "$COMP_CWORD" -eq 1 ]; then',
            f"        {_bash_words([*commands, '--version', *HELP])}",
            "        return",
            "    fi",
            '    case "${COMP_WORDS[1]} $before" in',
            *(
                f"        {quote(f'{command.name} {flag}')}) {_bash_value(each)}; return ;;"
                for command in commands.values()
                for each in command.options
                if each.takes_value
                for flag in each.flags
            ),
            "    esac",
            '    case "${COMP_WORDS[1]} $word" in',
            *(
                f"        {quote(command.name)}\\ -*) {_bash_words(_flags(command))} ;;"
                for command in commands.values()
            ),
            *(
                f"        {quote(command.name)}\\ *) {_bash_value(command.arguments[0])} ;;"
                for command in commands.values()
                if command.arguments
            ),
            "    esac",
            "}",
            "complete -o filenames -F _openline openline",
            "",
        ]
    )


def _bash_words(words: list[str]) -> str:
    listed = " ".join(map(quote, words))
    return f'COMPREPLY=($(compgen -W "$(printf \'%s\\n\' {listed})" -- "$word"))'


def _bash_value(parameter: Parameter) -> str:
    if parameter.choices:
        return _bash_words(list(parameter.choices))
    return 'COMPREPLY=($(compgen -f -- "$word"))' if _is_place(parameter) else ":"


def _zsh(commands: Mapping[str, Command]) -> str:
    listed = " ".join(quote(f"{each.name}:{each.summary}") for each in commands.values())
    lines = [
        "#compdef openline",
        "# zsh completion for openline: openline completion zsh > a folder of $fpath/_openline",
        "_openline() {",
        "    local -a commands",
        f"    commands=({listed})",
        "    if (( CURRENT == 2 )); then",
        "        _describe command commands",
        "        return",
        "    fi",
        "    local name=$words[2]",
        "    shift words",
        "    (( CURRENT-- ))",
        "    case $name in",
    ]
    for command in commands.values():
        specs = " ".join(quote(spec) for spec in _zsh_specs(command))
        lines.append(f"        {command.name}) _arguments {specs} ;;")
    return "\n".join([*lines, "    esac", "}", _ZSH_END, ""])


def _zsh_specs(command: Command) -> Iterator[str]:
    for each in command.options:
        text = each.help.translate(_ZSH_PLAIN)
        again = "*" if each.many else ""
        for flag in each.flags:
            yield f"{again}{flag}[{text}]{_zsh_value(each) if each.takes_value else ''}"
    yield "--help[Show help and exit.]"
    for each in command.arguments:
        yield f"{'*' if each.many else ''}{_zsh_value(each)}"


def _zsh_value(parameter: Parameter) -> str:
    if parameter.choices:
        return f":{parameter.value}:({' '.join(parameter.choices)})"
    return f":{parameter.value}:{'_files' if _is_place(parameter) else ' '}"


def _fish(commands: Mapping[str, Command]) -> str:
    lines = [
        "# fish completion for openline: openline completion fish | source",
        "complete -c openline -f",
        "complete -c openline -n __fish_use_subcommand -l version -d 'Print which, and exit.'",
        "complete -c openline -s h -l help -d 'Show help and exit.'",
    ]
    for command in commands.values():
        lines.append(
            "complete -c openline -n __fish_use_subcommand "
            f"-a {command.name} -d {quote(command.summary)}"
        )
        seen = f"-n '__fish_seen_subcommand_from {command.name}'"
        for each in command.options:
            names = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
                for flag in each.flags
            )
            files = " -r" if _is_place(each) else " -x"
            value = f"{files}{_fish_value(each)}" if each.takes_value else ""
            lines.append(f"complete -c openline {seen} {names}{value} -d {quote(each.help)}")
        lines += [
            f"complete -c openline {seen}{_fish_value(each)}"
            for each in command.arguments
            if _fish_value(each)
        ]
    return "\n".join([*lines, ""])


def _fish_value(parameter: Parameter) -> str:
    if parameter.choices:
        return f" -a {quote(' '.join(parameter.choices))}"
    return " -F" if _is_place(parameter) else ""


_SCRIPTS: Final[Mapping[str, Callable[[Mapping[str, Command]], str]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
