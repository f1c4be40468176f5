"""Wind profile and spread, held to the published formulas' own numbers."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from barlovento.dispersion import turbulence as turb

# Gifford (1976), Nucl. Saf. 17, 68, tables 4 and 5, worked out by hand at one kilometre.
# Open country: y .22 x (1 + .0001 x)^-.5 = 220 / 1.048809, and so on; urban: .0004 instead.
BRIGGS_AT_1_KM = [
    (turb.RURAL, "A", 209.76, 200.00),
    (turb.RURAL, "B", 152.55, 120.00),
    (turb.RURAL, "C", 104.88, 73.03),
    (turb.RURAL, "D", 76.28, 37.95),
    (turb.RURAL, "E", 57.21, 23.08),
    (turb.RURAL, "F", 38.14, 12.31),
    (turb.URBAN, "A", 270.45, 339.41),
    (turb.URBAN, "B", 270.45, 339.41),
    (turb.URBAN, "C", 185.93, 200.00),
    (turb.URBAN, "D", 135.22, 122.79),
    (turb.URBAN, "E", 92.97, 50.60),
    (turb.URBAN, "F", 92.97, 50.60),
]


@pytest.mark.parametrize(("terrain", "klass", "sigma_y", "sigma_z"), BRIGGS_AT_1_KM)
def test_briggs_curves_at_one_kilometre(
    terrain: int, klass: str, sigma_y: float, sigma_z: float
) -> None:
    y, z = turb.briggs(np.array([1000.0]), "ABCDEF".index(klass), terrain)
    assert y[0] == pytest.approx(sigma_y, abs=0.01)
    assert z[0] == pytest.approx(sigma_z, abs=0.01)


@pytest.mark.parametrize("terrain", [turb.RURAL, turb.URBAN])
def test_stabler_classes_never_spread_more(terrain: int) -> None:
    x = np.array([50.0, 300.0, 2000.0])
    spreads = np.array([turb.briggs(x, k, terrain) for k in range(6)])
    assert np.all(np.diff(spreads, axis=0) <= 0)
    assert np.all(spreads[0] > spreads[-1])


def test_neutral_wind_grows_as_the_logarithm() -> None:
    ratio = turb.profile(10.0, 0.03, turb.NEUTRAL) / turb.profile(2.0, 0.03, turb.NEUTRAL)
    # ln(10 / .03) / ln(2 / .03) = 5.80914 / 4.19971
    assert ratio == pytest.approx(1.38323, rel=1e-3)


def shear_unstable(z: float, length: float) -> float:
    return float((1.0 - 16.0 * z / length) ** -0.25 / z)


def shear_stable(z: float, length: float) -> float:
    return (1.0 + 4.7 * z / length) / z


@pytest.mark.parametrize("height", [0.5, 2.0, 10.0, 30.0])
@pytest.mark.parametrize(
    ("shear", "length"),
    [(shear_unstable, -5.0), (shear_unstable, -80.0), (shear_stable, 40.0), (shear_stable, 200.0)],
)
def test_profile_is_the_integral_of_the_shear(height: float, shear: object, length: float) -> None:
    # Businger et al. (1971), J. Atmos. Sci. 28, 181: kappa z / u* dU/dz = phi_m(z / L).
    expected, _ = quad(shear, 0.05, height, args=(length,))
    assert turb.profile(height, 0.05, length) == pytest.approx(expected, rel=1e-6)


def test_stable_air_has_the_stronger_shear() -> None:
    def growth(length: float) -> float:
        return float(turb.profile(10.0, 0.05, length) / turb.profile(2.0, 0.05, length))

    # 5.2983 + 4.7 * 9.95 / 30 over 3.6889 + 4.7 * 1.95 / 30
    assert growth(30.0) == pytest.approx(1.71670, rel=1e-4)
    assert growth(30.0) > growth(turb.NEUTRAL) > growth(-30.0)


def test_friction_velocity_of_a_neutral_wind() -> None:
    u_star = turb.friction_velocity(np.array([5.0]), 10.0, np.array([0.1]), np.array([1e6]))
    # By hand: the natural logarithm of a hundred is 4.60517, and .4 times 5 over it .43429.
    assert u_star[0] == pytest.approx(0.43429, rel=1e-3)


def test_vertical_spread_shrinks_as_air_gets_stabler() -> None:
    spread = [
        turb.sigma_z_similarity(300.0, 0.3, 0.05, 1.0 / inverse, 1.0)[0]
        for inverse in (-0.1, -0.03, -0.005, 0.005, 0.03, 0.1)
    ]
    assert np.all(np.diff(spread) < 0)
    assert spread[0] > 3.0 * spread[-1]


@pytest.mark.parametrize("length", [-20.0, 1e6, 20.0])
def test_vertical_spread_solves_its_own_equation(length: float) -> None:
    # Venkatram et al. (2013), eqs. 24 and 25: found together with the speed at its height.
    x, u_star = 200.0, 0.25
    sigma, speed = turb.sigma_z_similarity(x, u_star, 0.05, length, 0.5)
    slope = sigma / (0.57 * u_star / speed * x)
    if length > 0:
        assert slope == pytest.approx(
            1 / (1 + 3 * u_star / speed * (x / length) ** (2 / 3)), rel=0.02
        )
    else:
        assert slope == pytest.approx(1 + 1.5 * u_star / speed * x / -length, rel=0.02)


@pytest.mark.parametrize(
    ("sigma_theta", "klass"),
    [(30.0, "A"), (20.0, "B"), (15.0, "C"), (10.0, "D"), (5.0, "E"), (2.0, "F")],
)
def test_classes_by_the_unrest_of_the_wind(sigma_theta: float, klass: str) -> None:
    # US EPA (2000), EPA-454/R-99-005, table 6-8a.
    assert "ABCDEF"[turb.stability_class(sigma_theta, 2.0)] == klass


@pytest.mark.parametrize("sigma_theta", [2.0, 10.0, 30.0])
def test_strong_wind_is_neutral(sigma_theta: float) -> None:
    assert "ABCDEF"[turb.stability_class(sigma_theta, 8.0)] == "D"


def test_longer_averages_are_wider() -> None:
    assert turb.averaging_factor(600.0) == pytest.approx(1.0)
    # Six to the power of a fifth.
    assert turb.averaging_factor(3600.0) == pytest.approx(1.43097, rel=1e-4)
    assert turb.averaging_factor(60.0) == pytest.approx(0.63096, rel=1e-4)


def test_lateral_spread_has_a_floor_in_light_wind() -> None:
    calm = turb.lateral_spread(0.01, 20.0, 200.0, 0.5)
    # .2 m/s of meander in half a metre per second
    assert calm == pytest.approx(0.4)
    windy = turb.lateral_spread(0.3, math.inf, 800.0, 5.0)
    assert windy == pytest.approx(0.114)
    assert turb.lateral_spread(0.3, -10.0, 1000.0, 5.0) > 2.0 * windy
