"""Small files of JSON: read strictly, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from barlovento.errors import BadInput
from barlovento.guard.verifier import VerifyError, strict_json

Found = TypeVar("Found")

LONGEST_FILE = 8 << 20
"""Bytes."""


def read_bytes(path: Path) -> bytes:
    """Read a file that is not absurdly long."""
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise BadInput(f"{path} is too long for this.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"Can't read {path}: {error.strerror or error}.") from error


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object; a key that stands twice is refused."""
    content = checked(path, lambda: strict_json(read_bytes(path)))
    if not isinstance(content, dict):
        raise BadInput(f"{path} holds no JSON object.")
    return content


def write_new(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole."""
    part = path.with_name(f".{path.name}.part-{secrets.token_hex(4)}")
    try:
        part.write_bytes(content)
        os.replace(part, path)  # noqa: PTH105
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"Can't write {path}: {error.strerror or error}.") from error


def told(path: Path, read: Callable[[], Found]) -> Found:
    """Read something from a file's content, and name the file in what is wrong."""
    try:
        return read()
    except BadInput as error:
        lines = "\n".join(f"{path}: {line}" for line in str(error).splitlines())
        raise BadInput(lines) from error


def checked(path: Path, read: Callable[[], Found]) -> Found:
    """Read something from a file, and name the file where it is not what it should be."""
    try:
        return read()
    except (VerifyError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: {error}") from error
