import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barlovento.domain.species import _COMMON, _check_digit_holds, find_species
from barlovento.errors import BadInput

# IUPAC abridged standard atomic weights, 2021.
H, C, N, O, S, F, CL = 1.008, 12.011, 14.007, 15.999, 32.06, 18.998, 35.45  # noqa: E741


@pytest.mark.parametrize(
    ("name", "grams"),
    [
        ("methane", C + 4 * H),
        ("sulfur dioxide", S + 2 * O),
        ("carbon dioxide", C + 2 * O),
        ("carbon monoxide", C + O),
        ("ammonia", N + 3 * H),
        ("acetone", 3 * C + 6 * H + O),
        ("toluene", 7 * C + 8 * H),
        ("sulfur hexafluoride", S + 6 * F),
        ("hydrogen chloride", H + CL),
        ("nitrous oxide", 2 * N + O),
    ],
)
def test_molar_mass_is_the_sum_of_the_atoms(name, grams):
    assert find_species(name).molar_mass * 1000 == pytest.approx(grams, rel=3e-4)


@pytest.mark.parametrize("row", _COMMON, ids=lambda row: row[0])
def test_built_in_gases_agree_with_the_package(row):
    from chemicals.identifiers import get_pubchem_db

    name, cas, grams, others = row
    entry = get_pubchem_db().search_CAS(int(cas.replace("-", "")))
    assert grams == pytest.approx(entry.MW, rel=1e-5)
    assert entry.CASs == cas
    for other in (name, *others):
        assert find_species(other).cas == cas


@pytest.mark.parametrize("name", ["Methane", "METHANE", " methane ", "74-82-8", "CH4"])
def test_case_space_and_number_do_not_matter(name):
    assert find_species(name).name == "methane"


def test_carbon_monoxide_is_not_read_as_a_structure_formula():
    # "CO" is methanol in SMILES.
    assert find_species("CO").cas == "630-08-0"


@pytest.mark.parametrize(
    ("name", "cas", "grams"),
    # Molar masses from the CRC handbook.
    [
        ("hexane", "110-54-3", 86.18),
        ("1333-74-0", "1333-74-0", 2.016),
        ("Isopropanol", "67-63-0", 60.10),
    ],
)
def test_uncommon_gases_come_from_the_package(name, cas, grams):
    species = find_species(name)
    assert species.cas == cas
    assert species.molar_mass * 1000 == pytest.approx(grams, abs=0.01)


def test_a_wrong_check_digit_is_refused():
    with pytest.raises(BadInput, match="check digit"):
        find_species("74-82-9")


def test_a_number_that_nobody_carries_is_refused():
    # 9999999-99-4 has a right check digit (see the sum below) and no substance.
    assert sum(i * 9 for i in range(1, 10)) % 10 == 5
    with pytest.raises(BadInput, match="No gas"):
        find_species("9999999-99-5")


@pytest.mark.parametrize(
    ("name", "like"), [("metane", "methane"), ("sulfur dioxid", "sulfur dioxide")]
)
def test_a_misspelt_name_is_met_with_a_suggestion(name, like):
    with pytest.raises(BadInput, match=f"Did you mean.*{like}"):
        find_species(name)


@pytest.mark.parametrize("name", ["", "   ", "qzxvwk"])
def test_no_name_at_all(name):
    with pytest.raises(BadInput, match="74-82-8"):
        find_species(name)


@given(st.integers(10, 9_999_999), st.integers(0, 99))
def test_exactly_one_check_digit_holds(first, second):
    body = f"{first}{second:02d}"
    assert sum(_check_digit_holds(f"{body}{digit}") for digit in range(10)) == 1


def test_common_gases_do_not_load_the_package():
    code = (
        "import sys; from barlovento.domain.species import find_species; "
        "find_species('methane'); assert 'chemicals' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
