"""A Wyoming ASR server whose other side is a session: speech recognition for Home Assistant.

``openline wyoming`` runs it. ``offer`` is what the server offers, ``talk`` the protocol of one
connection, ``server`` its sockets.
"""
