"""Any flight log -> :class:`Flight`: told apart by its bytes, on UTC, without impossible places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from barlovento.domain.geodesy import to_local
from barlovento.errors import BadInput
from barlovento.fly.logs import dataflash, mcap_log, tlog, ulog
from barlovento.fly.logs.bytestream import start_of_log
from barlovento.fly.logs.clocks import Clock, check_moments
from barlovento.fly.logs.record import (
    HEIGHTS,
    BoolArray,
    Flight,
    FloatArray,
    Gathered,
    LoggedHeight,
    Stream,
)

#: Between heights above ground that were logged apart, longer gaps are not bridged [s].
_LONGEST_GROUND_GAP = 5.0
_SUFFIX = {
    "tlog": (".tlog", ".rlog"),
    "dataflash": (".bin",),
    "ulog": (".ulg",),
    "mcap": (".mcap",),
}


def read_flight(
    path: str | Path,
    *,
    vehicle: int | None = None,
    topic: str | None = None,
    fastest: float = 60.0,
    tell: Callable[[float], None] | None = None,
) -> Flight:
    """Read a flight log of any kind that is known.

    Parameters
    ----------
    path : str or Path
        MAVLink .tlog, ArduPilot .bin, PX4 .ulg or .mcap; the content says which, not the name.
    vehicle : int, optional
        System number, where a telemetry log holds several vehicles.
    topic : str, optional
        Topic of the position, where an MCAP recording holds several.
    fastest : float
        No vehicle goes faster over ground; positions that would need it are left out [m s-1].
    tell : callable, optional
        Takes the share that is read.

    Returns
    -------
    Flight
        In UTC.

    Raises
    ------
    BadInput
        It is no flight log, holds no position with a satellite fix, or never tells the time.
    """
    log = Path(path)
    start = start_of_log(log)
    kind = _kind(log, start)
    try:
        if kind == "ulog":
            gathered, digest = ulog.read_ulog(log, tell=tell)
        elif kind == "mcap":
            gathered, digest = mcap_log.read_mcap(log, topic=topic, tell=tell)
        elif kind == "dataflash":
            gathered, digest = dataflash.read_dataflash(log, tell=tell)
        else:
            gathered, digest = tlog.read_tlog(log, vehicle=vehicle, tell=tell)
    except ImportError as problem:
        raise BadInput(
            f"Reading {log.name} needs the package {problem.name}. "
            "Install barlovento with the extra `flight`."
        ) from problem
    if log.suffix.lower() not in _SUFFIX[kind]:
        gathered.said.append(
            f"{log.name} is a {gathered.kind} by its content, whatever its name says."
        )
    try:
        return _flight(log.name, gathered, digest, fastest)
    except BadInput as problem:
        broken = f" Besides, {'; '.join(gathered.broken)}." if gathered.broken else ""
        raise BadInput(f"{log.name}: {problem}{broken}") from problem


def _kind(path: Path, start: bytes) -> str:
    if ulog.looks_like(start):
        return "ulog"
    if mcap_log.looks_like(start):
        return "mcap"
    if dataflash.looks_like(start):
        return "dataflash"
    if tlog.looks_like(start):
        return "tlog"
    if start.lstrip()[:4] in (b"FMT,", b"FMT "):
        raise BadInput(f"{path.name} is a DataFlash log as text. Give the .bin it was made from.")
    text = start.decode("utf-8", "replace")
    if text.isprintable() or ("\n" in text and "\ufffd" not in text and "\0" not in text):
        raise BadInput(
            f"{path.name} is text and no flight log. If it is a gas logger's file that holds "
            "positions itself, use `barlovento survey from-csv`; otherwise name the flight log "
            "first, then the gas log."
        )
    raise BadInput(
        f"{path.name} is no flight log that is known. Known are MAVLink telemetry (.tlog), "
        "ArduPilot DataFlash (.bin), PX4 ULog (.ulg) and MCAP (.mcap). Check which file it is."
    )


def _flight(name: str, log: Gathered, digest: str, fastest: float) -> Flight:
    places = log.places
    if not len(places):
        raise BadInput(_no_places(log))
    clock = Clock(log)
    order = places["order"]
    time = clock.of_places(order, places["time"])
    columns = {key: places[key] for key in ("longitude", "latitude", *map(str, HEIGHTS))}
    on_earth = (np.abs(columns["longitude"]) <= 180) & (np.abs(columns["latitude"]) <= 90)
    fixed = _had_fix(order, log.fixes) & np.isfinite(time) & on_earth
    n_no_fix = int((~fixed).sum())
    if not fixed.any():
        raise BadInput(
            f"None of {order.size:,} positions was logged with a satellite fix. "
            "Take the log of a flight with one."
        )
    columns[str(LoggedHeight.TERRAIN)] = _with_ground(
        columns[str(LoggedHeight.TERRAIN)], order, log.ground
    )
    time, columns = time[fixed], {key: values[fixed] for key, values in columns.items()}
    check_moments(time)
    n_reordered = int((time < np.maximum.accumulate(time) - 1e-6).sum())
    rank = np.argsort(time, kind="stable")
    # A message that arrived twice, or two links with the same.
    first = np.append(True, np.diff(time[rank]) > 1e-6)
    kept = rank[first]
    time, columns = time[kept], {key: values[kept] for key, values in columns.items()}
    possible = _possible(time, columns["longitude"], columns["latitude"], fastest)
    wind_time, east, north = _sorted(
        clock.of_order(log.wind["order"]), log.wind["east"], log.wind["north"]
    )
    air_time, pressure = _sorted(clock.of_order(log.air["order"]), log.air["pressure"])
    return Flight(
        file=name,
        kind=log.kind,
        sha256=digest,
        time=time[possible],
        longitude=columns["longitude"][possible],
        latitude=columns["latitude"][possible],
        heights={height: columns[str(height)][possible] for height in HEIGHTS},
        clock=clock.told,
        clock_error=clock.error,
        wind=(wind_time, east, north),
        air=(air_time, pressure),
        n_no_fix=n_no_fix,
        n_jumped=int((~possible).sum()),
        n_duplicate=int((~first).sum()),
        n_reordered=n_reordered,
        said=tuple(log.said),
        broken=tuple(log.broken),
    )


def _no_places(log: Gathered) -> str:
    fixes = log.fixes["fix"]
    if fixes.size:
        best = int(fixes.max())
        return (
            f"The log holds no position: its satellite receiver reported {fixes.size:,} times, at "
            f"best with fix type {best} (3 is a position). Take the log of a flight with a fix."
        )
    return (
        f"The {log.kind} holds no position at all: no message of a position or of a satellite "
        "receiver is in it. Take the log of a flight outdoors, with positions logged."
    )


def _had_fix(order: FloatArray, fixes: Stream) -> BoolArray:
    """Whether the receiver's last report before each place was a fix; True without reports."""
    told = fixes["order"]
    if not told.size:
        return np.ones(order.size, dtype=bool)
    rank = np.argsort(told, kind="stable")
    good = fixes["fix"][rank] >= 3
    at = np.clip(np.searchsorted(told[rank], order, side="right") - 1, 0, told.size - 1)
    return np.asarray(good[at], dtype=np.bool_)


