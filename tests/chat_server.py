"""A real web server on this machine that speaks the protocol of chat completions, as far as paraphrases need it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Said = tuple[int, dict[str, str], bytes]


def completion(text: object, *, ended: str = "stop") -> Said:
    """Return an answer as the protocol has it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": ended}
    return 200, {}, json.dumps({"object": "chat.completion", "choices": [choice]}).encode()


def in_other_words(asked: dict[str, Any]) -> Said:
    """Say the last line of the prompt backwards and with the seed, so that the same request has the same answer."""
    words = asked["messages"][-1]["content"].splitlines()[-1].split()
    return completion(" ".join([*reversed(words), f"n{asked['seed']}"]))


@dataclass
class ChatServer:
    """Its base address, how it answers, and every request that came: headers, and what was asked."""

    base: str = ""
    answer: Callable[[dict[str, Any]], Said] = in_other_words
    received: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def captions(self) -> list[str]:
        """Return the last lines of the prompts as they came."""
        return [asked["messages"][-1]["content"].splitlines()[-1] for _headers, asked in self.received]


@contextmanager
def chatting() -> Iterator[ChatServer]:
    """Listen on a free port of the loopback interface."""
    chat = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/chat/completions":
                self.send_error(404)
                return
            chat.received.append(({k.lower(): v for k, v in self.headers.items()}, asked))
            status, headers, body = chat.answer(asked)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        chat.base = f"http://127.0.0.1:{server.server_port}/v1"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield chat
        server.shutdown()
