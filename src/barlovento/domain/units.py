"""Units of gas readings and what one of them is in kg m-3; the loggers' other units too.

    mass concentration = mole fraction * p M / (R T)                               (1)
    mean along a path  = path integral / path length                               (2)

No unit system: everything inside is SI, and a unit exists only where a file is read or shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]

#: Exact since the 2019 revision of the SI: N_A k [J mol-1 K-1].
MOLAR_GAS_CONSTANT = 8.31446261815324

_MOLE_FRACTION = {
    "mol mol-1": 1.0,
    "mmol mol-1": 1e-3,
    "umol mol-1": 1e-6,
    "nmol mol-1": 1e-9,
    "pmol mol-1": 1e-12,
    "%": 1e-2,
    "ppm": 1e-6,
    "ppb": 1e-9,
    "ppt": 1e-12,
}
_MASS = {"kg": 1.0, "g": 1e-3, "mg": 1e-6, "ug": 1e-9, "ng": 1e-12}
_OTHER_WORDS = {
    "percent": "%",
    "vol%": "%",
    "% vol": "%",
    "%vol": "%",
    "ppmv": "ppm",
    "ppbv": "ppb",
    "pptv": "ppt",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of gas readings.

    Parameters
    ----------
    name : str
        As this program writes it, for example ``"mg m-3"`` or ``"ppm m"``.
    factor : float
        What one of it is in mol mol-1 or kg m-3, times metres for a path integral [1].
    mole_fraction : bool
        True for parts per volume, which need temperature and pressure to become a mass.
    path_integral : bool
        True where the reading is summed along a path.
    """

    name: str
    factor: float
    mole_fraction: bool
    path_integral: bool

    @property
    def mean(self) -> Unit:
        """The unit of the mean along the path; the unit itself where there is no path."""
        return _KNOWN[_MEAN_OF[self.name]] if self.path_integral else self


def _known() -> tuple[dict[str, Unit], dict[str, str]]:
    units: dict[str, Unit] = {}
    mean_of: dict[str, str] = {}

    def add(name: str, factor: float, *, mole_fraction: bool, of: str | None = None) -> None:
        units[name] = Unit(
            name=name,
            factor=factor,
            mole_fraction=mole_fraction,
            path_integral=of is not None,
        )
        if of is not None:
            mean_of[name] = of

    for name, factor in _MOLE_FRACTION.items():
        add(name, factor, mole_fraction=True)
        if name.startswith(("pp", "%")):
            add(f"{name} m", factor, mole_fraction=True, of=name)
    for name, factor in _MASS.items():
        add(f"{name} m-3", factor, mole_fraction=False)
        add(f"{name} m-2", factor, mole_fraction=False, of=f"{name} m-3")
    return units, mean_of


_KNOWN, _MEAN_OF = _known()

#: Names of all units of gas readings.
CONCENTRATION_UNITS = tuple(_KNOWN)


def parse_unit(text: str) -> Unit:
    """Return the unit of gas readings that a text names.

    Spellings such as ``µg/m³``, ``ug m^-3``, ``PPM`` and ``ppm*m`` are understood. Case counts
    for masses, for ``Mg`` is a tonne.

    Parameters
    ----------
    text : str
        What stands in the file.

    Returns
    -------
    Unit
        The unit.

    Raises
    ------
    BadInput
        No such unit; the message lists the known ones.
    """
    name = _canonical(text)
    unit = _KNOWN.get(name) or _KNOWN.get(name.lower() if name.lower().startswith("p") else name)
    if unit is None:
        raise BadInput(
            f"{text!r} is no known unit of gas readings. "
            f"Write one of: {', '.join(CONCENTRATION_UNITS)}."
        )
    return unit


def _canonical(text: str) -> str:
    name = text.strip().strip("[]()").translate(_SUPERSCRIPTS).replace("µ", "u").replace("μ", "u")
    name = re.sub(r"\*\*|\^", "", name)
    name = re.sub(r"[·⋅*.\s_]+", " ", name).strip()
    name = re.sub(r"^(pp[mbt]v?|%) ?- ?m$", r"\1 m", name, flags=re.IGNORECASE)
    name = re.sub(r" ?/ ?(m|mol) ?([23]?)$", r" \1-\2", name)
    name = re.sub(r"mol-$", "mol-1", name)
    name = re.sub(r"m-3 m$", "m-2", name)
    parts = name.split(" ")
    parts[0] = _OTHER_WORDS.get(parts[0].lower(), parts[0])
    name = " ".join(parts)
    return _OTHER_WORDS.get(name.lower(), name)


def air_density_of_species(
    molar_mass: float, temperature: ArrayLike, pressure: ArrayLike
) -> FloatArray:
    """Mass per volume of the pure gas as an ideal gas, p M / (R T).

    Parameters
    ----------
    molar_mass : float
        [kg mol-1].
    temperature : array_like
        [K].
    pressure : array_like
        [Pa].

    Returns
    -------
    ndarray
        Broadcast shape of temperature and pressure [kg m-3].
    """
    return np.asarray(
        np.asarray(pressure, dtype=np.float64)
        * molar_mass
        / (MOLAR_GAS_CONSTANT * np.asarray(temperature, dtype=np.float64))
    )


