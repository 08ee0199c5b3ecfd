"""Journals: the input and output of one session's machine, recorded and replayed."""
