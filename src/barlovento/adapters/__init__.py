"""Edges: where bytes meet the disk."""
