"""Nouns of the system: frozen records without input or output."""
