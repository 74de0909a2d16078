"""Grids of settings with seeds, their comparisons, and the search for settings."""
