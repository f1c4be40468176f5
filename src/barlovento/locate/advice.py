"""Where to measure next when the readings can't answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.source import Diagnostics, Source, SourcePrior

Floats = NDArray[np.float64]

WIDE_SHARE = 0.05
"""Share of the search box beyond which a region is called wide [1]."""

WIDE_RATE = 10.0
"""Ratio of the rate's 95 % and 5 % beyond which the rate is called open [1]."""


def advise(
    prior: SourcePrior,
    sources: tuple[Source, ...],
    number: Floats,
    diagnostics: Diagnostics,
    searched: Floats,
) -> list[str]:
    """Return sentences on what the readings leave open; none when the answer is good.

    Parameters
    ----------
    prior : SourcePrior
        The box.
    sources : tuple of Source
        As reported.
    number : ndarray, shape (J + 1,)
        Probability of each number of sources [1].
    diagnostics : Diagnostics
        Convergence.
    searched : ndarray, shape (y, x, r)
        Detection map [1].

    Returns
    -------
    list of str
        In plain words.
    """
    out = []
    area = (prior.x[1] - prior.x[0]) * (prior.y[1] - prior.y[0])
    for k, source in enumerate(sources, 1):
        if source.region90_area > WIDE_SHARE * area:
            out.append(
                f"The place of source {k} is open: its region covers "
                f"{100 * source.region90_area / area:.0f} % of the search area. Fly or drive "
                "crosswind through the marked places, at another distance or in another wind."
            )
        if source.emission_rate[2] > WIDE_RATE * source.emission_rate[0]:
            out.append(
                f"The rate of source {k} is open by more than a factor of ten. Readings at two "
                "distances downwind, and a wind measured nearby, would narrow it."
            )
    if not sources and 1.0 - number[0] > 0.2:
        out.append(
            f"The readings hint at a source (probability {1.0 - number[0]:.2f}) without "
            "deciding. Repeat the survey at the marked places."
        )
    middle = searched.shape[2] // 2 + 1
    seen = float((searched[:, :, middle] > 0.9).mean())
    if not sources and seen < 0.5:
        out.append(
            f"Only {100 * seen:.0f} % of the search area was covered well enough to see a source "
            "of 1 g/s. Measure downwind of the rest."
        )
    if diagnostics.max_rhat > 1.1:
        out.append("The chains do not agree yet; run again with another seed before relying on it.")
    return out


def next_places(
    prior: SourcePrior, draws: Floats, searched: Floats, grid_x: Floats, grid_y: Floats, to: Floats
) -> Floats:
    """Return up to three places where readings would help most.

    Candidates lie downwind of where sources may be: of the draws when a source is likely, of
    the cells that were not searched otherwise; the spread of what they would read decides.

    Parameters
    ----------
    prior : SourcePrior
        The box.
    draws : ndarray, shape (k, 2)
        Places of sources in the draws [m].
    searched : ndarray, shape (y, x)
        Probability that a source of 1 g/s would have been seen [1].
    grid_x, grid_y : ndarray
        Cells of ``searched`` [m].
    to : ndarray, shape (2,)
        Unit vector of where the wind mostly goes to [1].

    Returns
    -------
    ndarray, shape (<= 3, 2)
        [m].
    """
    size = min(prior.x[1] - prior.x[0], prior.y[1] - prior.y[0])
    if len(draws) > 50:
        points = draws[:: max(len(draws) // 400, 1)]
        weight = np.full(len(points), 1.0 / len(points))
    else:
        gx, gy = np.meshgrid(grid_x, grid_y)
        points = np.column_stack([gx.ravel(), gy.ravel()])
        weight = (1.0 - searched).ravel() + 1e-9
        weight = weight / weight.sum()
    gx, gy = np.meshgrid(np.linspace(*prior.x, 24)[1:-1], np.linspace(*prior.y, 24)[1:-1])
    place = np.column_stack([gx.ravel(), gy.ravel()])
    rel = place[:, None] - points[None]
    along = rel @ to
    across = rel @ np.array([-to[1], to[0]])
    width = 0.01 * size + 0.15 * np.maximum(along, 0.0)
    reach = np.where(along > 0, np.exp(-0.5 * (across / width) ** 2) / (along + 0.02 * size), 0.0)
    value = np.log1p(size * reach)
    mean = value @ weight
    score = (value**2) @ weight - mean**2
    if len(draws) <= 50:
        score = mean
    out: list[Floats] = []
    for k in np.argsort(-score):
        if score[k] <= 0.05 * score.max() or len(out) == 3:
            break
        if all(np.hypot(*(place[k] - o)) > 0.15 * size for o in out):
            out.append(place[k])
    return np.array(out).reshape(-1, 2)
