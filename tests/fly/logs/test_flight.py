"""Logs of known flights come back as they were flown, and broken ones never as a traceback."""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import tempfile
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from flight_logs import (
    EAST,
    GEOID,
    GROUND,
    HOME,
    NORTH,
    START,
    WIND,
    Flown,
    dataflash_messages,
    lawnmower,
    tlog_frames,
    ulog_bytes,
    write_frames,
    write_mcap,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barlovento.errors import BadInput
from barlovento.fly.logs import bytestream
from barlovento.fly.logs.flight import read_flight
from barlovento.fly.logs.record import Flight, LoggedHeight

FLOWN = lawnmower(lines=3, length=60.0, rate=2.0)
QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@lru_cache
def content(kind: str) -> bytes:
    if kind == "bin":
        return b"".join(dataflash_messages(FLOWN))
    if kind == "ulg":
        return ulog_bytes(FLOWN)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"flight.{kind}"
        if kind == "tlog":
            write_frames(path, tlog_frames(FLOWN))
        else:
            write_mcap(path, FLOWN, form="cdr")
        return path.read_bytes()


KINDS = ("tlog", "bin", "ulg", "mcap")


def put(folder: Path, kind: str, data: bytes | None = None) -> Path:
    path = folder / f"flight.{kind}"
    path.write_bytes(content(kind) if data is None else data)
    return path


def errors_of(flight: Flight, flown: Flown = FLOWN) -> tuple[float, float]:
    """Largest distance from the true place at the logged time, and of any height [m]."""
    x, y, z = flown.at(flight.time)
    away = np.hypot(
        (flight.longitude - HOME[0]) / EAST - x, (flight.latitude - HOME[1]) / NORTH - y
    )
    levels = {
        LoggedHeight.HOME: 0.0,
        LoggedHeight.AMSL: GROUND,
        LoggedHeight.ELLIPSOID: GROUND + GEOID,
    }
    wrong = [
        np.nanmax(np.abs(flight.heights[kind] - z - level), initial=0.0)
        for kind, level in levels.items()
    ]
    return float(away.max()), float(max(wrong))


# ---------------------------------------------------------------- each kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_flight_comes_back_as_it_was_flown(tmp_path: Path, kind: str) -> None:
    flight = read_flight(put(tmp_path, kind))
    assert len(flight) == FLOWN.time.size
    assert np.abs(flight.time - FLOWN.time).max() < 2e-3
    away, wrong = errors_of(flight)
    # 1e-7 degrees are a centimetre; a vehicle at 6 m/s goes a centimetre in 2 ms.
    assert away < 0.03
    assert wrong < 0.01
    assert flight.sha256 == hashlib.sha256(content(kind)).hexdigest()
    assert not flight.broken
    assert flight.n_jumped == flight.n_no_fix == flight.n_reordered == 0


@pytest.mark.parametrize("kind", ["tlog", "bin", "ulg"])
def test_wind_and_pressure_come_along(tmp_path: Path, kind: str) -> None:
    flight = read_flight(put(tmp_path, kind))
    time, east, north = flight.wind
    assert np.allclose(east, WIND[0], atol=1e-4)
    assert np.allclose(north, WIND[1], atol=1e-4)
    assert np.abs(time - FLOWN.time[::5]).max() < 0.1
    when, pressure = flight.air
    _, _, z = FLOWN.at(when)
    assert np.abs(pressure - (94200.0 - 11.8 * z)).max() < 2.0


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        ("tlog", {LoggedHeight.HOME, LoggedHeight.AMSL}),
        ("bin", {LoggedHeight.HOME, LoggedHeight.AMSL}),
        ("ulg", {LoggedHeight.HOME, LoggedHeight.AMSL, LoggedHeight.ELLIPSOID}),
        ("mcap", {LoggedHeight.ELLIPSOID}),
    ],
)
def test_only_heights_that_the_log_has_are_there(
    tmp_path: Path, kind: str, held: set[LoggedHeight]
) -> None:
    flight = read_flight(put(tmp_path, kind))
    assert {k for k, values in flight.heights.items() if np.isfinite(values).any()} == held


