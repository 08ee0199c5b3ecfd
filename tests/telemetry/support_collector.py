"""A collector on this machine: takes what is exported by OTLP over HTTP, and keeps it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What came in, by its path. ``hangs``: it answers nothing until it is closed."""

    def __init__(self, *, status: int = 200, hangs: bool = False) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        self.endpoint = ""
        self._status, self._hangs = status, hangs
        self.over = threading.Event()

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one export."""
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        if handler.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.bodies.append((handler.path, body))
        if self._hangs:
            self.over.wait(60)
        handler.send_response(self._status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def spans(self) -> list[str]:
        """The names of the spans."""
        return [
            span.name
            for resource in self._read("/v1/traces", ExportTraceServiceRequest, "resource_spans")
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> set[str]:
        """The names of the metrics."""
        return {
            metric.name
            for resource in self._read(
                "/v1/metrics", ExportMetricsServiceRequest, "resource_metrics"
            )
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def services(self) -> set[str]:
        """What the services call themselves."""
        return {
            each.value.string_value
            for resource in self._read("/v1/traces", ExportTraceServiceRequest, "resource_spans")
            for each in resource.resource.attributes
            if each.key == "service.name"
        }

    def _read(self, path: str, kind: Any, field: str) -> list[Any]:
        bodies = [body for where, body in self.bodies if where == path]
        return [each for body in bodies for each in getattr(kind.FromString(body), field)]


@contextmanager
def collecting(*, status: int = 200, hangs: bool = False) -> Generator[Collector]:
    """A collector that listens, until the block ends."""
    collector = Collector(status=status, hangs=hangs)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield collector
        finally:
            collector.over.set()
            server.shutdown()
            serving.join()
