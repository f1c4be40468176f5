"""The live view of a sortie: map in characters, phase, belief, battery, wind, found so far."""

from __future__ import annotations

from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Self

from barlovento.cli.console import clean
from barlovento.drill.frames import BeliefShot, Frame, Header
from barlovento.drill.letters import letters

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

BAR = 20
"""Characters of a battery's bar."""


class View:
    """A part of the terminal that is drawn anew with each frame; it stays when it ends.

    Parameters
    ----------
    screen : Console
        A terminal.
    """

    def __init__(self, screen: Console) -> None:
        from rich.live import Live

        self.screen = screen
        self.live = Live(console=screen, auto_refresh=False, transient=False)
        self.frames: list[Frame] = []
        self.belief: BeliefShot | None = None
        self.header: Header | None = None
        self.stage = ""

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stage = ""
        if self.header is not None:
            self.live.update(self._drawn(), refresh=True)
        self.live.stop()

    def show(self, header: Header, frame: Frame) -> None:
        """Show the next frame; one that is earlier than the last begins another sortie."""
        if self.frames and frame.time < self.frames[-1].time:
            self.frames.clear()
            self.belief = None
        self.header = header
        self.frames.append(frame)
        self.belief = frame.belief or self.belief
        self.live.update(self._drawn(), refresh=True)

    def progress(self, done: float, stage: str) -> None:
        """Show what goes on after the flight.

        Parameters
        ----------
        done : float
            Share of the whole [1].
        stage : str
            Its name.
        """
        words = "" if stage.startswith("flying") else f"{100 * done:.0f} %  {stage}"
        if words == self.stage:
            return
        self.stage = words
        if self.header is not None:
            self.live.update(self._drawn(), refresh=True)

    def _drawn(self) -> RenderableType:
        from rich.columns import Columns
        from rich.console import Group
        from rich.panel import Panel
        from rich.text import Text

        assert self.header is not None
        lines = letters(
            self.header,
            self.belief,
            self.frames,
            columns=max(24, min(64, self.screen.width - 40)),
            most_rows=max(8, min(26, self.screen.height - 8)),
        )
        page = Text("\n").join(coloured(line) for line in lines)
        return Group(
            Panel(
                Columns([page, Text("\n".join(self._facts()))], padding=(0, 3)),
                title=Text(clean(self.header.title)),
                title_align="left",
            ),
            Text(self.stage, style="dim"),
        )

    def _facts(self) -> list[str]:
        frame = self.frames[-1]
        minutes, seconds = divmod(round(frame.time), 60)
        of = f"{self.header.duration / 60:.0f}" if self.header else ""
        lines = [
            f"{minutes}:{seconds:02d} of {of} min",
            f"phase    {frame.phase}",
            f"a source is there: {100 * frame.probability:.0f} %",
        ]
        if frame.wind is not None:
            lines.append(
                f"wind     {frame.wind[0]:.1f} m/s from {frame.wind[1]:.0f}\N{DEGREE SIGN}"
            )
        for number, drone in enumerate(frame.drones, 1):
            full = round(BAR * drone.energy)
            bar = "\N{FULL BLOCK}" * full + "\N{LIGHT SHADE}" * (BAR - full)
            reading = "" if drone.reading is None else f"  {drone.reading:.1f} ppb"
            lines.append(f"drone {number}  {bar} {100 * drone.energy:.0f} %{reading}")
            if drone.state != "flying":
                lines.append(f"         {drone.state}")
        lines.append("")
        lines += [f"found    ({x:.0f}, {y:.0f}) m, {100 * p:.0f} %" for x, y, p in frame.found] or [
            "found    nothing yet"
        ]
        lines += ["", *_wrapped(clean(frame.why), 36)]
        events = [clean(f.event) for f in self.frames if f.event]
        for event in events[-3:]:
            lines += _wrapped(f"! {event}", 36)
        return lines


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) or [""]


def coloured(line: str) -> Text:
    """Return a line of the map: the belief warm, the track blue, what is found bold."""
    from rich.text import Text

    styles = {"\N{MIDDLE DOT}": "blue", "X": "bold red", "H": "bold green"}
    text = Text()
    for style, signs in groupby(
        line, key=lambda sign: "bold cyan" if sign.isdigit() else styles.get(sign, "dark_orange3")
    ):
        text.append("".join(signs), style)
    return text
