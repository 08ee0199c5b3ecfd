"""Who may import whom: the core touches nothing of the world, and imports run one way.

Everything is read from the syntax tree, whether an import runs or is for types alone:
a cycle of types is a cycle too.
"""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.support_trees import tree

ROOT = Path(__file__).parents[2]

#: What a pure core can need. Nothing here has a clock, a file, a socket, a thread,
#: randomness or the environment; what is missing is forbidden.
PURE = frozenset(
    {
        "__future__", "abc", "array", "base64", "binascii", "bisect", "collections",
        "collections.abc", "contextlib", "copy", "dataclasses", "difflib", "enum", "fractions",
        "functools", "hashlib", "heapq", "html", "inspect", "ipaddress", "itertools", "json",
        "keyword", "math",
        "numbers", "operator", "re", "string", "struct", "textwrap", "types", "typing",
        "typing_extensions", "unicodedata", "urllib.parse", "xml.sax.saxutils",
    }
)  # fmt: skip
#: The two distributions that the core needs.
NEEDED = ("msgspec", "statemachine")
#: What a part of the core may import besides: the kit for tests draws from hypothesis.
#: The theorem draws from seeds, so that a failure is named by a number (see ``_unseeded``).
#: The driver is as pure as the core. Some of its modules need names of the world, and no more:
#: what an error of a socket or a status of a proxy means, the types of a TLS context and of a path,
#: which version this is, how a session is logged, and a lock for what sessions of several threads
#: share. One opens a socket: that of the kernel's news, for each face opens it alike.
BESIDES = {
    "openline_driver": ("openline_driver", "openline_audio.source"),
    "openline_driver.exports": ("importlib",),
    "openline_driver.http": ("email.utils",),
    "openline_driver.proxies": ("http",),
    "openline_driver.socks": ("python_socks",),
    "openline_driver.upgrade": ("websockets", "logging"),
    "openline_driver.websocket": ("websockets",),
    "openline_driver.argument_checks": ("ssl",),
    "openline_driver.arguments": ("ssl",),
    "openline_driver.openers": ("os", "ssl"),
    "openline_driver.tls": ("ssl",),
    "openline_driver.tls_in_tls": ("ssl",),
    "openline_driver.sinks": ("openline_audio.samples",),
    "openline_driver.log_observer": ("logging",),
    "openline_driver.version": ("importlib.metadata",),
    "openline_driver.shared_provider": ("threading",),
    "openline_driver.netlink": ("socket", "time"),
    "openline_driver.network_errors": ("errno", "os", "socket", "ssl"),
    "openline_testing": ("hypothesis",),
    "openline_testing.theorem": ("random",),
}
#: Builtins that reach out of the core, or run text as code.
FORBIDDEN_CALLS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})

#: The rooms, and the rooms that each may import; a room may always import itself.
ROOMS: dict[str, tuple[str, ...]] = {
    "openline": (),
    "openline_lookup": ("openline",),
    "openline_diagrams": ("openline", "openline_lookup"),
    "openline_inspect": ("openline", "openline_lookup", "openline_diagrams"),
    "openline_audio": ("openline",),
    "openline_driver": ("openline", "openline_audio"),
    "openline_network": ("openline", "openline_driver"),
    "openline_telemetry": ("openline", "openline_driver"),
    "openline_store": ("openline", "openline_driver"),
    "openline_trio": (
        *("openline", "openline_store", "openline_audio", "openline_driver", "openline_network"),
    ),
    "openline_asyncio": (
        *("openline", "openline_store", "openline_audio", "openline_driver", "openline_network"),
    ),
    "openline_threads": (
        *("openline", "openline_store", "openline_audio", "openline_driver", "openline_asyncio"),
    ),
    "openline_blocking": (
        *("openline", "openline_store", "openline_audio", "openline_driver", "openline_network"),
    ),
    "openline_server": ("openline", "openline_audio", "openline_driver"),
    "openline_doctor": (
        *("openline", "openline_lookup", "openline_driver", "openline_network"),
        "openline_asyncio",
    ),
    "openline_testing": ("openline", "openline_driver", "openline_server"),
    "openline_speech": ("openline",),
    "openline_wyoming": ("openline", "openline_asyncio", "openline_audio", "openline_driver"),
    "openline_pipecat": (
        *("openline", "openline_speech", "openline_asyncio", "openline_audio", "openline_driver"),
    ),
    "openline_livekit": (
        *("openline", "openline_speech", "openline_asyncio", "openline_audio", "openline_driver"),
    ),
    "openline_fleet": (
        *("openline", "openline_store", "openline_audio", "openline_driver", "openline_asyncio"),
    ),
    "openline_batch": (
        *("openline", "openline_store", "openline_audio", "openline_driver", "openline_asyncio"),
        "openline_fleet",
    ),
    "openline_load": (
        *("openline", "openline_audio", "openline_driver", "openline_asyncio"),
        *("openline_blocking", "openline_fleet"),
    ),
    "openline_cli": (
        *("openline", "openline_lookup", "openline_diagrams", "openline_inspect", "openline_store"),
        *("openline_audio", "openline_driver", "openline_trio", "openline_server"),
        *("openline_asyncio", "openline_speech", "openline_wyoming"),
        *("openline_fleet", "openline_batch", "openline_load", "openline_doctor"),
        "openline_telemetry",
    ),
}

