"""How far the gas logger's clock is from the flight's, by something that both recorded.

Times of the flight are times of the logger plus the offset. The best offset is where what both
recorded disagrees least; its interval comes from how much stretches of the flight disagree about
it among themselves (the sandwich estimate of White 1982, Econometrica 50, 1-25, clustered by
stretches), so that errors that last for seconds don't make it too narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_local
from barlovento.fly.logs.record import Flight, FloatArray, LoggedHeight

#: Readings are thinned to so many [1].
MOST_READINGS = 3000
_COARSE, _FINE = 1.0, 0.1
#: Half the step over which slopes of the disagreement are taken [s].
_STEP = 0.5
_BLOCK, _FEWEST_BLOCKS, _MOST_BLOCKS = 30.0, 5, 30
#: Shifts by time zones and by daylight saving [s].
_ZONES = np.arange(-28, 29) * 1800.0
#: Both recorders' positions agree by this at the true offset, or they were not together [m].
_TOGETHER = 50.0
_SHARE_OVERLAP = 0.3
_SHARE_SPREAD = 0.05
_CAP = 100.0
Loss = Callable[[float], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """What is to be added to the logger's times.

    Parameters
    ----------
    seconds : float
        Best value [s].
    low, high : float
        Ends of the 90 % interval [s].
    by : str
        What told it, for people.
    """

    seconds: float
    low: float
    high: float
    by: str

    @property
    def half(self) -> float:
        """Half the width of the interval [s]."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GasSignals:
    """What the gas logger recorded besides the gas, on its own clock.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Since 1970 by its clock [s].
    longitude, latitude : ndarray, shape (n,), optional
        [degree].
    pressure : ndarray, shape (n,), optional
        [Pa].
    height : ndarray, shape (n,), optional
        Above anything that stays the same [m].
    """

    time: FloatArray
    longitude: FloatArray | None = None
    latitude: FloatArray | None = None
    pressure: FloatArray | None = None
    height: FloatArray | None = None


def common_signal(gas: GasSignals, flight: Flight, *, most: float) -> tuple[Offset | None, str]:
    """Estimate the offset from positions, pressure or height that both recorded.

    Parameters
    ----------
    gas : GasSignals
        Of the logger.
    flight : Flight
        The flight.
    most : float
        The clocks differ by at most this, apart from whole half hours [s].

    Returns
    -------
    tuple of Offset or None, and str
        The estimate, and what was tried and failed where there is none.
    """
    tried = []
    for name, loss in _losses(gas, flight):
        found = _best(gas, flight, loss, name, most=most)
        if isinstance(found, Offset):
            return found, ""
        tried.append(found)
    return None, " ".join(tried)


def _losses(gas: GasSignals, flight: Flight) -> list[tuple[str, Loss]]:
    found: list[tuple[str, Loss]] = []
    keep = _thinned(gas.time)
    if gas.longitude is not None and gas.latitude is not None:
        found.append(("positions in the gas log", _by_position(gas, flight, keep)))
    if gas.pressure is not None:
        time, own = flight.air
        if not time.size:
            time, own = flight.time, -_some_height(flight)
        found.append(("pressure in the gas log", _by_line(gas.time, gas.pressure, time, own, keep)))
    if gas.height is not None:
        found.append(
            (
                "heights in the gas log",
                _by_line(gas.time, gas.height, flight.time, _some_height(flight), keep),
            )
        )
    return found


def _some_height(flight: Flight) -> FloatArray:
    """Return any height: only its ups and downs are used [m]."""
    order = (LoggedHeight.HOME, LoggedHeight.AMSL, LoggedHeight.ELLIPSOID, LoggedHeight.UNTYPED)
    return max(
        (flight.heights[kind] for kind in order), key=lambda values: np.isfinite(values).sum()
    )


