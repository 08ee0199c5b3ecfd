"""``--policy`` and ``--config``: values, precedence and errors."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openline.dialects.registry import BUILT_IN
from openline.policy import Policy
from openline_cli import resume as resume_module
from openline_cli import stream as stream_module
from openline_cli.commands import COMMANDS
from openline_cli.main import main
from openline_cli.options import LOGGING, TABLES
from openline_cli.parameters import read_words
from openline_cli.problems import Problem
from openline_cli.resume import ResumeOptions
from openline_cli.settings import settle
from openline_cli.stream import StreamOptions

Captured = pytest.CaptureFixture[str]
Settled = Callable[..., dict[str, Any]]


def settled(*words: str, command: str = "stream") -> dict[str, Any]:
    """What the command's function gets; the log options go elsewhere."""
    values = settle(COMMANDS[command], read_words(COMMANDS[command], words))
    logging = {each.name for each in LOGGING}
    return {name: value for name, value in values.items() if name not in logging}


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "openline.toml"
        path.write_text(text, "utf-8")
        return str(path)

    return write


def test_without_settings_there_is_no_policy() -> None:
    assert settled("x.wav")["policy"] is None
    assert settled("calls", command="resume")["policy"] is None


def test_fields_are_given_one_by_one_and_the_last_wins() -> None:
    words = ["--policy", "ping_interval=2", "--policy=pong_timeout=1.5"]
    words += ["--policy", "max_attempts=3", "--policy", "ping_interval=4"]
    expected = Policy(ping_interval=4, pong_timeout=1.5, max_attempts=3)
    assert settled("x.wav", *words)["policy"] == expected


@pytest.mark.parametrize(("word", "value"), [("true", True), ("False", False)])
def test_a_truth_is_a_word(word: str, value: bool) -> None:
    assert settled("x.wav", "--policy", f"careful_seams={word}")["policy"].careful_seams is value


@pytest.mark.parametrize("word", ["none", "None", " none "])
def test_none_is_no_limit(word: str) -> None:
    assert settled("x.wav", "--policy", f"give_up_after={word}")["policy"].give_up_after is None


def test_a_file_gives_the_policy_the_backend_and_the_sources(
    config: Callable[[str], str], tmp_path: Path
) -> None:
    path = config(
        """
        [policy]
        give_up_after = "none"
        max_attempts = 2
        [backend]
        url = "wss://speech.example/ws"
        dialect = "echopanel"
        token_file = "token"
        plain_ws = true
        [sources]
        source = "mic"
        speed = 2
        rate = 8000
        channels = 2
        """
    )
    values = settled("x.wav", "--config", path)
    assert values["policy"] == Policy(give_up_after=None, max_attempts=2)
    assert values["url"] == "wss://speech.example/ws"
    assert values["dialect"] == "echopanel"
    assert values["token_file"] == tmp_path / "token"
    assert values["plain_ws"] is True
    assert (values["source"], values["speed"]) == ("mic", 2.0)
    assert (values["rate"], values["channels"]) == (8000, 2)
    assert "config" not in values


def test_the_command_line_wins_over_the_file(config: Callable[[str], str]) -> None:
    path = config(
        '[policy]\nping_interval = 2\npong_timeout = 3\n[backend]\nurl = "ws://127.0.0.1:1/"\n'
        "[sources]\nspeed = 2.0\n"
    )
    words = ("--policy", "ping_interval=4", "--url", "ws://127.0.0.1:2/", "--speed", "3")
    values = settled("x.wav", *words, "--config", path)
    assert values["policy"] == Policy(ping_interval=4, pong_timeout=3)
    assert (values["url"], values["speed"]) == ("ws://127.0.0.1:2/", 3.0)


def test_settings_of_other_commands_are_ignored(config: Callable[[str], str]) -> None:
    values = settled("calls", "--config", config("[sources]\nspeed = 2.0\n"), command="resume")
    assert "speed" not in values
    assert values["url"] is None


