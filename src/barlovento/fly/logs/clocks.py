"""From a log's own clocks to UTC, by the moments at which it knew both."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from barlovento.errors import BadInput
from barlovento.fly.logs.record import FloatArray, Gathered
from barlovento.fly.times import utc as shown

#: No log of a small autopilot is older, and a receiver without a date says less.
_EARLIEST = datetime(2009, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC).timestamp()
#: Seconds by which GPS time is ahead of UTC, from a moment on (IERS Bulletin C).
_LEAPS = tuple(
    (datetime(*day, tzinfo=UTC).timestamp(), leap)
    for day, leap in (
        ((2009, 1, 1), 15),
        ((2012, 7, 1), 16),
        ((2015, 7, 1), 17),
        ((2017, 1, 1), 18),
    )
)
#: Pairs that differ by more belong to another start of the autopilot, or are wrong [s].
_ANOTHER_BOOT = 2.0
_SMOOTH = 5


def is_flight_time(seconds: float) -> bool:
    """Whether a moment is one at which a log may have been written.

    Parameters
    ----------
    seconds : float
        Since 1970 UTC [s].

    Returns
    -------
    bool
        False before autopilots and after this century.
    """
    return _EARLIEST <= seconds < _LATEST


def from_gps_week(week: float, seconds: float) -> float:
    """Return the UTC of a moment in GPS time.

    Parameters
    ----------
    week : float
        Since 1980-01-06 without roll-over [week].
    seconds : float
        In that week [s].

    Returns
    -------
    float
        Since 1970 UTC [s].
    """
    moment = _GPS_EPOCH + week * 604_800.0 + seconds
    leaps = [leap for since, leap in _LEAPS if moment - leap >= since]
    return moment - (leaps[-1] if leaps else _LEAPS[0][1])


class Clock:
    """Both clocks of a log as UTC.

    Parameters
    ----------
    log : Gathered
        The log.

    Raises
    ------
    BadInput
        Nothing in the log tells UTC.
    """

    def __init__(self, log: Gathered) -> None:
        order, time, utc = (log.clocks[name] for name in ("order", "time", "utc"))
        sound = np.isfinite(order) & np.isfinite(time) & np.isfinite(utc)
        rank = np.argsort(order[sound], kind="stable")
        self._order, time, utc = (values[sound][rank] for values in (order, time, utc))
        self._by_time = utc - time
        self._by_order = utc - self._order
        self.error = 0.0
        self._one = log.one_boot
        self._blind = not self._order.size
        if self._blind and not log.absolute:
            raise BadInput(
                "The log never tells the time of day: no satellite time is in it. "
                "Take the log of a flight with a satellite fix."
            )
        if self._blind:
            self.told = (
                "by the clock of the computer that wrote the log, for the vehicle never told UTC"
            )
            return
        if log.one_boot:
            self._keep_agreeing()
        else:
            self._by_time = _smoothed(self._by_time)
        # The computer that receives a link has one clock, whatever the vehicle does.
        self._shift = float(np.median(self._by_order))
        self._tell(log)

    def _keep_agreeing(self) -> None:
        """Drop pairs of before the receiver knew the date."""
        middle = float(np.median(self._by_time))
        near = np.abs(self._by_time - middle) < _ANOTHER_BOOT
        self._order, self._by_time = self._order[near], self._by_time[near]
        self._by_order = self._by_order[near]

    def _tell(self, log: Gathered) -> None:
        raw = self._by_time - (np.median(self._by_time) if self._one else _smoothed(self._by_time))
        low, high = np.quantile(raw, (0.05, 0.95))
        self.error = float(high - low) / 2
        self.told = (
            f"by {self._order.size:,} moments at which the vehicle knew UTC, which agree "
            f"within {max(self.error, 0.001):.3g} s"
        )
        starts = int((np.abs(np.diff(self._by_time)) > _ANOTHER_BOOT).sum())
        if starts and not self._one:
            self.told += f"; its own clock was set or restarted {starts} times"
        if log.absolute and abs(self._shift) > 1:
            log.said.append(
                f"The clock of the computer that wrote the log is off by {self._shift:+.1f} s "
                "against the vehicle's UTC; the vehicle's was taken."
            )

    def of_places(self, order: FloatArray, time: FloatArray) -> FloatArray:
        """Return the UTC of entries with a clock of their own.

        Parameters
        ----------
        order, time : ndarray, shape (n,)
            On the clock that runs through the file, and on the entry's, NaN for none [s].

        Returns
        -------
        ndarray, shape (n,)
            Since 1970 [s].
        """
        if self._blind:
            return order.copy()
        if self._one:
            own = time + np.median(self._by_time)
        else:
            own = time + self._by_time[_nearest(self._order, order)]
        return np.where(np.isfinite(time), own, self.of_order(order))

    def of_order(self, order: FloatArray) -> FloatArray:
        """Return the UTC of entries on the clock that runs through the file.

        Parameters
        ----------
        order : ndarray, shape (n,)
            On that clock [s].

        Returns
        -------
        ndarray, shape (n,)
            Since 1970 [s].
        """
        return order.copy() if self._blind else order + self._shift


def check_moments(time: FloatArray) -> None:
    """Refuse a log whose clock reaches no moment of flight.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Since 1970 [s].

    Raises
    ------
    BadInput
        The middle of them is no such moment.
    """
    if time.size and not is_flight_time(float(np.median(time))):
        raise BadInput(
            f"The log says that it was written in {shown(float(np.median(time)))}. "
            "Its clock was never set; take the log of a flight with a satellite fix."
        )


def _smoothed(values: FloatArray) -> FloatArray:
    """Return the running median over some neighbours, so that one odd pair says nothing."""
    if values.size < _SMOOTH:
        return np.full(values.size, np.median(values))
    half = _SMOOTH // 2
    padded = np.concatenate([values[:half][::-1], values, values[-half:][::-1]])
    return np.asarray(
        np.median(np.lib.stride_tricks.sliding_window_view(padded, _SMOOTH), axis=1),
        dtype=np.float64,
    )


def _nearest(known: FloatArray, wanted: FloatArray) -> np.ndarray:
    after = np.clip(np.searchsorted(known, wanted), 1, max(known.size - 1, 1))
    if known.size == 1:
        return np.zeros(wanted.size, dtype=np.intp)
    before = after - 1
    closer = wanted - known[before] <= known[np.minimum(after, known.size - 1)] - wanted
    return np.where(closer, before, after)
