"""What is seen of a sortie at one moment, and the log that shows it again without simulating."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]

SCHEMA = 1
SIDE = 64
"""Most cells of a logged belief map along each side."""

SHADES = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefShot:
    """The belief map, coarse enough to be logged often.

    Parameters
    ----------
    x, y : tuple of float
        Range that the map covers [m].
    shape : tuple of int
        Rows and columns.
    shade : bytes
        Square root of the expected number of sources in each cell over its peak, times 255; row
        by row, the first is the southernmost.
    peak : float
        Largest expected number in a cell [1].
    """

    x: tuple[float, float]
    y: tuple[float, float]
    shape: tuple[int, int]
    shade: bytes
    peak: float

    @property
    def cells(self) -> NDArray[np.uint8]:
        """The shades as an array, shape (rows, columns)."""
        return np.frombuffer(self.shade, np.uint8).reshape(self.shape)

    def to_json(self) -> dict[str, Any]:
        """Return the map as JSON types."""
        return {
            "x": list(self.x),
            "y": list(self.y),
            "shape": list(self.shape),
            "peak": float(f"{self.peak:.4g}"),
            "shade": base64.b64encode(self.shade).decode("ascii"),
        }


def belief_shot(x: tuple[float, float], y: tuple[float, float], expected: FloatArray) -> BeliefShot:
    """Return a map coarse enough to be logged.

    Parameters
    ----------
    x, y : tuple of float
        Outer edges [m].
    expected : ndarray, shape (ny, nx)
        Expected number of sources in each cell [1].
    """
    rows, columns = (-(-size // SIDE) for size in expected.shape)
    ny, nx = (-(-size // step) for size, step in zip(expected.shape, (rows, columns), strict=True))
    padded = np.zeros((ny * rows, nx * columns))
    padded[: expected.shape[0], : expected.shape[1]] = np.maximum(expected, 0.0)
    coarse = padded.reshape(ny, rows, nx, columns).sum(axis=(1, 3))
    peak = float(coarse.max(initial=0.0))
    share = np.sqrt(coarse / peak) if peak > 0.0 else coarse
    # Padded cells lie beyond the edge: the range grows with them.
    east = x[0] + (x[1] - x[0]) * nx * columns / expected.shape[1]
    north = y[0] + (y[1] - y[0]) * ny * rows / expected.shape[0]
    return BeliefShot(
        x=(x[0], east),
        y=(y[0], north),
        shape=(ny, nx),
        shade=np.round(SHADES * share).astype(np.uint8).tobytes(),
        peak=float(f"{peak:.4g}"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DroneShot:
    """One drone at the end of a stretch.

    Parameters
    ----------
    path : tuple of (float, float, float)
        Places of each second since the last frame, the newest last [m].
    energy : float
        Share of the battery that is left [1].
    reading : float or None
        Largest reading of the first species since the last frame [ppb].
    state : str
        "flying", "going home", "holding" or "landed".
    """

    path: tuple[tuple[float, float, float], ...]
    energy: float
    reading: float | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A sortie at one moment.

    Parameters
    ----------
    time : float
        Since the start of the exercise [s].
    phase : str
        "sweep", "trace", "confirm", "stop" or "home".
    why : str
        Why this leg, in words.
    information : float or None
        Expected from the leg [nat].
    drones : tuple of DroneShot
        One for each.
    wind : tuple of float or None
        Speed [m s-1] and direction it comes from [degree], as the mast last told them.
    probability : float
        That there is at least one source [1].
    belief : BeliefShot or None
        None where nothing has changed since the last frame.
    found : tuple of (float, float, float)
        Place [m], [m] and probability [1] of what the belief names by now.
    event : str
        Something that happened, such as a lost link; mostly empty.
    """

    time: float
    phase: str
    why: str
    information: float | None
    drones: tuple[DroneShot, ...]
    wind: tuple[float, float] | None
    probability: float
    belief: BeliefShot | None
    found: tuple[tuple[float, float, float], ...]
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stays the same during a sortie.

    Parameters
    ----------
    title : str
        Of the exercise.
    exercise : str
        Name or file name of the scenario.
    start : str
        ISO 8601, UTC.
    duration : float
        Longest flight time [s].
    area_x, area_y : tuple of float
        Where sources may be [m].
    permitted : tuple of (float, float)
        Ring where aircraft may be [m].
    floor, ceiling : float
        Heights where they may be [m].
    home : tuple of float
        [m].
    aircraft : tuple of str
        One for each drone.
    species : tuple of str
        Measured; the first is searched for.
    seed : int or None
        None while the truth is sealed.
    by : str
        Who chose the legs: "program", "person" or a baseline.
    """

    title: str
    exercise: str
    start: str
    duration: float
    area_x: tuple[float, float]
    area_y: tuple[float, float]
    permitted: tuple[tuple[float, float], ...]
    floor: float
    ceiling: float
    home: tuple[float, float]
    aircraft: tuple[str, ...]
    species: tuple[str, ...]
    seed: int | None
    by: str = "program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A whole sortie as it was logged.

    Parameters
    ----------
    header : Header
        What stays the same.
    frames : tuple of Frame
        In order of time.
    end : mapping
        Answer and score as JSON types; empty where the log was cut.
    """

    header: Header
    frames: tuple[Frame, ...]
    end: Mapping[str, Any] = field(default_factory=dict)

    def to_lines(self) -> str:
        """Return the log as JSON lines."""
        lines = [{"kind": "header", "schema": SCHEMA} | asdict(self.header)]
        lines += [{"kind": "frame"} | _frame_document(frame) for frame in self.frames]
        if self.end:
            lines.append({"kind": "end"} | dict(self.end))
        return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)


