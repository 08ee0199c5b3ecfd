"""A checksum of a text or a message: a memory that keeps it recognizes a repetition.

The memory of a connection stays small, so it keeps four bytes instead of the text.

    checksum("yes")  →  1978086825
"""

from __future__ import annotations

import binascii


def checksum(said: str | bytes) -> int:
    """The CRC-32 of ``said``, of a text as UTF-8. Never raises."""
    return binascii.crc32(said if isinstance(said, bytes) else said.encode("utf-8", "replace"))
