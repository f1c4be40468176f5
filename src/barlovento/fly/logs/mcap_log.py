"""MCAP recordings: positions in JSON, and ROS's NavSatFix in its binary forms."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barlovento.errors import BadInput
from barlovento.fly.logs.bytestream import open_log
from barlovento.fly.logs.clocks import is_flight_time
from barlovento.fly.logs.record import Gathered

if TYPE_CHECKING:
    from mcap.records import Channel, Chunk, McapRecord, Message, Schema

_MAGIC = b"\x89MCAP0\r\n"
#: A chunk beyond this, packed or not, is no recording of a flight [byte].
LARGEST_CHUNK = 256 * 1024**2
_LARGEST_MESSAGE = 1 << 20
UNDERSTOOD = (
    "JSON with latitude and longitude (foxglove.LocationFix, NavSatFix and the like), "
    "sensor_msgs/NavSatFix of ROS 1, and sensor_msgs/msg/NavSatFix of ROS 2 (cdr)"
)
Place = tuple[float, float, float, float, bool]


def looks_like(start: bytes) -> bool:
    """Whether a file begins as an MCAP recording does."""
    return start[: len(_MAGIC)] == _MAGIC


def read_mcap(
    path: Path, *, topic: str | None, tell: Callable[[float], None] | None = None
) -> tuple[Gathered, str]:
    """Read an MCAP recording in one pass.

    Parameters
    ----------
    path : Path
        The file.
    topic : str or None
        The topic that holds the vehicle's position; None where there is one only.
    tell : callable, optional
        Takes the share that is read.

    Returns
    -------
    tuple of Gathered and str
        The log, and the SHA-256 of its bytes.

    Raises
    ------
    BadInput
        It holds no position that is understood, or several and nobody says which.
    """
    topics = _Topics()
    with open_log(path) as file:
        counted = _Counted(file, path.stat().st_size, tell)
        cut = _read(counted, topics)
        digest = counted.digest()
    name = _chosen(topics, topic, path.name)
    out = topics.found[name]
    out.said.append(f"Positions are those of the topic {name!r} ({topics.encoding[name]}).")
    if cut is not None:
        out.broken.append(cut)
    if topics.unreadable[name]:
        out.broken.append(f"{topics.unreadable[name]:,} messages of {name!r} can't be read")
    return out, digest


def _chosen(topics: _Topics, wanted: str | None, file: str) -> str:
    if not topics.found:
        held = ", ".join(sorted(topics.seen)[:12]) or "none"
        raise BadInput(
            f"{file} holds no position that is understood. Its topics are: {held}. "
            f"Understood are {UNDERSTOOD}. Record one of these."
        )
    names = ", ".join(sorted(topics.found))
    if wanted is not None and wanted not in topics.found:
        raise BadInput(f"{file} has no positions under {wanted!r}. It has them under: {names}.")
    if wanted is None and len(topics.found) > 1:
        raise BadInput(
            f"{file} holds positions under several topics: {names}. "
            "Say which is the vehicle's with --topic NAME."
        )
    return wanted if wanted is not None else next(iter(topics.found))


class _Counted:
    """A file that hashes what is read from it."""

    def __init__(self, file: Any, size: int, tell: Callable[[float], None] | None) -> None:
        import hashlib

        self._file, self._size, self._tell = file, max(size, 1), tell
        self._hash = hashlib.sha256()
        self._done = 0
        self._told = 0.0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        block: bytes = self._file.read(size)
        self._hash.update(block)
        self._done += len(block)
        if self._tell is not None and self._done / self._size > self._told + 0.01:
            self._told = self._done / self._size
            self._tell(self._told)
        return block

    def digest(self) -> str:
        """Read to the end and return the SHA-256, hex."""
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()


def _read(file: Any, topics: _Topics) -> str | None:
    """Take every message; return what broke the reading off."""
    from mcap.exceptions import McapError
    from mcap.records import Chunk
    from mcap.stream_reader import StreamReader
    from zstandard import ZstdError

    reader = StreamReader(file, emit_chunks=True, record_size_limit=LARGEST_CHUNK)
    try:
        for record in reader.records:
            if isinstance(record, Chunk):
                for inner in _unpacked(record):
                    topics.take(inner)
            else:
                topics.take(record)
    except (
        *(McapError, EOFError, struct.error, ValueError, KeyError, IndexError, TypeError),
        *(RuntimeError, OverflowError, MemoryError, ZstdError),
    ) as problem:
        kind = type(problem).__name__
        return f"the recording breaks off ({kind}); everything before that was read"
    return None


def _unpacked(chunk: Chunk) -> Iterator[McapRecord]:
    """Yield the records of a chunk, unpacked within a limit whatever it claims."""
    from mcap.stream_reader import breakup_chunk

    if chunk.compression == "lz4":
        import lz4.frame

        data = lz4.frame.LZ4FrameDecompressor().decompress(chunk.data, max_length=LARGEST_CHUNK + 1)
    elif chunk.compression == "zstd":
        import zstandard

        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        with unpacker.stream_reader(chunk.data) as stream:
            data = stream.read(LARGEST_CHUNK + 1)
    else:
        data = chunk.data
    if len(data) > LARGEST_CHUNK:
        raise ValueError("a chunk is too large")
    chunk.compression, chunk.data = "", data
    yield from breakup_chunk(chunk)


class _Topics:
    """Positions by topic."""

    def __init__(self) -> None:
        self.found: dict[str, Gathered] = {}
        self.encoding: dict[str, str] = {}
        self.unreadable: Counter[str] = Counter()
        self.seen: set[str] = set()
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, tuple[Channel, Callable[[bytes], Place | None] | None]] = {}

    def take(self, record: McapRecord) -> None:
        """Look at one record."""
        from mcap.records import Channel, Message, Schema

        if isinstance(record, Schema):
            self._schemas[record.id] = record
        elif isinstance(record, Channel):
            schema = self._schemas.get(record.schema_id)
            name = schema.name if schema is not None else ""
            self.seen.add(f"{record.topic} ({record.message_encoding} {name})".replace(" )", ")"))
            self._channels[record.id] = record, _decoder(record.message_encoding, name)
            self.encoding[record.topic] = f"{record.message_encoding} {name}".strip()
        elif isinstance(record, Message) and record.channel_id in self._channels:
            self._message(record)

    def _message(self, message: Message) -> None:
        channel, decode = self._channels[message.channel_id]
        if decode is None or len(message.data) > _LARGEST_MESSAGE:
            return
        try:
            place = decode(message.data)
        except (struct.error, ValueError, TypeError, KeyError, RecursionError, OverflowError):
            self.unreadable[channel.topic] += 1
            return
        if place is None:
            return
        longitude, latitude, height, stamp, on_ellipsoid = place
        moment = stamp if is_flight_time(stamp) else message.log_time / 1e9
        out = self.found.get(channel.topic)
        if out is None:
            out = self.found[channel.topic] = Gathered(kind="MCAP recording", absolute=True)
            source = "its own stamps" if moment == stamp else "the recorder's clock"
            out.said.append(f"Times are {source}.")
        heights = {"ellipsoid": height} if on_ellipsoid else {"untyped": height}
        out.place(moment, moment, longitude, latitude, **heights)


def _decoder(encoding: str, schema: str) -> Callable[[bytes], Place | None] | None:
    if encoding == "json":
        on_ellipsoid = schema.endswith("NavSatFix")
        return lambda data: _from_json(data, on_ellipsoid)
    if schema in ("sensor_msgs/NavSatFix", "sensor_msgs/msg/NavSatFix"):
        if encoding == "ros1":
            return _from_ros1
        if encoding == "cdr":
            return _from_cdr
    return None


def _from_json(data: bytes, on_ellipsoid: bool) -> Place | None:
    content = json.loads(data)
    if not isinstance(content, dict):
        return None
    longitude, latitude = content.get("longitude"), content.get("latitude")
    if longitude is None or latitude is None:
        return None
    status = content.get("status")
    if isinstance(status, dict) and float(status.get("status", 0)) < 0:
        return None
    height = content.get("altitude")
    stamp = content.get("timestamp") or (content.get("header") or {}).get("stamp") or {}
    return (
        float(longitude),
        float(latitude),
        math.nan if height is None else float(height),
        _json_stamp(stamp),
        on_ellipsoid,
    )


def _json_stamp(stamp: object) -> float:
    """Return seconds since 1970 of the forms in which JSON holds a stamp, NaN for others."""
    from barlovento.fly.times import read_time

    if isinstance(stamp, str):
        return read_time(stamp)
    if isinstance(stamp, dict):
        whole = stamp.get("sec", stamp.get("secs"))
        part = stamp.get("nsec", stamp.get("nanosec", stamp.get("nsecs", 0)))
        return math.nan if whole is None else float(whole) + float(part or 0) / 1e9
    return math.nan


def _from_ros1(data: bytes) -> Place | None:
    """Read header (sequence, stamp, frame), status, service, latitude, longitude, altitude."""
    _, sec, nsec, length = struct.unpack_from("<IIII", data)
    status, _, latitude, longitude, height = struct.unpack_from("<bHddd", data, 16 + length)
    stamp = sec + nsec / 1e9
    return None if status < 0 else (longitude, latitude, height, stamp, True)


def _from_cdr(data: bytes) -> Place | None:
    """Read the same in CDR: four bytes of kind in front, and every field on its own multiple."""
    order = "<" if data[1] & 1 else ">"
    body = data[4:]
    sec, nsec, length = struct.unpack_from(f"{order}iII", body)
    at = 12 + length
    (status,) = struct.unpack_from(f"{order}b", body, at)
    at += 1
    at += at % 2 + 2
    at += -at % 8
    latitude, longitude, height = struct.unpack_from(f"{order}ddd", body, at)
    return None if status < 0 else (longitude, latitude, height, sec + nsec / 1e9, True)
