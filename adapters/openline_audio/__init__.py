"""Recordings and arrays made into 16 kHz mono s16le: decoding, channels, resampling.

``source`` says what a source of audio is, for every event loop. There is no loop here: a
face runs a decoder in a thread and paces what it gives.
"""
