"""No secret, no word and no text of others is exported, wherever it stood."""

from __future__ import annotations

import json

from openline import events as e
from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.updates import Ended
from openline_driver import facts as f
from tests.driver.model import Face, options
from tests.telemetry.support import Told

SECRET = "s3cr3t-9f31c0de"
#: The credential. The driver redacts it and what the backend's address holds, so what a server or
#: a device says is another secret.
TOKEN = "t0ken-77ab1234"
NEWS = "n3ws-51c0ffee"
#: It stands wherever an app or a server can put one; the host is public.
BACKEND = Backend(
    host="public.example",
    path=f"/{SECRET}/listen",
    query=f"signature={SECRET}",
    headers=(("X-Gateway", SECRET),),
)


def exported(told: Told) -> str:
    """All that has left the process, as text."""
    data = told.reader.get_metrics_data()
    assert data is not None
    spans = [span.to_json() for span in told.spans_out.get_finished_spans()]
    return "\n".join([data.to_json(), *spans])


def live(told: Told) -> None:
    """A session that meets the secret everywhere."""
    face = Face(
        told.telemetry.observer(),
        backend=BACKEND,
        sources=("mic",),
        credentials=lambda: TOKEN,
    )
    face.feed(e.OpenRequested())
    face.feed(f.CredentialGiven(1, TOKEN))
    dial = face.dialled[-1]
    face.feed(e.SocketOpened(dial, "c-1"))
    while face.driver.pull() is None:
        face.wake_up()
    ack = {"type": "status", "state": "streaming", "message": f"welcome {NEWS}"}
    face.feed(e.MessageReceived(dial, json.dumps(ack)))
    face.feed(e.AudioCaptured("mic", bytes(640)))
    words = {"text": f"my password is {NEWS}", "t0": 0.0, "t1": 0.02}
    face.feed(e.MessageReceived(dial, json.dumps({"type": "asr_partial"} | words)))
    face.feed(e.MessageReceived(dial, json.dumps({"type": "asr_final"} | words)))
    face.feed(e.MessageReceived(dial, f"no json {NEWS}"))
    face.feed(e.MessageReceived(dial, json.dumps({"type": NEWS, "message": NEWS})))
    face.feed(e.DeviceLost("mic", NEWS, NEWS))
    face.feed(e.DeviceFound("mic", NEWS, NEWS))
    face.lose(e.SocketLost(dial=dial, code=1011, sender=Sender.REMOTE, reason=NEWS))
    face.release()
    _answer(face, 2)
    face.lose(e.SocketLost(dial=face.dialled[-1], error=ErrorKind.TLS_OTHER, detail=NEWS))
    face.release()
    _answer(face, 3)
    face.lose(e.SocketLost(dial=face.dialled[-1], status=500, detail=NEWS))
    face.release()
    face.feed(e.SourceFailed("mic", NEWS))
    face.feed(e.AbortRequested())
    assert isinstance(face.driver.ended, Ended)
    assert len(face.dialled) == 3


def _answer(face: Face, request: int) -> None:
    """Wait for the next dial, with a credential for each request."""
    dials = len(face.dialled)
    while len(face.dialled) == dials and face.driver.ended is None:
        face.wake_up()
        face.feed(f.CredentialGiven(request, f"{TOKEN}-{request}"))


def test_no_secret_is_exported() -> None:
    told = Told(drafts=True)
    live(told)
    text = exported(told)
    assert "public.example" in text
    assert SECRET not in text
    assert TOKEN not in text
    assert NEWS not in text
    assert "password" not in text
    assert "signature" not in text


def test_the_scan_finds_what_is_exported() -> None:
    told = Told()
    drive = told.drive(backend=Backend(host=f"{SECRET}.example"))
    drive.open()
    drive.abort()
    assert SECRET in exported(told)


def test_the_ids_of_a_session_are_no_labels() -> None:
    told = Told()
    live(told)
    data = told.reader.get_metrics_data()
    assert data is not None
    labels = {
        str(value)
        for points in told.points().values()
        for point in points
        for value in (point.attributes or {}).values()
    }
    assert options().session_id not in labels
    assert labels.isdisjoint({"c-1", "public.example", "mic"})
