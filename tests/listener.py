"""A real web server on this machine that webhooks are sent to: it answers as it is told and keeps what came."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """Where it listens, how it answers (each status once, the last for ever), and what came so far."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    waits_seconds: float = 0.0
    received: list[Received] = field(default_factory=list)

    def status(self) -> int:
        """Return the next answer."""
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port of the loopback interface."""
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            heard.received.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(heard.waits_seconds)
            status = heard.status()
            try:
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"{heard.url}/elsewhere")
                self.end_headers()
            except OSError:
                return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield heard
        server.shutdown()
