"""Stream with Speechmatics' SDK."""

from __future__ import annotations

import asyncio

from audio import arguments, pieces, told
from speechmatics.rt import (
    AsyncClient,
    AudioEncoding,
    AudioFormat,
    ServerMessageType,
    TranscriptionConfig,
)


async def main() -> None:
    """Stream, and print the finals."""
    server, path = arguments()
    finals: list[str] = []
    async with AsyncClient(api_key="KEY", url=f"ws://{server}/v2") as client:

        @client.on(ServerMessageType.ADD_TRANSCRIPT)
        def hear(message: dict) -> None:
            finals.append(message["metadata"]["transcript"])

        await client.start_session(
            transcription_config=TranscriptionConfig(
                language="en", enable_partials=True, max_delay=1.0
            ),
            audio_format=AudioFormat(encoding=AudioEncoding.PCM_S16LE, sample_rate=16000),
        )
        for piece in pieces(path):
            await client.send_audio(piece)
            await asyncio.sleep(0)
        await client.stop_session()
    told(" ".join(finals))


asyncio.run(main())
