"""A session that was recorded, as one page to look at: what happened, when, and why.

    [journal] = read(file)
    text = page([record(journal)])              # one HTML file, and no request leaves it
    text = page([recorder.recording()], live="/events")    # goes on by server-sent events

A ``Recorder`` is an observer. It watches a live session, or the replay of a journal, and makes
the same *rows* of both: plain data, an element of a JSON list each. The page reads its inline rows
and those that come later with one function, ``append(rows)``. Nothing is decided here: the rows
show what the machine did. There is no audio in them, and no credential reaches the core. URLs are
masked as in a journal.

The data of a page::

    {"recordings": [{"head": {...}, "rows": [...]}, ...], "live": "/events" or null}

Many rows stand as ``packed`` in place of ``rows``: their JSON, compressed (gzip), in base64.

``head``: ``name``, ``session``, ``attempt``, ``url``, ``dialect``, ``sources`` (names),
``kinds`` (of the sources: ``device`` or ``store``), ``timeless`` (a path of the model: a second of
it is a step), ``trouble`` (what is wrong with the recording itself, or empty).

An element of ``rows`` is a *row*, which is a list, or an object of one key, ``story``: what
``openline explain`` tells of the session so far. It replaces the one before. A row is
``[dt, kind, marks, more]``; empty ones at its end are left out.

``dt``
    Microseconds since the row before. The first event of a session is at 0.
``kind``
    The place in ``KINDS``: what came in, or went out. Every event is a row, and every message that
    goes out. A pull that gave nothing is none; what it changed stands in the next row.
``marks``
    The watermarks that moved, as slot and difference in samples, flat: ``[0, 320, 1, 320]``. A
    slot is four times the number of the source and the place in ``MARKS``.
``more``
    An object, whose keys are left out where there is nothing to say:

    ======= ==================================================================================
    ``w``   the event in words; audio that moved a watermark has none
    ``c``   the commands in words, a list
    ``s``   the state after it (its place in ``STATES``), if it is another one
    ``d``   the dial, if it is another one
    ``x``   the transitions that ran: places in ``rows(TABLE)``
    ``v``   the verdicts, each ``[action, why, source, strike]``
    ``f``   the timers that were due (their numbers)
    ``z``   the deadlines that changed, flat: twice the timer's number and microseconds from
            this row on, -1 for off; or twice the number and one, alone: as far as the last time
    ``u``   what the app is told, each ``[letter, ...]``: see ``updates``
    ``r``   the error that was raised
    ``o``   microseconds from 0 to session time 0, with the first source that starts
    ``m``   of a step of the model: the variables that changed
    ======= ==================================================================================
"""

from __future__ import annotations

from openline_inspect.page import page
from openline_inspect.recorder import KINDS, MARKS, STATES, Recorder
from openline_inspect.recording import Recording, record, record_path

__all__ = [
    "KINDS",
    "MARKS",
    "STATES",
    "Recorder",
    "Recording",
    "page",
    "record",
    "record_path",
]
