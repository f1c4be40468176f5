"""The scenarios that come with the program, each a TOML file beside this module."""

from __future__ import annotations

from pathlib import Path

from barlovento.errors import BadInput
from barlovento.exercise import scenario_file
from barlovento.exercise.scenario_keys import plain_name
from barlovento.exercise.shelf import ENDING, names, template
from barlovento.exercise.sites import Exercise

__all__ = ["names", "read", "template", "write_template"]


def read(name: str) -> Exercise:
    """Return a shipped scenario.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Raises
    ------
    BadInput
        There is none of that name; names like it are suggested.
    """
    return scenario_file.parse(template(name), name=name, file=f"{name}{ENDING}")


def write_template(name: str, path: str | Path) -> Path:
    """Write a copy of a shipped scenario to change.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    path : str or Path
        The new file; it must not exist. Its name without ending becomes the scenario's name.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    BadInput
        There is no such scenario, the file exists already, or it can't be written.
    """
    text, wanted = template(name), Path(path)
    if wanted.suffix != ENDING:
        raise BadInput(f"A scenario is a TOML file. Write {wanted.name}{ENDING}.")
    if not plain_name(wanted.stem):
        raise BadInput(
            f"{wanted.stem!r} can't be a scenario's name. Use lower-case letters, digits, - and _."
        )
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive: nothing that is there can be lost, however quick someone else is.
        with wanted.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise BadInput(
            f"{str(wanted)!r} is there already. Choose a new name; nothing is overwritten."
        ) from None
    except OSError as problem:
        raise BadInput(
            f"{str(wanted)!r} can't be written: {problem.strerror}. Choose another place."
        ) from None
    return wanted
