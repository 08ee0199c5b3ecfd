"""Under gevent's monkey patching a session holds up its own greenlet alone."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.blocking.support import serving
from tests.faces.corpus import cut, echo

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("gevent") is None, reason="gevent is not installed"
)

#: A greenlet that ticks, and a real thread, which shows how long the machine held up all of them.
TICKING = """
ticks, passed, over = [], [], threading.Event()
def tick():
    while True:
        ticks.append(time.monotonic())
        time.sleep(0.005)

def pass_time():
    native = gevent.monkey.get_original("time", "sleep")
    while not over.is_set():
        passed.append(time.monotonic())
        native(0.005)

def longest(times):
    return max(b - a for a, b in zip(times, times[1:]))

gevent.get_hub().threadpool.spawn(pass_time)
"""

#: Four sessions as greenlets, one of them fed by another greenlet and one by a real thread, with a
#: provider and an app that sleep; beside them a greenlet ticks.
PROGRAM = """
import gevent.monkey
gevent.monkey.patch_all()
import json, sys, threading, time, gevent
from openline import Backend, Ended, Policy
from openline_blocking import SharedProvider, open_session
from openline_blocking.sources import PushSource
from openline_blocking.tasks import here, sleep_until

PORTS = json.loads(sys.argv[1])
POLICY = Policy(start_delay=0, scatter=0, prompt_retry=0)

class Frames:
    duration = None
    async def run(self, sink):
        start = here().poller.now()
        sink.started(start)
        for number in range(60):
            await sleep_until(start + (number + 1) * 0.02)
            sink.audio(bytes(640))

calls = []
def token():
    calls.append(1)
    time.sleep(0.1)
    return "token"

TICKING

spans = []
def within(run):
    def spanned(*args, **given):
        begun = time.monotonic()
        found = run(*args, **given)
        spans.append((begun, time.monotonic()))
        return found
    return spanned

@within
def session(port, source, **given):
    for update in open_session(Backend(port=port), {"mic": source}, policy=POLICY, **given):
        if isinstance(update, Ended):
            return [update.complete, update.accounts["mic"].captured, update.statistics.dials]

@within
def slow(port):
    with open_session(Backend(port=port), {"mic": Frames()}, policy=POLICY) as opened:
        for update in opened:
            time.sleep(0.01)
    return [update.complete, update.accounts["mic"].captured, update.statistics.dials]

def push(source, send):
    for number in range(60):
        send(bytes(640))
        time.sleep(0.02)
    source.close()

def push_natively(source):
    native = gevent.monkey.get_original("time", "sleep")
    for number in range(60):
        source.send_from_thread(bytes(640))
        native(0.02)
    source.close()

ticking = gevent.spawn(tick)
shared = SharedProvider(token)
pushed, threaded = PushSource(), PushSource()
running = [
    gevent.spawn(session, PORTS[0], Frames(), credentials=shared),
    gevent.spawn(session, PORTS[1], Frames(), credentials=shared),
    gevent.spawn(session, PORTS[2], pushed),
    gevent.spawn(session, PORTS[3], threaded),
    gevent.spawn(slow, PORTS[4]),
]
gevent.spawn(push, pushed, pushed.send)
gevent.get_hub().threadpool.spawn(push_natively, threaded)
gevent.joinall(running, raise_error=True)
ticking.kill()
over.set()
print(json.dumps({"found": [each.value for each in running], "calls": len(calls), "spans": spans,
                  "ticks": len(ticks), "longest": longest(ticks), "machine": longest(passed),
                  "trio": "trio" in sys.modules}))
""".replace("TICKING", TICKING)


def test_sessions_are_greenlets_side_by_side() -> None:
    with (
        serving(cut, echo) as lost,
        serving(echo) as second,
        serving(echo) as third,
        serving(echo) as fourth,
        serving(echo) as fifth,
    ):
        ports = json.dumps([each.port for each in (lost, second, third, fourth, fifth)])
        command = [sys.executable, "-W", "error", "-c", PROGRAM, ports]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["found"] == [[True, 60 * 320, 2]] + [[True, 60 * 320, 1]] * 4
    assert found["calls"] == 1
    assert max(begun for begun, _ in found["spans"]) < min(end for _, end in found["spans"])
    assert found["ticks"] > 100  # at most 240 a second
    assert found["longest"] < 1.0 + found["machine"]
    assert not found["trio"]


#: A session with a microphone, whose sound card calls from a thread of its own, as PortAudio does;
#: beside it a greenlet ticks. ``sounddevice`` is made up.
MICROPHONE = """
import gevent.monkey
gevent.monkey.patch_all()
import json, sys, threading, time, gevent
from openline import Backend, Ended, Policy
from openline_blocking import open_session
from openline_blocking.sources import Microphone
from tests.trio.sources.support_card import BLOCK, Card, sounddevice

card = Card()
sys.modules["sounddevice"] = sounddevice(card)
policy = Policy(start_delay=0, scatter=0, prompt_retry=0)

TICKING

def play():
    native = gevent.monkey.get_original("time", "sleep")
    while not (card.streams and card.streams[-1].calls):
        native(0.001)
    ticks.clear()  # until here it imported much, which takes as long as the machine likes
    for number in range(50):
        card.streams[-1].block(1 + number * 0.02)
        native(0.02)

def listen(port):
    heard = None
    with open_session(Backend(port=port), {"mic": Microphone()}, policy=policy) as session:
        playing = gevent.get_hub().threadpool.spawn(play)
        while not playing.ready():
            session.sleep(0.02)
        heard = session.statistics.sources["mic"].captured
        ended = session.stop()
    return [ended.complete, heard, ended.statistics.sources["mic"].captured]

ticking = gevent.spawn(tick)
listening = gevent.spawn(listen, int(sys.argv[1]))
gevent.joinall([listening], raise_error=True, timeout=200)
ticking.kill()
over.set()
print(json.dumps({"found": listening.value, "ticks": len(ticks), "longest": longest(ticks),
                  "machine": longest(passed), "calls": card.streams[-1].calls,
                  "frame": len(BLOCK) // 2}))
""".replace("TICKING", TICKING)


def test_a_microphone_is_heard_beside_other_greenlets() -> None:
    environment = {**os.environ, "PULSE_SERVER": "unix:/there/is/none"}
    with serving(echo) as backend:
        command = [sys.executable, "-W", "error", "-c", MICROPHONE, str(backend.port)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=240, env=environment
        )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    complete, heard, captured = told["found"]
    assert complete
    assert captured == 50 * told["frame"]
    assert heard > captured / 2  # while it was spoken, and not only at the end
    assert told["calls"] == ["start", "abort", "close"]
    assert told["ticks"] > 50  # at most 200 in the second of speech
    assert told["longest"] < 1.0 + told["machine"]
