"""The command line: `python -m aeslib WORD OPTIONS`. Only the standard library is imported until a command runs."""

from aeslib.cli.parser import main

__all__ = ["main"]
