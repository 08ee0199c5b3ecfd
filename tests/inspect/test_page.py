"""The page is one text that nothing in a journal can get out of, and that asks for nothing."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_inspect import Recording, page, record
from openline_inspect.page import PACKED_FROM, in_script
from tests.inspect.support_rows import JOURNALS, journal

HEAD: dict[str, Any] = {
    "name": "one",
    "session": "s",
    "sources": [],
    "timeless": False,
    "trouble": "",
}
#: Texts that have left the place that they stood in, on other pages.
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "{{SCRIPT}}",
    "a \u2028 b \u2029 c",
    "\ud800 alone",
    "\x00\x1b[31m",
    '" onload="alert(1)',
    "&lt;/script&gt;",
]


class Parts(HTMLParser):
    """The scripts, styles, policy and title of a page, and what its attributes say."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.inside: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.policy = ""
        self.title = ""
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        known = dict(attrs)
        if tag in {"script", "style", "title"}:
            self.inside.append(tag)
        if tag == "script":
            self.scripts.append((known, ""))
        if tag == "style":
            self.styles.append("")
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        match self.inside[-1:]:
            case ["script"]:
                attrs, text = self.scripts[-1]
                self.scripts[-1] = attrs, text + data
            case ["style"]:
                self.styles[-1] += data
            case ["title"]:
                self.title += data
            case _:
                pass


def hash_of(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def data_of(text: str) -> dict[str, Any]:
    scripts = {attrs.get("id"): inside for attrs, inside in Parts(text).scripts}
    found: dict[str, Any] = json.loads(scripts["data"])
    return found


def hostile_row(text: str) -> list[Any]:
    return [0, 19, [], {"w": text, "c": [text], "u": [["f", 0, text, 0.0, 1.0, "1", text]]}]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_where_it_stands(text: str) -> None:
    head = HEAD | {"name": text, "sources": [text]}
    made = page([Recording(head=head, rows=[hostile_row(text)])])
    parts = Parts(made)
    assert [attrs.get("id") for attrs, _ in parts.scripts] == ["facts", "data", None]
    [found] = data_of(made)["recordings"]
    assert found == {"head": head, "rows": [hostile_row(text)]}
    made.encode()


@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_json_in_a_script_cannot_end_it(text: str) -> None:
    shown = in_script({"text": [text]})
    assert json.loads(shown) == {"text": [text]}
    assert not re.search("[<\u2028\u2029\ud800-\udfff]", shown)
    shown.encode()


def test_the_policy_names_the_script_and_the_style_and_nothing_else() -> None:
    parts = Parts(page([record(journal(JOURNALS[0]))]))
    rules = dict(rule.strip().split(" ", 1) for rule in parts.policy.split(";"))
    [style], script = parts.styles, parts.scripts[-1][1]
    assert rules == {
        "default-src": "'none'",
        "style-src": hash_of(style),
        "script-src": hash_of(script),
        "connect-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not [name for name, _ in parts.attributes if name.startswith("on") or name == "style"]
    assert not [
        value for name, value in parts.attributes
        if name in {"src", "href", "action", "data"} and not (value or "").startswith("#")
    ]  # fmt: skip
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", style + script)


def test_a_live_page_may_connect_to_where_it_came_from() -> None:
    made = page([Recording(head=HEAD, rows=[])], live="/events?x=1&y=</script>")
    assert "connect-src 'self'" in Parts(made).policy
    assert data_of(made)["live"] == "/events?x=1&y=</script>"


def test_many_rows_are_compressed_and_the_same() -> None:
    rows: list[Any] = [[20_000, 6, [0, 320]]] * 60_000
    made = page([Recording(head=HEAD, rows=rows)])
    [found] = data_of(made)["recordings"]
    assert json.loads(gzip.decompress(b64decode(found["packed"]))) == rows
    assert len(found["packed"]) < PACKED_FROM / 10
    assert made == page([Recording(head=HEAD, rows=rows)]), "the same rows make the same page"


def test_the_title_names_the_recordings() -> None:
    two = [Recording(head=HEAD | {"name": name}, rows=[]) for name in ("a & b", "c")]
    assert Parts(page(two)).title == "a & b, c - openline inspector"
    assert Parts(page(two, title="mine")).title == "mine - openline inspector"
