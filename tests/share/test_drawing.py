"""The parts of the drawings: density, labels, extent, strokes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from barlovento.domain.observation import Frame
from barlovento.share import charts, fits, plans, svg
from barlovento.share.density import CELLS, density
from barlovento.share.excess import drawn_readings
from barlovento.share.extent import Extent, degree_ticks, map_extent, round_length
from barlovento.share.labels import Labels, polygons, ring_area


@pytest.mark.parametrize(
    ("about", "length"), [(130.0, 100.0), (99.0, 50.0), (20.0, 20.0), (0.7, 0.5), (4999.0, 2000.0)]
)
def test_round_length(about: float, length: float) -> None:
    assert round_length(about) == pytest.approx(length)


def test_density_peaks_where_the_draws_are(imagined: Any) -> None:
    _, posterior = imagined("geographic")
    found = density(posterior)
    assert found is not None
    share, (west, east, south, north) = found
    assert share.shape == (CELLS, CELLS)
    assert share.max() == 1.0
    row, column = np.unravel_index(share.argmax(), share.shape)
    # The draws were made about (40, 35) with deviations of 12 and 8 m.
    assert abs(west + (column + 0.5) * (east - west) / CELLS - 40.0) < 8.0
    assert abs(south + (row + 0.5) * (north - south) / CELLS - 35.0) < 8.0


def test_density_without_draws_is_nothing(imagined: Any) -> None:
    _, posterior = imagined("none")
    assert density(posterior) is None


def test_even_draws_look_even(imagined: Any) -> None:
    _, posterior = imagined("poor")
    found = density(posterior)
    assert found is not None
    inner = found[0][20:-20, 20:-20]
    assert inner.min() > 0.2
    assert inner.std() < 0.35 * inner.mean()


def test_map_shows_everything(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    extent = map_extent(surveys, posterior)
    obs = surveys[0].observations
    assert extent.x[0] < min(obs.x.min(), posterior.prior.x[0])
    assert extent.y[1] > max(obs.y.max(), posterior.prior.y[1])
    wide = extent.padded_to(2.0)
    assert wide.width / wide.height == pytest.approx(2.0)
    assert wide.x[0] <= extent.x[0]
    assert wide.y[1] >= extent.y[1]


def test_scale_bar_stands_in_the_emptiest_corner() -> None:
    extent = Extent(x=(0.0, 100.0), y=(0.0, 100.0))
    crowd = np.array([[5.0, 5.0], [95.0, 95.0], [95.0, 5.0]])
    x, y = extent.emptiest_corner(crowd, 20.0, 10.0)
    assert x < 20.0
    assert y > 80.0


def test_degree_ticks_are_round_and_in_place() -> None:
    frame = Frame(name="wgs84", longitude=-3.7042, latitude=40.4168)
    extent = Extent(x=(-400.0, 400.0), y=(-300.0, 300.0))
    (x, east), (y, north) = degree_ticks(frame, extent)
    assert all(text.endswith("° W") for text in east)
    assert all(text.endswith("° N") for text in north)
    assert len(x) >= 2
    # A degree of longitude is 84.9 km at this latitude (Snyder, PP 1395, table 7).
    values = [-float(text.split("°")[0]) for text in east]
    for place, value in zip(x, values, strict=True):
        assert place == pytest.approx((value + 3.7042) * 84_890, abs=3.0)
    assert list(y) == sorted(y)


def test_ring_area_is_that_of_a_triangle_far_away() -> None:
    far = np.array([[4e6, 4e6], [4e6 + 3, 4e6], [4e6, 4e6 + 4], [4e6, 4e6]])
    assert ring_area(far) == pytest.approx(6.0)


def test_largest_part_of_a_region_comes_first(imagined: Any) -> None:
    _, posterior = imagined("two")
    parts = polygons(posterior.sources[1].region90)
    areas = [ring_area(part[0]) for part in parts]
    assert len(areas) == 2
    assert areas == sorted(areas, reverse=True)


def test_labels_stay_inside_and_apart() -> None:
    extent = Extent(x=(0.0, 100.0), y=(0.0, 100.0))
    labels = Labels(extent, (12.0, 4.0), np.empty((0, 2)))
    square = np.array([[94.0, 94.0], [99.0, 94.0], [99.0, 99.0], [94.0, 99.0], [94.0, 94.0]])
    places = [labels.place(square) for _ in range(3)]
    for place in places:
        assert 6.0 <= place[0] <= 94.0
        assert 2.0 <= place[1] <= 98.0
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert (np.abs(places[one] - places[other]) >= [12.0, 4.0]).any()


def numbers_of(text: str) -> list[float]:
    """Every coordinate in the strokes of a chart."""
    root = ET.fromstring(text.replace('href="data', 'data-href="data'))
    found: list[float] = []
    for element in root.iter():
        for name in ("points", "d"):
            words = element.get(name, "")
            for sign in "MVHhLZz,":
                words = words.replace(sign, " ")
            found += [float(word) for word in words.split()]
    return found


@pytest.mark.parametrize("case", ["two", "none", "poor", "geographic"])
def test_charts_are_sound_svg_within_their_frame(imagined: Any, case: str) -> None:
    surveys, posterior = imagined(case)
    drawn = drawn_readings(surveys, posterior)
    texts = [charts.count_chart(posterior)]
    for index in range(len(posterior.sources)):
        texts += [charts.rate_chart(posterior, index), plans.close_up(posterior, index, drawn)]
    texts += [
        plans.searched_map(posterior, index, drawn) for index in plans.telling_rates(posterior)
    ]
    texts += [fits.fit_chart(fit, 2.6e8, "ppb") for fit in posterior.fits if fit.n]
    for text in texts:
        places = numbers_of(str(text))
        assert np.isfinite(places).all()
        assert min(places) > -60
        assert max(places) < 560


def test_long_series_keeps_its_highest_peak(imagined: Any) -> None:
    _, posterior = imagined("two", n=9000)
    fit = posterior.fits[0]
    flat = np.full(fit.n, 1e-9)
    spike = flat.copy()
    spike[fit.n // 3] = 9e-9
    fit = replace(
        fit, observed=spike, background=flat, predicted=np.stack([flat, flat, 1.01 * flat])
    )
    text = str(fits.fit_chart(fit, 1e9, "ug m-3"))
    assert len(text) < 60_000
    # The stroke of the spike reaches into the upper tenth of the chart, no other does.
    root = ET.fromstring(text)
    strokes = next(e.get("d", "") for e in root.iter() if "V" in e.get("d", ""))
    tops = [float(part.split("V")[1]) for part in strokes.split("M")[1:]]
    assert sum(top < 30 for top in tops) == 1


def test_time_ticks_are_round() -> None:
    places, labels = svg.time_ticks(1_760_000_000.0, 1_760_003_600.0)
    # 1 760 000 400 is 09:00 UTC, by `date -u -d @1760000400`.
    assert places[0] == 1_760_000_400.0
    assert labels[0] == "09:00"
    assert all(place % 900 == 0 for place in places)
