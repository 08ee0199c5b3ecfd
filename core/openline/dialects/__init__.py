"""The wire formats of backends, each behind one protocol.

Authors of dialects import from here: the messages that a dialect returns, its traits, the rules
for endings, and the built-in dialects.

    from openline.dialects import Heard, Malformed, Status, Traits
"""

from __future__ import annotations

from openline.dialects.checking import DialectError
from openline.dialects.protocol import (
    CredentialHeaders,
    Dialect,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Message,
    Metrics,
    Noticed,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.dialects.registry import BUILT_IN, DEFAULT
from openline.dialects.traits import Address, Ends, Traits
from openline.reconnect.verdicts import Action, Rule

__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "Action",
    "Address",
    "CredentialHeaders",
    "Dialect",
    "DialectError",
    "Ends",
    "FinalMessage",
    "Heard",
    "Ids",
    "Lost",
    "Malformed",
    "Message",
    "Metrics",
    "Noticed",
    "Refusal",
    "Remark",
    "Rule",
    "Status",
    "Traits",
    "Unknown",
]
