"""Experiments, runs, metrics, artifacts and registered models, as MLflow speaks of them."""
