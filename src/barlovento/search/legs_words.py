"""Why a leg is flown, and what is believed, in sentences."""

from __future__ import annotations

import math

import numpy as np

from barlovento.search.belief import Belief
from barlovento.search.legs_lattice import Candidate
from barlovento.search.legs_value import Outlook


def state_of(belief: Belief) -> str:
    """Return what is believed, in a sentence.

    Parameters
    ----------
    belief : Belief
        What is believed.
    """
    if belief.found:
        parts = []
        for slot in belief.found:
            middle, spread = slot.cloud.middle, slot.cloud.spread
            parts.append(
                f"({middle[0]:.0f}, {middle[1]:.0f}) to {spread:.0f} m with "
                f"{100 * slot.probability:.1f} %"
            )
        text = f"{len(parts)} found: " + "; ".join(parts) + "."
        if belief.spare is not None:
            text += f" One more: {100 * belief.spare.probability:.0f} %."
        return text
    return f"A source is there with {100 * belief.probability:.1f} %."


def why_of(
    c: Candidate, gain: float, seconds: float, phase: str, belief: Belief, view: Outlook
) -> str:
    """Return why a leg was chosen, in a sentence.

    Parameters
    ----------
    c : Candidate
        The leg.
    gain : float
        What it is expected to tell [nat].
    seconds : float
        What it takes [s].
    phase : str
        Of the search.
    belief : Belief
        What is believed.
    view : Outlook
        With the wind.
    """
    heading = math.degrees(math.atan2(c.end[0] - c.start[0], c.end[1] - c.start[1])) % 360.0
    what = f"{c.length:.0f} m {c.kind} the wind towards {heading:.0f} degrees"
    told = f"{gain:.2f} nat about the sources in {seconds:.0f} s"
    if phase == "sweep":
        return f"{what}: it looks at most air that was not searched, {told}."
    slots = list(belief.found)
    if not slots and belief.spare is not None:
        slots = [belief.spare]
    middle = 0.5 * (np.array(c.start) + np.array(c.end))
    places = [slot.cloud.middle for slot in slots]
    near = min(places, key=lambda p: float(np.hypot(*(p - middle))))
    along = float((middle - near) @ view.downwind)
    side = "downwind" if along >= 0 else "upwind"
    return f"{what}, {abs(along):.0f} m {side} of the likely source: {told}."
