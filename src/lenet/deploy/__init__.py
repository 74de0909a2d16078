"""The ways out of lenet: what carries a trained network to where it is needed."""
