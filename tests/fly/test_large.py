"""Large files are read in bounded memory."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

ROWS = 1_000_000
# The peak of this program's own memory: ru_maxrss also counts the parent's, up to the exec.
READ = """
import sys
from pathlib import Path
from barlovento.fly.survey import read_survey
survey = read_survey(sys.argv[1])
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(len(survey.observations), int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_million_rows_stay_within_their_columns(survey):
    head = survey.observations.splitlines(keepends=True)
    # Ten sensors a second; the wind record covers them all in rows of an hour.
    begin = datetime(2026, 5, 4, 10, tzinfo=UTC)
    stamps = ((begin + timedelta(seconds=i // 10)).strftime("%FT%TZ") for i in range(ROWS))
    rows = (
        f"{stamp},s{i % 10},{i % 500},{i % 300},1.5,{1 + i % 997 / 1000}\n"
        for i, stamp in enumerate(stamps)
    )
    hours = [
        f"2026-05-{4 + h // 24:02d}T{h % 24:02d}:00:00Z,3,200,290,101000" for h in range(9, 48)
    ]
    folder = survey(
        observations=head[0],
        meteorology="time,wind_speed,wind_from_direction,temperature,pressure\n" + "\n".join(hours),
    )
    with (folder / "observations.csv").open("a") as file:
        file.writelines(rows)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, megabytes = map(int, done.stdout.split())
    assert count == ROWS
    # Ten columns of eight bytes are 80 MB; each stage may hold them once more.
    assert megabytes < 500
