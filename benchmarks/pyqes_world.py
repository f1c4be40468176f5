"""A second simulator to fly in: winds and plumes of QES over a hill and through a town.

QES (the wheel `pyqes`, GPL-3) runs as a separate program, in a process of its own; nothing of it
is imported here. Its winds are steady. For each case a few plumes of openings at different places
are computed once into a folder; a world then flies in one of them, with a meander added: the
steady plume is turned about its opening by what the wind direction was when the gas there was let
out. Counts of particles (`p_count`) over their time and volume are the concentration.

    python benchmarks/pyqes_world.py --folder qes          # computes what is missing, then checks
    python benchmarks/pyqes_world.py --folder qes --quick  # one plume of the town

From Python, for studies, with a folder that holds the plumes:
`World(exercise_of("hill", seed), seed, gas=gas_of(folder, "hill", seed))`.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import SearchArea
from barlovento.domain.species import find_species
from barlovento.exercise import air, sensing, wind
from barlovento.exercise.eddies import Eddies
from barlovento.exercise.gas import LONGEST_SPIN_UP
from barlovento.exercise.library import read
from barlovento.exercise.live import World
from barlovento.exercise.records import HiddenSource
from barlovento.exercise.sites import HIDDEN, Building, Exercise, RandomSites, Site
from running import Progress, arguments, report, table

FloatArray = NDArray[np.float64]

# QES is asked to run in a process of its own: winds, or one plume in winds that are there.
WINDS = (
    "import sys; from pyQES._winds import run_winds; "
    "run_winds(xml_path=sys.argv[1], solve_type=1, out_basename=sys.argv[2], "
    "visu_output=True, wksp_output=True, turb_output=True)"
)
PLUME = (
    "import sys; from pyQES._plume import run_plume; "
    "run_plume(plume_xml_path=sys.argv[1], winds_file=sys.argv[2] + '_windsWk.nc', "
    "turb_file=sys.argv[2] + '_turbOut.nc', out_basename=sys.argv[3], particle_output=False)"
)
LONGEST_RUN = 1800.0
"""Of one such process [s]."""

SPIN_UP, AVERAGE, PER_SECOND = 300.0, 600.0, 40
"""Time before counting begins, time over which particles are counted [s], particles let out each
second [s-1]."""

SOLID = (0, 2)
"""What QES calls cells inside of buildings and of the ground."""

INTENSITY, EDDY = 1.0, 8.0
"""Of the fluctuations put on top of the mean plume, and their size [m] (assumed: QES tells the
mean only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One land to fly over; local x = y = 0 is its middle.

    Parameters
    ----------
    name : str
        Of the case.
    half : float
        Half its side [m].
    cells : tuple of int
        Cells east, north and up.
    size : tuple of float
        Of a cell, horizontally and up [m].
    direction : float
        Where the wind comes from [degree].
    roughness : float
        [m].
    wind : tuple of float
        Speed, and its height [m s-1], [m].
    hill : tuple of float or None
        Height and half width of a round hill in the middle [m].
    buildings : tuple of Building
        Boxes.
    openings : tuple of (float, float, float)
        Where the plumes come from: east, north, above ground [m].
    flown : float
        Half the side of the permitted square [m].
    """

    name: str
    half: float
    cells: tuple[int, int, int]
    size: tuple[float, float]
    direction: float
    roughness: float
    wind: tuple[float, float]
    hill: tuple[float, float] | None
    buildings: tuple[Building, ...]
    openings: tuple[tuple[float, float, float], ...]
    flown: float

    def ground(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the height of the ground [m]."""
        if self.hill is None:
            return np.zeros(np.broadcast(x, y).shape)
        return np.asarray(self.hill[0] * np.exp(-math.log(2) * (x**2 + y**2) / self.hill[1] ** 2))


def scattered(count: int, reach: float, seed: int, avoid: Sequence[Building]) -> list[Any]:
    """Return places of openings, apart from each other and from buildings."""
    from barlovento.exercise.placing import covers

    rng, found = np.random.default_rng(seed), []
    while len(found) < count:
        x, y = rng.uniform(-reach, reach, 2).tolist()
        if any(covers(b, x, y, margin=6.0) for b in avoid):
            continue
        if all(math.hypot(x - a, y - b) > 0.35 * reach for a, b, _ in found):
            found.append((round(x, 1), round(y, 1), round(float(rng.uniform(1.5, 5.0)), 1)))
    return found


def cases() -> dict[str, Case]:
    """Return the hill and the town, of which the town is that of the shipped scenario."""
    town = read("dense-town").buildings
    return {
        "hill": Case(
            name="hill",
            half=480.0,
            cells=(120, 120, 40),
            size=(8.0, 4.0),
            direction=250.0,
            roughness=0.1,
            wind=(4.0, 10.0),
            hill=(40.0, 150.0),
            buildings=(),
            openings=tuple(scattered(8, 330.0, 3, ())),
            flown=400.0,
        ),
        "town": Case(
            name="town",
            half=260.0,
            cells=(104, 104, 30),
            size=(5.0, 3.0),
            direction=235.0,
            roughness=0.3,
            wind=(4.0, 30.0),
            hill=None,
            buildings=town,
            openings=tuple(scattered(8, 190.0, 4, town)),
            flown=220.0,
        ),
    }


def winds_xml(case: Case, folder: Path) -> str:
    """Return QES's description of land and wind."""
    nx, ny, nz = case.cells
    dx, dz = case.size
    terrain = ""
    if case.hill is not None:
        path = folder / "ground.asc"
        write_ground(case, path)
        terrain = f"<DEM>{path}</DEM>"
    boxes = "".join(
        f"<rectangularBuilding><height>{b.height}</height><baseHeight>0</baseHeight>"
        f"<xStart>{b.x - 0.5 * b.width + case.half}</xStart>"
        f"<yStart>{b.y - 0.5 * b.length + case.half}</yStart>"
        f"<length>{b.width}</length><width>{b.length}</width>"
        "<buildingRotation>0</buildingRotation></rectangularBuilding>"
        for b in case.buildings
    )
    buildings = (
        "<buildingsParams><wallRoughness>0.01</wallRoughness><rooftopFlag>2</rooftopFlag>"
        "<upwindCavityFlag>2</upwindCavityFlag><streetCanyonFlag>1</streetCanyonFlag>"
        "<streetIntersectionFlag>0</streetIntersectionFlag><wakeFlag>2</wakeFlag>"
        f"<highRiseFlag>0</highRiseFlag><sidewallFlag>1</sidewallFlag>{boxes}</buildingsParams>"
    )
    return (
        "<QESWindsParameters><simulationParameters>"
        f"{terrain}<halo_x>0</halo_x><halo_y>0</halo_y><domain>{nx} {ny} {nz}</domain>"
        f"<cellSize>{dx} {dx} {dz}</cellSize><verticalStretching>0</verticalStretching>"
        "<totalTimeIncrements>1</totalTimeIncrements><maxIterations>500</maxIterations>"
        "<tolerance>1e-6</tolerance><meshTypeFlag>0</meshTypeFlag>"
        "<domainRotation>0</domainRotation><originFlag>0</originFlag>"
        "<readCoefficientsFlag>0</readCoefficientsFlag></simulationParameters>"
        "<metParams><z0_domain_flag>0</z0_domain_flag><sensor>"
        "<site_coord_flag>1</site_coord_flag><site_xcoord>1</site_xcoord>"
        "<site_ycoord>1</site_ycoord><timeSeries><boundaryLayerFlag>1</boundaryLayerFlag>"
        f"<siteZ0>{case.roughness}</siteZ0><reciprocal>0</reciprocal>"
        f"<height>{case.wind[1]}</height><speed>{case.wind[0]}</speed>"
        f"<direction>{case.direction}</direction></timeSeries></sensor></metParams>"
        "<turbParams><method>0</method><save>false</save><nonLocalMixing>false</nonLocalMixing>"
        "<backgroundMixing>0.1</backgroundMixing><turbUpperBound>15</turbUpperBound></turbParams>"
        f"{buildings if case.buildings else ''}<fileOptions><outputFlag>1</outputFlag>"
        "<outputFields>all</outputFields></fileOptions></QESWindsParameters>"
    )


def write_ground(case: Case, path: Path) -> None:
    """Write the ground as an ESRI ASCII grid, row by row from the north."""
    step = case.size[0]
    count = round(2.0 * case.half / step) + 1
    at = step * np.arange(count) - case.half
    ground = case.ground(at[None, :], at[::-1, None])
    head = f"ncols {count}\nnrows {count}\nxllcorner 0\nyllcorner 0\ncellsize {step}\n"
    rows = "\n".join(" ".join(f"{v:.3f}" for v in row) for row in ground)
    path.write_text(f"{head}NODATA_value -9999\n{rows}\n", encoding="utf-8")


def plume_xml(case: Case, opening: tuple[float, float, float]) -> str:
    """Return QES's description of one plume."""
    nx, ny, nz = case.cells
    dx, dz = case.size
    x, y, z = opening
    high = z + float(case.ground(np.array(x), np.array(y)))
    side, top = nx * dx, nz * dz
    return (
        f"<QESPlumeParameters><plumeParameters><simDur>{SPIN_UP + AVERAGE}</simDur>"
        "<timeStep>1</timeStep><CourantNumber>0.5</CourantNumber>"
        "<invarianceTol>1e-5</invarianceTol><interpolationMethod>triLinear</interpolationMethod>"
        "<updateFrequency_particleLoop>1000000</updateFrequency_particleLoop>"
        "<updateFrequency_timeLoop>300</updateFrequency_timeLoop></plumeParameters>"
        f"<collectionParameters><timeAvgStart>{SPIN_UP}</timeAvgStart>"
        f"<timeAvgFreq>{AVERAGE}</timeAvgFreq><boxBoundsX1>0</boxBoundsX1>"
        f"<boxBoundsX2>{side}</boxBoundsX2><boxBoundsY1>0</boxBoundsY1>"
        f"<boxBoundsY2>{side}</boxBoundsY2><boxBoundsZ1>0</boxBoundsZ1>"
        f"<boxBoundsZ2>{top}</boxBoundsZ2><nBoxesX>{nx}</nBoxesX><nBoxesY>{ny}</nBoxesY>"
        f"<nBoxesZ>{nz}</nBoxesZ></collectionParameters><particleParameters><baseParticle>"
        "<tag>gas</tag><source><releaseType_continuous>"
        f"<particlePerTimestep>{PER_SECOND}</particlePerTimestep></releaseType_continuous>"
        f"<sourceGeometry_Point><posX>{x + case.half}</posX><posY>{y + case.half}</posY>"
        f"<posZ>{high}</posZ></sourceGeometry_Point></source></baseParticle></particleParameters>"
        "<boundaryConditions><xBCtype>exiting</xBCtype><yBCtype>exiting</yBCtype>"
        "<zBCtype>exiting</zBCtype><wallReflection>stairstepReflection</wallReflection>"
        "<doDepositions>false</doDepositions></boundaryConditions></QESPlumeParameters>"
    )


def run_apart(code: str, *words: str) -> None:
    """Run QES in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"QES failed: {(done.stderr or done.stdout)[-500:]}")


def field_file(folder: Path, case: Case, number: int) -> Path:
    """Return where the plume of one opening lies."""
    return folder / f"{case.name}-{number}.npz"


def compute(folder: Path, case: Case, numbers: Sequence[int], said: Progress) -> None:
    """Compute the plumes that are not there yet."""
    import h5netcdf

    folder.mkdir(parents=True, exist_ok=True)
    missing = [k for k in numbers if not field_file(folder, case, k).exists()]
    for _ in range(len(numbers) - len(missing)):
        said.step("was there")
    if not missing:
        return
    with tempfile.TemporaryDirectory(dir=folder) as place:
        work = Path(place)
        (work / "winds.xml").write_text(winds_xml(case, work), encoding="utf-8")
        run_apart(WINDS, str(work / "winds.xml"), str(work / "o"))
        with h5netcdf.File(work / "o_windsOut.nc", "r") as file:
            blown = np.stack([np.asarray(file[name][0], dtype=np.float32) for name in "uvw"])
            solid = np.isin(np.asarray(file["icell"][0]), SOLID)
        for k in missing:
            start = time.monotonic()
            (work / "plume.xml").write_text(plume_xml(case, case.openings[k]), encoding="utf-8")
            run_apart(PLUME, str(work / "plume.xml"), str(work / "o"), str(work / f"p{k}"))
            with h5netcdf.File(work / f"p{k}_gas_plumeOut.nc", "r") as file:
                count = np.asarray(file["p_count"][-1], dtype=np.float64)
            if count.sum() == 0.0:
                raise RuntimeError(
                    f"{case.name} {k}: no gas came out; the opening lies in a solid cell."
                )
            volume = case.size[0] ** 2 * case.size[1]
            density = count / (AVERAGE * PER_SECOND * volume)
            part = field_file(folder, case, k).with_suffix(".part.npz")
            np.savez_compressed(part, density=density.astype(np.float32), blown=blown, solid=solid)
            part.replace(field_file(folder, case, k))
            said.step(f"{case.name} {k}, {time.monotonic() - start:.0f} s")


@lru_cache(maxsize=16)
def density_of(folder: Path, name: str, number: int) -> FloatArray:
    """Return a plume for 1 kg/s, shape (up, north, east) [kg m-3]."""
    with np.load(field_file(folder, cases()[name], number)) as file:
        return np.asarray(file["density"], dtype=np.float64)


class SteadyGas:
    """The plumes of an exercise out of computed ones; stands in for the program's own gas.

    The parameters are those of :class:`barlovento.exercise.gas.Gas`, with the folder and the case
    before them.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        number: int,
        exercise: Exercise,
        layer: air.Layer,
        history: wind.History,
        *,
        columns: bool,
        of_plume: np.random.SeedSequence,
        of_eddies: np.random.SeedSequence,
    ) -> None:
        if columns:
            raise ValueError("Sensors that look down are not flown here.")
        del of_plume
        self._case, self._exercise = cases()[name], exercise
        self._density = density_of(folder, name, number)
        self._opening = self._case.openings[number]
        self._history = history
        state = exercise.atmosphere
        self._speed = float(layer.at(10.0)[air.SPEED])
        self._per_density = [
            sensing.mole_fraction_per_density(
                find_species(gas).molar_mass, state.temperature, state.pressure
            )
            for gas in exercise.species
        ]
        during = wind.History(history.direction[LONGEST_SPIN_UP:], history.factor[LONGEST_SPIN_UP:])
        self._eddies = Eddies(
            np.random.Generator(np.random.PCG64(of_eddies)),
            state,
            layer,
            during,
            plumes=1,
            readers=len(exercise.aircraft),
        )

    def met(self, first: int, begin: FloatArray, end: FloatArray) -> FloatArray:
        """Return what the site adds to clean air, shape (species, drones, seconds) [ppb]."""
        middle = 0.5 * (begin + end)
        gas = self._at(first, middle) * self._eddies.factors(first, begin, end)[0]
        rates = self._exercise.sites[0].rates
        return np.stack(
            [
                rates.get(name, 0.0) * per_density * gas
                for name, per_density in zip(self._exercise.species, self._per_density, strict=True)
            ]
        )

    def _at(self, first: int, place: FloatArray) -> FloatArray:
        """Return the density for 1 kg/s at places of each second [kg m-3]."""
        from scipy.ndimage import map_coordinates

        case = self._case
        second = first + np.arange(place.shape[1])
        dx, dy = place[..., 0] - self._opening[0], place[..., 1] - self._opening[1]
        # The gas at a place was let out earlier, and keeps to the wind of that time.
        age = np.minimum(np.hypot(dx, dy) / self._speed, LONGEST_SPIN_UP - 1)
        when = (LONGEST_SPIN_UP + second - age).astype(np.int64)
        turned = np.deg2rad(self._history.direction[when] - case.direction)
        # Turned back about the opening: directions count clockwise.
        x = dx * np.cos(turned) - dy * np.sin(turned) + self._opening[0]
        y = dx * np.sin(turned) + dy * np.cos(turned) + self._opening[1]
        up = place[..., 2] + case.ground(x, y)
        at = np.stack(
            [
                up / case.size[1] - 0.5,
                (y + case.half) / case.size[0] - 0.5,
                (x + case.half) / case.size[0] - 0.5,
            ]
        )
        at[0] = np.maximum(at[0], 0.0)
        found = map_coordinates(self._density, at, order=1, mode="constant", cval=0.0)
        return np.asarray(found / self._history.factor[LONGEST_SPIN_UP + second])


