"""Thin ipywidgets views over tested pure functions."""
