"""Texts of the shipped scenarios."""

from __future__ import annotations

import difflib
from importlib.resources import files

from barlovento.errors import BadInput

ENDING = ".toml"


def names() -> tuple[str, ...]:
    """Return the names of all shipped scenarios, in alphabetical order."""
    found = (entry.name for entry in (files("barlovento.exercise") / "shipped").iterdir())
    return tuple(sorted(name.removesuffix(ENDING) for name in found if name.endswith(ENDING)))


def template(name: str) -> str:
    """Return the text of a shipped scenario, to start an own one from.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Raises
    ------
    BadInput
        There is none of that name.
    """
    known = names()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise BadInput(f"There is no scenario {name!r}. {hint}There are: {', '.join(known)}.")
    return (files("barlovento.exercise") / "shipped" / f"{name}{ENDING}").read_text("utf-8")
