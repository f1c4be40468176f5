"""New draws of one source where the old ones thin out, weighed against all readings.

They are proposed from a mixture of kernels about the old ones, with a share from the prior, and
weighted by prior and likelihood over the proposal's density (population Monte Carlo: Cappe et al.
2004, J. Comput. Graph. Stat. 13, 907). No set has to be trusted for what an older one lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barlovento.search import belief_likelihood as columns
from barlovento.search.belief_cloud import Cloud, Prior, drawn, log_prior, normal, picked

Floats = NDArray[np.float64]

CENTRES, GROUPS = 240, 6
"""Kernels of a proposal, and most groups of them with a shape of their own [1]."""

FROM_PRIOR, WIDE = 0.1, 0.25
"""Shares of a proposal that are drawn from the prior and from kernels of double width [1]."""

BAND = 0.85
"""Width of the kernels over the spread of their group [1]."""

LEAST = np.array([1.0, 1.0, 0.01, 1e-3, 1e-5, 1e-4, 1e-4, 1e-3])
"""Least variances of a kernel, in squared units of the unknowns."""

LEAST_BENT = np.array([1e-4, 0.25, 0.01, 1e-3, 1e-5, 1e-4, 1e-4, 1e-3])
"""The same in the coordinates of an anchor."""

STRETCH = 50.0
"""Distance above which proposals go by its logarithm [m]."""

LEAST_EFFECTIVE = 60.0
"""Effective draws that a proposal should leave at least [1]."""

ENOUGH = 0.15
"""Effective share of the draws at which a proposal is good enough [1]."""


class Anchor(NamedTuple):
    """Coordinates for proposals in which what was met stays met.

    A source's distance across the wind gives way to how far its plume's axis passes the place
    where gas was met, its rate to the concentration there, the factor on s_y to the plume's width
    there. These are shifts given the other unknowns and need no factor of density; height and
    distance downwind are stretched and do.
    """

    x: float
    y: float
    z: float
    towards: float
    low: float  # of heights [m]
    high: float
    root: Floats  # (m,) square root of distance [m^.5]
    sigma_y: Floats  # (m,)
    sigma_z: Floats  # (m,)

    def straightened(self, draws: Floats) -> tuple[Floats, Floats]:
        """Return coordinates of draws, and ln of how much they are stretched, shape (k,)."""
        out = draws.copy()
        c, s = math.cos(self.towards), math.sin(self.towards)
        ex, ey = self.x - draws[:, 0], self.y - draws[:, 1]
        down, cross = ex * c + ey * s, ey * c - ex * s
        out[:, 0] = np.arcsinh(down / STRETCH)
        out[:, 1] = cross - down * self._slope(draws)
        stretch = -np.log(STRETCH * np.hypot(1.0, down / STRETCH))
        share = (draws[:, columns.Z] - self.low) / (self.high - self.low)
        share = np.clip(share, 1e-6, 1.0 - 1e-6)
        out[:, columns.Z] = np.log(share / (1.0 - share))
        stretch -= np.log((self.high - self.low) * share * (1.0 - share))
        width, shade = self._strength(down, draws)
        out[:, columns.LATERAL] += width
        out[:, columns.RATE] += shade - out[:, columns.LATERAL]
        return out, stretch

    def bent(self, places: Floats) -> Floats:
        """Return the draws at these coordinates."""
        out = places.copy()
        c, s = math.cos(self.towards), math.sin(self.towards)
        down = STRETCH * np.sinh(np.clip(places[:, 0], -6.0, 6.0))
        cross = places[:, 1] + down * self._slope(places)
        out[:, 0] = self.x - (down * c - cross * s)
        out[:, 1] = self.y - (down * s + cross * c)
        share = 1.0 / (1.0 + np.exp(-np.clip(places[:, columns.Z], -13.0, 13.0)))
        out[:, columns.Z] = self.low + share * (self.high - self.low)
        width, shade = self._strength(down, out)
        out[:, columns.RATE] -= shade - places[:, columns.LATERAL]
        out[:, columns.LATERAL] -= width
        return out

    def _slope(self, draws: Floats) -> Floats:
        return np.tan(np.clip(draws[:, columns.TURN], -1.0, 1.0))

    def _strength(self, down: Floats, draws: Floats) -> tuple[Floats, Floats]:
        """Return ln of a plume's width and of its strength over height, at the anchor."""
        far = np.sqrt(np.maximum(down, 15.0))
        width = np.log(np.interp(far, self.root, self.sigma_y) + 1.0)
        sz = np.interp(far, self.root, self.sigma_z) * np.exp(draws[:, columns.VERTICAL]) + 1.0
        z = draws[:, columns.Z]
        v = np.exp(-0.5 * ((self.z - z) / sz) ** 2) + np.exp(-0.5 * ((self.z + z) / sz) ** 2)
        return width, np.log(np.maximum(v, 1e-6) / sz)


