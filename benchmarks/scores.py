"""Numbers to judge answers by, shared by the benchmarks; knows nothing of how answers are made."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from shapely.geometry import Point, shape

FloatArray = NDArray[np.float64]

EDGE = 1e-6
"""A truth this near to a region's edge counts as inside [m]."""


def copy_without_truth(survey: Path, into: Path) -> Path:
    """Copy a survey folder save for its truth, which no solver may see."""
    work = into / survey.name
    work.mkdir(parents=True)
    for file in survey.iterdir():
        if file.name != "truth.json":
            shutil.copyfile(file, work / file.name)
    return work


def read_truth(survey: Path) -> list[dict[str, Any]]:
    """Return the true sources of a survey folder; an empty list where there is none."""
    sources: list[dict[str, Any]] = json.loads((survey / "truth.json").read_text())["sources"]
    return sources


def match(true_xy: FloatArray, found_xy: FloatArray) -> list[tuple[int, int, float]]:
    """Pair true with found places one to one so that the sum of distances is least.

    Parameters
    ----------
    true_xy, found_xy : ndarray, shape (n, 2) and (m, 2)
        East and north [m].

    Returns
    -------
    list of (int, int, float)
        Index of the true, index of the found, and their distance [m].
    """
    if len(true_xy) == 0 or len(found_xy) == 0:
        return []
    distance = np.linalg.norm(true_xy[:, None, :] - found_xy[None, :, :], axis=2)
    rows, columns = linear_sum_assignment(distance)
    return [(int(r), int(c), float(distance[r, c])) for r, c in zip(rows, columns, strict=True)]


