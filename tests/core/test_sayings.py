"""What somebody quotes is found: our words, the system's, whole or in part."""

from __future__ import annotations

import pytest

from openline.reconnect.explain import explain
from openline.sayings import part, whole

TEXTS = [("the line is cut", 3), ("the line is cut for good", 1), ("Cut!", 2)]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("connection refused", "error refused"),
        ("connection reset by peer", "error reset"),
        ("software caused connection abort", "error reset"),
        ("broken pipe", "error reset"),
        ("connection timed out", "error timed out"),
        ("operation timed out", "error timed out"),
        ("network is unreachable", "error unreachable"),
        ("no route to host", "error unreachable"),
        ("network is down", "error unreachable"),
        ("host is down", "error unreachable"),
        ("cannot assign requested address", "error unreachable"),
        ("temporary failure in name resolution", "error dns again"),
        ("name or service not known", "error dns not found"),
        ("nodename nor servname provided or not known", "error dns not found"),
        ("no address associated with hostname", "error dns not found"),
        ("self signed certificate", "error tls certificate"),
        ("certificate verify failed", "error tls certificate"),
        ("certificate has expired", "error tls dates"),
        ("certificate is not yet valid", "error tls dates"),
        ("hostname mismatch", "error tls hostname"),
        ("ip address mismatch", "error tls hostname"),
        ("wrong version number", "error tls other"),
    ],
)
def test_what_the_system_says_is_known(said: str, title: str) -> None:
    for quoted in (said, f"it broke ({said.title()}: 127.0.0.1:8000)"):
        assert title in {line.title for line in explain(quoted)}


def test_the_longest_text_that_stands_whole_in_a_quotation_counts() -> None:
    assert whole("gave up: the line is cut, for good.", TEXTS) == [1]
    assert whole("the LINE is cut", TEXTS) == [3]
    assert whole("the line is cut", [*TEXTS, ("Line is cut", 4), ("THE line is cut", 0)]) == [3, 0]
    assert whole("a cut", TEXTS) == []
    assert whole("", TEXTS) == []


def test_a_part_finds_each_text_that_has_it() -> None:
    assert part("is cut", TEXTS) == [3, 1]
    assert part("cut", TEXTS + TEXTS) == [3, 1, 2]
    assert part("cu", TEXTS) == []
    assert part(" …", TEXTS) == []
