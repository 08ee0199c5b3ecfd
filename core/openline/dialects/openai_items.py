"""The items of OpenAI's realtime API: which audio each holds, and how far all is transcribed.

Each stretch of committed audio is an *item*. Its transcript names the item and has no times:

    speech_started(A, 1.2 s)  speech_stopped(A, 3.0 s)  committed(A)  completed(A)   with VAD
    commit at 10.0 s                                    committed(B)  completed(B)   by the client

So an item lies where the VAD heard it, or from the end of the last commit to the seconds that were
sent when its own commit went out. The server answers commits in their order. Transcripts may
complete in any order: what is proved ends where the first item begins that has no transcript yet.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from openline.dialects.checksum import checksum
from openline.dialects.protocol import Heard, Lost, Message, Proof, Refusal

#: Items without a transcript that are kept at most; real sessions have one or two.
MOST_ITEMS: Final = 24
#: Names of finished items that are kept, so that a late message does not open one again.
MOST_GONE: Final = 8
#: Checksums of transcripts that are kept, so that one that is said again is told once.
MOST_TOLD: Final = 24
#: Characters of an unfinished transcript that are kept, its last ones.
MOST_TEXT: Final = 500
#: Seconds of audio behind an item without a transcript, while later ones have theirs: it gets none
#: (openline).
SKIPPED: Final = 45.0
#: Seconds: items of OpenAI overlap by their padding, 0.3 s. One that begins earlier was counted by
#: a clock that began anew, if it fits into what was sent (openline).
ANEW: Final = 1.0
#: Seconds that a server whose clock begins anew may lag behind what was sent: speaches answered
#: 18 s late (measured on 2 cores). A place too early proves too little, one too late too much.
LATE: Final = 20.0


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item without a transcript: seconds of this connection, and the words so far.

    ``start`` is where the VAD heard speech (``heard``), the end of the commit before, or, while
    ``end`` is None, a lower bound.
    """

    id: str
    start: float
    heard: bool = False
    end: float | None = None
    text: str = ""


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit that was sent and not answered: its event id, and the seconds sent before it."""

    id: str
    seconds: float


class OpenAIMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What a dial has to remember.

    ``ready``: the settings were accepted. ``items``: those without a transcript; ``gone``: the last
    that have one; ``told``: checksums of their names and transcripts. ``asked``: the seconds at the
    last commit that was sent; ``commits`` counts all, ``pending`` are those without an answer.
    ``known``: the end of the last item whose place is known. ``done``: the latest end of an item
    with a transcript. ``held``: nothing from here on is proved, for an item has no place or was
    forgotten. ``proved``: the last proof. ``stopped``, ``ended``: the stop was sent, and answered.
    ``unsure``: the commit of the stop failed.

    ``sent``: seconds. ``base``: where the clock of the server began; ``anew``: it begins anew with
    each item, as that of speaches does, and for the next one no earlier than at ``next``.
    """

    ready: bool = False
    items: tuple[Item, ...] = ()
    gone: tuple[str, ...] = ()
    told: tuple[tuple[int, int], ...] = ()
    pending: tuple[Commit, ...] = ()
    commits: int = 0
    asked: float = 0.0
    known: float = 0.0
    done: float = 0.0
    held: float | None = None
    proved: float = 0.0
    stopped: bool = False
    ended: bool = False
    unsure: bool = False
    sent: float = 0.0
    base: float = 0.0
    anew: bool = False
    next: float = 0.0

    def with_clock(self, start: float) -> OpenAIMemory:
        """The memory at the beginning of an item, which its clock places at ``start``.

        No clock that begins anew places it behind all audio. So a time that would lie there, had
        the clock begun anew, is one of the whole session.
        """
        is_early = self.anew or self.base + start < self.known - ANEW
        if is_early and self.next + start <= self.sent + ANEW:
            return replace(self, anew=True, base=self.next)
        return replace(self, anew=False, base=0.0)

    def with_next_clock(self, end: float) -> OpenAIMemory:
        """The memory where the VAD ended an item at ``end``; then such a clock begins anew."""
        return replace(self, next=max(end, self.sent - LATE))

    @property
    def hears_speech(self) -> bool:
        """Whether the VAD has found the beginning of an utterance, and not its end."""
        return any(each.heard and each.end is None for each in self.items)

    def item(self, name: str) -> Item:
        """The item ``name``; a new one begins behind all whose place is known."""
        found = next((each for each in self.items if each.id == name), None)
        return found if found is not None else Item(id=name, start=self.known)

    def with_item(self, item: Item) -> OpenAIMemory:
        """The memory with ``item`` in place of the one of its name."""
        if item.id in self.gone:
            return self
        items = (*(each for each in self.items if each.id != item.id), item)
        known = self.known if item.end is None else max(self.known, item.end)
        after = replace(self, items=items, known=known)
        return after if len(items) <= MOST_ITEMS else after.without_place(items[0])

    def finished(self, item: Item) -> OpenAIMemory:
        """The memory once ``item`` has its transcript, or is known to be lost."""
        return replace(
            self,
            items=tuple(each for each in self.items if each.id != item.id),
            gone=(*(each for each in self.gone if each != item.id), item.id)[-MOST_GONE:],
            done=self.done if item.end is None else max(self.done, item.end),
        )

    def with_told(self, name: str, transcript: str) -> OpenAIMemory:
        """The memory once ``transcript`` of the item ``name`` was told; the same if it had been."""
        pair = (checksum(name), checksum(transcript))
        return self if pair in self.told else replace(self, told=(*self.told, pair)[-MOST_TOLD:])

    def opened(self, name: str) -> OpenAIMemory:
        """The memory once more is heard of the item ``name``: a transcript of it is another one."""
        told = tuple(each for each in self.told if each[0] != checksum(name))
        return self if len(told) == len(self.told) else replace(self, told=told)

    def without_place(self, item: Item) -> OpenAIMemory:
        """The memory without ``item``, of which it is not known what became of it."""
        held = item.start if self.held is None else min(self.held, item.start)
        return replace(self.finished(item), held=held)

    def committed(self, name: str) -> OpenAIMemory:
        """The memory once the server committed the item ``name``.

        An item that the VAD ended was committed by the server itself. Any other answers the first
        pending commit, and holds the audio up to that.
        """
        item = self.item(name)
        if item.end is not None or not self.pending:
            return self.with_item(item)
        first, *rest = self.pending
        start = item.start if item.heard else self.known
        item = replace(item, start=start, end=max(first.seconds, start))
        return replace(self.with_item(item), pending=tuple(rest))

    @property
    def skipped(self) -> tuple[Item, ...]:
        """Items that later ones passed long ago."""
        return tuple(
            each
            for each in self.items
            if each.end is not None and each.end < self.done and self.sent - each.end >= SKIPPED
        )

    def with_commit(self, name: str, seconds: float) -> OpenAIMemory:
        """The memory once a commit of the event ``name`` went out, behind so many seconds."""
        pending = (*self.pending, Commit(id=name, seconds=seconds))
        return replace(self, commits=self.commits + 1, asked=seconds, pending=pending)

    def without_commit(self, name: str) -> OpenAIMemory:
        """The memory once the commit of the event ``name`` failed: its audio waits for the next."""
        rest = tuple(each for each in self.pending if each.id != name)
        return replace(self, pending=rest)

    @property
    def confirmed(self) -> float:
        """How far every item has its transcript, in seconds; it never goes back."""
        open_at = [each.start for each in self.items]
        held = [] if self.held is None else [self.held]
        return max(self.proved, min([self.done, *open_at, *held]))


def without_skipped(
    memory: OpenAIMemory, items: list[Message]
) -> tuple[OpenAIMemory, list[Message]]:
    """``items``, and what will get no transcript as lost audio, unless they end the dial."""
    if not memory.skipped or any(isinstance(each, Refusal) for each in items):
        return memory, items
    lost = [
        Lost(source=None, text="no transcript came", start=each.start, end=each.end)
        for each in memory.skipped
    ]
    for each in memory.skipped:
        memory = memory.finished(each)
    words = [each for each in items if isinstance(each, Heard)]
    others = [each for each in items if not isinstance(each, Heard)]
    memory = replace(memory, proved=memory.confirmed)
    return memory, [*words, *lost, *others, Proof(confirmed=memory.proved)]
