"""The theorem for a backend that proves no silence: what is assumed, also over a kill.

Its backend hears what it was sent within half of the horizon, in time and not in audio; and all
audio has a peak of 0, so all that no words cover is quiet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from openline.audio.assuming import Ages
from openline.audio.gaps import GapLog
from openline.dialects.protocol import Dialect
from openline_testing.theorem import TheoremBroken
from openline_testing.theorem.ledger import Ledger
from openline_testing.theorem.playing import play
from openline_testing.theorem.resuming import kill_and_resume
from openline_testing.theorem.schedule import draw
from openline_testing.theorem.speech import EchoSpeech, FastEcho

SEEDS = range(120)


class QuietEcho(FastEcho):
    """The default dialect with a backend that says nothing in silence."""

    traits = replace(FastEcho.traits, proves_silence=False)


QUIET = QuietEcho()


class QuietSpeech(EchoSpeech):
    """What it says."""

    @property
    def dialect(self) -> Dialect:
        return QUIET


def _killed(seeds: range) -> Iterator[Ledger]:
    for seed in seeds:
        if (books := kill_and_resume(seed, speech=QuietSpeech())) is not None:
            yield books


def test_silence_that_is_assumed_was_processed_and_is_so_still_after_a_kill() -> None:
    happened: Counter[str] = Counter()
    for books in _killed(SEEDS):
        happened.update(books.happened)
    assert happened["silence assumed before the kill"]
    assert happened["silence assumed"]


def test_a_session_that_is_not_killed_keeps_the_theorem() -> None:
    for seed in range(40):
        play(draw(seed), speech=QuietSpeech())


def test_audio_that_is_assumed_too_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(ages: Ages, _now: float) -> int:
        return ages._received  # pyright: ignore[reportPrivateUsage]  # the fault that is planted

    monkeypatch.setattr(Ages, "old", at_once)
    with pytest.raises(TheoremBroken, match=r"'(assumed|lost in silence)' is broken"):
        list(_killed(SEEDS))


def test_what_was_assumed_before_a_kill_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    restore = GapLog.restore

    def forgetful(
        log: GapLog, gaps: Any, told: Any, confirmed: int, runs: Any, _assumed: Any = ()
    ) -> Any:
        return restore(log, gaps, told, confirmed, runs)

    monkeypatch.setattr(GapLog, "restore", forgetful)
    with pytest.raises(TheoremBroken, match=r"'assumed' is broken: .* before"):
        list(_killed(SEEDS))
