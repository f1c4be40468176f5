"""Classes from rates: laws that hold whatever the table's numbers are, and plain cases."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.assess.classes import shipped_table
from barlovento.assess.classify import classify, explain, verdict
from barlovento.assess.told import unmeasured
from barlovento.domain.emitter import (
    BACKGROUND,
    OTHER_REGISTERED,
    UNEXPLAINED,
    Geometry,
    RateEstimate,
    Registered,
)
from barlovento.errors import BadInput

METHOD = Path(__file__).resolve().parents[2] / "docs" / "method" / "what-is-it.md"
PANEL = (
    "benzene", "toluene", "xylenes", "hexane", "ethyl acetate", "tetrachloroethene", "ammonia",
    "methane", "carbon monoxide", "acetonitrile", "nitrogen dioxide", "acetone",
    "dichloromethane", "2-butanone",
)  # fmt: skip


def found(grams: float, factor: float = 1.8, probability: float = 1.0) -> RateEstimate:
    rate = grams * 1e-3
    return RateEstimate(
        detected=True,
        median=rate,
        q05=rate / factor,
        q95=rate * factor,
        probability=probability,
        limit=5e-6,
    )


def unseen(grams: float = 0.005) -> RateEstimate:
    return RateEstimate(detected=False, limit=grams * 1e-3)


def flight(**grams: float) -> dict[str, RateEstimate]:
    """All of the panel, of which the named gases were found at so many g/s."""
    rates = {gas: unseen() for gas in PANEL}
    return {**rates, **{gas.replace("_", " "): found(rate) for gas, rate in grams.items()}}


def existing(probabilities: Mapping[str, float]) -> dict[str, float]:
    """The same, given that there is a source."""
    left = 1 - probabilities[BACKGROUND]
    return {name: p / left for name, p in probabilities.items() if name != BACKGROUND}


PLAIN = {
    "fuel_station": flight(benzene=0.006, toluene=0.015, xylenes=0.012, hexane=0.04),
    "paint_shop": flight(xylenes=0.1, ethyl_acetate=0.1),
    "dry_cleaner": flight(tetrachloroethene=0.02),
    "livestock": flight(ammonia=0.2, methane=0.5),
    "landfill": flight(methane=30.0),
    "burning": flight(carbon_monoxide=0.3, acetonitrile=0.008),
    "traffic": flight(carbon_monoxide=1.0, nitrogen_dioxide=0.3, toluene=0.025, benzene=0.01),
}


@pytest.mark.parametrize("name", PLAIN)
def test_each_class_is_known_by_its_signs(name: str) -> None:
    told = explain(PLAIN[name])
    assert told.verdict == name
    assert told.probabilities[name] > 0.9


def test_gases_that_no_class_gives_off_together_are_unexplained() -> None:
    told = explain(flight(acetone=0.1, dichloromethane=0.1))
    assert told.verdict == UNEXPLAINED


def test_a_mix_that_a_class_gives_off_is_not_unexplained() -> None:
    # What can't be told apart is not reported, whoever runs it.
    assert classify(flight(xylenes=0.05, ethyl_acetate=0.05))[UNEXPLAINED] < 0.1


def test_no_source_where_nothing_was_found() -> None:
    told = explain({gas: unseen() for gas in PANEL})
    assert told.verdict == BACKGROUND
    assert told.probabilities[BACKGROUND] > 0.9


def test_what_was_not_measured_leaves_the_prior() -> None:
    told = explain({})
    assert dict(told.probabilities) == pytest.approx(dict(told.prior))
    blind = explain({gas: RateEstimate(detected=False) for gas in PANEL})
    assert dict(blind.probabilities) == pytest.approx(dict(told.prior), abs=1e-6)


def test_an_answer_that_only_repeats_its_prior_says_nothing() -> None:
    """Half-believed, and as broad as the prior it was inferred with."""
    median, gsd = 1e-3, 10.0
    echo = RateEstimate(
        detected=True,
        median=median,
        q05=median * gsd**-1.645,
        q95=median * gsd**1.645,
        probability=0.5,
        prior_median=median,
        prior_gsd=gsd,
        # Nothing so weak as this grid holds would have been seen: the limit says nothing either.
        limit=1e6,
    )
    with_echo = existing(classify({**flight(xylenes=0.1), "acetone": echo}))
    without = existing(
        classify({gas: rate for gas, rate in flight(xylenes=0.1).items() if gas != "acetone"})
    )
    assert with_echo == pytest.approx(without, abs=0.02)


def test_certainty_fades_with_the_readings() -> None:
    sharp = existing(classify(PLAIN["fuel_station"]))
    blurred = {
        gas: RateEstimate(
            detected=True,
            median=rate.median,
            q05=(rate.median or 0) / 50,
            q95=(rate.median or 0) * 50,
            probability=0.6,
        )
        if rate.detected
        else unseen(1.0)
        for gas, rate in PLAIN["fuel_station"].items()
    }
    dull = existing(classify(blurred))
    assert entropy(sharp) < 0.5 * entropy(dull)


def entropy(probabilities: Mapping[str, float]) -> float:
    return -sum(p * math.log(p) for p in probabilities.values() if p > 0)


def test_every_gas_is_alike_to_the_unexplained() -> None:
    """No class names these gases, so that any of them must give the same answer."""
    answers = [
        classify({**flight(), gas: found(0.08)})
        for gas in ("acetone", "dichloromethane", "2-butanone")
    ]
    assert answers[0] == pytest.approx(answers[1])
    assert answers[0] == pytest.approx(answers[2])


def test_the_table_says_nothing_of_hidden_sites() -> None:
    text = resources.files("barlovento.assess").joinpath("classes.toml").read_text("utf-8")
    document = tomllib.loads(text)
    assert {one["name"] for one in document["class"]} == set(PLAIN)
    gases = {gas for group in document["groups"].values() for gas in group}
    about_unexplained = {
        key: value
        for key, value in document["assumptions"].items()
        if key.startswith(("unexplained", "any_share", "number_of"))
    }
    assert all(str(value) not in gases for value in about_unexplained.values())


def test_toluene_over_benzene_tells_traffic() -> None:
    def odds(toluene: float) -> float:
        gases = flight(carbon_monoxide=1.0, toluene=toluene, benzene=0.02)
        traffic = existing(classify(gases))["traffic"]
        return traffic / (1 - traffic)

    assert odds(0.05) > 4 * odds(0.4)
    assert odds(0.05) > 4 * odds(0.006)


def test_weaker_limits_say_less() -> None:
    def paint(limit: float) -> float:
        gases = {**flight(xylenes=0.1), "ethyl acetate": unseen(limit)}
        return existing(classify(gases))["paint_shop"]

    # A paint shop whose esters would have been seen, and were not, is less of one.
    assert paint(0.002) < paint(0.02) < paint(0.2)


@given(
    rates=st.dictionaries(
        st.sampled_from(PANEL),
        st.tuples(st.booleans(), st.floats(1e-4, 50.0), st.floats(1.05, 20.0), st.floats(0, 1)),
        max_size=8,
    ),
    hour=st.one_of(st.none(), st.floats(0, 24)),
    known=st.lists(
        st.tuples(st.sampled_from([*PLAIN, "works"]), st.floats(0, 5000), st.floats(5, 200)),
        max_size=3,
    ),
)
@settings(max_examples=40, deadline=None)
def test_probabilities_sum_to_one(
    rates: dict[str, tuple[bool, float, float, float]],
    hour: float | None,
    known: list[tuple[str, float, float]],
) -> None:
    told = classify(
        {
            gas: found(grams, factor, p) if detected else unseen(grams)
            for gas, (detected, grams, factor, p) in rates.items()
        },
        Geometry(),
        hour,
        None,
        [Registered(kind=kind, distance=d, sigma=s) for kind, d, s in known],
    )
    assert sum(told.values()) == pytest.approx(1)
    assert all(0 <= p <= 1 for p in told.values())


# ---------------------------------------------------------------- shape, time, register


def test_a_line_speaks_for_traffic_and_an_area_for_livestock() -> None:
    gases = {"carbon monoxide": found(0.5), "ammonia": found(0.2)}
    plain = classify(gases)
    line = classify(gases, Geometry(kind="line"))
    area = classify(gases, Geometry(kind="area", extent=80.0))
    assert line["traffic"] > plain["traffic"]
    assert area["livestock"] > plain["livestock"] > line["livestock"]


def test_a_paint_shop_at_night_is_less_probable() -> None:
    gases = PLAIN["paint_shop"]
    noon, night = classify(gases, local_hour=12.0), classify(gases, local_hour=3.0)
    sunday = classify(gases, local_hour=12.0, weekday=6)
    assert night["paint_shop"] < noon["paint_shop"]
    assert sunday["paint_shop"] == pytest.approx(night["paint_shop"])
    assert noon == pytest.approx(classify(gases))


def test_a_registered_emitter_explains_what_lies_on_it() -> None:
    gases = {"toluene": found(0.05)}
    nothing = classify(gases)
    near = classify(
        gases, distance_to_registered=[Registered(kind="fuel_station", distance=20, sigma=25)]
    )
    far = classify(
        gases, distance_to_registered=[Registered(kind="fuel_station", distance=3000, sigma=25)]
    )
    assert near["fuel_station"] > 0.8
    # A register that holds fuel stations, and none here: less probably one.
    assert far["fuel_station"] < nothing["fuel_station"]


def test_kinds_are_read_as_people_write_them() -> None:
    answers = [
        classify(
            {"toluene": found(0.05)},
            distance_to_registered=[Registered(kind=kind, distance=20, sigma=25)],
        )
        for kind in ("fuel_station", "Fuel station", "fuel-station")
    ]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("rate", [1e-300, 1e-14, 1e6, 1e300])
def test_absurd_rates_still_give_probabilities(rate: float) -> None:
    told = classify(
        {
            "toluene": RateEstimate(detected=True, median=rate, q05=rate, q95=rate),
            "benzene": RateEstimate(detected=False, limit=rate),
        }
    )
    assert sum(told.values()) == pytest.approx(1)


def test_a_registered_works_of_another_kind_explains_anything() -> None:
    gases = flight(acetone=0.1, dichloromethane=0.1)
    told = explain(gases, distance_to_registered=[Registered(kind="works", distance=10, sigma=30)])
    assert told.verdict == OTHER_REGISTERED
    assert told.probabilities[UNEXPLAINED] < 0.1


@given(distance=st.floats(0, 400), sigma=st.floats(10, 100))
@settings(max_examples=25, deadline=None)
def test_nearer_never_explains_less(distance: float, sigma: float) -> None:
    def fuel(metres: float) -> float:
        known = [Registered(kind="fuel_station", distance=metres, sigma=sigma)]
        return classify({"toluene": found(0.05)}, distance_to_registered=known)["fuel_station"]

    assert fuel(distance) >= fuel(distance + 50) - 1e-12


# ---------------------------------------------------------------- prior, verdict, reasons


def test_a_given_prior_leaves_the_rest_in_proportion() -> None:
    told = classify({}, prior={UNEXPLAINED: 0.01})
    assert told[UNEXPLAINED] == pytest.approx(0.01)
    assert told["traffic"] / told[BACKGROUND] == pytest.approx(
        classify({})["traffic"] / classify({})[BACKGROUND]
    )


def test_a_rarer_unexplained_is_reported_less() -> None:
    gases = flight(acetone=0.05, toluene=0.03)
    usual, rare = classify(gases), classify(gases, prior={UNEXPLAINED: 0.001})
    assert rare[UNEXPLAINED] < 0.3 * usual[UNEXPLAINED]


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        ({UNEXPLAINED: 0.91, "traffic": 0.09, BACKGROUND: 0.0}, UNEXPLAINED),
        # More probable than all else together, and yet not reported.
        ({UNEXPLAINED: 0.89, "traffic": 0.11, BACKGROUND: 0.0}, "undecided"),
        ({UNEXPLAINED: 0.3, "traffic": 0.6, BACKGROUND: 0.1}, "traffic"),
        ({UNEXPLAINED: 0.3, "traffic": 0.1, BACKGROUND: 0.6}, BACKGROUND),
        ({UNEXPLAINED: 0.3, "traffic": 0.4, BACKGROUND: 0.3}, "undecided"),
    ],
)
def test_the_rule_of_what_is_reported(probabilities: dict[str, float], said: str) -> None:
    assert verdict(probabilities) == said


def test_reasons_name_what_spoke() -> None:
    told = explain(PLAIN["dry_cleaner"])
    spoke = told.evidence["dry_cleaner"]
    assert max(spoke, key=spoke.__getitem__) == "tetrachloroethene"
    against = told.evidence["landfill"]
    assert min(against, key=against.__getitem__) in {"methane", "tetrachloroethene"}


def test_ratios_are_told_beside_what_a_class_expects() -> None:
    told = explain({"toluene": found(0.05), "benzene": found(0.02), "acetone": unseen()})
    ratio = {one.species: one for one in told.ratios}
    assert ratio["benzene"].reference == "toluene"
    assert ratio["benzene"].found[1] == pytest.approx(0.4)
    low, high = ratio["benzene"].expected["traffic"]
    assert low < 1 / 3 < 1 / 2 < high
    assert ratio["acetone"].censored
    assert ratio["acetone"].found[2] == pytest.approx(0.1)


def test_the_gas_that_would_tell_more_is_named() -> None:
    told = classify({"acetone": found(0.05)})
    missing = unmeasured(shipped_table(), told, ["acetone"])
    assert missing["burning"] == "carbon monoxide"
    assert unmeasured(shipped_table(), told, PANEL) == {}


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "call",
    [
        lambda: classify({"toluene": found(1), "Toluene": found(1)}),
        lambda: classify({"NO2": found(1), "nitrogen dioxide": found(1)}),
        lambda: classify({}, local_hour=25.0),
        lambda: classify({}, weekday=7),
        lambda: classify({}, prior={"bakery": 0.1}),
        lambda: classify({}, prior={UNEXPLAINED: 1.2}),
        lambda: classify({}, prior={BACKGROUND: 1.0}),
        lambda: Geometry(kind="round"),  # type: ignore[arg-type]
        lambda: Geometry(extent=0.0),
        lambda: Registered(kind="works", distance=-1.0, sigma=10.0),
        lambda: RateEstimate(detected=True),
        lambda: RateEstimate(detected=True, median=1.0, q05=2.0, q95=3.0),
        lambda: RateEstimate(detected=False, limit=float("nan")),
        lambda: RateEstimate(detected=False, probability=1.5),
    ],
)
def test_what_can_not_be_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(BadInput):
        call()


# ---------------------------------------------------------------- the table


def test_the_page_shows_the_tables_rates() -> None:
    """The page holds the source's table; what the program ships must agree with it."""
    rows = dict(
        re.findall(r"^\| (\w[\w ]+) \| ([^|]+) \|", METHOD.read_text("utf-8"), re.MULTILINE)
    )
    table = {one.name: one for one in shipped_table().classes}
    for name in ("fuel_station", "paint_shop", "livestock", "burning"):
        low, high = (
            float(number) for number in re.findall(r"\d*\.\d+|\d+", rows[name.replace("_", " ")])
        )
        assert table[name].rate == pytest.approx(1e-3 * math.sqrt(low * high))
    assert table["dry_cleaner"].rate == pytest.approx(2e-5)
    assert "about 0.02" in rows["dry cleaner"]
    assert "large" in rows["landfill"]
