"""Found against true, for demonstrations and exercises whose truth is known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from barlovento.domain.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSource:
    """A source as it really was.

    Parameters
    ----------
    x, y : float
        East and north in the survey's frame [m].
    emission_rate : float
        Mean while it was active [kg s-1].
    """

    x: float
    y: float
    emission_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One true source beside the one that was found nearest to it.

    Parameters
    ----------
    true : TrueSource
        The truth.
    found : Source or None
        None where it was missed.
    index : int or None
        Place of ``found`` in the list.
    error : float or None
        From the true place to the median [m].
    rate_ratio : float or None
        Median rate over true rate [1].
    inside : bool
        Whether the truth lies in the 90 % region; False where it was missed.
    rate_inside : bool
        Whether the true rate lies in the 90 % interval; False where it was missed.
    """

    true: TrueSource
    found: Source | None
    index: int | None
    error: float | None
    rate_ratio: float | None
    inside: bool
    rate_inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every true source, and what was found where nothing was.

    Parameters
    ----------
    matches : tuple of Match
        One for each true source.
    extra : tuple of int
        Places in the list of sources that no truth was left for.
    """

    matches: tuple[Match, ...]
    extra: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON types."""
        return {
            "matches": [
                {
                    "true": {
                        "x": match.true.x,
                        "y": match.true.y,
                        "emission_rate_kg_s": match.true.emission_rate,
                    },
                    "found": match.index,
                    "error_m": match.error,
                    "rate_ratio": match.rate_ratio,
                    "inside_region90": match.inside,
                    "rate_inside_90": match.rate_inside,
                }
                for match in self.matches
            ],
            "extra": list(self.extra),
        }


def compare(found: Sequence[Source], true: Sequence[TrueSource]) -> Comparison:
    """Return the pairing of found and true sources whose distances add up to least.

    Parameters
    ----------
    found : sequence of Source
        As reported.
    true : sequence of TrueSource
        The truth.
    """
    distance = [[math.hypot(f.x - t.x, f.y - t.y) for f in found] for t in true]
    # Whoever is left over is paired with nobody; a handful of sources needs no better algorithm.
    slots: list[int | None] = [*range(len(found)), *([None] * max(0, len(true) - len(found)))]
    best = min(
        itertools.permutations(slots, len(true)),
        key=lambda pairing: sum(distance[t][f] for t, f in enumerate(pairing) if f is not None),
    )
    matches = tuple(_match(t, f, found) for t, f in zip(true, best, strict=True))
    return Comparison(matches=matches, extra=tuple(set(range(len(found))) - set(best)))


def _match(true: TrueSource, index: int | None, found: Sequence[Source]) -> Match:
    if index is None:
        return Match(
            true=true, found=None, index=None, error=None, rate_ratio=None, inside=False,
            rate_inside=False,
        )  # fmt: skip
    from shapely.geometry import Point, shape

    source = found[index]
    low, median, high = source.emission_rate
    return Match(
        true=true,
        found=source,
        index=index,
        error=math.hypot(source.x - true.x, source.y - true.y),
        rate_ratio=float(median / true.emission_rate),
        inside=bool(shape(source.region90).covers(Point(true.x, true.y))),
        rate_inside=bool(low <= true.emission_rate <= high),
    )
