"""The belief map over the track, as an animation."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barlovento.drill.frames import BeliefShot, Frame, Header, Log
from barlovento.share import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

FloatArray = NDArray[np.float64]

WIDTH, HEIGHT = 720, 640
"""[pixel]."""

FRAME_TIME, LAST_TIME = 140, 3500
"""How long a frame stands, and the last one [ms]."""

MOST_FRAMES = 90

COLOURS = 128
"""Of the whole animation: lines and a map of two hues need no more."""

TRUE = "#111111"

Progress = Callable[[float, str], None]


def animation_gif(
    log: Log,
    truth: Sequence[tuple[float, float, str]] = (),
    progress: Progress | None = None,
) -> bytes:
    """Return the sortie as an animated GIF; the truth appears in the last picture.

    Parameters
    ----------
    log : Log
        What was seen.
    truth : sequence of (float, float, str)
        True places [m] and kinds.
    progress : callable, optional
        Called with the share done and the name of the stage.
    """
    from PIL.Image import Dither

    pictures: list[Image] = []
    page = _Page(log.header)
    frames = log.frames
    step = max(1, -(-len(frames) // MOST_FRAMES))
    for k, frame in enumerate(frames):
        page.add(frame)
        if k % step == 0 or k == len(frames) - 1:
            pictures.append(page.picture())
        if progress is not None:
            progress((k + 1) / max(len(frames), 1), "drawing the animation")
    page.reveal(truth, log.end.get("answer", []))
    pictures.append(page.picture())
    # One palette for all: colours don't flicker.
    palette = _together(pictures).quantize(COLOURS)
    flat = [picture.quantize(palette=palette, dither=Dither.NONE) for picture in pictures]
    buffer = io.BytesIO()
    flat[0].save(
        buffer,
        "gif",
        save_all=True,
        append_images=flat[1:],
        duration=[FRAME_TIME] * (len(flat) - 1) + [LAST_TIME],
        loop=0,
        optimize=True,
    )
    return buffer.getvalue()


def still_png(
    header: Header,
    frames: Sequence[Frame],
    truth: Sequence[tuple[float, float, str]] = (),
    answer: Sequence[Any] = (),
) -> bytes:
    """Return one picture of a sortie so far.

    Parameters
    ----------
    header : Header
        Of the sortie.
    frames : sequence of Frame
        So far.
    truth : sequence of (float, float, str)
        True places [m] and kinds; nothing while they are sealed.
    answer : sequence of mapping
        Reports as :meth:`barlovento.drill.found.Found.to_json` gives them.
    """
    page = _Page(header)
    for frame in frames:
        page.add(frame)
    if truth or answer:
        page.reveal(truth, answer)
    buffer = io.BytesIO()
    page.picture().save(buffer, "png", compress_level=6)
    return buffer.getvalue()


def _together(pictures: Sequence[Image]) -> Image:
    """Return some pictures side by side, to choose colours from."""
    from PIL import Image

    some = [pictures[k] for k in np.linspace(0, len(pictures) - 1, 5).astype(int)]
    page = Image.new("RGB", (WIDTH * len(some), HEIGHT))
    for k, picture in enumerate(some):
        page.paste(picture, (WIDTH * k, 0))
    return page


def picture_box(header: Header) -> dict[str, float]:
    """Return where the map lies in a picture, for those who click on it.

    Parameters
    ----------
    header : Header
        Of the sortie.

    Returns
    -------
    dict
        ``west``, ``east``, ``south``, ``north`` [m] and ``left``, ``right``, ``top``, ``bottom``
        from the upper left corner [pixel].
    """
    axes = _Page(header).axes
    axes.apply_aspect()
    place = axes.get_position()
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    return {
        "west": west,
        "east": east,
        "south": south,
        "north": north,
        "left": place.x0 * WIDTH,
        "right": place.x1 * WIDTH,
        "top": (1.0 - place.y1) * HEIGHT,
        "bottom": (1.0 - place.y0) * HEIGHT,
    }


class _Page:
    """A figure that is drawn once and changed from frame to frame."""

    def __init__(self, header: Header) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.colors import LinearSegmentedColormap

        self.header = header
        self.figure = canvas.new_figure(WIDTH, HEIGHT)
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes: Axes = self.figure.add_axes((0.105, 0.085, 0.87, 0.80))
        self.axes.set_facecolor(canvas.SEARCHED)
        _ground(self.axes, header)
        self.colours = LinearSegmentedColormap.from_list(
            "belief", [canvas.SEARCHED, "#f3cdb8", "#e07c4a", canvas.INFERRED, "#6b2404"]
        )
        self.image: Any = None
        count = len(header.aircraft)
        self.lines = [
            self.axes.plot([], [], color=c, lw=1.1, alpha=0.9, zorder=4)[0] for c in _hues(count)
        ]
        self.paths: list[list[tuple[float, float]]] = [[] for _ in range(count)]
        self.heads = self.axes.scatter([], [], s=46, zorder=7, edgecolor="white", lw=1.0)
        self.named = self.axes.scatter([], [], s=150, marker="x", color="#6b2404", lw=2.0, zorder=8)
        self.readings = self.axes.scatter([], [], s=[], color="#0a2c5c", alpha=0.55, zorder=5, lw=0)
        self.seen: list[tuple[float, float, float]] = []
        self.title = self.figure.text(0.105, 0.955, "", fontsize=11, fontweight="bold",
                                      color=canvas.INK)  # fmt: skip
        self.words = self.figure.text(0.105, 0.912, "", fontsize=8.5, color=canvas.SOFT_INK)
        self.arrow: Any = None

    def add(self, frame: Frame) -> None:
        """Go on to the next frame."""
        if frame.belief is not None:
            self._belief(frame.belief)
        heads = []
        for k, drone in enumerate(frame.drones):
            self.paths[k] += [(x, y) for x, y, _ in drone.path]
            if self.paths[k]:
                self.lines[k].set_data(*np.array(self.paths[k]).T)
                heads.append(self.paths[k][-1])
            if drone.path and drone.reading is not None:
                middle = drone.path[len(drone.path) // 2]
                self.seen.append((middle[0], middle[1], drone.reading))
        self._readings()
        self.heads.set_offsets(np.array(heads).reshape(-1, 2))
        self.heads.set_facecolor(_hues(len(self.paths))[: len(heads)])
        self.named.set_offsets(np.array([f[:2] for f in frame.found]).reshape(-1, 2))
        minutes, seconds = divmod(round(frame.time), 60)
        self.title.set_text(f"{self.header.title}   {minutes}:{seconds:02d}   {frame.phase}")
        battery = ", ".join(f"{100 * drone.energy:.0f} %" for drone in frame.drones)
        sure = f"a source is there with {100 * frame.probability:.0f} %    "
        # A person in training doesn't see what the program believes.
        self.words.set_text(
            (sure if np.isfinite(frame.probability) else "")
            + f"battery {battery}"
            + (f"    {frame.event}" if frame.event else "")
        )
        self._wind(frame.wind)

    def reveal(self, truth: Sequence[tuple[float, float, str]], answer: Sequence[Any]) -> None:
        """Show the answer's regions and the true places."""
        from shapely.geometry import shape

        for report in answer:
            region = shape(report["region90"])
            for part in getattr(region, "geoms", [region]):
                if part.geom_type == "Polygon":
                    self.axes.fill(*part.exterior.xy, facecolor="none", edgecolor="#6b2404",
                                   lw=1.6, zorder=8)  # fmt: skip
        self.named.set_offsets(np.array([(r["x"], r["y"]) for r in answer]).reshape(-1, 2))
        for x, y, kind in truth:
            self.axes.scatter([x], [y], s=90, marker="o", facecolor="none", edgecolor=TRUE, lw=1.8,
                              zorder=9)  # fmt: skip
            self.axes.annotate(kind.replace("_", " "), (x, y), xytext=(7, 7), fontsize=8,
                               textcoords="offset points", color=TRUE, zorder=9)  # fmt: skip

    def picture(self) -> Image:
        """Return the page as it is now."""
        from PIL import Image

        with warnings.catch_warnings():
            # A title may hold signs that the font lacks; an empty box stands for them.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            self.canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(self.canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        return Image.fromarray(pixels).convert("RGB")

    def _belief(self, shot: BeliefShot) -> None:
        values = shot.cells.astype(np.float64) / 255.0
        if self.image is None:
            self.image = self.axes.imshow(
                values, origin="lower", extent=(*shot.x, *shot.y), cmap=self.colours, vmin=0.0,
                vmax=1.0, interpolation="nearest", zorder=1, aspect="equal",
            )  # fmt: skip
            _frame_axes(self.axes, self.header)
        else:
            self.image.set_data(values)
            self.image.set_extent((*shot.x, *shot.y))
            _frame_axes(self.axes, self.header)

    def _readings(self) -> None:
        if not self.seen:
            return
        seen = np.array(self.seen)
        low = float(np.quantile(seen[:, 2], 0.2))
        over = np.maximum(seen[:, 2] - low, 0.0)
        size = 90.0 * np.sqrt(over / max(float(over.max()), 1e-9))
        self.readings.set_offsets(seen[:, :2])
        self.readings.set_sizes(np.where(size > 12.0, size, 0.0))

    def _wind(self, wind: tuple[float, float] | None) -> None:
        if wind is None:
            return
        angle = np.radians(wind[1])
        tip = (0.93 - 0.045 * np.sin(angle), 0.935 - 0.045 * np.cos(angle))
        tail = (0.93 + 0.045 * np.sin(angle), 0.935 + 0.045 * np.cos(angle))
        if self.arrow is not None:
            self.arrow.remove()
        self.arrow = self.axes.annotate(
            "", xy=tip, xytext=tail, xycoords="axes fraction", textcoords="axes fraction",
            arrowprops={"arrowstyle": "-|>", "color": canvas.NEXT, "lw": 2.0}, zorder=10,
        )  # fmt: skip
        self.axes.set_xlabel(
            f"east [m]      wind {wind[0]:.1f} m/s from {wind[1]:.0f} degrees (green arrow)",
            fontsize=8.5, color=canvas.SOFT_INK,
        )  # fmt: skip


