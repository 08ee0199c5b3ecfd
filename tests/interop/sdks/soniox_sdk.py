"""Stream with Soniox' SDK."""

from __future__ import annotations

from threading import Thread

from audio import arguments, pieces, told
from soniox import SonioxClient
from soniox.types import RealtimeSTTConfig

server, path = arguments()
client = SonioxClient(api_key="KEY", websocket_base_url=f"ws://{server}/transcribe-websocket")
config = RealtimeSTTConfig(
    model="stt-rt-v5",
    audio_format="pcm_s16le",
    sample_rate=16000,
    num_channels=1,
    enable_endpoint_detection=True,
)
finals: list[str] = []
with client.realtime.stt.connect(config=config) as session:
    sending = Thread(target=session.send_bytes, args=(pieces(path),))
    sending.start()
    for event in session.receive_events():
        assert event.error_code is None, event
        finals += [token.text for token in event.tokens if token.is_final]
        if event.finished:
            break
    sending.join()
told("".join(finals).replace("<end>", " "))
