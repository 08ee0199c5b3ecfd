"""Stream with Deepgram's SDK."""

from __future__ import annotations

from threading import Thread

from audio import arguments, pieces, told
from deepgram import DeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v1.types import ListenV1Metadata, ListenV1Results

server, path = arguments()
ws = f"ws://{server}"
places = DeepgramClientEnvironment(
    base=f"http://{server}", production=ws, agent=ws, agent_rest=f"http://{server}"
)
client = DeepgramClient(api_key="KEY", environment=places)
finals: list[str] = []
lengths: list[float] = []


def hear(message: object) -> None:
    """Keep the finals and the length."""
    if isinstance(message, ListenV1Results) and message.is_final:
        finals.append(message.channel.alternatives[0].transcript)
    if isinstance(message, ListenV1Metadata):
        lengths.append(message.duration)


query = {"model": "nova-3", "encoding": "linear16", "sample_rate": "16000"}
with client.listen.v1.connect(**query, interim_results="true") as socket:
    socket.on(EventType.MESSAGE, hear)
    listening = Thread(target=socket.start_listening)
    listening.start()
    for piece in pieces(path):
        socket.send_media(piece)
    socket.send_close_stream()
    listening.join()
assert lengths[0] > 3, lengths
told(" ".join(finals))