def exercise_of(name: str, seed: int, rate: float = 1e-4) -> Exercise:
    """Return the study's exercise over this land, with one hidden site at one of the openings.

    Parameters
    ----------
    name : str
        "hill" or "town".
    seed : int
        Chooses the opening.
    rate : float
        [kg s-1].
    """
    case, study = cases()[name], read("study")
    opening = case.openings[number_of(case, seed)]
    high = max((b.height for b in case.buildings), default=0.0)
    flown, floor = case.flown, max(5.0, high + 5.0)
    corners = ((-flown, -flown), (flown, -flown), (flown, flown), (-flown, flown))
    vent = HiddenSource(x=opening[0], y=opening[1], z=opening[2], emission_rate=1.0)
    return replace(
        study,
        name=f"qes-{name}",
        title=f"QES {name}",
        atmosphere=replace(
            study.atmosphere,
            wind_speed=case.wind[0],
            wind_height=case.wind[1],
            wind_from_direction=case.direction,
            roughness_length=case.roughness,
            fluctuation_intensity=INTENSITY,
            fluctuation_length=EDDY,
        ),
        any_direction=False,
        sites=(Site(name="s", kind=HIDDEN, vents=(vent,), rates={study.species[0]: rate}),),
        random=RandomSites(),
        area=SearchArea(
            x=(-flown, flown),
            y=(-flown, flown),
            release_height=(0.0, 6.0),
            max_sources=3,
            rate=study.area.rate,
        ),
        permitted=corners,
        floor=floor,
        ceiling=max(60.0, floor + 40.0),
        home=(-flown + 20.0, -flown + 20.0),
    )


