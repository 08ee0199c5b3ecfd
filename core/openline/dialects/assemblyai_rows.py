"""What AssemblyAI's errors and closes mean.

An ``Error`` message carries the code with which the server closes next, so one table serves both.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from openline.reconnect.rules import plain
from openline.reconnect.verdict_table import UNPAID_TEXTS
from openline.reconnect.verdicts import Action, Rule

_CLOSES: Final = "AssemblyAI, Common session errors and closures"

#: A second connection than the account may have. Older servers say so with a 1008.
CROWDED: Final = Rule(
    action=Action.LATER, why="the account has too many sessions at once", source=_CLOSES
)
#: An account without a balance. The close alone is refined by its reason, in the table.
UNPAID: Final = Rule(action=Action.FATAL, why="the account has no balance left", source=_CLOSES)
#: Close codes, and the codes of ``Error`` messages.
CODES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        3005: Rule(action=Action.LATER, why="the server failed", source=_CLOSES),
        3006: Rule(
            action=Action.FATAL,
            why="the server rejected an option or a message: check the options of the dialect",
            source=_CLOSES,
            weather="the server rejected what it accepted before",
        ),
        3007: Rule(
            action=Action.RETRY,
            why="the server got audio faster than real time, or in pieces of another length",
            source=_CLOSES,
            strike=True,
        ),
        3008: Rule(action=Action.RETRY, why="the session reached the longest time", source=_CLOSES),
        3009: CROWDED,
    }
)
#: An ``Error`` that precedes a 1008; the close alone is refined by its reason, in the table.
REFUSED: Final = Rule(
    action=Action.REAUTH,
    why="the API key was refused, or the account may not do this",
    source=_CLOSES,
    advice="the account's balance",
)
#: An ``Error`` that precedes a 1013.
BUSY: Final = Rule(
    action=Action.LATER, why="the server asks to come back later", source="assemblyai 1.8.2"
)
#: All refusals, by what an ``Error`` says.
REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "error_code 1008": REFUSED,
        "insufficient balance": UNPAID,
        "too many concurrent sessions": CROWDED,
        "error_code 1013": BUSY,
    }
)


def rule_of(code: float | None, said: str) -> Rule | None:
    """The rule for an ``Error`` of ``code`` that says ``said``.

    None for a code that is not in the reference, or for none at all: then the close decides, which
    has the same code.
    """
    if code == 1008:
        reason = plain(said)
        if any(each in reason for each in UNPAID_TEXTS):
            return UNPAID
        return CROWDED if "concurren" in reason else REFUSED
    return BUSY if code == 1013 else CODES.get(int(code or 0))
