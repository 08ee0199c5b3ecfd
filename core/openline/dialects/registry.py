"""The dialects that come with openline, by name: the only list of them.

Journals, the command line and the drawings find a dialect by its name here. A session uses
``DEFAULT`` unless it is given another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from openline.dialects.assemblyai import AssemblyAI
from openline.dialects.deepgram import Deepgram
from openline.dialects.echopanel import ADDRESS, EchoPanel
from openline.dialects.openai import OpenAI
from openline.dialects.protocol import Dialect
from openline.dialects.sherpa import Sherpa
from openline.dialects.soniox import Soniox
from openline.dialects.speechmatics import Speechmatics
from openline.dialects.vllm import VLLM
from openline.dialects.vosk import Vosk
from openline.dialects.whisperlive import WhisperLive
from openline.dialects.whisperlivekit import WhisperLiveKit

#: The dialect of a session that is given no other.
DEFAULT: Final[Dialect] = EchoPanel()
#: The address that a session dials if it is given no other.
DEFAULT_ADDRESS: Final = ADDRESS
#: One object per dialect serves every session, for a dialect has no state.
BUILT_IN: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        each.name: each
        for each in (
            DEFAULT,
            AssemblyAI(),
            Deepgram(),
            OpenAI(),
            Sherpa(),
            Soniox(),
            Speechmatics(),
            VLLM(),
            Vosk(),
            WhisperLive(),
            WhisperLiveKit(),
        )
    }
)
