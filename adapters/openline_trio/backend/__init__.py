"""The reference backend: a server of the echopanel contract with real recognition."""
