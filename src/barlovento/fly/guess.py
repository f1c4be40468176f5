"""Which column of a logger's file is which of ours, and in which unit, as far as names tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from barlovento.domain.species import Species, names_of
from barlovento.domain.units import logger_unit, parse_unit
from barlovento.errors import BadInput
from barlovento.fly.faults import FaultList, listed
from barlovento.fly.textfile import Header, plain

#: Columns of readings and of the wind record, as the contract names them.
OBSERVATIONS = (
    *("time", "longitude", "latitude", "x", "y", "z", "concentration", "sensor", "species"),
    *("flag", "x2", "y2", "z2", "longitude2", "latitude2"),
)
#: What tells a logger's clock beside a flight's log; any height will do: only changes count.
CLOCK = ("longitude", "latitude", "pressure", "altitude")
METEOROLOGY = (
    *("time", "wind_speed", "wind_from_direction", "wind_from_direction_sd"),
    *("friction_velocity", "obukhov_length", "mixing_height", "temperature", "pressure"),
    "roughness_length",
)
GAS = "gas"
QUANTITY = (
    {"concentration": GAS, "temperature": "temperature", "pressure": "pressure"}
    | dict.fromkeys(("wind_speed", "friction_velocity"), "speed")
    | dict.fromkeys(("wind_from_direction", "wind_from_direction_sd"), "angle")
    | dict.fromkeys(("x", "y", "z", "x2", "y2", "z2"), "length")
    | dict.fromkeys(("obukhov_length", "mixing_height", "roughness_length"), "length")
    | {"altitude": "length"}
)
#: What a column is taken to be in where nobody says so, and it is said aloud. Speeds,
#: temperatures, pressures and gas have no such usage.
USUAL = {"length": "m", "angle": "deg"}

_NAMES: Mapping[str, tuple[str, ...]] = {
    "longitude": ("lon", "long", "lng", "gps_lon", "gps_long", "gps_longitude", "gps_abs_long"),
    "latitude": ("lat", "gps_lat", "gps_latitude", "gps_abs_lat"),
    "x": ("easting", "east", "x_local"),
    "y": ("northing", "north", "y_local"),
    "z": ("height", "agl", "height_agl", "altitude_agl", "alt_agl", "height_above_ground"),
    "altitude": (
        *("alt", "gps_alt", "gps_altitude", "altitude_msl", "alt_msl", "elevation", "z"),
        *("height", "agl", "height_agl", "altitude_agl", "alt_agl", "height_above_ground"),
    ),
    "concentration": ("conc", "gas", "gas_concentration"),
    "sensor": ("sensor_id", "sensor_name", "instrument", "station", "device", "device_id"),
    "wind_speed": ("windspeed", "ws", "wspd", "wind_spd", "wind_velocity", "ff", "u_mean"),
    "wind_from_direction": (
        *("winddirection", "wind_direction", "winddir", "wind_dir", "wd", "wdir", "dd"),
        *("wind_from", "wind_bearing"),
    ),
    "wind_from_direction_sd": ("sigma_theta", "wd_sd", "wd_std", "wind_direction_sd"),
    "friction_velocity": ("ustar", "u*", "u_star"),
    "obukhov_length": ("monin_obukhov_length", "mo_length"),
    "temperature": (
        *("temp", "air_temp", "airtemp", "air_temperature", "t_air", "tair", "ta"),
        *("ambient_temp", "ambient_temperature", "outside_temp"),
    ),
    "pressure": (
        *("press", "air_pressure", "airpressure", "baro", "bp", "p_air", "pair"),
        *("barometric_pressure", "atmospheric_pressure", "ambient_pressure", "station_pressure"),
    ),
}
_EPOCH = ("epoch_time", "epoch", "unix_time", "unixtime", "unix_timestamp", "epoch_seconds")
_STAMP = (
    "time",
    "timestamp",
    "time_stamp",
    "datetime",
    "date_time",
    "date_and_time",
    "utc",
    "time_utc",
    "utc_time",
    "datetime_utc",
    "timestamp_utc",
    "gps_time",
    "local_time",
)
_SUFFIX_UNITS = {
    "speed": {"ms": "m/s", "m_s": "m/s", "mps": "m/s", "kmh": "km/h", "kph": "km/h", "mph": "mph"}
    | {"kt": "knots", "kts": "knots", "knots": "knots", "kn": "knots"},
    "temperature": {"c": "degC", "degc": "degC", "k": "K", "f": "degF", "degf": "degF"},
    "pressure": {"hpa": "hPa", "pa": "Pa", "kpa": "kPa", "mbar": "mbar", "mb": "mbar"},
    "length": {"m": "m", "ft": "ft", "km": "km", "feet": "ft"},
    "angle": {"deg": "deg", "degrees": "deg", "rad": "rad"},
    GAS: {"ppm": "ppm", "ppb": "ppb", "ppt": "ppt", "ppmv": "ppm", "ppbv": "ppb", "ppmm": "ppm m"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A column of ours found in a logger's file.

    Parameters
    ----------
    places : tuple of int
        Places in the header; two where date and time stand apart.
    header : str
        Its name there.
    unit : str or None
        Where the header or the person names it.
    """

    places: tuple[int, ...]
    header: str
    unit: str | None


