"""Companion library to five image-aesthetics papers. Import what you need from its modules; nothing is loaded here."""

__version__ = "0.1.0"
