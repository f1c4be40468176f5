"""Write a simulated survey as the folder that a solver reads, and its truth beside or apart."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.errors import BadInput
from barlovento.exercise.records import Flown, Scenario

FloatArray = NDArray[np.float64]

TRUTH = "truth.json"

PPM_PER_PPB = 1e-3


def write_survey(flown: Flown, path: str | Path, *, include_truth: bool = False) -> Path:
    """Write a survey folder; it appears whole or not at all.

    Parameters
    ----------
    flown : Flown
        What was simulated.
    path : str or Path
        The folder, which must not be there yet.
    include_truth : bool
        Whether ``truth.json`` is laid into the folder. No solver reads it; still, where
        people are to be tested, keep it elsewhere with :func:`write_truth`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadInput
        There is something at that place already, or it can't be written.
    """
    folder = Path(path)
    if folder.exists():
        raise BadInput(f"{folder} is there already. Choose another name or remove it first.")
    files = {
        "survey.toml": _document(flown),
        "observations.csv": _observations(flown),
        "meteorology.csv": meteorology_text(flown.meteorology),
    }
    if include_truth:
        files[TRUTH] = _truth(flown)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as problem:
        raise BadInput(f"{folder} can't be written: {problem.strerror}.") from problem
    try:
        # A temporary folder is made for its owner only; the survey is for all who may read here.
        beside.chmod(0o755)
        for name, text in files.items():
            (beside / name).write_text(text, encoding="utf-8", newline="\n")
        beside.rename(folder)
    except OSError as problem:
        raise BadInput(f"{folder} can't be written: {problem.strerror}.") from problem
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def write_truth(flown: Flown, path: str | Path) -> Path:
    """Write the true sources into a file of the caller's choice, replacing it whole.

    Parameters
    ----------
    flown : Flown
        What was simulated.
    path : str or Path
        The file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    BadInput
        It can't be written.
    """
    file = Path(path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent, text=True)
        beside = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(_truth(flown))
            beside.chmod(0o644)
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as problem:
        raise BadInput(f"{file} can't be written: {problem.strerror}.") from problem
    return file


def _truth(flown: Flown) -> str:
    """Return the true sources as JSON."""
    sources = [
        {"x": s.x, "y": s.y, "z": s.z, "emission_rate_kg_s": s.emission_rate}
        | ({"windows_s": [list(w) for w in s.windows]} if s.windows else {})
        | ({"duty_cycle": s.duty_cycle} if s.duty_cycle < 1.0 else {})
        for s in flown.scenario.sources
    ]
    note = f"simulated: {flown.scenario.title}, seed {flown.seed}"
    return json.dumps({"sources": sources, "note": note}, indent=1) + "\n"


def _document(flown: Flown) -> str:
    """Return the content of ``survey.toml``."""
    scenario, met = flown.scenario, flown.meteorology
    search, scale = scenario.search, _scale(scenario)
    background = (
        '"unknown"' if scenario.background is None else f"{scenario.background * scale:.6g}"
    )
    lines = [
        "schema = 1",
        f"title = {json.dumps(scenario.title)}",
        f"species = {json.dumps(scenario.species.name)}",
        "",
        "[observations]",
        'file = "observations.csv"',
        'position = "local"',
        f"frame = {json.dumps(scenario.frame.name)}",
        f'concentration_units = "{scenario.units}"',
        f"averaging_time_s = {scenario.averaging_time}",
        f"background = {background}",
    ]
    if scenario.clock_offset_max > 0.0:
        lines.append(f"clock_offset_max_s = {scenario.clock_offset_max:g}")
    lines += [
        "",
        "[meteorology]",
        'file = "meteorology.csv"',
        f"measurement_height_m = {met.measurement_height:g}",
        f"roughness_length_m = {met.roughness_length[0]:.4g}",
        "",
        "[search]",
        f"x_m = [{search.x[0]:.1f}, {search.x[1]:.1f}]",
        f"y_m = [{search.y[0]:.1f}, {search.y[1]:.1f}]",
        f"release_height_m = [{search.release_height[0]:g}, {search.release_height[1]:g}]",
        f"max_sources = {search.max_sources}",
    ]
    if search.rate is not None:
        prior = f"{{ median = {search.rate.median:g}, gsd = {search.rate.gsd:g} }}"
        lines.append(f"emission_rate_kg_s = {prior}")
    return "\n".join(lines) + "\n"


def _observations(flown: Flown) -> str:
    """Return the readings as CSV; columns that hold nothing are left out."""
    names = [i.sensor.name for i in flown.scenario.instruments]
    scale = _scale(flown.scenario)
    columns: dict[str, Sequence[str]] = {
        "time": times_text(flown.time),
        "sensor": [names[k] for k in flown.sensor],
        "x": numbers_text(flown.x, "{:.2f}"),
        "y": numbers_text(flown.y, "{:.2f}"),
        "z": numbers_text(flown.z, "{:.2f}"),
    }
    if np.isfinite(flown.x2).any():
        for axis in ("x2", "y2", "z2"):
            columns[axis] = numbers_text(getattr(flown, axis), "{:.2f}")
    columns["concentration"] = numbers_text(flown.mole_fraction * scale, "{:.7g}")
    if flown.censored.any():
        columns["flag"] = ["nd" if nd else "" for nd in flown.censored]
    return csv_text(columns)


def meteorology_text(met: Meteorology) -> str:
    """Return the wind record as CSV; columns that hold nothing are left out."""
    columns: dict[str, Sequence[str]] = {"time": times_text(met.time)}
    for name, form in (
        ("wind_speed", "{:.3f}"),
        ("wind_from_direction", "{:.2f}"),
        ("wind_from_direction_sd", "{:.2f}"),
        ("friction_velocity", "{:.4f}"),
        ("obukhov_length", "{:.4g}"),
        ("mixing_height", "{:.1f}"),
        ("temperature", "{:.2f}"),
        ("pressure", "{:.0f}"),
    ):
        values: FloatArray = getattr(met, name)
        if np.isfinite(values).any():
            columns[name] = numbers_text(values, form)
    return csv_text(columns)


def _scale(scenario: Scenario) -> float:
    """Return the file's units over ppb."""
    return PPM_PER_PPB if scenario.units == "ppm" else 1.0


def times_text(seconds: FloatArray) -> list[str]:
    """Return instants as ISO 8601 in UTC; the same instant is formatted once.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Since 1970 UTC [s].
    """
    unique, inverse = np.unique(seconds, return_inverse=True)
    texts = [
        datetime.fromtimestamp(float(s), UTC).isoformat().replace("+00:00", "Z") for s in unique
    ]
    return [texts[k] for k in inverse]


def numbers_text(values: FloatArray, form: str) -> list[str]:
    """Return numbers as text, empty where there is none.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN for none [any unit].
    form : str
        As for :meth:`str.format`.
    """
    show: Callable[[float], str] = form.format
    return ["" if math.isnan(v) else show(v) for v in values.tolist()]


def csv_text(columns: dict[str, Sequence[str]]) -> str:
    """Return columns of one length as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue()
