"""The local page: only with its secret, one answer to one question."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest

from barlovento.adapters.training_page import LocalPage, page_html


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return bytes(answer.read())


def post(address: str, message: Any, **headers: str) -> None:
    request = urllib.request.Request(address, json.dumps(message).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()


@pytest.fixture
def asked() -> Any:
    """A page that waits for an answer, and where the answer will be."""
    page = LocalPage(page_html())
    got: list[dict[str, Any]] = []
    state = {"ask": "leg", "title": "A test"}
    waiting = threading.Thread(target=lambda: got.append(page.ask(state, b"\x89PNG")), daemon=True)
    waiting.start()
    yield page, got, waiting
    page._server.shutdown()
    page._server.server_close()


def test_the_page_asks_and_takes_one_answer(asked: Any) -> None:
    page, got, waiting = asked
    assert page.address.startswith("http://127.0.0.1:")
    assert b"<svg" in get(page.address)
    assert get(page.address + "map.png") == b"\x89PNG"
    state = json.loads(get(page.address + "state"))
    assert state["title"] == "A test"
    # An answer to an earlier question is dropped.
    post(page.address + "send", {"leg": [[9, 9]], "number": state["number"] - 1})
    post(page.address + "send", {"leg": [[1, 2]], "number": state["number"]})
    waiting.join(5)
    assert got == [{"leg": [[1, 2]], "number": state["number"]}]


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("../send", {}, 400),
        ("send", {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_others_cant_answer(asked: Any, path: str, headers: dict[str, str], code: int) -> None:
    page, got, _ = asked
    with pytest.raises(urllib.error.HTTPError) as error:
        post(page.address + path, {"number": 1}, **headers)
    with error.value as refused:
        assert refused.code == code
    assert got == []


def test_without_the_secret_there_is_nothing(asked: Any) -> None:
    page, _, _ = asked
    root = page.address.rsplit("/", 2)[0]
    for path in ("/", "/state", "/wrong/state"):
        with pytest.raises(urllib.error.HTTPError) as error:
            get(root + path)
        with error.value as refused:
            assert refused.code == 404


def test_the_page_fetches_nothing_from_elsewhere() -> None:
    text = page_html()
    assert "http:" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in text
