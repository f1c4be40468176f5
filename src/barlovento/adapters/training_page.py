"""A page on this machine's own address where a person clicks legs and an answer on a map.

Only the loopback interface is listened on, a secret in the address keeps other users of the
machine out, and requests from other sites are refused.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

LARGEST = 100_000
"""Of a request [bytes]."""

POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'"
)


class LocalPage:
    """One page that shows a state and takes one message at a time.

    Parameters
    ----------
    html : str
        The page.
    """

    def __init__(self, html: str) -> None:
        self._html = html.encode()
        self._secret = secrets.token_urlsafe(16)
        self._state: dict[str, Any] = {}
        self._picture = b""
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(None, self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://127.0.0.1:{self._server.server_port}/{self._secret}/"

    def ask(self, state: dict[str, Any], picture: bytes) -> dict[str, Any]:
        """Show a state and a picture, and wait for what the person sends.

        Parameters
        ----------
        state : dict
            JSON types; ``ask`` says what is wanted.
        picture : bytes
            PNG.
        """
        self._picture = picture
        self._state = {**state, "number": self._state.get("number", 0) + 1}
        while True:
            message = self._messages.get()
            # An answer to what was asked before: a second click, or another window.
            if message.get("number") == self._state["number"]:
                return message

    def close(self, text: str) -> None:
        """Show a last sentence and stop listening."""
        self._state = {"ask": "nothing", "text": text, "number": -1}
        threading.Timer(5.0, self._server.shutdown).start()

    def answer_get(self, path: str) -> tuple[str, bytes] | None:
        """Return type and content of a path, None where there is none."""
        begin = f"/{self._secret}/"
        if not path.startswith(begin):
            return None
        name = path.removeprefix(begin).partition("?")[0]
        if name == "":
            return "text/html; charset=utf-8", self._html
        if name == "state":
            return "application/json", json.dumps(self._state, allow_nan=False).encode()
        if name == "map.png":
            return "image/png", self._picture
        return None

    def take_post(self, path: str, body: bytes) -> bool:
        """Take a message; False where it is none."""
        if path != f"/{self._secret}/send":
            return False
        try:
            message = json.loads(body)
        except (json.JSONDecodeError, UnicodeDecodeError):
            return False
        if not isinstance(message, dict):
            return False
        self._messages.put(message)
        return True


def _handler(page: LocalPage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Serves one page to this machine."""

        def do_GET(self) -> None:
            found = page.answer_get(self.path)
            if found is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self._send(*found)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if (
                length > LARGEST
                or self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
            ):
                self.send_error(HTTPStatus.FORBIDDEN)
                return
            if page.take_post(self.path, self.rfile.read(length)):
                self._send("application/json", b"{}")
            else:
                self.send_error(HTTPStatus.BAD_REQUEST)

        def _send(self, kind: str, content: bytes) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""
            del format, args

    return Handler


def page_html() -> str:
    """Return the page of training."""
    room = resources.files("barlovento.adapters") / "training_page.html"
    return room.read_text(encoding="utf-8")
