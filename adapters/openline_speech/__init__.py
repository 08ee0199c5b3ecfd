"""Reads a session's updates as utterances, for the voice frameworks: where speech begins and ends.

It is pure, and needs the core alone.
"""