class Guesser:
    """Matches our columns with one header.

    Parameters
    ----------
    header : Header
        Of the logger's file.
    file : str
        Its name.
    gas : Species or None
        Its name or formula may head the column of readings.
    faults : FaultList
        Takes what can't be told.
    """

    def __init__(
        self, header: Header, *, file: str, gas: Species | None, faults: FaultList
    ) -> None:
        self._header = header
        self._file = file
        self._gas = gas
        self._faults = faults
        self._plain = [plain(name) for name in header.names]
        self.said: list[str] = []

    def match(
        self, names: Sequence[str], columns: Mapping[str, str], units: Mapping[str, str]
    ) -> dict[str, Match]:
        """Return where each column of ours is, as far as it is given or can be told.

        Parameters
        ----------
        names : sequence of str
            Columns of ours.
        columns : mapping of str to str
            What the person says: our name, and the header there (``"date+time"`` for two
            columns, empty for none).
        units : mapping of str to str
            What the person says: our name, and the unit.

        Returns
        -------
        dict of str to Match
            Those that were found.
        """
        found: dict[str, Match] = {}
        for name in names:
            if name in columns:
                match = self._given(name, columns[name])
            else:
                match = self._time() if name == "time" else self._guessed(name)
            if match is None:
                continue
            unit = self._unit(name, match, units)
            found[name] = Match(places=match.places, header=match.header, unit=unit)
        return found

    def _given(self, name: str, header: str) -> Match | None:
        if not header.strip():
            return None
        places = self._places_of(header)
        if places is None and "+" in header:
            parts = [self._places_of(part) for part in header.split("+")]
            if all(part is not None for part in parts):
                places = tuple(place for part in parts if part for place in part)
        if places is None:
            shown = listed([repr(n) for n in self._header.names[:20]])
            self._complain(name, f"There is no column {header!r}; the header has {shown}.")
            return None
        return Match(places=places, header=header, unit=None)

    def _places_of(self, header: str) -> tuple[int, ...] | None:
        exact = [i for i, n in enumerate(self._header.names) if n == header.strip()]
        loose = exact or [i for i, n in enumerate(self._plain) if n == plain(header)]
        return (loose[0],) if len(loose) == 1 else None

    def _time(self) -> Match | None:
        """Find the time: counts are UTC for certain, so they come first."""
        stems = [plain(_bracketed(name)[0]) for name in self._header.names]
        for names in (_EPOCH, ("date", "time"), _STAMP):
            hits = [i for i, stem in enumerate(stems) if stem in names]
            both = names == ("date", "time")
            if both and {stems[i] for i in hits} != {"date", "time"}:
                continue
            if both:
                hits.sort(key=lambda i: stems[i])
            if len(hits) == (2 if both else 1):
                header = " + ".join(self._header.names[i] for i in hits)
                self._say("time", header)
                return Match(places=tuple(hits), header=header, unit=None)
            if hits:
                self._ambiguous("time", hits)
                return None
        return None

    def _guessed(self, name: str) -> Match | None:
        if name in self._plain and self._plain.count(name) == 1:
            place = self._plain.index(name)
            return Match(places=(place,), header=self._header.names[place], unit=None)
        known = {name, *_NAMES.get(name, ())}
        if name == "concentration" and self._gas is not None:
            gases = {plain(n) for n in names_of(self._gas)}
            known |= gases | {f"{gas}_dry" for gas in gases}
        hits = [
            i for i, header in enumerate(self._header.names) if self._stem(name, header) in known
        ]
        if len(hits) > 1:
            self._ambiguous(name, hits)
        if len(hits) != 1:
            return None
        header = self._header.names[hits[0]]
        self._say(name, header)
        return Match(places=(hits[0],), header=header, unit=None)

    def _stem(self, name: str, header: str) -> str:
        return _split(header, QUANTITY.get(name))[0]

    def _unit(self, name: str, match: Match, units: Mapping[str, str]) -> str | None:
        quantity = QUANTITY.get(name)
        if quantity is None:
            return None
        if name in units:
            return units[name]
        unit = _split(match.header, quantity)[1]
        if unit is not None:
            self.said.append(f"{name} is in {unit}, as the header of {match.header!r} says.")
        elif quantity in USUAL:
            unit = USUAL[quantity]
            self.said.append(f"{name} is taken to be in {unit}.")
        else:
            self._complain(
                name,
                f"The unit of {match.header!r} is not given.",
                f"Say it among the units, as in {name}={_EXAMPLE_UNIT[quantity]}.",
            )
        return unit

    def _say(self, name: str, header: str) -> None:
        if plain(header) != name:
            self.said.append(f"{name} is taken from the column {header!r}.")

    def _ambiguous(self, name: str, hits: Sequence[int]) -> None:
        shown = listed([repr(self._header.names[i]) for i in hits])
        self._complain(name, f"Any of {shown} may be the {name}.")

    def _complain(self, name: str, what: str, mend: str | None = None) -> None:
        self._faults.add(
            what,
            mend or f"Say which among the columns, as in {name}=NAME (nothing after = for none).",
            file=self._file,
            row=self._header.line,
            column=name,
        )


_EXAMPLE_UNIT = {GAS: "ppm", "speed": "m/s", "temperature": "degC", "pressure": "hPa"}


def _bracketed(header: str) -> tuple[str, str | None]:
    """Split ``"WS [m/s]"`` or ``"CH4 (ppm)"``."""
    split = re.fullmatch(r"(.*?)[\s_]*[\[(]\s*([^\[\]()]+?)\s*[\])]\s*", header)
    return (split[1], split[2]) if split else (header, None)


def _split(header: str, quantity: str | None) -> tuple[str, str | None]:
    """Return a header's name without its unit, and the unit if it has one of that quantity."""
    stem, unit = _bracketed(header)
    if quantity is None:
        return plain(stem), None
    if unit is not None and is_unit(quantity, unit):
        return plain(stem), unit
    name = plain(stem if unit is None else header)
    for suffix, meant in _SUFFIX_UNITS[quantity].items():
        if name.endswith(f"_{suffix}"):
            return name[: -len(suffix) - 1], meant
    return name, None


def is_unit(quantity: str, text: str) -> bool:
    """Whether a text names a unit of that quantity."""
    try:
        if quantity == GAS:
            parse_unit(text)
        else:
            logger_unit(quantity, text)
    except BadInput:
        return False
    return True