def test_terrain_reports_are_heights_above_the_ground_below(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "a.tlog", tlog_frames(FLOWN, terrain=True))
    flight = read_flight(path)
    _, _, z = FLOWN.at(flight.time)
    inner = slice(10, -10)
    assert np.abs(flight.heights[LoggedHeight.TERRAIN] - z - 4.0)[inner].max() < 1.0


def test_terrain_of_a_ulog_is_taken_where_it_is_valid(tmp_path: Path) -> None:
    flight = read_flight(put(tmp_path, "ulg", ulog_bytes(FLOWN, terrain=True)))
    assert np.allclose(flight.heights[LoggedHeight.TERRAIN], FLOWN.z + 4.0, atol=0.01)


def test_pymavlink_reads_the_same_from_dataflash(tmp_path: Path) -> None:
    from pymavlink.DFReader import DFReader_binary

    path = put(tmp_path, "bin")
    peer = DFReader_binary(str(path))
    found = []
    while (message := peer.recv_match(type=["POS"])) is not None:
        found.append((message._timestamp, message.Lng, message.Lat, message.RelHomeAlt))
    peer.filehandle.close()
    flight = read_flight(path)
    theirs = np.array(found)
    ours = np.stack(
        [flight.time, flight.longitude, flight.latitude, flight.heights[LoggedHeight.HOME]], axis=1
    )
    assert theirs.shape == ours.shape
    assert np.allclose(theirs, ours, rtol=0, atol=[5e-3, 1e-9, 1e-9, 1e-6])


@pytest.mark.parametrize("form", ["json", "ros1", "cdr"])
@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_recordings_in_every_form(tmp_path: Path, form: str, compression: str) -> None:
    path = write_mcap(tmp_path / "a.mcap", FLOWN, form=form, compression=compression)
    flight = read_flight(path)
    # The stamps count, not the recorder's clock, which is late.
    assert np.abs(flight.time - FLOWN.time).max() < 1e-5
    assert errors_of(flight)[0] < 1e-3
    kind = LoggedHeight.UNTYPED if form == "json" else LoggedHeight.ELLIPSOID
    assert np.allclose(flight.heights[kind], FLOWN.z + GROUND + GEOID)


def test_mavlink_of_the_first_version_is_read_too(tmp_path: Path) -> None:
    from pymavlink.dialects.v10 import common

    link = common.MAVLink(None, srcSystem=1, srcComponent=1)
    frames = []
    for i, moment in enumerate(FLOWN.time.tolist()):
        boot = round((moment - START) * 1e3)
        place = round(FLOWN.latitude[i] * 1e7), round(FLOWN.longitude[i] * 1e7)
        frames.append((moment, link.system_time_encode(round(moment * 1e6), boot).pack(link)))
        up = round(FLOWN.z[i] * 1e3)
        message = link.global_position_int_encode(boot, *place, up, up, 0, 0, 0, 0)
        frames.append((moment, message.pack(link)))
    flight = read_flight(write_frames(tmp_path / "a.tlog", frames))
    assert len(flight) == FLOWN.time.size
    assert errors_of(flight)[0] < 0.03


# ---------------------------------------------------------------- clocks


def test_the_vehicles_utc_counts_not_the_ground_stations(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "a.tlog", tlog_frames(FLOWN, host_error=3600.0))
    flight = read_flight(path)
    assert np.abs(flight.time - FLOWN.time).max() < 2e-3
    assert any("+3600" in line or "-3600" in line for line in flight.said)


def test_without_utc_the_ground_stations_clock_is_taken_and_said(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "a.tlog", tlog_frames(FLOWN, knows_utc=False, host_error=5.0))
    flight = read_flight(path)
    assert np.abs(flight.time - FLOWN.time - 5.08).max() < 1e-3
    assert "computer" in flight.clock


