"""Answers of ``locate`` for several gases of one area, joined source by source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import transform
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from barlovento.assess.classes import ClassTable
from barlovento.domain.emitter import RateEstimate
from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.domain.observation import Frame
from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]

NINETY_RADII = 2.1459660262893473
"""Standard deviations from the middle to the edge of a round 90 % region [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """Where a source of which rate would have been seen, as ``searched.nc`` has it.

    Parameters
    ----------
    x, y : ndarray
        Middles of cells in the axes of its own result [m].
    rate : ndarray, shape (r,)
        [kg s-1].
    probability : ndarray, shape (y, x, r)
        [1].
    """

    x: FloatArray
    y: FloatArray
    rate: FloatArray
    probability: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One source of one gas, in the axes of the first result.

    Parameters
    ----------
    x, y : float
        Medians [m].
    region : BaseGeometry
        That holds it nine times in ten [m].
    rate : RateEstimate
        Of this gas.
    window : tuple of datetime
        While it emitted, as far as known.
    """

    x: float
    y: float
    region: BaseGeometry
    rate: RateEstimate
    window: tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer of ``locate`` for one gas.

    Parameters
    ----------
    file : str
        Where it stands.
    gas : str
        By the table's name.
    frame : Frame
        Axes of the answer.
    places : tuple of Place
        Its sources.
    window : tuple of datetime
        Of the survey.
    searched : Searched or None
        Beside it.
    """

    file: str
    gas: str
    frame: Frame
    places: tuple[Place, ...]
    window: tuple[datetime, datetime]
    searched: Searched | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedSource:
    """One source across gases.

    Parameters
    ----------
    x, y : float
        Of the gas whose place is known best [m].
    sigma : float
        Error of that place along one axis [m].
    region : BaseGeometry
        Of the same gas [m].
    rates : mapping of str to RateEstimate
        Of every gas that was measured, found or not.
    window : tuple of datetime
        While it emitted, as far as known.
    """

    x: float
    y: float
    sigma: float
    region: BaseGeometry
    rates: Mapping[str, RateEstimate]
    window: tuple[datetime, datetime]


def read_finding(
    document: Mapping[str, Any],
    *,
    file: str,
    table: ClassTable,
    searched: Searched | None,
    axes: Frame | None,
) -> Finding:
    """Return what one ``result.json`` tells.

    Parameters
    ----------
    document : mapping
        Its content.
    file : str
        For messages.
    table : ClassTable
        Names of gases.
    searched : Searched or None
        From ``searched.nc`` beside it.
    axes : Frame or None
        Of the first result, into which places are turned; None for the first itself.

    Returns
    -------
    Finding
        With places in metres.

    Raises
    ------
    BadInput
        It is no answer of ``locate``, holds several gases or lies in other axes.
    """
    try:
        surveys, frame = document["surveys"], _frame(document["frame"])
        gases = {table.gas(one["species"]["name"]) for one in surveys}
        prior = document["prior"]["emission_rate_kg_s"]
        window = (
            min(datetime.fromisoformat(one["from"]) for one in surveys),
            max(datetime.fromisoformat(one["until"]) for one in surveys),
        )
        same = _same_axes(frame, axes or frame, file)
        places = tuple(_place(source, prior, same, frame, window) for source in document["sources"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{file}: this is no answer of locate ({type(error).__name__}: {error}). "
            "Give the result.json that barlovento locate --out wrote."
        ) from error
    if len(gases) != 1:
        raise BadInput(f"{file}: it holds several gases. Locate each gas for itself.")
    return Finding(
        file=file,
        gas=gases.pop(),
        frame=frame,
        places=places,
        window=window,
        searched=searched,
    )


def join(findings: Sequence[Finding], table: ClassTable) -> tuple[JoinedSource, ...]:
    """Return the sources across gases, the one with most gases first.

    Sources of different gases are one where their regions overlap, the nearest first; two sources
    of one gas never are.

    Parameters
    ----------
    findings : sequence of Finding
        One for each gas.
    table : ClassTable
        With what is assumed.

    Raises
    ------
    BadInput
        A gas stands twice.
    """
    gases = [finding.gas for finding in findings]
    for gas in gases:
        if gases.count(gas) > 1:
            files = " and ".join(one.file for one in findings if one.gas == gas)
            raise BadInput(
                f"{files} both speak of {gas}. Infer their surveys together: barlovento locate "
                "takes several."
            )
    groups = _groups(findings, table.assume.join_within_m)
    joined = [_joined(group, findings, table) for group in groups]
    return tuple(sorted(joined, key=lambda one: -sum(rate.detected for rate in one.rates.values())))


def _groups(findings: Sequence[Finding], margin: float) -> list[dict[str, Place]]:
    every = [(finding.gas, place) for finding in findings for place in finding.places]
    groups = [{gas: place} for gas, place in every]
    member = list(range(len(every)))
    pairs = []
    for i, (gas, place) in enumerate(every):
        grown = place.region.buffer(margin)
        for j in range(i):
            other_gas, other = every[j]
            if gas != other_gas and grown.intersects(other.region.buffer(margin)):
                apart = math.hypot(place.x - other.x, place.y - other.y)
                pairs.append((apart / math.hypot(_sigma(place), _sigma(other), 1.0), j, i))
    for _, j, i in sorted(pairs):
        into, out = member[j], member[i]
        if into == out or groups[into].keys() & groups[out].keys():
            continue
        groups[into] = groups[into] | groups[out]
        groups[out] = {}
        member = [into if group == out else group for group in member]
    return [group for group in groups if group]


def _joined(
    group: Mapping[str, Place], findings: Sequence[Finding], table: ClassTable
) -> JoinedSource:
    best = min(group.values(), key=lambda place: place.region.area)
    rates = {
        finding.gas: group[finding.gas].rate
        if finding.gas in group
        else RateEstimate(detected=False, limit=_limit(finding, best, findings[0].frame))
        for finding in findings
    }
    return JoinedSource(
        x=best.x,
        y=best.y,
        sigma=max(_sigma(best), table.assume.source_place_least_m),
        region=best.region,
        rates=rates,
        # The shortest window says most about when it emits.
        window=min((place.window for place in group.values()), key=lambda w: w[1] - w[0]),
    )


def _sigma(place: Place) -> float:
    return math.sqrt(place.region.area / math.pi) / NINETY_RADII


def _limit(finding: Finding, place: Place, axes: Frame) -> float | None:
    """Return the rate that would have been seen there nine times in ten [kg s-1]."""
    searched = finding.searched
    if searched is None:
        return None
    x, y = _between((place.x, place.y), axes, finding.frame)
    reach = math.sqrt(place.region.area / math.pi)
    near = np.hypot(*np.meshgrid(searched.x - x, searched.y - y)) <= reach
    if not near.any():
        row, column = np.argmin(np.abs(searched.y - y)), np.argmin(np.abs(searched.x - x))
        near[row, column] = True
    seen = searched.probability[near].mean(axis=0)
    enough = np.flatnonzero(seen >= 0.9)
    if not enough.size:
        return None
    first = int(enough[0])
    if first == 0:
        return float(searched.rate[0])
    share = (0.9 - seen[first - 1]) / (seen[first] - seen[first - 1])
    low, high = np.log(searched.rate[first - 1 : first + 1])
    return float(np.exp(low + share * (high - low)))


def _frame(told: Mapping[str, Any]) -> Frame:
    return Frame(name=told["name"], longitude=told["longitude"], latitude=told["latitude"])


def _same_axes(frame: Frame, axes: Frame, file: str) -> Frame:
    if frame.geographic != axes.geographic:
        raise BadInput(
            f"{file}: it gives {'longitude and latitude' if frame.geographic else 'local metres'}, "
            "the first result does not. Give all surveys in longitude and latitude."
        )
    if not frame.geographic and frame is not axes and (not frame.name or frame.name != axes.name):
        raise BadInput(
            f"{file}: its axes are named {frame.name!r}, those of the first result {axes.name!r}. "
            "Name the axes alike under [observations] frame where they are the same, and locate "
            "again."
        )
    return axes


def _place(
    source: Mapping[str, Any],
    prior: Mapping[str, Any],
    axes: Frame,
    frame: Frame,
    window: tuple[datetime, datetime],
) -> Place:
    rate, active = source["emission_rate_kg_s"], source["active"]
    x, y = _between((source["x"], source["y"]), frame, axes)
    region = shape(source["region90"])
    if axes.longitude is not None and axes.latitude is not None:
        origin = (axes.longitude, axes.latitude)
        region = transform(
            region, lambda lon, lat: to_local(lon, lat, origin=origin), interleaved=False
        )
    return Place(
        x=x,
        y=y,
        region=region,
        rate=RateEstimate(
            detected=True,
            median=rate["median"],
            q05=rate["q05"],
            q95=rate["q95"],
            probability=source["probability"],
            prior_median=prior["median"],
            prior_gsd=prior["gsd"],
        ),
        window=window
        if active is None
        else (datetime.fromisoformat(active["from"]), datetime.fromisoformat(active["until"])),
    )


def _between(place: tuple[float, float], old: Frame, new: Frame) -> tuple[float, float]:
    """Return a place of one plane in another [m]."""
    if old.longitude is None or old.latitude is None or old == new:
        return place
    assert new.longitude is not None
    assert new.latitude is not None
    longitude, latitude = to_geographic(place[0], place[1], origin=(old.longitude, old.latitude))
    x, y = to_local(longitude, latitude, origin=(new.longitude, new.latitude))
    return float(x), float(y)


def region_document(region: BaseGeometry, frame: Frame) -> dict[str, Any]:
    """Return a region as GeoJSON, in longitude and latitude where the axes have a place [degree].

    Parameters
    ----------
    region : BaseGeometry
        [m].
    frame : Frame
        Its axes.
    """
    if frame.longitude is not None and frame.latitude is not None:
        origin = (frame.longitude, frame.latitude)
        region = transform(
            region, lambda x, y: to_geographic(x, y, origin=origin), interleaved=False
        )
    document: dict[str, Any] = mapping(region)
    return document
