"""Verdicts about tracks: what is known, what can't be told, and what consents change."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.domain.airspace import (
    Applicability,
    Circle,
    Consent,
    Height,
    HeightReference,
    Volume,
)
from barlovento.domain.track import Doubt, Track
from barlovento.guard.audit import Verdict, audit_track
from barlovento.guard.borders import Borders
from barlovento.guard.consented import Covered

START = datetime(2026, 5, 4, 10, tzinfo=UTC).timestamp()


def track(
    lon: list[float], lat: list[float], step: float = 10.0, error: float = 50.0, **changes: object
) -> Track:
    n = len(lon)
    values: dict[str, object] = {
        "aircraft": "abc123",
        "callsign": "TEST",
        "time": START + step * np.arange(n),
        "lon": np.array(lon, dtype=float),
        "lat": np.array(lat, dtype=float),
        "height": np.full(n, 1_000.0),
        "height_reference": "AMSL",
        "speed": np.full(n, 70.0),
        "position_error": np.full(n, error),
        "error_stated": True,
        "doubt": np.zeros(n, dtype=np.int64),
    }
    return Track(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def borders() -> Borders:
    return Borders.shipped()


def consent(**changes: object) -> Consent:
    upper = changes.pop("upper", None)
    volume = Volume(
        area=(Circle(lon=2.35, lat=48.86, radius=100_000.0),),
        lower=None,
        upper=upper,  # type: ignore[arg-type]
        when=Applicability(
            valid_from=datetime(2026, 5, 4, 9, tzinfo=UTC),
            valid_until=datetime(2026, 5, 4, 12, tzinfo=UTC),
        ),
    )
    values: dict[str, object] = {
        "id": "c1", "request_id": "r1", "authority": "FR", "holder": "operator",
        "purpose": "survey", "volume": volume, "aircraft": ("ABC123",), "sensors": (),
        "digest": "", "key_id": "",
    }  # fmt: skip
    return Consent(**(values | changes))  # type: ignore[arg-type]


OVER_PARIS = ([2.30, 2.31, 2.32], [48.8, 48.8, 48.8])


def test_over_land_is_inside_and_a_neighbour_is_not_concerned(borders: Borders) -> None:
    flown = track(*OVER_PARIS)
    assert audit_track(flown, borders, "FR").verdict == Verdict.INSIDE
    assert audit_track(flown, borders, "ES").verdict == Verdict.OUTSIDE


def test_the_height_does_not_matter(borders: Borders) -> None:
    flown = track(*OVER_PARIS, height=np.full(3, 40_000.0))
    assert audit_track(flown, borders, "FR").verdict == Verdict.INSIDE


def test_a_position_error_wider_than_the_depth_means_that_it_cannot_be_told(
    borders: Borders,
) -> None:
    flown = track([1.53, 1.531], [50.93, 50.93], error=30_000.0)
    audit = audit_track(flown, borders, "FR")
    assert audit.verdict == Verdict.CANNOT_TELL
    assert len(audit.passes) == 1


def test_a_gap_in_which_it_could_have_been_inside_cannot_be_told(borders: Borders) -> None:
    # 70 km off the coast of Portugal: outside as long as it is seen.
    lon, lat = [-10.6, -10.6], [39.9, 39.95]
    assert audit_track(track(lon, lat, step=60.0), borders, "PT").verdict == Verdict.OUTSIDE
    audit = audit_track(track(lon, lat, step=1_700.0), borders, "PT")
    assert audit.verdict == Verdict.CANNOT_TELL
    assert audit_track(track(lon, lat, step=7_200.0), borders, "PT").unobserved == 7_200.0


def test_stale_and_impossible_fixes_prove_nothing(borders: Borders) -> None:
    doubt = np.array([0, int(Doubt.STALE), int(Doubt.JUMP), 0])
    flown = track([-10.6, 2.3, 2.3, -10.6], [39.9, 48.8, 48.8, 39.9], doubt=doubt)
    audit = audit_track(flown, borders, "FR")
    assert audit.verdict == Verdict.OUTSIDE
    assert audit.status.tolist() == [0, 3, 3, 0]


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, Covered.WHOLLY),
        ({"authority": "GB"}, Covered.NONE),
        ({"authority": "FR/PARIS"}, Covered.NONE),
        ({"aircraft": ("ffffff",)}, Covered.NONE),
        ({"upper": Height(value=2_000.0, reference=HeightReference.AMSL)}, Covered.WHOLLY),
        ({"upper": Height(value=500.0, reference=HeightReference.AMSL)}, Covered.NONE),
        ({"upper": Height(value=120.0, reference=HeightReference.AGL)}, Covered.CANNOT_TELL),
    ],
)
def test_consents(borders: Borders, changes: dict[str, object], covered: Covered) -> None:
    audit = audit_track(track(*OVER_PARIS), borders, "FR", consents=[consent(**changes)])
    assert audit.passes[0].consent == covered
    assert audit.verdict == Verdict.INSIDE


def test_a_flight_that_outlasts_its_consent_is_covered_in_part(borders: Borders) -> None:
    times = START + np.array([0.0, 10.0, 7_300.0 + 1_000.0])
    flown = track(*OVER_PARIS, time=times)
    audit = audit_track(flown, borders, "FR", consents=[consent()])
    assert {one.consent for one in audit.passes} == {Covered.WHOLLY, Covered.NONE}


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    error=st.floats(10.0, 5_000.0),
    more=st.floats(1.0, 10.0),
)
def test_a_larger_error_never_makes_a_verdict_surer(seed: int, error: float, more: float) -> None:
    generator = np.random.default_rng(seed)
    n = 40
    lon = 1.4 + np.cumsum(generator.normal(0.0, 0.005, n))
    lat = 51.0 + np.cumsum(generator.normal(0.0, 0.005, n))
    borders = Borders.shipped()
    one = audit_track(track(lon.tolist(), lat.tolist(), error=error), borders, "FR")
    two = audit_track(track(lon.tolist(), lat.tolist(), error=error * more), borders, "FR")
    assert all(b in (a, 2) for a, b in zip(one.status, two.status, strict=True))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_skipping_ahead_changes_no_verdict(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = 300
    lon = generator.uniform(-6, 8) + np.cumsum(generator.normal(0.0, 0.02, n))
    lat = generator.uniform(42, 52) + np.cumsum(generator.normal(0.0, 0.02, n))
    borders = Borders.shipped()
    flown = track(lon.tolist(), lat.tolist())
    audit = audit_track(flown, borders, "FR", top_speed=1_000.0)
    depth, _ = borders.signed_depth("FR", lon, lat)
    assert np.array_equal(np.sign(depth), np.sign(audit.margin))
    assert np.all(np.abs(audit.margin) <= np.abs(depth) + 1.0) or np.all(
        depth[audit.status == 1] > 0
    )
    assert audit.closest_margin >= np.max(depth) - 1.0 or audit.verdict == Verdict.INSIDE
