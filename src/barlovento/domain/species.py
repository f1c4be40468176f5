"""Gas species: name, CAS number and molar mass, found by name or CAS number.

A handful of common gases stand here as data, so that the usual survey starts without loading
the large table of the ``chemicals`` package, which answers for all others.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from barlovento.errors import BadInput


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


#: name, CAS number, molar mass [g mol-1], other names (lower case). Molar masses from the IUPAC
#: standard atomic weights; a test compares them with the ``chemicals`` package.
_COMMON: tuple[tuple[str, str, float, tuple[str, ...]], ...] = (
    ("methane", "74-82-8", 16.0425, ("ch4",)),
    ("ethane", "74-84-0", 30.0690, ("c2h6",)),
    ("propane", "74-98-6", 44.0956, ("c3h8",)),
    ("sulfur dioxide", "7446-09-5", 64.0638, ("sulphur dioxide", "so2")),
    ("sulfur hexafluoride", "2551-62-4", 146.0554, ("sulphur hexafluoride", "sf6")),
    ("hydrogen sulfide", "7783-06-4", 34.0809, ("hydrogen sulphide", "h2s")),
    ("carbon dioxide", "124-38-9", 44.0095, ("co2",)),
    ("carbon monoxide", "630-08-0", 28.0101, ("co",)),
    ("nitrous oxide", "10024-97-2", 44.0128, ("n2o",)),
    ("nitric oxide", "10102-43-9", 30.0061, ("nitrogen monoxide", "no")),
    ("nitrogen dioxide", "10102-44-0", 46.0055, ("no2",)),
    ("ammonia", "7664-41-7", 17.0305, ("nh3",)),
    ("hydrogen chloride", "7647-01-0", 36.4609, ("hcl",)),
    ("acetylene", "74-86-2", 26.0373, ("ethyne", "c2h2")),
    ("acetone", "67-64-1", 58.0791, ("propanone", "propan-2-one")),
    ("toluene", "108-88-3", 92.1384, ("methylbenzene",)),
    ("benzene", "71-43-2", 78.1118, ()),
    ("methanol", "67-56-1", 32.0419, ("methyl alcohol",)),
    ("ethanol", "64-17-5", 46.0684, ("ethyl alcohol",)),
    ("dichloromethane", "75-09-2", 84.9326, ("methylene chloride",)),
    ("diethyl ether", "60-29-7", 74.1216, ("ethyl ether", "ethoxyethane")),
    ("ethyl acetate", "141-78-6", 88.1051, ()),
    ("2-butanone", "78-93-3", 72.1057, ("butanone", "methyl ethyl ketone", "mek")),
    ("o-xylene", "95-47-6", 106.1650, ("xylene", "xylenes")),
    ("butane", "106-97-8", 58.1222, ("n-butane",)),
    ("pentane", "109-66-0", 72.1488, ("n-pentane",)),
    ("acetonitrile", "75-05-8", 41.0519, ()),
    ("tetrachloroethylene", "127-18-4", 165.8334, ("tetrachloroethene", "perchloroethylene")),
)
_CAS = re.compile(r"(\d{2,7})-(\d{2})-(\d)")
_ONE_GAS = "Name one gas in English or give its CAS number, for example 74-82-8 for methane."


def _common() -> dict[str, Species]:
    found = {}
    for name, cas, molar_mass, others in _COMMON:
        # Division keeps the last decimal exact where a factor of 1e-3 would not.
        species = Species(name=name, cas=cas, molar_mass=molar_mass / 1000)
        for key in (name, cas, *others):
            found[key] = species
    return found


_FOUND = _common()


def find_species(name_or_cas: str) -> Species:
    """Return the gas of that name or CAS number.

    Parameters
    ----------
    name_or_cas : str
        English name in any case, or CAS registry number.

    Returns
    -------
    Species
        With molar mass.

    Raises
    ------
    BadInput
        Nothing is known under that name (names like it are suggested), or the check digit of
        the CAS number is wrong.
    """
    wanted = " ".join(name_or_cas.split()).lower()
    if not wanted:
        raise BadInput(f"The name of the gas is empty. {_ONE_GAS}")
    if wanted in _FOUND:
        return _FOUND[wanted]
    digits = _CAS.fullmatch(wanted)
    if digits and not _check_digit_holds("".join(digits.groups())):
        raise BadInput(
            f"{name_or_cas!r} is no CAS number: its check digit (the last) is wrong. "
            "Copy the number again."
        )
    return _from_package(wanted, name_or_cas, by_cas=digits is not None)


def names_of(species: Species) -> tuple[str, ...]:
    """Return the names and formulas, lower case, under which a common gas is known here."""
    names = [name for name, found in _FOUND.items() if found.cas == species.cas]
    return tuple(dict.fromkeys((species.name, *names)))


def _check_digit_holds(digits: str) -> bool:
    """Whether the last digit is the sum of the others, each times its place from the right."""
    body = digits[-2::-1]
    return sum(place * int(d) for place, d in enumerate(body, start=1)) % 10 == int(digits[-1])


def _from_package(wanted: str, asked: str, *, by_cas: bool) -> Species:
    # Costs most of a second, so it is loaded for uncommon gases only.
    from chemicals.identifiers import get_pubchem_db

    table = get_pubchem_db()
    # By name only: the package's general search would also read "CO" as a structure formula
    # of methanol.
    if by_cas:
        entry: Any = table.search_CAS(int(wanted.replace("-", "")))
    else:
        entry = table.search_name(wanted)
    if not entry:
        raise BadInput(f"No gas is known as {asked!r}. {_suggestion(wanted, table)}{_ONE_GAS}")
    return Species(
        name=str(entry.common_name).lower(),
        cas=str(entry.CASs),
        molar_mass=float(entry.MW) / 1000,
    )


def _suggestion(wanted: str, table: Any) -> str:
    close = difflib.get_close_matches(wanted, [n for n in _FOUND if n[0].isalpha()], n=2)
    if not close:
        # Of a similar length and the same beginning: comparing half a million takes seconds.
        names = (n for n in table.name_index if n[:1] == wanted[:1])
        near = [n for n in names if abs(len(n) - len(wanted)) < 4]
        close = difflib.get_close_matches(wanted, near, n=2, cutoff=0.8)
    return f"Did you mean {' or '.join(close)}? " if close else ""
