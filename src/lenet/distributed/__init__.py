"""Trainings and predictions on the machines of a Ray cluster."""
