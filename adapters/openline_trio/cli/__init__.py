"""The ``openline`` command."""
