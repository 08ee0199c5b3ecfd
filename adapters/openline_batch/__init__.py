"""Archives of recordings, transcribed by many workers."""