def score(result: Mapping[str, Any], truth: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compare one result.json with the true sources.

    A source that was not reported has an infinite error (``None`` in JSON) and is outside its
    region and its interval.
    """
    found = result["sources"]
    pairs = match(
        np.array([[t["x"], t["y"]] for t in truth]).reshape(-1, 2),
        np.array([[f["x"], f["y"]] for f in found]).reshape(-1, 2),
    )
    row: dict[str, Any] = {
        "n_true": len(truth),
        "n_found": len(found),
        "p_zero": float(result["number_of_sources"].get("0", 0.0)),
        "error_m": [None] * len(truth),
        "in_region": [False] * len(truth),
        "rate_in": [False] * len(truth),
        "rate_ratio": [None] * len(truth),
        "area_m2": [float(f["region90_area_m2"]) for f in found],
        "min_ess": result["diagnostics"]["min_ess"],
        "max_rhat": result["diagnostics"]["max_rhat"],
        "elapsed_s": result["elapsed_s"],
    }
    for t, f, distance in pairs:
        region = shape(found[f]["region90"]).buffer(EDGE)
        true_rate, rate = truth[t]["emission_rate_kg_s"], found[f]["emission_rate_kg_s"]
        row["error_m"][t] = distance
        row["in_region"][t] = bool(region.contains(Point(truth[t]["x"], truth[t]["y"])))
        if true_rate:
            row["rate_in"][t] = rate["q05"] <= true_rate <= rate["q95"]
            row["rate_ratio"][t] = rate["median"] / true_rate
    return row


def quantile(values: Sequence[float | None], q: float) -> float:
    """Return the quantile of errors in which ``None`` (a miss) is infinite."""
    finite = np.array([1e12 if v is None else v for v in values], dtype=float)
    if finite.size == 0:
        return math.nan
    found = float(np.quantile(finite, q))
    return math.inf if found > 1e9 else found


def bootstrap_coverage(
    flags: Mapping[str, Sequence[bool]], *, n: int = 10_000, seed: int = 1
) -> tuple[float, float]:
    """Return a 90 % interval for coverage: draw experiments anew, then cases within each.

    Parameters
    ----------
    flags : mapping of str to sequence of bool
        For each experiment, whether each truth was held.
    n : int
        Number of resamples.
    seed : int
        Of the resampling.

    Returns
    -------
    tuple of float
        5 % and 95 % quantiles of the share held [1].
    """
    generator = np.random.default_rng(seed)
    groups = [np.asarray(values, dtype=float) for values in flags.values() if len(values)]
    shares = np.empty(n)
    for i in range(n):
        drawn = [groups[k] for k in generator.integers(len(groups), size=len(groups))]
        shares[i] = np.concatenate([generator.choice(g, size=len(g)) for g in drawn]).mean()
    low, high = np.quantile(shares, [0.05, 0.95])
    return float(low), float(high)


def wilson(held: int, n: int, z: float = 1.645) -> tuple[float, float]:
    """Return Wilson's interval for a share, 90 % by default (independent cases) [1]."""
    if n == 0:
        return math.nan, math.nan
    p = held / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def crps(draws: FloatArray, truth: float) -> float:
    """Return the continuous ranked probability score of draws, in the units of the draws.

    CRPS = E|X - y| - E|X - X'| / 2, with the mean over pairs of distinct draws.

    Parameters
    ----------
    draws : ndarray, shape (n,)
        Draws of the forecast [any].
    truth : float
        What came true [any].

    Returns
    -------
    float
        Zero at best [any].

    References
    ----------
    Gneiting and Raftery (2007), J. Am. Stat. Assoc. 102, 359, doi 10.1198/016214506000001437,
    eq. 21 (sign turned).
    """
    x = np.sort(np.asarray(draws, dtype=float))
    n = x.size
    if n == 1:
        return abs(float(x[0]) - truth)
    weights = 2.0 * np.arange(1, n + 1) - n - 1
    spread = 2.0 * float(np.sum(weights * x)) / (n * (n - 1))
    return float(np.mean(np.abs(x - truth))) - spread / 2.0


def crps_without_survey(truths: FloatArray) -> float:
    """Return the mean CRPS of the best forecast that is the same for every case.

    It is the better of a single number (the median) and the truths' own distribution.
    """
    values = np.asarray(truths, dtype=float)
    point = float(np.mean(np.abs(values - np.median(values))))
    spread = float(np.mean([crps(values, value) for value in values]))
    return min(point, spread)


def bulk_ess(chains: Sequence[FloatArray]) -> float:
    """Return ArviZ's bulk effective sample size of one quantity.

    Parameters
    ----------
    chains : sequence of ndarray
        Draws of each chain; chains are cut to the shortest [any].

    Returns
    -------
    float
        Effective draws over all chains; NaN where a chain has fewer than four [1].
    """
    import arviz as az

    shortest = min(len(chain) for chain in chains)
    if shortest < 4:
        return math.nan
    return float(az.ess(np.stack([chain[-shortest:] for chain in chains]), method="bulk"))


def source_ess(
    x: FloatArray, y: FloatArray, rate: FloatArray, truth_xy: FloatArray, *, within: float
) -> list[dict[str, float]]:
    """Return for each true source how well the draws know it.

    In every draw the sources present are paired with the true ones; a pair farther apart than
    ``within`` counts as absent. Effective sizes are those of the draws in which it is present.

    Parameters
    ----------
    x, y, rate : ndarray, shape (chain, draw, source)
        Draws, NaN in empty slots [m], [m], [any].
    truth_xy : ndarray, shape (n, 2)
        True places [m].
    within : float
        Farthest that a pair may lie apart [m].

    Returns
    -------
    list of dict
        ``present`` (share of draws) [1], ``ess`` (smallest of x, y and log rate) [1],
        ``error_m`` (of the medians) [m], ``rate`` (median) [any].
    """
    n_chain, n_draw = x.shape[:2]
    picked = np.full((len(truth_xy), n_chain, n_draw, 3), np.nan)
    for c in range(n_chain):
        for d in range(n_draw):
            slots = np.flatnonzero(np.isfinite(rate[c, d]))
            places = np.column_stack([x[c, d, slots], y[c, d, slots]])
            for t, f, distance in match(truth_xy, places):
                if distance <= within:
                    slot = slots[f]
                    picked[t, c, d] = x[c, d, slot], y[c, d, slot], np.log(rate[c, d, slot])
    rows = []
    for t, place in enumerate(truth_xy):
        here = np.isfinite(picked[t, :, :, 0])
        if not here.any(axis=1).all():
            rows.append({"present": float(here.mean()), "ess": math.nan, "error_m": math.inf})
            continue
        ess = min(bulk_ess([picked[t, c, here[c], k] for c in range(n_chain)]) for k in range(3))
        middle = np.median(picked[t][here], axis=0)
        rows.append(
            {
                "present": float(here.mean()),
                "ess": ess,
                "error_m": float(math.hypot(*(middle[:2] - place))),
                "rate": float(math.exp(middle[2])),
            }
        )
    return rows


def dispersion_scores(observed: FloatArray, modelled: FloatArray) -> dict[str, float]:
    """Return FAC2, FB, NMSE, MG and VG of paired positive values.

    Parameters
    ----------
    observed, modelled : ndarray, shape (n,)
        Concentrations, both above zero [any].

    Returns
    -------
    dict of str to float
        All without a unit [1].

    References
    ----------
    Chang and Hanna (2004), Meteorol. Atmos. Phys. 87, 167, doi 10.1007/s00703-003-0070-7.
    FB here is positive where the model is too low.
    """
    o, m = np.asarray(observed, dtype=float), np.asarray(modelled, dtype=float)
    log_ratio = np.log(o) - np.log(m)
    return {
        "n": float(o.size),
        "FAC2": float(np.mean((m >= 0.5 * o) & (m <= 2.0 * o))),
        "FB": float(2.0 * (o.mean() - m.mean()) / (o.mean() + m.mean())),
        "NMSE": float(np.mean((o - m) ** 2) / (o.mean() * m.mean())),
        "MG": float(np.exp(np.mean(log_ratio))),
        "VG": float(np.exp(np.mean(log_ratio**2))),
    }
