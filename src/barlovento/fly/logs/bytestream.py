"""Bytes of a log, read forward in blocks, with a digest of all of them and a limit."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

from barlovento.errors import BadInput

#: Larger logs are refused: hours of flight at the highest rates stay well below.
LARGEST_LOG = 4 * 1024**3
BLOCK = 1 << 20


class Window:
    """A window on a file that moves forward; what lies behind it is forgotten.

    Parameters
    ----------
    file : file object
        Opened for bytes.
    size : int
        Of the file, for progress [byte].
    tell : callable, optional
        Takes the share that is read.
    """

    def __init__(
        self, file: IO[bytes], size: int, tell: Callable[[float], None] | None = None
    ) -> None:
        self._file = file
        self._size = max(size, 1)
        self._tell = tell
        self._hash = hashlib.sha256()
        self._base = 0
        self.buffer = bytearray()
        self.at = 0

    @property
    def offset(self) -> int:
        """Where in the file the window stands [byte]."""
        return self._base + self.at

    def has(self, count: int) -> bool:
        """Whether ``count`` bytes lie ahead; reads on where it must."""
        while len(self.buffer) - self.at < count:
            if self.at:
                del self.buffer[: self.at]
                self._base += self.at
                self.at = 0
            block = self._file.read(BLOCK)
            if not block:
                return False
            self._hash.update(block)
            self.buffer += block
            if self._tell is not None:
                self._tell(min((self._base + len(self.buffer)) / self._size, 1.0))
        return True

    def digest(self) -> str:
        """Read to the end and return the SHA-256 of the whole file, hex."""
        while block := self._file.read(BLOCK):
            self._hash.update(block)
        return self._hash.hexdigest()


class OpenLog:
    """A log file opened for one pass, refused where it is no readable file or too large.

    Parameters
    ----------
    path : Path
        The file.
    tell : callable, optional
        Takes the share that is read.

    Raises
    ------
    BadInput
        It is missing, a folder or a device, empty, too large, or may not be read.
    """

    def __init__(self, path: Path, tell: Callable[[float], None] | None = None) -> None:
        self._file = open_log(path)
        self.window = Window(self._file, path.stat().st_size, tell)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def open_log(path: Path) -> IO[bytes]:
    """Open a log; what is raised is that of :class:`OpenLog`."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise BadInput(f"{path} is no file. Name the log itself.")
        if found.st_size == 0:
            raise BadInput(f"{path} is empty. Copy it from the vehicle once more.")
        if found.st_size > LARGEST_LOG:
            raise BadInput(
                f"{path} has {found.st_size / 1024**3:.1f} GB; at most "
                f"{LARGEST_LOG // 1024**3} GB are read. Split it by time."
            )
        return path.open("rb")
    except FileNotFoundError:
        raise BadInput(f"There is no file {str(path)!r}. Check the path.") from None
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path} can't be read: {problem}. Check the file.") from problem


def start_of_log(path: Path) -> bytes:
    """Return the first bytes, enough to tell what wrote the log."""
    with open_log(path) as file:
        return file.read(4096)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hex."""
    with open_log(path) as file:
        sha = hashlib.sha256()
        while block := file.read(BLOCK):
            sha.update(block)
        return sha.hexdigest()
