"""The shell of `audit flown`: a flown track beside the plan it was cleared for, into the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barlovento.adapters.store import Store
from barlovento.errors import BadInput, Refused
from barlovento.fly.plans import read_plan
from barlovento.guard.ledger import Entry
from barlovento.permission_workspace import find, now, record

if TYPE_CHECKING:
    from barlovento.domain.track import Track
    from barlovento.guard.flown import Flown


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A flight that stands in the log.

    Parameters
    ----------
    index : int
        Its entry.
    document : dict
        What the entry holds.
    why_not : str
        Why no clearance stands behind it; empty where one does.
    """

    index: int
    document: dict[str, Any]
    why_not: str


def log_flight(
    file: Path,
    plan: Path,
    *,
    flight: Path | None = None,
    name: str | None = None,
    workspace: Path | None = None,
    timezone: str | None = None,
    position_error: float,
    terrain: tuple[float, float] | None = None,
    geoid: tuple[float, float] | None = None,
) -> Logged:
    """Compare a flown track with its plan, and put it into the log bound to its clearance.

    Parameters
    ----------
    file : Path
        What was flown: CSV, readsb JSON or raw frames.
    plan, flight : Path
        The plan, and for a .plan what it does not hold.
    name : str, optional
        Of the flight; the plan's own with its start otherwise.
    workspace : Path, optional
        Whose log is written.
    timezone : str, optional
        Zone of times that don't tell theirs.
    position_error : float
        Where the track doesn't tell its own [m].
    terrain, geoid : tuple of float, optional
        Lowest and highest ground above mean sea level, and mean sea level above the ellipsoid [m].

    Returns
    -------
    Logged
        A flight without a clearance is logged too: that is what the log is for.

    Raises
    ------
    BadInput, SurveyError
        A file can't be read, or holds no track of this aircraft.
    Refused
        A flight of that name, or that track, is in the log already.
    """
    from barlovento.fly.tracks import read_tracks
    from barlovento.guard.flown import compare

    home = find(workspace)
    route = read_plan(plan, flight=flight).route
    found = read_tracks(
        file, timezone=timezone, assumed_error=position_error, aircraft=route.aircraft
    )
    track = _of_aircraft(found.tracks, route.aircraft, file)
    begin = datetime.fromtimestamp(float(track.time[0]), UTC)
    if float(track.time[-1]) > now().timestamp():
        raise BadInput(
            f"{file}: it ends {_iso(float(track.time[-1]))}, which is yet to come. Check the clock "
            "that it was recorded with, and --timezone."
        )
    called = name or f"{route.id}@{begin:%Y%m%dT%H%M%SZ}"
    if not called or any(c.isspace() or not c.isprintable() for c in called):
        raise BadInput(f"{called!r} can't name a flight: it may hold no blanks. Give --id.")
    with Store.open(home) as store:
        _not_yet(store, called, track.digest)
        clearance, why_not = _clearance_of(store, route.digest, track)
    compared = compare(route, track, terrain=terrain, geoid=geoid)
    document = {
        "id": called,
        "plan": route.id,
        "plan_digest": route.digest,
        "clearance": clearance.index if clearance else None,
        "aircraft": route.aircraft,
        **_told(track, compared),
    }
    return Logged(index=record(home, "flight", document), document=document, why_not=why_not)


def _of_aircraft(tracks: Sequence[Track], aircraft: str, file: Path) -> Track:
    """Return the track of an aircraft, or the only one there is."""
    wanted = aircraft.strip().casefold()
    named = [
        track
        for track in tracks
        if wanted in {track.aircraft.strip().casefold(), track.callsign.strip().casefold()}
    ]
    if len(named or tracks) != 1:
        held = ", ".join(sorted({track.aircraft for track in tracks}))
        raise BadInput(
            f"{file}: it holds {len(named or tracks)} tracks ({held}) that may be {aircraft}. Cut "
            "out the one that was flown for this plan."
        )
    return (named or list(tracks))[0]


def _not_yet(store: Store, called: str, digest: str) -> None:
    for entry in store.entries("flight"):
        if entry.payload["id"] == called:
            raise Refused(
                f"A flight called {called} is in the log already, as entry {entry.index}. Give "
                "another --id."
            )
        if entry.payload.get("track_digest") == digest:
            raise Refused(
                f"This track is in the log already, as flight {entry.payload['id']}, entry "
                f"{entry.index}."
            )


def _clearance_of(store: Store, digest: str, track: Track) -> tuple[Entry | None, str]:
    """Return the clearance that stood when a flight began, or why there is none."""
    cleared = [e for e in store.entries("clearance") if e.payload["plan_digest"] == digest]
    if not cleared:
        return None, "No clearance of exactly this plan is in the log."
    before = [e for e in cleared if _seconds(e.time) <= float(track.time[0])]
    if not before:
        return None, "The plan was cleared only after the flight had begun."
    if all(_seconds(str(e.payload["valid_until"])) < float(track.time[0]) for e in before):
        return None, "The clearance had ended when the flight began."
    latest = before[-1]
    gone = {
        str(entry.payload["consent"])
        for entry in store.entries("revocation")
        if "consent" in entry.payload
        and latest.index < entry.index
        # What is withdrawn while it flies is too late for it.
        and _seconds(entry.time) <= float(track.time[0])
    }
    lost = sorted(gone & set(latest.payload["consents"]))
    if lost:
        return None, "A consent behind the clearance was withdrawn before the flight began."
    return latest, ""


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _told(track: Track, compared: Flown) -> dict[str, Any]:
    """Return what the log keeps of a track: digests, times and counts, no places."""
    from barlovento.guard.flown import OUT, UNKNOWN

    first = None if compared.first is None else _iso(float(track.time[compared.first]))
    return {
        "track_digest": track.digest,
        "track_aircraft": track.aircraft,
        "from": _iso(float(track.time[0])),
        "until": _iso(float(track.time[-1])),
        "verdict": {"left": "left the cleared volume"}.get(compared.verdict, compared.verdict),
        "fixes": len(track),
        "fixes_outside": int((compared.status == OUT).sum()),
        "fixes_not_told": int((compared.status == UNKNOWN).sum()),
        "fixes_not_used": len(track) - len(compared.rows),
        "first_outside": first,
        "longest_gap_s": round(compared.longest_gap, 1),
    }


def _iso(moment: float) -> str:
    told = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")
