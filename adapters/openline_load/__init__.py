"""Synthetic callers that measure a backend."""
