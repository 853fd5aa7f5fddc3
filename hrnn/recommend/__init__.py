"""Estimator, scorer and recommender: the model as its users call it."""
