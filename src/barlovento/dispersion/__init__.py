"""Physics of dispersion: pure functions in SI units, without input or output."""
