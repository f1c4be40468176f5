import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.domain.geodesy import box_to_local, to_geographic, to_local
from barlovento.errors import BadInput

ORIGIN = (-3.7, 40.4)


def test_a_degree_of_latitude_has_its_length():
    # 111 132.954 - 559.822 cos 2B + 1.175 cos 4B metres about latitude B: the series for WGS 84
    # that the US National Geospatial-Intelligence Agency's calculator prints; 111 042.3 at 40.4.
    _, y = to_local([-3.7, -3.7], [39.9, 40.9], origin=ORIGIN)
    assert y[1] - y[0] == pytest.approx(111_042.3, abs=0.1)


def test_a_degree_of_longitude_at_the_equator_has_its_length():
    # 2 pi a / 360 with a = 6 378 137 m.
    x, y = to_local(1.0, 0.0, origin=(0.0, 0.0))
    assert float(x) == pytest.approx(111_319.4908, abs=1e-3)
    assert float(y) == pytest.approx(0.0, abs=1e-6)


def test_paris_is_where_it_is_from_london():
    # Vincenty's geodesic between (51.5, 0) and (48.85, 2.35) has been published many times over
    # as about 339-340 km, south-east.
    x, y = to_local(2.35, 48.85, origin=(0.0, 51.5))
    assert np.hypot(x, y) == pytest.approx(339_500, rel=3e-3)
    assert x > 0 > y


@settings(deadline=None)
@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-85, 85),
    x=st.floats(-1e5, 1e5),
    y=st.floats(-1e5, 1e5),
)
def test_there_and_back(lon, lat, x, y):
    there = to_geographic(x, y, origin=(lon, lat))
    back_x, back_y = to_local(*there, origin=(lon, lat))
    # The projection takes an angle below 1e-10 rad, .6 mm on the ground, for none.
    assert float(back_x) == pytest.approx(x, abs=1e-3)
    assert float(back_y) == pytest.approx(y, abs=1e-3)


def test_east_is_x_and_north_is_y():
    x, y = to_local([-3.69, -3.7], [40.4, 40.41], origin=ORIGIN)
    assert x[0] > 800
    assert abs(y[0]) < 1
    assert abs(x[1]) < 1
    assert y[1] > 1000


def test_the_dateline_is_no_edge():
    x, _ = to_local([179.999, -179.999], [0.0, 0.0], origin=(180.0, 0.0))
    assert x[0] == pytest.approx(-x[1])
    assert abs(x[1]) < 120


def test_absent_stays_absent():
    x, y = to_local([np.nan, -3.7], [40.4, np.nan], origin=ORIGIN)
    assert np.isnan(x).all()
    assert np.isnan(y).all()


@pytest.mark.parametrize("origin", [(0.0, 91.0), (np.nan, 0.0), (0.0, np.nan)])
def test_an_origin_off_the_earth_is_refused(origin):
    with pytest.raises(BadInput, match="no place"):
        to_local(0.0, 0.0, origin=origin)


def test_a_box_holds_all_its_corners():
    lon, lat = (-3.8, -3.6), (40.3, 40.5)
    x_range, y_range = box_to_local(lon, lat, origin=ORIGIN)
    for a in lon:
        for b in lat:
            x, y = to_local(a, b, origin=ORIGIN)
            assert x_range[0] - 1e-6 <= float(x) <= x_range[1] + 1e-6
            assert y_range[0] - 1e-6 <= float(y) <= y_range[1] + 1e-6
