"""A spec is plain data: it travels, holds no credential, and tells at once what cannot work."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.backend import Backend
from openline.events import SourceKind
from openline.policy import Policy
from openline_fleet import SessionSpec, SourceSpec, decode_spec, encode_spec
from tests.fleet.support import spec

TEXT = st.text(min_size=1, max_size=20).filter(str.strip)
SOURCES = st.builds(
    SourceSpec,
    name=TEXT,
    path=st.none() | TEXT,
    channel=st.none() | st.integers(0, 7),
    frame_seconds=st.floats(0.02, 1.0),
    may_pause=st.booleans(),
)
SPECS = st.builds(
    SessionSpec,
    session_id=TEXT,
    backend=st.builds(
        Backend,
        host=st.sampled_from(["127.0.0.1", "asr.example.org", "::1"]),
        port=st.integers(1, 65535),
        query=st.sampled_from(["", "model=small"]),
        headers=st.sampled_from([(), (("X-Key", "hidden"),)]),
        redirects_to=st.sampled_from([(), ("wss://eu.example.org",)]),
    ),
    dialect=st.sampled_from(["echopanel", "deepgram"]),
    dialect_options=st.dictionaries(TEXT, TEXT, max_size=3),
    sources=st.lists(SOURCES, min_size=1, max_size=3).map(tuple),
    policy=st.builds(Policy, max_attempts=st.none() | st.integers(0, 9)),
    speed=st.floats(0.1, 100.0),
    spool=TEXT,
    spool_limit=st.integers(1, 1 << 40),
    resume=st.booleans(),
    journal=st.none() | TEXT,
)


@given(one=SPECS)
def test_a_spec_travels_as_json_and_as_a_pickle(one: SessionSpec) -> None:
    assert decode_spec(encode_spec(one)) == one
    assert b"\n" not in encode_spec(one)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  # our own
    assert "hidden" not in repr(one)


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"session_id": " "}, "the session id is blank"),
        ({"speed": 0.0}, "speed must be a finite number above 0"),
        ({"spool_limit": 0}, "spool_limit is 0: give bytes"),
        ({"resume": True}, "resume needs the spool"),
        ({"sources": ()}, "at least one source"),
    ],
)
def test_what_cannot_work_is_told_at_once(given_: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        spec(**given_)


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"name": ""}, "blank name"),
        ({"frame_seconds": 0.01}, "frame_seconds is 0.01: give 0.02 to 1"),
        ({"frame_seconds": 2.0}, "frame_seconds is 2: give 0.02 to 1"),
    ],
)
def test_a_source_that_cannot_be_is_told_at_once(given_: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SourceSpec(**given_)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[", b"{}", b'{"session_id": 1}', b'{"session_id": "s", "speed": "fast"}'),
        *(b'{"session_id": "s", "token": "t"}', b'{"session_id": "s", "backend": {"port": 0}}'),
        b'{"session_id": "s", "policy": {"max_attempts": -1}}',
    ],
)
def test_anything_else_is_no_spec(data: bytes) -> None:
    with pytest.raises(ValueError, match="this is no session spec: ") as caught:
        decode_spec(data)
    assert "\n" not in str(caught.value)


def test_a_recording_can_wait_and_what_is_pushed_cannot() -> None:
    assert SourceSpec(path="a.wav").kind is SourceKind.STORE
    assert SourceSpec().kind is SourceKind.DEVICE
    assert SessionSpec(session_id="s").is_live
    assert not SessionSpec(session_id="s", sources=(SourceSpec(path="a.wav"),)).is_live
