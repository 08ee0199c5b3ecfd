"""Messages that no backend should send, of every kind; a client must survive them all.

Each is a whole WebSocket frame as a server sends it (unmasked), and none is valid in
the contract: its JSON is broken, a field has the wrong type, or its type is unknown. A
client that reads them all has the same state as before, except for its counters. None has
words for the client: a final whose text can be read is words, whatever its other fields
hold (the fault ``odd numbers`` sends those).
``NO_FRAME`` breaks the WebSocket protocol itself (a reserved opcode), which ends the line.
"""

from __future__ import annotations

import json
import struct
from typing import Final

_TEXT: Final = 0x81
_BINARY: Final = 0x82
NO_FRAME: Final = b"\x83\x05hello"


def frame(first: int, payload: bytes) -> bytes:
    """A server's frame whose first byte is ``first``."""
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def _final(**fields: object) -> bytes:
    words = {"type": "asr_final", "text": "x", "t0": 0.0, "t1": 1.0, "source": "mic"}
    return json.dumps(words | fields).encode()


_TEXTS: Final = (
    b"", b" ", b"{", b"nonsense", b"null", b"[]", b'"status"', b"17", b"{}",
    b"[" * 20_000, b'{"type":' * 20_000,
    b'{"type":null}', b'{"type":17}', b'{"type":["status"]}', b'{"type":""}',
    b'{"type":"nobody_knows"}', b'{"type":"status"}', b'{"type":"status","state":17}',
    b'{"type":"status","state":"nobody_knows"}', b'{"type":"status","state":null}',
    b'{"type":"asr_final"}', b'{"type":"asr_partial"}', b'{"type":"asr_partial","text":[]}',
    _final(text=17), _final(text=None), _final(text=["x"]), _final(text={}), _final(text=True),
    _final(source="nobody"), _final(connection_id="somebody else's"),
    b'{"type":"asr_final","type":"status"}',
    b'{"type":"metrics","backlog_seconds":"much"}', b'{"type":"metrics","dropped_total":[]}',
    b'{"type":"metrics","source":{}}', b'{"type":"entities_update","people":17}',
    b'{"type":"cards_update","risks":"all"}',
)  # fmt: skip

#: Every kind, each once: the text messages, then the binary ones.
GARBAGE: Final = (
    *(frame(_TEXT, text) for text in _TEXTS),
    frame(_BINARY, b""),
    frame(_BINARY, b"EP\x01\x01" + bytes(640)),
    frame(_BINARY, bytes(range(256))),
)
#: For a contract that may take any text member for words: those without one.
WORDLESS: Final = tuple(each for each in GARBAGE if b'"text"' not in each)
