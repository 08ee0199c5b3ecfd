"""The wire formats of backends, each behind one protocol.

Authors of dialects import from here: the messages that a dialect returns, its traits, the rules
for endings, and the built-in dialects.

    from openline.dialects import Heard, Malformed, Status, Traits
"""

from __future__ import annotations

from openline.dialects.checking import DialectError
from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    Dialect,
    DialectBase,
    Encoded,
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Memory,
    Message,
    Metrics,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Sent,
    Status,
    Unknown,
    Wire,
    Word,
)
from openline.dialects.registry import BUILT_IN, DEFAULT
from openline.dialects.traits import (
    Address,
    AudioForm,
    Drain,
    Encoding,
    End,
    Ends,
    Traits,
    Unit,
)
from openline.reconnect.verdicts import Action, Rule

__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "Action",
    "Address",
    "AudioForm",
    "Decoded",
    "Dialect",
    "DialectBase",
    "DialectError",
    "Drain",
    "Encoded",
    "Encoding",
    "End",
    "Ends",
    "Expires",
    "FinalMessage",
    "Heard",
    "Ids",
    "Lost",
    "Malformed",
    "Memory",
    "Message",
    "Metrics",
    "Noticed",
    "Proof",
    "Refusal",
    "Remark",
    "Rule",
    "Sent",
    "Status",
    "Traits",
    "Unit",
    "Unknown",
    "Wire",
    "Word",
    "option",
]
