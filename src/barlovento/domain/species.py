"""Gas species: name, CAS number and molar mass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """One gas.

    Parameters
    ----------
    name : str
        Common name, lower case.
    cas : str
        CAS registry number.
    molar_mass : float
        [kg mol-1].
    """

    name: str
    cas: str
    molar_mass: float
