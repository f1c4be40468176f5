from __future__ import annotations

import math
from dataclasses import replace

import pytest

from barlovento.errors import BadInput
from barlovento.fly.fleet_file import TEMPLATE, catalogue, parse_fleet


def test_wind_costs_endurance_and_too_much_of_it_all() -> None:
    drone = catalogue().vehicles["small-multirotor"]
    assert drone.endurance_in(0.0) == pytest.approx(38 * 60 * 0.8)
    assert drone.endurance_in(8.0) < drone.endurance_in(2.0)
    assert drone.endurance_in(12.1) == 0.0
    assert drone.endurance_in(math.nan) == 0.0


def test_a_crosswind_slows_as_the_triangle_says() -> None:
    drone = replace(catalogue().vehicles["small-multirotor"], cruise=13.0)
    assert drone.speed_across(5.0) == pytest.approx(12.0)


def test_every_shipped_figure_has_a_source() -> None:
    shipped = catalogue()
    assert len(shipped.vehicles) == 6
    for vehicle in shipped.vehicles.values():
        assert {"cruise", "endurance", "wind_limit", "ceiling"} <= vehicle.sources.keys()
        assert all(vehicle.sources.values())
        if vehicle.stand_off:
            assert vehicle.margin == pytest.approx(12 * 1852)
    assert shipped.vehicles["signals-aircraft"].sensors == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"wind_limit": 40.0}, "no way leads home"),
        ({"height_range": (50.0, 20.0)}, "lowest height"),
        ({"height_range": (50.0, 9000.0)}, "ceiling"),
        ({"reserve": 1.0}, "reserve|keeps"),
        ({"kind": "balloon"}, "kind"),
        ({"turn_radius": 0.0, "kind": "fixed_wing"}, "turn_radius"),
    ],
)
def test_impossible_aircraft_are_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        replace(catalogue().vehicles["small-multirotor"], **change)


def test_the_template_is_a_fleet() -> None:
    fleet = parse_fleet(TEMPLATE, name="fleet.toml")
    assert fleet.units[0].vehicle.name == "small-multirotor"
    assert fleet.units[0].count == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no unit"),
        ("[[unit]]\nvehicle = 'zeppelin'\n", "zeppelin"),
        (TEMPLATE.replace("count = 2", "count = 0"), "at least one"),
        (TEMPLATE.replace("-74.08", "-274.08"), "no place on earth"),
        (TEMPLATE.replace("crews = 1", "crew = 1"), "crew"),
        (TEMPLATE + "\n[[unit]]" + TEMPLATE.split("[[unit]]")[1], "own name"),
        (TEMPLATE + "\n[vehicle.mine]\nkind = 'multirotor'\n", "endurance"),
        (TEMPLATE + "\n[sensor.nose]\nsees = 'point'\n", "species"),
        (TEMPLATE.replace("# ready", "ready").replace("2026-12-01T18", "2026-12-01T02"), "no time"),
        (TEMPLATE.replace("# ready", "ready").replace("-05:00", ""), "time zone"),
        ("[[unit", "not TOML"),
    ],
)
def test_faults_of_a_fleet_are_told(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        parse_fleet(text, name="fleet.toml")


def test_a_users_own_aircraft_stands_beside_the_shipped() -> None:
    own = """
[sensor.nose]
sees = "point"
species = ["acetone"]
detection_limit = { value = 2, unit = "ppb", source = "our lab" }
response_time = { value = 2, unit = "s", source = "our lab" }
interval = { value = 1, unit = "s", source = "our lab" }

[vehicle.mine]
kind = "multirotor"
sensors = ["nose"]
cruise = { value = 36, unit = "km h-1", source = "flown" }
endurance = { value = 20, unit = "min", source = "flown" }
reserve = { value = 0.2, unit = "1", source = "ours" }
wind_loss = { value = 0.01, unit = "s m-1", source = "ours" }
wind_limit = { value = 8, unit = "m s-1", source = "flown" }
ceiling = { value = 3000, unit = "m", source = "maker" }
climb_rate = { value = 3, unit = "m s-1", source = "flown" }
descent_rate = { value = 2, unit = "m s-1", source = "flown" }
lowest = { value = 10, unit = "m", source = "ours" }
highest = { value = 120, unit = "m", source = "ours" }
turnaround = { value = 10, unit = "min", source = "ours" }

[[unit]]
vehicle = "mine"
count = 1
crews = 1
base = [0.0, 0.0]
"""
    unit = parse_fleet(own, name="own.toml").units[0]
    assert unit.vehicle.cruise == pytest.approx(10.0)
    assert unit.vehicle.sensors[0].detection_limit == pytest.approx(2e-9)
    assert unit.vehicle.sensors[0].responds_to("acetone")
    assert not unit.vehicle.sensors[0].responds_to("ammonia")