def test_a_restart_of_the_autopilot_is_followed(tmp_path: Path) -> None:
    from pymavlink.dialects.v20 import ardupilotmega as mavlink

    frames = tlog_frames(FLOWN)
    half = len(frames) // 2
    link = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    parser = mavlink.MAVLink(None)
    again = []
    for stamp, frame in frames[half:]:
        message = parser.decode(bytearray(frame))
        if hasattr(message, "time_boot_ms"):
            message.time_boot_ms -= 60_000
        again.append((stamp, bytes(message.pack(link))))
    flight = read_flight(write_frames(tmp_path / "a.tlog", frames[:half] + again))
    assert "restarted 1" in flight.clock
    # One second of positions about the restart may be told by the wrong start.
    x, y, _ = FLOWN.at(flight.time)
    away = np.hypot(
        (flight.longitude - HOME[0]) / EAST - x, (flight.latitude - HOME[1]) / NORTH - y
    )
    assert (away > 0.1).sum() <= 10
    assert len(flight) > 0.95 * FLOWN.time.size


def test_leap_seconds_by_date() -> None:
    from datetime import UTC, datetime

    from barlovento.fly.logs.clocks import from_gps_week

    # IS-GPS-200 and IERS Bulletin C 52: GPS week 1930 began 17 s before the end of 2016-12-31,
    # a second of which was inserted.
    new_year = datetime(2017, 1, 1, tzinfo=UTC).timestamp()
    assert from_gps_week(1930, 18.0) == new_year
    assert from_gps_week(1930, 16.0) == new_year - 1
    # The GPS week rolled over to 2048 on 2019-04-06 at 23:59:42 UTC.
    assert from_gps_week(2048, 0.0) == datetime(2019, 4, 6, 23, 59, 42, tzinfo=UTC).timestamp()


def test_a_log_that_never_knew_the_date_is_refused(tmp_path: Path) -> None:
    messages = [m for m in dataflash_messages(FLOWN) if m[2] != 130]
    path = put(tmp_path, "bin", b"".join(messages))
    with pytest.raises(BadInput, match=r"flight\.bin: The log never tells the time of day"):
        read_flight(path)


# ---------------------------------------------------------------- bad input


