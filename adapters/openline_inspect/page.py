"""Writes the page: the template, styles, scripts, the drawing and the rows, in one text.

Nothing is loaded from anywhere. The policy of the page names its own script and style by their
hashes, so nothing that stands in a journal can run, even if it got out of its place; and it cannot,
for the rows are JSON without ``<``. A live page may connect to where it came from, and no page to
anywhere else.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import Any, Final

from openline.audio.causes import CAUSES
from openline.machine.timers import RUNS, Timer
from openline.session import TABLE
from openline.text import encodable
from openline.updates import SAMPLE_RATE
from openline_diagrams.theme import ROLES
from openline_inspect.drawing import chart_map, colours, tables, whole_chart
from openline_inspect.recorder import KINDS, MARKS, STATES
from openline_inspect.recording import Recording

#: The scripts, in their order: each needs those before it alone.
SCRIPTS: Final = (
    *("words", "store", "chart", "paint", "lanes", "list", "text", "compare"),
    *("player", "summary", "keys", "inspect"),
)
#: Characters of rows that are still written as they are, so that a small page can be read.
PACKED_FROM: Final = 500_000
#: Half a surrogate pair, as in a file's name, cannot be written as UTF-8; JSON can escape it.
_HALVES: Final = re.compile("[\ud800-\udfff]")
#: What JSON may hold and a script element may not: its end, and line ends of old JavaScript.
_ESCAPES: Final = {ord("<"): "\\u003c", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def page(recordings: Sequence[Recording], live: str | None = None, *, title: str = "") -> str:
    """The page of these recordings, of which the first is shown: the text of an HTML file.

    ``live``: the path of server-sent events, from which more rows of the first recording come, as
    ``{"at": N, "rows": [...]}``: N elements came before these.
    """
    style, script = _style(), _script()
    data = {"recordings": [_packed(each) for each in recordings], "live": live}
    shown = title or ", ".join(str(each.head["name"]) for each in recordings)
    connects = "none" if live is None else "self"
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        f"connect-src '{connects}'; base-uri 'none'; form-action 'none'"
    )
    return _filled(
        _read("inspect.html"),
        POLICY=escape(policy),
        TITLE=escape(encodable(f"{shown} - openline inspector")),
        STYLE=style,
        MAP=chart_map(TABLE),
        CHART=whole_chart(TABLE),
        FACTS=in_script(_facts()),
        DATA=in_script(data),
        SCRIPT=script,
    )


def in_script(plain: Any) -> str:
    """``plain`` as JSON that may stand in a script element, whatever its texts hold."""
    text = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    text = _HALVES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.translate(_ESCAPES)


def _packed(recording: Recording) -> dict[str, Any]:
    """A recording for the page: rows that are many are compressed, to a tenth or less."""
    text = in_script(recording.rows)
    if len(text) < PACKED_FROM:
        return {"head": recording.head, "rows": recording.rows}
    packed = gzip.compress(text.encode(), compresslevel=6, mtime=0)
    return {"head": recording.head, "packed": b64encode(packed).decode()}


def _filled(template: str, **parts: str) -> str:
    """The template with its parts, each of which is put in once and not looked through again."""
    out: list[str] = []
    for piece in template.split("{{"):
        name, mark, rest = piece.partition("}}")
        out += (parts[name], rest) if mark and name in parts else (piece,)
    return "".join(out)


@cache
def _read(name: str) -> str:
    return (resources.files("openline_inspect") / "data" / name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    return f"{colours()}{_read('inspect.css')}"


@cache
def _script() -> str:
    parts = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}\n}})();\n'


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _facts() -> dict[str, Any]:
    """The tables that the script shows rows by."""
    return {
        "kinds": KINDS,
        "states": STATES,
        "marks": MARKS,
        "timers": [timer.name for timer in Timer],
        "runs": {state: [int(timer) for timer in timers] for state, timers in RUNS.items()},
        "roles": [ROLES[state].name.lower() for state in STATES],
        "causes": {str(cause): text for cause, text in CAUSES.items()},
        "rate": SAMPLE_RATE,
        **tables(TABLE),
    }