def number_of(case: Case, seed: int) -> int:
    """Return which opening a seed chooses."""
    return int(np.random.default_rng([seed, 11]).integers(len(case.openings)))


def gas_of(folder: Path, name: str, seed: int) -> Callable[..., SteadyGas]:
    """Return what makes the plumes of a world of this land and seed."""
    number = number_of(cases()[name], seed)

    def make(exercise: Exercise, layer: air.Layer, history: wind.History, **rest: Any) -> SteadyGas:
        return SteadyGas(folder, name, number, exercise, layer, history, **rest)

    return make


def checked(folder: Path, case: Case, number: int) -> dict[str, Any]:
    """Return how well one plume keeps its gas, and how it looks at 15 m."""
    with np.load(field_file(folder, case, number)) as file:
        density = np.asarray(file["density"], dtype=np.float64)
        blown, solid = np.asarray(file["blown"], dtype=np.float64), np.asarray(file["solid"])
    x, y, z = case.openings[number]
    angle = math.radians(case.direction)
    toward = np.array([-math.sin(angle), -math.cos(angle)])
    # Through a plane across the wind, 100 m downwind: density times the wind along.
    nz, ny, nx = density.shape
    east = (np.arange(nx) + 0.5) * case.size[0] - case.half
    north = (np.arange(ny) + 0.5) * case.size[0] - case.half
    ahead = (east[None, :] - x) * toward[0] + (north[:, None] - y) * toward[1]
    u = blown[0][-nz:, :ny, :nx] * toward[0] + blown[1][-nz:, :ny, :nx] * toward[1]
    slab = (ahead > 80.0) & (ahead < 120.0)
    volume = case.size[0] ** 2 * case.size[1]
    flux = float((density * u * slab[None]).sum() * volume / 40.0)
    level = int((15.0 + float(case.ground(np.array(x), np.array(y)))) / case.size[1])
    per_density = sensing.mole_fraction_per_density(0.0580791, 288.15, 101325.0)
    top = float(density[level].max()) * 1e-4 * per_density
    return {
        "case": case.name,
        "opening": number,
        "x": x,
        "y": y,
        "z": z,
        "flux_kg_s": flux,
        "solid_share_of_gas": float((density * solid[-nz:, :ny, :nx]).sum() / density.sum()),
        "peak_ppb_at_15_m_of_0p1_g_s": top,
    }


