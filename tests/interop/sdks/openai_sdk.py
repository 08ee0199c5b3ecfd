"""Stream with OpenAI's SDK, once with its server's detection and once with a commit."""

from __future__ import annotations

import base64

from audio import arguments, pieces, told
from openai import OpenAI

server, path = arguments()
client = OpenAI(api_key="KEY", websocket_base_url=f"ws://{server}/v1")


def stream(detection: dict[str, str] | None) -> str:
    """The words of a session."""
    texts: list[str] = []
    with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        assert connection.recv().type == "session.created"
        given = {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "gpt-4o-transcribe"},
            "turn_detection": detection,
        }
        connection.session.update(session={"type": "transcription", "audio": {"input": given}})
        assert connection.recv().type == "session.updated"
        for piece in pieces(path, rate=24_000):
            connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
        if detection is None:
            connection.input_audio_buffer.commit()
        for event in connection:
            assert event.type != "error", event
            if event.type == "conversation.item.input_audio_transcription.completed":
                texts.append(event.transcript)
                break
    return " ".join(texts)


told(f"{stream(None)} {stream({'type': 'server_vad'})}")
