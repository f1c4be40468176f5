"""Flies a whole sortie in a hidden world: sweep, trace, confirm, answer, home."""
