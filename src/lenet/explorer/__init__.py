"""The explorer: one HTML file that shows what a trained network does with an image, and how it learned."""
