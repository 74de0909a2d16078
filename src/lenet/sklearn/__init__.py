"""Training as a scikit-learn estimator (the extra `sklearn`)."""
