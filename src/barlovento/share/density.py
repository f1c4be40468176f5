"""Where the draws lie, smoothed for the eye: sharp answers stay sharp, thin tails don't speckle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.source import Posterior

FloatArray = NDArray[np.float64]

CELLS = 160
BLURS = (1.1, 2.4, 5.5, 12.0)
"""Standard deviations of the kernels [cell]."""
ENOUGH = 15.0
"""Draws that a kernel must hold to be trusted with a draw."""

Box = tuple[float, float, float, float]


def density(posterior: Posterior) -> tuple[FloatArray, Box] | None:
    """Return the density of all draws over the search box.

    Each draw is blurred with the narrowest kernel that holds enough other draws (an adaptive
    kernel estimate on a grid).

    Parameters
    ----------
    posterior : Posterior
        The draws.

    Returns
    -------
    tuple or None
        Density with peak 1, shape (y, x), and the box west, east, south, north [m]; None where
        no draw has a source.
    """
    there = np.isfinite(posterior.x)
    if not there.any():
        return None
    box = (*posterior.prior.x, *posterior.prior.y)
    left, _, _ = np.histogram2d(
        posterior.y[there], posterior.x[there], bins=CELLS, range=[box[2:], box[:2]]
    )
    total = np.zeros_like(left)
    for blur in BLURS:
        held = _blurred(left, blur) * 2 * np.pi * blur**2
        # A gradual change of kernels: a sudden one would draw edges that no draw made.
        share = 1.0 if blur == BLURS[-1] else np.clip(held / ENOUGH - 1.0, 0.0, 1.0)
        total += _blurred(left * share, blur)
        left = left - left * share
    return total / max(float(total.max()), 1e-300), box


def _blurred(values: FloatArray, cells: float) -> FloatArray:
    """Return a Gaussian blur along both axes that loses nothing over the edge.

    Shifted sums: scipy.ndimage takes longer to import than this to run, and a product of
    matrices wakes all threads of the linear algebra for a millisecond's work.
    """
    reach = int(np.ceil(3.5 * cells))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / cells) ** 2)
    inside = np.convolve(np.ones(CELLS), kernel, mode="same")
    for _ in range(2):
        padded = np.pad(values.T / inside[:, None], ((reach, reach), (0, 0)))
        values = np.zeros_like(values)
        for shift, weight in enumerate(kernel):
            values += weight * padded[shift : shift + CELLS]
    return values
