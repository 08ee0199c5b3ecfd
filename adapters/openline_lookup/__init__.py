"""Looks up what a user names: an ending is explained, a session told, a dialect found.

The command line and the drawings share this. It is pure but for the import of a user's own
module, and quick to load: it needs the core alone.
"""
