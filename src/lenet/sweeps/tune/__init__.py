"""The search for settings with Optuna (the extra `optuna`): trials in memory, judged by held-out images."""