def _hues(count: int) -> list[str]:
    """Return a colour for each drone."""
    own = ["#1b5a96", "#7a4fa3", "#4a90c8", "#0a2c5c", "#37877a", "#56616e"]
    return [own[k % len(own)] for k in range(count)]


def _ground(axes: Axes, header: Header) -> None:
    """Draw the permitted ring, the area and home."""
    ring = np.array([*header.permitted, header.permitted[0]])
    axes.plot(*ring.T, color=canvas.SOFT_INK, lw=1.0, ls=(0, (5, 3)), zorder=3)
    (west, east), (south, north) = header.area_x, header.area_y
    axes.plot([west, east, east, west, west], [south, south, north, north, south],
              color="#b9c0c8", lw=0.8, zorder=2)  # fmt: skip
    axes.scatter(*header.home, s=60, marker="s", color=canvas.INK, zorder=6)
    axes.annotate("home", header.home, xytext=(6, -11), textcoords="offset points", fontsize=8,
                  color=canvas.INK, zorder=6)  # fmt: skip
    axes.tick_params(labelsize=8, colors=canvas.SOFT_INK)
    axes.set_ylabel("north [m]", fontsize=8.5, color=canvas.SOFT_INK)
    for side in axes.spines.values():
        side.set_color("#c8ced5")
    axes.set_aspect("equal", adjustable="box")
    _frame_axes(axes, header)


def _frame_axes(axes: Axes, header: Header) -> None:
    """Let the axes hold everything that may be flown or searched."""
    points = np.array([*header.permitted, header.home])
    low = np.minimum(points.min(axis=0), (header.area_x[0], header.area_y[0]))
    high = np.maximum(points.max(axis=0), (header.area_x[1], header.area_y[1]))
    pad = 0.03 * float((high - low).max())
    axes.set_xlim(low[0] - pad, high[0] + pad)
    axes.set_ylim(low[1] - pad, high[1] + pad)
