"""The air of a test and the plume in it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from barlovento.dispersion.plume import N_VIEW, coupling, ray_gradient, view
from barlovento.dispersion.spread import spread_tables

NO_ERROR = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


class Air:
    """One state of the air, and what one unit of emission does in it."""

    def __init__(
        self,
        *,
        obukhov_length: float = math.nan,
        klass: int = 3,
        release_height: float = 1.0,
        mixing_height: float = math.nan,
        speed: float = 4.0,
    ) -> None:
        def one(value: float) -> Any:
            return np.array([value])

        self.speed = speed
        self.height = release_height
        self.tables = spread_tables(
            wind_speed=one(speed),
            sigma_theta=one(math.nan),
            friction_velocity=one(math.nan),
            obukhov_length=one(obukhov_length),
            mixing_height=one(mixing_height),
            roughness_length=one(0.05),
            stability_class=np.array([klass]),
            averaging_time=one(600.0),
            measurement_height=10.0,
            release_height=release_height,
            distance_max=3000.0,
        )

    def sigma_y(self, x: float) -> float:
        return self._at(self.tables.sigma_y[0], x)

    def sigma_z(self, x: float) -> float:
        return self._at(self.tables.sigma_z[0], x)

    def carrying_speed(self, x: float) -> float:
        return self.speed * self._at(self.tables.speed_ratio[0], x)

    def plume(self, east: float, north: float, **rest: Any) -> float:
        seen, size, arguments, _ = self._arguments(east, north, **rest)
        return float(coupling(seen, *arguments, size)[0])

    def lever(self, east: float, north: float, **rest: Any) -> float:
        seen, size, arguments, _ = self._arguments(east, north, **rest)
        return float(coupling(seen, *arguments, size)[1])

    def slopes(self, east: float, north: float, **rest: Any) -> tuple[Any, Any]:
        """Return the derivatives of plume and lever by the chain rule, from those of the ray."""
        out = np.zeros((1, 40))
        seen, _, arguments, err = self._arguments(east, north, **rest)
        amplitude, angle, spread, _ = ray_gradient(seen, *arguments, err, 0.0, out, 0)
        by_ln, by_angle, by_spread, by_even = out.reshape(4, 10)
        u = angle / spread
        c = amplitude * math.exp(-0.5 * u * u)
        by_u = by_angle / spread - u * by_spread
        by_c = c * (by_ln - u * by_u)
        return by_c + by_even, by_c * u + c * by_u

    def _at(self, row: Any, x: float) -> float:
        return float(np.interp(math.sqrt(x), np.arange(len(row)) * self.tables.step, row))

    def _arguments(
        self,
        east: float,
        north: float,
        *,
        half: tuple[float, float] = (0.0, 0.0),
        z: float = 1.5,
        h: float | None = None,
        towards: float = 0.0,
        speed: float | None = None,
        radial: float = 0.0,
        err: Any = NO_ERROR,
    ) -> tuple[Any, ...]:
        t = self.tables
        err = np.array(err)
        seen = np.empty((1, N_VIEW))
        view(east, north, *half, err, 1.0 / t.step, t.sigma_y.shape[1], seen[0])
        rest = (
            0,
            towards,
            z,
            self.height if h is None else h,
            self.speed if speed is None else speed,
            radial,
            t.sigma_y,
            t.sigma_z,
            t.speed_ratio,
            0,
            float(t.mixing_height[0]),
        )
        return seen, float(err[4]), rest, err


@pytest.fixture(scope="session")
def make_air() -> type[Air]:
    """Return what makes the air of a test."""
    return Air