def drawn_anew(
    prior: Prior,
    draws: Floats,
    log_weight: Floats,
    evaluate: Callable[[Floats], Floats],
    anchor: Anchor | None,
    *,
    count: int,
    rounds: int,
    rng: np.random.Generator,
) -> Cloud:
    """Return new draws about where the old ones have weight, weighted over all readings.

    Parameters
    ----------
    prior : Prior
        Of the source.
    draws, log_weight : ndarray, shape (k, UNKNOWNS), (k,)
        The old ones.
    evaluate : callable
        From draws to their ln likelihood over that without a source, shape (count,).
    anchor : Anchor or None
        Where gas was met.
    count, rounds : int
        Draws, and most proposals in turn.
    rng : Generator
        Randomness.

    Returns
    -------
    Cloud
        All of the likelihood stands under ``settled``.
    """
    best: Cloud | None = None
    for _ in range(rounds):
        mixture = Mixture.about(prior, anchor, draws, tempered(log_weight, CENTRES), rng)
        draws = mixture.draw(count, rng)
        before = log_prior(prior, draws)
        offered = before - mixture.log_density(draws)
        found = np.full(count, -np.inf)
        inside = np.isfinite(offered)
        found[inside] = evaluate(draws[inside])
        offered = np.where(inside, offered, -1e9)
        found = np.where(inside, found, 0.0)
        cloud = Cloud(
            draws=draws, offered=offered, settled=found, open=np.zeros(count), prior=before
        )
        log_weight = cloud.log_weight
        if best is None or cloud.effective >= best.effective:
            best = cloud
        if cloud.effective > max(ENOUGH * count, LEAST_EFFECTIVE):
            break
    assert best is not None
    return best


