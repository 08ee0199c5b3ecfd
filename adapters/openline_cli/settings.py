"""``--policy`` and ``--config``: settings from outside, checked before anything is dialled.

A file for ``--config`` is TOML with three tables, all of which may be missing::

    [policy]
    give_up_after = 60          # seconds
    max_attempts = "none"       # TOML has no null: "none" is no limit

    [backend]
    url = "wss://speech.example/ws"
    token_file = "token"        # beside this file

    [sources]
    speed = 2.0

A key is an option's name with ``_`` for ``-``, and its value is read as the option's. Options on
the command line override the file, field by field for the policy. A token never stands in the
file. The core validates a policy's fields; this module adds to its error the place of the value
and the purpose of the field.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from openline.dialects.traits import Traits
from openline.policy import MEANINGS, Policy
from openline_cli import options
from openline_cli.parameters import Command, Parameter, suggestion
from openline_cli.problems import Problem

_POLICY: Final = "policy"
_WORDS: Final = MappingProxyType({"none": None, "true": True, "false": False})
#: The most that is read of a file; a larger one holds no settings.
_MOST_BYTES: Final = 65536


class _Fields:
    """Fields of a policy, and where each was given."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self._origins: dict[str, str] = {}

    def put(self, origin: str, name: str, value: object) -> None:
        """Set a field; the later of two wins. Raises Problem for an unknown name."""
        if name not in MEANINGS:
            wanted = suggestion(name, MEANINGS) or f"; give one of {', '.join(MEANINGS)}"
            raise Problem(f"{origin}: there is no field {name}{wanted}")
        self.values[name] = _value(value) if isinstance(value, str) else value
        self._origins[name] = origin

    def build(self) -> Policy | None:
        """The policy; None if no field was given. Raises Problem."""
        if not self.values:
            return None
        try:
            return Policy(**cast("dict[str, Any]", self.values))
        except ValueError as error:
            raise self.blame(error) from None

    def blame(self, error: ValueError) -> Problem:
        """The core's error with the field's place and purpose."""
        text = str(error)
        named = [name for name in re.findall(r"\w+", text) if name in self._origins]
        origin = self._origins[named[0]] if named else "--policy"
        purpose = f" ({named[0]}: {MEANINGS[named[0]].what})" if named else ""
        return Problem(f"{origin}: {text.replace('Policy.', '')}{purpose}")


def _value(text: str) -> object:
    """A number, a truth, or None for ``none``; other text is passed on, and the core rejects it."""
    if (word := text.strip().lower()) in _WORDS:
        return _WORDS[word]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def settle(command: Command, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every value of the command: from the command line, else from ``--config``, else the default.

    ``policy`` becomes a Policy or None, and ``config`` is left out. Raises Problem for an
    unusable value in the file or in ``--policy``.
    """
    path: Path | None = given.get("config")
    settled = command.defaults
    fields = _Fields()
    for table, entries in ({} if path is None else _tables(path)).items():
        origin = f"--config {path}: [{table}]"
        for key, value in entries.items():
            if table == _POLICY:
                fields.put(origin, key, value)
                continue
            read = _setting(origin, _parameter(origin, table, key), value)
            if path is not None and isinstance(read, Path):
                read = path.parent / read
            if key in settled:
                settled[key] = read
    settled |= given
    _put_all(fields, given.get(_POLICY, ()))
    del settled["config"]
    return settled | {_POLICY: fields.build()}


def _put_all(fields: _Fields, given: Iterable[str]) -> None:
    for each in given:
        name, equals, text = each.partition("=")
        if not name.strip() or not equals:
            raise Problem(f"--policy {each}: give NAME=VALUE, as in give_up_after=60")
        fields.put("--policy", name.strip(), text)


def _tables(path: Path) -> dict[str, dict[str, object]]:
    """The tables of the file, by name. Raises Problem."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise Problem(f"--config {path}: too long for settings; name a TOML file")
        read: dict[str, object] = tomllib.loads(data.decode())
    except OSError as error:
        raise Problem(f"--config {path}: {error.strerror}; name a TOML file") from None
    except ValueError as error:  # from TOML, from UTF-8, or from a name with a NUL
        raise Problem(f"--config {path}: not TOML: {error}") from None
    known = dict.fromkeys([_POLICY, *options.TABLES])
    for name, table in read.items():
        if name not in known:
            raise Problem(
                f"--config {path}: there is no table [{name}]; give [policy], [backend], [sources]"
            )
        if not isinstance(table, dict):
            raise Problem(f"--config {path}: {name} is no table: write [{name}] above its keys")
    return cast("dict[str, dict[str, object]]", read)


def _parameter(origin: str, table: str, key: str) -> Parameter:
    known = options.TABLES[table]
    if key in known:
        return known[key]
    if key == "token":
        raise Problem(f"{origin}: a token never stands in it; name its file as token_file")
    raise Problem(f"{origin}: there is no {key}{suggestion(key, known)}")


def _setting(origin: str, parameter: Parameter, value: object) -> object:
    """The value, converted as the option converts it. Raises Problem."""
    if not parameter.takes_value:
        if not isinstance(value, bool):
            raise Problem(f"{origin} {parameter.name}: give true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Problem(f"{origin} {parameter.name}: give one {parameter.value}")
    try:
        return parameter.convert(str(value))
    except ValueError as error:
        raise Problem(f"{origin} {parameter.name} is {value}: {error}") from None


def check_buffer(policy: Policy | None, traits: Traits) -> None:
    """Raise Problem if the user's policy keeps too little audio for a dialect with these traits."""
    if policy is None:
        return
    try:
        policy.check_buffer(policy.lag_of(traits))
    except ValueError as error:
        raise Problem(f"the policy: {str(error).replace('Policy.', '')}") from None
