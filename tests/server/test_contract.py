"""The messages of the wire, as typed messages."""

from __future__ import annotations

import json

import pytest

from openline_server import contract
from openline_server.contract import Audio, Ignored, Start, Stop

START: dict[str, object] = {
    "type": "start",
    "session_id": "s",
    "attempt_id": "a",
    "connection_id": "c",
    "sample_rate": 16000,
    "format": "pcm_s16le",
    "channels": 1,
}


@pytest.mark.parametrize(
    ("data", "audio"),
    [
        (b"EP\x01\x00ab", Audio("system", b"ab")),
        (b"EP\x01\x01ab", Audio("mic", b"ab")),
        (b"EP\x01\x01", Audio("mic", b"")),
        (b"EP\x02\x01ab", Audio("system", b"EP\x02\x01ab")),
        (b"EP\x01\x02ab", Audio("system", b"EP\x01\x02ab")),
        (b"EP\x01", Audio("system", b"EP\x01")),
        (b"", Audio("system", b"")),
        (b"abc", Audio("system", b"abc")),
    ],
)
def test_frame_without_header_is_all_audio(data: bytes, audio: Audio) -> None:
    assert contract.read_frame(data) == audio


def test_a_start_is_read() -> None:
    start = contract.read_text(json.dumps(START | {"client_features": {"x": True}}))
    assert isinstance(start, Start)
    assert start.ids.fields() == {"session_id": "s", "attempt_id": "a", "connection_id": "c"}
    assert start.client_features == dict.fromkeys(contract.FEATURES, False)


@pytest.mark.parametrize("missing", ["session_id", "attempt_id", "connection_id"])
def test_ids_are_needed(missing: str) -> None:
    message = {name: value for name, value in START.items() if name != missing}
    with pytest.raises(contract.Refusal, match=f"Invalid start message: {missing}"):
        contract.read_text(json.dumps(message))


@pytest.mark.parametrize("missing", ["sample_rate", "format", "channels"])
def test_the_format_is_needed(missing: str) -> None:
    message = {name: value for name, value in START.items() if name != missing}
    with pytest.raises(contract.Refusal, match=f"Unsupported audio format: {missing}"):
        contract.read_text(json.dumps(message))


def test_an_id_of_256_characters_is_long_enough() -> None:
    assert isinstance(contract.read_text(json.dumps(START | {"session_id": "x" * 256})), Start)
    with pytest.raises(contract.Refusal, match="longer"):
        contract.read_text(json.dumps(START | {"session_id": "x" * 257}))


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "[]", "1", "null", "[" * 100_000,
        '{"type":"audio","source":1,"data":""}', '{"type":"audio","data":1}',
        '{"type":"audio","source":"mic","data":"*"}', '{"type":"audio","data":"é"}',
    ],
)  # fmt: skip
def test_malformed_messages_raise(text: str) -> None:
    with pytest.raises(contract.MalformedMessageError):
        contract.read_text(text)


def test_other_message_types() -> None:
    assert contract.read_text('{"type":"stop"}') == Stop()
    assert contract.read_text('{"type":"ocr_text"}') == Ignored("ocr_text")
    assert contract.read_text("{}") == Ignored("None")
    assert contract.read_text('{"type":"audio","data":"YWI="}') == Audio("system", b"ab")
    assert json.loads(contract.encode(contract.error("é"))) == {"type": "error", "message": "é"}
