"""What a soak counts is what fires, once, and nothing changes by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import openline
from openline import session
from openline.machine.table import fire
from tests.core.driver import Drive
from tests.support_counts import FOLDER, counting

ROOT = Path(__file__).parents[2]


def test_every_row_that_fires_is_counted_once_under_its_name() -> None:
    fired = Counter[str]()
    table = counting(session.TABLE, fired)
    line = Drive()
    line.open()
    state = line.session
    assert fire(table, state, "socket_opened")
    assert not fire(table, state, "socket_opened")
    assert fire(table, state, "stop_requested")
    assert fired == {
        "connecting --socket_opened--> awaiting_ack": 1,
        "awaiting_ack --stop_requested [all_delivered]--> closed": 1,
    }
    assert state.state == "closed"


def test_a_process_that_is_told_of_a_folder_writes_what_it_counted(tmp_path: Path) -> None:
    script = (
        "from tests import support_counts; support_counts.begin(); support_counts.begin()\n"
        "from openline import Backend, SessionMachine, events as e\n"
        "line = SessionMachine(Backend(), session_id='s', attempt_id='a', random=lambda: 0.5)\n"
        "line.receive(e.OpenRequested(), 0.0)\n"
        "line.receive(e.AbortRequested(), 0.1)\n"
    )
    folder = tmp_path / "counts"
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(openline.__file__).parents[1])])
    }
    env.pop(FOLDER, None)
    subprocess.run([sys.executable, "-c", script], env=env, check=True)
    assert not folder.exists()
    subprocess.run([sys.executable, "-c", script], env=env | {FOLDER: str(folder)}, check=True)
    [file] = folder.iterdir()
    assert json.loads(file.read_text()) == {
        "idle --open_requested--> connecting": 1,
        "connecting --abort_requested--> closed": 1,
    }


def test_what_nobody_counted_is_no_soak(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "diagrams" / "count.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}: no counts: run make soak\n")
