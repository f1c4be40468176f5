"""What a sortie reports, and how it compares with the truth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

NEAR = 100.0
"""A report farther than this from every site, with no site in its region, is false [m]."""

UNEXPLAINED = "unexplained"
HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One reported source.

    Parameters
    ----------
    x, y : float
        Median place east and north [m].
    probability : float
        That there is a source [1].
    emission_rate : tuple of float or None
        5 %, 50 % and 95 % quantiles [kg s-1]; a person may leave it out.
    region90 : mapping
        GeoJSON geometry in local metres.
    region90_area : float
        [m2].
    classes : mapping of str to float
        Probability of each class [1]; empty where one species was measured.
    kind : str or None
        What may be reported: a class, "unexplained", "background" or "undecided"; None where
        none was judged.
    """

    x: float
    y: float
    probability: float
    emission_rate: tuple[float, float, float] | None
    region90: Mapping[str, Any]
    region90_area: float
    classes: Mapping[str, float] = field(default_factory=dict)
    kind: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {
            "x": round(self.x, 2),
            "y": round(self.y, 2),
            "probability": self.probability,
            "emission_rate_kg_s": None
            if self.emission_rate is None
            else dict(zip(("q05", "median", "q95"), self.emission_rate, strict=True)),
            "region90": self.region90,
            "region90_area_m2": self.region90_area,
            "class": self.kind,
            "classes": dict(self.classes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSite:
    """A site as it really is.

    Parameters
    ----------
    name : str
        Name in the scenario.
    kind : str
        "hidden", or the class of a look-alike.
    x, y : float
        Mean place of its vents, weighed by rate [m].
    emission_rate : float
        Mean rate of the species that is searched for, 0 where it gives off none [kg s-1].
    """

    name: str
    kind: str
    x: float
    y: float
    emission_rate: float

    @property
    def expected(self) -> str:
        """The class that a perfect answer gives."""
        return UNEXPLAINED if self.kind == HIDDEN else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """One true site and its report, if any.

    Parameters
    ----------
    site : TrueSite
        The truth.
    index : int or None
        Place of the report in the list, None where the site was missed.
    error : float or None
        From the site to the reported place [m].
    inside : bool
        Whether the site lies in the 90 % region.
    rate_ratio : float or None
        Reported median rate over the true mean [1].
    class_right : bool or None
        None where no class was judged.
    """

    site: TrueSite
    index: int | None
    error: float | None
    inside: bool
    rate_ratio: float | None
    class_right: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Reports beside the truth.

    Parameters
    ----------
    pairs : tuple of Paired
        One for each true site that gives off the species.
    false : tuple of int
        Reports with no site near them.
    false_unexplained : tuple of int
        Reports called unexplained where no hidden site is.
    """

    pairs: tuple[Paired, ...]
    false: tuple[int, ...]
    false_unexplained: tuple[int, ...]

    @property
    def found(self) -> tuple[Paired, ...]:
        """Sites that were reported."""
        return tuple(pair for pair in self.pairs if pair.index is not None)

    @property
    def missed(self) -> tuple[Paired, ...]:
        """Sites that were not."""
        return tuple(pair for pair in self.pairs if pair.index is None)

    def to_json(self) -> dict[str, Any]:
        """Return the score as JSON types."""
        return {
            "found": len(self.found),
            "missed": len(self.missed),
            "false": list(self.false),
            "false_unexplained": list(self.false_unexplained),
            "sites": [
                asdict(pair.site)
                | {
                    "report": pair.index,
                    "error_m": pair.error,
                    "inside_region90": pair.inside,
                    "rate_ratio": pair.rate_ratio,
                    "class_right": pair.class_right,
                }
                for pair in self.pairs
            ],
        }


def score(found: Sequence[Found], sites: Sequence[TrueSite]) -> Score:
    """Return each site with the report that is its own.

    The pairing that has the most pairs near enough wins, then the one whose distances add up
    to least. A report belongs to a site when it lies within ``NEAR`` of it or holds it in its
    region.

    Parameters
    ----------
    found : sequence of Found
        The reports.
    sites : sequence of TrueSite
        The truth; sites that give off nothing of the species are nobody's to find.
    """
    from shapely.geometry import Point, shape

    there = [site for site in sites if site.emission_rate > 0.0]
    regions = [shape(report.region90) for report in found]
    distance = [[math.hypot(f.x - s.x, f.y - s.y) for f in found] for s in there]
    inside = [[bool(r.buffer(1e-6).covers(Point(s.x, s.y))) for r in regions] for s in there]
    chosen = _pairing(
        [
            [d if d <= NEAR or within else math.inf for d, within in zip(row, held, strict=True)]
            for row, held in zip(distance, inside, strict=True)
        ],
        len(found),
    )
    pairs = tuple(
        _paired(site, f, found, distance[s], inside[s])
        for s, (site, f) in enumerate(zip(there, chosen, strict=True))
    )
    used = {f for f in chosen if f is not None}
    hidden = {pair.index for pair in pairs if pair.site.kind == HIDDEN}
    return Score(
        pairs=pairs,
        false=tuple(f for f in range(len(found)) if f not in used),
        false_unexplained=tuple(
            f
            for f, report in enumerate(found)
            if f not in hidden and report.kind in (UNEXPLAINED, None)
        ),
    )


MANY = 7
"""Sites or reports beyond which pairs are taken greedily, nearest first."""


def _pairing(cost: Sequence[Sequence[float]], n_found: int) -> list[int | None]:
    """Return for each site the report that is its own; ``inf`` can't be paired."""
    n_sites = len(cost)
    if max(n_sites, n_found) > MANY:
        result: list[int | None] = [None] * n_sites
        order = sorted((cost[s][f], s, f) for s in range(n_sites) for f in range(n_found))
        for d, s, f in order:
            if math.isfinite(d) and result[s] is None and f not in result:
                result[s] = f
        return result

    def worth(pairing: Sequence[int | None]) -> tuple[int, float]:
        taken = [cost[s][f] for s, f in enumerate(pairing) if f is not None]
        near = [d for d in taken if math.isfinite(d)]
        return -len(near), sum(near)

    slots: list[int | None] = [*range(n_found), *([None] * max(0, n_sites - n_found))]
    best = min(itertools.permutations(slots, n_sites), key=worth, default=())
    return [f if f is not None and math.isfinite(cost[s][f]) else None for s, f in enumerate(best)]


def _paired(
    site: TrueSite,
    index: int | None,
    found: Sequence[Found],
    distance: Sequence[float],
    inside: Sequence[bool],
) -> Paired:
    if index is None:
        return Paired(
            site=site, index=None, error=None, inside=False, rate_ratio=None, class_right=None
        )
    report = found[index]
    return Paired(
        site=site,
        index=index,
        error=distance[index],
        inside=inside[index],
        rate_ratio=None
        if report.emission_rate is None
        else report.emission_rate[1] / site.emission_rate,
        class_right=None if report.kind is None else report.kind == site.expected,
    )