def flown_by(folder: Path, name: str, seed: int) -> dict[str, Any]:
    """Return what a drone reads that mows this land's square once, and what it costs."""
    exercise = exercise_of(name, seed)
    start = time.process_time()
    world = World(exercise, seed, gas=gas_of(folder, name, seed))
    case, second = cases()[name], np.arange(1, exercise.duration + 1)
    across = 0.9 * case.flown
    x = np.abs((8.0 * second) % (4.0 * across) - 2.0 * across) - across
    y = np.linspace(-across, across, second.size)
    place = np.column_stack([x, y, np.full(second.size, exercise.floor + 5.0)])
    told = world.advance(place[None])
    return {
        "case": name,
        "seed": seed,
        "readings": int(told.time.size),
        "largest_ppb": float(np.nanmax(told.mole_fraction)),
        "median_ppb": float(np.nanmedian(told.mole_fraction)),
        "cpu_s": time.process_time() - start,
    }


def ready(folder: Path, name: str, seed: int) -> bool:
    """Return whether the plume that a seed chooses was computed.

    Parameters
    ----------
    folder : Path
        Where plumes lie.
    name : str
        "hill" or "town".
    seed : int
        Chooses the opening.
    """
    return field_file(folder, cases()[name], number_of(cases()[name], seed)).exists()