def test_every_key_of_a_table_is_an_option_of_stream() -> None:
    stream = {each.name: each for each in COMMANDS["stream"].parameters}
    for table, known in TABLES.items():
        for key, parameter in known.items():
            assert stream[key] is parameter
            assert parameter.table == table
    assert {each.name for each in stream.values() if each.table} == {
        key for known in TABLES.values() for key in known
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("ping_interval", "--policy ping_interval: give NAME=VALUE, as in give_up_after=60"),
        ("ping_intervall=5", "--policy: there is no field ping_intervall; did you mean ping_inter"),
        ("=5", "--policy =5: give NAME=VALUE"),
        ("ping_interval=fast", "--policy: ping_interval is 'fast': give seconds, more than 0"),
        ("ping_interval=", "--policy: ping_interval is '': give seconds"),
        ("ping_interval=nan", "--policy: ping_interval is nan: give seconds"),
        ("ping_interval=none", "--policy: ping_interval is None: give seconds"),
        ("max_attempts=1.5", "--policy: max_attempts is 1.5: give a whole number"),
        ("dials_per_minute=60", "--policy: dials_per_minute is 60: give 1 to 15"),
        ("backoff_cap=0.5", "--policy: backoff_cap is less than backoff_first: raise it"),
        ("ping_interval=0", "(ping_interval: a ping goes out at least this often)"),
    ],
)
def test_a_wrong_field_is_one_line_that_names_it(
    given: str, says: str, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for call in (["stream", "x.wav"], ["resume", "calls"]):
        assert main([*call, "--policy", given]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert says in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[policy]\nping = 1\n", ": [policy]: there is no field ping"),
        ("[policy]\nbad = 1\n", ": [policy]: there is no field bad; give one of start_delay, "),
        ("[policy]\nping_interval = 0\n", ": [policy]: ping_interval is 0: give seconds"),
        ("[policy]\nping_interval = true\n", ": [policy]: ping_interval is True: give seconds"),
        ("[policy]\nping_interval = [1]\n", ": [policy]: ping_interval is [1]: give seconds"),
        ("[polcy]\n", ": there is no table [polcy]; give [policy], [backend], [sources]"),
        ("policy = 1\n", ": policy is no table: write [policy] above its keys"),
        ("[backend]\nhost = 'x'\n", ": [backend]: there is no host"),
        ("[backend]\nurls = 'x'\n", ": [backend]: there is no urls; did you mean url?"),
        ("[backend]\ntoken = 'pw'\n", ": [backend]: a token never stands in it; name its file"),
        ("[backend]\nplain_ws = 1\n", ": [backend] plain_ws: give true or false"),
        ("[backend]\nurl = true\n", ": [backend] url: give one URL"),
        ("[backend]\nurl = ['x']\n", ": [backend] url: give one URL"),
        ("[sources]\nrate = 'high'\n", ": [sources] rate is high: give a whole number"),
        ("[sources]\nspeed = -1\n", ": [sources] speed is -1: give a number above 0"),
        ("[policy\n", ": not TOML: "),
        ("# \udcff", ": not TOML: "),
        (f"#{' ' * 70_000}", ": too long for settings; name a TOML file"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_the_place(
    text: str, says: str, capsys: Captured, tmp_path: Path
) -> None:
    path = tmp_path / "openline.toml"
    path.write_text(text, "utf-8", errors="surrogateescape")
    assert main(["stream", "x.wav", "--config", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"--config {path}{says}" in err
    assert "pw" not in err


def test_a_file_that_cannot_be_read_is_one_line(capsys: Captured, tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        assert main(["resume", "calls", "--config", str(path)]) == 2
        assert f"--config {path}: {why}" in capsys.readouterr().err


def test_a_buffer_too_small_for_the_dialect_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()

    def there(directory: Path) -> list[Path]:
        return [directory]

    monkeypatch.setattr(resume_module, "spooled_sessions", there)
    for call in (["stream", "x.wav"], ["resume", str(folder), "--dialect", "echopanel"]):
        assert main([*call, "--policy", "buffer_seconds=20"]) == 2
        err = capsys.readouterr().err
        assert err.startswith("openline: the policy: buffer_seconds is 20: this dialect and these")
        assert err.count("\n") == 1


def test_a_session_is_opened_with_the_policy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, played: Any, ended: Any
) -> None:
    recording = tmp_path / "x.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(640))
    policies: list[Policy | None] = []

    def open_session(backend: Any, sources: Any, *, policy: Policy | None, **_: Any) -> Any:
        policies.append(policy)
        return played([], ended()).open()

    monkeypatch.setattr("openline_trio.opening.open_session", open_session)
    assert main(["stream", str(recording), "--policy", "give_up_after=60"]) == 0
    assert policies == [Policy(give_up_after=60)]


def test_the_options_of_both_commands_take_every_setting() -> None:
    stream = settled("x.wav", "--policy", "give_up_after=60")
    assert StreamOptions(**stream).policy == Policy(give_up_after=60)
    resume = settled("calls", "--policy", "give_up_after=60", command="resume")
    assert ResumeOptions(**resume).policy == Policy(give_up_after=60)


def test_example_in_the_reference_is_valid(config: Callable[[str], str]) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
    text = page.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    values = settled("x.wav", "--config", config(text))
    assert isinstance(values["policy"], Policy)
    assert stream_module.make_backend(values["url"], plain_ws=False).is_secure


def test_a_problem_is_raised_before_anything_is_opened() -> None:
    with pytest.raises(Problem, match="no field"):
        settled("x.wav", "--policy", "x=1")


def is_enough(seconds: float, lag: float) -> bool:
    try:
        Policy(buffer_seconds=seconds).check_buffer(lag)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_command_refuses_what_a_session_would(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(3_200))
    lag = BUILT_IN[name].traits.lag
    least = next(n for n in range(1, 1_000) if is_enough(n, lag))
    setting = f"buffer_seconds={least - 1}"
    call = ["stream", str(tmp_path / "a.wav"), "--dialect", name, "--policy", setting]
    assert main([*call, "--url", "ws://127.0.0.1:1/"]) == 2
    assert f"buffer_seconds is {least - 1}: this dialect" in capsys.readouterr().err
