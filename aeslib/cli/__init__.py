"""The command line: `python -m aeslib`."""