def to_mass_concentration(
    values: ArrayLike,
    unit: Unit,
    *,
    molar_mass: float,
    temperature: ArrayLike | None = None,
    pressure: ArrayLike | None = None,
    path_length: ArrayLike | None = None,
) -> FloatArray:
    """Return readings as mean mass concentration, equations (1) and (2) of this module.

    Parameters
    ----------
    values : array_like, shape (n,)
        Readings [``unit``].
    unit : Unit
        Their unit.
    molar_mass : float
        [kg mol-1].
    temperature, pressure : array_like, shape (n,), optional
        At each reading; needed for mole fractions [K], [Pa].
    path_length : array_like, shape (n,), optional
        Needed for path integrals [m].

    Returns
    -------
    ndarray, shape (n,)
        [kg m-3].

    Raises
    ------
    BadInput
        Temperature, pressure or path length is needed and absent.
    """
    result = np.asarray(values, dtype=np.float64) * unit.factor
    if unit.mole_fraction:
        if temperature is None or pressure is None:
            raise BadInput(
                f"{unit.name} can't be turned into kg m-3 without temperature and pressure. "
                "Give both: no standard atmosphere is assumed."
            )
        result = result * air_density_of_species(molar_mass, temperature, pressure)
    if unit.path_integral:
        if path_length is None:
            raise BadInput(f"{unit.name} is a path integral. Give the length of each path.")
        result = result / np.asarray(path_length, dtype=np.float64)
    return result


#: Units that loggers write besides gas readings: quantity -> unit -> (factor, offset) into SI.
LOGGER_UNITS: Mapping[str, Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        # Exact by definition: international knot, foot and mile.
        "speed": {
            "m/s": (1.0, 0.0),
            "km/h": (1 / 3.6, 0.0),
            "knots": (1852 / 3600, 0.0),
            "mph": (0.44704, 0.0),
            "ft/s": (0.3048, 0.0),
            "cm/s": (0.01, 0.0),
        },
        "length": {
            "m": (1.0, 0.0),
            "ft": (0.3048, 0.0),
            "km": (1000.0, 0.0),
            "cm": (0.01, 0.0),
            "mm": (0.001, 0.0),
        },
        "temperature": {
            "K": (1.0, 0.0),
            "degC": (1.0, 273.15),
            "degF": (5 / 9, 273.15 - 32 * 5 / 9),
        },
        "pressure": {
            "Pa": (1.0, 0.0),
            "hPa": (100.0, 0.0),
            "kPa": (1000.0, 0.0),
            "mbar": (100.0, 0.0),
            "bar": (1e5, 0.0),
            # Conventional millimetre and inch of mercury (at 0 degC), and the standard atmosphere.
            "mmHg": (133.322387415, 0.0),
            "inHg": (3386.389, 0.0),
            "atm": (101325.0, 0.0),
        },
        "angle": {
            "deg": (1.0, 0.0),
            "rad": (180 / np.pi, 0.0),
        },
    }
)
_LOGGER_WORDS = {
    "m s-1": "m/s",
    "ms-1": "m/s",
    "mps": "m/s",
    "m/sec": "m/s",
    "kmh": "km/h",
    "km h-1": "km/h",
    "kph": "km/h",
    "kmph": "km/h",
    "kt": "knots",
    "kts": "knots",
    "kn": "knots",
    "knot": "knots",
    "mi/h": "mph",
    "miles/h": "mph",
    "fps": "ft/s",
    "metre": "m",
    "metres": "m",
    "meter": "m",
    "meters": "m",
    "feet": "ft",
    "foot": "ft",
    "c": "degC",
    "°c": "degC",
    "degc": "degC",
    "deg c": "degC",
    "celsius": "degC",
    "f": "degF",
    "°f": "degF",
    "degf": "degF",
    "deg f": "degF",
    "fahrenheit": "degF",
    "k": "K",
    "kelvin": "K",
    "hpa": "hPa",
    "kpa": "kPa",
    "pa": "Pa",
    "mb": "mbar",
    "millibar": "mbar",
    "mmhg": "mmHg",
    "torr": "mmHg",
    "inhg": "inHg",
    "°": "deg",
    "degree": "deg",
    "degrees": "deg",
    "radian": "rad",
    "radians": "rad",
}


def logger_unit(quantity: str, text: str) -> tuple[float, float]:
    """Return factor and offset that turn a logger's unit into SI: ``factor * value + offset``.

    Parameters
    ----------
    quantity : str
        One of ``speed``, ``length``, ``temperature``, ``pressure``, ``angle``.
    text : str
        The unit as a person writes it.

    Returns
    -------
    tuple of float
        Factor and offset into m s-1, m, K, Pa or degree.

    Raises
    ------
    BadInput
        No such unit of that quantity; the message lists the known ones.
    """
    known = LOGGER_UNITS[quantity]
    name = text.strip().strip("[]()")
    name = name if name in known else _LOGGER_WORDS.get(name.lower(), name)
    name = name if name in known else name.lower()
    if name not in known:
        raise BadInput(
            f"{text!r} is no known unit of {quantity}. Write one of: {', '.join(known)}."
        )
    return known[name]
