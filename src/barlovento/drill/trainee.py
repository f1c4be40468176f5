"""What a person orders and answers: typed, clicked or from a file, checked before it is flown."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.drill.found import Found
from barlovento.drill.frames import Header
from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]

CORNERS = 64
"""Of the circle that stands for a person's region."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = re.compile(_NUMBER)
_PLACE = re.compile(rf"\s*\(?\s*{_NUMBER}(?:\s*[,\s]\s*{_NUMBER}){{1,2}}\s*\)?\s*")

HOW_LEG = (
    "Type places as x,y or x,y,height in metres, several with ; between. `home` ends the flight."
)
HOW_ANSWER = (
    "Type x,y,radius in metres for each source, several with ; between, or `none`. "
    "A fourth number is the rate in g/s."
)


def typed_leg(text: str, header: Header, height: float) -> FloatArray:
    """Return waypoints from what somebody typed, shape (n, 3) [m].

    Parameters
    ----------
    text : str
        Such as ``120,-40; 120,80,15``.
    header : Header
        For where aircraft may be.
    height : float
        Taken where none is given [m].

    Raises
    ------
    BadInput
        It is no place, or not a permitted one.
    """
    rows = []
    for part in filter(str.strip, text.split(";")):
        if not _PLACE.fullmatch(part):
            raise BadInput(f"{part.strip()!r} is no place. {HOW_LEG}")
        numbers = [float(n) for n in _NUMBERS.findall(part)]
        rows.append([numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else height])
    return checked_leg(rows, header)


def checked_leg(rows: Sequence[Sequence[float]], header: Header) -> FloatArray:
    """Return waypoints, all of them permitted, shape (n, 3) [m].

    Parameters
    ----------
    rows : sequence
        x, y and perhaps height [m].
    header : Header
        For where aircraft may be.

    Raises
    ------
    BadInput
        A place is none, or lies where no aircraft may be.
    """
    import shapely

    middle = header.floor
    try:
        leg = np.array(
            [[float(v) for v in row] + ([middle] if len(row) == 2 else []) for row in rows]
        )
    except (TypeError, ValueError) as error:
        raise BadInput(f"A leg holds something that is no number. {HOW_LEG}") from error
    if leg.size == 0 or leg.ndim != 2 or leg.shape[1] != 3 or not np.isfinite(leg).all():
        raise BadInput(f"That is no leg. {HOW_LEG}")
    inside = shapely.covers(shapely.Polygon(header.permitted), shapely.points(leg[:, 0], leg[:, 1]))
    for place, good in zip(leg.tolist(), inside.tolist(), strict=True):
        if not good:
            raise BadInput(
                f"({place[0]:.0f}, {place[1]:.0f}) lies outside of the permitted area, the dashed "
                "line on the map. Choose a place inside."
            )
        if not header.floor <= place[2] <= header.ceiling:
            raise BadInput(
                f"{place[2]:.0f} m is not a permitted height: {header.floor:.0f} to "
                f"{header.ceiling:.0f} m."
            )
    return leg


def typed_answer(text: str) -> list[Found]:
    """Return an answer from what somebody typed.

    Parameters
    ----------
    text : str
        Such as ``120,-40,25; 30,80,40,0.2`` or ``none``.

    Raises
    ------
    BadInput
        It is no answer.
    """
    if text.strip().lower() in ("none", "0", "nothing"):
        return []
    rows = []
    for part in filter(str.strip, text.split(";")):
        numbers = [float(n) for n in _NUMBERS.findall(part)]
        rest = _NUMBERS.sub("", part).replace(",", " ").strip(" ()")
        if len(numbers) not in (3, 4) or rest:
            raise BadInput(f"{part.strip()!r} is no answer. {HOW_ANSWER}")
        rows.append(
            {"x": numbers[0], "y": numbers[1], "radius": numbers[2]}
            | ({"rate_g_s": numbers[3]} if len(numbers) == 4 else {})
        )
    if not rows:
        raise BadInput(f"That is no answer. {HOW_ANSWER}")
    return checked_answer(rows)


def checked_answer(rows: Sequence[Mapping[str, Any]]) -> list[Found]:
    """Return the reports that a person commits to.

    Parameters
    ----------
    rows : sequence of mapping
        ``x``, ``y``, ``radius`` [m] and perhaps ``rate_g_s`` [g s-1].

    Raises
    ------
    BadInput
        Something is missing, or no number.
    """
    told = []
    for number, row in enumerate(rows, 1):
        try:
            x, y, radius = (float(row[key]) for key in ("x", "y", "radius"))
            rate = float(row["rate_g_s"]) / 1000.0 if row.get("rate_g_s") is not None else None
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"Source {number} of the answer lacks x, y or radius, or has one that is no "
                "number. Give all three in metres."
            ) from error
        good = all(math.isfinite(v) for v in (x, y, radius)) and radius > 0.0
        if not good or (rate is not None and not (math.isfinite(rate) and rate > 0.0)):
            raise BadInput(
                f"Source {number} of the answer needs a place, and a radius and a rate above 0."
            )
        turn = np.linspace(0.0, 2.0 * math.pi, CORNERS, endpoint=False)
        ring = [[x + radius * math.cos(a), y + radius * math.sin(a)] for a in turn.tolist()]
        told.append(
            Found(
                x=x,
                y=y,
                probability=1.0,
                emission_rate=None if rate is None else (rate, rate, rate),
                region90={"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
                region90_area=math.pi * radius * radius,
            )
        )
    return told


def read_script(text: str, name: str, header: Header) -> tuple[list[list[FloatArray]], list[Found]]:
    """Return the legs and the answer of a script.

    Parameters
    ----------
    text : str
        JSON: ``{"legs": [[[x, y], [x, y, height]], ...], "answer": [{"x":, "y":, "radius":}]}``.
        With several drones a leg is a list of such lists, one for each.
    name : str
        Of the file, for messages.
    header : Header
        For where aircraft may be, and how many there are.

    Raises
    ------
    BadInput
        It is no such file, or a place is not permitted.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{name}, row {error.lineno}: no JSON ({error.msg}).") from error
    if not isinstance(document, dict) or not isinstance(document.get("legs"), list):
        raise BadInput(f'{name} holds no "legs". Give {{"legs": [...], "answer": [...]}}.')
    count = len(header.aircraft)
    legs = []
    for number, leg in enumerate(document["legs"], 1):
        parts = leg if count > 1 else [leg]
        if not isinstance(leg, list) or len(parts) != count:
            raise BadInput(f"{name}, leg {number}: give a list of places for each drone.")
        try:
            legs.append([checked_leg(part, header) for part in parts])
        except (BadInput, TypeError) as error:
            raise BadInput(f"{name}, leg {number}: {error}") from error
    answer = document.get("answer")
    if not isinstance(answer, list):
        raise BadInput(f'{name} holds no "answer". Give a list, empty for nothing there.')
    return legs, checked_answer(answer)
