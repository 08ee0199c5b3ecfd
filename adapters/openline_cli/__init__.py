"""The ``openline`` command. It decides what to show; what happens is the core's business.

``main`` starts and ends the process, ``commands`` holds what can be typed, and each command has
a module of its own. Everything heavy is imported where it is used: ``openline explain``
needs no audio and no recogniser.
"""
