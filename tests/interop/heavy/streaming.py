"""Run ``openline stream`` against a server, strike once while it runs, and judge what came of it.

What must hold, whatever happened:

- the figures add up: confirmed + assumed + told + missing = captured, and the gaps are the missing;
- the session is complete exactly if no audio is missing;
- the words that were told are those that were said, as well as the recogniser knows them, and no
  stretch of them is told twice where the line was mended.

"Told twice" is looked for by itself, for an average error rate would hide it: ``repeats`` counts
runs of words that follow themselves and do not do so in the text.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.interop.heavy.real_servers import ROOT

Json: TypeAlias = dict[str, Any]
#: Seconds that a session may take in all; it ends by itself long before.
LIMIT: Final = 280
#: How the command exits after Ctrl-C, if it lost nothing.
_INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Outcome:
    """A session that has ended: what the command printed, and how it exited."""

    updates: list[Json]
    code: int
    errors: str

    @property
    def ended(self) -> Json:
        """The last update."""
        assert self.updates, self.errors
        assert self.updates[-1]["update"] == "ended", (self.updates[-1], self.errors)
        return self.updates[-1]

    @property
    def finals(self) -> list[Json]:
        """The finals, in the order of their audio."""
        finals = [e for e in self.updates if e["update"] == "transcript" and e["final"]]
        return sorted(finals, key=lambda each: (each["start"], each["end"]))

    @property
    def words(self) -> list[str]:
        """The words of the finals."""
        return words_of(" ".join(each["text"] for each in self.finals))

    @property
    def dials(self) -> int:
        """How often it dialled."""
        dials: int = self.ended["dials"]
        return dials

    @property
    def captured(self) -> float:
        """Seconds of audio that it was fed."""
        account: Json = self.ended["accounts"]["audio"]
        return float(account["captured"]) / 16_000

    def check_honest(self) -> None:
        """The figures add up, and the status says what they say."""
        ended = self.ended
        account = ended["accounts"]["audio"]
        proved = account["confirmed"] + account["assumed"] + account["told"]
        assert proved + account["missing"] == account["captured"], account
        assert sum(gap["samples"] for gap in ended["missing"]) == account["missing"], ended
        assert ended["complete"] == (not account["missing"] and not ended["untold"]), ended
        assert (self.code in {0, _INTERRUPTED}) == ended["complete"], (self.code, ended)
        assert ended["malformed"] == 0, ended
        assert ended["foreign"] == 0, ended

    def told(self) -> str:
        """All about it, for the message of a failed assertion."""
        ended = self.ended
        finals = [f"{e['start']:.2f}-{e['end']:.2f} {e['text']}" for e in self.finals]
        facts = {name: ended[name] for name in ("complete", "reason", "accounts", "missing")}
        states = [f"{e['state']} {e['reason']}" for e in self.updates if e["update"] == "state"]
        return "\n".join([str(facts), *states, *finals])


def stream(
    recording: Path,
    url: str,
    dialect: str,
    *more: str,
    strike: Callable[[subprocess.Popen[str]], None] | None = None,
    when: Callable[[Json], bool] = lambda update: update["update"] == "transcript",
) -> Outcome:
    """Stream ``recording``; at the first update that is ``when``, ``strike``."""
    command = [
        sys.executable, "-m", "openline_cli", "stream", str(recording), "--json",
        "--source", "audio", "--dialect", dialect, "--url", url, *more,
    ]  # fmt: skip
    updates: list[Json] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            update: Json = json.loads(line)
            updates.append(update)
            if strike is not None and when(update):
                strike(process)
                strike = None
        errors = process.stderr.read()
        code = process.wait(LIMIT)
    assert strike is None, f"nothing happened: {errors}"
    return Outcome(updates, code, errors)


def stop(process: subprocess.Popen[str]) -> None:
    """What Ctrl-C does."""
    process.send_signal(signal.SIGINT)


def write(path: Path, pcm: bytes) -> Path:
    """A WAV file of 16 kHz, 16-bit, mono."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm)
    return path


_SPELLED: Final = {"mr": "mister", "one": "un"}


def words_of(text: str) -> list[str]:
    """The words of a text, without capitals, punctuation and hyphens."""
    bare = re.sub(r"[^a-z' ]", " ", text.lower().replace("\u2019", "'"))
    return [_SPELLED.get(word, word) for word in bare.split()]


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words that were left out, put in or replaced, at the least (Levenshtein's distance)."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        before, row[0] = row[0], at
        for place, other in enumerate(heard, 1):
            now = min(row[place] + 1, row[place - 1] + 1, before + (word != other))
            before, row[place] = row[place], now
    return row[-1]


def error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """The word error rate."""
    return errors(said, heard) / len(said)


def repeats(said: Sequence[str], heard: Sequence[str]) -> list[str]:
    """Runs of words that are heard twice in a row, and are not said so.

    "rather cold rather cold hearted" has one, of two words. Of runs within each other the longest
    counts.
    """
    found: list[str] = []
    at = 0
    while at < len(heard):
        for length in range((len(heard) - at) // 2, 0, -1):
            run = heard[at : at + length]
            twice = [*run, *run]
            if heard[at + length : at + 2 * length] == run and not _has(said, twice):
                found.append(" ".join(run))
                at += length
                break
        at += 1
    return found


def _has(said: Sequence[str], run: list[str]) -> bool:
    return any(list(said[at : at + len(run)]) == run for at in range(len(said)))
