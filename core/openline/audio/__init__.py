"""Captured audio from the first sample to its confirmation, and the transcript of it."""