def _flown_first(folder: Path, name: str) -> dict[str, Any]:
    return flown_by(folder, name, next(k for k in range(1, 1000) if ready(folder, name, k)))


def main() -> int:
    """Compute what is missing, check it, and fly in it once."""
    options = arguments(
        __doc__ or "",
        folder={"type": Path, "default": Path("qes"), "help": "where plumes lie and are put"},
        cases={"nargs": "+", "choices": list(cases()), "default": list(cases()), "help": "which"},
        openings={"type": int, "default": 8, "help": "plumes of each land, at most eight"},
    ).parse_args()
    chosen = {
        name: cases()[name] for name in (options.cases[-1:] if options.quick else options.cases)
    }
    numbers = {
        name: range(1 if options.quick else min(options.openings, len(case.openings)))
        for name, case in chosen.items()
    }
    said = Progress(sum(map(len, numbers.values())), "plumes")
    for name, case in chosen.items():
        compute(options.folder, case, numbers[name], said)
    rows = [checked(options.folder, c, k) for name, c in chosen.items() for k in numbers[name]]
    flights = [] if options.quick else [_flown_first(options.folder, name) for name in chosen]
    text = table(
        (
            [
                row["case"], row["opening"], f"{row['flux_kg_s']:.2f}",
                f"{row['solid_share_of_gas']:.3f}",
                f"{row['peak_ppb_at_15_m_of_0p1_g_s']:.1f}",
            ]
            for row in rows
        ),
        ["land", "opening", "flux at 100 m over the rate", "share of gas in solid cells",
         "peak mean at 15 m of 0.1 g/s [ppb]"],
    )  # fmt: skip
    report(options, block="pyqes", content={"plumes": rows, "flights": flights}, text=text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