#: Who alone may import a module or any part of it: these, their parts, and itself.
ONLY = {
    "openline.machine.actions": ("openline.session",),
    # The packages of an extra stay where the extra is asked for.
    "trio": (
        "openline_trio",
        "openline_server",
        "openline_testing",
        "openline_cli",
    ),
    "asyncio": (
        "openline_asyncio",
        "openline_threads",
        "openline_wyoming",
        "openline_cli.wyoming",
        "openline_pipecat",
        "openline_livekit",
        "openline_fleet",
        "openline_batch",
        "openline_load",
        "openline_doctor",
        "openline_cli.batch",
        "openline_cli.doctor",
        "openline_cli.load",
    ),
    "h11": ("openline_cli.live_server",),
    "picows": ("openline_fleet",),
    "ray": ("openline_fleet.engines.ray",),
    "locust": ("openline_load.locust",),
    "opentelemetry": ("openline_telemetry",),
    "wyoming": ("openline_wyoming",),
    "zeroconf": ("openline_wyoming.announcing",),
    "pipecat": ("openline_pipecat",),
    "livekit": ("openline_livekit",),
    "websockets": ("openline_driver.upgrade", "openline_driver.websocket"),
    "rich": ("openline_cli",),
    "soundfile": ("openline_audio",),
    "soxr": ("openline_audio",),
    "av": ("openline_audio.container",),
    "python_socks": ("openline_driver.socks", "openline_network.proxied"),
    "sounddevice": ("openline_audio.portaudio",),
    "pulsectl": ("openline_audio.pulse",),
    "faster_whisper": ("openline_server",),
    "pocketsphinx": ("openline_server",),
    "trio_parallel": ("openline_server",),
    "statemachine": ("openline",),
    "hypothesis": ("openline_testing",),
    "sphinx": ("openline_diagrams.sphinx",),
    "docutils": ("openline_diagrams.sphinx",),
}


class Module(NamedTuple):
    """One module of ours, parsed."""

    name: str
    is_package: bool
    tree: ast.Module


def _modules() -> Iterator[Module]:
    for top in (ROOT / "core", ROOT / "adapters", ROOT / "diagrams"):
        for path in sorted(top.rglob("*.py")):
            parts = path.relative_to(top).with_suffix("").parts
            if not parts[0].startswith("openline"):
                continue  # a script
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            yield Module(name, is_package, tree(path))


MODULES = {module.name: module for module in _modules()}
NAMES = frozenset(MODULES)
CORE = sorted(name for name in MODULES if name.split(".")[0] == "openline")
DRIVER = sorted(name for name in MODULES if name.split(".")[0] == "openline_driver")


