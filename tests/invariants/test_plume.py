"""What holds for any plume: nothing is lost, nothing depends on where north is."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import trapezoid

# Either a Pasquill class or an Obukhov length away from zero.
stability = st.one_of(
    st.integers(0, 5).map(lambda k: {"klass": k}),
    st.floats(5.0, 500.0).map(lambda v: {"obukhov_length": v}),
    st.floats(-500.0, -5.0).map(lambda v: {"obukhov_length": v}),
)
heights = st.floats(0.0, 15.0)
distances = st.floats(20.0, 1500.0)
angles = st.floats(-math.pi, math.pi)


@given(state=stability, height=heights, x=distances, speed=st.floats(0.5, 12.0))
def test_what_crosses_an_arc_is_what_was_emitted(
    make_air: Any, state: dict[str, float], height: float, x: float, speed: float
) -> None:
    air = make_air(**state, release_height=height, speed=speed)
    angle = np.linspace(-4.4, 4.4, 89) * air.sigma_y(x) / x
    assume(angle[-1] < math.pi)
    z = np.linspace(0.0, height + 6.0 * air.sigma_z(x), 201)
    c = np.array([air.plume(x, 0.0, z=k) for k in z])
    arc = np.array([air.plume(x * math.cos(a), x * math.sin(a), z=height) for a in angle])
    across = arc / air.plume(x, 0.0, z=height)
    crossing = trapezoid(c, z) * trapezoid(across, x * angle) * air.carrying_speed(x)
    assert crossing == pytest.approx(1.0, rel=2e-3)


@given(state=stability, height=st.floats(0.0, 40.0), x=distances)
def test_the_lid_loses_nothing(
    make_air: Any, state: dict[str, float], height: float, x: float
) -> None:
    top = 200.0
    air = make_air(**state, release_height=height, mixing_height=top)
    assume(air.sigma_z(x) < 1.2 * top)
    z = np.linspace(0.0, top, 401)
    c = np.array([air.plume(x, 0.0, z=k) for k in z])
    width = math.sqrt(2.0 * math.pi) * air.sigma_y(x)
    assert trapezoid(c, z) * width * air.carrying_speed(x) == pytest.approx(1.0, rel=5e-3)


@given(state=stability, height=heights, r=distances, share=st.floats(0.05, 1.0))
def test_meander_carries_its_share_through_a_cylinder(
    make_air: Any, state: dict[str, float], height: float, r: float, share: float
) -> None:
    air = make_air(**state, release_height=height)
    z = np.linspace(0.0, height + 6.0 * air.sigma_z(r), 201)
    # Upwind stands the radial part alone.
    c = np.array([air.plume(-r, 0.0, z=k, radial=share) for k in z])
    crossing = trapezoid(c, z) * 2.0 * math.pi * r * air.carrying_speed(r)
    assert crossing == pytest.approx(share, rel=2e-3)


@given(state=stability, height=heights, x=distances, y=st.floats(-1e3, 1e3), towards=angles)
def test_hardly_anything_is_upwind(
    make_air: Any, state: dict[str, float], height: float, x: float, y: float, towards: float
) -> None:
    air = make_air(**state, release_height=height)
    c, s = math.cos(towards), math.sin(towards)
    upwind = air.plume(-x * c - y * s, -x * s + y * c, towards=towards, z=height)
    r = math.hypot(x, y)
    ahead = air.plume(r * c, r * s, towards=towards, z=height)
    # A quarter of a turn lies beyond three spreads of the widest plume.
    assert ahead > 0.0
    assert upwind <= 0.011 * ahead


@given(
    state=stability,
    x=distances,
    across=st.floats(-3.0, 3.0),
    turn=angles,
    radial=st.floats(0.0, 0.5),
    half=st.floats(0.0, 10.0),
)
def test_turning_the_world_leaves_the_reading(
    make_air: Any,
    state: dict[str, float],
    x: float,
    across: float,
    turn: float,
    radial: float,
    half: float,
) -> None:
    air = make_air(**state)
    y = across * air.sigma_y(x)
    c, s = math.cos(turn), math.sin(turn)
    before = air.plume(x, y, half=(0.3 * half, half), radial=radial)
    after = air.plume(
        x * c - y * s,
        x * s + y * c,
        half=(half * (0.3 * c - s), half * (0.3 * s + c)),
        radial=radial,
        towards=turn,
    )
    assert after == pytest.approx(before, rel=1e-6)


@given(state=stability, x=distances, across=st.floats(-3.0, 3.0))
def test_the_plume_is_alike_on_both_sides(
    make_air: Any, state: dict[str, float], x: float, across: float
) -> None:
    air = make_air(**state)
    y = across * air.sigma_y(x)
    assert air.plume(x, y) == pytest.approx(air.plume(x, -y), rel=1e-9)
    assert air.lever(x, y) == pytest.approx(-air.lever(x, -y), rel=1e-9)


@given(state=stability, x=distances, factor=st.floats(0.2, 5.0))
def test_twice_the_wind_halves_the_gas(
    make_air: Any, state: dict[str, float], x: float, factor: float
) -> None:
    air = make_air(**state)
    slow = air.plume(x, 0.0, speed=2.0, radial=0.2)
    assert air.plume(x, 0.0, speed=2.0 * factor, radial=0.2) * factor == pytest.approx(slow)
