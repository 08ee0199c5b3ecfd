"""Convert recordings and arrays to 16 kHz mono s16le: decoding, channels, resampling.

``source`` defines the protocol of a source of audio, for every event loop. There is no loop
here: an adapter runs a decoder in a thread and paces its output.
"""
