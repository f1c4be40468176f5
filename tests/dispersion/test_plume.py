"""The plume's pieces: gradient, pieces of path, images in the mixing layer."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from barlovento.dispersion.plume import CUT, bell, vertical

AIRS = [
    {"obukhov_length": 25.0},
    {"obukhov_length": -15.0, "mixing_height": 300.0},
    {"klass": 3, "release_height": 6.0},
]

ERR = np.array([0.1, 0.05, -0.2, -0.04, 2.0, 0.03, 1.3])


def moved(air: Any, place: tuple[float, float], k: int, by: float, what: str, **rest: Any) -> float:
    """Return c or the lever with the k-th unknown moved."""
    east, north = place
    err, towards, h = ERR.copy(), 0.4, 2.0
    if k == 0:
        east -= by
    elif k == 1:
        north -= by
    elif k == 2:
        h += by
    elif k == 3:
        towards += by
    elif k < 8:
        err[k - 4] += by
    elif k == 8:
        err[4] *= math.exp(by)
    else:
        err[5] += by
    return float(getattr(air, what)(east, north, err=err, towards=towards, h=h, **rest))


def place_in(air: Any, along: float, across: float) -> tuple[float, float]:
    """Return a place by distance along the wind and by spreads across it, off the nodes."""
    node = math.floor(math.sqrt(along) / air.tables.step) + 0.4
    x = (node * air.tables.step) ** 2
    angle = 0.4 + across * air.sigma_y(x) / x + ERR[5] * math.log(x / 100.0)
    return x * math.cos(angle), x * math.sin(angle)


@pytest.mark.parametrize("radial", [0.0, 0.3])
@pytest.mark.parametrize("across", [-1.7, 0.3, 2.2])
@pytest.mark.parametrize("along", [30.0, 180.0, 900.0])
@pytest.mark.parametrize("state", AIRS)
def test_gradient_at_a_point_is_that_of_differences(
    make_air: Any, state: dict[str, float], along: float, across: float, radial: float
) -> None:
    air = make_air(**state)
    place = place_in(air, along, across)
    rest = {"radial": radial, "z": 3.0}
    by_c, by_lever = air.slopes(*place, err=ERR, towards=0.4, h=2.0, **rest)
    for k in range(10):
        step = 1e-4 if k < 3 else 1e-6
        for what, found in (("plume", by_c), ("lever", by_lever)):
            up = moved(air, place, k, step, what, **rest)
            down = moved(air, place, k, -step, what, **rest)
            scale = air.plume(*place, err=ERR, towards=0.4, h=2.0, **rest) / (10 if k < 3 else 1)
            assert found[k] == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-5 * scale)


@pytest.mark.parametrize("across", [-1.2, 0.4, 1.5])
@pytest.mark.parametrize("along", [60.0, 400.0])
@pytest.mark.parametrize("state", AIRS)
def test_gradient_of_a_piece_of_path_is_that_of_differences(
    make_air: Any, state: dict[str, float], along: float, across: float
) -> None:
    air = make_air(**state)
    place = place_in(air, along, across)
    length = 0.8 * air.sigma_y(along)
    half = (-length * math.sin(0.7), length * math.cos(0.7))
    by_c, _ = air.slopes(*place, err=ERR, towards=0.4, h=2.0, half=half)
    value = air.plume(*place, err=ERR, towards=0.4, h=2.0, half=half)
    for k in range(10):
        step = 1e-4 if k < 3 else 1e-6
        up = moved(air, place, k, step, "plume", half=half)
        down = moved(air, place, k, -step, "plume", half=half)
        assert by_c[k] == pytest.approx((up - down) / (2 * step), rel=2e-4, abs=1e-6 * value)


@pytest.mark.parametrize("toward", [0.0, 0.8, 1.5707963])
@pytest.mark.parametrize("across", [0.0, 0.7, 1.5])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_row_of_pieces_reads_the_mean_along_the_path(
    make_air: Any, share: float, across: float, toward: float
) -> None:
    air = make_air(klass=2)
    length = share * air.sigma_y(80.0)
    x, y = 80.0, across * air.sigma_y(80.0)
    hx, hy = length * math.cos(toward), length * math.sin(toward)
    points = [air.plume(x + t * hx, y + t * hy) for t in np.linspace(-7.0, 7.0, 1401)]
    row = [air.plume(x + t * hx, y + t * hy, half=(hx, hy)) for t in range(-6, 7, 2)]
    axis = air.plume(80.0, 0.0)
    scale = max(axis, float(np.mean(points)))
    assert np.mean(row) == pytest.approx(np.mean(points), abs=0.03 * scale)


def test_a_plume_far_narrower_than_the_pieces_reads_the_same_wherever_it_crosses(
    make_air: Any,
) -> None:
    air = make_air(klass=2)
    half = 3.0 * air.sigma_y(80.0)
    row = np.array(
        [
            sum(air.plume(80.0, (k + shift) * 2.0 * half, half=(0.0, half)) for k in range(-3, 4))
            for shift in np.linspace(0.0, 1.0, 9)
        ]
    )
    assert np.ptp(row) < 0.1 * row.mean()


def test_a_piece_of_path_beside_the_source_stays_finite(make_air: Any) -> None:
    air = make_air(klass=2)
    values = [air.plume(e, 0.0, half=(0.0, 6.0), z=0.5) for e in np.linspace(-0.5, 3.0, 36)]
    assert np.isfinite(values).all()
    # Six metres of path can't change twofold over ten centimetres.
    steps = np.diff(np.log(np.maximum(values, 1e-12)[6:]))
    assert np.abs(steps).max() < math.log(2.0)


def test_the_bell_is_that_of_gauss() -> None:
    u = np.linspace(-CUT, CUT, 901)[1:-1]
    assert [bell(v) for v in u] == pytest.approx(np.exp(-0.5 * u * u), abs=1e-8, rel=1e-4)
    assert bell(1.001 * CUT) == 0.0


def test_on_the_ground_the_reflection_doubles() -> None:
    assert vertical(0.0, 0.0, 5.0, math.inf)[0] == pytest.approx(2.0)


def test_far_below_the_lid_the_plume_does_not_feel_it() -> None:
    assert vertical(2.0, 1.0, 20.0, 500.0) == pytest.approx(vertical(2.0, 1.0, 20.0, math.inf))


@pytest.mark.parametrize("release", [0.0, 30.0, 90.0])
def test_a_plume_that_fills_the_mixing_layer_is_uniform(release: float) -> None:
    top, spread = 100.0, 120.0
    profile = [vertical(z, release, spread, top)[0] for z in np.linspace(0.0, top, 11)]
    # One source in a well-mixed layer: c = Q / (U D sqrt(2 pi) s_y), so V = sqrt(2 pi) s / D.
    assert profile == pytest.approx([2.506628 * spread / top] * 11, rel=5e-3)


@pytest.mark.parametrize("spread", [10.0, 24.0, 26.0, 50.0, 100.0, 125.0, 135.0, 400.0])
def test_gas_stays_below_the_lid(spread: float) -> None:
    inside, _ = quad(lambda z: vertical(z, 10.0, spread, 100.0)[0], 0.0, 100.0)
    assert inside == pytest.approx(2.506628 * spread, rel=2e-3)


def test_nothing_comes_from_a_source_downwind(make_air: Any) -> None:
    air = make_air()
    assert air.plume(100.0, 0.0) > 0.0
    assert air.plume(-100.0, 0.0) == 0.0
    assert air.plume(0.0, 100.0) == 0.0
    assert air.plume(-100.0, 0.0, radial=0.2) > 0.0


def test_colder_ground_keeps_the_plume_low(make_air: Any) -> None:
    thick = [make_air(obukhov_length=length).sigma_z(500.0) for length in (-10.0, 1e6, 50.0, 10.0)]
    assert np.all(np.diff(thick) < 0)


def test_colder_ground_keeps_the_gas_dense(make_air: Any) -> None:
    dense = [make_air(obukhov_length=length).plume(400.0, 0.0) for length in (-10.0, 1e6, 10.0)]
    assert np.all(np.diff(dense) > 0)


def test_plume_of_a_textbook_case(make_air: Any) -> None:
    # Rural D, 1 km, on the axis at the ground: 1 / (pi s_y s_z U) with U at the plume's height.
    air = make_air(klass=3, release_height=0.0)
    expected = 1.0 / (math.pi * 76.28 * 37.95 * air.carrying_speed(1000.0))
    assert air.plume(1000.0, 0.0, z=0.0) == pytest.approx(expected, rel=1e-3)
    # The plume's mean height is sqrt(2 / pi) 37.95 = 30.28 m; ln(30.28 / .05) / ln(10 / .05).
    assert air.carrying_speed(1000.0) == pytest.approx(4.0 * 6.4062 / 5.2983, rel=1e-3)
