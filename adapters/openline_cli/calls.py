"""The function that runs each command.

These functions only pass the arguments on. They import what they need when they run:
``openline explain`` loads no audio and no backend.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from openline_cli.commands import COMMANDS
from openline_cli.importing import Importing
from openline_cli.problems import COMPLETE, Problem

if TYPE_CHECKING:
    from openline.policy import Policy


def run_demo(**given: Any) -> int:
    """``openline demo``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.demo import demo

    return demo(**given)


def run_stream(*, policy: Policy | None, **given: Any) -> int:
    """``openline stream``, with the settings of ``--config``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.stream import StreamOptions, stream

    return stream(StreamOptions(policy=policy, **given))


def run_mic(*, device: str, policy: Policy | None, **given: Any) -> int:
    """``openline mic``: stream that device. The exit status. Raises Problem."""
    return run_stream(files=[f"mic:{device}"], policy=policy, **given)


def run_devices(*, json: bool) -> int:
    """``openline devices``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.device_list import show

    sys.stdout.write(show(json=json))
    return COMPLETE


def run_resume(*, policy: Policy | None, **given: Any) -> int:
    """``openline resume``, with the settings of ``--config``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.resume import ResumeOptions, resume

    return resume(ResumeOptions(policy=policy, **given))


def run_serve(
    *,
    token_file: Path | None,
    fault: Sequence[str],
    figures: float | None,
    with_parent: bool,
    **given: Any,
) -> int:
    """``openline serve``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.credentials import read_token
        from openline_cli.serve import serve
        from openline_server import BackendError, ServerConfig

    token = read_token(token_file)
    try:
        config = ServerConfig(token=token, **given)
    except BackendError as error:
        raise Problem(str(error)) from None
    return serve(config, faults=fault, figures=figures, with_parent=with_parent)


def run_wyoming(*, policy: Policy | None, **given: Any) -> int:
    """``openline wyoming``, with the settings of ``--config``. The exit status. Raises Problem."""
    with Importing():
        import_module("openline_wyoming.server")  # first: its extra brings all that is needed
        from openline_cli.wyoming import WyomingOptions, wyoming

    return wyoming(WyomingOptions(policy=policy, **given))


def run_batch(*, policy: Policy | None, **given: Any) -> int:
    """``openline batch``, with the settings of ``--config``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.batch import BatchOptions, batch

    return batch(BatchOptions(policy=policy, **given))


def run_load(*, policy: Policy | None, **given: Any) -> int:
    """``openline load``, with the settings of ``--config``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.load import load
        from openline_cli.load_options import LoadOptions

    return load(LoadOptions(policy=policy, **given))


def run_doctor(**given: Any) -> int:
    """``openline doctor``. The exit status. Raises Problem."""
    with Importing():
        import_module("openline_doctor.probe")  # first: its extra brings all that is needed
        from openline_cli.doctor import DoctorOptions, doctor

    return doctor(DoctorOptions(**given))


def run_replay(*, file: Path, dialect: str | None, session: int | None, quiet: bool) -> int:
    """``openline replay``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.replay import replay

    return replay(file, dialect=dialect, number=session, quiet=quiet)


def run_inspect(*, session: int | None, **given: Any) -> int:
    """``openline inspect``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.inspecting import inspect

    return inspect(number=session, **given)


def run_explain(
    *, subject: str | None, dialect: str | None, session: int | None, json: bool
) -> int:
    """``openline explain``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.explain import show
        from openline_cli.retell import is_journal, retell

    if subject is not None and is_journal(subject):
        return retell(Path(subject), number=session, json=json)
    if session is not None:
        raise Problem("--session: it chooses a session of a journal: name its file")

    sys.stdout.write(show(subject, json=json, dialect=dialect))
    return COMPLETE


def run_diagram(*, session: int | None, **given: Any) -> int:
    """``openline diagram``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.diagram import diagram

    return diagram(number=session, **given)


def run_dialects(*, name: str | None, json: bool) -> int:
    """``openline dialects``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.dialect_list import show

    sys.stdout.write(show(name, json=json))
    return COMPLETE


def run_completion(*, shell: str) -> int:
    """``openline completion``. The exit status. Raises Problem."""
    with Importing():
        from openline_cli.completion import script

    sys.stdout.write(script(shell, COMMANDS))
    return COMPLETE


#: The function that runs each command, by the command's name.
RUN: Final[Mapping[str, Callable[..., int]]] = {
    "demo": run_demo,
    "stream": run_stream,
    "mic": run_mic,
    "devices": run_devices,
    "resume": run_resume,
    "serve": run_serve,
    "wyoming": run_wyoming,
    "batch": run_batch,
    "load": run_load,
    "doctor": run_doctor,
    "replay": run_replay,
    "inspect": run_inspect,
    "explain": run_explain,
    "diagram": run_diagram,
    "dialects": run_dialects,
    "completion": run_completion,
}
