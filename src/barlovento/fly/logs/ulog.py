"""PX4's ULog (.ulg), read by pyulog."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.errors import BadInput
from barlovento.fly.logs.bytestream import OpenLog, open_log
from barlovento.fly.logs.clocks import is_flight_time
from barlovento.fly.logs.record import FloatArray, Gathered

_MAGIC = b"ULog\x01\x12\x35"
_RECEIVERS = ("vehicle_gps_position", "sensor_gps")
_WINDS = ("wind", "wind_estimate")
_TOPICS = (
    *("vehicle_global_position", "vehicle_local_position", "home_position"),
    *("vehicle_air_data", *_RECEIVERS, *_WINDS),
)
#: pyulog holds the wanted topics in memory.
_LARGEST = 2 * 1024**3
_FILE_HEAD = 16


def looks_like(start: bytes) -> bool:
    """Whether a file begins as a ULog does."""
    return start[: len(_MAGIC)] == _MAGIC


def read_ulog(path: Path, *, tell: Callable[[float], None] | None = None) -> tuple[Gathered, str]:
    """Read a ULog.

    Parameters
    ----------
    path : Path
        The file.
    tell : callable, optional
        Takes the share that is read.

    Returns
    -------
    tuple of Gathered and str
        The log, and the SHA-256 of its bytes.

    Raises
    ------
    BadInput
        It can't be read.
    """
    digest, cut = _look_over(path, tell)
    out = Gathered(kind="PX4 ULog")
    if cut is not None:
        out.broken.append(f"the last message is cut at byte {cut:,}; everything before it was read")
    topics = _topics(path, out)
    receiver = next((topics[name] for name in _RECEIVERS if name in topics), None)
    if receiver is not None:
        _receiver(receiver, out)
    if "vehicle_global_position" in topics:
        _global(topics["vehicle_global_position"], _home(topics), out)
    elif receiver is not None:
        _receiver_only(receiver, _home(topics), out)
    _rest(topics, out)
    return out, digest


def _look_over(path: Path, tell: Callable[[float], None] | None) -> tuple[str, int | None]:
    """Return the SHA-256, and where the last message is cut: pyulog doesn't say [byte]."""
    with OpenLog(path, tell) as log:
        if path.stat().st_size > _LARGEST:
            raise BadInput(
                f"{path} has {path.stat().st_size / 1024**3:.1f} GB; at most "
                f"{_LARGEST // 1024**3} GB of a ULog are read. Log fewer topics, or split it."
            )
        window, cut = log.window, None
        if window.has(_FILE_HEAD):
            window.at += _FILE_HEAD
        while window.has(1):
            size = 3
            if window.has(3):
                size += int.from_bytes(window.buffer[window.at : window.at + 2], "little")
            if not window.has(size):
                cut = window.offset
                break
            window.at += size
        return window.digest(), cut


def _topics(path: Path, out: Gathered) -> dict[str, dict[str, Any]]:
    """Return the first instance of each wanted topic as columns."""
    from pyulog import ULog
    from pyulog.exceptions import ULogException

    try:
        # It prints what it stumbles over.
        with contextlib.redirect_stdout(io.StringIO()), open_log(path) as file:
            log = ULog(file, list(_TOPICS), disable_str_exceptions=True)
    except (
        *(ULogException, struct.error, ValueError, KeyError, IndexError, TypeError),
        *(OverflowError, AttributeError, EOFError, RecursionError, MemoryError, OSError),
    ) as problem:
        raise BadInput(
            f"{path.name} begins as a ULog and can't be read as one: {problem!r}. "
            "Copy it from the vehicle once more."
        ) from problem
    if log.file_corruption:
        out.broken.append("the file is damaged; what could be read was read")
    if log.dropouts:
        lost = sum(dropout.duration for dropout in log.dropouts) / 1e3
        out.broken.append(
            f"the logger lost data {len(log.dropouts)} times, {lost:.3g} s in all, as it says"
        )
    found: dict[str, dict[str, Any]] = {}
    for data in sorted(log.data_list, key=lambda data: data.multi_id):
        if len(data.data.get("timestamp", ())):
            found.setdefault(data.name, data.data)
    return found


