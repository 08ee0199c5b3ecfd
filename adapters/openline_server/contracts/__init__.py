"""The wire contracts that the reference backend offers, by name.

A ``Contract`` (``base``) is pure. One object serves one connection: it reads what the client
sends as actions, and writes what happens in the server as messages. One module has one
contract. ``echopanel`` is the first, and its messages are the server's own notation: every
other contract is written from them. So recognition, recordings and faults are the same in all.

Nothing here imports a dialect of the client: server and client share the wire alone.
"""

from __future__ import annotations

from typing import Final

from openline_server.contracts.base import Contract
from openline_server.contracts.deepgram import Deepgram
from openline_server.contracts.echopanel import Echopanel
from openline_server.contracts.sherpa import Sherpa
from openline_server.contracts.vosk import Vosk

__all__ = ["CONTRACTS", "Contract"]

CONTRACTS: Final[dict[str, type[Contract]]] = {
    each.name: each for each in (Echopanel, Deepgram, Sherpa, Vosk)
}
