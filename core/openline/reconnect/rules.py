"""What a rule is: the action after an ending of a dial, its reason, and what else follows.

``verdict_table`` has the rules of openline. A dialect may have rules of its own, which come first
(``Traits.codes``, ``Traits.statuses``, and the row of a ``Refusal``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec


class Action(StrEnum):
    """What the machine does after an ending."""

    RETRY = "retry"  #: dial again after the backoff
    LATER = "later"  #: dial again, but not soon
    REAUTH = "reauth"  #: dial once with a fresh credential
    FATAL = "fatal"  #: stop


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, of this table or of a dialect.

    ``why`` is the reason, one line in lower case; ``source`` names the origin of the rule.
    ``strike``: an unknown ending; the fourth without a stable line in between is fatal.
    ``scatter``: the server closed all its connections at once, so the first try is spread over
    ``Policy.scatter`` (5 s). ``hint_ends_wait``: a restored network ends even the delay of a
    LATER (it always ends that of a RETRY). ``advice``: what the user should check besides the
    token, where a REAUTH has no provider. ``weather``: the reason once the session has streamed;
    where the row would then be fatal it is LATER, without a strike, and a restored network ends
    its wait. ``first_contact``: before that it is fatal only once ``Policy.first_contact``
    (15 s) is over.
    """

    action: Action
    why: str
    source: str
    strike: bool = False
    scatter: bool = False
    hint_ends_wait: bool = False
    advice: str = ""
    weather: str = ""
    first_contact: bool = False


Ranges: TypeAlias = tuple[tuple[range, Rule], ...]


def plain(text: str) -> str:
    """``text`` in the form in which names and reasons are compared: no case, ``-`` or ``_``."""
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())
