"""The HTTP server of trained networks: `lenet serve` (the extra `serve`)."""
