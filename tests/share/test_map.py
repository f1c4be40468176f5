"""The map is a picture of the right size that shows what it should."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from barlovento.share import canvas
from barlovento.share.excess import GRID, drawn_readings, peak_for_colours
from barlovento.share.map import map_png

CASES = ("two", "none", "poor", "geographic")


def pixels(image: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).astype(int)


def count(image: np.ndarray[Any, Any], colour: str) -> int:
    wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return int((np.abs(image - wanted).max(axis=-1) < 12).sum())


@pytest.fixture(scope="module", params=CASES)
def drawn_map(request: Any, imagined: Any) -> tuple[str, bytes]:
    return request.param, map_png(*imagined(request.param))


def test_is_a_picture_1200_wide(drawn_map: tuple[str, bytes]) -> None:
    _, image = drawn_map
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(image) < 1_000_000
    with Image.open(io.BytesIO(image)) as picture:
        assert picture.width == 1200
        assert 500 <= picture.height <= 1400


def test_regions_and_advice_are_drawn_where_there_are_any(drawn_map: tuple[str, bytes]) -> None:
    case, image = drawn_map
    seen = pixels(image)
    assert (count(seen, canvas.INFERRED) > 300) == (case in {"two", "geographic"})
    assert (count(seen, canvas.NEXT) > 100) == (case in {"two", "poor"})


def test_same_answer_same_picture(imagined: Any) -> None:
    assert map_png(*imagined("two")) == map_png(*imagined("two"))


def test_odd_titles_are_drawn(imagined: Any) -> None:
    # Dollar signs are mathematics to matplotlib, and unbalanced braces a fault in it.
    for title in ("costs $5 {\\frac and $6", "x" * 500, "línea\nnueva \t ñ", "\x1b[31m"):
        assert map_png(*imagined("none", title=title))


@pytest.mark.parametrize("scale", [(0.01, 1.0), (30.0, 1.0), (1.0, 30.0)])
def test_odd_shapes_are_drawn(imagined: Any, scale: tuple[float, float]) -> None:
    surveys, posterior = imagined("none")
    prior = posterior.prior
    prior = replace(
        prior,
        x=(prior.x[0] * scale[0], prior.x[1] * scale[0]),
        y=(prior.y[0] * scale[1], prior.y[1] * scale[1]),
    )
    image = map_png(surveys, replace(posterior, prior=prior))
    with Image.open(io.BytesIO(image)) as picture:
        assert picture.width == 1200
        assert picture.height <= 1400


def test_one_reading_is_drawn(imagined: Any) -> None:
    surveys, posterior = imagined("none", n=1)
    assert map_png(surveys, posterior)


def test_peaks_come_on_top(imagined: Any) -> None:
    drawn = drawn_readings(*imagined("two"))
    assert (np.diff(drawn.excess) >= 0).all()
    assert drawn.units == "ppb"


def test_big_survey_is_thinned_but_keeps_its_peak(imagined: Any) -> None:
    surveys, posterior = imagined("two", n=60_000)
    drawn = drawn_readings(surveys, posterior)
    assert drawn.total == 60_000
    assert drawn.excess.size <= 2 * GRID * GRID
    obs = surveys[0].observations
    background = np.concatenate([fit.background for fit in posterior.fits])
    peak = (obs.concentration.max() - background.mean()) * surveys[0].to_file_units
    assert abs(drawn.excess[-1] - peak) < 0.02 * peak


def test_excess_is_over_the_known_background(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    known = (replace(surveys[0], background=1e-9),)
    drawn = drawn_readings(known, posterior)
    lowest = surveys[0].observations.concentration.min()
    assert np.isclose(drawn.excess[0], (lowest - 1e-9) * 2.61e8)


def test_sensors_of_several_surveys_keep_their_own_background(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    fits = [
        replace(fit, name=f"{number}:{fit.name}", background=fit.background * number)
        for number in (1, 2)
        for fit in posterior.fits
    ]
    both = drawn_readings((surveys[0], surveys[0]), replace(posterior, fits=tuple(fits)))
    # The same readings over one and over two backgrounds: half of them lie lower by one.
    first = drawn_readings(surveys, posterior)
    assert both.total == 2 * first.total
    assert both.excess[-1] == pytest.approx(first.excess[-1])
    assert both.excess[0] < first.excess[0] - 0.3


def test_colours_part_the_peaks_of_sensors_that_stand_still(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    obs = surveys[0].observations
    still = obs.sensor > 0
    names = ("drone", "fence-1", "fence-2")
    kept = replace(
        obs,
        **{
            name: getattr(obs, name)[still]
            for name in ("time", "sensor", "x", "y", "z", "x2", "y2", "z2", "concentration")
        },
        censored=obs.censored[still],
        sensor_names=names,
    )
    drawn = drawn_readings((replace(surveys[0], observations=kept),), posterior)
    assert peak_for_colours(drawn) >= 0.25 * drawn.excess[-1]
