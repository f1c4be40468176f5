"""Flights with a known truth, and logs of them as each kind of recorder writes them."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

HOME = (-3.7, 40.4)
GROUND = 612.0
"""Height of the ground above the sea [m]."""
GEOID = 52.0
"""Height of the sea above the ellipsoid [m]."""
START = 1_778_000_000.0
BOOT = 73.25
"""What the autopilot's clock shows at the start [s]."""
WIND = (-2.0, -3.0)
"""Air moving east and north [m s-1]: from the north-east by north."""
# Degrees for a metre on the WGS 84 ellipsoid at 40.4 degrees north, from its radii of curvature.
_A, _E2 = 6_378_137.0, 0.006_694_379_990_14
_SIN2 = np.sin(np.radians(HOME[1])) ** 2
NORTH = np.degrees((1 - _E2 * _SIN2) ** 1.5 / (_A * (1 - _E2)))
EAST = np.degrees((1 - _E2 * _SIN2) ** 0.5 / (_A * np.cos(np.radians(HOME[1]))))


@dataclass(frozen=True)
class Flown:
    """Where a vehicle truly was: metres from home, and seconds since 1970."""

    time: FloatArray
    x: FloatArray
    y: FloatArray
    z: FloatArray

    def at(self, time: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        x, y, z = (np.interp(time, self.time, axis) for axis in (self.x, self.y, self.z))
        return x, y, z

    @property
    def longitude(self) -> FloatArray:
        return HOME[0] + self.x * EAST

    @property
    def latitude(self) -> FloatArray:
        return HOME[1] + self.y * NORTH


def lawnmower(
    *,
    lines: int = 8,
    length: float = 120.0,
    apart: float = 12.0,
    speed: float = 6.0,
    rate: float = 5.0,
) -> Flown:
    """A climb, lines to and fro, and a landing."""
    corners = [(0.0, 0.0)]
    for i in range(lines):
        ends = (0.0, length) if i % 2 == 0 else (length, 0.0)
        corners += [(end, i * apart) for end in ends]
    points = np.array(corners[1:])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    seconds = np.arange(0.0, way[-1] / speed + 30.0, 1.0 / rate)
    along = np.clip((seconds - 15.0) * speed, 0.0, way[-1])
    level = 20.0 + 3.0 * np.sin(seconds / 17.0)
    z = np.minimum(np.minimum(seconds * 1.5, (seconds[-1] - seconds) * 1.5), level)
    return Flown(
        START + seconds,
        np.interp(along, way, points[:, 0]),
        np.interp(along, way, points[:, 1]),
        np.maximum(z, 0.0),
    )


def plume(flown: Flown, time: FloatArray, seed: int, *, at: float = 85.0) -> FloatArray:
    """Methane in ppm of a plume that crosses the lines and wanders."""
    random = np.random.default_rng(seed)
    x, y, _ = flown.at(time)
    noise = random.normal(0, 1, time.size + 60)
    wander = np.convolve(noise, np.exp(-np.arange(60) / 20.0), "valid")[: time.size] * 1.5
    width = 4.0 + 0.08 * (y + 40.0)
    peak = 60.0 / width * np.exp(random.normal(0, 0.5, time.size))
    cloud = peak * np.exp(-0.5 * ((x - at - wander) / width) ** 2)
    return 2.0 + cloud + random.normal(0, 0.05, time.size)


def gas_rows(
    flown: Flown,
    *,
    offset: float = 0.0,
    seed: int = 1,
    position: bool = False,
    pressure: bool = False,
) -> list[dict[str, str]]:
    """Rows of a logger whose times need ``offset`` added to be right."""
    random = np.random.default_rng(seed)
    time = np.arange(flown.time[0] + 2, flown.time[-1] - 2, 1.0) + random.uniform(0, 1)
    x, y, z = flown.at(time)
    gas = plume(flown, time, seed)
    rows = []
    for i in range(time.size):
        row = {"time": f"{time[i] - offset:.3f}", "CH4 (ppm)": f"{gas[i]:.4f}"}
        if position:
            row["longitude"] = f"{HOME[0] + (x[i] + random.normal(0, 0.8)) * EAST:.8f}"
            row["latitude"] = f"{HOME[1] + (y[i] + random.normal(0, 0.8)) * NORTH:.8f}"
        if pressure:
            row["pressure (hPa)"] = f"{942.0 - 0.118 * z[i] + random.normal(0, 0.05):.3f}"
        rows.append(row)
    return rows


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    lines = [",".join(rows[0])] + [",".join(row.values()) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# ---------------------------------------------------------------- MAVLink telemetry


def tlog_frames(
    flown: Flown,
    *,
    system: int = 1,
    host_error: float = 0.0,
    fix: int = 3,
    knows_utc: bool = True,
    wind: bool = True,
    terrain: bool = False,
) -> list[tuple[float, bytes]]:
    """Time on the ground and frame, packed by pymavlink."""
    from pymavlink.dialects.v20 import ardupilotmega as mavlink

    link = mavlink.MAVLink(None, srcSystem=system, srcComponent=1)
    frames: list[tuple[float, bytes]] = []

    def send(moment: float, message: Any) -> None:
        frames.append((moment + host_error + 0.08, bytes(message.pack(link))))

    for i, moment in enumerate(flown.time.tolist()):
        boot = round((moment - START + BOOT) * 1e3)
        lat, lon = round(flown.latitude[i] * 1e7), round(flown.longitude[i] * 1e7)
        up = round(flown.z[i] * 1e3)
        amsl = round((GROUND + flown.z[i]) * 1e3)
        if fix >= 3:
            send(moment, link.global_position_int_encode(boot, lat, lon, amsl, up, 0, 0, 0, 0))
        if i % 5:
            continue
        utc = round(moment * 1e6) if knows_utc else 0
        send(moment, link.heartbeat_encode(2, 3, 0, 0, 4))
        send(moment, link.system_time_encode(utc, boot))
        send(
            moment,
            link.gps_raw_int_encode(
                boot * 1000,
                fix,
                lat if fix >= 3 else 0,
                lon if fix >= 3 else 0,
                amsl,
                100,
                100,
                0,
                0,
                12,
                alt_ellipsoid=amsl + round(GEOID * 1e3),
            ),
        )
        pressure = 942.0 - 0.118 * flown.z[i]
        send(moment, link.scaled_pressure_encode(boot, pressure, 0.0, 3500))
        if wind:
            come = np.degrees(np.arctan2(-WIND[0], -WIND[1])) % 360
            send(moment, link.wind_encode(float(come), float(np.hypot(*WIND)), 0.0))
        if terrain:
            above = float(flown.z[i]) + 4.0
            send(moment, link.terrain_report_encode(lat, lon, 100, 600.0, above, 0, 500))
    return frames


def write_frames(path: Path, frames: list[tuple[float, bytes]]) -> Path:
    path.write_bytes(b"".join(struct.pack(">Q", round(t * 1e6)) + f for t, f in frames))
    return path


# ---------------------------------------------------------------- DataFlash

_FORMATS = {
    "FMT": (128, "BBnNZ", "Type,Length,Name,Format,Columns"),
    "GPS": (
        130,
        "QBBIHBcLLeffffB",
        "TimeUS,I,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt,Spd,GCrs,VZ,Yaw,U",
    ),
    "POS": (131, "QLLfff", "TimeUS,Lat,Lng,Alt,RelHomeAlt,RelOriginAlt"),
    "BARO": (132, "QBfffc", "TimeUS,I,Alt,AltAMSL,Press,Temp"),
    "XKF2": (133, "QBccff", "TimeUS,C,AX,AY,VWN,VWE"),
    "MSG": (134, "QZ", "TimeUS,Message"),
}
_SIZES = {"Q": "Q", "B": "B", "I": "I", "H": "H", "c": "h", "L": "i", "e": "i", "f": "f",
          "n": "4s", "N": "16s", "Z": "64s"}  # fmt: skip


def _dataflash(name: str, *values: Any) -> bytes:
    number, letters, _ = _FORMATS[name]
    layout = "<" + "".join(_SIZES[letter] for letter in letters)
    return b"\xa3\x95" + bytes([number]) + struct.pack(layout, *values)


def dataflash_messages(flown: Flown, *, leap: int = 18, fix: int = 3) -> list[bytes]:
    """Messages laid out by hand from ArduPilot's description of its format."""
    out = []
    for name, (number, letters, columns) in _FORMATS.items():
        size = 3 + struct.calcsize("<" + "".join(_SIZES[letter] for letter in letters))
        out.append(
            _dataflash("FMT", number, size, name.encode(), letters.encode(), columns.encode())
        )
    out.append(_dataflash("MSG", 1, b"ArduCopter"))
    for i, moment in enumerate(flown.time.tolist()):
        boot = round((moment - START + BOOT) * 1e6)
        lat, lon = round(flown.latitude[i] * 1e7), round(flown.longitude[i] * 1e7)
        if fix >= 3:
            amsl = GROUND + flown.z[i]
            out.append(_dataflash("POS", boot, lat, lon, amsl, flown.z[i], flown.z[i]))
        if i % 5 == 0:
            gps = moment - 315_964_800.0 + leap
            week, rest = divmod(gps, 604_800.0)
            out.append(
                _dataflash(
                    "GPS",
                    boot,
                    0,
                    fix,
                    round(rest * 1e3),
                    int(week),
                    12,
                    80,
                    lat,
                    lon,
                    round((GROUND + flown.z[i]) * 100),
                    0.0,
                    0.0,
                    0.0,
                    0.0,
                    1,
                )
            )
            out.append(_dataflash("BARO", boot, 0, 0.0, 0.0, 94200.0 - 11.8 * flown.z[i], 3500))
            out.append(_dataflash("XKF2", boot, 0, 0, 0, WIND[1], WIND[0]))
    return out


# ---------------------------------------------------------------- ULog

_TOPICS = {
    "vehicle_global_position": (
        (
            "uint64_t timestamp;double lat;double lon;float alt;float alt_ellipsoid;"
            "float terrain_alt;bool terrain_alt_valid;"
        ),
        "<Qddfff?",
    ),
    "vehicle_gps_position": (
        (
            "uint64_t timestamp;uint64_t time_utc_usec;int32_t lat;int32_t lon;int32_t alt;"
            "int32_t alt_ellipsoid;uint8_t fix_type;"
        ),
        "<QQiiiiB",
    ),
    "home_position": ("uint64_t timestamp;float alt;bool valid_alt;", "<Qf?"),
    "wind": ("uint64_t timestamp;float windspeed_north;float windspeed_east;", "<Qff"),
    "vehicle_air_data": ("uint64_t timestamp;float baro_pressure_pa;", "<Qf"),
}


def ulog_bytes(flown: Flown, *, home: bool = True, terrain: bool = False) -> bytes:
    """A ULog laid out by hand from PX4's description of the format."""

    def message(kind: bytes, content: bytes) -> bytes:
        return struct.pack("<H", len(content)) + kind + content

    out = [b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 0), message(b"B", bytes(40))]
    out += [message(b"F", f"{name}:{fields}".encode()) for name, (fields, _) in _TOPICS.items()]
    numbers = {name: i for i, name in enumerate(_TOPICS)}
    out += [
        message(b"A", b"\0" + struct.pack("<H", number) + name.encode())
        for name, number in numbers.items()
    ]

    def data(name: str, *values: Any) -> None:
        packed = struct.pack(_TOPICS[name][1], *values)
        out.append(message(b"D", struct.pack("<H", numbers[name]) + packed))

    first = round(BOOT * 1e6)
    if home:
        data("home_position", first, GROUND, True)
    for i, moment in enumerate(flown.time.tolist()):
        boot = round((moment - START + BOOT) * 1e6)
        amsl, lat, lon = GROUND + flown.z[i], flown.latitude[i], flown.longitude[i]
        data("vehicle_global_position", boot, lat, lon, amsl, amsl + GEOID, GROUND - 4, terrain)
        if i % 5 == 0:
            data(
                "vehicle_gps_position",
                boot,
                round(moment * 1e6),
                round(lat * 1e7),
                round(lon * 1e7),
                round(amsl * 1e3),
                round((amsl + GEOID) * 1e3),
                3,
            )
            data("wind", boot, WIND[1], WIND[0])
            data("vehicle_air_data", boot, 94200.0 - 11.8 * flown.z[i])
    return b"".join(out)


# ---------------------------------------------------------------- MCAP


def write_mcap(
    path: Path,
    flown: Flown,
    *,
    form: str = "json",
    compression: str = "zstd",
    topic: str = "/fix",
) -> Path:
    """A recording by mcap's own writer."""
    from mcap.writer import CompressionType, Writer

    schema_name, encoding = {
        "json": ("foxglove.LocationFix", "json"),
        "ros1": ("sensor_msgs/NavSatFix", "ros1"),
        "cdr": ("sensor_msgs/msg/NavSatFix", "cdr"),
        "other": ("foxglove.CompressedImage", "protobuf"),
    }[form]
    with path.open("wb") as file:
        writer = Writer(file, compression=CompressionType[compression.upper()], chunk_size=4096)
        writer.start()
        schema = writer.register_schema(schema_name, "jsonschema", b"{}")
        channel = writer.register_channel(topic, encoding, schema)
        for i, moment in enumerate(flown.time.tolist()):
            nano = round(moment * 1e9)
            content = _fix(form, flown, i, nano)
            # The recorder is late by a fifth of a second; the stamps are not.
            writer.add_message(channel, nano + 200_000_000, content, nano)
        writer.finish()
    return path


def _fix(form: str, flown: Flown, i: int, nano: int) -> bytes:
    sec, nsec = divmod(nano, 1_000_000_000)
    place = (flown.latitude[i], flown.longitude[i], GROUND + GEOID + flown.z[i])
    if form == "json":
        return json.dumps(
            {
                "timestamp": {"sec": sec, "nsec": nsec},
                "frame_id": "gps",
                "latitude": place[0],
                "longitude": place[1],
                "altitude": place[2],
            }
        ).encode()
    if form == "ros1":
        return struct.pack("<IIII3sbHddd9dB", i, sec, nsec, 3, b"gps", 0, 1, *place, *[0.0] * 9, 0)
    if form == "cdr":
        # Every field on a multiple of its own size, counted behind the first four bytes.
        head = struct.pack("<iII4s", sec, nsec, 4, b"gps\0")
        return (
            b"\0\1\0\0"
            + head
            + struct.pack("<bxH4x", 0, 1)
            + struct.pack("<ddd9dB", *place, *[0.0] * 9, 0)
        )
    return b"\x08\x01"
