"""Journals: everything that entered and left one session's core, recorded and replayed."""
