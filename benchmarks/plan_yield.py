"""Sites found in a flight hour: planned flights against an equal-spacing lawnmower.

Regions of 900 km2 with tip-offs at random, two fixed wings at a base in the middle, six batteries.
The planner chooses cells and legs from the prior; the lawnmower flies the same aircraft over all of
the box, legs across the wind as close as the same batteries allow. Sources come from the prior,
and whether a leg notices one is judged by passes through the particle plumes of the exercise, of
which the planner knows nothing: peaks of the excess after the lag, drawn for the distance.

    uv run --all-extras benchmarks/plan_yield.py
"""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from barlovento.domain.fleet import Fleet, Unit
from barlovento.domain.observation import SearchArea
from barlovento.domain.region import RatePrior, Region, TipOff, Weather
from barlovento.domain.species import find_species
from barlovento.exercise.instruments import Instrument, SensorModel, along
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast, Scenario
from barlovento.exercise.world import simulate
from barlovento.fly.fleet_file import catalogue
from barlovento.plan.allocate import allocate
from barlovento.plan.assemble import without_ends
from barlovento.plan.coverage import lay_legs
from barlovento.plan.route import SortiePath, split_at_batteries
from barlovento.plan.slots import Slot, slots_of
from barlovento.plan.working import Sight, build, manner_of, problem_of
from barlovento.planning.new import cells_of
from barlovento.planning.prior import prior_of
from barlovento.planning.sights import options_of, sights_of
from running import Progress, arguments, report, table

FloatArray = NDArray[np.float64]

HALF = 15_000.0
"""Of the box [m]."""
START = datetime(2027, 3, 1, 15, tzinfo=UTC)
AIR = Weather(
    start=START,
    until=START + timedelta(hours=5),
    wind_speed=3.0,
    wind_from_direction=270.0,
    stability="C",
)
ATMOSPHERE = Atmosphere(
    wind_speed=3.0,
    wind_height=10.0,
    wind_from_direction=270.0,
    roughness_length=0.1,
    obukhov_length=-60.0,
    mixing_height=1200.0,
    meander_direction_sd=8.0,
    meander_speed_sd=0.1,
    fluctuation_intensity=0.5,
    temperature=293.0,
    pressure=101_325.0,
)
DISTANCES = np.geomspace(40.0, 3000.0, 12)
UNIT_RATE = 1e-3
"""[kg s-1]"""


def passes(height: float, speed: float, lag: float, seeds: int) -> list[FloatArray]:
    """Return peaks of passes at each of ``DISTANCES``, for a unit rate [mol mol-1 / (kg s-1)]."""
    duration = 1800
    sensor = SensorModel(name="any", noise=0.0)
    found: list[list[float]] = [[] for _ in DISTANCES]
    for seed in range(seeds):
        flown = []
        for x in DISTANCES:
            reach = 200.0 + 0.45 * x
            way = np.array([[x, -reach, height], [x, reach, height]])
            places = along(way, speed, duration)
            flown.append(Instrument(sensor=sensor, x=places[:, 0], y=places[:, 1], z=places[:, 2]))
        world = simulate(
            Scenario(
                title="passes",
                species=find_species("acetone"),
                atmosphere=ATMOSPHERE,
                mast=Mast(height=10.0),
                sources=[HiddenSource(x=0.0, y=0.0, z=3.0, emission_rate=UNIT_RATE)],
                instruments=flown,
                duration=duration,
                averaging_time=1,
                start=START,
                search=SearchArea(
                    x=(-100.0, 3200.0),
                    y=(-2000.0, 2000.0),
                    release_height=3.0,
                    max_sources=1,
                ),
            ),
            seed,
        )
        density = find_species("acetone").molar_mass * 101_325.0 / (8.314 * 293.0)
        for k in range(len(DISTANCES)):
            mine = world.sensor == k
            order = np.argsort(world.time[mine])
            excess = world.excess[0, mine][order] / density / UNIT_RATE
            share = math.exp(-1.0 / max(lag, 1e-3))
            told = np.zeros(len(excess))
            for t in range(1, len(excess)):
                told[t] = share * told[t - 1] + (1.0 - share) * excess[t]
            y = world.y[mine][order]
            turns = np.flatnonzero(np.diff(np.sign(np.gradient(y))) != 0)
            found[k] += [float(part.max()) for part in np.split(told, turns)[1:-1] if len(part) > 5]
    return [np.array(peaks) for peaks in found]


def region_of(rng: np.random.Generator) -> Region:
    """Return a box with tip-offs at random."""
    lon, lat = -107.4, 24.8
    dx, dy = HALF / (111_320.0 * math.cos(math.radians(lat))), HALF / 110_750.0
    tips = tuple(
        TipOff(
            name=f"tip {k}",
            place=(lon + rng.uniform(-0.9, 0.9) * dx, lat + rng.uniform(-0.9, 0.9) * dy),
            radius=float(rng.uniform(500.0, 1500.0)),
            grade=str(rng.choice(["B", "C", "D", "E"])),
        )
        for k in range(10)
    )
    return Region(
        title="box",
        area=(
            (
                (lon - dx, lat - dy),
                (lon + dx, lat - dy),
                (lon + dx, lat + dy),
                (lon - dx, lat + dy),
            ),
        ),
        purpose="survey",
        species="acetone",
        rate=RatePrior(median=5e-5, gsd=4.0),
        expected_sites=8.0,
        release_height=3.0,
        weather=(AIR,),
        fleet="",
        time_zone="UTC",
        height_range=(20.0, 120.0),
        terrain_source="flat",
        cell_resolution=8,
        tip_offs=tips,
    )