def _within(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


@cache
def _import_nodes(module: Module) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.walk(module.tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def _imports(module: Module, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Every (line, module) that ``module`` imports, in full names.

    What ``from a import b`` names is ``a.b`` if that is a module in ``known``, else ``a``.
    """
    package = module.name.split(".")
    if not module.is_package:
        package.pop()
    for node in _import_nodes(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        else:
            up = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield node.lineno, full if full in known else base


def _impurities(module: Module) -> list[str]:
    """What in ``module`` reaches out of the core, a line for each."""
    allowed = ["openline", *NEEDED]
    for part, besides in BESIDES.items():
        allowed += besides if _within(module.name, part) else ()
    found = [
        f"{module.name}:{line} imports {imported}"
        for line, imported in _imports(module, PURE | NAMES)
        if imported not in PURE and not any(_within(imported, whole) for whole in allowed)
    ]
    found += [
        f"{module.name}:{node.lineno} calls {node.func.id}()"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in FORBIDDEN_CALLS
    ]
    found += [
        f"{module.name}:{node.lineno} is asynchronous"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    return found


def _trespasses(module: Module) -> list[str]:
    """The imports of ``module`` against ``ROOMS`` and ``ONLY``, a line for each."""
    room = module.name.split(".")[0]
    found = [
        f"{module.name}:{line} imports {imported}: {room} may import {ROOMS[room]}"
        for line, imported in _imports(module, NAMES)
        if (other := imported.split(".")[0]) in ROOMS and other not in {room, *ROOMS[room]}
    ]
    return found + [
        f"{module.name}:{line} imports {imported}, kept for {kept} and {others}"
        for line, imported in _imports(module, NAMES)
        for kept, others in ONLY.items()
        if _within(imported, kept)
        and not any(_within(module.name, allowed) for allowed in (kept, *others))
    ]


def _unseeded(module: Module) -> list[str]:
    """Where ``module`` draws at random without a seed: what is drawn cannot be drawn again."""
    names = [
        alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "random"
        for alias in node.names
    ]
    found = [f"{module.name} imports random.{name}" for name in names if name != "Random"]
    found += [f"{module.name} imports random" for _, to in _imports(module, frozenset())
              if to == "random" and not names]  # fmt: skip
    found += [
        f"{module.name}:{node.lineno} calls Random()"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Random"
        and not node.args
    ]
    return found


def _code(tree: ast.Module) -> list[str]:
    """The places in a chart that do something instead of declaring it."""
    doing = (
        ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.If, ast.IfExp, ast.Match,
        ast.For, ast.While, ast.Try, ast.With,
    )  # fmt: skip
    return [
        f"line {node.lineno}: {type(node).__name__}"
        for node in ast.walk(tree)
        if isinstance(node, doing)
    ]


def _cycle(modules: dict[str, Module]) -> list[str]:
    """The first cycle of imports among ``modules``, or nothing."""
    known = frozenset(modules)
    graph = {
        name: {to for _, to in _imports(module, known) if to in known and to != name}
        for name, module in modules.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return []


def _snippet(source: str, name: str = "openline.snippet") -> Module:
    return Module(name, is_package=False, tree=ast.parse(source))


@pytest.mark.parametrize("name", [*CORE, *DRIVER])
def test_core_and_driver_are_pure(name: str) -> None:
    assert not _impurities(MODULES[name])


def test_module_that_names_socket_errors_opens_no_socket() -> None:
    tree = MODULES["openline_driver.network_errors"].tree
    used = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"errno", "os", "socket", "ssl"}
    }
    names = {name for name in used if not re.fullmatch(r"errno\.E\w+|socket\.EAI_\w+", name)}
    assert names == {
        "os.strerror",
        "socket.gaierror",
        "ssl.SSLCertVerificationError",
        "ssl.SSLEOFError",
        "ssl.SSLError",
        "ssl.SSLZeroReturnError",
    }


@pytest.mark.parametrize("name", CORE)
def test_random_draws_of_the_core_have_a_seed(name: str) -> None:
    assert not _unseeded(MODULES[name])


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "from random import randint",
        "from random import Random\nx = Random()",
    ],
)
def test_draw_without_a_seed_is_detected(source: str) -> None:
    name = "openline_testing.theorem.snippet"
    assert len(_unseeded(_snippet(source, name))) == 1
    assert not _unseeded(_snippet("from random import Random\nx = Random(1)", name))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_run_one_way(name: str) -> None:
    assert not _trespasses(MODULES[name])


def test_no_import_cycle() -> None:
    assert not _cycle(MODULES), "a cycle of imports"


def test_the_chart_declares_and_does_nothing() -> None:
    assert not _code(MODULES["openline.machine.chart"].tree)


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "import urllib.request",
        "import trio",
        "import hypothesis",
        "import openline_trio.session",
        "from datetime import datetime",
        "from urllib import request",
        "from uuid import uuid4",
        "from importlib import import_module",
        "def f():\n    import random",
        "import typing\nif typing.TYPE_CHECKING:\n    import logging",
        "print('x')",
        "x = [open(p) for p in ()]",
        "async def f(): ...",
    ],
)
def test_impure_core_is_detected(source: str) -> None:
    assert len(_impurities(_snippet(source))) == 1


@pytest.mark.parametrize(
    "source", ["import time", "import socket", "import trio", "import uuid", "async def f(): ..."]
)
def test_impure_driver_is_detected(source: str) -> None:
    assert len(_impurities(_snippet(source, "openline_driver.driver"))) == 1


def test_the_kit_for_tests_alone_may_draw_from_hypothesis() -> None:
    source = "from hypothesis import strategies"
    assert not _impurities(_snippet(source, "openline_testing.snippet"))
    assert len(_impurities(_snippet(source))) == 1
    assert len(_impurities(_snippet("import random", "openline_testing.snippet"))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from urllib.parse import urlsplit",
        "from urllib import parse",
        "from statemachine.contrib import diagram",
        "from . import verdicts",
        "from .dialects import echopanel",
        "import collections.abc",
    ],
)
def test_pure_core_passes(source: str) -> None:
    assert not _impurities(_snippet(source))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("openline.machine.table", "from .actions import Link"),
        ("openline.dialects.other", "from ..machine.actions import Link"),
        ("openline_trio.session", "import openline.machine.actions"),
        ("openline_trio.session", "from openline_cli.main import run"),
        ("openline_trio.sources.files", "from openline_server.server import serve"),
        ("openline_trio.session", "import statemachine"),
        ("openline_trio.socket", "from rich.text import Text"),
        ("openline_driver.driver", "import openline_trio"),
        ("openline_driver.driver", "import openline_store.spool"),
        ("openline_driver.updates", "import trio"),
        ("openline_store.spool", "import openline_audio.source"),
        ("openline_audio.convert", "import trio"),
        ("openline_asyncio.session", "import trio"),
        ("openline_trio.session", "import asyncio"),
        ("openline_threads.session", "import openline_trio.session"),
        ("openline_asyncio.session", "import openline_threads"),
        ("openline_blocking.session", "import asyncio"),
        ("openline_blocking.session", "import trio"),
        ("openline_asyncio.dial", "import openline_trio.dial"),
        ("openline_diagrams.render", "import openline_trio"),
        ("openline_diagrams.render", "import trio"),
        ("openline_trio.session", "from openline_diagrams import svg"),
        ("openline_diagrams.embedded", "from docutils import nodes"),
        ("openline_diagrams.render", "import sphinx.util"),
        ("openline.machine.actions", "import openline_testing"),
        ("openline_trio.session", "from openline_testing import World"),
    ],
)
def test_forbidden_import_is_detected(name: str, source: str) -> None:
    assert len(_trespasses(_snippet(source, name))) == 1


def test_cycle_is_detected_through_packages_and_types() -> None:
    modules = {
        "p": Module("p", is_package=True, tree=ast.parse("from .a import A")),
        "p.a": _snippet("from . import b", "p.a"),
        "p.b": _snippet("if TYPE_CHECKING:\n    from p.a import A", "p.b"),
    }
    assert sorted(set(_cycle(modules))) == ["p.a", "p.b"]


@pytest.mark.parametrize("source", ["def on_enter(self): ...", "x = lambda: 1", "if y: x = 1"])
def test_code_in_the_chart_is_detected(source: str) -> None:
    assert _code(ast.parse(source))