def _thinned(time: FloatArray) -> NDArray[np.intp]:
    return np.arange(0, time.size, max(1, -(-time.size // MOST_READINGS)))


def _by_position(gas: GasSignals, flight: Flight, keep: NDArray[np.intp]) -> Loss:
    """Return the squared distances between both positions over the offset [m2]."""
    assert gas.longitude is not None
    assert gas.latitude is not None
    origin = (float(np.median(flight.longitude)), float(np.median(flight.latitude)))
    x, y = to_local(flight.longitude, flight.latitude, origin=origin)
    u, v = to_local(gas.longitude[keep], gas.latitude[keep], origin=origin)
    time = gas.time[keep]

    def loss(offset: float) -> FloatArray:
        dx = _at(time + offset, flight.time, x) - u
        dy = _at(time + offset, flight.time, y) - v
        return np.minimum(dx**2 + dy**2, _CAP**2)

    return loss


def _by_line(
    time: FloatArray,
    theirs: FloatArray,
    known: FloatArray,
    ours: FloatArray,
    keep: NDArray[np.intp],
) -> Loss:
    """Return squared residuals of theirs against a line in ours, in variances of theirs [1]."""
    time, theirs = time[keep], theirs[keep]
    good = np.isfinite(ours)
    known, ours = known[good], ours[good]
    spread = float(np.nanvar(theirs)) if np.isfinite(theirs).any() else 0.0

    def loss(offset: float) -> FloatArray:
        at = _at(time + offset, known, ours)
        both = np.isfinite(at) & np.isfinite(theirs)
        lost = np.full(time.size, np.nan)
        if both.sum() < 10 or spread <= 0:
            return lost
        a, b = at[both] - at[both].mean(), theirs[both] - theirs[both].mean()
        own = float(b.var())
        if own < _SHARE_SPREAD * spread:
            # Only a stretch overlaps in which nothing happened.
            return lost
        variance = float(a @ a)
        slope = max(float(a @ b) / variance, 0.0) if variance > 0 else 0.0
        lost[both] = (b - slope * a) ** 2 / own
        return lost

    # Pressure falls with height: ours is handed in with the sign that makes the slope positive.
    return loss


def _at(wanted: FloatArray, known: FloatArray, values: FloatArray) -> FloatArray:
    """Interpolate, NaN outside of what is known."""
    if known.size < 2:
        return np.full(wanted.size, np.nan)
    return np.interp(wanted, known, values, left=np.nan, right=np.nan)


def _best(gas: GasSignals, flight: Flight, loss: Loss, name: str, *, most: float) -> Offset | str:
    """Return the best offset with its interval, or why there is none."""
    time = gas.time[_thinned(gas.time)]
    needed = _needed(time, flight)

    def overlap(offset: float) -> bool:
        inside = (time + offset >= flight.time[0]) & (time + offset <= flight.time[-1])
        return bool(inside.sum() >= needed)

    near = _lowest(loss, np.arange(-most, most + _COARSE / 2, _COARSE), needed, overlap)
    zones = [
        _lowest(loss, zone + np.arange(-most, most + _COARSE, 4 * _COARSE), needed, overlap)
        for zone in _ZONES
        if zone
    ]
    far = min((z for z in zones if z is not None), key=lambda z: z[1], default=None)
    if near is None and far is None:
        return f"The {name} do not fit the flight at any offset that was tried."
    if near is None or (far is not None and far[1] < 0.5 * near[1]):
        assert far is not None
        start = far
    else:
        start = near
    fine = _lowest(loss, start[0] + np.arange(-4, 4 + _FINE / 2, _FINE), needed, overlap)
    if fine is None or not _fits(loss, fine[0], name):
        return f"The {name} do not fit the flight at any offset that was tried."
    middle = _vertex(loss, fine[0])
    half = _half_width(time, loss, middle)
    if half is None or half > most:
        return f"The {name} change too little to tell the offset."
    return Offset(seconds=middle, low=middle - half, high=middle + half, by=name)


def _needed(time: FloatArray, flight: Flight) -> float:
    """Return how many readings must lie within the flight: a logger may run all day [1]."""
    share = float(flight.time[-1] - flight.time[0]) / max(float(np.ptp(time)), 1.0)
    return max(_SHARE_OVERLAP * time.size * min(share, 1.0), 10.0)


def _lowest(
    loss: Loss, offsets: FloatArray, needed: float, overlap: Callable[[float], bool]
) -> tuple[float, float] | None:
    """Return the offset with the least mean loss and that loss, over those that overlap."""
    best: tuple[float, float] | None = None
    for offset in offsets.tolist():
        if not overlap(offset):
            continue
        values = loss(offset)
        there = np.isfinite(values)
        if there.sum() < needed:
            continue
        mean = float(values[there].mean())
        if best is None or mean < best[1]:
            best = (offset, mean)
    return best


def _fits(loss: Loss, offset: float, name: str) -> bool:
    values = loss(offset)
    typical = float(np.nanmedian(values))
    if name.startswith("positions"):
        return typical < _TOGETHER**2
    # Less than half of the variance explained is no common signal.
    return float(np.nanmean(values)) < 0.5


def _mean(loss: Loss, offset: float) -> float:
    return float(np.nanmean(loss(offset)))


def _vertex(loss: Loss, offset: float) -> float:
    """Return the lowest point of the parabola through three losses [s]."""
    before, here, after = (_mean(loss, offset + step) for step in (-_STEP, 0.0, _STEP))
    bend = before - 2 * here + after
    if not bend > 0:
        return offset
    return offset + float(np.clip((before - after) / (2 * bend), -1, 1)) * _STEP


def _half_width(time: FloatArray, loss: Loss, offset: float) -> float | None:
    """Return half of the 90 % interval, None where the losses have no bend [s]."""
    before, here, after = (loss(offset + step) for step in (-_STEP, 0.0, _STEP))
    there = np.isfinite(before) & np.isfinite(here) & np.isfinite(after)
    if there.sum() < 10:
        return None
    slope = ((after - before) / (2 * _STEP))[there]
    bend = ((after - 2 * here + before) / _STEP**2)[there]
    return clustered_half_width(slope, bend, _blocks(time[there]))


def _blocks(time: FloatArray) -> NDArray[np.intp]:
    length = max(_BLOCK, float(np.ptp(time)) / _MOST_BLOCKS)
    return np.asarray((time - time.min()) // length, dtype=np.intp)


def clustered_half_width(
    slope: FloatArray, bend: FloatArray, block: NDArray[np.intp]
) -> float | None:
    """Return half of the 90 % interval of where a sum of losses is least.

    Parameters
    ----------
    slope, bend : ndarray, shape (n,)
        First and second derivative of each loss at the lowest point [1/s, 1/s2].
    block : ndarray of int, shape (n,)
        Losses in different blocks count as independent.

    Returns
    -------
    float or None
        None where blocks are too few or the lowest point is none [s].
    """
    from scipy.special import stdtrit

    _, number = np.unique(block, return_inverse=True)
    count = int(number.max()) + 1
    total = float(bend.sum())
    if count < _FEWEST_BLOCKS or not total > 0:
        return None
    sums = np.bincount(number, weights=slope)
    left = total - np.bincount(number, weights=bend)
    if not (left > 0).all():
        # One stretch alone tells it; nothing is known of its error.
        return None
    # Where the rest of the flight would put the offset, to first order.
    away = sums / left
    error = float(np.sqrt((count - 1) / count * (away**2).sum()))
    return float(stdtrit(count - 1, 0.95)) * error