def _frame_document(frame: Frame) -> dict[str, Any]:
    drones = [
        {"path": d.path, "energy": d.energy, "reading": d.reading, "state": d.state}
        for d in frame.drones
    ]
    return {
        "time": frame.time,
        "phase": frame.phase,
        "why": frame.why,
        "information": frame.information,
        "drones": drones,
        "wind": frame.wind,
        "probability": frame.probability,
        "belief": None if frame.belief is None else frame.belief.to_json(),
        "found": frame.found,
        "event": frame.event,
    }


def read_log(lines: Iterable[str], name: str) -> Log:
    """Read a log; a last line that a stop cut off is left out.

    Parameters
    ----------
    lines : iterable of str
        Of the file.
    name : str
        Of the file, for messages.

    Raises
    ------
    BadInput
        This is no log of a sortie, or of a later version.
    """
    documents: list[dict[str, Any]] = []
    texts = list(lines)
    for number, text in enumerate(texts, 1):
        try:
            documents.append(json.loads(text))
        except json.JSONDecodeError as error:
            if number == len(texts) and number > 1:
                break
            raise BadInput(f"{name}, row {number}: no JSON ({error.msg}). {_MEND}") from error
    if not documents or documents[0].get("kind") != "header":
        raise BadInput(f"{name} does not begin with the header of a sortie. {_MEND}")
    head = documents[0]
    if head.get("schema") != SCHEMA:
        raise BadInput(
            f"{name} has schema {head.get('schema')}, this version reads {SCHEMA}. {_MEND}"
        )
    try:
        frames = tuple(_frame(d) for d in documents[1:] if d["kind"] == "frame")
        header = _header(head)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{name} lacks or misspells something: {error!r}. {_MEND}") from error
    end = next((d for d in documents if d["kind"] == "end"), {})
    return Log(
        header=header,
        frames=frames,
        end={key: value for key, value in end.items() if key != "kind"},
    )


_MEND = "Give the replay.jsonl that `barlovento exercise run` wrote."


def _header(document: Mapping[str, Any]) -> Header:
    plain = {key: value for key, value in document.items() if key not in ("kind", "schema")}
    for key in ("area_x", "area_y", "home", "aircraft", "species"):
        plain[key] = tuple(plain[key])
    plain["permitted"] = tuple((float(x), float(y)) for x, y in plain["permitted"])
    return Header(**plain)


def _frame(document: Mapping[str, Any]) -> Frame:
    shot = document["belief"]
    return Frame(
        time=document["time"],
        phase=document["phase"],
        why=document["why"],
        information=document["information"],
        drones=tuple(
            DroneShot(
                path=tuple((p[0], p[1], p[2]) for p in d["path"]),
                energy=d["energy"],
                reading=d["reading"],
                state=d["state"],
            )
            for d in document["drones"]
        ),
        wind=_pair(document["wind"]),
        probability=document["probability"],
        belief=None
        if shot is None
        else BeliefShot(
            x=(shot["x"][0], shot["x"][1]),
            y=(shot["y"][0], shot["y"][1]),
            shape=(shot["shape"][0], shot["shape"][1]),
            shade=base64.b64decode(shot["shade"]),
            peak=shot["peak"],
        ),
        found=tuple((f[0], f[1], f[2]) for f in document["found"]),
        event=document["event"],
    )


def _pair(values: Sequence[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])