def planned(region: Region, slots: list[Slot], cells: Any, seconds: float) -> list[SortiePath]:
    """Return the flights of the planner."""
    sights = sights_of(region, Fleet(units=(slots[0].unit,)))
    options = options_of(region, sights)
    room = shapely.box(-HALF - 2000, -HALF - 2000, HALF + 2000, HALF + 2000)
    rooms = {(slot.aircraft, 0): room for slot in slots}
    bases = {slots[0].unit.name: np.zeros(2)}
    problem, ways = problem_of(
        cells.prior, cells.shapes, cells.centres, slots, options, rooms, bases, region
    )
    chosen = allocate(problem, seconds=seconds, seed=1)
    flown = []
    for (slot, sight), order in zip(ways, chosen.orders, strict=True):
        if order:
            made = build(
                slot, sight, order, cells.shapes, cells.prior,
                room=room, base=np.zeros(2), region=region,
            )  # fmt: skip
            if made is not None:
                flown.append(made.path)
    return flown


def mown(region: Region, slots: list[Slot], sight: Sight) -> list[SortiePath]:
    """Return the flights of the lawnmower: the closest spacing that the batteries allow."""
    box = shapely.box(-HALF, -HALF, HALF, HALF)
    manner = manner_of(slots[0], sight, region)
    for spacing in np.geomspace(200.0, 20_000.0, 60):
        laid = lay_legs(
            box,
            heading_deg=0.0,
            spacing=float(spacing),
            turn_radius=manner.turn_radius,
            start=(0.0, 0.0),
            end=(0.0, 0.0),
            passable=box.buffer(2000.0),
        )
        paths = split_at_batteries(without_ends(laid), manner, base=(0.0, 0.0))
        if len(paths) <= len(slots):
            return paths
    raise SystemExit("no spacing fits")


def share_found(
    flights: list[SortiePath],
    places: FloatArray,
    rates: FloatArray,
    limit: float,
    peaks: list[FloatArray],
    rng: np.random.Generator,
) -> float:
    """Return which share of sources is noticed; the wind blows east."""
    found = np.zeros(len(places), dtype=bool)
    edges = np.sqrt(DISTANCES[1:] * DISTANCES[:-1])
    for flight in flights:
        for leg in flight.legs():
            low, high = sorted(leg[:, 1])
            away = leg[:, 0].mean() - places[:, 0]
            meets = (away >= 20.0) & (away <= 3500.0)
            meets &= (places[:, 1] >= low) & (places[:, 1] <= high)
            rows = np.flatnonzero(meets)
            column = np.searchsorted(edges, away[rows])
            drawn = np.array([rng.choice(peaks[k]) for k in column])
            found[rows] |= drawn * rates[rows] >= limit if len(rows) else False
    return float(found.mean())


def main() -> None:
    """Run and report."""
    options = arguments(
        __doc__,
        regions={"type": int, "default": 5, "help": "how many"},
        seconds={"type": float, "default": 10.0, "help": "for each allocation"},
    ).parse_args()
    vehicle = catalogue().vehicles["vtol-wing"]
    unit = Unit(name="wing", vehicle=vehicle, count=2, base=(-107.4, 24.8), crews=2)
    sensor = vehicle.sensors[0]
    count = 1 if options.quick else options.regions
    rows: list[list[Any]] = []
    progress = Progress(count + 1, "regions")
    height = max(vehicle.height_range[0], 20.0)
    speed = vehicle.speed_across(AIR.wind_speed)
    peaks = passes(height, speed, sensor.response_time, 1 if options.quick else 3)
    progress.step("passes")
    for number in range(count):
        rng = np.random.default_rng([7, number])
        region = region_of(rng)
        sights = sights_of(region, Fleet(units=(unit,)))
        sight = sights[vehicle.name, 0]
        slots, _ = slots_of(
            Fleet(units=(unit,)), region.weather, {(vehicle.name, 0): sight.height}, earliest=START
        )
        cells = cells_of(*prior_of(region, ()), region.origin)
        mine = planned(region, slots, cells, options.seconds)
        theirs = mown(region, slots, sight)
        chosen = rng.choice(len(cells.prior), 4000, p=cells.prior / cells.prior.sum())
        places = cells.centres[chosen] + rng.uniform(-430.0, 430.0, (4000, 2))
        rates = region.rate.median * region.rate.gsd ** rng.normal(size=4000)
        hours = [sum(path.duration for path in flown) / 3600 for flown in (mine, theirs)]
        shares = [
            share_found(flown, places, rates, sensor.detection_limit, peaks, rng)
            for flown in (mine, theirs)
        ]
        yields = [share / hour for share, hour in zip(shares, hours, strict=True)]
        rows.append(
            [number + 1, *(100 * s for s in shares), *hours, yields[0] / max(yields[1], 1e-9)]
        )
        progress.step()
    means = np.array([row[1:] for row in rows]).mean(axis=0).tolist()
    rows.append(["mean", *means])
    head = [
        *("region", "planned: sites found, %", "lawnmower: sites found, %"),
        *("planned: flight hours", "lawnmower: flight hours", "sites an hour, ratio"),
    ]
    report(
        options, block="plan-yield", content={"rows": rows, "head": head}, text=table(rows, head)
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
