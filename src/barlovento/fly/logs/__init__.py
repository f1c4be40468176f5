"""Logs of autopilots and recorders -> one flight in UTC, with heights that say their reference."""
