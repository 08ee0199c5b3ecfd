"""The edges of a backend's chunks: where the first final of a chunk begins at the end before it.

Positions are in seconds here.
"""

from __future__ import annotations

import pytest

from openline.audio.chunks import Chunks
from openline.updates import SAMPLE_RATE


def samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def note(these: Chunks, start: float, edge: float, sent: float) -> bool:
    return these.note_final(samples(start), samples(edge), samples(sent))


def shown(edges: int, chunks: int) -> Chunks:
    """So many edges in so many chunks."""
    these = Chunks()
    for at in range(chunks):
        note(these, at, at if at < edges else at - 0.5, at + 1)
    return these


@pytest.mark.parametrize(
    ("start", "are_shown"),
    [(4, True), (4.02, True), (3.98, True), (4.03, False), (3.97, False)],
)
def test_an_edge_shows_where_the_first_final_begins_at_the_end_before(
    start: float, are_shown: bool
) -> None:
    these = shown(2, 2)
    assert note(these, start, 4, 5)
    assert these.show_edges is are_shown


@pytest.mark.parametrize(("sent", "is_first"), [(5.24, False), (5.25, True)])
def test_finals_that_come_together_are_of_one_chunk(sent: float, is_first: bool) -> None:
    these = Chunks()
    assert note(these, 4, 4, 5)
    assert note(these, 4.5, 4.5, sent) is is_first


def test_no_edge_shows_within_a_chunk() -> None:
    these = shown(2, 2)
    for at in range(5):
        note(these, at, at, 2.1)
    assert not these.show_edges


def test_the_first_final_of_a_dial_is_the_first_of_a_chunk() -> None:
    these = Chunks()
    note(these, 4, 4, 5)
    these.begin_dial()
    assert note(these, 3, 3, 3.5)


@pytest.mark.parametrize(
    ("edges", "chunks", "are_shown"), [(2, 2, False), (3, 3, True), (3, 15, True), (3, 16, False)]
)
def test_edges_are_no_chance_from_three_and_a_fifth_of_the_chunks_on(
    edges: int, chunks: int, are_shown: bool
) -> None:
    assert shown(edges, chunks).show_edges is are_shown
