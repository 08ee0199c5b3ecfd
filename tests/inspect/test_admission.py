"""Who may read a live page: the browser of this machine with its token, and nobody else."""

from __future__ import annotations

import pytest

from openline_inspect.admission import EVENTS, Answer, Body, admit

TOKEN = "the-token"
HOST = "127.0.0.1:5000"


def ask(target: str = f"/{TOKEN}/", method: str = "GET", **headers: str) -> Answer:
    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return admit(method, target, given, token=TOKEN)


@pytest.mark.parametrize("host", [HOST, "localhost:1", "127.0.0.1", "[::1]:80", "LOCALHOST"])
def test_the_page_and_its_events(host: str) -> None:
    assert ask(host=host) == Answer(status=200, body=Body.PAGE)
    events = ask(f"/{TOKEN}/{EVENTS}", host=host, last_event_id="3-4", sec_fetch_site="same-origin")
    assert events == Answer(status=200, body=Body.EVENTS, last_event_id="3-4")
    assert ask(f"/{TOKEN}/{EVENTS}?x=1", method="HEAD").status == 200


@pytest.mark.parametrize(
    "target",
    [
        *("/", "*", "", "/favicon.ico", f"/{EVENTS}", f"/{TOKEN}", f"//{TOKEN}/", f"/{TOKEN}//"),
        *(f"/{TOKEN}x/", f"/{TOKEN[:-1]}/", f"/{TOKEN.upper()}/", f"/?{TOKEN}/", f"/x/{TOKEN}/"),
        *(f"/{TOKEN}/{EVENTS}/", f"/{TOKEN}/x", f"/x/../{TOKEN}/", f"http://{HOST}/{TOKEN}/"),
        f"/{TOKEN}/%2e%2e/",
    ],
)
def test_nothing_is_to_be_found_elsewhere(target: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = ask(target, method=method)
        assert (answer.status, answer.text) == (404, "there is nothing here\n")


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost.evil:1"),
        *("127.0.0.1:5000:1", "127.0.0.1:", "127.0.0.2:5000", "user@127.0.0.1", "0.0.0.0:5000"),
        *("127.0.0.1:5000 ", "127.0.0.1\n", "[::1", "localhost:123456"),
    ],
)
def test_a_name_that_another_site_chose_is_refused(host: str) -> None:
    for target in (f"/{TOKEN}/", f"/{TOKEN}/{EVENTS}", "/"):
        assert ask(target, host=host).status == 403


@pytest.mark.parametrize(
    "origin",
    ["null", "", "https://evil.example", f"https://{HOST}", "http://127.0.0.1:5001", "file://"],
)
def test_a_script_of_another_site_is_refused(origin: str) -> None:
    for target in (f"/{TOKEN}/", f"/{TOKEN}/{EVENTS}"):
        assert ask(target, origin=origin).status == 403


def test_the_page_s_own_script_is_not() -> None:
    assert ask(f"/{TOKEN}/{EVENTS}", origin=f"http://{HOST}").status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "x"])
def test_another_site_may_lead_to_the_page_and_read_no_events(site: str) -> None:
    assert ask(sec_fetch_site=site).status == 200  # a file that leads there, too
    assert ask(f"/{TOKEN}/{EVENTS}", sec_fetch_site=site).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_a_page_is_only_read(method: str) -> None:
    answer = ask(method=method)
    assert (answer.status, dict(answer.headers)["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "answer", [ask(), ask(f"/{TOKEN}/{EVENTS}"), ask("/"), ask(host="x"), ask(method="PUT")]
)
def test_no_answer_is_for_others(answer: Answer) -> None:
    headers = {name.lower(): value for name, value in answer.headers}
    assert not [name for name in headers if name.startswith("access-control")]
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not any(TOKEN in value for value in headers.values())
    assert TOKEN not in answer.text
