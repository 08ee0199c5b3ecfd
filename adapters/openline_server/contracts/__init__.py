"""The wire contracts that the reference backend offers, by name.

A ``Contract`` (``base``) is pure. One object serves one connection: it reads what the client
sends as actions, and writes what happens in the server as messages. One module has one
contract. ``echopanel`` is the first, and its messages are the server's own notation: every
other contract is written from them. So recognition, recordings and faults are the same in all.

Nothing here imports a dialect of the client: server and client share the wire alone.
"""

from __future__ import annotations

from typing import Final

from openline_server.contracts.assemblyai import AssemblyAI
from openline_server.contracts.base import Contract
from openline_server.contracts.deepgram import Deepgram
from openline_server.contracts.echopanel import Echopanel
from openline_server.contracts.openai import OpenAI
from openline_server.contracts.sherpa import Sherpa
from openline_server.contracts.soniox import Soniox
from openline_server.contracts.speechmatics import Speechmatics
from openline_server.contracts.vllm import Vllm
from openline_server.contracts.vosk import Vosk
from openline_server.contracts.whisperlive import WhisperLive
from openline_server.contracts.whisperlivekit import WhisperLiveKit

__all__ = ["CONTRACTS", "Contract"]

_ALL: Final[tuple[type[Contract], ...]] = (
    Echopanel, Deepgram, Speechmatics, AssemblyAI, OpenAI, Vllm, Soniox, Vosk, WhisperLive,
    WhisperLiveKit, Sherpa,
)  # fmt: skip
CONTRACTS: Final = {each.name: each for each in _ALL}
