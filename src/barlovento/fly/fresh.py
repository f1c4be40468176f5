"""A new folder that appears whole or not at all, and never over something that is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from barlovento.errors import BadInput


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` that becomes ``path`` when all went well.

    Parameters
    ----------
    path : Path
        Where the folder is to be; it must not exist, or be an empty folder.

    Yields
    ------
    Path
        The folder to write into. It is taken away on any exception, Ctrl-C included.

    Raises
    ------
    BadInput
        Something is there already, or nothing may be written there.
    """
    _check_free(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as problem:
        raise BadInput(
            f"{str(path)!r} can't be made: {problem.strerror}. Choose another place."
        ) from None
    try:
        yield temporary
        # mkdtemp makes folders that nobody else may enter.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)
        try:
            # Onto an empty folder this succeeds, onto anything else it fails: so even when
            # someone was quicker, nothing is lost.
            temporary.rename(path)
        except OSError:
            if path.is_dir() and not any(path.iterdir()):
                # Windows does not rename onto an empty folder.
                path.rmdir()
                temporary.rename(path)
            else:
                raise _taken(path) from None
    except OSError as problem:
        raise BadInput(
            f"{str(path)!r} can't be written: {problem.strerror}. "
            "Make room, or choose another place."
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_free(path: Path) -> None:
    try:
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise _taken(path)
        if path.is_dir() and any(path.iterdir()):
            raise _taken(path)
    except (OSError, ValueError) as problem:
        raise BadInput(f"{str(path)!r} can't be used: {problem}. Choose another place.") from None


def _taken(path: Path) -> BadInput:
    return BadInput(f"{str(path)!r} is there already. Choose a new name; nothing is overwritten.")