def test_a_cut_tail_is_read_up_to_the_break_and_said(tmp_path: Path) -> None:
    for kind in KINDS:
        data = content(kind)
        path = put(tmp_path, kind, data[: len(data) * 2 // 3 + 1])
        flight = read_flight(path)
        assert FLOWN.time.size * 0.5 < len(flight) < FLOWN.time.size * 0.75
        assert errors_of(flight)[0] < 0.03
        assert flight.broken, kind


def test_reordered_and_repeated_frames_make_the_same_flight(tmp_path: Path) -> None:
    frames = tlog_frames(FLOWN)
    random = np.random.default_rng(3)
    mixed = [frames[i] for i in random.permutation(len(frames))] + frames[::3]
    flight = read_flight(write_frames(tmp_path / "a.tlog", mixed))
    assert len(flight) == FLOWN.time.size
    assert errors_of(flight)[0] < 0.03
    assert flight.n_reordered > 0
    assert flight.n_duplicate > 0


def test_positions_that_jump_are_left_out_and_counted(tmp_path: Path) -> None:
    x = FLOWN.x.copy()
    x[[40, 41, 42, 90]] += 900.0
    jumping = Flown(FLOWN.time, x, FLOWN.y, FLOWN.z)
    flight = read_flight(write_frames(tmp_path / "a.tlog", tlog_frames(jumping)))
    assert flight.n_jumped == 4
    assert len(flight) == FLOWN.time.size - 4
    assert errors_of(flight)[0] < 0.03


def test_a_jump_at_the_very_start_spoils_no_other_position(tmp_path: Path) -> None:
    y = FLOWN.y.copy()
    y[:3] -= 5000.0
    flight = read_flight(
        write_frames(tmp_path / "a.tlog", tlog_frames(Flown(FLOWN.time, FLOWN.x, y, FLOWN.z)))
    )
    assert flight.n_jumped == 3


@pytest.mark.parametrize("kind", ["tlog", "bin"])
def test_no_fix_says_what_the_receiver_reported(tmp_path: Path, kind: str) -> None:
    if kind == "tlog":
        path = write_frames(tmp_path / "flight.tlog", tlog_frames(FLOWN, fix=1))
    else:
        path = put(tmp_path, "bin", b"".join(dataflash_messages(FLOWN, fix=1)))
    with pytest.raises(BadInput, match=r"at best with fix type 1 \(3 is a position\)"):
        read_flight(path)


def test_positions_while_the_fix_was_lost_are_left_out(tmp_path: Path) -> None:
    half = FLOWN.time.size // 2
    good, bad = tlog_frames(FLOWN), tlog_frames(FLOWN, fix=2)
    lost = [f for f in bad if f[0] > FLOWN.time[half]]
    # Positions by dead reckoning go on, the receiver has nothing.
    reckoned = [f for f in good if f[0] > FLOWN.time[half] and f[1][7:10] == b"\x21\0\0"]
    frames = [f for f in good if f[0] <= FLOWN.time[half]] + sorted(lost + reckoned)
    flight = read_flight(write_frames(tmp_path / "a.tlog", frames))
    assert flight.n_no_fix > 0.4 * FLOWN.time.size
    assert flight.time[-1] < FLOWN.time[half] + 3


def test_several_vehicles_are_asked_for(tmp_path: Path) -> None:
    other = Flown(FLOWN.time, FLOWN.x + 500, FLOWN.y, FLOWN.z)
    frames = tlog_frames(FLOWN) + tlog_frames(other, system=7)
    path = write_frames(tmp_path / "a.tlog", sorted(frames, key=lambda f: f[0]))
    with pytest.raises(BadInput, match=r"several vehicles: 1, 7.*--vehicle"):
        read_flight(path)
    assert errors_of(read_flight(path, vehicle=7), other)[0] < 0.03
    with pytest.raises(BadInput, match="It has those of: 1, 7"):
        read_flight(path, vehicle=3)


def test_a_wrong_ending_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "flight.bin"
    path.write_bytes(content("tlog"))
    flight = read_flight(path)
    assert len(flight) == FLOWN.time.size
    assert any("is a MAVLink telemetry log by its content" in line for line in flight.said)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"time,ch4\n2026-05-05T10:00:00Z,2.0\n", "is text and no flight log"),
        (b"FMT, 128, 89, FMT, BBnNZ, Type,Length,Name,Format,Columns\n", "DataFlash log as text"),
        (bytes(range(256)) * 20, "no flight log that is known"),
        (b"ULog\x01\x12\x35\x01", "can't be read as one"),
        (b"\x89MCAP0\r\n", "holds no position that is understood"),
    ],
)
def test_what_is_no_log_is_told_apart(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_flight(put(tmp_path, "tlog", data))


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyulog", None)
    with pytest.raises(BadInput, match=r"needs the package pyulog.*extra `flight`"):
        read_flight(put(tmp_path, "ulg"))


def test_missing_folders_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        read_flight(tmp_path / "nothing.tlog")
    with pytest.raises(BadInput, match="is no file"):
        read_flight(tmp_path)
    if Path("/dev/zero").exists():
        with pytest.raises(BadInput, match="is no file"):
            read_flight("/dev/zero")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "flight.tlog"
    with path.open("wb") as file:
        file.write(content("tlog"))
        file.truncate(bytestream.LARGEST_LOG + 1)
    with pytest.raises(BadInput, match=r"4\.0 GB; at most 4 GB"):
        read_flight(path)


def test_a_packed_bomb_in_a_recording_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from barlovento.fly.logs import mcap_log

    monkeypatch.setattr(mcap_log, "LARGEST_CHUNK", 100_000)
    for name in ("lz4", "zstd"):
        path = tmp_path / f"{name}.mcap"
        from mcap.writer import CompressionType, Writer

        with path.open("wb") as file:
            writer = Writer(file, compression=CompressionType[name.upper()])
            writer.start()
            schema = writer.register_schema("a", "", b"")
            channel = writer.register_channel("/zeros", "bytes", schema)
            writer.add_message(channel, 0, bytes(5_000_000), 0)
            writer.finish()
        assert path.stat().st_size < 100_000
        with pytest.raises(BadInput, match="no position that is understood"):
            read_flight(path)


def test_several_topics_are_asked_for(tmp_path: Path) -> None:
    one = write_mcap(tmp_path / "a.mcap", FLOWN, topic="/front").read_bytes()
    other = write_mcap(tmp_path / "b.mcap", FLOWN, topic="/back")
    from mcap.reader import make_reader
    from mcap.writer import Writer

    path = tmp_path / "both.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        for source in (tmp_path / "a.mcap", other):
            with source.open("rb") as stream:
                topics: dict[str, int] = {}
                for schema, channel, message in make_reader(stream).iter_messages():
                    if channel.topic not in topics:
                        number = writer.register_schema(schema.name, schema.encoding, schema.data)
                        topics[channel.topic] = writer.register_channel(
                            channel.topic, channel.message_encoding, number
                        )
                    writer.add_message(topics[channel.topic], message.log_time, message.data, 0)
        writer.finish()
    assert one
    with pytest.raises(BadInput, match=r"several topics: /back, /front.*--topic"):
        read_flight(path)
    assert len(read_flight(path, topic="/back")) == FLOWN.time.size


@pytest.mark.data
def test_the_real_log_without_a_position_is_refused_in_words() -> None:
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    path = Path(os.environ.get("BARLOVENTO_DATA", beside)) / "logs" / "px4_sample.ulg"
    if not path.exists():
        pytest.skip(f"no measured log at {path} (set BARLOVENTO_DATA)")
    with pytest.raises(BadInput, match=r"px4_sample\.ulg: The PX4 ULog holds no position at all"):
        read_flight(path)


# ---------------------------------------------------------------- anything at all


def flown_or_refused(path: Path) -> Flight | None:
    """Read; whatever happens, it is a flight in order or a refusal in words."""
    try:
        flight = read_flight(path)
    except BadInput:
        return None
    assert len(flight) > 0
    assert (np.diff(flight.time) > 0).all()
    assert (np.abs(flight.latitude) <= 90).all()
    return flight


@QUIET
@given(kind=st.sampled_from(KINDS), end=st.floats(0, 1))
def test_any_truncation_is_read_or_refused(tmp_path: Path, kind: str, end: float) -> None:
    data = content(kind)
    flight = flown_or_refused(put(tmp_path, kind, data[: int(end * len(data))] or b"\0"))
    if flight is not None:
        assert errors_of(flight)[0] < 0.05


@QUIET
@given(
    kind=st.sampled_from(KINDS),
    hits=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=30)), max_size=12),
)
def test_any_damage_is_read_or_refused(
    tmp_path: Path, kind: str, hits: list[tuple[float, bytes]]
) -> None:
    data = bytearray(content(kind))
    for where, what in hits:
        at = int(where * (len(data) - 1))
        data[at : at + len(what)] = what
    flown_or_refused(put(tmp_path, kind, bytes(data)))


