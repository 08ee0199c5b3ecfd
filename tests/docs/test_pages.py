"""Every code block of the README and the documentation has the output on its page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import takewhile
from pathlib import Path

import pytest

from openline_cli.commands import COMMANDS
from openline_cli.parameters import read_words
from openline_cli.problems import Problem
from openline_load.faults import parse_faults as parse_load_faults
from openline_server import parse_faults
from tests.docs.pages import PAGES, ROOT, SYNOPSIS, Block, blocks, missing, needs
from tests.docs.running import PageError, Runner, shows

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
#: Pages mostly wait, for speech takes its time; so they wait side by side.
AT_ONCE = 4


#: What recognises speech in real time needs the processor when it does, so it has a turn of
#: its own, after the others.
RECOGNISES = re.compile(r"^\$ openline serve$", re.MULTILINE)
#: A command whose output a shell gives as a pipe.
PIPED = re.compile(r"<\([^)]*\)")


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[None]]]:
    """The pages whose tests are to run, all of them at work."""
    cases = [each for each in request.session.items if isinstance(each, pytest.Function)]
    shown = test_page_output_matches.__name__
    named = (case.callspec.params for case in cases if case.originalname == shown)
    wanted = [str(params["name"]) for params in named]
    texts = {name: page.read_text("utf-8") for name, page in zip(NAMES, PAGES, strict=True)}
    last = [name for name in wanted if RECOGNISES.search(texts[name])]
    folders = {name: tmp_path_factory.mktemp("page") for name in wanted}  # one thread makes them

    def run(name: str) -> None:
        if name in last:
            wait([future for each, future in running.items() if each not in last])
        windows = "display" in needs(texts[name])
        Runner(folders[name], windows=windows).run(blocks(texts[name]))

    with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(1) as alone:
        here = [name for name in wanted if name not in last and not missing(texts[name])]
        running = {name: pool.submit(run, name) for name in here}
        yield running | {name: alone.submit(run, name) for name in last}


@pytest.mark.parametrize("name", NAMES)
def test_page_output_matches(name: str, runs: dict[str, Future[None]]) -> None:
    if lack := missing((ROOT / name).read_text("utf-8")):
        pytest.skip(lack)
    runs[name].result()


def calls(block: Block) -> list[list[str]]:
    """The words of each call of ours in a synopsis or console block."""
    found: list[list[str]] = []
    for line in block.text.splitlines():
        words = shlex.split(PIPED.sub("pipe", line.removeprefix("$ ")), comments=True)
        for at, word in enumerate(words):
            if word == "openline" and (at == 0 or words[at - 1] == "|"):
                found.append(list(takewhile(lambda each: each not in {"|", ">"}, words[at + 1 :])))
    return found


def check_call(arguments: list[str]) -> None:
    """Raise unless the command could read this call."""
    name, rest = arguments[0], arguments[1:]
    assert name in COMMANDS, f"there is no openline {name}"
    given = read_words(COMMANDS[name], rest)
    for phrases in given.get("fault", ()):
        parse = parse_load_faults if name == "load" else parse_faults
        parse(phrases)


@pytest.mark.parametrize("name", NAMES)
def test_synopsis_is_parsed_by_the_command(name: str) -> None:
    for block in blocks((ROOT / name).read_text("utf-8")):
        if block.language in SYNOPSIS or block.not_run is not None:
            for arguments in calls(block):
                check_call(arguments)


@pytest.mark.parametrize(
    "call", ["strem x.wav", "stream x.wav --loud", "stream", 'serve --fault "cut after tea"']
)
def test_unparsable_call_is_detected(call: str) -> None:
    with pytest.raises((AssertionError, Problem, ValueError)):
        check_call(shlex.split(call))


def test_block_that_is_not_run_has_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """No Python is among it: that is always run."""
    left_out = [
        (name, block) for name in NAMES for block in blocks((ROOT / name).read_text("utf-8"))
        if block.not_run is not None
    ]  # fmt: skip
    with capsys.disabled():
        print(f"\n{len(left_out)} blocks of the documentation are not run:")
        for name, block in left_out:
            print(f"  {name}:{block.line}: {block.not_run}")
    for name, block in left_out:
        assert block.language != "python", f"{name}:{block.line}"
        assert len((block.not_run or "").split()) >= 3, f"{name}:{block.line}: why?"


def test_text_fence_is_output_or_has_a_language() -> None:
    for name in NAMES:
        before = ""
        for block in blocks((ROOT / name).read_text("utf-8")):
            if block.language == "text" and block.not_run is None:
                assert before in {"python", "ipython"}, f"{name}:{block.line}: output of what?"
                assert not block.alone, f"{name}:{block.line}: output of what?"
            before = block.language if block.file is None else ""


@pytest.mark.parametrize("name", NAMES)
def test_link_between_pages_resolves(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^):]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        path, _, heading = target.partition("#")
        if heading.startswith("openline"):
            continue  # a name of the reference: the site does not build where one is missing
        page = (ROOT / name).parent / path if path else ROOT / name
        assert page.exists(), f"{name}: {target}"
        headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
        known = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
        assert not heading or heading in known, f"{name}: {target}"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_installs_from_a_clone(name: str) -> None:
    """No index has the package: a page says `pip install ".[…]"`, and where."""
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"pip install \"?openline", text)
    assert 'pip install ".[' not in text or "a clone" in text


def test_tests_named_on_a_page_exist() -> None:
    """By its name, or the beginning of its name."""
    known = [
        test
        for path in (ROOT / "tests").rglob("test_*.py")
        for test in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    ]
    for name in NAMES:
        text = re.sub(r"```.*?```", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
        for named in re.findall(r"`(test_\w+)`", text):
            assert any(test.startswith(named) for test in known), f"{name}: {named}"


def test_table_of_faults_matches_the_code() -> None:
    """A row that begins with a phrase for a fault: the phrase is one, and the reason is ours."""
    page = (ROOT / "docs" / "explanation" / "failures.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| .+ \|$", page, re.MULTILINE)
    assert len(rows) > 10
    texts = "".join(path.read_text("utf-8") for path in (ROOT / "core" / "openline").rglob("*.py"))
    known = re.sub(r'"\s+f?"', "", texts)  # a text on two lines is one text
    for phrase, printed in rows:
        parse_faults(phrase)
        for reason in re.findall(r": ([a-z][^;:(]+)", printed):
            assert reason.strip() in known, f"{phrase}: no code has {reason!r}"


@pytest.mark.parametrize(
    ("said", "shown", "same"),
    [
        ("a\nb\n", ["a", "b"], True),
        ("a\nb\n", ["a"], False),
        ("a\nx\ny\nb\n", ["a", "…", "b"], True),
        ("a\nb\n", ["a", "…", "b"], True),
        ("in 0.31 s\n", ["in … s"], True),
        ("in 0.31 m\n", ["in … s"], False),
        ("a\n", ["a", "^C"], True),
        ("", [], False),
    ],
)
def test_shown_output_is_compared(said: str, shown: list[str], same: bool) -> None:
    assert shows(said, shown) == same


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("```python\nprint(1)\n```\n```text\n2\n```\n", "shows:\n2"),
        ("```python\n# a.py\n1 / 0\n```\n", "never run or imported"),
        ("```python\n# a.py\nprint(1)\n```\n```console\n$ python a.py\n2\n```\n", "shows:\n2"),
        ("```console\n$ openline explain 1\n```\n", "status 2"),
        ("<!-- status: 1 -->\n```console\n$ openline explain 1008\n```\n", "status 0"),
        ("```console\n$ curl example\n```\n", "curl is not run here"),
        ("```html\n<!-- a.html -->\n```\n", "never run or imported"),
        ("```ipython\n1 / 0\n```\n", "ZeroDivisionError"),
        ("```ipython\nx = 1\n```\n```ipython\nx\n```\n```text\n2\n```\n", "shows:\n2"),
    ],
)
def test_wrong_page_is_detected(page: str, wrong: str, tmp_path: Path) -> None:
    with pytest.raises(PageError, match=wrong):
        Runner(tmp_path).run(blocks(page))


def test_page_that_needs_what_is_missing_is_skipped() -> None:
    assert missing("<!-- needs: json asyncio -->") == ""
    assert missing("<!-- needs: json nowhere_to_be_found -->") == (
        "the module nowhere_to_be_found is not installed"
    )


def test_right_page_passes(tmp_path: Path) -> None:
    page = (
        "```python\n# a.py\ndef f():\n    return 1\n```\n"
        "```python\n# a.py, f again\ndef f():\n    return 2\n```\n"
        "```python\n# b.py\nfrom a import f\nprint(f(), '127.0.0.1:8000')\n```\n"
        "```console\n$ python b.py\n2 127.0.0.1:8000\n```\n"
        '```python\n# d.py\nprint(open("c.html").read())\n```\n'
        "```html\n<!-- c.html -->\n<p>\n```\n"
        "```console\n$ python d.py\n<!-- c.html -->\n<p>\n```\n"
        "```ipython\nimport asyncio\nasync def f():\n    return 3\n```\n"
        "```ipython\nawait f() + await asyncio.sleep(0, 1)\n```\n```text\n4\n```\n"
        "```console\n$ python -c 'import time; print(1, flush=True); time.sleep(99)'\n1\n"
        "^C\n…\n```\n"
    ).replace("```console\n$ python -c", "<!-- status: -2 -->\n```console\n$ python -c")
    Runner(tmp_path).run(blocks(page))
