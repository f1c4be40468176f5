"""The report's chart of one sensor: what it read beside what the answer says it should read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.source import SensorFit
from barlovento.share import printed, svg
from barlovento.share.canvas import EXCESS, INFERRED, NON_DETECT

FloatArray = NDArray[np.float64]

COLUMNS = 300
"""Most columns that are drawn; more readings are told by lowest and highest of each column."""
BACKGROUND = "#00795a"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """A sensor's readings gathered into columns, each shape (columns,)."""

    x: FloatArray
    low: FloatArray
    high: FloatArray
    background: FloatArray
    band_low: FloatArray
    band_middle: FloatArray
    band_high: FloatArray


def fit_chart(fit: SensorFit, factor: float, units: str) -> str:
    """Return observed readings, background and the 5 to 95 % band of one sensor.

    Parameters
    ----------
    fit : SensorFit
        With at least one reading.
    factor : float
        From kg m-3 to ``units`` [``units`` per kg m-3].
    units : str
        In which it is drawn.
    """
    order = np.argsort(fit.time, kind="stable")
    # Several samplers that were read at one moment have no time axis.
    timed = np.unique(fit.time).size > 2
    x = fit.time[order] if timed else np.arange(1.0, fit.time.size + 1)
    columns = _gathered(x, fit, order, factor)
    low = min(float(np.nanmin(columns.low)), float(np.nanmin(columns.band_low)))
    high = max(float(np.nanmax(columns.high)), float(np.nanquantile(columns.band_high, 0.98)))
    pad = 0.06 * max(high - low, 1e-12)
    frame = svg.Frame(
        width=460, height=190, left=58, top=8, bottom=36, x=_widened(columns.x),
        y=(low - pad, high + pad),
    )  # fmt: skip
    across, top = frame.across(columns.x), frame.top

    def down(values: FloatArray) -> FloatArray:
        return np.maximum(frame.down(values), top)

    parts = svg.axis_left(frame, _number)
    parts.append(svg.band(across, down(columns.band_low), down(columns.band_high), INFERRED, 0.22))
    parts.append(svg.line(across, down(columns.band_middle), INFERRED, 1.2))
    parts.append(svg.line(across, down(columns.background), BACKGROUND, 1.6, "6 3"))
    colour = EXCESS[3] if fit.trusted else NON_DETECT
    if (columns.high > columns.low).any():
        parts.append(svg.bars(across, down(columns.low), down(columns.high), colour, 1.3))
    else:
        parts.append(svg.dots(across, down(columns.high), 1.8, colour))
    if timed:
        places, labels = svg.time_ticks(*frame.x)
        under = "time, UTC"
    else:
        places = [float(v) for v in svg.round_values(*frame.x, 4) if v == round(v) and v >= 1]
        labels = [f"{v:.0f}" for v in places]
        under = "reading, in the order of the file"
    parts += svg.axis_below(frame, places, labels)
    parts.append(svg.text((frame.left + frame.width) / 2, frame.height - 4, under, size=10))
    title = (
        f"Sensor {fit.name}: {fit.n} readings in {printed.units(units)}, with inferred background "
        f"and 5 to 95 % band; {printed.percent(fit.outlier_fraction)} of readings are not explained"
    )
    return svg.chart(frame, title, parts)


def _gathered(x: FloatArray, fit: SensorFit, order: NDArray[np.intp], factor: float) -> _Columns:
    observed, background = fit.observed[order] * factor, fit.background[order] * factor
    predicted = fit.predicted[:, order] * factor
    if x.size <= COLUMNS:
        return _Columns(
            x=x, low=observed, high=observed, background=background, band_low=predicted[0],
            band_middle=predicted[1], band_high=predicted[2],
        )  # fmt: skip
    starts = np.unique(np.linspace(0, x.size, COLUMNS, endpoint=False).astype(np.intp))
    size = np.diff(np.append(starts, x.size))

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values, starts) / size)

    return _Columns(
        x=mean(x),
        low=np.minimum.reduceat(observed, starts),
        high=np.maximum.reduceat(observed, starts),
        background=mean(background),
        band_low=mean(predicted[0]),
        band_middle=mean(predicted[1]),
        band_high=np.maximum.reduceat(predicted[2], starts),
    )


def _widened(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = 0.02 * (high - low) or 0.5
    return low - pad, high + pad


def _number(value: float) -> str:
    return f"{value:.4g}"
