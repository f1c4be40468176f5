"""Nothing is cleared where somebody who must agree has not, and what is missing is named."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.domain.airspace import (
    Applicability,
    Circle,
    DailyWindow,
    Height,
    HeightReference,
    StandOff,
    ZoneKind,
)
from barlovento.errors import PlanRefused
from barlovento.guard.airspace import clear, holds

sys.path.insert(0, str(Path(__file__).parent))

from airspace_world import (
    AGL,
    GEOD,
    NOON,
    NOW,
    Meridian,
    box,
    consent,
    moved,
    route,
    zone,
)

HERE = (10.0, 0.5)
THERE = moved(HERE, 90, 400)


def missing(
    plan: Any, consents: Any, zones: Any = (), borders: Any = None, **more: Any
) -> list[Any]:
    """What a plan lacks; nothing when it is cleared."""
    found = []
    try:
        clear(plan, consents=consents, zones=zones, borders=borders or Meridian(), now=NOW, **more)
    except PlanRefused as refusal:
        found = list(refusal.shortfalls) or ["a refusal that names nothing"]
    assert all(s.lacks and s.detail and s.ask for s in found)
    return found


def around(gap: float) -> Circle:
    """A circle about the middle of the plan that leaves so much beside the buffer of 10 m."""
    lon, lat = moved(HERE, 90, 200)
    return Circle(lon=lon, lat=lat, radius=210 + gap)


PLAN = route(HERE, THERE)


def test_a_plan_with_room_is_cleared_and_names_its_grounds() -> None:
    proof = clear(PLAN, consents=[consent(around(1))], zones=(), borders=Meridian(), now=NOW)
    assert proof.plan_digest == "plan-digest"
    assert proof.consents == ("digest-WW",)
    assert proof.issued_at == NOW
    assert proof.valid_until > PLAN.waypoints[-1].time
    assert proof.swept["length_m"] == pytest.approx(400, abs=0.1)


def test_without_any_consent_it_is_refused_at_the_first_metre() -> None:
    (lack,) = missing(PLAN, [])
    assert (lack.leg, lack.metre, lack.second) == ("leg 1", 0.0, 0.0)
    assert lack.lacks == "consent of WW"


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-4, 4).filter(lambda gap: abs(gap) > 0.02),
    st.floats(-80, 80),
    st.floats(-180, 180),
    st.floats(0, 360),
)
def test_the_verdict_turns_at_the_boundary_anywhere_on_earth(
    gap: float, lat: float, lon: float, azimuth: float
) -> None:
    start = (lon, lat)
    plan = route(start, moved(start, azimuth, 400))
    middle = moved(start, azimuth, 200)
    circle = Circle(lon=middle[0], lat=middle[1], radius=210 + gap)
    assert (missing(plan, [consent(circle)]) == []) == (gap > 0)


def test_the_first_metre_that_lacks_something_is_told() -> None:
    # The consent ends 300 m along the leg; 10 m of buffer come off.
    lon, lat = HERE
    east = moved(HERE, 90, 300)[0]
    area = box(lon - 0.01, lat - 0.01, east, lat + 0.01)
    (lack,) = missing(PLAN, [consent(area)])
    assert lack.leg == "leg 1"
    assert lack.metre == pytest.approx(290, abs=0.5)
    assert lack.second == pytest.approx(29, abs=0.05)
    assert GEOD.inv(lack.lon, lack.lat, *moved(HERE, 90, 290))[2] < 0.5


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("aircraft", ("UA-9",), "aircraft"),
        ("purpose", "filming", "purpose"),
        ("holder", "somebody", "given to"),
        ("sensors", (), "sensors"),
    ],
)
def test_a_consent_for_something_else_does_not_count(field: str, value: Any, words: str) -> None:
    (lack,) = missing(PLAN, [replace(consent(around(50)), **{field: value})])
    assert words in lack.detail


def test_a_withdrawn_consent_does_not_count() -> None:
    (lack,) = missing(PLAN, [consent(around(50))], revoked={"digest-WW"})
    assert "withdrawn" in lack.detail


def test_an_ended_consent_and_one_without_end_do_not_count() -> None:
    past = Applicability(valid_from=NOW - timedelta(days=2), valid_until=NOW - timedelta(days=1))
    assert missing(PLAN, [consent(around(50), when=past)])
    assert missing(PLAN, [consent(around(50), when=Applicability(valid_from=NOW))])


@pytest.mark.parametrize(("over", "cleared"), [(0.1, True), (-0.1, False)])
def test_time_errors_count_at_both_ends(over: float, cleared: bool) -> None:
    end = PLAN.waypoints[-1].time
    # Home is as far as the whole leg: the last return takes 40 s more.
    last = end + timedelta(seconds=40 + 2 + over)
    first = NOON - timedelta(seconds=2 + over)
    early = Applicability(valid_from=first, valid_until=NOON + timedelta(days=1))
    late = Applicability(valid_from=NOW, valid_until=last)
    assert (missing(PLAN, [consent(around(9), when=early)]) == []) == cleared
    assert (missing(PLAN, [consent(around(9), when=late)]) == []) == cleared


def test_heights_count_with_their_error() -> None:
    assert missing(PLAN, [consent(around(9), upper=55.01)]) == []
    (lack,) = missing(PLAN, [consent(around(9), upper=54.99)])
    assert "height" in lack.detail


def test_a_climb_out_of_a_consent_is_told_as_a_height_and_an_end_as_a_time() -> None:
    # 5 m of error come off, and 2 s; both limits are passed halfway.
    climb = route(HERE, THERE, levels=(50.0, 90.0))
    (lack,) = missing(climb, [consent(around(50), upper=75.0)])
    assert "at that height" in lack.detail
    assert lack.height.value == pytest.approx(70, abs=0.1)
    end = Applicability(valid_from=NOW, valid_until=NOON + timedelta(seconds=22))
    (lack,) = [s for s in missing(PLAN, [consent(around(50), when=end)]) if s.leg == "leg 1"]
    assert "at that time" in lack.detail
    assert lack.second == pytest.approx(20, abs=0.1)


def test_two_consents_do_it_together_only_without_a_gap() -> None:
    lon, lat = HERE
    cut = moved(HERE, 90, 200)[0]
    west = consent(box(lon - 0.01, lat - 0.01, cut, lat + 0.01), id="C-1", digest="one")
    for gap, cleared in ((0.0, True), (-0.5, True), (0.5, False)):
        from_ = moved((cut, lat), 90 if gap >= 0 else 270, abs(gap))[0]
        east = consent(box(from_, lat - 0.01, lon + 0.02, lat + 0.01), id="C-2", digest="two")
        assert (missing(PLAN, [west, east]) == []) == cleared


def test_heights_and_times_may_be_shared_between_consents() -> None:
    low, high = consent(around(9), upper=50.0), consent(around(9), lower=50.0)
    assert missing(PLAN, [low, high]) == []
    assert missing(PLAN, [low, consent(around(9), lower=50.2)])
    noon = NOON + timedelta(seconds=20)
    one = Applicability(valid_from=NOW, valid_until=noon)
    for gap, cleared in ((0, True), (1, False)):
        two = Applicability(
            valid_from=noon + timedelta(seconds=gap), valid_until=NOON + timedelta(days=1)
        )
        assert (
            missing(PLAN, [consent(around(9), when=one), consent(around(9), when=two)]) == []
        ) == cleared


def test_every_state_below_must_agree() -> None:
    border = Meridian(moved(HERE, 90, 200)[0])
    west = consent(around(100), authority="WW")
    east = consent(around(100), authority="EE")
    (lack,) = missing(PLAN, [west], borders=border)
    assert lack.lacks == "consent of EE"
    assert lack.metre == pytest.approx(190, abs=0.5)
    assert missing(PLAN, [west, east], borders=border) == []


def test_each_state_need_only_agree_to_its_own_part() -> None:
    lon, lat = HERE
    cut = moved(HERE, 90, 200)
    # Who is sovereign is asked for cells of a quarter of a metre, so each reaches over by half.
    over, short = moved(cut, 90, 0.5)[0], moved(cut, 270, 0.5)[0]
    west = consent(box(lon - 0.01, lat - 0.01, over, lat + 0.01), authority="WW")
    east = consent(box(short, lat - 0.01, lon + 0.02, lat + 0.01), authority="EE")
    assert missing(PLAN, [west, east], borders=Meridian(cut[0])) == []
    # Where the border is not known to a metre, both must agree.
    assert missing(PLAN, [west, east], borders=Meridian(cut[0], error=1.0))


def test_a_city_does_not_speak_for_its_state() -> None:
    assert missing(PLAN, [consent(around(50), authority="WW/CITY")])


def test_the_way_home_counts() -> None:
    plan = route(HERE, THERE, home=moved(HERE, 0, 300))
    lon, lat = moved(HERE, 60, 200)
    assert missing(plan, [consent(around(400))]) == []
    (lack,) = missing(plan, [consent(around(400))], [zone(Circle(lon=lon, lat=lat, radius=20))])
    assert lack.leg.startswith("return home")


def test_the_lost_link_route_counts() -> None:
    far = moved(HERE, 180, 300)
    point = replace(PLAN.waypoints[0], lon=far[0], lat=far[1])
    plan = replace(PLAN, lost_link=(point,))
    assert missing(plan, [consent(around(9))])[0].leg.startswith("lost link")
    assert missing(plan, [consent(around(400))]) == []


@pytest.mark.parametrize(("gap", "cleared"), [(0.1, True), (-0.1, False)])
def test_a_prohibited_zone_is_kept_off(gap: float, cleared: bool) -> None:
    lon, lat = moved(moved(HERE, 90, 200), 0, 100 + 10 + gap)
    found = missing(PLAN, [consent(around(500))], [zone(Circle(lon=lon, lat=lat, radius=100))])
    assert (found == []) == cleared


def test_a_zone_needs_its_own_authority() -> None:
    lon, lat = moved(HERE, 90, 200)
    asks = zone(
        Circle(lon=lon, lat=lat, radius=50), kind=ZoneKind.REQUIRES_AUTHORISATION, authority="Park"
    )
    state = consent(around(50))
    (lack,) = missing(PLAN, [state], [asks])
    assert "WW/PARK" in lack.ask
    office = consent(around(50), authority="WW/PARK")
    assert missing(PLAN, [state, office], [asks]) == []
    # Agreed to the zone alone is enough there; the state covers the rest.
    small = consent(Circle(lon=lon, lat=lat, radius=51), authority="WW/PARK")
    assert missing(PLAN, [state, small], [asks]) == []
    # Nobody can allow what is prohibited.
    never = replace(asks, kind=ZoneKind.PROHIBITED)
    assert missing(PLAN, [state, office], [never])
    assert missing(PLAN, [state], [replace(asks, kind=ZoneKind.NO_RESTRICTION)]) == []


def test_a_zone_above_or_at_another_time_is_no_matter() -> None:
    state, spot = consent(around(50)), around(0)
    above = zone(spot, lower=Height(value=55.1, reference=AGL))
    assert missing(PLAN, [state], [above]) == []
    assert missing(PLAN, [state], [zone(spot, lower=Height(value=54.9, reference=AGL))])
    night = DailyWindow(days=frozenset(range(7)), start="22:00", end="06:00")
    assert missing(PLAN, [state], [zone(spot, when=Applicability(windows=(night,)))]) == []
    day = DailyWindow(days=frozenset(range(7)), start="06:00", end="22:00")
    assert missing(PLAN, [state], [zone(spot, when=Applicability(windows=(day,)))])


def test_heights_that_cannot_be_compared_count_against_the_plan() -> None:
    sea = HeightReference.AMSL
    assert missing(PLAN, [consent(around(50), upper=500, reference=sea)])
    above = zone(around(0), lower=Height(value=900, reference=sea))
    (lack,) = missing(PLAN, [consent(around(50))], [above])
    assert "can't be compared" in lack.detail
    known = {"terrain": (100.0, 300.0)}
    assert missing(PLAN, [consent(around(50), upper=500, reference=sea)], **known) == []
    assert missing(PLAN, [consent(around(50))], [above], **known) == []
    assert missing(PLAN, [consent(around(50))], [above], terrain=(100.0, 850.0))


def test_the_stand_off_is_kept() -> None:
    border = Meridian(moved(THERE, 90, 500)[0])
    plan = replace(PLAN, stand_off=(StandOff(state="EE", margin=480.0),))
    assert missing(plan, [consent(around(50))], borders=border) == []
    near = replace(PLAN, stand_off=(StandOff(state="EE", margin=495.0),))
    (lack,) = missing(near, [consent(around(50))], borders=border)
    assert "distance" in lack.lacks


def test_a_long_route_is_checked_to_its_end() -> None:
    far = moved(HERE, 45, 300_000)
    plan = route(HERE, far, home=HERE)
    wide = consent(box(9.5, 0.0, 13.0, 3.0))
    long = Applicability(valid_from=NOON - timedelta(days=1), valid_until=NOON + timedelta(days=4))
    wide = replace(wide, volume=replace(wide.volume, when=long))
    assert missing(plan, [wide]) == []
    lon, lat = moved(moved(HERE, 45, 250_000), 135, 60)
    (lack,) = missing(plan, [wide], [zone(Circle(lon=lon, lat=lat, radius=50.1))])
    assert lack.metre == pytest.approx(250_000, abs=10)
    assert missing(plan, [wide], [zone(Circle(lon=lon, lat=lat, radius=49.8))]) == []


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({"home": None}, "home"),
        ({"return_speed": 0.0}, "speed"),
        ({"waypoints": PLAN.waypoints[::-1]}, "order"),
        ({"buffer": replace(PLAN.buffer, navigation_error=0.0)}, "buffer"),
        ({"buffer": replace(PLAN.buffer, navigation_error=float("nan"))}, "buffer"),
    ],
)
def test_a_plan_that_lacks_something_in_itself_is_refused(
    change: dict[str, Any], lacks: str
) -> None:
    (lack,) = missing(replace(PLAN, **change), [consent(around(50))])
    assert lacks in lack.lacks


def test_a_plan_in_the_past_is_refused() -> None:
    with pytest.raises(PlanRefused, match="lies ahead"):
        clear(
            PLAN,
            consents=[consent(around(50))],
            zones=(),
            borders=Meridian(),
            now=NOON + timedelta(seconds=1),
        )


def test_mixed_heights_in_a_plan_are_refused() -> None:
    first = replace(PLAN.waypoints[0], height=Height(value=1.0, reference=HeightReference.AMSL))
    (lack,) = missing(replace(PLAN, waypoints=(first, *PLAN.waypoints[1:])), [consent(around(9))])
    assert "reference" in lack.lacks


def test_a_clearance_is_for_exactly_this_plan_while_its_consents_live() -> None:
    proof = clear(PLAN, consents=[consent(around(9))], zones=(), borders=Meridian(), now=NOW)
    holds(proof, PLAN, now=NOW)
    with pytest.raises(PlanRefused, match="edited"):
        holds(proof, replace(PLAN, digest="another"), now=NOW)
    with pytest.raises(PlanRefused, match="Withdrawn"):
        holds(proof, PLAN, now=NOW, revoked={"digest-WW"})
    with pytest.raises(PlanRefused, match="ended"):
        holds(proof, PLAN, now=NOON + timedelta(days=1))


SEAM = moved(HERE, 90, 1000)[0]
"""A border one kilometre east of here."""


def beside(west: float, east: float, **more: Any) -> Any:
    """A consent from some metres east of the border to others."""
    edges = (moved((SEAM, HERE[1]), 90, metres)[0] for metres in (west, east))
    one, two = edges
    return consent(box(one, 0.4, two, 0.6), **more)


def test_a_clearance_names_the_consent_that_holds_only_the_part_beyond_a_border() -> None:
    # Each state's consent ends a little beyond its own side, so that none holds a leg alone.
    consents = [beside(-5000, 50), beside(-50, 5000, authority="EE")]
    plan = route(HERE, moved(HERE, 90, 2000))
    proof = clear(plan, consents=consents, zones=(), borders=Meridian(SEAM), now=NOW)
    assert proof.consents == ("digest-EE", "digest-WW")
    for gone in ("digest-EE", "digest-WW"):
        with pytest.raises(PlanRefused):
            holds(proof, plan, now=NOW, revoked=[gone])


def test_ways_home_over_a_border_need_consent_in_every_stretch_of_time() -> None:
    # All is flown in the east; the ways home lead west, from before noon and 3 min to long after.
    plan = route(moved((SEAM, HERE[1]), 90, 500), moved((SEAM, HERE[1]), 90, 4500), home=HERE)
    middle = NOON + timedelta(minutes=3)
    east = beside(-50, 9000, authority="EE")
    before = Applicability(valid_from=NOON - timedelta(days=1), valid_until=middle)
    after = Applicability(valid_from=middle, valid_until=NOON + timedelta(days=1))
    first = beside(-5000, 50, when=before, digest="first")
    both = [east, first, beside(-5000, 50, when=after, digest="second")]
    assert missing(plan, both, borders=Meridian(SEAM)) == []
    # The second consent is for another place: when the first has ended, nothing holds.
    elsewhere = [east, first, beside(-5000, -4000, when=after, digest="second")]
    assert [s.lacks for s in missing(plan, elsewhere, borders=Meridian(SEAM))] == ["consent of WW"]
