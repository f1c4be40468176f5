"""Training on a local page: what is asked there, and what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barlovento.drill.ports import Ordered
from barlovento.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from barlovento.drill.found import Found
    from barlovento.drill.frames import Header
    from barlovento.training import ChooseLeg, GiveAnswer, View


def on_page(screen: Console, header: Header) -> tuple[ChooseLeg, GiveAnswer]:
    """Return who asks for legs and for the answer on a page in the browser."""
    from barlovento.adapters.training_page import LocalPage, page_html
    from barlovento.drill.animation import picture_box
    from barlovento.drill.trainee import checked_answer, checked_leg

    page = LocalPage(page_html())
    box = picture_box(header)
    screen.print(f"Open {page.address} in a browser on this machine.", soft_wrap=True)

    def choose(view: View) -> Ordered:
        assert view.situation is not None
        legs: list[Any] = []
        for number, drone in zip(view.situation.numbers, view.situation.drones, strict=True):
            state = _state(view, box) | {
                "ask": "leg",
                "text": f"Click the next places of drone {number + 1}, then fly.",
                "here": [drone.x, drone.y],
                "height": round(drone.z),
            }
            while True:
                message = page.ask(state, view.map.read_bytes())
                if message.get("home"):
                    return Ordered(phase="home", waypoints=(), why="You called it home.")
                try:
                    legs.append(checked_leg(message.get("leg") or [], view.header))
                    break
                except (BadInput, TypeError) as error:
                    state = state | {"wrong": str(error)}
        return Ordered(phase="leg", waypoints=tuple(legs), why="Your choice.", whole=True)

    def give(view: View) -> list[Found]:
        state = _state(view, box) | {
            "ask": "answer",
            "text": "Where are sources? Set a radius that holds each nine times in ten and click "
            "its middle. Commit without any place if there is nothing.",
        }
        while True:
            message = page.ask(state, view.map.read_bytes())
            try:
                told = checked_answer(message.get("answer") or [])
                break
            except (BadInput, TypeError, AttributeError) as error:
                state = state | {"wrong": str(error)}
        page.close("Thank you. The debrief is written in the folder of this training.")
        return told

    return choose, give


def _state(view: View, box: dict[str, float]) -> dict[str, Any]:
    """Return what the page shows."""
    from barlovento.drill.shots import last_wind

    facts = []
    for frame in view.frames[-8:]:
        for number, drone in enumerate(frame.drones, 1):
            if drone.reading is not None:
                facts.append(
                    f"{frame.time:4.0f} s  drone {number}  up to {drone.reading:.2f} ppb, "
                    f"battery {100 * drone.energy:.0f} %"
                )
        if frame.event:
            facts.append(f"{frame.time:4.0f} s  {frame.event}")
    if view.situation is not None:
        wind = last_wind(view.situation.meteorology)
        if wind is not None:
            facts.append(f"wind {wind[0]:.1f} m/s from {wind[1]:.0f} degrees")
        facts.append(f"{view.situation.clock_left:.0f} s left")
    return {"title": view.header.title, "facts": facts, "box": box, "wrong": ""}
