"""A live page's history: whatever a browser loses and when, in the end it has seen the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_inspect.eventstream import SILENCE, Reader
from openline_inspect.history import CHUNK, FULL, History
from tests.inspect.support_events import EventSource

ROWS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 9), st.text(max_size=20)).map(list),
        st.integers(1_000, 90_000).map(lambda size: [0, "x" * size]),  # packed, and over a chunk
    ),
    max_size=6,
)
#: What happens: rows come, a story is told, a browser reads so many bytes, or loses its line.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), ROWS),
        st.tuples(st.just("tell"), st.integers()),
        st.tuples(st.just("read"), st.integers(0, 2), st.integers(0, 100_000)),
        st.tuples(st.just("lose"), st.integers(0, 2)),
    ),
    max_size=40,
)


def encoded(rows: list[Any]) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows]


class Client:
    """A browser with a connection, of which it has read so many bytes."""

    def __init__(self, history: History) -> None:
        self.source = EventSource()
        self._history = history
        self.connect()

    def connect(self) -> None:
        self.source.lose()
        self._reader = Reader(self._history, self.source.last_event_id or None)
        self._reader.due = SILENCE
        self._waiting = b""

    def read(self, most: int) -> bool:
        """Read up to ``most`` bytes; whether there were any."""
        self._waiting += self._reader.next(0.0) or b""
        data, self._waiting = self._waiting[:most], self._waiting[most:]
        self.source.feed(data)
        return bool(data)

    def read_all(self) -> None:
        while self.read(1 << 30):
            pass


@given(STEPS)
def test_a_browser_sees_the_whole_whatever_it_loses(steps: list[Any]) -> None:
    history, whole, story = History(), list[Any](), None
    clients = [Client(history) for _ in range(3)]
    for step in steps:
        match step:
            case "add", rows:
                history.add(encoded(rows))
                whole += rows
            case "tell", number:
                story = {"story": number}
                history.tell(json.dumps(story).encode())
            case "read", int(who), size:
                clients[who].read(size)
            case _, int(who):
                clients[who].connect()
            case _:
                raise AssertionError(step)
        for client in clients:
            assert client.source.rows == whole[: len(client.source.rows)]
    history.end("over")
    clients.append(Client(history))  # one that comes late
    for client in clients:
        client.read_all()
        source = client.source
        assert (source.rows, source.story, source.end) == (whole, story, "over")
        client.connect()  # a browser that missed the end asks again
        client.read_all()
        assert (client.source.rows, client.source.end) == (whole, "over")


@given(ROWS, ROWS, st.integers(0, 200_000))
def test_since_gives_what_follows(first: list[Any], second: list[Any], most: int) -> None:
    history = History()
    history.add(encoded(first))
    history.add(encoded(second))
    whole = encoded(first + second)
    assert history.total == len(whole)
    for cursor in range(len(whole) + 1):
        batch = history.since(cursor, most)
        assert list(batch.rows) == whole[cursor : batch.cursor]
        assert (batch.cursor > cursor) is (cursor < len(whole))
        assert len(batch.rows) <= 1 or sum(map(len, batch.rows)) <= most
    for cursor in (-1, len(whole) + 1):
        with pytest.raises(ValueError, match=f"cursor {cursor} of"):
            history.since(cursor)


def test_a_long_session_is_kept_small() -> None:
    history = History()
    row = b'[200000,3,[0,3200,1,3200],{"w":"1 < {\\"type\\": \\"asr_partial\\", \\"text\\": %d}"}]'
    rows = [row % number for number in range(100_000)]
    history.add(rows)
    assert history.held < sum(map(len, rows)) / 8
    assert history.since(99_990).rows == tuple(rows[99_990:])
    assert history.since(50_000).rows[0] == rows[50_000]


def test_a_chunk_is_small_enough_to_be_sent_between_two_frames_of_audio() -> None:
    history = History()
    history.add([b'"%060d"' % number for number in range(10_000)])
    event = Reader(history).next(0.0)
    assert event is not None
    assert CHUNK / 2 < len(event) < CHUNK + CHUNK // 8


def test_a_full_history_ends_and_says_so() -> None:
    history = History(limit=10)
    history.add([b"[1,2]", b"[3,4]", b"[5]", b"[]"])
    history.tell(b"{}")
    history.end("later")
    client = Client(history)
    client.read_all()
    assert client.source.rows == [[1, 2], [3, 4]]
    assert (client.source.end, client.source.story) == (FULL, None)


@pytest.mark.parametrize("given_", ["3-3", "-1--1", "x", "1", "1-0", "٣-٣", " 1-1", "9" * 5_000])
def test_a_browser_with_rows_of_another_session_is_refused(given_: str) -> None:
    history = History()
    history.add([b"1", b"2"])
    history.tell(b"{}")
    with pytest.raises(ValueError, match="another session"):
        Reader(history, given_)


def test_a_story_is_told_when_there_is_a_new_one() -> None:
    history = History()
    reader = Reader(history, "")
    source = EventSource()
    source.feed(reader.next(0.0) or b"")
    assert source.retry == 1000
    for number in (1, 2):
        history.tell(b'{"story":%d}' % number)
        source.feed(reader.next(1.0) or b"")
        assert source.story == {"story": number}
        assert reader.next(1.0) is None
    assert source.last_event_id == "0-2"


def test_a_silent_connection_is_kept_alive() -> None:
    history = History()
    reader = Reader(history)
    reader.next(100.0)
    assert reader.due == 100.0 + SILENCE
    assert reader.next(reader.due - 0.1) is None
    source = EventSource()
    source.feed(reader.next(reader.due) or b"")  # a comment: no event
    assert source.elements == 0
    assert reader.due == 100.0 + 2 * SILENCE
    history.add([b"1"])
    source.feed(reader.next(116.0) or b"")
    assert (source.rows, reader.due) == ([1], 116.0 + SILENCE)
