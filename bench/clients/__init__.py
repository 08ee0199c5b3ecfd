"""Clients that stream the same audio: openline's faces, and what a user would write instead.

Each is a coroutine ``(load, window)`` that dials, sends the start, waits for the ack, waits until
all others have come so far (``window.begin``), sends each message when it is due, says so
(``window.end``), sends the stop and reads to the final summary.
"""
