"""The survey folder as files: which may be read, and the digest over what was read."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from barlovento.errors import Fault, SurveyError
from barlovento.fly.document import DOCUMENT
from barlovento.fly.faults import FaultList

_LARGEST_DOCUMENT = 1024 * 1024


def open_folder(path: str | Path) -> Path:
    """Return the folder, if it is one that may be read.

    Parameters
    ----------
    path : str or Path
        The survey.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    SurveyError
        It is missing, no folder, or may not be read.
    """
    folder = Path(path)
    try:
        if not folder.exists():
            raise _refusal(f"There is no folder {str(path)!r}.", "Check the path.")
        if not folder.is_dir():
            raise _refusal(
                f"{str(path)!r} is a file, but a survey is a folder.",
                "Give the folder that holds survey.toml; `barlovento survey from-csv` makes one "
                "from a logger's file.",
            )
        names = {entry.name for entry in folder.iterdir()}
        if DOCUMENT not in names:
            raise _refusal(
                f"The folder {str(path)!r} has no {DOCUMENT}.",
                "`barlovento survey new` makes a commented template.",
            )
    except PermissionError:
        raise _refusal(
            f"The folder {str(path)!r} may not be read.", "Give yourself the right to."
        ) from None
    except (OSError, ValueError) as problem:
        # ValueError: a zero byte in the path.
        raise _refusal(f"{str(path)!r} can't be opened: {problem}.", "Check the path.") from None
    return folder


def _refusal(what: str, mend: str) -> SurveyError:
    return SurveyError([Fault(what=what, mend=mend)])


def document_text(folder: Path, faults: FaultList) -> tuple[str, str] | None:
    """Return the text of ``survey.toml`` and its digest, None where it can't be read."""
    path = data_file(folder, DOCUMENT, faults, key=None)
    if path is None:
        return None
    try:
        if path.stat().st_size > _LARGEST_DOCUMENT:
            faults.add(
                f"{DOCUMENT} is larger than a megabyte.",
                "Readings belong into a file of their own.",
                file=DOCUMENT,
            )
            return None
        content = path.read_bytes()
    except OSError as problem:
        faults.add(
            f"{DOCUMENT} can't be read: {problem.strerror}.", "Check its rights.", file=DOCUMENT
        )
        return None
    digest = hashlib.sha256(content).hexdigest()
    try:
        return content.decode("utf-8-sig"), digest
    except UnicodeDecodeError:
        pass
    if b"\0" in content:
        faults.add(
            f"{DOCUMENT} is not UTF-8 text.",
            "Save it as UTF-8, which TOML asks for.",
            file=DOCUMENT,
        )
        return None
    faults.warn(
        f"{DOCUMENT} is not UTF-8; it was read as Latin-1.",
        "Save it as UTF-8, which TOML asks for.",
        file=DOCUMENT,
    )
    return content.decode("latin-1"), digest


def data_file(folder: Path, name: str, faults: FaultList, *, key: str | None) -> Path | None:
    """Return the path of a file of the survey; it must lie inside the folder.

    Parameters
    ----------
    folder : Path
        The survey.
    name : str
        As the document gives it.
    faults : FaultList
        Takes why it can't be used.
    key : str or None
        Key of the document that names it.

    Returns
    -------
    Path or None
        None where it can't be used.
    """

    def refuse(what: str, mend: str) -> Path | None:
        faults.add(what, mend, file=DOCUMENT, column=key)
        return None

    inside = "Copy the file into the survey's folder and give its name."
    absolute = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive
    if absolute or ".." in PurePosixPath(name.replace("\\", "/")).parts:
        return refuse(f"The file {name!r} lies outside the survey's folder.", inside)
    path = folder / name
    try:
        # A link may point anywhere; what counts is where it ends.
        if not path.resolve().is_relative_to(folder.resolve()):
            return refuse(f"The file {name!r} is a link out of the survey's folder.", inside)
        mode = path.stat().st_mode
    except FileNotFoundError:
        there = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in _DATA_SUFFIXES)
        hint = f"The folder has {', '.join(there[:8])}." if there else inside
        return refuse(f"The file {name!r} is not in the survey's folder.", hint)
    except PermissionError:
        return refuse(f"The file {name!r} may not be read.", "Give yourself the right to.")
    except (OSError, ValueError, RuntimeError) as problem:
        return refuse(f"The file {name!r} can't be opened: {problem}.", inside)
    if not stat.S_ISREG(mode):
        return refuse(f"{name!r} is no ordinary file.", inside)
    return path


_DATA_SUFFIXES = {".csv", ".txt", ".tsv", ".dat", ".parquet", ".pq"}


def digest_of(files: Mapping[str, str]) -> str:
    """Return one digest over names and bytes of several files.

    It is what ``sha256sum NAME NAME ... | sha256sum`` prints, names in the order given here.

    Parameters
    ----------
    files : mapping of str to str
        Name and SHA-256 of each.

    Returns
    -------
    str
        SHA-256, hex.
    """
    text = "".join(f"{digest}  {name}\n" for name, digest in files.items())
    return hashlib.sha256(text.encode()).hexdigest()