def _with_ground(own: FloatArray, order: FloatArray, ground: Stream) -> FloatArray:
    """Fill in heights above ground that were logged apart from the places."""
    told = ground["order"]
    if not told.size:
        return own
    rank = np.argsort(told, kind="stable")
    told, height = told[rank], ground["height"][rank]
    near = np.searchsorted(told, order)
    before, after = np.maximum(near - 1, 0), np.minimum(near, told.size - 1)
    gap = np.minimum(np.abs(order - told[before]), np.abs(told[after] - order))
    apart = np.where(gap <= _LONGEST_GROUND_GAP, np.interp(order, told, height), np.nan)
    return np.where(np.isfinite(own), own, apart)


def _possible(
    time: FloatArray, longitude: FloatArray, latitude: FloatArray, fastest: float
) -> BoolArray:
    """Which places can be reached from the longest unbroken stretch of the track."""
    if time.size < 2:
        return np.ones(time.size, dtype=bool)
    origin = (float(np.median(longitude)), float(np.median(latitude)))
    x, y = to_local(longitude, latitude, origin=origin)
    # Half a second of tolerance: times of arrival jitter more than places do.
    reach = fastest * (np.diff(time) + 0.5)
    broken = np.flatnonzero(np.hypot(np.diff(x), np.diff(y)) > reach)
    if not broken.size:
        return np.ones(time.size, dtype=bool)
    edges = np.concatenate([[0], broken + 1, [time.size]])
    longest = int(np.argmax(np.diff(edges)))
    begin, end = int(edges[longest]), int(edges[longest + 1])
    good = np.zeros(time.size, dtype=bool)
    good[begin:end] = True
    for places in (range(end, time.size), range(begin - 1, -1, -1)):
        last = end - 1 if places.step > 0 else begin
        for i in places:
            away = np.hypot(x[i] - x[last], y[i] - y[last])
            if away <= fastest * (abs(time[i] - time[last]) + 0.5):
                good[i], last = True, i
    return good


def _sorted(time: FloatArray, *columns: FloatArray) -> tuple[FloatArray, ...]:
    """Return entries by time, without those that have none."""
    good = np.isfinite(time)
    rank = np.argsort(time[good], kind="stable")
    return tuple(values[good][rank] for values in (time, *columns))
