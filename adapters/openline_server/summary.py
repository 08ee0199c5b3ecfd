"""The summary of a meeting: the transcript so far, and the items that patterns find in it.

The contract's server has a language model for entities and cards. This one has regular
expressions: enough to fill the messages truthfully (every item is a quotation), and
nothing is sent where nothing matches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Final

from openline_server.contract import Ids, JsonObject

_NAME: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Mister|Doctor)\.?(?:\s+[A-Z][a-z]+)+|\b[A-Z][a-z]+\s+[A-Z][a-z]+\b"
)
_DATE: Final = re.compile(
    r"\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|tomorrow|today|next week"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"\s+\d{1,2}(?:st|nd|rd|th)?)\b"
)
_CARDS: Final = (
    (
        "actions",
        re.compile(r"\b(?:will|need to|needs to|should|action item|follow up)\b", re.IGNORECASE),
    ),
    ("decisions", re.compile(r"\b(?:decided|agreed|we go with|approved)\b", re.IGNORECASE)),
    ("risks", re.compile(r"\b(?:risk|risky|concern|blocked|blocker)\b", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One final."""

    source: str
    t0: float
    t1: float
    text: str
    confidence: float

    @classmethod
    def of(cls, message: JsonObject) -> Line:
        """The line of an ``asr_final``."""
        return cls(**{each.name: message[each.name] for each in fields(cls)})  # type: ignore[arg-type]  # its fields, as it wrote them

    def fields(self) -> JsonObject:
        """As JSON members."""
        return {
            "source": self.source,
            "t0": self.t0,
            "t1": self.t1,
            "text": self.text,
            "confidence": self.confidence,
        }


@dataclass(slots=True)
class MeetingSummary:
    """The transcript of one connection, and the items found in it."""

    lines: list[Line] = field(default_factory=list[Line])
    people: dict[str, int] = field(default_factory=dict[str, int])
    dates: dict[str, int] = field(default_factory=dict[str, int])
    cards: dict[str, list[JsonObject]] = field(
        default_factory=lambda: {name: [] for name, _ in _CARDS}
    )

    def add(self, line: Line) -> list[JsonObject]:
        """Note a final; return the updates that it gives rise to."""
        self.lines.append(line)
        updates: list[JsonObject] = []
        found = False
        for pattern, counts in ((_NAME, self.people), (_DATE, self.dates)):
            for match in pattern.findall(line.text):
                counts[match] = counts.get(match, 0) + 1
                found = True
        if found:
            updates.append({"type": "entities_update", **self._entities()})
        hits = [name for name, pattern in _CARDS if pattern.search(line.text)]
        for name in hits:
            self.cards[name].append({"text": line.text, "t0": line.t0, "t1": line.t1})
        if hits:
            window = {"t0": self.lines[0].t0, "t1": line.t1}
            updates.append({"type": "cards_update", **self.cards, "window": window})
        return updates

    def final_summary(
        self, ids: Ids | None, features: dict[str, bool], recordings: list[str]
    ) -> JsonObject:
        """The last message of a connection."""
        ordered = sorted(self.lines, key=lambda line: (line.t0, line.source))
        parts = ["# Transcript", ""]
        parts += [f"- [{line.t0:.1f}–{line.t1:.1f}] {line.source}: {line.text}" for line in ordered]
        for name, cards in self.cards.items():
            if cards:
                parts += ["", f"## {name.capitalize()}", "", *(f"- {c['text']}" for c in cards)]
        return {
            "type": "final_summary",
            "markdown": "\n".join(parts) if self.lines else "",
            "json": {
                "session_id": ids.session_id if ids else None,
                "transcript": [line.fields() for line in ordered],
                **self.cards,
                "entities": self._entities(),
                "diarization": [],
                "client_features": features,
                "clock_spread_ms": {"last": 0.0, "max": 0.0},
                "recordings": recordings,
            },
        }

    def _entities(self) -> JsonObject:
        def listed(counts: dict[str, int]) -> list[JsonObject]:
            return [{"name": name, "count": count} for name, count in counts.items()]

        return {
            "people": listed(self.people),
            "orgs": [],
            "dates": listed(self.dates),
            "projects": [],
            "topics": [],
        }
