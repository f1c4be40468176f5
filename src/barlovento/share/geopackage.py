"""Routes and areas as a GeoPackage.

Source: OGC GeoPackage 1.3.1 (12-128r18), tables 1 to 6 and the binary header of clause 2.1.3.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from barlovento.domain.airspace import Route

APPLICATION_ID, USER_VERSION = 0x47504B47, 10301
WGS84 = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]'
)
SYSTEMS = (
    ("Undefined cartesian SRS", -1, "NONE", -1, "undefined"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined"),
    ("WGS 84 geodetic", 4326, "EPSG", 4326, WGS84),
)
TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
 organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
 description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
 identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL,
 min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
 CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
 geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL,
 m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
 CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
 CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE sorties (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom LINESTRING, id TEXT,
 aircraft TEXT, purpose TEXT, begins DATETIME, ends DATETIME, height_reference TEXT, digest TEXT);
CREATE TABLE waypoints (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, sortie TEXT,
 number INTEGER, passed DATETIME, height DOUBLE, height_reference TEXT);
CREATE TABLE areas (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON, name TEXT);
"""
LAYERS = (("sorties", "LINESTRING", 1), ("waypoints", "POINT", 1), ("areas", "MULTIPOLYGON", 0))


def geopackage(
    routes: Sequence[Route], areas: Iterable[tuple[str, Any]] = (), *, written: datetime
) -> bytes:
    """Return a GeoPackage with the layers sorties, waypoints and areas.

    Parameters
    ----------
    routes : sequence of Route
        Any height reference; it stands beside the heights.
    areas : iterable of tuple
        Name and shapely geometry in degrees.
    written : datetime
        When; the format wants to know.
    """
    import shapely

    base = sqlite3.connect(":memory:")
    try:
        base.executescript(TABLES)
        base.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        base.execute(f"PRAGMA user_version = {USER_VERSION}")
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, NULL)", SYSTEMS)
        boxes: dict[str, list[Any]] = {name: [] for name, _, _ in LAYERS}
        for route in routes:
            line = shapely.LineString([(p.lon, p.lat, p.height.value) for p in route.waypoints])
            boxes["sorties"].append(line)
            reference = str(route.waypoints[0].height.reference)
            times = [_time(p.time) for p in route.waypoints]
            base.execute(
                "INSERT INTO sorties VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(_blob(line), route.id, route.aircraft, route.purpose),
                    *(times[0], times[-1], reference, route.digest),
                ),
            )
            for number, (place, time) in enumerate(zip(route.waypoints, times, strict=True)):
                point = shapely.Point(place.lon, place.lat, place.height.value)
                boxes["waypoints"].append(point)
                base.execute(
                    "INSERT INTO waypoints VALUES (NULL, ?, ?, ?, ?, ?, ?)",
                    (_blob(point), route.id, number, time, place.height.value, reference),
                )
        for name, shape in areas:
            parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
            several = shapely.MultiPolygon(parts)
            boxes["areas"].append(several)
            base.execute("INSERT INTO areas VALUES (NULL, ?, ?)", (_blob(several), name))
        for layer, kind, z in LAYERS:
            held = [shape for shape in boxes[layer] if not shape.is_empty]
            box = shapely.total_bounds(held).tolist() if held else [None] * 4
            base.execute(
                "INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', ?, ?, ?, ?, ?, 4326)",
                (layer, layer, _time(written), *box),
            )
            base.execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, 4326, ?, 0)",
                (layer, kind, z),
            )
        base.commit()
        return bytes(base.serialize())
    finally:
        base.close()


def _blob(shape: Any) -> bytes:
    """Return the header with no envelope, then well-known binary."""
    import shapely

    flags = 0b00010001 if shape.is_empty else 0b00000001
    wkb = shapely.to_wkb(shape, byte_order=1, flavor="iso", output_dimension=3)
    return b"GP" + struct.pack("<BBi", 0, flags, 4326) + bytes(wkb)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
