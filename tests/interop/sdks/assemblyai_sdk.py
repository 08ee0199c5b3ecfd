"""Stream with AssemblyAI's SDK."""

from __future__ import annotations

from threading import Event

from assemblyai.streaming.v3 import (
    BeginEvent,
    StreamingClient,
    StreamingClientOptions,
    StreamingEvents,
    StreamingParameters,
    TerminationEvent,
    TurnEvent,
)
from audio import arguments, pieces, told

server, path = arguments()
turns: list[str] = []
begins: list[BeginEvent] = []
errors: list[object] = []
over = Event()


def hear(_client: object, event: TurnEvent) -> None:
    """Keep the turns that have ended."""
    if event.end_of_turn and event.turn_is_formatted:
        turns.append(event.transcript)


def begin(_client: object, event: BeginEvent) -> None:
    """Keep the greeting."""
    begins.append(event)


def end(_client: object, _event: TerminationEvent) -> None:
    """The session is over."""
    over.set()


client = StreamingClient(StreamingClientOptions(api_key="KEY", api_host=f"ws://{server}"))
client.on(StreamingEvents.Begin, begin)
client.on(StreamingEvents.Turn, hear)
client.on(StreamingEvents.Termination, end)
client.on(StreamingEvents.Error, lambda _client, error: errors.append(error))
client.connect(
    StreamingParameters(
        sample_rate=16000,
        format_turns=True,
        session_heartbeat=True,
        speech_model="universal-streaming-english",
    )
)
client.stream(pieces(path))
client.disconnect(terminate=True)
assert over.wait(20)
assert begins, "no Begin came"
assert not errors, errors
told(" ".join(turns))
