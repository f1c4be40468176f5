"""`upload` and `fly monitor` with a workspace: the log decides what is sent and flown."""

from __future__ import annotations

import json
import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from autopilot_ground import pilot
from flat_sortie import GROUND, HOME, NORTH, flat_plan
from lossy_line import LossyLine
from permission_path import START, Run, asked
from pymavlink.dialects.v20 import common as mavlink

from barlovento import monitoring, uploading
from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.autopilot.f450 import Motion
from barlovento.adapters.autopilot.pilot import Pilot
from barlovento.adapters.autopilot.receiver import Receiver
from barlovento.adapters.autopilot.stages import Stage
from barlovento.adapters.mavlink.station import Station
from barlovento.errors import BadInput, IntegrityError, PlanRefused, Refused
from barlovento.guard.weather import GoNoGo

pytestmark = pytest.mark.usefixtures("surroundings")

GO = GoNoGo(go=True, reasons=(), used=(), strongest=None)
EARLY = 120.0
"""Seconds before the plan's start at which the line's clock begins."""


@pytest.fixture(scope="module")
def cleared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a copy of the cleared workspace lies, once a test has made it."""
    return tmp_path_factory.mktemp("cleared") / "all"


@pytest.fixture
def watch(pinned: Run, cleared: Path, tmp_path: Path) -> Run:
    """A workspace in which the flat plan is cleared."""
    if cleared.exists():
        shutil.copytree(cleared, tmp_path, dirs_exist_ok=True)
        return pinned
    asked(pinned)
    assert pinned("consent", "sign", "R-1", "--by", "keys/mx.key")[0] == 0
    Path("sortie-3.geojson").write_text(json.dumps(flat_plan(START)))
    code, told = pinned("clear", "sortie-3.geojson", "--terrain", GROUND, GROUND)
    assert code == 0, told
    shutil.copytree(tmp_path, cleared)
    return pinned


class Sky:
    """An autopilot, a station and one clock for all of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
        vehicle = pilot(lon=HOME[0], lat=HOME[1], altitude=GROUND, wind=(3.0, -2.0))
        begin = START - timedelta(seconds=EARLY)
        self.line = LossyLine(Endpoint(vehicle, begin), **more)
        self.station = Station(self.line)
        for module in (uploading, monitoring):
            if hasattr(module, "now"):
                monkeypatch.setattr(module, "now", self.now)
        self.lines: list[monitoring.Status] = []
        self.step = 0.0

    @property
    def pilot(self):
        return self.line.pilot

    def now(self) -> datetime:
        return START + timedelta(seconds=self.line.time - EARLY)

    def clock(self) -> float:
        return self.now().timestamp() + self.step

    def sent(self) -> uploading.Uploaded:
        plan = uploading.cleared_plan(Path("sortie-3"))
        return uploading.upload(plan, self.station, reserve=20.0)

    def armed(self) -> uploading.Uploaded:
        done = self.sent()
        uploading.arm(done, self.station, weather=GO, clock=self.now)
        return done

    def monitor(self, done: uploading.Uploaded) -> monitoring.Monitor:
        return monitoring.Monitor(
            done, self.station, reserve=20.0, position_error=1.0, clock=self.clock
        )

    def flown(
        self,
        done: uploading.Uploaded,
        *,
        at: float = 25.0,
        deed: Callable[[], None] = lambda: None,
        home: bool = False,
        until: float = 200.0,
    ) -> monitoring.Ended:
        """Watch it to its end; something happens some seconds after the plan's start."""
        due = [EARLY + at]

        def stop() -> bool:
            if due and self.line.time >= due[0]:
                due.clear()
                deed()
            # How it comes home is looked at once; elsewhere it is enough that it does.
            turned = not home and any(status.returning for status in self.lines[-1:])
            gone = self.line.cut and not self.pilot.armed
            return turned or gone or self.line.time > EARLY + until

        return self.monitor(done).run(tell=self.lines.append, stop=stop)


@pytest.fixture
def sky(watch: Run, monkeypatch: pytest.MonkeyPatch) -> Sky:
    return Sky(monkeypatch)


# ---------------------------------------------------------------- what counts as cleared


def test_a_plan_that_was_never_cleared_or_was_edited_is_refused(watch: Run) -> None:
    Path("new.geojson").write_text(json.dumps(flat_plan(START, id="sortie-9")))
    with pytest.raises(Refused, match="never cleared"):
        uploading.cleared_plan(Path("new"))
    Path("sortie-3.geojson").write_text(json.dumps(flat_plan(START, return_speed_m_s=6)))
    with pytest.raises(Refused, match="edited"):
        uploading.cleared_plan(Path("sortie-3"))
    with pytest.raises(BadInput, match="no plan"):
        uploading.cleared_plan(Path("sortie-4"))


