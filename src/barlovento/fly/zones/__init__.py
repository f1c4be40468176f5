"""Files of geographical zones -> zones: ED-269 in both envelopes, ED-318 and OpenAir.

All or nothing: a file with one broken feature gives none, and every fault is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from barlovento.domain.airspace import Circle, Position, Zone
from barlovento.errors import BadInput
from barlovento.fly.datum import check_datum
from barlovento.fly.zones import ed269, ed318, openair
from barlovento.fly.zones.fields import Faults
from barlovento.guard.geometry import shapes_of

Lies = Callable[[float, float], frozenset[str]]
"""Returns the states (ISO 3166 alpha-2) to which a longitude and latitude may belong."""

LARGEST = 256_000_000
"""No file of zones is larger [byte]."""


def read_zones(path: Path, *, country: str = "", lies: Lies | None = None) -> tuple[Zone, ...]:
    """Read every zone of a file.

    Parameters
    ----------
    path : Path
        JSON (ED-269, ED-318) or OpenAir text.
    country : str
        ISO 3166 code for zones that name none, as in OpenAir.
    lies : callable, optional
        Tells in which states a place may lie; with it, swapped coordinates are suspected.

    Returns
    -------
    tuple of Zone
        In the file's order.

    Raises
    ------
    BadInput
        The file can't be read, or one or more features are broken; all are named.
    """
    return parse_zones(_bytes(path), path.name, country=country, lies=lies)


def parse_zones(
    raw: bytes, name: str, *, country: str = "", lies: Lies | None = None
) -> tuple[Zone, ...]:
    """Read every zone of a file's content; see :func:`read_zones`."""
    content = _text(raw, name)
    faults = Faults(name)
    if content.lstrip().startswith(("{", "[")):
        zones = _from_json(content, faults, country)
    else:
        zones = openair.zones(content, faults, country=country)
    for number, zone in enumerate(zones):
        _check(zone, number, faults, lies)
    faults.raise_any()
    if not zones:
        raise BadInput(
            f"{name}: there is no zone in it. Give ED-269, ED-318 (JSON) or OpenAir (text)."
        )
    return tuple(zones)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path.name}: larger than any file of zones. Part it.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path.name}: can't be read ({error.strerror or error}). Check the name and rights."
        ) from error


def _text(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # OpenAir files of old are in the Western code page; JSON is always UTF-8.
        if raw.lstrip()[:1] in (b"{", b"["):
            raise BadInput(f"{name}: is not UTF-8. Save it as UTF-8.") from None
        return raw.decode("cp1252", errors="replace")


def _from_json(content: str, faults: Faults, country: str) -> list[Zone]:
    try:
        document = json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)
    except ValueError as error:
        raise BadInput(f"{faults.file}: is no JSON ({error}). Fetch or save it again.") from error
    check_datum(document, faults.file)
    features = _features(document)
    if features is None:
        raise BadInput(
            f"{faults.file}: holds neither `features` nor `UASZoneList`. "
            "Give a file of ED-269 or ED-318."
        )
    found = []
    for number, feature in enumerate(features):
        if not isinstance(feature, dict):
            faults.add(number, "", "is no object", "Remove it.")
            continue
        modern = isinstance(feature.get("properties"), dict)
        reader = ed318.zone if modern else ed269.zone
        zone = reader(feature, number, faults, country)
        if zone is not None:
            found.append(zone)
    return found


def _features(document: Any) -> list[Any] | None:
    """Return the list of features of any known envelope."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return None
    for key in ("features", "UASZoneList", "uasZoneList", "zones"):
        if isinstance(document.get(key), list):
            features: list[Any] = document[key]
            return features
    for inner in document.values():
        # CIS services wrap the same list once more.
        if isinstance(inner, dict) and (found := _features(inner)) is not None:
            return found
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object in which a name comes twice: readers would differ on which counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = sorted({name for name, _ in pairs if sum(n == name for n, _ in pairs) > 1})
        raise ValueError(f"{', '.join(names)} comes twice in one object")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number in JSON")


def _check(zone: Zone, number: int, faults: Faults, lies: Lies | None) -> None:
    """Note what is wrong with a zone's shapes."""
    for volume in zone.volumes:
        for member in volume.area:
            try:
                shapes_of((member,), outward=True)
            except BadInput as error:
                what, _, mend = str(error).rpartition(". ")
                faults.add(number, zone.id, what or str(error), mend)
                return
            if lies is None or not zone.country:
                continue
            lon, lat = _some_place(member)
            astray = abs(lon) <= 90 and zone.country not in lies(lon, lat)
            if astray and zone.country in lies(lat, lon):
                faults.add(
                    number,
                    zone.id,
                    f"longitude {lon:g}, latitude {lat:g} is not in {zone.country}, but the "
                    "other way round it is: longitude and latitude seem to be swapped",
                    "Put longitude first.",
                )
                return


def _some_place(member: Any) -> Position:
    if isinstance(member, Circle):
        return member.lon, member.lat
    place: Position = member.outer[0]
    return place
