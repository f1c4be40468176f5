"""A folder of result files that appears whole or not at all.

Knows nothing of what the files hold.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from barlovento.errors import BadInput


class OutputFolder:
    """A context in which files are collected, and published together at the end.

    Entering proves that the place can be written, before anything long is computed. Leaving
    without :meth:`publish` (an error, Ctrl-C) removes every trace.

    Parameters
    ----------
    path : Path
        Where the files shall be.
    owned : iterable of str
        Names that may be replaced where ``path`` exists; everything else there is left alone.
    """

    def __init__(self, path: Path, owned: Iterable[str]) -> None:
        self.path = path
        self.owned = tuple(owned)
        self.existed = False
        self._part: Path | None = None
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        try:
            self.existed = self.path.exists()
            self._check_existing()
            # In an existing folder the parts wait inside it: it may be a mount of its own, and
            # a rename is atomic only within one file system.
            parent = self.path if self.existed else self._make_parent()
            part = parent / f".{self.path.name or 'out'}.part-{uuid.uuid4().hex[:8]}"
            part.mkdir()
            self._part = part
        except OSError as error:
            self._remove()
            reason = error.strerror or str(error)
            raise BadInput(
                f"Can't write to {self.path}: {reason}. Choose another place with --out."
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
        """
        part = self._part
        if part is None:
            raise RuntimeError("publish() outside of the context")
        try:
            for name, content in files.items():
                _write(part / name, content)
            if not self.existed:
                part.rename(self.path)
                self._part = None
                self._made.clear()
                return ()
            return self._replace(part, files, last)
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadInput(
                f"Writing into {self.path} failed: {reason}. Nothing there is half-written; "
                "mend it and run again."
            ) from error

    def _replace(self, part: Path, files: Mapping[str, bytes], last: str) -> tuple[str, ...]:
        replaced = tuple(name for name in files if (self.path / name).exists())
        kept = part / "before"
        kept.mkdir()
        order = [last, *(name for name in replaced if name != last)]
        try:
            for name in order:
                if name in replaced:
                    (self.path / name).rename(kept / name)
            for name in sorted(files, key=lambda name: name == last):
                (part / name).rename(self.path / name)
        except BaseException:
            for name in files:
                if (kept / name).exists():
                    (kept / name).replace(self.path / name)
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

    def _make_parent(self) -> Path:
        parent = self.path.absolute().parent
        missing = [p for p in (parent, *parent.parents) if not p.exists()]
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


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
