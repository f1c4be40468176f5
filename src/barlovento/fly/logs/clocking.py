"""Which clock offset is taken for a gas log, or why it can't belong to the flight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from barlovento.errors import BadInput
from barlovento.fly.asking import LoggerKeys
from barlovento.fly.logs.offset import GasSignals, Offset, common_signal
from barlovento.fly.logs.passes import by_passes
from barlovento.fly.logs.record import Flight, FloatArray
from barlovento.fly.times import utc, zone_of

_HALF_HOUR = 1800.0
#: Of the shorter of both, so much must lie within the other.
_OVERLAP = 0.05
_AFTER_SHIFT = 0.5
_LONGEST_ZONE = 14 * 3600.0
#: Below this the wind of a reading is the same anyway [s].
_NOTHING = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The offset that is taken.

    Parameters
    ----------
    seconds : float
        To be added to the logger's times [s].
    estimate : Offset or None
        How it was told; None where nothing in the logs tells it.
    most : float or None
        By how much the gas may still lag, for the survey; None for not at all [s].
    told : tuple of str
        For people.
    doubt : str
        Why nothing tells it; empty where something does.
    """

    seconds: float
    estimate: Offset | None
    most: float | None
    told: tuple[str, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockKeys:
    """What the person knows about the logger's clock.

    Parameters
    ----------
    offset : float or None
        To be added to its times beforehand [s].
    most : float or None
        After that the clocks differ by at most this [s].
    """

    offset: float | None = None
    most: float | None = None


#: Taken where nobody says how far the clocks may differ [s].
USUAL_MOST = 30.0
#: Farther than this nobody searches: what then fits, fits by chance [s].
MOST_SEARCHED = 600.0


def settle(
    signals: GasSignals,
    middle: FloatArray,
    concentration: FloatArray,
    flight: Flight,
    *,
    keys: LoggerKeys,
    known: ClockKeys,
    file: str,
) -> Settled:
    """Tell the offset of a gas log's clock.

    Parameters
    ----------
    signals : GasSignals
        What the logger recorded besides.
    middle, concentration : ndarray, shape (n,)
        Middle of each reading by the logger's clock since 1970 [s], and the gas.
    flight : Flight
        The flight.
    keys : LoggerKeys
        How its times were read.
    known : ClockKeys
        What the person knows.
    file : str
        Name of the gas log.

    Returns
    -------
    Settled
        The offset.

    Raises
    ------
    BadInput
        The log does not overlap with the flight, or its clock is off by a time zone.
    """
    base = known.offset or 0.0
    most = USUAL_MOST if known.most is None else known.most
    if not most:
        _check_overlap(middle + base, flight, keys, file, known)
        return Settled(
            seconds=base,
            estimate=None,
            most=None,
            told=(f"The gas clock is taken to be off by {-base:+g} s exactly, by your word.",),
        )
    shifted = _shifted(signals, base)
    found, why = common_signal(shifted, flight, most=most)
    if found is None:
        _check_overlap(middle + base, flight, keys, file, known)
        found, more = by_passes(middle + base, concentration, flight, most=most)
        why = f"{why} {more}".strip()
    elif abs(found.seconds) > most + 1:
        raise _by_zone(found, base, most, keys, file, middle)
    if found is None:
        nothing = "Nothing in the logs tells how far the gas clock is off: it is taken as it is"
        return Settled(
            seconds=base,
            estimate=None,
            most=most,
            told=(f"{nothing}, and may be off by {most:g} s.",),
            doubt=f"{why} Readings may stand {_metres(flight, most):.0f} m from their place.",
        )
    return _settled(found, base)


def _settled(found: Offset, base: float) -> Settled:
    total = base + found.seconds
    way = "later" if total >= 0 else "earlier"
    span = f"90 % interval {base + found.low:+.2f} to {base + found.high:+.2f} s"
    told = [f"The gas log's times are put {abs(total):.2f} s {way} ({span}), by {found.by}."]
    if "passes" not in found.by:
        told.append(
            "That is the clock alone: how long the gas takes through inlet and sensor is not in it "
            "(--response-time, --clock-offset)."
        )
    left = round(found.half, 2)
    return Settled(
        seconds=total, estimate=found, most=left if left >= _NOTHING else None, told=tuple(told)
    )


def _shifted(signals: GasSignals, base: float) -> GasSignals:
    return GasSignals(
        time=signals.time + base,
        longitude=signals.longitude,
        latitude=signals.latitude,
        pressure=signals.pressure,
        height=signals.height,
    )


def _metres(flight: Flight, seconds: float) -> float:
    """Return how far the vehicle usually goes in that time [m]."""
    from barlovento.domain.geodesy import to_local

    origin = (float(flight.longitude[0]), float(flight.latitude[0]))
    x, y = to_local(flight.longitude, flight.latitude, origin=origin)
    speed = np.hypot(np.diff(x), np.diff(y)) / np.maximum(np.diff(flight.time), 1e-3)
    return float(np.median(speed)) * seconds if speed.size else 0.0


def _overlap(time: FloatArray, flight: Flight) -> float:
    """Return the share of the shorter that lies in the other."""
    first, last = float(np.nanmin(time)), float(np.nanmax(time))
    begin, end = float(flight.time[0]), float(flight.time[-1])
    both = min(last, end) - max(first, begin)
    return both / max(min(last - first, end - begin), 1.0)


def _check_overlap(
    time: FloatArray, flight: Flight, keys: LoggerKeys, file: str, known: ClockKeys
) -> None:
    if _overlap(time, flight) >= _OVERLAP:
        return
    spans = (
        f"{file} runs from {utc(float(np.nanmin(time)))} to {utc(float(np.nanmax(time)))}, the "
        f"flight in {flight.file} from {utc(float(flight.time[0]))} to "
        f"{utc(float(flight.time[-1]))}: they don't overlap."
    )
    steps = np.arange(-_LONGEST_ZONE, _LONGEST_ZONE + 1, _HALF_HOUR)
    # Whole hours are commoner than half ones, small shifts than large.
    order = sorted(steps.tolist(), key=lambda s: (s % 3600 != 0, abs(s)))
    fitting = [s for s in order if s and _overlap(time + s, flight) >= _AFTER_SHIFT]
    if not fitting:
        raise BadInput(f"{spans} Check that both files are of the same flight and day.")
    best = max(fitting, key=lambda s: (round(_overlap(time + s, flight), 1), s % 3600 == 0))
    raise BadInput(
        f"{spans} Shifted by {best / 3600:+g} h they would: suspect a time zone. "
        f"{_zone_mend(best, known.offset or 0.0, keys, time)}"
    )


def _by_zone(
    found: Offset, base: float, most: float, keys: LoggerKeys, file: str, time: FloatArray
) -> BadInput:
    shift = round(found.seconds / _HALF_HOUR) * _HALF_HOUR
    if shift and abs(found.seconds - shift) <= most + 1:
        return BadInput(
            f"The clock of {file} is {-shift / 3600:+g} h and {shift - found.seconds:+.1f} s off "
            f"against the flight's, told by {found.by}: suspect a time zone. "
            f"{_zone_mend(shift, base, keys, time)}"
        )
    return BadInput(
        f"The clock of {file} is {-found.seconds:+.1f} s off against the flight's, told by "
        f"{found.by}, more than --clock-offset-max. Give --clock-offset "
        f"{base + found.seconds:.0f} if that can be."
    )


def _zone_mend(shift: float, base: float, keys: LoggerKeys, time: FloatArray) -> str:
    """Return how to say that the times are those of another zone."""
    by_offset = f"give --clock-offset {base + shift:.0f}"
    if keys.time_zone is None:
        return f"Its times name their zone wrongly, then: {by_offset}."
    moment = datetime.fromtimestamp(float(np.nanmedian(time)), tz=UTC)
    now = moment.astimezone(zone_of(keys.time_zone)).utcoffset() or timedelta()
    minutes = round((now.total_seconds() - shift) / 60)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    if abs(minutes) > 14 * 60:
        return f"If the logger's clock was set wrongly, {by_offset}."
    return (
        f"Read its times with --time-zone {zone} (now {keys.time_zone}) if they are local, "
        f"or {by_offset}."
    )
