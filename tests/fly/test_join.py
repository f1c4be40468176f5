import numpy as np
import pytest
from pyproj import Geod

from barlovento.errors import BadInput, UsageError
from barlovento.fly.survey import join_frames, read_survey

BOX = "x_m = [-100, 100]\ny_m = [-100, 100]"


def geographic(survey, lon: float, lat: float, **changes):
    text = (
        "time,longitude,latitude,z,longitude2,latitude2,z2,concentration\n"
        f"2026-05-04T10:01:00Z,{lon},{lat},2,,,,1.5\n"
        f"2026-05-04T10:02:00Z,{lon + 0.001},{lat},2,{lon},{lat + 0.001},2,2.5\n"
    )
    box = f"longitude = [{lon - 0.01}, {lon + 0.01}]\nlatitude = [{lat - 0.01}, {lat + 0.01}]"
    return read_survey(
        survey(('"local"', '"geographic"'), (BOX, box), observations=text, **changes)
    )


def test_geographic_surveys_join_by_position(survey):
    first, second = geographic(survey, -3.7, 40.4), geographic(survey, -3.69, 40.41)
    a, b = join_frames([first, second])
    assert a is first
    assert b.frame == first.frame
    # Distance between the first readings of both, by geodesic on the ellipsoid.
    true = Geod(ellps="WGS84").inv(-3.7, 40.4, -3.69, 40.41)[2]
    between = np.hypot(
        b.observations.x[0] - a.observations.x[0], b.observations.y[0] - a.observations.y[0]
    )
    assert between == pytest.approx(true, abs=1e-3)
    # Paths keep their length to a millimetre, points stay points.
    old, new = second.observations, b.observations
    assert np.hypot(new.x2[1] - new.x[1], new.y2[1] - new.y[1]) == pytest.approx(
        np.hypot(old.x2[1] - old.x[1], old.y2[1] - old.y[1]), abs=1e-3
    )
    assert np.isnan(new.x2[0])
    # The box moved with it.
    assert b.search.x[0] == pytest.approx(second.search.x[0] + 848.7, abs=2)
    assert b.search.y[0] == pytest.approx(second.search.y[0] + 1110.4, abs=2)
    np.testing.assert_array_equal(new.concentration, old.concentration)
    assert b.digest == second.digest


def test_one_survey_stays_as_it_is(survey):
    only = read_survey(survey())
    assert join_frames([only])[0] is only


def local(survey, frame, title="one"):
    edits = [("A small survey", title)]
    if frame:
        edits.append(('position = "local"', f'position = "local"\nframe = "{frame}"'))
    return read_survey(survey(*edits))


def test_local_surveys_join_by_the_name_of_their_axes(survey):
    surveys = [local(survey, "yard", "one"), local(survey, "yard", "two")]
    joined = join_frames(surveys)
    assert [s.title for s in joined] == ["one", "two"]
    np.testing.assert_array_equal(joined[1].observations.x, surveys[1].observations.x)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (("yard", "field"), "different axes: 'field' and 'yard'"),
        (("yard", ""), 'same frame = "..."'),
        (("", ""), 'same frame = "..."'),
    ],
)
def test_local_surveys_with_other_axes_do_not_join(survey, frames, words):
    surveys = [local(survey, frame, str(i)) for i, frame in enumerate(frames)]
    with pytest.raises(BadInput, match=words):
        join_frames(surveys)


def test_local_and_geographic_do_not_join(survey):
    with pytest.raises(BadInput, match="Give all of them in longitude and latitude"):
        join_frames([local(survey, "yard"), geographic(survey, -3.7, 40.4)])


def test_different_gases_do_not_join(survey):
    other = read_survey(survey(("methane", "ammonia")))
    with pytest.raises(BadInput, match="methane and ammonia"):
        join_frames([read_survey(survey()), other])


def test_one_survey_twice_does_not_join(survey):
    folder = survey(('position = "local"', 'position = "local"\nframe = "yard"'))
    with pytest.raises(BadInput, match="named twice"):
        join_frames([read_survey(folder), read_survey(folder)])


def test_far_places_do_not_join(survey):
    with pytest.raises(BadInput, match="from the first"):
        join_frames([geographic(survey, -3.7, 40.4), geographic(survey, 2.1, 41.4)])


def test_no_survey():
    with pytest.raises(UsageError):
        join_frames([])
