"""The files open in xarray and ArviZ and hold the draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from barlovento.share.netcdf import posterior_bytes, searched_bytes

xr = pytest.importorskip("xarray")


@pytest.fixture
def posterior_file(imagined: Any, tmp_path: Path) -> tuple[Any, Path]:
    _, posterior = imagined("two")
    path = tmp_path / "posterior.nc"
    path.write_bytes(posterior_bytes(posterior, {"title": "Titel mit ñ"}))
    return posterior, path


def test_arviz_reads_the_draws(posterior_file: tuple[Any, Path]) -> None:
    arviz = pytest.importorskip("arviz")
    posterior, path = posterior_file
    data = arviz.from_netcdf(path).posterior
    assert data["x"].dims == ("chain", "draw", "source")
    assert data["number_of_sources"].dims == ("chain", "draw")
    for name in ("x", "y", "z", "emission_rate"):
        np.testing.assert_array_equal(data[name].values, getattr(posterior, name))
    np.testing.assert_array_equal(data["number_of_sources"].values, posterior.count)
    assert data["emission_rate"].attrs["units"] == "kg s-1"
    assert data["wind_direction_bias"].attrs["units"] == "degree"
    # Slots beyond the number of sources of a draw are empty.
    filled = np.isfinite(data["x"].values).sum(axis=-1)
    assert (filled <= posterior.count).all()


def test_arviz_can_sum_up(posterior_file: tuple[Any, Path]) -> None:
    arviz = pytest.importorskip("arviz")
    _, path = posterior_file
    table = arviz.summary(arviz.from_netcdf(path), var_names=["number_of_sources"])
    assert table.loc["number_of_sources", "ess_bulk"] > 100


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_reads_with_either_engine(posterior_file: tuple[Any, Path], engine: str) -> None:
    pytest.importorskip("h5netcdf" if engine == "h5netcdf" else "netCDF4")
    posterior, path = posterior_file
    with xr.open_dataset(path, group="posterior", engine=engine) as data:
        np.testing.assert_array_equal(data["y"].values, posterior.y)
        # Seconds stay numbers: no decoding into dates or durations.
        assert data["active_from"].dtype == np.float64
        assert data.attrs["title"] == "Titel mit ñ"


def test_searched_is_a_cf_map(imagined: Any, tmp_path: Path) -> None:
    surveys, posterior = imagined("two")
    path = tmp_path / "searched.nc"
    path.write_bytes(searched_bytes(posterior, surveys[0].frame, {}))
    with xr.open_dataset(path) as data:
        assert data["searched"].dims == ("y", "x", "emission_rate")
        np.testing.assert_allclose(data["searched"].values, posterior.searched, atol=1e-6)
        assert data["x"].attrs["standard_name"] == "projection_x_coordinate"
        assert data["x"].attrs["units"] == "m"
        assert data["emission_rate"].attrs["units"] == "kg s-1"
        assert data["searched"].attrs["units"] == "1"
        assert data.attrs["Conventions"].startswith("CF-")
        assert float(data["searched"].min()) >= 0.0
        assert float(data["searched"].max()) <= 1.0


def test_geographic_map_knows_its_place(imagined: Any, tmp_path: Path) -> None:
    surveys, posterior = imagined("geographic")
    path = tmp_path / "searched.nc"
    path.write_bytes(searched_bytes(posterior, surveys[0].frame, {}))
    with xr.open_dataset(path, decode_coords="all") as data:
        assert {"longitude", "latitude", "crs"} <= set(data.coords)
        assert data["crs"].attrs["grid_mapping_name"] == "azimuthal_equidistant"
        middle = data.sel(x=0.0, y=0.0, method="nearest")
        # A cell is 10 m: the middle one lies within it of the origin in Madrid.
        assert abs(float(middle["longitude"]) + 3.7042) < 1e-4
        assert abs(float(middle["latitude"]) - 40.4168) < 1e-4


def test_same_draws_from_python(imagined: Any) -> None:
    arviz = pytest.importorskip("arviz")
    _, posterior = imagined("two")
    data = posterior.to_arviz()
    assert isinstance(data, arviz.InferenceData)
    np.testing.assert_array_equal(data.posterior["x"].values, posterior.x)


def test_without_arviz_the_message_says_how_to_get_it(
    imagined: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from barlovento.errors import BadInput

    monkeypatch.setitem(__import__("sys").modules, "arviz", None)
    _, posterior = imagined("two")
    with pytest.raises(BadInput, match=r"barlovento\[notebook\]"):
        posterior.to_arviz()
