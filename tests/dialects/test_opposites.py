"""Backends that do the opposite of what a dialect takes for granted: the session stays honest.

What nobody could measure at a real service is an assumption, and each dialect's page names its
own. Here a counterpart breaks one of them for a whole session, in virtual time. Then no word may be
lost without a gap or told twice, no audio that nobody heard may count as confirmed, and the session
has to end.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from openline.dialects.assemblyai import AssemblyAI
from openline.dialects.protocol import Dialect
from tests.dialects.support_stand import QUIET, Counterpart, Said, Stand


def changed(dialect: Dialect, **traits: Any) -> Any:
    """The dialect with other traits."""
    made = copy.copy(dialect)
    object.__setattr__(made, "traits", msgspec.structs.replace(dialect.traits, **traits))
    return made


class Forgetful(Counterpart):
    """AssemblyAI with an older model: ``ForceEndpoint`` drops what is not decoded yet, 0.5 s."""

    def __init__(self) -> None:
        super().__init__()
        self.told = 0.0
        self.turns = 0

    def opened(self) -> Sequence[Said]:
        return ({"type": "Begin", "id": "a"},)

    def asked(self, text: str) -> Sequence[Said]:
        if "ForceEndpoint" in text:
            return (self.turn(self.got - 0.5),)
        end = {"type": "Termination", "audio_duration_seconds": int(self.got)}
        return (self.turn(self.got), end, 1000)

    def heard(self) -> Sequence[Said]:
        return (self.turn(self.got - 0.5),) if self.got - self.told > 8.0 else ()

    def turn(self, end: float) -> Said:
        """The words of [told, end): where they lie, to hundredths."""
        words = [
            {"text": f"{self.told:.2f}-{end:.2f}", "start": 1000 * self.told, "end": 1000 * end}
        ]
        self.told, self.turns = end, self.turns + 1
        return {
            "type": "Turn",
            "turn_order": self.turns - 1,
            "end_of_turn": True,
            "turn_is_formatted": True,
            "transcript": words[0]["text"],
            "words": words,
        }


def test_a_renewal_cuts_no_word_of_an_older_assemblyai() -> None:
    dialect = changed(AssemblyAI(model="universal-streaming-english"), longest=60.0)
    told: list[Forgetful] = []

    def make() -> Forgetful:
        told.append(Forgetful())
        return told[-1]

    stand = Stand(dialect, make)
    for _ in range(20):
        stand.live(4.0)
        stand.live(1.0, QUIET)
    stand.finish()
    assert len(stand.backends) > 1
    assert not any("ForceEndpoint" in text for each in stand.backends for text in each.texts)
    assert [each.told for each in told] == pytest.approx([each.got for each in told])
    pairs = [(one.end, two.start) for one, two in pairwise(stand.finals)]
    assert [two for _, two in pairs] == pytest.approx([one for one, _ in pairs])
    assert stand.ended.complete
