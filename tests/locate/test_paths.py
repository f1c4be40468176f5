"""What a path reads of a source beside it, at both cuts, held to finer ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from barlovento.locate import chains, readings
from barlovento.locate.packed import pack
from barlovento.locate.plumes import fill_source
from barlovento.locate.problem import prepare
from barlovento.locate.unknowns import LASTING, SIZE


def seen_along(make: Any, speed: float, off: float) -> Any:
    """Return what a beam reads, summed over a wind that turns, while a source moves beside it."""
    minutes = 36
    time = make.start + 300.0 * np.arange(1, minutes + 1)
    obs = make.readings(time, 0.0, -30.0, 2e-6, averaging_time=300.0)
    path = np.zeros(minutes)
    obs = make.replace(obs, x2=path, y2=path + 30.0, z2=path + 1.5)
    met = make.weather(time, speed, 250.0 + 10.0 * np.arange(minutes), height=3.0)
    p = prepare((make.survey(obs, met, box=60.0),)).problem
    st = chains.start_state(p)
    st.on[0] = 1
    st.phi[len(st.phi) - LASTING + SIZE] = math.log(1.3)
    out = []
    for y in np.arange(-12.0, 12.0, 0.5):
        share = np.array([(off + 60.0) / 120.0, (y + 60.0) / 120.0, 0.5])
        st.theta[0] = [*np.log(share / (1.0 - share)), math.log(1e-4)]
        fill_source(pack(p), pack(st), 0)
        out.append((st.c[0] @ np.exp(p.turn_log_weight)).sum())
    return np.array(out)


@pytest.mark.parametrize("speed", [0.8, 4.0])
@pytest.mark.parametrize(("off", "within"), [(-1.5, 0.04), (-6.0, 0.03), (-25.0, 0.03)])
def test_a_source_beside_a_path_shows_alike_wherever_it_is(
    make: Any, monkeypatch: pytest.MonkeyPatch, speed: float, off: float, within: float
) -> None:
    got = seen_along(make, speed, off)
    monkeypatch.setattr(readings, "PIECE", 0.5)
    monkeypatch.setattr(readings, "FINE", 0.4)
    monkeypatch.setattr(readings, "MOST", 400)
    fine = seen_along(make, speed, off)
    # Not its size but how it goes up and down is what misleads about the place.
    ratio = got / fine
    assert np.ptp(ratio) < within * ratio.mean()
    assert ratio.mean() == pytest.approx(1.0, abs=0.08)
