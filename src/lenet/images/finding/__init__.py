"""Finding the object in an image: its ground, what stands out from it, and which of that belongs to the object."""
