"""People's own images: read from any usual format, split, packed."""
