"""Arc maxima of Project Prairie Grass with the source known: the dispersion model by itself.

For each run and arc the largest reading is compared with the largest that the model gives at the
same samplers, whatever the direction error. Nothing is fitted. The scores' acceptable values are
those of Chang and Hanna (2004).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from barlovento import read_survey
from flights import own_plume
from running import Progress, arguments, data_folder, report, table
from scores import dispersion_scores, read_truth

ARCS = np.array([50.0, 100.0, 200.0, 400.0, 800.0])
"""Radii at which samplers stood [m]."""

ACCEPTABLE = {
    "FAC2": (">= .5", lambda v: v >= 0.5),
    "FB": ("between -.3 and .3", lambda v: abs(v) <= 0.3),
    "NMSE": ("<= 1.5", lambda v: v <= 1.5),
    "MG": ("between .7 and 1.3", lambda v: 0.7 <= v <= 1.3),
    "VG": ("<= 1.6", lambda v: v <= 1.6),
}


def arcs(folder: Any) -> list[dict[str, Any]]:
    """Return observed and modelled maxima of each arc of one run."""
    survey, (source,) = read_survey(folder), read_truth(folder)
    known = np.array([[source["x"], source["y"], source["z"], source["emission_rate_kg_s"]]])
    obs = survey.observations
    model = own_plume(survey, known)
    radius = np.hypot(obs.x - source["x"], obs.y - source["y"])
    arc = np.argmin(np.abs(np.log(radius[:, None] / ARCS[None, :])), axis=1)
    length = float(survey.meteorology.obukhov_length[0])
    rows = []
    for k in np.unique(arc):
        at = arc == k
        seen = np.where(obs.censored[at], 0.0, obs.concentration[at])
        if seen.max() > 0.0:
            rows.append(
                {
                    "case": survey.title,
                    "run": folder.name,
                    "arc_m": float(ARCS[k]),
                    "stable": length > 0.0,
                    "observed": float(seen.max()),
                    "modelled": float(model[at].max()),
                }
            )
    return rows


def main() -> int:
    """Run the benchmark."""
    options = arguments(__doc__ or "").parse_args()
    folders = sorted(p for p in (data_folder() / "surveys").iterdir() if p.name.startswith("pg"))
    if options.quick:
        folders = folders[:3]
    progress = Progress(len(folders), "runs")
    rows: list[dict[str, Any]] = []
    for folder in folders:
        rows += arcs(folder)
        progress.step(folder.name)
    groups = {
        "all": rows,
        "stable": [row for row in rows if row["stable"]],
        "unstable": [row for row in rows if not row["stable"]],
    }
    groups |= {f"{a:g} m": [r for r in rows if r["arc_m"] == a] for a in ARCS}
    scores = {
        name: dispersion_scores(
            np.array([row["observed"] for row in members]),
            np.array([max(row["modelled"], 1e-15) for row in members]),
        )
        for name, members in groups.items()
        if members
    }
    everything = scores["all"]
    goals = table(
        (
            [name, goal, everything[name], test(everything[name])]
            for name, (goal, test) in ACCEPTABLE.items()
        ),
        ["arc maxima of `pg`, source known", "acceptable", "reached", "met"],
    )
    detail = table(
        ([name, int(s["n"]), *(s[key] for key in ACCEPTABLE)] for name, s in scores.items()),
        ["group", "arcs", *ACCEPTABLE],
    )
    report(
        options,
        block="dispersion",
        content={"scores": scores, "arcs": rows},
        text=f"{goals}\n\n{detail}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
