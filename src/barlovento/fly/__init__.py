"""From what a flight brought back to observations: survey folders, their checks and makers."""
