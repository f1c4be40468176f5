"""What the sampler knows and what it looks for: the arrays of a problem and of one chain's state.

Both are named tuples of arrays, so that kernels can take them (see
:mod:`barlovento.locate.packed`); the model that joins them stands in
:mod:`barlovento.locate.kernels`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HYPER = ("scatter", "direction_sd", "block_gain_sd", "sensor_gain_sd", "missed", "drift", "common")
GAMMA, DIR_SD, GAIN_SD, SENSOR_SD, MISSED, DRIFT, COMMON = range(7)
"""Places of the hyper-parameters in ``State.hyper``."""

DIRECTION_CORE = math.radians(5.0)
DIRECTION_TAIL = math.radians(20.0)
DIRECTION_TAIL_SHARE = 0.25
"""The wind record is off by a core with sd 5 degrees or, with this share, by a tail with 20 [1]."""

SENSOR_TURN = math.radians(4.0)
"""sd of the lasting direction deviation on the way to one sensor: mast and site differ [rad]."""

EPS, HYPER0 = 0, 1
"""Places in ``State.step``: the Hamiltonian step, then one step per hyper-parameter."""

NOISE_STEP, GAIN_STEP, SENSOR_STEP = 8, 9, 10
"""Places in ``State.step`` of the steps of noise, block gains and sensor gains."""


class Problem(NamedTuple):
    """Everything that stays fixed while sampling; arrays only, so that kernels can take it.

    ``n`` readings, ``m`` nodes, ``l`` candidate clock lags, ``s`` surveys, ``k`` blocks,
    ``g`` states of the air. Concentrations are in ug m-3, times in units of the span.
    """

    node_start: Ints  # (n + 1,)
    node_x: Floats  # (l, m) [m]
    node_y: Floats
    node_z: Floats  # (m,)
    node_w: Floats  # (m,) weights that sum to one per reading
    node_hx: Floats  # (m,) half the piece of path that a node stands for, east [m]
    node_hy: Floats
    angle: Floats  # (l, n) where the wind goes to, anticlockwise from east [rad]
    speed: Floats  # (l, n) [m s-1]
    radial: Floats  # (l, n) share of the radial plume [1]
    air: Ints  # (l, n) row of the tables
    survey: Ints  # (n,)
    block: Ints  # (n,)
    sensor: Ints  # (n,)
    y: Floats  # (n,) [ug m-3]
    censored: Ints  # (n,)
    weight: Floats  # (n,) share of a reading that is news, see problem.news
    t0: Floats  # (n,) start of the averaging window [span]
    t1: Floats  # (n,) end [span]
    knot: Ints  # (n,) left knot of the drift
    knot_f: Floats  # (n,) weight of the right knot
    common: Ints  # (n,) left knot of the common background, -1 without
    common_f: Floats  # (n,)
    table_y: Floats  # (g, N_TABLE)
    table_z: Floats
    table_u: Floats
    inv_step: float
    top: Floats  # (g,)
    block_survey: Ints  # (k,)
    low: Floats  # (3,) search box [m]
    high: Floats  # (3,)
    log_number: Floats  # (J + 1,) log prior of the number of sources
    rate_mu: float  # mean of ln rate [ln kg s-1]
    rate_sd: float
    global_sd: Floats  # (3 s + 4,) prior sd of the global errors; direction handled apart
    size_mu: float  # mean of ln initial size [ln m]
    noise_mu: Floats  # (sensors,) mean of ln noise [ln ug m-3]
    hyper_mu: Floats  # (7,) means of the hyper-parameters, see HYPER
    hyper_sd: Floats  # (7,)
    background_mu: Floats  # (sensors,) [ug m-3]
    background_sd: Floats  # (sensors,) zero where the background is known
    window: int  # 1 where sources may start and stop
    use_block: int  # 1 with per-block unknowns
    use_gain: Ints  # (sensors,) 1 with a gain per sensor
    n_common: int
    n_drift: int


class State(NamedTuple):
    """One chain's unknowns; every member is an array that kernels change in place."""

    on: Ints  # (J,) 1 where a slot holds a source
    theta: Floats  # (J, 4) logit x, logit y, logit z, ln rate
    window: Floats  # (J, 2) on and off [span]
    phi: Floats  # (3 s + 4,) direction, ln s_y, ln s_z per survey; 2 slopes, ln size, bend
    turn: Floats  # (k,) direction deviation of each block [rad]
    gain: Floats  # (k,) ln gain of each block
    sensor_gain: Floats  # (sensors,)
    sensor_turn: Floats  # (sensors,) direction deviation on the way to each sensor [rad]
    drift: Floats  # (sensors, knots) [ug m-3]
    common: Floats  # (common knots,)
    noise: Floats  # (sensors,) ln noise
    hyper: Floats  # (7,) ln, but logit for MISSED
    lag: Ints  # (1,)
    wx: Floats  # (n,) wind towards, east
    wy: Floats  # (n,)
    c: Floats  # (J, n) contribution of each source, window included [ug m-3]
    e: Floats  # (J, n) its lateral lever
    b: Floats  # (n,) background
    lp: Floats  # (n,) log likelihood of each reading
    grid: Floats  # (cells,) birth density over cells, sums to one
    step: Floats  # adapted step sizes
    turn_step: Floats  # (k,)
    chol: Floats  # (d, d) factor of the preconditioner's precision
    fisher: Floats  # (D, D) over all slots and globals
    arrow: Floats  # (2 k + 2 sensors, D) information between local unknowns and those
    local: Floats  # (2 k + 2 sensors,) of turns and gains of blocks, gains and turns of sensors
    edge: Floats  # (2 k + 2 sensors, d) factor of ``arrow``


def as_problem(**arrays: Any) -> Problem:
    """Return a Problem with contiguous arrays of the types that the kernels expect.

    Parameters
    ----------
    **arrays : ndarray, float or int
        Members of :class:`Problem`, in their units.

    Returns
    -------
    Problem
        With arrays of int64 and float64.
    """
    out: dict[str, Any] = {}
    for name, value in arrays.items():
        if isinstance(value, np.ndarray):
            kind = np.int64 if value.dtype.kind in "iub" else np.float64
            out[name] = np.ascontiguousarray(value, dtype=kind)
        else:
            out[name] = value
    return Problem(**out)
