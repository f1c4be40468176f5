"""The air of a test and the plume in it; a workspace of permission and its command line."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import permission_path as shared
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


# ---------------------------------------------------------------- permission


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder whose workspace would be ``watch``, with cheap keys."""
    from barlovento.adapters import keys as key_files

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BARLOVENTO_PASSPHRASE", shared.PASSPHRASE)
    monkeypatch.setenv("BARLOVENTO_WORKSPACE", "watch")
    monkeypatch.setitem(key_files.write_key.__kwdefaults__, "cost", shared.CHEAP)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> shared.Run:
    """Return what runs a command with ``--json``, and gives its exit code and its answer."""
    from barlovento.cli import main

    def go(*words: str | Path) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return go


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two states' keys pinned, made once."""
    from barlovento import keyring, permission_workspace
    from barlovento.adapters import keys as key_files

    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(key_files.write_key.__kwdefaults__, "cost", shared.CHEAP)
        keys = folder / "keys"
        for name in ("ana", "ben", "mx", "us", "mx2"):
            keyring.make_key(name, keys, shared.PASSPHRASE)
        permission_workspace.init(
            folder / "watch",
            origin="example.org/watch",
            holder="Example Watch",
            people=[keys / "ana.pub", keys / "ben.pub"],
            passphrase=shared.PASSPHRASE,
        )
        for state, name in (("MX", "mx"), ("US", "us")):
            for person, pinned in (("ana", False), ("ben", True)):
                made = keyring.pin(
                    folder / "watch",
                    keys / f"{name}.pub",
                    role="authority",
                    state=state,
                    by=keys / f"{person}.key",
                    passphrase=lambda _: shared.PASSPHRASE,
                )
                assert made.pinned == pinned
    return folder


@pytest.fixture
def pinned(run: shared.Run, surroundings: None, prepared: Path, tmp_path: Path) -> shared.Run:
    """Return what runs commands beside a copy of that workspace."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return run


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Return what sets the clock of the workspace."""
    from barlovento import consenting, keyring, logbook, permission_workspace, permitting, sorties

    def go(moment: datetime) -> None:
        for module in (permission_workspace, permitting, consenting, keyring, logbook, sorties):
            monkeypatch.setattr(module, "now", lambda: moment)

    return go
