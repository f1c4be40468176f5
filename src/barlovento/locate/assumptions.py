"""Every assumption of an inference, in plain words for the report."""

from __future__ import annotations

import numpy as np

from barlovento.domain.observation import Survey
from barlovento.locate.problem import Prepared


def assumptions(surveys: tuple[Survey, ...], prepared: Prepared) -> tuple[str, ...]:
    """Return every assumption in plain words.

    Parameters
    ----------
    surveys : tuple of Survey
        What was inferred from.
    prepared : Prepared
        Priors.

    Returns
    -------
    tuple of str
        Sentences.
    """
    prior = prepared.prior
    similarity = np.isfinite(surveys[0].meteorology.obukhov_length).mean() > 0.5
    measured = np.isfinite(surveys[0].meteorology.wind_from_direction_sd).mean() > 0.5
    ratio = prior.number[1] / prior.number[0]
    out = [
        (
            f"Before the readings, each further source is {ratio:.2g} times as probable as the one "
            f"before (up to {len(prior.number) - 1}); a source is equally probable anywhere in the "
            "box."
        ),
        (
            f"Before the readings, a source emits {prior.rate_median * 1e3:.3g} g/s within a "
            f"factor of {prior.rate_gsd:.3g} (lognormal, one geometric standard deviation)."
        ),
        "Ground is taken as flat and free of buildings between source and sensor.",
        "Vertical spread: "
        + (
            "Monin-Obukhov similarity from the given Obukhov length."
            if similarity
            else "Briggs curves of a stability class estimated from wind speed and unrest."
        ),
        "Lateral spread: "
        + (
            "from the measured spread of wind direction."
            if measured
            else "from the wind record within a reading's window, similarity, or Briggs curves."
        ),
        (
            "The wind record may be turned as a whole (5 degrees, with a quarter chance of 20), "
            "turns from sector to sector, from block to block, more so in light wind, and on the "
            "way to each sensor; its speed may be off by 15 %."
        ),
        "The plume's spreads may be off as a whole and in how they grow; its axis may bend.",
        (
            "A reading scatters in proportion to the plume it sees, with heavy tails; a share of "
            "short readings misses the plume altogether."
        ),
        "Each sensor has a background of its own that drifts"
        + (" and a part shared by all." if prepared.problem.n_common else "."),
        (
            f"Of {sum(len(s.observations) for s in surveys)} readings, averages over short "
            f"stretches gave {len(prepared.problem.y)} values."
        ),
    ]
    if surveys[0].background is not None:
        out[8] = "The background is known and taken as given."
    if prepared.problem.window:
        out.append("A source may start or stop during the survey (three chances in ten).")
    return tuple(out)
