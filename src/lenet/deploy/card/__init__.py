"""The model card: what a network is, how it was made, how good it is and where it fails, for people and the Hub."""
