"""The formats of own images: one reader each, and what they share."""