def tempered(log_weight: Floats, least: float) -> Floats:
    """Return weights raised to the largest power at which enough draws count.

    Parameters
    ----------
    log_weight : ndarray, shape (k,)
        Of the draws [1].
    least : float
        How many shall count at least [1].
    """
    low, high = 0.0, 1.0
    if 1.0 / (normal(log_weight) ** 2).sum() >= least:
        return normal(log_weight)
    for _ in range(30):
        power = 0.5 * (low + high)
        if 1.0 / (normal(power * log_weight) ** 2).sum() >= least:
            low = power
        else:
            high = power
    return normal(low * log_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Kernels about draws, those of one group with one shape, and a share from the prior.

    Parameters
    ----------
    prior : Prior
        Of the source.
    anchor : Anchor or None
        Whose coordinates the kernels live in.
    centre : ndarray, shape (c, UNKNOWNS)
        Middles of the kernels.
    group : ndarray of int, shape (c,)
        Which shape each has.
    root : ndarray, shape (g, UNKNOWNS, UNKNOWNS)
        Cholesky factors of the shapes.
    """

    prior: Prior
    anchor: Anchor | None
    centre: Floats
    group: NDArray[np.int64]
    root: Floats

    @classmethod
    def about(
        cls,
        prior: Prior,
        anchor: Anchor | None,
        draws: Floats,
        weight: Floats,
        rng: np.random.Generator,
    ) -> Mixture:
        """Return kernels about weighted draws; what lies apart gets a shape of its own."""
        if anchor is not None:
            draws, _ = anchor.straightened(draws)
        rows = picked(weight, CENTRES, rng)
        place = draws[rows, :2]
        middle = place[np.linspace(0, CENTRES - 1, GROUPS).astype(int)]
        # a few rounds of k-means are enough: groups need not be exact
        for _ in range(4):
            near = ((place[:, None] - middle[None]) ** 2).sum(axis=2).argmin(axis=1)
            middle = np.array(
                [place[near == g].mean(axis=0) if (near == g).any() else middle[g]
                 for g in range(GROUPS)]
            )  # fmt: skip
        owner = ((draws[:, None, :2] - middle[None]) ** 2).sum(axis=2).argmin(axis=1)
        overall = _covariance(draws, weight)
        roots, centre = [], draws[rows].copy()
        pull = math.sqrt(1.0 - BAND**2)
        for g in range(GROUPS):
            own = np.where(owner == g, weight, 0.0)
            share = float(own.sum())
            shape = overall
            if share > 0.0:
                # kernels this wide would spread the draws: West (1993) pulls their middles in
                here = near == g
                centre[here] = pull * centre[here] + (1.0 - pull) * (own @ draws / share)
                count = share**2 / float((own**2).sum())
                local = _covariance(draws, own / share)
                # few draws tell little of a shape: lean on the variances over all
                keep = count / (count + 2.0 * columns.UNKNOWNS)
                spread = np.sqrt(np.maximum(np.diag(local), 1e-12))
                shape = keep * local + (1.0 - keep) * np.diag(spread**2 + 0.02 * np.diag(overall))
            roots.append(
                np.linalg.cholesky(
                    BAND**2 * shape + np.diag(LEAST if anchor is None else LEAST_BENT)
                )
            )
        return cls(prior=prior, anchor=anchor, centre=centre, group=near, root=np.array(roots))

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Return draws, shape (count, UNKNOWNS)."""
        n_prior = int(FROM_PRIOR * count)
        rest = count - n_prior
        which = rng.permutation(np.arange(rest) % len(self.centre))
        step = rng.standard_normal((rest, columns.UNKNOWNS))
        step[: int(WIDE * rest)] *= 2.0
        out = self.centre[which] + np.einsum("nij,nj->ni", self.root[self.group[which]], step)
        if self.anchor is not None:
            out = self.anchor.bent(out)
        return np.concatenate([drawn(self.prior, n_prior, rng), out])

    def log_density(self, draws: Floats) -> Floats:
        """Return the ln density of what :meth:`draw` draws, shape (k,)."""
        d = columns.UNKNOWNS
        total = np.zeros(len(draws))
        places, stretch = draws, np.zeros(len(draws))
        if self.anchor is not None:
            places, stretch = self.anchor.straightened(draws)
        for g in range(len(self.root)):
            own = self.centre[self.group == g]
            if len(own) == 0:
                continue
            inverse = np.linalg.inv(self.root[g]).T
            a, b = places @ inverse, own @ inverse
            square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2.0 * a @ b.T
            size = np.log(np.diag(self.root[g])).sum() + 0.5 * d * math.log(2.0 * math.pi)
            both = (1.0 - WIDE) * np.exp(-0.5 * square - size)
            both += WIDE * np.exp(-0.125 * square - size - d * math.log(2.0))
            total += both.sum(axis=1)
        total *= (1.0 - FROM_PRIOR) / len(self.centre) * np.exp(stretch)
        total += FROM_PRIOR * np.exp(log_prior(self.prior, draws))
        return np.asarray(np.log(np.maximum(total, 1e-300)))


def _covariance(draws: Floats, weight: Floats) -> Floats:
    """Return the weighted covariance, shape (UNKNOWNS, UNKNOWNS)."""
    off = draws - weight @ draws
    return np.asarray((off * weight[:, None]).T @ off)