def test_zones_taken_in_after_the_clearance_ask_for_another(watch: Run) -> None:
    park = "AC P\nAN PARK\nAL GND\nAH UNL\nV X=24:58:05 N 107:23:53 W\nDC 0.05\n"
    Path("park.openair").write_text(park)
    assert watch("zones", "import", "park.openair", "--country", "MX")[0] == 0
    with pytest.raises(Refused, match="Clear it again"):
        uploading.cleared_plan(Path("sortie-3"))


def test_a_consent_that_is_withdrawn_or_over_ends_the_clearance(
    watch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = START + timedelta(days=2)
    with monkeypatch.context() as patch:
        patch.setattr(uploading, "now", lambda: late)
        with pytest.raises(PlanRefused, match="living"):
            uploading.cleared_plan(Path("sortie-3"))
    withdraw(watch)
    with pytest.raises(PlanRefused, match="Withdrawn"):
        uploading.cleared_plan(Path("sortie-3"))
    # One that flies already is watched all the same.
    under_way = uploading.cleared_plan(Path("sortie-3"), flying=True)
    assert "withdrawn" in uploading.consents_gone(under_way)


def withdraw(run: Run) -> None:
    _, listed = run("consent", "list")
    (consent,) = listed["living"]
    name = str(consent["id"])
    assert run("consent", "revoke", name, "--by", "keys/mx.key", "--reason", "recalled")[0] == 0


# ---------------------------------------------------------------- flown


def test_a_sortie_is_sent_armed_at_its_start_and_watched_home(sky: Sky, watch: Run) -> None:
    done = sky.armed()
    assert abs(sky.line.time - EARLY) < 2.0
    ended = sky.flown(done)
    assert (ended.why, ended.order, ended.outside) == ("landed", "go on", 0)
    flying = [status for status in sky.lines if status.flying]
    assert {status.verdict for status in flying} == {"inside"}
    assert min(status.edge for status in flying) > 10.0
    assert flying[-1].read_back >= 1
    reached = [(item, miss) for item, _, miss in sky.pilot.reached]
    assert [item for item, _ in reached] == [0, 2, 4, 6, 7]
    _, log = watch("audit", "log")
    assert log["kinds"]["upload"] == log["kinds"]["takeoff"] == 1


def test_no_go_a_missed_start_and_one_far_off_are_not_armed(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = sky.sent()
    no = GoNoGo(go=False, reasons=("There is no weather.",), used=(), strongest=None)
    with pytest.raises(Refused, match="There is no weather"):
        uploading.arm(done, sky.station, weather=no, clock=sky.now)
    for hours, told in ((1, "is over"), (-2, "in 2.0 h")):
        with pytest.raises(Refused, match=told):
            uploading.arm(
                done,
                sky.station,
                weather=GO,
                clock=lambda hours=hours: sky.now() + timedelta(hours=hours),
            )
    assert sky.line.armed_on == []


def test_a_consent_recalled_in_flight_brings_it_home(sky: Sky, watch: Run) -> None:
    ended = sky.flown(sky.armed(), deed=lambda: withdraw(watch), home=True)
    assert (ended.why, ended.order) == ("landed", "return")
    assert "consent" in ended.kinds
    assert ended.outside == 0, "the way home was cleared, too"


def test_a_consent_recalled_before_the_start_keeps_it_down(sky: Sky, watch: Run) -> None:
    done = sky.sent()
    withdraw(watch)
    with pytest.raises(Refused, match="not armed"):
        uploading.arm(done, sky.station, weather=GO, clock=sky.now)
    assert sky.line.armed_on == []


def test_another_mission_in_flight_brings_it_home(sky: Sky) -> None:
    def meddle() -> None:
        sky.pilot.mission = (*sky.pilot.mission[:-1], replace(sky.pilot.mission[4], height=60.0))

    ended = sky.flown(sky.armed(), deed=meddle)
    assert (ended.order, "mission" in ended.kinds) == ("return", True)


def test_leaving_the_volume_brings_it_home(sky: Sky, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its own fence does not help it.
    monkeypatch.setattr(Pilot, "_keep_safe", lambda _pilot: None)

    def astray() -> None:
        # It flies where nobody sent it.
        sky.pilot._stages = deque([Stage("go", (50.0, -200.0, 30.0))])
        sky.pilot._line = None

    ended = sky.flown(sky.armed(), deed=astray)
    assert ended.order == "return"
    assert ended.outside > 0
    assert ended.kinds == ("breach",)
    assert min(status.edge for status in sky.lines) < 0


def test_a_place_that_jumps_makes_it_hold(sky: Sky, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Receiver.measured
    shift = [0.0]

    def measured(self: Receiver, motion: Motion) -> Motion:
        found = real(self, motion)
        return found._replace(x=found.x + shift[0])

    monkeypatch.setattr(Receiver, "measured", measured)

    monkeypatch.setattr(Pilot, "_keep_safe", lambda _pilot: None)

    def jump() -> None:
        shift[0] = 60.0

    ended = sky.flown(sky.armed(), deed=jump)
    assert "place" in ended.kinds
    orders = [status.order for status in sky.lines]
    assert "hold" in orders[orders.index("go on") :]
    assert ended.order != "go on"


def test_a_clock_that_is_set_changes_nothing_but_is_told(sky: Sky) -> None:
    def set_clock() -> None:
        sky.step = 3600.0

    ended = sky.flown(sky.armed(), deed=set_clock, until=40.0)
    assert (ended.order, ended.outside) == ("go on", 0)
    assert ended.kinds == ("clock",)


def test_a_low_battery_brings_it_home(sky: Sky) -> None:
    def drain() -> None:
        sky.pilot.settings = replace(sky.pilot.settings, battery_low=0.0)
        sky.pilot.energy = 0.3 * sky.pilot.full

    ended = sky.flown(sky.armed(), deed=drain)
    assert ended.order == "return"
    assert "battery" in ended.kinds


def test_a_lost_link_lets_it_come_home_by_itself(sky: Sky) -> None:
    def cut() -> None:
        sky.line.cut = True

    ended = sky.flown(sky.armed(), deed=cut)
    assert ended.why == "left"
    assert "link lost" in ended.kinds
    assert not sky.pilot.armed
    assert abs(sky.pilot.motion.x) < 3.0, "at home"


def test_an_intruder_makes_it_hold_and_its_time_then_brings_it_home(sky: Sky) -> None:
    codec = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)

    def near() -> None:
        here = sky.pilot.aircraft.geographic()
        message = mavlink.MAVLink_adsb_vehicle_message(
            0xABCDEF,
            round((here[1] + 2000 / NORTH) * 1e7),
            round(here[0] * 1e7),
            0,
            round((GROUND + 60) * 1e3),
            18_000,
            4_000,
            0,
            b"N123",
            0,
            0,
            31,
            0,
        )
        sky.line._put(bytes(message.pack(codec)), up=False)

    ended = sky.flown(sky.armed(), deed=near)
    assert ended.order == "return"
    assert "hold" in {status.order for status in sky.lines}
    assert {"intruder", "time"} <= set(ended.kinds)
    assert ended.outside == 0


def test_what_was_sent_can_be_watched_by_another_process(sky: Sky) -> None:
    done = sky.armed()
    again = uploading.resume(done.plan, sky.station, reserve=20.0)
    assert again.loaded == done.loaded


def test_a_log_that_cannot_be_read_or_written_counts_as_no_and_ends_no_watch(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = sky.monitor(sky.sent())

    def broken(*_given: Any, **_more: Any) -> None:
        raise IntegrityError("An entry was changed.")

    monkeypatch.setattr(monitoring, "consents_gone", broken)
    monkeypatch.setattr(monitoring, "record", broken)
    status = watched.turn()
    assert [finding.kind for finding in status.findings if finding.kind == "consent"]
    ended = watched.run(tell=sky.lines.append, stop=lambda: True)
    assert (ended.index, "log" in ended.kinds) == (None, True)


# ---------------------------------------------------------------- the command line


def test_the_command_line_refuses_with_its_reasons(watch: Run) -> None:
    for address, told in (("udp:drone.example:1", "is a name"), ("14540", "no address")):
        code, done = watch("upload", "sortie-3", address, "--reserve", "20")
        assert (code, told in done["error"]) == (1, True)
    code, done = watch("upload", "sortie-3", "udp:14540", "--reserve", "20", "--arm")
    assert (code, "--min-visibility" in done["error"]) == (1, True)
    Path("sortie-3.geojson").write_text(json.dumps(flat_plan(START, return_speed_m_s=6)))
    code, done = watch("upload", "sortie-3", "udp:14540", "--reserve", "20")
    assert (code, "edited" in done["error"]) == (3, True)


def test_the_weather_of_a_sortie_is_told_with_every_reason(
    watch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from barlovento import flight_weather

    moment = START - timedelta(minutes=10)
    monkeypatch.setattr(flight_weather, "now", lambda: moment)
    limits = ("--craft", "f450", "--min-visibility", "5000", "--min-cloud-base", "300")
    report = f"METAR MMCL {moment:%d%H%M}Z 27006KT 9999 FEW040 24/12 A2992"
    Path("now.txt").write_text(report)
    code, done = watch("fly", "weather", "sortie-3", "--metar", "now.txt", *limits)
    assert (code, done["go"]) == (0, True)
    Path("now.txt").write_text(report.replace("27006KT 9999", "27030G40KT 2000"))
    code, done = watch("fly", "weather", "sortie-3", "--metar", "now.txt", *limits)
    assert (code, done["go"], len(done["reasons"])) == (3, False, 3)
    code, done = watch("fly", "weather", "sortie-3", *limits)
    assert (code, done["reasons"]) == (3, ["There is no weather. Give --metar or --grib."])
