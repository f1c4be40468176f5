"""The sections of a scenario on what stands there: sites, drawn sites, faults, buildings."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from barlovento.domain.species import find_species
from barlovento.errors import BadInput
from barlovento.exercise.lookalikes import lookalikes
from barlovento.exercise.placing import openings
from barlovento.exercise.records import HiddenSource
from barlovento.exercise.scenario_keys import ScenarioKeys
from barlovento.exercise.sites import HIDDEN, Building, Faults, RandomSites, Site

MOST_SITES = 40


def read_sites(keys: ScenarioKeys) -> tuple[tuple[Site, ...], bool]:
    """Return the sites at given places, and whether one of them is faulty."""
    found = [_site(keys, name) for name in keys.named("site")]
    return tuple(site for site in found if site is not None), None in found


def read_random(keys: ScenarioKeys) -> RandomSites | None:
    """Return what is drawn by the seed, None where a fault was noted."""
    before = RandomSites()
    if "random" not in keys.values:
        return before
    hidden = keys.whole_range("random.hidden", (0, 0), most=MOST_SITES)
    others = keys.whole_range("random.lookalikes", (0, 0), most=MOST_SITES)
    vents = keys.whole_range("random.vents", (1, 1), most=6)
    value = keys.get("random.rate_g_s", None)
    rate: tuple[float, float] | None = (1e3 * before.rate[0], 1e3 * before.rate[1])
    if isinstance(value, list) and len(value) == 2 and value[0] == value[1]:
        value = value[0]
    if isinstance(value, int | float) and not isinstance(value, bool):
        # One rate for all, not drawn.
        rate = (float(value), float(value)) if value > 0.0 else None
        if rate is None:
            keys.complain("random.rate_g_s", f"{value!r} is no rate.", "Give g/s above zero.")
    elif value is not None:
        mend = "Give the range of rates in g/s, as in [0.03, 0.3]."
        rate = keys.span("random.rate_g_s", mend, least=1e-6, most=1e6)
    kinds = keys.words("random.kinds", "Name classes.") if others[1] else ()
    if not others[1]:
        keys.get("random.kinds", None)
    elif not kinds:
        keys.complain(
            "random.kinds",
            "Look-alikes are drawn, but no class of them is named.",
            f"List some of: {', '.join(lookalikes())}.",
        )
    for kind in kinds:
        _known_kind(keys, "random.kinds", kind, (*lookalikes(),))
    if vents[0] < 1:
        keys.complain("random.vents", "A site needs an opening.", "Begin the range at 1.")
    numbers = {
        "registered": keys.number("random.registered", None, least=0.0, most=1.0),
        "apart": keys.number("random.apart_m", None, least=0.0, most=1e5),
        "edge": keys.number("random.edge_m", None, least=0.0, most=1e5),
    }
    if rate is None:
        return None
    return RandomSites(
        hidden=hidden,
        rate=(1e-3 * rate[0], 1e-3 * rate[1]),
        mixed=keys.switch("random.mixed"),
        vents=(max(vents[0], 1), max(vents[1], 1)),
        kinds=kinds,
        lookalikes=others,
        **{name: value for name, value in numbers.items() if value is not None},
    )


def read_faults(keys: ScenarioKeys) -> Faults:
    """Return what goes wrong; nothing where the section is absent."""
    bounds: Mapping[str, tuple[str, float]] = {
        "dropouts": ("dropouts_per_h", 3600.0),
        "dropout_time": ("dropout_time_s", 3600.0),
        "stuck": ("stuck_per_h", 3600.0),
        "stuck_time": ("stuck_time_s", 3600.0),
        "saturation": ("saturation_ppb", 1e9),
        "clock_offset": ("clock_offset_s", 600.0),
        "clock_drift": ("clock_drift_s_h", 600.0),
        "rotor_diameter": ("rotor_diameter_m", 10.0),
        "rotor_wash": ("rotor_wash", 1.0),
        "lost_links": ("lost_links_per_h", 3600.0),
        "lost_link_time": ("lost_link_time_s", 3600.0),
        "low_battery": ("low_battery_s", 1e6),
    }
    found: dict[str, Any] = {
        name: keys.number(f"faults.{key}", None, least=0.0, most=most)
        for name, (key, most) in bounds.items()
    }
    return Faults(**{name: value for name, value in found.items() if value is not None})


def read_buildings(keys: ScenarioKeys) -> tuple[Building, ...]:
    """Return the buildings; a faulty one is left out and noted."""
    found = []
    for name in keys.named("building"):
        at = f"building.{name}"
        place = keys.point(f"{at}.at_m", "Give its middle, east and north, as in [40, -25].")
        size = keys.get(f"{at}.size_m", "Give length, width and height, as in [30, 12, 9].")
        turned = keys.number(f"{at}.turned_deg", None, least=-360.0, most=360.0) or 0.0
        rows = keys.rows(f"{at}.size_m", [size], 3, "Write three numbers.") if size else None
        if rows is None or place is None:
            continue
        length, width, height = rows[0]
        if min(length, width) < 5.0 or not 2.0 <= height <= 300.0 or max(length, width) > 500.0:
            keys.complain(
                f"{at}.size_m",
                "A building of this size can't be drawn.",
                "It must be 5 to 500 m long and wide, and 2 to 300 m high.",
            )
            continue
        found.append(
            Building(
                name=name,
                x=place[0],
                y=place[1],
                length=length,
                width=width,
                height=height,
                direction=turned,
            )
        )
    return tuple(found)


def _site(keys: ScenarioKeys, name: str) -> Site | None:
    """Return one site, None where a fault was noted."""
    at = f"site.{name}"
    kind = keys.text(f"{at}.kind", f'Write "{HIDDEN}" or a class: {", ".join(lookalikes())}.')
    known = kind is not None and _known_kind(keys, f"{at}.kind", kind, (HIDDEN, *lookalikes()))
    place = keys.point(f"{at}.at_m", "Give its place, east and north, as in [40, -25].")
    height = keys.number(f"{at}.z_m", None, above=0.0, most=500.0)
    size = keys.number(f"{at}.size_m", None, above=0.0, most=50.0)
    turned = keys.number(f"{at}.turned_deg", None, least=-360.0, most=360.0) or 0.0
    duty = keys.number(f"{at}.duty_cycle", None, above=0.0, most=1.0)
    period = keys.number(f"{at}.duty_period_s", None, above=0.0, most=1e6)
    windows = _windows(keys, f"{at}.windows_s")
    vents = _vents(keys, f"{at}.vents_m")
    rates = _rates(keys, f"{at}.rates_g_s")
    registered = keys.switch(f"{at}.registered")
    if kind == HIDDEN and rates is not None and not rates:
        keys.complain(
            f"{at}.rates_g_s",
            "A hidden site needs a rate.",
            "Write rates_g_s = { acetone = 0.1 }.",
        )
        return None
    if not known or place is None or windows is None or vents is None or rates is None:
        return None
    timing: dict[str, Any] = {"windows": windows}
    if duty is not None:
        timing["duty_cycle"] = duty
    if period is not None:
        timing["duty_period"] = period
    assert kind is not None
    return Site(
        name=name,
        kind=kind,
        vents=_placed(kind, place, height, size, turned, vents, timing),
        rates=rates,
        registered=registered,
    )


def _placed(
    kind: str,
    place: tuple[float, float],
    height: float | None,
    size: float | None,
    turned: float,
    vents: tuple[tuple[float, ...], ...],
    timing: Mapping[str, Any],
) -> tuple[HiddenSource, ...]:
    """Return the openings of a site."""
    if kind != HIDDEN and not vents:
        table = lookalikes()[kind]
        middle = 0.5 * (table.height[0] + table.height[1])
        plain = openings(table, place, turned, height or middle)
        return tuple(
            HiddenSource(
                x=v.x,
                y=v.y,
                z=v.z,
                emission_rate=1.0,
                size=size or v.size,
                length=v.length,
                width=v.width,
                direction=turned,
                **timing,
            )
            for v in plain
        )
    each = vents or ((0.0, 0.0, height or 2.0, 1.0),)
    return tuple(
        HiddenSource(
            x=place[0] + v[0],
            y=place[1] + v[1],
            z=v[2],
            emission_rate=v[3],
            size=size or 0.5,
            **timing,
        )
        for v in each
    )


def _vents(keys: ScenarioKeys, key: str) -> tuple[tuple[float, ...], ...] | None:
    """Return rows of east, north, height and share, None where a fault was noted."""
    mend = "Write rows of metres east and north of the site, height above ground, and share."
    value = keys.get(key, None)
    if value is None:
        return ()
    rows = keys.rows(key, value, 4, mend)
    if rows is None:
        return None
    if not rows or any(row[2] <= 0.0 or row[3] <= 0.0 for row in rows):
        keys.complain(key, "An opening needs a height and a share above zero.", mend)
        return None
    return rows


def _windows(keys: ScenarioKeys, key: str) -> tuple[tuple[float, float], ...] | None:
    """Return when a site is on, None where a fault was noted."""
    mend = "Write pairs of seconds after the start, as in [[0, 300], [900, 1200]]."
    value = keys.get(key, None)
    if value is None:
        return ()
    rows = keys.rows(key, value, 2, mend)
    if rows is None:
        return None
    if any(row[0] >= row[1] for row in rows):
        keys.complain(key, "A time ends before it begins.", mend)
        return None
    return tuple((row[0], row[1]) for row in rows)


def _rates(keys: ScenarioKeys, key: str) -> dict[str, float] | None:
    """Return rates of species [kg s-1], None where a fault was noted."""
    value = keys.get(key, None)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        keys.complain(key, f"{value!r} is no table.", "Write { acetone = 0.1 }, in g/s.")
        return None
    found: dict[str, float] = {}
    for word in value:
        rate = keys.number(f"{key}.{word}", None, least=0.0, most=1e6)
        try:
            known = find_species(str(word)).name
        except BadInput as problem:
            keys.problem(key, problem)
            return None
        if rate is None:
            return None
        found[known] = 1e-3 * rate
    return found


def _known_kind(keys: ScenarioKeys, key: str, kind: str, kinds: tuple[str, ...]) -> bool:
    """Return whether a class is known, and note it where not."""
    if kind in kinds:
        return True
    close = difflib.get_close_matches(kind, kinds, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}? " if close else ""
    keys.complain(key, f"There is no class {kind!r}.", f"{hint}Choose from: {', '.join(kinds)}.")
    return False
