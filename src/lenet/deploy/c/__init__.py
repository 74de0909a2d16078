"""Trained networks as C99 sources, in float or in 8-bit integers."""
