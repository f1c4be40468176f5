"""Ready-made hidden worlds: a valley to show, cases to calibrate with, a field of beams."""

from __future__ import annotations

from barlovento.exercise.beams import beam_case
from barlovento.exercise.demo import demo_valley
from barlovento.exercise.random_world import random_case

__all__ = ["beam_case", "demo_valley", "random_case"]