@QUIET
@given(
    kind=st.sampled_from(KINDS), cuts=st.lists(st.floats(0, 1), max_size=6), seed=st.integers(0, 99)
)
def test_any_order_of_pieces_is_read_or_refused(
    tmp_path: Path, kind: str, cuts: list[float], seed: int
) -> None:
    data = content(kind)
    edges = sorted({0, len(data), *(int(cut * len(data)) for cut in cuts)})
    pieces = [data[a:b] for a, b in pairwise(edges)]
    order = np.random.default_rng(seed).integers(0, len(pieces), len(pieces) + 1)
    flown_or_refused(put(tmp_path, kind, b"".join(pieces[i] for i in order)))


@QUIET
@given(data=st.binary(max_size=600), kind=st.sampled_from(["", *KINDS]))
def test_any_bytes_are_refused(tmp_path: Path, data: bytes, kind: str) -> None:
    start = content(kind)[:40] if kind else b""
    flown_or_refused(put(tmp_path, kind or "tlog", (start + data) or b"\0"))


def test_a_hostile_format_can_not_make_it_stand_still(tmp_path: Path) -> None:
    # A length of zero would never move on; a format of its own number would redefine itself.
    for number, size in ((129, 0), (129, 2), (128, 3)):
        hostile = b"\xa3\x95\x80" + struct.pack(
            "<BB4s16s64s", number, size, b"POS\0", b"Q", b"TimeUS"
        )
        body = hostile + b"\xa3\x95" + bytes([number]) * 500
        flown_or_refused(put(tmp_path, "bin", body))
