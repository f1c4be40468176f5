"""What the sampler knows and what it looks for: the arrays of a problem and of one chain's state.

Both are named tuples of arrays, so that kernels can take them (see
:mod:`barlovento.locate.packed`); the model that joins them stands in
:mod:`barlovento.locate.kernels`.
"""

from __future__ import annotations

import math
from copy import copy
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HYPER = (
    *("scatter", "direction_sd", "sensor_gain_sd", "missed", "drift", "common"),
    "sensor_turn_sd",
    "local",
)
GAMMA, DIR_SD, SENSOR_SD, MISSED, DRIFT, COMMON, TURN_SD, LOCAL = range(8)
"""Places of the hyper-parameters in ``State.hyper``."""

DIRECTION_CORE = math.radians(5.0)
DIRECTION_TAIL = math.radians(20.0)
DIRECTION_TAIL_SHARE = 0.25
"""The wind record is off by a core with sd 5 degrees or, with this share, by a tail with 20 [1]."""

LASTING = 8
"""Global errors that all surveys share: two slopes, ln size, bend, four of the wind vane [1]."""

SIZE, BEND, VANE = 2, 3, 4
"""Their places, counted from the first of them."""

TURNS = 16
"""Turns of a block's wind that are summed over; a multiple of what a vector holds [1]."""

EPS, HYPER0, NOISE_STEP, TOGETHER, WITHOUT = 0, 1, 9, 10, 11
"""Places in ``State.step``: Hamiltonian step with at most one source, a step per hyper-parameter,
step of the noise; Hamiltonian steps of several sources at once, and without one, for each slot."""


class Problem(NamedTuple):
    """Everything that stays fixed while sampling; arrays only, so that kernels can take it.

    ``n`` readings, ``m`` nodes, ``l`` candidate clock lags, ``s`` surveys, ``k`` blocks,
    ``g`` states of the air. Concentrations are in ug m-3, times in units of the span.
    """

    node_start: Ints  # (n + 1,)
    node_close: Ints  # (n,) end of a reading's pieces of path; their parts follow, in their order
    node_site: Ints  # (m,) place of each node among the sites
    node_z: Floats  # (l, m)
    node_w: Floats  # (m,) weights that sum to one per reading, of pieces and of parts
    site: Floats  # (l, s, 4) east, north, and half the piece of path that the site stands for [m]
    site_survey: Ints  # (s,)
    angle: Floats  # (l, n) where the wind goes to, anticlockwise from east [rad]
    vane: Floats  # (l, n, 4) cos and sin of once and twice the wind's angle [1]
    speed: Floats  # (l, n) [m s-1]
    radial: Floats  # (l, n) share of the radial plume [1]
    air: Ints  # (l, n) row of the tables
    survey: Ints  # (n,)
    block: Ints  # (n,)
    block_start: Ints  # (k + 1,) first place of each block in ``block_row``
    block_row: Ints  # (n,) readings sorted by block
    group: Ints  # (k,) stretch of the survey that each block belongs to, see scatter
    turn_node: Floats  # (t,) turns of a block that are summed over, in units of their scale [1]
    turn_log_weight: Floats  # (t,) [1]
    turn_factor: Floats  # (k,) on the scale of each block's turns [1]
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
    low: Floats  # (3,) search box [m]
    high: Floats  # (3,)
    puff_start: Ints  # (l, n + 1) puffs of each reading; none where it sees a plume
    puff: Floats  # (m, N_PUFF), see dispersion.puff
    puff_from: Floats  # (m,) when the gas of a puff left the source [span]
    puff_until: Floats  # (m,)
    log_number: Floats  # (J + 1,) log prior of the number of sources
    rate_mu: float  # mean of ln rate [ln kg s-1]
    rate_sd: float
    global_sd: Floats  # (3 s + 8,) prior sd of the global errors; direction handled apart
    size_mu: float  # mean of ln initial size [ln m]
    noise_mu: Floats  # (sensors,) mean of ln noise [ln ug m-3]
    hyper_mu: Floats  # (8,) means of the hyper-parameters, see HYPER
    hyper_sd: Floats  # (8,)
    background_mu: Floats  # (sensors,) [ug m-3]
    background_sd: Floats  # (sensors,) zero where the background is known
    window: int  # 1 where sources may start and stop
    use_block: int  # 1 where the wind's turns differ by block
    use_gain: Ints  # (sensors,) 1 with a gain per sensor
    n_common: int
    common_keep: float  # share of the common background that lasts to the next knot [1]
    n_drift: int


class State(NamedTuple):
    """One chain's unknowns; every member is an array that kernels change in place."""

    on: Ints  # (J,) 1 where a slot holds a source
    theta: Floats  # (J, 4) logit x, logit y, logit z, ln rate
    window: Floats  # (J, 2) on and off [span]
    phi: Floats  # (3 s + 8,) direction, ln s_y, ln s_z per survey; then see LASTING
    sensor_gain: Floats  # (sensors,)
    sensor_turn: Floats  # (sensors,) direction deviation on the way to each sensor [rad]
    drift: Floats  # (sensors, knots) [ug m-3]
    common: Floats  # (common knots,)
    loading: Floats  # (sensors,) share of the common background that each sensor sees [1]
    noise: Floats  # (sensors,) ln noise
    hyper: Floats  # (8,) ln, but logit for MISSED
    lag: Ints  # (1,)
    towards: Floats  # (n,) where the wind goes to, before the block's turn [rad]
    c: Floats  # (J, n, t) contribution of each source at each turn [ug m-3]
    e: Floats  # (J, n, t) its lateral lever
    near: Ints  # (J, n) 1 where a contribution is not zero
    b: Floats  # (n,) background
    turn_at: Ints  # (k,) turn that each block has for the moves that need one
    lt: Floats  # (k, t) log likelihood of each block at each turn, weight included
    lb: Floats  # (k,) log likelihood of each block, summed over turns
    lp: Floats  # (n,) log likelihood of each reading at the block's turn
    grid: Floats  # (cells,) birth density over cells, sums to one
    step: Floats  # adapted step sizes
    precision: Floats  # (D, D) preconditioner over all slots and lasting unknowns
    scores: Floats  # (groups, D) scores of the stretches, filled when asked for
    seen: Floats  # (J, s, N_VIEW) views of the sites from each source, see dispersion.plume.view
    work: Floats  # scratch of the gradient: one row per source and node of a block
    work_c: Floats


Known = TypeVar("Known", Problem, State)


def copied(value: Known) -> Known:
    """Return a problem or a state that shares no array with the one given.

    Parameters
    ----------
    value : Problem or State
        Named tuple of arrays.
    """
    return type(value)._make(copy(v) for v in value)


def dimension(slots: int, n_global: int, n_sensor: int) -> int:
    """Return the length of the vector that Hamiltonian moves work on.

    Four coordinates of each slot, the global errors, ln of the direction scale, gains and turns
    of the sensors over their standard deviations, and ln of those two, in this order.

    Parameters
    ----------
    slots, n_global, n_sensor : int
        Numbers of slots, global errors and sensors.

    Returns
    -------
    int
        D.
    """
    return 4 * slots + n_global + 3 + 2 * n_sensor


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