def _column(data: dict[str, Any], *names: str, factor: float = 1.0) -> FloatArray:
    """Return the first of these columns that is there, NaN where none is."""
    for name in names:
        if name in data:
            return np.asarray(data[name], dtype=np.float64) * factor
    return np.full(len(data["timestamp"]), np.nan)


def _now(data: dict[str, Any]) -> FloatArray:
    return _column(data, "timestamp", factor=1e-6)


def _places(data: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude; old logs count in 1e-7 degrees."""
    if "latitude_deg" in data:
        return _column(data, "longitude_deg"), _column(data, "latitude_deg")
    factor = 1e-7 if np.issubdtype(np.asarray(data["lat"]).dtype, np.integer) else 1.0
    return _column(data, "lon", factor=factor), _column(data, "lat", factor=factor)


def _receiver(data: dict[str, Any], out: Gathered) -> None:
    now, fix = _now(data), _column(data, "fix_type")
    out.fixes.extend(now, fix)
    utc = _column(data, "time_utc_usec", factor=1e-6)
    sound = (fix >= 3) & np.array([is_flight_time(moment) for moment in utc], dtype=bool)
    out.clocks.extend(now[sound], now[sound], utc[sound])


def _home(topics: dict[str, dict[str, Any]]) -> float:
    """Return the height of the place of take-off above the sea [m]."""
    if "home_position" not in topics:
        return float("nan")
    data = topics["home_position"]
    sound = _column(data, "valid_alt") if "valid_alt" in data else np.ones(len(data["timestamp"]))
    heights = _column(data, "alt")[sound > 0]
    return float(heights[-1]) if heights.size else float("nan")


def _add_places(
    data: dict[str, Any],
    keep: Any,
    amsl: FloatArray,
    ellipsoid: FloatArray,
    home: float,
    terrain: FloatArray,
    out: Gathered,
) -> None:
    longitude, latitude = _places(data)
    now = _now(data)
    keep = keep & ((longitude != 0) | (latitude != 0))
    nothing = np.full(now.size, np.nan)
    # In the order of record.HEIGHTS.
    heights = (terrain, amsl - home, amsl, ellipsoid, nothing)
    columns = (now, now, longitude, latitude, *heights)
    out.places.extend(*(column[keep] for column in columns))


def _global(data: dict[str, Any], home: float, out: Gathered) -> None:
    amsl = _column(data, "alt")
    terrain = amsl - _column(data, "terrain_alt")
    valid = _column(data, "terrain_alt_valid")
    terrain[~(valid > 0)] = np.nan
    keep = np.ones(amsl.size, dtype=bool)
    if "lat_lon_valid" in data:
        keep = _column(data, "lat_lon_valid") > 0
    _add_places(data, keep, amsl, _column(data, "alt_ellipsoid"), home, terrain, out)


def _receiver_only(data: dict[str, Any], home: float, out: Gathered) -> None:
    out.said.append("The log has no vehicle_global_position: positions are those of the receiver.")
    amsl, ellipsoid = (
        _column(data, f"altitude_{name}_m")
        if f"altitude_{name}_m" in data
        else _column(data, old, factor=1e-3)
        for name, old in (("msl", "alt"), ("ellipsoid", "alt_ellipsoid"))
    )
    terrain = np.full(amsl.size, np.nan)
    _add_places(data, _column(data, "fix_type") >= 3, amsl, ellipsoid, home, terrain, out)


def _rest(topics: dict[str, dict[str, Any]], out: Gathered) -> None:
    """Take heights above ground, wind and pressure."""
    if "vehicle_local_position" in topics:
        data = topics["vehicle_local_position"]
        good = _column(data, "dist_bottom_valid") > 0
        out.ground.extend(_now(data)[good], _column(data, "dist_bottom")[good])
    for name in _WINDS:
        if name in topics and not len(out.wind):
            data = topics[name]
            east, north = _column(data, "windspeed_east"), _column(data, "windspeed_north")
            good = np.isfinite(east) & np.isfinite(north)
            out.wind.extend(_now(data)[good], east[good], north[good])
    if "vehicle_air_data" in topics:
        data = topics["vehicle_air_data"]
        pressure = _column(data, "baro_pressure_pa")
        good = (pressure > 1e3) & (pressure < 1.2e5)
        out.air.extend(_now(data)[good], pressure[good])
