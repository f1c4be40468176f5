"""Length of coverage routes over areas, ways from and to the base counted, against the ideal.

Twelve areas of 8 km2, convex, concave and with holes, are covered with a swath of 100 m in a
direction drawn at random, from a base on the edge. The ideal is a lower bound: the area over the
swath, less half a disc. OpenCoverage lays its legs over the same areas in the same direction; its
length leaves the ways from and to the base out, and beside it stands its length with them.

    uv run --group peers benchmarks/plan_coverage.py
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import numpy as np
import shapely
from shapely.affinity import rotate, scale

from barlovento.plan.coverage import Coverage, lay_legs
from running import arguments, report, table

AREA, SWATH = 8.0e6, 100.0


def areas() -> dict[str, Any]:
    """Return the areas, all of one size."""
    box = shapely.box
    rng = np.random.default_rng(5)
    found = {
        "square": box(0, 0, 1, 1),
        "strip, 3 to 1": box(0, 0, 3, 1),
        "hexagon": shapely.Point(0, 0).buffer(1, quad_segs=1).union(shapely.Point(0, 0)),
        "L": box(0, 0, 2, 1).union(box(0, 0, 1, 2)),
        "T": box(0, 1, 3, 2).union(box(1, 0, 2, 1.5)),
        "U": box(0, 0, 3, 2).difference(box(1, 0.8, 2, 2)),
        "square with a hole": box(0, 0, 1, 1).difference(shapely.Point(0.45, 0.5).buffer(0.15)),
        "strip with two holes": box(0, 0, 3, 1.5)
        .difference(shapely.Point(0.8, 0.7).buffer(0.2))
        .difference(box(1.8, 0.5, 2.3, 1.0)),
    }
    angle = np.linspace(0, math.tau, 6, endpoint=False)
    found["hexagon"] = shapely.Polygon(np.c_[np.cos(angle), np.sin(angle)])
    for number in range(2):
        cloud = shapely.MultiPoint(rng.normal(size=(12, 2)))
        found[f"convex hull {number + 1}"] = cloud.convex_hull
    for number in range(2):
        angle = np.linspace(0, math.tau, 9, endpoint=False)
        radius = rng.uniform(0.7, 1.3, 9)
        found[f"concave {number + 1}"] = shapely.Polygon(
            np.c_[np.cos(angle), np.sin(angle)] * radius[:, None]
        )
    return {
        name: scale(shape, *[math.sqrt(AREA / shape.area)] * 2, origin=(0, 0))
        for name, shape in found.items()
    }


def covered(area: Any, heading: float, base: Any, radius: float) -> tuple[Coverage, float, float]:
    """Return a coverage, the seconds that it took, and the share of the area it leaves out."""
    begin = time.process_time()
    laid = lay_legs(
        area,
        heading_deg=heading,
        spacing=SWATH,
        turn_radius=radius,
        start=base,
        end=base,
        inset=SWATH / 2,
        passable=area if not radius else area.buffer(3 * radius),
    )
    took = time.process_time() - begin
    seen = shapely.LineString(laid.waypoints).buffer(SWATH / 2 * 1.001)
    return laid, took, area.difference(seen).area / area.area


def peer(area: Any, heading: float, base: Any) -> tuple[float | None, float | None]:
    """Return OpenCoverage's length without and with the ways from and to the base [m]."""
    try:
        import opencoverage as oc
        from opencoverage.geometry.map import SurveyMap
        from opencoverage.patterns.back_forth import BackAndForthPattern
    except ImportError:
        return None, None
    outline = shapely.Polygon(area.exterior)
    turned = rotate(outline, heading, origin=(0, 0))
    camera = oc.PinholeCamera(
        pixel_size_mm=0.0032,
        focal_length_mm=8.43,
        sensor_width_mm=6.55,
        sensor_height_mm=4.92,
        capture_rate_s=3,
    )
    pattern = BackAndForthPattern(oc.UAV(), camera, SurveyMap.from_polygon(turned))
    pattern.lateral_spacing = SWATH
    way = np.array(pattern.generate_pattern(SurveyMap.from_polygon(turned)))
    length = float(np.hypot(*np.diff(way, axis=0).T).sum())
    home = np.array(rotate(shapely.Point(base), heading, origin=(0, 0)).coords[0])
    ends = float(np.hypot(*(way[0] - home)) + np.hypot(*(way[-1] - home)))
    return length, length + ends


def main() -> None:
    """Run and report."""
    options = arguments(__doc__).parse_args()
    rng = np.random.default_rng(1)
    rows: list[list[Any]] = []
    cases = list(areas().items())[: 3 if options.quick else None]
    for name, area in cases:
        heading = float(rng.uniform(0, 180))
        base = area.exterior.interpolate(rng.uniform(), normalized=True).coords[0]
        own, took, missed = covered(area, heading, base, 0.0)
        wing, _, _ = covered(area, heading, base, 40.0)
        alone, whole = peer(area, heading, base)
        ideal = own.ideal_length
        rows.append(
            [
                name,
                ideal / 1000,
                100 * (own.length / ideal - 1),
                100 * missed,
                100 * (wing.length / ideal - 1),
                None if alone is None else 100 * (alone / ideal - 1),
                None if whole is None else 100 * (whole / ideal - 1),
                took,
            ]
        )
        sys.stderr.write(f"{name}\n")
    numbers = np.array([[math.nan if v is None else v for v in row[1:]] for row in rows])
    rows.append(["mean", *numbers.mean(axis=0).tolist()])
    head = [
        *("area", "ideal, km", "over it, %", "left out, %", "over it with a radius of 40 m, %"),
        *("OpenCoverage, ways to the base left out, %", "with them, %", "CPU s"),
    ]
    report(
        options,
        block="plan-coverage",
        content={"rows": rows, "head": head},
        text=table(rows, head),
    )


if __name__ == "__main__":
    main()
