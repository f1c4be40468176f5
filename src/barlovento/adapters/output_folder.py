"""A folder of result files that appears whole or not at all.

Knows nothing of what the files hold.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from barlovento.errors import BadInput

KEPT = "before"


class OutputFolder:
    """A context in which files are collected, and published together at the end.

    Entering proves that the place can be written, before anything long is computed. Leaving
    without :meth:`publish` (an error, Ctrl-C) removes every trace.

    Parameters
    ----------
    path : Path
        Where the files shall be.
    owned : iterable of str
        Names, ``/`` between folders, that may be replaced where ``path`` exists; everything else
        there is left alone.
    """

    def __init__(self, path: Path, owned: Iterable[str]) -> None:
        self.path = path
        self.owned = tuple(owned)
        self.existed = False
        self._part: Path | None = None
        self._made: list[Path] = []

    @property
    def part(self) -> Path:
        """Where parts may be laid until they are published."""
        if self._part is None:
            raise RuntimeError("The folder is only there inside of its context.")
        return self._part

    def __enter__(self) -> Self:
        try:
            self.existed = self.path.exists()
            self._check_existing()
            # In an existing folder the parts wait inside it: it may be a mount of its own, and
            # a rename is atomic only within one file system.
            parent = self.path if self.existed else self._make_parent()
            part = parent / f".{self.path.absolute().name or 'out'}.part-{uuid.uuid4().hex[:8]}"
            part.mkdir()
            self._part = part
        except OSError as error:
            self._remove()
            raise BadInput(
                f"Can't write to {self.path}: {error.strerror or error}. "
                "Choose another place with --out."
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with undisturbed():
            self._remove()

    def publish(self, files: Mapping[str, bytes], *, last: str) -> tuple[str, ...]:
        """Write every file, then let them all appear.

        Parameters
        ----------
        files : mapping of str to bytes
            Name and content.
        last : str
            The file that vouches for the others: in an existing folder it disappears first and
            appears last, so that a power cut in between never leaves a mixed set that looks
            whole.

        Returns
        -------
        tuple of str
            Names of files that were there before and were replaced.

        Raises
        ------
        BadInput
            The disk is full, or the place can't be written any more; what was there is there
            again.
        """
        part = self.part
        try:
            for name, content in files.items():
                _write(part / name, content)
            with undisturbed():
                # Somebody may have made the folder while this was computing.
                if not self.existed and not self.path.exists():
                    part.rename(self.path)
                    self._part = None
                    self._made.clear()
                    return ()
                return self._replace(part, files, last)
        except OSError as error:
            raise BadInput(
                f"Writing into {self.path} failed: {error.strerror or error}. Nothing there is "
                "half-written; mend it and run again."
            ) from error

    def _replace(self, part: Path, files: Mapping[str, bytes], last: str) -> tuple[str, ...]:
        """Swap the files one by one, the vouching one first out and last in."""
        replaced = tuple(name for name in files if (self.path / name).exists())
        try:
            for name in sorted(replaced, key=lambda name: name != last):
                _move(self.path / name, part / KEPT / name)
            for name in sorted(files, key=lambda name: name == last):
                _move(part / name, self.path / name)
        except BaseException:
            for name in files:
                if (part / KEPT / name).exists():
                    _move(part / KEPT / name, self.path / name)
                elif name not in replaced:
                    (self.path / name).unlink(missing_ok=True)
            raise
        return replaced

    def _check_existing(self) -> None:
        if not self.existed:
            return
        if not self.path.is_dir():
            raise BadInput(f"{self.path} is a file. Name a folder with --out.")
        for name in self.owned:
            if (self.path / name).is_dir():
                raise BadInput(
                    f"{self.path / name} is a folder where a file shall be written. Move it away "
                    "or choose another place with --out."
                )
            folder = (self.path / name).parent
            if folder.exists() and not folder.is_dir():
                raise BadInput(
                    f"{folder} is a file where a folder shall be. Move it away or choose another "
                    "place with --out."
                )

    def _make_parent(self) -> Path:
        parent = self.path.absolute().parent
        missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            self._made.append(folder)
        return parent

    def _remove(self) -> None:
        if self._part is not None:
            shutil.rmtree(self._part, ignore_errors=True)
            self._part = None
        while self._made:
            folder = self._made.pop()
            try:
                folder.rmdir()
            except OSError:
                # Somebody else has put something there meanwhile: then it stays.
                break


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and a request to end back for a moment, and obey them afterwards.

    A swap of files that is cut in the middle would leave half, and so would a clean-up.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals reach the main thread only.
        yield
        return
    waiting: list[int] = []

    def remember(number: int, _: FrameType | None) -> None:
        waiting.append(number)

    before = {kind: signal.signal(kind, remember) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
        for number in waiting:
            signal.raise_signal(number)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        # A rename may reach the disk before the bytes do, unless they are asked to go first.
        os.fsync(file.fileno())


def _move(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    old.replace(new)
