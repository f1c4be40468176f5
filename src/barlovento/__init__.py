"""Barlovento finds hidden chemical emitters from gas and wind readings."""

__version__ = "0.1.0"
