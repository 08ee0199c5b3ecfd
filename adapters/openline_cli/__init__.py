"""The ``openline`` command. It decides what to show; the core decides what happens.

``main`` starts and ends the process, ``commands`` declares the commands and their options, and
each command has a module of its own. Heavy packages are imported where they are used:
``openline explain`` loads no audio and no recogniser.
"""
