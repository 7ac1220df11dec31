"""Figures that return a matplotlib Figure and never show it."""
