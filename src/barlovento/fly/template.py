"""A commented survey to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from barlovento.fly.fresh import fresh_folder

#: The example lies beside this module, so that tests and people read the very same files.
EXAMPLE = ("survey.toml", "observations.csv", "meteorology.csv")


def new_survey(path: str | Path) -> Path:
    """Write a commented template of a survey, with example data that can be located.

    Parameters
    ----------
    path : str or Path
        The new folder.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    BadInput
        Something is there already, or it can't be written; nothing is left behind.
    """
    wanted = Path(path)
    example = files("barlovento.fly") / "example"
    with fresh_folder(wanted) as folder:
        for name in EXAMPLE:
            (folder / name).write_bytes((example / name).read_bytes())
    return wanted
