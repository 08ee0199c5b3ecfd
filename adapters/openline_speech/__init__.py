"""The words of a session: as utterances for the voice frameworks, and as a file.

It is pure, and needs the core alone.
"""

from __future__ import annotations

from openline_speech.transcripts import transcript_file

__all__ = ["transcript_file"]
