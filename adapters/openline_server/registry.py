"""From a recogniser's name to a recogniser that is loaded and ready."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from openline_server.config import BackendError, ServerConfig
from openline_server.pocketsphinx import open_pocketsphinx
from openline_server.recognizer import Echo, NoRecognizer, Recognizer
from openline_server.whisper import open_whisper

log: Final = logging.getLogger(__name__)


@asynccontextmanager
async def open_recognizer(config: ServerConfig) -> AsyncGenerator[Recognizer]:
    """The recogniser of a configuration; its workers end with the context.

    Raises BackendError if it cannot be loaded, unless the configuration allows serving
    without it.
    """
    async with AsyncExitStack() as stack:
        try:
            recognizer = await _open(config, stack)
        except BackendError as error:
            if config.require_recognizer:
                raise
            log.warning("serving without a recogniser: %s", error)
            recognizer = NoRecognizer(config.recognizer, available=False)
        yield recognizer


async def _open(config: ServerConfig, stack: AsyncExitStack) -> Recognizer:
    match config.recognizer:
        case "none":
            return NoRecognizer()
        case "echo":
            return Echo()
        case "whisper":
            return await stack.enter_async_context(open_whisper(config.model, config.workers))
        case "pocketsphinx":
            return await stack.enter_async_context(open_pocketsphinx(config.model, config.workers))
