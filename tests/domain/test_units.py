import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barlovento.domain.units import (
    CONCENTRATION_UNITS,
    air_density_of_species,
    logger_unit,
    parse_unit,
    to_mass_concentration,
)
from barlovento.errors import BadInput

METHANE = 0.01604246


def test_one_ppm_of_methane_at_standard_conditions_is_the_handbook_value():
    # Molar volume of an ideal gas at 273.15 K and 101325 Pa is 22.414 L/mol (CODATA), so
    # 1 ppm is 16.0425 g/mol / 22.414 L/mol * 1e-6 = 0.7157 mg/m3.
    value = to_mass_concentration(
        1.0, parse_unit("ppm"), molar_mass=METHANE, temperature=273.15, pressure=101325.0
    )
    assert float(value) == pytest.approx(16.04246 / 22.413969 * 1e-6, rel=1e-6)
    assert float(value) * 1e6 == pytest.approx(0.7158, abs=2e-4)


def test_sulfur_dioxide_at_25_degrees_is_the_air_quality_handbook_value():
    # WHO and EPA tables: 1 ppb of SO2 is 2.62 ug/m3 at 25 degC and 1 atm (24.45 L/mol).
    value = to_mass_concentration(
        1.0, parse_unit("ppb"), molar_mass=0.064066, temperature=298.15, pressure=101325.0
    )
    assert float(value) * 1e9 == pytest.approx(2.62, abs=0.005)


@pytest.mark.parametrize(
    ("unit", "kg_per_m3"),
    [("kg m-3", 1.0), ("g m-3", 1e-3), ("mg m-3", 1e-6), ("ug m-3", 1e-9), ("ng m-3", 1e-12)],
)
def test_masses_need_no_air(unit, kg_per_m3):
    assert float(to_mass_concentration(2.0, parse_unit(unit), molar_mass=METHANE)) == (
        pytest.approx(2 * kg_per_m3)
    )


@pytest.mark.parametrize(
    ("small", "large", "ratio"), [("ppt", "ppb", 1e3), ("ppb", "ppm", 1e3), ("ppm", "%", 1e4)]
)
def test_mole_fractions_are_powers_of_ten_apart(small, large, ratio):
    air = {"molar_mass": METHANE, "temperature": 290.0, "pressure": 9.5e4}
    a = to_mass_concentration(ratio, parse_unit(small), **air)
    b = to_mass_concentration(1.0, parse_unit(large), **air)
    assert float(a) == pytest.approx(float(b), rel=1e-12)


def test_a_path_integral_divided_by_its_length_is_the_mean():
    # 200 ppm m along 100 m is 2 ppm all along it.
    air = {"molar_mass": METHANE, "temperature": 290.0, "pressure": 9.5e4}
    along = to_mass_concentration(200.0, parse_unit("ppm m"), path_length=100.0, **air)
    mean = to_mass_concentration(2.0, parse_unit("ppm"), **air)
    assert float(along) == pytest.approx(float(mean), rel=1e-12)
    # 5 mg per square metre of beam along 50 m is 0.1 mg/m3.
    mass = to_mass_concentration(5.0, parse_unit("mg m-2"), molar_mass=METHANE, path_length=50.0)
    assert float(mass) == pytest.approx(1e-7, rel=1e-12)


@pytest.mark.parametrize("lacking", [{"temperature": 290.0}, {"pressure": 1e5}, {}])
def test_a_mole_fraction_without_air_is_refused(lacking):
    with pytest.raises(BadInput, match="no standard atmosphere"):
        to_mass_concentration(1.0, parse_unit("ppm"), molar_mass=METHANE, **lacking)


def test_a_path_integral_without_a_path_is_refused():
    with pytest.raises(BadInput, match="length"):
        to_mass_concentration(1.0, parse_unit("mg m-2"), molar_mass=METHANE)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("PPM", "ppm"),
        ("ppmv", "ppm"),
        ("ppbv", "ppb"),
        ("ppm*m", "ppm m"),
        ("ppm-m", "ppm m"),
        ("ppm·m", "ppm m"),
        ("ppb.m", "ppb m"),
        ("ppmv m", "ppm m"),
        ("µg/m3", "ug m-3"),
        ("μg/m³", "ug m-3"),
        ("ug m^-3", "ug m-3"),
        ("mg m⁻³", "mg m-3"),
        ("mg/m**3", "mg m-3"),
        ("[mg.m-3]", "mg m-3"),
        ("  mg   m-3 ", "mg m-3"),
        ("mg/m2", "mg m-2"),
        ("mg m-3 m", "mg m-2"),
        ("nmol/mol", "nmol mol-1"),
        ("umol mol-1", "umol mol-1"),
        ("percent", "%"),
        ("vol%", "%"),
        ("% vol", "%"),
    ],
)
def test_spellings(written, name):
    assert parse_unit(written).name == name


@pytest.mark.parametrize("written", ["Mg m-3", "MG/M3", "ppmm", "mg", "mg/l", "", "furlong", "m"])
def test_an_unknown_unit_is_refused_with_the_known_ones(written):
    with pytest.raises(BadInput, match="mg m-3") as caught:
        parse_unit(written)
    assert "ppm m" in str(caught.value)


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_is_refused(text):
    try:
        unit = parse_unit(text)
    except BadInput:
        return
    assert unit.name in CONCENTRATION_UNITS


@given(st.sampled_from(CONCENTRATION_UNITS))
def test_names_are_read_back_and_means_are_no_integrals(name):
    unit = parse_unit(name)
    assert unit.name == name
    assert not unit.mean.path_integral
    assert unit.mean.mole_fraction == unit.mole_fraction
    assert unit.mean.factor == unit.factor


@given(
    temperature=st.floats(200, 330),
    pressure=st.floats(4e4, 1.1e5),
    factor=st.floats(1.01, 1.5),
)
def test_warmer_air_holds_less_and_denser_air_more(temperature, pressure, factor):
    base = air_density_of_species(METHANE, temperature, pressure)
    assert float(air_density_of_species(METHANE, temperature * factor, pressure) * factor) == (
        pytest.approx(float(base), rel=1e-12)
    )
    assert float(air_density_of_species(METHANE, temperature, pressure * factor)) == (
        pytest.approx(float(base) * factor, rel=1e-12)
    )


@pytest.mark.parametrize(
    ("quantity", "unit", "value", "si"),
    [
        ("speed", "knots", 1.0, 0.514444),
        ("speed", "km/h", 36.0, 10.0),
        ("speed", "mph", 10.0, 4.4704),
        ("speed", "M S-1", 2.0, 2.0),
        ("length", "ft", 100.0, 30.48),
        ("temperature", "degC", 0.0, 273.15),
        ("temperature", "°F", 212.0, 373.15),
        ("pressure", "hPa", 1013.25, 101325.0),
        ("pressure", "mmHg", 760.0, 101325.0),
        ("pressure", "inHg", 29.921, 101325.0),
        ("angle", "rad", math.pi, 180.0),
    ],
)
def test_units_of_loggers(quantity, unit, value, si):
    factor, offset = logger_unit(quantity, unit)
    assert factor * value + offset == pytest.approx(si, rel=1e-5)


def test_an_unknown_unit_of_a_logger_is_refused():
    with pytest.raises(BadInput, match="knots"):
        logger_unit("speed", "parsec/h")


def test_arrays_keep_their_shape():
    values = np.ones((3, 2))
    assert to_mass_concentration(values, parse_unit("mg m-3"), molar_mass=METHANE).shape == (3, 2)
